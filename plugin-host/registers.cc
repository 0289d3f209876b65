// SPDX-License-Identifier: MIT
// The guest's registers for plugins: one table, whose rows are the handles.
#include <string.h>

#include <array>
#include <string>
#include <vector>

#include "guest/sve_state.h"
#include "guest/thread.h"
#include "plugin-host/api.h"
#include "plugin-host/arrays.h"
#include "plugin-host/quiescence.h"
#include "plugin-host/syscall_events.h"
#include "support/log.h"
#include "translator/hooks.h"

namespace {

enum class Kind { X, Sp, Pc, Cpsr, V, Fpsr, Fpcr, Tpidr };

}  // namespace

struct qemu_plugin_register {
    Kind kind;
    unsigned index;
    unsigned size;
    const char* feature;
    std::string name;
};

namespace armature::plugin_host {

namespace {

// Names and groups are those of the debugger's protocol; system registers have a group of their own.
struct Group {
    Kind kind;
    const char* name;
    unsigned count;  // 0: a single register without a number
    unsigned size;
    const char* feature;
};
constexpr const char* kCore = "org.gnu.gdb.aarch64.core";
constexpr const char* kFpu = "org.gnu.gdb.aarch64.fpu";
constexpr const char* kSystem = "org.qemu.gdb.arm.sys.regs";
constexpr Group kGroups[] = {
    {Kind::X, "x", 31, 8, kCore},     {Kind::Sp, "sp", 0, 8, kCore},
    {Kind::Pc, "pc", 0, 8, kCore},    {Kind::Cpsr, "cpsr", 0, 4, kCore},
    {Kind::V, "v", 32, 16, kFpu},     {Kind::Fpsr, "fpsr", 0, 4, kFpu},
    {Kind::Fpcr, "fpcr", 0, 4, kFpu}, {Kind::Tpidr, "TPIDR_EL0", 0, 8, kSystem},
};

std::vector<qemu_plugin_register>& table() {
    static auto* rows = [] {
        auto* made = new std::vector<qemu_plugin_register>;
        for (const Group& group : kGroups) {
            if (group.count == 0) made->push_back({group.kind, 0, group.size, group.feature, group.name});
            for (unsigned i = 0; i < group.count; i++) {
                made->push_back({group.kind, i, group.size, group.feature, group.name + std::to_string(i)});
            }
        }
        return made;
    }();
    return *rows;
}

const qemu_plugin_register* valid(const qemu_plugin_register* handle, const Plugin* plugin,
                                  const char* function) {
    const std::vector<qemu_plugin_register>& rows = table();
    if (handle >= rows.data() && handle < rows.data() + rows.size()) return handle;
    report_misuse(plugin, function, "not a register's handle");
    return nullptr;
}

// The vCPU whose callback runs, if the callback may do what needs `level` (a qemu_plugin_cb_flags). Callbacks
// that the host makes may do everything.
guest::CpuState* current_cpu(const Plugin* plugin, const char* function, qemu_plugin_cb_flags level) {
    guest::Thread* thread = guest::current_thread();
    if (thread == nullptr) {
        report_misuse(plugin, function, "called on a thread that is not a vCPU's");
        return nullptr;
    }
    if (section_depth() == 0 && thread->cpu.callback_access < static_cast<uint32_t>(level)) {
        report_misuse(plugin, function,
                      level == QEMU_PLUGIN_CB_R_REGS
                          ? "called in a callback that was registered without QEMU_PLUGIN_CB_R_REGS"
                          : "called in a callback that was registered without QEMU_PLUGIN_CB_RW_REGS");
        return nullptr;
    }
    return &thread->cpu;
}

// In callbacks that the host makes, the state is at rest; in those of translated code, pc is known to the
// translator.
uint64_t program_counter(const guest::CpuState& cpu) {
    return section_depth() != 0 ? cpu.pc : translator::callback_pc(&cpu);
}

void read(const guest::CpuState& cpu, const qemu_plugin_register& row, void* to) {
    uint64_t value = 0;
    switch (row.kind) {
        case Kind::X:
            value = cpu.x[row.index];
            break;
        case Kind::Sp:
            value = cpu.sp;
            break;
        case Kind::Pc:
            value = program_counter(cpu);
            break;
        case Kind::Cpsr:
            value = cpu.nzcv();
            break;
        case Kind::V:
            memcpy(to, &cpu.v[row.index], sizeof(guest::Vec128));
            return;
        case Kind::Fpsr:
            value = cpu.read_fpsr();
            break;
        case Kind::Fpcr:
            value = cpu.fpcr;
            break;
        case Kind::Tpidr:
            value = cpu.tpidr_el0;
            break;
    }
    memcpy(to, &value, row.size);
}

void write(guest::CpuState* cpu, const qemu_plugin_register& row, const void* from) {
    if (row.kind == Kind::V) {
        guest::write_v(*cpu, row.index, from);
        return;
    }
    uint64_t value = 0;
    memcpy(&value, from, row.size);
    auto word = static_cast<uint32_t>(value);
    switch (row.kind) {
        case Kind::X:
            cpu->x[row.index] = value;
            break;
        case Kind::Sp:
            cpu->sp = value;
            break;
        case Kind::Cpsr:
            cpu->set_nzcv(word);
            break;
        case Kind::Fpsr:
            cpu->write_fpsr(word);
            break;
        case Kind::Fpcr:
            cpu->write_fpcr(word);
            break;
        case Kind::Tpidr:
            cpu->tpidr_el0 = value;
            break;
        case Kind::Pc:
        case Kind::V:
            break;
    }
}

// The array's element before version 6: without is_readonly.
struct ShortDescriptor {
    qemu_plugin_register* handle;
    const char* name;
    const char* feature;
};

// What both functions return: a bool from version 6 on, before that a number of bytes or -1. It is an int to
// the compiler either way, and a bool's register is a part of an int's.
int success(const Plugin* plugin, unsigned size) {
    return plugin->version >= 6 ? 1 : static_cast<int>(size);
}
int failure(const Plugin* plugin) {
    return plugin != nullptr && plugin->version >= 6 ? 0 : -1;
}

int read_register(Plugin* plugin, const qemu_plugin_register* handle, GByteArray* buffer,
                  const char* function) {
    if (plugin == nullptr || (handle = valid(handle, plugin, function)) == nullptr) return failure(plugin);
    const guest::CpuState* cpu = current_cpu(plugin, function, QEMU_PLUGIN_CB_R_REGS);
    if (cpu == nullptr) return failure(plugin);
    uint8_t bytes[16];
    read(*cpu, *handle, bytes);
    append_bytes(plugin, buffer, bytes, handle->size);
    return success(plugin, handle->size);
}

int write_register(Plugin* plugin, const qemu_plugin_register* handle, GByteArray* buffer,
                   const char* function) {
    if (plugin == nullptr || (handle = valid(handle, plugin, function)) == nullptr) return failure(plugin);
    guest::CpuState* cpu = current_cpu(plugin, function, QEMU_PLUGIN_CB_RW_REGS);
    if (cpu == nullptr || handle->kind == Kind::Pc) return failure(plugin);
    if (buffer->len < handle->size) {
        report_misuse(plugin, function, "fewer bytes than the register has");
        return failure(plugin);
    }
    write(cpu, *handle, buffer->data);
    return success(plugin, handle->size);
}

}  // namespace

}  // namespace armature::plugin_host

