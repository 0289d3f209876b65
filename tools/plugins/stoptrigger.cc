// SPDX-License-Identifier: MIT
// Ends the emulation after so many instructions of a vCPU, or at an address.
#include <map>

#include "tools/plugins/plugin_support.h"

namespace {

struct State {
    uint64_t count;
    uint64_t address;
};

struct Stop {
    uint64_t address;
    int status;
};

uint64_t instruction_limit = 0;
int limit_status = 0;
std::map<uint64_t, Stop> stops;
qemu_plugin_scoreboard* states;
qemu_plugin_u64 count;
qemu_plugin_u64 last_address;

// NUMBER[:STATUS]
bool split(const std::string& text, uint64_t* number, int* status) {
    char* end = nullptr;
    *number = strtoull(text.c_str(), &end, 0);
    if (end == text.c_str() || text[0] == '-') return false;
    if (*end == ':') *status = static_cast<int>(strtol(end + 1, &end, 0));
    return *end == '\0';
}

bool set_limit(const std::string& value) {
    return split(value, &instruction_limit, &limit_status) && instruction_limit > 0;
}

bool add_stop(const std::string& value) {
    Stop stop = {0, 0};
    if (!split(value, &stop.address, &stop.status)) return false;
    stops[stop.address] = stop;
    return true;
}

const plugin::Options kOptions = {
    {"icount", set_limit, "N[:STATUS]: end after N instructions, with this exit status (0)"},
    {"addr", add_stop, "ADDRESS[:STATUS]: end when this instruction is reached (repeatable)"},
};

void count_reached(unsigned vcpu, void*) {
    plugin::print("icount reached at 0x%" PRIx64 ", exiting\n", qemu_plugin_u64_get(last_address, vcpu));
    exit(limit_status);
}

void address_reached(unsigned, void* userdata) {
    const auto* stop = static_cast<const Stop*>(userdata);
    plugin::print("0x%" PRIx64 " reached, exiting\n", stop->address);
    exit(stop->status);
}

void translated(qemu_plugin_id_t, qemu_plugin_tb* tb) {
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        qemu_plugin_insn* insn = qemu_plugin_tb_get_insn(tb, i);
        uint64_t address = qemu_plugin_insn_vaddr(insn);
        if (instruction_limit != 0) {
            qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(insn, QEMU_PLUGIN_INLINE_ADD_U64, count, 1);
            qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(insn, QEMU_PLUGIN_INLINE_STORE_U64,
                                                                last_address, address);
            // Callbacks run before their instruction: this one when the limit has been executed.
            qemu_plugin_register_vcpu_insn_exec_cond_cb(insn, count_reached, QEMU_PLUGIN_CB_NO_REGS,
                                                        QEMU_PLUGIN_COND_EQ, count, instruction_limit + 1,
                                                        nullptr);
        }
        auto stop = stops.find(address);
        if (stop != stops.end()) {
            qemu_plugin_register_vcpu_insn_exec_cb(insn, address_reached, QEMU_PLUGIN_CB_NO_REGS,
                                                   &stop->second);
        }
    }
}

}  // namespace

BUNDLED_PLUGIN("stoptrigger: ends the emulation at a count or an address", kOptions)

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t*, int argc, char** argv) {
    if (!plugin::parse(kOptions, argc, argv)) return -1;
    if (instruction_limit == 0 && stops.empty()) {
        fprintf(stderr, "'icount' or 'addr' argument missing\n");
        return -1;
    }
    states = qemu_plugin_scoreboard_new(sizeof(State));
    count = qemu_plugin_scoreboard_u64_in_struct(states, State, count);
    last_address = qemu_plugin_scoreboard_u64_in_struct(states, State, address);
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return 0;
}
