// SPDX-License-Identifier: MIT
// The instruction fuzzer: random cases run here, translated by the real pipeline, and by oracles; registers,
// flags, FPSR, memory and the way a case ends must agree. A failure is one line that reproduces it:
//
//   a64_fuzz --runs 100000 --seed 7 --block 6 --only LDADD --oracle vixl,qemu
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "guest/address_space.h"
#include "guest/disassembler.h"
#include "guest/features.h"
#include "guest/options.h"
#include "guest/sve_state.h"
#include "guest/thread.h"
#include "guest/user_access.h"
#include "tests/fuzz/compare.h"
#include "tests/fuzz/generate.h"
#include "tests/fuzz/generate_sve.h"
#include "tests/fuzz/oracles.h"
#include "translator/decode/decoder.h"
#include "translator/translator.h"

namespace armature::fuzz {
namespace {

constexpr uint32_t kBrk = 0xd4200000;
constexpr uint32_t kSlots = FUZZ_CODE_SIZE / FUZZ_SLOT;

struct Settings {
    Choice choice;
    uint64_t runs = 20000;
    uint64_t seed = 1;
    unsigned max_failures = 20;
    bool vixl = true;
    std::string qemu = "qemu-aarch64";
    std::string guest = ARMATURE_FUZZ_GUEST;
    bool fpsr = true;
    std::string coverage;  // file for how often each row was compared
};

// --- This emulator

guest::Thread thread;

void on_fault(int signo, siginfo_t* info, void* context) {
    greg_t& host_pc = static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_RIP];
    if (const uintptr_t next = guest::recover_fault(static_cast<uintptr_t>(host_pc))) {
        host_pc = static_cast<greg_t>(next);
        return;
    }
    if (translator::handle_host_fault(signo, info, context)) return;
    greg_t& rip = static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_RIP];
    if (const uintptr_t go_on = guest::recover_fault(static_cast<uintptr_t>(rip))) {
        rip = static_cast<greg_t>(go_on);
        return;
    }
    signal(signo, SIG_DFL);  // happens again, and ends the run
}

bool start_emulator() {
    static char alternate[128 << 10];
    stack_t stack = {};
    stack.ss_sp = alternate;
    stack.ss_size = sizeof alternate;
    sigaltstack(&stack, nullptr);
    struct sigaction action = {};
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    for (const int signo : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP}) sigaction(signo, &action, nullptr);
    guest::AddressSpace& space = guest::AddressSpace::instance();
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
    if (space.map(FUZZ_CODE_BASE, FUZZ_CODE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC, flags, -1, 0) < 0)
        return false;
    for (const uint64_t base : {FUZZ_MEMORY_BASE, FUZZ_LOW_BASE})
        if (space.map(base, FUZZ_MEMORY_SIZE, PROT_READ | PROT_WRITE, flags, -1, 0) < 0) return false;
    translator::initialise();
    guest::set_current_thread(&thread);
    guest::register_thread(&thread);
    thread.runtime = translator::create_thread_runtime(&thread);
    return true;
}

void write_code(const fuzz_case& c) {
    translator::invalidate(c.in.pc, c.in.pc + FUZZ_SLOT);  // a branch may have gone there before
    uint32_t* code = reinterpret_cast<uint32_t*>(c.in.pc);
    std::memcpy(code, c.code, c.count * 4);
    code[c.count] = kBrk;
}

int signal_of(const translator::Exit& exit) {
    switch (exit.reason) {
        case translator::ExitReason::Breakpoint:
            return SIGTRAP;
        case translator::ExitReason::Undefined:
            return SIGILL;
        case translator::ExitReason::Fault:
            return exit.signo;
        default:
            return 0;
    }
}

unsigned vl = 0;  // of SVE; 0: without

void use_sve(unsigned bytes) {
    using guest::Feature;
    vl = bytes;
    for (const Feature feature :
         {Feature::SVE, Feature::SVE128, Feature::SVE256, Feature::SVE512, Feature::SVE2, Feature::SveAES,
          Feature::SveBitPerm, Feature::SveSHA3, Feature::SveSM4, Feature::SveBF16, Feature::SveI8MM,
          Feature::F32MM, Feature::F64MM})
        guest::enable(feature, true);
    thread.cpu.sve_vl = static_cast<uint8_t>(bytes);
}
void copy_sve_in(const fuzz_state& in) {
    if (!vl) return;
    guest::CpuState& cpu = thread.cpu;
    guest::SveState& sve = guest::sve_state(cpu);
    for (unsigned i = 0; i < 32; i++) guest::write_z_upper(cpu, i, in.z[i], vl - 16);
    std::memcpy(sve.p, in.p, sizeof sve.p);
    sve.ffr = in.p[guest::kSvePredicates];
}
void copy_sve_out(fuzz_state* out) {
    if (!vl) return;
    const guest::SveState& sve = guest::sve_state(thread.cpu);
    for (unsigned i = 0; i < 32; i++) guest::read_z_upper(thread.cpu, i, out->z[i], vl - 16);
    std::memcpy(out->p, sve.p, sizeof sve.p);
    out->p[guest::kSvePredicates] = sve.ffr;
}

