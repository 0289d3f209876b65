// SPDX-License-Identifier: MIT
#include "guest/options.h"
#include "support/log.h"
#include "tools/armature/plugins.h"

namespace armature::tools {

bool load_plugins(std::string* error) {
    for (const support::LogItem item : {support::LogItem::InAsm, support::LogItem::OutAsm}) {
        if (support::log_enabled(item)) {
            support::report_error(
                "armature-static has no disassembler: -d in_asm and out_asm show bytes; use armature");
            break;
        }
    }
    if (guest::options.plugins.empty()) return true;
    *error = "-plugin " + guest::options.plugins[0] + ": armature-static loads no plugins; use armature";
    return false;
}

void attach_plugins() {}

}  // namespace armature::tools
