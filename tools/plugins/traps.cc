// SPDX-License-Identifier: MIT
// Counts signals that are delivered (interrupts: asynchronous, exceptions: faults) and system calls
// (hostcalls).
#define QEMU_PLUGIN_VERSION 7
#include "tools/plugins/plugin_support.h"

namespace {

struct Counts {
    uint64_t interrupts;
    uint64_t exceptions;
    uint64_t hostcalls;
};

qemu_plugin_scoreboard* counts;

const plugin::Options kOptions = {};

Counts* counts_of(unsigned vcpu) {
    return static_cast<Counts*>(qemu_plugin_scoreboard_find(counts, vcpu));
}

void happened(unsigned vcpu, qemu_plugin_discon_type type, uint64_t, uint64_t, void*) {
    switch (type) {
        case QEMU_PLUGIN_DISCON_INTERRUPT:
            counts_of(vcpu)->interrupts++;
            break;
        case QEMU_PLUGIN_DISCON_EXCEPTION:
            counts_of(vcpu)->exceptions++;
            break;
        case QEMU_PLUGIN_DISCON_HOSTCALL:
            counts_of(vcpu)->hostcalls++;
            break;
        default:
            break;
    }
}

void at_exit(void*) {
    std::string report = "VCPU, interrupts, exceptions, hostcalls\n";
    for (int vcpu = 0; vcpu < qemu_plugin_num_vcpus(); vcpu++) {
        const Counts* row = counts_of(static_cast<unsigned>(vcpu));
        plugin::append(&report, "% 4d, % 10" PRId64 ", % 10" PRId64 ", % 10" PRId64 "\n", vcpu,
                       static_cast<int64_t>(row->interrupts), static_cast<int64_t>(row->exceptions),
                       static_cast<int64_t>(row->hostcalls));
    }
    qemu_plugin_outs(report.c_str());
}

}  // namespace

BUNDLED_PLUGIN("traps: counts signals and system calls", kOptions)

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t*, int argc, char** argv) {
    if (!plugin::parse(kOptions, argc, argv)) return -1;
    counts = qemu_plugin_scoreboard_new(sizeof(Counts));
    qemu_plugin_register_vcpu_discon_cb(id, QEMU_PLUGIN_DISCON_ALL, happened, nullptr);
    qemu_plugin_register_atexit_cb(id, at_exit, nullptr);
    return 0;
}
