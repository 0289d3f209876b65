// SPDX-License-Identifier: MIT
// The drcov format (version 2), which disassemblers' coverage views read: a table of modules in text, then
// for each executed block its offset in its module, its size and the module's number in binary.
#pragma once

#include <stdint.h>

#include <string>
#include <vector>

#include "tools/plugins/plugin_support.h"

namespace plugin {

struct DrcovModule {
    uint64_t base;
    uint64_t end;
    uint64_t entry;
    std::string path;
};

struct DrcovBlock {
    uint32_t start;  // from the module's base
    uint16_t size;   // in bytes
    uint16_t module;
};
static_assert(sizeof(DrcovBlock) == 8);

inline void write_drcov(const std::string& file_name, const std::vector<DrcovModule>& modules,
                        const std::vector<DrcovBlock>& blocks) {
    std::string text;
    append(&text,
           "DRCOV VERSION: 2\nDRCOV FLAVOR: drcov-64\nModule Table: version 2, count %zu\n"
           "Columns: id, base, end, entry, path\n",
           modules.size());
    for (size_t i = 0; i < modules.size(); i++) {
        append(&text, "%zu, 0x%" PRIx64 ", 0x%" PRIx64 ", 0x%" PRIx64 ", %s\n", i, modules[i].base,
               modules[i].end, modules[i].entry, modules[i].path.c_str());
    }
    append(&text, "BB Table: %zu bbs\n", blocks.size());
    text.append(reinterpret_cast<const char*>(blocks.data()), blocks.size() * sizeof(DrcovBlock));
    write_file(file_name, text);
}

}  // namespace plugin
