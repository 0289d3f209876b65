// SPDX-License-Identifier: MIT
// The loader's random numbers: where things go, and AT_RANDOM. With -seed all of them follow from the seed.
#pragma once

#include <cstddef>
#include <cstdint>

namespace armature::loader {

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

}  // namespace armature::loader
