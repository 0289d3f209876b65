// SPDX-License-Identifier: MIT
// The set is a header and then the registers: those of AdvSIMD, as in NT_PRFPREG, if the others are not in
// use, else Z0-Z31, P0-P15, FFR, FPSR, FPCR, for the vector length in the header. A tracer that writes a
// header with another length changes the tracee's, like prctl.
#include "syscalls/ptrace_sve.h"

#include <errno.h>
#include <sys/uio.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "guest/features.h"
#include "guest/user_access.h"
#include "syscalls/sve.h"

namespace armature::syscalls {
namespace {

using signals::TraceBlock;
using signals::TraceSve;

// arm64's user_sve_header.
struct Header {
    uint32_t size, max_size;
    uint16_t vl, max_vl, flags, reserved;
};
static_assert(sizeof(Header) == 16);
constexpr uint16_t kHasSve = 1;       // SVE_PT_REGS_SVE
constexpr unsigned kPrctlShift = 16;  // the other flags are prctl's
constexpr uint16_t kInherit = 2;
constexpr size_t kUnit = 16;

constexpr size_t ffr_offset(unsigned vl) {
    return sizeof(Header) + size_t{32} * vl + guest::kSvePredicates * vl / 8;
}
constexpr size_t status_offset(unsigned vl) {
    return (ffr_offset(vl) + vl / 8 + kUnit - 1) / kUnit * kUnit;
}
constexpr size_t set_size(unsigned vl, bool has_sve) {
    return has_sve ? status_offset(vl) + kUnit : sizeof(Header) + sizeof(signals::TraceVectors);
}

// Copies between a set with SVE's registers and the block.
template <typename Copy>
void each_register(TraceBlock& block, uint8_t* set, Copy copy) {
    TraceSve& sve = block.sve;
    const unsigned vl = sve.vl;
    for (unsigned n = 0; n < 32; n++) {
        uint8_t* const z = set + sizeof(Header) + size_t{n} * vl;
        copy(z, &block.vectors.v[n], 16);
        copy(z + 16, sve.upper[n], vl - 16);
    }
    for (unsigned n = 0; n < guest::kSvePredicates; n++)
        copy(set + sizeof(Header) + size_t{32} * vl + n * vl / 8, &sve.p[n], vl / 8);
    copy(set + ffr_offset(vl), &sve.ffr, vl / 8);
    copy(set + status_offset(vl), &block.vectors.fpsr, 4);
    copy(set + status_offset(vl) + 4, &block.vectors.fpcr, 4);
}

std::vector<uint8_t> get(TraceBlock& block) {
    const bool has_sve = block.sve.in_use;
    Header header{};
    header.vl = block.sve.vl;
    header.max_vl = static_cast<uint16_t>(guest::sve_largest_vl());
    header.size = static_cast<uint32_t>(set_size(header.vl, has_sve));
    header.max_size = static_cast<uint32_t>(set_size(header.max_vl, true));
    header.flags = static_cast<uint16_t>((has_sve ? kHasSve : 0) | (block.sve.inherit ? kInherit : 0));
    std::vector<uint8_t> set(header.size);
    std::memcpy(set.data(), &header, sizeof header);
    if (has_sve) {
        each_register(block, set.data(), [](uint8_t* in_set, const void* in_block, size_t size) {
            std::memcpy(in_set, in_block, size);
        });
    } else {
        std::memcpy(set.data() + sizeof header, &block.vectors, sizeof block.vectors);
    }
    return set;
}

int64_t put(TraceBlock* block, const std::vector<uint8_t>& set) {
    Header header;
    if (set.size() < sizeof header) return -EINVAL;
    std::memcpy(&header, set.data(), sizeof header);
    TraceSve& sve = block->sve;
    SveLengths lengths = {sve.vl, sve.vl_exec, sve.inherit != 0};
    const uint64_t flags = uint64_t{header.flags} & ~uint64_t{kHasSve};
    const int64_t result = change_sve_lengths(&lengths, header.vl | flags << kPrctlShift);
    if (result < 0) return result;
    const bool longer_or_shorter = lengths.now != sve.vl, has_sve = header.flags & kHasSve;
    if (longer_or_shorter) drop_sve_registers(block);
    sve.vl = lengths.now;
    sve.vl_exec = lengths.on_exec;
    sve.inherit = lengths.inherit;
    block->changed |= signals::kChangedSve;
    if (set.size() == sizeof header) return 0;
    if (has_sve && header.vl != sve.vl) return -EIO;
    block->changed |= signals::kChangedVectors;
    if (!has_sve) {
        drop_sve_registers(block);
        std::memcpy(&block->vectors, set.data() + sizeof header,
                    std::min(set.size() - sizeof header, sizeof block->vectors));
        return 0;
    }
    // A shorter one leaves the other registers as they are.
    std::vector<uint8_t> whole(set_size(sve.vl, true));
    each_register(*block, whole.data(), [](uint8_t* in_set, const void* in_block, size_t size) {
        std::memcpy(in_set, in_block, size);
    });
    std::memcpy(whole.data(), set.data(), std::min(set.size(), whole.size()));
    sve.in_use = 1;
    each_register(*block, whole.data(), [](const uint8_t* in_set, void* in_block, size_t size) {
        std::memcpy(in_block, in_set, size);
    });
    return 0;
}

}  // namespace

void drop_sve_registers(TraceBlock* block) {
    TraceSve& sve = block->sve;
    std::memset(sve.upper, 0, sizeof sve.upper);
    std::memset(sve.p, 0, sizeof sve.p);
    sve.ffr = 0;
    sve.in_use = 0;
    if (guest::enabled(guest::Feature::SVE)) block->changed |= signals::kChangedSve;
}

int64_t sve_register_set(TraceBlock* block, uint64_t vector, bool write) {
    if (!guest::enabled(guest::Feature::SVE)) return -EINVAL;
    iovec range;
    if (!guest::read_object(&range, vector)) return -EFAULT;
    if (range.iov_len % kUnit) return -EINVAL;
    const auto buffer = reinterpret_cast<uint64_t>(range.iov_base);
    if (write) {
        range.iov_len = std::min(range.iov_len, set_size(guest::kSveMaxBytes, true));
        std::vector<uint8_t> set(range.iov_len);
        if (!guest::read_memory(set.data(), buffer, set.size())) return -EFAULT;
        if (const int64_t result = put(block, set); result < 0) return result;
    } else {
        const std::vector<uint8_t> set = get(*block);
        range.iov_len = std::min(range.iov_len, set.size());
        if (!guest::write_memory(buffer, set.data(), range.iov_len)) return -EFAULT;
    }
    return guest::write_object(vector, range) ? 0 : -EFAULT;
}

}  // namespace armature::syscalls
