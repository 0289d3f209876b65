// SPDX-License-Identifier: MIT
// Replaces instructions when the block they are in is entered: the next translation has the new ones.
#define QEMU_PLUGIN_VERSION 6
#include "tools/plugins/plugin_support.h"

namespace {

using Bytes = std::vector<uint8_t>;

Bytes target;
Bytes patch;
bool use_hardware_address = false;

bool from_hex(const std::string& text, Bytes* bytes) {
    if (text.empty() || text.size() % 2 != 0) return false;
    for (size_t i = 0; i < text.size(); i += 2) {
        char* end = nullptr;
        std::string digits = text.substr(i, 2);
        bytes->push_back(static_cast<uint8_t>(strtoul(digits.c_str(), &end, 16)));
        if (*end != '\0') return false;
    }
    return true;
}

bool set_target(const std::string& text) {
    return from_hex(text, &target);
}

bool set_patch(const std::string& text) {
    return from_hex(text, &patch);
}

const plugin::Options kOptions = {
    {"target", set_target, "the instruction to replace: its bytes in hexadecimal, in memory order"},
    {"patch", set_patch, "the bytes to put there, as many"},
    {"use_hwaddr", &use_hardware_address, "by hardware address: fails here, there are none"},
};

void entered(unsigned, void* userdata) {
    auto address = reinterpret_cast<uint64_t>(userdata);
    plugin::print("patching: @0x%" PRIx64 "\n", address);
    GByteArray bytes = {patch.data(), static_cast<unsigned>(patch.size())};
    if (use_hardware_address) {
        int result = qemu_plugin_write_memory_hwaddr(address, &bytes);
        if (result != QEMU_PLUGIN_HWADDR_OPERATION_OK) plugin::print("Failed to write memory: %d\n", result);
        return;
    }
    if (!qemu_plugin_write_memory_vaddr(address, &bytes)) {
        qemu_plugin_outs("Failed to write memory\n");
        return;
    }
    GByteArray now = {nullptr, 0};
    bool same = qemu_plugin_read_memory_vaddr(address, &now, patch.size()) &&
                memcmp(now.data, patch.data(), patch.size()) == 0;
    free(now.data);
    qemu_plugin_outs(same ? "Success!\n" : "Failed to read back written data\n");
}

void translated(qemu_plugin_id_t, qemu_plugin_tb* tb) {
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        qemu_plugin_insn* insn = qemu_plugin_tb_get_insn(tb, i);
        Bytes bytes(qemu_plugin_insn_size(insn));
        qemu_plugin_insn_data(insn, bytes.data(), bytes.size());
        if (bytes.size() < target.size() || memcmp(bytes.data(), target.data(), target.size()) != 0) continue;
        qemu_plugin_register_vcpu_tb_exec_cb(tb, entered, QEMU_PLUGIN_CB_NO_REGS,
                                             reinterpret_cast<void*>(qemu_plugin_insn_vaddr(insn)));
    }
}

}  // namespace

BUNDLED_PLUGIN("patch: replaces instructions", kOptions)

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t*, int argc, char** argv) {
    if (!plugin::parse(kOptions, argc, argv)) return -1;
    if (target.empty() || target.size() != patch.size()) {
        fprintf(stderr, "patch: target and patch are required, and must have the same length\n");
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return 0;
}
