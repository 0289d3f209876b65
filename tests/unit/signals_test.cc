// SPDX-License-Identifier: MIT
// Guest signals without guest code: the tests play the CPU loop. Signals, masks and blocking calls are the
// host's real ones; handlers are addresses that nothing jumps to.
#include "signals/signals.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <thread>

#include "signals/frame.h"
#include "signals/queue.h"
#include "signals/thread_signals.h"

namespace armature::signals {
namespace {

constexpr uint64_t kHandler = 0x400100;
constexpr uint64_t kRestorer = 0x400200;
constexpr uint64_t kCode = 0x400000;

siginfo_t make_info(int signo, int code = SI_USER, int value = 0) {
    siginfo_t info{};
    info.si_signo = signo;
    info.si_code = code;
    info.si_value.sival_int = value;
    return info;
}

uint64_t address(const void* pointer) {
    return reinterpret_cast<uint64_t>(pointer);
}

TEST(SignalQueue, KeepsOneOfEachSynchronousSignal) {
    Queue queue;
    EXPECT_FALSE(queue.add_synchronous(make_info(SIGSEGV, SI_USER, 1), signal_bit(SIGSEGV)));
    EXPECT_FALSE(queue.add_synchronous(make_info(SIGSEGV, SI_USER, 2), signal_bit(SIGSEGV)));
    EXPECT_FALSE(queue.deliverable());
    siginfo_t info;
    EXPECT_EQ(queue.take(signal_bit(SIGSEGV), &info), 0);
    queue.refresh(0);
    EXPECT_TRUE(queue.deliverable());
    EXPECT_EQ(queue.take(0, &info), SIGSEGV);
    EXPECT_EQ(info.si_value.sival_int, 1);
    EXPECT_EQ(queue.take(0, &info), 0);
    EXPECT_FALSE(queue.deliverable());
}

TEST(SignalQueue, SynchronousSignalsGoFirst) {
    Queue queue;
    queue.capture(make_info(SIGHUP));
    queue.add_synchronous(make_info(SIGSEGV), 0);
    queue.add_synchronous(make_info(SIGILL), 0);
    siginfo_t info;
    EXPECT_EQ(queue.take(0, &info), SIGILL);
    EXPECT_EQ(queue.take(0, &info), SIGSEGV);
    EXPECT_TRUE(queue.deliverable());
    EXPECT_EQ(queue.take(0, &info), SIGHUP);
    EXPECT_FALSE(queue.deliverable());
}

int own_tid() {
    return static_cast<int>(syscall(SYS_gettid));
}

// One guest thread, the calling one.
class Signals : public ::testing::Test {
  public:
    void SetUp() override {
        static bool initialised = false;
        if (!initialised) initialise();
        initialised = true;
        thread_ = std::make_unique<guest::Thread>();
        thread_->tid = own_tid();
        thread_->signals = create_thread_signals(thread_.get(), nullptr);
        guest::set_current_thread(thread_.get());
        enter_thread();
        cpu().sp = address(stack_ + sizeof stack_);
        cpu().pc = kCode;
    }

    void TearDown() override {
        for (int signo = 1; signo <= kSignalCount; signo++) {
            if (!(signal_bit(signo) & kUnblockable)) action(signo, kHandlerDefault);
        }
        leave_thread();
        guest::set_current_thread(nullptr);
        destroy_thread_signals(thread_->signals);
        uint64_t none = 0;
        syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, nullptr, 8);
    }

    guest::CpuState& cpu() { return thread_->cpu; }
    guest::Thread* thread() { return thread_.get(); }

    void action(int signo, uint64_t handler, uint64_t flags = 0, uint64_t mask = 0) {
        GuestAction wanted;
        wanted.handler = handler;
        wanted.flags = flags | kFlagRestorer;
        wanted.restorer = kRestorer;
        wanted.mask = mask;
        ASSERT_EQ(sys_rt_sigaction(thread(), signo, address(&wanted), 0, 8), 0);
    }

