// SPDX-License-Identifier: MIT
#include "tools/plugins/shared/modules.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>

#include <deque>
#include <map>
#include <mutex>

namespace plugin {

namespace {

constexpr uint64_t kPage = 4096;

// AArch64 system calls that change what is mapped where.
constexpr int64_t kMunmap = 215;
constexpr int64_t kMremap = 216;
constexpr int64_t kMmap = 222;

struct Mapping {
    uint64_t begin;
    uint64_t end;
    uint64_t offset;
    std::string path;
};

struct Range {
    uint64_t begin;
    const Module* module;  // null: memory of no file
};

std::mutex mutex;
std::deque<Module> modules;       // pointers into it stay valid
std::map<uint64_t, Range> known;  // by end

std::vector<Mapping> read_mappings() {
    std::vector<Mapping> list;
    FILE* file = fopen("/proc/self/maps", "re");
    if (file == nullptr) return list;
    char* line = nullptr;
    size_t size = 0;
    while (getline(&line, &size, file) > 0) {
        Mapping mapping;
        int path_at = 0;
        if (sscanf(line, "%lx-%lx %*s %lx %*s %*s %n", &mapping.begin, &mapping.end, &mapping.offset,
                   &path_at) < 3) {
            continue;
        }
        if (line[path_at] == '/') mapping.path.assign(line + path_at, strcspn(line + path_at, "\n"));
        list.push_back(mapping);
    }
    free(line);
    fclose(file);
    return list;
}

// Where the file's headers put what is mapped at `first`: the difference is the bias.
void read_headers(const Mapping& first, Module* module) {
    module->bias = first.begin - first.offset;
    FILE* file = fopen(first.path.c_str(), "re");
    if (file == nullptr) return;
    Elf64_Ehdr header;
    Elf64_Phdr segment;
    bool good = fread(&header, sizeof(header), 1, file) == 1 && memcmp(header.e_ident, ELFMAG, SELFMAG) == 0;
    for (unsigned i = 0; good && i < header.e_phnum; i++) {
        auto at = static_cast<long>(header.e_phoff + uint64_t{i} * header.e_phentsize);
        if (fseek(file, at, SEEK_SET) != 0 || fread(&segment, sizeof(segment), 1, file) != 1) break;
        uint64_t from = segment.p_offset & ~(kPage - 1);
        if (segment.p_type != PT_LOAD || first.offset < from ||
            first.offset >= segment.p_offset + segment.p_filesz) {
            continue;
        }
        module->bias = first.begin - ((segment.p_vaddr & ~(kPage - 1)) + (first.offset - from));
        break;
    }
    if (good && header.e_entry != 0) module->entry = header.e_entry + module->bias;
    fclose(file);
}

// The mappings of one image are neighbours; only anonymous ones (holes, zeroed data) are between them.
const Module* module_of(const std::vector<Mapping>& list, size_t index) {
    const std::string& path = list[index].path;
    if (path.empty()) return nullptr;
    size_t first = index;
    size_t last = index;
    auto belongs = [&](size_t i) { return list[i].path.empty() || list[i].path == path; };
    for (size_t i = index; i-- > 0 && belongs(i);) {
        if (!list[i].path.empty()) first = i;
    }
    for (size_t i = index + 1; i < list.size() && belongs(i); i++) {
        if (!list[i].path.empty()) last = i;
    }
    Module module = {static_cast<unsigned>(modules.size()), path, list[first].begin, list[last].end, 0, 0};
    read_headers(list[first], &module);
    for (Module& present : modules) {
        if (present.path != path || present.bias != module.bias) continue;
        present.begin = std::min(present.begin, module.begin);
        present.end = std::max(present.end, module.end);
        return &present;
    }
    modules.push_back(module);
    return &modules.back();
}

void returned(qemu_plugin_id_t, unsigned, int64_t number, int64_t) {
    if (number != kMmap && number != kMunmap && number != kMremap) return;
    std::lock_guard lock(mutex);
    known.clear();
}

}  // namespace

void follow_modules(qemu_plugin_id_t id) {
    qemu_plugin_register_vcpu_syscall_ret_cb(id, returned);
}

const Module* module_at(uint64_t address) {
    std::lock_guard lock(mutex);
    auto place = known.upper_bound(address);
    if (place != known.end() && address >= place->second.begin) return place->second.module;
    std::vector<Mapping> list = read_mappings();
    for (size_t i = 0; i < list.size(); i++) {
        if (address < list[i].begin || address >= list[i].end) continue;
        const Module* module = module_of(list, i);
        known[list[i].end] = {list[i].begin, module};
        return module;
    }
    return nullptr;
}

std::vector<const Module*> all_modules() {
    std::lock_guard lock(mutex);
    std::vector<const Module*> list;
    list.reserve(modules.size());
    for (const Module& module : modules) list.push_back(&module);
    return list;
}

std::string base_name(const std::string& path) {
    return path.substr(path.rfind('/') + 1);
}

}  // namespace plugin
