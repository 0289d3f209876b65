// SPDX-License-Identifier: MIT
// prctl's vector lengths of SVE: this thread's, which a clone inherits, and the one that an exec gives.
#include "syscalls/sve.h"

#include <errno.h>
#include <sys/prctl.h>

#include <cstdio>
#include <cstring>

#include "guest/features.h"
#include "guest/sve_state.h"
#include "syscalls/process.h"
#include "syscalls/syscalls.h"
#include "translator/translator.h"

namespace armature::syscalls {
namespace {

constexpr uint64_t kOnExec = 1 << 18;
constexpr uint64_t kInherit = 1 << 17;
constexpr uint64_t kLengthMask = 0xffff;
constexpr uint64_t kLongest = 8192;  // the longest that the interface has
constexpr uint64_t kUnit = 16;

int64_t with_inherit(unsigned bytes, bool inherit) {
    return static_cast<int64_t>(bytes | (inherit ? kInherit : 0));
}

}  // namespace

int64_t change_sve_lengths(SveLengths* lengths, uint64_t argument) {
    const uint64_t wanted = argument & kLengthMask, flags = argument & ~kLengthMask;
    if (!guest::enabled(guest::Feature::SVE) || flags & 0xffffffff & ~(kOnExec | kInherit)) return -EINVAL;
    if (wanted < kUnit || wanted > kLongest || wanted % kUnit) return -EINVAL;
    const auto bytes = static_cast<uint8_t>(guest::sve_supported_vl(wanted));
    lengths->on_exec = flags & (kOnExec | kInherit) ? bytes : 0;
    lengths->inherit = flags & kInherit;
    if (!(flags & kOnExec)) lengths->now = bytes;
    return with_inherit(bytes, lengths->inherit);
}

int64_t set_sve_length(guest::Thread* thread, uint64_t argument) {
    guest::CpuState& cpu = thread->cpu;
    const auto before = static_cast<uint8_t>(guest::sve_vl(cpu));
    SveLengths lengths = {before, cpu.sve_vl_exec, cpu.sve_vl_inherit};
    const int64_t result = change_sve_lengths(&lengths, argument);
    if (result < 0) return result;
    if (lengths.now != before) {
        guest::clear_sve(cpu);
        std::memset(cpu.sve.z, 0, sizeof cpu.sve.z);  // no byte beyond the length may be left
        cpu.sve_vl = lengths.now;
        translator::change_sve_length(in_vfork_child());
    }
    cpu.sve_vl_exec = lengths.on_exec;
    cpu.sve_vl_inherit = lengths.inherit;
    return result;
}

int64_t get_sve_length(guest::Thread* thread) {
    if (!guest::enabled(guest::Feature::SVE)) return -EINVAL;
    return with_inherit(guest::sve_vl(thread->cpu), thread->cpu.sve_vl_inherit);
}

std::string sve_for_exec(const guest::CpuState& cpu) {
    return cpu.sve_vl_exec ? std::to_string(cpu.sve_vl_exec) + (cpu.sve_vl_inherit ? ",inherit" : "") : "";
}

bool adopt_sve(const std::string& word, guest::CpuState* cpu) {
    unsigned bytes = 0;
    int used = 0;
    if (std::sscanf(word.c_str(), "%u%n", &bytes, &used) != 1) return false;
    cpu->sve_vl = static_cast<uint8_t>(guest::sve_supported_vl(bytes));
    cpu->sve_vl_inherit = word.substr(static_cast<size_t>(used)) == ",inherit";
    cpu->sve_vl_exec = cpu->sve_vl_inherit ? cpu->sve_vl : 0;
    return true;
}

}  // namespace armature::syscalls
