// SPDX-License-Identifier: MIT
#include "guest/allocation_tags.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "guest/address_space.h"

namespace armature::guest::tags {
namespace {

constexpr uint64_t kShadowSize = kAddressLimit / kGranule;

uint8_t* page_up(uint8_t* at) {
    return at + (-reinterpret_cast<uintptr_t>(at) & (kPageSize - 1));
}
uint8_t* page_down(uint8_t* at) {
    return at - (reinterpret_cast<uintptr_t>(at) & (kPageSize - 1));
}

}  // namespace

uint8_t* shadow = nullptr;

bool reserve() {
    if (shadow) return true;
    // Read-only: what cannot be written does not count as memory that was promised.
    void* got = mmap(nullptr, kShadowSize, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (got == MAP_FAILED) return false;
    madvise(got, kShadowSize, MADV_NOHUGEPAGE);
    madvise(got, kShadowSize, MADV_DONTDUMP);
    shadow = static_cast<uint8_t*>(got);
    return true;
}

bool allow(uint64_t begin, uint64_t end) {
    uint8_t* const from = page_down(&of(begin));
    uint8_t* const to = page_up(&of(end - 1) + 1);
    return mprotect(from, static_cast<size_t>(to - from), PROT_READ | PROT_WRITE) == 0;
}

void clear(uint64_t begin, uint64_t end) {
    uint8_t* const from = &of(begin);
    uint8_t* const to = &of(end - 1) + 1;
    uint8_t* const first_page = page_up(from);
    uint8_t* const last_page = page_down(to);
    if (first_page >= last_page) {
        std::memset(from, 0, static_cast<size_t>(to - from));
        return;
    }
    std::memset(from, 0, static_cast<size_t>(first_page - from));
    madvise(first_page, static_cast<size_t>(last_page - first_page), MADV_DONTNEED);
    std::memset(last_page, 0, static_cast<size_t>(to - last_page));
}

void move(uint64_t from, uint64_t to, uint64_t size) {
    std::memcpy(&of(to), &of(from), size / kGranule);
    clear(from, from + size);
}

}  // namespace armature::guest::tags
