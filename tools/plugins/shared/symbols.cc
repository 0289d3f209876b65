// SPDX-License-Identifier: MIT
#include "tools/plugins/shared/symbols.h"

#include <cxxabi.h>
#include <stdlib.h>

#include <map>

#include "tools/plugins/plugin_support.h"

namespace plugin {

namespace {

// Mapping symbols ($x, $d) tell code from data; they name nothing.
bool is_name(const char* symbol) {
    return symbol != nullptr && symbol[0] != '\0' && symbol[0] != '$';
}

std::string demangled(const char* symbol) {
    int status = 0;
    char* text = abi::__cxa_demangle(symbol, nullptr, nullptr, &status);
    std::string name = status == 0 ? text : symbol;
    free(text);
    return name;
}

Dwfl_Module* open_module(const Module& module) {
    static char* debug_path = nullptr;  // the default: .debug folders and /usr/lib/debug
    static const Dwfl_Callbacks kCallbacks = {dwfl_build_id_find_elf, dwfl_standard_find_debuginfo,
                                              dwfl_offline_section_address, &debug_path};
    // One session for each: modules may have been at the same addresses one after the other.
    Dwfl* session = dwfl_begin(&kCallbacks);
    if (session == nullptr) return nullptr;
    Dwfl_Module* made =
        dwfl_report_elf(session, base_name(module.path).c_str(), module.path.c_str(), -1, 0, true);
    if (made != nullptr && dwfl_report_end(session, nullptr, nullptr) == 0) return made;
    dwfl_end(session);
    return nullptr;
}

}  // namespace

Dwfl_Module* debug_information(const Module& module) {
    static std::map<unsigned, Dwfl_Module*> opened;
    auto [place, fresh] = opened.try_emplace(module.number, nullptr);
    if (fresh) place->second = open_module(module);
    return place->second;
}

Place place_of(const Module& module, uint64_t address) {
    Place place;
    Dwfl_Module* information = debug_information(module);
    if (information == nullptr) return place;
    GElf_Sym symbol;
    const char* name = dwfl_module_addrinfo(information, address - module.bias, &place.offset, &symbol,
                                            nullptr, nullptr, nullptr);
    if (is_name(name)) place.symbol = demangled(name);
    Dwfl_Line* line = dwfl_module_getsrc(information, address - module.bias);
    if (line == nullptr) return place;
    const char* file = dwfl_lineinfo(line, nullptr, &place.line, nullptr, nullptr, nullptr);
    if (file != nullptr && place.line > 0) place.file = file;
    return place;
}

namespace {

std::string name_in(const Module& module, const Place& place, uint64_t address) {
    std::string text = place.symbol.empty() ? base_name(module.path) : place.symbol;
    uint64_t offset = place.symbol.empty() ? address - module.bias : place.offset;
    if (offset != 0) append(&text, "+0x%" PRIx64, offset);
    return text;
}

}  // namespace

std::string name_of(const Module* module, uint64_t address) {
    if (module != nullptr) return name_in(*module, place_of(*module, address), address);
    std::string text;
    append(&text, "0x%" PRIx64, address);
    return text;
}

std::string name_and_line_of(const Module* module, uint64_t address) {
    if (module == nullptr) return name_of(module, address);
    Place place = place_of(*module, address);
    std::string text = name_in(*module, place, address);
    if (!place.file.empty()) append(&text, " (%s:%d)", base_name(place.file).c_str(), place.line);
    return text;
}

}  // namespace plugin
