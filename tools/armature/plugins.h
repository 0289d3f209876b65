// SPDX-License-Identifier: MIT
// What differs between the two programs: armature loads plugins, armature-static cannot.
#pragma once

#include <string>

namespace armature::tools {

bool load_plugins(std::string* error);
void attach_plugins();

}  // namespace armature::tools
