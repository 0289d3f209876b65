// SPDX-License-Identifier: MIT
#include "signals/signal_set.h"

namespace armature::signals {
namespace {

struct Row {
    const char* name;
    DefaultAction action;
};

constexpr Row kRows[] = {
    {"signal 0", DefaultAction::Ignore},
#define SIGNAL(number, NAME, action) {"SIG" #NAME, DefaultAction::action},
#include "signals/signal_names.def"
#undef SIGNAL
};

#define SIGNAL(number, NAME, action) static_assert(number == SIG##NAME);
#include "signals/signal_names.def"
#undef SIGNAL
constexpr int kStandardCount = sizeof kRows / sizeof kRows[0];
static_assert(kStandardCount == 32);

constexpr const char* kRealTimeNames[] = {
    "SIGRT32", "SIGRT33", "SIGRT34", "SIGRT35", "SIGRT36", "SIGRT37", "SIGRT38", "SIGRT39", "SIGRT40",
    "SIGRT41", "SIGRT42", "SIGRT43", "SIGRT44", "SIGRT45", "SIGRT46", "SIGRT47", "SIGRT48", "SIGRT49",
    "SIGRT50", "SIGRT51", "SIGRT52", "SIGRT53", "SIGRT54", "SIGRT55", "SIGRT56", "SIGRT57", "SIGRT58",
    "SIGRT59", "SIGRT60", "SIGRT61", "SIGRT62", "SIGRT63", "SIGRT64",
};

}  // namespace

DefaultAction default_action(int signo) {
    return signo > 0 && signo < kStandardCount ? kRows[signo].action : DefaultAction::Terminate;
}

const char* signal_name(int signo) {
    if (signo < 0 || signo > kSignalCount) return "SIG?";
    return signo < kStandardCount ? kRows[signo].name : kRealTimeNames[signo - kStandardCount];
}

}  // namespace armature::signals
