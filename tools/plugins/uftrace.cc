// SPDX-License-Identifier: MIT
// A function trace in uftrace's data format: `uftrace replay`, `uftrace graph`, `uftrace report` read it,
// after the run, from
// ./uftrace.data.
//
// Calls and returns are seen in the instructions: BL and BLR store a mark for the vCPU when they are
// executed, RET another one. The block that is entered next finds the mark by a condition in translated code
// and does the book-keeping: a call pushes the function and where it will return to; a return pops all calls
// up to the one that returns here, so longjmp and exceptions are followed too.
#include <errno.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <memory>
#include <mutex>

#include "tools/plugins/plugin_support.h"

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

struct Call {
    uint64_t function;
    uint64_t return_address;
};

struct Trace {
    unsigned id = 0;
    FILE* file = nullptr;
    std::vector<Record> records;
    std::vector<Call> stack;
};

enum Mark : uint64_t { kNone = 0, kCalled = 1, kReturned = 2 };
struct State {
    uint64_t mark;
    uint64_t return_address;  // of the call
    uint64_t block;           // address of the block that is entered
    Trace* trace;
};

const char* const kFolder = "uftrace.data";
bool trace_privilege = false;
qemu_plugin_scoreboard* states;
qemu_plugin_u64 mark, return_address, block_address;
std::mutex mutex;
std::vector<std::unique_ptr<Trace>> traces;

const plugin::Options kOptions = {
    {"trace-privilege-level", &trace_privilege, "accepted: a user program has one privilege level"},
};

State* state_of(unsigned vcpu) {
    return static_cast<State*>(qemu_plugin_scoreboard_find(states, vcpu));
}

uint64_t now() {
    timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<uint64_t>(time.tv_sec) * 1000000000 + static_cast<uint64_t>(time.tv_nsec);
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

void entered(unsigned vcpu, void*) {
    State* state = state_of(vcpu);
    if (state->trace == nullptr && (state->trace = new_trace(vcpu)) == nullptr) return;
    Trace* trace = state->trace;
    uint64_t time = now();
    if (state->mark == kCalled) {
        trace->stack.push_back({state->block, state->return_address});
        add(trace, kEntry, time, state->block, trace->stack.size());
    } else {
        size_t keep = trace->stack.size();
        while (keep > 0 && trace->stack[keep - 1].return_address != state->block) keep--;
        // Returns to where nothing was called from (a context switch of the guest's own) leave the stack as
        // it is.
        if (keep > 0) {
            while (trace->stack.size() >= keep) {
                add(trace, kExit, time, trace->stack.back().function, trace->stack.size());
                trace->stack.pop_back();
            }
        }
    }
    state->mark = kNone;
}

bool is_call(uint32_t word) {
    bool bl = word >> 26 == 0x25;
    bool blr = (word & 0xfffffc1f) == 0xd63f0000 ||
               (word & 0xfefff800) == 0xd63f0800;  // BLR, and with authentication
    return bl || blr;
}

bool is_return(uint32_t word) {
    return (word & 0xfffffc1f) == 0xd65f0000 ||
           (word & 0xfffffbff) == 0xd65f0bff;  // RET, and with authentication
}

void translated(qemu_plugin_id_t, qemu_plugin_tb* tb) {
    constexpr qemu_plugin_op kStore = QEMU_PLUGIN_INLINE_STORE_U64;
    qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, kStore, block_address, qemu_plugin_tb_vaddr(tb));
    qemu_plugin_register_vcpu_tb_exec_cond_cb(tb, entered, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_COND_NE, mark,
                                              kNone, nullptr);
    qemu_plugin_insn* last = qemu_plugin_tb_get_insn(tb, qemu_plugin_tb_n_insns(tb) - 1);
    uint32_t word = 0;
    qemu_plugin_insn_data(last, &word, sizeof(word));
    if (is_call(word)) {
        qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(last, kStore, mark, kCalled);
        qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(last, kStore, return_address,
                                                            qemu_plugin_insn_vaddr(last) + 4);
    } else if (is_return(word)) {
        qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(last, kStore, mark, kReturned);
    }
}

// The index is used again for a new thread, which has a trace of its own.
void vcpu_init(qemu_plugin_id_t, unsigned vcpu) {
    *state_of(vcpu) = State{};
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
    uint64_t time = now();
    for (auto& trace : traces) {
        for (size_t depth = trace->stack.size(); depth > 0; depth--) {
            add(trace.get(), kExit, time, trace->stack[depth - 1].function, depth);
        }
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
    states = qemu_plugin_scoreboard_new(sizeof(State));
    mark = qemu_plugin_scoreboard_u64_in_struct(states, State, mark);
    return_address = qemu_plugin_scoreboard_u64_in_struct(states, State, return_address);
    block_address = qemu_plugin_scoreboard_u64_in_struct(states, State, block);
    qemu_plugin_register_vcpu_init_cb(id, vcpu_init);
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, at_exit, nullptr);
    return 0;
}
