// SPDX-License-Identifier: MIT
// What was executed, in the program and in every shared library: as a drcov file (blocks, for disassemblers),
// and as an LCOV tracefile (source lines and functions, for genhtml and editors) for those modules that have
// debug information.
//
// Blocks are counted when they are entered. A line's count is that of its most executed beginning (a row of
// the line table that is marked as a statement), 0 for those that never were: so lines that did not run are
// listed too.
#include <dwarf.h>
#include <elfutils/libdw.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <tuple>
#include <unordered_map>

#include "tools/plugins/plugin_support.h"
#include "tools/plugins/shared/drcov_file.h"
#include "tools/plugins/shared/symbols.h"

namespace {

struct Block {
    uint64_t address;
    size_t instructions;
    const plugin::Module* module;
    bool operator<(const Block& other) const {
        return std::tie(address, instructions, module) <
               std::tie(other.address, other.instructions, other.module);
    }
};

std::string drcov_file = "coverage.drcov";
std::string lcov_file = "coverage.info";
std::vector<std::string> source_prefixes;
std::mutex mutex;
std::map<Block, qemu_plugin_u64> blocks;

const plugin::Options kOptions = {
    {"drcov", &drcov_file, "the drcov file to write; %d is the process id (coverage.drcov)"},
    {"lcov", &lcov_file, "the LCOV tracefile to write, if there is debug information (coverage.info)"},
    {"source", &source_prefixes, "only source files whose path starts like this, in LCOV (repeatable)"},
};

void translated(qemu_plugin_id_t, qemu_plugin_tb* tb) {
    uint64_t address = qemu_plugin_tb_vaddr(tb);
    const plugin::Module* module = plugin::module_at(address);
    if (module == nullptr) return;  // generated code: no file has it
    qemu_plugin_u64 counter;
    {
        std::lock_guard lock(mutex);
        auto [place, fresh] = blocks.try_emplace({address, qemu_plugin_tb_n_insns(tb), module});
        if (fresh) place->second = plugin::new_counter();
        counter = place->second;
    }
    qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, QEMU_PLUGIN_INLINE_ADD_U64, counter, 1);
}

void write_drcov() {
    std::vector<plugin::DrcovModule> modules;
    for (const plugin::Module* module : plugin::all_modules())
        modules.push_back({module->begin, module->end, module->entry, module->path});
    std::vector<plugin::DrcovBlock> entries;
    for (const auto& [block, counter] : blocks) {
        if (qemu_plugin_u64_sum(counter) == 0) continue;
        entries.push_back({static_cast<uint32_t>(block.address - block.module->begin),
                           static_cast<uint16_t>(4 * block.instructions),
                           static_cast<uint16_t>(block.module->number)});
    }
    plugin::write_drcov(plugin::with_pid(drcov_file), modules, entries);
}

struct Function {
    int line;
    uint64_t count;
};

struct Source {
    std::map<int, uint64_t> lines;
    std::map<std::string, Function> functions;
};

using Sources = std::map<std::string, Source>;
using Counts = std::unordered_map<uint64_t, uint64_t>;  // by address in the file

bool is_wanted(const char* file) {
    return file != nullptr &&
           (source_prefixes.empty() ||
            std::any_of(source_prefixes.begin(), source_prefixes.end(),
                        [&](const std::string& prefix) { return std::string(file).starts_with(prefix); }));
}

uint64_t count_at(const Counts& counts, uint64_t address) {
    auto place = counts.find(address);
    return place != counts.end() ? place->second : 0;
}

