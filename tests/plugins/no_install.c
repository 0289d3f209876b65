/* SPDX-License-Identifier: MIT */
/* Has a version, but cannot be installed. */
__attribute__((visibility("default"))) int qemu_plugin_version = 4;
