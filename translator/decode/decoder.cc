// SPDX-License-Identifier: MIT
#include "translator/decode/decoder.h"

#include "translator/decode/bit_masks.h"
#include "translator/decode/fields.h"

namespace armature::translator::decode {

// condition_holds, kRows, kTexts, kFirst, kSecond, kLists: written by gen_decoder.
#include "translator/decode/table.inc"

const char* Row::name() const {
    return kTexts[index()].name;
}
const char* Row::mnemonic() const {
    return kTexts[index()].mnemonic;
}
const char* Row::pattern() const {
    return kTexts[index()].pattern;
}

const Row* decode(uint32_t word) {
    unsigned list = kFirst[word >> 21];
    if (list & kSplit) list = kSecond[(list & ~kSplit) * 64 + (word >> 10 & 63)];
    for (const uint16_t* entry = &kLists[list]; *entry != kEndOfList; entry++) {
        const Row& row = kRows[*entry];
        if (row.matches(word)) return &row;
    }
    return nullptr;
}

}  // namespace armature::translator::decode
