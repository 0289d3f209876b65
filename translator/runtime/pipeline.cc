// SPDX-License-Identifier: MIT
// One block, from guest bytes to published host code:
//   fetch - lift - (probes) - flag liveness - optimise - compile - publish.
//
// With instrumentation a block is lifted twice: once to learn where it ends, so that the plugin sees the
// whole block; then with the Probes that were asked for.
#include <algorithm>
#include <cstdlib>

#include "guest/address_space.h"
#include "guest/options.h"
#include "guest/user_access.h"
#include "support/log.h"
#include "translator/hooks.h"
#include "translator/lift/lifter.h"
#include "translator/opt/opt.h"
#include "translator/runtime/runtime.h"

namespace armature::translator {

Hooks hooks;

namespace runtime {
namespace {

using support::LogItem;

constexpr unsigned kMaxInstructions = 512;  // QEMU's limit, which plugins may rely on
constexpr unsigned kFetchChunk = 16;        // instructions read from guest memory at a time
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

void emit_probes(ir::Builder& builder, std::span<const Probe> probes) {
    for (const Probe& probe : probes) {
        builder.emit(ir::Op::Probe, ir::Type::None, {}, {}, {}, {}, reinterpret_cast<uint64_t>(&probe));
    }
}

// Receives the lifter's reports of memory accesses and puts a MemoryProbe behind each that a plugin wants.
struct AccessProbes {
    ir::Builder* builder;
    std::span<const Probe> probes;

    static void report(void* context, ir::Value address, ir::Value value, ir::Value value2, uint32_t info) {
        const AccessProbes& self = *static_cast<AccessProbes*>(context);
        const uint8_t kind = info & kMemoryStore ? 2 : 1;
        for (const Probe& probe : self.probes) {
            if (!(probe.access & kind)) continue;
            const bool vector = self.builder->type(value) == ir::Type::V128;
            self.builder->emit(vector ? ir::Op::MemoryProbeV : ir::Op::MemoryProbe, ir::Type::None, address,
                               value, value2, self.builder->access_guard(),
                               reinterpret_cast<uint64_t>(&probe), static_cast<uint8_t>(info));
        }
    }
};

// Lifts from `address` until the block ends; `probed` adds its probes.
ir::Block lift_block(ThreadRuntime& runtime, uint64_t address, unsigned limit, const ProbedBlock* probed) {
    ir::Builder builder(runtime.arena);
    Fetcher fetcher;
    AccessProbes accesses{&builder, {}};
    builder.begin(address);
    uint64_t pc = address;
    for (unsigned count = 0; count < limit; count++, pc += 4) {
        uint32_t encoding = 0;
        if (!fetcher.fetch(pc, &encoding)) break;
        builder.begin_guest(pc, encoding, 0);
        if (probed) {
            if (count == 0) emit_probes(builder, probed->entry);
            emit_probes(builder, probed->instructions[count].before);
            accesses.probes = probed->instructions[count].memory;
            builder.set_access_hook(accesses.probes.empty() ? nullptr : AccessProbes::report, &accesses);
        }
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
    block.mask_tags = tags_seen;
    block.parallel = parallel.load(std::memory_order_relaxed) || !opt::enabled(opt::k_single_thread);
    return block;
}

bool flags_live_out(const ir::Block& block) {
    if (!block.sets_flags) return true;  // they are where they were
    // Plugins and -d cpu may look at NZCV where the program does not; -one-insn-per-tb is for looking
    // closely.
    if (!opt::enabled(opt::k_flag_liveness) || hooks.translate || guest::options.one_insn_per_tb ||
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

// What a plugin asked for, copied to where it lives as long as the translation.
std::span<const Probe> keep(std::span<const Probe> probes) {
    if (probes.empty()) return {};
    const std::span<Probe> copy = CodeCache::instance().keep_probes(probes.size());
    std::copy(probes.begin(), probes.end(), copy.begin());
    return copy;
}

// Shows the block to the instrumentation and returns it with probes that will live; null if there is none.
ProbedBlock* instrument(ThreadRuntime& runtime, const ir::Block& plain) {
    // Read once: a plugin's reset on another thread may take the hook away.
    void (*const show)(ProbedBlock*) = __atomic_load_n(&hooks.translate, __ATOMIC_ACQUIRE);
    if (!show) return nullptr;
    ProbedBlock* probed = runtime.arena.make<ProbedBlock>();
    probed->address = plain.address;
    probed->instructions = runtime.arena.make_array<ProbedInstruction>(plain.guest.size());
    for (size_t i = 0; i < plain.guest.size(); i++) {
        probed->instructions[i].address = plain.guest[i].address;
        probed->instructions[i].encoding = plain.guest[i].encoding;
    }
    show(probed);
    probed->entry = keep(probed->entry);
    for (ProbedInstruction& instruction : probed->instructions) {
        instruction.before = keep(instruction.before);
        instruction.memory = keep(instruction.memory);
    }
    if (hooks.translate_done) hooks.translate_done(probed);
    return probed;
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

// Where control goes on for certain after a block: that code is translated in the same go, which saves the
// way back from translated code just to ask for it.
class Ahead {
  public:
    void add(const ir::Terminator& end) {
        if (end.kind == ir::Terminator::Call || end.kind == ir::Terminator::CallIndirect) add(end.next);
        if (end.kind == ir::Terminator::Call || end.kind == ir::Terminator::Jump) add(end.target);
    }
    // The next one that can be translated and is not; false if there is none.
    bool next(uint64_t* address) {
        while (count_ && budget_) {
            *address = addresses_[--count_];
            if (*address & 3 || !guest::AddressSpace::instance().is_executable(*address)) continue;
            if (CodeCache::instance().find(*address)) continue;
            budget_--;
            return true;
        }
        return false;
    }

  private:
    static constexpr unsigned kMost = 16;
    void add(uint64_t address) {
        if (count_ < kMost) addresses_[count_++] = address;
    }
    uint64_t addresses_[kMost];
    unsigned count_ = 0;
    unsigned budget_ = kMost;
};

// As translate(), but this block alone; `end` is how it ends.
TranslatedBlock* translate_one(ThreadRuntime& runtime, uint64_t address, ir::Terminator* end) {
    unsigned limit = guest::options.one_insn_per_tb ? 1 : kMaxInstructions;
    for (;;) {
        const uint64_t changes_seen = CodeCache::instance().changes();
        runtime.arena.reset();
        ir::Block block = lift_block(runtime, address, limit, nullptr);
        if (const ProbedBlock* probed = instrument(runtime, block)) {
            block = lift_block(runtime, address, static_cast<unsigned>(probed->instructions.size()), probed);
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
            changes_seen, address, static_cast<unsigned>(block.guest.size()), code, &published);
        if (outcome == CodeCache::Outcome::Stale) continue;
        if (outcome == CodeCache::Outcome::Full) return nullptr;
        totals.blocks++;
        totals.instructions += block.guest.size();
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

TranslatedBlock* translate(ThreadRuntime& runtime, uint64_t address) {
    ir::Terminator end;
    TranslatedBlock* first = translate_one(runtime, address, &end);
    if (!first || !translates_ahead()) return first;
    Ahead ahead;
    ahead.add(end);
    while (ahead.next(&address) && translate_one(runtime, address, &end)) ahead.add(end);
    return first;
}

}  // namespace runtime
}  // namespace armature::translator
