// SPDX-License-Identifier: MIT
// System calls without guest code: the tests make the guest's calls with AArch64's numbers, flags and
// structures. Guest memory is host memory, so the arguments are plain pointers.
#include "syscalls/syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <set>
#include <string>

#include "guest/address_space.h"
#include "guest/options.h"
#include "guest/user_access.h"
#include "signals/signals.h"
#include "support/descriptors.h"
#include "support/log.h"
#include "syscalls/call.h"
#include "syscalls/open_flags.h"
#include "syscalls/strace.h"
#include "translator/translator.h"

namespace armature::syscalls {
namespace {

constexpr uint64_t kGuestDirectory = 040000;  // O_DIRECTORY on AArch64
constexpr uint64_t kGuestDirect = 0200000;    // O_DIRECT
constexpr uint64_t kCwd = static_cast<uint64_t>(AT_FDCWD);

uint64_t address(const void* pointer) {
    return reinterpret_cast<uint64_t>(pointer);
}

int64_t number_of(const std::string& wanted) {
    for (int64_t number = 0; number < kRows; number++) {
        if (name(number) && wanted == name(number)) return number;
    }
    return -1;
}

class Syscalls : public ::testing::Test {
  public:
    void SetUp() override {
        static bool initialised = false;
        if (!initialised) {
            support::reserve_descriptors();
            translator::initialise();
            signals::initialise();
            ProgramInfo program;
            program.path = "/bin/true";
            initialise(program);
        }
        initialised = true;
        thread_ = std::make_unique<guest::Thread>();
        thread_->tid = getpid();
        thread_->signals = signals::create_thread_signals(thread_.get(), nullptr);
        guest::set_current_thread(thread_.get());
        signals::enter_thread();
    }
    void TearDown() override {
        signals::leave_thread();
        signals::destroy_thread_signals(thread_->signals);
        guest::set_current_thread(nullptr);
    }

    template <typename... Words>
    int64_t call(const char* which, Words... words) {
        const uint64_t arguments[8] = {static_cast<uint64_t>(words)...};
        return dispatch(thread_.get(), number_of(which), arguments);
    }
    int64_t open(const char* path, uint64_t flags, uint64_t mode = 0) {
        return call("openat", kCwd, address(path), flags, mode);
    }

