// SPDX-License-Identifier: MIT
// /proc/self/{smaps,smaps_rollup,statm,status}: how much memory the guest's mappings hold, and the guest's
// signal sets.
//
// The host's smaps counts by host mapping. Each of them lies within one mapping of the guest's, or is the
// emulator's, or is both because the kernel merged neighbours; it is counted for the guest's mapping that its
// first guest byte belongs to.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <string_view>
#include <vector>

#include "guest/address_space.h"
#include "signals/signals.h"
#include "syscalls/proc_files.h"
#include "syscalls/seccomp.h"

namespace armature::syscalls {
namespace {

struct Counter {
    std::string name;  // "Rss"
    uint64_t kib = 0;
};

// What smaps tells of one guest mapping.
struct Usage {
    guest::Mapping mapping;
    std::vector<Counter> counters;  // in the kernel's order
    std::string flags;              // the VmFlags line
};

uint64_t counter(const Usage& usage, std::string_view name) {
    for (const Counter& counter : usage.counters) {
        if (counter.name == name) return counter.kib;
    }
    return 0;
}

void add(Usage* usage, std::string_view name, uint64_t kib) {
    for (Counter& counter : usage->counters) {
        if (counter.name != name) continue;
        // Sizes of pages, and yes or no, do not add up.
        if (name.ends_with("PageSize") || name.ends_with("eligible"))
            counter.kib = std::max(counter.kib, kib);
        else
            counter.kib += kib;
        return;
    }
    usage->counters.push_back({std::string(name), kib});
}

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size() - 1);
        lines.push_back(text.substr(0, end + 1));
        text.remove_prefix(end + 1);
    }
    return lines;
}

// The guest's mapping that holds the first guest byte of [begin, end), or null.
Usage* find(std::vector<Usage>* all, uint64_t begin, uint64_t end) {
    for (Usage& usage : *all) {
        if (usage.mapping.end > begin) return usage.mapping.begin < end ? &usage : nullptr;
    }
    return nullptr;
}

std::vector<Usage> usage_of_guest(const std::string& host_smaps) {
    std::vector<Usage> all;
    for (guest::Mapping& mapping : guest::AddressSpace::instance().snapshot())
        all.push_back({std::move(mapping), {}, {}});
    Usage* current = nullptr;
    for (const std::string_view line : lines_of(host_smaps)) {
        const std::string text(line);
        unsigned long long begin = 0;
        unsigned long long end = 0;
        if (sscanf(text.c_str(), "%llx-%llx ", &begin, &end) == 2) {
            current = find(&all, begin, end);
            continue;
        }
        const size_t colon = line.find(':');
        if (!current || colon == std::string_view::npos) continue;
        const std::string_view name = line.substr(0, colon);
        if (name == "VmFlags")
            current->flags = text;
        else if (name != "Size")
            add(current, name, strtoull(text.c_str() + colon + 1, nullptr, 10));
    }
    return all;
}

std::string read_host_smaps() {
    const int64_t fd = host_call(SYS_openat, static_cast<uint64_t>(AT_FDCWD),
                                 reinterpret_cast<uint64_t>("/proc/thread-self/smaps"), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return {};
    std::string text = read_whole(fd);
    close(static_cast<int>(fd));
    return text;
}

std::string counter_line(std::string_view name, uint64_t kib) {
    char line[80];
    const bool is_count = name.ends_with("eligible");
    snprintf(line, sizeof line, "%-15s %8llu%s\n", (std::string(name) + ":").c_str(),
             static_cast<unsigned long long>(kib), is_count ? "" : " kB");
    return line;
}

uint64_t kib_of(const guest::Mapping& mapping) {
    return (mapping.end - mapping.begin) / 1024;
}

bool is_private(const guest::Mapping& mapping) {
    return (mapping.flags & MAP_TYPE) == MAP_PRIVATE;
}

// In KiB, as /proc/PID/status counts them.
struct Totals {
    uint64_t size = 0, resident = 0, anonymous = 0, swap = 0, locked = 0, page_tables = 0;
    uint64_t data = 0, stack = 0, program = 0, libraries = 0;
};

Totals totals_of(const std::vector<Usage>& all) {
    Totals totals;
    for (const Usage& usage : all) {
        const guest::Mapping& mapping = usage.mapping;
        const uint64_t size = kib_of(mapping);
        totals.size += size;
        totals.resident += counter(usage, "Rss");
        totals.anonymous += counter(usage, "Anonymous");
        totals.swap += counter(usage, "Swap");
        totals.locked += counter(usage, "Locked");
        if (mapping.name == "[stack]") {
            totals.stack += size;
        } else if (mapping.prot & PROT_EXEC && !(mapping.prot & PROT_WRITE)) {
            const bool own = program().start_code >= mapping.begin && program().start_code < mapping.end;
            (own ? totals.program : totals.libraries) += size;
        } else if (mapping.prot & PROT_WRITE && is_private(mapping)) {
            totals.data += size;
        }
    }
    return totals;
}

// The most that was ever seen by those who asked.
uint64_t most(std::atomic<uint64_t>* record, uint64_t now) {
    uint64_t before = record->load(std::memory_order_relaxed);
    while (before < now && !record->compare_exchange_weak(before, now, std::memory_order_relaxed)) {
    }
    return std::max(before, now);
}

std::atomic<uint64_t> most_size{0};
std::atomic<uint64_t> most_resident{0};

std::string signal_set(uint64_t set) {
    char text[20];
    snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(set));
    return text;
}

}  // namespace