void run_here(const fuzz_case& c, fuzz_state* out) {
    guest::CpuState& cpu = thread.cpu;
    std::memcpy(reinterpret_cast<void*>(c.window), c.in.memory, FUZZ_MEMORY);
    std::memcpy(cpu.x, c.in.x, sizeof c.in.x);
    cpu.sp = c.in.sp;
    std::memcpy(cpu.v, c.in.v, sizeof c.in.v);
    cpu.pc = c.in.pc;
    cpu.set_nzcv(c.in.nzcv);
    cpu.write_fpcr(c.in.fpcr);
    cpu.write_fpsr(c.in.fpsr);
    cpu.exclusive_address = ~uint64_t{0};
    copy_sve_in(c.in);
    translator::Exit exit{};
    do {
        cpu.exit_request.store(0);  // changed code asks threads to leave
        exit = translator::run(&thread);
    } while (exit.reason == translator::ExitReason::Interrupted);
    *out = {};
    std::memcpy(out->x, cpu.x, sizeof out->x);
    out->sp = cpu.sp;
    std::memcpy(out->v, cpu.v, sizeof out->v);
    out->pc = cpu.pc;
    out->nzcv = cpu.nzcv();
    out->fpcr = cpu.fpcr;
    out->fpsr = cpu.read_fpsr();
    out->signal = static_cast<uint32_t>(signal_of(exit));
    out->fault_address = exit.reason == translator::ExitReason::Fault ? exit.fault_address : 0;
    std::memcpy(out->memory, reinterpret_cast<const void*>(c.window), FUZZ_MEMORY);
    copy_sve_out(out);
}

// Runs one instruction first. One that looks at FPSR makes translations keep all of it from then on; one of
// SVE makes them note what clears the upper parts of Z registers.
void run_first(uint32_t word) {
    fuzz_case c = {};
    c.in.pc = FUZZ_CODE_BASE;
    c.window = FUZZ_MEMORY_BASE + FUZZ_MIDDLE;
    c.code[0] = word;
    c.count = 1;
    write_code(c);
    fuzz_state out;
    run_here(c, &out);
}

// --- Reports

// The value of a vector register operand before the case, for the report.
void print_operands(const fuzz_case& c) {
    const uint32_t word = c.code[0];
    for (const unsigned reg : {word >> 5 & 31, word >> 16 & 31, word & 31, word >> 10 & 31}) {
        std::printf(" x%u=%llx v%u=%016llx%016llx", reg,
                    static_cast<unsigned long long>(reg == 31 ? c.in.sp : c.in.x[reg]), reg,
                    static_cast<unsigned long long>(c.in.v[reg * 2 + 1]),
                    static_cast<unsigned long long>(c.in.v[reg * 2]));
    }
    if (vl) {
        const unsigned g = word >> 10 & 7;
        std::printf(" p%u=%llx ffr=%llx", g, static_cast<unsigned long long>(c.in.p[g]),
                    static_cast<unsigned long long>(c.in.p[16]));
    }
    std::printf(" nzcv=%x fpcr=%x\n", c.in.nzcv >> 28, c.in.fpcr);
}

void report(const fuzz_case& c, const char* oracle, const std::string& what, uint64_t seed, uint64_t index) {
    std::printf("FAIL %s seed=%llu case=%llu:", oracle, static_cast<unsigned long long>(seed),
                static_cast<unsigned long long>(index));
    for (unsigned i = 0; i < c.count; i++) {
        char text[128];
        guest::disassemble(c.in.pc + i * 4, c.code[i], text, sizeof text);
        const translator::decode::Row* row = translator::decode::decode(c.code[i]);
        std::printf(" %08x %s (%s)%s", c.code[i], row ? row->name() : "-", text, i + 1 < c.count ? ";" : ":");
    }
    std::printf("%s |", what.c_str());
    print_operands(c);
}

struct Totals {
    uint64_t cases = 0;
    uint64_t by_vixl = 0;
    uint64_t by_qemu = 0;
    uint64_t failures = 0;
    std::map<std::string, std::pair<uint64_t, uint64_t>> rows;  // name: instructions compared with qemu, vixl
};

// Counts the instructions of a compared case, for the coverage report.
void count_rows(const fuzz_case& c, uint64_t std::pair<uint64_t, uint64_t>::*oracle, Totals* totals) {
    for (unsigned i = 0; i < c.count; i++) {
        if (const auto* row = translator::decode::decode(c.code[i])) totals->rows[row->name()].*oracle += 1;
    }
}

