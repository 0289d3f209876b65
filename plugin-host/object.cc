// SPDX-License-Identifier: MIT
#include "plugin-host/object.h"

#include <dlfcn.h>
#include <link.h>

namespace armature::plugin_host {

namespace {

const link_map* map_of(void* handle) {
    link_map* map = nullptr;
    return dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0 ? map : nullptr;
}

// The loader has relocated these entries on x86-64, so they are addresses.
uintptr_t dynamic_entry(const link_map* map, ElfW(Sxword) tag) {
    for (const ElfW(Dyn)* entry = map->l_ld; entry->d_tag != DT_NULL; entry++) {
        if (entry->d_tag == tag) return entry->d_un.d_ptr;
    }
    return 0;
}

// Imported symbols come first in the table. The GNU hash table says where the exported ones begin; the old
// hash table says how many there are in all.
size_t imported_limit(const link_map* map) {
    if (uintptr_t gnu = dynamic_entry(map, DT_GNU_HASH); gnu != 0)
        return reinterpret_cast<const uint32_t*>(gnu)[1];
    if (uintptr_t old = dynamic_entry(map, DT_HASH); old != 0)
        return reinterpret_cast<const uint32_t*>(old)[1];
    return 0;
}

}  // namespace

std::vector<std::pair<uintptr_t, uintptr_t>> mapped_ranges(void* handle) {
    struct Search {
        const link_map* map;
        std::vector<std::pair<uintptr_t, uintptr_t>> ranges;
    } search{map_of(handle), {}};
    if (search.map == nullptr) return {};
    dl_iterate_phdr(
        [](dl_phdr_info* info, size_t, void* argument) {
            auto* found = static_cast<Search*>(argument);
            if (info->dlpi_addr != found->map->l_addr) return 0;
            if (std::string(info->dlpi_name) != found->map->l_name) return 0;
            for (int i = 0; i < info->dlpi_phnum; i++) {
                const ElfW(Phdr)& header = info->dlpi_phdr[i];
                uintptr_t begin = info->dlpi_addr + header.p_vaddr;
                if (header.p_type == PT_LOAD) found->ranges.emplace_back(begin, begin + header.p_memsz);
            }
            return 1;
        },
        &search);
    return search.ranges;
}

bool imports(void* handle, const std::string& symbol) {
    const link_map* map = map_of(handle);
    if (map == nullptr) return false;
    const auto* symbols = reinterpret_cast<const ElfW(Sym)*>(dynamic_entry(map, DT_SYMTAB));
    const auto* strings = reinterpret_cast<const char*>(dynamic_entry(map, DT_STRTAB));
    if (symbols == nullptr || strings == nullptr) return false;
    for (size_t i = 1; i < imported_limit(map); i++) {
        if (symbols[i].st_shndx == SHN_UNDEF && symbol == strings + symbols[i].st_name) return true;
    }
    return false;
}

}  // namespace armature::plugin_host
