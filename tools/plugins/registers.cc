// SPDX-License-Identifier: MIT
// Lists the registers, and with read=on reads all of them before every instruction, which checks that they
// can be.
#include <map>

#define QEMU_PLUGIN_VERSION 6
#include "tools/plugins/plugin_support.h"

namespace {

struct Register {
    qemu_plugin_register* handle;
    std::string name;
    size_t size;
};

bool read_all = false;
qemu_plugin_scoreboard* registers;  // a std::vector<Register>* for each vCPU
qemu_plugin_u64 reads;

const plugin::Options kOptions = {
    {"read", &read_all, "read every register before every instruction"},
};

size_t read_size(qemu_plugin_register* handle) {
    GByteArray bytes = {nullptr, 0};
    bool good = qemu_plugin_read_register(handle, &bytes);
    free(bytes.data);
    return good ? bytes.len : 0;
}

void vcpu_init(qemu_plugin_id_t, unsigned vcpu) {
    auto* list = new std::vector<Register>;
    GArray* array = qemu_plugin_get_registers();
    const auto* rows = reinterpret_cast<const qemu_plugin_reg_descriptor*>(array->data);
    std::string report;
    for (unsigned i = 0; i < array->len; i++) {
        size_t size = read_size(rows[i].handle);
        list->push_back({rows[i].handle, rows[i].name, size});
        plugin::append(&report, "cpu %u: %s, %zu bytes, %s%s\n", vcpu, rows[i].name, size, rows[i].feature,
                       rows[i].is_readonly ? ", read-only" : "");
    }
    free(array->data);
    free(array);
    if (vcpu == 0) qemu_plugin_outs(report.c_str());
    *static_cast<std::vector<Register>**>(qemu_plugin_scoreboard_find(registers, vcpu)) = list;
}

void executed(unsigned vcpu, void*) {
    const auto& list = **static_cast<std::vector<Register>**>(qemu_plugin_scoreboard_find(registers, vcpu));
    for (const Register& reg : list) {
        if (read_size(reg.handle) == reg.size) {
            qemu_plugin_u64_add(reads, vcpu, 1);
        } else {
            plugin::print("cpu %u: %s cannot be read\n", vcpu, reg.name.c_str());
        }
    }
}

void translated(qemu_plugin_id_t, qemu_plugin_tb* tb) {
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        qemu_plugin_register_vcpu_insn_exec_cb(qemu_plugin_tb_get_insn(tb, i), executed,
                                               QEMU_PLUGIN_CB_R_REGS, nullptr);
    }
}

void at_exit(qemu_plugin_id_t, void*) {
    if (read_all) plugin::print("register reads: %" PRIu64 "\n", qemu_plugin_u64_sum(reads));
}

}  // namespace

BUNDLED_PLUGIN("registers: lists and reads registers", kOptions)

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t*, int argc, char** argv) {
    if (!plugin::parse(kOptions, argc, argv)) return -1;
    registers = qemu_plugin_scoreboard_new(sizeof(void*));
    reads = plugin::new_counter();
    qemu_plugin_register_vcpu_init_cb(id, vcpu_init);
    if (read_all) qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, at_exit, nullptr);
    return 0;
}
