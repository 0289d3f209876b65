// SPDX-License-Identifier: MIT
// Memory accesses: counted, listed one by one, or summed up by region. The summary keeps a copy of what was
// stored and compares it with what is loaded: a region whose every byte was seen being written is one that
// the plugin interface reported completely.
#include <array>
#include <map>
#include <memory>
#include <mutex>

#include "tools/plugins/plugin_support.h"

namespace {

constexpr uint64_t kRegion = 16384;

struct Counts {
    uint64_t memory;
    uint64_t io;
};

struct Site {
    uint64_t address;
    std::string symbol;
};

struct Region {
    uint64_t reads = 0;
    uint64_t writes = 0;
    bool seen_all = true;
    std::array<uint8_t, kRegion> bytes{};
};

bool hardware = false;
bool use_inline = false;
bool use_callback = false;
bool print_accesses = false;
bool region_summary = false;
qemu_plugin_mem_rw access_kind = QEMU_PLUGIN_MEM_RW;
qemu_plugin_u64 memory_count;
qemu_plugin_u64 io_count;
std::mutex mutex;
std::map<uint64_t, std::unique_ptr<Region>> regions;

bool set_track(const std::string& value) {
    if (value == "r") access_kind = QEMU_PLUGIN_MEM_R;
    if (value == "w") access_kind = QEMU_PLUGIN_MEM_W;
    if (value == "rw") access_kind = QEMU_PLUGIN_MEM_RW;
    return value == "r" || value == "w" || value == "rw";
}

const plugin::Options kOptions = {
    {"track", set_track, "which accesses: r, w or rw (rw)"},
    {"inline", &use_inline, "count in translated code"},
    {"callback", &use_callback, "count in callbacks"},
    {"haddr", &hardware, "also count accesses to devices: always 0 here"},
    {"print-accesses", &print_accesses, "a line for each access"},
    {"region-summary", &region_summary, "reads and writes of each 16 KiB"},
};

// An access may reach into the next region; the part there belongs to it.
void note(uint64_t address, const uint8_t* bytes, size_t size, bool store) {
    uint64_t base = address / kRegion * kRegion;
    size_t offset = address - base;
    size_t here = std::min<size_t>(size, kRegion - offset);
    {
        std::lock_guard lock(mutex);
        std::unique_ptr<Region>& region = regions[base];
        if (!region) region = std::make_unique<Region>();
        (store ? region->writes : region->reads)++;
        if (store) {
            memcpy(&region->bytes[offset], bytes, here);
        } else if (region->seen_all && memcmp(&region->bytes[offset], bytes, here) != 0) {
            region->seen_all = false;
            plugin::print("Warning: 0x%016" PRIx64 ":%zu read an un-instrumented value\n", base, offset);
        }
    }
    if (here < size) note(base + kRegion, bytes + here, size - here, store);
}

void accessed(unsigned vcpu, qemu_plugin_meminfo_t info, uint64_t address, void*) {
    bool io = hardware && qemu_plugin_hwaddr_is_io(qemu_plugin_get_hwaddr(info, address));
    qemu_plugin_u64_add(io ? io_count : memory_count, vcpu, 1);
    if (!region_summary) return;
    qemu_plugin_mem_value value = qemu_plugin_mem_get_value(info);
    note(address, reinterpret_cast<const uint8_t*>(&value.data),
         size_t{1} << qemu_plugin_mem_size_shift(info), qemu_plugin_mem_is_store(info));
}

void print_access(unsigned, qemu_plugin_meminfo_t info, uint64_t address, void* userdata) {
    const auto* site = static_cast<const Site*>(userdata);
    qemu_plugin_mem_value value = qemu_plugin_mem_get_value(info);
    uint64_t physical = qemu_plugin_hwaddr_phys_addr(qemu_plugin_get_hwaddr(info, address));
    unsigned bits = 8u << qemu_plugin_mem_size_shift(info);
    std::string line;
    plugin::append(&line, "0x%" PRIx64 ",%s,0x%" PRIx64 ",0x%" PRIx64 ",%u,%s,0x", site->address,
                   site->symbol.c_str(), address, physical, bits,
                   qemu_plugin_mem_is_store(info) ? "store" : "load");
    switch (value.type) {
        case QEMU_PLUGIN_MEM_VALUE_U8:
            plugin::append(&line, "%02x", value.data.u8);
            break;
        case QEMU_PLUGIN_MEM_VALUE_U16:
            plugin::append(&line, "%04x", value.data.u16);
            break;
        case QEMU_PLUGIN_MEM_VALUE_U32:
            plugin::append(&line, "%08x", value.data.u32);
            break;
        case QEMU_PLUGIN_MEM_VALUE_U64:
            plugin::append(&line, "%016" PRIx64, value.data.u64);
            break;
        case QEMU_PLUGIN_MEM_VALUE_U128:
            plugin::append(&line, "%016" PRIx64 "%016" PRIx64, value.data.u128.high, value.data.u128.low);
            break;
    }
    line += '\n';
    qemu_plugin_outs(line.c_str());
}

void translated(qemu_plugin_id_t, qemu_plugin_tb* tb) {
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        qemu_plugin_insn* insn = qemu_plugin_tb_get_insn(tb, i);
        if (use_inline) {
            qemu_plugin_register_vcpu_mem_inline_per_vcpu(insn, access_kind, QEMU_PLUGIN_INLINE_ADD_U64,
                                                          memory_count, 1);
        }
        if (use_callback || region_summary) {
            qemu_plugin_register_vcpu_mem_cb(insn, accessed, QEMU_PLUGIN_CB_NO_REGS, access_kind, nullptr);
        }
        if (print_accesses) {
            const char* symbol = qemu_plugin_insn_symbol(insn);
            // Lives as long as the translation may, which is until the end.
            auto* site = new Site{qemu_plugin_insn_vaddr(insn), symbol != nullptr ? symbol : ""};
            qemu_plugin_register_vcpu_mem_cb(insn, print_access, QEMU_PLUGIN_CB_NO_REGS, access_kind, site);
        }
    }
}

