// SPDX-License-Identifier: MIT
// What -d in_asm, op, op_opt, out_asm, exec and cpu print. Off the fast path: allocation is fine here.
#include <Zydis/Zydis.h>
#include <fcntl.h>

#include <cinttypes>
#include <cstdarg>
#include <cstdio>
#include <string>

#include "guest/disassembler.h"
#include "guest/options.h"
#include "guest/sve_state.h"
#include "support/library.h"
#include "support/log.h"
#include "translator/runtime/runtime.h"

namespace armature::translator::runtime {
namespace {

using support::LogItem;

void append(std::string& text, const char* format, ...) __attribute__((format(printf, 2, 3)));
void append(std::string& text, const char* format, ...) {
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    text += line;
}

// Zydis, brought in at the first use.
class HostDisassembler {
  public:
    HostDisassembler() {
        support::find_function(support::open_library("libZydis.so.4.0"), "ZydisDisassembleIntel",
                               &disassemble_);
    }
    // Length of the instruction; 1 and a .byte where it is none.
    size_t disassemble(const uint8_t* code, size_t left, std::string* text) const {
        ZydisDisassembledInstruction instruction;
        if (disassemble_ &&
            ZYAN_SUCCESS(disassemble_(ZYDIS_MACHINE_MODE_LONG_64, reinterpret_cast<ZyanU64>(code), code, left,
                                      &instruction))) {
            *text = instruction.text;
            return instruction.info.length;
        }
        char byte[16];
        snprintf(byte, sizeof byte, ".byte 0x%02x", *code);
        *text = byte;
        return 1;
    }

  private:
    decltype(&ZydisDisassembleIntel) disassemble_ = nullptr;
};

void log(const std::string& text) {
    support::log_write(text.data(), text.size());
}

// What SVE adds: predicates, FFR, and the vectors from the highest doubleword on.
void append_sve(std::string& text, const guest::CpuState& cpu) {
    const unsigned vl = guest::sve_vl(cpu);
    const int digits = static_cast<int>(vl / 4);
    for (unsigned n = 0; n < guest::kSvePredicates; n++)
        append(text, "P%02u=%0*" PRIx64 "%s", n, digits, cpu.sve.p[n], n % 4 == 3 ? "\n" : " ");
    append(text, "FFR=%0*" PRIx64 "\n", digits, cpu.sve.ffr);
    for (unsigned n = 0; n < 32; n++) {
        uint64_t upper[guest::kSveUpperBytes / 8] = {};
        guest::read_z_upper(cpu, n, upper, vl - 16);
        append(text, "Z%02u=", n);
        for (unsigned at = (vl - 16) / 8; at-- > 0;) append(text, "%016" PRIx64 ":", upper[at]);
        append(text, "%016" PRIx64 ":%016" PRIx64 "\n", cpu.v[n].hi, cpu.v[n].lo);
    }
}

}  // namespace

bool in_debug_filter(uint64_t address) {
    if (guest::options.debug_filter.empty()) return true;
    for (const auto& [first, last] : guest::options.debug_filter) {
        if (address >= first && address <= last) return true;
    }
    return false;
}

void trace_guest_code(const ir::Block& block) {
    std::string text = "----------------\nIN:\n";
    for (const ir::GuestInst& inst : block.guest) {
        char line[160];
        guest::disassemble(inst.address, inst.encoding, line, sizeof line);
        append(text, "0x%08" PRIx64 ":  %08x  %s\n", inst.address, inst.encoding, line);
    }
    log(text + "\n");
}

void trace_ir(const ir::Block& block, bool optimised) {
    std::string text = optimised ? "OP after optimisation:\n" : "OP:\n";
    const auto sink = [](void* to, const char* data, size_t size) {
        static_cast<std::string*>(to)->append(data, size);
    };
    ir::Printer::print(block, sink, &text);
    if (const char* wrong = ir::verify(block)) append(text, "  unsound: %s\n", wrong);
    log(text + "\n");
}

void trace_host_code(const ir::Block& block, const x64::CompiledCode& code, const uint8_t* at) {
    static const HostDisassembler disassembler;
    std::string text;
    append(text, "OUT: [size=%zu]\n", code.size);
    size_t guest = 0;
    for (size_t offset = 0; offset < code.size;) {
        while (guest < code.guest_offsets.size() && code.guest_offsets[guest] <= offset) {
            append(text, "  -- guest addr 0x%016" PRIx64 "\n", block.guest[guest].address);
            guest++;
        }
        std::string line;
        const size_t length = disassembler.disassemble(at + offset, code.size - offset, &line);
        append(text, "0x%012" PRIxPTR ":  %s\n", reinterpret_cast<uintptr_t>(at + offset), line.c_str());
        offset += length;
    }
    log(text + "\n");
}

void trace_execution(const guest::CpuState& cpu, const TranslatedBlock& block) {
    if (!in_debug_filter(block.address)) return;
    std::string text;
    if (support::log_enabled(LogItem::Exec)) {
        append(text, "Trace %u: %p [%016" PRIx64 "]\n", cpu.vcpu_index, static_cast<const void*>(block.code),
               block.address);
    }
    if (support::log_enabled(LogItem::Cpu)) {
        append(text, " PC=%016" PRIx64 " ", cpu.pc);
        for (unsigned n = 0; n < 31; n++)
            append(text, "X%02u=%016" PRIx64 "%s", n, cpu.x[n], n % 3 == 1 ? "\n" : " ");
        append(text, " SP=%016" PRIx64 "\n", cpu.sp);
        const uint32_t nzcv = cpu.nzcv();
        append(text, "PSTATE=%08x %c%c%c%c EL0t\n", nzcv, nzcv & guest::kPstateN ? 'N' : '-',
               nzcv & guest::kPstateZ ? 'Z' : '-', nzcv & guest::kPstateC ? 'C' : '-',
               nzcv & guest::kPstateV ? 'V' : '-');
        if (support::log_enabled(LogItem::Fpu)) {
            for (unsigned n = 0; n < 32; n++) {
                append(text, "Q%02u=%016" PRIx64 ":%016" PRIx64 "%s", n, cpu.v[n].hi, cpu.v[n].lo,
                       n % 2 ? "\n" : " ");
            }
            if (guest::sve_in_use(cpu)) append_sve(text, cpu);
        }
    }
    if (!text.empty()) log(text);
}

}  // namespace armature::translator::runtime
