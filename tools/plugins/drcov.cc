// SPDX-License-Identifier: MIT
// Coverage of the program in the drcov format. The coverage plugin knows shared libraries too.
#include <map>
#include <mutex>

#include "tools/plugins/shared/drcov_file.h"

namespace {

std::string file_name = "file.drcov.trace";
std::mutex mutex;
std::map<std::pair<uint64_t, uint16_t>, qemu_plugin_u64> blocks;  // address and size; executions

const plugin::Options kOptions = {
    {"filename", &file_name, "the file to write (file.drcov.trace)"},
};

void translated(qemu_plugin_id_t, qemu_plugin_tb* tb) {
    auto size = static_cast<uint16_t>(4 * qemu_plugin_tb_n_insns(tb));
    qemu_plugin_u64 counter;
    {
        std::lock_guard lock(mutex);
        auto [place, fresh] = blocks.try_emplace({qemu_plugin_tb_vaddr(tb), size});
        if (fresh) place->second = plugin::new_counter();
        counter = place->second;
    }
    qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, QEMU_PLUGIN_INLINE_STORE_U64, counter, 1);
}

void at_exit(qemu_plugin_id_t, void*) {
    std::lock_guard lock(mutex);
    uint64_t begin = qemu_plugin_start_code();
    uint64_t end = qemu_plugin_end_code();
    std::vector<plugin::DrcovBlock> entries;
    for (const auto& [block, executed] : blocks) {
        if (block.first < begin || block.first >= end || qemu_plugin_u64_sum(executed) == 0) continue;
        entries.push_back({static_cast<uint32_t>(block.first - begin), block.second, 0});
    }
    auto* path = const_cast<char*>(qemu_plugin_path_to_binary());
    plugin::write_drcov(file_name, {{begin, end, qemu_plugin_entry_code(), path}}, entries);
    free(path);
}

}  // namespace

BUNDLED_PLUGIN("drcov: coverage in the drcov format", kOptions)

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t*, int argc, char** argv) {
    if (!plugin::parse(kOptions, argc, argv)) return -1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, at_exit, nullptr);
    return 0;
}
