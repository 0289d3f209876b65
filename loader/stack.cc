// SPDX-License-Identifier: MIT
// From the top of the stack downwards, as Linux lays it out:
//   8 zero bytes, the file's name (AT_EXECFN), the environment's strings, the arguments' strings,
//   "aarch64" (AT_PLATFORM), 16 random bytes (AT_RANDOM), auxv, envp, argv, argc <- sp, 16-byte aligned.
// The whole stack is mapped at once (untouched pages cost nothing), so there is nothing to grow; below it is
// a guard that belongs to the emulator: to the guest it is unmapped, and nothing else will ever be mapped
// there.
#include "loader/stack.h"

#include <errno.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

#include "guest/address_space.h"
#include "guest/features.h"
#include "guest/options.h"

namespace armature::loader {

using guest::AddressSpace;
using guest::kPageSize;

namespace {

constexpr uint64_t kMaxString = 32 * kPageSize;
constexpr uint64_t kMinStack = 128 << 10;
constexpr uint64_t kGuard = 1 << 20;
constexpr uint64_t kClockTicks = 100;
constexpr uint64_t kAtHwcap3 = 29;  // newer than the host's headers
// sizeof(struct rt_sigframe) of arm64 without SVE (4688), a frame record and the alignment.
constexpr uint64_t kMinSignalStack = 4720;
constexpr char kPlatform[] = "aarch64";

struct AuxEntry {
    uint64_t type;
    uint64_t value;
};

uint64_t string_bytes(const std::vector<std::string>& strings) {
    uint64_t bytes = 0;
    for (const std::string& string : strings) bytes += string.size() + 1;
    return bytes;
}

// Writes downwards.
class Writer {
  public:
    explicit Writer(uint64_t top) : at_(top) {}
    uint64_t put(const void* from, size_t size) {
        at_ -= size;
        memcpy(reinterpret_cast<void*>(at_), from, size);
        return at_;
    }
    uint64_t put(const std::string& string) { return put(string.c_str(), string.size() + 1); }
    void align(uint64_t alignment) { at_ &= ~(alignment - 1); }
    uint64_t at() const { return at_; }

