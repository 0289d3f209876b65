// SPDX-License-Identifier: MIT
#include "plugin-host/instrument.h"

#include "plugin-host/api.h"
#include "plugin-host/events.h"
#include "plugin-host/quiescence.h"
#include "plugin-host/scoreboard.h"

namespace armature::plugin_host {

using translator::Probe;
using translator::ProbeCondition;
using translator::ProbeCounter;
using translator::ProbeKind;

namespace {

constexpr unsigned kAddressBits = 48;

}  // namespace

qemu_plugin_tb& current_tb() {
    thread_local qemu_plugin_tb tb;
    return tb;
}

void translate_block(translator::ProbedBlock* block) {
    enter_section();  // until translate_block_done: a reset must wait for this block
    qemu_plugin_tb& tb = current_tb();
    size_t count = block->instructions.size();
    tb.block = block;
    tb.entry.clear();
    if (tb.insns.size() < count) tb.insns.resize(count);
    for (size_t i = 0; i < count; i++) {
        tb.insns[i].before.clear();
        tb.insns[i].memory.clear();
    }

    Plugin* previous = current_plugin;
    for (const Callback& callback : callbacks(Event::TbTrans)) {
        tb.caller = current_plugin = callback.plugin;
        tb.callback_number += uintptr_t{1} << kAddressBits;
        if (callback.plugin->version >= 7) {
            using Function = void (*)(qemu_plugin_tb*, void*);
            reinterpret_cast<Function>(callback.function)(handle_of(&tb), callback.userdata);
        } else {
            using Function = void (*)(uint64_t, qemu_plugin_tb*);
            reinterpret_cast<Function>(callback.function)(callback.plugin->id, handle_of(&tb));
        }
    }
    tb.caller = nullptr;
    current_plugin = previous;

    block->entry = tb.entry;
    for (size_t i = 0; i < count; i++) {
        block->instructions[i].before = tb.insns[i].before;
        block->instructions[i].memory = tb.insns[i].memory;
    }
}

void translate_block_done(translator::ProbedBlock* block) {
    qemu_plugin_tb& tb = current_tb();
    if (tb.block != block) return;  // not shown to plugins: there were none that wanted it
    tb.block = nullptr;
    leave_section();
}

qemu_plugin_tb* valid_tb(const qemu_plugin_tb* tb, const char* function) {
    qemu_plugin_tb& own = current_tb();
    if (own.caller != nullptr && handle_of(tb) == &own) return &own;
    report_misuse(current_plugin, function, "the block's handle is used outside its translation callback");
    return nullptr;
}

qemu_plugin_insn* valid_insn(const qemu_plugin_insn* insn, const char* function) {
    qemu_plugin_tb& own = current_tb();
    const qemu_plugin_insn* object = handle_of(insn);
    if (own.caller != nullptr && object >= own.insns.data() &&
        object < own.insns.data() + own.block->instructions.size()) {
        return const_cast<qemu_plugin_insn*>(object);
    }
    report_misuse(current_plugin, function,
                  "the instruction's handle is used outside its translation callback");
    return nullptr;
}

const translator::ProbedInstruction& probed(const qemu_plugin_insn* insn) {
    qemu_plugin_tb& own = current_tb();
    return own.block->instructions[static_cast<size_t>(insn - own.insns.data())];
}

namespace {

constexpr int kMemoryValuesSince = 4;  // qemu_plugin_mem_get_value

Probe callback_probe(ProbeKind kind, void* function, int flags, void* userdata) {
    Probe probe;
    probe.kind = kind;
    static_assert(QEMU_PLUGIN_CB_NO_REGS == 0 && QEMU_PLUGIN_CB_R_REGS == 1 && QEMU_PLUGIN_CB_RW_REGS == 2);
    probe.access_level = static_cast<uint8_t>(flags);
    probe.function = function;
    probe.userdata = userdata;
    return probe;
}

ProbeCounter counter_at(void* address) {
    ProbeCounter counter;
    counter.address = static_cast<uint64_t*>(address);
    return counter;
}

ProbeCounter counter_at(qemu_plugin_u64 entry) {
    ProbeCounter counter;
    if (entry.score->in_first_slab) {
        counter.in_vcpu = true;
        counter.offset = entry.score->in_chunk + entry.offset;
        return counter;
    }
    counter.base = &entry.score->base;
    counter.stride = entry.score->stride;
    counter.offset = entry.offset;
    return counter;
}

Probe inline_probe(int operation, ProbeCounter counter, uint64_t immediate) {
    Probe probe;
    probe.kind = operation == QEMU_PLUGIN_INLINE_STORE_U64 ? ProbeKind::StoreU64 : ProbeKind::AddU64;
    probe.counter = counter;
    probe.immediate = immediate;
    return probe;
}

void add_conditional(std::vector<Probe>* list, void* function, int flags, qemu_plugin_cond condition,
                     qemu_plugin_u64 entry, uint64_t immediate, void* userdata, const char* caller) {
    if (condition == QEMU_PLUGIN_COND_NEVER) return;
    if (condition != QEMU_PLUGIN_COND_ALWAYS && !valid_counter(entry, caller)) return;
    Probe probe = callback_probe(ProbeKind::Callback, function, flags, userdata);
    if (condition != QEMU_PLUGIN_COND_ALWAYS) {
        probe.kind = ProbeKind::ConditionalCallback;
        probe.condition = static_cast<ProbeCondition>(condition);
        probe.counter = counter_at(entry);
        probe.immediate = immediate;
    }
    list->push_back(probe);
}

Probe with_access(Probe probe, int access) {
    probe.access = static_cast<uint8_t>(access);
    return probe;
}

}  // namespace

}  // namespace armature::plugin_host