// What differs, and from which oracle; empty if nothing does. `c.out` is QEMU's answer if there is one.
std::string compare(const fuzz_case& c, bool have_qemu, const Settings& settings, const char** oracle,
                    Totals* totals) {
    write_code(c);
    translator::forget_visits(c.in.pc, c.in.pc + FUZZ_SLOT);
    fuzz_state evaluated;
    run_here(c, &evaluated);  // the first time it is interpreted, as far as it can be
    fuzz_state ours;
    run_here(c, &ours);
    *oracle = "interpreter";
    std::string what = difference(c, ours, evaluated, {.fp_status = true, .ending = true});
    if (!what.empty()) return what;
    *oracle = "qemu";
    have_qemu = have_qemu && !c.left_out;
    if (have_qemu) {
        totals->by_qemu++;
        what = difference(c, ours, c.out, {.fp_status = settings.fpsr, .ending = true, .vl = vl});
        count_rows(c, &std::pair<uint64_t, uint64_t>::first, totals);
    }
    fuzz_state vixl;
    const bool ends_alike =
        ours.signal == SIGTRAP || (ours.signal == SIGSEGV && c.count == 1 && is_sve(c.code[0]));
    if (what.empty() && settings.vixl && ends_alike && run_vixl(c, vl, &vixl)) {
        totals->by_vixl++;
        count_rows(c, &std::pair<uint64_t, uint64_t>::second, totals);
        *oracle = "vixl";
        if (vixl.signal != ours.signal) {
            what = vixl.signal == SIGSEGV ? " VIXL faults" : " VIXL does not fault";
        } else if (ours.signal == SIGTRAP) {
            what = difference(c, ours, vixl, {.vl = vl, .fills_left_out = true});
        }
    }
    std::memset(reinterpret_cast<void*>(c.in.pc), 0, FUZZ_SLOT);
    translator::invalidate(c.in.pc, c.in.pc + FUZZ_SLOT);
    return what;
}

// Leaves out instructions as long as the case still fails.
std::string shrink(fuzz_case* c, std::string what, const Settings& settings, const char** oracle) {
    auto single = std::make_unique<fuzz_batch>();
    Totals ignored;
    for (unsigned i = 0; i < c->count - (c->loop ? 2 : 0);) {
        fuzz_case smaller = *c;
        smaller.count--;
        std::memmove(smaller.code + i, smaller.code + i + 1, (smaller.count - i) * 4);
        if (smaller.count == 0) break;
        if (smaller.loop) close_loop(&smaller);
        const char* smaller_oracle = nullptr;
        const bool use_qemu = !settings.qemu.empty();
        single->count = 1;
        single->vl = vl;
        single->done = 0;
        single->cases[0] = smaller;
        single->cases[0].left_out = why_not_qemu(smaller, vl) != nullptr;
        if (use_qemu && !run_guest_oracle(single.get(), settings.qemu, settings.guest)) break;
        const std::string still = compare(single->cases[0], use_qemu, settings, &smaller_oracle, &ignored);
        if (still.empty()) {
            i++;
        } else {
            *c = single->cases[0];
            *oracle = smaller_oracle;
            what = still;
        }
    }
    return what;
}

void check_case(const fuzz_case& c, bool have_qemu, const Settings& settings, uint64_t index,
                Totals* totals) {
    totals->cases++;
    const char* oracle = nullptr;
    std::string what = compare(c, have_qemu, settings, &oracle, totals);
    if (what.empty()) return;
    totals->failures++;
    fuzz_case smallest = c;
    what = shrink(&smallest, what, settings, &oracle);
    report(smallest, oracle, what, settings.seed, index);
}

bool write_coverage(const std::string& path, const Totals& totals) {
    FILE* file = std::fopen(path.c_str(), "w");
    if (!file) {
        std::perror(path.c_str());
        return false;
    }
    for (const auto& [name, compared] : totals.rows) {
        std::fprintf(file, "%s %llu %llu\n", name.c_str(), static_cast<unsigned long long>(compared.first),
                     static_cast<unsigned long long>(compared.second));
    }
    return std::fclose(file) == 0;
}

