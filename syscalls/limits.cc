// SPDX-License-Identifier: MIT
// getrlimit, setrlimit, prlimit64. Limits of memory (RLIMIT_AS, RLIMIT_DATA, RLIMIT_STACK) are kept for the
// guest and enforced on its address space: the emulator's own memory must not count against them, and its
// stack not shrink with them. All other limits are the process's. The numbers and the structure are the same
// on both architectures.
#include "syscalls/limits.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include <mutex>

#include "guest/address_space.h"
#include "guest/user_access.h"
#include "syscalls/call.h"
#include "syscalls/process.h"
#include "syscalls/syscalls.h"

namespace armature::syscalls {
namespace {

using guest::Thread;

struct LimitRow {
    int resource;
    int64_t (*apply)(uint64_t value);  // of the soft limit; 0 or -errno
};

int64_t apply_as(uint64_t bytes) {
    guest::AddressSpace::instance().set_limit_as(bytes);
    return 0;
}
int64_t apply_data(uint64_t bytes) {
    guest::AddressSpace::instance().set_limit_data(bytes);
    return 0;
}
int64_t apply_stack(uint64_t) {
    return 0;  // counts for the next program
}
// The kernel enforces the soft limit. The hard one stays as it is: the emulator needs room for the
// descriptors with which it starts the next program.
int64_t apply_descriptors(uint64_t count) {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return -errno;
    limit.rlim_cur = count;
    if (count > limit.rlim_max) limit.rlim_max = count;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? 0 : -errno;
}

constexpr LimitRow kLimits[] = {{RLIMIT_AS, apply_as},
                                {RLIMIT_DATA, apply_data},
                                {RLIMIT_STACK, apply_stack},
                                {RLIMIT_NOFILE, apply_descriptors}};
constexpr size_t kCount = sizeof kLimits / sizeof kLimits[0];

rlimit current[kCount];
bool adopted = false;

int index_of(uint64_t resource) {
    for (size_t i = 0; i < kCount; i++) {
        if (static_cast<uint64_t>(kLimits[i].resource) == resource) return static_cast<int>(i);
    }
    return -1;
}

uint64_t pointer(const void* p) {
    return reinterpret_cast<uint64_t>(p);
}

// May the process raise a hard limit? Asked by raising one of the process's own that does not matter by
// nothing.
bool may_raise_hard_limits() {
    constexpr uint32_t kVersion3 = 0x20080522;
    struct {
        uint32_t version = kVersion3;
        int pid = 0;
    } header;
    struct {
        uint32_t effective, permitted, inheritable;
    } data[2] = {};
    if (host_call(SYS_capget, pointer(&header), pointer(data)) != 0) return false;
    constexpr int kSysResource = 24;
    return data[0].effective >> kSysResource & 1;
}

int64_t change(int index, const rlimit* wanted, rlimit* old) {
    std::lock_guard guard(table_lock());
    rlimit& limit = current[index];
    if (kLimits[index].resource == RLIMIT_NOFILE) {
        // Another process may have changed it.
        rlimit host{};
        if (getrlimit(RLIMIT_NOFILE, &host) == 0) limit.rlim_cur = host.rlim_cur;
    }
    if (old) *old = limit;
    if (!wanted) return 0;
    if (wanted->rlim_cur > wanted->rlim_max) return -EINVAL;
    if (wanted->rlim_max > limit.rlim_max && !may_raise_hard_limits()) return -EPERM;
    const int64_t error = kLimits[index].apply(wanted->rlim_cur);
    if (error == 0) limit = *wanted;
    return error;
}

// `wanted` and `old` are guest addresses or 0.
int64_t change_own(uint64_t resource, uint64_t wanted, uint64_t old) {
    const int index = index_of(resource);
    if (index < 0) return host_call(SYS_prlimit64, 0, resource, wanted, old);
    rlimit now{};
    rlimit before{};
    if (wanted && !guest::read_object(&now, wanted)) return -EFAULT;
    const int64_t result = change(index, wanted ? &now : nullptr, &before);
    if (result < 0) return result;
    return old && !guest::write_object(old, before) ? -EFAULT : 0;
}

}  // namespace

void read_limits() {
    if (adopted) return;
    for (size_t i = 0; i < kCount; i++) {
        getrlimit(static_cast<__rlimit_resource_t>(kLimits[i].resource), &current[i]);
        if (current[i].rlim_cur != RLIM_INFINITY && kLimits[i].resource != RLIMIT_NOFILE)
            kLimits[i].apply(current[i].rlim_cur);
    }
}

std::string limits_for_exec() {
    std::lock_guard guard(table_lock());
    std::string word;
    for (const rlimit& limit : current) {
        char numbers[64];
        snprintf(numbers, sizeof numbers, "%s%llx:%llx", word.empty() ? "" : ",",
                 static_cast<unsigned long long>(limit.rlim_cur),
                 static_cast<unsigned long long>(limit.rlim_max));
        word += numbers;
    }
    return word;
}

bool adopt_limits(const std::string& word) {
    unsigned long long v[2 * kCount];
    const char* at = word.c_str();
    for (size_t i = 0; i < kCount; i++) {
        int length = 0;
        if (sscanf(at, "%llx:%llx%n", &v[2 * i], &v[2 * i + 1], &length) != 2) return false;
        at += length;
        if (*at == ',') at++;
    }
    for (size_t i = 0; i < kCount; i++) {
        current[i] = {v[2 * i], v[2 * i + 1]};
        // The one of descriptors waits for initialise: plugins and the program are yet to be opened.
        if (current[i].rlim_cur != RLIM_INFINITY && kLimits[i].resource != RLIMIT_NOFILE)
            kLimits[i].apply(current[i].rlim_cur);
    }
    adopted = true;
    return true;
}

void raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

void restore_descriptor_limit() {
    apply_descriptors(current[index_of(RLIMIT_NOFILE)].rlim_cur);
}

uint64_t stack_limit() {
    read_limits();
    return current[index_of(RLIMIT_STACK)].rlim_cur;
}

HostLimits::HostLimits() {
    for (size_t i = 0; i < kCount; i++) {
        const auto resource = static_cast<__rlimit_resource_t>(kLimits[i].resource);
        getrlimit(resource, &saved_[i]);
        setrlimit(resource, &current[i]);
    }
}

HostLimits::~HostLimits() {
    for (size_t i = 0; i < kCount; i++)
        setrlimit(static_cast<__rlimit_resource_t>(kLimits[i].resource), &saved_[i]);
}

int64_t sys_getrlimit(Thread*, Arguments a) {
    if (index_of(a[0]) >= 0 && a[1] == 0) return -EFAULT;
    return index_of(a[0]) >= 0 ? change_own(a[0], 0, a[1]) : host_call(SYS_getrlimit, a[0], a[1]);
}

int64_t sys_setrlimit(Thread*, Arguments a) {
    if (index_of(a[0]) >= 0 && a[1] == 0) return -EFAULT;
    return index_of(a[0]) >= 0 ? change_own(a[0], a[1], 0) : host_call(SYS_setrlimit, a[0], a[1]);
}

int64_t sys_prlimit64(Thread*, Arguments a) {
    const auto pid = static_cast<pid_t>(a[0]);
    if (pid == 0 || pid == getpid()) return change_own(static_cast<uint32_t>(a[1]), a[2], a[3]);
    return host_call(SYS_prlimit64, a[0], a[1], a[2], a[3]);
}

}  // namespace armature::syscalls
