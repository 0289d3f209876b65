// SPDX-License-Identifier: MIT
// Floating-point vectors against the scalar instructions of the same name, lane by lane, with special values.
#include "simd/simd.h"

static Vector float_input(int n, int stream) {
    static const uint32_t kSpecial[] = {
        0,          0x80000000, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000, 0x7fc01234, 0xffc04321,
        0x7f812345, 0x00000001, 0x7f7fffff, 0x80800000, 0x40490fdb, 0xc2c80000, 0x3effffff, 0x4f000000};
    Vector v = input(n + 12, stream);
    for (int i = 0; i < 4; i++) {
        uint64_t bits = lane(v, 32, i);
        if (bits % 3 == 0) set_lane(v, 32, i, kSpecial[(bits >> 4) % 16]);
        if (bits % 3 == 1) set_lane(v, 32, i, (bits & 0x81ffffff) | 0x3e000000);
    }
    return v;
}

static Vector double_input(int n, int stream) {
    Vector v = input(n + 12, stream);
    for (int i = 0; i < 2; i++) {
        uint64_t bits = lane(v, 64, i);
        static const uint64_t kSpecial[] = {0,
                                            UINT64_C(1) << 63,
                                            0x3ff0000000000000,
                                            0x7ff0000000000000,
                                            0xfff0000000000000,
                                            0x7ff8000000001234,
                                            0xfff8000000004321,
                                            0x7ff0000000012345,
                                            1,
                                            0x7fefffffffffffff,
                                            0xc0f86a0000000000};
        if (bits % 3 == 0) set_lane(v, 64, i, kSpecial[(bits >> 4) % 11]);
        if (bits % 3 == 1) set_lane(v, 64, i, (bits & 0x803fffffffffffff) | 0x3fc0000000000000);
    }
    return v;
}

// `scalar` is the same operation on lane 0 of the inputs; lanes are moved there one by one.
#define TRY_FLOAT(vector_text, scalar_text, bits, count, make)                                               \
    for (int n = 0; n < 120; n++) {                                                                          \
        Vector va = make(n, 1), vb = make(n, 2), vd = make(n, 3), want = {{0, 0}};                           \
        uint64_t status, sticky = 0, one;                                                                    \
        Vector got = RUN(vector_text, va, vb, vd, vd, status);                                               \
        for (int i = 0; i < count; i++) {                                                                    \
            Vector a = {{lane(va, bits, i), 0}}, b = {{lane(vb, bits, i), 0}}, d = {{lane(vd, bits, i), 0}}; \
            set_lane(want, bits, i, RUN(scalar_text, a, b, d, d, one).half[0]);                              \
            sticky |= one;                                                                                   \
        }                                                                                                    \
        CHECK_VECTOR(vector_text, got, want);                                                                \
        CHECK_ROW(vector_text " fpsr", status & 0x9f, sticky & 0x9f);                                        \
    }
#define TRY3F(op)                                                              \
    TRY_FLOAT(op " v0.2s, v1.2s, v2.2s", op " s0, s1, s2", 32, 2, float_input) \
    TRY_FLOAT(op " v0.4s, v1.4s, v2.4s", op " s0, s1, s2", 32, 4, float_input) \
    TRY_FLOAT(op " v0.2d, v1.2d, v2.2d", op " d0, d1, d2", 64, 2, double_input)
#define TRY2F(op, tail)                                                       \
    TRY_FLOAT(op " v0.2s, v1.2s" tail, op " s0, s1" tail, 32, 2, float_input) \
    TRY_FLOAT(op " v0.4s, v1.4s" tail, op " s0, s1" tail, 32, 4, float_input) \
    TRY_FLOAT(op " v0.2d, v1.2d" tail, op " d0, d1" tail, 64, 2, double_input)

