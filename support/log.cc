// SPDX-License-Identifier: MIT
// The log. It is kept usable from anywhere the guest runs: no locks, no stdio buffers, one write(2) per line,
// so lines of threads and forked processes never mix. The file's descriptor is kept out of the guest's reach
// (descriptors.h).
#include "support/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "support/descriptors.h"

namespace armature::support {

namespace detail {
constinit uint32_t log_mask = 0;
}

namespace {

struct LogRow {
    const char* name;
    LogItem item;
    const char* help;
};
constexpr LogRow kItems[] = {
#define LOG_ITEM(name, Name, help) {name, LogItem::Name, help},
#include "support/log_items.def"
#undef LOG_ITEM
};

constexpr uint32_t bit(LogItem item) {
    return 1u << static_cast<uint32_t>(item);
}

// How the log is written is not part of "all": those two are chosen on purpose.
constexpr uint32_t kNotInAll = bit(LogItem::NoChain) | bit(LogItem::Tid);

constinit int log_fd = STDERR_FILENO;
char* path_template = nullptr;  // null: stderr
pthread_key_t thread_key;       // value: the thread's own descriptor + 1, with -d tid
bool per_thread = false;
int truncate_flag = O_TRUNC;  // 0: a program executed by the guest goes on with the log

void close_thread_log(void* value) {
    close_hidden_descriptor(static_cast<int>(reinterpret_cast<intptr_t>(value)) - 1);
}

// Opens path_template with `number` put in for %d; -1 and errno on failure.
int open_numbered(long number) {
    char digits[24];
    snprintf(digits, sizeof digits, "%ld", number);
    std::string path;
    for (const char* c = path_template; *c; c++) {
        if (c[0] == '%' && c[1] == 'd') {
            path += digits;
            c++;
        } else {
            path += *c;
        }
    }
    int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | truncate_flag, 0666);
    return fd < 0 ? fd : hide_descriptor(fd);
}

int current_fd() {
    if (!per_thread) return log_fd;
    intptr_t value = reinterpret_cast<intptr_t>(pthread_getspecific(thread_key));
    if (value == 0) {
        int fd = open_numbered(syscall(SYS_gettid));
        if (fd < 0) return log_fd;
        value = fd + 1;
        pthread_setspecific(thread_key, reinterpret_cast<void*>(value));
    }
    return static_cast<int>(value - 1);
}

void write_all(int fd, const char* text, size_t size) {
    while (size > 0) {
        ssize_t written = write(fd, text, size);
        if (written < 0) {
            if (errno == EINTR) continue;
            return;
        }
        text += written;
        size -= static_cast<size_t>(written);
    }
}

void report(const char* format, va_list arguments) {
    char line[2048];
    constexpr char kPrefix[] = "armature: ";
    memcpy(line, kPrefix, sizeof kPrefix);
    size_t used = sizeof kPrefix - 1;
    int wanted = vsnprintf(line + used, sizeof line - used - 1, format, arguments);
    if (wanted > 0) used += static_cast<size_t>(wanted);
    if (used > sizeof line - 2) used = sizeof line - 2;
    line[used++] = '\n';
    write_all(STDERR_FILENO, line, used);
}

}  // namespace

void set_log_mask(uint32_t mask) {
    detail::log_mask = mask;
}

uint32_t log_mask() {
    return detail::log_mask;
}

bool parse_log_items(const std::string& words, uint32_t* mask, std::string* bad) {
    size_t start = 0;
    while (start <= words.size()) {
        size_t end = words.find(',', start);
        if (end == std::string::npos) end = words.size();
        std::string word = words.substr(start, end - start);
        start = end + 1;
        if (word.empty()) continue;
        if (word == "all") {
            for (const LogRow& row : kItems) *mask |= bit(row.item) & ~kNotInAll;
            continue;
        }
        bool known = false;
        for (const LogRow& row : kItems) {
            if (word == row.name) {
                *mask |= bit(row.item);
                known = true;
            }
        }
        if (!known) {
            *bad = word;
            return false;
        }
    }
    return true;
}

void print_log_items() {
    printf("What -d accepts, separated by commas (the log goes to stderr, or to the file named with -D):\n");
    for (const LogRow& row : kItems) printf("  %-14s %s\n", row.name, row.help);
    printf("  %-14s %s\n", "all", "everything but nochain and tid");
}

bool open_log(const std::string& path, bool append) {
    truncate_flag = append ? 0 : O_TRUNC;
    free(path_template);
    path_template = strdup(path.c_str());
    bool has_number = path.find("%d") != std::string::npos;
    if (log_enabled(LogItem::Tid) && has_number && !per_thread) {
        if (pthread_key_create(&thread_key, close_thread_log) != 0) return false;
        per_thread = true;
        return current_fd() != STDERR_FILENO;
    }
    int fd = open_numbered(getpid());
    if (fd < 0) return false;
    log_fd = fd;
    return true;
}

void reopen_log_after_fork() {
    if (!path_template || !strstr(path_template, "%d")) return;
    if (per_thread) {
        intptr_t value = reinterpret_cast<intptr_t>(pthread_getspecific(thread_key));
        if (value != 0) close_hidden_descriptor(static_cast<int>(value) - 1);
        pthread_setspecific(thread_key, nullptr);
        return;
    }
    int fd = open_numbered(getpid());
    if (fd < 0) return;
    if (log_fd != STDERR_FILENO) close_hidden_descriptor(log_fd);
    log_fd = fd;
}

void flush_log() {
    // Nothing is ever buffered here; what the process's own stdio holds (plugins print with printf) goes out
    // now.
    fflush(nullptr);
}

void log_write(const char* text, size_t size) {
    write_all(current_fd(), text, size);
}

void log_printf(const char* format, ...) {
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    int wanted = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (wanted < static_cast<int>(sizeof line)) {
        if (wanted > 0) log_write(line, static_cast<size_t>(wanted));
    } else {
        size_t size = static_cast<size_t>(wanted);
        char* big = static_cast<char*>(malloc(size + 1));
        if (big) {
            vsnprintf(big, size + 1, format, again);
            log_write(big, size);
            free(big);
        }
    }
    va_end(again);
}

void report_error(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    report(format, arguments);
    va_end(arguments);
}

void fatal(int status, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    report(format, arguments);
    va_end(arguments);
    fflush(nullptr);
    _exit(status);
}

}  // namespace armature::support
