/* SPDX-License-Identifier: MIT */
/* The C library's own use of allocation tags: with glibc.mem.tagging in its tunables, which are read at
 * start, blocks of malloc have tags, and what is used after free is caught. */
#include "mte.h"

int main(int argc, char** argv) {
    (void)argc;
    if (!getenv("GLIBC_TUNABLES")) {
        setenv("GLIBC_TUNABLES", "glibc.mem.tagging=3", 1);
        execv("/proc/self/exe", argv);
        return 1;
    }
    CHECK_EQ(prctl(PR_GET_TAGGED_ADDR_CTRL, 0, 0, 0, 0) & PR_MTE_TCF_MASK, PR_MTE_TCF_SYNC);
    catch_faults();
    for (unsigned i = 0; i < 100; i++) {
        char* volatile block = malloc(24 + i * 40);
        CHECK(tag_of(block) != 0 && tag_of(block) == load_tag(block));
        strcpy(block, "mine");
        CHECK_EQ(FAULTS(CHECK_STR(block, "mine")), 0);
        free(block);
        CHECK_EQ(FAULTS(*(volatile char*)block), 1);
        CHECK_EQ(fault.si_code, SEGV_MTESERR);
    }
    return check_done();
}
