// SPDX-License-Identifier: MIT
#include "translator/runtime/exclusive.h"

#include <sched.h>

#include <mutex>
#include <vector>

namespace armature::translator {
namespace runtime {
namespace {

struct Work {
    void (*fn)(void*);
    void* argument;
};

std::mutex exclusive_mutex;  // held by the owner of the exclusive right
std::atomic<bool> exclusive_wanted{false};
thread_local bool holds_exclusive = false;  // exclusive work may ask for exclusive work: it runs at once
std::mutex queue_mutex;
std::vector<Work>* queue = nullptr;  // work that waits for its caller to leave translated code
std::atomic<bool> queued{false};

void run_queue() {
    std::vector<Work> work;
    {
        const std::lock_guard guard(queue_mutex);
        if (queue) work.swap(*queue);
        queued.store(false);
    }
    for (const Work& item : work) exclusively(item.fn, item.argument);
}

}  // namespace

void enter_inside(ThreadRuntime& runtime) {
    if (queued.load(std::memory_order_relaxed)) run_queue();
    for (;;) {
        runtime.inside.store(true, std::memory_order_seq_cst);
        if (!exclusive_wanted.load(std::memory_order_seq_cst)) return;
        runtime.inside.store(false, std::memory_order_release);
        const std::lock_guard wait(exclusive_mutex);
    }
}

void leave_inside(ThreadRuntime& runtime) {
    runtime.inside.store(false, std::memory_order_release);
    if (queued.load(std::memory_order_relaxed)) run_queue();
}

void exclusively(void (*fn)(void*), void* argument) {
    if (holds_exclusive) return fn(argument);
    const std::lock_guard owner(exclusive_mutex);
    holds_exclusive = true;
    exclusive_wanted.store(true, std::memory_order_seq_cst);
    for_each_runtime([](ThreadRuntime& other, void*) { request_exit(other.thread); }, nullptr);
    for (;;) {
        bool busy = false;
        for_each_runtime(
            [](ThreadRuntime& other, void* flag) {
                *static_cast<bool*>(flag) |= other.inside.load(std::memory_order_seq_cst);
            },
            &busy);
        if (!busy) break;
        sched_yield();
    }
    fn(argument);
    exclusive_wanted.store(false, std::memory_order_seq_cst);
    holds_exclusive = false;
}

void reset_exclusive_after_fork() {
    new (&exclusive_mutex) std::mutex;
    if (holds_exclusive) exclusive_mutex.lock();  // the fork was exclusive work
    new (&queue_mutex) std::mutex;
    exclusive_wanted.store(false);
}

}  // namespace runtime

void run_exclusive(void (*fn)(void*), void* argument) {
    guest::Thread* self = guest::current_thread();
    if (!self || !self->runtime || !self->runtime->inside.load(std::memory_order_relaxed)) {
        runtime::exclusively(fn, argument);
        return;
    }
    {
        const std::lock_guard guard(runtime::queue_mutex);
        if (!runtime::queue) runtime::queue = new std::vector<runtime::Work>;
        runtime::queue->push_back({fn, argument});
        runtime::queued.store(true);
    }
    request_exit(self);
}

}  // namespace armature::translator
