// SPDX-License-Identifier: MIT
// The whole of it: follow #! lines to an ELF file, check it and its interpreter completely, then map both,
// the vdso, the heap's start and the stack. Whatever fails after mapping began is undone (see Mapped).
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

#include "guest/address_space.h"
#include "guest/options.h"
#include "loader/elf_file.h"
#include "loader/loader.h"
#include "loader/map_image.h"
#include "loader/script.h"
#include "loader/stack.h"
#include "loader/vdso.h"

namespace armature::loader {

using guest::AddressSpace;
using guest::options;

namespace {

// Handlers may be rewritten by scripts five times; the sixth script is one too many (the kernel's
// exec_binprm).
constexpr int kMaxScripts = 5;
constexpr unsigned kHeapRandomBits = 18;  // pages: 1 GiB, as arm64 has it
// With -seed: below everything the host might choose by chance for the emulator.
constexpr uint64_t kSeededTop = uint64_t{0x7000} << 32;

Program* loaded = nullptr;

// Closes what this file opened.
class Descriptor {
  public:
    Descriptor() = default;
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() { reset(-1); }
    void reset(int fd) {
        if (fd_ >= 0) close(fd_);
        fd_ = fd;
    }

  private:
    int fd_ = -1;
};

// `mapped` is an address in the program's image: the kernel has been asked for its file's name already.
std::string absolute_path(uint64_t mapped, const std::string& path) {
    guest::Mapping mapping;
    if (guest::AddressSpace::instance().find(mapped, &mapping) && mapping.name.starts_with('/'))
        return mapping.name;
    char target[PATH_MAX];
    return realpath(path.c_str(), target) ? target : path;
}

// The ELF file that is to be run, after any #! lines, and the arguments as they became.
struct Target {
    ElfFile file;
    FileHead head;
    std::vector<std::string> arguments;
    Descriptor descriptor;
};

bool find_target(const std::string& path, int fd, Target* target, LoadError* error) {
    ElfFile& file = target->file;
    file.path = path;
    file.fd = fd;
    for (int scripts = 0;; scripts++) {
        if (file.fd < 0) {
            file.fd = open_executable(file.path, Role::Program, error);
            if (file.fd < 0) return false;
            target->descriptor.reset(file.fd);
        }
        if (!check_executable(file.fd, file.path, Role::Program, &file.size, error)) return false;
        target->head = FileHead();
        if (!read_head(file.fd, file.path, &target->head, error)) return false;
        if (!is_script(target->head)) return true;
        if (scripts == kMaxScripts) {
            return fail(error, ELOOP, "%s: too many scripts run by scripts", path.c_str());
        }
        ScriptLine line;
        if (!parse_script(target->head, file.path, &line, error)) return false;
        std::vector<std::string>& arguments = target->arguments;
        if (!arguments.empty()) arguments.erase(arguments.begin());
        arguments.insert(arguments.begin(), file.path);
        if (line.has_argument) arguments.insert(arguments.begin(), line.argument);
        arguments.insert(arguments.begin(), line.interpreter);
        const std::string script = file.path;
        file.path = resolve_in_root(line.interpreter);
        file.fd = -1;
        if (access(file.path.c_str(), F_OK) != 0) {
            return fail(error, errno, "%s: cannot find %s, which its #! line names%s", script.c_str(),
                        line.interpreter.c_str(),
                        options.root.empty() ? "; give the arm64 root with -L" : "");
        }
    }
}

bool open_interpreter(const ElfFile& program, ElfFile* interpreter, Descriptor* descriptor,
                      LoadError* error) {
    const std::string& name = program.interpreter;
    interpreter->role = Role::Interpreter;
    interpreter->path = resolve_in_root(name);
    interpreter->fd = open_executable(interpreter->path, Role::Interpreter, error);
    if (interpreter->fd < 0) {
        if (error->error != ENOENT) return false;
        if (options.root.empty()) {
            return fail(error, ENOENT, "%s: cannot find its interpreter %s; give the arm64 root with -L",
                        program.path.c_str(), name.c_str());
        }
        return fail(error, ENOENT,
                    "%s: cannot find its interpreter %s, neither under %s (-L) nor at that path",
                    program.path.c_str(), name.c_str(), options.root.c_str());
    }
    descriptor->reset(interpreter->fd);
    FileHead head;
    return check_executable(interpreter->fd, interpreter->path, Role::Interpreter, &interpreter->size,
                            error) &&
           read_head(interpreter->fd, interpreter->path, &head, error) && read_elf(head, interpreter, error);
}

bool map_vdso(Mapped* mapped, Program* program, LoadError* error) {
    AddressSpace& space = AddressSpace::instance();
    const uint64_t size = sizeof kVdso.bytes;
    const int64_t got = space.map(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (got < 0) return fail(error, static_cast<int>(-got), "no memory for the vdso");
    program->vdso = static_cast<uint64_t>(got);
    mapped->add(program->vdso, program->vdso + size);
    memcpy(reinterpret_cast<void*>(program->vdso), kVdso.bytes.data(), size);
    space.protect(program->vdso, size, PROT_READ | PROT_EXEC);
    space.name_range(program->vdso, program->vdso + size, "[vdso]");
    program->sigreturn_trampoline = program->vdso + kVdso.sigreturn;
    return true;
}

// Behind the program; but a static one that lies among the mappings gets it where other programs are, with
// room to grow.
void place_heap(const ElfFile& file, const Image& image, Randomness& random) {
    const bool among_mappings = file.relocatable() && file.interpreter.empty();
    const uint64_t start = among_mappings ? program_base() : image.end;
    AddressSpace::instance().set_brk(start + random.pages(kHeapRandomBits));
}

bool map_all(const Target& target, const ElfFile& interpreter, const StackContents& strings, Program* program,
             LoadError* error) {
    Randomness random;
    Mapped mapped;
    Image image;
    if (!map_image(target.file, random, &mapped, &image, error)) return false;
    uint64_t entry = image.entry;
    StackContents contents = strings;
    if (interpreter.fd >= 0) {
        Image loader_image;
        if (!map_image(interpreter, random, &mapped, &loader_image, error)) return false;
        entry = loader_image.entry;
        contents.interpreter_base = loader_image.bias;
    }
    if (!map_vdso(&mapped, program, error)) return false;
    contents.image = &image;
    contents.vdso = program->vdso;
    if (!build_stack(contents, random, &mapped, program, error)) return false;
    place_heap(target.file, image, random);
    mapped.keep();

    program->path = absolute_path(image.start_code, target.file.path);
    program->entry = entry;
    program->program_entry = image.entry;
    program->load_bias = image.bias;
    program->start_code = image.start_code;
    program->end_code = image.end_code;
    return true;
}

}  // namespace

bool load(const std::string& path, int fd, const std::vector<std::string>& arguments,
          const std::vector<std::string>& environment, Program* program, LoadError* error) {
    Target target;
    target.arguments = arguments;
    if (!find_target(path, fd, &target, error) || !read_elf(target.head, &target.file, error)) return false;
    ElfFile interpreter;
    Descriptor interpreter_descriptor;
    if (!target.file.interpreter.empty() &&
        !open_interpreter(target.file, &interpreter, &interpreter_descriptor, error)) {
        return false;
    }
    StackContents strings;
    strings.arguments = &target.arguments;
    strings.environment = &environment;
    strings.executable = path;
    strings.file = &target.file;
    if (!check_strings(strings, error)) return false;

    uint64_t top = options.has_seed ? kSeededTop : 0;
    if (options.reserved_va) top = top ? std::min(top, options.reserved_va) : options.reserved_va;
    if (top) AddressSpace::instance().set_mmap_top(top);
    Program result;
    if (!map_all(target, interpreter, strings, &result, error)) return false;
    *program = result;
    if (!loaded) loaded = new Program;
    *loaded = result;
    return true;
}

bool check(int fd, const std::string& path, LoadError* error) {
    ElfFile file;
    file.fd = fd;
    file.path = path;
    FileHead head;
    if (!check_executable(fd, path, Role::Program, &file.size, error) || !read_head(fd, path, &head, error) ||
        !read_elf(head, &file, error)) {
        return false;
    }
    ElfFile interpreter;
    Descriptor descriptor;
    return file.interpreter.empty() || open_interpreter(file, &interpreter, &descriptor, error);
}

const Program& current_program() {
    if (!loaded) loaded = new Program;
    return *loaded;
}

FileKind classify(int fd, LoadError* error) {
    FileHead head;
    if (!read_head(fd, "the program", &head, error)) return FileKind::Unknown;
    if (is_script(head)) return FileKind::Script;
    if (is_aarch64(head)) return FileKind::Aarch64;
    if (is_elf(head)) return FileKind::OtherElf;
    fail(error, ENOEXEC, "neither an ELF program nor a script");
    return FileKind::Unknown;
}

}  // namespace armature::loader
