// SPDX-License-Identifier: MIT
#include "signals/frame.h"

#include <bit>
#include <cstring>

#include "guest/features.h"
#include "guest/sve_state.h"
#include "guest/user_access.h"
#include "loader/loader.h"
#include "signals/signals.h"

namespace armature::signals {
namespace {

constexpr uint64_t kTerminatorSize = 16;
constexpr uint64_t kLargestFrame = 64 << 10;

constexpr uint64_t kFlagBits = guest::kPstateN | guest::kPstateZ | guest::kPstateC | guest::kPstateV;
// Bits that a returning PSTATE must not have: AArch32, a mode other than EL0t, masked interrupts (D, A, I,
// F).
constexpr uint64_t kForbiddenBits = 0x3df;

// The part of a frame that has something in it; the rest of the records' space is not touched.
struct FilledFrame {
    SignalFrame frame{};
    FpsimdContext fpsimd;
    // As much of it as is filled.
    uint8_t rest[sizeof(EsrContext) + sve_record_size(guest::kSveMaxBytes) + kTerminatorSize];
};
constexpr uint64_t kFilledBeforeRest = sizeof(SignalFrame) + sizeof(FpsimdContext);
static_assert(sizeof(FilledFrame) - sizeof(FilledFrame::rest) - kFilledBeforeRest < 16);
static_assert(sizeof(FpsimdContext) + sizeof(FilledFrame::rest) < kRecordsSize);

constexpr unsigned kBtypeShift = 10;
constexpr unsigned kBtypeCall = 2;  // a handler is entered as if called

uint64_t btype_bits(uint32_t btype) {
    return btype ? uint64_t(std::countr_zero(btype)) << kBtypeShift : 0;
}

// The bits of features that the processor does not have stay zero.
void restore_pstate(guest::CpuState& cpu, uint64_t pstate) {
    using guest::Feature;
    cpu.pstate = static_cast<uint32_t>(pstate) & ((guest::enabled(Feature::DIT) ? guest::kPstateDit : 0) |
                                                  (guest::enabled(Feature::SSBS) ? guest::kPstateSsbs : 0) |
                                                  (guest::enabled(Feature::MTE) ? guest::kPstateTco : 0));
    const unsigned btype = pstate >> kBtypeShift & 3;
    cpu.btype = btype && guest::enabled(Feature::BTI) ? 1u << btype : 0;
}

// The registers of SVE: as they are in the frame, one after the other.
void put_sve(const guest::CpuState& cpu, unsigned vl, uint8_t* to) {
    for (unsigned n = 0; n < 32; n++, to += vl) {
        memcpy(to, &cpu.v[n], 16);
        guest::read_z_upper(cpu, n, to + 16, vl - 16);
    }
    for (const uint64_t p : cpu.sve.p) {
        memcpy(to, &p, vl / 8);
        to += vl / 8;
    }
    memcpy(to, &cpu.sve.ffr, vl / 8);
}
// The V registers are those of AdvSIMD's record, as the kernel has it.
void take_sve(guest::CpuState& cpu, unsigned vl, const uint8_t* from) {
    guest::SveState& sve = guest::sve_state(cpu);
    for (unsigned n = 0; n < 32; n++, from += vl) guest::write_z_upper(cpu, n, from + 16, vl - 16);
    for (uint64_t& p : sve.p) {
        p = 0;
        memcpy(&p, from, vl / 8);
        from += vl / 8;
    }
    sve.ffr = 0;
    memcpy(&sve.ffr, from, vl / 8);
}

// The number of bytes.
uint64_t put_sve_record(const guest::CpuState& cpu, uint8_t* to) {
    if (!guest::enabled(guest::Feature::SVE)) return 0;
    const unsigned vl = guest::sve_vl(cpu);
    const bool in_use = guest::sve_in_use(cpu);
    SveContext record;
    record.vl = static_cast<uint16_t>(vl);
    if (in_use) record.head.size = static_cast<uint32_t>(sve_record_size(vl));
    memset(to, 0, record.head.size);
    memcpy(to, &record, sizeof record);
    if (in_use) put_sve(cpu, vl, to + sizeof record);
    return record.head.size;
}

// Everything but siginfo; the number of bytes from the frame's start.
uint64_t fill_frame(const ThreadSignals& state, uint64_t mask, FilledFrame* to) {
    const guest::CpuState& cpu = state.thread->cpu;
    UserContext& user = to->frame.user;
    user.stack_sp = state.alt_stack.sp;
    user.stack_flags = state.alt_stack.flags;
    user.stack_size = state.alt_stack.size;
    user.mask = mask;
    user.context.fault_address = state.fault_address;
    memcpy(user.context.x, cpu.x, sizeof cpu.x);
    user.context.sp = cpu.sp;
    user.context.pc = cpu.pc;
    user.context.pstate = frame_pstate(cpu);
    to->fpsimd.fpsr = cpu.read_fpsr();
    to->fpsimd.fpcr = cpu.fpcr;
    memcpy(to->fpsimd.v, cpu.v, sizeof cpu.v);
    uint64_t used = 0;
    if (state.fault_code != 0) {
        EsrContext esr;
        esr.esr = state.fault_code;
        memcpy(to->rest, &esr, sizeof esr);
        used = sizeof esr;
    }
    used += put_sve_record(cpu, to->rest + used);
    memset(to->rest + used, 0, kTerminatorSize);
    return offsetof(FilledFrame, rest) + used + kTerminatorSize;
}

// The records of a frame, one after the other, wherever they are.
class RecordParser {
  public:
    explicit RecordParser(uint64_t frame) : frame_(frame), base_(frame + sizeof(SignalFrame)) {}

