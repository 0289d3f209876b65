// SPDX-License-Identifier: MIT
// Guest signals: dispositions, masks, queues, delivery on AArch64 frames, and the host handlers beneath.
//
// Host handlers never touch guest memory: they queue what arrived in the thread's ThreadSignals and ask
// translated code to leave (translator::request_exit); the CPU loop delivers. Blocking system calls go
// through blocking_syscall, whose window is known to the handler, so that a signal that arrives just before
// the host instruction is not lost.
#pragma once

#include <signal.h>

#include <cstdint>

#include "guest/thread.h"
#include "translator/translator.h"

namespace armature::signals {

struct ThreadSignals;

// Linux's internal codes for calls that a signal interrupted; never seen by the guest (see finish_syscall).
inline constexpr int64_t kErestartsys = 512;
inline constexpr int64_t kErestartnointr = 513;
inline constexpr int64_t kErestartnohand = 514;
inline constexpr int64_t kErestartRestartblock = 516;

void initialise();  // host handlers; before the first guest thread
ThreadSignals* create_thread_signals(guest::Thread* thread, const guest::Thread* parent);  // mask inherited
void destroy_thread_signals(ThreadSignals* signals);
// On the new host thread: alternate stack, host mask (unless that is to stay closed for now).
void enter_thread(bool open_mask = true);
void leave_thread();

// Is there something that deliver_pending would deliver now? A call that must not be made with a signal
// outstanding returns -kErestartnointr then: it is made again after the handler.
bool has_deliverable(guest::Thread* thread);

// Delivers what is pending and deliverable; call when run() returned Interrupted and after each system call
// (cheap when there is nothing). If `syscall_result` is not null, a call was just made, and this function
// writes x0: the result, or EINTR by the kernel's rules; if the call is to be made again, x0 stays as it is
// and pc becomes `restart_pc` (the SVC's address). *syscall_result is then what the guest sees, or one of the
// codes above if the call is restarted. After rt_sigreturn pass null: it has set the registers itself.
void deliver_pending(guest::Thread* thread, int64_t* syscall_result, uint64_t restart_pc);

// A synchronous fault of the guest's own (from translator::Exit).
void deliver_fault(guest::Thread* thread, const translator::Exit& exit);

// A signal that the kernel would force upon the thread: blocked or ignored, it is fatal.
void raise_forced(guest::Thread* thread, const siginfo_t& info);

// Makes the host system call; returns its result (-errno), or -kErestartsys if a guest signal interrupted it,
// or -kErestartnointr if one was pending before, so that the call was not made at all. For every call that
// can block. The host kernel's own rules decide what is restartable: -EINTR here is EINTR for the guest.
int64_t blocking_syscall(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0);

// The signal system calls, with guest arguments; results are -errno.
int64_t sys_rt_sigaction(guest::Thread*, int signo, uint64_t act, uint64_t oldact, uint64_t size);
int64_t sys_rt_sigprocmask(guest::Thread*, int how, uint64_t set, uint64_t oldset, uint64_t size);
int64_t sys_rt_sigpending(guest::Thread*, uint64_t set, uint64_t size);
int64_t sys_rt_sigsuspend(guest::Thread*, uint64_t set, uint64_t size);
int64_t sys_rt_sigtimedwait(guest::Thread*, uint64_t set, uint64_t info, uint64_t timeout, uint64_t size);
int64_t sys_rt_sigqueueinfo(guest::Thread*, int pid, int signo, uint64_t info);
int64_t sys_rt_tgsigqueueinfo(guest::Thread*, int tgid, int tid, int signo, uint64_t info);
void sys_rt_sigreturn(guest::Thread*);  // sets the whole cpu
int64_t sys_sigaltstack(guest::Thread*, uint64_t stack, uint64_t old_stack);
int64_t sys_kill(guest::Thread*, int pid, int signo);
int64_t sys_tkill(guest::Thread*, int tid, int signo);
int64_t sys_tgkill(guest::Thread*, int tgid, int tid, int signo);

// ppoll, pselect6, epoll_pwait, io_pgetevents: makes `call` with the host's mask for the guest mask `set`.
// The host kernel puts it in force for the sleep alone; if a signal ended it, the handler runs under the
// guest's and its return brings the old one back.
using MaskedCall = int64_t (*)(void* argument, const uint64_t* host_mask);
int64_t with_signal_mask(guest::Thread* thread, uint64_t set, uint64_t size, MaskedCall call, void* argument);

// What /proc/PID/status shows. `blocked` only if the thread is this process's.
struct SignalSets {
    bool known = false;
    uint64_t blocked = 0, ignored = 0, caught = 0;
};
SignalSets signal_sets(pid_t tid);

// Host signal set for system calls that take one to the kernel (signalfd): the guest's set with the
// emulator's own signals handled.
int64_t sys_signalfd4(guest::Thread*, int fd, uint64_t set, uint64_t size, int flags);

// Around fork: between the two, no signal is delivered and the tables are at rest. The child starts with
// nothing pending.
void before_fork();
void after_fork(bool child, guest::Thread* thread);
// vfork shares memory with the parent: the parent's state is saved before and put back in the parent when the
// child has gone. The child works on a copy of the dispositions, so that the parent's other threads do not
// see its changes.
void save_for_vfork();
void restore_after_vfork();
void clear_handlers();  // CLONE_CLEAR_SIGHAND, in the child: handled signals to default
// Just before the host's execve: handled signals to default, ignored stay; the host's mask set to the
// guest's. The second undoes it if execve failed; in between, checked access to guest memory is not safe from
// faults.
void reset_handlers_for_exec();
void restore_handlers_after_exec();

// Ends the process by the signal (default action), so that the parent sees it; runs observer.before_exit
// first.
[[noreturn]] void die_by_signal(int signo, bool dump_core);

}  // namespace armature::signals
