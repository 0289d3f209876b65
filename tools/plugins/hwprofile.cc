// SPDX-License-Identifier: MIT
// Profiles accesses to devices, which a user program does not make: refuses to be installed, as it does
// everywhere when no whole machine is emulated.
#include "tools/plugins/plugin_support.h"

namespace {

bool pattern = false;
bool source = false;
std::string track;

const plugin::Options kOptions = {
    {"track", &track, "read or write"},
    {"source", &source, "by the address of the accessing instruction"},
    {"pattern", &pattern, "by the offset in the device"},
};

}  // namespace

BUNDLED_PLUGIN("hwprofile: profiles device accesses (system emulation only)", kOptions)

int qemu_plugin_install(qemu_plugin_id_t, const qemu_info_t* info, int, char**) {
    if (!info->system_emulation) fprintf(stderr, "hwprofile: plugin only useful for system emulation\n");
    return -1;
}
