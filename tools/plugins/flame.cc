// SPDX-License-Identifier: MIT
// Where the instructions go: samples the guest's call stacks every so many instructions, and writes them as
// folded stacks ("main;parse;read 12", one line for each) and as a flame graph.
//
// A sample is taken at the entry of the first block after the count is reached, so the code around it is not
// slowed down; the count is kept in translated code. The stack comes from the chain of frame records (x29),
// which costs nothing between samples, but knows only functions that keep one; or with stack=shadow from
// calls and returns as they happen. A chain starts one caller late in functions that have not yet, or never,
// made their record: there x30 still holds the return address. It does so in all others too, from their last
// call; that one lies in the same function and is left out (known only when names are, at the end).
#include <algorithm>
#include <map>
#include <mutex>

#include "tools/plugins/plugin_support.h"
#include "tools/plugins/shared/call_tracker.h"
#include "tools/plugins/shared/flame_graph.h"
#include "tools/plugins/shared/symbols.h"

namespace {

struct Address {
    uint64_t value;
    const plugin::Module* module;
    bool operator<(const Address& other) const { return value < other.value; }
};

// Innermost first. With frame records the second one is x30, see above.
using Stack = std::vector<Address>;

constexpr size_t kMaxDepth = 512;
uint64_t interval = 100000;
std::string out_file = "flame";
bool shadow = false;
bool by_thread = false;
qemu_plugin_u64 instructions;
qemu_plugin_register* frame_register = nullptr;
qemu_plugin_register* link_register = nullptr;
plugin::CallTracker tracker;
std::mutex mutex;
std::map<std::pair<unsigned, Stack>, uint64_t> samples;

bool set_stack(const std::string& value) {
    shadow = value == "shadow";
    return shadow || value == "fp";
}

const plugin::Options kOptions = {
    {"interval", &interval, "instructions from one sample of a vCPU to the next (100000)"},
    {"outfile", &out_file, "write TEXT.folded and TEXT.svg; %d is the process id (flame)"},
    {"stack", set_stack, "fp: by the frame pointers; shadow: by following calls and returns (fp)"},
    {"threads", &by_thread, "a stack of its own for each vCPU"},
};

uint64_t read_register(qemu_plugin_register* handle) {
    GByteArray bytes = {nullptr, 0};
    uint64_t value = 0;
    if (qemu_plugin_read_register(handle, &bytes) == sizeof(value)) memcpy(&value, bytes.data, sizeof(value));
    free(bytes.data);
    return value;
}

Address located(uint64_t address) {
    return {address, plugin::module_at(address)};
}

// A return address stands for the call before it.
Address caller(uint64_t return_address) {
    return located(return_address - 4);
}

// A frame record is the caller's x29 and the return address. Records lie ever higher on the stack.
void follow_frames(Stack* stack) {
    uint64_t link = read_register(link_register);
    stack->push_back(link != 0 ? caller(link) : Address{});
    uint64_t frame = read_register(frame_register);
    GByteArray bytes = {nullptr, 0};
    while (stack->size() < kMaxDepth && frame != 0 && frame % 8 == 0) {
        uint64_t record[2];
        if (!qemu_plugin_read_memory_vaddr(frame, &bytes, sizeof(record))) break;
        memcpy(record, bytes.data, sizeof(record));
        if (record[1] == 0) break;
        stack->push_back(caller(record[1]));
        if (record[0] <= frame) break;
        frame = record[0];
    }
    free(bytes.data);
}

void sample(unsigned vcpu, void* address) {
    qemu_plugin_u64_set(instructions, vcpu, 0);
    Stack stack = {located(reinterpret_cast<uint64_t>(address))};
    if (shadow) {
        const plugin::CallStack& calls = *tracker.stack(vcpu);
        for (size_t i = calls.size(); i > 0 && stack.size() < kMaxDepth; i--)
            stack.push_back(caller(calls[i - 1].return_address));
    } else {
        follow_frames(&stack);
    }
    std::lock_guard lock(mutex);
    samples[{by_thread ? vcpu : 0, std::move(stack)}]++;
}

void find_registers() {
    GArray* list = qemu_plugin_get_registers();
    const auto* rows = reinterpret_cast<const qemu_plugin_reg_descriptor*>(list->data);
    for (unsigned i = 0; i < list->len; i++) {
        if (strcmp(rows[i].name, "x29") == 0) frame_register = rows[i].handle;
        if (strcmp(rows[i].name, "x30") == 0) link_register = rows[i].handle;
    }
    free(list->data);
    free(list);
}

void vcpu_init(qemu_plugin_id_t, unsigned vcpu) {
    if (shadow) {
        tracker.begin_vcpu(vcpu);
    } else if (frame_register == nullptr) {
        find_registers();
    }
}

void translated(qemu_plugin_id_t, qemu_plugin_tb* tb) {
    if (shadow) tracker.instrument(tb);
    uint64_t address = qemu_plugin_tb_vaddr(tb);
    plugin::module_at(address);  // now it is mapped
    qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, QEMU_PLUGIN_INLINE_ADD_U64, instructions,
                                                      qemu_plugin_tb_n_insns(tb));
    qemu_plugin_register_vcpu_tb_exec_cond_cb(
        tb, sample, shadow ? QEMU_PLUGIN_CB_NO_REGS : QEMU_PLUGIN_CB_R_REGS, QEMU_PLUGIN_COND_GE,
        instructions, interval, reinterpret_cast<void*>(address));
}

