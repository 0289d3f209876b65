// SPDX-License-Identifier: MIT
// -perfmap: perf asks /tmp/perf-PID.map for the names of code that no file has.
#pragma once

#include <string>

namespace armature::tools {

// After translator::initialise(). False: *error is the one-line reason.
bool start_perf_map(std::string* error);

}  // namespace armature::tools
