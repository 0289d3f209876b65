// SPDX-License-Identifier: MIT
// The plugin host without a translator: this file plays the translator's part. It shows blocks to the host,
// and runs the probes that come back as translated code would.
#include "plugin-host/plugin_host.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ucontext.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <sstream>
#include <thread>

#include "guest/observer.h"
#include "guest/options.h"
#include "guest/thread.h"
#include "guest/user_access.h"
#include "loader/loader.h"
#include "plugin-host/command_line.h"
#include "plugin-host/exports.h"
#include "plugin-host/quiescence.h"
#include "support/log.h"
#include "tests/unit/callback_stubs.h"
#include "translator/hooks.h"
#include "translator/translator.h"

namespace armature {

namespace translator {

Hooks hooks;

namespace {
std::atomic<int> flush_count{0};
bool in_code = false;
std::vector<std::pair<void (*)(void*), void*>> waiting;  // for translated code to be left
}  // namespace

void flush_all() {
    flush_count++;
    if (hooks.flushed != nullptr) hooks.flushed();
}
void invalidate(uint64_t, uint64_t) {}
void run_exclusive(void (*fn)(void*), void* argument) {
    if (in_code) {
        waiting.emplace_back(fn, argument);
    } else {
        fn(argument);
    }
}

}  // namespace translator

namespace {

using translator::Probe;
using translator::ProbeKind;

bool holds(translator::ProbeCondition condition, uint64_t left, uint64_t right) {
    switch (condition) {
        case translator::ProbeCondition::Never:
            return false;
        case translator::ProbeCondition::Always:
            return true;
        case translator::ProbeCondition::Eq:
            return left == right;
        case translator::ProbeCondition::Ne:
            return left != right;
        case translator::ProbeCondition::Lt:
            return left < right;
        case translator::ProbeCondition::Le:
            return left <= right;
        case translator::ProbeCondition::Gt:
            return left > right;
        case translator::ProbeCondition::Ge:
            return left >= right;
    }
    return false;
}

void run_probe(const Probe& probe, guest::CpuState& cpu, uint32_t info = 0, uint64_t address = 0) {
    const unsigned vcpu = cpu.vcpu_index;
    cpu.callback_access = probe.access_level;
    switch (probe.kind) {
        case ProbeKind::ConditionalCallback:
            if (!holds(probe.condition, *probe.counter.of(cpu), probe.immediate)) return;
            [[fallthrough]];
        case ProbeKind::Callback:
            reinterpret_cast<void (*)(unsigned, void*)>(probe.function)(vcpu, probe.userdata);
            return;
        case ProbeKind::AddU64:
            *probe.counter.of(cpu) += probe.immediate;
            return;
        case ProbeKind::StoreU64:
            *probe.counter.of(cpu) = probe.immediate;
            return;
        case ProbeKind::CombineU64: {
            uint64_t& counter = *probe.counter.of(cpu);
            counter = combine(counter, probe.operation, probe.of_address ? address : probe.immediate);
            return;
        }
        case ProbeKind::MemoryCallback: {
            using Function = void (*)(unsigned, uint32_t, uint64_t, void*);
            reinterpret_cast<Function>(probe.function)(vcpu, info, address, probe.userdata);
            return;
        }
    }
}

// Three instructions: nop; ldr x0, [..]; ret. The second one loads `cell`.
struct Block {
    alignas(8) uint32_t code[3] = {0xd503201f, 0xf9400020, 0xd65f03c0};
    uint64_t cell = 0x1122334455667788;
    std::vector<translator::ProbedInstruction> instructions;
    translator::ProbedBlock block;
    std::vector<Probe> entry, before[3], memory[3];

