/* SPDX-License-Identifier: MIT */
/* The signals of faults, sent to a process of several threads from inside and outside, by kill, sigqueue,
 * timers and tgsigqueueinfo: one thread that lets them in takes them, in whatever it is; they wait while none
 * does, go through an exec, and those sent to a thread stay with it. */
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "check.h"

static const int kSignals[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE};

static volatile pid_t receiver;
static volatile int count, last, code, value;
static volatile pid_t sender;

static pid_t thread_id(void) {
    return (pid_t)syscall(SYS_gettid);
}

static void on_signal(int signo, siginfo_t* info, void* context) {
    (void)context;
    last = signo;
    code = info->si_code;
    value = info->si_value.sival_int;
    sender = info->si_pid;
    receiver = thread_id();
    __atomic_add_fetch(&count, 1, __ATOMIC_SEQ_CST);
}

static sigset_t five(void) {
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < 5; i++) sigaddset(&set, kSignals[i]);
    return set;
}

static int is_pending(int signo) {
    sigset_t set;
    sigpending(&set);
    return sigismember(&set, signo);
}

static void wait_for(int wanted) {
    for (int i = 0; i < 3000 && __atomic_load_n(&count, __ATOMIC_SEQ_CST) < wanted; i++) usleep(1000);
    CHECK_EQ(count, wanted);
}

static volatile int stage;
static volatile pid_t worker;
static int ends[2];

static void go_to(int next) {
    __atomic_store_n(&stage, next, __ATOMIC_SEQ_CST);
}

static void wait_stage(int wanted) {
    while (__atomic_load_n(&stage, __ATOMIC_SEQ_CST) != wanted) usleep(500);
}

/* Lets the five in while it computes, while it sleeps, then blocks them, waits for them, and lets them in. */
static void* work(void* unused) {
    (void)unused;
    sigset_t set = five();
    worker = thread_id();
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    while (__atomic_load_n(&stage, __ATOMIC_SEQ_CST) == 0) {
    } /* no system call */
    char byte;
    while (read(ends[0], &byte, 1) < 0 && errno == EINTR) {
    } /* SA_RESTART: not even that */
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    go_to(3);
    wait_stage(4);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    go_to(5);
    for (int i = 0; i < 5; i++) {
        siginfo_t info;
        CHECK_EQ(sigwaitinfo(&set, &info), kSignals[i]);
        CHECK_EQ(info.si_code, SI_USER);
        go_to(6 + i);
    }
    return NULL;
}

static void queue_to(pid_t tid, int signo, int number) {
    siginfo_t info = {.si_signo = signo, .si_code = SI_QUEUE};
    info.si_pid = getpid();
    info.si_value.sival_int = number;
    CHECK_EQ(syscall(SYS_rt_tgsigqueueinfo, getpid(), tid, signo, &info), 0);
}

