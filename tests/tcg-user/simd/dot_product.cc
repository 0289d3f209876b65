// SPDX-License-Identifier: MIT
// sdot and udot: vectors and by element.
#include "simd/simd.h"

int main() {
    for (int n = 0; n < kInputs; n++) {
        Vector va = input(n, 1), vb = input(n, 2), vd = input(n, 3);
        uint64_t status;
        auto model = [&](bool is_signed, int element, int count) {
            Vector want = {{0, 0}};
            for (int i = 0; i < count; i++) {
                uint64_t sum = lane(vd, 32, i);
                for (int j = 0; j < 4; j++) {
                    uint64_t x = lane(va, 8, 4 * i + j), y = lane(vb, 8, 4 * (element < 0 ? i : element) + j);
                    sum += is_signed ? (uint64_t)(signed_of(x, 8) * signed_of(y, 8)) : x * y;
                }
                set_lane(want, 32, i, sum);
            }
            return want;
        };
        CHECK_VECTOR("sdot", RUN("sdot v0.4s, v1.16b, v2.16b", va, vb, vd, vd, status), model(true, -1, 4));
        CHECK_VECTOR("udot", RUN("udot v0.4s, v1.16b, v2.16b", va, vb, vd, vd, status), model(false, -1, 4));
        CHECK_VECTOR("sdot 2s", RUN("sdot v0.2s, v1.8b, v2.8b", va, vb, vd, vd, status), model(true, -1, 2));
        CHECK_VECTOR("udot[3]", RUN("udot v0.4s, v1.16b, v2.4b[3]", va, vb, vd, vd, status),
                     model(false, 3, 4));
        CHECK_VECTOR("sdot[1]", RUN("sdot v0.2s, v1.8b, v2.4b[1]", va, vb, vd, vd, status),
                     model(true, 1, 2));
    }
    return check_done();
}
