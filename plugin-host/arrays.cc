// SPDX-License-Identifier: MIT
#include "plugin-host/arrays.h"

#include <stdlib.h>
#include <string.h>

#include "plugin-host/api.h"

namespace armature::plugin_host {

GArray* new_array(Plugin* plugin, const void* elements, size_t element_size, size_t count) {
    const GlibFunctions& glib = glib_of(plugin);
    if (glib.array_sized_new != nullptr && glib.array_append_vals != nullptr) {
        void* array =
            glib.array_sized_new(0, 0, static_cast<unsigned>(element_size), static_cast<unsigned>(count));
        return static_cast<GArray*>(glib.array_append_vals(array, elements, static_cast<unsigned>(count)));
    }
    auto* array = static_cast<GArray*>(malloc(sizeof(GArray)));
    array->data = static_cast<char*>(malloc(element_size * count));
    array->len = static_cast<unsigned>(count);
    memcpy(array->data, elements, element_size * count);
    return array;
}

void resize_bytes(Plugin* plugin, GByteArray* array, size_t size) {
    const GlibFunctions& glib = glib_of(plugin);
    if (glib.byte_array_set_size != nullptr) {
        glib.byte_array_set_size(array, static_cast<unsigned>(size));
        return;
    }
    if (size > array->len) array->data = static_cast<uint8_t*>(realloc(array->data, size));
    array->len = static_cast<unsigned>(size);
}

void append_bytes(Plugin* plugin, GByteArray* array, const void* bytes, size_t size) {
    const GlibFunctions& glib = glib_of(plugin);
    if (glib.byte_array_append != nullptr) {
        glib.byte_array_append(array, static_cast<const uint8_t*>(bytes), static_cast<unsigned>(size));
        return;
    }
    size_t old_size = array->len;
    resize_bytes(plugin, array, old_size + size);
    memcpy(array->data + old_size, bytes, size);
}

}  // namespace armature::plugin_host
