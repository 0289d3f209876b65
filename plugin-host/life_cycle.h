// SPDX-License-Identifier: MIT
// Reset, uninstall and the end of the guest.
//
// A plugin's callbacks are reachable from three places: the event lists, threads that have just read a list
// or are in a translation callback (sections, see quiescence.h), and translated code. A reset or uninstall
// empties them in this order: the callbacks leave the lists; when all sections that were open have ended, no
// thread holds one of them or a block that is being instrumented with them; then, with all vCPUs outside
// translated code, the translations are dropped. Only after that the plugin's own callback is called. Nobody
// waits in between: each step is left to the thread that makes it possible. The object stays mapped: a thread
// of its own may still run in it.
#pragma once

#include "plugin-host/plugin.h"

namespace armature::plugin_host {

void request_reset(Plugin* plugin, bool uninstall, void* function, void* userdata);

// The translator is there: resets that plugins have asked for so far are carried out.
void start_life_cycle();

// When a plugin itself ends the process with exit(): the others get their exit callbacks even so.
void run_exit_callbacks_at_exit();

// guest::Observer's functions.
void before_exit();
void before_exec();
void before_fork();
void after_fork(bool child);

}  // namespace armature::plugin_host