    std::unique_ptr<guest::Thread> thread_;
};

TEST(SyscallTable, NamesAreUnique) {
    std::set<std::string> seen;
    for (int64_t number = 0; number < kRows; number++) {
        if (name(number)) {
            EXPECT_TRUE(seen.insert(name(number)).second) << name(number);
        }
    }
    EXPECT_EQ(seen.size(), 318u);
    EXPECT_STREQ(name(221), "execve");
    EXPECT_EQ(name(244), nullptr);
    EXPECT_EQ(name(-1), nullptr);
    EXPECT_EQ(name(10000), nullptr);
}

TEST(OpenFlags, AreConvertedBothWays) {
    EXPECT_EQ(to_host_open_flags(kGuestDirectory), static_cast<uint64_t>(O_DIRECTORY));
    EXPECT_EQ(to_host_open_flags(kGuestDirect), static_cast<uint64_t>(O_DIRECT));
    EXPECT_EQ(to_host_open_flags(0100000), static_cast<uint64_t>(O_NOFOLLOW));
    EXPECT_EQ(to_host_open_flags(O_CREAT | O_CLOEXEC | O_RDWR),
              static_cast<uint64_t>(O_CREAT | O_CLOEXEC | O_RDWR));
    EXPECT_EQ(to_guest_open_flags(O_DIRECTORY | O_APPEND), kGuestDirectory | O_APPEND);
}

TEST_F(Syscalls, UnknownNumbersAreEnosys) {
    const uint64_t none[8] = {};
    EXPECT_EQ(dispatch(thread_.get(), 250, none), -ENOSYS);
    EXPECT_EQ(dispatch(thread_.get(), 463, none), -ENOSYS);
    EXPECT_EQ(dispatch(thread_.get(), -1, none), -ENOSYS);
    EXPECT_EQ(call("rseq"), -ENOSYS);
}

TEST_F(Syscalls, OpenReadClose) {
    const int64_t directory = open("/", kGuestDirectory);
    ASSERT_GE(directory, 0);
    EXPECT_EQ(call("close", directory), 0);
    EXPECT_EQ(open("/proc/version", kGuestDirectory), -ENOTDIR);
    const int64_t fd = open("/proc/version", 0);
    char text[16] = {};
    EXPECT_EQ(call("read", fd, address(text), 5), 5);
    EXPECT_STREQ(text, "Linux");
    EXPECT_EQ(call("read", fd, 8, 5), -EFAULT);
    EXPECT_EQ(call("fcntl", fd, F_GETFL) & 0740000, 0400000);  // O_LARGEFILE
    EXPECT_EQ(call("close", fd), 0);
    EXPECT_EQ(call("close", fd), -EBADF);
    EXPECT_EQ(call("openat", kCwd, 1, 0), -EFAULT);
}

TEST_F(Syscalls, StatHasTheGenericLayout) {
    struct stat host;
    ASSERT_EQ(::stat("/bin", &host), 0);
    uint32_t words[32] = {};
    EXPECT_EQ(call("newfstatat", kCwd, address("/bin"), address(words), 0), 0);
    uint64_t inode;
    memcpy(&inode, words + 2, sizeof inode);
    EXPECT_EQ(inode, host.st_ino);
    EXPECT_EQ(words[4], host.st_mode);
    EXPECT_EQ(words[5], host.st_nlink);
    EXPECT_EQ(call("newfstatat", kCwd, address("/nothing"), address(words), 0), -ENOENT);
    EXPECT_EQ(call("newfstatat", kCwd, address("/bin"), 1, 0), -EFAULT);
}

TEST_F(Syscalls, EpollEventsAreNotPacked) {
    int pipe[2];
    ASSERT_EQ(call("pipe2", address(pipe), 0), 0);
    const int64_t epoll = call("epoll_create1", 0);
    struct Event {
        uint32_t events;
        uint32_t pad;
        uint64_t data;
    };
    Event event{POLLOUT, 0, 0x1122334455667788};
    EXPECT_EQ(call("epoll_ctl", epoll, 1, pipe[1], address(&event)), 0);
    event = {POLLIN, 0, 7};
    EXPECT_EQ(call("epoll_ctl", epoll, 1, pipe[0], address(&event)), 0);
    EXPECT_EQ(call("write", pipe[1], address("x"), 1), 1);
    Event events[4] = {};
    EXPECT_EQ(call("epoll_pwait", epoll, address(events), 4, 0, 0, 8), 2);
    std::set<uint64_t> data{events[0].data, events[1].data};
    EXPECT_EQ(data, (std::set<uint64_t>{7, 0x1122334455667788}));
    for (int64_t fd : {epoll, int64_t{pipe[0]}, int64_t{pipe[1]}}) call("close", fd);
}

TEST_F(Syscalls, HiddenDescriptorsAreOutOfReach) {
    const int own = support::hide_descriptor(::open("/dev/null", O_RDWR));
    ASSERT_TRUE(support::is_hidden_descriptor(own));
    char byte = 0;
    EXPECT_EQ(call("read", own, address(&byte), 1), -EBADF);
    EXPECT_EQ(call("fcntl", own, F_GETFD), -EBADF);
    EXPECT_EQ(call("close", own), -EBADF);
    EXPECT_EQ(call("dup3", 0, own, 0), -EBADF);
    EXPECT_EQ(call("dup", own), -EBADF);
    const int64_t mine = call("dup", 1);
    EXPECT_EQ(call("close_range", mine, ~0u, 0), 0);
    EXPECT_EQ(call("fcntl", mine, F_GETFD), -EBADF);
    EXPECT_GE(::fcntl(own, F_GETFD), 0);
    // Not listed either.
    const int64_t directory = open("/proc/self/fd", kGuestDirectory);
    char entries[4096];
    const int64_t size = call("getdents64", directory, address(entries), sizeof entries);
    ASSERT_GT(size, 0);
    const std::string wanted = std::to_string(own);
    for (int64_t at = 0; at < size; at += *reinterpret_cast<uint16_t*>(entries + at + 16))
        EXPECT_NE(std::string(entries + at + 19), wanted);
    call("close", directory);
    support::close_hidden_descriptor(own);
}

TEST_F(Syscalls, ProcFilesAreTheGuests) {
    auto& space = guest::AddressSpace::instance();
    const int64_t page = space.map(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT_GT(page, 0);
    space.name_range(static_cast<uint64_t>(page), static_cast<uint64_t>(page) + 8192, "[stack]");
    const std::string by_task = "/proc/self/task/" + std::to_string(getpid()) + "/maps";
    for (const char* spelling : {"/proc/self/maps", "/proc/thread-self/maps", by_task.c_str()}) {
        const int64_t fd = open(spelling, 0);
        ASSERT_GE(fd, 0);
        char text[8192] = {};
        EXPECT_GT(call("read", fd, address(text), sizeof text - 1), 0);
        EXPECT_NE(strstr(text, "rw-p 00000000 00:00 0                          [stack]\n"), nullptr) << text;
        EXPECT_EQ(strstr(text, "libc"), nullptr);
        call("close", fd);
    }
    char link[64] = {};
    EXPECT_EQ(call("readlinkat", kCwd, address("/proc/self/exe"), address(link), sizeof link), 9);
    EXPECT_STREQ(link, "/bin/true");
    const int64_t status = open("/proc/self/status", 0);
    char text[8] = {};
    EXPECT_EQ(call("read", status, address(text), 5), 5);
    EXPECT_STREQ(text, "Name:");
    call("close", status);
    space.unmap(static_cast<uint64_t>(page), 8192);
}

TEST_F(Syscalls, MemoryLimitsAreTheGuestsAlone) {
    rlimit old{};
    EXPECT_EQ(call("prlimit64", 0, RLIMIT_AS, 0, address(&old)), 0);
    rlimit lower = old;
    lower.rlim_cur = 1 << 20;
    EXPECT_EQ(call("prlimit64", 0, RLIMIT_AS, address(&lower), 0), 0);
    rlimit host{};
    getrlimit(RLIMIT_AS, &host);
    EXPECT_EQ(host.rlim_cur, old.rlim_cur);
    EXPECT_EQ(call("mmap", 0, 2 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), -ENOMEM);
    EXPECT_EQ(call("setrlimit", RLIMIT_AS, address(&old)), 0);
    const int64_t mapped = call("mmap", 0, 2 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT_GT(mapped, 0);
    EXPECT_EQ(call("munmap", mapped, 2 << 20), 0);
}

TEST_F(Syscalls, MemoryOfTheEmulatorIsNotTheGuests) {
    alignas(4096) static char own[4096];
    EXPECT_EQ(call("mprotect", address(own), 4096, PROT_READ), -ENOMEM);
    EXPECT_EQ(call("madvise", address(own), 4096, MADV_DONTNEED), -ENOMEM);
    EXPECT_EQ(call("mlock", address(own), 4096), -ENOMEM);
    own[0] = 1;
    EXPECT_EQ(call("munmap", address(own), 4096), 0);  // as over a hole
    EXPECT_EQ(own[0], 1);
}

TEST_F(Syscalls, SharedMemoryJoinsTheAddressSpace) {
    const int64_t id = call("shmget", IPC_PRIVATE, 5000, 0600 | IPC_CREAT);
    ASSERT_GE(id, 0);
    const int64_t at = call("shmat", id, 0, 0);
    ASSERT_GT(at, 0);
    EXPECT_TRUE(
        guest::AddressSpace::instance().owns(static_cast<uint64_t>(at), static_cast<uint64_t>(at) + 8192));
    reinterpret_cast<char*>(at)[4999] = 1;
    EXPECT_EQ(call("shmdt", at), 0);
    EXPECT_EQ(call("shmdt", at), -EINVAL);
    EXPECT_FALSE(
        guest::AddressSpace::instance().owns(static_cast<uint64_t>(at), static_cast<uint64_t>(at) + 4096));
    EXPECT_EQ(call("shmctl", id, IPC_RMID, 0), 0);
}

TEST_F(Syscalls, SemaphoresHaveTheGenericLayout) {
    const int64_t id = call("semget", IPC_PRIVATE, 3, 0600 | IPC_CREAT);
    ASSERT_GE(id, 0);
    uint64_t words[11] = {};
    EXPECT_EQ(call("semctl", id, 0, IPC_STAT, address(words)), 0);
    EXPECT_EQ(words[8], 3u);  // sem_nsems
    EXPECT_NE(words[7], 0u);  // sem_ctime
    EXPECT_EQ(call("semctl", id, 0, IPC_RMID, 0), 0);
}

TEST_F(Syscalls, UnameSaysAarch64) {
    char name[6][65];
    guest::options.uname_release = "6.1.2-test";
    EXPECT_EQ(call("uname", address(name)), 0);
    guest::options.uname_release.clear();
    EXPECT_STREQ(name[0], "Linux");
    EXPECT_STREQ(name[2], "6.1.2-test");
    EXPECT_STREQ(name[4], "aarch64");
}

TEST_F(Syscalls, ExecFindsErrorsBeforeThePointOfNoReturn) {
    const char* const argv[] = {"x", nullptr};
    const auto exec = [&](const char* path) { return call("execve", address(path), address(argv), 0); };
    EXPECT_EQ(exec("/nothing"), -ENOENT);
    EXPECT_EQ(exec("/"), -EACCES);
    EXPECT_EQ(exec("/etc/passwd"), -EACCES);
    EXPECT_EQ(exec(""), -ENOENT);
    EXPECT_EQ(call("execve", 1, address(argv), 0), -EFAULT);
    EXPECT_EQ(call("execve", address("/bin/true"), 1, 0), -EFAULT);
    char path[] = "/tmp/syscalls_test_XXXXXX";
    const int fd = mkstemp(path);
    ASSERT_GE(fd, 0);
    ASSERT_EQ(write(fd, "neither nor", 11), 11);
    fchmod(fd, 0755);
    close(fd);
    EXPECT_EQ(exec(path), -ENOEXEC);
    const auto rewrite = [&path](const std::string& contents) {
        const int again = ::open(path, O_WRONLY | O_TRUNC);
        EXPECT_EQ(write(again, contents.data(), contents.size()), static_cast<ssize_t>(contents.size()));
        close(again);
    };
    rewrite("#!/nothing here\n");
    EXPECT_EQ(exec(path), -ENOENT);
    rewrite("#!   \n");
    EXPECT_EQ(exec(path), -ENOEXEC);
    rewrite(std::string("#!") + path + "\n");
    EXPECT_EQ(exec(path), -ELOOP);
    // An AArch64 program that ends in the middle of its header.
    rewrite(std::string("\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\267\0\1\0\0\0", 24));
    EXPECT_EQ(exec(path), -ENOEXEC);
    unlink(path);
}

TEST_F(Syscalls, NativeProgramsRunNatively) {
    const pid_t child = fork();
    if (child == 0) {
        const char* const argv[] = {"sh", "-c", "exit 7", nullptr};
        call("execve", address("/bin/sh"), address(argv), 0);
        _exit(1);
    }
    int status = 0;
    EXPECT_EQ(call("wait4", child, address(&status), 0, 0), child);
    EXPECT_EQ(WEXITSTATUS(status), 7);
}

TEST(Strace, ShowsWhatWasChosen) {
    EXPECT_TRUE(strace_shows(63));
    EXPECT_EQ(choose_strace("json,nonsense"), "nonsense");
    EXPECT_EQ(choose_strace("read,%memory,open"), "");
    EXPECT_TRUE(strace_shows(63));   // read
    EXPECT_TRUE(strace_shows(222));  // mmap
    EXPECT_TRUE(strace_shows(56));   // openat
    EXPECT_FALSE(strace_shows(57));  // close
    EXPECT_EQ(choose_strace("%file,!openat"), "");
    EXPECT_TRUE(strace_shows(48));  // faccessat
    EXPECT_FALSE(strace_shows(56));
    EXPECT_FALSE(strace_shows(100000));
}

TEST(Strace, FormatsByTheTable) {
    const uint64_t open[6] = {kCwd, address("/etc/x\n"), 02000000 | kGuestDirectory, 0, 0, 0};
    EXPECT_EQ(format_argument("dirfd", open, 0, nullptr, guest::read_memory), "AT_FDCWD");
    EXPECT_EQ(format_argument("path", open, 1, nullptr, guest::read_memory), "\"/etc/x\\n\"");
    EXPECT_EQ(format_argument("flags:open", open, 2, nullptr, guest::read_memory),
              "O_RDONLY|O_DIRECTORY|O_CLOEXEC");
    EXPECT_EQ(format_argument("flags:open", open, 3, nullptr, guest::read_memory), "O_RDONLY");
    const uint64_t bad[6] = {1};
    EXPECT_EQ(format_argument("path", bad, 0, nullptr, guest::read_memory), "0x1");
    EXPECT_EQ(format_result(-ENOENT, false), "-1 ENOENT (No such file or directory)");
    EXPECT_EQ(format_result(4096, true), "0x1000");
    const int64_t read = 3;
    const uint64_t buffer[6] = {0, address("abcdef"), 6};
    EXPECT_EQ(format_argument("obuf", buffer, 1, nullptr, guest::read_memory), "");
    EXPECT_EQ(format_argument("obuf", buffer, 1, &read, guest::read_memory), "\"abc\"");
}

}  // namespace
}  // namespace armature::syscalls
