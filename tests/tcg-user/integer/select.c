/* SPDX-License-Identifier: MIT */
/* csel, csinc, csinv, csneg, and chains of conditional compares. */
#include "check.h"
#include "integer/ops.h"

int main(void) {
    for (int i = 0; i < kEdgeCount; i++) {
        for (int j = 0; j < kEdgeCount; j++) {
            uint64_t a = kEdges[i], b = kEdges[j];
            for (unsigned flags = 0; flags < 16; flags += 3) {
                int z = flags >> 2 & 1, c = flags >> 1 & 1, n = flags >> 3, v = flags & 1;
                CHECK_EQ(RUN("csel %x0, %x3, %x4, eq", a, b, flags).value, z ? a : b);
                CHECK_EQ(RUN("csel %w0, %w3, %w4, hi", a, b, flags).value, (uint32_t)(c && !z ? a : b));
                CHECK_EQ(RUN("csinc %x0, %x3, %x4, lt", a, b, flags).value, n != v ? a : b + 1);
                CHECK_EQ(RUN("csinc %w0, %w3, %w4, ge", a, b, flags).value, (uint32_t)(n == v ? a : b + 1));
                CHECK_EQ(RUN("csinv %x0, %x3, %x4, cc", a, b, flags).value, !c ? a : ~b);
                CHECK_EQ(RUN("csinv %w0, %w3, %w4, vs", a, b, flags).value, (uint32_t)(v ? a : ~b));
                CHECK_EQ(RUN("csneg %x0, %x3, %x4, mi", a, b, flags).value, n ? a : 0 - b);
                CHECK_EQ(RUN("csneg %w0, %w3, %w4, gt", a, b, flags).value,
                         (uint32_t)(n == v && !z ? a : 0 - b));

                unsigned compared = RUN("cmp %x3, %x4", a, b, 0).flags;
                unsigned added = RUN("cmn %w3, %w4", a, b, 0).flags;
                unsigned small = RUN("cmp %x3, #31", a, b, 0).flags;
                CHECK_EQ(RUN("ccmp %x3, %x4, #5, ne", a, b, flags).flags, !z ? compared : 5);
                CHECK_EQ(RUN("ccmn %w3, %w4, #10, cs", a, b, flags).flags, c ? added : 10);
                CHECK_EQ(RUN("ccmp %x3, #31, #0, pl", a, b, flags).flags, !n ? small : 0);
                CHECK_EQ(RUN("ccmp %x3, %x4, #15, al", a, b, flags).flags, compared);
            }
            /* a < b && b < 100, or a == b: as a compiler writes it. */
            uint64_t chained =
                RUN("cmp %x3, %x4\n\tccmp %x4, #31, #2, lo\n\tccmp %x3, %x4, #4, hs\n\tcset %x0, eq", a, b, 0)
                    .value;
            int first = a < b && b < 31;
            CHECK_EQ(chained, first ? 1 : a == b);
        }
    }
    return check_done();
}
