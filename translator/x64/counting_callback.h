// SPDX-License-Identifier: MIT
// Recognises callbacks that do nothing but change a counter.
//
// Most plugins count, and many do so in a callback: `counts[vcpu].n++`. Such a function is a few host
// instructions without branches, and what it does can be worked out from them: each register is a constant,
// or a constant plus a multiple of (vcpu & mask), or the address of the access, and it ends after one ADD,
// OR, AND, SUB or XOR to memory, of a constant or that address. The call can then be replaced by the
// operation itself, which merges with others (runtime/probes.h). Anything else in the function and it is
// called. The compiler's locked operations are not taken for plain ones.
#pragma once

#include "translator/hooks.h"

namespace armature::translator::x64 {

// If fn(vcpu, userdata) (or fn(vcpu, info, vaddr, userdata), for a memory callback) is one: makes the Probe
// the operation that it stands for.
bool replace_counting_callback(Probe* probe);

}  // namespace armature::translator::x64