uint64_t guest_resident_pages() {
    return totals_of(usage_of_guest(read_host_smaps())).resident * 1024 / guest::kPageSize;
}

// The host does not know of guarded pages and of allocation tags.
std::string with_features(const Usage& usage) {
    std::string flags = usage.flags;
    const size_t end = flags.rfind('\n');
    if (end == std::string::npos) return flags;
    if (usage.mapping.prot & guest::kProtMte) flags.insert(end, "mt ");
    if (usage.mapping.prot & guest::kProtBti) flags.insert(end, "bt ");
    return flags;
}

std::string make_smaps(int64_t fd) {
    std::string text;
    for (const Usage& usage : usage_of_guest(read_whole(fd))) {
        text += maps_line(usage.mapping);
        text += counter_line("Size", kib_of(usage.mapping));
        for (const Counter& counter : usage.counters) text += counter_line(counter.name, counter.kib);
        text += with_features(usage);
    }
    return text;
}

// The host's lines, each with the sum over the guest's mappings.
std::string make_smaps_rollup(int64_t fd) {
    const std::string host = read_whole(fd);
    const std::vector<Usage> all = usage_of_guest(read_host_smaps());
    std::string text;
    for (const std::string_view line : lines_of(host)) {
        const size_t colon = line.find(':');
        if (text.empty()) {
            char head[100];
            snprintf(head, sizeof head, "%08llx-%08llx ---p 00000000 00:00 0 %25s[rollup]\n",
                     static_cast<unsigned long long>(all.empty() ? 0 : all.front().mapping.begin),
                     static_cast<unsigned long long>(all.empty() ? 0 : all.back().mapping.end), "");
            text = head;
        } else if (colon != std::string_view::npos) {
            uint64_t sum = 0;
            std::string_view name = line.substr(0, colon);
            for (const Usage& usage : all) sum += counter(usage, name);
            text += counter_line(name, sum);
        }
    }
    return text;
}

std::string make_statm(int64_t) {
    const Totals totals = totals_of(usage_of_guest(read_host_smaps()));
    const uint64_t pages = guest::kPageSize / 1024;
    char line[160];
    snprintf(line, sizeof line, "%llu %llu %llu %llu 0 %llu 0\n",
             static_cast<unsigned long long>(totals.size / pages),
             static_cast<unsigned long long>(totals.resident / pages),
             static_cast<unsigned long long>((totals.resident - std::min(totals.resident, totals.anonymous)) /
                                             pages),
             static_cast<unsigned long long>(totals.program / pages),
             static_cast<unsigned long long>((totals.data + totals.stack) / pages));
    return line;
}

std::string make_status(int64_t fd) {
    const std::string host = read_whole(fd);
    const Totals totals = totals_of(usage_of_guest(read_host_smaps()));
    const uint64_t files = totals.resident - std::min(totals.resident, totals.anonymous);
    const std::pair<std::string_view, uint64_t> amounts[] = {
        {"VmPeak", most(&most_size, totals.size)},
        {"VmSize", totals.size},
        {"VmLck", totals.locked},
        {"VmHWM", most(&most_resident, totals.resident)},
        {"VmRSS", totals.resident},
        {"RssAnon", totals.anonymous},
        {"RssFile", files},
        {"RssShmem", 0},
        {"VmData", totals.data},
        {"VmStk", totals.stack},
        {"VmExe", totals.program},
        {"VmLib", totals.libraries},
        {"VmSwap", totals.swap},
    };
    signals::SignalSets sets;
    SeccompStatus seccomp;
    std::string text;
    for (const std::string_view line : lines_of(host)) {
        const std::string_view name = line.substr(0, std::min(line.find(':'), line.size()));
        std::string replaced(line);
        for (const auto& [key, kib] : amounts) {
            if (key != name) continue;
            char amount[48];
            snprintf(amount, sizeof amount, ":\t%8llu kB\n", static_cast<unsigned long long>(kib));
            replaced = std::string(key) + amount;
        }
        if (name == "Pid") {
            const pid_t tid = atoi(line.data() + line.find(':') + 1);
            sets = signals::signal_sets(tid);
            seccomp = seccomp_status(tid);
        }
        if (name == "Seccomp" && seccomp.mode) replaced = "Seccomp:\t" + std::to_string(seccomp.mode) + '\n';
        if (name == "Seccomp_filters" && seccomp.mode)
            replaced = "Seccomp_filters:\t" + std::to_string(seccomp.filters) + '\n';
        // The host's mask lacks the signals that faults raise, and it has handlers of its own.
        if (name == "SigBlk" && sets.known) replaced = "SigBlk:\t" + signal_set(sets.blocked) + '\n';
        if (name == "SigIgn") replaced = "SigIgn:\t" + signal_set(sets.ignored) + '\n';
        if (name == "SigCgt") replaced = "SigCgt:\t" + signal_set(sets.caught) + '\n';
        text += replaced;
    }
    return text;
}

}  // namespace armature::syscalls
