// SPDX-License-Identifier: MIT
// What the functions of strace_arguments.def are made of. Internal to the decoding of arguments.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

#include "syscalls/strace_arguments.h"

namespace armature::syscalls::strace {

inline constexpr size_t kMostText = 32;   // characters of a buffer
inline constexpr size_t kMostItems = 16;  // elements of an array

struct Value {
    uint64_t value;
    const uint64_t* a;
    unsigned index;
    int64_t result;
    ReadMemory read_memory;

    uint64_t next() const { return a[index + 1]; }
    bool read(void* to, uint64_t address, size_t size) const { return read_memory(to, address, size); }
    template <typename T>
    bool read_object(T* to, uint64_t address) const {
        return address != 0 && read_memory(to, address, sizeof(T));
    }
    template <typename T>
    bool read_object(T* to) const {
        return read_object(to, value);
    }
    // The same call's argument at another address: a part of a structure.
    Value at(uint64_t address) const { return {address, a, index, result, read_memory}; }
};

template <typename... Words>
std::string print(const char* format, Words... words) {
    char text[256];
    snprintf(text, sizeof text, format, words...);
    return text;
}

std::string quote(std::string_view bytes, bool cut);
std::string print_bytes(const Value& v, uint64_t address, uint64_t size);
std::string print_flags(std::string_view table, uint64_t value);
std::string print_enum(std::string_view table, uint64_t value);
std::string signal_name(uint64_t signo);

#define ARGUMENT(kind, function, when) std::string function(const Value& v);
#include "syscalls/strace_arguments.def"
#undef ARGUMENT

}  // namespace armature::syscalls::strace
