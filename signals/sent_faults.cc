// SPDX-License-Identifier: MIT
#include "signals/sent_faults.h"

#include <atomic>
#include <bit>
#include <cstring>

#include "signals/host_call.h"
#include "signals/thread_signals.h"

namespace armature::signals {
namespace {

constexpr size_t kMarkOffset = 40;
constexpr uint64_t kMark = 0x6172'6d61'7475'7200;  // plus a Sent

// A slot is written by whoever moves its state from Empty, and read by whoever moves it from Full. A signal
// that finds it in any other state than Empty is one with the signal that is there: it came before that one
// was taken.
enum State : uint32_t { kEmpty, kBusy, kFull };

struct Slot {
    std::atomic<uint32_t> state{kEmpty};
    siginfo_t info{};
};
Slot slots[kSignalCount + 1];
std::atomic<uint64_t> kept;

void keep(const siginfo_t& info) {
    Slot& slot = slots[info.si_signo];
    uint32_t expected = kEmpty;
    if (!slot.state.compare_exchange_strong(expected, kBusy)) return;
    slot.info = info;
    slot.state.store(kFull);
    kept.fetch_or(signal_bit(info.si_signo));
}

bool take(int signo, siginfo_t* info) {
    Slot& slot = slots[signo];
    uint32_t expected = kFull;
    if (!slot.state.compare_exchange_strong(expected, kBusy)) return false;
    *info = slot.info;
    kept.fetch_and(~signal_bit(signo));
    slot.state.store(kEmpty);
    return true;
}

bool lets_in(ThreadSignals* state, uint64_t bit) {
    const uint64_t mask = std::atomic_ref(state->mask).load();
    return !(mask & bit) || state->waits_for.load() & bit;
}

struct Search {
    uint64_t bit;
    const guest::Thread* without;
    pid_t found;
};

void consider(guest::Thread* thread, void* argument) {
    auto* search = static_cast<Search*>(argument);
    if (search->found == 0 && thread != search->without && thread->signals &&
        lets_in(thread->signals, search->bit))
        search->found = thread->tid;
}

// False if the list of threads cannot be looked at now: somebody is changing it, maybe this very thread.
bool find_takers(const guest::Thread* without) {
    uint64_t left = kept.load();
    while (left != 0) {
        const int signo = std::countr_zero(left) + 1;
        left &= left - 1;
        Search search{signal_bit(signo), without, 0};
        if (!guest::try_for_each_thread(consider, &search)) return false;
        if (search.found == 0) continue;
        // The kernel lets nobody send a siginfo of another sender's to another thread: it gets a word to take
        // it itself. If it has gone or changed its mind meanwhile, the next change of a mask finds the
        // signal.
        siginfo_t word{};
        word.si_signo = signo;
        word.si_code = SI_QUEUE;
        mark_as_sent(&word, Sent::Look);
        host_call(SYS_rt_tgsigqueueinfo, static_cast<uint64_t>(host_call(SYS_getpid)),
                  static_cast<uint64_t>(search.found), static_cast<uint64_t>(signo),
                  reinterpret_cast<uint64_t>(&word));
    }
    return true;
}

uint64_t mark_of(const siginfo_t& info) {
    uint64_t mark;
    memcpy(&mark, reinterpret_cast<const char*>(&info) + kMarkOffset, sizeof mark);
    return mark;
}

void set_mark(siginfo_t* info, uint64_t mark) {
    memcpy(reinterpret_cast<char*>(info) + kMarkOffset, &mark, sizeof mark);
}

}  // namespace

Sent how_sent(siginfo_t* info) {
    const uint64_t mark = mark_of(*info);
    if (mark > kMark && mark <= kMark + static_cast<uint64_t>(Sent::Look)) {
        set_mark(info, 0);
        return static_cast<Sent>(mark - kMark);
    }
    if (info->si_code > 0) return Sent::No;
    if (info->si_code == SI_TKILL) return Sent::ToThread;
    // The kernel prefers the first thread: a timer's signal that came to another was meant for it.
    if (info->si_code == SI_TIMER && host_call(SYS_gettid) != host_call(SYS_getpid)) return Sent::ToThread;
    return Sent::ToProcess;
}

void mark_as_sent(siginfo_t* info, Sent how) {
    set_mark(info, kMark + static_cast<uint64_t>(how));
}

bool send_to_process(const siginfo_t& info) {
    keep(info);
    return find_takers(guest::current_thread());
}

uint64_t waiting_for_process() {
    return kept.load();
}

bool take_for_process(uint64_t wanted, siginfo_t* info) {
    for (uint64_t left = kept.load() & wanted; left != 0; left &= left - 1)
        if (take(std::countr_zero(left) + 1, info)) return true;
    return false;
}

void look_for_sent(ThreadSignals* state) {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    siginfo_t info;
    while (take_for_process(~state->mask, &info)) state->queue.add_synchronous(info, state->mask);
    if (!find_takers(state->thread)) state->queue.wake();
}

void forget_sent() {
    siginfo_t info;
    while (take_for_process(~uint64_t{0}, &info)) {
    }
}

}  // namespace armature::signals
