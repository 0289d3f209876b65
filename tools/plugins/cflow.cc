// SPDX-License-Identifier: MIT
// Where control flow goes: for each instruction after which execution did not go on at the next one, its
// destinations and how often each was taken; and where blocks are left early, by a fault or a signal.
//
// Translated code keeps a few addresses for each vCPU; a callback is made only when a block is entered that
// does not follow the one before. With symbols=on addresses are followed by symbol+offset and source line.
#include <algorithm>
#include <map>
#include <mutex>

#include "tools/plugins/plugin_support.h"
#include "tools/plugins/shared/symbols.h"

namespace {

struct State {
    uint64_t block;      // address of the block that is entered
    uint64_t block_end;  // address of its last instruction
    uint64_t after;      // address behind it
    uint64_t last;       // address of the instruction that was announced last
};

struct Node {
    std::map<uint64_t, uint64_t> destinations;
    uint64_t branches = 0;
    uint64_t early_exits = 0;
    bool in_mid_block = false;
    std::string text;
    std::string symbol;
    const plugin::Module* module = nullptr;
};

enum class Order { Hottest, EarlyExits, Destinations };

constexpr size_t kLimit = 10;
bool symbols = false;
Order order = Order::Hottest;
qemu_plugin_scoreboard* states;
qemu_plugin_u64 block_address, block_end, after_block, last_address;
std::mutex mutex;
std::map<uint64_t, Node> nodes;

bool set_order(const std::string& value) {
    if (value == "hottest") order = Order::Hottest;
    if (value == "early") order = Order::EarlyExits;
    if (value == "exceptions") order = Order::Destinations;
    return value == "hottest" || value == "early" || value == "exceptions";
}

const plugin::Options kOptions = {
    {"sort", set_order, "hottest (most branches), early (most early exits), exceptions (most destinations)"},
    {"symbols", &symbols, "name instructions and destinations: symbol+offset, and source line if known"},
};

void jumped(unsigned vcpu, void*) {
    const auto* state = static_cast<State*>(qemu_plugin_scoreboard_find(states, vcpu));
    if (state->last == 0) return;  // the first block
    std::lock_guard lock(mutex);
    Node& node = nodes[state->last];
    if (state->last != state->block_end) {
        node.early_exits++;
        node.in_mid_block = true;
    }
    node.destinations[state->block]++;
    node.branches++;
}

void translated(qemu_plugin_id_t, qemu_plugin_tb* tb) {
    constexpr qemu_plugin_op kStore = QEMU_PLUGIN_INLINE_STORE_U64;
    uint64_t address = qemu_plugin_tb_vaddr(tb);
    size_t count = qemu_plugin_tb_n_insns(tb);
    uint64_t end = address + 4 * (count - 1);

    // The check is the block's; the block's own addresses come after it, with its first instruction.
    qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, kStore, block_address, address);
    qemu_plugin_register_vcpu_tb_exec_cond_cb(tb, jumped, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_COND_NE,
                                              after_block, address, nullptr);
    qemu_plugin_insn* first = qemu_plugin_tb_get_insn(tb, 0);
    qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(first, kStore, block_end, end);
    qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(first, kStore, after_block, end + 4);
    for (size_t i = 0; i < count; i++) {
        qemu_plugin_insn* insn = qemu_plugin_tb_get_insn(tb, i);
        uint64_t here = qemu_plugin_insn_vaddr(insn);
        qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(insn, kStore, last_address, here);
        std::lock_guard lock(mutex);
        Node& node = nodes[here];
        if (i + 1 < count) node.in_mid_block = true;
        if (!node.text.empty()) continue;
        char* text = qemu_plugin_insn_disas(insn);
        const char* symbol = qemu_plugin_insn_symbol(insn);
        node.text = text;
        node.symbol = symbol != nullptr ? symbol : "(null)";
        free(text);
        if (symbols) node.module = plugin::module_at(here);
    }
}

// A destination has been translated, so it has a node.
std::string name_of(uint64_t address) {
    return plugin::name_and_line_of(nodes[address].module, address);
}

bool comes_first(const Node& a, const Node& b) {
    switch (order) {
        case Order::Hottest:
            return a.branches > b.branches;
        case Order::EarlyExits:
            return a.early_exits > b.early_exits;
        case Order::Destinations:
            return a.destinations.size() > b.destinations.size();
    }
    return false;
}

void at_exit(qemu_plugin_id_t, void*) {
    std::lock_guard lock(mutex);
    std::string report;
    plugin::append(&report, "collected %zu control flow nodes in the hash table\n", nodes.size());
    std::vector<std::pair<uint64_t, const Node*>> sorted;
    for (const auto& [address, node] : nodes) {
        if (node.branches != 0) sorted.emplace_back(address, &node);
    }
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const auto& a, const auto& b) { return comes_first(*a.second, *b.second); });
    if (sorted.size() > kLimit) sorted.resize(kLimit);
    for (const auto& [address, node] : sorted) {
        plugin::append(&report, "  addr: 0x%" PRIx64 " %s: %s (%s)\n", address,
                       symbols ? name_of(address).c_str() : node->symbol.c_str(), node->text.c_str(),
                       node->in_mid_block ? "sync fault" : "branch");
        if (node->early_exits != 0)
            plugin::append(&report, "    early exits %" PRIu64 "\n", node->early_exits);
        plugin::append(&report, "    branches %" PRIu64 "\n", node->branches);
        for (auto [destination, times] : node->destinations) {
            plugin::append(&report, "      to 0x%" PRIx64 " (%" PRIu64 ")", destination, times);
            if (symbols) report += " " + name_of(destination);
            report += '\n';
        }
    }
    qemu_plugin_outs(report.c_str());
}

}  // namespace

BUNDLED_PLUGIN("cflow: where control flow goes", kOptions)

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t*, int argc, char** argv) {
    if (!plugin::parse(kOptions, argc, argv)) return -1;
    states = qemu_plugin_scoreboard_new(sizeof(State));
    block_address = qemu_plugin_scoreboard_u64_in_struct(states, State, block);
    block_end = qemu_plugin_scoreboard_u64_in_struct(states, State, block_end);
    after_block = qemu_plugin_scoreboard_u64_in_struct(states, State, after);
    last_address = qemu_plugin_scoreboard_u64_in_struct(states, State, last);
    if (symbols) plugin::follow_modules(id);
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, at_exit, nullptr);
    return 0;
}