  private:
    uint64_t at_;
};

// Puts the strings so that the first is lowest, and their addresses in order.
std::vector<uint64_t> put_strings(Writer& writer, const std::vector<std::string>& strings) {
    std::vector<uint64_t> addresses(strings.size());
    for (size_t i = strings.size(); i-- > 0;) addresses[i] = writer.put(strings[i]);
    return addresses;
}

std::vector<AuxEntry> make_auxv(const StackContents& contents, uint64_t platform, uint64_t random,
                                uint64_t name) {
    const Image& image = *contents.image;
    return {
        {AT_SYSINFO_EHDR, contents.vdso},
        {AT_MINSIGSTKSZ, kMinSignalStack},
        {AT_HWCAP, guest::hwcap(1)},
        {AT_PAGESZ, kPageSize},
        {AT_CLKTCK, kClockTicks},
        {AT_PHDR, image.headers},
        {AT_PHENT, sizeof(Elf64_Phdr)},
        {AT_PHNUM, contents.file->header.e_phnum},
        {AT_BASE, contents.interpreter_base},
        {AT_FLAGS, 0},
        {AT_ENTRY, image.entry},
        {AT_UID, getuid()},
        {AT_EUID, geteuid()},
        {AT_GID, getgid()},
        {AT_EGID, getegid()},
        {AT_SECURE, getauxval(AT_SECURE)},
        {AT_RANDOM, random},
        {AT_HWCAP2, guest::hwcap(2)},
        {kAtHwcap3, guest::hwcap(3)},
        {AT_EXECFN, name},
        {AT_PLATFORM, platform},
        {AT_NULL, 0},
    };
}

bool map_stack(uint64_t needed, bool executable, Mapped* mapped, uint64_t* begin, uint64_t* end,
               LoadError* error) {
    AddressSpace& space = AddressSpace::instance();
    uint64_t size = std::max(guest::options.stack_size, kMinStack);
    size = std::max(size, needed + kMinStack);
    size = (size + kPageSize - 1) & ~(kPageSize - 1);
    const int prot = PROT_READ | PROT_WRITE | (executable ? PROT_EXEC : 0);
    const int64_t got =
        space.map(0, size + kGuard, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (got < 0) {
        return fail(error, static_cast<int>(-got),
                    "no memory for a stack of %lu KiB: %s; ask for less with -s", size >> 10,
                    strerror(static_cast<int>(-got)));
    }
    const uint64_t guard = static_cast<uint64_t>(got);
    *begin = guard + kGuard;
    *end = *begin + size;
    mapped->add(*begin, *end);
    space.unmap(guard, kGuard);
    // If this fails, the guard is a hole: as good, until something is mapped there.
    void* wanted = reinterpret_cast<void*>(guard);
    void* placed = mmap(wanted, kGuard, PROT_NONE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (placed != MAP_FAILED && placed != wanted) munmap(placed, kGuard);
    space.name_range(*begin, *end, "[stack]");
    return true;
}

}  // namespace

bool check_strings(const StackContents& contents, LoadError* error) {
    constexpr uint64_t kArgMax = 128 << 10;
    constexpr uint64_t kMost = 6 << 20;
    const uint64_t limit = std::max(std::min(guest::options.stack_size / 4, kMost), kArgMax);
    uint64_t bytes = contents.executable.size() + 1;
    for (const std::vector<std::string>* strings : {contents.arguments, contents.environment}) {
        bytes += string_bytes(*strings) + strings->size() * sizeof(uint64_t);
        for (const std::string& string : *strings) {
            if (string.size() + 1 > kMaxString) {
                return fail(error, E2BIG,
                            "an argument or environment string of %zu bytes: at most %lu are possible",
                            string.size(), kMaxString - 1);
            }
        }
    }
    if (bytes > limit) {
        return fail(error, E2BIG,
                    "arguments and environment take %lu bytes: at most %lu are possible with a stack "
                    "of %lu KiB (-s)",
                    bytes, limit, guest::options.stack_size >> 10);
    }
    return true;
}

bool build_stack(const StackContents& contents, Randomness& random, Mapped* mapped, Program* program,
                 LoadError* error) {
    const size_t pointers = contents.arguments->size() + contents.environment->size();
    const uint64_t needed = string_bytes(*contents.arguments) + string_bytes(*contents.environment) +
                            contents.executable.size() + pointers * sizeof(uint64_t) + 2 * kPageSize;
    uint64_t begin = 0;
    uint64_t end = 0;
    if (!map_stack(needed, contents.file->executable_stack, mapped, &begin, &end, error)) return false;

    Writer writer(end);
    const uint64_t zero = 0;
    writer.put(&zero, sizeof zero);
    const uint64_t name = writer.put(contents.executable);
    program->env_end = name;
    const std::vector<uint64_t> environment = put_strings(writer, *contents.environment);
    program->env_start = program->arg_end = writer.at();
    const std::vector<uint64_t> arguments = put_strings(writer, *contents.arguments);
    program->arg_start = writer.at();

    // As the kernel: the part below the strings starts at a random place within the next page.
    if (random.places()) {
        uint64_t shift = 0;
        random.fill(&shift, sizeof shift);
        writer = Writer(writer.at() - shift % kPageSize);
    }
    writer.align(16);
    const uint64_t platform = writer.put(kPlatform, sizeof kPlatform);
    writer.align(16);
    unsigned char bytes[16];
    random.fill(bytes, sizeof bytes);
    const uint64_t random_bytes = writer.put(bytes, sizeof bytes);

    const std::vector<AuxEntry> auxv = make_auxv(contents, platform, random_bytes, name);
    const size_t words = 1 + arguments.size() + 1 + environment.size() + 1;
    writer.align(16);
    if (words % 2 != 0) writer.put(&zero, sizeof zero);
    writer.put(auxv.data(), auxv.size() * sizeof(AuxEntry));
    writer.put(&zero, sizeof zero);
    writer.put(environment.data(), environment.size() * sizeof(uint64_t));
    writer.put(&zero, sizeof zero);
    writer.put(arguments.data(), arguments.size() * sizeof(uint64_t));
    const uint64_t count = arguments.size();
    program->stack_pointer = program->stack_start = writer.put(&count, sizeof count);
    program->auxv.assign(reinterpret_cast<const char*>(auxv.data()), auxv.size() * sizeof(AuxEntry));
    return true;
}

}  // namespace armature::loader
