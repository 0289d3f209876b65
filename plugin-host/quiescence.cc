// SPDX-License-Identifier: MIT
#include "plugin-host/quiescence.h"

#include <sched.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <new>
#include <vector>

namespace armature::plugin_host {

namespace {

// One for each thread that ever was in a section; those of ended threads are used again. Never freed.
struct Reader {
    std::atomic<uint64_t> epoch{0};  // 0: in no section
    std::atomic<bool> in_use{true};
    unsigned depth = 0;
    Reader* next = nullptr;
};

struct Deferred {
    uint64_t epoch;
    void (*fn)(void*);
    void* argument;
};

std::atomic<Reader*> readers{nullptr};
std::atomic<uint64_t> present_epoch{1};
std::atomic<size_t> deferred_count{0};
std::atomic<Reader*> closed_by{nullptr};  // the thread that forks

std::vector<Deferred>& deferred() {
    static auto* list = new std::vector<Deferred>;
    return *list;
}

Reader* claim_reader() {
    for (Reader* reader = readers.load(); reader != nullptr; reader = reader->next) {
        bool free = false;
        if (reader->in_use.compare_exchange_strong(free, true)) return reader;
    }
    auto* reader = new Reader;
    reader->next = readers.load();
    while (!readers.compare_exchange_weak(reader->next, reader)) {
    }
    return reader;
}

struct ReaderOwner {
    Reader* reader = claim_reader();
    ~ReaderOwner() {
        reader->depth = 0;
        reader->epoch.store(0);
        reader->in_use.store(false);
    }
};

Reader& own_reader() {
    thread_local ReaderOwner owner;
    return *owner.reader;
}

uint64_t oldest_epoch() {
    uint64_t oldest = ~uint64_t{0};
    for (Reader* reader = readers.load(); reader != nullptr; reader = reader->next) {
        uint64_t epoch = reader->epoch.load();
        if (epoch != 0 && epoch < oldest) oldest = epoch;
    }
    return oldest;
}

void run_deferred() {
    std::vector<Deferred> ready;
    {
        HostLock lock;
        uint64_t oldest = oldest_epoch();
        std::vector<Deferred>& list = deferred();
        for (size_t i = 0; i < list.size();) {
            if (list[i].epoch < oldest) {
                ready.push_back(list[i]);
                list.erase(list.begin() + static_cast<ptrdiff_t>(i));
            } else {
                i++;
            }
        }
        deferred_count.store(list.size());
    }
    for (const Deferred& item : ready) item.fn(item.argument);
}

// A recursive lock that survives a fork: std::recursive_mutex knows its owner by thread id, which the child
// changes.
alignas(std::mutex) unsigned char mutex_storage[sizeof(std::mutex)];
std::mutex& mutex() {
    static auto* made = new (mutex_storage) std::mutex;
    return *made;
}
thread_local char thread_marker;
std::atomic<void*> lock_owner{nullptr};
unsigned lock_depth = 0;

}  // namespace

void enter_section() {
    Reader& reader = own_reader();
    if (reader.depth++ != 0) return;
    for (;;) {
        // The store must be visible before any list is read: seq_cst, against the writer's swap and scan.
        reader.epoch.store(present_epoch.load());
        const Reader* forking = closed_by.load();
        if (forking == nullptr || forking == &reader) return;
        reader.epoch.store(0);
        sched_yield();
    }
}

void close_sections() {
    const Reader* own = &own_reader();
    closed_by.store(&own_reader());
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(1);
    for (;;) {
        bool busy = false;
        for (const Reader* reader = readers.load(); reader != nullptr; reader = reader->next) {
            busy |= reader != own && reader->epoch.load() != 0;
        }
        if (!busy || std::chrono::steady_clock::now() > patience) return;
        sched_yield();
    }
}

void open_sections() {
    closed_by.store(nullptr);
}

void leave_section() {
    Reader& reader = own_reader();
    if (--reader.depth != 0) return;
    reader.epoch.store(0);
    if (deferred_count.load() != 0) run_deferred();
}

unsigned section_depth() {
    return own_reader().depth;
}

void defer(void (*fn)(void*), void* argument) {
    {
        HostLock lock;
        deferred().push_back({present_epoch.fetch_add(1), fn, argument});
        deferred_count.store(deferred().size());
    }
    run_deferred();
}

void lock_host() {
    if (lock_owner.load(std::memory_order_relaxed) != &thread_marker) {
        mutex().lock();
        lock_owner.store(&thread_marker, std::memory_order_relaxed);
    }
    lock_depth++;
}

void unlock_host() {
    if (--lock_depth != 0) return;
    lock_owner.store(nullptr, std::memory_order_relaxed);
    mutex().unlock();
}

void reset_after_fork() {
    Reader* own = &own_reader();
    for (Reader* reader = readers.load(); reader != nullptr; reader = reader->next) {
        if (reader == own) continue;
        reader->depth = 0;
        reader->epoch.store(0);
        reader->in_use.store(false);
    }
    lock_depth = 0;
    lock_owner.store(nullptr);
    new (mutex_storage) std::mutex;
}

}  // namespace armature::plugin_host
