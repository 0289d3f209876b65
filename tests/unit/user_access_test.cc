// SPDX-License-Identifier: MIT
#include "guest/user_access.h"

#include <errno.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <cstdint>
#include <vector>

namespace armature::guest {
namespace {

void on_fault(int signo, siginfo_t*, void* context) {
    auto* machine = &static_cast<ucontext_t*>(context)->uc_mcontext;
    const uintptr_t next = recover_fault(static_cast<uintptr_t>(machine->gregs[REG_RIP]));
    if (next == 0) {
        signal(signo, SIG_DFL);
        return;
    }
    machine->gregs[REG_RIP] = static_cast<greg_t>(next);
}

constexpr size_t kPage = 4096;

class UserAccess : public ::testing::Test {
  protected:
    void SetUp() override {
        struct sigaction action {};
        action.sa_sigaction = on_fault;
        action.sa_flags = SA_SIGINFO | SA_NODEFER;
        sigaction(SIGSEGV, &action, &old_segv_);
        sigaction(SIGBUS, &action, &old_bus_);
        // Two pages, of which the second is inaccessible.
        void* got = mmap(nullptr, 2 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        ASSERT_NE(got, MAP_FAILED);
        page_ = static_cast<unsigned char*>(got);
        mprotect(page_ + kPage, kPage, PROT_NONE);
        for (size_t i = 0; i < kPage; i++) page_[i] = static_cast<unsigned char>(i * 31 + 7);
    }
    void TearDown() override {
        munmap(page_, 2 * kPage);
        sigaction(SIGSEGV, &old_segv_, nullptr);
        sigaction(SIGBUS, &old_bus_, nullptr);
    }
    uint64_t at(size_t offset) const { return reinterpret_cast<uint64_t>(page_ + offset); }

    unsigned char* page_ = nullptr;
    struct sigaction old_segv_ {};
    struct sigaction old_bus_ {};
};

TEST_F(UserAccess, CopiesEverySize) {
    for (size_t size = 0; size < 1200; size++) {
        std::vector<unsigned char> to(size + 1, 0xee);
        ASSERT_TRUE(read_memory(to.data(), at(kPage - size), size));
        ASSERT_EQ(memcmp(to.data(), page_ + kPage - size, size), 0) << size;
        ASSERT_EQ(to[size], 0xee) << size;
    }
}

TEST_F(UserAccess, WritesWhatItReads) {
    std::vector<unsigned char> from(700);
    for (size_t i = 0; i < from.size(); i++) from[i] = static_cast<unsigned char>(i ^ 0x5a);
    ASSERT_TRUE(write_memory(at(3), from.data(), from.size()));
    EXPECT_EQ(memcmp(page_ + 3, from.data(), from.size()), 0);
    EXPECT_EQ(page_[3 + from.size()], static_cast<unsigned char>((3 + from.size()) * 31 + 7));
}

TEST_F(UserAccess, FailsAtTheFirstBadByte) {
    std::vector<unsigned char> buffer(2 * kPage);
    for (size_t size : {1, 4, 8, 9, 24, 600, 4097}) {
        EXPECT_FALSE(read_memory(buffer.data(), at(kPage), size)) << size;
        EXPECT_FALSE(read_memory(buffer.data(), at(kPage - size + 1), size)) << size;
        EXPECT_FALSE(write_memory(at(kPage), buffer.data(), size)) << size;
    }
}

TEST_F(UserAccess, FailsAtAddressesThatCannotBe) {
    uint64_t value = 0;
    for (uint64_t address : {uint64_t{0}, uint64_t{8}, uint64_t{1} << 47, uint64_t{1} << 63, ~uint64_t{0} - 7,
                             at(0) | uint64_t{0xff} << 56}) {
        EXPECT_FALSE(read_object(&value, address)) << address;
        EXPECT_FALSE(write_object(address, value)) << address;
    }
}

TEST_F(UserAccess, FailsBeyondTheEndOfAFile) {
    const int fd = memfd_create("empty", 0);
    void* got = mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ASSERT_NE(got, MAP_FAILED);
    int value = 0;
    EXPECT_FALSE(read_object(&value, reinterpret_cast<uint64_t>(got)));
    munmap(got, kPage);
    close(fd);
}

TEST_F(UserAccess, ReadsStrings) {
    std::string text;
    memcpy(page_ + kPage - 6, "hello", 6);
    EXPECT_EQ(read_string(&text, at(kPage - 6), 100), 0);
    EXPECT_EQ(text, "hello");
    EXPECT_EQ(read_string(&text, at(kPage - 1), 100), 0);
    EXPECT_EQ(text, "");
    EXPECT_EQ(read_string(&text, at(kPage - 6), 5), -ENAMETOOLONG);
    EXPECT_EQ(read_string(&text, at(kPage - 6), 6), 0);
    page_[kPage - 1] = 'x';
    EXPECT_EQ(read_string(&text, at(kPage - 6), 100), -EFAULT);
    EXPECT_EQ(read_string(&text, 0, 100), -EFAULT);
    EXPECT_EQ(read_string(&text, ~uint64_t{0}, 100), -EFAULT);
}

}  // namespace
}  // namespace armature::guest
