// SPDX-License-Identifier: MIT
// Why not libelf here: what counts is what the kernel accepts, and that is another set of files than
// libelf's. The kernel does not look at section headers at all, and it has rules (sizes, alignment, address
// limits) that libelf does not know. The headers are a few fixed fields, so each is checked by hand; libelf
// reads the symbol tables.
#include "loader/elf_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>

#include "guest/address_space.h"

namespace armature::loader {

using guest::kAddressLimit;
using guest::kPageSize;

namespace {

std::atomic<bool> landlocked{false};

constexpr uint16_t kMachine = EM_AARCH64;
constexpr size_t kMaxProgramHeaders = kPageSize / sizeof(Elf64_Phdr);

struct Machine {
    uint16_t number;
    const char* name;
};
constexpr Machine kMachines[] = {
    {EM_X86_64, "an x86-64"}, {EM_386, "an i386"},
    {EM_ARM, "a 32-bit Arm"}, {EM_RISCV, "a RISC-V"},
    {EM_PPC64, "a POWER"},    {EM_S390, "an IBM Z"},
    {EM_MIPS, "a MIPS"},      {EM_LOONGARCH, "a LoongArch"},
    {EM_PPC, "a PowerPC"},    {EM_SPARCV9, "a 64-bit SPARC"},
};

const char* machine_name(uint16_t number) {
    for (const Machine& machine : kMachines) {
        if (machine.number == number) return machine.name;
    }
    return "another machine's";
}

uint64_t page_down(uint64_t value) {
    return value & ~(kPageSize - 1);
}
uint64_t page_up(uint64_t value) {
    return (value + kPageSize - 1) & ~(kPageSize - 1);
}

// Exactly `size` bytes, from what was already read where possible.
bool read_exactly(const ElfFile& file, const FileHead& head, void* to, size_t size, uint64_t offset) {
    if (offset <= head.size && size <= head.size - offset) {
        memcpy(to, head.bytes + offset, size);
        return true;
    }
    if (offset > file.size || size > file.size - offset) return false;
    return pread(file.fd, to, size, static_cast<off_t>(offset)) == static_cast<ssize_t>(size);
}

bool read_identity(const FileHead& head, ElfFile* file, LoadError* error) {
    const char* path = file->path.c_str();
    // The kernel says so of a program; of an interpreter that it is a bad library.
    const int bad = file->role == Role::Program ? ENOEXEC : ELIBBAD;
    if (!is_elf(head)) {
        if (file->role == Role::Interpreter)
            return fail(error, bad, "%s: the interpreter is not an ELF file", path);
        return fail(error, bad, "%s: neither an ELF program nor a script; run it with its interpreter", path);
    }
    if (head.size < sizeof(Elf64_Ehdr)) {
        return fail(error, bad, "%s: truncated: the file ends within its ELF header", path);
    }
    memcpy(&file->header, head.bytes, sizeof(Elf64_Ehdr));
    const Elf64_Ehdr& header = file->header;
    if (header.e_ident[EI_DATA] != ELFDATA2LSB) {
        return fail(error, bad, "%s: a big-endian ELF file; only little-endian AArch64 programs run here",
                    path);
    }
    if (header.e_machine != kMachine) {
        return fail(error, bad, "%s: %s program (machine %u); only AArch64 programs run here", path,
                    machine_name(header.e_machine), header.e_machine);
    }
    if (header.e_ident[EI_CLASS] != ELFCLASS64) {
        return fail(error, bad, "%s: not a 64-bit ELF file; only 64-bit AArch64 programs run here", path);
    }
    if (header.e_type != ET_EXEC && header.e_type != ET_DYN) {
        const char* what = header.e_type == ET_REL    ? "an object file: link it first"
                           : header.e_type == ET_CORE ? "a core dump, not a program"
                                                      : "not an executable type of ELF file";
        return fail(error, file->role == Role::Program ? ENOEXEC : EINVAL, "%s: %s", path, what);
    }
    return true;
}

bool read_program_headers(const FileHead& head, ElfFile* file, LoadError* error) {
    const char* path = file->path.c_str();
    const int bad = file->role == Role::Program ? ENOEXEC : ELIBBAD;
    const Elf64_Ehdr& header = file->header;
    if (header.e_phentsize != sizeof(Elf64_Phdr)) {
        return fail(error, bad, "%s: its program headers are %u bytes each instead of %zu", path,
                    header.e_phentsize, sizeof(Elf64_Phdr));
    }
    if (header.e_phnum == 0 || header.e_phnum > kMaxProgramHeaders) {
        return fail(error, bad, "%s: it has %u program headers; 1 to %zu are possible", path, header.e_phnum,
                    kMaxProgramHeaders);
    }
    file->segments.resize(header.e_phnum);
    if (!read_exactly(*file, head, file->segments.data(), file->segments.size() * sizeof(Elf64_Phdr),
                      header.e_phoff)) {
        return fail(error, bad,
                    "%s: truncated: its program headers (offset %#lx) are beyond the end of the file", path,
                    header.e_phoff);
    }
    return true;
}

bool read_interpreter_name(const FileHead& head, const Elf64_Phdr& segment, ElfFile* file, LoadError* error) {
    const char* path = file->path.c_str();
    if (segment.p_filesz < 2 || segment.p_filesz > PATH_MAX) {
        return fail(error, ENOEXEC, "%s: the name of its interpreter is %lu bytes long", path,
                    segment.p_filesz);
    }
    std::string name(segment.p_filesz, '\0');
    if (!read_exactly(*file, head, name.data(), name.size(), segment.p_offset)) {
        return fail(error, EIO, "%s: truncated: the name of its interpreter is beyond the end of the file",
                    path);
    }
    if (name.back() != '\0') {
        return fail(error, ENOEXEC, "%s: the name of its interpreter does not end with a NUL", path);
    }
    file->interpreter = name.c_str();
    return true;
}

bool check_load_segment(const ElfFile& file, const Elf64_Phdr& segment, unsigned number, LoadError* error) {
    const char* path = file.path.c_str();
    if (segment.p_filesz > segment.p_memsz) {
        return fail(error, EINVAL, "%s: segment %u has more bytes in the file (%#lx) than in memory (%#lx)",
                    path, number, segment.p_filesz, segment.p_memsz);
    }
    if (segment.p_memsz > kAddressLimit || segment.p_vaddr > kAddressLimit - segment.p_memsz) {
        return fail(error, EINVAL,
                    "%s: segment %u (address %#lx, size %#lx) exceeds the 47-bit address space", path, number,
                    segment.p_vaddr, segment.p_memsz);
    }
    if (segment.p_filesz == 0) return true;
    if ((segment.p_offset ^ segment.p_vaddr) % kPageSize != 0) {
        return fail(error, EINVAL, "%s: segment %u: file offset %#lx and address %#lx differ within the page",
                    path, number, segment.p_offset, segment.p_vaddr);
    }
    // Natively such pages are mapped and raise SIGBUS when touched; a file cut off is better told at once.
    if (segment.p_offset > file.size || segment.p_filesz > page_up(file.size) - segment.p_offset) {
        return fail(error, ENOEXEC,
                    "%s: truncated: segment %u needs the file's bytes up to %#lx, and it has %#lx", path,
                    number, segment.p_offset + segment.p_filesz, file.size);
    }
    return true;
}

bool check_overlaps(const ElfFile& file, LoadError* error) {
    std::vector<const Elf64_Phdr*> loads;
    for (const Elf64_Phdr& segment : file.segments) {
        if (segment.p_type == PT_LOAD && segment.p_memsz != 0) loads.push_back(&segment);
    }
    std::sort(loads.begin(), loads.end(),
              [](const Elf64_Phdr* a, const Elf64_Phdr* b) { return a->p_vaddr < b->p_vaddr; });
    for (size_t i = 1; i < loads.size(); i++) {
        if (loads[i - 1]->p_vaddr + loads[i - 1]->p_memsz > loads[i]->p_vaddr) {
            return fail(error, EINVAL, "%s: segments %zu and %zu overlap at address %#lx", file.path.c_str(),
                        static_cast<size_t>(loads[i - 1] - file.segments.data()),
                        static_cast<size_t>(loads[i] - file.segments.data()), loads[i]->p_vaddr);
        }
    }
    return true;
}

bool read_segments(const FileHead& head, ElfFile* file, LoadError* error) {
    const char* path = file->path.c_str();
    bool have_interpreter = false;
    bool have_load = false;
    file->first = ~uint64_t{0};
    file->alignment = kPageSize;
    for (size_t i = 0; i < file->segments.size(); i++) {
        const Elf64_Phdr& segment = file->segments[i];
        if (segment.p_type == PT_GNU_STACK) file->executable_stack = segment.p_flags & PF_X;
        if (segment.p_type == PT_INTERP && !have_interpreter && file->role == Role::Program) {
            if (!read_interpreter_name(head, segment, file, error)) return false;
            have_interpreter = true;
        }
        if (segment.p_type != PT_LOAD) continue;
        if (!check_load_segment(*file, segment, static_cast<unsigned>(i), error)) return false;
        if (segment.p_memsz == 0) continue;
        have_load = true;
        file->first = std::min(file->first, page_down(segment.p_vaddr));
        file->last = std::max(file->last, page_up(segment.p_vaddr + segment.p_memsz));
        const uint64_t align = segment.p_align;
        if (align > file->alignment && (align & (align - 1)) == 0) file->alignment = align;
    }
    if (!have_load) {
        return fail(error, EINVAL, "%s: it has no segment to load", path);
    }
    return check_overlaps(*file, error);
}

// The address where execution starts, if this file is what starts, lies in a segment that may be executed.
bool check_entry(const ElfFile& file, LoadError* error) {
    const uint64_t entry = file.header.e_entry;
    if (entry % 4 != 0) {
        return fail(error, EINVAL, "%s: its entry point %#lx is not a multiple of 4", file.path.c_str(),
                    entry);
    }
    for (const Elf64_Phdr& segment : file.segments) {
        if (segment.p_type == PT_LOAD && (segment.p_flags & PF_X) && entry >= segment.p_vaddr &&
            entry - segment.p_vaddr < segment.p_memsz) {
            return true;
        }
    }
    return fail(error, EINVAL, "%s: its entry point %#lx is in no executable segment", file.path.c_str(),
                entry);
}

}  // namespace

bool fail(LoadError* error, int number, const char* format, ...) {
    char text[PATH_MAX + 256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    error->error = number;
    error->message = text;
    return false;
}

int may_execute(int fd) {
    constexpr int kExecveCheck = 0x10000;  // AT_EXECVE_CHECK
    if (is_landlocked()) {
        const char* const arguments[] = {"", nullptr};
        if (syscall(SYS_execveat, fd, "", arguments, arguments + 1, AT_EMPTY_PATH | kExecveCheck) == 0)
            return 0;
        if (errno != EINVAL) return errno;
    }
    if (faccessat(fd, "", X_OK, AT_EMPTY_PATH | AT_EACCESS) == 0) return 0;
    struct stat file {};
    if (errno != ENOSYS || fstat(fd, &file) != 0) return errno;
    return file.st_mode & 0111 ? 0 : EACCES;
}

void set_landlocked() {
    landlocked.store(true, std::memory_order_relaxed);
}

bool is_landlocked() {
    return landlocked.load(std::memory_order_relaxed);
}

bool check_executable(int fd, const std::string& path, Role role, uint64_t* size, LoadError* error) {
    struct stat status {};
    if (fstat(fd, &status) != 0) return fail(error, errno, "%s: %s", path.c_str(), strerror(errno));
    if (S_ISDIR(status.st_mode)) return fail(error, EACCES, "%s: a directory, not a program", path.c_str());
    if (!S_ISREG(status.st_mode)) return fail(error, EACCES, "%s: not a regular file", path.c_str());
    const char* what = role == Role::Program
                           ? "not executable; chmod +x it, or give its interpreter as the program"
                           : "the interpreter is not executable; chmod +x it";
    if (!(status.st_mode & 0111)) return fail(error, EACCES, "%s: %s", path.c_str(), what);
    if (may_execute(fd) == EACCES) {
        return fail(error, EACCES,
                    "%s: no permission to execute it here (its mode, a noexec mount, or a landlock rule)",
                    path.c_str());
    }
    *size = static_cast<uint64_t>(status.st_size);
    return true;
}

int open_executable(const std::string& path, Role role, LoadError* error) {
    // O_NONBLOCK: a FIFO is refused below, and must not be waited for.
    int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) fail(error, errno, "%s: %s", path.c_str(), strerror(errno));
    return fd;
}

bool read_head(int fd, const std::string& path, FileHead* head, LoadError* error) {
    const ssize_t got = pread(fd, head->bytes, sizeof head->bytes, 0);
    if (got < 0) return fail(error, errno, "%s: cannot read it: %s", path.c_str(), strerror(errno));
    head->size = static_cast<size_t>(got);
    return true;
}

bool is_elf(const FileHead& head) {
    return memcmp(head.bytes, ELFMAG, SELFMAG) == 0;
}

bool is_script(const FileHead& head) {
    return head.bytes[0] == '#' && head.bytes[1] == '!';
}

bool is_aarch64(const FileHead& head) {
    Elf64_Ehdr header;
    memcpy(&header, head.bytes, sizeof header);
    return is_elf(head) && header.e_ident[EI_CLASS] == ELFCLASS64 && header.e_ident[EI_DATA] == ELFDATA2LSB &&
           header.e_machine == kMachine;
}

bool read_elf(const FileHead& head, ElfFile* file, LoadError* error) {
    if (!read_identity(head, file, error) || !read_program_headers(head, file, error) ||
        !read_segments(head, file, error)) {
        return false;
    }
    return !file->interpreter.empty() || check_entry(*file, error);
}

}  // namespace armature::loader