/* The first thread blocks it; the worker takes it. */
static void all_ways(int signo) {
    int want = count;
    kill(getpid(), signo);
    wait_for(++want);
    CHECK_EQ(code, SI_USER);
    CHECK_EQ(receiver, worker);

    const union sigval number = {.sival_int = signo * 3};
    CHECK_EQ(sigqueue(getpid(), signo, number), 0);
    wait_for(++want);
    CHECK_EQ(code, SI_QUEUE);
    CHECK_EQ(value, signo * 3);
    CHECK_EQ(receiver, worker);

    const pid_t child = fork();
    if (child == 0) {
        kill(getppid(), signo);
        _exit(0);
    }
    wait_for(++want);
    CHECK_EQ(sender, child);
    CHECK_EQ(receiver, worker);
    waitpid(child, NULL, 0);

    struct sigevent event = {
        .sigev_notify = SIGEV_SIGNAL, .sigev_signo = signo, .sigev_value.sival_int = signo * 5};
    timer_t timer;
    CHECK_CALL(timer_create(CLOCK_MONOTONIC, &event, &timer));
    const struct itimerspec once = {{0, 0}, {0, 1000000}};
    CHECK_CALL(timer_settime(timer, 0, &once, NULL));
    wait_for(++want);
    CHECK_EQ(code, SI_TIMER);
    CHECK_EQ(value, signo * 5);
    CHECK_EQ(receiver, worker);
    CHECK_CALL(timer_delete(timer));

    queue_to(worker, signo, 77);
    wait_for(++want);
    CHECK_EQ(receiver, worker);
    CHECK_EQ(value, 77);

    /* For this thread, which blocks it: not the worker's. */
    queue_to(getpid(), signo, 78);
    usleep(2000);
    CHECK_EQ(count, want);
    CHECK_EQ(is_pending(signo), 1);
    const sigset_t set = five();
    const struct timespec none = {0, 0};
    siginfo_t info;
    CHECK_EQ(sigtimedwait(&set, &info, &none), signo);
    CHECK_EQ(info.si_value.sival_int, 78);
    CHECK_EQ(is_pending(signo), 0);

    /* A siginfo that looks like a fault's. */
    siginfo_t fault = {.si_signo = signo, .si_code = 1};
    fault.si_addr = (void*)0x1230;
    CHECK_EQ(syscall(SYS_rt_sigqueueinfo, getpid(), signo, &fault), 0);
    wait_for(++want);
    CHECK_EQ(code, 1);
    CHECK_EQ(receiver, worker);
    CHECK_FAILS(syscall(SYS_rt_tgsigqueueinfo, getpid(), worker, signo, &fault), EPERM);
}

static int in_new_program(void) {
    int good = is_pending(SIGSEGV) && is_pending(SIGFPE) && !is_pending(SIGBUS);
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGFPE, &action, NULL);
    const sigset_t set = five();
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    return good && count == 2 ? 0 : 1;
}

int main(int argc, char** argv) {
    if (argc > 1) return in_new_program();
    sigset_t set = five();
    CHECK_EQ(sigprocmask(SIG_BLOCK, &set, NULL), 0);
    CHECK_CALL(pipe(ends));
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART};
    for (int i = 0; i < 5; i++) CHECK_EQ(sigaction(kSignals[i], &action, NULL), 0);
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, work, NULL), 0);
    while (worker == 0) usleep(1000);

    for (int i = 0; i < 5; i++) all_ways(kSignals[i]);
    go_to(1);
    usleep(5000);
    for (int i = 0; i < 5; i++) all_ways(kSignals[i]);
    CHECK_EQ(write(ends[1], "x", 1), 1);
    wait_stage(3);

    /* Nobody lets them in: they wait, one of each, and a child does not have them. */
    const int before = count;
    for (int i = 0; i < 5; i++) {
        kill(getpid(), kSignals[i]);
        kill(getpid(), kSignals[i]);
        CHECK_EQ(is_pending(kSignals[i]), 1);
    }
    CHECK_EQ(count, before);
    const pid_t child = fork();
    if (child == 0) _exit(is_pending(SIGSEGV));
    int status = -1;
    waitpid(child, &status, 0);
    CHECK_EQ(status, 0);
    go_to(4);
    wait_stage(5);
    CHECK_EQ(count, before + 5);
    CHECK_EQ(receiver, worker);
    for (int i = 0; i < 5; i++) CHECK_EQ(is_pending(kSignals[i]), 0);

    /* The worker waits for them. */
    for (int i = 0; i < 5; i++) {
        usleep(3000);
        kill(getpid(), kSignals[i]);
        wait_stage(6 + i);
    }
    pthread_join(thread, NULL);

    /* Through an exec. */
    const pid_t program = fork();
    if (program == 0) {
        kill(getpid(), SIGSEGV);
        syscall(SYS_tgkill, getpid(), getpid(), SIGFPE);
        execl("/proc/self/exe", argv[0], "again", (char*)NULL);
        _exit(9);
    }
    waitpid(program, &status, 0);
    CHECK_EQ(status, 0);
    return check_done();
}
