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
    // MOVPRFX is a move of its own here, whatever follows it.
    void forget_prefix() { movprfx_ = nullptr; }
    bool unimplemented = false;
};

sigjmp_buf gave_up;
volatile int raised;  // the signal that ended it
std::set<const translator::decode::Row*> unknown;

void on_signal(int signo) {
    raised = signo;
    siglongjmp(gave_up, 1);
}

void write_predicate(vixl::aarch64::SimPRegister& to, uint64_t bits, unsigned vl) {
    to.Clear();
    for (unsigned i = 0; i < vl / 16; i++)
        to.Insert(static_cast<int>(i), static_cast<uint16_t>(bits >> 16 * i));
}
uint64_t read_predicate(const vixl::aarch64::SimPRegister& from, unsigned vl) {
    uint64_t bits = 0;
    for (unsigned i = 0; i < vl / 16; i++)
        bits |= uint64_t{from.GetLane<uint16_t>(static_cast<int>(i))} << 16 * i;
    return bits;
}

void load_sve(Simulator& simulator, const fuzz_state& in, unsigned vl) {
    if (!vl) return;
    for (unsigned i = 0; i < 32; i++) {
        for (unsigned at = 0; at + 16 < vl; at += 8) {
            uint64_t value;
            std::memcpy(&value, in.z[i] + at, 8);
            simulator.ReadVRegister(i).Insert(static_cast<int>(at / 8 + 2), value);
        }
    }
    for (unsigned i = 0; i < 16; i++) write_predicate(simulator.ReadPRegister(i), in.p[i], vl);
    write_predicate(simulator.ReadFFR(), in.p[16], vl);
}
void save_sve(Simulator& simulator, fuzz_state* out, unsigned vl) {
    if (!vl) return;
    for (unsigned i = 0; i < 32; i++)
        std::memcpy(out->z[i], simulator.ReadVRegister(i).GetBytes() + 16, vl - 16);
    for (unsigned i = 0; i < 16; i++) out->p[i] = read_predicate(simulator.ReadPRegister(i), vl);
    out->p[16] = read_predicate(simulator.ReadFFR(), vl);
}

void load(Simulator& simulator, const fuzz_state& in, unsigned vl) {
    // A new vector length resets the registers.
    if (vl && simulator.GetVectorLengthInBytes() != vl) simulator.SetVectorLengthInBits(vl * 8);
    for (unsigned i = 0; i < 31; i++)
        simulator.WriteXRegister(i, static_cast<int64_t>(in.x[i]), Simulator::NoRegLog);
    simulator.WriteXRegister(31, static_cast<int64_t>(in.sp), Simulator::NoRegLog, Reg31IsStackPointer);
    for (unsigned i = 0; i < 32; i++) {
        Simulator::qreg_t q;
        std::memcpy(&q, in.v + i * 2, sizeof q);
        simulator.WriteVRegister(i, q, Simulator::NoRegLog);
    }
    load_sve(simulator, in, vl);
    simulator.ReadNzcv().SetRawValue(in.nzcv);
    simulator.WritePc(reinterpret_cast<const Instruction*>(in.pc), Simulator::NoBranchLog);
}

void save(Simulator& simulator, fuzz_state* out, unsigned vl, uint64_t window) {
    for (unsigned i = 0; i < 31; i++) out->x[i] = static_cast<uint64_t>(simulator.ReadXRegister(i));
    out->sp = static_cast<uint64_t>(simulator.ReadXRegister(31, Reg31IsStackPointer));
    for (unsigned i = 0; i < 32; i++) {
        const auto q = simulator.ReadVRegister<Simulator::qreg_t>(i);
        std::memcpy(out->v + i * 2, &q, sizeof q);
    }
    out->nzcv = simulator.ReadNzcv().GetRawValue() & 0xf0000000;
    out->pc = reinterpret_cast<uint64_t>(simulator.ReadPc());
    std::memcpy(out->memory, reinterpret_cast<const void*>(window), FUZZ_MEMORY);
    save_sve(simulator, out, vl);
}

}  // namespace
}  // namespace armature::fuzz

// The simulator's fault-tolerant loads now and then pretend a fault, and ask this one where. Nowhere, then.
extern "C" [[gnu::visibility("default")]] long jrand48(unsigned short*) noexcept {
    return -1;
}

namespace armature::fuzz {

std::string unknown_to_vixl() {
    std::string names;
    for (const translator::decode::Row* row : unknown) names += std::string(" ") + row->name();
    return names;
}

bool run_vixl(const fuzz_case& c, unsigned vl, fuzz_state* out) {
    static vixl::aarch64::Decoder decoder;
    static Vixl simulator(&decoder, fopen("/dev/null", "w"));
    if (c.in.fpcr || why_not_vixl(c, vl)) return false;
    for (unsigned i = 0; i < c.count; i++) {
        if (unknown.count(translator::decode::decode(c.code[i]))) return false;
    }
    struct sigaction action = {}, before_abort = {}, before_segv = {};
    action.sa_handler = on_signal;
    action.sa_flags = SA_NODEFER | SA_ONSTACK;
    sigaction(SIGABRT, &action, &before_abort);
    sigaction(SIGSEGV, &action, &before_segv);
    *out = c.in;
    std::memcpy(reinterpret_cast<void*>(c.window), c.in.memory, FUZZ_MEMORY);
    load(simulator, c.in, vl);
    const uint64_t end = c.in.pc + c.count * 4;
    volatile uint64_t pc = c.in.pc;
    raised = 0;
    simulator.unimplemented = false;
    if (sigsetjmp(gave_up, 1) == 0) {
        while (!simulator.unimplemented && pc >= c.in.pc && pc < end) {
            simulator.forget_prefix();
            simulator.ExecuteInstruction();
            if (!simulator.unimplemented) pc = reinterpret_cast<uint64_t>(simulator.ReadPc());
        }
    }
    const bool known = !simulator.unimplemented && raised != SIGABRT;
    if (!known) unknown.insert(translator::decode::decode(*reinterpret_cast<const uint32_t*>(pc)));
    out->signal = static_cast<uint32_t>(raised ? raised : SIGTRAP);
    sigaction(SIGABRT, &before_abort, nullptr);
    sigaction(SIGSEGV, &before_segv, nullptr);
    if (known) save(simulator, out, vl, c.window);
    return known;
}

}  // namespace armature::fuzz
