// SPDX-License-Identifier: MIT
// Which pages are read and written most, and by which vCPUs. Each vCPU keeps its own table, so accesses take
// no lock.
#include <algorithm>
#include <map>
#include <mutex>
#include <unordered_map>

#include "tools/plugins/plugin_support.h"

namespace {

struct Counts {
    uint64_t reads = 0;
    uint64_t writes = 0;
};

// Consecutive accesses mostly go to the same page: the last one is remembered.
struct VcpuPages {
    std::unordered_map<uint64_t, Counts> pages;
    uint64_t last_page = ~uint64_t{0};
    Counts* last = nullptr;
};

struct Page {
    uint64_t address = 0;
    uint64_t reading_vcpus = 0;
    uint64_t reads = 0;
    uint64_t writing_vcpus = 0;
    uint64_t writes = 0;
};

enum class Order { Accesses, Reads, Writes, Address };

constexpr size_t kLimit = 50;
uint64_t page_size = 4096;
bool track_io = false;
Order order = Order::Accesses;
qemu_plugin_scoreboard* tables;  // a VcpuPages* for each vCPU

bool set_order(const std::string& value) {
    if (value == "reads") order = Order::Reads;
    if (value == "writes") order = Order::Writes;
    if (value == "address") order = Order::Address;
    return order != Order::Accesses;
}

const plugin::Options kOptions = {
    {"sortby", set_order, "reads, writes or address (otherwise the sum of both)"},
    {"io", &track_io, "track devices instead of memory: there are none here"},
    {"pagesize", &page_size, "bytes of a page, a power of two (4096)"},
};

void accessed(unsigned vcpu, qemu_plugin_meminfo_t info, uint64_t address, void*) {
    auto** slot = static_cast<VcpuPages**>(qemu_plugin_scoreboard_find(tables, vcpu));
    if (*slot == nullptr) *slot = new VcpuPages;
    VcpuPages& table = **slot;
    uint64_t page = address & ~(page_size - 1);
    if (page != table.last_page) {
        table.last_page = page;
        table.last = &table.pages[page];
    }
    (qemu_plugin_mem_is_store(info) ? table.last->writes : table.last->reads)++;
}

void translated(qemu_plugin_id_t, qemu_plugin_tb* tb) {
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        qemu_plugin_register_vcpu_mem_cb(qemu_plugin_tb_get_insn(tb, i), accessed, QEMU_PLUGIN_CB_NO_REGS,
                                         QEMU_PLUGIN_MEM_RW, nullptr);
    }
}

std::vector<Page> collect() {
    std::map<uint64_t, Page> pages;
    for (int vcpu = 0; vcpu < qemu_plugin_num_vcpus(); vcpu++) {
        auto index = static_cast<unsigned>(vcpu);
        VcpuPages* table = *static_cast<VcpuPages**>(qemu_plugin_scoreboard_find(tables, index));
        if (table == nullptr) continue;
        uint64_t bit = uint64_t{1} << index % 64;
        for (const auto& [address, counts] : table->pages) {
            Page& page = pages[address];
            page.address = address;
            page.reads += counts.reads;
            page.writes += counts.writes;
            if (counts.reads != 0) page.reading_vcpus |= bit;
            if (counts.writes != 0) page.writing_vcpus |= bit;
        }
    }
    std::vector<Page> list;
    list.reserve(pages.size());
    for (const auto& [address, page] : pages) list.push_back(page);
    return list;
}

bool comes_first(const Page& a, const Page& b) {
    switch (order) {
        case Order::Reads:
            return a.reads > b.reads;
        case Order::Writes:
            return a.writes > b.writes;
        case Order::Address:
            return a.address < b.address;
        case Order::Accesses:
            return a.reads + a.writes > b.reads + b.writes;
    }
    return false;
}

void at_exit(qemu_plugin_id_t, void*) {
    std::vector<Page> pages = collect();
    std::stable_sort(pages.begin(), pages.end(), comes_first);
    if (pages.size() > kLimit) pages.resize(kLimit);
    std::string report = "Addr, RCPUs, Reads, WCPUs, Writes\n";
    for (const Page& page : pages) {
        plugin::append(&report,
                       "0x%016" PRIx64 ", 0x%04" PRIx64 ", %" PRIu64 ", 0x%04" PRIx64 ", %" PRIu64 "\n",
                       page.address, page.reading_vcpus, page.reads, page.writing_vcpus, page.writes);
    }
    qemu_plugin_outs(report.c_str());
}

}  // namespace

BUNDLED_PLUGIN("hotpages: the pages that are accessed most", kOptions)

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t*, int argc, char** argv) {
    if (!plugin::parse(kOptions, argc, argv)) return -1;
    if (page_size == 0 || (page_size & (page_size - 1)) != 0) {
        fprintf(stderr, "pagesize must be a power of two\n");
        return -1;
    }
    tables = qemu_plugin_scoreboard_new(sizeof(VcpuPages*));
    if (!track_io) qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, at_exit, nullptr);
    return 0;
}