// The function an address is in; of a file without symbols, the file.
const std::string& function_of(const Address& address) {
    static std::map<Address, std::string> names;
    auto [place, fresh] = names.try_emplace(address);
    if (!fresh) return place->second;
    std::string& name = place->second;
    if (address.module != nullptr) {
        name = plugin::place_of(*address.module, address.value).symbol;
        if (name.empty()) name = "[" + plugin::base_name(address.module->path) + "]";
    } else {
        name = plugin::name_of(nullptr, address.value);
    }
    std::replace(name.begin(), name.end(), ';', ':');  // which separates functions
    return name;
}

std::string folded(unsigned vcpu, const Stack& stack) {
    std::vector<std::string> names;
    for (size_t i = 0; i < stack.size(); i++) {
        if (!shadow && i == 1) {
            bool has_record = i + 1 < stack.size() && stack[i + 1].value == stack[i].value;
            if (stack[i].value == 0 || has_record || function_of(stack[i]) == names[0]) continue;
        }
        names.push_back(function_of(stack[i]));
    }
    std::string line = by_thread ? "vCPU " + std::to_string(vcpu) : "";
    for (size_t i = names.size(); i-- > 0;) line += (line.empty() ? "" : ";") + names[i];
    return line;
}

void at_exit(qemu_plugin_id_t, void*) {
    std::lock_guard lock(mutex);
    std::map<std::string, uint64_t> stacks;
    for (const auto& [key, count] : samples) stacks[folded(key.first, key.second)] += count;
    std::string text;
    for (const auto& [stack, count] : stacks) plugin::append(&text, "%s %" PRIu64 "\n", stack.c_str(), count);
    std::string name = plugin::with_pid(out_file);
    plugin::write_file(name + ".folded", text);
    auto* program = const_cast<char*>(qemu_plugin_path_to_binary());
    std::string title =
        plugin::base_name(program) + ": a sample every " + std::to_string(interval) + " instructions";
    free(program);
    plugin::write_file(name + ".svg", plugin::flame_graph(stacks, title));
}

}  // namespace

BUNDLED_PLUGIN("flame: samples call stacks, for a flame graph", kOptions)

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t*, int argc, char** argv) {
    if (!plugin::parse(kOptions, argc, argv)) return -1;
    if (interval == 0) {
        fprintf(stderr, "flame: the interval must be above 0\n");
        return -1;
    }
    instructions = plugin::new_counter();
    if (shadow) tracker.start(nullptr);
    plugin::follow_modules(id);
    qemu_plugin_register_vcpu_init_cb(id, vcpu_init);
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, at_exit, nullptr);
    return 0;
}
