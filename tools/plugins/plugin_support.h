// SPDX-License-Identifier: MIT
// What the bundled plugins share: arguments as a table, whose rows are also their help, and formatted output.
#pragma once

#include <qemu-plugin.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <string>
#include <variant>
#include <vector>

namespace plugin {

inline std::string format_list(const char* format, va_list arguments) {
    char* text = nullptr;
    int length = vasprintf(&text, format, arguments);
    if (length < 0) return {};
    std::string result(text, static_cast<size_t>(length));
    free(text);
    return result;
}

// To the emulator's log (-d plugin), in one piece.
__attribute__((format(printf, 1, 2))) inline void print(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    qemu_plugin_outs(format_list(format, arguments).c_str());
    va_end(arguments);
}

// Collects lines, to print many at once.
__attribute__((format(printf, 2, 3))) inline void append(std::string* to, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    *to += format_list(format, arguments);
    va_end(arguments);
}

// A 64-bit counter for each vCPU.
inline qemu_plugin_u64 new_counter() {
    return qemu_plugin_scoreboard_u64(qemu_plugin_scoreboard_new(sizeof(uint64_t)));
}

inline uint64_t nanoseconds(clockid_t clock) {
    timespec time;
    clock_gettime(clock, &time);
    return static_cast<uint64_t>(time.tv_sec) * 1000000000 + static_cast<uint64_t>(time.tv_nsec);
}

// A file's name in which %d stands for the process id, so that the children of a fork write files of their
// own.
inline std::string with_pid(std::string name) {
    size_t at = name.find("%d");
    return at == std::string::npos ? name : name.replace(at, 2, std::to_string(getpid()));
}

// Writes a whole file; a message on stderr if that is not possible.
inline void write_file(const std::string& name, const std::string& content) {
    FILE* file = fopen(name.c_str(), "we");
    if (file == nullptr || fwrite(content.data(), 1, content.size(), file) != content.size()) {
        perror(name.c_str());
    }
    if (file != nullptr) fclose(file);
}

// One argument: where its value goes decides how it is read. A list collects all values; a function (which
// returns false for a value it does not like) takes what needs checking.
using Target =
    std::variant<bool*, uint64_t*, std::string*, std::vector<std::string>*, bool (*)(const std::string&)>;
struct Option {
    const char* name;
    Target target;
    const char* help;
};
using Options = std::vector<Option>;

inline bool take(const Option& option, const std::string& value) {
    switch (option.target.index()) {
        case 0:
            return qemu_plugin_bool_parse(option.name, value.c_str(), *std::get_if<0>(&option.target));
        case 1: {
            char* end = nullptr;
            **std::get_if<1>(&option.target) = strtoull(value.c_str(), &end, 0);
            return !value.empty() && *end == '\0';
        }
        case 2:
            **std::get_if<2>(&option.target) = value;
            return true;
        case 3:
            (*std::get_if<3>(&option.target))->push_back(value);
            return true;
        default:
            return (*std::get_if<4>(&option.target))(value);
    }
}

// False, after a message on stderr, if an argument is unknown or has a value that cannot be read.
inline bool parse(const Options& options, int argc, char** argv) {
    for (int i = 0; i < argc; i++) {
        std::string word = argv[i];
        size_t equals = word.find('=');
        std::string name = word.substr(0, equals);
        std::string value = equals == std::string::npos ? "on" : word.substr(equals + 1);
        bool known = false;
        for (const Option& option : options) {
            if (name != option.name) continue;
            known = take(option, value);
            break;
        }
        if (known) continue;
        fprintf(stderr, "option parsing failed: %s\n", argv[i]);
        return false;
    }
    return true;
}

// The text of `-plugin FILE,help`; made when the object is loaded, and found by its name.
inline const char* make_help(const char* purpose, const Options& options) {
    static std::string text;
    text = std::string(purpose) + "\n";
    for (const Option& option : options) {
        const char* value = option.target.index() == 0 ? "" : option.target.index() == 1 ? "=N" : "=TEXT";
        std::string name = std::string(option.name) + value;
        append(&text, "  %-24s %s\n", name.c_str(), option.help);
    }
    return text.c_str();
}

}  // namespace plugin

// The three exported symbols but for qemu_plugin_install itself. `options` is a plugin::Options constant.
#define BUNDLED_PLUGIN(purpose, options)                                                       \
    extern "C" {                                                                               \
    QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;                          \
    QEMU_PLUGIN_EXPORT const char* armature_plugin_help = plugin::make_help(purpose, options); \
    }
