// SPDX-License-Identifier: MIT
// Options are rows of options.def; each has a handler apply_<name> here, which reads its argument into
// guest::options.
//
// Where they come from, later ones winning: environment variables (not for set-user-ID processes), then the
// command line. What programs executed by the guest are to inherit is put into guest::options.words in the
// spelling of the command line, wherever it came from; such a process takes them from there alone, since its
// environment is the guest's. syscalls/syscalls.h names the internal options that follow them; the last is
// -exec-path, after which everything but the path is the new program's argument vector as it is, argv[0]
// included.
#include "tools/armature/options.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "guest/address_space.h"
#include "guest/features.h"
#include "guest/options.h"
#include "support/log.h"
#include "syscalls/strace.h"
#include "syscalls/syscalls.h"
#include "tools/armature/help.h"

namespace armature::tools {

using guest::options;
using support::LogItem;

// What the handlers work on besides guest::options.
struct Words {
    std::string error;
    std::string log_path;
    uint32_t log_mask = 0;
    std::string debugger;
    bool has_stack_size = false;
};

namespace {

bool refuse(Words* words, const char* format, ...) __attribute__((format(printf, 2, 3)));
bool refuse(Words* words, const char* format, ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    words->error = text;
    return false;
}

// A number with an optional factor (K, M, G). False if there is anything else in the text.
bool parse_number(const char* text, uint64_t* value) {
    if (*text < '0' || *text > '9') return false;
    char* end = nullptr;
    errno = 0;
    *value = strtoull(text, &end, 0);
    if (errno != 0) return false;
    unsigned shift = 0;
    if (*end == 'k' || *end == 'K') shift = 10;
    if (*end == 'M') shift = 20;
    if (*end == 'G') shift = 30;
    if (shift) end++;
    if (*value << shift >> shift != *value) return false;
    *value <<= shift;
    return *end == '\0';
}

template <typename Each>
bool for_each_part(const char* list, Each each) {
    while (true) {
        const size_t length = strcspn(list, ",");
        if (length > 0 && !each(std::string(list, length))) return false;
        if (!list[length]) return true;
        list += length + 1;
    }
}

bool apply_root(const char* value, Words*) {
    options.root = value;
    while (options.root.size() > 1 && options.root.back() == '/') options.root.pop_back();
    // The guest may change its directory; the root stays.
    if (!options.root.empty() && options.root[0] != '/') {
        char* absolute = realpath(value, nullptr);
        if (absolute) options.root = absolute;
        free(absolute);
    }
    if (options.root == "/") options.root.clear();
    return true;
}

bool apply_debugger(const char* value, Words* words) {
    words->debugger = value;
    return true;
}

bool apply_set_env(const char* value, Words* words) {
    return for_each_part(value, [words](const std::string& part) {
        if (part.find('=') == std::string::npos || part[0] == '=') {
            return refuse(words, "-E: \"%s\" is not of the form name=value", part.c_str());
        }
        options.environment_edits.push_back(part);
        return true;
    });
}

bool apply_unset_env(const char* value, Words* words) {
    return for_each_part(value, [words](const std::string& part) {
        if (part.find('=') != std::string::npos) {
            return refuse(words, "-U: \"%s\" is not the name of a variable", part.c_str());
        }
        options.environment_edits.push_back(part);
        return true;
    });
}

bool apply_argv0(const char* value, Words*) {
    options.argv0 = value;
    options.has_argv0 = true;
    return true;
}

bool apply_stack_size(const char* value, Words* words) {
    constexpr uint64_t kMost = uint64_t{1} << 40;
    if (!parse_number(value, &options.stack_size) || options.stack_size == 0 || options.stack_size > kMost) {
        return refuse(words, "-s: \"%s\" is not a stack size; give bytes, or a number with K, M or G", value);
    }
    words->has_stack_size = true;
    return true;
}

bool apply_uname_release(const char* value, Words*) {
    options.uname_release = value;
    return true;
}

bool apply_cpu(const char* value, Words* words) {
    if (strcmp(value, "help") == 0 || strcmp(value, "?") == 0) {
        print_cpu_models();
        exit(0);
    }
    std::string error;
    if (guest::choose_cpu(value, &error)) return true;
    return refuse(words, "-cpu: %s", error.c_str());
}

bool apply_seed(const char* value, Words* words) {
    if (!parse_number(value, &options.seed)) return refuse(words, "-seed: \"%s\" is not a number", value);
    options.has_seed = true;
    return true;
}

bool apply_guest_base(const char* value, Words* words) {
    if (!parse_number(value, &options.guest_base))
        return refuse(words, "-B: \"%s\" is not an address", value);
    if (options.guest_base == 0) return true;
    return refuse(words,
                  "-B %s: guest addresses are host addresses here, so the base is always 0; leave out -B",
                  value);
}

bool apply_reserved_va(const char* value, Words* words) {
    constexpr uint64_t kLeast = 16 << 20;
    if (parse_number(value, &options.reserved_va) && options.reserved_va <= guest::kAddressLimit &&
        (options.reserved_va == 0 || options.reserved_va >= kLeast))
        return true;
    return refuse(words, "-R: \"%s\" is not a size from 0x1000000 up to 0x800000000000", value);
}

bool apply_page_size(const char* value, Words* words) {
    uint64_t size = 0;
    if (parse_number(value, &size) && size == guest::kPageSize) return true;
    return refuse(words, "-p %s: pages have 4096 bytes here, as on the host; leave out -p", value);
}

bool apply_signal_map(const char* value, Words* words) {
    return for_each_part(value, [words](const std::string& part) {
        unsigned from = 0, to = 0, count = 0;
        char rest = 0;
        if (sscanf(part.c_str(), "%u %u %u%c", &from, &to, &count, &rest) == 3 && from >= 32 && to >= 32 &&
            from + count <= 65 && to + count <= 65) {
            if (from == to) return true;
            return refuse(words, "-t: \"%s\": real-time signals keep their numbers here", part.c_str());
        }
        return refuse(words, "-t: \"%s\" is not of the form \"first first count\" with signals 32 to 64",
                      part.c_str());
    });
}

bool apply_log_items(const char* value, Words* words) {
    return for_each_part(value, [words](const std::string& item) {
        if (item == "help" || item == "?") {
            support::print_log_items();
            printf("  %-14s %s\n", "no-NAME", "not a log: the optimisation NAME is switched off");
            exit(0);
        }
        if (item.rfind("no-", 0) == 0) {
            if (!options.disabled_optimisations.empty()) options.disabled_optimisations += ',';
            options.disabled_optimisations += item.substr(3);
            return true;
        }
        std::string bad;
        if (support::parse_log_items(item, &words->log_mask, &bad)) return true;
        return refuse(words, "-d: no log item \"%s\"; -d help lists them", bad.c_str());
    });
}

// One range in one of three spellings: first..last, first+size, last-size.
bool parse_range(const std::string& text, uint64_t* first, uint64_t* last) {
    const size_t split = text.find_first_of("-+.", 1);
    if (split == std::string::npos) return false;
    const bool dots = text.compare(split, 2, "..") == 0;
    uint64_t left = 0;
    uint64_t right = 0;
    if (!parse_number(text.substr(0, split).c_str(), &left) ||
        !parse_number(text.substr(split + (dots ? 2 : 1)).c_str(), &right)) {
        return false;
    }
    switch (text[split]) {
        case '+':
            *first = left, *last = left + right - 1;
            return right != 0 && *last >= left;
        case '-':
            *first = left - right + 1, *last = left;
            return right != 0 && right <= left + 1;
        default:
            *first = left, *last = right;
            return dots && left <= right;
    }
}

bool apply_debug_filter(const char* value, Words* words) {
    return for_each_part(value, [words](const std::string& part) {
        uint64_t first = 0;
        uint64_t last = 0;
        if (!parse_range(part, &first, &last)) {
            return refuse(words, "-dfilter: \"%s\" is not a range: first..last, first+size or last-size",
                          part.c_str());
        }
        options.debug_filter.emplace_back(first, last);
        return true;
    });
}

// Paths that executed programs inherit are absolute, because the guest may have changed its directory by
// then.
std::string absolute_path(const std::string& path) {
    if (path.empty() || path[0] == '/') return path;
    char* folder = getcwd(nullptr, 0);
    std::string absolute = folder ? std::string(folder) + "/" + path : path;
    free(folder);
    return absolute;
}

bool apply_log_file(const char* value, Words* words) {
    words->log_path = absolute_path(value);
    return true;
}

bool apply_strace(const char* value, Words* words) {
    const std::string unknown = syscalls::choose_strace(value);
    if (!unknown.empty())
        return refuse(words,
                      "-strace=: \"%s\" is neither a system call nor %%file, %%desc, %%network, %%process, "
                      "%%memory, %%signal, %%ipc or json",
                      unknown.c_str());
    words->log_mask |= 1u << static_cast<uint32_t>(LogItem::Strace);
    return true;
}

bool apply_one_insn_per_tb(const char*, Words*) {
    options.one_insn_per_tb = true;
    return true;
}

bool apply_tb_size(const char* value, Words* words) {
    constexpr uint64_t kMostMib = 2048;
    if (parse_number(value, &options.tb_size_mib) && options.tb_size_mib <= kMostMib) return true;
    return refuse(words, "-tb-size: \"%s\" is not a number of MiB up to %lu", value, kMostMib);
}

// The file is the first part, perhaps after "file="; two commas in it are a literal one.
bool apply_plugin(const char* value, Words*) {
    std::string text = value;
    const size_t begin = text.rfind("file=", 0) == 0 ? 5 : 0;
    size_t end = begin;
    while (end < text.size() && (text[end] != ',' || text[end + 1] == ',')) end += text[end] == ',' ? 2 : 1;
    std::string path = text.substr(begin, end - begin);
    if (path.find(",,") == std::string::npos && access(path.c_str(), F_OK) == 0) {
        path = absolute_path(path);
        for (size_t at = 0; (at = path.find(',', at)) != std::string::npos; at += 2) path.insert(at, 1, ',');
        text.replace(begin, end - begin, path);
    }
    options.plugins.push_back(text);
    return true;
}

bool apply_perf_map(const char*, Words*) {
    options.perf_map = true;
    return true;
}

bool apply_disable(const char* value, Words*) {
    if (!options.disabled_optimisations.empty()) options.disabled_optimisations += ',';
    options.disabled_optimisations += value;
    return true;
}

bool apply_host_features(const char* value, Words*) {
    options.host_features = value;
    return true;
}

bool apply_help(const char*, Words*);

bool apply_version(const char*, Words*) {
    print_version();
    exit(0);
}

constexpr OptionRow kRows[] = {
#define OPTION(spellings, argument, environment, handler, inherited, help) \
    {spellings, argument, environment, apply_##handler, inherited, help},
#include "tools/armature/options.def"
#undef OPTION
};
constexpr unsigned kRowCount = sizeof kRows / sizeof kRows[0];

bool apply_help(const char*, Words*) {
    print_help(kRows, kRowCount);
    exit(0);
}

bool spelled(const char* spellings, const char* name) {
    const size_t length = strlen(name);
    for (const char* at = spellings; *at;) {
        const size_t span = strcspn(at, " ");
        if (span == length && memcmp(at, name, length) == 0) return true;
        at += span;
        if (*at) at++;
    }
    return false;
}

const OptionRow* find_row(const char* name) {
    for (const OptionRow& row : kRows) {
        if (spelled(row.spellings, name)) return &row;
    }
    return nullptr;
}

bool apply_row(const OptionRow& row, const char* value, Words* words) {
    // What a variable of an option without an argument is set to does not matter.
    if (!row.apply(row.argument ? value : "", words)) return false;
    if (!row.inherited) return true;
    options.words.push_back("-" + std::string(row.spellings, strcspn(row.spellings, " ")));
    if (!row.argument) return true;
    // Where a path was made absolute, that is the one to pass on.
    const char* word = value;
    if (row.apply == apply_root) word = options.root.c_str();
    if (row.apply == apply_log_file) word = words->log_path.c_str();
    if (row.apply == apply_plugin) word = options.plugins.back().c_str();
    options.words.push_back(word);
    return true;
}

bool apply_environment(Words* words) {
    for (const OptionRow& row : kRows) {
        const char* value = row.environment ? getenv(row.environment) : nullptr;
        if (!value) continue;
        if (!apply_row(row, value, words)) {
            words->error = std::string(row.environment) + ": " + words->error;
            return false;
        }
    }
    return true;
}

// Was this emulator started by another one's exec?
bool is_executed(int argc, char** argv) {
    for (int i = 1; i < argc && strcmp(argv[i], syscalls::kExecPath) != 0; i++) {
        if (strcmp(argv[i], syscalls::kExecFd) == 0) return true;
    }
    return false;
}

// The internal options. False: `word` is none of them.
bool apply_internal(const char* word, const char* value, CommandLine* line) {
    if (strcmp(word, syscalls::kExecFd) == 0) {
        line->exec_fd = atoi(value);
    } else if (strcmp(word, syscalls::kExecSelf) == 0) {
        line->exec_self = atoi(value);
    } else if (strcmp(word, syscalls::kExecFilters) == 0) {
        line->exec_filters = atoi(value);
    } else if (strcmp(word, syscalls::kExecLimits) == 0) {
        line->exec_limits = value;
    } else if (strcmp(word, syscalls::kExecTrace) == 0) {
        line->exec_trace = value;
    } else if (strcmp(word, syscalls::kExecSve) == 0) {
        line->exec_sve = value;
    } else if (strcmp(word, syscalls::kExecLandlock) == 0) {
        line->exec_landlock = true;
    } else if (strcmp(word, syscalls::kExecPath) == 0) {
        line->program = value;
    } else {
        return false;
    }
    return true;
}

// -strace=value, the only option whose argument may be left out and is therefore part of its word.
bool apply_strace_with_value(const char* word, Words* words) {
    constexpr char kPrefix[] = "-strace=";
    const char* at = word[1] == '-' ? word + 1 : word;
    if (strncmp(at, kPrefix, sizeof kPrefix - 1) != 0) return false;
    if (!apply_strace(at + sizeof kPrefix - 1, words)) return false;
    options.words.push_back(at);
    return true;
}

// Options up to the program's name; *next is the index of that.
bool apply_words(int argc, char** argv, bool executed, CommandLine* line, Words* words, int* next) {
    int i = 1;
    while (i < argc && argv[i][0] == '-' && argv[i][1] != '\0') {
        const char* word = argv[i++];
        if (strcmp(word, "--") == 0) break;
        if (executed && i < argc && apply_internal(word, argv[i], line)) {
            i++;
            if (strcmp(word, syscalls::kExecPath) == 0) break;
            continue;
        }
        const OptionRow* row = find_row(word + (word[1] == '-' ? 2 : 1));
        if (!row && apply_strace_with_value(word, words)) continue;
        if (!words->error.empty()) return false;
        if (!row) return refuse(words, "unknown option '%s'; --help lists the options", word);
        if (row->argument && i >= argc) return refuse(words, "%s needs an argument: %s", word, row->argument);
        if (!apply_row(*row, row->argument ? argv[i++] : "", words)) return false;
    }
    *next = i;
    return true;
}

bool set_up_log(Words* words, bool append) {
    const uint32_t mask = words->log_mask;
    auto has = [mask](LogItem item) { return (mask >> static_cast<uint32_t>(item) & 1) != 0; };
    options.strace = has(LogItem::Strace);
    options.trace_pages = has(LogItem::Page);
    options.no_chain = has(LogItem::NoChain);
    if (has(LogItem::Tid) && words->log_path.find("%d") == std::string::npos) {
        return refuse(words, "-d tid: one file per thread needs a -D with %%d in the file's name");
    }
    support::set_log_mask(mask);
    if (words->log_path.empty() || support::open_log(words->log_path, append)) return true;
    if (append) {
        // Executed by a guest that may not write there (another user, a chroot, landlock): without a log.
        support::set_log_mask(0);
        options.strace = false;
        return true;
    }
    return refuse(words, "-D %s: cannot open the log: %s", words->log_path.c_str(), strerror(errno));
}

}  // namespace

bool parse_command_line(int argc, char** argv, char** environment, CommandLine* line, std::string* error) {
    Words words;
    options.self = argc > 0 ? argv[0] : "armature";
    const bool executed = is_executed(argc, argv);
    int next = 1;
    const bool parsed = (executed || getauxval(AT_SECURE) || apply_environment(&words)) &&
                        apply_words(argc, argv, executed, line, &words, &next) &&
                        set_up_log(&words, executed);
    if (!parsed) {
        *error = words.error;
        return false;
    }
    line->has_stack_size = words.has_stack_size;
    line->debugger = words.debugger;
    line->arguments.assign(argv + next, argv + argc);
    if (line->exec_fd >= 0) return true;
    if (line->arguments.empty()) {
        *error =
            "no program given; usage: armature [options] program [arguments...]; --help lists the options";
        return false;
    }
    line->program = line->arguments[0];
    if (options.has_argv0) line->arguments[0] = options.argv0;
    return true;
}

std::vector<std::string> guest_environment(char** environment) {
    std::vector<std::string> result;
    for (char** entry = environment; *entry; entry++) result.push_back(*entry);
    for (const std::string& edit : options.environment_edits) {
        const std::string name = edit.substr(0, edit.find('=')) + "=";
        std::erase_if(result, [&name](const std::string& entry) { return entry.rfind(name, 0) == 0; });
        if (edit.size() >= name.size()) result.push_back(edit);
    }
    return result;
}

}  // namespace armature::tools
