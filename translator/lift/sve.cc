// SPDX-License-Identifier: MIT
// SVE. The host's vectors do what ir/sve_direct.def names, by the form of the row; counting elements is a sum
// with a constant; translator/sve does the rest on CpuState.
#include "translator/ir/sve.h"

#include <string_view>

#include "translator/decode/bit_masks.h"
#include "translator/decode/sve_fields.h"
#include "translator/lift/memory.h"

namespace armature::translator::lift {
namespace {

using decode::RowId;
using ir::SveFields;
using ir::SveOp;

bool accesses_memory(uint32_t word) {
    return word >> 31;
}

constexpr bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != text.npos;
}

// The general register that an access is based on: some gathers and scatters have a vector instead.
template <typename Form, typename F>
unsigned base_register(F f) {
    if constexpr (requires { f.n(); }) {
        if (!contains(Form::kText, "Immediate<") && !contains(Form::kText, "NonTemporal<")) return f.n();
    }
    return 0;
}

// --- What goes into SveFields besides registers. False: not this one.
enum class Fill {
    Plain,
    ShiftLeft,
    ShiftRight,
    Shifted,
    Signed,
    Unsigned,
    SignedShifted,
    Mask,
    Float,
    Count,
    Merging,
    Element,
    Index,
    Pattern,
    SecondOrZero,
    Load,
    Store,
    NonTemporal,
    Replicate,
    Whole,
    WholePredicate,
    Structure,
    Gather,
    Quads,
    Bytes,
};

int32_t upper_bits_of_float(unsigned imm8, unsigned size) {
    const unsigned sign = imm8 >> 7 << 15, low = imm8 & 0x3f;
    const bool b = imm8 >> 6 & 1;
    constexpr unsigned kSmall[] = {0, 0x3000, 0x3e00, 0x3fc0}, kShift[] = {0, 6, 3, 0};
    return static_cast<int32_t>(sign | (b ? kSmall[size] : 0x4000) | low << kShift[size]);
}

template <Fill fill, typename F>
bool fill_in(SveFields& s, F f, uint32_t word, unsigned length) {
    s.size = word >> 22 & 3;
    if constexpr (fill == Fill::ShiftLeft || fill == Fill::ShiftRight) {
        const decode::ShiftImmediate shift = decode::shift_immediate(f.i());
        s.size = shift.size;
        s.imm = static_cast<int32_t>(fill == Fill::ShiftLeft ? shift.left : shift.right);
    } else if constexpr (fill == Fill::Shifted) {
        s.imm = static_cast<int32_t>(f.i() << (f.h() ? 8 : 0));
    } else if constexpr (fill == Fill::Signed) {
        s.imm = static_cast<int32_t>(f.i_signed());
    } else if constexpr (fill == Fill::Unsigned) {
        s.imm = static_cast<int32_t>(f.i());
    } else if constexpr (fill == Fill::Bytes) {
        s.size = 0;
        s.imm = static_cast<int32_t>(f.i());
        return f.i() < length;
    } else if constexpr (fill == Fill::SignedShifted) {
        s.imm = static_cast<int32_t>(f.i_signed()) * (f.h() ? 256 : 1);
        if constexpr (requires { f.M(); }) s.option = f.M();
    } else if constexpr (fill == Fill::Mask) {
        s.size = 3;  // the constant is an operand
    } else if constexpr (fill == Fill::Float) {
        s.imm = upper_bits_of_float(f.i(), s.size);
    } else if constexpr (fill == Fill::Count) {
        s.imm = static_cast<int32_t>(decode::pattern_count(f.p(), length >> s.size) * (f.i() + 1));
    } else if constexpr (fill == Fill::Merging) {
        if constexpr (requires { f.M(); }) s.option = f.M();
    } else if constexpr (fill == Fill::Element) {
        const auto size = static_cast<unsigned>(__builtin_ctz(f.i() | 16));
        if (size > 3) return false;
        s.size = size;
        s.imm = static_cast<int32_t>(f.i() >> (size + 1));
        return (static_cast<unsigned>(s.imm) + 1) << size <= length;
    } else if constexpr (fill == Fill::Index) {
        int base = 0, step = 0;
        if constexpr (requires { f.j(); }) {
            base = static_cast<int>(f.i_signed()), step = static_cast<int>(f.j_signed());
        } else if constexpr (requires { f.i(); }) {
            base = step = static_cast<int>(f.i_signed());
        }
        s.imm = step * 256 + (base & 0xff);
    } else if constexpr (fill == Fill::Pattern) {
        s.imm = static_cast<int32_t>(decode::pattern_count(f.i(), length >> s.size));
    } else if constexpr (fill == Fill::SecondOrZero) {
        s.option = requires {
            f.m();
        };
    } else if constexpr (fill != Fill::Plain) {
        // Memory: the index is m, or there is none.
        decode::Shape shape{word >> 21 & 3, word >> 23 & 3};
        if constexpr (fill == Fill::Load) shape = decode::load_shape(word >> 21 & 15);
        if constexpr (fill == Fill::NonTemporal || fill == Fill::Structure || fill == Fill::Quads)
            shape.element = shape.memory;
        if constexpr (fill == Fill::Replicate)
            shape = decode::load_shape((word >> 23 & 3) << 2 | (word >> 13 & 3));
        s.size = shape.element, s.memory = shape.memory, s.option = shape.is_signed;
        const auto registers = static_cast<int32_t>(fill == Fill::Structure ? (word >> 21 & 3) + 1 : 1);
        s.registers = static_cast<unsigned>(registers);
        if constexpr (fill == Fill::Gather) {
            s.size = 2;  // in vectors of doublewords: see the forms
            s.option = !(word >> 14 & 1);
            int32_t how = word >> 21 & 1 ? ir::kGatherScaled : 0;
            if constexpr (requires { f.x(); }) how |= f.x() ? ir::kGatherSigned : 0;
            s.imm = how;
            if constexpr (!requires { f.m(); }) s.imm = static_cast<int32_t>(f.i() << s.memory);
        } else if constexpr (fill == Fill::Quads && requires { f.i(); }) {
            s.imm = static_cast<int32_t>(f.i_signed()) * 16;
        } else if constexpr (fill == Fill::Replicate) {
            s.imm = static_cast<int32_t>(f.i() << shape.memory);
        } else if constexpr (fill == Fill::Whole || fill == Fill::WholePredicate) {
            s.imm = static_cast<int32_t>(f.i_signed()) *
                    static_cast<int32_t>(fill == Fill::Whole ? length : length / 8);
        } else if constexpr (requires { f.i(); }) {
            s.imm = static_cast<int32_t>(f.i_signed()) *
                    static_cast<int32_t>(length >> shape.element << shape.memory) * registers;
        }
        if constexpr (!requires { f.m(); }) s.m = ir::kNoRegister;
    }
    return true;
}

// --- Which direct operation a form is.
struct Direct {
    SveOp op;
    Fill fill;
    std::string_view sizes, form;
};
constexpr Direct kDirect[] = {
    {SveOp::None, Fill::Plain, "", ""},
#define SVE_DIRECT(Name, sizes, fill, emit, ...) {SveOp::Name, Fill::fill, #sizes, #__VA_ARGS__},
#include "translator/ir/sve_direct.def"
#undef SVE_DIRECT
};
constexpr Direct direct_form(std::string_view form) {
    for (const Direct& direct : kDirect) {
        if (direct.form == form) return direct;
    }
    return kDirect[0];
}

template <typename F>
bool direct(const Lifter& l, F f, const Direct& of, bool filled, SveFields& s, Value mask) {
    constexpr std::string_view kLetters = "BHSD";
    if (!filled || (of.sizes != "-" && !contains(of.sizes, kLetters.substr(s.size, 1)))) return false;
    s.op = static_cast<uint16_t>(of.op);
    if constexpr (requires { f.d(); }) {
        s.d = f.d();
    } else if constexpr (requires { f.t(); }) {
        s.d = f.t();
    }
    if constexpr (requires { f.n(); }) s.n = f.n();
    if constexpr (requires { f.a(); }) s.n = f.a();
    if constexpr (requires { f.m(); }) s.m = f.m();
    if constexpr (requires { f.g(); }) s.g = f.g();
    l.b.sve(s, mask);
    return true;
}

// --- Counting
template <typename F>
Value multiple(const Lifter& l, F f) {
    const unsigned elements = l.b.sve_length() >> (l.word >> 22 & 3);
    return l.b.i64(uint64_t{decode::pattern_count(f.p(), elements)} * (f.i() + 1));
}
template <typename F>
Value lengths(const Lifter& l, F f, int divisor) {
    return l.b.i64(static_cast<uint64_t>(f.i_signed() * static_cast<int>(l.b.sve_length()) / divisor));
}

void call(const Lifter& l, RowId row, unsigned base) {
    if (accesses_memory(l.word)) {
        if (base == 31) base_of(l, 31);
        l.b.report_access(l.b.displaced(l.b.i64(0), 0), l.b.i64(0), kMemoryEmulated);
    }
    l.b.call_sve(l.word, static_cast<unsigned>(row));
}

// True: it is a sum with a constant.
template <typename Form, typename F>
bool count(Lifter& l, F f) {
    if constexpr (Form::kText == "CountElements") {
        l.b.set_r(f.d(), multiple(l, f));
    } else if constexpr (Form::kText == "CountScalar<Increase, uint64_t, false>") {
        l.b.set_r(f.d(), l.b.add(l.b.get_r(Type::I64, f.d()), multiple(l, f)));
    } else if constexpr (Form::kText == "CountScalar<Decrease, uint64_t, false>") {
        l.b.set_r(f.d(), l.b.sub(l.b.get_r(Type::I64, f.d()), multiple(l, f)));
    } else if constexpr (Form::kText == "Rdvl") {
        l.b.set_r(f.d(), lengths(l, f, 1));
    } else if constexpr (Form::kText == "AddLength<1>" || Form::kText == "AddLength<8>") {
        const Value by = lengths(l, f, Form::kText == "AddLength<1>" ? 1 : 8);
        l.b.set_r_sp(f.d(), l.b.add(l.b.get_r_sp(Type::I64, f.n()), by));
    } else {
        return false;
    }
    return true;
}

template <typename Form, typename F>
bool by_host(Lifter& l, F f) {
    constexpr Direct kOf = direct_form(Form::kText);
    const unsigned length = l.b.sve_length();
    if (!length) return false;
    if (count<Form>(l, f)) return true;
    if constexpr (kOf.op == SveOp::None) return false;
    const bool memory = accesses_memory(l.word);
    if (memory && (l.b.reports_accesses() || l.b.tag_checks())) return false;
    if (memory && base_register<Form>(f) == 31) base_of(l, 31);
    SveFields s;
    const bool filled = fill_in<kOf.fill>(s, f, l.word, length);
    Value mask;
    if constexpr (kOf.fill == Fill::Mask)
        mask = l.b.i64(decode::bit_mask(f.i() >> 12, f.i() >> 6 & 63, f.i() & 63));
    return direct(l, f, kOf, filled, s, mask);
}

template <typename Form, typename F>
void lift_sve(Lifter& l, F f, RowId row) {
    if (Form::kText == "Prefetch" || by_host<Form>(l, f)) return;
    call(l, row, base_register<Form>(f));
}

}  // namespace

#define SVE_FORM(Name, form)                           \
    namespace {                                        \
    struct Name##Form {                                \
        static constexpr std::string_view kText{form}; \
    };                                                 \
    }                                                  \
    HANDLER(Name) {                                    \
        lift_sve<Name##Form>(*this, f, RowId::Name);   \
    }
#define SVE_ROW(Name, mnemonic, pattern, feature, ...) SVE_FORM(Name, #__VA_ARGS__)
#define SVE_IF(Name, mnemonic, pattern, feature, condition, ...) SVE_FORM(Name, #__VA_ARGS__)
#include "translator/decode/a64_sve.def"
#undef SVE_ROW
#undef SVE_IF

}  // namespace armature::translator::lift
