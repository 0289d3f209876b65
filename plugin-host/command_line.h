// SPDX-License-Identifier: MIT
// The words of -plugin: [file=]PATH[,NAME=VALUE]...
#pragma once

#include <string>
#include <vector>

namespace armature::plugin_host {

struct PluginRequest {
    std::string path;
    std::vector<std::string> arguments;  // "name=value"
};

// Adds what one -plugin says to `requests`. A file that is named again gets its further arguments added to
// the first. False: `*error` says what is wrong with it.
bool parse_plugin_option(const std::string& text, std::vector<PluginRequest>* requests, std::string* error);

}  // namespace armature::plugin_host
