// SPDX-License-Identifier: MIT
// Makes functions of the rows of a table that is included next: what a row's form does with its fields.
#pragma once

#include "translator/sve/machine.h"

#define SVE_ROW(Name, mnemonic, pattern, feature, ...)     \
    void run_##Name(Machine& m);                           \
    void run_##Name(Machine& m) {                          \
        __VA_ARGS__::run(m, decode::fields::Name{m.word}); \
    }
#define SVE_IF(Name, mnemonic, pattern, feature, condition, ...) \
    SVE_ROW(Name, mnemonic, pattern, feature, __VA_ARGS__)
