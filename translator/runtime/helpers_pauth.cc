// SPDX-License-Identifier: MIT
// Pointer authentication, as the architecture's FEAT_PAuth2 does it: the authentication code is
// exclusive-ored into the bits between the 48-bit address and bit 55 (the top byte is the program's own),
// where signing and authenticating are the same operation on a pointer whose bits were good.
//
// The code comes from QARMA-64 with five or three rounds, as published and as Arm uses it, or from a cheap
// mixing function of our own: programs cannot tell, and this is not a defence of the emulator.
#include <array>
#include <bit>
#include <cstdint>

#include "guest/features.h"
#include "guest/random.h"
#include "translator/ir/helpers.h"

namespace armature::translator::helper {

using guest::CpuState;
using guest::Feature;

namespace {

constexpr unsigned kAddressBits = 48;
constexpr uint64_t kPacMask = ((uint64_t{1} << 55) - 1) & ~((uint64_t{1} << kAddressBits) - 1);

// --- QARMA-64. Cell 0 is the most significant nibble.

constexpr uint64_t kRoundConstants[5] = {0x0000000000000000, 0x13198a2e03707344, 0xa4093822299f31d0,
                                         0x082efa98ec4e6c89, 0x452821e638d01377};
constexpr uint64_t kAlpha = 0xc0ac29b7c97c50dd;

using Nibbles = std::array<uint8_t, 16>;

constexpr Nibbles kCellShuffle = {0, 11, 6, 13, 10, 1, 12, 7, 5, 14, 3, 8, 15, 4, 9, 2};
constexpr Nibbles kTweakShuffle = {6, 5, 14, 15, 0, 1, 2, 3, 7, 12, 13, 4, 8, 9, 10, 11};
constexpr unsigned kTweakedCells = 1 << 0 | 1 << 1 | 1 << 3 | 1 << 4 | 1 << 8 | 1 << 11 | 1 << 13;
constexpr Nibbles kSigma1 = {10, 13, 14, 6, 15, 7, 3, 5, 9, 8, 0, 12, 11, 1, 2, 4};
constexpr Nibbles kSigma2 = {11, 6, 8, 15, 12, 0, 9, 14, 3, 7, 4, 5, 13, 2, 1, 10};

constexpr Nibbles inverse(const Nibbles& table) {
    Nibbles result{};
    for (unsigned i = 0; i < 16; i++) result[table[i]] = static_cast<uint8_t>(i);
    return result;
}

constexpr unsigned cell(uint64_t state, unsigned i) {
    return state >> (60 - 4 * i) & 15;
}

constexpr uint64_t in_cell(uint64_t value, unsigned i) {
    return value << (60 - 4 * i);
}

constexpr uint64_t shuffle(uint64_t state, const Nibbles& order) {
    uint64_t result = 0;
    for (unsigned i = 0; i < 16; i++) result |= in_cell(cell(state, order[i]), i);
    return result;
}

constexpr uint64_t substitute(uint64_t state, const Nibbles& box) {
    uint64_t result = 0;
    for (unsigned i = 0; i < 16; i++) result |= in_cell(box[cell(state, i)], i);
    return result;
}

constexpr unsigned rotated(unsigned nibble, unsigned by) {
    return (nibble << by | nibble >> (4 - by)) & 15;
}

// Each column times the circulant matrix (0, rot 1, rot 2, rot 1).
constexpr uint64_t mix_columns(uint64_t state) {
    uint64_t result = 0;
    for (unsigned i = 0; i < 16; i++) {
        const unsigned mixed = rotated(cell(state, (i + 4) % 16), 1) ^ rotated(cell(state, (i + 8) % 16), 2) ^
                               rotated(cell(state, (i + 12) % 16), 1);
        result |= in_cell(mixed, i);
    }
    return result;
}

constexpr uint64_t next_tweak(uint64_t tweak) {
    const uint64_t shuffled = shuffle(tweak, kTweakShuffle);
    uint64_t result = 0;
    for (unsigned i = 0; i < 16; i++) {
        unsigned c = cell(shuffled, i);
        if (kTweakedCells >> i & 1) c = c >> 1 | ((c ^ c >> 1) & 1) << 3;
        result |= in_cell(c, i);
    }
    return result;
}

constexpr uint64_t previous_tweak(uint64_t tweak) {
    uint64_t result = 0;
    for (unsigned i = 0; i < 16; i++) {
        unsigned c = cell(tweak, i);
        if (kTweakedCells >> i & 1) c = (c << 1 & 14) | ((c >> 3 ^ c) & 1);
        result |= in_cell(c, i);
    }
    return shuffle(result, inverse(kTweakShuffle));
}

constexpr uint64_t qarma(uint64_t data, uint64_t tweak, uint64_t key0, uint64_t key1, unsigned rounds,
                         const Nibbles& sigma) {
    constexpr Nibbles kUnshuffle = inverse(kCellShuffle);
    const Nibbles unsigma = inverse(sigma);
    const uint64_t key0_modified = std::rotr(key0, 1) ^ key0 >> 63;
    uint64_t state = data ^ key0;
    for (unsigned i = 0; i < rounds; i++) {
        state ^= key1 ^ tweak ^ kRoundConstants[i];
        if (i > 0) state = mix_columns(shuffle(state, kCellShuffle));
        state = substitute(state, sigma);
        tweak = next_tweak(tweak);
    }
    state = substitute(mix_columns(shuffle(state ^ key0_modified ^ tweak, kCellShuffle)), sigma);
    // The reflector.
    state = key1 ^ mix_columns(shuffle(state, kCellShuffle));
    state = substitute(shuffle(state, kUnshuffle), unsigma);
    state = shuffle(mix_columns(state), kUnshuffle) ^ key0 ^ tweak;
    for (unsigned i = 0; i < rounds; i++) {
        state = substitute(state, unsigma);
        if (i + 1 < rounds) state = shuffle(mix_columns(state), kUnshuffle);
        tweak = previous_tweak(tweak);
        state ^= key1 ^ tweak ^ kRoundConstants[rounds - 1 - i] ^ kAlpha;
    }
    return state ^ key0_modified;
}

// The published test vector of QARMA-64 with five rounds and this S-box.
static_assert(qarma(0xfb623599da6e8127, 0x477d469dec0b8762, 0x84be85ce9804e94b, 0xec2802d4e0a488e9, 5,
                    kSigma2) == 0xc003b93999b33765);

uint64_t mix(uint64_t data, uint64_t modifier, uint64_t key0, uint64_t key1) {
    uint64_t h = (data ^ key0) * 0x9e3779b97f4a7c15;
    h = (h ^ h >> 32 ^ modifier ^ key1) * 0xd6e8feb86659fd93;
    return h ^ h >> 29;
}

uint64_t code_of(uint64_t data, uint64_t modifier, const guest::Vec128& key) {
    if (guest::enabled(Feature::PAuthImpdef)) return mix(data, modifier, key.hi, key.lo);
    if (guest::enabled(Feature::PAuthQarma3)) return qarma(data, modifier, key.hi, key.lo, 3, kSigma1);
    return qarma(data, modifier, key.hi, key.lo, 5, kSigma2);
}

// The pointer whose bits above the address are copies of bit 55, as they were before it was signed.
uint64_t without_code(uint64_t pointer) {
    return pointer >> 55 & 1 ? pointer | kPacMask : pointer & ~kPacMask;
}

bool key_enabled(const CpuState* cpu, uint64_t key) {
    return cpu->pac_enabled >> key & 1;
}

}  // namespace

// Signs, and authenticates: if the code was wrong, the result is an address that nothing can be at.
uint64_t TogglePac(CpuState* cpu, uint64_t pointer, uint64_t modifier, uint64_t key) {
    if (!key_enabled(cpu, key)) return pointer;
    return pointer ^ (code_of(without_code(pointer), modifier, cpu->pac_keys[key]) & kPacMask);
}

uint64_t IsWrongPac(CpuState* cpu, uint64_t pointer, uint64_t key, uint64_t) {
    return key_enabled(cpu, key) && pointer != without_code(pointer);
}

uint64_t GenericPac(CpuState* cpu, uint64_t data, uint64_t modifier, uint64_t) {
    return code_of(data, modifier, cpu->pac_keys[guest::kPacGA]) & 0xffffffff00000000;
}

uint64_t RandomNumber(CpuState*, uint64_t, uint64_t, uint64_t) {
    thread_local guest::Randomness random;
    uint64_t value = 0;
    random.fill(&value, sizeof value);
    return value;
}

}  // namespace armature::translator::helper
