// SPDX-License-Identifier: MIT
// Running guest code: fibers, and the three ways from translated code into C++ and back (leave, link,
// lookup).
#include <sys/mman.h>

#include <boost/context/detail/fcontext.hpp>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <utility>

#include "guest/address_space.h"
#include "guest/options.h"
#include "support/log.h"
#include "translator/hooks.h"
#include "translator/opt/opt.h"
#include "translator/runtime/emulate.h"
#include "translator/runtime/exclusive.h"
#include "translator/runtime/faults.h"
#include "translator/runtime/interpret.h"
#include "translator/runtime/probes.h"
#include "translator/runtime/runtime.h"
#include "translator/x64/host_features.h"

namespace armature::translator {

using boost::context::detail::jump_fcontext;
using boost::context::detail::make_fcontext;
using boost::context::detail::transfer_t;

namespace runtime {

bool registers_watched = false;
bool tags_seen = false;
bool tag_checks = false;
std::atomic<bool> status_wanted{false};
bool exact_status = false;
std::atomic<bool> sve_wanted{false};
bool sve_seen = false;
bool sve_lengths_differ = false;
std::atomic<bool> stack_misaligned{false};
std::atomic<bool> parallel{false};
Statistics totals;

namespace {

constexpr size_t kFiberStackSize = 512u << 10;  // for the translator and for plugin callbacks
constexpr size_t kFiberEntryReserve =
    1024;  // above cxx_sp: the frame that entered translated code for the first time
constexpr size_t kDefaultCodeBytes = 128u << 20;
constexpr uint64_t kNoReturn = 1;  // no guest return address equals it: the bottom pair of a call stack

std::mutex runtimes_mutex;  // leaf
ThreadRuntime* runtimes = nullptr;

unsigned cache_index(uint64_t address) {
    return (address >> 2) & (x64::kJumpCacheEntries - 1);
}
// A key that no address with this index equals, whatever a hostile guest branches to.
uint64_t empty_key(unsigned index) {
    return index ? 0 : 4;
}

// Emptying the call stack keeps translated code from returning into code that was dropped.
void check_generation(ThreadRuntime& runtime) {
    const uint64_t generation = CodeCache::instance().generation();
    if (runtime.generation == generation) return;
    runtime.generation = generation;
    runtime.thread->cpu.host_sp = runtime.call_stack_base;
}

TranslatedBlock* find(guest::CpuState& cpu) {
    return CodeCache::instance().find(cpu.pc);
}

// True once: the program is about to look at FPSR, or has set FPCR.FZ, and the translations so far are not
// exact enough.
bool asks_for_status(const guest::CpuState& cpu) {
    constexpr uint32_t kFpcrFz = 1u << 24;
    if (exact_status || !(status_wanted.load() || cpu.fpcr & kFpcrFz)) return false;
    exact_status = true;
    return true;
}

// True once: the program is about to use SVE, and the translations so far do not note what AdvSIMD writes.
bool asks_for_sve() {
    if (sve_seen || !sve_wanted.load()) return false;
    sve_seen = true;
    return true;
}

// A branch ignores the tag (top byte) of a user address, one whose bit 55 is zero.
uint64_t without_tag(uint64_t pc) {
    return pc >> 55 & 1 ? pc : pc & ~uint64_t{0} >> 8;
}

// The translation of the block at cpu.pc, made if there is none. Returns inside (see exclusive.h); null if
// the code there cannot be fetched, with runtime.fault saying why.
TranslatedBlock* block_at_pc(ThreadRuntime& runtime) {
    guest::CpuState& cpu = runtime.thread->cpu;
    for (;;) {
        cpu.pc = without_tag(cpu.pc);
        if (TranslatedBlock* block = find(cpu)) return block;
        leave_inside(runtime);
        if (run_unvisited(runtime)) {
            enter_inside(runtime);
            check_generation(runtime);
            continue;
        }
        const bool unfetchable = fetch_faults(runtime, cpu.pc);
        if (!unfetchable && (!translate(runtime, cpu.pc) || asks_for_status(cpu) || asks_for_sve())) {
            exclusively(flush_exclusively, nullptr);
        }
        enter_inside(runtime);
        check_generation(runtime);
        if (unfetchable) return nullptr;
    }
}

const void* enter_block(ThreadRuntime& runtime, TranslatedBlock* block) {
    if (!block) {
        runtime.thread->cpu.exit_code = x64::kExitFault;
        return x64::thunks.leave_saved;
    }
    if (support::log_mask()) trace_execution(runtime.thread->cpu, *block);
    return block->code;
}

// A signal frame, a new thread's stack or a plugin can misalign the stack pointer without translated code.
void look_at_stack(const guest::CpuState& cpu) {
    if (cpu.sp % 16 == 0 || stack_misaligned.exchange(true)) [[likely]]
        return;
    exclusively(flush_exclusively, nullptr);
}

const void* go_on(ThreadRuntime& runtime) {
    if (asks_for_status(runtime.thread->cpu)) exclusively(flush_exclusively, nullptr);
    look_at_stack(runtime.thread->cpu);
    enter_inside(runtime);
    check_generation(runtime);
    return enter_block(runtime, block_at_pc(runtime));
}

// --- What the thunks call
// -------------------------------------------------------------------------------------------

const void* leave(guest::CpuState* cpu) {
    ThreadRuntime& runtime = of(cpu);
    empty_counter_lane(cpu);
    if (cpu->exit_code == x64::kExitEmulate) emulate(runtime);
    leave_inside(runtime);
    if (cpu->exit_code != x64::kExitResync) {
        const transfer_t back = jump_fcontext(runtime.loop, nullptr);
        runtime.loop = back.fctx;
    } else if (drop_requested.exchange(false)) {
        exclusively(flush_exclusively, nullptr);
    }
    return go_on(runtime);
}

const void* leave_stepped(guest::CpuState* cpu) {
    cpu->exit_code = x64::kExitInterrupted;
    return leave(cpu);
}

const void* link(guest::CpuState* cpu, uint64_t site) {
    ThreadRuntime& runtime = of(cpu);
    empty_counter_lane(cpu);
    cpu->pc = CodeCache::instance().target_of(site);
    if (runtime.stepping) return leave_stepped(cpu);
    return enter_block(runtime, block_at_pc(runtime));
}

const void* lookup(guest::CpuState* cpu) {
    if (cpu->exit_request.load(std::memory_order_relaxed)) {
        // Indirect branches poll, and come here when asked to leave.
        cpu->exit_code = x64::kExitInterrupted;
        return leave(cpu);
    }
    ThreadRuntime& runtime = of(cpu);
    if (runtime.stepping) return leave_stepped(cpu);
    empty_counter_lane(cpu);
    TranslatedBlock* block = block_at_pc(runtime);
    if (block && !guest::options.no_chain && opt::enabled(opt::k_jump_cache)) {
        const unsigned index = cache_index(cpu->pc);
        x64::JumpCacheEntry& entry = runtime.jump_cache[index];
        entry.guest = empty_key(index);
        entry.host = block->code;
        std::atomic_ref(entry.guest).store(cpu->pc, std::memory_order_seq_cst);
        // An invalidation that runs meanwhile either finds the entry or is seen here.
        if (!block->valid.load(std::memory_order_seq_cst)) entry.guest = empty_key(index);
    }
    return enter_block(runtime, block);
}

void fiber_main(transfer_t from) {
    ThreadRuntime& runtime = *static_cast<ThreadRuntime*>(from.data);
    runtime.loop = from.fctx;
    guest::CpuState& cpu = runtime.thread->cpu;
    cpu.host_sp = runtime.call_stack_base;
    x64::thunks.enter(&cpu, go_on(runtime));
    __builtin_unreachable();
}

}  // namespace

void flush_exclusively(void*) {
    CodeCache::instance().drop_all();
    totals.flushes++;
    if (hooks.flushed) hooks.flushed();
}

void refresh_call_stacks() {
    for_each_runtime(
        [](ThreadRuntime& runtime, void*) {
            *reinterpret_cast<uint64_t*>(runtime.call_stack_base) =
                reinterpret_cast<uint64_t>(x64::thunks.return_underflow);
        },
        nullptr);
}

void for_each_runtime(void (*fn)(ThreadRuntime&, void*), void* argument) {
    const std::lock_guard guard(runtimes_mutex);
    for (ThreadRuntime* runtime = runtimes; runtime; runtime = runtime->next) fn(*runtime, argument);
}

void clear_jump_caches() {
    for_each_runtime(
        [](ThreadRuntime& runtime, void*) {
            for (unsigned i = 0; i < x64::kJumpCacheEntries; i++) {
                x64::JumpCacheEntry& entry = runtime.jump_cache[i];
                if (entry.guest) std::atomic_ref(entry.guest).store(empty_key(i), std::memory_order_relaxed);
            }
        },
        nullptr);
}

void forget_in_jump_caches(uint64_t address) {
    for_each_runtime(
        [](ThreadRuntime& runtime, void* which) {
            const uint64_t wanted = *static_cast<uint64_t*>(which);
            const unsigned index = cache_index(wanted);
            uint64_t expected = wanted;
            std::atomic_ref(runtime.jump_cache[index].guest)
                .compare_exchange_strong(expected, empty_key(index));
        },
        &address);
}

}  // namespace runtime

using namespace runtime;

// The one that the thunks were made in is the first thread's.
namespace {

x64::CodeBuffer* spare_buffer = nullptr;

x64::CodeBuffer* take_code_buffer() {
    x64::CodeBuffer* const spare = std::exchange(spare_buffer, nullptr);
    return spare ? spare : x64::create_code_buffer();
}

}  // namespace

ThreadRuntime::ThreadRuntime(guest::Thread* owner)
    : thread(owner), buffer(take_code_buffer()), allocator(kFiberStackSize) {
    stack = allocator.allocate();
    uint8_t* top = static_cast<uint8_t*>(stack.sp);
    fiber = make_fcontext(top, stack.size, fiber_main);

    void* memory = mmap(nullptr, kCallStackSize + guest::kPageSize, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    void* cache = mmap(nullptr, sizeof(x64::JumpCacheEntry) * x64::kJumpCacheEntries, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED || cache == MAP_FAILED || mprotect(memory, guest::kPageSize, PROT_NONE) != 0) {
        support::fatal(1, "cannot map a thread's stacks: %s", strerror(errno));
    }
    jump_cache = static_cast<x64::JumpCacheEntry*>(cache);
    jump_cache[0].guest = empty_key(0);
    call_stack = static_cast<uint8_t*>(memory);
    call_stack_base = reinterpret_cast<uint64_t>(call_stack) + guest::kPageSize + kCallStackSize - 64 + 8;
    uint64_t* bottom = reinterpret_cast<uint64_t*>(call_stack_base);
    bottom[0] = reinterpret_cast<uint64_t>(x64::thunks.return_underflow);
    bottom[1] = kNoReturn;
    generation = CodeCache::instance().generation();

    guest::CpuState& cpu = thread->cpu;
    cpu.dispatcher = this;
    cpu.jump_cache = jump_cache;
    cpu.cxx_sp = (reinterpret_cast<uint64_t>(top) - kFiberEntryReserve) & ~uint64_t{63};
    cpu.host_sp = call_stack_base;

    const std::lock_guard guard(runtimes_mutex);
    // Every program's first thread soon touches most pages of its table.
    if (!runtimes) madvise(cache, sizeof(x64::JumpCacheEntry) * x64::kJumpCacheEntries, MADV_POPULATE_WRITE);
    next = runtimes;
    runtimes = this;
}

ThreadRuntime::~ThreadRuntime() {
    {
        const std::lock_guard guard(runtimes_mutex);
        ThreadRuntime** at = &runtimes;
        while (*at != this) at = &(*at)->next;
        *at = next;
    }
    x64::destroy_code_buffer(buffer);
    munmap(call_stack, kCallStackSize + guest::kPageSize);
    munmap(jump_cache, sizeof(x64::JumpCacheEntry) * x64::kJumpCacheEntries);
    allocator.deallocate(stack);
}

void initialise() {
    std::string bad;
    if (!opt::disable_passes(guest::options.disabled_optimisations, &bad)) {
        support::fatal(1, "ARMATURE_DISABLE: no optimisation is called '%s'", bad.c_str());
    }
    if (!x64::mask_host_features(guest::options.host_features, &bad)) {
        support::fatal(1, "ARMATURE_HOST: no host feature is called '%s'", bad.c_str());
    }
    CodeCache& cache = CodeCache::instance();
    cache.initialise(guest::options.tb_size_mib ? guest::options.tb_size_mib << 20 : kDefaultCodeBytes,
                     !guest::options.no_chain && opt::enabled(opt::k_links));
    x64::thunks.leave = leave;
    x64::thunks.link = link;
    x64::thunks.lookup = lookup;
    x64::CodeBuffer* buffer = x64::create_code_buffer();
    cache.place_thunks(x64::make_thunks(buffer, cache.thunk_address()));
    spare_buffer = buffer;
    guest::AddressSpace::instance().set_invalidate_hook(invalidate);
}

ThreadRuntime* create_thread_runtime(guest::Thread* thread) {
    return new ThreadRuntime(thread);
}

void destroy_thread_runtime(ThreadRuntime* runtime) {
    delete runtime;
}

Exit run(guest::Thread* thread) {
    ThreadRuntime& runtime = *thread->runtime;
    const transfer_t back = jump_fcontext(runtime.fiber, &runtime);
    runtime.fiber = back.fctx;
    const guest::CpuState& cpu = thread->cpu;
    Exit exit{};
    exit.immediate = static_cast<uint32_t>(cpu.exit_argument);
    switch (cpu.exit_code) {
        case x64::kExitSyscall:
            exit.reason = ExitReason::Syscall;
            break;
        case x64::kExitUndefined:
            exit.reason = ExitReason::Undefined;
            break;
        case x64::kExitBreakpoint:
            exit.reason = ExitReason::Breakpoint;
            break;
        case x64::kExitFault:
            return runtime.fault;
        default:
            exit.reason = ExitReason::Interrupted;
            break;
    }
    return exit;
}

Exit step(guest::Thread* thread) {
    thread->runtime->stepping = true;
    const Exit exit = run(thread);
    thread->runtime->stepping = false;
    return exit;
}

void set_stepping(bool on) {
    static bool stepping = false;
    static bool one_insn_per_tb, no_chain, links;  // as they were before
    if (stepping == on) return;
    run_exclusive(
        [](void*) {
            stepping = !stepping;
            if (stepping) {
                one_insn_per_tb = std::exchange(guest::options.one_insn_per_tb, true);
                no_chain = std::exchange(guest::options.no_chain, true);
                links = CodeCache::instance().set_links(false);
            } else {
                guest::options.one_insn_per_tb = one_insn_per_tb;
                guest::options.no_chain = no_chain;
                CodeCache::instance().set_links(links);
            }
            flush_exclusively(nullptr);
        },
        nullptr);
}

void invalidate(uint64_t begin, uint64_t end) {
    if (begin < end) CodeCache::instance().invalidate(begin, end);
}

void flush_all() {
    run_exclusive(flush_exclusively, nullptr);
}

void become_parallel() {
    if (!parallel.exchange(true) && opt::enabled(opt::k_single_thread)) flush_all();
}

void start_tag_checks() {
    run_exclusive(
        [](void*) {
            if (tag_checks) return;
            tag_checks = tags_seen = true;
            flush_exclusively(nullptr);
        },
        nullptr);
}

void change_sve_length(bool others_differ) {
    if (others_differ || parallel) sve_lengths_differ = true;
    flush_all();
}

Statistics statistics() {
    totals.host_bytes = CodeCache::instance().used();
    return totals;
}

void before_fork() {
    CodeCache::instance().lock();
    CodeCache::instance().copy_before_fork();
    runtimes_mutex.lock();
}

void after_fork(bool child) {
    runtimes_mutex.unlock();
    CodeCache::instance().after_fork(child);
    if (child) {
        reset_exclusive_after_fork();
        // The other threads' runtimes stay as memory of threads that no longer exist; only the caller's is in
        // the list.
        ThreadRuntime* self = guest::current_thread()->runtime;
        self->next = nullptr;
        runtimes = self;
    }
    CodeCache::instance().unlock();
}

// The callback's frames are left behind on the fiber's stack, as a longjmp would.
void leave_callback_at(guest::CpuState* cpu, uint64_t pc) {
    cpu->pc = pc;
    cpu->callback_access = 0;
    ThreadRuntime& runtime = of(cpu);
    leave_inside(runtime);
    x64::thunks.enter(cpu, go_on(runtime));
    __builtin_unreachable();
}

uint64_t callback_pc(const guest::CpuState* cpu) {
    return cpu->pc;
}

}  // namespace armature::translator
