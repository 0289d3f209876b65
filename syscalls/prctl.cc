// SPDX-License-Identifier: MIT
// prctl, option by option: what is the process's or the thread's goes to the host, what is the processor's is
// answered as by an AArch64 kernel on a processor without the feature, what would change the emulator is
// refused.
#include <errno.h>
#include <linux/prctl.h>

#include "guest/features.h"
#include "guest/random.h"
#include "guest/user_access.h"
#include "support/log.h"
#include "syscalls/call.h"
#include "syscalls/memory.h"
#include "syscalls/seccomp.h"
#include "syscalls/sve.h"
#include "syscalls/tagged_addresses.h"

namespace armature::syscalls {
namespace {

enum class How { Host, Refuse };
struct OptionRow {
    int option;
    How how;
    int error;
};

constexpr int kSetVma = 0x53564d41;
constexpr int kSetMdwe = 65;
constexpr int kGetMdwe = 66;
constexpr int kSetMemoryMerge = 67;
constexpr int kGetMemoryMerge = 68;
constexpr int kGetAuxv = 0x41555856;

constexpr OptionRow kOptions[] = {
    {PR_SET_PDEATHSIG, How::Host, 0},
    {PR_GET_PDEATHSIG, How::Host, 0},
    {PR_GET_DUMPABLE, How::Host, 0},
    {PR_SET_DUMPABLE, How::Host, 0},
    {PR_GET_KEEPCAPS, How::Host, 0},
    {PR_SET_KEEPCAPS, How::Host, 0},
    {PR_GET_TIMING, How::Host, 0},
    {PR_SET_TIMING, How::Host, 0},
    {PR_SET_NAME, How::Host, 0},
    {PR_GET_NAME, How::Host, 0},
    {PR_CAPBSET_READ, How::Host, 0},
    {PR_CAPBSET_DROP, How::Host, 0},
    {PR_GET_SECUREBITS, How::Host, 0},
    {PR_SET_SECUREBITS, How::Host, 0},
    {PR_SET_TIMERSLACK, How::Host, 0},
    {PR_GET_TIMERSLACK, How::Host, 0},
    {PR_MCE_KILL, How::Host, 0},
    {PR_MCE_KILL_GET, How::Host, 0},
    {PR_SET_CHILD_SUBREAPER, How::Host, 0},
    {PR_GET_CHILD_SUBREAPER, How::Host, 0},
    {PR_SET_NO_NEW_PRIVS, How::Host, 0},
    {PR_GET_NO_NEW_PRIVS, How::Host, 0},
    {PR_SET_THP_DISABLE, How::Host, 0},
    {PR_GET_THP_DISABLE, How::Host, 0},
    {PR_CAP_AMBIENT, How::Host, 0},
    {PR_GET_SPECULATION_CTRL, How::Host, 0},
    {PR_SET_SPECULATION_CTRL, How::Host, 0},
    {PR_SET_IO_FLUSHER, How::Host, 0},
    {PR_GET_IO_FLUSHER, How::Host, 0},
    {PR_SET_PTRACER, How::Host, 0},
    {PR_SCHED_CORE, How::Host, 0},
    {PR_TASK_PERF_EVENTS_DISABLE, How::Host, 0},
    {PR_TASK_PERF_EVENTS_ENABLE, How::Host, 0},
    {kSetMemoryMerge, How::Host, 0},
    {kGetMemoryMerge, How::Host, 0},
    // Of other architectures, or of processor features that this one does not have.
    {PR_GET_UNALIGN, How::Refuse, EINVAL},
    {PR_SET_UNALIGN, How::Refuse, EINVAL},
    {PR_GET_FPEMU, How::Refuse, EINVAL},
    {PR_SET_FPEMU, How::Refuse, EINVAL},
    {PR_GET_FPEXC, How::Refuse, EINVAL},
    {PR_SET_FPEXC, How::Refuse, EINVAL},
    {PR_GET_ENDIAN, How::Refuse, EINVAL},
    {PR_SET_ENDIAN, How::Refuse, EINVAL},
    {PR_GET_TSC, How::Refuse, EINVAL},
    {PR_SET_TSC, How::Refuse, EINVAL},
    {PR_SET_FP_MODE, How::Refuse, EINVAL},
    {PR_GET_FP_MODE, How::Refuse, EINVAL},
    // Would bind the emulator instead of the guest.
    {PR_SET_MM, How::Refuse, EPERM},
    {PR_SET_SYSCALL_USER_DISPATCH, How::Refuse, EINVAL},
    {kSetMdwe, How::Refuse, EINVAL},
    {kGetMdwe, How::Refuse, EINVAL},
    {kGetAuxv, How::Refuse, EINVAL},
};

int64_t get_tid_address(guest::Thread* thread, Arguments a) {
    return guest::write_object(a[1], thread->clear_child_tid) ? 0 : -EFAULT;
}

// --- Pointer authentication. The kernel's bits for keys are those of guest::PacKey.

constexpr uint64_t kEnableableKeys = (1 << guest::kPacGA) - 1;
constexpr uint64_t kAllKeys = kEnableableKeys | 1 << guest::kPacGA;

bool has_pauth() {
    return guest::enabled(guest::Feature::PAuth);
}

int64_t reset_pac_keys(guest::Thread* thread, Arguments a) {
    if (!has_pauth() || (a[1] & ~kAllKeys) || a[2] || a[3] || a[4]) return -EINVAL;
    guest::new_pac_keys(thread->cpu, a[1] ? a[1] : kAllKeys);
    return 0;
}

int64_t set_enabled_pac_keys(guest::Thread* thread, Arguments a) {
    if (!has_pauth() || (a[1] & ~kEnableableKeys) || (a[2] & ~a[1]) || a[3] || a[4]) return -EINVAL;
    uint32_t& enabled = thread->cpu.pac_enabled;
    enabled = static_cast<uint32_t>((enabled & ~a[1]) | a[2]);
    return 0;
}

int64_t get_enabled_pac_keys(guest::Thread* thread, Arguments a) {
    if (!has_pauth() || a[1] || a[2] || a[3] || a[4]) return -EINVAL;
    return thread->cpu.pac_enabled;
}

}  // namespace

int64_t sys_prctl(guest::Thread* thread, Arguments a) {
    const int option = static_cast<int>(a[0]);
    if (option == PR_GET_TID_ADDRESS) return get_tid_address(thread, a);
    if (option == PR_GET_SECCOMP) return seccomp_mode(thread);
    if (option == PR_SET_SECCOMP) return prctl_seccomp(thread, a[1], a[2]);
    if (option == PR_PAC_RESET_KEYS) return reset_pac_keys(thread, a);
    if (option == PR_PAC_SET_ENABLED_KEYS) return set_enabled_pac_keys(thread, a);
    if (option == PR_PAC_GET_ENABLED_KEYS) return get_enabled_pac_keys(thread, a);
    if (option == PR_SET_TAGGED_ADDR_CTRL) return set_tagged_address_control(thread, a);
    if (option == PR_GET_TAGGED_ADDR_CTRL) return get_tagged_address_control(thread, a);
    if (option == PR_SVE_SET_VL) return set_sve_length(thread, a[1]);
    if (option == PR_SVE_GET_VL) return get_sve_length(thread);
    if (option == kSetVma && !guest_owns(a[2], a[3])) return -ENOMEM;
    if (option == kSetVma) return host_call(SYS_prctl, a[0], a[1], a[2], a[3], a[4]);
    for (const OptionRow& row : kOptions) {
        if (row.option != option) continue;
        if (row.how == How::Host) return host_call(SYS_prctl, a[0], a[1], a[2], a[3], a[4]);
        return -row.error;
    }
    if (support::log_enabled(support::LogItem::Unimp))
        support::log_printf("prctl option %d is not known\n", option);
    return -EINVAL;
}

}  // namespace armature::syscalls
