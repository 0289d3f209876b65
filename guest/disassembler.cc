// SPDX-License-Identifier: MIT
#include "guest/disassembler.h"

#include <capstone/capstone.h>

#include <cstdio>
#include <mutex>

#include "support/library.h"

namespace armature::guest {
namespace {

// The four entry points that are used, found in the shared library.
struct Capstone {
    decltype(&cs_open) open = nullptr;
    decltype(&cs_malloc) malloc = nullptr;
    decltype(&cs_disasm_iter) disasm_iter = nullptr;
    csh handle = 0;
    cs_insn* insn = nullptr;

    bool load() {
        void* library = support::open_library("libcapstone.so.4");
        return support::find_function(library, "cs_open", &open) &&
               support::find_function(library, "cs_malloc", &malloc) &&
               support::find_function(library, "cs_disasm_iter", &disasm_iter) &&
               open(CS_ARCH_ARM64, CS_MODE_LITTLE_ENDIAN, &handle) == CS_ERR_OK && (insn = malloc(handle));
    }
};

}  // namespace

bool disassemble(uint64_t address, uint32_t encoding, char* text, size_t size) {
    static std::mutex mutex;
    static Capstone capstone;
    static const bool loaded = capstone.load();
    if (loaded) {
        const std::lock_guard guard(mutex);
        const uint8_t* code = reinterpret_cast<const uint8_t*>(&encoding);
        size_t left = sizeof encoding;
        if (capstone.disasm_iter(capstone.handle, &code, &left, &address, capstone.insn)) {
            snprintf(text, size, capstone.insn->op_str[0] ? "%s %s" : "%s", capstone.insn->mnemonic,
                     capstone.insn->op_str);
            return true;
        }
    }
    snprintf(text, size, ".word 0x%08x", encoding);
    return false;
}

}  // namespace armature::guest
