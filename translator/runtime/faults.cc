// SPDX-License-Identifier: MIT
// The fault map at work. Every host instruction that may fault has a FaultPoint: the guest instruction it
// belongs to and where NZCV are. All other guest state is in its place by construction (ir.h), in pinned
// registers or in CpuState, so the handler copies the pinned registers out of the signal frame and sends the
// thread out through a thunk. The handler runs on the alternate signal stack and does nothing that is not
// async-signal-safe.
#include "translator/runtime/faults.h"

#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <cstring>

#include "guest/address_space.h"
#include "guest/user_access.h"
#include "translator/runtime/probes.h"
#include "translator/x64/register_plan.h"

namespace armature::translator {
namespace runtime {

std::atomic<bool> drop_requested{false};

namespace {

// Where the host registers are in gregs, in the numbering of x64::Host.
constexpr int kGreg[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                           REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};

constexpr uint32_t kEflagsC = 1u << 0;
constexpr uint32_t kEflagsP = 1u << 2;
constexpr uint32_t kEflagsZ = 1u << 6;
constexpr uint32_t kEflagsS = 1u << 7;
constexpr uint32_t kEflagsO = 1u << 11;

// Exception flags of MXCSR; their masks are seven bits above.
constexpr uint32_t kAllFlags = 0x3f;
constexpr uint32_t kFlagDenormal = 1u << 1;
constexpr uint32_t kFlagUnderflow = 1u << 4;
constexpr uint32_t kFlagInexact = 1u << 5;
constexpr uint32_t kFpsrIxc = 1u << 4;
constexpr uint32_t kFpsrIdc = 1u << 7;

constexpr int kSiKernel = 0x80;  // the host's si_code for a general protection fault: a non-canonical address

// Exception classes and fault status codes of ESR_EL1.
constexpr uint64_t kEsrDataAbort = uint64_t{0x24} << 26 | 1u << 25;
constexpr uint64_t kEsrInstructionAbort = uint64_t{0x20} << 26 | 1u << 25;
constexpr uint64_t kEsrPcAlignment = uint64_t{0x22} << 26 | 1u << 25;
constexpr uint64_t kEsrStackAlignment = uint64_t{0x26} << 26 | 1u << 25;
constexpr uint64_t kEsrWrite = 1u << 6;
constexpr uint64_t kTranslationFault = 0x07;
constexpr uint64_t kPermissionFault = 0x0f;
constexpr uint64_t kAlignmentFault = 0x21;
constexpr uint64_t kTagCheckFault = 0x11;
constexpr int kSegvMteSerr = 9;

uint32_t guest_flags(x64::FlagsAt at, uint64_t eflags) {
    uint32_t flags = 0;
    if (at == x64::FlagsAt::EflagsFcmp) {
        // ucomis: unordered ZPC, less C, equal Z. Arm: unordered CV, less N, equal ZC, greater C.
        if (eflags & kEflagsP) return guest::kFlagV;
        if (eflags & kEflagsZ) return guest::kFlagZ;
        return eflags & kEflagsC ? guest::kFlagN | guest::kFlagNotC : 0;
    }
    if (eflags & kEflagsS) flags |= guest::kFlagN;
    if (eflags & kEflagsZ) flags |= guest::kFlagZ;
    if (eflags & kEflagsO) flags |= guest::kFlagV;
    const bool carry = eflags & kEflagsC;
    const bool not_c = at == x64::FlagsAt::EflagsSub ? carry : at == x64::FlagsAt::EflagsAdd ? !carry : true;
    return flags | (not_c ? guest::kFlagNotC : 0);
}

void copy_registers(guest::CpuState& cpu, const ucontext_t& context, bool x0_in_state) {
    for (unsigned n = x0_in_state ? 1 : 0; n < 32; n++) {
        const int host = x64::plan->x[n];
        if (host == x64::InMemory) continue;
        (n == 31 ? cpu.sp : cpu.x[n]) = static_cast<uint64_t>(context.uc_mcontext.gregs[kGreg[host]]);
    }
    for (unsigned n = 0; n < 32; n++) {
        if (x64::plan->v[n] == x64::InMemory) continue;
        std::memcpy(static_cast<void*>(&cpu.v[n]), &context.uc_mcontext.fpregs->_xmm[x64::plan->v[n]],
                    sizeof cpu.v[n]);
    }
    if (!cpu.mxcsr_parked) cpu.mxcsr = context.uc_mcontext.fpregs->mxcsr;
}

const x64::FaultPoint* find_point(const TranslatedBlock& block, uint32_t offset) {
    size_t low = 0;
    size_t high = block.faults.size();
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (block.faults[middle].offset < offset) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < block.faults.size() && block.faults[low].offset == offset ? &block.faults[low] : nullptr;
}

// The call stack is full: empty it and run the pushing instructions again.
bool refill_call_stack(ThreadRuntime& runtime, siginfo_t* info, ucontext_t& context, uintptr_t restart) {
    const auto address = reinterpret_cast<uintptr_t>(info->si_addr);
    if (address - reinterpret_cast<uintptr_t>(runtime.call_stack) >= guest::kPageSize) return false;
    context.uc_mcontext.gregs[REG_RSP] = static_cast<greg_t>(runtime.call_stack_base);
    context.uc_mcontext.gregs[REG_RIP] = static_cast<greg_t>(restart);
    return true;
}

// Of the jump whose distance is at `at`.
greg_t jump_target(uintptr_t at) {
    int32_t distance = 0;
    std::memcpy(&distance, reinterpret_cast<const void*>(at), sizeof distance);
    return static_cast<greg_t>(at + sizeof distance) + distance;
}

// What guest/cpu_state.cc watches for under FPCR.FZ. A flushed operand: noted in FPSR, and the instruction
// runs again, unwatched. A result that is inexact or to be flushed: arithmetic is done out of line, by a
// helper that knows which (a result may have been tiny only before it was rounded); elsewhere it is inexact.
bool floating_point_event(guest::CpuState& cpu, const TranslatedBlock& block, ucontext_t& context) {
    uint32_t& mxcsr = context.uc_mcontext.fpregs->mxcsr;
    greg_t& rip = context.uc_mcontext.gregs[REG_RIP];
    const uint32_t raised = mxcsr & ~(mxcsr >> 7) & kAllFlags;
    if (raised & kFlagDenormal) {
        cpu.fpsr |= kFpsrIdc;
    } else if (!(raised & (kFlagUnderflow | kFlagInexact))) {
        return false;
    } else if (!(cpu.fpsr & kFpsrIxc)) {  // else a helper has set it, and the mask follows now
        const auto host_pc = static_cast<uintptr_t>(rip);
        const auto code = reinterpret_cast<uintptr_t>(block.code);
        const x64::FaultPoint* point = find_point(block, static_cast<uint32_t>(host_pc - code));
        if (point && point->kind == x64::kFaultTiny) {
            rip = jump_target(host_pc + point->restart);
        } else if (raised & kFlagUnderflow) {
            return false;
        } else {
            cpu.fpsr |= kFpsrIxc;
        }
    }
    cpu.mxcsr = mxcsr & ~(raised & kFlagUnderflow ? raised | kFlagInexact : raised);
    cpu.write_fpcr(cpu.fpcr);
    mxcsr = cpu.mxcsr;
    return true;
}

void describe_access(Exit& fault, const x64::FaultPoint& point, int signo, const siginfo_t* info) {
    fault = {};
    fault.reason = ExitReason::Fault;
    fault.signo = signo;
    fault.si_code = info->si_code == kSiKernel ? SEGV_MAPERR : info->si_code;
    fault.fault_address = reinterpret_cast<uint64_t>(info->si_addr);
    fault.esr = kEsrDataAbort | (point.is_store ? kEsrWrite : 0) |
                (signo == SIGSEGV && info->si_code == SEGV_ACCERR ? kPermissionFault : kTranslationFault);
}

void describe_refusal(Exit& fault, int si_code) {
    fault = {};
    fault.reason = ExitReason::Undefined;
    fault.si_code = si_code;
}

}  // namespace

void describe_misalignment(Exit& fault, uint64_t address, bool is_store) {
    fault = {};
    fault.reason = ExitReason::Fault;
    fault.signo = SIGBUS;
    fault.si_code = BUS_ADRALN;
    fault.fault_address = address;
    fault.esr = kEsrDataAbort | (is_store ? kEsrWrite : 0) | kAlignmentFault;
}

void describe_tag_mismatch(Exit& fault, uint64_t address, bool is_store) {
    fault = {};
    fault.reason = ExitReason::Fault;
    fault.signo = SIGSEGV;
    fault.si_code = kSegvMteSerr;
    // Bits 63 to 60 are not the tag's: they come from the address.
    fault.fault_address = address & ~(uint64_t{15} << 60);
    fault.esr = kEsrDataAbort | (is_store ? kEsrWrite : 0) | kTagCheckFault;
}

void describe_emulated_access(Exit& fault, uint64_t address, bool is_store) {
    guest::Mapping mapping;
    const bool mapped = guest::AddressSpace::instance().find(address, &mapping);
    const bool allowed = mapped && (mapping.prot & (is_store ? PROT_WRITE : PROT_READ));
    fault = {};
    fault.reason = ExitReason::Fault;
    fault.signo = allowed ? SIGBUS : SIGSEGV;
    fault.si_code = mapped ? SEGV_ACCERR : SEGV_MAPERR;
    if (allowed) fault.si_code = BUS_ADRERR;  // beyond a file's end
    fault.fault_address = address;
    fault.esr = kEsrDataAbort | (is_store ? kEsrWrite : 0) |
                (mapped && !allowed ? kPermissionFault : kTranslationFault);
}

bool fetch_faults(ThreadRuntime& runtime, uint64_t pc) {
    if ((pc & 3) == 0 && guest::AddressSpace::instance().is_executable(pc)) return false;
    Exit& fault = runtime.fault;
    fault = {};
    fault.reason = ExitReason::Fault;
    fault.fault_address = pc;
    if (pc & 3) {
        fault.signo = SIGBUS;
        fault.si_code = BUS_ADRALN;
        fault.esr = kEsrPcAlignment;
        return true;
    }
    guest::Mapping mapping;
    const bool mapped = guest::AddressSpace::instance().find(pc, &mapping);
    fault.signo = SIGSEGV;
    fault.si_code = mapped ? SEGV_ACCERR : SEGV_MAPERR;
    fault.esr = kEsrInstructionAbort | (mapped ? kPermissionFault : kTranslationFault);
    return true;
}

}  // namespace runtime

using namespace runtime;

bool in_translated_code(uintptr_t host_pc) {
    return CodeCache::instance().contains(host_pc);
}

bool handle_host_fault(int signo, siginfo_t* info, void* ucontext) {
    ucontext_t& context = *static_cast<ucontext_t*>(ucontext);
    const uintptr_t host_pc = static_cast<uintptr_t>(context.uc_mcontext.gregs[REG_RIP]);
    const CodeCache& cache = CodeCache::instance();
    if (!cache.contains(host_pc) || cache.in_thunks(host_pc)) return false;
    guest::Thread* thread = guest::current_thread();
    if (!thread || !thread->runtime) return false;
    ThreadRuntime& runtime = *thread->runtime;
    const TranslatedBlock* block = cache.block_of(host_pc);
    if (!block) return false;
    if (signo == SIGFPE) return floating_point_event(thread->cpu, *block, context);
    const x64::FaultPoint* point =
        find_point(*block, static_cast<uint32_t>(host_pc - reinterpret_cast<uintptr_t>(block->code)));
    if (!point) return false;
    if (point->kind == x64::kFaultPush) {
        return refill_call_stack(runtime, info, context, host_pc - point->restart);
    }

    const bool first_tag = info->si_code == kSiKernel && !tags_seen;
    if (point->kind == x64::kFaultRedo && !first_tag) {
        context.uc_mcontext.gregs[REG_RIP] = jump_target(host_pc + point->restart);
        return true;
    }

    guest::CpuState& cpu = thread->cpu;
    if (point->calls_back) context.uc_mcontext.gregs[REG_RSP] = static_cast<greg_t>(cpu.host_sp);
    copy_registers(cpu, context, point->x0_in_state);
    if (point->flags != x64::FlagsAt::State) {
        cpu.flags = guest_flags(point->flags, static_cast<uint64_t>(context.uc_mcontext.gregs[REG_EFL]));
    }
    cpu.pc = block->guest_pc(point->guest);
    cpu.exit_code = x64::kExitFault;
    if (point->kind == x64::kFaultAlignment || point->kind == x64::kFaultStackAlignment) {
        describe_misalignment(runtime.fault, static_cast<uint64_t>(context.uc_mcontext.gregs[REG_RAX]),
                              point->is_store);
        if (point->kind == x64::kFaultStackAlignment) runtime.fault.esr = kEsrStackAlignment;
    } else if (point->kind == x64::kFaultStackChange) {
        // As with tags, below: the instruction runs again in a translation that checks accesses instead.
        stack_misaligned.store(true);
        drop_requested.store(true);
        cpu.exit_code = x64::kExitResync;
    } else if (point->kind == x64::kFaultCalled) {
        // runtime.fault is there.
    } else if (point->kind == x64::kFaultLanding) {
        describe_refusal(runtime.fault, ILL_ILLOPC);
    } else if (point->kind == x64::kFaultTag) {
        describe_tag_mismatch(runtime.fault, static_cast<uint64_t>(context.uc_mcontext.gregs[REG_RAX]),
                              point->is_store);
    } else if (point->kind == x64::kFaultPac) {
        describe_refusal(runtime.fault, ILL_ILLOPN);
    } else if (first_tag) {
        // The first non-canonical address: it may be a tagged pointer. From now on translations mask the top
        // byte; the instruction runs again in a translation that does.
        tags_seen = true;
        drop_requested.store(true);
        cpu.exit_code = x64::kExitResync;
    } else {
        describe_access(runtime.fault, *point, signo, info);
    }
    take_back_credits(cpu, *block, point->guest, cpu.exit_code == x64::kExitResync);
    context.uc_mcontext.gregs[REG_RIP] = reinterpret_cast<greg_t>(x64::thunks.leave_saved);
    return true;
}

}  // namespace armature::translator
