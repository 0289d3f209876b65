// SPDX-License-Identifier: MIT
// The log that -d switches on and -D sends to a file, and the one-line errors that end a run.
#pragma once

#include <cstdarg>
#include <cstdint>
#include <string>

namespace armature::support {

enum class LogItem : uint32_t {
#define LOG_ITEM(name, Name, help) Name,
#include "support/log_items.def"
#undef LOG_ITEM
};

namespace detail {
extern uint32_t log_mask;
}

inline bool log_enabled(LogItem item) {
    return detail::log_mask & 1u << static_cast<uint32_t>(item);
}
void set_log_mask(uint32_t mask);
uint32_t log_mask();

// Parses "in_asm,plugin,..." ("all" is everything but nochain and tid). False: `*bad` is the word that is not
// known.
bool parse_log_items(const std::string& words, uint32_t* mask, std::string* bad);
void print_log_items();  // the table, for -d help

// Opens the log file; `%d` in it becomes the process id (with -d tid the thread id, a file each). False:
// errno says why.
bool open_log(const std::string& path_template, bool append = false);
void reopen_log_after_fork();  // a new file if the name has %d
void flush_log();

// One write(2) per call, whole lines stay whole between threads and processes. To stderr when no -D was
// given.
void log_printf(const char* format, ...) __attribute__((format(printf, 1, 2)));
void log_write(const char* text, size_t size);

// "armature: ..." on stderr; `fatal` also exits with the given status. The text names the object, the cause,
// the way out.
void report_error(const char* format, ...) __attribute__((format(printf, 1, 2)));
[[noreturn]] void fatal(int status, const char* format, ...) __attribute__((format(printf, 2, 3)));

}  // namespace armature::support