    // Where the record of SVE is; 0: there is none.
    uint64_t sve_address() const { return sve_address_; }

    bool find_fpsimd(FpsimdContext* out) {
        bool found = false;
        for (;;) {
            ContextHead head;
            if (limit_ - offset_ < sizeof head || offset_ % 16 != 0) return false;
            if (!guest::read_object(&head, base_ + offset_)) return false;
            if (limit_ - offset_ < head.size) return false;
            if (head.magic == 0) return head.size == 0 && found;
            if (head.size < sizeof head) return false;
            if (head.magic == kExtraMagic) {
                if (!enter_extra(head)) return false;
                continue;
            }
            if (head.magic == kFpsimdMagic) {
                if (found || head.size < sizeof *out || !guest::read_object(out, base_ + offset_))
                    return false;
                found = true;
            } else if (head.magic == kSveMagic && guest::enabled(guest::Feature::SVE)) {
                if (sve_address_ || head.size < sizeof(SveContext)) return false;
                sve_address_ = base_ + offset_;
            } else if (head.magic != kEsrMagic) {
                return false;
            }
            offset_ += head.size;
        }
    }

  private:
    bool enter_extra(const ContextHead& head) {
        ExtraContext extra;
        ContextHead end;
        if (in_extra_ || head.size < sizeof extra || limit_ - offset_ - head.size < kTerminatorSize)
            return false;
        const uint64_t end_address = base_ + offset_ + head.size;
        if (!guest::read_object(&extra, base_ + offset_) || !guest::read_object(&end, end_address))
            return false;
        if (end.magic != 0 || end.size != 0) return false;
        if (extra.data % 16 != 0 || extra.size % 16 != 0 || extra.data != end_address + kTerminatorSize)
            return false;
        if (extra.size > frame_ + kLargestFrame - extra.data) return false;
        in_extra_ = true;
        base_ = extra.data;
        offset_ = 0;
        limit_ = extra.size;
        return true;
    }

