// SPDX-License-Identifier: MIT
// A flame graph of folded stacks, as an SVG that needs nothing else: boxes as wide as their share, callers
// below what they call; the browser shows a box's share when the pointer is on it, and a click makes the box
// the whole width.
#pragma once

#include <stdint.h>

#include <map>
#include <string>

namespace plugin {

// `stacks`: "outermost;...;innermost" and how many samples.
std::string flame_graph(const std::map<std::string, uint64_t>& stacks, const std::string& title);

}  // namespace plugin
