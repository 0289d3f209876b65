// SPDX-License-Identifier: MIT
// The callbacks that are not bound to a block: who wants which event, and how it is told in its version's
// manner.
//
// One immutable array per event, replaced as a whole under the host's lock and read inside a Section
// (quiescence.h). While an event's array is empty, the pointer of guest::observer or translator::hooks that
// would announce it is null.
#pragma once

#include <cstdint>
#include <vector>

#include "plugin-host/plugin.h"

namespace armature::plugin_host {

enum class Event {
    VcpuInit,
    VcpuExit,
    VcpuIdle,
    VcpuResume,
    Interrupt,
    Exception,
    HostCall,
    TbTrans,
    Syscall,
    SyscallFilter,
    SyscallReturn,
    Flush,
    AtExit,
};
inline constexpr unsigned kEventCount = 13;

struct Callback {
    Plugin* plugin = nullptr;
    void* function = nullptr;
    void* userdata = nullptr;
};
using CallbackList = std::vector<Callback>;

// The present list; only inside a Section.
const CallbackList& callbacks(Event event);

// Sets, replaces or (function null) removes the plugin's callback for the event. Only version 7 has the
// userdata; for atexit all versions have.
void set_callback(Event event, Plugin* plugin, void* function, void* userdata);
void remove_all_callbacks(Plugin* plugin);

// From now on attach() has been called: changes of the lists show in guest::observer and translator::hooks.
void attach_events();

// Indices of the live vCPUs, ascending.
std::vector<unsigned> live_vcpus();
void keep_only_vcpu(unsigned index);  // after fork, in the child

// Calls a callback in the manner of its plugin's version, with current_plugin set. To be used inside a
// Section.
void call_simple(const Callback& callback);                     // (id) or (userdata)
void call_with_userdata(const Callback& callback);              // (id, userdata) or (userdata)
void call_vcpu(const Callback& callback, unsigned vcpu_index);  // (id, vcpu) or (vcpu, userdata)

}  // namespace armature::plugin_host
