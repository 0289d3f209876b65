// SPDX-License-Identifier: MIT
// Looks at every block and does nothing: shows what it costs that a plugin is there.
#include "tools/plugins/plugin_support.h"

namespace {

const plugin::Options kOptions = {};

void translated(qemu_plugin_id_t, qemu_plugin_tb*) {}

}  // namespace

BUNDLED_PLUGIN("empty: does nothing, to measure what that costs", kOptions)

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t*, int argc, char** argv) {
    if (!plugin::parse(kOptions, argc, argv)) return -1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return 0;
}
