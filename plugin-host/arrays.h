// SPDX-License-Identifier: MIT
// GLib's arrays without GLib. A plugin that is linked with GLib gets its arrays handled by its GLib's
// functions. One that is not has arrays with the same two public members and malloc memory behind them (see
// the public header).
#pragma once

#include <cstddef>
#include <cstdint>

#include "plugin-host/plugin.h"

struct _GArray;
struct _GByteArray;

namespace armature::plugin_host {

_GArray* new_array(Plugin* plugin, const void* elements, size_t element_size, size_t count);
void append_bytes(Plugin* plugin, _GByteArray* array, const void* bytes, size_t size);
void resize_bytes(Plugin* plugin, _GByteArray* array, size_t size);

}  // namespace armature::plugin_host
