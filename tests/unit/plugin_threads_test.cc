// SPDX-License-Identifier: MIT
// The plugin host's callback lists under threads: readers that take no lock, writers that replace, remove and
// reset from inside callbacks and from outside. Made for the thread sanitizer, which cannot follow translated
// code; so this file, like plugin_host_test.cc, plays the translator's part.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>

#include "plugin-host/events.h"
#include "plugin-host/life_cycle.h"
#include "plugin-host/quiescence.h"
#include "tests/unit/callback_stubs.h"
#include "translator/hooks.h"
#include "translator/translator.h"

namespace armature {

namespace translator {

Hooks hooks;

namespace {
std::recursive_mutex exclusive;
}

void flush_all() {}
void invalidate(uint64_t, uint64_t) {}
void run_exclusive(void (*fn)(void*), void* argument) {
    const std::lock_guard guard(exclusive);
    fn(argument);
}

}  // namespace translator

namespace {

using namespace plugin_host;

constexpr int kReaders = 8;
constexpr auto kTime = std::chrono::milliseconds(700);

// What a plugin's userdata points to: freed (marked) when the reset that removes its callbacks is complete.
struct Life {
    std::atomic<bool> over{false};
    uint64_t plain = 0;  // written before it is registered and after its end only: a race is a missing order
};

Plugin plugin;
std::atomic<uint64_t> heard{0};
std::atomic<uint64_t> late{0};
std::atomic<uint64_t> ends{0};

void on_event(void* userdata) {
    auto* life = static_cast<Life*>(userdata);
    heard.fetch_add(1, std::memory_order_relaxed);
    if (life->over.load(std::memory_order_relaxed) || life->plain != 1) late.fetch_add(1);
}

void on_reset(void* userdata) {
    auto* life = static_cast<Life*>(userdata);
    life->over.store(true, std::memory_order_relaxed);
    life->plain = 2;
    ends.fetch_add(1);
}

void start_life(std::vector<Life*>* all) {
    auto* life = new Life;
    life->plain = 1;
    all->push_back(life);
    for (const Event event : {Event::VcpuIdle, Event::Flush, Event::VcpuResume})
        set_callback(event, &plugin, reinterpret_cast<void*>(on_event), life);
}

TEST(PluginThreads, ListsAreReadWhileTheyChange) {
    plugin.id = 1;
    plugin.version = 7;
    plugin.state = Plugin::State::Live;
    add_plugin(&plugin);
    start_life_cycle();

    std::atomic<bool> stop{false};
    std::vector<std::thread> readers;
    readers.reserve(kReaders);
    for (int i = 0; i < kReaders; i++) {
        readers.emplace_back([&stop] {
            while (!stop.load()) {
                Section section;
                for (const Event event : {Event::VcpuIdle, Event::Flush, Event::VcpuResume}) {
                    for (const Callback& callback : callbacks(event)) call_simple(callback);
                }
            }
        });
    }
    // Callbacks that are registered from two threads at once, for other events.
    std::thread restless([&stop] {
        Life life;
        while (!stop.load()) {
            set_callback(Event::VcpuInit, &plugin, reinterpret_cast<void*>(on_event), &life);
            Section section;
            set_callback(Event::VcpuInit, &plugin, nullptr, nullptr);
            std::this_thread::sleep_for(std::chrono::microseconds(100));
        }
    });
    std::vector<Life*> lives;
    const auto end = std::chrono::steady_clock::now() + kTime;
    uint64_t resets = 0;
    while (std::chrono::steady_clock::now() < end) {
        start_life(&lives);
        std::this_thread::sleep_for(std::chrono::microseconds(200));
        {
            // Asked for from a callback: completed when all sections that are open now have ended.
            Section section;
            request_reset(&plugin, false, reinterpret_cast<void*>(on_reset), lives.back());
            EXPECT_EQ(ends.load(), resets);
        }
        resets++;
        while (ends.load() < resets) std::this_thread::yield();
    }
    stop.store(true);
    for (std::thread& reader : readers) reader.join();
    restless.join();
    EXPECT_GT(heard.load(), 0u);
    EXPECT_EQ(late.load(), 0u);
    for (const Life* life : lives) {
        EXPECT_EQ(life->plain, 2u);
        delete life;
    }
}

}  // namespace
}  // namespace armature
