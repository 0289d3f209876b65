// SPDX-License-Identifier: MIT
// execve: an AArch64 program starts the emulator again, by a descriptor of its own executable that is kept
// from the start; anything else is the host kernel's to run.
//
// The descriptor means that neither binfmt_misc nor a path of the emulator is needed, after chdir, in a
// chroot or with another user's rights. The new emulator gets this one's options, then the internal ones of
// syscalls.h, then the guest's arguments. Argument and environment strings are never copied here: the host
// kernel reads them where the guest has them, and reports EFAULT and E2BIG as it always does.
//
// What can fail is found out before: the file is opened, its rights, its format and its interpreter are
// looked at. The caller of a failing exec lives on with its handlers and descriptors as they were.
#include "syscalls/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "guest/observer.h"
#include "guest/options.h"
#include "guest/user_access.h"
#include "loader/elf_file.h"
#include "loader/loader.h"
#include "loader/script.h"
#include "signals/signals.h"
#include "signals/traced.h"
#include "support/descriptors.h"
#include "syscalls/call.h"
#include "syscalls/limits.h"
#include "syscalls/path.h"
#include "syscalls/proc_files.h"
#include "syscalls/proc_others.h"
#include "syscalls/process.h"
#include "syscalls/seccomp.h"
#include "syscalls/strace.h"
#include "syscalls/sve.h"
#include "syscalls/syscalls.h"

