// SPDX-License-Identifier: MIT
// Simulates caches: for each core a first-level instruction and data cache, and optionally a second level for
// both.
//
// A core stands for the vCPUs whose index modulo the number of cores is its number. What they share is under
// the core's lock; instructions' miss counts are atomic, as the same instruction runs on several cores.
#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <random>

#include "tools/plugins/plugin_support.h"

namespace {

enum class Policy { Lru, Fifo, Random };
Policy policy = Policy::Lru;

struct Geometry {
    uint64_t size;
    uint64_t block;
    uint64_t ways;
};

class Cache {
  public:
    explicit Cache(const Geometry& geometry)
        : block_(geometry.block),
          ways_(geometry.ways),
          sets_(geometry.size / (geometry.block * geometry.ways)) {
        lines_.resize(sets_ * ways_);
    }

    // True on a hit.
    bool access(uint64_t address) {
        accesses++;
        uint64_t number = address / block_;
        Line* set = &lines_[number % sets_ * ways_];
        uint64_t tag = number / sets_;
        Line* victim = set;
        for (Line* line = set; line < set + ways_; line++) {
            if (line->used != 0 && line->tag == tag) {
                if (policy == Policy::Lru) line->used = ++time_;
                return true;
            }
            if (line->used < victim->used) victim = line;  // empty lines have 0
        }
        misses++;
        if (policy == Policy::Random && victim->used != 0) victim = set + random_() % ways_;
        victim->tag = tag;
        victim->used = ++time_;  // for FIFO: when it came; for LRU: when it was used last
        return false;
    }

    uint64_t accesses = 0;
    uint64_t misses = 0;

  private:
    struct Line {
        uint64_t tag = 0;
        uint64_t used = 0;
    };
    uint64_t block_;
    uint64_t ways_;
    uint64_t sets_;
    uint64_t time_ = 0;
    std::vector<Line> lines_;
    std::minstd_rand random_;
};

struct Core {
    std::mutex mutex;
    std::unique_ptr<Cache> instructions;
    std::unique_ptr<Cache> data;
    std::unique_ptr<Cache> second;
};

struct Instruction {
    uint64_t address = 0;
    std::string text;
    std::string symbol;
    std::atomic<uint64_t> data_misses{0};
    std::atomic<uint64_t> fetch_misses{0};
    std::atomic<uint64_t> second_misses{0};
};

Geometry instruction_cache = {16384, 64, 8};
Geometry data_cache = {16384, 64, 8};
Geometry second_level = {2097152, 64, 16};
bool use_second = false;
uint64_t second_size = 0;
uint64_t second_block = 0;
uint64_t second_ways = 0;
uint64_t core_count = 1;
uint64_t limit = 32;
std::vector<std::unique_ptr<Core>> cores;
std::mutex mutex;
std::map<uint64_t, Instruction> instructions;

bool set_policy(const std::string& value) {
    if (value == "lru") policy = Policy::Lru;
    if (value == "fifo") policy = Policy::Fifo;
    if (value == "rand") policy = Policy::Random;
    return value == "lru" || value == "fifo" || value == "rand";
}

const plugin::Options kOptions = {
    {"icachesize", &instruction_cache.size, "bytes of the instruction cache (16384)"},
    {"iblksize", &instruction_cache.block, "bytes of its blocks (64)"},
    {"iassoc", &instruction_cache.ways, "its blocks in a set (8)"},
    {"dcachesize", &data_cache.size, "bytes of the data cache (16384)"},
    {"dblksize", &data_cache.block, "bytes of its blocks (64)"},
    {"dassoc", &data_cache.ways, "its blocks in a set (8)"},
    {"l2", &use_second, "simulate a second level"},
    {"l2cachesize", &second_size, "its bytes (2097152)"},
    {"l2blksize", &second_block, "bytes of its blocks (64)"},
    {"l2assoc", &second_ways, "its blocks in a set (16)"},
    {"evict", set_policy, "which block makes room: lru, fifo or rand (lru)"},
    {"cores", &core_count, "number of cores, to which the vCPUs are assigned in turn (1)"},
    {"limit", &limit, "how many instructions to print (32)"},
};

Core& core_of(unsigned vcpu) {
    return *cores[vcpu % cores.size()];
}

void access(Core* core, Cache* first, uint64_t address, std::atomic<uint64_t>* misses,
            Instruction* instruction) {
    std::lock_guard lock(core->mutex);
    if (first->access(address)) return;
    misses->fetch_add(1, std::memory_order_relaxed);
    if (use_second && !core->second->access(address)) {
        instruction->second_misses.fetch_add(1, std::memory_order_relaxed);
    }
}

void executed(unsigned vcpu, void* userdata) {
    auto* instruction = static_cast<Instruction*>(userdata);
    Core& core = core_of(vcpu);
    access(&core, core.instructions.get(), instruction->address, &instruction->fetch_misses, instruction);
}

void accessed(unsigned vcpu, qemu_plugin_meminfo_t, uint64_t address, void* userdata) {
    auto* instruction = static_cast<Instruction*>(userdata);
    Core& core = core_of(vcpu);
    access(&core, core.data.get(), address, &instruction->data_misses, instruction);
}

void translated(qemu_plugin_id_t, qemu_plugin_tb* tb) {
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        qemu_plugin_insn* insn = qemu_plugin_tb_get_insn(tb, i);
        uint64_t address = qemu_plugin_insn_vaddr(insn);
        Instruction* instruction = nullptr;
        {
            std::lock_guard lock(mutex);
            auto [place, fresh] = instructions.try_emplace(address);
            instruction = &place->second;
            if (fresh) {
                char* text = qemu_plugin_insn_disas(insn);
                const char* symbol = qemu_plugin_insn_symbol(insn);
                instruction->address = address;
                instruction->text = text;
                instruction->symbol = symbol != nullptr ? symbol : "";
                free(text);
            }
        }
        qemu_plugin_register_vcpu_insn_exec_cb(insn, executed, QEMU_PLUGIN_CB_NO_REGS, instruction);
        qemu_plugin_register_vcpu_mem_cb(insn, accessed, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW,
                                         instruction);
    }
}

