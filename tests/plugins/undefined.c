/* SPDX-License-Identifier: MIT */
/* Calls a function that no version of the interface has. */
#include <qemu-plugin.h>

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

void qemu_plugin_no_such_function(void);

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t* info, int argc, char** argv) {
    (void)id, (void)info, (void)argc, (void)argv;
    qemu_plugin_no_such_function();
    return 0;
}
