// SPDX-License-Identifier: MIT
// ptrace of a child: stops and their statuses, registers and memory, system calls, single steps, breakpoints,
// events.
#include <elf.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>

#include "../check.h"

#ifndef NT_ARM_SYSTEM_CALL
#define NT_ARM_SYSTEM_CALL 0x404
#endif

struct registers {
    uint64_t x[31], sp, pc, pstate;
};

static int wait_for(pid_t pid) {
    int status = -1;
    CHECK_EQ(waitpid(pid, &status, __WALL), pid);
    return status;
}

#define STOPPED(signo) ((signo) << 8 | 0x7f)
#define EVENT(event) STOPPED(SIGTRAP | (event) << 8)
#define SYSTEM_CALL STOPPED(SIGTRAP | 0x80)
#define EXITED(code) ((code) << 8)
#define CHECK_WAIT(pid, want) CHECK_EQ(wait_for(pid), want)

static void get(pid_t pid, struct registers* registers) {
    struct iovec range = {registers, sizeof *registers};
    CHECK_CALL(ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &range));
    CHECK_EQ(range.iov_len, sizeof *registers);
}

static void set(pid_t pid, struct registers* registers) {
    struct iovec range = {registers, sizeof *registers};
    CHECK_CALL(ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &range));
}

static int get_number(pid_t pid) {
    int number = -1;
    struct iovec range = {&number, sizeof number};
    CHECK_CALL(ptrace(PTRACE_GETREGSET, pid, NT_ARM_SYSTEM_CALL, &range));
    return number;
}

// A child that stops and then does `body`.
static pid_t traced(void (*body)(void), unsigned long options) {
    const pid_t pid = fork();
    if (pid == 0) {
        if (ptrace(PTRACE_TRACEME, 0, 0, 0) != 0) _exit(99);
        raise(SIGSTOP);
        body();
        _exit(0);
    }
    CHECK_WAIT(pid, STOPPED(SIGSTOP));
    CHECK_CALL(ptrace(PTRACE_SETOPTIONS, pid, 0, options));
    return pid;
}

static void go(pid_t pid, int request, int signo) {
    CHECK_CALL(ptrace(request, pid, 0, signo));
}

// --- System calls

static char buffer[16] = "abc";

static void make_calls(void) {
    syscall(SYS_getppid, 1, 2, 3, 4, 5, 6);
    if (syscall(SYS_getpgid, 0) != 4711) _exit(1);
    if (syscall(SYS_getuid) != 815) _exit(2);  // never made
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);  // not a system call
    _exit(3);
}

static void system_calls(void) {
    const pid_t pid = traced(make_calls, PTRACE_O_TRACESYSGOOD);
    struct registers registers;
    struct __ptrace_syscall_info info;
    for (int entry = 1;; entry = !entry) {
        go(pid, PTRACE_SYSCALL, 0);
        const int status = wait_for(pid);
        if (WIFEXITED(status)) {
            CHECK_EQ(WEXITSTATUS(status), 3);
            break;
        }
        CHECK_EQ(status, SYSTEM_CALL);
        if (status != SYSTEM_CALL) break;
        get(pid, &registers);
        const int number = get_number(pid);
        CHECK_EQ(registers.x[7], !entry);
        memset(&info, 0, sizeof info);
        CHECK_EQ(ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info), entry ? 80 : 33);
        CHECK_EQ(info.op, entry ? 1 : 2);
        CHECK_EQ(info.instruction_pointer, registers.pc);
        switch (number) {
            case SYS_getppid:
                if (entry) {
                    for (int i = 0; i < 6; i++) CHECK_EQ(registers.x[i], i + 1);
                    for (int i = 0; i < 6; i++) CHECK_EQ(info.entry.args[i], i + 1);
                    CHECK_EQ(registers.x[8], SYS_getppid);
                } else {
                    CHECK_EQ(registers.x[0], getpid());
                    CHECK_EQ(info.exit.rval, getpid());
                }
                break;
            case SYS_getpgid:
                if (!entry) {
                    registers.x[0] = 4711;
                    set(pid, &registers);
                }
                break;
            case SYS_getuid:
                if (entry) {
                    int none = -1;
                    struct iovec range = {&none, sizeof none};
                    CHECK_CALL(ptrace(PTRACE_SETREGSET, pid, NT_ARM_SYSTEM_CALL, &range));
                    registers.x[0] = 815;
                    set(pid, &registers);
                }
                break;
            case -1:
                break;
            case SYS_exit_group:
                break;
            default:
                CHECK_ROW("number", number, SYS_getppid);
        }
    }
}

