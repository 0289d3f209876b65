// SPDX-License-Identifier: MIT
// Function symbols of what the guest has mapped. An address is turned into an offset of its file by the
// guest's own list of mappings, that into a virtual address by the file's program headers; so no load address
// has to be remembered, and libraries that the guest maps by itself are found like any other. A file's table
// is read once, by libelf, and kept.
#include <elf.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "guest/address_space.h"
#include "loader/elf_file.h"
#include "loader/loader.h"
#include "loader/vdso.h"

namespace armature::loader {
namespace {

constexpr uint64_t kMaxTable = 1u << 30;

struct Symbol {
    uint64_t begin;
    uint64_t size;
    const char* name;
};

struct SymbolTable {
    std::vector<Elf64_Phdr> loads;
    std::vector<Symbol> symbols;  // by address

    const char* find(uint64_t file_offset) const {
        for (const Elf64_Phdr& load : loads) {
            if (file_offset < (load.p_offset & ~(guest::kPageSize - 1)) ||
                file_offset >= load.p_offset + load.p_filesz) {
                continue;
            }
            const uint64_t address = file_offset - load.p_offset + load.p_vaddr;
            auto it =
                std::upper_bound(symbols.begin(), symbols.end(), address,
                                 [](uint64_t value, const Symbol& symbol) { return value < symbol.begin; });
            if (it == symbols.begin()) continue;
            --it;
            if (address - it->begin < it->size) return it->name;
        }
        return nullptr;
    }
};

// A section whose contents lie in the file, with entries of the given size (0: any).
bool sane_section(const GElf_Shdr& section, uint64_t file_size, uint64_t entry_size) {
    return section.sh_offset <= file_size && section.sh_size <= file_size - section.sh_offset &&
           section.sh_size <= kMaxTable && !(section.sh_flags & SHF_COMPRESSED) &&
           (entry_size == 0 || section.sh_entsize == entry_size);
}

Elf_Scn* find_section(Elf* elf, uint32_t type) {
    for (Elf_Scn* section = elf_nextscn(elf, nullptr); section; section = elf_nextscn(elf, section)) {
        GElf_Shdr header;
        if (gelf_getshdr(section, &header) && header.sh_type == type) return section;
    }
    return nullptr;
}

void read_symbols(Elf* elf, uint64_t file_size, SymbolTable* table) {
    Elf_Scn* section = find_section(elf, SHT_SYMTAB);
    if (!section) section = find_section(elf, SHT_DYNSYM);
    GElf_Shdr header;
    if (!section || !gelf_getshdr(section, &header) || !sane_section(header, file_size, sizeof(Elf64_Sym)))
        return;
    Elf_Scn* strings_section = elf_getscn(elf, header.sh_link);
    GElf_Shdr strings_header;
    if (!strings_section || !gelf_getshdr(strings_section, &strings_header) ||
        strings_header.sh_type != SHT_STRTAB || !sane_section(strings_header, file_size, 0)) {
        return;
    }
    Elf_Data* data = elf_rawdata(section, nullptr);
    Elf_Data* strings = elf_rawdata(strings_section, nullptr);
    if (!data || !data->d_buf || !strings || !strings->d_buf || strings->d_size == 0) return;

    // Names are handed out for good: they live in a copy that is never freed, and that certainly ends.
    char* names = new char[strings->d_size + 1];
    memcpy(names, strings->d_buf, strings->d_size);
    names[strings->d_size] = '\0';
    const size_t count = data->d_size / sizeof(Elf64_Sym);
    const Elf64_Sym* symbols = static_cast<const Elf64_Sym*>(data->d_buf);
    for (size_t i = 0; i < count; i++) {
        Elf64_Sym symbol;
        memcpy(&symbol, symbols + i, sizeof symbol);
        const unsigned type = ELF64_ST_TYPE(symbol.st_info);
        if ((type != STT_FUNC && type != STT_GNU_IFUNC) || symbol.st_shndx == SHN_UNDEF ||
            symbol.st_size == 0 || symbol.st_name >= strings->d_size) {
            continue;
        }
        table->symbols.push_back({symbol.st_value, symbol.st_size, names + symbol.st_name});
    }
    std::stable_sort(table->symbols.begin(), table->symbols.end(),
                     [](const Symbol& a, const Symbol& b) { return a.begin < b.begin; });
}

// The section headers that libelf will walk are inside the file.
bool sane_section_table(const Elf64_Ehdr& header, uint64_t file_size) {
    return header.e_shnum != 0 && header.e_shentsize == sizeof(Elf64_Shdr) && header.e_shoff <= file_size &&
           header.e_shnum * sizeof(Elf64_Shdr) <= file_size - header.e_shoff;
}

SymbolTable* read_table(const guest::Mapping& mapping) {
    SymbolTable* table = new SymbolTable;
    const int fd = open(mapping.name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) return table;
    struct stat status {};
    FileHead head;
    LoadError error;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_ino == mapping.inode &&
        status.st_dev == mapping.device && read_head(fd, mapping.name, &head, &error) && is_aarch64(head)) {
        const uint64_t size = static_cast<uint64_t>(status.st_size);
        Elf64_Ehdr header;
        memcpy(&header, head.bytes, sizeof header);
        std::vector<Elf64_Phdr> segments(std::min<size_t>(header.e_phnum, 1024));
        const size_t wanted = segments.size() * sizeof(Elf64_Phdr);
        if (pread(fd, segments.data(), wanted, static_cast<off_t>(header.e_phoff)) ==
            static_cast<ssize_t>(wanted)) {
            for (const Elf64_Phdr& segment : segments) {
                if (segment.p_type == PT_LOAD) table->loads.push_back(segment);
            }
        }
        elf_version(EV_CURRENT);
        Elf* elf = sane_section_table(header, size) ? elf_begin(fd, ELF_C_READ, nullptr) : nullptr;
        if (elf) {
            read_symbols(elf, size, table);
            elf_end(elf);
        }
    }
    close(fd);
    return table;
}

const char* vdso_symbol(uint64_t offset) {
    for (const VdsoFunction& function : kVdso.functions) {
        if (offset >= function.offset && offset < function.offset + function.size) return function.name;
    }
    return nullptr;
}

}  // namespace

const char* symbol_at(uint64_t address) {
    using Key = std::pair<uint64_t, uint64_t>;
    static std::mutex& mutex = *new std::mutex;
    static std::map<Key, SymbolTable*>& tables = *new std::map<Key, SymbolTable*>;
    guest::Mapping mapping;
    if (!guest::AddressSpace::instance().find(address, &mapping)) return nullptr;
    const uint64_t offset = address - mapping.begin + mapping.offset;
    if (mapping.inode == 0) return mapping.name == "[vdso]" ? vdso_symbol(offset) : nullptr;
    std::lock_guard lock(mutex);
    SymbolTable*& table = tables[{mapping.device, mapping.inode}];
    if (!table) table = read_table(mapping);
    return table->find(offset);
}

}  // namespace armature::loader
