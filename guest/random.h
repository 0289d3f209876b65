// SPDX-License-Identifier: MIT
// What is random for the guest: where the loader puts things, AT_RANDOM, keys, RNDR. With -seed all of it
// follows from the seed.
#pragma once

#include <cstddef>
#include <cstdint>

namespace armature::guest {

class Randomness {
  public:
    // From guest::options (with -R there is little room to be random in) and the process's personality
    // (setarch -R).
    Randomness();

    bool places() const { return places_; }  // are addresses to be random?
    uint64_t pages(unsigned bits);     // a random number of pages below 2^bits, in bytes; 0 if !places()
    void fill(void* to, size_t size);  // random bytes, always

  private:
    uint64_t next();

    bool places_ = false;
    bool seeded_ = false;
    uint64_t state_ = 0;
};

struct CpuState;
void new_pac_keys(CpuState& cpu, uint64_t which);  // random ones for the keys of these bits (1 << PacKey)

}  // namespace armature::guest
