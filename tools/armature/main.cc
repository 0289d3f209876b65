// SPDX-License-Identifier: MIT
// armature PROGRAM: reads the command line, loads the program, starts its first thread and stays in its CPU
// loop.
#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

#include "guest/features.h"
#include "guest/options.h"
#include "guest/random.h"
#include "guest/thread.h"
#include "loader/elf_file.h"
#include "loader/loader.h"
#include "signals/signals.h"
#include "signals/traced.h"
#include "support/descriptors.h"
#include "support/log.h"
#include "syscalls/syscalls.h"
#include "tools/armature/gdb/server.h"
#include "tools/armature/options.h"
#include "tools/armature/perf_map.h"
#include "tools/armature/plugins.h"
#include "translator/translator.h"

namespace armature::tools {
namespace {

// As shells and env(1) have it.
constexpr int kBadOptions = 1;
constexpr int kCannotExecute = 126;
constexpr int kNotFound = 127;

// What the emulator that started this one by an exec hands over.
void adopt(const CommandLine& line) {
    if (line.exec_landlock) loader::set_landlocked();
    if (line.exec_self >= 0) syscalls::adopt_self_descriptor(line.exec_self);
    if (!line.exec_limits.empty() && !syscalls::adopt_limits(line.exec_limits))
        support::fatal(kBadOptions, "%s: \"%s\" is not understood", syscalls::kExecLimits,
                       line.exec_limits.c_str());
    if (line.has_stack_size) return;
    // Natively the stack may grow up to the limit, or without one.
    constexpr uint64_t kUnlimited = 256 << 20;
    const uint64_t limit = syscalls::stack_limit();
    guest::options.stack_size = limit == RLIM_INFINITY ? kUnlimited : limit;
}

void load_program(const CommandLine& line, loader::Program* program) {
    loader::LoadError error;
    const std::vector<std::string> environment = guest_environment(environ);
    if (!loader::load(line.program, line.exec_fd, line.arguments, environment, program, &error)) {
        support::fatal(error.error == ENOENT ? kNotFound : kCannotExecute, "%s", error.message.c_str());
    }
    if (line.exec_fd >= 0) close(line.exec_fd);
}

syscalls::ProgramInfo describe(const loader::Program& program) {
    syscalls::ProgramInfo info;
    info.path = program.path;
    info.arg_start = program.arg_start;
    info.arg_end = program.arg_end;
    info.env_start = program.env_start;
    info.env_end = program.env_end;
    info.stack_start = program.stack_start;
    info.start_code = program.start_code;
    info.end_code = program.end_code;
    info.entry = program.program_entry;
    info.vdso = program.vdso;
    info.auxv = program.auxv;
    return info;
}

// The first thread lives as long as the process.
guest::Thread* make_first_thread(const loader::Program& program) {
    auto* thread = new guest::Thread;
    thread->tid = getpid();
    thread->cpu.pc = program.entry;
    thread->cpu.sp = program.stack_pointer;
    if (guest::enabled(guest::Feature::PAuth)) guest::new_pac_keys(thread->cpu, ~uint64_t{0});
    thread->runtime = translator::create_thread_runtime(thread);
    thread->signals = signals::create_thread_signals(thread, nullptr);
    guest::register_thread(thread);
    guest::set_current_thread(thread);
    signals::enter_thread();
    return thread;
}

int run(int argc, char** argv) {
    support::reserve_descriptors();
    CommandLine line;
    std::string error;
    if (!parse_command_line(argc, argv, environ, &line, &error))
        support::fatal(kBadOptions, "%s", error.c_str());
    if (!line.debugger.empty()) {
        line.exec_trace = gdb::start_server(line.debugger, &error);
        if (line.exec_trace.empty()) support::fatal(kBadOptions, "%s", error.c_str());
    }
    adopt(line);
    if (!load_plugins(&error)) support::fatal(kBadOptions, "%s", error.c_str());
    loader::Program program;
    load_program(line, &program);
    translator::initialise();
    if (guest::options.perf_map && !start_perf_map(&error)) support::fatal(kBadOptions, "%s", error.c_str());
    signals::initialise();
    syscalls::initialise(describe(program));
    attach_plugins();
    guest::Thread* thread = make_first_thread(program);
    if (line.exec_filters >= 0 && !syscalls::adopt_seccomp(line.exec_filters, thread))
        support::fatal(kBadOptions, "%s: the filters are not understood", syscalls::kExecFilters);
    if (!line.exec_trace.empty() && !signals::adopt_trace(line.exec_trace, thread))
        support::fatal(kBadOptions, "%s: \"%s\" is not understood", syscalls::kExecTrace,
                       line.exec_trace.c_str());
    if (!line.exec_sve.empty() && !syscalls::adopt_sve(line.exec_sve, &thread->cpu))
        support::fatal(kBadOptions, "%s: \"%s\" is not understood", syscalls::kExecSve,
                       line.exec_sve.c_str());
    syscalls::cpu_loop(thread);
    return 0;
}

}  // namespace
}  // namespace armature::tools

int main(int argc, char** argv) {
    return armature::tools::run(argc, argv);
}
