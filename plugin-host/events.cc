// SPDX-License-Identifier: MIT
#include "plugin-host/events.h"

#include <algorithm>
#include <atomic>

#include "guest/observer.h"
#include "guest/thread.h"
#include "plugin-host/instrument.h"
#include "plugin-host/life_cycle.h"
#include "plugin-host/quiescence.h"
#include "plugin-host/scoreboard.h"
#include "plugin-host/syscall_events.h"
#include "translator/hooks.h"

namespace armature::plugin_host {

namespace {

const CallbackList kEmpty;
std::atomic<const CallbackList*> lists[kEventCount];
bool attached = false;

std::vector<unsigned>& vcpu_list() {
    static auto* list = new std::vector<unsigned>;
    return *list;
}

struct Current {
    explicit Current(Plugin* plugin) : previous(current_plugin) { current_plugin = plugin; }
    ~Current() { current_plugin = previous; }
    Plugin* previous;
};

void fire_vcpu(Event event, unsigned index) {
    Section section;
    for (const Callback& callback : callbacks(event)) call_vcpu(callback, index);
}

void vcpu_init(guest::Thread* thread) {
    unsigned index = thread->cpu.vcpu_index;
    prepare_scoreboards(&thread->cpu);
    {
        HostLock lock;
        std::vector<unsigned>& list = vcpu_list();
        list.insert(std::lower_bound(list.begin(), list.end(), index), index);
    }
    fire_vcpu(Event::VcpuInit, index);
}

void vcpu_exit(guest::Thread* thread) {
    unsigned index = thread->cpu.vcpu_index;
    fire_vcpu(Event::VcpuExit, index);
    HostLock lock;
    std::erase(vcpu_list(), index);
}

void vcpu_idle(guest::Thread* thread) {
    fire_vcpu(Event::VcpuIdle, thread->cpu.vcpu_index);
}

void vcpu_resume(guest::Thread* thread) {
    fire_vcpu(Event::VcpuResume, thread->cpu.vcpu_index);
}

void flushed() {
    Section section;
    for (const Callback& callback : callbacks(Event::Flush)) call_simple(callback);
}

void discontinuity(guest::Thread* thread, guest::Discontinuity kind, uint64_t from_pc, uint64_t to_pc) {
    struct Row {
        Event event;
        int type;
    };
    static constexpr Row kRows[] = {{Event::Interrupt, 1}, {Event::Exception, 2}, {Event::HostCall, 4}};
    const Row& row = kRows[static_cast<int>(kind)];
    unsigned index = thread->cpu.vcpu_index;
    Section section;
    for (const Callback& callback : callbacks(row.event)) {
        Current current(callback.plugin);
        if (callback.plugin->version >= 7) {
            using Function = void (*)(unsigned, int, uint64_t, uint64_t, void*);
            reinterpret_cast<Function>(callback.function)(index, row.type, from_pc, to_pc, callback.userdata);
        } else {
            using Function = void (*)(uint64_t, unsigned, int, uint64_t, uint64_t);
            reinterpret_cast<Function>(callback.function)(callback.plugin->id, index, row.type, from_pc,
                                                          to_pc);
        }
    }
}

template <typename Function>
void set_hook(Function** hook, Function* function, bool wanted) {
    __atomic_store_n(hook, wanted ? function : nullptr, __ATOMIC_RELEASE);
}

bool wanted(Event event) {
    const CallbackList* list = lists[static_cast<unsigned>(event)].load();
    return list != nullptr && !list->empty();
}

// Under the host's lock, so that two changes cannot leave the hooks of the earlier one.
void update_hooks() {
    if (!attached) return;
    guest::Observer& observer = guest::observer;
    set_hook(&translator::hooks.translate, &translate_block, wanted(Event::TbTrans));
    set_hook(&translator::hooks.flushed, &flushed, wanted(Event::Flush));
    set_hook(&observer.vcpu_idle, &vcpu_idle, wanted(Event::VcpuIdle));
    set_hook(&observer.vcpu_resume, &vcpu_resume, wanted(Event::VcpuResume));
    set_hook(&observer.discontinuity, &discontinuity,
             wanted(Event::Interrupt) || wanted(Event::Exception) || wanted(Event::HostCall));
    set_hook(&observer.syscall, &syscall_entry, wanted(Event::Syscall));
    // A system call callback can move the program counter; then the filter keeps the call from being made.
    set_hook(&observer.syscall_filter, &syscall_filter,
             wanted(Event::SyscallFilter) || wanted(Event::Syscall));
    set_hook(&observer.syscall_return, &syscall_return, wanted(Event::SyscallReturn));
}

// Replaces one list; the old one is returned and freed by the caller, without the lock.
const CallbackList* replace(Event event, CallbackList next) {
    const CallbackList* fresh = next.empty() ? nullptr : new CallbackList(std::move(next));
    const CallbackList* old = lists[static_cast<unsigned>(event)].exchange(fresh);
    update_hooks();
    return old;
}

void free_later(const CallbackList* list) {
    if (list == nullptr) return;
    defer([](void* p) { delete static_cast<const CallbackList*>(p); }, const_cast<CallbackList*>(list));
}

}  // namespace

const CallbackList& callbacks(Event event) {
    const CallbackList* list = lists[static_cast<unsigned>(event)].load();
    return list != nullptr ? *list : kEmpty;
}

void set_callback(Event event, Plugin* plugin, void* function, void* userdata) {
    const CallbackList* old = nullptr;
    {
        HostLock lock;  // which also keeps the list: no section needed
        if (function != nullptr && plugin->state == Plugin::State::Uninstalling) return;
        CallbackList next = callbacks(event);
        std::erase_if(next, [&](const Callback& callback) { return callback.plugin == plugin; });
        if (function != nullptr) {
            // The plugin loaded last comes first.
            auto after = [&](const Callback& callback) { return callback.plugin->id < plugin->id; };
            next.insert(std::find_if(next.begin(), next.end(), after), {plugin, function, userdata});
        }
        old = replace(event, std::move(next));
    }
    free_later(old);
}

void remove_all_callbacks(Plugin* plugin) {
    for (unsigned i = 0; i < kEventCount; i++) set_callback(static_cast<Event>(i), plugin, nullptr, nullptr);
}

void attach_events() {
    HostLock lock;
    attached = true;
    guest::observer.vcpu_init = vcpu_init;
    guest::observer.vcpu_exit = vcpu_exit;
    guest::observer.before_exit = before_exit;
    guest::observer.before_exec = before_exec;
    guest::observer.before_fork = before_fork;
    guest::observer.after_fork = after_fork;
    translator::hooks.translate_done = translate_block_done;
    update_hooks();
}

std::vector<unsigned> live_vcpus() {
    HostLock lock;
    return vcpu_list();
}

void keep_only_vcpu(unsigned index) {
    HostLock lock;
    vcpu_list().assign(1, index);
}

void call_simple(const Callback& callback) {
    Current current(callback.plugin);
    if (callback.plugin->version >= 7) {
        reinterpret_cast<void (*)(void*)>(callback.function)(callback.userdata);
    } else {
        reinterpret_cast<void (*)(uint64_t)>(callback.function)(callback.plugin->id);
    }
}

void call_with_userdata(const Callback& callback) {
    Current current(callback.plugin);
    if (callback.plugin->version >= 7) {
        reinterpret_cast<void (*)(void*)>(callback.function)(callback.userdata);
    } else {
        using Function = void (*)(uint64_t, void*);
        reinterpret_cast<Function>(callback.function)(callback.plugin->id, callback.userdata);
    }
}

void call_vcpu(const Callback& callback, unsigned vcpu_index) {
    Current current(callback.plugin);
    if (callback.plugin->version >= 7) {
        reinterpret_cast<void (*)(unsigned, void*)>(callback.function)(vcpu_index, callback.userdata);
    } else {
        reinterpret_cast<void (*)(uint64_t, unsigned)>(callback.function)(callback.plugin->id, vcpu_index);
    }
}

}  // namespace armature::plugin_host
