// SPDX-License-Identifier: MIT
// The interface as a table. Nothing in the emulator calls these functions; the table is what links them in.
#pragma once

#include <span>

namespace armature::plugin_host {

struct ApiFunction {
    const char* name;
    const void* address;
    int first_version;
    int last_version;
};

std::span<const ApiFunction> api_functions();

}  // namespace armature::plugin_host
