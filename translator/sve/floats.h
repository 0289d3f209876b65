// SPDX-License-Identifier: MIT
// Element arithmetic for SVE: that of AdvSIMD (ir/helpers.h, runtime/guest_fp.h), 128 bits at a time.
//
// Inactive elements raise no exception: they are computed from ones, which no operation minds, and their
// results dropped.
#pragma once

#include "translator/ir/helpers.h"
#include "translator/runtime/guest_fp.h"
#include "translator/runtime/host_math.h"
#include "translator/sve/forms_permute.h"

namespace armature::translator::sve {

using fp::F16;
using fp::F32;
using fp::F64;

template <typename T>
struct FormatOf;
template <>
struct FormatOf<uint16_t> {
    using Type = F16;
};
template <>
struct FormatOf<uint32_t> {
    using Type = F32;
};
template <>
struct FormatOf<uint64_t> {
    using Type = F64;
};
template <typename T>
using FloatOf = typename FormatOf<T>::Type;

template <typename T>
constexpr T kOne = sizeof(T) == 2   ? T(0x3c00)
                   : sizeof(T) == 4 ? T(0x3f800000)
                                    : static_cast<T>(0x3ff0000000000000);

// A function of helpers.def: vector_scratch[0..2] -> [0].
using Helper = void (*)(CpuState*, unsigned);

struct HelperSet {
    Helper half;
    Helper single;
    Helper real;              // doubles
    bool by_singles = false;  // halves as singles, by `single`
    unsigned immediate = 0;
};

// One 128-bit piece.
template <typename T>
void run_helper(CpuState& cpu, const HelperSet& set) {
    cpu.vector_scratch[4].lo = 16 / sizeof(T);
    if constexpr (sizeof(T) == 8) {
        set.real(&cpu, set.immediate);
    } else if constexpr (sizeof(T) == 4) {
        set.single(&cpu, set.immediate);
    } else if (!set.by_singles) {
        set.half(&cpu, set.immediate);
    } else {
        using guest::Vec128;
        Vec128 result;
        const Vec128 in[3] = {cpu.vector_scratch[0], cpu.vector_scratch[1], cpu.vector_scratch[2]};
        for (unsigned part = 0; part < 2; part++) {
            Vec128 wide[3];
            for (unsigned n = 0; n < 3; n++) {
                cpu.vector_scratch[0] = {part ? in[n].hi : in[n].lo, 0};
                helper::HalvesToSingles(&cpu, 0);
                wide[n] = cpu.vector_scratch[0];
            }
            for (unsigned n = 0; n < 3; n++) cpu.vector_scratch[n] = wide[n];
            cpu.vector_scratch[4].lo = 4;
            set.single(&cpu, set.immediate);
            helper::SinglesToHalves(&cpu, 0);
            (part ? result.hi : result.lo) = cpu.vector_scratch[0].lo;
        }
        cpu.vector_scratch[0] = result;
    }
}

// op of up to three vectors; inactive elements of the result are anything.
template <typename T>
Lanes<T> by_helper(Machine& m, uint64_t governing, const HelperSet& set, const Lanes<T>& a,
                   const Lanes<T>& b = {}, const Lanes<T>& c = {}) {
    governing &= m.vl_mask();
    const Lanes<T> ones = splat(kOne<T>);
    const Lanes<T> in[3] = {select(governing, a, ones), select(governing, b, ones),
                            select(governing, c, ones)};
    Lanes<T> r{};
    for (unsigned at = 0; at < m.vl; at += 16) {
        if (!(governing >> at & 0xffff)) continue;
        for (unsigned n = 0; n < 3; n++)
            std::memcpy(static_cast<void*>(&m.cpu.vector_scratch[n]),
                        reinterpret_cast<const uint8_t*>(in[n].data()) + at, 16);
        run_helper<T>(m.cpu, set);
        std::memcpy(reinterpret_cast<uint8_t*>(r.data()) + at, &m.cpu.vector_scratch[0], 16);
    }
    return r;
}

// --- The operations. `quick` is what the host makes of them.
struct FAdd {
    static constexpr HelperSet kSet{nullptr, helper::AddF32, helper::AddF64, true};
    template <typename Real>
    static Real quick(Real a, Real b, Real) {
        return a + b;
    }
};
struct FSub {
    static constexpr HelperSet kSet{nullptr, helper::SubF32, helper::SubF64, true};
    template <typename Real>
    static Real quick(Real a, Real b, Real) {
        return a - b;
    }
};
struct FMul {
    static constexpr HelperSet kSet{nullptr, helper::MulF32, helper::MulF64, true};
    template <typename Real>
    static Real quick(Real a, Real b, Real) {
        return a * b;
    }
};
struct FDiv {
    static constexpr HelperSet kSet{helper::DivF16, helper::DivF32, helper::DivF64};
    template <typename Real>
    static Real quick(Real a, Real b, Real) {
        return a / b;
    }
};
struct FSqrt {
    static constexpr HelperSet kSet{nullptr, helper::SqrtF32, helper::SqrtF64, true};
    template <typename Real>
    static Real quick(Real a, Real, Real) {
        return fp::square_root(a);
    }
};
struct FMulAdd {
    static constexpr HelperSet kSet{helper::MulAddF16, helper::MulAddF32, helper::MulAddF64};
    template <typename Real>
    static Real quick(Real a, Real b, Real c) {
        return fp::multiply_add(b, c, a);
    }
};
struct FMax {
    static constexpr HelperSet kSet{nullptr, helper::MaxF32, helper::MaxF64, true};
};
struct FMin {
    static constexpr HelperSet kSet{nullptr, helper::MinF32, helper::MinF64, true};
};
struct FMaxNumber {
    static constexpr HelperSet kSet{nullptr, helper::MaxNumberF32, helper::MaxNumberF64, true};
};
struct FMinNumber {
    static constexpr HelperSet kSet{nullptr, helper::MinNumberF32, helper::MinNumberF64, true};
};
struct FMulX {
    static constexpr HelperSet kSet{helper::MulXF16, helper::MulXF32, helper::MulXF64};
};
struct FRecipEstimate {
    static constexpr HelperSet kSet{helper::RecipEstimateF16, helper::RecipEstimateF32,
                                    helper::RecipEstimateF64};
};
struct FRsqrtEstimate {
    static constexpr HelperSet kSet{helper::RsqrtEstimateF16, helper::RsqrtEstimateF32,
                                    helper::RsqrtEstimateF64};
};
struct FRecipStep {
    static constexpr HelperSet kSet{helper::RecipStepF16, helper::RecipStepF32, helper::RecipStepF64};
};
struct FRsqrtStep {
    static constexpr HelperSet kSet{helper::RsqrtStepF16, helper::RsqrtStepF32, helper::RsqrtStepF64};
};
struct FRecipExponent {
    static constexpr HelperSet kSet{helper::RecipExponentF16, helper::RecipExponentF32,
                                    helper::RecipExponentF64};
};

// The whole vector by the host, if it has only results that Arm and the host see alike: no NaN, nothing that
// is or may have been tiny. False: nothing has happened.
template <typename Op, typename T>
bool compute_quickly(Machine& m, uint64_t governing, const Lanes<T>& a, const Lanes<T>& b, const Lanes<T>& c,
                     Lanes<T>* result) {
    using Form = fp::Format<FloatOf<T>>;
    using Real = typename Form::Real;
    constexpr uint32_t kPlain = 3u << 22 | fp::kFpcrDn;  // what may be set in FPCR
    if (m.cpu.fpcr & ~kPlain) return false;
    const Lanes<T> ones = splat(kOne<T>);
    governing &= m.vl_mask();
    auto x = std::bit_cast<Lanes<Real>>(select(governing, a, ones));
    auto y = std::bit_cast<Lanes<Real>>(select(governing, b, ones));
    auto z = std::bit_cast<Lanes<Real>>(select(governing, c, ones));
    uint32_t raised = 0;
    {
        const fp::HostMode mode(m.cpu.fpcr);
        asm volatile("" : "+m"(x), "+m"(y), "+m"(z));
        for (unsigned i = 0; i < x.size(); i++) x[i] = Op::quick(x[i], y[i], z[i]);
        asm volatile("" : "+m"(x));
        raised = mode.raised();
    }
    const auto bits = std::bit_cast<Lanes<T>>(x);
    bool strange = raised & fp::kUnderflow;
    for (const T value : bits) {
        const T magnitude = static_cast<T>(value & ~Form::kSign);
        strange |= magnitude > Form::kInfinity || (magnitude != 0 && magnitude <= Form::kFraction + 1);
    }
    if (strange) return false;
    m.cpu.fpsr |= raised;
    *result = bits;
    return true;
}

template <typename Op, typename T>
Lanes<T> compute(Machine& m, uint64_t governing, const Lanes<T>& a, const Lanes<T>& b = {},
                 const Lanes<T>& c = {}) {
    if constexpr (sizeof(T) > 2 && requires { Op::quick(1.0, 1.0, 1.0); }) {
        Lanes<T> result;
        if (compute_quickly<Op>(m, governing, a, b, c, &result)) return result;
    }
    return by_helper(m, governing, Op::kSet, a, b, c);
}

}  // namespace armature::translator::sve
