// SPDX-License-Identifier: MIT
// The list of live guest threads. Indices are given as QEMU gives them (one above the highest live one),
// because plugins size their tables by them.
#include "guest/thread.h"

#include <mutex>
#include <new>
#include <vector>

namespace armature::guest {
namespace {

struct ThreadList {
    std::mutex mutex;
    std::vector<Thread*> threads;
    unsigned started = 0;
};

// Constructed at compile time and never destroyed: threads may still run while the process exits.
union Immortal {
    ThreadList list;
    constexpr Immortal() : list() {}
    ~Immortal() {}
};
constinit Immortal immortal;

ThreadList& list() {
    return immortal.list;
}

[[gnu::tls_model("initial-exec")]] constinit thread_local Thread* current = nullptr;

}  // namespace

Thread* current_thread() {
    return current;
}

void set_current_thread(Thread* thread) {
    current = thread;
}

void lock_threads() {
    list().mutex.lock();
}

void unlock_threads() {
    list().mutex.unlock();
}

void register_thread(Thread* thread) {
    std::lock_guard lock(list().mutex);
    unsigned index = 0;
    for (const Thread* other : list().threads) {
        if (other->cpu.vcpu_index >= index) index = other->cpu.vcpu_index + 1;
    }
    thread->cpu.vcpu_index = index;
    if (index + 1 > list().started) list().started = index + 1;
    list().threads.push_back(thread);
}

void unregister_thread(Thread* thread) {
    std::lock_guard lock(list().mutex);
    std::erase(list().threads, thread);
}

unsigned live_threads() {
    std::lock_guard lock(list().mutex);
    return static_cast<unsigned>(list().threads.size());
}

unsigned vcpus_started() {
    std::lock_guard lock(list().mutex);
    return list().started;
}

void for_each_thread(void (*fn)(Thread*, void*), void* argument) {
    std::lock_guard lock(list().mutex);
    for (Thread* thread : list().threads) fn(thread, argument);
}

bool try_for_each_thread(void (*fn)(Thread*, void*), void* argument) {
    const std::unique_lock lock(list().mutex, std::try_to_lock);
    if (!lock) return false;
    for (Thread* thread : list().threads) fn(thread, argument);
    return true;
}

void reset_threads_after_fork(Thread* survivor) {
    // The lock may be held by a thread that the child does not have.
    new (&list().mutex) std::mutex;
    list().threads.assign(1, survivor);
}

}  // namespace armature::guest
