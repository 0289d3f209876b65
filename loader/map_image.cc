// SPDX-License-Identifier: MIT
// The extent of the whole image is reserved first, at one place that suits its alignment; then each segment
// replaces its part, in the order of the file as the kernel does it (where two share a page, the later one
// wins); then the holes are given back.
#include "loader/map_image.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include <algorithm>

#include "guest/address_space.h"
#include "guest/features.h"
#include "guest/options.h"
#include "loader/properties.h"

namespace armature::loader {

using guest::AddressSpace;
using guest::kAddressLimit;
using guest::kPageSize;

namespace {

constexpr unsigned kProgramRandomBits = 28;

uint64_t address_limit() {
    return guest::options.reserved_va ? guest::options.reserved_va : kAddressLimit;
}

constexpr uint64_t page_down(uint64_t value) {
    return value & ~(kPageSize - 1);
}
constexpr uint64_t page_up(uint64_t value) {
    return (value + kPageSize - 1) & ~(kPageSize - 1);
}

bool map_failed(const ElfFile& file, int64_t result, uint64_t begin, uint64_t end, LoadError* error) {
    const int number = static_cast<int>(-result);
    const char* path = file.path.c_str();
    if (number == EEXIST) {
        return fail(error, ENOMEM, "%s: cannot be mapped at %#lx-%#lx: the addresses are in use", path, begin,
                    end);
    }
    if (number == EPERM) {
        return fail(error, EPERM, "%s: cannot be mapped at %#lx: below the host's vm.mmap_min_addr", path,
                    begin);
    }
    return fail(error, number, "%s: cannot be mapped at %#lx-%#lx: %s", path, begin, end, strerror(number));
}

constexpr int kReserveFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;

// Reserves size bytes at a multiple of the alignment, anywhere. An address or -errno.
int64_t reserve_aligned(uint64_t size, uint64_t alignment) {
    AddressSpace& space = AddressSpace::instance();
    if (alignment <= kPageSize) return space.map(0, size, PROT_NONE, kReserveFlags, -1, 0);
    if (size > kAddressLimit || alignment > kAddressLimit - size) return -ENOMEM;
    const uint64_t whole = size + alignment;
    const int64_t got = space.map(0, whole, PROT_NONE, kReserveFlags, -1, 0);
    if (got < 0) return got;
    const uint64_t low = static_cast<uint64_t>(got);
    const uint64_t begin = (low + alignment - 1) & ~(alignment - 1);
    if (begin > low) space.unmap(low, begin - low);
    if (low + whole > begin + size) space.unmap(begin + size, low + whole - (begin + size));
    return static_cast<int64_t>(begin);
}

bool reserve(const ElfFile& file, Randomness& random, uint64_t* begin, LoadError* error) {
    AddressSpace& space = AddressSpace::instance();
    const uint64_t size = file.last - file.first;
    constexpr int kFixed = kReserveFlags | MAP_FIXED_NOREPLACE;
    if (!file.relocatable()) {
        const int64_t got = space.map(file.first, size, PROT_NONE, kFixed, -1, 0);
        if (got < 0) return map_failed(file, got, file.first, file.last, error);
        *begin = file.first;
        return true;
    }
    // The bias, not the first segment's address, is a multiple of the alignment.
    const uint64_t remainder = file.first & (file.alignment - 1);
    int64_t got = -EEXIST;
    if (file.role == Role::Program && !file.interpreter.empty()) {
        const uint64_t bias = (program_base() + random.pages(kProgramRandomBits)) & ~(file.alignment - 1);
        const uint64_t limit = guest::options.reserved_va ? guest::options.reserved_va : kAddressLimit;
        if (size < limit && bias < limit - size)
            got = space.map(bias + remainder, size, PROT_NONE, kFixed, -1, 0);
    }
    if (got == -EEXIST) {
        // Interpreters and static programs live among the mappings.
        got = reserve_aligned(size + remainder, file.alignment);
        if (got >= 0 && remainder != 0) {
            space.unmap(static_cast<uint64_t>(got), remainder);
            got += static_cast<int64_t>(remainder);
        }
    }
    if (got < 0) return map_failed(file, got, file.first, file.last, error);
    *begin = static_cast<uint64_t>(got);
    return true;
}

int protection(const Elf64_Phdr& segment) {
    return (segment.p_flags & PF_R ? PROT_READ : 0) | (segment.p_flags & PF_W ? PROT_WRITE : 0) |
           (segment.p_flags & PF_X ? PROT_EXEC : 0);
}

// The kernel guards programs without an interpreter, and interpreters; these do the rest themselves.
bool is_guarded(const ElfFile& file) {
    return guest::enabled(guest::Feature::BTI) && file.interpreter.empty() && has_landing_pads(file);
}

bool map_segment(const ElfFile& file, const Elf64_Phdr& segment, uint64_t bias, bool guarded,
                 LoadError* error) {
    AddressSpace& space = AddressSpace::instance();
    const uint64_t address = bias + segment.p_vaddr;
    const uint64_t begin = page_down(address);
    const uint64_t file_end = address + segment.p_filesz;
    const uint64_t end = page_up(address + segment.p_memsz);
    const int prot = protection(segment) | (guarded && segment.p_flags & PF_X ? guest::kProtBti : 0);
    uint64_t anonymous = begin;
    if (segment.p_filesz != 0) {
        anonymous = page_up(file_end);
        const int64_t got = space.map(begin, anonymous - begin, prot, MAP_PRIVATE | MAP_FIXED, file.fd,
                                      page_down(segment.p_offset));
        if (got < 0) return map_failed(file, got, begin, anonymous, error);
        if (segment.p_memsz > segment.p_filesz && (prot & PROT_WRITE) && file_end < anonymous) {
            // The check of the headers left no whole page beyond the file's end, so this cannot fault.
            memset(reinterpret_cast<void*>(file_end), 0, anonymous - file_end);
        }
    }
    if (end > anonymous) {
        const int64_t got = space.map(anonymous, end - anonymous,
                                      PROT_READ | PROT_WRITE | (prot & (PROT_EXEC | guest::kProtBti)),
                                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        if (got < 0) return map_failed(file, got, anonymous, end, error);
    }
    return true;
}

// Gives back what was reserved between the segments.
void unmap_holes(const ElfFile& file, uint64_t bias) {
    std::vector<std::pair<uint64_t, uint64_t>> used;
    for (const Elf64_Phdr& segment : file.segments) {
        if (segment.p_type != PT_LOAD || segment.p_memsz == 0) continue;
        used.emplace_back(page_down(bias + segment.p_vaddr),
                          page_up(bias + segment.p_vaddr + segment.p_memsz));
    }
    std::sort(used.begin(), used.end());
    uint64_t reached = used.front().second;
    for (const auto& [begin, end] : used) {
        if (begin > reached) AddressSpace::instance().unmap(reached, begin - reached);
        reached = std::max(reached, end);
    }
}

}  // namespace

uint64_t program_base() {
    return address_limit() / 3 & ~(kPageSize - 1);
}

Mapped::~Mapped() {
    for (const auto& [begin, end] : ranges_) AddressSpace::instance().unmap(begin, end - begin);
}

bool map_image(const ElfFile& file, Randomness& random, Mapped* mapped, Image* image, LoadError* error) {
    uint64_t begin = 0;
    if (!reserve(file, random, &begin, error)) return false;
    mapped->add(begin, begin + (file.last - file.first));
    const uint64_t bias = begin - file.first;
    image->bias = bias;
    image->entry = file.header.e_entry + bias;
    image->end = begin + (file.last - file.first);
    image->start_code = ~uint64_t{0};
    const bool guarded = is_guarded(file);
    for (const Elf64_Phdr& segment : file.segments) {
        if (segment.p_type != PT_LOAD || segment.p_memsz == 0) continue;
        if (!map_segment(file, segment, bias, guarded, error)) return false;
        if (segment.p_flags & PF_X) {
            image->start_code = std::min(image->start_code, bias + segment.p_vaddr);
            image->end_code = std::max(image->end_code, bias + segment.p_vaddr + segment.p_filesz);
        }
        const uint64_t headers = file.header.e_phoff;
        if (headers >= segment.p_offset && headers - segment.p_offset < segment.p_filesz) {
            image->headers = bias + segment.p_vaddr + (headers - segment.p_offset);
        }
    }
    if (image->start_code == ~uint64_t{0}) image->start_code = 0;
    unmap_holes(file, bias);
    return true;
}

}  // namespace armature::loader