int run(const Settings& settings) {
    if (!select_rows(settings.choice)) {
        std::fprintf(stderr, "a64_fuzz: no row's name contains '%s'\n", settings.choice.only.c_str());
        return 1;
    }
    if (!start_emulator()) {
        std::perror("a64_fuzz: cannot map the guest's memory");
        return 1;
    }
    run_first(0xd53b4420);                          // MRS X0, FPSR
    if (settings.choice.vl) run_first(0x2518e3e0);  // PTRUE P0.B
    tests::Random random(settings.seed);
    auto batch = std::make_unique<fuzz_batch>();
    Totals totals;
    uint32_t slot = 0;
    while (totals.cases < settings.runs && totals.failures < settings.max_failures) {
        if (slot + FUZZ_BATCH > kSlots) {
            slot = 0;
            translator::invalidate(FUZZ_CODE_BASE, FUZZ_CODE_BASE + FUZZ_CODE_SIZE);
        }
        batch->done = 0;
        batch->vl = vl;
        batch->count = static_cast<uint32_t>(std::min<uint64_t>(FUZZ_BATCH, settings.runs - totals.cases));
        for (uint32_t i = 0; i < batch->count; i++) {
            make_case(&batch->cases[i], slot++, settings.choice, random);
            batch->cases[i].left_out = why_not_qemu(batch->cases[i], vl) != nullptr;
        }
        const bool have_qemu =
            !settings.qemu.empty() && run_guest_oracle(batch.get(), settings.qemu, settings.guest);
        if (!settings.qemu.empty() && !have_qemu) {
            if (batch->done < batch->count) {
                report(batch->cases[batch->done], "qemu", " not finished", settings.seed,
                       totals.cases + batch->done);
            }
            std::fprintf(stderr, "a64_fuzz: %s did not finish the batch\n", settings.qemu.c_str());
            return 1;
        }
        for (uint32_t i = 0; i < batch->count && totals.failures < settings.max_failures; i++) {
            check_case(batch->cases[i], have_qemu, settings, totals.cases, &totals);
        }
    }
    std::printf(
        "%llu cases, %llu compared with qemu, %llu with vixl, %llu failures\n",
        static_cast<unsigned long long>(totals.cases), static_cast<unsigned long long>(totals.by_qemu),
        static_cast<unsigned long long>(totals.by_vixl), static_cast<unsigned long long>(totals.failures));
    if (!settings.coverage.empty() && !write_coverage(settings.coverage, totals)) return 1;
    if (const std::string unknown = unknown_to_vixl(); !unknown.empty())
        std::printf("VIXL does not know:%s\n", unknown.c_str());
    return totals.failures != 0;
}

bool parse(int argc, char** argv, Settings* settings) {
    for (int i = 1; i < argc; i++) {
        const std::string option = argv[i];
        const char* value = i + 1 < argc ? argv[i + 1] : nullptr;
        if (option == "--no-vixl") {
            settings->vixl = false;
        } else if (option == "--no-qemu") {
            settings->qemu.clear();
        } else if (option == "--no-fpsr") {
            settings->fpsr = false;
        } else if (option == "--no-fp-modes") {
            settings->choice.fp_modes = false;
        } else if (!value) {
            return false;
        } else {
            i++;
            if (option == "--runs") {
                settings->runs = std::strtoull(value, nullptr, 0);
            } else if (option == "--seed") {
                settings->seed = std::strtoull(value, nullptr, 0);
            } else if (option == "--block") {
                settings->choice.block = static_cast<unsigned>(std::strtoul(value, nullptr, 0));
            } else if (option == "--only") {
                settings->choice.only = value;
            } else if (option == "--failures") {
                settings->max_failures = static_cast<unsigned>(std::strtoul(value, nullptr, 0));
            } else if (option == "--disable") {
                guest::options.disabled_optimisations = value;
            } else if (option == "--qemu") {
                settings->qemu = value;
            } else if (option == "--host") {
                guest::options.host_features = value;
            } else if (option == "--cpu") {
                std::string error;
                if (!guest::choose_cpu(value, &error)) {
                    std::fprintf(stderr, "a64_fuzz: --cpu: %s\n", error.c_str());
                    return false;
                }
            } else if (option == "--sve") {
                settings->choice.vl = static_cast<unsigned>(std::strtoul(value, nullptr, 0));
                use_sve(settings->choice.vl);
            } else if (option == "--coverage") {
                settings->coverage = value;
            } else if (option == "--guest") {
                settings->guest = value;
            } else {
                return false;
            }
        }
    }
    return settings->choice.block >= 1 && settings->choice.block <= FUZZ_MAX_CODE;
}

}  // namespace
}  // namespace armature::fuzz

int main(int argc, char** argv) {
    armature::fuzz::Settings settings;
    if (!armature::fuzz::parse(argc, argv, &settings)) {
        std::fprintf(
            stderr,
            "usage: a64_fuzz [--runs N] [--seed S] [--block 1..8] [--only ROW] [--sve BYTES] [--failures N]\n"
            "                [--qemu PROGRAM] [--guest ORACLE_GUEST] [--no-qemu] [--no-vixl] [--no-fpsr]\n"
            "                [--no-fp-modes] [--host -avx,-sha,...] [--disable dead-state,...]\n"
            "                [--cpu MODEL[,FEATURE=off]...] [--coverage FILE]\n");
        return 2;
    }
    return armature::fuzz::run(settings);
}
