// SPDX-License-Identifier: MIT
#include "guest/random.h"

#include <string.h>
#include <sys/personality.h>
#include <sys/random.h>
#include <time.h>

#include <algorithm>

#include "guest/address_space.h"
#include "guest/cpu_state.h"
#include "guest/options.h"

namespace armature::guest {

Randomness::Randomness() {
    seeded_ = options.has_seed;
    if (seeded_) {
        state_ = options.seed;
        return;
    }
    constexpr unsigned long kAsk = 0xffffffff;
    const int persona = personality(kAsk);
    places_ = (persona == -1 || !(persona & ADDR_NO_RANDOMIZE)) && options.reserved_va == 0;
    if (getrandom(&state_, sizeof state_, GRND_NONBLOCK) != static_cast<ssize_t>(sizeof state_)) {
        timespec now{};
        clock_gettime(CLOCK_MONOTONIC, &now);
        state_ = static_cast<uint64_t>(now.tv_nsec) << 32 ^ reinterpret_cast<uintptr_t>(this);
    }
}

// splitmix64
uint64_t Randomness::next() {
    state_ += 0x9e3779b97f4a7c15;
    uint64_t z = state_;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

uint64_t Randomness::pages(unsigned bits) {
    return places_ ? (next() & ((uint64_t{1} << bits) - 1)) * kPageSize : 0;
}

void Randomness::fill(void* to, size_t size) {
    // Guests make stack guards of these: the kernel's bytes, unless they are to be the same in every run.
    if (!seeded_ && getrandom(to, size, GRND_NONBLOCK) == static_cast<ssize_t>(size)) return;
    unsigned char* bytes = static_cast<unsigned char*>(to);
    for (size_t done = 0; done < size; done += sizeof(uint64_t)) {
        const uint64_t value = next();
        memcpy(bytes + done, &value, std::min(sizeof value, size - done));
    }
}

void new_pac_keys(CpuState& cpu, uint64_t which) {
    Randomness random;
    for (unsigned key = 0; key < kPacKeys; key++) {
        if (which >> key & 1) random.fill(&cpu.pac_keys[key], sizeof cpu.pac_keys[key]);
    }
}

}  // namespace armature::guest
