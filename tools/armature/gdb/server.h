// SPDX-License-Identifier: MIT
// -g: the program waits for gdb.
//
// The server is a process of its own that traces the program, by the same means by which a guest's gdb traces
// guest programs; the program keeps its process id, its parent and its children, and runs at full speed
// between stops.
#pragma once

#include <string>

namespace armature::tools::gdb {

// Starts the server for this process, which has no threads and no program yet. `where`: a TCP port of this
// machine, or the path of a Unix socket. Returns what signals::adopt_trace() is to be given once the program
// is loaded; empty: *error is the one-line reason.
std::string start_server(const std::string& where, std::string* error);

}  // namespace armature::tools::gdb
