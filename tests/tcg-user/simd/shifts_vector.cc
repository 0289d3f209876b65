// SPDX-License-Identifier: MIT
// Vector shifts: by immediates (rounding, accumulating, inserting, narrowing, long) and by signed lane
// counts.
#include "simd/simd.h"

static Wide shift(Wide value, int count, bool rounding) {
    if (count >= 0) return count > 70 ? 0 : value << count;
    count = -count;
    if (count > 100) count = 100;
    if (rounding) value += (Wide)1 << (count - 1);
    return value >> count;
}

static uint64_t shift_saturating(Wide value, int count, bool rounding, bool is_signed, int bits) {
    if (count >= bits) {
        if (value == 0) return 0;
        value = value > 0 ? (Wide)1 << 100 : -((Wide)1 << 100);
    } else {
        value = shift(value, count, rounding);
    }
    return is_signed ? saturate_signed(value, bits) : saturate_unsigned(value, bits);
}

#define COUNT ((int)(int8_t)b)

int main() {
    TRY3_ALL("sshl", COUNT >= bits ? 0 : shift(sa, COUNT, false))
    TRY3_ALL("ushl", COUNT >= bits ? 0 : shift(a, COUNT, false))
    TRY3_ALL("srshl", COUNT >= bits ? 0 : shift(sa, COUNT, true))
    TRY3_ALL("urshl", COUNT >= bits ? 0 : shift(a, COUNT, true))
    TRY3_ALL("sqshl", shift_saturating(sa, COUNT, false, true, bits))
    TRY3_ALL("uqshl", shift_saturating(a, COUNT, false, false, bits))
    TRY3_ALL("sqrshl", shift_saturating(sa, COUNT, true, true, bits))
    TRY3_ALL("uqrshl", shift_saturating(a, COUNT, true, false, bits))
    TRY_LANES("sshl d0, d1, d2", 64, 64, 1, 0, COUNT >= 64 ? 0 : shift(sa, COUNT, false))

    TRY2_ALL("shl", ", #0", a)
    TRY2_ALL("shl", ", #7", a << 7)
    TRY2_ALL("sshr", ", #1", sa >> 1)
    TRY2_ALL("sshr", ", #8", sa >> 8)
    TRY2_ALL("ushr", ", #3", a >> 3)
    TRY2_ALL("ushr", ", #8", bits == 8 ? 0 : a >> 8)
    TRY2_ALL("srshr", ", #8", shift(sa, -8, true))
    TRY2_ALL("urshr", ", #1", shift(a, -1, true))
    TRY2_ALL("ssra", ", #5", d + (uint64_t)(sa >> 5))
    TRY2_ALL("usra", ", #2", d + (a >> 2))
    TRY2_ALL("srsra", ", #4", d + (uint64_t)shift(sa, -4, true))
    TRY2_ALL("ursra", ", #8", d + (uint64_t)shift(a, -8, true))
    TRY2_ALL("sli", ", #5", (d & 31) | a << 5)
    TRY2_ALL("sri", ", #3", (d & ~(mask_of(bits) >> 3)) | a >> 3)
    TRY2_ALL("sri", ", #8", (d & ~(bits == 8 ? 0 : mask_of(bits) >> 8)) | (bits == 8 ? 0 : a >> 8))
    TRY_LANES("sshr v0.2d, v1.2d, #64", 64, 64, 2, 0, sa >> 63)
    TRY_LANES("ushr v0.2d, v1.2d, #64", 64, 64, 2, 0, 0)
    TRY_LANES("urshr v0.2d, v1.2d, #64", 64, 64, 2, 0, a >> 63)
    TRY_LANES("sshr d0, d1, #63", 64, 64, 1, 0, sa >> 63)
    TRY_LANES("shl d0, d1, #63", 64, 64, 1, 0, a << 63)

    TRY_LANES("shrn v0.8b, v1.8h, #3", 16, 8, 8, 0, a >> 3)
    TRY_LANES("shrn v0.2s, v1.2d, #32", 64, 32, 2, 0, a >> 32)
    TRY_LANES("rshrn v0.4h, v1.4s, #16", 32, 16, 4, 0, (a + 0x8000) >> 16)
    TRY_LANES("sqshrn v0.8b, v1.8h, #8", 16, 8, 8, 0, saturate_signed(sa >> 8, 8))
    TRY_LANES("sqrshrn v0.4h, v1.4s, #4", 32, 16, 4, 0, saturate_signed(shift(sa, -4, true), 16))
    TRY_LANES("uqshrn v0.2s, v1.2d, #1", 64, 32, 2, 0, saturate_unsigned(a >> 1, 32))
    TRY_LANES("uqrshrn v0.8b, v1.8h, #2", 16, 8, 8, 0, saturate_unsigned(shift(a, -2, true), 8))
    TRY_LANES("sqshrun v0.8b, v1.8h, #2", 16, 8, 8, 0, saturate_unsigned(sa >> 2, 8))
    TRY_LANES("sqrshrun v0.4h, v1.4s, #7", 32, 16, 4, 0, saturate_unsigned(shift(sa, -7, true), 16))
    TRY_LANES("sshll v0.8h, v1.8b, #3", 8, 16, 8, 0, sa * 8)
    TRY_LANES("ushll2 v0.4s, v1.8h, #15", 16, 32, 4, 4, a << 15)
    TRY_LANES("sxtl v0.2d, v1.2s", 32, 64, 2, 0, sa)
    TRY_LANES("uxtl2 v0.2d, v1.4s", 32, 64, 2, 2, a)
    TRY_LANES("shll v0.8h, v1.8b, #8", 8, 16, 8, 0, a << 8)
    TRY_LANES("shll2 v0.2d, v1.4s, #32", 32, 64, 2, 2, a << 32)

    // The "2" forms of narrowing keep the lower half.
    for (int n = 0; n < kInputs; n++) {
        Vector va = input(n, 1), vd = input(n, 3);
        uint64_t status;
        Vector got = RUN("shrn2 v0.8h, v1.4s, #9", va, va, vd, vd, status), want = vd;
        for (int i = 0; i < 4; i++) set_lane(want, 16, 4 + i, lane(va, 32, i) >> 9);
        CHECK_VECTOR("shrn2", got, want);
        got = RUN("xtn2 v0.16b, v1.8h", va, va, vd, vd, status);
        want = vd;
        for (int i = 0; i < 8; i++) set_lane(want, 8, 8 + i, lane(va, 16, i));
        CHECK_VECTOR("xtn2", got, want);
    }
    return check_done();
}
