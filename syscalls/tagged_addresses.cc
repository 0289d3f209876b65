// SPDX-License-Identifier: MIT
// The host's kernel knows no tags, so they are taken off before a call: from arguments that are addresses by
// their row of syscalls.def, from the pieces of iovec and msghdr, and from the strings of an exec. Only
// threads that have asked for it (prctl PR_SET_TAGGED_ADDR_CTRL) come here at all.
#include "syscalls/tagged_addresses.h"

#include <linux/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "guest/address_space.h"
#include "guest/features.h"
#include "guest/user_access.h"
#include "translator/translator.h"

namespace armature::syscalls {
namespace {

constexpr unsigned kArguments = 8;
constexpr size_t kMostPieces = 1024;  // UIO_MAXIOV
constexpr size_t kMostStrings = 1 << 20;

// Arguments that look like addresses and are left as they are: where to map, and what a new thread's
// registers get.
struct Kept {
    int64_t number;
    unsigned argument;
};
constexpr Kept kKept[] = {{214, 0}, {216, 4}, {220, 1}, {220, 3}, {222, 0}};  // brk, mremap, clone, mmap

bool is_number(std::string_view kind) {
    for (const std::string_view word :
         {"fd", "dirfd", "anyfd", "int", "uint", "long", "size", "mode", "signal", "futex_op"}) {
        if (kind == word) return true;
    }
    return kind.starts_with("flags:") || kind.starts_with("enum:");
}

// A "hex" argument may be an address or a number (of ioctl, fcntl, futex): numbers do not look like this.
bool is_tagged(uint64_t value) {
    return value >> 56 != 0 && (value >> 47 & 0x1ff) == 0;
}

uint64_t pointer(const void* to) {
    return reinterpret_cast<uint64_t>(to);
}

// What arguments point at, without tags, for the length of one call.
class Copies {
  public:
    uint64_t pieces(uint64_t from, size_t count) {
        if (count == 0 || count > kMostPieces) return from;
        std::vector<iovec>& copy = pieces_.emplace_back(count);
        if (!guest::read_memory(copy.data(), from, count * sizeof(iovec))) return from;
        for (iovec& piece : copy) {
            piece.iov_base =
                reinterpret_cast<void*>(untagged_address(reinterpret_cast<uint64_t>(piece.iov_base)));
        }
        return pointer(copy.data());
    }

    uint64_t message(uint64_t from) {
        if (!guest::read_object(&message_, from)) return from;
        message_from_ = from;
        const auto plain = [](void* address) {
            return reinterpret_cast<void*>(untagged_address(reinterpret_cast<uint64_t>(address)));
        };
        message_.msg_name = plain(message_.msg_name);
        message_.msg_control = plain(message_.msg_control);
        message_.msg_iov =
            reinterpret_cast<iovec*>(pieces(pointer(plain(message_.msg_iov)), message_.msg_iovlen));
        return pointer(&message_);
    }

    uint64_t strings(uint64_t from) {
        std::vector<uint64_t>& copy = strings_.emplace_back();
        for (uint64_t at = from; at != 0 && copy.size() < kMostStrings; at += sizeof at) {
            uint64_t string = 0;
            if (!guest::read_object(&string, at)) return from;
            copy.push_back(untagged_address(string));
            if (string == 0) return pointer(copy.data());
        }
        return from;
    }

    // What recvmsg tells in the structure itself.
    void write_back() const {
        if (!message_from_) return;
        guest::write_object(message_from_ + offsetof(msghdr, msg_namelen), message_.msg_namelen);
        guest::write_object(message_from_ + offsetof(msghdr, msg_controllen), message_.msg_controllen);
        guest::write_object(message_from_ + offsetof(msghdr, msg_flags), message_.msg_flags);
    }

  private:
    std::vector<std::vector<iovec>> pieces_;
    std::vector<std::vector<uint64_t>> strings_;
    msghdr message_{};
    uint64_t message_from_ = 0;
};

}  // namespace

int64_t call_untagged(guest::Thread* thread, int64_t number, const Row& row, Arguments given) {
    uint64_t a[kArguments];
    std::copy_n(given, kArguments, a);
    Copies copies;
    std::string_view words = row.arguments;
    words = words.substr(0, words.find(" -> "));
    bool writes_message = false;
    for (unsigned i = 0; !words.empty() && i < kArguments; i++) {
        const size_t comma = words.find(',');
        const std::string_view kind = words.substr(0, comma);
        words = comma == std::string_view::npos ? std::string_view() : words.substr(comma + 1);
        const auto keeps = [&](const Kept& kept) { return kept.number == number && kept.argument == i; };
        if (is_number(kind) || std::any_of(std::begin(kKept), std::end(kKept), keeps)) continue;
        if (kind != "hex" || is_tagged(a[i])) a[i] = untagged_address(a[i]);
        if (kind == "iovec" || kind == "oiovec") a[i] = copies.pieces(a[i], a[i + 1]);
        if (kind == "msghdr" || kind == "omsghdr") a[i] = copies.message(a[i]);
        if (kind == "argv" || kind == "envp") a[i] = copies.strings(a[i]);
        writes_message |= kind == "omsghdr";
    }
    const int64_t result = row.handler(thread, a);
    if (writes_message && result >= 0) copies.write_back();
    return result;
}

// --- prctl

int64_t set_tagged_address_control(guest::Thread* thread, Arguments a) {
    constexpr uint64_t kTagBits = PR_MTE_TCF_MASK | PR_MTE_TAG_MASK;
    static_assert(PR_TAGGED_ADDR_ENABLE == guest::kTagAddressesAllowed &&
                  PR_MTE_TCF_SYNC == guest::kTagChecksSync && PR_MTE_TCF_ASYNC == guest::kTagChecksAsync &&
                  PR_MTE_TAG_SHIFT == guest::kTagIncludeShift);
    const uint64_t known = PR_TAGGED_ADDR_ENABLE | (guest::enabled(guest::Feature::MTE) ? kTagBits : 0);
    if ((a[1] & ~known) || a[2] || a[3] || a[4]) return -EINVAL;
    const bool checks = a[1] & PR_MTE_TCF_MASK;
    if (checks && !guest::AddressSpace::instance().prepare_tags()) return -ENOMEM;
    uint32_t& control = thread->cpu.tag_control;
    control = (control & guest::kTagFaultPending) | static_cast<uint32_t>(a[1]);
    if (checks) translator::start_tag_checks();
    return 0;
}

int64_t get_tagged_address_control(guest::Thread* thread, Arguments a) {
    if (a[1] || a[2] || a[3] || a[4]) return -EINVAL;
    return thread->cpu.tag_control & ~guest::kTagFaultPending;
}

}  // namespace armature::syscalls