using namespace armature::plugin_host;

void qemu_plugin_register_vcpu_tb_exec_cb(qemu_plugin_tb* tb, qemu_plugin_vcpu_udata_cb_t cb,
                                          qemu_plugin_cb_flags flags, void* userdata) {
    if (cb == nullptr || (tb = valid_tb(tb, __func__)) == nullptr) return;
    tb->entry.push_back(callback_probe(ProbeKind::Callback, reinterpret_cast<void*>(cb), flags, userdata));
}

void qemu_plugin_register_vcpu_insn_exec_cb(qemu_plugin_insn* insn, qemu_plugin_vcpu_udata_cb_t cb,
                                            qemu_plugin_cb_flags flags, void* userdata) {
    if (cb == nullptr || (insn = valid_insn(insn, __func__)) == nullptr) return;
    insn->before.push_back(callback_probe(ProbeKind::Callback, reinterpret_cast<void*>(cb), flags, userdata));
}

void qemu_plugin_register_vcpu_tb_exec_cond_cb(qemu_plugin_tb* tb, qemu_plugin_vcpu_udata_cb_t cb,
                                               qemu_plugin_cb_flags flags, qemu_plugin_cond cond,
                                               qemu_plugin_u64 entry, uint64_t imm, void* userdata) {
    if (cb == nullptr || (tb = valid_tb(tb, __func__)) == nullptr) return;
    add_conditional(&tb->entry, reinterpret_cast<void*>(cb), flags, cond, entry, imm, userdata, __func__);
}

void qemu_plugin_register_vcpu_insn_exec_cond_cb(qemu_plugin_insn* insn, qemu_plugin_vcpu_udata_cb_t cb,
                                                 qemu_plugin_cb_flags flags, qemu_plugin_cond cond,
                                                 qemu_plugin_u64 entry, uint64_t imm, void* userdata) {
    if (cb == nullptr || (insn = valid_insn(insn, __func__)) == nullptr) return;
    add_conditional(&insn->before, reinterpret_cast<void*>(cb), flags, cond, entry, imm, userdata, __func__);
}

void qemu_plugin_register_vcpu_tb_exec_inline(qemu_plugin_tb* tb, qemu_plugin_op op, void* ptr,
                                              uint64_t imm) {
    if ((tb = valid_tb(tb, __func__)) == nullptr) return;
    tb->entry.push_back(inline_probe(op, counter_at(ptr), imm));
}

void qemu_plugin_register_vcpu_insn_exec_inline(qemu_plugin_insn* insn, qemu_plugin_op op, void* ptr,
                                                uint64_t imm) {
    if ((insn = valid_insn(insn, __func__)) == nullptr) return;
    insn->before.push_back(inline_probe(op, counter_at(ptr), imm));
}

void qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(qemu_plugin_tb* tb, qemu_plugin_op op,
                                                       qemu_plugin_u64 entry, uint64_t imm) {
    if ((tb = valid_tb(tb, __func__)) == nullptr || !valid_counter(entry, __func__)) return;
    tb->entry.push_back(inline_probe(op, counter_at(entry), imm));
}

void qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(qemu_plugin_insn* insn, qemu_plugin_op op,
                                                         qemu_plugin_u64 entry, uint64_t imm) {
    if ((insn = valid_insn(insn, __func__)) == nullptr || !valid_counter(entry, __func__)) return;
    insn->before.push_back(inline_probe(op, counter_at(entry), imm));
}

void qemu_plugin_register_vcpu_mem_cb(qemu_plugin_insn* insn, qemu_plugin_vcpu_mem_cb_t cb,
                                      qemu_plugin_cb_flags flags, qemu_plugin_mem_rw rw, void* userdata) {
    if (cb == nullptr || (insn = valid_insn(insn, __func__)) == nullptr) return;
    Probe probe = callback_probe(ProbeKind::MemoryCallback, reinterpret_cast<void*>(cb), flags, userdata);
    probe.wants_value = current_tb().caller->version >= kMemoryValuesSince;
    insn->memory.push_back(with_access(probe, rw));
}

void qemu_plugin_register_vcpu_mem_inline(qemu_plugin_insn* insn, qemu_plugin_mem_rw rw, qemu_plugin_op op,
                                          void* ptr, uint64_t imm) {
    if ((insn = valid_insn(insn, __func__)) == nullptr) return;
    insn->memory.push_back(with_access(inline_probe(op, counter_at(ptr), imm), rw));
}

void qemu_plugin_register_vcpu_mem_inline_per_vcpu(qemu_plugin_insn* insn, qemu_plugin_mem_rw rw,
                                                   qemu_plugin_op op, qemu_plugin_u64 entry, uint64_t imm) {
    if ((insn = valid_insn(insn, __func__)) == nullptr || !valid_counter(entry, __func__)) return;
    insn->memory.push_back(with_access(inline_probe(op, counter_at(entry), imm), rw));
}