    void set_mask(uint64_t mask) {
        ASSERT_EQ(sys_rt_sigprocmask(thread(), SIG_SETMASK, address(&mask), 0, 8), 0);
    }

    uint64_t mask() {
        uint64_t old = 0;
        EXPECT_EQ(sys_rt_sigprocmask(thread(), SIG_BLOCK, 0, address(&old), 8), 0);
        return old;
    }

    void send(int signo) { ASSERT_EQ(sys_tgkill(thread(), getpid(), own_tid(), signo), 0); }

    void send_value(int signo, int value) {
        siginfo_t info = make_info(signo, SI_QUEUE, value);
        ASSERT_EQ(sys_rt_sigqueueinfo(thread(), getpid(), signo, address(&info)), 0);
    }

    void deliver() { deliver_pending(thread(), nullptr, 0); }

    const SignalFrame* frame() { return reinterpret_cast<const SignalFrame*>(cpu().sp); }

    void return_from_handler() {
        sys_rt_sigreturn(thread());
        deliver();
    }

    alignas(16) uint8_t stack_[64 << 10] = {};
    std::unique_ptr<guest::Thread> thread_;
};

TEST_F(Signals, FrameHoldsTheWholeStateAndGivesItBack) {
    action(SIGUSR1, kHandler, SA_SIGINFO, signal_bit(SIGUSR2));
    for (uint64_t i = 0; i < 31; i++) cpu().x[i] = 0x1000 + i;
    for (uint64_t i = 0; i < 32; i++) cpu().v[i] = {i, ~i};
    cpu().set_nzcv(guest::kPstateN | guest::kPstateC);
    cpu().write_fpcr(1u << 22);
    cpu().write_fpsr(guest::kFpsrQC | 1);
    cpu().exclusive_address = 0x5000;
    set_mask(signal_bit(SIGHUP));
    const uint64_t sp = cpu().sp;
    send(SIGUSR1);
    EXPECT_NE(cpu().exit_request.load(), 0u);
    deliver();

    EXPECT_EQ(cpu().exit_request.load(), 0u);
    EXPECT_EQ(cpu().pc, kHandler);
    EXPECT_EQ(cpu().x[0], static_cast<uint64_t>(SIGUSR1));
    EXPECT_EQ(cpu().x[1], cpu().sp);
    EXPECT_EQ(cpu().x[2], cpu().sp + 128);
    EXPECT_EQ(cpu().x[30], kRestorer);
    EXPECT_EQ(cpu().sp, sp - 16 - 4688);
    EXPECT_EQ(cpu().x[29], sp - 16);
    EXPECT_EQ(cpu().exclusive_address, ~uint64_t{0});
    EXPECT_EQ(reinterpret_cast<const FrameRecord*>(cpu().x[29])->fp, 0x1000u + 29);
    EXPECT_EQ(reinterpret_cast<const FrameRecord*>(cpu().x[29])->lr, 0x1000u + 30);
    EXPECT_EQ(mask(), signal_bit(SIGHUP) | signal_bit(SIGUSR1) | signal_bit(SIGUSR2));

    // By the offsets of the ABI, as a program's own ucontext_t would have them.
    const auto* bytes = reinterpret_cast<const uint8_t*>(cpu().sp);
    const auto word = [&](size_t offset) {
        uint64_t value;
        memcpy(&value, bytes + offset, sizeof value);
        return value;
    };
    EXPECT_EQ(frame()->info.si_signo, SIGUSR1);
    EXPECT_EQ(frame()->info.si_code, SI_TKILL);
    EXPECT_EQ(frame()->info.si_pid, getpid());
    EXPECT_EQ(word(128 + 40), signal_bit(SIGHUP));
    EXPECT_EQ(word(128 + 176 + 8 + 8 * 7), 0x1000u + 7);
    EXPECT_EQ(word(128 + 176 + 256), sp);
    EXPECT_EQ(word(128 + 176 + 264), kCode);
    EXPECT_EQ(word(128 + 176 + 272), guest::kPstateN | guest::kPstateC);
    EXPECT_EQ(word(592), uint64_t{528} << 32 | kFpsimdMagic);
    EXPECT_EQ(word(592 + 8), uint64_t{1u << 22} << 32 | guest::kFpsrQC | 1);
    EXPECT_EQ(word(592 + 16 + 16 * 5), 5u);
    EXPECT_EQ(word(592 + 528), 0u);

    for (auto& x : cpu().x) x = 0;
    for (auto& v : cpu().v) v = {};
    cpu().set_nzcv(0);
    cpu().write_fpcr(0);
    cpu().write_fpsr(0);
    return_from_handler();
    for (uint64_t i = 0; i < 31; i++) EXPECT_EQ(cpu().x[i], 0x1000 + i);
    for (uint64_t i = 0; i < 32; i++) EXPECT_EQ(cpu().v[i], (guest::Vec128{i, ~i}));
    EXPECT_EQ(cpu().sp, sp);
    EXPECT_EQ(cpu().pc, kCode);
    EXPECT_EQ(cpu().nzcv(), guest::kPstateN | guest::kPstateC);
    EXPECT_EQ(cpu().fpcr, 1u << 22);
    EXPECT_EQ(cpu().read_fpsr(), guest::kFpsrQC | 1);
    EXPECT_EQ(mask(), signal_bit(SIGHUP));
}

TEST_F(Signals, FaultFrameHasAddressAndSyndrome) {
    action(SIGSEGV, kHandler, SA_SIGINFO);
    translator::Exit exit{translator::ExitReason::Fault};
    exit.signo = SIGSEGV;
    exit.si_code = SEGV_ACCERR;
    exit.fault_address = 0x1234;
    exit.esr = 0x9200004f;
    deliver_fault(thread(), exit);
    EXPECT_EQ(cpu().pc, kHandler);
    EXPECT_EQ(frame()->info.si_code, SEGV_ACCERR);
    EXPECT_EQ(frame()->info.si_addr, reinterpret_cast<void*>(0x1234));
    EXPECT_EQ(frame()->user.context.fault_address, 0x1234u);
    EsrContext esr;
    memcpy(&esr, reinterpret_cast<const uint8_t*>(frame()) + 592 + 528, sizeof esr);
    EXPECT_EQ(esr.head.magic, kEsrMagic);
    EXPECT_EQ(esr.esr, 0x9200004fu);
    return_from_handler();
    EXPECT_EQ(cpu().pc, kCode);
}

TEST_F(Signals, ThirdSignalWaitsInTheKernel) {
    for (int signo : {SIGUSR1, SIGUSR2, SIGHUP})
        action(signo, kHandler + static_cast<uint64_t>(signo), SA_SIGINFO);
    send(SIGUSR2);
    send(SIGUSR1);
    send(SIGHUP);
    const uint64_t sp = cpu().sp;
    deliver();
    // The first was taken at once; the others are taken by number, each frame on top of the one before.
    EXPECT_EQ(cpu().pc, kHandler + SIGUSR1);
    EXPECT_EQ(frame()->user.context.pc, kHandler + SIGHUP);
    return_from_handler();
    EXPECT_EQ(cpu().pc, kHandler + SIGHUP);
    return_from_handler();
    EXPECT_EQ(cpu().pc, kHandler + SIGUSR2);
    return_from_handler();
    EXPECT_EQ(cpu().pc, kCode);
    EXPECT_EQ(cpu().sp, sp);
}

TEST_F(Signals, RealTimeSignalsQueueWithValuesInOrder) {
    for (int signo : {32, 33, 40}) {
        action(signo, kHandler, SA_SIGINFO);
        set_mask(signal_bit(signo));
        for (int value = 1; value <= 5; value++) send_value(signo, value);
        uint64_t pending = 0;
        EXPECT_EQ(sys_rt_sigpending(thread(), address(&pending), 8), 0);
        EXPECT_EQ(pending, signal_bit(signo));
        set_mask(0);
        for (int value = 1; value <= 5; value++) {
            deliver();
            ASSERT_EQ(cpu().pc, kHandler);
            EXPECT_EQ(frame()->info.si_value.sival_int, value);
            sys_rt_sigreturn(thread());
        }
        deliver();
        EXPECT_EQ(cpu().pc, kCode);
    }
}

TEST_F(Signals, StandardSignalsCoalesce) {
    action(SIGUSR1, kHandler, SA_SIGINFO);
    set_mask(signal_bit(SIGUSR1));
    for (int value = 1; value <= 3; value++) send_value(SIGUSR1, value);
    set_mask(0);
    deliver();
    EXPECT_EQ(frame()->info.si_value.sival_int, 1);
    return_from_handler();
    EXPECT_EQ(cpu().pc, kCode);
}

TEST_F(Signals, BlockedSynchronousSignalFromOutsideWaits) {
    action(SIGSEGV, kHandler, SA_SIGINFO);
    set_mask(signal_bit(SIGSEGV));
    send(SIGSEGV);
    deliver();
    EXPECT_EQ(cpu().pc, kCode);
    uint64_t pending = 0;
    EXPECT_EQ(sys_rt_sigpending(thread(), address(&pending), 8), 0);
    EXPECT_EQ(pending, signal_bit(SIGSEGV));
    set_mask(0);
    EXPECT_NE(cpu().exit_request.load(), 0u);
    deliver();
    EXPECT_EQ(cpu().pc, kHandler);
    EXPECT_EQ(frame()->info.si_code, SI_TKILL);
}

TEST_F(Signals, MaskChangeWaitsForWhatCameBefore) {
    action(SIGUSR1, kHandler);
    send(SIGUSR1);
    const uint64_t all = ~uint64_t{0};
    int64_t result = sys_rt_sigprocmask(thread(), SIG_BLOCK, address(&all), 0, 8);
    EXPECT_EQ(result, -kErestartnointr);
    cpu().x[0] = SIG_BLOCK;
    cpu().pc = kCode + 4;
    deliver_pending(thread(), &result, kCode);
    EXPECT_EQ(cpu().pc, kHandler);
    EXPECT_EQ(frame()->user.context.pc, kCode);
    EXPECT_EQ(frame()->user.context.x[0], static_cast<uint64_t>(SIG_BLOCK));
}

TEST_F(Signals, SignalBeforeReturnFromHandlerNests) {
    action(SIGUSR1, kHandler);
    action(SIGUSR2, kHandler + 64);
    send(SIGUSR1);
    deliver();
    cpu().pc = kRestorer + 8;
    send(SIGUSR2);
    sys_rt_sigreturn(thread());
    deliver();
    EXPECT_EQ(cpu().pc, kHandler + 64);
    EXPECT_EQ(frame()->user.context.pc, kRestorer + 4);
}

TEST_F(Signals, ResetHandAndNoDefer) {
    action(SIGUSR1, kHandler, static_cast<unsigned>(SA_RESETHAND) | SA_NODEFER);
    send(SIGUSR1);
    deliver();
    EXPECT_EQ(cpu().pc, kHandler);
    EXPECT_EQ(mask(), 0u);
    GuestAction now;
    EXPECT_EQ(sys_rt_sigaction(thread(), SIGUSR1, 0, address(&now), 8), 0);
    EXPECT_EQ(now.handler, kHandlerDefault);
}

TEST_F(Signals, InfoOnlyIfAskedFor) {
    action(SIGUSR1, kHandler);
    cpu().x[1] = 11;
    cpu().x[2] = 22;
    send(SIGUSR1);
    deliver();
    EXPECT_EQ(cpu().x[1], 11u);
    EXPECT_EQ(cpu().x[2], 22u);
}

TEST_F(Signals, AlternateStackRules) {
    struct {
        uint64_t sp;
        int32_t flags;
        uint32_t padding;
        uint64_t size;
    } wanted{}, old{};
    static uint8_t memory[16 << 10];
    wanted.sp = address(memory);
    wanted.size = 5119;
    EXPECT_EQ(sys_sigaltstack(thread(), address(&wanted), 0), -ENOMEM);
    wanted.size = sizeof memory;
    wanted.flags = 3;
    EXPECT_EQ(sys_sigaltstack(thread(), address(&wanted), 0), -EINVAL);
    wanted.flags = 0;
    EXPECT_EQ(sys_sigaltstack(thread(), address(&wanted), address(&old)), 0);
    EXPECT_EQ(old.flags, SS_DISABLE);
    action(SIGUSR1, kHandler, SA_ONSTACK);
    send(SIGUSR1);
    deliver();
    EXPECT_EQ(cpu().x[29], address(memory) + sizeof memory - 16);
    EXPECT_EQ(sys_sigaltstack(thread(), address(&wanted), address(&old)), -EPERM);
    EXPECT_EQ(sys_sigaltstack(thread(), 0, address(&old)), 0);
    EXPECT_EQ(old.flags, SS_ONSTACK);
    return_from_handler();

    wanted.flags = static_cast<int32_t>(kAutodisarm);
    EXPECT_EQ(sys_sigaltstack(thread(), address(&wanted), 0), 0);
    send(SIGUSR1);
    deliver();
    EXPECT_EQ(sys_sigaltstack(thread(), 0, address(&old)), 0);
    EXPECT_EQ(old.flags, SS_DISABLE);
    return_from_handler();
    EXPECT_EQ(sys_sigaltstack(thread(), 0, address(&old)), 0);
    EXPECT_EQ(old.sp, address(memory));
    EXPECT_EQ(static_cast<uint32_t>(old.flags), kAutodisarm);
}

TEST_F(Signals, SuspendGivesTheFrameTheOldMask) {
    action(SIGUSR1, kHandler);
    set_mask(signal_bit(SIGUSR1) | signal_bit(SIGHUP));
    send(SIGUSR1);
    const uint64_t open = 0;
    int64_t result = sys_rt_sigsuspend(thread(), address(&open), 8);
    EXPECT_EQ(result, -kErestartnohand);
    deliver_pending(thread(), &result, kCode);
    EXPECT_EQ(result, -EINTR);
    EXPECT_EQ(cpu().pc, kHandler);
    EXPECT_EQ(frame()->user.mask, signal_bit(SIGUSR1) | signal_bit(SIGHUP));
    EXPECT_EQ(frame()->user.context.x[0], static_cast<uint64_t>(int64_t{-EINTR}));
    EXPECT_EQ(mask(), signal_bit(SIGUSR1));
    return_from_handler();
    EXPECT_EQ(mask(), signal_bit(SIGUSR1) | signal_bit(SIGHUP));
}

TEST_F(Signals, TimedWaitTakesBlockedSignals) {
    set_mask(signal_bit(SIGUSR1) | signal_bit(SIGSEGV));
    send(SIGUSR1);
    send(SIGSEGV);
    uint64_t set = signal_bit(SIGUSR1) | signal_bit(SIGSEGV);
    siginfo_t info{};
    const timespec none{};
    EXPECT_EQ(sys_rt_sigtimedwait(thread(), address(&set), address(&info), address(&none), 8), SIGSEGV);
    EXPECT_EQ(info.si_signo, SIGSEGV);
    EXPECT_EQ(sys_rt_sigtimedwait(thread(), address(&set), address(&info), address(&none), 8), SIGUSR1);
    EXPECT_EQ(info.si_code, SI_TKILL);
    EXPECT_EQ(sys_rt_sigtimedwait(thread(), address(&set), address(&info), address(&none), 8), -EAGAIN);
}

// Sends the signal once the test's thread is asleep in a system call.
void interrupt_later(pid_t tid, int signo, std::thread* sender) {
    *sender = std::thread([=] {
        usleep(50000);
        syscall(SYS_tgkill, getpid(), tid, signo);
    });
}

TEST_F(Signals, BlockingCallsFollowTheKernelsRestartRules) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    char byte;
    for (uint64_t flags : {uint64_t{0}, uint64_t{SA_RESTART}}) {
        action(SIGUSR1, kHandler, flags);
        cpu().pc = kCode + 4;
        cpu().x[0] = 77;
        std::thread sender;
        interrupt_later(thread_->tid, SIGUSR1, &sender);
        int64_t result = blocking_syscall(SYS_read, ends[0], static_cast<long>(address(&byte)), 1);
        sender.join();
        EXPECT_EQ(result, -kErestartsys);
        deliver_pending(thread(), &result, kCode);
        EXPECT_EQ(cpu().pc, kHandler);
        if (flags) {
            EXPECT_EQ(frame()->user.context.pc, kCode);
            EXPECT_EQ(frame()->user.context.x[0], 77u);
        } else {
            EXPECT_EQ(frame()->user.context.pc, kCode + 4);
            EXPECT_EQ(frame()->user.context.x[0], static_cast<uint64_t>(int64_t{-EINTR}));
        }
        return_from_handler();
    }
    // Never restarted, whatever the handler's flags.
    std::thread sender;
    interrupt_later(thread_->tid, SIGUSR1, &sender);
    const timespec second{1, 0};
    EXPECT_EQ(blocking_syscall(SYS_nanosleep, static_cast<long>(address(&second)), 0), -EINTR);
    sender.join();
    deliver();
    close(ends[0]);
    close(ends[1]);
}

