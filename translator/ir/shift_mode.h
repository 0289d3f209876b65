// SPDX-License-Identifier: MIT
// The immediate of Helper::VShift: which of Arm's shifts of lanes by the signed counts in another vector's
// lanes.
#pragma once

namespace armature::translator::ir {

struct ShiftMode {
    static constexpr unsigned kLane = 3;  // mask: log2 of a lane's bytes
    static constexpr unsigned kUnsigned = 4;
    static constexpr unsigned kRound = 8;
    static constexpr unsigned kSaturate = 16;
    static constexpr unsigned kToUnsigned = 32;  // signed lanes, saturated to unsigned (SQSHLU)
};

}  // namespace armature::translator::ir
