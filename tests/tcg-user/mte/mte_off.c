/* SPDX-License-Identifier: MIT */
/* A processor without allocation tags: PROT_MTE means nothing to mmap and is refused by mprotect, prctl knows
 * tagged addresses but no checks. */
#include "mte.h"

int main(void) {
    char* memory = map_tagged(4096);
    CHECK(memory != MAP_FAILED);
    CHECK_FAILS(mprotect(memory, 4096, PROT_READ | PROT_WRITE | PROT_MTE), EINVAL);
    CHECK_FAILS(prctl(PR_SET_TAGGED_ADDR_CTRL, PR_TAGGED_ADDR_ENABLE | PR_MTE_TCF_SYNC, 0, 0, 0), EINVAL);
    catch_faults();
    *(volatile char*)with_tag(memory, 3) = 7;
    CHECK_EQ(FAULTS(*(volatile char*)with_tag(memory, 5)), 0);
    int pipes[2];
    CHECK_CALL(pipe(pipes));
    CHECK_FAILS(write(pipes[1], with_tag(memory, 3), 1), EFAULT);
    CHECK_EQ(control(0), 0);
    CHECK_EQ(write(pipes[1], with_tag(memory, 3), 1), 1);
    CHECK_EQ(read(pipes[0], with_tag(memory + 1, 9), 1), 1);
    CHECK_EQ(memory[1], 7);
    return check_done();
}
