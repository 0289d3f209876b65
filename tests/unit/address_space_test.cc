// SPDX-License-Identifier: MIT
#include "guest/address_space.h"

#include <errno.h>
#include <gtest/gtest.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "guest/region_map.h"

namespace armature::guest {
namespace {

constexpr uint64_t kPage = kPageSize;
constexpr int kAnonymous = MAP_PRIVATE | MAP_ANONYMOUS;
constexpr int kReadWrite = PROT_READ | PROT_WRITE;

std::vector<std::pair<uint64_t, uint64_t>> invalidated;

class Space : public ::testing::Test {
  protected:
    void SetUp() override {
        space_.set_invalidate_hook(
            [](uint64_t begin, uint64_t end) { invalidated.emplace_back(begin, end); });
        invalidated.clear();
    }
    void TearDown() override {
        space_.set_mmap_top(0);
        space_.set_limit_as(~uint64_t{0});
        space_.set_limit_data(~uint64_t{0});
        for (const Mapping& mapping : space_.snapshot())
            space_.unmap(mapping.begin, mapping.end - mapping.begin);
    }
    uint64_t map(uint64_t pages, int prot = kReadWrite, int flags = kAnonymous, uint64_t address = 0) {
        const int64_t got = space_.map(address, pages * kPage, prot, flags, -1, 0);
        EXPECT_GT(got, 0);
        return static_cast<uint64_t>(got);
    }
    Mapping find(uint64_t address) {
        Mapping mapping;
        EXPECT_TRUE(space_.find(address, &mapping));
        return mapping;
    }
    static bool host_has(uint64_t address) {
        unsigned char resident = 0;
        return mincore(reinterpret_cast<void*>(address), kPage, &resident) == 0;
    }

