// SPDX-License-Identifier: MIT
// Which blocks are executed most. A block is known by its address and its length: code that is replaced by
// code of another shape is another block. Each vCPU counts for itself, so nothing is lost between threads.
// With symbols=on each line ends with the block's symbol and, where there is debug information, source line.
#include <algorithm>
#include <map>
#include <mutex>

#include "tools/plugins/plugin_support.h"
#include "tools/plugins/shared/symbols.h"

namespace {

struct Block {
    uint64_t address;
    size_t length;
    int translations;
    qemu_plugin_u64 executions;
    uint64_t total;
    const plugin::Module* module;
};

bool use_inline = false;
bool symbols = false;
uint64_t limit = 20;

const plugin::Options kOptions = {
    {"inline", &use_inline, "accepted for older command lines: counting is always done in translated code"},
    {"limit", &limit, "how many blocks to print (20); 0: all"},
    {"symbols", &symbols, "name the blocks: symbol+offset, and the source line if it is known"},
};

std::mutex mutex;
std::map<std::pair<uint64_t, size_t>, Block> blocks;

void translated(qemu_plugin_id_t, qemu_plugin_tb* tb) {
    uint64_t address = qemu_plugin_tb_vaddr(tb);
    size_t length = qemu_plugin_tb_n_insns(tb);
    qemu_plugin_u64 counter;
    {
        std::lock_guard lock(mutex);
        auto [place, fresh] =
            blocks.try_emplace({address, length}, Block{address, length, 0, {}, 0, nullptr});
        Block& block = place->second;
        if (fresh) {
            block.executions = plugin::new_counter();
            if (symbols) block.module = plugin::module_at(address);
        }
        block.translations++;
        counter = block.executions;
    }
    qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, QEMU_PLUGIN_INLINE_ADD_U64, counter, 1);
}

void at_exit(qemu_plugin_id_t, void*) {
    std::lock_guard lock(mutex);
    std::vector<Block> sorted;
    for (auto& [key, block] : blocks) {
        sorted.push_back(block);
        sorted.back().total = qemu_plugin_u64_sum(block.executions);
    }
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const Block& a, const Block& b) { return a.total > b.total; });

    std::string report;
    plugin::append(&report, "collected %zu entries in the hash table\n", sorted.size());
    plugin::append(&report, "pc, tcount, icount, ecount%s\n", symbols ? ", symbol" : "");
    if (limit != 0 && sorted.size() > limit) sorted.resize(limit);
    for (const Block& block : sorted) {
        plugin::append(&report, "0x%016" PRIx64 ", %d, %zu, %" PRIu64, block.address, block.translations,
                       block.length, block.total);
        if (symbols) report += ", " + plugin::name_and_line_of(block.module, block.address);
        report += '\n';
    }
    qemu_plugin_outs(report.c_str());
}

}  // namespace

BUNDLED_PLUGIN("hotblocks: the blocks that are executed most", kOptions)

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t*, int argc, char** argv) {
    if (!plugin::parse(kOptions, argc, argv)) return -1;
    if (symbols) plugin::follow_modules(id);
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, at_exit, nullptr);
    return 0;
}
