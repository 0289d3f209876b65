// SPDX-License-Identifier: MIT
#include "plugin-host/syscall_events.h"

#include "plugin-host/events.h"
#include "plugin-host/quiescence.h"

namespace armature::plugin_host {

namespace {

struct Frame {
    void* place[5];
    Frame* outer;
    Plugin* outer_plugin;
};

thread_local Frame* innermost = nullptr;
thread_local bool moved = false;  // set_pc was called for the system call under way

// The callbacks' arguments, and the call in each version's form.
struct Call {
    unsigned vcpu;
    int64_t number;
    const uint64_t* a;
    int64_t result;
    int64_t* filtered;
    bool answer;

    void entry(const Callback& callback) {
        if (callback.plugin->version >= 7) {
            using Function = void (*)(unsigned, int64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                                      uint64_t, uint64_t, uint64_t, void*);
            reinterpret_cast<Function>(callback.function)(vcpu, number, a[0], a[1], a[2], a[3], a[4], a[5],
                                                          a[6], a[7], callback.userdata);
        } else {
            using Function = void (*)(uint64_t, unsigned, int64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                                      uint64_t, uint64_t, uint64_t, uint64_t);
            reinterpret_cast<Function>(callback.function)(callback.plugin->id, vcpu, number, a[0], a[1], a[2],
                                                          a[3], a[4], a[5], a[6], a[7]);
        }
    }
    void filter(const Callback& callback) {
        if (callback.plugin->version >= 7) {
            using Function = bool (*)(unsigned, int64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                                      uint64_t, uint64_t, uint64_t, int64_t*, void*);
            answer = reinterpret_cast<Function>(callback.function)(
                vcpu, number, a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], filtered, callback.userdata);
        } else {
            using Function = bool (*)(uint64_t, unsigned, int64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                                      uint64_t, uint64_t, uint64_t, uint64_t, int64_t*);
            answer = reinterpret_cast<Function>(callback.function)(
                callback.plugin->id, vcpu, number, a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], filtered);
        }
    }
    void finish(const Callback& callback) {
        if (callback.plugin->version >= 7) {
            using Function = void (*)(unsigned, int64_t, int64_t, void*);
            reinterpret_cast<Function>(callback.function)(vcpu, number, result, callback.userdata);
        } else {
            using Function = void (*)(uint64_t, unsigned, int64_t, int64_t);
            reinterpret_cast<Function>(callback.function)(callback.plugin->id, vcpu, number, result);
        }
    }
};

// False if the callback was left by set_pc. Kept small and out of line: no local may live across the second
// return.
[[gnu::noinline]] bool call_guarded(Call* call, void (Call::*member)(const Callback&),
                                    const Callback* callback) {
    Frame frame;
    frame.outer = innermost;
    frame.outer_plugin = current_plugin;
    if (__builtin_setjmp(frame.place) != 0) {
        Frame* self = innermost;
        innermost = self->outer;
        current_plugin = self->outer_plugin;
        return false;
    }
    innermost = &frame;
    current_plugin = callback->plugin;
    (call->*member)(*callback);
    current_plugin = frame.outer_plugin;
    innermost = frame.outer;
    return true;
}

[[noreturn, gnu::noinline]] void jump_to(Frame* frame) {
    __builtin_longjmp(frame->place, 1);
}

}  // namespace

void syscall_entry(guest::Thread* thread, int64_t number, const uint64_t arguments[8]) {
    moved = false;
    Call call{thread->cpu.vcpu_index, number, arguments, 0, nullptr, false};
    Section section;
    for (const Callback& callback : callbacks(Event::Syscall)) {
        if (!call_guarded(&call, &Call::entry, &callback)) break;
    }
}

bool syscall_filter(guest::Thread* thread, int64_t number, const uint64_t arguments[8], int64_t* result) {
    Call call{thread->cpu.vcpu_index, number, arguments, 0, result, false};
    if (!moved) {
        *result = 0;
        Section section;
        for (const Callback& callback : callbacks(Event::SyscallFilter)) {
            if (!call_guarded(&call, &Call::filter, &callback) || call.answer) break;
        }
    }
    if (!moved) return call.answer;
    moved = false;
    *result = static_cast<int64_t>(thread->cpu.x[0]);  // no register changes
    return true;
}

void syscall_return(guest::Thread* thread, int64_t number, int64_t result) {
    Call call{thread->cpu.vcpu_index, number, nullptr, result, nullptr, false};
    Section section;
    for (const Callback& callback : callbacks(Event::SyscallReturn)) {
        if (!call_guarded(&call, &Call::finish, &callback)) break;
    }
    moved = false;
}

void leave_syscall_callback(uint64_t pc) {
    if (innermost == nullptr) return;
    guest::current_thread()->cpu.pc = pc;
    moved = true;
    jump_to(innermost);
}

}  // namespace armature::plugin_host
