// SPDX-License-Identifier: MIT
// Instructions that the runtime does itself, between two blocks: the memory copy and set instructions (MOPS),
// whose length only a register knows.
//
// They come in threes: prologue, main, epilogue. Of the two ways to keep their state in registers that the
// architecture offers, this is option A (PSTATE.C = 0): while it runs forward, the size register holds minus
// what is left and the address registers point behind the end; a copy that runs backward keeps the lowest
// addresses and counts the size down. All state is in registers and right after every piece, so a fault or an
// exit request in the middle leaves an instruction that simply runs again.
//
// A piece never crosses a page, at either end: the first byte of a piece that cannot be accessed is the fault
// address. Plugins see stores of up to 16 bytes.
#include "translator/runtime/emulate.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "guest/address_space.h"
#include "guest/allocation_tags.h"
#include "guest/user_access.h"
#include "translator/decode/decoder.h"
#include "translator/decode/fields.h"
#include "translator/hooks.h"
#include "translator/ir/helpers.h"
#include "translator/runtime/access_probes.h"
#include "translator/runtime/faults.h"
#include "translator/runtime/tag_check.h"

namespace armature::translator::runtime {
namespace {

using decode::RowId;
using guest::CpuState;

constexpr uint64_t kMaxSize = 0x7fffffffffffffff;
constexpr uint64_t kMaxTaggedSize = 0x7ffffffffffffff0;
constexpr uint64_t kMaxCopy = 0x007fffffffffffff;
constexpr uint64_t kAddressBits = 0x00ffffffffffffff;
constexpr uint64_t kBytesBetweenPolls = 1u << 20;

// An address as the host takes it: without the tag.
uint64_t plain(uint64_t address) {
    return address & kAddressBits;
}

// --- Plugins' probes of the accesses

class Access {
  public:
    explicit Access(CpuState& cpu) : probes_(cpu) {}
    bool watched() const { return probes_.watched(); }
    // How many bytes the next piece may have.
    uint64_t limit() const { return watched() || tag_checks ? 16 : guest::kPageSize; }
    void report_store(uint64_t address, const void* bytes, uint64_t size) {
        probes_.report(address, bytes, size, true);
    }