using namespace armature;
using namespace armature::plugin_host;

GArray* qemu_plugin_get_registers(void) {
    Plugin* plugin = calling_plugin(__builtin_return_address(0));
    if (plugin == nullptr) return nullptr;
    if (plugin->version < 6) {
        std::vector<ShortDescriptor> rows;
        for (qemu_plugin_register& row : table()) rows.push_back({&row, row.name.c_str(), row.feature});
        return new_array(plugin, rows.data(), sizeof(ShortDescriptor), rows.size());
    }
    std::vector<qemu_plugin_reg_descriptor> rows;
    for (qemu_plugin_register& row : table()) {
        rows.push_back({&row, row.name.c_str(), row.feature, row.kind == Kind::Pc});
    }
    return new_array(plugin, rows.data(), sizeof(qemu_plugin_reg_descriptor), rows.size());
}

void qemu_plugin_set_pc(uint64_t vaddr) {
    leave_syscall_callback(vaddr);
    Plugin* plugin = calling_plugin(__builtin_return_address(0));
    guest::Thread* thread = guest::current_thread();
    if (thread == nullptr || section_depth() != 0 ||
        thread->cpu.callback_access != QEMU_PLUGIN_CB_RW_REGS_PC) {
        report_misuse(plugin, __func__, "called outside a callback that may set the program counter");
        support::fatal(1, "the guest cannot go on: qemu_plugin_set_pc never returns");
    }
    translator::leave_callback_at(&thread->cpu, vaddr);
}

// Defined under other C++ names, because the return type is that of no single version.
extern "C" {
int armature_read_register(qemu_plugin_register* handle, GByteArray* buf) asm("qemu_plugin_read_register");
int armature_write_register(qemu_plugin_register* handle, GByteArray* buf) asm("qemu_plugin_write_register");

int armature_read_register(qemu_plugin_register* handle, GByteArray* buf) {
    return read_register(calling_plugin(__builtin_return_address(0)), handle, buf,
                         "qemu_plugin_read_register");
}

int armature_write_register(qemu_plugin_register* handle, GByteArray* buf) {
    return write_register(calling_plugin(__builtin_return_address(0)), handle, buf,
                          "qemu_plugin_write_register");
}
}
