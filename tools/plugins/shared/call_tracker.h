// SPDX-License-Identifier: MIT
// Follows calls and returns of each vCPU: a shadow of its call stack.
//
// Calls and returns are seen in the instructions: BL and BLR store a mark for the vCPU when they are
// executed, RET another one. The block that is entered next finds the mark by a condition in translated code
// and does the book-keeping: a call pushes the function and where it will return to; a return pops all calls
// up to the one that returns here, so longjmp and exceptions are followed too.
#pragma once

#include <stdint.h>

#include <vector>

#include "tools/plugins/plugin_support.h"

namespace plugin {

struct Call {
    uint64_t function;
    uint64_t return_address;
};
using CallStack = std::vector<Call>;

class CallTracker {
  public:
    // Told of each call (after it was pushed) and return (before it is popped). May be null.
    using Listener = void (*)(unsigned vcpu, bool entered, const Call& call, size_t depth);

    void start(Listener listener) {
        listener_ = listener;
        states_ = qemu_plugin_scoreboard_new(sizeof(State));
        mark_ = qemu_plugin_scoreboard_u64_in_struct(states_, State, mark);
        return_address_ = qemu_plugin_scoreboard_u64_in_struct(states_, State, return_address);
        block_ = qemu_plugin_scoreboard_u64_in_struct(states_, State, block);
    }

    // In the translation callback, before anything of the plugin's own that looks at the stack.
    void instrument(qemu_plugin_tb* tb) {
        constexpr qemu_plugin_op kStore = QEMU_PLUGIN_INLINE_STORE_U64;
        qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, kStore, block_, qemu_plugin_tb_vaddr(tb));
        qemu_plugin_register_vcpu_tb_exec_cond_cb(tb, entered, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_COND_NE,
                                                  mark_, kNone, this);
        qemu_plugin_insn* last = qemu_plugin_tb_get_insn(tb, qemu_plugin_tb_n_insns(tb) - 1);
        uint32_t word = 0;
        qemu_plugin_insn_data(last, &word, sizeof(word));
        if (is_call(word)) {
            qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(last, kStore, mark_, kCalled);
            qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(last, kStore, return_address_,
                                                                qemu_plugin_insn_vaddr(last) + 4);
        } else if (is_return(word)) {
            qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(last, kStore, mark_, kReturned);
        }
    }

    // A new thread starts on this vCPU's index: in the vCPU's init callback.
    void begin_vcpu(unsigned vcpu) {
        State* state = state_of(vcpu);
        delete state->stack;
        *state = State{};
        state->stack = new CallStack;
    }

    // Null if no thread has ever run on the index.
    CallStack* stack(unsigned vcpu) { return state_of(vcpu)->stack; }

  private:
    enum Mark : uint64_t { kNone = 0, kCalled = 1, kReturned = 2 };
    struct State {
        uint64_t mark;
        uint64_t return_address;  // of the call
        uint64_t block;           // address of the block that is entered
        CallStack* stack;
    };

    State* state_of(unsigned vcpu) { return static_cast<State*>(qemu_plugin_scoreboard_find(states_, vcpu)); }

    static void entered(unsigned vcpu, void* userdata) { static_cast<CallTracker*>(userdata)->update(vcpu); }

    void update(unsigned vcpu) {
        State* state = state_of(vcpu);
        CallStack& stack = *state->stack;
        if (state->mark == kCalled) {
            stack.push_back({state->block, state->return_address});
            if (listener_ != nullptr) listener_(vcpu, true, stack.back(), stack.size());
        } else {
            size_t keep = stack.size();
            while (keep > 0 && stack[keep - 1].return_address != state->block) keep--;
            // Returns to where nothing was called from (a context switch of the guest's own) leave the stack
            // as it is.
            while (keep > 0 && stack.size() >= keep) {
                if (listener_ != nullptr) listener_(vcpu, false, stack.back(), stack.size());
                stack.pop_back();
            }
        }
        state->mark = kNone;
    }

    // BLR and RET also exist with authentication of the address.
    static bool is_call(uint32_t word) {
        return word >> 26 == 0x25 || (word & 0xfffffc1f) == 0xd63f0000 || (word & 0xfefff800) == 0xd63f0800;
    }
    static bool is_return(uint32_t word) {
        return (word & 0xfffffc1f) == 0xd65f0000 || (word & 0xfffffbff) == 0xd65f0bff;
    }

    Listener listener_ = nullptr;
    qemu_plugin_scoreboard* states_ = nullptr;
    qemu_plugin_u64 mark_ = {}, return_address_ = {}, block_ = {};
};

}  // namespace plugin
