// SPDX-License-Identifier: MIT
#include "guest/options.h"
#include "tools/armature/plugins.h"

namespace armature::tools {

bool load_plugins(std::string* error) {
    if (guest::options.plugins.empty()) return true;
    *error = "-plugin " + guest::options.plugins[0] + ": armature-static loads no plugins; use armature";
    return false;
}

void attach_plugins() {}

}  // namespace armature::tools