    uint64_t frame_;
    uint64_t base_;
    uint64_t offset_ = 0;
    uint64_t limit_ = kRecordsSize;
    uint64_t sve_address_ = 0;
    bool in_extra_ = false;
};

}  // namespace

uint64_t frame_pstate(const guest::CpuState& cpu) {
    return cpu.nzcv() | cpu.pstate | btype_bits(cpu.btype);
}

void set_frame_pstate(guest::CpuState& cpu, uint64_t pstate) {
    cpu.set_nzcv(static_cast<uint32_t>(pstate & kFlagBits));
    restore_pstate(cpu, pstate);
}

namespace {

struct SveRegisters {
    bool present = false;
    uint8_t bytes[sve_registers_size(guest::kSveMaxBytes)];
};

// False: the record is bad. It may be empty, or for the present vector length.
bool read_sve_record(const guest::CpuState& cpu, uint64_t address, SveRegisters* to) {
    SveContext record;
    if (address == 0) return true;
    const unsigned vl = guest::sve_vl(cpu);
    if (!guest::read_object(&record, address) || record.vl != vl) return false;
    if (record.head.size <= sizeof record) return true;
    if (record.head.size < sve_record_size(vl)) return false;
    to->present = guest::read_memory(to->bytes, address + sizeof record, sve_registers_size(vl));
    return to->present;
}

}  // namespace

bool push_frame(ThreadSignals* state, const GuestAction& action, const siginfo_t& info,
                uint64_t mask_to_save) {
    guest::CpuState& cpu = state->thread->cpu;
    uint64_t top = cpu.sp;
    if (action.flags & SA_ONSTACK && alt_stack_state(state->alt_stack, cpu.sp) == 0) {
        top = state->alt_stack.sp + state->alt_stack.size;
    }
    const uint64_t record_address = (top - sizeof(FrameRecord)) & ~uint64_t{15};
    const uint64_t frame_address = record_address - kFrameSize;

    FilledFrame filled;
    const uint64_t size = fill_frame(*state, mask_to_save, &filled);
    const bool with_info = action.flags & SA_SIGINFO;
    uint64_t skipped = offsetof(SignalFrame, user);
    if (with_info) {
        filled.frame.info = info;
        skipped = 0;
    }
    const FrameRecord record{cpu.x[29], cpu.x[30]};
    if (!guest::write_object(untagged(record_address), record)) return false;
    if (!guest::write_memory(untagged(frame_address) + skipped,
                             reinterpret_cast<const uint8_t*>(&filled) + skipped, size - skipped))
        return false;

    cpu.x[0] = static_cast<uint64_t>(info.si_signo);
    if (with_info) {
        cpu.x[1] = frame_address;
        cpu.x[2] = frame_address + offsetof(SignalFrame, user);
    }
    cpu.x[29] = record_address;
    cpu.x[30] =
        action.flags & kFlagRestorer ? action.restorer : loader::current_program().sigreturn_trampoline;
    cpu.sp = frame_address;
    cpu.pc = action.handler;
    cpu.pstate &= ~guest::kPstateTco;
    cpu.btype = guest::enabled(guest::Feature::BTI) ? 1u << kBtypeCall : 0;
    return true;
}

bool pop_frame(ThreadSignals* state, uint64_t* mask) {
    guest::CpuState& cpu = state->thread->cpu;
    const uint64_t frame_address = untagged(cpu.sp);
    if (frame_address % 16 != 0) return false;
    // Only what the kernel reads: the frame's end may lie in unmapped memory.
    SignalFrame frame;
    if (!guest::read_object(&frame, frame_address)) return false;
    const UserContext& user = frame.user;
    *mask = user.mask & ~kUnblockable;
    FpsimdContext fpsimd;
    if (user.context.pstate & kForbiddenBits) return false;
    RecordParser parser(frame_address);
    SveRegisters sve;
    if (!parser.find_fpsimd(&fpsimd) || !read_sve_record(cpu, parser.sve_address(), &sve)) return false;

    memcpy(cpu.x, user.context.x, sizeof cpu.x);
    cpu.sp = user.context.sp;
    cpu.pc = user.context.pc;
    set_frame_pstate(cpu, user.context.pstate);
    memcpy(cpu.v, fpsimd.v, sizeof cpu.v);
    guest::clear_sve(cpu);
    if (sve.present) take_sve(cpu, guest::sve_vl(cpu), sve.bytes);
    cpu.write_fpcr(fpsimd.fpcr);
    cpu.write_fpsr(fpsimd.fpsr);
    // Whatever is wrong with the alternate stack, the kernel goes on without it.
    set_alt_stack(&state->alt_stack, cpu.sp, user.stack_sp, user.stack_size, user.stack_flags);
    return true;
}

}  // namespace armature::signals
