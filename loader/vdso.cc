// SPDX-License-Identifier: MIT
// The vdso is made by the compiler: a constexpr function lays out the ELF image and the machine code (A64
// words, their assembly beside them), so no cross assembler is needed to build the emulator and nothing is
// done at start.
//
// One page, mapped readable and executable at once: ELF header, program headers, SysV hash table, symbols
// with the version LINUX_2.6.39 (as arm64 kernels have it), unwind tables, code. There are no section
// headers; nobody who reads a vdso needs them.
//
// __kernel_rt_sigreturn has no unwind entry on purpose: unwinders (libgcc, libunwind, gdb) then recognise its
// two instructions and restore the whole register set from the signal frame, which is more than an entry
// could say.
#include "loader/vdso.h"

#include <elf.h>

namespace armature::loader {
namespace {

struct Function {
    const char* name;
    uint32_t code[3];
    unsigned words;
    bool unwind;
};

constexpr uint32_t kNop = 0xd503201f;

constexpr Function kFunctions[] = {
    {"__kernel_rt_sigreturn",
     {
         0xd2801168,  // mov x8, #139 (rt_sigreturn)
         0xd4000001,  // svc #0
     },
     2,
     false},
    {"__kernel_gettimeofday",
     {
         0xd2801528,  // mov x8, #169 (gettimeofday)
         0xd4000001,  // svc #0
         0xd65f03c0,  // ret
     },
     3,
     true},
    {"__kernel_clock_gettime",
     {
         0xd2800e28,  // mov x8, #113 (clock_gettime)
         0xd4000001,  // svc #0
         0xd65f03c0,  // ret
     },
     3,
     true},
    {"__kernel_clock_getres",
     {
         0xd2800e48,  // mov x8, #114 (clock_getres)
         0xd4000001,  // svc #0
         0xd65f03c0,  // ret
     },
     3,
     true},
};
constexpr unsigned kFunctionCount = sizeof kFunctions / sizeof kFunctions[0];
constexpr unsigned kUnwindCount = 3;
constexpr const char* kSoname = "linux-vdso.so.1";
constexpr const char* kVersion = "LINUX_2.6.39";

constexpr uint32_t elf_hash(const char* name) {
    uint32_t hash = 0;
    for (; *name; name++) {
        hash = (hash << 4) + static_cast<unsigned char>(*name);
        const uint32_t top = hash & 0xf0000000;
        hash ^= top >> 24;
        hash &= ~top;
    }
    return hash;
}

// Appends little-endian values to the image and patches earlier ones.
struct Builder {
    VdsoImage image;
    size_t at = 0;

