// SPDX-License-Identifier: MIT
// Guest memory for plugins.
#include <fcntl.h>
#include <unistd.h>

#include "guest/address_space.h"
#include "guest/user_access.h"
#include "plugin-host/api.h"
#include "plugin-host/arrays.h"
#include "translator/translator.h"

namespace armature::plugin_host {

namespace {

// A debugger's write, into pages that the guest itself may not write: its code, most often.
bool write_protected_memory(uint64_t address, const uint8_t* bytes, size_t size) {
    if (!guest::AddressSpace::instance().owns(address, address + size)) return false;
    int fd = open("/proc/self/mem", O_WRONLY | O_CLOEXEC);
    if (fd < 0) return false;
    bool done = pwrite(fd, bytes, size, static_cast<off_t>(address)) == static_cast<ssize_t>(size);
    close(fd);
    return done;
}

}  // namespace

}  // namespace armature::plugin_host

using namespace armature;
using namespace armature::plugin_host;

bool qemu_plugin_read_memory_vaddr(uint64_t addr, GByteArray* data, size_t len) {
    if (len == 0) return false;
    Plugin* plugin = calling_plugin(__builtin_return_address(0));
    if (plugin == nullptr) return false;
    resize_bytes(plugin, data, len);
    return guest::read_memory(data->data, addr, len);
}

bool qemu_plugin_write_memory_vaddr(uint64_t addr, GByteArray* data) {
    if (data->len == 0) return false;
    bool done = guest::write_memory(addr, data->data, data->len) ||
                write_protected_memory(addr, data->data, data->len);
    if (done) translator::invalidate(addr, addr + data->len);
    return done;
}

qemu_plugin_hwaddr_operation_result qemu_plugin_read_memory_hwaddr(uint64_t addr, GByteArray* data,
                                                                   size_t len) {
    return QEMU_PLUGIN_HWADDR_OPERATION_ERROR;
}

qemu_plugin_hwaddr_operation_result qemu_plugin_write_memory_hwaddr(uint64_t addr, GByteArray* data) {
    return QEMU_PLUGIN_HWADDR_OPERATION_ERROR;
}

bool qemu_plugin_translate_vaddr(uint64_t vaddr, uint64_t* hwaddr) {
    return false;
}
