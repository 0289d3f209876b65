/* SPDX-License-Identifier: MIT */
/*
 * Counts by one way of instrumentation, which the argument `what` names: nothing, tb-inline, tb, insn-inline,
 * insn, mem-inline, mem, insn-mixed, mem-mixed, whose callbacks combine addresses instead of counting, and
 * insn-called, mem-called, which do so in a way that no emulator can turn into an operation of its own.
 * Compiled for version 1 it loads in every emulator of the family, so that the ways' costs can be compared;
 * from version 2 on, inline counters are in scoreboards. The total is printed at the end (with -d plugin).
 * With registers=on the callbacks may use registers, although they do not.
 */
#include <inttypes.h>
#include <qemu-plugin.h>
#include <stdio.h>
#include <string.h>

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

enum { kVcpus = 64 };

static struct { _Alignas(64) uint64_t count; } counts[kVcpus];
static const char* what = "nothing";
static enum qemu_plugin_cb_flags flags = QEMU_PLUGIN_CB_NO_REGS;
static int blocks, insns, accesses, in_line, mixed, called;

#if QEMU_PLUGIN_VERSION >= 2
static qemu_plugin_u64 counter;
#define INLINE(event, handle, ...)                                                                         \
    qemu_plugin_register_vcpu_##event##_inline_per_vcpu(handle, ##__VA_ARGS__, QEMU_PLUGIN_INLINE_ADD_U64, \
                                                        counter, 1)
#else
#define INLINE(event, handle, ...)                                                                \
    qemu_plugin_register_vcpu_##event##_inline(handle, ##__VA_ARGS__, QEMU_PLUGIN_INLINE_ADD_U64, \
                                               &counts[0].count, 1)
#endif

static void executed(unsigned int vcpu, void* userdata) {
    (void)userdata;
    counts[vcpu % kVcpus].count++;
}

static void accessed(unsigned int vcpu, qemu_plugin_meminfo_t info, uint64_t address, void* userdata) {
    (void)info, (void)address, (void)userdata;
    counts[vcpu % kVcpus].count++;
}

static void combine(unsigned int vcpu, void* userdata) {
    counts[vcpu % kVcpus].count ^= (uintptr_t)userdata;
}

static void combine_access(unsigned int vcpu, qemu_plugin_meminfo_t info, uint64_t address, void* userdata) {
    (void)info, (void)userdata;
    counts[vcpu % kVcpus].count ^= address;
}

static uint64_t hash(uint64_t previous, uint64_t address) {
    return (previous << 1 | previous >> 63) ^ address;
}

static void hash_instruction(unsigned int vcpu, void* userdata) {
    counts[vcpu % kVcpus].count = hash(counts[vcpu % kVcpus].count, (uintptr_t)userdata);
}

static void hash_access(unsigned int vcpu, qemu_plugin_meminfo_t info, uint64_t address, void* userdata) {
    (void)info, (void)userdata;
    counts[vcpu % kVcpus].count = hash(counts[vcpu % kVcpus].count, address);
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb* tb) {
    (void)id;
    if (blocks && in_line) INLINE(tb_exec, tb);
    if (blocks && !in_line) qemu_plugin_register_vcpu_tb_exec_cb(tb, executed, flags, NULL);
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn* insn = qemu_plugin_tb_get_insn(tb, i);
        if (insns && in_line) INLINE(insn_exec, insn);
        if (insns && !in_line)
            qemu_plugin_register_vcpu_insn_exec_cb(insn,
                                                   called  ? hash_instruction
                                                   : mixed ? combine
                                                           : executed,
                                                   flags, (void*)(uintptr_t)qemu_plugin_insn_vaddr(insn));
        if (accesses && in_line) INLINE(mem, insn, QEMU_PLUGIN_MEM_RW);
        if (accesses && !in_line)
            qemu_plugin_register_vcpu_mem_cb(insn,
                                             called  ? hash_access
                                             : mixed ? combine_access
                                                     : accessed,
                                             flags, QEMU_PLUGIN_MEM_RW, NULL);
    }
}

static void at_exit(qemu_plugin_id_t id, void* userdata) {
    (void)id, (void)userdata;
    uint64_t total = 0;
    for (int vcpu = 0; vcpu < kVcpus; vcpu++) total += counts[vcpu].count;
#if QEMU_PLUGIN_VERSION >= 2
    total += qemu_plugin_u64_sum(counter);
#endif
    char line[80];
    snprintf(line, sizeof(line), "%s: %" PRIu64 "\n", what, total);
    qemu_plugin_outs(line);
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t* info, int argc,
                                           char** argv) {
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "what=", 5) == 0) what = strdup(argv[i] + 5);
        if (strcmp(argv[i], "registers=on") == 0) flags = QEMU_PLUGIN_CB_RW_REGS;
    }
    blocks = strncmp(what, "tb", 2) == 0;
    insns = strncmp(what, "insn", 4) == 0;
    accesses = strncmp(what, "mem", 3) == 0;
    in_line = strstr(what, "-inline") != NULL;
    mixed = strstr(what, "-mixed") != NULL;
    called = strstr(what, "-called") != NULL;
    if (!blocks && !insns && !accesses && strcmp(what, "nothing") != 0) {
        fprintf(stderr, "counts: %s: what is that?\n", what);
        return -1;
    }
#if QEMU_PLUGIN_VERSION >= 2
    counter = qemu_plugin_scoreboard_u64(qemu_plugin_scoreboard_new(sizeof(uint64_t)));
#endif
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, at_exit, NULL);
    return 0;
}
