// SPDX-License-Identifier: MIT
// Registers are rows of one table, in the order of the description and of their numbers: x0-x30, sp, pc and
// cpsr (org.gnu.gdb.aarch64.core), v0-v31, fpsr and fpcr (.fpu), tpidr (.tls).
#include "tools/armature/gdb/description.h"

#include <signal.h>

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <iterator>

namespace armature::tools::gdb {
namespace {

using signals::TraceBlock;

struct Registers {
    const char* name;  // a bank has its number behind it
    unsigned count;    // of the bank
    unsigned size;     // bytes
    size_t offset;     // of the first in TraceBlock
    size_t stride;
    uint32_t changed;     // signals::TraceChange
    const char* type;     // gdb's
    const char* feature;  // starts here; null: goes on
};

constexpr size_t kRegisters = offsetof(TraceBlock, registers);
constexpr size_t kVectors = offsetof(TraceBlock, vectors);
constexpr uint32_t kCore = signals::kChangedRegisters;
constexpr uint32_t kFp = signals::kChangedVectors;
constexpr Registers kTable[] = {
    {"x", 31, 8, kRegisters + offsetof(signals::TraceRegisters, x), 8, kCore, "int", "core"},
    {"sp", 1, 8, kRegisters + offsetof(signals::TraceRegisters, sp), 0, kCore, "data_ptr", nullptr},
    {"pc", 1, 8, kRegisters + offsetof(signals::TraceRegisters, pc), 0, kCore, "code_ptr", nullptr},
    {"cpsr", 1, 4, kRegisters + offsetof(signals::TraceRegisters, pstate), 0, kCore, "cpsr_flags", nullptr},
    {"v", 32, 16, kVectors + offsetof(signals::TraceVectors, v), 16, kFp, "aarch64v", "fpu"},
    {"fpsr", 1, 4, kVectors + offsetof(signals::TraceVectors, fpsr), 0, kFp, "int", nullptr},
    {"fpcr", 1, 4, kVectors + offsetof(signals::TraceVectors, fpcr), 0, kFp, "int", nullptr},
    {"tpidr", 1, 8, offsetof(TraceBlock, tls), 0, signals::kChangedTls, "data_ptr", "tls"},
};

const Registers* find(unsigned number, size_t* offset) {
    for (const Registers& row : kTable) {
        if (number < row.count) {
            *offset = row.offset + number * row.stride;
            return &row;
        }
        number -= row.count;
    }
    return nullptr;
}

struct Attribute {
    const char* name;
    std::string value;
};

// <tag name="value" ...>, or with "/" before the end if it has no contents.
std::string element(const char* tag, std::initializer_list<Attribute> attributes, const char* end = "/>") {
    std::string xml = "<";
    xml += tag;
    for (const Attribute& attribute : attributes) {
        xml += ' ';
        xml += attribute.name;
        xml += "=\"";
        xml += attribute.value;
        xml += '"';
    }
    return xml += end;
}

std::string core_types() {
    static constexpr struct {
        const char* name;
        unsigned bit;
    } kFlags[] = {{"SSBS", 12}, {"DIT", 24}, {"TCO", 25}, {"V", 28}, {"C", 29}, {"Z", 30}, {"N", 31}};
    std::string xml = element("flags", {{"id", "cpsr_flags"}, {"size", "4"}}, ">");
    for (const auto& flag : kFlags) {
        const std::string bit = std::to_string(flag.bit);
        xml += element("field", {{"name", flag.name}, {"start", bit}, {"end", bit}});
    }
    return xml += "</flags>";
}

// A vector register is a union over the sizes of lanes, each a union over what a lane may mean.
std::string vector_types() {
    struct Lane {
        const char* name;
        unsigned bits;
        const char* real;
    };
    static constexpr Lane kLanes[] = {
        {"d", 64, "ieee_double"}, {"s", 32, "ieee_single"}, {"h", 16, "ieee_half"},
        {"b", 8, nullptr},        {"q", 128, nullptr},
    };
    std::string xml;
    std::string whole = element("union", {{"id", "aarch64v"}}, ">");
    for (const Lane& lane : kLanes) {
        const std::string bits = std::to_string(lane.bits);
        const std::string count = std::to_string(128 / lane.bits);
        std::string id = "lanes_";
        id += lane.name;
        std::string fields;
        const Attribute meanings[] = {
            {"f", lane.real ? lane.real : ""}, {"u", "uint" + bits}, {"s", "int" + bits}};
        for (const Attribute& meaning : meanings) {
            if (meaning.value.empty()) continue;
            std::string type = id;
            type += meaning.name;
            xml += element("vector", {{"id", type}, {"type", meaning.value}, {"count", count}});
            fields += element("field", {{"name", meaning.name}, {"type", type}});
        }
        xml += element("union", {{"id", id}}, ">");
        xml += fields;
        xml += "</union>";
        whole += element("field", {{"name", lane.name}, {"type", id}});
    }
    return xml += whole += "</union>";
}

std::string make_description() {
    std::string xml =
        "<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n"
        "<target version=\"1.0\"><architecture>aarch64</architecture><osabi>GNU/Linux</osabi>";
    bool open = false;
    for (const Registers& row : kTable) {
        if (row.feature) {
            const std::string_view feature = row.feature;
            if (open) xml += "</feature>\n";
            open = true;
            xml += element("feature", {{"name", std::string("org.gnu.gdb.aarch64.").append(feature)}}, ">");
            if (feature == "core") xml += core_types();
            if (feature == "fpu") xml += vector_types();
        }
        for (unsigned n = 0; n < row.count; n++) {
            std::string name = row.name;
            if (row.count > 1) name += std::to_string(n);
            xml += element("reg",
                           {{"name", name}, {"bitsize", std::to_string(row.size * 8)}, {"type", row.type}});
        }
    }
    return xml += "</feature></target>\n";
}

// gdb's numbers are fixed and its own (include/gdb/signals.def there); index: Linux's number.
constexpr unsigned kGdbSignals[] = {
    0, 1,  2,  3,  4,  5,  6,  10, 8,  9,  30, 11, 31, 13, 14, 15,
    0, 20, 19, 17, 18, 21, 22, 16, 24, 25, 26, 27, 28, 23, 32, 12,
};
static_assert(SIGBUS == 7 && SIGSTKFLT == 16 && SIGSYS == 31);
constexpr unsigned kGdbUnknown = 143;
constexpr unsigned kGdbRealTime32 = 77, kGdbRealTime33 = 45, kGdbRealTime64 = 78;

}  // namespace

const std::string& target_description() {
    static const std::string description = make_description();
    return description;
}

unsigned register_count() {
    unsigned count = 0;
    for (const Registers& row : kTable) count += row.count;
    return count;
}

std::string read_register(const TraceBlock& block, unsigned number) {
    size_t offset = 0;
    const Registers* row = find(number, &offset);
    if (!row) return {};
    return {reinterpret_cast<const char*>(&block) + offset, row->size};
}

bool write_register(TraceBlock* block, unsigned number, std::string_view bytes) {
    size_t offset = 0;
    const Registers* row = find(number, &offset);
    if (!row || bytes.size() != row->size) return false;
    memcpy(reinterpret_cast<char*>(block) + offset, bytes.data(), bytes.size());
    block->changed |= row->changed;
    return true;
}

unsigned gdb_signal(int signo) {
    if (signo == 32) return kGdbRealTime32;
    if (signo == 64) return kGdbRealTime64;
    if (signo > 32 && signo < 64) return kGdbRealTime33 + static_cast<unsigned>(signo) - 33;
    const unsigned number = signo > 0 && signo < 32 ? kGdbSignals[signo] : 0;
    return number ? number : kGdbUnknown;
}

int linux_signal(uint64_t gdb_number) {
    for (int signo = 1; signo <= 64; signo++) {
        if (gdb_signal(signo) == gdb_number) return signo;
    }
    return 0;
}

}  // namespace armature::tools::gdb
