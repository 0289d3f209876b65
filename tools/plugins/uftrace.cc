// SPDX-License-Identifier: MIT
// A function trace in uftrace's data format: `uftrace replay`, `uftrace graph`, `uftrace report` read it,
// after the run, from ./uftrace.data.
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <mutex>

#include "tools/plugins/plugin_support.h"
#include "tools/plugins/shared/call_tracker.h"

namespace {

// What a record says (uftrace's format, little-endian): time in nanoseconds; then from bit 0: type (2 bits),
// more (1), magic 5 (3), depth (10), address (48).
struct Record {
    uint64_t time;
    uint64_t word;
};
enum RecordType { kEntry = 0, kExit = 1 };
constexpr uint64_t kMagic = 5;
constexpr size_t kMaxDepth = 1023;
constexpr size_t kFlushAt = 65536;  // records

struct Trace {
    unsigned id = 0;
    FILE* file = nullptr;
    std::vector<Record> records;
    plugin::CallStack* open = nullptr;  // the calls that have not returned
};

const char* const kFolder = "uftrace.data";
bool trace_privilege = false;
plugin::CallTracker tracker;
qemu_plugin_scoreboard* current;  // a Trace* for each vCPU
std::mutex mutex;
std::vector<std::unique_ptr<Trace>> traces;

const plugin::Options kOptions = {
    {"trace-privilege-level", &trace_privilege, "accepted: a user program has one privilege level"},
};

Trace** trace_of(unsigned vcpu) {
    return static_cast<Trace**>(qemu_plugin_scoreboard_find(current, vcpu));
}

void flush(Trace* trace) {
    fwrite(trace->records.data(), sizeof(Record), trace->records.size(), trace->file);
    trace->records.clear();
}

void add(Trace* trace, RecordType type, uint64_t time, uint64_t address, size_t depth) {
    uint64_t level = depth < kMaxDepth ? depth : kMaxDepth;
    trace->records.push_back({time, static_cast<uint64_t>(type) | kMagic << 3 | level << 6 | address << 16});
    if (trace->records.size() >= kFlushAt) flush(trace);
}

// The thread ends in the middle of these.
void close_calls(Trace* trace) {
    if (trace->open == nullptr) return;
    uint64_t time = plugin::nanoseconds(CLOCK_MONOTONIC);
    for (size_t depth = trace->open->size(); depth > 0; depth--) {
        add(trace, kExit, time, (*trace->open)[depth - 1].function, depth);
    }
    trace->open = nullptr;
}

Trace* new_trace(unsigned vcpu) {
    auto trace = std::make_unique<Trace>();
    std::lock_guard lock(mutex);
    trace->id = (vcpu + 1) * 100 + static_cast<unsigned>(traces.size());
    std::string path = std::string(kFolder) + "/" + std::to_string(trace->id) + ".dat";
    trace->file = fopen(path.c_str(), "wb");
    if (trace->file == nullptr) {
        perror(path.c_str());
        return nullptr;
    }
    traces.push_back(std::move(trace));
    return traces.back().get();
}

void happened(unsigned vcpu, bool entered, const plugin::Call& call, size_t depth) {
    Trace** trace = trace_of(vcpu);
    if (*trace == nullptr && (*trace = new_trace(vcpu)) == nullptr) return;
    (*trace)->open = tracker.stack(vcpu);
    add(*trace, entered ? kEntry : kExit, plugin::nanoseconds(CLOCK_MONOTONIC), call.function, depth);
}

void translated(qemu_plugin_id_t, qemu_plugin_tb* tb) {
    tracker.instrument(tb);
}

// The index is used again for a new thread, which has a trace of its own.
void vcpu_init(qemu_plugin_id_t, unsigned vcpu) {
    Trace** trace = trace_of(vcpu);
    if (*trace != nullptr) close_calls(*trace);
    *trace = nullptr;
    tracker.begin_vcpu(vcpu);
}

FILE* create(const char* name) {
    std::string path = std::string(kFolder) + "/" + name;
    FILE* file = fopen(path.c_str(), "wb");
    if (file == nullptr) perror(path.c_str());
    return file;
}

void write_map() {
    FILE* to = create("sid-0.map");
    FILE* from = fopen("/proc/self/maps", "r");
    char buffer[4096];
    while (to != nullptr && from != nullptr) {
        size_t size = fread(buffer, 1, sizeof(buffer), from);
        if (size == 0) break;
        fwrite(buffer, 1, size, to);
    }
    if (from != nullptr) fclose(from);
    if (to != nullptr) fclose(to);
}

void write_tasks(const std::string& program) {
    FILE* file = create("task.txt");
    if (file == nullptr) return;
    for (const auto& trace : traces) {
        fprintf(file, "SESS timestamp=0.0 pid=%u sid=0 exename=\"%s\"\nTASK timestamp=0.0 tid=%u pid=%u\n",
                trace->id, program.c_str(), trace->id, trace->id);
    }
    fclose(file);
}

// The header: magic, format version, header's size, little-endian, 64-bit, features, which of the lines
// follow, stack depth.
void write_info(const std::string& program) {
    struct [[gnu::packed]] Header {
        char magic[8] = {'F', 't', 'r', 'a', 'c', 'e', '!', '\0'};
        uint32_t version = 4;
        uint16_t size = 40;
        uint8_t endian = 1;
        uint8_t elf_class = 2;
        uint64_t features = 0x1263;
        uint64_t info = 0x7bff;
        uint16_t max_stack = 1024;
        uint8_t unused[6] = {};
    };
    static_assert(sizeof(Header) == 40);
    FILE* file = create("info");
    if (file == nullptr) return;
    Header header;
    fwrite(&header, sizeof(header), 1, file);
    std::string tids;
    for (const auto& trace : traces) tids += (tids.empty() ? "" : ",") + std::to_string(trace->id);
    fprintf(file,
            "exename:%s\nbuild_id:%040d\nexit_status:0\ncmdline:\ncpuinfo:lines=2\ncpuinfo:nr_cpus=\ncpuinfo:"
            "desc=\n",
            program.c_str(), 0);
    fputs("meminfo:\nosinfo:lines=3\nosinfo:kernel=\nosinfo:hostname=\nosinfo:distro=\n", file);
    fprintf(file, "taskinfo:lines=2\ntaskinfo:nr_tid=%zu\ntaskinfo:tids=%s\n", traces.size(), tids.c_str());
    fputs("usageinfo:lines=6\nusageinfo:systime=\nusageinfo:usrtime=\nusageinfo:ctxsw=\nusageinfo:maxrss=\n",
          file);
    fputs(
        "usageinfo:pagefault=\nusageinfo:iops=\nloadinfo:\nrecord_date:\nelapsed_time:\npattern_type:regex\n",
        file);
    fputs("uftrace_version:\nutc_offset:\n", file);
    fclose(file);
}

void at_exit(qemu_plugin_id_t, void*) {
    std::lock_guard lock(mutex);
    for (auto& trace : traces) {
        close_calls(trace.get());
        flush(trace.get());
        fclose(trace->file);
    }
    auto* path = const_cast<char*>(qemu_plugin_path_to_binary());
    write_map();
    write_tasks(path);
    write_info(path);
    free(path);
}

}  // namespace

BUNDLED_PLUGIN("uftrace: a function trace for uftrace, in ./uftrace.data", kOptions)

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t*, int argc, char** argv) {
    if (!plugin::parse(kOptions, argc, argv)) return -1;
    if (mkdir(kFolder, 0777) < 0 && errno != EEXIST) {
        perror(kFolder);
        return -1;
    }
    current = qemu_plugin_scoreboard_new(sizeof(void*));
    tracker.start(happened);
    qemu_plugin_register_vcpu_init_cb(id, vcpu_init);
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, at_exit, nullptr);
    return 0;
}