// --- Memory, registers, breakpoints, steps

static volatile uint64_t steps_done;

void steps(void);
__asm__(
    "    .text\n"
    "    .p2align 2\n"
    "steps:\n"
    "    mov x9, #1\n"
    "    add x9, x9, #1\n"
    "    cbz x9, 1f\n"
    "    b 2f\n"
    "1:  nop\n"
    "2:  bl 3f\n"
    "    mov x30, x10\n"
    "    ret\n"
    "3:  fmov d7, #1.0\n"
    "    ret\n");

__attribute__((noinline)) static void breakpoint_here(uint64_t value) {
    __asm__ volatile("" : : "r"(value) : "memory");
    steps_done = value;
}

static void break_and_step(void) {
    for (uint64_t i = 1; i <= 3; i++) breakpoint_here(i);
    _exit(buffer[1] == 'B' ? (int)steps_done : 100);
}

static long peek(pid_t pid, const volatile void* address) {
    errno = 0;
    const long value = ptrace(PTRACE_PEEKDATA, pid, address, 0);
    CHECK_EQ(errno, 0);
    return value;
}

static void breakpoints(void) {
    const pid_t pid = traced(break_and_step, 0);
    struct registers registers;
    CHECK_EQ(peek(pid, buffer), *(long*)buffer);
    union {
        long word;
        char text[8];
    } data = {peek(pid, buffer)};
    data.text[1] = 'B';
    CHECK_CALL(ptrace(PTRACE_POKEDATA, pid, buffer, data.word));
    uint32_t* place = (uint32_t*)breakpoint_here;
    const long original = peek(pid, place);
    const long with_break = (original & ~0xffffffffl) | 0xd4200000;
    for (uint64_t i = 1; i <= 3; i++) {
        CHECK_CALL(ptrace(PTRACE_POKETEXT, pid, place, with_break));
        go(pid, PTRACE_CONT, 0);
        CHECK_WAIT(pid, STOPPED(SIGTRAP));
        siginfo_t info;
        CHECK_CALL(ptrace(PTRACE_GETSIGINFO, pid, 0, &info));
        CHECK_EQ(info.si_code, TRAP_BRKPT);
        get(pid, &registers);
        CHECK_EQ(registers.pc, place);
        CHECK_EQ(registers.x[0], i);
        CHECK_CALL(ptrace(PTRACE_POKETEXT, pid, place, original));
        go(pid, PTRACE_SINGLESTEP, 0);
        CHECK_WAIT(pid, STOPPED(SIGTRAP));
        get(pid, &registers);
        CHECK_EQ(registers.pc, place + 1);
    }
    // Send it through steps().
    struct registers saved = registers;
    registers.pc = (uint64_t)steps;
    registers.x[10] = registers.x[30] = saved.pc;
    set(pid, &registers);
    static const int way[] = {1, 2, 3, 5, 8, 9, 6, 7};
    for (size_t i = 0; i < sizeof way / sizeof way[0]; i++) {
        go(pid, PTRACE_SINGLESTEP, 0);
        CHECK_WAIT(pid, STOPPED(SIGTRAP));
        get(pid, &registers);
        CHECK_ROW("step", (registers.pc - (uint64_t)steps) / 4, way[i]);
    }
    CHECK_EQ(registers.x[9], 2);
    struct user_fpsimd_struct vectors;
    struct iovec range = {&vectors, sizeof vectors};
    CHECK_CALL(ptrace(PTRACE_GETREGSET, pid, NT_FPREGSET, &range));
    CHECK_EQ((uint64_t)vectors.vregs[7], 0x3ff0000000000000);
    go(pid, PTRACE_SINGLESTEP, 0);
    CHECK_WAIT(pid, STOPPED(SIGTRAP));
    get(pid, &registers);
    CHECK_EQ(registers.pc, saved.pc);
    set(pid, &saved);
    go(pid, PTRACE_CONT, 0);
    CHECK_WAIT(pid, EXITED(3));
}

