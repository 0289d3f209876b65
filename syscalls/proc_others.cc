// SPDX-License-Identifier: MIT
// ps, pgrep and killall, in the guest and outside, look for processes by /proc/PID/cmdline, environ, stat and
// exe. The kernel itself can be told where the first three are to be found: the guest's are in guest memory,
// at addresses that are the process's own. It reads them when somebody looks, so what a program writes over
// its arguments (setproctitle) is seen as well. Where exe leads cannot be changed; emulated processes find
// each other's program by the mapping that holds its code.
#include "syscalls/proc_others.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/prctl.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "syscalls/path.h"
#include "syscalls/proc_files.h"

// Of the emulator; the linker defines them.
extern "C" char __data_start, edata;  // NOLINT(*-reserved-identifier)

namespace armature::syscalls {
namespace {

bool shown = false;

uint64_t address(const void* p) {
    return reinterpret_cast<uint64_t>(p);
}

struct File {
    explicit File(const std::string& name) : stream(fopen(name.c_str(), "re")) {}
    ~File() {
        if (stream) fclose(stream);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    FILE* stream;
};

// Field 26 of /proc/PID/stat: what show_program() gave. 0 or 1 if it may not be known.
uint64_t code_of(const std::string& directory) {
    const File file(directory + "/stat");
    char text[1024];
    if (!file.stream || !fgets(text, sizeof text, file.stream)) return 0;
    const std::string_view line(text);
    size_t at = line.rfind(')');
    for (int field = 2; field < 26 && at != std::string_view::npos; field++) at = line.find(' ', at + 1);
    return at == std::string_view::npos ? 0 : strtoull(text + at, nullptr, 10);
}

// The file that is mapped at `code`, as the host names it.
std::string file_mapped_at(const std::string& directory, uint64_t code) {
    const File file(directory + "/maps");
    char* line = nullptr;
    size_t room = 0;
    std::string name;
    while (file.stream && name.empty() && getline(&line, &room, file.stream) > 0) {
        unsigned long long begin;
        unsigned long long end;
        int at = 0;
        if (sscanf(line, "%llx-%llx %*s %*s %*s %*s %n", &begin, &end, &at) < 2 || at == 0) continue;
        if (code < begin || code >= end) continue;
        name = line + at;
        if (name.ends_with('\n')) name.pop_back();
        break;
    }
    free(line);
    return name;
}

}  // namespace

void show_program(const ProgramInfo& program) {
    prctl_mm_map map{};
    map.start_code = program.start_code;
    map.end_code = program.end_code;
    // The emulator's own heap goes on.
    map.start_data = address(&__data_start);
    map.end_data = address(&edata);
    map.start_brk = map.brk = address(sbrk(0));
    map.start_stack = program.stack_start;
    map.arg_start = program.arg_start;
    map.arg_end = program.arg_end;
    map.env_start = program.env_start;
    map.env_end = program.env_end;
    map.exe_fd = ~uint32_t{0};
    shown = prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof map, 0) == 0;
}

bool program_is_shown() {
    return shown;
}

std::string program_behind_exe_link(uint64_t dirfd, uint64_t path) {
    const int64_t fd = host_call(SYS_openat, dirfd, path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return {};
    struct statfs file_system;
    std::string link;
    if (fstatfs(static_cast<int>(fd), &file_system) == 0 && file_system.f_type == PROC_SUPER_MAGIC)
        link = path_of_descriptor(fd);
    close(static_cast<int>(fd));
    if (!link.ends_with("/exe")) return {};
    const std::string directory = link.substr(0, link.rfind('/'));
    if (is_own_directory(directory)) return program().path;
    const uint64_t code = code_of(directory);
    return code > 1 ? file_mapped_at(directory, code) : std::string();
}

}  // namespace armature::syscalls
