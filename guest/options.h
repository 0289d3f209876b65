// SPDX-License-Identifier: MIT
// What the command line asked for. Filled once by tools/armature, read everywhere, inherited through exec.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace armature::guest {

struct Options {
    std::string self;                // path of the emulator, for messages
    std::vector<std::string> words;  // the emulator's own options as given, to be passed on at exec (without
                                     // program and its arguments)
    std::string root;   // -L: prefix tried first for absolute paths (interpreter, libraries, files)
    std::string argv0;  // -0
    bool has_argv0 = false;
    uint64_t stack_size = 8u << 20;  // -s
    uint64_t reserved_va = 0;        // -R
    uint64_t guest_base = 0;         // -B; only 0 is possible, another value is refused with the reason
    std::string uname_release;       // -r
    bool has_seed = false;           // -seed
    uint64_t seed = 0;
    bool strace = false;       // -strace or -d strace
    bool trace_pages = false;  // -d page
    bool one_insn_per_tb = false;
    bool no_chain = false;                                    // -d nochain
    uint64_t tb_size_mib = 0;                                 // -tb-size; 0: the default
    std::vector<std::pair<uint64_t, uint64_t>> debug_filter;  // -dfilter, inclusive ranges; empty: everything
    bool perf_map = false;                                    // -perfmap
    std::vector<std::string> plugins;                         // -plugin, one string each, as given
    std::string
        disabled_optimisations;  // ARMATURE_DISABLE or -d no-<name>: comma-separated pass and feature names
    std::string host_features;   // ARMATURE_HOST: comma-separated list of host features to pretend absent
                                 // ("-avx2,-avx512")
    std::vector<std::string> environment_edits;  // -E and -U in order: "NAME=value" or "NAME"
};

extern Options options;

}  // namespace armature::guest
