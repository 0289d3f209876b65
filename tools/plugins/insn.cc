// SPDX-License-Identifier: MIT
// Counts executed instructions, for each vCPU; with match=TEXT also those whose disassembly starts with TEXT.
#include <map>
#include <memory>
#include <mutex>

#include "tools/plugins/plugin_support.h"

namespace {

// What one vCPU has seen of one match.
struct Hits {
    uint64_t hits;
    uint64_t last;   // instruction count at the last hit
    uint64_t total;  // instructions between hits, summed
};

struct Match {
    std::string text;
    qemu_plugin_scoreboard* hits;
};

struct Instruction {
    Match* match;
    uint64_t address;
    std::string text;
    qemu_plugin_u64 hits;
};

bool use_inline = false;
bool show_sizes = false;
bool trace = false;
std::vector<std::unique_ptr<Match>> matches;
qemu_plugin_u64 executed_count;

bool add_match(const std::string& text) {
    matches.push_back(std::make_unique<Match>(Match{text, qemu_plugin_scoreboard_new(sizeof(Hits))}));
    return true;
}

const plugin::Options kOptions = {
    {"inline", &use_inline, "count in translated code instead of in callbacks"},
    {"sizes", &show_sizes, "print how many translated instructions have which size, instead of the counts"},
    {"match", add_match, "also count the instructions whose text starts like this (repeatable)"},
    {"trace", &trace, "print a line whenever a match is executed"},
};

std::mutex mutex;
std::map<size_t, uint64_t> sizes;
std::map<std::pair<uint64_t, std::string>, Instruction> matched;

void executed(unsigned vcpu, void*) {
    qemu_plugin_u64_add(executed_count, vcpu, 1);
}

void match_executed(unsigned vcpu, void* userdata) {
    auto* instruction = static_cast<Instruction*>(userdata);
    auto* hits = static_cast<Hits*>(qemu_plugin_scoreboard_find(instruction->match->hits, vcpu));
    uint64_t now = qemu_plugin_u64_get(executed_count, vcpu);
    uint64_t since = now - hits->last;
    qemu_plugin_u64_add(instruction->hits, vcpu, 1);
    hits->hits++;
    hits->total += since;
    hits->last = now;
    if (!trace) return;
    plugin::print("0x%" PRIx64 ", '%s', %" PRId64 " hits , cpu %u, %" PRId64 " match hits, Δ+%" PRId64
                  " since last match, %" PRId64 " avg insns/match\n",
                  instruction->address, instruction->text.c_str(), qemu_plugin_u64_sum(instruction->hits),
                  vcpu, hits->hits, since, hits->total / hits->hits);
}

Instruction* record(Match* match, uint64_t address, const std::string& text) {
    std::lock_guard lock(mutex);
    auto [place, fresh] = matched.try_emplace({address, text}, Instruction{match, address, text, {}});
    if (fresh) {
        place->second.hits = plugin::new_counter();
        plugin::print("Created record for: %" PRIx64 " %s\n", address, text.c_str());
    }
    return &place->second;
}

void attach_matches(qemu_plugin_insn* insn) {
    char* disassembly = qemu_plugin_insn_disas(insn);
    std::string text = disassembly;
    free(disassembly);
    for (auto& match : matches) {
        if (!text.starts_with(match->text)) continue;
        Instruction* instruction = record(match.get(), qemu_plugin_insn_vaddr(insn), text);
        qemu_plugin_register_vcpu_insn_exec_cb(insn, match_executed, QEMU_PLUGIN_CB_NO_REGS, instruction);
    }
}

void translated(qemu_plugin_id_t, qemu_plugin_tb* tb) {
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        qemu_plugin_insn* insn = qemu_plugin_tb_get_insn(tb, i);
        if (use_inline) {
            qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(insn, QEMU_PLUGIN_INLINE_ADD_U64,
                                                                executed_count, 1);
        } else {
            qemu_plugin_register_vcpu_insn_exec_cb(insn, executed, QEMU_PLUGIN_CB_NO_REGS, nullptr);
        }
        if (show_sizes) {
            std::lock_guard lock(mutex);
            sizes[qemu_plugin_insn_size(insn)]++;
        }
        if (!matches.empty()) attach_matches(insn);
    }
}

void at_exit(qemu_plugin_id_t, void*) {
    std::string report;
    if (show_sizes) {
        for (auto [size, count] : sizes)
            plugin::append(&report, "len %zu bytes: %" PRIu64 " insns\n", size, count);
    } else {
        for (int vcpu = 0; vcpu < qemu_plugin_num_vcpus(); vcpu++) {
            plugin::append(&report, "cpu %d insns: %" PRIu64 "\n", vcpu,
                           qemu_plugin_u64_get(executed_count, static_cast<unsigned>(vcpu)));
        }
        plugin::append(&report, "total insns: %" PRIu64 "\n", qemu_plugin_u64_sum(executed_count));
    }
    for (auto& match : matches) {
        qemu_plugin_u64 hits = qemu_plugin_scoreboard_u64_in_struct(match->hits, Hits, hits);
        plugin::append(&report, "Match: %s, hits %" PRIu64 "\n", match->text.c_str(),
                       qemu_plugin_u64_sum(hits));
        for (auto& [key, instruction] : matched) {
            if (instruction.match != match.get()) continue;
            plugin::append(&report, "  %" PRIx64 ": %s (hits %" PRIu64 ")\n", instruction.address,
                           instruction.text.c_str(), qemu_plugin_u64_sum(instruction.hits));
        }
    }
    qemu_plugin_outs(report.c_str());
}

}  // namespace

BUNDLED_PLUGIN("insn: counts executed instructions", kOptions)

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t*, int argc, char** argv) {
    if (!plugin::parse(kOptions, argc, argv)) return -1;
    executed_count = plugin::new_counter();
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, at_exit, nullptr);
    return 0;
}
