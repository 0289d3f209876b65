// SPDX-License-Identifier: MIT
#include "signals/queue.h"

namespace armature::signals {
namespace {

constexpr int kSynchronousOrder[] = {SIGILL, SIGTRAP, SIGBUS, SIGFPE,
                                     SIGSEGV};  // by number, as the kernel picks

unsigned synchronous_index(int signo) {
    unsigned index = 0;
    while (kSynchronousOrder[index] != signo) index++;
    return index;
}

void fence() {
    std::atomic_signal_fence(std::memory_order_seq_cst);
}

}  // namespace

void Queue::capture(const siginfo_t& info) {
    captured_info_ = info;
    fence();
    captured_.store(info.si_signo, std::memory_order_relaxed);
    flag_.store(1, std::memory_order_relaxed);
}

bool Queue::add_synchronous(const siginfo_t& info, uint64_t mask) {
    const uint64_t bit = signal_bit(info.si_signo);
    if (!(synchronous() & bit)) {
        synchronous_info_[synchronous_index(info.si_signo)] = info;
        fence();
        synchronous_.fetch_or(bit, std::memory_order_relaxed);
    }
    if (mask & bit) return false;
    flag_.store(1, std::memory_order_relaxed);
    return true;
}

int Queue::take(uint64_t mask, siginfo_t* info) {
    for (int signo : kSynchronousOrder) {
        if (!(synchronous() & ~mask & signal_bit(signo))) continue;
        *info = synchronous_info_[synchronous_index(signo)];
        fence();
        drop_synchronous(signo);
        refresh(mask);
        return signo;
    }
    const int signo = captured();
    if (signo == 0 || mask & signal_bit(signo)) return 0;
    take_captured(info);
    refresh(mask);
    return signo;
}

bool Queue::take_synchronous(siginfo_t* info) {
    for (int signo : kSynchronousOrder) {
        if (!(synchronous() & signal_bit(signo))) continue;
        *info = synchronous_info_[synchronous_index(signo)];
        fence();
        drop_synchronous(signo);
        return true;
    }
    return false;
}

void Queue::take_captured(siginfo_t* info) {
    *info = captured_info_;
    fence();
    captured_.store(0, std::memory_order_relaxed);
}

void Queue::drop_captured() {
    captured_.store(0, std::memory_order_relaxed);
}

void Queue::drop_synchronous(int signo) {
    synchronous_.fetch_and(~signal_bit(signo), std::memory_order_relaxed);
}

void Queue::refresh(uint64_t mask) {
    // Cleared first: a handler that runs in between sets it again.
    flag_.store(0, std::memory_order_relaxed);
    fence();
    const int signo = captured();
    if (synchronous() & ~mask || (signo != 0 && !(mask & signal_bit(signo))))
        flag_.store(1, std::memory_order_relaxed);
}

void Queue::clear() {
    captured_.store(0, std::memory_order_relaxed);
    synchronous_.store(0, std::memory_order_relaxed);
    flag_.store(0, std::memory_order_relaxed);
}

}  // namespace armature::signals
