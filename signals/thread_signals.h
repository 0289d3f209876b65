// SPDX-License-Identifier: MIT
// The signal state of one guest thread, and the dispositions that the threads of a process share. Internal to
// signals/.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

#include "guest/thread.h"
#include "signals/queue.h"
#include "signals/signal_set.h"

namespace armature::signals {

// AArch64's struct sigaction, as the guest passes it.
struct GuestAction {
    uint64_t handler = 0;
    uint64_t flags = 0;
    uint64_t restorer = 0;
    uint64_t mask = 0;
};
inline constexpr uint64_t kHandlerDefault = 0;
inline constexpr uint64_t kHandlerIgnore = 1;
inline constexpr uint64_t kFlagRestorer = 0x04000000;
inline constexpr uint64_t kFlagExposeTagBits = 0x00000800;

// Dispositions. A vfork child works on a copy of its own (see process.cc); that is why threads point at them.
struct Dispositions {
    std::mutex lock;
    GuestAction actions[kSignalCount + 1];
    // The signals whose host handler is the one that captures. Read by handlers.
    std::atomic<uint64_t> captured{0};
    int traced = 0;  // threads that have a tracer, which sees every signal
};

inline constexpr uint32_t kAutodisarm = 1u << 31;  // SS_AUTODISARM

struct AltStack {
    uint64_t sp = 0;
    uint64_t size = 0;
    uint32_t flags = SS_DISABLE;  // as given to sigaltstack
};

struct VforkFrame;

struct ThreadSignals {
    guest::Thread* thread = nullptr;
    Queue queue;
    uint64_t mask = 0;        // the guest's
    uint64_t saved_mask = 0;  // to be put back when the pending handler returns (sigsuspend, ppoll, ...)
    bool restore_mask = false;
    std::atomic<uint64_t> waits_for{0};       // in sigtimedwait: of the five of sent_faults.h
    std::atomic<uint32_t> requests_taken{0};  // of a tracer
    AltStack alt_stack;
    uint64_t fault_address = 0;  // of the last fault; the kernel shows them in every later frame too
    uint64_t fault_code = 0;     // its ESR
    Dispositions* dispositions = nullptr;
    Dispositions* locked_for_fork = nullptr;
    void* host_stack = nullptr;       // handlers run on it
    std::vector<VforkFrame*> vforks;  // innermost last
};

// The top byte of an address is a tag that memory accesses ignore.
constexpr uint64_t untagged(uint64_t address) {
    return address & static_cast<uint64_t>(static_cast<int64_t>(address << 8) >> 8);
}

ThreadSignals* state_of(guest::Thread* thread);

// host_handlers.cc -----------------------------------------------------------------------------------

// Makes the host's disposition follow the guest's; the table's lock is held.
void mirror_disposition(Dispositions* dispositions, int signo);
// Gives the guest a new mask and the host thread the one that belongs to it. A signal that was captured and
// is now blocked goes back to the kernel.
void apply_mask(ThreadSignals* state, uint64_t mask);
// After state->mask was changed alone, or something was added to the queue: asks for delivery if there is
// something.
void refresh_queue(ThreadSignals* state);

// dispositions.cc ------------------------------------------------------------------------------------

GuestAction action_of(ThreadSignals* state, int signo);
// What delivery uses: the action, reset to default if it is SA_RESETHAND.
GuestAction action_for_delivery(ThreadSignals* state, int signo);
void reset_to_default(ThreadSignals* state, int signo);
void read_inherited_dispositions(Dispositions* dispositions);

// deliver.cc -----------------------------------------------------------------------------------------

// Raises a signal that cannot be put off: if it is blocked or ignored, or if `fatal`, by the default action.
void force_signal(guest::Thread* thread, const siginfo_t& info, bool fatal);

// alt_stack.cc ---------------------------------------------------------------------------------------

bool on_alt_stack(const AltStack& stack, uint64_t sp);
uint32_t alt_stack_state(const AltStack& stack, uint64_t sp);  // SS_DISABLE, SS_ONSTACK or 0
int64_t set_alt_stack(AltStack* stack, uint64_t guest_sp, uint64_t sp, uint64_t size, uint32_t flags);

}  // namespace armature::signals
