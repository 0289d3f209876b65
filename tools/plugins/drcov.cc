// SPDX-License-Identifier: MIT
// Coverage of the program in the drcov format (version 2), which disassemblers' coverage views read: a table
// of modules in text, then for each executed block its offset in the module, its size and the module's number
// in binary.
#include <map>
#include <mutex>

#include "tools/plugins/plugin_support.h"

namespace {

struct Entry {
    uint32_t start;
    uint16_t size;
    uint16_t module;
};
static_assert(sizeof(Entry) == 8);

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
        if (fresh) place->second = qemu_plugin_scoreboard_u64(qemu_plugin_scoreboard_new(sizeof(uint64_t)));
        counter = place->second;
    }
    qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, QEMU_PLUGIN_INLINE_STORE_U64, counter, 1);
}

void at_exit(qemu_plugin_id_t, void*) {
    FILE* file = fopen(file_name.c_str(), "wb");
    if (file == nullptr) {
        perror(file_name.c_str());
        return;
    }
    std::lock_guard lock(mutex);
    uint64_t begin = qemu_plugin_start_code();
    uint64_t end = qemu_plugin_end_code();
    std::vector<Entry> entries;
    for (const auto& [block, executed] : blocks) {
        if (block.first < begin || block.first >= end || qemu_plugin_u64_sum(executed) == 0) continue;
        entries.push_back({static_cast<uint32_t>(block.first - begin), block.second, 0});
    }
    auto* path = const_cast<char*>(qemu_plugin_path_to_binary());
    fprintf(file,
            "DRCOV VERSION: 2\nDRCOV FLAVOR: drcov-64\nModule Table: version 2, count 1\n"
            "Columns: id, base, end, entry, path\n0, 0x%" PRIx64 ", 0x%" PRIx64 ", 0x%" PRIx64
            ", %s\nBB Table: %zu bbs\n",
            begin, end, qemu_plugin_entry_code(), path, entries.size());
    free(path);
    fwrite(entries.data(), sizeof(Entry), entries.size(), file);
    fclose(file);
}

}  // namespace

BUNDLED_PLUGIN("drcov: coverage in the drcov format", kOptions)

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t*, int argc, char** argv) {
    if (!plugin::parse(kOptions, argc, argv)) return -1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, at_exit, nullptr);
    return 0;
}