// --- Signals

static volatile sig_atomic_t handled;
static void on_signal(int signo) {
    handled = signo;
}

static void take_signals(void) {
    signal(SIGUSR1, on_signal);
    signal(SIGUSR2, on_signal);
    raise(SIGUSR1);  // arrives
    if (handled != SIGUSR1) _exit(1);
    raise(SIGTERM);  // swallowed
    raise(SIGUSR1);  // becomes SIGUSR2
    if (handled != SIGUSR2) _exit(2);
    raise(SIGCHLD);  // shown, although nobody wants it
    *(volatile int*)8 = 0;
}

static void signals(void) {
    const pid_t pid = traced(take_signals, 0);
    siginfo_t info;
    go(pid, PTRACE_CONT, 0);
    CHECK_WAIT(pid, STOPPED(SIGUSR1));
    CHECK_CALL(ptrace(PTRACE_GETSIGINFO, pid, 0, &info));
    CHECK_EQ(info.si_code, SI_TKILL);
    CHECK_EQ(info.si_pid, pid);
    go(pid, PTRACE_CONT, SIGUSR1);
    CHECK_WAIT(pid, STOPPED(SIGTERM));
    go(pid, PTRACE_CONT, 0);
    CHECK_WAIT(pid, STOPPED(SIGUSR1));
    go(pid, PTRACE_CONT, SIGUSR2);
    CHECK_WAIT(pid, STOPPED(SIGCHLD));
    go(pid, PTRACE_CONT, SIGCHLD);
    CHECK_WAIT(pid, STOPPED(SIGSEGV));
    CHECK_CALL(ptrace(PTRACE_GETSIGINFO, pid, 0, &info));
    CHECK_EQ(info.si_addr, 8);
    CHECK_EQ(info.si_code, SEGV_MAPERR);
    CHECK(ptrace(PTRACE_CONT, pid, 0, 65) == -1 && errno == EIO);
    go(pid, PTRACE_CONT, SIGSEGV);
    CHECK_EQ(wait_for(pid) & 0x7f, SIGSEGV);
}

// --- Events

static void* in_thread(void* argument) {
    return argument;
}

static const char* own_name;

static void have_children(void) {
    pid_t pid = fork();
    if (pid == 0) _exit(5);
    int status = 0;
    if (waitpid(pid, &status, 0) != pid || status != EXITED(5)) _exit(1);
    pthread_t thread;
    pthread_create(&thread, NULL, in_thread, NULL);
    pthread_join(thread, NULL);
    pid = vfork();
    if (pid == 0) _exit(6);
    if (waitpid(pid, &status, 0) != pid || status != EXITED(6)) _exit(2);
    execl("/proc/self/exe", own_name, "executed", NULL);
    _exit(3);
}

static void events(void) {
    const unsigned long options = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
                                  PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT | PTRACE_O_TRACEVFORKDONE |
                                  PTRACE_O_EXITKILL;
    const pid_t leader = traced(have_children, options);
    int seen[8] = {0};
    int first_stops = 0;
    int exits = 0;
    go(leader, PTRACE_CONT, 0);
    for (;;) {
        int status = -1;
        const pid_t pid = waitpid(-1, &status, __WALL);
        CHECK(pid > 0);
        if (pid <= 0) break;
        if (!WIFSTOPPED(status)) {
            exits++;
            if (pid != leader) continue;
            CHECK_EQ(status, EXITED(50));
            break;
        }
        const int event = status >> 16;
        unsigned long message = 0;
        if (event) {
            CHECK_CALL(ptrace(PTRACE_GETEVENTMSG, pid, 0, &message));
            CHECK_EQ(WSTOPSIG(status), SIGTRAP);
            if (event < 8) seen[event]++;
            if (event <= 3) CHECK(message > 0 && (pid_t)message != pid);
            if (event == PTRACE_EVENT_EXEC) CHECK_EQ(message, leader);
            if (event == PTRACE_EVENT_EXIT && pid == leader) CHECK_EQ(message, EXITED(50));
        } else if (pid != leader && WSTOPSIG(status) == SIGSTOP) {
            first_stops++;
        }
        go(pid, PTRACE_CONT, event || WSTOPSIG(status) == SIGSTOP ? 0 : WSTOPSIG(status));
    }
    CHECK_EQ(seen[PTRACE_EVENT_FORK], 1);
    CHECK_EQ(seen[PTRACE_EVENT_CLONE], 1);
    CHECK_EQ(seen[PTRACE_EVENT_VFORK], 1);
    CHECK_EQ(seen[PTRACE_EVENT_VFORK_DONE], 1);
    CHECK_EQ(seen[PTRACE_EVENT_EXEC], 1);
    CHECK_EQ(seen[PTRACE_EVENT_EXIT], 4);
    CHECK_EQ(first_stops, 3);
    CHECK_EQ(exits, 4);
}

