// SPDX-License-Identifier: MIT
// The files that guest code comes from: the program, its interpreter, shared libraries.
//
// The plugin interface does not tell of them. But guest memory is the process's own memory, so
// /proc/self/maps names the file behind every address. It is read when an address is in no range that is
// known yet, and what was learnt is forgotten when the guest changes its mappings. Modules themselves are
// never forgotten: a library that has been unloaded still explains what was executed in it.
#pragma once

#include <qemu-plugin.h>
#include <stdint.h>

#include <string>
#include <vector>

namespace plugin {

struct Module {
    unsigned number;  // in the order in which they were found
    std::string path;
    uint64_t begin;  // from the first mapping of the file to the end of the last one
    uint64_t end;
    uint64_t bias;   // what to subtract from an address to get the one in the file's headers and symbols
    uint64_t entry;  // address in memory, 0 if it has none
};

// To be called when the plugin is installed: watches for system calls that change mappings.
void follow_modules(qemu_plugin_id_t id);

// The module an address belongs to; null if it is in no file. Best asked when a block is translated: then
// the file is mapped.
const Module* module_at(uint64_t address);

// All modules that were asked for, by number.
std::vector<const Module*> all_modules();

// The last part of a path.
std::string base_name(const std::string& path);

}  // namespace plugin
