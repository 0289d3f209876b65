// SPDX-License-Identifier: MIT
// Allocation tags (FEAT_MTE): what the instructions on tags and the checks of accesses need of C++. Memory
// that was not mapped with PROT_MTE has no tags: stores of them do nothing, loads give 0, and every access
// passes.
#include <cstring>

#include "guest/address_space.h"
#include "guest/allocation_tags.h"
#include "guest/random.h"
#include "translator/ir/helpers.h"
#include "translator/runtime/tag_check.h"

namespace armature::translator {

using guest::CpuState;
namespace tags = guest::tags;

namespace {

constexpr uint64_t kAddressBits = 0x00ffffffffffffff;
constexpr unsigned kAllTags = 0xffff;

// A bit for each tag that may not be chosen.
unsigned excluded_tags(const CpuState* cpu) {
    return ~(cpu->tag_control >> guest::kTagIncludeShift) & kAllTags;
}

bool is_tagged(uint64_t address) {
    return tags::shadow && guest::AddressSpace::instance().is_tagged(address & kAddressBits);
}

// Arm's ChooseNonExcludedTag.
unsigned step(unsigned tag, unsigned steps, unsigned excluded) {
    if (excluded == kAllTags) return 0;
    const auto skip = [&tag, excluded] {
        while (excluded >> tag & 1) tag = (tag + 1) & 15;
    };
    if (steps == 0) skip();
    for (; steps > 0; steps--) {
        tag = (tag + 1) & 15;
        skip();
    }
    return tag;
}

}  // namespace

bool tag_check_fails(CpuState& cpu, uint64_t address, uint64_t size, bool store_only, uint64_t* fault) {
    if (cpu.pstate & guest::kPstateTco || !tags::shadow) return false;
    const bool sync = cpu.tag_control & guest::kTagChecksSync;
    const bool async = cpu.tag_control & guest::kTagChecksAsync;
    if (!sync && !async) return false;
    const uint64_t end = address + size;
    for (uint64_t at = address; at < end; at = (at | (tags::kGranule - 1)) + 1) {
        if (tags::of(at) == tags::logical(at) || !is_tagged(at)) continue;
        if (sync && !(async && store_only)) {
            *fault = at;
            return true;
        }
        cpu.tag_control |= guest::kTagFaultPending;
        cpu.exit_request.store(1, std::memory_order_relaxed);
        return false;
    }
    return false;
}

namespace helper {

uint64_t RandomTag(CpuState* cpu, uint64_t excluded, uint64_t, uint64_t) {
    thread_local guest::Randomness random;
    uint8_t start = 0;
    random.fill(&start, sizeof start);
    return step(start & 15, 0, (excluded & kAllTags) | excluded_tags(cpu));
}

uint64_t NextTag(CpuState* cpu, uint64_t tag, uint64_t steps, uint64_t) {
    return step(static_cast<unsigned>(tag), static_cast<unsigned>(steps), excluded_tags(cpu));
}

uint64_t StoreTags(CpuState*, uint64_t address, uint64_t tag, uint64_t granules) {
    for (uint64_t i = 0; i < granules; i++, address += tags::kGranule) {
        if (is_tagged(address)) tags::of(address) = static_cast<uint8_t>(tag);
    }
    return 0;
}

uint64_t LoadTag(CpuState*, uint64_t address, uint64_t, uint64_t) {
    return is_tagged(address) ? tags::of(address) : 0;
}

void CheckTag(CpuState* cpu, unsigned) {
    guest::Vec128& access = cpu->vector_scratch[0];
    cpu->vector_scratch[1].lo =
        tag_check_fails(*cpu, access.lo, access.hi & 0xff, access.hi >> 8, &access.lo);
}

}  // namespace helper
}  // namespace armature::translator
