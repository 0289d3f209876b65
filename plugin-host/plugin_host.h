// SPDX-License-Identifier: MIT
// Plugins for the guest: loading them, and hooking them to the translator and the guest's life.
#pragma once

#include <string>

namespace armature::plugin_host {

// Loads and installs the plugins of guest::options.plugins, in that order. False: `*error` is the one-line
// reason. To be called before the guest's program is started, after the log is set up. A plugin asked for its
// `help` prints it and ends the process.
bool load_all(std::string* error);

// Fills translator::hooks and guest::observer with what the loaded plugins need. Nothing is touched if there
// is none.
void attach();

}  // namespace armature::plugin_host