    AddressSpace& space_ = AddressSpace::instance();
};

TEST_F(Space, MapsAndUnmapsParts) {
    const uint64_t base = map(5);
    EXPECT_TRUE(space_.owns(base, base + 5 * kPage));
    EXPECT_EQ(space_.unmap(base + 2 * kPage, kPage), 0);
    EXPECT_FALSE(space_.owns(base, base + 5 * kPage));
    EXPECT_TRUE(space_.owns(base, base + 2 * kPage));
    EXPECT_TRUE(space_.owns(base + 3 * kPage, base + 5 * kPage));
    EXPECT_FALSE(host_has(base + 2 * kPage));
    EXPECT_EQ(space_.snapshot().size(), 2u);
    EXPECT_EQ(space_.total_mapped(), 4 * kPage);
}

TEST_F(Space, NeighboursThatSayTheSameAreOne) {
    const uint64_t base = map(3);
    EXPECT_EQ(space_.protect(base + kPage, kPage, PROT_READ), 0);
    EXPECT_EQ(space_.snapshot().size(), 3u);
    EXPECT_EQ(space_.protect(base + kPage, kPage, kReadWrite), 0);
    EXPECT_EQ(space_.snapshot().size(), 1u);
}

TEST_F(Space, ArgumentsAreCheckedAsTheKernelDoes) {
    EXPECT_EQ(space_.map(0, 0, kReadWrite, kAnonymous, -1, 0), -EINVAL);
    EXPECT_EQ(space_.map(0, kPage, kReadWrite, kAnonymous, -1, 1), -EINVAL);
    EXPECT_EQ(space_.map(123, kPage, kReadWrite, kAnonymous | MAP_FIXED, -1, 0), -EINVAL);
    EXPECT_EQ(space_.map(0, ~uint64_t{0}, kReadWrite, kAnonymous, -1, 0), -ENOMEM);
    EXPECT_EQ(space_.map(kAddressLimit, kPage, kReadWrite, kAnonymous | MAP_FIXED, -1, 0), -ENOMEM);
    EXPECT_EQ(space_.map(0, kPage, PROT_READ, MAP_PRIVATE, -1, 0), -EBADF);
    EXPECT_EQ(space_.unmap(1, kPage), -EINVAL);
    EXPECT_EQ(space_.unmap(0, 0), -EINVAL);
    EXPECT_EQ(space_.unmap(kAddressLimit, kPage), -EINVAL);
    EXPECT_EQ(space_.protect(1, kPage, PROT_READ), -EINVAL);
    EXPECT_EQ(space_.protect(0x10000, 0, PROT_READ), 0);
    EXPECT_EQ(space_.protect(0x10000, kPage, PROT_READ), -ENOMEM);
    EXPECT_EQ(space_.protect(map(1), kPage, 0x40), -EINVAL);
}

TEST_F(Space, FixedMappingsNeverReplaceTheEmulator) {
    void* ours = mmap(nullptr, 3 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(ours, MAP_FAILED);
    memset(ours, 0x77, 3 * kPage);
    const uint64_t at = reinterpret_cast<uint64_t>(ours);
    EXPECT_EQ(space_.map(at, kPage, kReadWrite, kAnonymous | MAP_FIXED, -1, 0), -ENOMEM);
    EXPECT_EQ(space_.map(at - kPage, 5 * kPage, kReadWrite, kAnonymous | MAP_FIXED, -1, 0), -ENOMEM);
    EXPECT_EQ(space_.map(at, kPage, kReadWrite, kAnonymous | MAP_FIXED_NOREPLACE, -1, 0), -EEXIST);
    EXPECT_EQ(space_.unmap(at, 3 * kPage), 0);
    EXPECT_EQ(space_.protect(at, kPage, PROT_NONE), -ENOMEM);
    EXPECT_EQ(space_.advise(at, kPage, MADV_DONTNEED), -ENOMEM);
    const uint64_t source = map(1);
    EXPECT_EQ(space_.remap(source, kPage, kPage, MREMAP_MAYMOVE | MREMAP_FIXED, at), -ENOMEM);
    EXPECT_EQ(space_.remap(at, kPage, 2 * kPage, MREMAP_MAYMOVE, 0), -EFAULT);
    EXPECT_FALSE(space_.find(at, nullptr));
    for (size_t i = 0; i < 3 * kPage; i++) ASSERT_EQ(static_cast<unsigned char*>(ours)[i], 0x77);
    munmap(ours, 3 * kPage);
}

TEST_F(Space, FixedMappingsReplaceOwnAndFreePages) {
    const uint64_t base = map(6);
    space_.unmap(base + 2 * kPage, 4 * kPage);
    EXPECT_EQ(space_.map(base + kPage, 4 * kPage, PROT_READ, kAnonymous | MAP_FIXED, -1, 0),
              static_cast<int64_t>(base + kPage));
    EXPECT_EQ(find(base + kPage).prot, PROT_READ);
    EXPECT_EQ(find(base).prot, kReadWrite);
    EXPECT_FALSE(space_.find(base + 5 * kPage, nullptr));
    EXPECT_EQ(space_.map(base, kPage, kReadWrite, kAnonymous | MAP_FIXED_NOREPLACE, -1, 0), -EEXIST);
}

TEST_F(Space, HintsAreHonoured) {
    const uint64_t base = map(3);
    space_.unmap(base, 3 * kPage);
    EXPECT_EQ(map(1, kReadWrite, kAnonymous, base), base);
    // Beyond the host's address space a hint is void.
    EXPECT_LT(map(1, kReadWrite, kAnonymous, uint64_t{1} << 48), kAddressLimit);
}

TEST_F(Space, ProtectionStopsAtHoles) {
    const uint64_t base = map(3);
    space_.unmap(base + kPage, kPage);
    EXPECT_EQ(space_.protect(base, 3 * kPage, PROT_READ), -ENOMEM);
    EXPECT_EQ(find(base).prot, PROT_READ);
    EXPECT_EQ(find(base + 2 * kPage).prot, kReadWrite);
}

TEST_F(Space, ExecutableMappingsAreDataToTheHost) {
    const uint64_t base = map(2, PROT_EXEC);
    EXPECT_TRUE(space_.is_executable(base + 100));
    EXPECT_FALSE(space_.is_executable(base + 2 * kPage));
    EXPECT_EQ(*reinterpret_cast<volatile char*>(base), 0);  // readable, to be translated
    EXPECT_EQ(space_.protect(base, kPage, PROT_READ), 0);
    ASSERT_EQ(invalidated.size(), 1u);
    EXPECT_EQ(invalidated[0], std::make_pair(base, base + kPage));
    EXPECT_FALSE(space_.is_executable(base));
    EXPECT_TRUE(space_.is_executable(base + kPage));
    space_.unmap(base, 2 * kPage);
    ASSERT_EQ(invalidated.size(), 2u);
    EXPECT_EQ(invalidated[1], std::make_pair(base + kPage, base + 2 * kPage));
    EXPECT_FALSE(space_.is_executable(base + kPage));
}

TEST_F(Space, DataIsNotInvalidated) {
    const uint64_t base = map(2);
    space_.protect(base, kPage, PROT_READ);
    space_.unmap(base, 2 * kPage);
    EXPECT_TRUE(invalidated.empty());
}

TEST_F(Space, RemapMovesWhatIsKnown) {
    const uint64_t base = map(3, PROT_READ | PROT_EXEC);
    const uint64_t blocker = map(1, kReadWrite, kAnonymous | MAP_FIXED, base + 2 * kPage);
    invalidated.clear();
    EXPECT_EQ(space_.remap(base, 2 * kPage, 4 * kPage, 0, 0), -ENOMEM);
    const int64_t moved = space_.remap(base, 2 * kPage, 4 * kPage, MREMAP_MAYMOVE, 0);
    ASSERT_GT(moved, 0);
    EXPECT_FALSE(space_.find(base, nullptr));
    EXPECT_TRUE(space_.find(blocker, nullptr));
    EXPECT_TRUE(space_.is_executable(static_cast<uint64_t>(moved) + 3 * kPage));
    EXPECT_EQ(invalidated.size(), 1u);
    EXPECT_EQ(space_.remap(static_cast<uint64_t>(moved), 4 * kPage, kPage, 0, 0), moved);
    EXPECT_FALSE(space_.find(static_cast<uint64_t>(moved) + kPage, nullptr));
}

TEST_F(Space, RemapChecksItsArguments) {
    const uint64_t base = map(2);
    EXPECT_EQ(space_.remap(base + 1, kPage, kPage, 0, 0), -EINVAL);
    EXPECT_EQ(space_.remap(base, kPage, 0, 0, 0), -EINVAL);
    EXPECT_EQ(space_.remap(base, kPage, kPage, 8, 0), -EINVAL);
    EXPECT_EQ(space_.remap(base, kPage, kPage, MREMAP_FIXED, base), -EINVAL);
    EXPECT_EQ(space_.remap(base, kPage, kPage, MREMAP_FIXED | MREMAP_MAYMOVE, base), -EINVAL);
    EXPECT_EQ(space_.remap(base + 2 * kPage, kPage, 2 * kPage, MREMAP_MAYMOVE, 0), -EFAULT);
}

TEST_F(Space, SharedMemoryTellsItsAliases) {
    const uint64_t base = map(2, kReadWrite, MAP_SHARED | MAP_ANONYMOUS);
    const int64_t alias = space_.remap(base + kPage, 0, kPage, MREMAP_MAYMOVE, 0);
    ASSERT_GT(alias, 0);
    const Mapping first = find(base);
    const Mapping second = find(static_cast<uint64_t>(alias));
    EXPECT_NE(first.inode, 0u);
    EXPECT_EQ(first.inode, second.inode);
    EXPECT_EQ(second.offset, kPage);
    *reinterpret_cast<int*>(base + kPage) = 42;
    EXPECT_EQ(*reinterpret_cast<int*>(alias), 42);
}

TEST_F(Space, FilesHaveNamesAndOffsets) {
    char path[] = "/tmp/address_space_XXXXXX";
    const int fd = mkstemp(path);
    ASSERT_GE(fd, 0);
    ASSERT_EQ(ftruncate(fd, 4 * kPage), 0);
    const int64_t got = space_.map(0, 3 * kPage, PROT_READ, MAP_PRIVATE, fd, kPage);
    ASSERT_GT(got, 0);
    const uint64_t base = static_cast<uint64_t>(got);
    EXPECT_EQ(find(base).name, path);
    space_.unmap(base, kPage);
    EXPECT_EQ(find(base + kPage).offset, 2 * kPage);
    close(fd);
    unlink(path);
}

TEST_F(Space, BrkGrowsAndShrinks) {
    const uint64_t base = map(8);
    space_.unmap(base, 8 * kPage);
    space_.set_brk(base);
    EXPECT_EQ(space_.brk(0), static_cast<int64_t>(base));
    EXPECT_EQ(space_.brk(base + 100), static_cast<int64_t>(base + 100));
    EXPECT_EQ(find(base).name, "[heap]");
    EXPECT_EQ(space_.brk(base + 3 * kPage), static_cast<int64_t>(base + 3 * kPage));
    EXPECT_EQ(space_.snapshot().size(), 1u);
    *reinterpret_cast<char*>(base + 3 * kPage - 1) = 1;
    EXPECT_EQ(space_.brk(base + 1), static_cast<int64_t>(base + 1));
    EXPECT_FALSE(space_.find(base + kPage, nullptr));
    map(1, kReadWrite, kAnonymous | MAP_FIXED, base + 2 * kPage);
    EXPECT_EQ(space_.brk(base + 2 * kPage), static_cast<int64_t>(base + 1));
    space_.set_limit_data(kPage);
    EXPECT_EQ(space_.brk(base + kPage + 1), static_cast<int64_t>(base + 1));
}

TEST_F(Space, LimitsAreTheGuests) {
    space_.set_limit_as(10 * kPage);
    const uint64_t base = map(8);
    EXPECT_EQ(space_.map(0, 3 * kPage, kReadWrite, kAnonymous, -1, 0), -ENOMEM);
    EXPECT_EQ(space_.map(base, 8 * kPage, kReadWrite, kAnonymous | MAP_FIXED, -1, 0),
              static_cast<int64_t>(base));
    EXPECT_EQ(space_.remap(base, 8 * kPage, 11 * kPage, MREMAP_MAYMOVE, 0), -ENOMEM);
    EXPECT_EQ(std::vector<char>(1 << 20).size(), 1u << 20);  // the emulator is not limited
    space_.set_limit_data(8 * kPage);
    EXPECT_EQ(space_.map(0, kPage, kReadWrite, kAnonymous, -1, 0), -ENOMEM);
    map(1, PROT_READ);
}

TEST_F(Space, ChosenAddressesAreTheSameInEveryRun) {
    constexpr uint64_t kTop = uint64_t{0x6000} << 32;
    space_.set_mmap_top(kTop);
    const uint64_t first = map(4);
    EXPECT_EQ(first, kTop - 4 * kPage);
    EXPECT_EQ(map(2), kTop - 6 * kPage);
    space_.unmap(first, kPage);
    EXPECT_EQ(map(1), first);
    const int64_t moved = space_.remap(first, 4 * kPage, 5 * kPage, MREMAP_MAYMOVE, 0);
    EXPECT_TRUE(moved == static_cast<int64_t>(first) || moved == static_cast<int64_t>(kTop - 11 * kPage));
}

TEST_F(Space, StacksThatGrowAreFollowed) {
    const uint64_t base = map(600);
    space_.unmap(base, 600 * kPage);
    const uint64_t stack = map(2, kReadWrite, kAnonymous | MAP_GROWSDOWN | MAP_FIXED, base + 500 * kPage);
    // The host grows it on a touch below, if nothing else is near.
    const pid_t child = fork();
    if (child == 0) {
        for (uint64_t page = 1; page < 4; page++) *reinterpret_cast<volatile char*>(stack - page * kPage) = 1;
        _exit(space_.owns(stack - 3 * kPage, stack) && space_.unmap(stack - 3 * kPage, 5 * kPage) == 0 &&
                      !host_has(stack - 3 * kPage)
                  ? 0
                  : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
}

TEST_F(Space, SharedSegmentsAttachAndDetach) {
    const int id = shmget(IPC_PRIVATE, 2 * kPage, IPC_CREAT | 0600);
    if (id < 0) GTEST_SKIP() << "no System V shared memory here";
    const int64_t got = space_.attach_shared(id, 0, 0);
    ASSERT_GT(got, 0);
    const uint64_t base = static_cast<uint64_t>(got);
    EXPECT_EQ(find(base).device, kSharedMemoryDevice);
    EXPECT_EQ(space_.detach_shared(base + kPage), -EINVAL);
    EXPECT_EQ(space_.detach_shared(base), 0);
    EXPECT_FALSE(space_.find(base, nullptr));
    EXPECT_FALSE(host_has(base));
    shmctl(id, IPC_RMID, nullptr);
}

TEST_F(Space, ForkedChildrenLackWhatWasAdvised) {
    const uint64_t base = map(3);
    EXPECT_EQ(space_.advise(base + kPage, kPage, MADV_DONTFORK), 0);
    space_.before_fork();
    const pid_t child = fork();
    space_.after_fork();
    if (child == 0) {
        const bool right = !space_.owns(base, base + 3 * kPage) && space_.owns(base, base + kPage);
        _exit(right ? 0 : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    EXPECT_TRUE(space_.owns(base, base + 3 * kPage));
}

TEST(RegionMap, FindsGaps) {
    RegionMap map;
    Region region;
    region.begin = 0x3000;
    region.end = 0x5000;
    map.insert(region);
    region.begin = 0x8000;
    region.end = 0x9000;
    map.insert(region);
    const std::vector<Range> expected = {{0x2000, 0x3000}, {0x5000, 0x8000}, {0x9000, 0xa000}};
    EXPECT_EQ(map.gaps(0x2000, 0xa000), expected);
    EXPECT_EQ(map.highest_gap(0x9000, 0x3000), 0x5000u);
    EXPECT_EQ(map.highest_gap(0x9000, 0x3001), 0u);
    EXPECT_EQ(map.highest_gap(0x7000, 0x1000), 0x6000u);
    EXPECT_EQ(map.highest_gap(0x4000, 0x2000), 0x1000u);
}

}  // namespace
}  // namespace armature::guest
