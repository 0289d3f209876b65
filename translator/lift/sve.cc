// SPDX-License-Identifier: MIT
// SVE: translator/sve does these instructions on CpuState.
#include "translator/lift/memory.h"

namespace armature::translator::lift {
namespace {

using decode::RowId;

bool accesses_memory(uint32_t word) {
    return word >> 31;
}

void call(Lifter& l, RowId row, unsigned base) {
    if (accesses_memory(l.word)) {
        if (base == 31) base_of(l, 31);
        l.b.report_access(l.b.displaced(l.b.i64(0), 0), l.b.i64(0), kMemoryEmulated);
    }
    l.b.call_sve(l.word, static_cast<unsigned>(row));
}

constexpr bool contains(const char* text, const char* part) {
    for (; *text; text++) {
        const char* a = text;
        const char* b = part;
        while (*b && *a == *b) a++, b++;
        if (!*b) return true;
    }
    return false;
}

// The general register that an access is based on: some gathers and scatters have a vector instead.
template <typename F>
unsigned base_register(F f, const char* form) {
    if constexpr (requires { f.n(); }) {
        if (!contains(form, "Immediate<") && !contains(form, "NonTemporal<") && !contains(form, "Prefetch"))
            return f.n();
    }
    return 0;
}

}  // namespace

#define SVE_FORM(Name, form)                              \
    HANDLER(Name) {                                       \
        call(*this, RowId::Name, base_register(f, form)); \
    }
#define SVE_ROW(Name, mnemonic, pattern, feature, ...) SVE_FORM(Name, #__VA_ARGS__)
#define SVE_IF(Name, mnemonic, pattern, feature, condition, ...) SVE_FORM(Name, #__VA_ARGS__)
#include "translator/decode/a64_sve.def"
#undef SVE_ROW
#undef SVE_IF

}  // namespace armature::translator::lift
