// SPDX-License-Identifier: MIT
// FPCR and FPSR against MXCSR. Arm's cumulative bits IOC, DZC, OFC, UFC, IXC are MXCSR's IE, ZE, OE, UE, PE;
// its rounding modes are the same four in another order.
//
// Under FPCR.FZ the host's flushing (DAZ, FTZ) gives Arm's results but not its flags: it does not say that an
// operand was flushed (IDC), and calls a flushed result inexact besides (IXC). Once those bits are set that
// makes no difference. Until then they are watched for: MXCSR leaves the exception unmasked, and the first
// operation that raises it faults (translator/runtime/faults.cc). So flags are exact, and what runs long has
// the host's full speed.
#include "guest/cpu_state.h"

#include "guest/features.h"

namespace armature::guest {
namespace {

struct StickyBit {
    uint32_t fpsr;
    uint32_t mxcsr;
};
constexpr StickyBit kSticky[] = {
    {1u << 0, 1u << 0},  // IOC - invalid
    {1u << 1, 1u << 2},  // DZC - divide by zero
    {1u << 2, 1u << 3},  // OFC - overflow
    {1u << 3, 1u << 4},  // UFC - underflow
    {1u << 4, 1u << 5},  // IXC - inexact
};
constexpr uint32_t kMxcsrMaskAll = 0x1f80;
constexpr uint32_t kFpsrMask = 0x0800009f;  // QC, IDC and the five above
// What FPCR keeps. The enables of trapped exceptions and FEAT_AFP's bits read as zero: there are no such
// traps, and no AFP.
constexpr uint32_t kFpcrMask = 0x07ff0000;
constexpr uint32_t kFpcrFz16 = 1u << 19;
constexpr uint32_t kFpcrFz = 1u << 24;
constexpr uint32_t kFpsrIxc = 1u << 4;
constexpr uint32_t kFpsrIdc = 1u << 7;
// MXCSR.
constexpr uint32_t kDenormalsAreZero = 1u << 6;
constexpr uint32_t kFlushToZero = 1u << 15;
constexpr uint32_t kMaskDenormal = 1u << 8;
constexpr uint32_t kMaskUnderflow = 1u << 11;
constexpr uint32_t kMaskInexact = 1u << 12;
// FPCR.RMode: nearest, plus infinity, minus infinity, zero -> MXCSR.RC.
constexpr uint32_t kRounding[4] = {0, 2, 1, 3};

// All flags are in FPSR, none in MXCSR.
uint32_t host_control(uint32_t fpcr, uint32_t fpsr) {
    uint32_t control = kMxcsrMaskAll | kRounding[(fpcr >> 22) & 3] << 13;
    if (!(fpcr & kFpcrFz)) return control;
    control = fpsr & kFpsrIdc ? control | kDenormalsAreZero : control & ~kMaskDenormal;
    return fpsr & kFpsrIxc ? control | kFlushToZero : control & ~(kMaskUnderflow | kMaskInexact);
}

}  // namespace

uint32_t CpuState::read_fpsr() const {
    uint32_t value = fpsr;
    for (const StickyBit& bit : kSticky) {
        if (mxcsr & bit.mxcsr) value |= bit.fpsr;
    }
    return value;
}

void CpuState::write_fpsr(uint32_t value) {
    fpsr = value & kFpsrMask;
    mxcsr = host_control(fpcr, fpsr);
}

void CpuState::write_fpcr(uint32_t value) {
    fpsr = read_fpsr();
    fpcr = value & (enabled(Feature::FP16) ? kFpcrMask : kFpcrMask & ~kFpcrFz16);
    mxcsr = host_control(fpcr, fpsr);
}

}  // namespace armature::guest
