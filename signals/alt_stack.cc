// SPDX-License-Identifier: MIT
// The guest's alternate signal stack, by the kernel's rules.
#include <cerrno>

#include "guest/user_access.h"
#include "signals/signals.h"
#include "signals/thread_signals.h"

namespace armature::signals {
namespace {

constexpr uint64_t kMinimumStackSize = 5120;  // AArch64's MINSIGSTKSZ: a frame needs 4704 bytes

struct GuestStack {
    uint64_t sp = 0;
    int32_t flags = 0;
    uint32_t padding = 0;
    uint64_t size = 0;
};

}  // namespace

bool on_alt_stack(const AltStack& stack, uint64_t sp) {
    // With SS_AUTODISARM the stack counts as free as soon as the handler runs.
    if (stack.flags & kAutodisarm) return false;
    return sp > stack.sp && sp - stack.sp <= stack.size;
}

uint32_t alt_stack_state(const AltStack& stack, uint64_t sp) {
    if (stack.size == 0) return SS_DISABLE;
    return on_alt_stack(stack, sp) ? SS_ONSTACK : 0;
}

int64_t set_alt_stack(AltStack* stack, uint64_t guest_sp, uint64_t sp, uint64_t size, uint32_t flags) {
    if (on_alt_stack(*stack, guest_sp)) return -EPERM;
    const uint32_t mode = flags & ~kAutodisarm;
    if (mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0) return -EINVAL;
    if (mode == SS_DISABLE) {
        sp = 0;
        size = 0;
    } else if (size < kMinimumStackSize) {
        return -ENOMEM;
    }
    stack->sp = sp;
    stack->size = size;
    stack->flags = flags;
    return 0;
}

int64_t sys_sigaltstack(guest::Thread* thread, uint64_t stack, uint64_t old_stack) {
    AltStack* alt_stack = &state_of(thread)->alt_stack;
    GuestStack wanted;
    if (stack != 0 && !guest::read_object(&wanted, stack)) return -EFAULT;
    GuestStack old;
    old.sp = alt_stack->sp;
    old.size = alt_stack->size;
    old.flags =
        static_cast<int32_t>(alt_stack_state(*alt_stack, thread->cpu.sp) | (alt_stack->flags & kAutodisarm));
    if (stack != 0) {
        const int64_t error = set_alt_stack(alt_stack, thread->cpu.sp, wanted.sp, wanted.size,
                                            static_cast<uint32_t>(wanted.flags));
        if (error != 0) return error;
    }
    if (old_stack != 0 && !guest::write_object(old_stack, old)) return -EFAULT;
    return 0;
}

}  // namespace armature::signals
