// SPDX-License-Identifier: MIT
#include "plugin-host/disassemble.h"

#include <capstone/capstone.h>
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "plugin-host/quiescence.h"
#include "support/log.h"

namespace armature::plugin_host {

namespace {

struct Capstone {
    bool tried = false;
    csh handle = 0;  // 0: not there
    decltype(&cs_disasm) disasm = nullptr;
    decltype(&cs_free) free = nullptr;
};
Capstone capstone;  // under the host's lock, as one Capstone handle serves one thread at a time

void load() {
    if (capstone.tried) return;
    capstone.tried = true;
    void* library = dlopen("libcapstone.so.4", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
        support::report_error("no disassembly for plugins: %s; install Capstone 4 (libcapstone4)", dlerror());
        return;
    }
    auto open = reinterpret_cast<decltype(&cs_open)>(dlsym(library, "cs_open"));
    capstone.disasm = reinterpret_cast<decltype(&cs_disasm)>(dlsym(library, "cs_disasm"));
    capstone.free = reinterpret_cast<decltype(&cs_free)>(dlsym(library, "cs_free"));
    if (open(CS_ARCH_ARM64, CS_MODE_LITTLE_ENDIAN, &capstone.handle) != CS_ERR_OK) capstone.handle = 0;
}

}  // namespace

void prepare_disassembler() {
    HostLock lock;
    load();
}

char* disassemble(uint64_t address, uint32_t encoding) {
    uint8_t bytes[4];
    memcpy(bytes, &encoding, sizeof(bytes));
    char* text = nullptr;

    HostLock lock;
    load();
    cs_insn* decoded = nullptr;
    if (capstone.handle != 0 &&
        capstone.disasm(capstone.handle, bytes, sizeof(bytes), address, 1, &decoded) == 1) {
        if (asprintf(&text, "%s %s", decoded->mnemonic, decoded->op_str) < 0) text = nullptr;
        capstone.free(decoded, 1);
        return text;
    }
    if (asprintf(&text, ".byte 0x%02x, 0x%02x, 0x%02x, 0x%02x", bytes[0], bytes[1], bytes[2], bytes[3]) < 0) {
        text = nullptr;
    }
    return text;
}

}  // namespace armature::plugin_host
