// SPDX-License-Identifier: MIT
// Goes through the life of a plugin: counts blocks, resets itself after some, counts again in its second
// life, and uninstalls itself. What it prints says how often each step was taken.
#include <atomic>

#include "tools/plugins/plugin_support.h"

namespace {

uint64_t step = 100;
qemu_plugin_id_t own_id;
std::atomic<uint64_t> executions{0};
std::atomic<int> life{1};

const plugin::Options kOptions = {
    {"step", &step, "executed blocks in each life (100)"},
};

void translated(qemu_plugin_id_t, qemu_plugin_tb* tb);

void uninstalled(qemu_plugin_id_t) {
    plugin::print("uninstalled\n");
}

void reset_done(qemu_plugin_id_t id) {
    plugin::print("reset\n");
    executions = 0;
    life = 2;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
}

void executed(unsigned, void*) {
    if (++executions != step) return;
    plugin::print("life %d: %" PRIu64 " blocks\n", life.load(), step);
    if (life == 1) {
        qemu_plugin_reset(own_id, reset_done);
    } else {
        qemu_plugin_uninstall(own_id, uninstalled);
    }
}

void translated(qemu_plugin_id_t, qemu_plugin_tb* tb) {
    qemu_plugin_register_vcpu_tb_exec_cb(tb, executed, QEMU_PLUGIN_CB_NO_REGS, nullptr);
}

}  // namespace

BUNDLED_PLUGIN("reset: resets and uninstalls itself", kOptions)

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t*, int argc, char** argv) {
    if (!plugin::parse(kOptions, argc, argv)) return -1;
    own_id = id;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return 0;
}
