// SPDX-License-Identifier: MIT
// What the host needs to know of a shared object beyond dlsym: where it is mapped, and which symbols it
// imports.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace armature::plugin_host {

std::vector<std::pair<uintptr_t, uintptr_t>> mapped_ranges(void* handle);

// Does the object leave `symbol` to be defined by others?
bool imports(void* handle, const std::string& symbol);

}  // namespace armature::plugin_host
