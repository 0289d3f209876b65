// SPDX-License-Identifier: MIT
#include "translator/x64/counting_callback.h"

#include <cstring>
#include <optional>

#include "translator/x64/register_plan.h"

namespace armature::translator::x64 {

namespace {

constexpr unsigned kMostInstructions = 12;

// By bits 3 to 5 of the opcode, or of the ModR/M byte behind 81 and 83.
constexpr std::optional<ProbeOperation> kOperations[8] = {
    ProbeOperation::Add, ProbeOperation::Or,  {}, {}, ProbeOperation::And,
    ProbeOperation::Sub, ProbeOperation::Xor, {}};

// base + (vcpu & mask) * scale
struct Form {
    bool known = false;
    uint64_t base = 0;
    uint64_t scale = 0;
    uint64_t mask = ~uint64_t{0};
    bool access = false;  // the address of the access, and nothing known

    bool constant() const { return known && scale == 0; }
};

Form constant(uint64_t value) {
    return {true, value, 0, ~uint64_t{0}, false};
}

Form sum(const Form& a, const Form& b) {
    if (!a.known || !b.known || (a.scale && b.scale && a.mask != b.mask)) return {};
    return {true, a.base + b.base, a.scale + b.scale, a.scale ? a.mask : b.mask, false};
}

Form product(const Form& a, uint64_t factor) {
    if (!a.known) return {};
    return {true, a.base * factor, a.scale * factor, a.mask, false};
}

// A result of 32 bits: what it is for any number of a vCPU that there can be.
Form narrow(const Form& a) {
    constexpr uint64_t kMostVcpus = 1u << 17;
    if (!a.known) return {};
    if (a.scale == 0) return constant(static_cast<uint32_t>(a.base));
    if (a.base > INT32_MAX || a.scale > INT32_MAX / kMostVcpus) return {};
    return a;
}

class Reader {
  public:
    explicit Reader(const Probe& probe) : at_(static_cast<const uint8_t*>(probe.function)) {
        registers_[RDI] = {true, 0, 1, ~uint64_t{0}, false};
        if (probe.kind == ProbeKind::MemoryCallback) registers_[RDX].access = true;
        registers_[probe.kind == ProbeKind::MemoryCallback ? RCX : RSI] =
            constant(reinterpret_cast<uint64_t>(probe.userdata));
    }

    // What the function does: which counter, which operation, with what. False if it does anything else.
    bool read(Form* counter, ProbeOperation* operation, Form* operand) {
        bool added = false;
        for (unsigned n = 0; n < kMostInstructions; n++) {
            static constexpr uint8_t kEndbr64[] = {0xf3, 0x0f, 0x1e, 0xfa};
            if (*at_ == kEndbr64[0] && std::memcmp(at_, kEndbr64, sizeof kEndbr64) == 0) {
                at_ += sizeof kEndbr64;
                continue;
            }
            rex_ = (*at_ & 0xf0) == 0x40 ? *at_++ : 0;
            const uint8_t opcode = *at_++;
            if (opcode == 0xc3) {  // ret
                *counter = target_;
                *operation = operation_;
                *operand = operand_;
                return added;
            }
            if (added || !instruction(opcode)) {
                if (added || !target_.known) return false;
                added = true;
            }
        }
        return false;
    }

  private:
    bool wide() const { return rex_ & 8; }

    template <typename T>
    T take() {
        T value;
        std::memcpy(&value, at_, sizeof value);
        at_ += sizeof value;
        return value;
    }

    // The r/m operand: a register's number, or an address in `address_`. RIP counts from the instruction's
    // end, which is `immediate` bytes behind the displacement.
    std::optional<unsigned> operand(unsigned immediate) {
        const uint8_t modrm = *at_++;
        const unsigned mod = modrm >> 6;
        reg_ = (modrm >> 3 & 7) | (rex_ & 4) << 1;
        const unsigned rm = modrm & 7;
        if (mod == 3) return rm | (rex_ & 1) << 3;
        Form form = constant(0);
        bool has_base = true;
        if (rm == 4) {
            const uint8_t sib = *at_++;
            const unsigned index = (sib >> 3 & 7) | (rex_ & 2) << 2;
            const unsigned base = (sib & 7) | (rex_ & 1) << 3;
            has_base = (sib & 7) != 5 || mod != 0;
            if (has_base) form = registers_[base];
            if (index != 4) form = sum(form, product(registers_[index], uint64_t{1} << (sib >> 6)));
            if (!has_base) form = sum(form, constant(extended(take<int32_t>())));
        } else if (rm == 5 && mod == 0) {
            const int32_t displacement = take<int32_t>();
            form = constant(reinterpret_cast<uint64_t>(at_) + immediate + extended(displacement));
        } else {
            form = registers_[rm | (rex_ & 1) << 3];
        }
        if (mod == 1) form = sum(form, constant(extended(take<int8_t>())));
        if (mod == 2) form = sum(form, constant(extended(take<int32_t>())));
        address_ = form;
        return std::nullopt;
    }
    static uint64_t extended(int64_t value) { return static_cast<uint64_t>(value); }

