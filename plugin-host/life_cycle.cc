// SPDX-License-Identifier: MIT
#include "plugin-host/life_cycle.h"

#include <cstdio>
#include <cstdlib>
#include <vector>

#include "guest/thread.h"
#include "plugin-host/events.h"
#include "plugin-host/quiescence.h"
#include "support/log.h"
#include "translator/translator.h"

namespace armature::plugin_host {

namespace {

struct Request {
    Plugin* plugin;
    bool uninstall;
    Callback done;
};

struct Work {
    void (*fn)(void*);
    void* argument;
};

// What a plugin asks for inside an exclusive section (reset from a reset callback) is done at the end of the
// same one: the translator's exclusive sections do not nest.
thread_local bool in_exclusive = false;
thread_local std::vector<Work>* waiting = nullptr;

void run_work(void* argument) {
    auto* work = static_cast<Work*>(argument);
    std::vector<Work> more;
    in_exclusive = true;
    waiting = &more;
    work->fn(work->argument);
    for (size_t i = 0; i < more.size(); i++) {
        Work next = more[i];
        next.fn(next.argument);
    }
    waiting = nullptr;
    in_exclusive = false;
    delete work;
}

void exclusively(void (*fn)(void*), void* argument) {
    if (in_exclusive) {
        waiting->push_back({fn, argument});
    } else {
        translator::run_exclusive(run_work, new Work{fn, argument});
    }
}

bool exit_callbacks_ran = false;

// Plugins are installed before there is a translator to drop translations of; what a thread of theirs asks
// for by then waits. Under the host's lock.
bool started = false;
std::vector<Request*>& held() {
    static auto* list = new std::vector<Request*>;
    return *list;
}

// Last step: no vCPU in translated code, and no thread that still has one of the plugin's callbacks.
void complete(void* argument) {
    auto* request = static_cast<Request*>(argument);
    translator::flush_all();
    {
        HostLock lock;
        Plugin::State& state = request->plugin->state;
        if (request->uninstall) {
            state = Plugin::State::Gone;
        } else if (state == Plugin::State::Resetting) {
            state = Plugin::State::Live;
        }
    }
    if (request->done.function != nullptr) {
        Section section;
        call_simple(request->done);
    }
    delete request;
}

void carry_out(Request* request) {
    defer([](void* argument) { exclusively(complete, argument); }, request);
}

void run_exit_callbacks(void*) {
    {
        HostLock lock;
        if (exit_callbacks_ran) return;
        exit_callbacks_ran = true;
    }
    Section section;
    CallbackList last = callbacks(Event::AtExit);
    // Plugins may free what they have in their exit callback, so nothing of theirs may run after it.
    for (Plugin* plugin : plugins()) remove_all_callbacks(plugin);
    translator::flush_all();
    for (const Callback& callback : last) call_with_userdata(callback);
    fflush(nullptr);
    support::flush_log();
}

}  // namespace

void request_reset(Plugin* plugin, bool uninstall, void* function, void* userdata) {
    {
        HostLock lock;
        if (plugin->state == Plugin::State::Uninstalling) return;
        if (!uninstall && plugin->state == Plugin::State::Resetting) return;
        plugin->state = uninstall ? Plugin::State::Uninstalling : Plugin::State::Resetting;
    }
    remove_all_callbacks(plugin);
    auto* request = new Request{plugin, uninstall, {plugin, function, userdata}};
    {
        HostLock lock;
        if (!started) {
            held().push_back(request);
            return;
        }
    }
    carry_out(request);
}

void start_life_cycle() {
    std::vector<Request*> waiting_requests;
    {
        HostLock lock;
        started = true;
        waiting_requests.swap(held());
    }
    for (Request* request : waiting_requests) carry_out(request);
}

void run_exit_callbacks_at_exit() {
    atexit([] { run_exit_callbacks(nullptr); });
}

void before_exit() {
    exclusively(run_exit_callbacks, nullptr);
    run_exit_callbacks(nullptr);  // in case that the above can run only later
}

// If the exec fails after all, the guest goes on without plugins: they have had their exit callbacks.
void before_exec() {
    before_exit();
}

void before_fork() {
    close_sections();
    fflush(nullptr);  // or the child would print again what is buffered
    lock_host();
}

void after_fork(bool child) {
    if (!child) {
        unlock_host();
        open_sections();
        return;
    }
    reset_after_fork();
    open_sections();
    if (guest::Thread* thread = guest::current_thread(); thread != nullptr) {
        keep_only_vcpu(thread->cpu.vcpu_index);
    }
}

}  // namespace armature::plugin_host
