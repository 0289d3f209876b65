// SPDX-License-Identifier: MIT
// What a host handler has taken from the host kernel for one guest thread, until it is delivered.
//
// The invariant: at most one asynchronous signal is captured at a time. The host's mask of a thread is the
// guest's, so whatever arrives is deliverable; and the handler that captures it returns with all handled
// signals blocked (it edits the mask in its own frame), so the next one waits in the kernel until the first
// has been delivered and the mask is opened again. The kernel's own queues thus do all the queueing,
// coalescing, ordering and choosing of threads, and sigpending, sigtimedwait and signalfd see what they
// should.
//
// The exception are the five signals that the host never blocks because faults of translated code raise them.
// One that is sent to the thread is kept here, one of each as the kernel would keep it, and the guest's mask
// of them is honoured when they are taken (sent_faults.h has those that are for the process).
//
// Handlers of one thread and that thread itself are the only parties, so relaxed atomics and compiler fences
// are enough.
#pragma once

#include <signal.h>

#include <atomic>
#include <cstdint>

#include "signals/signal_set.h"

namespace armature::signals {

class Queue {
  public:
    // Non-zero: something can be delivered. The blocking system call stub reads it (blocking.S).
    const std::atomic<uint32_t>* flag() const { return &flag_; }
    bool deliverable() const { return flag_.load(std::memory_order_relaxed) != 0; }

    // Handlers' part, async-signal-safe.
    void capture(const siginfo_t& info);                         // asynchronous; the slot is empty
    void wake() { flag_.store(1, std::memory_order_relaxed); }   // nothing is queued, but ask for delivery
    bool add_synchronous(const siginfo_t& info, uint64_t mask);  // true if the mask lets it through

    // The thread's part.
    bool has_captured() const { return captured_.load(std::memory_order_relaxed) != 0; }
    int captured() const { return captured_.load(std::memory_order_relaxed); }
    uint64_t synchronous() const { return synchronous_.load(std::memory_order_relaxed); }
    // The next signal that `mask` lets through, synchronous ones first; 0 if there is none.
    int take(uint64_t mask, siginfo_t* info);
    void take_captured(siginfo_t* info);
    bool take_synchronous(siginfo_t* info);  // whatever the mask
    void drop_captured();
    void drop_synchronous(int signo);
    void refresh(uint64_t mask);  // after a change of the mask
    void clear();

  private:
    std::atomic<uint32_t> flag_{0};
    std::atomic<int> captured_{0};
    std::atomic<uint64_t> synchronous_{0};
    siginfo_t captured_info_{};
    siginfo_t synchronous_info_[5]{};
};

}  // namespace armature::signals
