// SPDX-License-Identifier: MIT
// The program's system calls, as strace shows them: with names, flags, structures, strings and results; as
// text, as one JSON object per line, or as a table of numbers. Names and kinds of arguments come from the
// emulator's own table, and so does the code that writes them out (syscalls/strace_arguments.h).
//
// Processes that the program forks go on with the plugin, and so do programs that it executes: the log names
// the thread in each line, and has a file for each process if its name has a %d.
#include <sys/syscall.h>

#include <algorithm>
#include <map>
#include <mutex>

#include "syscalls/strace_arguments.h"
#include "tools/plugins/plugin_support.h"

namespace {

using armature::syscalls::DecodedCall;
using plugin::append;

struct Row {
    const char* name = nullptr;
    const char* arguments = nullptr;
};

constexpr int kRows = 512;
constexpr int64_t kExit = 93;
constexpr int64_t kExitGroup = 94;
constexpr int64_t kExecve = 221;
constexpr int64_t kExecveat = 281;
struct Table {
    Row rows[kRows];
    constexpr Table() {
#define PASS(number, name, arguments, why) rows[number] = {#name, arguments};
#define BLOCK(number, name, arguments, why) rows[number] = {#name, arguments};
#define HANDLE(number, name, arguments, what) rows[number] = {#name, arguments};
#define REFUSE(number, name, arguments, error, why) rows[number] = {#name, arguments};
#include "syscalls/syscalls.def"
#undef PASS
#undef BLOCK
#undef HANDLE
#undef REFUSE
    }
};
constexpr Table kTable;

// A call under way on a vCPU. The lock is for the end of the process, when another thread looks at it.
struct Call {
    std::mutex mutex;
    DecodedCall decoded;
    uint64_t start = 0;
    pid_t thread = 0;
    bool under_way = false;
};

struct Totals {
    uint64_t calls = 0;
    uint64_t errors = 0;
    uint64_t nanoseconds = 0;
};

bool json = false;
bool summary = false;
std::vector<std::string> traced;
qemu_plugin_scoreboard* calls;  // a Call* for each vCPU
std::mutex mutex;
std::map<int64_t, Totals> totals;

bool set_format(const std::string& value) {
    json = value == "json";
    return json || value == "text";
}

bool is_name(const std::string& name) {
    traced.push_back(name);
    return std::any_of(std::begin(kTable.rows), std::end(kTable.rows),
                       [&](const Row& row) { return row.name != nullptr && name == row.name; });
}

const plugin::Options kOptions = {
    {"format", set_format, "text or json: a JSON object in each line (text)"},
    {"summary", &summary, "a table of calls, errors and time at the end, instead of the calls"},
    {"trace", is_name, "only the system call of this name (repeatable)"},
};

Call* call_of(unsigned vcpu) {
    auto** slot = static_cast<Call**>(qemu_plugin_scoreboard_find(calls, vcpu));
    if (*slot == nullptr) *slot = new Call;
    return *slot;
}

const Row& row_of(int64_t number) {
    static constexpr Row kNone;
    return number >= 0 && number < kRows ? kTable.rows[number] : kNone;
}

bool is_traced(int64_t number) {
    const char* name = row_of(number).name;
    return traced.empty() ||
           (name != nullptr && std::find(traced.begin(), traced.end(), name) != traced.end());
}

bool read_memory(void* to, uint64_t address, size_t size) {
    GByteArray bytes = {nullptr, 0};
    bool good = size == 0 || qemu_plugin_read_memory_vaddr(address, &bytes, size);
    if (good && size != 0) memcpy(to, bytes.data, size);
    free(bytes.data);
    return good;
}

bool is_error(int64_t result) {
    return result < 0 && result >= -4095;
}

std::string text_line(const Call& call, const std::string& result) {
    return "[" + std::to_string(call.thread) + "] " + call.decoded.text() + " = " + result + "\n";
}

std::string json_line(const Call& call, unsigned vcpu, const int64_t* result, uint64_t end) {
    std::string line;
    uint64_t duration = end - call.start;
    uint64_t time = plugin::nanoseconds(CLOCK_REALTIME) - duration;
    append(&line, "{\"time\":%" PRIu64 ".%09" PRIu64 ",\"pid\":%d,\"tid\":%d,\"vcpu\":%u,", time / 1000000000,
           time % 1000000000, getpid(), call.thread, vcpu);
    line += call.decoded.json(result);
    if (result != nullptr) append(&line, ",\"duration\":%" PRIu64, duration);
    return line + "}\n";
}

// Null: there is no result, and there will be none.
void show(const Call& call, unsigned vcpu, const int64_t* result) {
    std::string line = json ? json_line(call, vcpu, result, plugin::nanoseconds(CLOCK_MONOTONIC))
                            : text_line(call, result != nullptr ? call.decoded.result(*result) : "?");
    qemu_plugin_outs(line.c_str());
}

void add_to_totals(int64_t number, int64_t result, uint64_t nanoseconds) {
    std::lock_guard lock(mutex);
    Totals& row = totals[number];
    row.calls++;
    if (is_error(result)) row.errors++;
    row.nanoseconds += nanoseconds;
}

void entered(qemu_plugin_id_t, unsigned vcpu, int64_t number, uint64_t a1, uint64_t a2, uint64_t a3,
             uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8) {
    if (!is_traced(number)) return;
    Call* call = call_of(vcpu);
    std::lock_guard lock(call->mutex);
    const uint64_t arguments[8] = {a1, a2, a3, a4, a5, a6, a7, a8};
    const Row& row = row_of(number);
    if (!summary) call->decoded.begin(number, row.name, row.arguments, arguments, read_memory);
    call->thread = static_cast<pid_t>(syscall(SYS_gettid));
    call->under_way = true;
    call->start = plugin::nanoseconds(CLOCK_MONOTONIC);
    if (number != kExit && number != kExitGroup) return;
    call->under_way = false;
    if (summary) {
        add_to_totals(number, 0, 0);
    } else {
        show(*call, vcpu, nullptr);
    }
}

void returned(qemu_plugin_id_t, unsigned vcpu, int64_t number, int64_t result) {
    uint64_t end = plugin::nanoseconds(CLOCK_MONOTONIC);
    if (!is_traced(number)) return;
    Call* call = call_of(vcpu);
    std::lock_guard lock(call->mutex);
    if (!call->under_way) return;
    call->under_way = false;
    if (summary) {
        add_to_totals(number, result, end - call->start);
        return;
    }
    call->thread = static_cast<pid_t>(syscall(SYS_gettid));  // another one in a fork's child
    call->decoded.finish(result);
    show(*call, vcpu, &result);
}

// Calls that other threads are in when the process ends have no result. The exit callback also comes before
// an execve that succeeds, and that is the only news of it.
void show_unfinished() {
    for (int index = 0; index < qemu_plugin_num_vcpus(); index++) {
        auto vcpu = static_cast<unsigned>(index);
        Call* call = call_of(vcpu);
        std::lock_guard lock(call->mutex);
        if (!call->under_way) continue;
        bool executes = call->decoded.number() == kExecve || call->decoded.number() == kExecveat;
        const int64_t success = 0;
        show(*call, vcpu, executes ? &success : nullptr);
    }
}

void show_summary() {
    std::lock_guard lock(mutex);
    std::vector<std::pair<int64_t, Totals>> rows(totals.begin(), totals.end());
    std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
        return a.second.nanoseconds > b.second.nanoseconds;
    });
    Totals sum;
    for (const auto& [number, row] : rows) {
        sum.calls += row.calls;
        sum.errors += row.errors;
        sum.nanoseconds += row.nanoseconds;
    }
    std::string report =
        "% time     seconds  usecs/call     calls    errors syscall\n"
        "------ ----------- ----------- --------- --------- ----------------\n";
    auto line = [&](const Totals& row, const std::string& name) {
        double seconds = static_cast<double>(row.nanoseconds) * 1e-9;
        double all = static_cast<double>(std::max<uint64_t>(sum.nanoseconds, 1)) * 1e-9;
        append(&report, "%6.2f %11.6f %11" PRIu64 " %9" PRIu64 " %9s %s\n", 100.0 * seconds / all, seconds,
               row.calls != 0 ? row.nanoseconds / row.calls / 1000 : 0, row.calls,
               row.errors != 0 ? std::to_string(row.errors).c_str() : "", name.c_str());
    };
    for (const auto& [number, row] : rows) {
        const char* name = row_of(number).name;
        line(row, name != nullptr ? name : "syscall_" + std::to_string(number));
    }
    report += "------ ----------- ----------- --------- --------- ----------------\n";
    line(sum, "total");
    qemu_plugin_outs(report.c_str());
}

void at_exit(qemu_plugin_id_t, void*) {
    if (summary) {
        show_summary();
    } else {
        show_unfinished();
    }
}

}  // namespace

BUNDLED_PLUGIN("strace: the program's system calls", kOptions)

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t*, int argc, char** argv) {
    if (!plugin::parse(kOptions, argc, argv)) return -1;
    calls = qemu_plugin_scoreboard_new(sizeof(void*));
    qemu_plugin_register_vcpu_syscall_cb(id, entered);
    qemu_plugin_register_vcpu_syscall_ret_cb(id, returned);
    qemu_plugin_register_atexit_cb(id, at_exit, nullptr);
    return 0;
}
