// SPDX-License-Identifier: MIT
// Conversions between half, single and double precision. Halves have two kinds of them: as numbers to
// convert, where FPCR.AHP (a format of its own) and DN apply, and as operands and results of arithmetic
// (kFpArithmetic), where FZ16 does. What those bits ask for is done by helpers, as are NaNs, and results of
// the smallest normal magnitude: Arm asks before rounding whether a result is tiny, the host after.
#include <cstddef>

#include "translator/ir/helpers.h"
#include "translator/x64/simd_emit.h"

namespace armature::translator::x64 {

using ir::Helper;
using ir::Inst;
using Xbyak::Xmm;

namespace {

constexpr size_t kScratch = offsetof(guest::CpuState, vector_scratch);
constexpr unsigned kResultSlot = 3;  // where FixNan* helpers find the host's result
constexpr unsigned kLanesSlot = 4;   // where NarrowToSingle finds the number of lanes
constexpr uint8_t kRoundByMxcsr = 4;
constexpr uint32_t kFpcrAhpDn = 1u << 26 | 1u << 25;
constexpr uint32_t kFpcrFz16 = 1u << 19;

bool is_scalar(const Inst& i) {
    return i.imm & ir::kFpScalar;
}
bool is_arithmetic(const Inst& i) {
    return i.imm & ir::kFpArithmetic;
}

// v[0] to the helper `data` and back to v[1].
void convert_cold(Context& e, const Context::Cold& cold) {
    e.bind(cold.from);
    e.c.movaps(e.state(kScratch, 128), Xmm(cold.v[0]));
    e.call_cold(ir::kHelperFunctions[cold.data]);
    e.c.movaps(Xmm(cold.v[1]), e.state(kScratch, 128));
    e.jmp_back(cold.back);
}

Context::Cold conversion(const Inst& i, Helper helper, const Xmm& from, const Xmm& to) {
    Context::Cold cold;
    cold.emit = convert_cold;
    cold.inst = &i;
    cold.v[0] = static_cast<int8_t>(from.getIdx());
    cold.v[1] = static_cast<int8_t>(to.getIdx());
    cold.data = static_cast<unsigned>(helper);
    return cold;
}

// By the host, unless it cannot or FPCR has bits that it does not know. x may be d. Gives the offset of the
// instruction.
uint32_t convert_half(Context& e, const Inst& i, const Xmm& d, const Xmm& x, Helper helper) {
    Context::Cold cold = conversion(i, helper, x, d);
    if (e.host.f16c) {
        e.c.test(e.state(offsetof(guest::CpuState, fpcr), 32), is_arithmetic(i) ? kFpcrFz16 : kFpcrAhpDn);
    }
    cold.from = e.host.f16c ? e.jcc_forward(kNE) : e.jmp_forward();
    const uint32_t at = e.here();
    if (e.host.f16c) i.op == ir::Op::FWiden ? e.c.vcvtph2ps(d, x) : e.c.vcvtps2ph(d, x, kRoundByMxcsr);
    cold.back = e.here();
    e.cold(cold);
    return at;
}

// Jumps if a lane of d is a NaN.
Context::Jump jump_if_nan(Context& e, const Inst& i, const Xmm& d, const Xmm& t) {
    if (is_scalar(i)) {
        i.width == 2 ? e.c.ucomisd(d, d) : e.c.ucomiss(d, d);
        return e.jcc_forward(kP);
    }
    e.c.movaps(t, d);
    i.width == 2 ? e.c.cmpunordpd(t, t) : e.c.cmpunordps(t, t);
    e.c.movmskps(e.c.eax, t);
    e.c.test(e.c.eax, e.c.eax);
    return e.jcc_forward(kNE);
}

// Four halves, or one. Lanes beyond must not raise exceptions.
void widen_halves(Context& e, const Inst& i) {
    const Xmm x = e.vuse(i.a);
    const Xmm d = e.vdef(self(e, i));
    const Xmm t = e.vtemp();
    const Xmm halves = e.vtemp();
    e.clobber_flags();
    if (is_scalar(i)) {
        e.c.pextrw(e.c.eax, x, 0);
        e.c.movd(halves, e.c.eax);
    } else {
        i.imm& ir::kFpUpper ? e.c.pshufd(halves, x, 0xee) : e.c.movaps(halves, x);
    }
    convert_half(e, i, d, halves, is_arithmetic(i) ? Helper::HalvesToSingles : Helper::WidenHalf);
    if (!is_arithmetic(i)) return;
    // The host makes signalling NaNs quiet: too early.
    Context::Cold cold = conversion(i, Helper::HalvesToSingles, halves, d);
    cold.from = jump_if_nan(e, i, d, t);
    cold.back = e.here();
    e.cold(cold);
}

// Doubles in v[0] get their NaNs right.
void widen_nan_cold(Context& e, const Context::Cold& cold) {
    e.bind(cold.from);
    const Xmm d(cold.v[0]);
    e.c.movaps(e.state(kScratch, 128), d);
    e.c.movaps(e.state(kScratch + kResultSlot * 16, 128), d);
    e.call_cold(ir::kHelperFunctions[static_cast<unsigned>(Helper::FixNanF64)]);
    e.c.movaps(d, e.state(kScratch, 128));
    e.jmp_back(cold.back);
}

}  // namespace

void emit_FWiden(Context& e, const Inst& i) {
    constexpr uint8_t kHalf = 1;
    if (i.width == kHalf) return widen_halves(e, i);
    const Xmm x = e.vuse(i.a);
    const Xmm d = e.vdef(self(e, i));
    const Xmm t = e.vtemp();
    e.clobber_flags();
    if (is_scalar(i)) {
        e.c.xorps(d, d);
        e.c.cvtss2sd(d, x);
    } else {
        e.c.cvtps2pd(d, x);
    }
    Context::Cold cold;
    cold.emit = widen_nan_cold;
    cold.inst = &i;
    cold.from = jump_if_nan(e, i, d, t);
    cold.back = e.here();
    cold.v[0] = static_cast<int8_t>(d.getIdx());
    e.cold(cold);
}

namespace {

// v[0] was narrowed to v[1]; its lanes that were not converted do not count.
void narrow_cold(Context& e, const Context::Cold& cold) {
    e.bind(cold.from);
    e.c.movaps(e.state(kScratch, 128), Xmm(cold.v[0]));
    if (cold.inst->width == 3) {
        e.c.mov(e.state(kScratch + kLanesSlot * 16, 64), is_scalar(*cold.inst) ? 1 : 2);
    } else if (is_scalar(*cold.inst)) {
        e.c.mov(e.state(kScratch + 8, 64), 0);
        e.c.mov(e.state(kScratch + 4, 32), 0);
    }
    e.call_cold(ir::kHelperFunctions[cold.data]);
    e.c.movaps(Xmm(cold.v[1]), e.state(kScratch, 128));
    e.jmp_back(cold.back);
}

}  // namespace

void emit_FNarrow(Context& e, const Inst& i) {
    const Xmm x = e.vuse(i.a);
    const Xmm d = e.vdef(self(e, i));
    const Xmm t = e.vtemp();
    Context::Cold cold;
    cold.emit = narrow_cold;
    cold.inst = &i;
    cold.v[0] = static_cast<int8_t>(x.getIdx());
    cold.v[1] = static_cast<int8_t>(d.getIdx());
    e.clobber_flags();
    if (i.width == 2) {
        constexpr uint64_t kMagnitude = 0x7fff7fff7fff7fff;
        constexpr uint64_t kSmallestNormal = 0x0400040004000400;
        const Helper helper = is_arithmetic(i) ? Helper::SinglesToHalves : Helper::NarrowToHalf;
        is_scalar(i) ? e.c.insertps(d, x, 0x0e) : e.c.movaps(d, x);
        const uint32_t at = convert_half(e, i, d, d, helper);
        e.c.movaps(t, e.constant128(kMagnitude, kMagnitude));
        e.c.andps(t, d);
        e.c.pcmpeqw(t, e.constant128(kSmallestNormal, kSmallestNormal));
        e.c.pmovmskb(e.c.eax, t);
        e.c.test(e.c.eax, e.c.eax);
        cold.from = e.jcc_forward(kNE);
        e.tiny_fault_point(i, at, cold.from);
        cold.back = e.here();
        cold.data = static_cast<unsigned>(helper);
        return e.cold(cold);
    }
    const Xmm nan = e.vtemp();
    if (is_scalar(i)) e.c.xorps(d, d);
    const uint32_t at = e.here();
    if (is_scalar(i)) {
        e.c.cvtsd2ss(d, x);
    } else {
        e.c.cvtpd2ps(d, x);
    }
    constexpr uint64_t kMagnitude = 0x7fffffff7fffffff;
    constexpr uint64_t kSmallestNormal = 0x0080000000800000;
    e.c.movaps(t, e.constant128(kMagnitude, kMagnitude));
    e.c.andps(t, d);
    if (is_scalar(i)) {
        e.c.ucomiss(t, e.constant128(kSmallestNormal, kSmallestNormal));
        cold.from = e.jcc_forward(kE);
    } else {
        e.c.pcmpeqd(t, e.constant128(kSmallestNormal, kSmallestNormal));
        e.c.movaps(nan, d);
        e.c.cmpunordps(nan, nan);
        e.c.orps(t, nan);
        e.c.movmskps(e.c.eax, t);
        e.c.test(e.c.eax, e.c.eax);
        cold.from = e.jcc_forward(kNE);
    }
    e.tiny_fault_point(i, at, cold.from);
    cold.back = e.here();
    cold.data = static_cast<unsigned>(Helper::NarrowToSingle);
    e.cold(cold);
}

}  // namespace armature::translator::x64
