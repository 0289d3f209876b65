// SPDX-License-Identifier: MIT
// Which features the guest's processor has, and how it tells: everything here derives from features.def and
// from the one set of enabled features, which -cpu chooses before anything runs.
#pragma once

#include <cstdint>
#include <string>

namespace armature::guest {

enum class Feature : uint8_t {
#define FEATURE(Name, ...) Name,
#include "guest/features.def"
    Count,
};
inline constexpr unsigned kFeatureCount = static_cast<unsigned>(Feature::Count);
static_assert(kFeatureCount <= 64, "a FeatureSet has 64 bits");
using FeatureSet = uint64_t;

constexpr FeatureSet feature_bit(Feature feature) {
    return FeatureSet{1} << static_cast<unsigned>(feature);
}

// Sets of models, as features.def names them.
enum ModelSet : unsigned {
    kArmv80 = 1,
    kArmv82 = 2,
    kArmv84 = 4,
    kDefault = 8,
    kMax = 16,
    kNeoverseN1 = 32,  // Armv8.2 and what came with its later cores
    kEvery = kArmv80 | kArmv82 | kNeoverseN1 | kArmv84 | kDefault | kMax,
    kSince82 = kArmv82 | kNeoverseN1 | kArmv84 | kDefault | kMax,
    kSince84 = kArmv84 | kDefault | kMax,
    kRecent = kDefault | kMax,
    kNever = 0,
};

struct CpuModel {
    const char* name;
    unsigned set;
    uint32_t midr;
    const char* help;
};
extern const CpuModel kCpuModels[];
extern const unsigned kCpuModelCount;

struct FeatureRow {
    Feature feature;
    const char* property;  // of -cpu; empty: cannot be switched
    const char* arm_name;
    unsigned models;
    Feature requires_feature;
};
extern const FeatureRow kFeatureRows[kFeatureCount];

// The features of the CPU model, one bit each. Changed only before the first translation.
extern FeatureSet enabled_features;
extern uint32_t midr;

inline bool enabled(Feature feature) {
    return enabled_features & feature_bit(feature);
}
inline void enable(Feature feature, bool on) {
    enabled_features =
        on ? enabled_features | feature_bit(feature) : enabled_features & ~feature_bit(feature);
}

// Chooses a processor as -cpu describes it: MODEL[,PROPERTY=on|off]... False, and what is wrong, if there is
// no such model or property; then nothing has changed.
bool choose_cpu(const std::string& description, std::string* error);

uint64_t hwcap(unsigned word);         // 1: AT_HWCAP, 2: AT_HWCAP2, 3: AT_HWCAP3
std::string cpuinfo_features();        // "fp asimd ...", in the order of the bits
std::string cpuinfo_identification();  // the lines from "CPU implementer" to "CPU revision"

}  // namespace armature::guest