    void set(unsigned reg, const Form& form) { registers_[reg] = wide() ? form : narrow(form); }

    // False: the function is something else, or, with target_ known, it was the addition.
    bool instruction(uint8_t opcode) {
        switch (opcode) {
            case 0x8d: {  // lea
                if (operand(0)) return false;
                set(reg_, address_);
                return true;
            }
            case 0x89: {  // mov register, register
                const auto to = operand(0);
                if (!to) return false;
                set(*to, registers_[reg_]);
                return true;
            }
            case 0x63:  // movsxd: no vCPU's number is negative
            case 0x8b: {
                const auto from = operand(0);
                if (!from) return false;
                set(reg_, registers_[*from]);
                return true;
            }
            case 0xb8 ... 0xbf: {  // mov register, immediate
                const unsigned to = (opcode & 7) | (rex_ & 1) << 3;
                registers_[to] = constant(wide() ? take<uint64_t>() : take<uint32_t>());
                return true;
            }
            case 0xc1:
                return shift();
            case 0x81:
                return arithmetic(4);
            case 0x83:
                return arithmetic(1);
            case 0x01:
            case 0x09:
            case 0x21:
            case 0x29:
            case 0x31: {  // add, or, and, sub, xor memory, register
                if (operand(0) || !wide()) return false;
                found(kOperations[opcode >> 3], registers_[reg_]);
                return false;
            }
            case 0xff: {  // inc and dec memory
                if (operand(0) || !wide() || (reg_ & 7) > 1) return false;
                found((reg_ & 7) == 0 ? ProbeOperation::Add : ProbeOperation::Sub, constant(1));
                return false;
            }
            default:
                return false;
        }
    }

    bool shift() {
        const auto reg = operand(1);
        const uint8_t count = take<uint8_t>();
        if (!reg || (reg_ & 7) != 4 || count > 31) return false;  // shl
        set(*reg, product(registers_[*reg], uint64_t{1} << count));
        return true;
    }

    bool arithmetic(unsigned size) {
        const auto reg = operand(size);
        const uint64_t immediate = extended(size == 1 ? take<int8_t>() : take<int32_t>());
        const auto operation = kOperations[reg_ & 7];
        if (!operation) return false;
        if (!reg) {
            if (wide()) found(operation, constant(immediate));
            return false;
        }
        Form& form = registers_[*reg];
        if (operation == ProbeOperation::Add) {
            set(*reg, sum(form, constant(immediate)));
            return true;
        }
        // Only of the number itself.
        if (operation != ProbeOperation::And || !form.known || form.base || form.scale != 1) return false;
        form.mask &= wide() ? immediate : static_cast<uint32_t>(immediate);
        return true;
    }

    void found(std::optional<ProbeOperation> operation, const Form& operand) {
        if (!operand.constant() && !operand.access) return;
        target_ = address_;
        operation_ = *operation;
        operand_ = operand;
    }

    const uint8_t* at_;
    uint8_t rex_ = 0;
    unsigned reg_ = 0;
    Form registers_[16];
    Form address_;
    Form target_;
    ProbeOperation operation_ = ProbeOperation::Add;
    Form operand_;
};

}  // namespace

bool replace_counting_callback(Probe* probe) {
    if (probe->kind != ProbeKind::Callback && probe->kind != ProbeKind::MemoryCallback) return false;
    if (probe->access_level != 0) return false;
    Form counter;
    ProbeOperation operation{};
    Form operand;
    if (!Reader(*probe).read(&counter, &operation, &operand) || !counter.known) return false;
    if (counter.scale > INT32_MAX || counter.base % sizeof(uint64_t) != 0) return false;
    probe->kind = ProbeKind::CombineU64;
    probe->operation = operation;
    probe->of_address = operand.access;
    probe->immediate = operand.base;
    if (!operand.access && operation == ProbeOperation::Add) probe->kind = ProbeKind::AddU64;
    probe->counter = {};
    probe->counter.address = reinterpret_cast<uint64_t*>(counter.base);
    probe->counter.stride = counter.scale;
    probe->counter.mask = static_cast<uint32_t>(counter.mask);
    return true;
}

}  // namespace armature::translator::x64
