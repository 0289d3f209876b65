// SPDX-License-Identifier: MIT
// Feeds the loader mutated files: loader_fuzz [--runs N] [--seed S] [--only K].
//
// Each run mutates the headers of a small valid file (or cuts the file off), loads it through the real loader
// into a real address space, and unloads it. What must hold: the loader does not crash and does not hang; on
// refusal it gives an errno and one line of text, and the guest owns not one page. Runs are made in batches,
// each in a child process, so that a crash is seen, told with the run's number, and reproduced with --only.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "guest/address_space.h"
#include "guest/options.h"
#include "loader/loader.h"
#include "tests/fuzz/elf_builder.h"

namespace {

using armature::guest::AddressSpace;
using armature::guest::Mapping;
using armature::tests::ElfBuilder;
using Bytes = std::vector<unsigned char>;

constexpr unsigned kBatch = 1000;
constexpr unsigned kBatchSeconds = 60;

struct Random {
    uint64_t state;
    uint64_t next() {
        state += 0x9e3779b97f4a7c15;
        uint64_t z = state;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
        z = (z ^ z >> 27) * 0x94d049bb133111eb;
        return z ^ z >> 31;
    }
    uint64_t below(uint64_t limit) { return next() % limit; }
};

struct Samples {
    std::vector<Bytes> programs;
    Bytes interpreter;
    std::string interpreter_path;  // names a descriptor of this process
    int interpreter_fd = -1;
};

Bytes with_symbols() {
    Bytes file = armature::tests::fixed_program().bytes();
    // Section headers at 0x1800: null, symbols at 0x1400, their names at 0x1600.
    Elf64_Ehdr header;
    memcpy(&header, file.data(), sizeof header);
    header.e_shoff = 0x1800;
    header.e_shnum = 3;
    header.e_shentsize = sizeof(Elf64_Shdr);
    header.e_shstrndx = 2;
    memcpy(file.data(), &header, sizeof header);
    Elf64_Shdr sections[3]{};
    sections[1].sh_type = SHT_SYMTAB;
    sections[1].sh_offset = 0x1400;
    sections[1].sh_size = 4 * sizeof(Elf64_Sym);
    sections[1].sh_entsize = sizeof(Elf64_Sym);
    sections[1].sh_link = 2;
    sections[2].sh_type = SHT_STRTAB;
    sections[2].sh_offset = 0x1600;
    sections[2].sh_size = 0x40;
    memcpy(file.data() + 0x1800, sections, sizeof sections);
    Elf64_Sym symbols[4]{};
    for (unsigned i = 1; i < 4; i++) {
        symbols[i].st_name = i * 8;
        symbols[i].st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC);
        symbols[i].st_shndx = 1;
        symbols[i].st_value = 0x400000 + i * 0x100;
        symbols[i].st_size = 0x100;
    }
    memcpy(file.data() + 0x1400, symbols, sizeof symbols);
    memcpy(file.data() + 0x1600, "\0......\0first..\0second.\0third..\0", 32);
    return file;
}

Bytes script(const std::string& text) {
    Bytes file(text.begin(), text.end());
    file.resize(512, ' ');
    return file;
}

Samples make_samples() {
    Samples samples;
    ElfBuilder interpreter = armature::tests::movable_program();
    samples.interpreter = interpreter.bytes();
    samples.interpreter_fd =
        armature::tests::memory_file(samples.interpreter.data(), samples.interpreter.size());
    samples.interpreter_path = "/proc/self/fd/" + std::to_string(samples.interpreter_fd);
    samples.programs.push_back(armature::tests::fixed_program().bytes());
    samples.programs.push_back(armature::tests::movable_program().bytes());
    samples.programs.push_back(armature::tests::movable_program(samples.interpreter_path).bytes());
    samples.programs.push_back(with_symbols());
    samples.programs.push_back(script("#! " + samples.interpreter_path + " -x\n"));
    return samples;
}

uint64_t interesting(Random& random) {
    constexpr uint64_t kValues[] = {0,
                                    1,
                                    2,
                                    3,
                                    4,
                                    7,
                                    8,
                                    56,
                                    64,
                                    0xff,
                                    0xfff,
                                    0x1000,
                                    0x1001,
                                    0x7fff,
                                    0x8000,
                                    0xffff,
                                    0x10000,
                                    0x7fffffff,
                                    0x80000000,
                                    0xffffffff,
                                    0x100000000,
                                    0x3fffffffffff,
                                    0x7ffffffff000,
                                    0x7fffffffffff,
                                    0x800000000000,
                                    0x7fffffffffffffff,
                                    0x8000000000000000,
                                    0xfffffffffffff000,
                                    0xffffffffffffffff};
    return kValues[random.below(sizeof kValues / sizeof kValues[0])];
}

