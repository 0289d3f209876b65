// SPDX-License-Identifier: MIT
#include "guest/options.h"
#include "plugin-host/plugin_host.h"
#include "tools/armature/plugins.h"

namespace armature::tools {

bool load_plugins(std::string* error) {
    return guest::options.plugins.empty() || plugin_host::load_all(error);
}

void attach_plugins() {
    if (!guest::options.plugins.empty()) plugin_host::attach();
}

}  // namespace armature::tools