    void translate() {
        instructions.clear();
        for (uint32_t& word : code) instructions.push_back({reinterpret_cast<uint64_t>(&word), word, {}, {}});
        block = {reinterpret_cast<uint64_t>(code), instructions, {}};
        entry.clear();
        for (int i = 0; i < 3; i++) before[i].clear(), memory[i].clear();
        if (translator::hooks.translate == nullptr) return;
        translator::hooks.translate(&block);
        entry.assign(block.entry.begin(), block.entry.end());
        for (int i = 0; i < 3; i++) {
            before[i].assign(instructions[i].before.begin(), instructions[i].before.end());
            memory[i].assign(instructions[i].memory.begin(), instructions[i].memory.end());
        }
        translator::hooks.translate_done(&block);
    }
    void run(guest::Thread* thread) {
        translator::in_code = true;
        for (const Probe& probe : entry) run_probe(probe, thread->cpu);
        for (int i = 0; i < 3; i++) {
            for (const Probe& probe : before[i]) run_probe(probe, thread->cpu);
            if (i != 1) continue;
            thread->cpu.vector_scratch[0] = {cell, 0};
            for (const Probe& probe : memory[i]) {
                if (probe.access & 1) run_probe(probe, thread->cpu, 3, reinterpret_cast<uint64_t>(&cell));
            }
        }
        thread->cpu.callback_access = 0;
        translator::in_code = false;
        for (auto [fn, argument] : std::exchange(translator::waiting, {})) fn(argument);
    }
};

std::string probe_plugin(int version) {
    return std::string(ARMATURE_TEST_PLUGINS) + "/libapi" + std::to_string(version) + ".so";
}

// The signals folder's part: guest memory that is not there makes a copy fail.
void install_fault_handler() {
    struct sigaction action = {};
    action.sa_flags = SA_SIGINFO;
    action.sa_sigaction = [](int, siginfo_t*, void* context) {
        greg_t& pc = static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_RIP];
        uintptr_t next = guest::recover_fault(static_cast<uintptr_t>(pc));
        if (next == 0) abort();
        pc = static_cast<greg_t>(next);
    };
    sigaction(SIGSEGV, &action, nullptr);
}

// Each test is a process of its own, because plugins are loaded once in a process. The child's log is
// returned.
std::string in_child(void (*fn)()) {
    char path[] = "/tmp/plugin_host_test_XXXXXX";
    close(mkstemp(path));
    pid_t pid = fork();
    if (pid == 0) {
        install_fault_handler();
        support::open_log(path);
        support::set_log_mask(1u << static_cast<uint32_t>(support::LogItem::Plugin));
        fn();
        support::flush_log();
        _exit(testing::Test::HasFailure() ? 1 : 0);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    EXPECT_EQ(status, 0);
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    unlink(path);
    return text.str();
}

void load(std::vector<std::string> plugins) {
    guest::options.plugins = std::move(plugins);
    std::string error;
    ASSERT_TRUE(plugin_host::load_all(&error)) << error;
    plugin_host::attach();
}

guest::Thread* start_thread() {
    auto* thread = new guest::Thread;
    guest::set_current_thread(thread);
    guest::register_thread(thread);
    thread->cpu.sp = 0x7000;
    thread->cpu.pc = 0x1000;
    if (guest::observer.vcpu_init != nullptr) guest::observer.vcpu_init(thread);
    return thread;
}

// What the syscalls folder does around a call.
int64_t make_call(guest::Thread* thread, int64_t number) {
    const uint64_t arguments[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    int64_t result = -38;
    if (guest::observer.syscall != nullptr) guest::observer.syscall(thread, number, arguments);
    if (guest::observer.syscall_filter != nullptr) {
        int64_t filtered = 0;
        if (guest::observer.syscall_filter(thread, number, arguments, &filtered)) result = filtered;
    }
    if (guest::observer.syscall_return != nullptr) guest::observer.syscall_return(thread, number, result);
    return result;
}

// What plugins are told of the program; nothing is loaded here.
void name_program() {
    auto& program = const_cast<loader::Program&>(loader::current_program());
    program.path = "/bin/program";
    program.start_code = 0x1000;
    program.program_entry = 0x1000;
    program.end_code = 0x2000;
}

void run_program() {
    name_program();
    guest::Thread* thread = start_thread();
    Block block;
    block.translate();
    for (int i = 0; i < 5; i++) block.run(thread);
    make_call(thread, 5000);
    if (guest::observer.discontinuity != nullptr) {
        guest::observer.discontinuity(thread, guest::Discontinuity::HostCall, 4, 8);
    }
    guest::observer.before_exit();
    guest::observer.before_exit();
}

template <int version>
void one_version() {
    load({probe_plugin(version)});
    run_program();
}

TEST(PluginHost, EveryVersionSeesItsOwnInterface) {
    void (*const kRuns[])() = {one_version<0>, one_version<1>, one_version<2>, one_version<3>,
                               one_version<4>, one_version<5>, one_version<6>, one_version<7>};
    for (int version = 0; version <= 7; version++) {
        // Version 6 and 7 filter the call, so it is one call with one return all the same.
        EXPECT_EQ(in_child(kRuns[version]),
                  "api " + std::to_string(version) +
                      ": blocks=5 insns=15 loads=5 stores=0 calls=1 returns=1 vcpus=1/0 "
                      "errors=0 \n");
    }
}

TEST(PluginHost, VersionsRunSideBySideLastLoadedFirst) {
    std::string log = in_child([] {
        load({probe_plugin(1) + ",a=b", probe_plugin(7), probe_plugin(1) + ",c"});
        run_program();
    });
    EXPECT_NE(log.find("arg a=b\narg c=on\n"), std::string::npos) << log;
    size_t first = log.find("api 7: blocks=5 insns=15 loads=5 stores=0 calls=1 returns=1 vcpus=1/0 errors=0");
    // Version 7's filter answers, and version 1 checks the result for an unfiltered call: its one complaint.
    size_t second =
        log.find("api 1: blocks=5 insns=15 loads=5 stores=0 calls=1 returns=1 vcpus=1/0 errors=1 ret");
    EXPECT_NE(first, std::string::npos) << log;
    EXPECT_NE(second, std::string::npos) << log;
    EXPECT_LT(first, second);
}

TEST(PluginHost, NothingIsHookedWithoutPlugins) {
    in_child([] {
        load({});
        EXPECT_EQ(translator::hooks.translate, nullptr);
        EXPECT_EQ(translator::hooks.translate_done, nullptr);
        EXPECT_EQ(guest::observer.vcpu_init, nullptr);
        EXPECT_EQ(guest::observer.syscall, nullptr);
        EXPECT_EQ(guest::observer.before_exit, nullptr);
    });
}

std::string load_error(const std::string& option) {
    int pipes[2];
    EXPECT_EQ(pipe(pipes), 0);
    pid_t pid = fork();
    if (pid == 0) {
        guest::options.plugins = {option};
        std::string error;
        if (!plugin_host::load_all(&error)) {
            EXPECT_GT(write(pipes[1], error.data(), error.size()), 0);
        }
        _exit(0);
    }
    close(pipes[1]);
    char text[1000] = {};
    EXPECT_GE(read(pipes[0], text, sizeof(text) - 1), 0);
    close(pipes[0]);
    waitpid(pid, nullptr, 0);
    return text;
}

TEST(PluginHost, ErrorsNameThePluginAndTheReason) {
    EXPECT_EQ(
        load_error("/nowhere/x.so"),
        "plugin /nowhere/x.so: cannot be loaded: cannot open shared object file: No such file or directory");
    EXPECT_EQ(load_error(""), "-plugin : the file's name is empty; say -plugin FILE[,NAME=VALUE]...");
    EXPECT_EQ(load_error("inline=on,file=x"),
              "-plugin inline=on,file=x: inline comes before the file; say -plugin FILE[,NAME=VALUE]...");
    EXPECT_EQ(load_error("libc.so.6"),
              "plugin libc.so.6: has no symbol qemu_plugin_version: not a plugin, or one that does not say "
              "which API version it is for (if it is from 2019, before there were versions, say so with the "
              "argument qemu_plugin_version=seed)");
    std::string refusing = probe_plugin(4);
    EXPECT_EQ(load_error(refusing + ",fail"),
              "plugin " + refusing + ": refused to be installed: qemu_plugin_install returned 3");
    std::string bad = std::string(ARMATURE_TEST_PLUGINS) + "/libbad_version.so";
    EXPECT_EQ(load_error(bad), "plugin " + bad + ": is made for API version 8, supported are 0 to 7");
    std::string missing = std::string(ARMATURE_TEST_PLUGINS) + "/libno_install.so";
    EXPECT_EQ(load_error(missing), "plugin " + missing + ": has no symbol qemu_plugin_install");
    std::string undefined = std::string(ARMATURE_TEST_PLUGINS) + "/libundefined.so";
    EXPECT_EQ(load_error(undefined),
              "plugin " + undefined + ": cannot be loaded: undefined symbol: qemu_plugin_no_such_function");
}

TEST(PluginHost, CommandLine) {
    std::vector<plugin_host::PluginRequest> requests;
    std::string error;
    ASSERT_TRUE(
        plugin_host::parse_plugin_option("a.so,x=1,foo,nobar,arg=y,arg=z=2,p=q,,r", &requests, &error));
    ASSERT_TRUE(plugin_host::parse_plugin_option("file=b,,c.so", &requests, &error));
    ASSERT_TRUE(plugin_host::parse_plugin_option("file=a.so,last=", &requests, &error));
    ASSERT_EQ(requests.size(), 2u);
    EXPECT_EQ(requests[0].path, "a.so");
    EXPECT_EQ(requests[0].arguments,
              (std::vector<std::string>{"x=1", "foo=on", "bar=off", "y=on", "z=2", "p=q,r", "last="}));
    EXPECT_EQ(requests[1].path, "b,c.so");
    EXPECT_TRUE(requests[1].arguments.empty());
}

TEST(PluginHost, ResetsAndUninstallsItself) {
    std::string log = in_child([] {
        load({std::string(ARMATURE_TEST_PLUGINS) + "/liblife.so"});
        guest::Thread* thread = start_thread();
        Block block;
        // Resets from an instruction's callback; the reset callback registers again; uninstalls in the second
        // life.
        for (int i = 0; i < 6; i++) {
            block.translate();
            block.run(thread);
        }
        EXPECT_TRUE(block.entry.empty());
        EXPECT_EQ(translator::hooks.translate, nullptr);
        EXPECT_EQ(translator::flush_count, 2);
        guest::observer.before_exit();
    });
    EXPECT_EQ(log, "reset after 3\nuninstalled after 5\n");
}

TEST(PluginHost, DeferredWorkWaitsForOpenSections) {
    static std::atomic<int> done{0};
    done = 0;
    plugin_host::enter_section();
    plugin_host::defer([](void*) { done++; }, nullptr);
    EXPECT_EQ(done, 0);
    std::thread other([] {
        plugin_host::Section section;
        plugin_host::defer([](void*) { done++; }, nullptr);
    });
    other.join();
    EXPECT_EQ(done, 0);
    plugin_host::leave_section();
    EXPECT_EQ(done, 2);
}

TEST(PluginHost, EveryFunctionOfTheTableIsThere) {
    EXPECT_EQ(plugin_host::api_functions().size(), 72u);
    for (const plugin_host::ApiFunction& function : plugin_host::api_functions()) {
        EXPECT_NE(function.address, nullptr) << function.name;
        EXPECT_LE(function.first_version, function.last_version) << function.name;
    }
}

}  // namespace

}  // namespace armature
