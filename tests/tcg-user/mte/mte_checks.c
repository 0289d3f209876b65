/* SPDX-License-Identifier: MIT */
/* Tag checks: every kind of access, at once, later, or loads at once and stores later; which accesses are not
 * checked; the override; signal handlers; threads; system calls with tagged addresses. */
#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "mte.h"

static char *good, *bad; /* the same 64 bytes by the right tag, and by another */

#define ONE(text, store)                                                                 \
    {                                                                                    \
        __extension__({                                                                  \
            register char* x0 __asm__("x0") = bad;                                       \
            ASM("mov x1, #0\n\tmov x2, #0\n\tmov x3, #0\n\tmov x4, #0\n\t" text,         \
                : "+r"(x0)                                                               \
                :                                                                        \
                : "x1", "x2", "x3", "x4", "x5", "v0", "v1", "v2", "v3", "memory", "cc"); \
        });                                                                              \
        break;                                                                           \
    }

static const struct {
    const char* name;
    int store; /* and nothing else */
    int offset;
} kinds[] = {
#define KIND(text, store, offset) {text, store, offset},
#include "accesses.inc"
#undef KIND
};

static void run(unsigned kind) {
    enum { START = __COUNTER__ };
    switch (kind) {
#define KIND(text, store, offset) \
    case __COUNTER__ - START - 1: \
        ONE(text, store)
#include "accesses.inc"
#undef KIND
        default:
            break;
    }
}

#define KINDS (sizeof kinds / sizeof *kinds)

static void at_once(void) {
    CHECK_EQ(control(PR_MTE_TCF_SYNC | TAGS_ALL), 0);
    for (unsigned i = 0; i < KINDS; i++) {
        memset(good, 0x11, 64);
        CHECK_ROW(kinds[i].name, FAULTS(run(i)), 1);
        CHECK_ROW(kinds[i].name, fault.si_signo, SIGSEGV);
        CHECK_ROW(kinds[i].name, fault.si_code, SEGV_MTESERR);
        CHECK_ROW(kinds[i].name, (uint64_t)fault.si_addr, (uint64_t)bad + (uint64_t)kinds[i].offset);
        for (unsigned n = 0; n < 64; n++) CHECK_ROW(kinds[i].name, good[n], 0x11);
    }
}

static void overridden(void) {
    ASM("msr tco, #1", : : : "memory");
    for (volatile unsigned i = 0; i < KINDS; i++) {
        CHECK_ROW(kinds[i].name, FAULTS(run(i)), 0);
        ASM("msr tco, #1", : : : "memory");
    }
    ASM("msr tco, #0", : : : "memory");
    CHECK_EQ(FAULTS(*(volatile char*)bad), 1);
}

static volatile sig_atomic_t later;
static void* volatile later_address;

static void on_later(int signo, siginfo_t* info, void* context) {
    (void)signo;
    (void)context;
    later += info->si_code == SEGV_MTEAERR ? 1 : 100;
    later_address = info->si_addr;
}

/* A fault that is told later does not stop the access. */
static void at_leisure(int both) {
    struct sigaction action = {.sa_sigaction = on_later, .sa_flags = SA_SIGINFO}, before;
    for (unsigned i = 0; i < KINDS; i++) {
        if (both && !kinds[i].store) continue;
        CHECK_EQ(control(PR_MTE_TCF_ASYNC | (both ? PR_MTE_TCF_SYNC : 0) | TAGS_ALL), 0);
        sigaction(SIGSEGV, &action, &before);
        later = 0;
        later_address = bad;
        run(i);
        getppid();
        CHECK_ROW(kinds[i].name, later, 1);
        CHECK_ROW(kinds[i].name, later_address == NULL, 1);
        sigaction(SIGSEGV, &before, NULL);
    }
    if (!both) return;
    for (unsigned i = 0; i < KINDS; i++) {
        if (kinds[i].store) continue;
        CHECK_ROW(kinds[i].name, FAULTS(run(i)), 1);
        CHECK_ROW(kinds[i].name, fault.si_code, SEGV_MTESERR);
    }
}

static volatile uint64_t tco_inside = 1;

static void on_usr1(int signo) {
    (void)signo;
    uint64_t value;
    ASM("mrs %0, tco", : "=r"(value));
    tco_inside = value;
}

