// SPDX-License-Identifier: MIT
// Small ELF files made in memory, for tests of the loader.
#pragma once

#include <elf.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <vector>

namespace armature::tests {

struct ElfBuilder {
    uint16_t type = ET_EXEC;
    uint16_t machine = EM_AARCH64;
    uint64_t entry = 0x400000 + 0x200;
    std::vector<Elf64_Phdr> segments;
    std::string interpreter;  // its PT_INTERP comes first
    uint64_t size = 0x2000;   // of the file

    void load(uint64_t address, uint64_t offset, uint64_t file_size, uint64_t memory_size, uint32_t flags,
              uint64_t align = 0x1000) {
        segments.push_back({PT_LOAD, flags, offset, address, address, file_size, memory_size, align});
    }

    std::vector<unsigned char> bytes() const {
        std::vector<unsigned char> file(size);
        for (size_t i = 0x1000; i < file.size(); i++) file[i] = static_cast<unsigned char>(i * 7);
        std::vector<Elf64_Phdr> all = segments;
        if (!interpreter.empty()) {
            const uint64_t length = interpreter.size() + 1;
            all.insert(all.begin(), {PT_INTERP, PF_R, 0x800, 0, 0, length, length, 1});
            memcpy(file.data() + 0x800, interpreter.c_str(), length);
        }
        Elf64_Ehdr header{};
        memcpy(header.e_ident, ELFMAG, SELFMAG);
        header.e_ident[EI_CLASS] = ELFCLASS64;
        header.e_ident[EI_DATA] = ELFDATA2LSB;
        header.e_ident[EI_VERSION] = EV_CURRENT;
        header.e_type = type;
        header.e_machine = machine;
        header.e_version = EV_CURRENT;
        header.e_entry = entry;
        header.e_phoff = sizeof header;
        header.e_ehsize = sizeof header;
        header.e_phentsize = sizeof(Elf64_Phdr);
        header.e_phnum = static_cast<uint16_t>(all.size());
        memcpy(file.data(), &header, sizeof header);
        memcpy(file.data() + sizeof header, all.data(), all.size() * sizeof(Elf64_Phdr));
        return file;
    }
};

// A program at fixed addresses with code, data and bss.
inline ElfBuilder fixed_program() {
    ElfBuilder elf;
    elf.load(0x400000, 0, 0x1000, 0x1000, PF_R | PF_X);
    elf.load(0x411000, 0x1000, 0x800, 0x3000, PF_R | PF_W);
    return elf;
}

// A position-independent one; with an interpreter if named.
inline ElfBuilder movable_program(const std::string& interpreter = "") {
    ElfBuilder elf;
    elf.type = ET_DYN;
    elf.entry = 0x200;
    elf.interpreter = interpreter;
    elf.load(0, 0, 0x1000, 0x1000, PF_R | PF_X, 0x10000);
    elf.load(0x11000, 0x1000, 0x800, 0x2900, PF_R | PF_W, 0x10000);
    return elf;
}

// An executable file with these bytes that exists as a descriptor only.
inline int memory_file(const void* bytes, size_t size) {
    const int fd = memfd_create("elf", MFD_CLOEXEC);
    if (fd < 0) return fd;
    if (fchmod(fd, 0755) != 0 || pwrite(fd, bytes, size, 0) != static_cast<ssize_t>(size)) {
        close(fd);
        return -1;
    }
    return fd;
}

}  // namespace armature::tests
