// SPDX-License-Identifier: MIT
// One block, from guest bytes to published host code:
//   fetch - lift - (probes) - flag liveness - optimise - compile - publish.
//
// With instrumentation a block is lifted twice: once to learn where it ends, so that the plugin sees the
// whole block; then with the Probes that were asked for.
#include <algorithm>
#include <cstdlib>
#include <optional>

#include "guest/address_space.h"
#include "guest/features.h"
#include "guest/options.h"
#include "guest/sve_state.h"
#include "guest/user_access.h"
#include "support/log.h"
#include "translator/hooks.h"
#include "translator/lift/lifter.h"
#include "translator/opt/opt.h"
#include "translator/runtime/exclusive.h"
#include "translator/runtime/interpret.h"
#include "translator/runtime/probes.h"
#include "translator/runtime/runtime.h"
#include "translator/x64/counting_callback.h"
#include "translator/x64/host_features.h"
#include "translator/x64/register_plan.h"

namespace armature::translator {

Hooks hooks;

namespace runtime {
namespace {

using support::LogItem;

constexpr unsigned kMaxInstructions = 512;  // QEMU's limit, which plugins may rely on
constexpr unsigned kFetchChunk = 8;         // instructions read from guest memory at a time
constexpr unsigned kMostAhead = 8;          // blocks translated before they are asked for
constexpr uint64_t kPageMask = guest::kPageSize - 1;

// Guest code of one page, read in small pieces.
class Fetcher {
  public:
    bool fetch(uint64_t address, uint32_t* encoding) {
        if (address - begin_ >= size_) {
            begin_ = address;
            const uint64_t page_left = guest::kPageSize - (address & kPageMask);
            size_ = std::min<uint64_t>(page_left, sizeof code_);
            if (!guest::read_memory(code_, begin_, size_)) {
                size_ = 0;
                return false;
            }
        }
        *encoding = code_[(address - begin_) / 4];
        return true;
    }