    constexpr void put(uint64_t value, unsigned size) {
        for (unsigned i = 0; i < size; i++) image.bytes[at++] = static_cast<unsigned char>(value >> 8 * i);
    }
    constexpr void put16(uint64_t value) { put(value, 2); }
    constexpr void put32(uint64_t value) { put(value, 4); }
    constexpr void put64(uint64_t value) { put(value, 8); }
    constexpr void patch(size_t offset, uint64_t value, unsigned size) {
        const size_t back = at;
        at = offset;
        put(value, size);
        at = back;
    }
    constexpr void align(size_t alignment) { at = (at + alignment - 1) & ~(alignment - 1); }
    constexpr size_t text(const char* string) {
        const size_t begin = at;
        while (*string) image.bytes[at++] = static_cast<unsigned char>(*string++);
        image.bytes[at++] = 0;
        return begin;
    }
};

struct Layout {
    size_t code[kFunctionCount] = {};
    size_t names = 0, names_size = 0, symbols = 0, hash = 0, versions = 0, definitions = 0;
    size_t soname = 0, version = 0, function_names[kFunctionCount] = {};
    size_t frame_header = 0, frame_header_end = 0, dynamic = 0, dynamic_end = 0;
};

constexpr void put_code(Builder& b, Layout& layout) {
    b.align(16);
    b.put32(kNop);  // unwinders look up a return address minus one: keep it out of the neighbour
    for (unsigned i = 0; i < kFunctionCount; i++) {
        layout.code[i] = b.at;
        for (unsigned word = 0; word < kFunctions[i].words; word++) b.put32(kFunctions[i].code[word]);
        b.put32(kNop);
    }
}

constexpr void put_symbols(Builder& b, Layout& layout) {
    layout.names = b.at;
    b.put(0, 1);
    layout.soname = b.text(kSoname) - layout.names;
    layout.version = b.text(kVersion) - layout.names;
    for (unsigned i = 0; i < kFunctionCount; i++) {
        layout.function_names[i] = b.text(kFunctions[i].name) - layout.names;
    }
    layout.names_size = b.at - layout.names;

    b.align(8);
    layout.symbols = b.at;
    b.at += sizeof(Elf64_Sym);
    for (unsigned i = 0; i < kFunctionCount; i++) {
        b.put32(layout.function_names[i]);
        b.put(STB_GLOBAL << 4 | STT_FUNC, 1);
        b.put(STV_DEFAULT, 1);
        b.put16(1);  // any section but SHN_UNDEF
        b.put64(layout.code[i]);
        b.put64(4 * kFunctions[i].words);
    }

    // One bucket: all symbols in one chain.
    layout.hash = b.at;
    b.put32(1);
    b.put32(kFunctionCount + 1);
    b.put32(1);
    b.put32(0);
    for (unsigned i = 1; i <= kFunctionCount; i++) b.put32(i < kFunctionCount ? i + 1 : 0);

    layout.versions = b.at;
    b.put16(0);
    for (unsigned i = 0; i < kFunctionCount; i++) b.put16(2);

    b.align(8);
    layout.definitions = b.at;
    const char* names[] = {kSoname, kVersion};
    const size_t offsets[] = {layout.soname, layout.version};
    for (unsigned i = 0; i < 2; i++) {
        b.put16(VER_DEF_CURRENT);
        b.put16(i == 0 ? VER_FLG_BASE : 0);
        b.put16(i + 1);
        b.put16(1);  // one name
        b.put32(elf_hash(names[i]));
        b.put32(sizeof(Elf64_Verdef));
        b.put32(i == 0 ? sizeof(Elf64_Verdef) + sizeof(Elf64_Verdaux) : 0);
        b.put32(offsets[i]);
        b.put32(0);
    }
}

constexpr void put_unwind(Builder& b, Layout& layout) {
    b.align(4);
    layout.frame_header = b.at;
    b.put(1, 1);     // version
    b.put(0x1b, 1);  // .eh_frame's address: pc-relative, sdata4
    b.put(0x03, 1);  // the count: udata4
    b.put(0x3b, 1);  // the table: relative to this header, sdata4
    const size_t frame_pointer = b.at;
    b.put32(0);
    b.put32(kUnwindCount);
    const size_t table = b.at;
    b.at += 8 * kUnwindCount;
    layout.frame_header_end = b.at;

    b.align(8);
    const size_t frame = b.at;
    b.patch(frame_pointer, frame - frame_pointer, 4);
    b.put32(20);  // CIE: length, id
    b.put32(0);
    b.put(1, 1);  // version
    b.put('z', 1);
    b.put('R', 1);
    b.put(0, 1);
    b.put(4, 1);     // code alignment
    b.put(0x78, 1);  // data alignment -8
    b.put(30, 1);    // the return address is x30
    b.put(1, 1);
    b.put(0x1b, 1);  // addresses: pc-relative, sdata4
    b.put(0x0c, 1);  // DW_CFA_def_cfa sp, 0
    b.put(31, 1);
    b.put(0, 1);
    b.at = frame + 24;

    unsigned row = 0;
    for (unsigned i = 0; i < kFunctionCount; i++) {
        if (!kFunctions[i].unwind) continue;
        b.patch(table + 8 * row, layout.code[i] - layout.frame_header, 4);
        b.patch(table + 8 * row + 4, b.at - layout.frame_header, 4);
        row++;
        b.put32(16);  // FDE: length, distance to the CIE, begin, size, no augmentation
        b.put32(b.at - frame);
        b.put32(layout.code[i] - b.at);
        b.put32(4 * kFunctions[i].words);
        b.put32(0);
    }
    b.put32(0);
}

constexpr void put_dynamic(Builder& b, Layout& layout) {
    b.align(8);
    layout.dynamic = b.at;
    const uint64_t rows[][2] = {
        {DT_SONAME, layout.soname},
        {DT_HASH, layout.hash},
        {DT_STRTAB, layout.names},
        {DT_SYMTAB, layout.symbols},
        {DT_STRSZ, layout.names_size},
        {DT_SYMENT, sizeof(Elf64_Sym)},
        {DT_VERSYM, layout.versions},
        {DT_VERDEF, layout.definitions},
        {DT_VERDEFNUM, 2},
        {DT_NULL, 0},
    };
    for (const auto& row : rows) {
        b.put64(row[0]);
        b.put64(row[1]);
    }
    layout.dynamic_end = b.at;
}

constexpr void put_program_header(Builder& b, uint32_t type, uint32_t flags, size_t begin, size_t end,
                                  size_t align) {
    b.put32(type);
    b.put32(flags);
    b.put64(begin);
    b.put64(begin);
    b.put64(begin);
    b.put64(end - begin);
    b.put64(end - begin);
    b.put64(align);
}

constexpr VdsoImage build() {
    constexpr unsigned kSegments = 3;
    Builder b;
    Layout layout;
    b.at = sizeof(Elf64_Ehdr) + kSegments * sizeof(Elf64_Phdr);
    put_code(b, layout);
    put_symbols(b, layout);
    put_unwind(b, layout);
    put_dynamic(b, layout);
    const size_t end = b.at;

    b.at = 0;
    for (unsigned char byte : {0x7f, 'E' + 0, 'L' + 0, 'F' + 0, ELFCLASS64, ELFDATA2LSB, EV_CURRENT})
        b.put(byte, 1);
    b.at = EI_NIDENT;
    b.put16(ET_DYN);
    b.put16(EM_AARCH64);
    b.put32(EV_CURRENT);
    b.put64(0);                   // entry
    b.put64(sizeof(Elf64_Ehdr));  // program headers
    b.put64(0);                   // section headers
    b.put32(0);
    b.put16(sizeof(Elf64_Ehdr));
    b.put16(sizeof(Elf64_Phdr));
    b.put16(kSegments);
    b.put16(sizeof(Elf64_Shdr));
    b.put16(0);
    b.put16(0);
    put_program_header(b, PT_LOAD, PF_R | PF_X, 0, end, 4096);
    put_program_header(b, PT_DYNAMIC, PF_R, layout.dynamic, layout.dynamic_end, 8);
    put_program_header(b, PT_GNU_EH_FRAME, PF_R, layout.frame_header, layout.frame_header_end, 4);
    b.image.sigreturn = layout.code[0];
    for (unsigned i = 0; i < kFunctionCount; i++) {
        b.image.functions[i] = {kFunctions[i].name, layout.code[i], 4 * kFunctions[i].words};
    }
    return b.image;
}

}  // namespace

extern constexpr VdsoImage kVdso = build();

}  // namespace armature::loader
