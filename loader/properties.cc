// SPDX-License-Identifier: MIT
#include "loader/properties.h"

#include <string.h>
#include <unistd.h>

#include <algorithm>

namespace armature::loader {
namespace {

constexpr uint32_t kSegmentType = 0x6474e553;  // PT_GNU_PROPERTY
constexpr uint32_t kNoteType = 5;              // NT_GNU_PROPERTY_TYPE_0
constexpr uint32_t kFeatures = 0xc0000000;     // GNU_PROPERTY_AARCH64_FEATURE_1_AND
constexpr uint32_t kBti = 1;
constexpr size_t kMost = 1024;  // as the kernel: longer notes are not looked at
constexpr char kOwner[4] = "GNU";

constexpr size_t aligned(size_t size) {
    return (size + 7) & ~size_t{7};
}

uint32_t word_at(const unsigned char* bytes) {
    uint32_t word = 0;
    memcpy(&word, bytes, sizeof word);
    return word;
}

// The AArch64 feature bits among the properties: type, size, data padded to 8 bytes.
uint32_t feature_bits(const unsigned char* bytes, size_t size) {
    size_t at = 0;
    while (at + 8 <= size) {
        const uint32_t type = word_at(bytes + at);
        const size_t length = word_at(bytes + at + 4);
        if (length > size - at - 8) break;
        if (type == kFeatures && length == sizeof(uint32_t)) return word_at(bytes + at + 8);
        at += 8 + aligned(length);
    }
    return 0;
}

}  // namespace

bool has_landing_pads(const ElfFile& file) {
    for (const Elf64_Phdr& segment : file.segments) {
        if (segment.p_type != kSegmentType || segment.p_filesz > kMost) continue;
        unsigned char bytes[kMost];
        const ssize_t got = pread(file.fd, bytes, segment.p_filesz, static_cast<off_t>(segment.p_offset));
        constexpr size_t kHead = sizeof(Elf64_Nhdr) + sizeof kOwner;
        if (got < static_cast<ssize_t>(kHead)) return false;
        Elf64_Nhdr note;
        memcpy(&note, bytes, sizeof note);
        if (note.n_type != kNoteType || note.n_namesz != sizeof kOwner ||
            memcmp(bytes + sizeof note, kOwner, sizeof kOwner) != 0) {
            return false;
        }
        const size_t size = std::min<size_t>(note.n_descsz, static_cast<size_t>(got) - kHead);
        return feature_bits(bytes + kHead, size) & kBti;
    }
    return false;
}

}  // namespace armature::loader
