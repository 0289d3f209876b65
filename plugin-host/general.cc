// SPDX-License-Identifier: MIT
// The API's odds and ends: output, arguments, the program, time.
#include <string.h>

#include <atomic>

#include "loader/loader.h"
#include "plugin-host/api.h"
#include "plugin-host/plugin.h"
#include "support/log.h"

using namespace armature;
using namespace armature::plugin_host;

void qemu_plugin_outs(const char* string) {
    if (support::log_enabled(support::LogItem::Plugin)) support::log_write(string, strlen(string));
}

bool qemu_plugin_bool_parse(const char* name, const char* val, bool* ret) {
    struct Word {
        const char* text;
        bool value;
    };
    static constexpr Word kWords[] = {{"on", true},   {"yes", true}, {"true", true},   {"y", true},
                                      {"off", false}, {"no", false}, {"false", false}, {"n", false}};
    if (name == nullptr || val == nullptr) return false;
    for (const Word& word : kWords) {
        if (strcmp(val, word.text) != 0) continue;
        if (ret != nullptr) *ret = word.value;
        return true;
    }
    const Plugin* plugin = calling_plugin(__builtin_return_address(0));
    support::report_error("plugin %s: argument %s=%s: must be on or off",
                          plugin != nullptr ? plugin->path.c_str() : "", name, val);
    return false;
}

const char* qemu_plugin_path_to_binary(void) {
    return strdup(loader::current_program().path.c_str());
}

uint64_t qemu_plugin_start_code(void) {
    return loader::current_program().start_code;
}

uint64_t qemu_plugin_end_code(void) {
    return loader::current_program().end_code;
}

uint64_t qemu_plugin_entry_code(void) {
    return loader::current_program().program_entry;
}

const void* qemu_plugin_request_time_control(void) {
    static std::atomic<bool> taken{false};
    return taken.exchange(true) ? nullptr : &taken;
}

void qemu_plugin_update_ns(const void* handle, int64_t time) {}