void add_lines(Dwarf_Die* unit, Dwarf_Addr bias, const Counts& counts, Sources* sources) {
    Dwarf_Lines* lines = nullptr;
    size_t count = 0;
    if (dwarf_getsrclines(unit, &lines, &count) != 0) return;
    for (size_t i = 0; i < count; i++) {
        Dwarf_Line* row = dwarf_onesrcline(lines, i);
        Dwarf_Addr address = 0;
        int number = 0;
        bool statement = false;
        bool end = false;
        if (dwarf_lineaddr(row, &address) != 0 || dwarf_lineno(row, &number) != 0 || number <= 0 ||
            dwarf_linebeginstatement(row, &statement) != 0 || !statement ||
            dwarf_lineendsequence(row, &end) != 0 || end) {
            continue;
        }
        const char* file = dwarf_linesrc(row, nullptr, nullptr);
        if (!is_wanted(file)) continue;
        uint64_t& most = (*sources)[file].lines[number];
        most = std::max(most, count_at(counts, address + bias));
    }
}

struct FunctionSearch {
    Dwarf_Addr bias;
    const Counts* counts;
    Sources* sources;
};

int add_function(Dwarf_Die* die, void* argument) {
    const auto& search = *static_cast<FunctionSearch*>(argument);
    Dwarf_Addr entry = 0;
    int line = 0;
    const char* file = dwarf_decl_file(die);
    const char* name = dwarf_diename(die);
    if (name == nullptr || !is_wanted(file) || dwarf_entrypc(die, &entry) != 0 ||
        dwarf_decl_line(die, &line) != 0) {
        return DWARF_CB_OK;
    }
    Function& function = (*search.sources)[file].functions[name];
    function.line = line;
    function.count = std::max(function.count, count_at(*search.counts, entry + search.bias));
    return DWARF_CB_OK;
}

void add_module(const plugin::Module& module, const Counts& counts, Sources* sources) {
    Dwfl_Module* information = plugin::debug_information(module);
    if (information == nullptr) return;
    Dwarf_Addr bias = 0;
    Dwarf_Die* unit = nullptr;
    while ((unit = dwfl_module_nextcu(information, unit, &bias)) != nullptr) {
        add_lines(unit, bias, counts, sources);
        FunctionSearch search = {bias, &counts, sources};
        dwarf_getfuncs(unit, add_function, &search, 0);
    }
}

std::string tracefile(const Sources& sources) {
    std::string text = "TN:\n";
    for (const auto& [path, source] : sources) {
        if (source.lines.empty()) continue;
        plugin::append(&text, "SF:%s\n", path.c_str());
        size_t hit = 0;
        for (const auto& [name, function] : source.functions)
            plugin::append(&text, "FN:%d,%s\n", function.line, name.c_str());
        for (const auto& [name, function] : source.functions) {
            plugin::append(&text, "FNDA:%" PRIu64 ",%s\n", function.count, name.c_str());
            hit += function.count != 0;
        }
        plugin::append(&text, "FNF:%zu\nFNH:%zu\n", source.functions.size(), hit);
        hit = 0;
        for (const auto& [line, count] : source.lines) {
            plugin::append(&text, "DA:%d,%" PRIu64 "\n", line, count);
            hit += count != 0;
        }
        plugin::append(&text, "LF:%zu\nLH:%zu\nend_of_record\n", source.lines.size(), hit);
    }
    return text;
}

void write_lcov() {
    std::map<const plugin::Module*, Counts> counts;
    for (const auto& [block, counter] : blocks) {
        uint64_t executions = qemu_plugin_u64_sum(counter);
        Counts& of_module = counts[block.module];
        for (size_t i = 0; executions != 0 && i < block.instructions; i++)
            of_module[block.address - block.module->bias + 4 * i] += executions;
    }
    Sources sources;
    for (const auto& [module, of_module] : counts) add_module(*module, of_module, &sources);
    if (!sources.empty()) plugin::write_file(plugin::with_pid(lcov_file), tracefile(sources));
}

void at_exit(qemu_plugin_id_t, void*) {
    std::lock_guard lock(mutex);
    write_drcov();
    write_lcov();
}

}  // namespace

BUNDLED_PLUGIN("coverage: what was executed, as drcov and LCOV files", kOptions)

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t*, int argc, char** argv) {
    if (!plugin::parse(kOptions, argc, argv)) return -1;
    plugin::follow_modules(id);
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, at_exit, nullptr);
    return 0;
}
