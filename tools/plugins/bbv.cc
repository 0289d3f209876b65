// SPDX-License-Identifier: MIT
// Basic block vectors for SimPoint: every so many instructions of a vCPU, a line that says how many of them
// were executed in which block. A block's number is the order in which it was seen first.
#include <map>
#include <mutex>
#include <shared_mutex>

#include "tools/plugins/plugin_support.h"

namespace {

struct Vcpu {
    uint64_t count;  // instructions since the last line
    FILE* file;
};

struct Block {
    size_t number;
    qemu_plugin_u64 count;
};

uint64_t interval = 100000000;
std::string out_file;
qemu_plugin_scoreboard* vcpus;
qemu_plugin_u64 vcpu_count;
std::shared_mutex mutex;
std::map<uint64_t, Block> blocks;

const plugin::Options kOptions = {
    {"interval", &interval, "instructions for each vector (100000000)"},
    {"outfile", &out_file, "the vectors of vCPU N go to TEXT.N.bb (required)"},
};

Vcpu* state_of(unsigned vcpu) {
    return static_cast<Vcpu*>(qemu_plugin_scoreboard_find(vcpus, vcpu));
}

void vcpu_init(qemu_plugin_id_t, unsigned vcpu) {
    Vcpu* state = state_of(vcpu);
    if (state->file != nullptr) return;  // the index is used again: go on in the same file
    std::string path = out_file + "." + std::to_string(vcpu) + ".bb";
    state->file = fopen(path.c_str(), "w");
    if (state->file == nullptr) perror(path.c_str());
}

void write_vector(unsigned vcpu, void*) {
    Vcpu* state = state_of(vcpu);
    if (state->file == nullptr) return;
    state->count -= interval;
    std::string line = "T";
    std::shared_lock lock(mutex);
    for (auto& [address, block] : blocks) {
        uint64_t count = qemu_plugin_u64_get(block.count, vcpu);
        if (count == 0) continue;
        plugin::append(&line, ":%zu:%" PRIu64 " ", block.number, count);
        qemu_plugin_u64_set(block.count, vcpu, 0);
    }
    line += '\n';
    fputs(line.c_str(), state->file);
}

void translated(qemu_plugin_id_t, qemu_plugin_tb* tb) {
    size_t length = qemu_plugin_tb_n_insns(tb);
    qemu_plugin_u64 block_count;
    {
        std::unique_lock lock(mutex);
        auto [place, fresh] = blocks.try_emplace(qemu_plugin_tb_vaddr(tb));
        if (fresh) {
            qemu_plugin_scoreboard* board = qemu_plugin_scoreboard_new(sizeof(uint64_t));
            place->second = {blocks.size() - 1, qemu_plugin_scoreboard_u64(board)};
        }
        block_count = place->second.count;
    }
    qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, QEMU_PLUGIN_INLINE_ADD_U64, vcpu_count, length);
    qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, QEMU_PLUGIN_INLINE_ADD_U64, block_count, length);
    qemu_plugin_register_vcpu_tb_exec_cond_cb(tb, write_vector, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_COND_GE,
                                              vcpu_count, interval, nullptr);
}

void at_exit(qemu_plugin_id_t, void*) {
    for (int vcpu = 0; vcpu < qemu_plugin_num_vcpus(); vcpu++) {
        FILE* file = state_of(static_cast<unsigned>(vcpu))->file;
        if (file != nullptr) fclose(file);
    }
}

}  // namespace

BUNDLED_PLUGIN("bbv: basic block vectors for SimPoint", kOptions)

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t*, int argc, char** argv) {
    if (!plugin::parse(kOptions, argc, argv)) return -1;
    if (out_file.empty()) {
        fprintf(stderr, "outfile unspecified\n");
        return -1;
    }
    vcpus = qemu_plugin_scoreboard_new(sizeof(Vcpu));
    vcpu_count = qemu_plugin_scoreboard_u64_in_struct(vcpus, Vcpu, count);
    qemu_plugin_register_vcpu_init_cb(id, vcpu_init);
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, at_exit, nullptr);
    return 0;
}
