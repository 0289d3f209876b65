/* SPDX-License-Identifier: MIT */
/*
 * Resets itself over and over, from blocks, system calls and a thread of its own, registers and unregisters
 * in callbacks, and uninstalls itself after so many resets (after=N). Checks that no callback comes when none
 * may, and tells at the end.
 */
#include <pthread.h>
#include <qemu-plugin.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

static qemu_plugin_id_t own_id;
static atomic_ulong resets, callbacks, late;
static atomic_int gone;
static unsigned long after = 50;
static qemu_plugin_u64 counter;

static void register_all(void);

static void heard(void) {
    atomic_fetch_add(&callbacks, 1);
    if (atomic_load(&gone)) atomic_fetch_add(&late, 1);
}

static void uninstalled(qemu_plugin_id_t id) {
    (void)id;
    atomic_store(&gone, 1);
    char line[200];
    snprintf(line, sizeof(line), "uninstalled after %lu resets, callbacks: %s\n", atomic_load(&resets),
             atomic_load(&callbacks) > 0 ? "yes" : "none");
    qemu_plugin_outs(line);
}

static void reset_done(qemu_plugin_id_t id) {
    if (atomic_fetch_add(&resets, 1) + 1 >= after) {
        qemu_plugin_uninstall(id, uninstalled);
    } else {
        register_all();
    }
}

static void executed(unsigned int vcpu, void* userdata) {
    (void)userdata;
    heard();
    if (qemu_plugin_u64_get(counter, vcpu) % 64 == 0) qemu_plugin_reset(own_id, reset_done);
}

static void idle(qemu_plugin_id_t id, unsigned int vcpu) {
    (void)id, (void)vcpu;
    heard();
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb* tb) {
    heard();
    qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, QEMU_PLUGIN_INLINE_ADD_U64, counter, 1);
    qemu_plugin_register_vcpu_tb_exec_cb(tb, executed, QEMU_PLUGIN_CB_NO_REGS, NULL);
    qemu_plugin_register_vcpu_idle_cb(id, idle);
}

static void entered(qemu_plugin_id_t id, unsigned int vcpu, int64_t num, uint64_t a1, uint64_t a2,
                    uint64_t a3, uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8) {
    (void)vcpu, (void)num, (void)a1, (void)a2, (void)a3, (void)a4, (void)a5, (void)a6, (void)a7, (void)a8;
    heard();
    qemu_plugin_register_vcpu_idle_cb(id, NULL);
    qemu_plugin_reset(id, reset_done);
}

static void started(qemu_plugin_id_t id, unsigned int vcpu) {
    (void)vcpu;
    heard();
    qemu_plugin_register_vcpu_idle_cb(id, idle);
}

static void register_all(void) {
    qemu_plugin_register_vcpu_tb_trans_cb(own_id, translated);
    qemu_plugin_register_vcpu_syscall_cb(own_id, entered);
    qemu_plugin_register_vcpu_init_cb(own_id, started);
    qemu_plugin_register_vcpu_exit_cb(own_id, started);
}

static void* from_outside(void* argument) {
    while (!atomic_load(&gone)) {
        usleep(2000);
        qemu_plugin_reset(own_id, reset_done);
    }
    return argument;
}

/* Says what came too late; the host has no callback left for that, so it is the object's own end. */
__attribute__((destructor)) static void at_end(void) {
    if (atomic_load(&late) != 0)
        fprintf(stderr, "restless: %lu callbacks after uninstall\n", atomic_load(&late));
}

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t* info, int argc, char** argv) {
    (void)info;
    own_id = id;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "after=", 6) == 0) after = strtoul(argv[i] + 6, NULL, 0);
    }
    counter = qemu_plugin_scoreboard_u64(qemu_plugin_scoreboard_new(sizeof(uint64_t)));
    register_all();
    pthread_t thread;
    return pthread_create(&thread, NULL, from_outside, NULL);
}
