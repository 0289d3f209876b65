// SPDX-License-Identifier: MIT
// Are NZCV dead where a block goes on? Looks at the next few guest instructions: dead if on every way from
// there they are overwritten before anything reads them. Direct branches inside the page are followed.
// Compilers almost never keep flags alive over a branch, so a short look saves most blocks from storing them.
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

constexpr unsigned kLookAhead = 32;  // instructions on all ways together
constexpr unsigned kChunk = 8;       // read at a time
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
    {0x3b200c00, 0x19000400, Effect::ReadsOrLeaves},  // memory copy and set
    {0x1c000000, 0x14000000, Effect::ReadsOrLeaves},  // branches, exceptions, system instructions
    {0x1e000000, 0x04000000, Effect::ReadsOrLeaves},  // SVE
    {0x1e000000, 0x00000000, Effect::ReadsOrLeaves},  // reserved
};

Effect effect_of(uint32_t encoding) {
    for (const Pattern& pattern : kPatterns) {
        if ((encoding & pattern.mask) == pattern.value) return pattern.effect;
    }
    return Effect::None;
}

// Loads and stores are half of all instructions and leave NZCV alone. Memory copy and set (MOPS) do not.
bool is_load_or_store(uint32_t encoding) {
    return (encoding & 0x0a000000) == 0x08000000 && (encoding & 0x3b200c00) != 0x19000400;
}

int64_t sign_extended(uint32_t field, unsigned bits) {
    return static_cast<int64_t>(uint64_t{field} << (64 - bits)) >> (64 - bits);
}

// A direct branch without a condition on flags: B, BL; CBZ, CBNZ, TBZ, TBNZ may also go on behind it.
struct Branch {
    bool direct = false;
    bool may_fall_through = false;
    uint64_t target = 0;
};

Branch direct_branch(uint64_t pc, uint32_t encoding) {
    if ((encoding & 0x7c000000) == 0x14000000) {
        return {true, false, pc + static_cast<uint64_t>(sign_extended(encoding & 0x3ffffff, 26) * 4)};
    }
    if ((encoding & 0x7e000000) == 0x34000000) {
        return {true, true, pc + static_cast<uint64_t>(sign_extended(encoding >> 5 & 0x7ffff, 19) * 4)};
    }
    if ((encoding & 0x7e000000) == 0x36000000) {
        return {true, true, pc + static_cast<uint64_t>(sign_extended(encoding >> 5 & 0x3fff, 14) * 4)};
    }
    return {};
}

// Only the page that is being translated anyway is looked at: it is known to be there.
bool live(uint64_t pc, uint64_t page, unsigned& budget) {
    uint32_t code[kChunk];
    unsigned next = 0;
    unsigned count = 0;
    for (;; pc += 4) {
        if (budget == 0 || (pc & ~kPageMask) != page) return true;
        budget--;
        if (next == count) {
            const uint64_t room = (guest::kPageSize - (pc & kPageMask)) / 4;
            count = room < kChunk ? static_cast<unsigned>(room) : kChunk;
            next = 0;
            if (!guest::read_memory(code, pc, count * sizeof(uint32_t))) return true;
        }
        const uint32_t encoding = code[next++];
        if (is_load_or_store(encoding)) continue;
        const Branch branch = direct_branch(pc, encoding);
        if (branch.direct) {
            if (live(branch.target, page, budget)) return true;
            if (!branch.may_fall_through) return false;
            continue;
        }
        const Effect effect = effect_of(encoding);
        if (effect == Effect::Overwrites) return false;
        if (effect == Effect::ReadsOrLeaves) return true;
    }
}

}  // namespace

bool flags_live_at(uint64_t address, uint64_t same_page_as) {
    if (address & 3) return true;
    unsigned budget = kLookAhead;
    return live(address, same_page_as & ~kPageMask, budget);
}

}  // namespace armature::translator::runtime
