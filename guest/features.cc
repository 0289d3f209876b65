// SPDX-License-Identifier: MIT
#include "guest/features.h"

#include <cstdio>
#include <string_view>

namespace armature::guest {
namespace {

struct HwcapBit {
    Feature feature;
    unsigned word;
    unsigned bit;
    const char* name;
};

constexpr HwcapBit kHwcapBits[] = {
#define HWCAP(feature, word, bit, name) {Feature::feature, word, bit, name},
#include "guest/features.def"
};

constexpr FeatureSet features_of(unsigned set) {
    FeatureSet features = 0;
#define FEATURE(Name, property, arm_name, models, Requires) \
    if ((models)&set) features |= feature_bit(Feature::Name);
#include "guest/features.def"
    return features;
}

constexpr FeatureSet kPauthAlgorithms =
    feature_bit(Feature::PAuthQarma5) | feature_bit(Feature::PAuthQarma3) | feature_bit(Feature::PAuthImpdef);

constexpr FeatureSet kSveLengths =
    feature_bit(Feature::SVE128) | feature_bit(Feature::SVE256) | feature_bit(Feature::SVE512);

// What QEMU's models have and these do not: can be switched off, for scripts that do so.
bool never_there(std::string_view property) {
    for (const std::string_view prefix : {"sme", "pmu", "lpa2"}) {
        if (property.starts_with(prefix)) return true;
    }
    return false;
}

bool set_property(const std::string& text, FeatureSet* features, std::string* error) {
    const size_t equals = text.find('=');
    const std::string name = text.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : text.substr(equals + 1);
    if (value != "on" && value != "off") {
        *error = "property \"" + text + "\": it is NAME=on or NAME=off";
        return false;
    }
    const bool on = value == "on";
    for (const FeatureRow& row : kFeatureRows) {
        if (name != row.property || name.empty()) continue;
        if (on && (feature_bit(row.feature) & kPauthAlgorithms)) *features &= ~kPauthAlgorithms;
        *features = on ? *features | feature_bit(row.feature) : *features & ~feature_bit(row.feature);
        return true;
    }
    if (on ? name == "aarch64" : never_there(name)) return true;
    *error =
        "property \"" + name + "\" " +
        (never_there(name) ? "is not implemented: it can only be off" : "is not known; -cpu help lists them");
    return false;
}

}  // namespace

const CpuModel kCpuModels[] = {
#define CPU_MODEL(name, set, midr, help) {name, set, midr, help},
#include "guest/features.def"
};
const unsigned kCpuModelCount = sizeof kCpuModels / sizeof kCpuModels[0];

const FeatureRow kFeatureRows[kFeatureCount] = {
#define FEATURE(Name, property, arm_name, models, Requires) \
    {Feature::Name, property, arm_name, models, Feature::Requires},
#include "guest/features.def"
};

FeatureSet enabled_features = features_of(kDefault);
uint32_t midr = kCpuModels[0].midr;

bool choose_cpu(const std::string& description, std::string* error) {
    size_t end = description.find(',');
    const std::string name = description.substr(0, end);
    const CpuModel* chosen = nullptr;
    for (const CpuModel& model : kCpuModels) {
        if (name == model.name) chosen = &model;
    }
    if (!chosen) {
        *error = "no model \"" + name + "\"; -cpu help lists them";
        return false;
    }
    FeatureSet features = features_of(chosen->set);
    while (end != std::string::npos) {
        const size_t begin = end + 1;
        end = description.find(',', begin);
        const std::string property = description.substr(begin, end == std::string::npos ? end : end - begin);
        if (!property.empty() && !set_property(property, &features, error)) return false;
    }
    if (!(features & kSveLengths)) features &= ~feature_bit(Feature::SVE);
    for (const FeatureRow& row : kFeatureRows) {
        if (!(features & feature_bit(row.requires_feature))) features &= ~feature_bit(row.feature);
    }
    if (!(features & feature_bit(Feature::BF16))) features &= ~feature_bit(Feature::SveBF16);
    if (!(features & feature_bit(Feature::I8MM))) features &= ~feature_bit(Feature::SveI8MM);
    enabled_features = features;
    midr = chosen->midr;
    return true;
}

uint64_t hwcap(unsigned word) {
    uint64_t value = 0;
    for (const HwcapBit& row : kHwcapBits) {
        if (row.word == word && enabled(row.feature)) value |= uint64_t{1} << row.bit;
    }
    return value;
}

std::string cpuinfo_features() {
    std::string text;
    for (unsigned word = 1; word <= 3; word++) {
        for (unsigned bit = 0; bit < 64; bit++) {
            for (const HwcapBit& row : kHwcapBits) {
                if (row.word != word || row.bit != bit || !enabled(row.feature)) continue;
                if (!text.empty()) text += ' ';
                text += row.name;
            }
        }
    }
    return text;
}

std::string cpuinfo_identification() {
    char text[160];
    std::snprintf(text, sizeof text,
                  "CPU implementer\t: 0x%02x\nCPU architecture: 8\nCPU variant\t: 0x%x\nCPU part\t: 0x%03x\n"
                  "CPU revision\t: %u\n",
                  midr >> 24, midr >> 20 & 15, midr >> 4 & 0xfff, midr & 15);
    return text;
}

}  // namespace armature::guest