  private:
    uint64_t begin_ = 0;
    uint64_t size_ = 0;
    uint32_t code_[kFetchChunk];
};

// MRS and MSR of FPSR.
bool accesses_status(uint32_t encoding) {
    return (encoding & 0xffdfffe0) == 0xd51b4420;
}

bool is_sve(uint32_t encoding) {
    return (encoding & 0x1e000000) == 0x04000000 && guest::enabled(guest::Feature::SVE);
}

// How long the vectors are that translations may do themselves; 0: none.
unsigned sve_length(const ThreadRuntime& runtime) {
    return x64::host_features().sve() && sve_seen && !sve_lengths_differ ? guest::sve_vl(runtime.thread->cpu)
                                                                         : 0;
}

// Lifts from `address` until the block ends, with Probes if there are any.
ir::Block lift_block(ThreadRuntime& runtime, uint64_t address, unsigned limit, ProbePlacement* probes) {
    ir::Builder builder(runtime.arena);
    Fetcher fetcher;
    builder.set_stack_check(stack_misaligned.load(std::memory_order_relaxed) ? ir::StackCheck::Accesses
                                                                             : ir::StackCheck::Changes);
    builder.set_tag_checks(tag_checks);
    builder.set_records_v_writes(sve_seen);
    builder.set_sve_length(sve_length(runtime));
    builder.begin(address);
    uint64_t pc = address;
    for (unsigned count = 0; count < limit; count++, pc += 4) {
        uint32_t encoding = 0;
        if (!fetcher.fetch(pc, &encoding)) break;
        builder.begin_guest(pc, encoding, 0);
        if (count == 0) lift::check_landing(builder, pc, encoding);
        if (probes) probes->before(builder, count);
        if (accesses_status(encoding)) status_wanted.store(true);
        if (is_sve(encoding)) sve_wanted.store(true);
        if (lift::lift(builder, pc, encoding) == lift::LiftResult::Ended) break;
        if (((pc + 4) & kPageMask) == 0) {
            pc += 4;
            break;
        }
    }
    if (!builder.ended()) {
        ir::Terminator go_on;
        go_on.kind = ir::Terminator::Jump;
        go_on.target = pc;
        builder.end(go_on);
    }
    ir::Block block = builder.finish();
    block.calls_back = probes && probes->has_called_back();
    block.mask_tags = tags_seen;
    block.exact_status = exact_status;
    block.sve_length = static_cast<uint8_t>(builder.sve_length());
    block.parallel = parallel.load(std::memory_order_relaxed) || !opt::enabled(opt::k_single_thread);
    return block;
}

bool flags_live_out(const ir::Block& block) {
    if (!block.sets_flags) return true;  // they are where they were
    // Plugins that read registers and -d cpu may look at NZCV where the program does not; -one-insn-per-tb is
    // for looking closely.
    if (!opt::enabled(opt::k_flag_liveness) || registers_watched || guest::options.one_insn_per_tb ||
        support::log_enabled(LogItem::Cpu)) {
        return true;
    }
    switch (block.end.kind) {
        case ir::Terminator::Jump:
            return flags_live_at(block.end.target, block.address);
        case ir::Terminator::IfCond:
        case ir::Terminator::IfZero:
        case ir::Terminator::IfNotZero:
        case ir::Terminator::IfBitClear:
        case ir::Terminator::IfBitSet:
            return flags_live_at(block.end.target, block.address) ||
                   flags_live_at(block.end.next, block.address);
        default:
            return true;
    }
}

std::span<const Probe> keep(ThreadRuntime& runtime, std::span<const Probe> probes) {
    support::Arena& arena = runtime.arena;
    const bool alone = !parallel.load(std::memory_order_relaxed) && opt::enabled(opt::k_single_thread);
    const std::span<Probe> copy = arena.make_array<Probe>(probes.size());
    std::copy(probes.begin(), probes.end(), copy.begin());
    for (Probe& probe : copy) {
        if (opt::enabled(opt::k_counting_callbacks)) x64::replace_counting_callback(&probe);
        ProbeCounter& counter = probe.counter;
        // There is but one vCPU.
        if (alone && counter.stride && !counter.base && !counter.in_vcpu)
            counter = {.address = counter.of(runtime.thread->cpu)};
    }
    return copy;
}

// Shows the block to the instrumentation; returns what it wants, null if there is none. What needs a
// destructor is in `place`.
ProbePlacement* instrument(ThreadRuntime& runtime, const ir::Block& plain,
                           std::optional<ProbePlacement>* place) {
    // Read once: a plugin's reset on another thread may take the hook away.
    void (*const show)(ProbedBlock*) = __atomic_load_n(&hooks.translate, __ATOMIC_ACQUIRE);
    if (!show) return nullptr;
    support::Arena& arena = runtime.arena;
    ProbedBlock* probed = arena.make<ProbedBlock>();
    probed->address = plain.address;
    probed->instructions = arena.make_array<ProbedInstruction>(plain.guest.size());
    for (size_t i = 0; i < plain.guest.size(); i++) {
        probed->instructions[i].address = plain.guest[i].address;
        probed->instructions[i].encoding = plain.guest[i].encoding;
    }
    show(probed);
    probed->entry = keep(runtime, probed->entry);
    for (ProbedInstruction& instruction : probed->instructions) {
        instruction.before = keep(runtime, instruction.before);
        instruction.memory = keep(runtime, instruction.memory);
    }
    if (hooks.translate_done) hooks.translate_done(probed);
    return &place->emplace(arena, *probed, plain);
}

// What the first callbacks of all change for all translations.
struct Demands {
    bool calls = false;      // the call plan
    bool registers = false;  // exact NZCV at the ends of blocks
};

void meet_exclusively(void* argument) {
    const Demands& demands = *static_cast<Demands*>(argument);
    if (CodeCache::instance().any_blocks()) {
        flush_exclusively(nullptr);
    } else {
        CodeCache::instance().drop_all();
    }
    if (demands.calls) {
        x64::select_plan(true);
        refresh_call_stacks();
    }
    if (demands.registers) registers_watched = true;
}

// True if translations had to be dropped, so that everything must be looked at again.
bool meet_demands(const ProbePlacement& probes) {
    Demands demands{probes.calls_back() && !x64::plan->calls,
                    probes.access_level() != 0 && !registers_watched};
    if (!demands.calls && !demands.registers) return false;
    exclusively(meet_exclusively, &demands);
    return true;
}

bool compile_block(ThreadRuntime& runtime, ir::Block& block, x64::CompiledCode* code) {
    const bool traced = support::log_mask() && in_debug_filter(block.address);
    block.flags_live_out = flags_live_out(block);
    if (traced && support::log_enabled(LogItem::InAsm)) trace_guest_code(block);
    if (traced && support::log_enabled(LogItem::Op)) trace_ir(block, false);
    opt::optimise(block);
    if (traced && support::log_enabled(LogItem::OpOpt)) trace_ir(block, true);
    return x64::compile(block, runtime.buffer, runtime.arena, code);
}

// As translate(), but this block alone; `end` is how it ends.
TranslatedBlock* translate_one(ThreadRuntime& runtime, uint64_t address, ir::Terminator* end) {
    unsigned limit = guest::options.one_insn_per_tb ? 1 : kMaxInstructions;
    for (;;) {
        uint64_t changes_seen = CodeCache::instance().changes();
        runtime.arena.reset();
        ir::Block block = lift_block(runtime, address, limit, nullptr);
        std::optional<ProbePlacement> place;
        ProbePlacement* probes = instrument(runtime, block, &place);
        if (probes) {
            if (meet_demands(*probes)) changes_seen = CodeCache::instance().changes();
            block = lift_block(runtime, address, probes->size(), probes);
        }
        x64::CompiledCode code;
        if (!compile_block(runtime, block, &code)) {
            limit = static_cast<unsigned>(block.guest.size()) / 2;  // too long for the generator: half of it
            if (limit == 0)
                support::fatal(1, "internal error: one instruction at 0x%lx is too long to translate",
                               address);
            continue;
        }
        TranslatedBlock* published = nullptr;
        const CodeCache::Outcome outcome = CodeCache::instance().publish(
            changes_seen, address, static_cast<unsigned>(block.guest.size()), code, probes, &published);
        if (outcome == CodeCache::Outcome::Stale) continue;
        if (outcome == CodeCache::Outcome::Full) return nullptr;
        totals.blocks++;
        totals.instructions += block.guest.size();
        if (hooks.published) hooks.published(address, published->code, published->size);
        if (support::log_enabled(LogItem::OutAsm) && in_debug_filter(address))
            trace_host_code(block, code, published->code);
        *end = block.end;
        return published;
    }
}

// Whoever watches translations or single blocks sees them made when they are needed.
bool translates_ahead() {
    return opt::enabled(opt::k_translate_ahead) && !hooks.translate && !guest::options.one_insn_per_tb &&
           !guest::options.no_chain;
}

}  // namespace

ir::Block lift_plain(ThreadRuntime& runtime, uint64_t address) {
    return lift_block(runtime, address, kMaxInstructions, nullptr);
}

// What follows an unconditional jump or call is needed for certain: made in the same go, it is linked before
// translated code comes back to ask for it.
TranslatedBlock* translate(ThreadRuntime& runtime, uint64_t address) {
    ir::Terminator end;
    TranslatedBlock* const first = translate_one(runtime, address, &end);
    if (!first || !translates_ahead()) return first;
    for (unsigned n = 0; n < kMostAhead; n++) {
        if (end.kind != ir::Terminator::Jump && end.kind != ir::Terminator::Call) break;
        const uint64_t next = end.target;
        if (next & 3 || !guest::AddressSpace::instance().is_executable(next)) break;
        if (CodeCache::instance().find(next) || !translate_one(runtime, next, &end)) break;
        note_visit(next);
    }
    return first;
}

}  // namespace runtime
}  // namespace armature::translator
