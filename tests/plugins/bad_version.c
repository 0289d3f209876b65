/* SPDX-License-Identifier: MIT */
/* Says that it is made for an API version that does not exist. */
__attribute__((visibility("default"))) int qemu_plugin_version = 8;
