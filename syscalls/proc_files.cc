// SPDX-License-Identifier: MIT
// /proc/self/{maps,cmdline,environ,auxv,stat} and /proc/cpuinfo as the guest must see them; the rest of
// the files that tell of memory is made in proc_memory.cc.
//
// A file is recognised by what was opened, not by how it was spelled: /proc/self, /proc/thread-self,
// /proc/PID/task/TID, symbolic links and openat all end in a descriptor of the proc file system, whose name
// the kernel tells. The contents are made at that moment and put into a sealed memory file under the same
// descriptor number.
#include "syscalls/proc_files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <string_view>

#include "guest/address_space.h"
#include "guest/features.h"
#include "guest/user_access.h"
#include "syscalls/path.h"
#include "syscalls/proc_others.h"
#include "syscalls/ptrace.h"

namespace armature::syscalls {
namespace {

using guest::Thread;

ProgramInfo running;
dev_t emulator_device = 0;
ino_t emulator_inode = 0;

// A range of guest memory as it is now; what cannot be read ends it, as in the kernel.
std::string guest_bytes(uint64_t begin, uint64_t end) {
    std::string bytes;
    while (begin < end) {
        char chunk[256];
        const size_t size =
            std::min<uint64_t>({sizeof chunk, end - begin, guest::kPageSize - begin % guest::kPageSize});
        if (!guest::read_memory(chunk, begin, size)) break;
        bytes.append(chunk, size);
        begin += size;
    }
    return bytes;
}

std::string make_maps(int64_t) {
    std::string text;
    for (const guest::Mapping& m : guest::AddressSpace::instance().snapshot()) text += maps_line(m);
    return text;
}

std::string make_cmdline(int64_t) {
    return guest_bytes(running.arg_start, running.arg_end);
}

std::string make_environ(int64_t) {
    return guest_bytes(running.env_start, running.env_end);
}

std::string make_auxv(int64_t) {
    return running.auxv;
}

// The host's line with the fields that tell addresses replaced (proc(5) numbers them from 1).
std::string make_stat(int64_t fd) {
    std::string host = read_whole(fd);
    const size_t name_end = host.rfind(')');
    if (name_end == std::string::npos) return host;
    const std::pair<int, uint64_t> replaced[] = {
        {23, guest::AddressSpace::instance().total_mapped()},
        {24, guest_resident_pages()},
        {26, running.start_code},
        {27, running.end_code},
        {28, running.stack_start},
        {29, 0},
        {30, 0},
        {48, running.arg_start},
        {49, running.arg_end},
        {50, running.env_start},
        {51, running.env_end},
    };
    std::string text = host.substr(0, name_end + 1);
    int field = 3;
    size_t at = name_end + 2;
    while (at < host.size()) {
        size_t end = host.find_first_of(" \n", at);
        if (end == std::string::npos) end = host.size();
        std::string word = host.substr(at, end - at);
        for (const auto& [number, value] : replaced) {
            if (number == field) word = std::to_string(value);
        }
        text += ' ' + word;
        field++;
        at = end + 1;
    }
    return text + '\n';
}

std::string make_cpuinfo(int64_t) {
    const long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    std::string text;
    for (long cpu = 0; cpu < cpus; cpu++) {
        text += "processor\t: " + std::to_string(cpu) +
                "\nBogoMIPS\t: 100.00\n"
                "Features\t: " +
                guest::cpuinfo_features() + '\n' + guest::cpuinfo_identification() + '\n';
    }
    return text;
}

struct ProcFile {
    std::string_view name;
    bool of_process;  // under /proc/PID or /proc/PID/task/TID; else right under /proc
    std::string (*make)(int64_t fd);
    bool kernel_knows = false;  // right as it is if program_is_shown()
};
constexpr ProcFile kProcFiles[] = {
    {"maps", true, make_maps},
    {"cmdline", true, make_cmdline, true},
    {"environ", true, make_environ, true},
    {"auxv", true, make_auxv},
    {"stat", true, make_stat},
    {"smaps", true, make_smaps},
    {"statm", true, make_statm},
    {"smaps_rollup", true, make_smaps_rollup},
    {"status", true, make_status},
    {"cpuinfo", false, make_cpuinfo},
};

// Takes the last component off `path` and returns it.
std::string_view pop(std::string_view* path) {
    const size_t slash = path->rfind('/');
    if (slash == std::string_view::npos) return {};
    const std::string_view last = path->substr(slash + 1);
    *path = path->substr(0, slash);
    return last;
}

bool is_number(std::string_view word, long value) {
    return word == std::to_string(value);
}

bool all_digits(std::string_view word) {
    return !word.empty() && word.find_first_not_of("0123456789") == std::string_view::npos;
}

// The last device without a block device that was seen not to be a proc file system.
std::atomic<dev_t> ordinary_device{0};

bool on_proc(int64_t fd) {
    struct statfs file_system;
    return fstatfs(static_cast<int>(fd), &file_system) == 0 && file_system.f_type == PROC_SUPER_MAGIC;
}

// Has the process ever opened its own memory? Until then, reads and writes need not be looked at.
std::atomic<bool> own_memory_opened{false};

bool is_own_memory(std::string_view path) {
    return pop(&path) == "mem" && is_own_directory(path);
}

const ProcFile* recognise(std::string_view path) {
    const std::string_view name = pop(&path);
    for (const ProcFile& file : kProcFiles) {
        if (file.name != name) continue;
        if (file.kernel_knows && program_is_shown()) return nullptr;
        if (file.of_process) return is_own_directory(path) ? &file : nullptr;
        std::string_view directory = path;
        return pop(&directory) == "proc" ? &file : nullptr;
    }
    return nullptr;
}

// Of a traced process in place of its emulator's. The descriptor tells whose it is.
pid_t owner_of(std::string_view path) {
    std::string_view rest = path.substr(std::min(path.size(), sizeof "/proc/" - 1));
    rest = rest.substr(0, rest.find('/'));
    return all_digits(rest) ? atoi(std::string(rest).c_str()) : 0;
}

std::string make_tracee_auxv(int64_t fd) {
    std::string auxv;
    std::string path;
    describe_tracee(owner_of(path_of_descriptor(fd)), &auxv, &path);
    return auxv;
}
constexpr ProcFile kTraceeAuxv = {"auxv", true, make_tracee_auxv};

bool is_tracee_auxv(std::string_view path) {
    std::string auxv;
    std::string program;
    return path.ends_with("/auxv") && describe_tracee(owner_of(path), &auxv, &program);
}

// A file with these contents, in place of `fd`.
int64_t replace(int64_t fd, const ProcFile& file, uint64_t host_flags) {
    if ((host_flags & O_ACCMODE) != O_RDONLY) return fd;
    const std::string contents = file.make(fd);
    const int memory = memfd_create(std::string(file.name).c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (memory < 0) return fd;
    size_t written = 0;
    while (written < contents.size()) {
        const ssize_t size = write(memory, contents.data() + written, contents.size() - written);
        if (size <= 0) break;
        written += static_cast<size_t>(size);
    }
    lseek(memory, 0, SEEK_SET);
    fcntl(memory, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
    dup3(memory, static_cast<int>(fd), host_flags & O_CLOEXEC ? O_CLOEXEC : 0);
    close(memory);
    return fd;
}

}  // namespace

bool is_own_directory(std::string_view path) {
    std::string_view last = pop(&path);
    if (!all_digits(last)) return false;
    std::string_view rest = path;
    if (pop(&rest) == "task") last = pop(&rest);
    return is_number(last, getpid());
}

std::string read_whole(int64_t fd) {
    std::string contents;
    char buffer[4096];
    ssize_t size;
    while ((size = read(static_cast<int>(fd), buffer, sizeof buffer)) > 0) contents.append(buffer, size);
    return contents;
}

std::string maps_line(const guest::Mapping& m) {
    char line[160];
    const int length = snprintf(
        line, sizeof line, "%08llx-%08llx %c%c%c%c %08llx %02x:%02x %llu ",
        static_cast<unsigned long long>(m.begin), static_cast<unsigned long long>(m.end),
        m.prot & PROT_READ ? 'r' : '-', m.prot & PROT_WRITE ? 'w' : '-', m.prot & PROT_EXEC ? 'x' : '-',
        (m.flags & MAP_TYPE) == MAP_PRIVATE ? 'p' : 's', static_cast<unsigned long long>(m.offset),
        major(m.device), minor(m.device), static_cast<unsigned long long>(m.inode));
    std::string text(line, static_cast<size_t>(length));
    if (!m.name.empty()) {
        if (length < 73) text.append(static_cast<size_t>(73 - length), ' ');
        text += m.name;
    }
    return text + '\n';
}

void note_emulator_file() {
    struct stat file;
    if (stat("/proc/self/exe", &file) == 0) {
        emulator_device = file.st_dev;
        emulator_inode = file.st_ino;
    }
}

void set_program(const ProgramInfo& program) {
    running = program;
    note_emulator_file();
    show_program(program);
}

const ProgramInfo& program() {
    return running;
}

bool may_be_on_proc(const struct stat& file) {
    return major(file.st_dev) == 0 && file.st_dev != ordinary_device.load(std::memory_order_relaxed);
}

bool is_replaced_on_proc(int64_t fd) {
    if (!on_proc(fd)) return false;
    const std::string path = path_of_descriptor(fd);
    return is_own_memory(path) || recognise(path) || (has_tracees() && is_tracee_auxv(path));
}

int64_t substitute_proc_file(Thread*, int64_t fd, uint64_t host_flags) {
    if (!on_proc(fd)) {
        struct stat file;
        if (fstat(static_cast<int>(fd), &file) == 0)
            ordinary_device.store(file.st_dev, std::memory_order_relaxed);
        return fd;
    }
    if (host_flags & O_PATH) return fd;
    const std::string path = path_of_descriptor(fd);
    if (is_own_memory(path)) {
        own_memory_opened.store(true, std::memory_order_relaxed);
        return fd;
    }
    if (const ProcFile* file = recognise(path)) return replace(fd, *file, host_flags);
    return has_tracees() && is_tracee_auxv(path) ? replace(fd, kTraceeAuxv, host_flags) : fd;
}

bool is_own_memory_open() {
    return own_memory_opened.load(std::memory_order_relaxed);
}

bool is_own_memory_file(uint64_t fd) {
    return is_own_memory_open() && is_own_memory(path_of_descriptor(static_cast<int64_t>(fd)));
}

bool is_memory_file(uint64_t fd) {
    const std::string path = path_of_descriptor(static_cast<int64_t>(fd));
    return path.starts_with("/proc/") && path.ends_with("/mem");
}

bool is_emulator_file(const struct stat& file) {
    return file.st_ino == emulator_inode && file.st_dev == emulator_device && emulator_inode != 0;
}

}  // namespace armature::syscalls
