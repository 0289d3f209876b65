// SPDX-License-Identifier: MIT
// Names of addresses, by libdw: symbol and offset from the ELF symbol tables, source line from the debug
// information (also if that is in a file of its own).
//
// Nothing is read before the first question, so plugins ask when the program is over. Locks are the caller's
// business: an exit callback has no company.
#pragma once

#include <elfutils/libdwfl.h>

#include <string>

#include "tools/plugins/shared/modules.h"

namespace plugin {

struct Place {
    std::string symbol;   // demangled; empty: not known
    uint64_t offset = 0;  // from the symbol
    std::string file;     // empty: no debug information
    int line = 0;
};

// The debug information of a module: addresses in it are those of the file (minus Module::bias). Null if the
// file cannot be read.
Dwfl_Module* debug_information(const Module& module);

Place place_of(const Module& module, uint64_t address);

// "symbol", "symbol+0x10", without a symbol "libx.so+0x1234" or "0x1234"; null stands for no module.
std::string name_of(const Module* module, uint64_t address);

// The same, with " (file.c:12)" behind it where that is known.
std::string name_and_line_of(const Module* module, uint64_t address);

}  // namespace plugin
