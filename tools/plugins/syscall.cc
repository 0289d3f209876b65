// SPDX-License-Identifier: MIT
// Counts system calls and their failures, or prints each; log_writes shows what is written.
#include <ctype.h>

#include <algorithm>
#include <map>
#include <mutex>

#include "tools/plugins/plugin_support.h"

namespace {

struct Counts {
    int64_t calls = 0;
    int64_t errors = 0;
};

constexpr int64_t kWrite = 64;

bool print_each = false;
bool log_writes = false;

const plugin::Options kOptions = {
    {"print", &print_each, "print each call and its result instead of a table"},
    {"log_writes", &log_writes, "show the bytes that write() is given"},
};

std::mutex mutex;
std::map<int64_t, Counts> table;

void show_bytes(uint64_t address, uint64_t size) {
    constexpr size_t kWidth = 16;
    if (size == 0) return;
    GByteArray bytes = {nullptr, 0};
    if (!qemu_plugin_read_memory_vaddr(address, &bytes, size)) {
        plugin::print("the bytes at 0x%" PRIx64 " cannot be read\n", address);
        free(bytes.data);
        return;
    }
    std::string text;
    for (size_t line = 0; line < bytes.len; line += kWidth) {
        size_t end = std::min<size_t>(line + kWidth, bytes.len);
        for (size_t i = line; i < line + kWidth; i++) {
            if (i < end) {
                plugin::append(&text, "%02x ", bytes.data[i]);
            } else {
                text += "   ";
            }
        }
        text += " | ";
        for (size_t i = line; i < end; i++)
            text += isprint(bytes.data[i]) ? static_cast<char>(bytes.data[i]) : '.';
        text += '\n';
    }
    free(bytes.data);
    qemu_plugin_outs(text.c_str());
}

void entered(qemu_plugin_id_t, unsigned, int64_t number, uint64_t, uint64_t a2, uint64_t a3, uint64_t,
             uint64_t, uint64_t, uint64_t, uint64_t) {
    if (print_each) {
        plugin::print("syscall #%" PRIi64 "\n", number);
    } else {
        std::lock_guard lock(mutex);
        table[number].calls++;
    }
    if (log_writes && number == kWrite) show_bytes(a2, a3);
}

void returned(qemu_plugin_id_t, unsigned, int64_t number, int64_t result) {
    if (print_each) {
        plugin::print("syscall #%" PRIi64 " returned -> %" PRIi64 "\n", number, result);
    } else if (result < 0) {
        std::lock_guard lock(mutex);
        table[number].errors++;
    }
}

void at_exit(qemu_plugin_id_t, void*) {
    if (print_each) return;
    std::lock_guard lock(mutex);
    std::vector<std::pair<int64_t, Counts>> rows(table.begin(), table.end());
    std::stable_sort(rows.begin(), rows.end(),
                     [](const auto& a, const auto& b) { return a.second.calls > b.second.calls; });
    std::string report = "syscall no.  calls  errors\n";
    for (const auto& [number, counts] : rows) {
        plugin::append(&report, "%-13" PRIi64 "%-6" PRIi64 " %" PRIi64 "\n", number, counts.calls,
                       counts.errors);
    }
    qemu_plugin_outs(report.c_str());
}

}  // namespace

BUNDLED_PLUGIN("syscall: counts or prints system calls", kOptions)

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t*, int argc, char** argv) {
    if (!plugin::parse(kOptions, argc, argv)) return -1;
    qemu_plugin_register_vcpu_syscall_cb(id, entered);
    qemu_plugin_register_vcpu_syscall_ret_cb(id, returned);
    qemu_plugin_register_atexit_cb(id, at_exit, nullptr);
    return 0;
}