namespace armature::syscalls {

// All that an exec allocates. A vfork child leaves it behind for its parent to drop.
struct ExecPlan {
    ~ExecPlan() {
        if (fd >= 0) close(fd);
        if (filters_fd >= 0) close(filters_fd);
    }
    int fd = -1;          // the program (or script)
    int filters_fd = -1;  // the guest's seccomp filters
    std::string path;     // what the program is to see as its name
    std::string fd_word, self_word, limits_word, filters_word, trace_word, sve_word;
    std::vector<uint64_t> guest_argv;  // addresses, without the final null
    std::vector<uint64_t> argv;        // for the host
    loader::ScriptLine script;
    bool is_script = false;
    std::string host_path;  // what the host kernel is to open instead of the guest's path
};

namespace {

using guest::Thread;

int self_fd = -1;
// Hidden copies of it. The kernel needs no free descriptor for an exec; here the program and an interpreter
// are opened, and if the guest uses all numbers they get those of the copies.
int spare_fds[2] = {-1, -1};
thread_local ExecPlan* plan_in_use = nullptr;

uint64_t pointer(const void* p) {
    return reinterpret_cast<uint64_t>(p);
}

constexpr uint64_t kCwd = static_cast<uint64_t>(AT_FDCWD);
constexpr uint64_t kOpenProgram =
    O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;  // whatever it is, do not wait for it
constexpr size_t kMostArguments = 0x7ffffff;

// The program's name as the kernel would form it for AT_EXECFN and for scripts.
int64_t read_path(ExecPlan* plan, uint64_t dirfd, uint64_t path, uint64_t flags) {
    std::string given;
    const int error = guest::read_string(&given, path, PATH_MAX);
    if (error) return error;
    if (given.empty() && !(flags & AT_EMPTY_PATH)) return -ENOENT;
    const bool from_descriptor = static_cast<int>(dirfd) != AT_FDCWD && (given.empty() || given[0] != '/');
    if (!from_descriptor) {
        plan->path = given;
        return 0;
    }
    plan->path = "/dev/fd/" + std::to_string(static_cast<int>(dirfd));
    if (!given.empty()) plan->path += '/' + given;
    return 0;
}

int64_t read_argv(std::vector<uint64_t>* argv, uint64_t array) {
    for (size_t i = 0; array != 0; i++) {
        uint64_t address = 0;
        if (!guest::read_object(&address, array + i * sizeof address)) return -EFAULT;
        if (address == 0) break;
        if (i > kMostArguments) return -E2BIG;
        argv->push_back(address);
    }
    // As Linux since 5.18: a program has at least an empty name.
    if (argv->empty()) argv->push_back(pointer(kEmptyPath));
    return 0;
}

// Opens what is to be executed, as the kernel's open_exec does.
int64_t open_program(Thread* thread, uint64_t dirfd, uint64_t path, uint64_t flags) {
    const uint64_t open_flags = kOpenProgram | (flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0);
    int64_t fd = open_in_root(thread, path, open_flags, 0);
    if (fd == kNotInRoot) {
        if (flags & AT_EMPTY_PATH) {
            char first = 0;
            if (!guest::read_object(&first, path)) return -EFAULT;
            if (first == 0) {
                // The descriptor may be O_PATH or write-only: open the file again for reading.
                char name[40];
                snprintf(name, sizeof name, "/proc/thread-self/fd/%d", static_cast<int>(dirfd));
                fd = host_call(SYS_openat, kCwd, pointer(name), kOpenProgram);
                if (fd == -ENOENT) fd = host_call(SYS_fcntl, dirfd, F_DUPFD_CLOEXEC, 0);
            }
        }
        if (fd == kNotInRoot) fd = host_call(SYS_openat, dirfd, path, open_flags);
    }
    if (fd < 0) return fd;
    struct stat file;
    int64_t error = host_call(SYS_fstat, static_cast<uint64_t>(fd), pointer(&file));
    if (error == 0 && is_emulator_file(file)) {
        const std::string behind = program_behind_exe_link(dirfd, path);
        if (!behind.empty()) {
            close(static_cast<int>(fd));
            fd = host_call(SYS_openat, kCwd, pointer(behind.c_str()), open_flags);
            if (fd < 0) return fd;
            error = host_call(SYS_fstat, static_cast<uint64_t>(fd), pointer(&file));
        }
    }
    if (error == 0 && !S_ISREG(file.st_mode)) error = -EACCES;
    if (error == 0) error = -loader::may_execute(static_cast<int>(fd));
    if (error) {
        close(static_cast<int>(fd));
        return error;
    }
    return fd;
}

// Does running the plan's file need the emulator? Follows #! lines as the kernel does, and remembers the
// first.
int64_t needs_emulator(Thread* thread, ExecPlan* plan, bool* emulated) {
    loader::LoadError error;
    int fd = plan->fd;
    int64_t opened = -1;
    int64_t result = 0;
    for (int depth = 0;; depth++) {
        const loader::FileKind kind = loader::classify(fd, &error);
        if (kind != loader::FileKind::Script) {
            *emulated = kind == loader::FileKind::Aarch64;
            if (kind == loader::FileKind::Unknown) result = error.error ? -error.error : -ENOEXEC;
            if (*emulated && !loader::check(fd, plan->path, &error)) result = -error.error;
            break;
        }
        if (depth > 4) {
            result = -ELOOP;
            break;
        }
        plan->is_script = true;
        loader::ScriptLine line;
        loader::FileHead head;
        if (!loader::read_head(fd, plan->path, &head, &error) ||
            !loader::parse_script(head, plan->path, &line, &error)) {
            result = -error.error;
            break;
        }
        if (depth == 0) plan->script = line;
        const int64_t next = open_program(thread, kCwd, pointer(line.interpreter.c_str()), 0);
        if (opened >= 0) close(static_cast<int>(opened));
        opened = next;
        if (opened < 0) return opened;
        fd = static_cast<int>(opened);
    }
    if (opened >= 0) close(static_cast<int>(opened));
    return result;
}

void set_close_on_exec(int fd, bool on) {
    host_call(SYS_fcntl, static_cast<uint64_t>(fd), F_SETFD, on ? FD_CLOEXEC : 0);
}

// The last steps, which both ways share: from here on only the host kernel can say no.
struct PointOfNoReturn {
    PointOfNoReturn() {
        if (!in_vfork_child() && guest::observer.before_exec) guest::observer.before_exec();
        StraceLine::before_exec();
        signals::reset_handlers_for_exec();
    }
    int64_t failed(int64_t error) {
        signals::restore_handlers_after_exec();
        if (!in_vfork_child() && guest::observer.exec_failed) guest::observer.exec_failed();
        return error;
    }
};

int64_t exec_emulated(Thread* thread, ExecPlan* plan, uint64_t envp) {
    if (self_fd < 0) return -ENOENT;
    if (has_seccomp(thread)) {
        const int64_t fd = write_seccomp_for_exec(thread);
        if (fd < 0) return fd;
        plan->filters_fd = static_cast<int>(fd);
        plan->filters_word = std::to_string(fd);
    }
    plan->fd_word = std::to_string(plan->fd);
    plan->self_word = std::to_string(self_fd);
    plan->limits_word = limits_for_exec();
    std::vector<uint64_t>& argv = plan->argv;
    argv.push_back(pointer(guest::options.self.c_str()));
    for (const std::string& word : guest::options.words) argv.push_back(pointer(word.c_str()));
    if (plan->filters_fd >= 0) {
        argv.push_back(pointer(kExecFilters));
        argv.push_back(pointer(plan->filters_word.c_str()));
    }
    if (thread->trace) {
        plan->trace_word = signals::trace_for_exec(thread);
        argv.push_back(pointer(kExecTrace));
        argv.push_back(pointer(plan->trace_word.c_str()));
    }
    const char* const internal[] = {kExecSelf,   plan->self_word.c_str(),  kExecFd, plan->fd_word.c_str(),
                                    kExecLimits, plan->limits_word.c_str()};
    for (const char* word : internal) argv.push_back(pointer(word));
    plan->sve_word = sve_for_exec(thread->cpu);
    if (!plan->sve_word.empty()) {
        argv.push_back(pointer(kExecSve));
        argv.push_back(pointer(plan->sve_word.c_str()));
    }
    if (loader::is_landlocked()) {
        argv.push_back(pointer(kExecLandlock));
        argv.push_back(pointer("yes"));
    }
    argv.push_back(pointer(kExecPath));
    argv.push_back(pointer(plan->path.c_str()));
    argv.insert(argv.end(), plan->guest_argv.begin(), plan->guest_argv.end());
    argv.push_back(0);

    PointOfNoReturn point;
    raise_descriptor_limit();
    set_close_on_exec(plan->fd, false);
    if (plan->filters_fd >= 0) set_close_on_exec(plan->filters_fd, false);
    set_close_on_exec(self_fd, false);
    const int64_t error = host_call(SYS_execveat, static_cast<uint64_t>(self_fd), pointer(kEmptyPath),
                                    pointer(argv.data()), envp, AT_EMPTY_PATH);
    set_close_on_exec(self_fd, true);
    restore_descriptor_limit();
    return point.failed(error);
}

// A program of the host's, or a script for one. Without plan->fd the file could not be opened for reading,
// and the kernel shall judge.
int64_t exec_native(Thread* thread, ExecPlan* plan, uint64_t dirfd, uint64_t path, uint64_t argv,
                    uint64_t envp, uint64_t flags) {
    // Nobody would evaluate the guest's filters any more.
    if (has_seccomp(thread)) return -EACCES;
    if (plan->is_script) {
        // The interpreter's path may be one under the root, which the kernel would not find.
        plan->host_path = loader::resolve_in_root(plan->script.interpreter);
        plan->argv.push_back(pointer(plan->script.interpreter.c_str()));
        if (plan->script.has_argument) plan->argv.push_back(pointer(plan->script.argument.c_str()));
        plan->argv.push_back(pointer(plan->path.c_str()));
        plan->argv.insert(plan->argv.end(), plan->guest_argv.begin() + 1, plan->guest_argv.end());
        plan->argv.push_back(0);
    } else if (have_root() && plan->fd >= 0 && plan->path[0] == '/') {
        plan->host_path = path_of_descriptor(plan->fd);
    }
    PointOfNoReturn point;
    const HostLimits limits;
    int64_t error;
    if (plan->is_script) {
        error = host_call(SYS_execve, pointer(plan->host_path.c_str()), pointer(plan->argv.data()), envp);
    } else if (!plan->host_path.empty()) {
        error = host_call(SYS_execve, pointer(plan->host_path.c_str()), argv, envp);
    } else if (static_cast<int>(dirfd) == AT_FDCWD && flags == 0) {
        error = host_call(SYS_execve, path, argv, envp);
    } else {
        error = host_call(SYS_execveat, dirfd, path, argv, envp, flags);
    }
    return point.failed(error);
}

int64_t run_plan(Thread* thread, ExecPlan* plan, uint64_t dirfd, uint64_t path, uint64_t argv, uint64_t envp,
                 uint64_t flags) {
    if (flags & ~uint64_t{AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW}) return -EINVAL;
    int64_t error = read_path(plan, dirfd, path, flags);
    if (error == 0) error = read_argv(&plan->guest_argv, argv);
    if (error) return error;
    const int64_t fd = open_program(thread, dirfd, path, flags);
    if (fd == -EACCES) return exec_native(thread, plan, dirfd, path, argv, envp, flags);
    if (fd < 0) return fd;
    plan->fd = static_cast<int>(fd);
    bool emulated = false;
    error = needs_emulator(thread, plan, &emulated);
    if (error) return error;
    return emulated ? exec_emulated(thread, plan, envp)
                    : exec_native(thread, plan, dirfd, path, argv, envp, flags);
}

int64_t exec(Thread* thread, uint64_t dirfd, uint64_t path, uint64_t argv, uint64_t envp, uint64_t flags) {
    // What came before is handled by this program's handlers, not by the next one's defaults.
    if (signals::has_deliverable(thread)) return -signals::kErestartnointr;
    plan_in_use = new ExecPlan;
    int64_t error = run_plan(thread, plan_in_use, dirfd, path, argv, envp, flags);
    const bool crowded = error == -EMFILE;
    if (crowded) {
        delete plan_in_use;
        plan_in_use = new ExecPlan;
        raise_descriptor_limit();
        // The numbers stay hidden ones.
        for (int fd : spare_fds) close(fd);
        error = run_plan(thread, plan_in_use, dirfd, path, argv, envp, flags);
    }
    delete plan_in_use;
    plan_in_use = nullptr;
    if (crowded) {
        for (int fd : spare_fds) dup3(self_fd, fd, O_CLOEXEC);
        restore_descriptor_limit();
    }
    return error;
}

}  // namespace

void drop_exec_plan() {
    if (plan_in_use) plan_in_use->fd = plan_in_use->filters_fd = -1;  // they were the child's
    delete plan_in_use;
    plan_in_use = nullptr;
}

void adopt_self_descriptor(int fd) {
    self_fd = support::hide_descriptor(fd);
}

void open_self() {
    if (self_fd < 0) {
        int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
        // Without /proc: by the name that the kernel was given.
        if (fd < 0) fd = open(reinterpret_cast<const char*>(getauxval(AT_EXECFN)), O_RDONLY | O_CLOEXEC);
        if (fd >= 0) self_fd = support::hide_descriptor(fd);
    }
    if (self_fd < 0) return;
    for (int& fd : spare_fds) fd = support::hide_descriptor(dup(self_fd));
}

int self_descriptor() {
    return self_fd;
}

int64_t sys_execve(Thread* thread, Arguments a) {
    return exec(thread, kCwd, a[0], a[1], a[2], 0);
}

int64_t sys_execveat(Thread* thread, Arguments a) {
    return exec(thread, a[0], a[1], a[2], a[3], a[4]);
}

}  // namespace armature::syscalls
