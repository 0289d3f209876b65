// SPDX-License-Identifier: MIT
// Long, wide, narrowing-high and pairwise-long arithmetic.
#include "simd/simd.h"

int main() {
    TRY_LONG("saddl", sa + sb)
    TRY_LONG("uaddl", a + b)
    TRY_LONG("ssubl", sa - sb)
    TRY_LONG("usubl", a - b)
    TRY_LONG("smull", sa * sb)
    TRY_LONG("umull", a * b)
    TRY_LONG("smlal", sd + (int64_t)((uint64_t)sa * (uint64_t)sb))
    TRY_LONG("umlal", d + a * b)
    TRY_LONG("smlsl", (uint64_t)sd - (uint64_t)sa * (uint64_t)sb)
    TRY_LONG("umlsl", d - a * b)
    TRY_LONG("sabdl", sa > sb ? sa - sb : sb - sa)
    TRY_LONG("uabdl", a > b ? a - b : b - a)
    TRY_LONG("sabal", d + (uint64_t)(sa > sb ? sa - sb : sb - sa))
    TRY_LONG("uabal", d + (a > b ? a - b : b - a))
    TRY_LANES("umull v0.4s, v1.4h, v2.h[3]", 16, 32, 4, 0, a * lane(vb, 16, 3))
    TRY_LANES("smlal2 v0.2d, v1.4s, v2.s[1]", 32, 64, 2, 2,
              (uint64_t)sd + (uint64_t)(sa * signed_of(lane(vb, 32, 1), 32)))

    // Wide: the first source has the destination's lanes.
    for (int n = 0; n < kInputs; n++) {
        Vector va = input(n, 1), vb = input(n, 2), vd = input(n, 3), want;
        uint64_t status;
        Vector got = RUN("saddw v0.8h, v1.8h, v2.8b", va, vb, vd, vd, status);
        for (int i = 0; i < 8; i++)
            set_lane(want, 16, i, lane(va, 16, i) + (uint64_t)signed_of(lane(vb, 8, i), 8));
        CHECK_VECTOR("saddw", got, want);
        got = RUN("usubw2 v0.2d, v1.2d, v2.4s", va, vb, vd, vd, status);
        for (int i = 0; i < 2; i++) set_lane(want, 64, i, lane(va, 64, i) - lane(vb, 32, 2 + i));
        CHECK_VECTOR("usubw2", got, want);

        got = RUN("uadalp v0.8h, v1.16b", va, vb, vd, vd, status);
        for (int i = 0; i < 8; i++) {
            set_lane(want, 16, i, lane(vd, 16, i) + lane(va, 8, 2 * i) + lane(va, 8, 2 * i + 1));
        }
        CHECK_VECTOR("uadalp", got, want);
        got = RUN("saddlp v0.2d, v1.4s", va, vb, vd, vd, status);
        for (int i = 0; i < 2; i++) {
            set_lane(want, 64, i,
                     (uint64_t)(signed_of(lane(va, 32, 2 * i), 32) + signed_of(lane(va, 32, 2 * i + 1), 32)));
        }
        CHECK_VECTOR("saddlp", got, want);
    }

    TRY_LANES("addhn v0.8b, v1.8h, v2.8h", 16, 8, 8, 0, (a + b) >> 8)
    TRY_LANES("subhn v0.4h, v1.4s, v2.4s", 32, 16, 4, 0, (a - b) >> 16)
    TRY_LANES("raddhn v0.2s, v1.2d, v2.2d", 64, 32, 2, 0, (a + b + 0x80000000) >> 32)
    TRY_LANES("rsubhn v0.8b, v1.8h, v2.8h", 16, 8, 8, 0, (a - b + 0x80) >> 8)
    TRY_LANES("xtn v0.8b, v1.8h", 16, 8, 8, 0, a)
    TRY_LANES("xtn v0.2s, v1.2d", 64, 32, 2, 0, a)
    TRY_LANES("pmul v0.16b, v1.16b, v2.16b", 8, 8, 16, 0, [&] {
        uint64_t product = 0;
        for (int bit = 0; bit < 8; bit++) product ^= b >> bit & 1 ? a << bit : 0;
        return product;
    }())
    TRY_LANES("pmull v0.8h, v1.8b, v2.8b", 8, 16, 8, 0, [&] {
        uint64_t product = 0;
        for (int bit = 0; bit < 8; bit++) product ^= b >> bit & 1 ? a << bit : 0;
        return product;
    }())
    return check_done();
}
