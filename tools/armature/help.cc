// SPDX-License-Identifier: MIT
#include "tools/armature/help.h"

#include <stdio.h>
#include <string.h>

#include <string>

#include "guest/features.h"

namespace armature::tools {
namespace {

constexpr char kIntroduction[] =
    "usage: armature [options] program [arguments...]\n"
    "Runs AArch64 Linux programs on an x86-64 Linux host, and lets QEMU's TCG plugins watch them.\n"
    "\n"
    "  armature ./hello                            a static program\n"
    "  armature -L /srv/arm64 /srv/arm64/bin/ls    a dynamic one; its libraries are in an unpacked arm64 "
    "root\n"
    "  armature -plugin libhotblocks.so -d plugin ./hello\n"
    "  armature -strace ./hello                    its system calls\n"
    "\n"
    "Options take one dash or two. A variable does the same as its option; the command line wins.\n"
    "\n";

constexpr char kConclusion[] =
    "\n"
    "Programs that the guest executes are emulated with the same options (except -E, -U and -0) if they are "
    "AArch64\n"
    "programs or scripts for one; x86-64 programs run natively.\n"
    "\n"
    "Exit status: the program's own. A program killed by a signal kills armature by the same signal. 127: "
    "the program\n"
    "or its interpreter was not found; 126: it cannot be executed; 1: the options are wrong.\n";

std::string left_column(const OptionRow& row) {
    std::string text;
    const char* at = row.spellings;
    while (*at) {
        const size_t length = strcspn(at, " ");
        if (!text.empty()) text += ", ";
        text += '-';
        text.append(at, length);
        at += length;
        if (*at) at++;
    }
    if (row.argument) {
        text += ' ';
        text += row.argument;
    }
    return text;
}

}  // namespace

void print_help(const OptionRow* rows, unsigned count) {
    fputs(kIntroduction, stdout);
    printf("  %-30s %-21s %s\n", "option", "variable", "meaning");
    for (unsigned i = 0; i < count; i++) {
        const char* variable = rows[i].environment ? rows[i].environment : "";
        printf("  %-30s %-21s %s\n", left_column(rows[i]).c_str(), variable, rows[i].help);
    }
    fputs(kConclusion, stdout);
}

void print_version() {
    printf("armature %s: AArch64 Linux programs on x86-64, with QEMU's plugin interface (versions 0 to 7)\n",
           ARMATURE_VERSION);
}

void print_cpu_models() {
    printf("Models for -cpu MODEL[,PROPERTY=on|off]...:\n");
    for (unsigned i = 0; i < guest::kCpuModelCount; i++)
        printf("  %-14s %s\n", guest::kCpuModels[i].name, guest::kCpuModels[i].help);
    printf("Properties:\n");
    for (const guest::FeatureRow& row : guest::kFeatureRows) {
        if (*row.property) printf("  %-14s %s\n", row.property, row.arm_name);
    }
}

}  // namespace armature::tools
