// SPDX-License-Identifier: MIT
// A line for each executed instruction, with its memory accesses and, if asked for, the registers it changed.
// What an instruction did is known when the next one begins: so a vCPU's line is printed one instruction
// late.
#include <ctype.h>
#include <fnmatch.h>

#include <algorithm>
#include <mutex>

#include "tools/plugins/plugin_support.h"

namespace {

struct Register {
    qemu_plugin_register* handle;
    std::string name;  // in lower case
    std::vector<uint8_t> last;
};

struct Vcpu {
    std::string line;
    std::vector<Register> registers;  // those that are watched
};

// A block's instructions live as long as its translation may: until the end.
struct Instruction {
    std::string text;
};

std::vector<std::string> text_filters;
std::vector<std::string> address_words;
std::vector<uint64_t> address_filters;
std::vector<std::string> register_patterns;
bool registers_of_text = false;
qemu_plugin_scoreboard* vcpus;  // a Vcpu* for each

const plugin::Options kOptions = {
    {"ifilter", &text_filters, "only instructions whose text starts like this (repeatable)"},
    {"afilter", &address_words, "only the instruction at this hexadecimal address (repeatable)"},
    {"reg", &register_patterns,
     "watch the registers with matching names, e.g. x*; case does not matter (repeatable)"},
    {"rdisas", &registers_of_text, "look only at registers that the instruction's text names"},
};

Vcpu& state_of(unsigned vcpu) {
    auto** slot = static_cast<Vcpu**>(qemu_plugin_scoreboard_find(vcpus, vcpu));
    if (*slot == nullptr) *slot = new Vcpu;
    return **slot;
}

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return tolower(c); });
    return text;
}

std::vector<uint8_t> value_of(const Register& reg) {
    GByteArray bytes = {nullptr, 0};
    qemu_plugin_read_register(reg.handle, &bytes);
    std::vector<uint8_t> value(bytes.data, bytes.data + bytes.len);
    free(bytes.data);
    return value;
}

void vcpu_init(qemu_plugin_id_t, unsigned index) {
    Vcpu& vcpu = state_of(index);
    vcpu.registers.clear();
    GArray* list = qemu_plugin_get_registers();
    const auto* rows = reinterpret_cast<const qemu_plugin_reg_descriptor*>(list->data);
    for (unsigned i = 0; i < list->len; i++) {
        Register reg = {rows[i].handle, lower(rows[i].name), {}};
        bool wanted =
            std::any_of(register_patterns.begin(), register_patterns.end(), [&](const std::string& pattern) {
                return fnmatch(lower(pattern).c_str(), reg.name.c_str(), 0) == 0;
            });
        if (!wanted) continue;
        reg.last = value_of(reg);
        vcpu.registers.push_back(std::move(reg));
    }
    free(list->data);
    free(list);
}

// Does the text have the register as a word, also by the name of a part of it (w0 of x0, d1 of v1)?
bool names(const std::string& text, const std::string& reg) {
    for (size_t i = 0; i < text.size();) {
        size_t end = i;
        while (end < text.size() && isalnum(static_cast<unsigned char>(text[end]))) end++;
        std::string word = text.substr(i, end - i);
        if (word.size() > 1 && word[0] == 'w') word[0] = 'x';
        if (word.size() > 1 && strchr("bhsdq", word[0]) != nullptr && isdigit(word[1])) word[0] = 'v';
        if (word == reg) return true;
        i = std::max(end, i + 1);
    }
    return false;
}

void finish_line(Vcpu* vcpu) {
    for (Register& reg : vcpu->registers) {
        if (registers_of_text && !names(vcpu->line, reg.name)) continue;
        std::vector<uint8_t> value = value_of(reg);
        if (value == reg.last) continue;
        plugin::append(&vcpu->line, ", %s -> 0x", reg.name.c_str());
        for (size_t i = value.size(); i-- > 0;) plugin::append(&vcpu->line, "%02x", value[i]);
        reg.last = std::move(value);
    }
    vcpu->line += '\n';
    qemu_plugin_outs(vcpu->line.c_str());
    vcpu->line.clear();
}

// An instruction that is not logged still ends the one before, so that changes are told of the right one.
void between(unsigned index, void*) {
    Vcpu& vcpu = state_of(index);
    if (!vcpu.line.empty()) finish_line(&vcpu);
    for (Register& reg : vcpu.registers) reg.last = value_of(reg);
}

void executed(unsigned index, void* userdata) {
    Vcpu& vcpu = state_of(index);
    if (!vcpu.line.empty()) finish_line(&vcpu);
    plugin::append(&vcpu.line, "%u, %s", index, static_cast<const Instruction*>(userdata)->text.c_str());
}

void accessed(unsigned index, qemu_plugin_meminfo_t info, uint64_t address, void*) {
    plugin::append(&state_of(index).line, ", %s, 0x%08" PRIx64,
                   qemu_plugin_mem_is_store(info) ? "store" : "load", address);
}

bool is_wanted(const std::string& text, uint64_t address) {
    if (text_filters.empty() && address_filters.empty()) return true;
    return std::any_of(text_filters.begin(), text_filters.end(),
                       [&](const std::string& filter) { return text.starts_with(filter); }) ||
           std::find(address_filters.begin(), address_filters.end(), address) != address_filters.end();
}

void translated(qemu_plugin_id_t, qemu_plugin_tb* tb) {
    bool watching = !register_patterns.empty();
    qemu_plugin_cb_flags flags = watching ? QEMU_PLUGIN_CB_R_REGS : QEMU_PLUGIN_CB_NO_REGS;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        qemu_plugin_insn* insn = qemu_plugin_tb_get_insn(tb, i);
        uint64_t address = qemu_plugin_insn_vaddr(insn);
        char* disassembly = qemu_plugin_insn_disas(insn);
        if (is_wanted(disassembly, address)) {
            uint32_t word = 0;
            qemu_plugin_insn_data(insn, &word, sizeof(word));
            auto* instruction = new Instruction;
            plugin::append(&instruction->text, "0x%" PRIx64 ", 0x%" PRIx32 ", \"%s\"", address, word,
                           disassembly);
            qemu_plugin_register_vcpu_insn_exec_cb(insn, executed, flags, instruction);
            qemu_plugin_register_vcpu_mem_cb(insn, accessed, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW,
                                             nullptr);
        } else if (watching) {
            qemu_plugin_register_vcpu_insn_exec_cb(insn, between, flags, nullptr);
        }
        free(disassembly);
    }
}

void at_exit(qemu_plugin_id_t, void*) {
    for (int index = 0; index < qemu_plugin_num_vcpus(); index++) {
        Vcpu& vcpu = state_of(static_cast<unsigned>(index));
        if (vcpu.line.empty()) continue;
        vcpu.line += '\n';
        qemu_plugin_outs(vcpu.line.c_str());
    }
}

}  // namespace

BUNDLED_PLUGIN("execlog: a line for each executed instruction", kOptions)

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t*, int argc, char** argv) {
    if (!plugin::parse(kOptions, argc, argv)) return -1;
    for (const std::string& word : address_words)
        address_filters.push_back(strtoull(word.c_str(), nullptr, 16));
    vcpus = qemu_plugin_scoreboard_new(sizeof(Vcpu*));
    if (!register_patterns.empty()) qemu_plugin_register_vcpu_init_cb(id, vcpu_init);
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, at_exit, nullptr);
    return 0;
}