int main() {
    TRY3F("fadd")
    TRY3F("fsub")
    TRY3F("fmul")
    TRY3F("fdiv")
    TRY3F("fmax")
    TRY3F("fmin")
    TRY3F("fmaxnm")
    TRY3F("fminnm")
    TRY3F("fmulx")
    TRY3F("fabd")
    TRY3F("frecps")
    TRY3F("frsqrts")
    TRY3F("fcmeq")
    TRY3F("fcmge")
    TRY3F("fcmgt")
    TRY3F("facge")
    TRY3F("facgt")
    TRY2F("fabs", "")
    TRY2F("fneg", "")
    TRY2F("fsqrt", "")
    TRY2F("frintn", "")
    TRY2F("frintm", "")
    TRY2F("frintp", "")
    TRY2F("frintz", "")
    TRY2F("frinta", "")
    TRY2F("frintx", "")
    TRY2F("fcvtzs", "")
    TRY2F("fcvtzu", "")
    TRY2F("fcvtns", "")
    TRY2F("fcvtau", "")
    TRY2F("fcvtzs", ", #3")
    TRY2F("scvtf", "")
    TRY2F("ucvtf", "")
    TRY2F("ucvtf", ", #7")
    TRY2F("frecpe", "")
    TRY2F("frsqrte", "")
    TRY2F("fcmlt", ", #0.0")
    TRY2F("fcmeq", ", #0.0")
    TRY_FLOAT("fmla v0.4s, v1.4s, v2.4s", "fmadd s0, s1, s2, s3", 32, 4, float_input)
    TRY_FLOAT("fmls v0.4s, v1.4s, v2.4s", "fmsub s0, s1, s2, s3", 32, 4, float_input)
    TRY_FLOAT("fmla v0.2d, v1.2d, v2.2d", "fmadd d0, d1, d2, d3", 64, 2, double_input)
    TRY_FLOAT("fmls v0.2d, v1.2d, v2.2d", "fmsub d0, d1, d2, d3", 64, 2, double_input)

    for (int n = 0; n < 120; n++) {
        Vector va = float_input(n, 1), vb = float_input(n, 2), vd = float_input(n, 3);
        uint64_t status;
        // By element equals a duplicated operand.
        Vector element = RUN("fmla v0.4s, v1.4s, v2.s[3]", va, vb, vd, vd, status);
        Vector same = RUN("dup v2.4s, v2.s[3]\n\tfmla v0.4s, v1.4s, v2.4s", va, vb, vd, vd, status);
        CHECK_VECTOR("fmla by element", element, same);
        element = RUN("fmul v0.4s, v1.4s, v2.s[1]", va, vb, vd, vd, status);
        same = RUN("dup v2.4s, v2.s[1]\n\tfmul v0.4s, v1.4s, v2.4s", va, vb, vd, vd, status);
        CHECK_VECTOR("fmul by element", element, same);
        // Pairwise equals the operation on unzipped operands.
        element = RUN("faddp v0.4s, v1.4s, v2.4s", va, vb, vd, vd, status);
        same = RUN("uzp1 v0.4s, v1.4s, v2.4s\n\tuzp2 v3.4s, v1.4s, v2.4s\n\tfadd v0.4s, v0.4s, v3.4s", va, vb,
                   vd, vd, status);
        CHECK_VECTOR("faddp", element, same);
        element = RUN("fminnmp v0.2d, v1.2d, v2.2d", va, vb, vd, vd, status);
        same = RUN("uzp1 v0.2d, v1.2d, v2.2d\n\tuzp2 v3.2d, v1.2d, v2.2d\n\tfminnm v0.2d, v0.2d, v3.2d", va,
                   vb, vd, vd, status);
        CHECK_VECTOR("fminnmp", element, same);
        element = RUN("fmaxnmv s0, v1.4s", va, vb, vd, vd, status);
        same = RUN("fmaxnmp v0.4s, v1.4s, v1.4s\n\tfmaxnmp s0, v0.2s", va, vb, vd, vd, status);
        CHECK_VECTOR("fmaxnmv", element, same);
        // Precision changes.
        Vector want = {{0, 0}};
        for (int i = 0; i < 2; i++) {
            Vector one = {{lane(va, 32, 2 + i), 0}};
            want.half[i] = RUN("fcvt d0, s1", one, one, one, one, status).half[0];
        }
        CHECK_VECTOR("fcvtl2", RUN("fcvtl2 v0.2d, v1.4s", va, vb, vd, vd, status), want);
        Vector wide = double_input(n, 1);
        want = vd;
        for (int i = 0; i < 2; i++) {
            Vector one = {{lane(wide, 64, i), 0}};
            set_lane(want, 32, 2 + i, RUN("fcvt s0, d1", one, one, one, one, status).half[0]);
        }
        CHECK_VECTOR("fcvtn2", RUN("fcvtn2 v0.4s, v1.2d", wide, vb, vd, vd, status), want);
        want = {{0, 0}};
        for (int i = 0; i < 4; i++) {
            Vector one = {{lane(va, 32, i), 0}};
            set_lane(want, 16, i, RUN("fcvt h0, s1", one, one, one, one, status).half[0]);
        }
        CHECK_VECTOR("fcvtn half", RUN("fcvtn v0.4h, v1.4s", va, vb, vd, vd, status), want);
    }
    // Round to odd, which fcvtxn is for.
    Vector third = {{0x3fd5555555555555, 0x3ff0000000000001}};
    uint64_t status;
    CHECK_VECTOR("fcvtxn", RUN("fcvtxn v0.2s, v1.2d", third, third, third, third, status),
                 Vector{{0x3f8000013eaaaaab, 0}});
    return check_done();
}
