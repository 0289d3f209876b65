// SPDX-License-Identifier: MIT
// The driver: one block, instruction by instruction, then what lies behind it (out-of-line code, link stubs,
// constants).
#include "translator/x64/compile.h"

#include <cstring>
#include <vector>

#include "translator/x64/allocator.h"
#include "translator/x64/encode.h"

namespace armature::translator::x64 {

using ir::Inst;

namespace {

constexpr size_t kMaxConstants = 512;

}  // namespace

// Emission never fails half way: what does not fit is dropped by the assembler and reported at the end.
class CodeBuffer {
  public:
    CodeBuffer() : generator(kBufferSize, Xbyak::DontSetProtectRWE), labels(kMaxConstants) {}
    void reset() {
        generator.setSize(0);
        Xbyak::ClearError();
        if (!labels_used) return;  // what the assembler knows of labels is expensive to reset
        generator.reset();
        for (size_t n = 0; n < labels_used; n++) labels[n] = Xbyak::Label();
        labels_used = 0;
    }
    Xbyak::CodeGenerator generator;
    std::vector<Xbyak::Label> labels;
    size_t labels_used = 0;
};

CodeBuffer* create_code_buffer() {
    return new CodeBuffer;
}
void destroy_code_buffer(CodeBuffer* buffer) {
    delete buffer;
}

bool Allocator::run() {
    links_ = arena_.make_room<LinkSite>(kMaxLinks).data();
    analyse();
    enter_block();
    const uint32_t count = last_instruction();
    unsigned next_guest = 0;
    for (index_ = 1; index_ < count && !failed_; index_++) {
        const Inst& i = current();
        while (next_guest <= i.guest && next_guest < guest_offsets_.size())
            guest_offsets_[next_guest++] = here();
        if (tracks_[index_].dead) continue;
        if (park_state_ == Parking::Host && uses_mxcsr(i.op)) {
            clobber_flags();
            unpark_mxcsr();
        }
        kEmitters[static_cast<size_t>(i.op)](*this, i);
        finish_instruction();
    }
    if (failed_) return false;
    index_ = count;
    while (next_guest < guest_offsets_.size()) guest_offsets_[next_guest++] = here();
    leave_block();
    emit_terminator(*this);
    finish_instruction();
    emit_cold();
    emit_stubs();
    emit_pool();
    return !failed_ && Xbyak::GetError() == Xbyak::ERR_NONE;
}

bool compile(const ir::Block& block, CodeBuffer* buffer, support::Arena& arena, CompiledCode* out) {
    buffer->reset();
    Allocator allocator(buffer->generator, host_features(), block, arena, buffer->labels);
    const bool done = allocator.run();
    buffer->labels_used = allocator.constants_used();
    if (!done) return false;
    out->code = buffer->generator.getCode();
    out->size = buffer->generator.getSize();
    out->links = allocator.links();
    out->thunk_jumps = allocator.thunk_jumps();
    out->faults = allocator.faults();
    out->guest_offsets = allocator.guest_offsets();
    return true;
}

void place(const CompiledCode& code, uint8_t* to, uint64_t address, uint32_t first_site) {
    std::memcpy(to, code.code, code.size);
    for (const ThunkJump& jump : code.thunk_jumps) {
        const uint64_t end = address + jump.offset + sizeof(uint32_t);
        const uint32_t distance = static_cast<uint32_t>(reinterpret_cast<uint64_t>(jump.thunk) - end);
        std::memcpy(to + jump.offset, &distance, sizeof distance);
    }
    for (const LinkSite& link : code.links) {
        std::memcpy(to + link.stub + kStubNumber, &first_site, sizeof first_site);
        first_site++;
    }
}

CompiledCode emit_thunks(Xbyak::CodeGenerator& c, uint64_t final_address);

CompiledCode make_thunks(CodeBuffer* buffer, uint64_t final_address) {
    buffer->reset();
    return emit_thunks(buffer->generator, final_address);
}

}  // namespace armature::translator::x64
