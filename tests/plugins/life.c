/* SPDX-License-Identifier: MIT */
/*
 * Resets itself from its third instruction callback, begins anew in the reset callback, and uninstalls itself
 * from its fifth. The callbacks that still come until then are not counted.
 */
#include <qemu-plugin.h>
#include <stdio.h>

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

static qemu_plugin_id_t own_id;
static int runs;
static bool leaving;

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb* tb);

static void say(const char* what) {
    char line[80];
    snprintf(line, sizeof(line), "%s after %d\n", what, runs);
    qemu_plugin_outs(line);
}

static void uninstalled(qemu_plugin_id_t id) {
    (void)id;
    say("uninstalled");
}

static void reset_done(qemu_plugin_id_t id) {
    say("reset");
    leaving = false;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
}

static void executed(unsigned int vcpu, void* userdata) {
    (void)vcpu, (void)userdata;
    if (leaving) return;
    runs++;
    if (runs == 3) {
        leaving = true;
        qemu_plugin_reset(own_id, reset_done);
        qemu_plugin_reset(own_id, reset_done);
    }
    if (runs == 5) {
        leaving = true;
        qemu_plugin_uninstall(own_id, uninstalled);
    }
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb* tb) {
    (void)id;
    qemu_plugin_register_vcpu_tb_exec_cb(tb, executed, QEMU_PLUGIN_CB_NO_REGS, NULL);
}

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t* info, int argc, char** argv) {
    (void)info, (void)argc, (void)argv;
    own_id = id;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return 0;
}