static void not_checked(void) {
    CHECK_EQ(control(PR_MTE_TCF_SYNC | TAGS_ALL), 0);
    /* SP and a constant are trusted, other addresses on the stack are not. */
    char* stack = bad + 32;
    uint64_t value = 0;
    CHECK_EQ(
        FAULTS(
            ASM("mov x9, sp\n\tmov sp, %1\n\tstr xzr, [sp, #8]\n\tldp %0, x10, [sp]\n\tldr q0, [sp, #-16]\n\t"
                "ldxr x10, [sp]\n\tldadd x10, x11, [sp]\n\tmov sp, x9",
                : "+r"(value)
                : "r"(stack)
                : "x9", "x10", "x11", "v0", "memory")),
        0);
    CHECK_EQ(FAULTS(ASM("prfm pldl1keep, [%0]\n\tprfm pldl1keep, [%0, %1]",
                        :
                        : "r"(bad), "r"(UINT64_C(8)))),
             0);
    /* Two granules: the second is another's. */
    store_tag(with_tag(good + 64, tag_of(bad)));
    CHECK_EQ(FAULTS(*(volatile uint64_t*)(good + 56)), 0);
    CHECK_EQ(FAULTS(__asm__ volatile("ldr x9, [%0, #60]" : : "r"(good) : "x9", "memory")), 1);
    CHECK_EQ(fault.si_addr, good + 64);
    CHECK_EQ(FAULTS(__asm__ volatile("ldp x9, x10, [%0, #56]" : : "r"(good) : "x9", "x10", "memory")), 1);
    CHECK_EQ(fault.si_addr, good + 64);
    store_tag(with_tag(good + 64, 0));
    CHECK_EQ(FAULTS(*(volatile char*)with_tag(good, 0)), 1);
    signal(SIGUSR1, on_usr1);
    ASM("msr tco, #1", : : : "memory");
    raise(SIGUSR1);
    ASM("mrs %0, tco\n\tmsr tco, #0", : "=r"(value) : : "memory");
    CHECK_EQ(tco_inside, 0);
    CHECK_EQ(value, 1 << 25);
}

static void* other_thread(void* unused) {
    (void)unused;
    static int result[2]; /* a mode is a thread's own, and inherited */
    result[0] = FAULTS(*(volatile char*)bad);
    control(TAGS_ALL);
    result[1] = FAULTS(*(volatile char*)bad);
    return result;
}

static void threads(void) {
    pthread_t thread;
    void* result;
    CHECK_EQ(control(PR_MTE_TCF_SYNC | TAGS_ALL), 0);
    CHECK_EQ(pthread_create(&thread, NULL, other_thread, NULL), 0);
    pthread_join(thread, &result);
    CHECK(((int*)result)[0] == 1 && ((int*)result)[1] == 0);
    CHECK_EQ(FAULTS(*(volatile char*)bad), 1);
}

static void system_calls(void) {
    int pipes[2], pair[2];
    CHECK_CALL(pipe(pipes));
    strcpy(good, "tagged");
    CHECK_EQ(write(pipes[1], good, 7), 7);
    CHECK_EQ(read(pipes[0], good + 16, 7), 7);
    CHECK_STR(good + 16, "tagged");
    struct iovec* pieces = (struct iovec*)(good + 32);
    pieces[0].iov_base = good, pieces[0].iov_len = 3;
    pieces[1].iov_base = good + 3, pieces[1].iov_len = 4;
    CHECK_EQ(writev(pipes[1], pieces, 2), 7);
    memset(good, 0, 16);
    CHECK_EQ(readv(pipes[0], pieces, 2), 7);
    CHECK_STR(good, "tagged");
    CHECK_CALL(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = 2};
    CHECK_EQ(sendmsg(pair[0], &message, 0), 7);
    memset(good, 0, 16);
    pieces[0].iov_len = 2, pieces[1].iov_base = good + 2, pieces[1].iov_len = 3;
    CHECK_EQ(recvmsg(pair[1], &message, 0), 5);
    CHECK_EQ(message.msg_flags & MSG_TRUNC, MSG_TRUNC);
    CHECK_STR(good, "tagge");
    const pid_t child = fork();
    if (child == 0) {
        char** words = (char**)(good + 32);
        strcpy(good, "exec");
        words[0] = good, words[1] = good, words[2] = NULL;
        char self[256];
        self[readlink("/proc/self/exe", self, sizeof self - 1)] = 0;
        execve(self, words, words);
        _exit(9);
    }
    int status = 0;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(WEXITSTATUS(status), 3);
    CHECK_EQ(madvise(with_tag((char*)((uint64_t)good & -4096), 5), 4096, MADV_NORMAL), 0);
    CHECK_EQ(prctl(PR_SET_TAGGED_ADDR_CTRL, 0, 0, 0, 0), 0);
    CHECK_FAILS(write(pipes[1], good, 7), EFAULT);
}

int main(int argc, char** argv) {
    if (argc > 1 && strcmp(argv[1], "exec") == 0)
        return prctl(PR_GET_TAGGED_ADDR_CTRL, 0, 0, 0, 0) == 0 ? 3 : 4;
    catch_faults();
    char* memory = map_tagged(8192);
    good = with_tag(memory + 1024, 5);
    bad = with_tag(good, 6);
    for (unsigned i = 0; i < 64; i += 16) store_tag(good + i);
    /* Nobody has asked for checks yet. */
    CHECK_EQ(FAULTS(*(volatile char*)bad), 0);
    at_once();
    overridden();
    at_leisure(0);
    at_leisure(1);
    not_checked();
    threads();
    CHECK_EQ(control(TAGS_ALL), 0);
    CHECK_EQ(FAULTS(*(volatile char*)bad), 0);
    system_calls();
    return check_done();
}
