// SPDX-License-Identifier: MIT
// VIXL's simulator as an oracle. It works on this process's memory, so a case runs at the guest's addresses.
// What the simulator does not implement ends in abort(); that is caught, and the row is not tried again.
#include <setjmp.h>
#include <signal.h>
#include <vixl/aarch64/simulator-aarch64.h>

#include <cstring>
#include <set>

#include "tests/fuzz/oracles.h"
#include "translator/decode/decoder.h"

namespace armature::fuzz {
namespace {

using vixl::aarch64::Instruction;
using vixl::aarch64::Reg31IsStackPointer;
using vixl::aarch64::Simulator;

// Knows when it was asked for something that it does not implement.
class Vixl : public Simulator {
  public:
    using Simulator::Simulator;
    void VisitUnimplemented(const Instruction*) override { unimplemented = true; }
    void VisitUnallocated(const Instruction*) override { unimplemented = true; }
    bool unimplemented = false;
};

sigjmp_buf gave_up;
std::set<const translator::decode::Row*> unknown;

// What VIXL 5.1 gets wrong: the unprivileged loads and stores do nothing; the old value of a byte or halfword
// LDSMAX or LDSMIN comes sign-extended; a 32-bit MOVK keeps the upper half of its register. And BRK and its
// kin would stop this process.
bool not_for_vixl(uint32_t word) {
    const bool unprivileged = (word & 0x3b200c00) == 0x38000800;
    const bool narrow_signed_extreme = (word & 0xbf20ec00) == 0x38204000;
    const bool movk_w = (word & 0xff800000) == 0x72800000;
    const bool store_exclusive = (word & 0x3fc00000) == 0x08000000;
    const bool exception = word >> 24 == 0xd4;
    return store_exclusive || unprivileged || narrow_signed_extreme || movk_w || exception;
}

void on_abort(int) {
    siglongjmp(gave_up, 1);
}

void load(Simulator& simulator, const fuzz_state& in) {
    for (unsigned i = 0; i < 31; i++)
        simulator.WriteXRegister(i, static_cast<int64_t>(in.x[i]), Simulator::NoRegLog);
    simulator.WriteXRegister(31, static_cast<int64_t>(in.sp), Simulator::NoRegLog, Reg31IsStackPointer);
    for (unsigned i = 0; i < 32; i++) {
        Simulator::qreg_t q;
        std::memcpy(&q, in.v + i * 2, sizeof q);
        simulator.WriteVRegister(i, q, Simulator::NoRegLog);
    }
    simulator.ReadNzcv().SetRawValue(in.nzcv);
    simulator.WritePc(reinterpret_cast<const Instruction*>(in.pc), Simulator::NoBranchLog);
}

void save(Simulator& simulator, fuzz_state* out) {
    for (unsigned i = 0; i < 31; i++) out->x[i] = static_cast<uint64_t>(simulator.ReadXRegister(i));
    out->sp = static_cast<uint64_t>(simulator.ReadXRegister(31, Reg31IsStackPointer));
    for (unsigned i = 0; i < 32; i++) {
        const auto q = simulator.ReadVRegister<Simulator::qreg_t>(i);
        std::memcpy(out->v + i * 2, &q, sizeof q);
    }
    out->nzcv = simulator.ReadNzcv().GetRawValue() & 0xf0000000;
    out->pc = reinterpret_cast<uint64_t>(simulator.ReadPc());
    std::memcpy(out->memory, reinterpret_cast<const void*>(FUZZ_WINDOW), FUZZ_MEMORY);
}

}  // namespace

bool run_vixl(const fuzz_case& c, fuzz_state* out) {
    static vixl::aarch64::Decoder decoder;
    static Vixl simulator(&decoder, fopen("/dev/null", "w"));
    if (c.in.fpcr) return false;
    for (unsigned i = 0; i < c.count; i++) {
        if (not_for_vixl(c.code[i]) || unknown.count(translator::decode::decode(c.code[i]))) return false;
    }
    struct sigaction action = {}, before = {};
    action.sa_handler = on_abort;
    action.sa_flags = SA_NODEFER;
    sigaction(SIGABRT, &action, &before);
    *out = c.in;
    std::memcpy(reinterpret_cast<void*>(FUZZ_WINDOW), c.in.memory, FUZZ_MEMORY);
    load(simulator, c.in);
    const uint64_t end = c.in.pc + c.count * 4;
    volatile uint64_t pc = c.in.pc;
    simulator.unimplemented = sigsetjmp(gave_up, 1) != 0;
    while (!simulator.unimplemented && pc >= c.in.pc && pc < end) {
        simulator.ExecuteInstruction();
        if (!simulator.unimplemented) pc = reinterpret_cast<uint64_t>(simulator.ReadPc());
    }
    const bool known = !simulator.unimplemented;
    if (!known) unknown.insert(translator::decode::decode(*reinterpret_cast<const uint32_t*>(pc)));
    sigaction(SIGABRT, &before, nullptr);
    if (known) save(simulator, out);
    return known;
}

}  // namespace armature::fuzz
