// SPDX-License-Identifier: MIT
// System calls made readable: from the numbers in the argument registers and the kinds that syscalls.def
// gives them to names, flags, strings and structures.
//
// Used by -strace and, compiled once more, by the strace plugin, which knows the emulator by its plugin
// interface only. So nothing here depends on the emulator: guest memory is read by a function that the user
// brings along.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace armature::syscalls {

// Copies guest memory; false if a byte of it is not there.
using ReadMemory = bool (*)(void* to, uint64_t address, size_t size);

// The text of one argument of the given kind. `a` are all arguments (buffers find their length there),
// `index` says which one; `result` is the call's. Null `result`: before the call; then outputs give an empty
// string.
std::string format_argument(std::string_view kind, const uint64_t* a, unsigned index, const int64_t* result,
                            ReadMemory read);

// "3", "0x1000" if it is to be hexadecimal, "-1 ENOENT (No such file or directory)".
std::string format_result(int64_t result, bool hex);

// One call, from its entry to its return: inputs are read before it, outputs after it.
class DecodedCall {
  public:
    // `kinds` is the row's third column of syscalls.def, null for a number that has no row: then all eight
    // argument registers are shown.
    void begin(int64_t number, const char* name, const char* kinds, const uint64_t* a, ReadMemory read);
    void finish(int64_t result);

    int64_t number() const { return number_; }
    const std::string& name() const { return name_; }
    std::string result(int64_t value) const { return format_result(value, hex_result_); }
    std::string text() const;  // "name(arguments)"
    // Members of a JSON object: call, number, args, and with a result (null: there is none) result and errno.
    std::string json(const int64_t* result) const;

  private:
    std::string argument(size_t index) const;

    int64_t number_ = -1;
    std::string name_;
    uint64_t a_[8] = {};
    ReadMemory read_ = nullptr;
    std::vector<std::string_view> kinds_;
    std::vector<std::string> texts_;  // empty: an output, read afterwards
    bool hex_result_ = false;
};

}  // namespace armature::syscalls
