// SPDX-License-Identifier: MIT
// The few functions of <cmath> that the helpers need and the compiler does not make of instructions. The C
// library's own are in libm, which every start of the emulator would have to load for them.
#pragma once

#include <immintrin.h>

#include <bit>
#include <cmath>
#include <cstdint>

namespace armature::translator::fp {

inline double square_root(double x) {
    return _mm_cvtsd_f64(_mm_sqrt_sd(_mm_setzero_pd(), _mm_set_sd(x)));
}
inline float square_root(float x) {
    return _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(x)));
}

// a * b + c, rounded once, in the host's present rounding mode. By FMA; on a processor without it, by libm,
// which is loaded when the first is wanted.
double multiply_add(double a, double b, double c);
float multiply_add(float a, float b, float c);

// x * 2^n, for n that a double's exponent can have.
constexpr double scale(double x, int n) {
    return x * std::bit_cast<double>(static_cast<uint64_t>(1023 + n) << 52);
}

// To an integral value, ties to even. Assumes that the host rounds to nearest.
inline double round_to_even(double x) {
    constexpr double kIntegral = 0x1p52;
    const double magnitude = std::fabs(x);
    return magnitude < kIntegral ? std::copysign(magnitude + kIntegral - kIntegral, x) : x;
}

// To an integral value, ties away from zero. What is added is the number next to a half: a half itself would
// carry 0.49999999999999994 over the edge.
inline double round_away(double x) {
    return std::trunc(x + std::copysign(0x1.fffffffffffffp-2, x));
}
inline float round_away(float x) {
    return std::trunc(x + std::copysign(0x1.fffffep-2f, x));
}

}  // namespace armature::translator::fp
