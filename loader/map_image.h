// SPDX-License-Identifier: MIT
// Maps the segments of a checked ELF file.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "guest/random.h"
#include "loader/elf_file.h"

namespace armature::loader {

using guest::Randomness;

// Where position-independent programs go. Linux puts them at two thirds of the address space, where on this
// host the emulator is; one third is far from it, from the host's mmap area, and from programs with fixed
// addresses. With -R it is one third of that.
uint64_t program_base();

// What has been mapped so far. Unmapped again unless kept: a failed load leaves nothing behind.
class Mapped {
  public:
    Mapped() = default;
    Mapped(const Mapped&) = delete;
    Mapped& operator=(const Mapped&) = delete;
    ~Mapped();
    void add(uint64_t begin, uint64_t end) { ranges_.emplace_back(begin, end); }
    void keep() { ranges_.clear(); }

  private:
    std::vector<std::pair<uint64_t, uint64_t>> ranges_;
};

struct Image {
    uint64_t bias = 0;
    uint64_t entry = 0;
    uint64_t headers = 0;  // address of the program headers; 0 if no segment holds them
    uint64_t start_code = 0, end_code = 0;
    uint64_t end = 0;  // of everything: where a heap may begin
};

bool map_image(const ElfFile& file, Randomness& random, Mapped* mapped, Image* image, LoadError* error);

}  // namespace armature::loader
