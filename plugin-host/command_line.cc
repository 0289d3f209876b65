// SPDX-License-Identifier: MIT
#include "plugin-host/command_line.h"

#include <algorithm>

namespace armature::plugin_host {

namespace {

// At commas; two commas are a literal one.
std::vector<std::string> split(const std::string& text) {
    std::vector<std::string> words(1);
    for (size_t i = 0; i < text.size(); i++) {
        if (text[i] != ',') {
            words.back() += text[i];
        } else if (i + 1 < text.size() && text[i + 1] == ',') {
            words.back() += ',';
            i++;
        } else {
            words.emplace_back();
        }
    }
    return words;
}

struct Pair {
    std::string name;
    std::string value;
};

// "name=value"; a bare "foo" is foo=on, "nofoo" is foo=off; the first bare word is the file.
Pair to_pair(const std::string& word, bool first) {
    size_t equals = word.find('=');
    if (equals != std::string::npos) return {word.substr(0, equals), word.substr(equals + 1)};
    if (first) return {"file", word};
    if (word.starts_with("no") && word.size() > 2) return {word.substr(2), "off"};
    return {word, "on"};
}

}  // namespace

bool parse_plugin_option(const std::string& text, std::vector<PluginRequest>* requests, std::string* error) {
    size_t current = requests->size();
    bool have_file = false;
    bool first = true;
    for (const std::string& word : split(text)) {
        if (word.empty() && !first) continue;
        Pair pair = to_pair(word, first);
        first = false;
        if (pair.name == "file") {
            if (pair.value.empty()) {
                *error = "-plugin " + text + ": the file's name is empty; say -plugin FILE[,NAME=VALUE]...";
                return false;
            }
            auto same = std::find_if(requests->begin(), requests->end(), [&](const PluginRequest& request) {
                return request.path == pair.value;
            });
            current = static_cast<size_t>(same - requests->begin());
            if (same == requests->end()) requests->push_back({pair.value, {}});
            have_file = true;
        } else if (!have_file) {
            *error = "-plugin " + text + ": " + pair.name +
                     " comes before the file; say -plugin FILE[,NAME=VALUE]...";
            return false;
        } else if (pair.name == "arg") {
            // The old form: arg=x is x=on, arg=name=value is name=value.
            bool whole = pair.value.find('=') != std::string::npos;
            (*requests)[current].arguments.push_back(whole ? pair.value : pair.value + "=on");
        } else {
            (*requests)[current].arguments.push_back(pair.name + "=" + pair.value);
        }
    }
    return true;
}

}  // namespace armature::plugin_host
