// SPDX-License-Identifier: MIT
// Questions about blocks, instructions and memory accesses.
#include <string.h>

#include <algorithm>

#include "guest/disassembler.h"
#include "guest/thread.h"
#include "loader/loader.h"
#include "plugin-host/api.h"
#include "plugin-host/instrument.h"

using namespace armature;
using namespace armature::plugin_host;

size_t qemu_plugin_tb_n_insns(const qemu_plugin_tb* tb) {
    tb = valid_tb(tb, __func__);
    return tb != nullptr ? tb->block->instructions.size() : 0;
}

uint64_t qemu_plugin_tb_vaddr(const qemu_plugin_tb* tb) {
    tb = valid_tb(tb, __func__);
    return tb != nullptr ? tb->block->address : 0;
}

qemu_plugin_insn* qemu_plugin_tb_get_insn(const qemu_plugin_tb* tb, size_t idx) {
    qemu_plugin_tb* own = valid_tb(tb, __func__);
    return own != nullptr && idx < own->block->instructions.size() ? handle_of(&own->insns[idx]) : nullptr;
}

// Up to version 2: const void *qemu_plugin_insn_data(insn), the bytes themselves.
size_t qemu_plugin_insn_data(const qemu_plugin_insn* insn, void* dest, size_t len) {
    insn = valid_insn(insn, __func__);
    if (insn == nullptr) return 0;
    const uint32_t& encoding = probed(insn).encoding;
    if (current_tb().caller->version < 3) return reinterpret_cast<size_t>(&encoding);
    len = std::min(len, sizeof(encoding));
    memcpy(dest, &encoding, len);
    return len;
}

size_t qemu_plugin_insn_size(const qemu_plugin_insn* insn) {
    return valid_insn(insn, __func__) != nullptr ? 4 : 0;
}

uint64_t qemu_plugin_insn_vaddr(const qemu_plugin_insn* insn) {
    insn = valid_insn(insn, __func__);
    return insn != nullptr ? probed(insn).address : 0;
}

void* qemu_plugin_insn_haddr(const qemu_plugin_insn* insn) {
    return reinterpret_cast<void*>(qemu_plugin_insn_vaddr(insn));  // guest memory is host memory
}

char* qemu_plugin_insn_disas(const qemu_plugin_insn* insn) {
    insn = valid_insn(insn, __func__);
    if (insn == nullptr) return nullptr;
    const translator::ProbedInstruction& instruction = probed(insn);
    char text[128];
    guest::disassemble(instruction.address, instruction.encoding, text, sizeof(text) - 1);
    if (strchr(text, ' ') == nullptr) strcat(text, " ");  // "ret ": existing plugins know it with the space
    return strdup(text);
}

const char* qemu_plugin_insn_symbol(const qemu_plugin_insn* insn) {
    insn = valid_insn(insn, __func__);
    return insn != nullptr ? loader::symbol_at(probed(insn).address) : nullptr;
}

unsigned int qemu_plugin_mem_size_shift(qemu_plugin_meminfo_t info) {
    return info & translator::kMemorySizeMask;
}

bool qemu_plugin_mem_is_sign_extended(qemu_plugin_meminfo_t info) {
    return (info & translator::kMemorySigned) != 0;
}

bool qemu_plugin_mem_is_big_endian(qemu_plugin_meminfo_t info) {
    return false;  // AArch64 Linux programs are little-endian
}

bool qemu_plugin_mem_is_store(qemu_plugin_meminfo_t info) {
    return (info & translator::kMemoryStore) != 0;
}

qemu_plugin_mem_value qemu_plugin_mem_get_value(qemu_plugin_meminfo_t info) {
    qemu_plugin_mem_value value = {};
    const guest::Thread* thread = guest::current_thread();
    if (thread == nullptr) {
        report_misuse(calling_plugin(__builtin_return_address(0)), __func__,
                      "called outside a memory callback");
        return value;
    }
    const guest::Vec128& data = thread->cpu.vector_scratch[0];
    unsigned shift = std::min(qemu_plugin_mem_size_shift(info), 4u);
    value.type = static_cast<qemu_plugin_mem_value_type>(shift);
    // Only the bytes of the access count.
    memcpy(&value.data, &data, size_t{1} << shift);
    return value;
}

qemu_plugin_hwaddr* qemu_plugin_get_hwaddr(qemu_plugin_meminfo_t info, uint64_t vaddr) {
    return nullptr;
}

bool qemu_plugin_hwaddr_is_io(const qemu_plugin_hwaddr* haddr) {
    return false;
}

uint64_t qemu_plugin_hwaddr_phys_addr(const qemu_plugin_hwaddr* haddr) {
    return 0;
}

uint64_t qemu_plugin_hwaddr_to_raddr(const qemu_plugin_hwaddr* haddr) {
    return 0;
}

uint64_t qemu_plugin_hwaddr_device_offset(const qemu_plugin_hwaddr* haddr) {
    return 0;
}

const char* qemu_plugin_hwaddr_device_name(const qemu_plugin_hwaddr* haddr) {
    return nullptr;
}