static void execute(void) {
    execl("/proc/self/exe", own_name, "executed", NULL);
}

// Without options, an exec is a SIGTRAP.
static void exec_trap(void) {
    const pid_t pid = traced(execute, 0);
    go(pid, PTRACE_CONT, 0);
    CHECK_WAIT(pid, STOPPED(SIGTRAP));
    struct registers registers;
    get(pid, &registers);
    CHECK_EQ(registers.pc % 4, 0);
    CHECK_EQ(peek(pid, (void*)registers.sp), 2);  // argc
    go(pid, PTRACE_CONT, 0);
    CHECK_WAIT(pid, EXITED(50));
}

// --- Of a child that runs

static void spin(void) {
    for (;;) steps_done = steps_done + 1;
}

static void doze(void) {
    const struct timespec long_time = {1000, 0};
    nanosleep(&long_time, NULL);
    _exit(0);
}

static pid_t running(void (*body)(void)) {
    const pid_t pid = fork();
    if (pid == 0) body();
    usleep(50000);
    return pid;
}

static void attach(void) {
    void (*const bodies[])(void) = {spin, doze};
    for (int i = 0; i < 2; i++) {
        pid_t pid = running(bodies[i]);
        CHECK_CALL(ptrace(PTRACE_ATTACH, pid, 0, 0));
        CHECK_WAIT(pid, STOPPED(SIGSTOP));
        go(pid, PTRACE_CONT, 0);
        kill(pid, SIGSTOP);
        CHECK_WAIT(pid, STOPPED(SIGSTOP));
        CHECK_CALL(ptrace(PTRACE_DETACH, pid, 0, 0));
        CHECK_EQ(waitpid(pid, NULL, WNOHANG), 0);
        CHECK(ptrace(PTRACE_CONT, pid, 0, 0) == -1 && errno == ESRCH);
        CHECK_CALL(ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACESYSGOOD));
        CHECK_CALL(ptrace(PTRACE_INTERRUPT, pid, 0, 0));
        CHECK_WAIT(pid, EVENT(PTRACE_EVENT_STOP));
        go(pid, PTRACE_CONT, 0);
        CHECK_CALL(ptrace(PTRACE_INTERRUPT, pid, 0, 0));
        siginfo_t info;
        CHECK_CALL(waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOWAIT | __WALL));
        CHECK_EQ(info.si_code, CLD_TRAPPED);
        CHECK_EQ(info.si_status, SIGTRAP | PTRACE_EVENT_STOP << 8);
        CHECK_WAIT(pid, EVENT(PTRACE_EVENT_STOP));
        go(pid, PTRACE_CONT, 0);
        CHECK_CALL(kill(pid, SIGKILL));
        CHECK_WAIT(pid, SIGKILL);
    }
    CHECK(ptrace(PTRACE_ATTACH, getpid(), 0, 0) == -1 && errno == EPERM);
    CHECK(ptrace(PTRACE_CONT, 1, 0, 0) == -1 && errno == ESRCH);
}

int main(int argc, char** argv) {
    if (argc > 1) return 50;
    own_name = argv[0];
    alarm(20);
    system_calls();
    breakpoints();
    signals();
    exec_trap();
    events();
    attach();
    return check_done();
}
