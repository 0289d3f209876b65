// SPDX-License-Identifier: MIT
#include "plugin-host/plugin_host.h"

#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "guest/disassembler.h"
#include "guest/options.h"
#include "plugin-host/api.h"
#include "plugin-host/command_line.h"
#include "plugin-host/events.h"
#include "plugin-host/exports.h"
#include "plugin-host/life_cycle.h"
#include "plugin-host/object.h"
#include "plugin-host/plugin.h"
#include "plugin-host/quiescence.h"

namespace armature::plugin_host {

namespace {

using InstallFunction = int (*)(qemu_plugin_id_t, const qemu_info_t*, int, char**);
using FirstInstallFunction = int (*)(qemu_plugin_id_t, int, char**);

std::string version_range() {
    return std::to_string(kMinVersion) + " to " + std::to_string(kMaxVersion);
}

// dlopen looks for names without a slash in the libraries' folders only; a file that is right here is what is
// meant.
std::string path_for_dlopen(const std::string& path) {
    return path.find('/') == std::string::npos && access(path.c_str(), F_OK) == 0 ? "./" + path : path;
}

std::string dl_reason(const std::string& path) {
    std::string reason = dlerror();
    std::string prefix = path + ": ";
    return reason.starts_with(prefix) ? reason.substr(prefix.size()) : reason;
}

// Some plugins use GLib without saying that they need it: other emulators have it in them already.
bool open_library(const std::string& path, Plugin* plugin, std::string* error) {
    plugin->handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (plugin->handle != nullptr) return true;
    std::string reason = dl_reason(path);
    if (reason.find("undefined symbol: g_") != std::string::npos) {
        plugin->glib_handle = dlopen("libglib-2.0.so.0", RTLD_NOW | RTLD_GLOBAL);
        if (plugin->glib_handle != nullptr) plugin->handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
        if (plugin->handle != nullptr) return true;
        reason = plugin->glib_handle != nullptr ? dl_reason(path) : reason + " (GLib is not installed)";
    }
    *error = "cannot be loaded: " + reason;
    return false;
}

// Plugins from before the versions do not say that they are: an object that merely lacks the symbol must not
// be called in their manner. So it takes the user's word.
constexpr const char* kBeforeVersions = "qemu_plugin_version=seed";

bool find_version(Plugin* plugin, std::string* error) {
    const auto* version = static_cast<const int*>(dlsym(plugin->handle, "qemu_plugin_version"));
    if (version == nullptr) {
        if (std::erase(plugin->arguments, kBeforeVersions) != 0) {
            plugin->before_versions = true;
            return true;
        }
        *error =
            "has no symbol qemu_plugin_version: not a plugin, or one that does not say which API version it "
            "is for (if it is from 2019, before there were versions, say so with the argument ";
        *error += std::string(kBeforeVersions) + ")";
        return false;
    }
    plugin->version = *version;
    if (plugin->version >= kMinVersion && plugin->version <= kMaxVersion) return true;
    *error =
        "is made for API version " + std::to_string(plugin->version) + ", supported are " + version_range();
    return false;
}

bool open_object(Plugin* plugin, std::string* error) {
    std::string path = path_for_dlopen(plugin->path);
    if (!open_library(path, plugin, error)) return false;
    if (!find_version(plugin, error)) return false;
    plugin->ranges = mapped_ranges(plugin->handle);
    return true;
}

// A bundled plugin explains its arguments in a string of this name.
void show_help_if_asked(const Plugin& plugin) {
    if (std::find(plugin.arguments.begin(), plugin.arguments.end(), "help=on") == plugin.arguments.end())
        return;
    const auto* help = static_cast<const char* const*>(dlsym(plugin.handle, "armature_plugin_help"));
    if (help == nullptr) return;
    printf("%s", *help);
    exit(0);
}

bool install(Plugin* plugin, std::string* error) {
    void* function = dlsym(plugin->handle, "qemu_plugin_install");
    if (function == nullptr) {
        *error = "has no symbol qemu_plugin_install";
        return false;
    }
    for (std::string& argument : plugin->arguments) plugin->argv.push_back(argument.data());
    plugin->argv.push_back(nullptr);

    qemu_info_t info = {};
    info.target_name = "aarch64";
    info.version.min = kMinVersion;
    info.version.cur = kMaxVersion;
    info.system_emulation = false;

    add_plugin(plugin);
    plugin->state = Plugin::State::Installing;
    current_plugin = plugin;
    auto argc = static_cast<int>(plugin->arguments.size());
    char** argv = plugin->argv.data();
    int result = plugin->before_versions
                     ? reinterpret_cast<FirstInstallFunction>(function)(plugin->id, argc, argv)
                     : reinterpret_cast<InstallFunction>(function)(plugin->id, &info, argc, argv);
    current_plugin = nullptr;
    {
        HostLock lock;
        if (plugin->state == Plugin::State::Installing) plugin->state = Plugin::State::Live;
    }
    if (result == 0) return true;
    *error = "refused to be installed: qemu_plugin_install returned " + std::to_string(result);
    return false;
}

bool load(const PluginRequest& request, std::string* error) {
    auto* plugin = new Plugin;  // lives as long as the process
    plugin->id = plugins().size() + 1;
    plugin->path = request.path;
    plugin->arguments = request.arguments;
    std::string reason;
    bool loaded = open_object(plugin, &reason);
    if (loaded) {
        show_help_if_asked(*plugin);
        // What the plugin will need later is loaded now: the guest may soon be in a place (a chroot) without
        // it.
        if (imports(plugin->handle, "qemu_plugin_insn_disas")) {
            char text[64];
            guest::disassemble(0, 0xd503201f, text, sizeof(text));
        }
        loaded = install(plugin, &reason);
    }
    if (!loaded) *error = "plugin " + request.path + ": " + reason;
    return loaded;
}

}  // namespace

bool load_all(std::string* error) {
    if (guest::options.plugins.empty()) return true;
    if (api_functions().empty()) return false;  // keeps the API linked in, see exports.h
    std::vector<PluginRequest> requests;
    for (const std::string& text : guest::options.plugins) {
        if (!parse_plugin_option(text, &requests, error)) return false;
    }
    return std::all_of(requests.begin(), requests.end(),
                       [&](const PluginRequest& request) { return load(request, error); });
}

void attach() {
    if (plugins().empty()) return;
    attach_events();
    start_life_cycle();
    run_exit_callbacks_at_exit();
}

}  // namespace armature::plugin_host
