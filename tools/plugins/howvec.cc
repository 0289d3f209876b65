// SPDX-License-Identifier: MIT
// How much of which kind of instruction is executed: by class, and for chosen classes by single instruction.
#include <algorithm>
#include <map>
#include <mutex>

#include "tools/plugins/plugin_support.h"

namespace {

enum class Counting { Class, Individual, None };

struct InstructionClass {
    const char* name;
    const char* option;
    uint32_t mask;
    uint32_t pattern;
    Counting counting;
    qemu_plugin_u64 count = {};
};

InstructionClass classes[] = {
#define CLASS(name, option, mask, pattern, counting) {name, option, mask, pattern, Counting::counting},
#include "tools/plugins/howvec_classes.inc"
#undef CLASS
};

struct Individual {
    std::string text;
    const char* class_name;
    qemu_plugin_u64 count;
};

constexpr size_t kLimit = 50;
bool use_inline = false;
bool verbose = false;
std::mutex mutex;
std::map<uint32_t, Individual> individuals;

// "hint": count each instruction of the class; "!hint": do not count the class.
bool set_counting(const std::string& value) {
    bool none = value.starts_with("!");
    std::string name = none ? value.substr(1) : value;
    for (InstructionClass& row : classes) {
        if (name != row.option) continue;
        row.counting = none ? Counting::None : Counting::Individual;
        return true;
    }
    return false;
}

const plugin::Options kOptions = {
    {"inline", &use_inline, "count in translated code instead of in callbacks"},
    {"verbose", &verbose, "also print classes that were never executed"},
    {"count", set_counting, "count each instruction of this class, or with ! before it none (repeatable)"},
};

// The oldest command lines name a class without "count=".
void take_class_names(int* argc, char** argv) {
    int kept = 0;
    for (int i = 0; i < *argc; i++) {
        std::string word = argv[i];
        bool taken = word.ends_with("=on") && set_counting(word.substr(0, word.size() - 3));
        if (!taken) argv[kept++] = argv[i];
    }
    *argc = kept;
}

// False: not to be counted.
bool find_counter(qemu_plugin_insn* insn, qemu_plugin_u64* counter) {
    uint32_t word = 0;
    qemu_plugin_insn_data(insn, &word, sizeof(word));
    InstructionClass* row = std::find_if(
        std::begin(classes), std::end(classes),
        [&](const InstructionClass& candidate) { return (word & candidate.mask) == candidate.pattern; });
    if (row->counting == Counting::None) return false;
    if (row->counting == Counting::Class) {
        *counter = row->count;
        return true;
    }
    std::lock_guard lock(mutex);
    auto [place, fresh] = individuals.try_emplace(word);
    if (fresh) {
        char* text = qemu_plugin_insn_disas(insn);
        place->second = {text, row->name, plugin::new_counter()};
        free(text);
    }
    *counter = place->second.count;
    return true;
}

void executed(unsigned vcpu, void* score) {
    qemu_plugin_u64_add({static_cast<qemu_plugin_scoreboard*>(score), 0}, vcpu, 1);
}

void translated(qemu_plugin_id_t, qemu_plugin_tb* tb) {
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        qemu_plugin_insn* insn = qemu_plugin_tb_get_insn(tb, i);
        qemu_plugin_u64 counter;
        if (!find_counter(insn, &counter)) continue;
        if (use_inline) {
            qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(insn, QEMU_PLUGIN_INLINE_ADD_U64, counter, 1);
        } else {
            qemu_plugin_register_vcpu_insn_exec_cb(insn, executed, QEMU_PLUGIN_CB_NO_REGS, counter.score);
        }
    }
}

void at_exit(qemu_plugin_id_t, void*) {
    std::string report = "Instruction Classes:\n";
    for (const InstructionClass& row : classes) {
        uint64_t hits = qemu_plugin_u64_sum(row.count);
        if (row.counting == Counting::Class && hits == 0 && !verbose) continue;
        plugin::append(&report, "Class: %-24s\t", row.name);
        switch (row.counting) {
            case Counting::Class:
                plugin::append(&report, "(%" PRIu64 " hits)\n", hits);
                break;
            case Counting::Individual:
                report += "counted individually\n";
                break;
            case Counting::None:
                report += "not counted\n";
                break;
        }
    }

    std::lock_guard lock(mutex);
    std::vector<std::pair<uint64_t, uint32_t>> order;
    order.reserve(individuals.size());
    for (const auto& [word, individual] : individuals)
        order.emplace_back(qemu_plugin_u64_sum(individual.count), word);
    std::stable_sort(order.begin(), order.end(),
                     [](const auto& a, const auto& b) { return a.first > b.first; });
    if (order.size() > kLimit) order.resize(kLimit);
    if (!order.empty()) report += "Individual Instructions:\n";
    for (auto [hits, word] : order) {
        const Individual& individual = individuals[word];
        plugin::append(&report, "Instr: %-24s\t(%" PRIu64 " hits)\t(op=0x%08x/%s)\n", individual.text.c_str(),
                       hits, word, individual.class_name);
    }
    qemu_plugin_outs(report.c_str());
}

}  // namespace

BUNDLED_PLUGIN("howvec: executed instructions by class", kOptions)

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t*, int argc, char** argv) {
    take_class_names(&argc, argv);
    if (!plugin::parse(kOptions, argc, argv)) return -1;
    for (InstructionClass& row : classes) row.count = plugin::new_counter();
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, at_exit, nullptr);
    return 0;
}
