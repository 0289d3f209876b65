/* SPDX-License-Identifier: MIT */
/* The identification registers, which the kernel lets programs read where HWCAP_CPUID is set, agree with
 * AT_HWCAP. */
#include <sys/auxv.h>

#include "check.h"

#define READ(name)                                       \
    __extension__({                                      \
        uint64_t value;                                  \
        __asm__ volatile("mrs %0, " name : "=r"(value)); \
        value;                                           \
    })

int main(void) {
    uint64_t capabilities = getauxval(AT_HWCAP);
    if (capabilities & HWCAP_CPUID) {
        uint64_t features = READ("id_aa64isar0_el1"), floating = READ("id_aa64pfr0_el1");
        CHECK_EQ((features >> 4 & 15) >= 1, (capabilities & HWCAP_AES) != 0);
        CHECK_EQ((features >> 4 & 15) >= 2, (capabilities & HWCAP_PMULL) != 0);
        CHECK_EQ((features >> 8 & 15) >= 1, (capabilities & HWCAP_SHA1) != 0);
        CHECK_EQ((features >> 12 & 15) >= 1, (capabilities & HWCAP_SHA2) != 0);
        CHECK_EQ((features >> 16 & 15) >= 1, (capabilities & HWCAP_CRC32) != 0);
        CHECK_EQ((features >> 20 & 15) >= 2, (capabilities & HWCAP_ATOMICS) != 0);
        CHECK_EQ((features >> 28 & 15) >= 1, (capabilities & HWCAP_ASIMDRDM) != 0);
        CHECK_EQ((features >> 44 & 15) >= 1, (capabilities & HWCAP_ASIMDDP) != 0);
        CHECK_EQ((floating >> 16 & 15) != 15, (capabilities & HWCAP_FP) != 0);
        CHECK_EQ((floating >> 20 & 15) != 15, (capabilities & HWCAP_ASIMD) != 0);
        CHECK_EQ((floating >> 32 & 15) >= 1, (capabilities & HWCAP_SVE) != 0);
        CHECK(READ("midr_el1") != 0);
        CHECK(READ("mpidr_el1") >> 31 & 1);
        CHECK_EQ(READ("revidr_el1"), 0);
        /* No FEAT_AFP; so FPCR.FIZ, AH and NEP are zero (fp/status). */
        CHECK_EQ(READ("s3_0_c0_c7_1") >> 44 & 15, 0);
        (void)READ("id_aa64mmfr0_el1");
        (void)READ("id_aa64dfr0_el1");
    }
    return check_done();
}
