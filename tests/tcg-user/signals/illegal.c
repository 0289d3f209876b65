/* SPDX-License-Identifier: MIT */
/* SIGILL: undefined and privileged instructions, with si_addr at the instruction, also after other
 * instructions. */
#include <signal.h>
#include <ucontext.h>

#include "check.h"

static volatile int count, code;
static volatile uint64_t address, pc, x10;

static void on_illegal(int signal, siginfo_t* info, void* opaque) {
    ucontext_t* context = opaque;
    CHECK_EQ(signal, SIGILL);
    count++;
    code = info->si_code;
    address = (uint64_t)info->si_addr;
    pc = context->uc_mcontext.pc;
    x10 = context->uc_mcontext.regs[10];
    context->uc_mcontext.pc += 4;
}

#define TRY(text)                                                                               \
    do {                                                                                        \
        uint64_t at, after = 0;                                                                 \
        int before = count;                                                                     \
        __asm__ volatile("mov x10, #42\n\tadr %0, 1f\n\tmov %1, #0\n1:\t" text "\n\tmov %1, #1" \
                         : "=&r"(at), "=&r"(after)                                              \
                         :                                                                      \
                         : "x9", "x10", "memory");                                              \
        CHECK_ROW(text, count, before + 1);                                                     \
        CHECK_ROW(text " si_addr", address, at);                                                \
        CHECK_ROW(text " pc", pc, at);                                                          \
        CHECK_ROW(text " x10", x10, 42);                                                        \
        CHECK_ROW(text " continues", after, 1);                                                 \
        CHECK_ROW(text " code", code, ILL_ILLOPC);                                              \
    } while (0)

int main(void) {
    struct sigaction action = {.sa_sigaction = on_illegal, .sa_flags = SA_SIGINFO};
    CHECK_EQ(sigaction(SIGILL, &action, NULL), 0);
    TRY(".inst 0x00000000"); /* udf #0 */
    TRY(".inst 0x0000ffff"); /* udf #65535 */
    TRY(".inst 0xffffffff");
    TRY(".inst 0x9ac01800"); /* unallocated data processing, 2 sources */
    TRY(".inst 0x1ea04000"); /* unallocated floating point */
    TRY(".inst 0xd5184000"); /* msr spsr_el1, x0 */
    TRY(".inst 0xd5381000"); /* mrs x0, sctlr_el1 */
    TRY(".inst 0xd69f03e0"); /* eret */
    TRY(".inst 0xd50342df"); /* msr daifset, #2 */
    TRY(".inst 0xd4000003"); /* smc #0 */
    TRY(".inst 0xd4000002"); /* hvc #0 */
    return check_done();
}
