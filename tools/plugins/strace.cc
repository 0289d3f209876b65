// SPDX-License-Identifier: MIT
// The program's system calls, as strace shows them: with names, flags, structures, strings and results; as
// text, as one JSON object per line, or as a table of numbers. Names and kinds of arguments come from the
// emulator's own table.
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <map>
#include <mutex>

#include "tools/plugins/strace_values.h"

namespace {

using plugin::append;
namespace values = plugin::strace;

struct Row {
    const char* name = nullptr;
    std::string_view arguments;
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

// A call under way on a vCPU.
struct Call {
    int64_t number = -1;
    uint64_t arguments[8] = {};
    std::vector<std::string> texts;  // those that are known at the entry; empty: written at the return
    uint64_t start = 0;
    bool under_way = false;
};

struct Totals {
    uint64_t calls = 0;
    uint64_t errors = 0;
    uint64_t nanoseconds = 0;
};

bool json = false;
bool summary = false;
qemu_plugin_scoreboard* calls;  // a Call* for each vCPU
std::mutex mutex;
std::map<int64_t, Totals> totals;

bool set_format(const std::string& value) {
    json = value == "json";
    return json || value == "text";
}

const plugin::Options kOptions = {
    {"format", set_format, "text or json: a JSON object in each line (text)"},
    {"summary", &summary, "a table of calls, errors and time at the end, instead of the calls"},
};

uint64_t now(clockid_t clock) {
    timespec time;
    clock_gettime(clock, &time);
    return static_cast<uint64_t>(time.tv_sec) * 1000000000 + static_cast<uint64_t>(time.tv_nsec);
}

Call* call_of(unsigned vcpu) {
    auto** slot = static_cast<Call**>(qemu_plugin_scoreboard_find(calls, vcpu));
    if (*slot == nullptr) *slot = new Call;
    return *slot;
}

std::string name_of(int64_t number) {
    const char* name = number >= 0 && number < kRows ? kTable.rows[number].name : nullptr;
    return name != nullptr ? name : "syscall_" + std::to_string(number);
}

// The kinds of the arguments; "-> hex" at the end is about the result.
std::vector<std::string_view> kinds_of(int64_t number, bool* hex_result) {
    std::vector<std::string_view> kinds;
    *hex_result = false;
    if (number < 0 || number >= kRows || kTable.rows[number].name == nullptr)
        return {"hex", "hex", "hex", "hex", "hex", "hex"};
    std::string_view rest = kTable.rows[number].arguments;
    size_t arrow = rest.find("->");
    if (arrow != std::string_view::npos) {
        *hex_result = rest.substr(arrow).find("hex") != std::string_view::npos;
        rest = rest.substr(0, arrow);
    }
    while (!rest.empty() && rest.back() == ' ') rest.remove_suffix(1);
    while (!rest.empty()) {
        size_t comma = rest.find(',');
        kinds.push_back(rest.substr(0, comma));
        rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    }
    return kinds;
}

// Inputs are written before the call, outputs after it.
void write_arguments(Call* call, bool returned, int64_t result) {
    bool hex_result = false;
    std::vector<std::string_view> kinds = kinds_of(call->number, &hex_result);
    call->texts.resize(kinds.size());
    for (unsigned i = 0; i < kinds.size(); i++) {
        size_t colon = kinds[i].find(':');
        std::string_view detail =
            colon == std::string_view::npos ? std::string_view() : kinds[i].substr(colon + 1);
        const values::Kind& kind = values::kind_of(kinds[i].substr(0, colon));
        if (kind.output != returned) continue;
        call->texts[i] = kind.format({call->arguments, i, returned, result, detail});
    }
}

std::string escaped(const std::string& text) {
    std::string out;
    for (char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out;
}

std::string text_line(const Call& call, const std::string& result) {
    std::string line;
    append(&line, "[%d] %s(", static_cast<int>(syscall(SYS_gettid)), name_of(call.number).c_str());
    for (size_t i = 0; i < call.texts.size(); i++) line += (i == 0 ? "" : ", ") + call.texts[i];
    return line + ") = " + result + "\n";
}

std::string json_line(const Call& call, unsigned vcpu, const int64_t* result, uint64_t end) {
    std::string line;
    uint64_t duration = end - call.start;
    uint64_t time = now(CLOCK_REALTIME) - duration;
    append(&line,
           "{\"time\":%" PRIu64 ".%09" PRIu64
           ",\"pid\":%d,\"tid\":%d,\"vcpu\":%u,\"call\":\"%s\",\"number\":%" PRId64,
           time / 1000000000, time % 1000000000, getpid(), static_cast<int>(syscall(SYS_gettid)), vcpu,
           name_of(call.number).c_str(), call.number);
    line += ",\"args\":[";
    for (size_t i = 0; i < call.texts.size(); i++)
        line += (i == 0 ? "\"" : ",\"") + escaped(call.texts[i]) + "\"";
    line += "]";
    if (result != nullptr) {
        append(&line, ",\"result\":%" PRId64, *result);
        if (*result < 0 && *result >= -4095) {
            const char* name = strerrorname_np(static_cast<int>(-*result));
            append(&line, ",\"errno\":\"%s\"", name != nullptr ? name : "");
        }
        append(&line, ",\"duration\":%" PRIu64, duration);
    }
    return line + "}\n";
}

std::string result_text(int64_t number, int64_t result) {
    bool hex_result = false;
    kinds_of(number, &hex_result);
    if (result < 0 && result >= -4095) {
        auto error = static_cast<int>(-result);
        const char* name = strerrorname_np(error);
        return "-1 " + (name != nullptr ? name : std::to_string(error)) + " (" + strerrordesc_np(error) + ")";
    }
    return hex_result ? values::hex(static_cast<uint64_t>(result)) : std::to_string(result);
}

bool never_returns(int64_t number) {
    return number == kExit || number == kExitGroup;
}

void entered(qemu_plugin_id_t, unsigned vcpu, int64_t number, uint64_t a1, uint64_t a2, uint64_t a3,
             uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8) {
    Call* call = call_of(vcpu);
    *call = {number, {a1, a2, a3, a4, a5, a6, a7, a8}, {}, 0, true};
    if (!summary) write_arguments(call, false, 0);
    call->start = now(CLOCK_MONOTONIC);
    if (!never_returns(number)) return;
    if (summary) {
        std::lock_guard lock(mutex);
        totals[number].calls++;
    } else {
        qemu_plugin_outs(
            (json ? json_line(*call, vcpu, nullptr, call->start) : text_line(*call, "?")).c_str());
    }
}

void returned(qemu_plugin_id_t, unsigned vcpu, int64_t number, int64_t result) {
    uint64_t end = now(CLOCK_MONOTONIC);
    Call* call = call_of(vcpu);
    call->under_way = false;
    if (call->number != number) *call = {number, {}, {}, end, true};  // a child, after the call that made it
    if (summary) {
        std::lock_guard lock(mutex);
        Totals& row = totals[number];
        row.calls++;
        if (result < 0 && result >= -4095) row.errors++;
        row.nanoseconds += end - call->start;
        return;
    }
    write_arguments(call, true, result);
    qemu_plugin_outs(
        (json ? json_line(*call, vcpu, &result, end) : text_line(*call, result_text(number, result)))
            .c_str());
}

// The exit callback comes before an execve that succeeds, and that is the only news of it.
void show_execve() {
    for (int vcpu = 0; vcpu < qemu_plugin_num_vcpus(); vcpu++) {
        auto index = static_cast<unsigned>(vcpu);
        const Call& call = *call_of(index);
        if (!call.under_way || (call.number != kExecve && call.number != kExecveat)) continue;
        int64_t result = 0;
        std::string line =
            json ? json_line(call, index, &result, now(CLOCK_MONOTONIC)) : text_line(call, "0");
        qemu_plugin_outs(line.c_str());
    }
}

void at_exit(qemu_plugin_id_t, void*) {
    if (!summary) return show_execve();
    std::lock_guard lock(mutex);
    std::vector<std::pair<int64_t, Totals>> rows(totals.begin(), totals.end());
    std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
        return a.second.nanoseconds > b.second.nanoseconds;
    });
    uint64_t all = 0;
    for (const auto& [number, row] : rows) all += row.nanoseconds;
    std::string report =
        "% time     seconds  usecs/call     calls    errors syscall\n"
        "------ ----------- ----------- --------- --------- ----------------\n";
    Totals sum;
    auto line = [&](const Totals& row, const std::string& name) {
        double share = all != 0 ? 100.0 * static_cast<double>(row.nanoseconds) / static_cast<double>(all) : 0;
        append(&report, "%6.2f %11.6f %11" PRIu64 " %9" PRIu64 " %9s %s\n", share,
               static_cast<double>(row.nanoseconds) * 1e-9,
               row.calls != 0 ? row.nanoseconds / row.calls / 1000 : 0, row.calls,
               row.errors != 0 ? std::to_string(row.errors).c_str() : "", name.c_str());
    };
    for (const auto& [number, row] : rows) {
        line(row, name_of(number));
        sum.calls += row.calls;
        sum.errors += row.errors;
        sum.nanoseconds += row.nanoseconds;
    }
    report += "------ ----------- ----------- --------- --------- ----------------\n";
    line(sum, "total");
    qemu_plugin_outs(report.c_str());
}

}  // namespace

BUNDLED_PLUGIN("strace: the program's system calls", kOptions)

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t*, int argc, char** argv) {
    if (!plugin::parse(kOptions, argc, argv)) return -1;
    calls = qemu_plugin_scoreboard_new(sizeof(Call*));
    qemu_plugin_register_vcpu_syscall_cb(id, entered);
    qemu_plugin_register_vcpu_syscall_ret_cb(id, returned);
    qemu_plugin_register_atexit_cb(id, at_exit, nullptr);
    return 0;
}