TEST_F(Signals, PendingSignalKeepsACallFromBeingMade) {
    action(SIGUSR1, kHandler);
    send(SIGUSR1);
    EXPECT_EQ(blocking_syscall(SYS_getpid), -kErestartnointr);
    deliver();
    EXPECT_EQ(blocking_syscall(SYS_getpid), getpid());
}

// A signal at any point around the call must be seen: an alarm storm against calls that would never end.
TEST_F(Signals, NoSignalIsLostAroundBlockingCalls) {
    action(SIGALRM, kHandler);
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    char byte;
    for (int round = 0; round < 2000; round++) {
        const itimerval once{{0, 0}, {0, 1 + round % 40}};
        setitimer(ITIMER_REAL, &once, nullptr);
        int64_t result = blocking_syscall(SYS_read, ends[0], static_cast<long>(address(&byte)), 1);
        ASSERT_TRUE(result == -kErestartsys || result == -kErestartnointr) << result;
        deliver_pending(thread(), &result, kCode);
        ASSERT_EQ(cpu().pc, kHandler);
        return_from_handler();
    }
    close(ends[0]);
    close(ends[1]);
}

TEST_F(Signals, TemporaryMaskIsPutBack) {
    action(SIGUSR1, kHandler);
    set_mask(signal_bit(SIGUSR1));
    const uint64_t open = 0;
    const auto poll_once = [](void*, const uint64_t* host_mask) -> int64_t {
        const timespec none{};
        return blocking_syscall(SYS_ppoll, 0, 0, reinterpret_cast<long>(&none),
                                reinterpret_cast<long>(host_mask), 8);
    };
    EXPECT_EQ(with_signal_mask(thread(), address(&open), 8, poll_once, nullptr), 0);
    EXPECT_EQ(mask(), signal_bit(SIGUSR1));
    send(SIGUSR1);
    int64_t result = with_signal_mask(thread(), address(&open), 8, poll_once, nullptr);
    EXPECT_EQ(result, -kErestartnohand);
    deliver_pending(thread(), &result, kCode);
    EXPECT_EQ(result, -EINTR);
    EXPECT_EQ(frame()->user.mask, signal_bit(SIGUSR1));
    return_from_handler();
    EXPECT_EQ(mask(), signal_bit(SIGUSR1));
    // Arrives when the call is over already: stays pending, with its siginfo.
    const auto late = [](void* self, const uint64_t*) -> int64_t {
        static_cast<Signals*>(self)->send_value(SIGUSR1, 9);
        return 1;
    };
    EXPECT_EQ(with_signal_mask(thread(), address(&open), 8, late, this), 1);
    deliver();
    EXPECT_NE(cpu().pc, kHandler);
    action(SIGUSR1, kHandler, SA_SIGINFO);
    set_mask(0);
    deliver();
    EXPECT_EQ(frame()->info.si_value.sival_int, 9);
}

