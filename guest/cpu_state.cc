// SPDX-License-Identifier: MIT
// FPCR and FPSR against MXCSR. Arm's cumulative bits IOC, DZC, OFC, UFC, IXC are MXCSR's IE, ZE, OE, UE, PE;
// its rounding modes are the same four in another order.
#include "guest/cpu_state.h"

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
constexpr uint32_t kMxcsrSticky = 0x3f;
constexpr uint32_t kMxcsrMaskAll = 0x1f80;
constexpr uint32_t kFpsrMask = 0x0800009f;  // QC, IDC and the five above
constexpr uint32_t kFpcrMask = 0x07ff9f07;  // what Armv8 defines; reserved bits read as zero
constexpr uint32_t kFpcrFz = 1u << 24;
// FPCR.RMode: nearest, plus infinity, minus infinity, zero -> MXCSR.RC.
constexpr uint32_t kRounding[4] = {0, 2, 1, 3};

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
    mxcsr &= ~kMxcsrSticky;
}

void CpuState::write_fpcr(uint32_t value) {
    fpcr = value & kFpcrMask;
    uint32_t control = kMxcsrMaskAll | kRounding[(fpcr >> 22) & 3] << 13;
    if (fpcr & kFpcrFz) control |= 1u << 15 | 1u << 6;  // FZ: flush results and treat denormal inputs as zero
    mxcsr = control | (mxcsr & kMxcsrSticky);
}

}  // namespace armature::guest
