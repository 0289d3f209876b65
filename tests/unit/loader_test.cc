// SPDX-License-Identifier: MIT
#include "loader/loader.h"

#include <errno.h>
#include <gtest/gtest.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <map>

#include "guest/address_space.h"
#include "guest/features.h"
#include "guest/options.h"
#include "loader/vdso.h"
#include "tests/fuzz/elf_builder.h"

namespace armature::loader {
namespace {

using guest::AddressSpace;
using guest::Mapping;
using tests::ElfBuilder;

uint64_t word(uint64_t address) {
    uint64_t value;
    memcpy(&value, reinterpret_cast<void*>(address), sizeof value);
    return value;
}
std::string text(uint64_t address) {
    return reinterpret_cast<const char*>(address);
}

class Loader : public ::testing::Test {
  protected:
    void SetUp() override {
        char name[] = "/tmp/loader_test_XXXXXX";
        ASSERT_NE(mkdtemp(name), nullptr);
        folder_ = name;
    }
    void TearDown() override {
        for (const Mapping& mapping : space_.snapshot())
            space_.unmap(mapping.begin, mapping.end - mapping.begin);
        space_.set_mmap_top(0);
        guest::options = {};
        std::string command = "rm -rf " + folder_;
        EXPECT_EQ(system(command.c_str()), 0);
    }

    bool load_bytes(const std::vector<unsigned char>& bytes) {
        const int fd = tests::memory_file(bytes.data(), bytes.size());
        const bool ok = load("./prog", fd, arguments_, environment_, &program_, &error_);
        close(fd);
        if (!ok) {
            EXPECT_TRUE(space_.snapshot().empty());
            EXPECT_FALSE(error_.message.empty());
            EXPECT_EQ(error_.message.find('\n'), std::string::npos);
        }
        return ok;
    }
    int refusal(const std::vector<unsigned char>& bytes) { return load_bytes(bytes) ? 0 : error_.error; }
    int refusal(const ElfBuilder& elf) { return refusal(elf.bytes()); }

    std::string write(const std::string& name, const std::vector<unsigned char>& bytes, mode_t mode = 0755) {
        std::string path = folder_ + "/" + name;
        std::ofstream(path).write(reinterpret_cast<const char*>(bytes.data()),
                                  static_cast<std::streamsize>(bytes.size()));
        chmod(path.c_str(), mode);
        return path;
    }
    std::string write(const std::string& name, const std::string& contents, mode_t mode = 0755) {
        return write(name, std::vector<unsigned char>(contents.begin(), contents.end()), mode);
    }