void at_exit(qemu_plugin_id_t, void*) {
    std::string report;
    if (use_inline || use_callback) {
        plugin::append(&report, "mem accesses: %" PRIu64 "\n", qemu_plugin_u64_sum(memory_count));
    }
    if (hardware) plugin::append(&report, "io accesses: %" PRIu64 "\n", qemu_plugin_u64_sum(io_count));
    if (region_summary) {
        std::lock_guard lock(mutex);
        report += "Region Base, Reads, Writes, Seen all\n";
        for (const auto& [base, region] : regions) {
            plugin::append(&report, "0x%016" PRIx64 ", %" PRIu64 ", %" PRIu64 ", %s\n", base, region->reads,
                           region->writes, region->seen_all ? "true" : "false");
        }
    }
    qemu_plugin_outs(report.c_str());
}

}  // namespace

BUNDLED_PLUGIN("mem: counts or lists memory accesses", kOptions)

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t*, int argc, char** argv) {
    if (!plugin::parse(kOptions, argc, argv)) return -1;
    if (use_inline && use_callback) {
        fprintf(stderr, "can't enable inline and callback counting at the same time\n");
        return -1;
    }
    if (print_accesses) {
        qemu_plugin_outs("insn_vaddr,insn_symbol,mem_vaddr,mem_hwaddr,access_size,access_type,mem_value\n");
    }
    qemu_plugin_scoreboard* counts = qemu_plugin_scoreboard_new(sizeof(Counts));
    memory_count = qemu_plugin_scoreboard_u64_in_struct(counts, Counts, memory);
    io_count = qemu_plugin_scoreboard_u64_in_struct(counts, Counts, io);
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, at_exit, nullptr);
    return 0;
}
