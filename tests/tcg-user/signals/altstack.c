/* SPDX-License-Identifier: MIT */
/* sigaltstack: the handler runs there, nested handlers stay there, errors, SS_ONSTACK, SS_AUTODISARM. */
#include <signal.h>
#include <ucontext.h>

#include "check.h"

static char memory[65536] __attribute__((aligned(16)));
static int inside, nested, flags_inside, context_flags;
static uintptr_t first_sp, second_sp;

static int on_alternate(const void* at) {
    return (const char*)at >= memory && (const char*)at < memory + sizeof memory;
}

static void on_second(int signal) {
    (void)signal;
    char here;
    nested = on_alternate(&here);
    second_sp = (uintptr_t)&here;
}

static void on_first(int signal, siginfo_t* info, void* opaque) {
    (void)info;
    char here;
    stack_t now, other = {.ss_flags = SS_DISABLE};
    inside = on_alternate(&here);
    first_sp = (uintptr_t)&here;
    CHECK_EQ(sigaltstack(NULL, &now), 0);
    flags_inside = now.ss_flags;
    context_flags = ((ucontext_t*)opaque)->uc_stack.ss_flags;
    CHECK(((ucontext_t*)opaque)->uc_stack.ss_sp == memory);
    if (signal == SIGUSR1) CHECK_FAILS(sigaltstack(&other, NULL), EPERM);
    raise(SIGUSR2);
}

int main(void) {
    stack_t old, stack = {.ss_sp = memory, .ss_size = sizeof memory};
    CHECK_EQ(sigaltstack(&stack, &old), 0);
    CHECK_EQ(old.ss_flags, SS_DISABLE);
    stack_t small = {.ss_sp = memory, .ss_size = 1000};
    CHECK_FAILS(sigaltstack(&small, NULL), ENOMEM);
    stack_t wrong = {.ss_sp = memory, .ss_size = sizeof memory, .ss_flags = 64};
    CHECK_FAILS(sigaltstack(&wrong, NULL), EINVAL);

    struct sigaction first = {.sa_sigaction = on_first, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    struct sigaction second = {.sa_handler = on_second, .sa_flags = SA_ONSTACK};
    CHECK_EQ(sigaction(SIGUSR1, &first, NULL), 0);
    CHECK_EQ(sigaction(SIGUSR2, &second, NULL), 0);
    CHECK_EQ(raise(SIGUSR1), 0);
    CHECK(inside && nested && second_sp < first_sp);
    CHECK_EQ(flags_inside, SS_ONSTACK);
    CHECK_EQ(context_flags, 0);
    CHECK_EQ(sigaltstack(NULL, &old), 0);
    CHECK_EQ(old.ss_flags, 0);
    CHECK(old.ss_sp == memory && old.ss_size == sizeof memory);

    /* Without SA_ONSTACK: the normal stack. */
    second.sa_flags = 0;
    CHECK_EQ(sigaction(SIGUSR2, &second, NULL), 0);
    CHECK_EQ(raise(SIGUSR2), 0);
    CHECK(!nested);

    stack.ss_flags = SS_DISABLE;
    CHECK_EQ(sigaltstack(&stack, NULL), 0);
    second.sa_flags = SA_ONSTACK;
    CHECK_EQ(sigaction(SIGUSR2, &second, NULL), 0);
    CHECK_EQ(raise(SIGUSR2), 0);
    CHECK(!nested);
    return check_done();
}
