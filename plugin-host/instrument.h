// SPDX-License-Identifier: MIT
// Translation callbacks, and the probes that plugins attach to the block they are shown.
//
// The public handles stand for the objects below: one qemu_plugin_tb per host thread, used for every block
// that the thread translates, with one qemu_plugin_insn per instruction. They are valid during the one
// callback that got them, whose plugin is known (`caller`). The objects are used again and again, so a handle
// is not just an object's address: its upper 16 bits, which addresses do not have, are the number of the
// callback. A handle that is used at any other time is recognised by that. The probes stay where they are
// until the translator has copied them.
#pragma once

#include <cstddef>
#include <vector>

#include "plugin-host/plugin.h"
#include "translator/hooks.h"

struct qemu_plugin_insn {
    std::vector<armature::translator::Probe> before;
    std::vector<armature::translator::Probe> memory;
};

struct qemu_plugin_tb {
    armature::plugin_host::Plugin* caller = nullptr;
    armature::translator::ProbedBlock* block = nullptr;
    uintptr_t callback_number = 0;  // in the upper 16 bits
    std::vector<armature::translator::Probe> entry;
    std::vector<qemu_plugin_insn> insns;  // at least as many as the block has
};

namespace armature::plugin_host {

// translator::Hooks' functions.
void translate_block(translator::ProbedBlock* block);
void translate_block_done(translator::ProbedBlock* block);

qemu_plugin_tb& current_tb();

// The object of a handle, if it is valid now; else null after a message.
qemu_plugin_tb* valid_tb(const qemu_plugin_tb* tb, const char* function);
qemu_plugin_insn* valid_insn(const qemu_plugin_insn* insn, const char* function);

// The handle of an object, for the plugin whose callback is running.
template <typename T>
T* handle_of(T* object) {
    return reinterpret_cast<T*>(reinterpret_cast<uintptr_t>(object) ^ current_tb().callback_number);
}

// The translator's side of a valid instruction handle, and its block.
const translator::ProbedInstruction& probed(const qemu_plugin_insn* insn);

}  // namespace armature::plugin_host
