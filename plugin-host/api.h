// SPDX-License-Identifier: MIT
// The public header as the host sees it: version 7, plus what only older versions declare. The definitions
// serve all versions; where a function's form changed, the definition has the newest one and says what older
// callers get.
#pragma once

#include <cstddef>
#include <cstdint>

#define QEMU_PLUGIN_VERSION 7
#define QEMU_PLUGIN_NO_GLIB
#include "plugin-host/include/qemu-plugin.h"

extern "C" {
void qemu_plugin_register_vcpu_tb_exec_inline(qemu_plugin_tb* tb, qemu_plugin_op op, void* ptr, uint64_t imm);
void qemu_plugin_register_vcpu_insn_exec_inline(qemu_plugin_insn* insn, qemu_plugin_op op, void* ptr,
                                                uint64_t imm);
void qemu_plugin_register_vcpu_mem_inline(qemu_plugin_insn* insn, qemu_plugin_mem_rw rw, qemu_plugin_op op,
                                          void* ptr, uint64_t imm);
uint64_t qemu_plugin_hwaddr_to_raddr(const qemu_plugin_hwaddr* haddr);
uint64_t qemu_plugin_hwaddr_device_offset(const qemu_plugin_hwaddr* haddr);
int qemu_plugin_n_vcpus(void);
int qemu_plugin_n_max_vcpus(void);
}