void mutate(Random& random, Bytes* file) {
    // ELF header and program headers, the interpreter's name, the section headers and symbols.
    constexpr struct {
        size_t begin, size;
    } kAreas[] = {{0, 64}, {64, 56 * 3}, {64, 56 * 3}, {0x800, 32}, {0x1800, 64 * 3}, {0x1400, 128}};
    const unsigned count = 1 + static_cast<unsigned>(random.below(4));
    for (unsigned i = 0; i < count; i++) {
        const auto& area = kAreas[random.below(sizeof kAreas / sizeof kAreas[0])];
        if (area.begin >= file->size()) continue;
        const size_t width = size_t{1} << random.below(4);
        const size_t at = (area.begin + random.below(area.size)) & ~(width - 1);
        if (at + width > file->size()) continue;
        uint64_t value = 0;
        memcpy(&value, file->data() + at, width);
        switch (random.below(4)) {
            case 0:
                value ^= uint64_t{1} << random.below(8 * width);
                break;
            case 1:
                value = random.next();
                break;
            case 2:
                value = interesting(random);
                break;
            default:
                value += random.below(33) - 16;
                break;
        }
        memcpy(file->data() + at, &value, width);
    }
    if (random.below(16) == 0) file->resize(random.below(file->size() + 1));
}

[[noreturn]] void broken(uint64_t run, const char* what, const std::string& detail) {
    fprintf(stderr, "loader_fuzz: run %lu: %s: %s\n", run, what, detail.c_str());
    _exit(1);
}

void unload() {
    for (const Mapping& mapping : AddressSpace::instance().snapshot()) {
        AddressSpace::instance().unmap(mapping.begin, mapping.end - mapping.begin);
    }
}

// True if the loader took the file.
bool one_run(const Samples& samples, uint64_t seed, uint64_t run) {
    Random random{seed * 0x100000001b3 + run};
    Bytes program = samples.programs[random.below(samples.programs.size())];
    Bytes interpreter = samples.interpreter;
    const bool both = random.below(4) == 0;
    mutate(random, both ? &interpreter : &program);
    if (both) {
        if (ftruncate(samples.interpreter_fd, 0) != 0) abort();
        if (pwrite(samples.interpreter_fd, interpreter.data(), interpreter.size(), 0) < 0) abort();
    }
    const int fd = armature::tests::memory_file(program.data(), program.size());
    if (fd < 0) abort();
    armature::loader::Program loaded;
    armature::loader::LoadError error;
    armature::loader::classify(fd, &error);
    error = {};
    const bool ok =
        armature::loader::load("./fuzzed", fd, {"./fuzzed", "argument"}, {"A=1"}, &loaded, &error);
    if (ok) {
        armature::loader::symbol_at(loaded.entry);
        armature::loader::symbol_at(0x400180);
        armature::loader::symbol_at(loaded.sigreturn_trampoline);
        if (!AddressSpace::instance().owns(loaded.stack_pointer, loaded.stack_pointer + 8)) {
            broken(run, "the stack is not the guest's", "");
        }
        unload();
    } else {
        if (error.error <= 0 || error.message.empty()) broken(run, "refused without a reason", error.message);
        if (!AddressSpace::instance().snapshot().empty())
            broken(run, "refused with pages mapped", error.message);
    }
    close(fd);
    if (both) {
        if (ftruncate(samples.interpreter_fd, 0) != 0) abort();
        if (pwrite(samples.interpreter_fd, samples.interpreter.data(), samples.interpreter.size(), 0) < 0)
            abort();
    }
    return ok;
}

struct Shared {
    uint64_t run;  // under way in the child
    uint64_t accepted;
};

// False if the child died.
bool run_batch(const Samples& samples, uint64_t seed, uint64_t begin, uint64_t end, Shared* shared) {
    const pid_t child = fork();
    if (child < 0) {
        perror("fork");
        exit(1);
    }
    if (child == 0) {
        alarm(kBatchSeconds);
        for (uint64_t run = begin; run < end; run++) {
            shared->run = run;
            shared->accepted += one_run(samples, seed, run);
        }
        _exit(0);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return true;
    if (WIFSIGNALED(status)) {
        const char* what = WTERMSIG(status) == SIGALRM ? "hangs" : strsignal(WTERMSIG(status));
        fprintf(stderr, "loader_fuzz: run %lu: %s; reproduce: --seed %lu --only %lu\n", shared->run, what,
                seed, shared->run);
    }
    return false;
}

}  // namespace

int main(int argc, char** argv) {
    uint64_t runs = 20000;
    uint64_t seed = 1;
    uint64_t only = ~uint64_t{0};
    for (int i = 1; i + 1 < argc; i += 2) {
        const uint64_t value = strtoull(argv[i + 1], nullptr, 0);
        if (strcmp(argv[i], "--runs") == 0) runs = value;
        if (strcmp(argv[i], "--seed") == 0) seed = value;
        if (strcmp(argv[i], "--only") == 0) only = value;
    }
    auto* shared = static_cast<Shared*>(
        mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    if (shared == MAP_FAILED) return 1;
    const Samples samples = make_samples();
    if (only != ~uint64_t{0}) {
        const bool ok = one_run(samples, seed, only);
        printf("run %lu: %s\n", only, ok ? "accepted" : "refused");
        return 0;
    }
    unsigned failures = 0;
    for (uint64_t begin = 0; begin < runs; begin += kBatch) {
        const uint64_t end = begin + kBatch < runs ? begin + kBatch : runs;
        if (!run_batch(samples, seed, begin, end, shared)) failures++;
    }
    printf("%lu runs, %lu files accepted, %u failures\n", runs, shared->accepted, failures);
    return failures ? 1 : 0;
}