    AddressSpace& space_ = AddressSpace::instance();
    std::string folder_;
    std::vector<std::string> arguments_ = {"prog", "one", "two"};
    std::vector<std::string> environment_ = {"A=1", "B=2"};
    Program program_;
    LoadError error_;
};

template <typename Change>
std::vector<unsigned char> changed(const ElfBuilder& elf, Change change) {
    std::vector<unsigned char> bytes = elf.bytes();
    change(reinterpret_cast<Elf64_Ehdr*>(bytes.data()), reinterpret_cast<Elf64_Phdr*>(bytes.data() + 64));
    return bytes;
}

TEST_F(Loader, FixedProgram) {
    ASSERT_TRUE(load_bytes(tests::fixed_program().bytes())) << error_.message;
    EXPECT_EQ(program_.entry, 0x400200u);
    EXPECT_EQ(program_.load_bias, 0u);
    EXPECT_EQ(program_.start_code, 0x400000u);
    EXPECT_EQ(program_.end_code, 0x401000u);
    EXPECT_TRUE(space_.is_executable(0x400200));
    EXPECT_FALSE(space_.owns(0x401000, 0x402000));  // the hole was given back
    EXPECT_EQ(*reinterpret_cast<unsigned char*>(0x411001), static_cast<unsigned char>(0x1001 * 7));
    for (uint64_t at = 0x411800; at < 0x414000; at++) ASSERT_EQ(*reinterpret_cast<unsigned char*>(at), 0);
    *reinterpret_cast<int*>(0x413ffc) = 1;
    Mapping code;
    ASSERT_TRUE(space_.find(0x400000, &code));
    EXPECT_EQ(code.prot, PROT_READ | PROT_EXEC);
}

TEST_F(Loader, InitialStack) {
    ASSERT_TRUE(load_bytes(tests::fixed_program().bytes()));
    uint64_t at = program_.stack_pointer;
    EXPECT_EQ(at % 16, 0u);
    EXPECT_EQ(word(at), 3u);
    EXPECT_EQ(text(word(at + 8)), "prog");
    EXPECT_EQ(text(word(at + 24)), "two");
    EXPECT_EQ(word(at + 32), 0u);
    EXPECT_EQ(text(word(at + 40)), "A=1");
    EXPECT_EQ(text(word(at + 48)), "B=2");
    EXPECT_EQ(word(at + 56), 0u);
    EXPECT_EQ(program_.arg_start, word(at + 8));
    EXPECT_EQ(program_.arg_end, word(at + 40));
    std::map<uint64_t, uint64_t> auxv;
    at += 64;
    EXPECT_EQ(memcmp(program_.auxv.data(), reinterpret_cast<void*>(at), program_.auxv.size()), 0);
    for (; word(at) != AT_NULL; at += 16) auxv[word(at)] = word(at + 8);
    EXPECT_EQ(auxv[AT_PHDR], 0x400040u);
    EXPECT_EQ(auxv[AT_PHNUM], 2u);
    EXPECT_EQ(auxv[AT_ENTRY], 0x400200u);
    EXPECT_EQ(auxv[AT_BASE], 0u);
    EXPECT_EQ(auxv[AT_HWCAP], guest::hwcap(1));
    EXPECT_EQ(auxv[AT_SYSINFO_EHDR], program_.vdso);
    EXPECT_EQ(text(auxv[AT_EXECFN]), "./prog");
    EXPECT_EQ(text(auxv[AT_PLATFORM]), "aarch64");
    EXPECT_EQ(auxv[AT_SECURE], 0u);
    Mapping stack;
    ASSERT_TRUE(space_.find(program_.stack_pointer, &stack));
    EXPECT_EQ(stack.name, "[stack]");
    EXPECT_EQ(stack.prot, PROT_READ | PROT_WRITE);
    EXPECT_FALSE(space_.find(stack.begin - 1, nullptr));
    unsigned char resident;
    EXPECT_EQ(mincore(reinterpret_cast<void*>(stack.begin - 4096), 4096, &resident),
              0);  // the guard is there
}

TEST_F(Loader, StackMayBeExecutable) {
    ElfBuilder elf = tests::fixed_program();
    elf.segments.push_back({PT_GNU_STACK, PF_R | PF_W | PF_X, 0, 0, 0, 0, 0, 16});
    ASSERT_TRUE(load_bytes(elf.bytes()));
    EXPECT_TRUE(space_.is_executable(program_.stack_pointer));
}

TEST_F(Loader, MovableProgramIsAligned) {
    for (uint64_t align : {0x10000, 0x200000}) {
        ElfBuilder elf = tests::movable_program();
        for (Elf64_Phdr& segment : elf.segments) segment.p_align = align;
        ASSERT_TRUE(load_bytes(elf.bytes())) << error_.message;
        EXPECT_EQ(program_.load_bias % align, 0u);
        EXPECT_NE(program_.load_bias, 0u);
        EXPECT_EQ(program_.entry, program_.load_bias + 0x200);
    }
}

TEST_F(Loader, InterpreterIsFoundUnderTheRoot) {
    mkdir((folder_ + "/lib").c_str(), 0755);
    mkdir((folder_ + "/real").c_str(), 0755);
    write("real/ld.so", tests::movable_program().bytes());
    ASSERT_EQ(symlink("/real/ld.so", (folder_ + "/lib/ld-test.so").c_str()), 0);
    guest::options.root = folder_;
    ASSERT_TRUE(load_bytes(tests::movable_program("/lib/ld-test.so").bytes())) << error_.message;
    EXPECT_NE(program_.entry, program_.program_entry);
    Mapping mapping;
    ASSERT_TRUE(space_.find(program_.entry, &mapping));
    EXPECT_EQ(mapping.name, folder_ + "/real/ld.so");
}

TEST_F(Loader, MissingInterpreter) {
    EXPECT_EQ(refusal(tests::movable_program("/lib/ld-nowhere.so")), ENOENT);
    EXPECT_EQ(error_.message,
              "./prog: cannot find its interpreter /lib/ld-nowhere.so; give the arm64 root with -L");
}

TEST_F(Loader, BadInterpreters) {
    EXPECT_EQ(refusal(tests::movable_program(write("text", "just text"))), ELIBBAD);
    EXPECT_EQ(refusal(tests::movable_program(write("ld", tests::movable_program().bytes(), 0644))), EACCES);
    ElfBuilder foreign = tests::movable_program();
    foreign.machine = EM_X86_64;
    EXPECT_EQ(refusal(tests::movable_program(write("x86", foreign.bytes()))), ELIBBAD);
    EXPECT_EQ(refusal(tests::movable_program(folder_)), EACCES);
    EXPECT_EQ(refusal(tests::movable_program("")), 0);
}

TEST_F(Loader, MalformedFiles) {
    const ElfBuilder good = tests::fixed_program();
    EXPECT_EQ(refusal(std::vector<unsigned char>{}), ENOEXEC);
    EXPECT_EQ(refusal(std::vector<unsigned char>{0x7f, 'E', 'L', 'F'}), ENOEXEC);
    std::vector<unsigned char> cut = good.bytes();
    cut.resize(100);
    EXPECT_EQ(refusal(cut), ENOEXEC);
    cut = good.bytes();
    cut.resize(0x1000);
    EXPECT_EQ(refusal(cut), ENOEXEC);
    using E = Elf64_Ehdr*;
    using P = Elf64_Phdr*;
    EXPECT_EQ(refusal(changed(good, [](E e, P) { e->e_ident[EI_CLASS] = ELFCLASS32; })), ENOEXEC);
    EXPECT_EQ(refusal(changed(good, [](E e, P) { e->e_ident[EI_DATA] = ELFDATA2MSB; })), ENOEXEC);
    EXPECT_EQ(refusal(changed(good, [](E e, P) { e->e_machine = EM_X86_64; })), ENOEXEC);
    EXPECT_EQ(refusal(changed(good, [](E e, P) { e->e_type = ET_REL; })), ENOEXEC);
    EXPECT_EQ(refusal(changed(good, [](E e, P) { e->e_phentsize = 55; })), ENOEXEC);
    EXPECT_EQ(refusal(changed(good, [](E e, P) { e->e_phnum = 0; })), ENOEXEC);
    EXPECT_EQ(refusal(changed(good, [](E e, P) { e->e_phnum = 0xffff; })), ENOEXEC);
    EXPECT_EQ(refusal(changed(good, [](E e, P) { e->e_phoff = ~uint64_t{0} - 8; })), ENOEXEC);
    EXPECT_EQ(refusal(changed(good, [](E, P p) { p[0].p_filesz = 0x1800; })), EINVAL);
    EXPECT_EQ(refusal(changed(good, [](E, P p) { p[1].p_memsz = uint64_t{1} << 60; })), EINVAL);
    EXPECT_EQ(refusal(changed(good, [](E, P p) { p[1].p_memsz = uint64_t{1} << 46; })), ENOMEM);
    EXPECT_EQ(refusal(changed(good, [](E, P p) { p[1].p_vaddr = ~uint64_t{0xfff}; })), EINVAL);
    EXPECT_EQ(refusal(changed(good, [](E, P p) { p[1].p_vaddr = 0x400000; })), EINVAL);  // overlaps
    EXPECT_EQ(refusal(changed(good, [](E, P p) { p[1].p_offset = 0x1004; })), EINVAL);
    EXPECT_EQ(refusal(changed(good, [](E e, P) { e->e_entry = 0x500000; })), EINVAL);
    EXPECT_EQ(refusal(changed(good, [](E e, P) { e->e_entry = 0x400202; })), EINVAL);
    EXPECT_EQ(refusal(changed(good, [](E, P p) { p[0].p_type = p[1].p_type = PT_NOTE; })), EINVAL);
}

TEST_F(Loader, FilesThatCannotBeExecuted) {
    const std::string plain = write("plain", tests::fixed_program().bytes(), 0644);
    EXPECT_FALSE(load(plain, -1, arguments_, environment_, &program_, &error_));
    EXPECT_EQ(error_.error, EACCES);
    EXPECT_FALSE(load(folder_, -1, arguments_, environment_, &program_, &error_));
    EXPECT_EQ(error_.error, EACCES);
    EXPECT_FALSE(load(folder_ + "/none", -1, arguments_, environment_, &program_, &error_));
    EXPECT_EQ(error_.error, ENOENT);
    const std::string pipe = folder_ + "/pipe";
    ASSERT_EQ(mkfifo(pipe.c_str(), 0755), 0);
    EXPECT_FALSE(load(pipe, -1, arguments_, environment_, &program_, &error_));
    EXPECT_EQ(error_.error, EACCES);
}

TEST_F(Loader, Scripts) {
    const std::string elf = write("elf", tests::fixed_program().bytes());
    const std::string script = write("script", "#! \t" + elf + "  -a b \t\nrest");
    ASSERT_TRUE(load(script, -1, arguments_, environment_, &program_, &error_)) << error_.message;
    const uint64_t at = program_.stack_pointer;
    EXPECT_EQ(word(at), 5u);
    EXPECT_EQ(text(word(at + 8)), elf);
    EXPECT_EQ(text(word(at + 16)), "-a b");
    EXPECT_EQ(text(word(at + 24)), script);
    EXPECT_EQ(text(word(at + 32)), "one");
    EXPECT_EQ(program_.path, elf);
}

TEST_F(Loader, ScriptsWithoutInterpreter) {
    for (const std::string& contents :
         {std::string("#!"), std::string("#!\n"), std::string("#!  \t \nx"), "#!/" + std::string(300, 'x')}) {
        EXPECT_EQ(refusal(std::vector<unsigned char>(contents.begin(), contents.end())), ENOEXEC) << contents;
    }
    const std::string missing = "#!/nonexistent/interpreter";
    EXPECT_EQ(refusal(std::vector<unsigned char>(missing.begin(), missing.end())), ENOENT);
    // Exactly 255 bytes are known to be complete only if something ends them.
    const std::string cut = "#!" + std::string(253, 'x') + " ";
    EXPECT_EQ(refusal(std::vector<unsigned char>(cut.begin(), cut.end())), ENOENT);
}

TEST_F(Loader, ScriptsNestFiveDeep) {
    std::string path = write("elf", tests::fixed_program().bytes());
    for (int depth = 1; depth <= 6; depth++) {
        std::string line = "#!";
        line += path;
        path = write("script" + std::to_string(depth), line + "\n");
        const bool ok = load(path, -1, arguments_, environment_, &program_, &error_);
        EXPECT_EQ(ok, depth <= 5) << depth;
        for (const Mapping& mapping : space_.snapshot())
            space_.unmap(mapping.begin, mapping.end - mapping.begin);
    }
    EXPECT_EQ(error_.error, ELOOP);
}

TEST_F(Loader, TooManyArguments) {
    arguments_.push_back(std::string(200 << 10, 'x'));
    EXPECT_EQ(refusal(tests::fixed_program()), E2BIG);
    arguments_.back().resize(100 << 10);
    EXPECT_EQ(refusal(tests::fixed_program()), 0);
    arguments_.insert(arguments_.end(), 100, arguments_.back());
    TearDown();
    SetUp();
    EXPECT_EQ(refusal(tests::fixed_program()), E2BIG);
}

TEST_F(Loader, TheSeedDecidesEveryAddress) {
    guest::options.has_seed = true;
    guest::options.seed = 7;
    ASSERT_TRUE(load_bytes(tests::movable_program().bytes()));
    const Program first = program_;
    const uint64_t random = word(program_.stack_pointer);
    for (const Mapping& mapping : space_.snapshot()) space_.unmap(mapping.begin, mapping.end - mapping.begin);
    ASSERT_TRUE(load_bytes(tests::movable_program().bytes()));
    EXPECT_EQ(program_.load_bias, first.load_bias);
    EXPECT_EQ(program_.vdso, first.vdso);
    EXPECT_EQ(word(program_.stack_pointer), random);
}

TEST_F(Loader, KindsOfFiles) {
    auto kind = [](const std::vector<unsigned char>& bytes) {
        LoadError error;
        const int fd = tests::memory_file(bytes.data(), bytes.size());
        const FileKind result = classify(fd, &error);
        close(fd);
        return result;
    };
    ElfBuilder foreign = tests::fixed_program();
    EXPECT_EQ(kind(foreign.bytes()), FileKind::Aarch64);
    foreign.machine = EM_X86_64;
    EXPECT_EQ(kind(foreign.bytes()), FileKind::OtherElf);
    EXPECT_EQ(kind({'#', '!', '/'}), FileKind::Script);
    EXPECT_EQ(kind({'#'}), FileKind::Unknown);
    EXPECT_EQ(kind({}), FileKind::Unknown);
}

TEST_F(Loader, PathsUnderTheRoot) {
    guest::options.root = folder_;
    mkdir((folder_ + "/etc").c_str(), 0755);
    write("etc/file", "x");
    write("only", "x");
    ASSERT_EQ(symlink("/etc/file", (folder_ + "/link").c_str()), 0);
    ASSERT_EQ(symlink("../only", (folder_ + "/etc/up").c_str()), 0);
    ASSERT_EQ(symlink("loop", (folder_ + "/loop").c_str()), 0);
    EXPECT_EQ(resolve_in_root("/etc/file"), folder_ + "/etc/file");
    EXPECT_EQ(resolve_in_root("/link"), folder_ + "/etc/file");
    EXPECT_EQ(resolve_in_root("/link", false), folder_ + "/link");
    EXPECT_EQ(resolve_in_root("/etc/up"), folder_ + "/only");
    EXPECT_EQ(resolve_in_root("/../../etc/./file"), folder_ + "/etc/file");
    EXPECT_EQ(resolve_in_root("/loop"), "/loop");
    EXPECT_EQ(resolve_in_root("/usr/nothing/there"), "/usr/nothing/there");
    EXPECT_EQ(resolve_in_root("relative"), "relative");
}

TEST_F(Loader, VdsoIsAWellFormedLibrary) {
    const unsigned char* bytes = kVdso.bytes.data();
    Elf64_Ehdr header;
    memcpy(&header, bytes, sizeof header);
    EXPECT_EQ(header.e_machine, EM_AARCH64);
    EXPECT_EQ(header.e_phnum, 3);
    uint32_t code[2];
    memcpy(code, bytes + kVdso.sigreturn, sizeof code);
    EXPECT_EQ(code[0], 0xd2801168u);
    EXPECT_EQ(code[1], 0xd4000001u);
    ASSERT_TRUE(load_bytes(tests::fixed_program().bytes()));
    EXPECT_STREQ(symbol_at(program_.sigreturn_trampoline + 4), "__kernel_rt_sigreturn");
    EXPECT_EQ(symbol_at(program_.vdso), nullptr);
}

}  // namespace
}  // namespace armature::loader
