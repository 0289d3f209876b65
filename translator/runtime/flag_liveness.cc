// SPDX-License-Identifier: MIT
// Are NZCV dead where a block goes on? Looks at the next few guest instructions: dead if they are
// overwritten, on the straight line, before anything reads them or control leaves that line. Compilers almost
// never keep flags alive over a branch, so a short look saves most blocks from storing them.
//
// A fault between here and the overwriting instruction would show a handler the old NZCV instead of these;
// what the program computes cannot differ, as nothing reads them. The switch `flag-liveness` makes even that
// exact, and so do plugins, -d cpu and -one-insn-per-tb.
#include <cstring>

#include "guest/address_space.h"
#include "guest/user_access.h"
#include "translator/runtime/runtime.h"

namespace armature::translator::runtime {
namespace {

constexpr unsigned kLookAhead = 12;
constexpr uint64_t kPageMask = guest::kPageSize - 1;

enum class Effect { None, Overwrites, ReadsOrLeaves };

struct Pattern {
    uint32_t mask;
    uint32_t value;
    Effect effect;
};

// In this order; an instruction that matches no row neither reads nor writes NZCV.
constexpr Pattern kPatterns[] = {
    {0x7f000000, 0x31000000, Effect::Overwrites},     // ADDS (immediate)
    {0x7f000000, 0x71000000, Effect::Overwrites},     // SUBS (immediate)
    {0x7f800000, 0x72000000, Effect::Overwrites},     // ANDS (immediate)
    {0x7f000000, 0x2b000000, Effect::Overwrites},     // ADDS (shifted, extended register)
    {0x7f000000, 0x6b000000, Effect::Overwrites},     // SUBS (shifted, extended register)
    {0x7f000000, 0x6a000000, Effect::Overwrites},     // ANDS, BICS (shifted register)
    {0xff20fc07, 0x1e202000, Effect::Overwrites},     // FCMP, FCMPE
    {0x1fe00000, 0x1a000000, Effect::ReadsOrLeaves},  // ADC, SBC, ADCS, SBCS; RMIF, SETF
    {0x1fe00000, 0x1a400000, Effect::ReadsOrLeaves},  // CCMP, CCMN
    {0x1fe00000, 0x1a800000, Effect::ReadsOrLeaves},  // CSEL, CSINC, CSINV, CSNEG
    {0xff200c00, 0x1e200c00, Effect::ReadsOrLeaves},  // FCSEL
    {0xff200c00, 0x1e200400, Effect::ReadsOrLeaves},  // FCCMP, FCCMPE
    {0x1c000000, 0x14000000, Effect::ReadsOrLeaves},  // branches, exceptions, system instructions
    {0x1e000000, 0x00000000, Effect::ReadsOrLeaves},  // reserved
};

Effect effect_of(uint32_t encoding) {
    for (const Pattern& pattern : kPatterns) {
        if ((encoding & pattern.mask) == pattern.value) return pattern.effect;
    }
    return Effect::None;
}

}  // namespace

bool flags_live_at(uint64_t address, uint64_t same_page_as) {
    // Only the page that is being translated anyway is looked at: it is known to be there.
    if ((address ^ same_page_as) & ~kPageMask) return true;
    uint32_t code[kLookAhead];
    const uint64_t room = (guest::kPageSize - (address & kPageMask)) / 4;
    const unsigned count = room < kLookAhead ? static_cast<unsigned>(room) : kLookAhead;
    if (!guest::read_memory(code, address, count * sizeof(uint32_t))) return true;
    for (unsigned i = 0; i < count; i++) {
        const Effect effect = effect_of(code[i]);
        if (effect == Effect::Overwrites) return false;
        if (effect == Effect::ReadsOrLeaves) return true;
    }
    return true;
}

}  // namespace armature::translator::runtime
