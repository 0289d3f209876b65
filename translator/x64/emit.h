// SPDX-License-Identifier: MIT
// What the integer emitters share.
#pragma once

#include "translator/x64/allocator.h"

namespace armature::translator::x64 {

inline unsigned bits_of(ir::Type type) {
    return type == ir::Type::I64 ? 64 : 32;
}
inline Xbyak::Reg sized(Xbyak::Reg64 r, unsigned bits) {
    return r.changeBit(static_cast<int>(bits));
}
inline ir::Value self(Context& e) {
    return impl(e).self();
}
// The pinned general registers to their slots, or back.
void copy_pinned(Context& e, bool store);
inline Xbyak::Address memory(Xbyak::RegExp exp, unsigned bytes) {
    return Xbyak::AddressFrame(bytes * 8)[exp];
}

}  // namespace armature::translator::x64