TEST_F(Signals, VforkChildsChangesAreItsOwn) {
    action(SIGUSR1, kHandler);
    set_mask(signal_bit(SIGHUP));
    save_for_vfork();
    after_fork(true, thread());
    action(SIGUSR1, kHandlerIgnore);
    set_mask(signal_bit(SIGUSR2));
    restore_after_vfork();
    EXPECT_EQ(mask(), signal_bit(SIGHUP));
    GuestAction now;
    EXPECT_EQ(sys_rt_sigaction(thread(), SIGUSR1, 0, address(&now), 8), 0);
    EXPECT_EQ(now.handler, kHandler);
}

TEST_F(Signals, ChildHasNothingPending) {
    action(SIGUSR1, kHandler);
    send(SIGUSR1);
    before_fork();
    const pid_t pid = fork();
    after_fork(pid == 0, thread());
    if (pid == 0) {
        deliver();
        _exit(cpu().pc == kCode ? 0 : 1);
    }
    int status = -1;
    EXPECT_EQ(waitpid(pid, &status, 0), pid);
    EXPECT_EQ(status, 0);
    deliver();
    EXPECT_EQ(cpu().pc, kHandler);
}

using SignalsDeathTest = Signals;

TEST_F(SignalsDeathTest, ForcedSignalIgnoresBlockingAndIgnoring) {
    translator::Exit exit{translator::ExitReason::Undefined};
    EXPECT_EXIT(
        {
            action(SIGILL, kHandler);
            set_mask(signal_bit(SIGILL));
            deliver_fault(thread(), exit);
        },
        ::testing::KilledBySignal(SIGILL), "");
    EXPECT_EXIT(
        {
            action(SIGILL, kHandlerIgnore);
            deliver_fault(thread(), exit);
        },
        ::testing::KilledBySignal(SIGILL), "");
}

TEST_F(SignalsDeathTest, NoRoomForAFrame) {
    EXPECT_EXIT(
        {
            action(SIGUSR1, kHandler);
            cpu().sp = 4096;
            send(SIGUSR1);
            deliver();
        },
        ::testing::KilledBySignal(SIGSEGV), "");
}

TEST_F(SignalsDeathTest, BadFrameAtReturn) {
    EXPECT_EXIT(
        {
            action(SIGUSR1, kHandler);
            send(SIGUSR1);
            deliver();
            stack_[cpu().sp - address(stack_) + 592] ^= 1;
            sys_rt_sigreturn(thread());
        },
        ::testing::KilledBySignal(SIGSEGV), "");
}

TEST_F(SignalsDeathTest, HostDefaultEndsTheProcess) {
    EXPECT_EXIT(send(SIGTERM), ::testing::KilledBySignal(SIGTERM), "");
    EXPECT_EXIT(die_by_signal(SIGQUIT, false), ::testing::KilledBySignal(SIGQUIT), "");
}

}  // namespace
}  // namespace armature::signals
