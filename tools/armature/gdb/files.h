// SPDX-License-Identifier: MIT
// vFile packets: gdb reads the program and its libraries from where the program runs, so that they need not
// be copied and "set sysroot" is not needed.
#pragma once

#include <string>
#include <string_view>

namespace armature::tools::gdb {

// The reply to what follows "vFile:". Empty: not known. Files can only be read; their names are the guest's,
// so tried below -L's root first.
std::string answer_file_request(std::string_view request);

}  // namespace armature::tools::gdb
