// SPDX-License-Identifier: MIT
// A loaded plugin, and how the host knows which plugin it is dealing with.
//
// The interface changed between its versions 0 and 7 under the same symbol names, and plugins of different
// versions can be loaded side by side. So every function whose meaning depends on the version has to find out
// whose call it is. There are three kinds:
//
//  - The function gets the plugin's id: all registrations. A version 7 plugin passes one more argument
//  (userdata); in
//    the calling convention of x86-64 it arrives in a register that is simply not looked at for older
//    plugins.
//  - The function gets a block or an instruction: those handles are valid only during a translation callback,
//  in which
//    the host knows whom it is calling (see instrument.h).
//  - Neither: the registers' functions. These look at their return address: it lies in the object that made
//  the call.
//    A call from a library that the plugin brought along is not found that way; then it is the plugin whose
//    callback is running on this thread, or the plugin that was loaded last. (A plugin function that ends in
//    a jump to the API has its caller's return address on the stack: again the plugin's, whenever anybody
//    there uses the result.)
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace armature::plugin_host {

inline constexpr int kMinVersion = 0;
inline constexpr int kMaxVersion = 7;

// GLib's functions of the copy that a plugin is linked with; null if it is not.
struct GlibFunctions {
    void* (*array_sized_new)(int zero_terminated, int clear, unsigned element_size,
                             unsigned reserved) = nullptr;
    void* (*array_append_vals)(void* array, const void* data, unsigned count) = nullptr;
    void* (*byte_array_append)(void* array, const uint8_t* data, unsigned size) = nullptr;
    void* (*byte_array_set_size)(void* array, unsigned size) = nullptr;
};

struct Plugin {
    enum class State { Loaded, Installing, Live, Resetting, Uninstalling, Gone };

    uint64_t id = 0;
    int version = 0;
    bool before_versions = false;  // from 2019: install takes no qemu_info_t; otherwise as version 0
    State state = State::Loaded;
    std::string path;
    std::vector<std::string> arguments;                   // "name=value"
    std::vector<char*> argv;                              // the same, as the plugin sees it
    void* handle = nullptr;                               // dlopen's; never closed, see life_cycle.h
    std::vector<std::pair<uintptr_t, uintptr_t>> ranges;  // where the object is mapped
    void* glib_handle = nullptr;  // GLib's own, for a plugin that uses it without being linked with it
    bool glib_resolved = false;
    GlibFunctions glib;
};

// All loaded plugins, in load order. Filled by load_all, then constant.
const std::vector<Plugin*>& plugins();
void add_plugin(Plugin* plugin);

// The plugin with that id, for the API function `function`; null after a message if there is none (any more).
Plugin* plugin_of(uint64_t id, const char* function);

// The plugin that made the call with this return address, see above. Null only if no plugin is loaded.
Plugin* calling_plugin(const void* return_address);

// The plugin whose callback runs on this thread; set around the callbacks that the host makes.
extern thread_local Plugin* current_plugin;

// Resolved when first needed: most plugins never ask.
const GlibFunctions& glib_of(Plugin* plugin);

// One line about a mistake of a plugin (null: unknown which) in its use of the interface; the first time
// only.
void report_misuse(const Plugin* plugin, const char* function, const char* reason);

}  // namespace armature::plugin_host
