// SPDX-License-Identifier: MIT
#include "plugin-host/exports.h"

#include "plugin-host/api.h"

namespace armature::plugin_host {

std::span<const ApiFunction> api_functions() {
    static const ApiFunction kTable[] = {
#define API(name, first, last) {#name, reinterpret_cast<const void*>(&name), first, last},
#include "plugin-host/api.def"
#undef API
    };
    return kTable;
}

}  // namespace armature::plugin_host