double percent(uint64_t part, uint64_t whole) {
    return whole != 0 ? static_cast<double>(part) / static_cast<double>(whole) * 100.0 : 0.0;
}

struct Totals {
    uint64_t data, data_misses, fetches, fetch_misses, second, second_misses;
};

void append_totals(std::string* report, const Totals& t) {
    plugin::append(report, "%-14" PRIu64 " %-12" PRIu64 " %9.4f%%  %-14" PRIu64 " %-12" PRIu64 " %9.4f%%",
                   t.data, t.data_misses, percent(t.data_misses, t.data), t.fetches, t.fetch_misses,
                   percent(t.fetch_misses, t.fetches));
    if (t.second != 0 && t.second_misses != 0) {
        plugin::append(report, "  %-12" PRIu64 " %-11" PRIu64 " %10.4f%%", t.second, t.second_misses,
                       percent(t.second_misses, t.second));
    }
    *report += '\n';
}

void append_top(std::string* report, const char* what, std::atomic<uint64_t> Instruction::*misses) {
    std::vector<const Instruction*> order;
    order.reserve(instructions.size());
    for (const auto& [address, instruction] : instructions) order.push_back(&instruction);
    std::stable_sort(order.begin(), order.end(), [&](const Instruction* a, const Instruction* b) {
        return (a->*misses).load() > (b->*misses).load();
    });
    if (order.size() > limit) order.resize(limit);
    plugin::append(report, "\naddress, %s misses, instruction\n", what);
    for (const Instruction* instruction : order) {
        plugin::append(report, "0x%" PRIx64, instruction->address);
        if (!instruction->symbol.empty()) plugin::append(report, " (%s)", instruction->symbol.c_str());
        plugin::append(report, ", %" PRIu64 ", %s\n", (instruction->*misses).load(),
                       instruction->text.c_str());
    }
}

void at_exit(qemu_plugin_id_t, void*) {
    std::string report =
        "core #, data accesses, data misses, dmiss rate, insn accesses, insn misses, imiss rate";
    if (use_second) report += ", l2 accesses, l2 misses, l2 miss rate";
    report += '\n';
    Totals sum = {};
    for (size_t i = 0; i < cores.size(); i++) {
        const Core& core = *cores[i];
        Totals t = {core.data->accesses,
                    core.data->misses,
                    core.instructions->accesses,
                    core.instructions->misses,
                    0,
                    0};
        if (use_second) t.second = core.second->accesses, t.second_misses = core.second->misses;
        plugin::append(&report, "%-8zu", i);
        append_totals(&report, t);
        sum = {sum.data + t.data,       sum.data_misses + t.data_misses,
               sum.fetches + t.fetches, sum.fetch_misses + t.fetch_misses,
               sum.second + t.second,   sum.second_misses + t.second_misses};
    }
    if (cores.size() > 1) {
        plugin::append(&report, "%-8s", "sum");
        append_totals(&report, sum);
    }
    append_top(&report, "data", &Instruction::data_misses);
    append_top(&report, "fetch", &Instruction::fetch_misses);
    if (use_second) append_top(&report, "L2", &Instruction::second_misses);
    qemu_plugin_outs(report.c_str());
}

bool is_possible(const char* name, const Geometry& geometry) {
    const char* reason = nullptr;
    if (geometry.size == 0 || geometry.block == 0 || geometry.ways == 0) {
        reason = "size, block size and associativity must be numbers above 0";
    } else if (geometry.size % geometry.block != 0) {
        reason = "cache size must be divisible by block size";
    } else if (geometry.size % (geometry.block * geometry.ways) != 0) {
        reason = "cache size must be divisible by set size (assoc * block size)";
    }
    if (reason != nullptr)
        fprintf(stderr, "%s cannot be constructed from given parameters\n%s\n", name, reason);
    return reason == nullptr;
}

}  // namespace

BUNDLED_PLUGIN("cache: simulates caches", kOptions)

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t*, int argc, char** argv) {
    if (!plugin::parse(kOptions, argc, argv)) return -1;
    // Any parameter of the second level asks for it.
    use_second = use_second || second_size != 0 || second_block != 0 || second_ways != 0;
    if (second_size != 0) second_level.size = second_size;
    if (second_block != 0) second_level.block = second_block;
    if (second_ways != 0) second_level.ways = second_ways;
    if (!is_possible("dcache", data_cache) || !is_possible("icache", instruction_cache) ||
        !is_possible("L2 cache", second_level)) {
        return -1;
    }
    for (uint64_t i = 0; i < std::max<uint64_t>(core_count, 1); i++) {
        auto core = std::make_unique<Core>();
        core->instructions = std::make_unique<Cache>(instruction_cache);
        core->data = std::make_unique<Cache>(data_cache);
        if (use_second) core->second = std::make_unique<Cache>(second_level);
        cores.push_back(std::move(core));
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, at_exit, nullptr);
    return 0;
}
