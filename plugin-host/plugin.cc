// SPDX-License-Identifier: MIT
#include "plugin-host/plugin.h"

#include <dlfcn.h>

#include <set>

#include "plugin-host/quiescence.h"
#include "support/log.h"

namespace armature::plugin_host {

thread_local Plugin* current_plugin = nullptr;

namespace {

std::vector<Plugin*>& storage() {
    static auto* list = new std::vector<Plugin*>;
    return *list;
}

template <typename Function>
void resolve(void* handle, const char* name, Function* function) {
    *function = reinterpret_cast<Function>(dlsym(handle, name));
}

}  // namespace

const std::vector<Plugin*>& plugins() {
    return storage();
}

void add_plugin(Plugin* plugin) {
    storage().push_back(plugin);
}

Plugin* plugin_of(uint64_t id, const char* function) {
    for (Plugin* plugin : plugins()) {
        if (plugin->id != id) continue;
        if (plugin->state != Plugin::State::Gone) return plugin;
        report_misuse(plugin, function, "the plugin has been uninstalled");
        return nullptr;
    }
    report_misuse(nullptr, function, "there is no plugin with this id");
    return nullptr;
}

Plugin* calling_plugin(const void* return_address) {
    auto address = reinterpret_cast<uintptr_t>(return_address);
    for (Plugin* plugin : plugins()) {
        for (auto [begin, end] : plugin->ranges) {
            if (address >= begin && address < end) return plugin;
        }
    }
    if (current_plugin != nullptr) return current_plugin;
    return plugins().empty() ? nullptr : plugins().back();
}

const GlibFunctions& glib_of(Plugin* plugin) {
    if (!plugin->glib_resolved) {
        // Racing threads find the same addresses. The search goes through the plugin and what it is linked
        // with.
        GlibFunctions found;
        void* where = plugin->glib_handle != nullptr ? plugin->glib_handle : plugin->handle;
        resolve(where, "g_array_sized_new", &found.array_sized_new);
        resolve(where, "g_array_append_vals", &found.array_append_vals);
        resolve(where, "g_byte_array_append", &found.byte_array_append);
        resolve(where, "g_byte_array_set_size", &found.byte_array_set_size);
        plugin->glib = found;
        plugin->glib_resolved = true;
    }
    return plugin->glib;
}

void report_misuse(const Plugin* plugin, const char* function, const char* reason) {
    if (plugin == nullptr && plugins().size() == 1) plugin = plugins().front();
    static auto* told = new std::set<std::pair<const Plugin*, std::string>>;
    {
        HostLock lock;
        if (!told->insert({plugin, function}).second) return;
    }
    support::report_error("plugin %s: %s: %s", plugin != nullptr ? plugin->path.c_str() : "(unknown)",
                          function, reason);
}

}  // namespace armature::plugin_host