  private:
    AccessProbes probes_;
};

// The longest piece of at most `left` bytes that starts at, or ends before, each of the addresses in its
// page. Watched pieces have a power of two bytes.
uint64_t piece(const Access& access, uint64_t left, std::initializer_list<uint64_t> addresses,
               bool backward) {
    uint64_t size = std::min(left, access.limit());
    for (const uint64_t address : addresses) {
        const uint64_t in_page = address & (guest::kPageSize - 1);
        size = std::min(size, backward ? (in_page ? in_page : guest::kPageSize) : guest::kPageSize - in_page);
    }
    return access.watched() ? std::bit_floor(size) : size;
}

// --- The instructions

enum class Outcome { Done, Again, Fault };

struct Registers {
    uint64_t& to;
    uint64_t& size;
};

Outcome fault_at(ThreadRuntime& runtime, uint64_t address, bool is_store) {
    describe_emulated_access(runtime.fault, address, is_store);
    return Outcome::Fault;
}

// The tag check of a piece, which begins at the address that the register had, tag and all.
bool refused_by_tag(ThreadRuntime& runtime, uint64_t address, uint64_t size, bool is_store) {
    uint64_t at = 0;
    if (!tag_checks || !tag_check_fails(runtime.thread->cpu, address, size, is_store, &at)) return false;
    describe_tag_mismatch(runtime.fault, at, is_store);
    return true;
}

// State left by a processor that does option B, or by nobody: back to the prologue, as the kernel does it.
Outcome restart(CpuState& cpu, unsigned stage) {
    cpu.pc -= stage * 4;
    return Outcome::Again;
}

void start_option_a(CpuState& cpu) {
    cpu.set_nzcv(0);
}

// SETG: every granule gets the tag of the address, and no access is checked.
enum class Tags { Check, Set };

Outcome set_memory(ThreadRuntime& runtime, Registers r, uint8_t value, Tags tags) {
    CpuState& cpu = runtime.thread->cpu;
    Access access(cpu);
    unsigned char bytes[guest::kPageSize];
    std::memset(bytes, value, std::min<uint64_t>(0 - r.size, sizeof bytes));
    uint64_t done = 0;
    while (r.size != 0) {
        const uint64_t to = plain(r.to + r.size);
        const uint64_t size = piece(access, 0 - r.size, {to}, false);
        if (tags == Tags::Check && refused_by_tag(runtime, r.to + r.size, size, true)) return Outcome::Fault;
        if (!guest::write_memory(to, bytes, size)) return fault_at(runtime, to, true);
        if (tags == Tags::Set) {
            const uint64_t granules = size / guest::tags::kGranule;
            helper::StoreTags(&cpu, to, guest::tags::logical(r.to), granules);
        }
        r.size += size;
        access.report_store(to, bytes, size);
        done += size;
        if (done >= kBytesBetweenPolls && cpu.exit_request.load(std::memory_order_relaxed)) break;
    }
    return r.size == 0 ? Outcome::Done : Outcome::Again;
}

Outcome copy_memory(ThreadRuntime& runtime, Registers r, uint64_t& from_register) {
    CpuState& cpu = runtime.thread->cpu;
    Access access(cpu);
    unsigned char bytes[guest::kPageSize];
    uint64_t done = 0;
    while (r.size != 0) {
        const bool backward = static_cast<int64_t>(r.size) > 0;
        uint64_t to = plain(r.to + r.size);
        uint64_t from = plain(from_register + r.size);
        const uint64_t size = piece(access, backward ? r.size : 0 - r.size, {to, from}, backward);
        if (backward) to -= size, from -= size;
        const uint64_t behind = r.size - (backward ? size : 0);
        if (refused_by_tag(runtime, from_register + behind, size, false) ||
            refused_by_tag(runtime, r.to + behind, size, true)) {
            return Outcome::Fault;
        }
        if (!guest::read_memory(bytes, from, size)) return fault_at(runtime, from, false);
        if (!guest::write_memory(to, bytes, size)) return fault_at(runtime, to, true);
        r.size += backward ? 0 - size : size;
        access.report_store(to, bytes, size);
        done += size;
        if (done >= kBytesBetweenPolls && cpu.exit_request.load(std::memory_order_relaxed)) break;
    }
    return r.size == 0 ? Outcome::Done : Outcome::Again;
}

void begin_forward(uint64_t& address, uint64_t size) {
    address += size;
}

Outcome copy_prologue(CpuState& cpu, uint64_t& to, uint64_t& from, uint64_t& size, bool may_go_backward) {
    size = std::min(size, may_go_backward ? kMaxCopy : kMaxSize);
    start_option_a(cpu);
    const bool overlaps = plain(from) < plain(to) && plain(from) + size > plain(to);
    if (may_go_backward && overlaps) return Outcome::Done;
    begin_forward(to, size);
    begin_forward(from, size);
    size = 0 - size;
    return Outcome::Done;
}

Outcome copy(ThreadRuntime& runtime, uint32_t word, unsigned stage) {
    CpuState& cpu = runtime.thread->cpu;
    const decode::fields::CPYP f{word};
    uint64_t &to = cpu.x[f.d()], &from = cpu.x[f.s()], &size = cpu.x[f.n()];
    if (stage == 0) return copy_prologue(cpu, to, from, size, f.c());
    if (cpu.nzcv() & guest::kPstateC) {
        if (cpu.nzcv() & guest::kPstateN) to -= size, from -= size;
        return restart(cpu, stage);
    }
    return copy_memory(runtime, {to, size}, from);
}

bool misaligned(Tags tags, uint64_t address, uint64_t size) {
    return tags == Tags::Set && (address | size) % guest::tags::kGranule != 0;
}

Outcome misalignment(ThreadRuntime& runtime, uint64_t address) {
    describe_misalignment(runtime.fault, address, true);
    return Outcome::Fault;
}

Outcome set(ThreadRuntime& runtime, uint32_t word, unsigned stage, Tags tags) {
    CpuState& cpu = runtime.thread->cpu;
    const decode::fields::SETP f{word};
    uint64_t &to = cpu.x[f.d()], &size = cpu.x[f.n()];
    if (stage == 0) {
        size = std::min(size, tags == Tags::Set ? kMaxTaggedSize : kMaxSize);
        if (size != 0 && misaligned(tags, to, size)) return misalignment(runtime, to);
        start_option_a(cpu);
        begin_forward(to, size);
        size = 0 - size;
        return Outcome::Done;
    }
    if (cpu.nzcv() & guest::kPstateC) return restart(cpu, stage);
    if (size != 0 && misaligned(tags, to, size)) return misalignment(runtime, to + size);
    return set_memory(runtime, {to, size}, f.s() == 31 ? 0 : static_cast<uint8_t>(cpu.x[f.s()]), tags);
}

Outcome emulate_row(ThreadRuntime& runtime, uint32_t word, RowId row) {
    switch (row) {
        case RowId::CPYP:
            return copy(runtime, word, 0);
        case RowId::CPYM:
            return copy(runtime, word, 1);
        case RowId::CPYE:
            return copy(runtime, word, 2);
        case RowId::SETP:
            return set(runtime, word, 0, Tags::Check);
        case RowId::SETM:
            return set(runtime, word, 1, Tags::Check);
        case RowId::SETE:
            return set(runtime, word, 2, Tags::Check);
        case RowId::SETGP:
            return set(runtime, word, 0, Tags::Set);
        case RowId::SETGM:
            return set(runtime, word, 1, Tags::Set);
        case RowId::SETGE:
            return set(runtime, word, 2, Tags::Set);
        default:
            return Outcome::Again;  // the code has changed meanwhile
    }
}

}  // namespace

void emulate(ThreadRuntime& runtime) {
    CpuState& cpu = runtime.thread->cpu;
    uint32_t word = 0;
    const decode::Row* row = guest::read_object(&word, cpu.pc) ? decode::decode(word) : nullptr;
    switch (row ? emulate_row(runtime, word, row->id) : Outcome::Again) {
        case Outcome::Done:
            cpu.pc += 4;
            cpu.exit_code = x64::kExitResync;
            break;
        case Outcome::Again:
            cpu.exit_code =
                cpu.exit_request.load(std::memory_order_relaxed) ? x64::kExitInterrupted : x64::kExitResync;
            break;
        case Outcome::Fault:
            cpu.exit_code = x64::kExitFault;
            break;
    }
}

}  // namespace armature::translator::runtime
