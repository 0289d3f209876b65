// SPDX-License-Identifier: MIT
// Where -g waits for gdb.
#pragma once

#include <string>

namespace armature::tools::gdb {

// A listening socket at "PORT" (of this machine only), "ADDRESS:PORT" (an IPv4 address of this machine;
// ":PORT" is all of them) or the path of a Unix socket. Port 0 is any free one, which is told on stderr.
// -1: *error is the one-line reason.
int listen_at(const std::string& where, std::string* error);

}  // namespace armature::tools::gdb
