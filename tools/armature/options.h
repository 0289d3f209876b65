// SPDX-License-Identifier: MIT
// The command line.
#pragma once

#include <string>
#include <vector>

namespace armature::tools {

struct CommandLine {
    std::vector<std::string> arguments;  // the program's, with argv[0]
    std::string program;                 // the file to load

    // When the guest executed the program, see options.cc: descriptors of the program, of the emulator
    // and of the guest's seccomp filters, and its resource limits.
    int exec_fd = -1;
    int exec_self = -1;
    int exec_filters = -1;
    std::string exec_limits;
    std::string exec_trace;
    std::string exec_sve;
    bool exec_landlock = false;
    bool has_stack_size = false;  // -s was given
    std::string debugger;         // -g's port or socket
};

// Fills guest::options, the log and *line from the words and the environment. False: *error is the one-line
// reason.
// --help, --version and the lists print and end the process.
bool parse_command_line(int argc, char** argv, char** environment, CommandLine* line, std::string* error);

// The environment of the guest: ours with -E and -U applied.
std::vector<std::string> guest_environment(char** environment);

}  // namespace armature::tools
