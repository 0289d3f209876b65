// SPDX-License-Identifier: MIT
// The API's functions that take the plugin's id. Each is declared with version 7's userdata; what older
// plugins leave in that argument's register is passed on and never looked at, because their callbacks are
// called without it.
#include "guest/thread.h"
#include "plugin-host/api.h"
#include "plugin-host/events.h"
#include "plugin-host/life_cycle.h"
#include "plugin-host/quiescence.h"

namespace armature::plugin_host {

namespace {

template <typename Function>
void set(uint64_t id, Event event, Function function, void* userdata, const char* name) {
    Plugin* plugin = plugin_of(id, name);
    if (plugin != nullptr) set_callback(event, plugin, reinterpret_cast<void*>(function), userdata);
}

void reset_or_uninstall(uint64_t id, bool uninstall, qemu_plugin_udata_cb_t cb, void* userdata,
                        const char* name) {
    // Uninstalling is asynchronous: asking once more when it has just been completed is no mistake.
    for (const Plugin* plugin : plugins()) {
        if (plugin->id == id && plugin->state == Plugin::State::Gone) return;
    }
    Plugin* plugin = plugin_of(id, name);
    if (plugin == nullptr) return;
    // Threads that the plugin has started may ask already.
    if (plugin->state == Plugin::State::Installing && current_plugin == plugin) {
        report_misuse(plugin, name, "not possible inside qemu_plugin_install; return an error there instead");
        return;
    }
    request_reset(plugin, uninstall, reinterpret_cast<void*>(cb), userdata);
}

}  // namespace

}  // namespace armature::plugin_host

using namespace armature;
using namespace armature::plugin_host;

void qemu_plugin_uninstall(qemu_plugin_id_t id, qemu_plugin_udata_cb_t cb, void* userdata) {
    reset_or_uninstall(id, true, cb, userdata, __func__);
}

void qemu_plugin_reset(qemu_plugin_id_t id, qemu_plugin_udata_cb_t cb, void* userdata) {
    reset_or_uninstall(id, false, cb, userdata, __func__);
}

void qemu_plugin_register_vcpu_init_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_udata_cb_t cb, void* userdata) {
    set(id, Event::VcpuInit, cb, userdata, __func__);
}

void qemu_plugin_register_vcpu_exit_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_udata_cb_t cb, void* userdata) {
    set(id, Event::VcpuExit, cb, userdata, __func__);
}

void qemu_plugin_register_vcpu_idle_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_udata_cb_t cb, void* userdata) {
    set(id, Event::VcpuIdle, cb, userdata, __func__);
}

void qemu_plugin_register_vcpu_resume_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_udata_cb_t cb,
                                         void* userdata) {
    set(id, Event::VcpuResume, cb, userdata, __func__);
}

void qemu_plugin_register_vcpu_discon_cb(qemu_plugin_id_t id, qemu_plugin_discon_type type,
                                         qemu_plugin_vcpu_discon_cb_t cb, void* userdata) {
    if (type & QEMU_PLUGIN_DISCON_INTERRUPT) set(id, Event::Interrupt, cb, userdata, __func__);
    if (type & QEMU_PLUGIN_DISCON_EXCEPTION) set(id, Event::Exception, cb, userdata, __func__);
    if (type & QEMU_PLUGIN_DISCON_HOSTCALL) set(id, Event::HostCall, cb, userdata, __func__);
}

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_tb_trans_cb_t cb,
                                           void* userdata) {
    set(id, Event::TbTrans, cb, userdata, __func__);
}

void qemu_plugin_register_vcpu_syscall_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_syscall_cb_t cb,
                                          void* userdata) {
    set(id, Event::Syscall, cb, userdata, __func__);
}

void qemu_plugin_register_vcpu_syscall_filter_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_syscall_filter_cb_t cb,
                                                 void* userdata) {
    set(id, Event::SyscallFilter, cb, userdata, __func__);
}

void qemu_plugin_register_vcpu_syscall_ret_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_syscall_ret_cb_t cb,
                                              void* userdata) {
    set(id, Event::SyscallReturn, cb, userdata, __func__);
}

void qemu_plugin_register_flush_cb(qemu_plugin_id_t id, qemu_plugin_udata_cb_t cb, void* userdata) {
    set(id, Event::Flush, cb, userdata, __func__);
}

void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, qemu_plugin_udata_cb_t cb, void* userdata) {
    set(id, Event::AtExit, cb, userdata, __func__);
}

void qemu_plugin_vcpu_for_each(qemu_plugin_id_t id, qemu_plugin_vcpu_udata_cb_t cb, void* userdata) {
    Plugin* plugin = plugin_of(id, __func__);
    if (plugin == nullptr || cb == nullptr) return;
    Callback callback{plugin, reinterpret_cast<void*>(cb), userdata};
    for (unsigned index : live_vcpus()) call_vcpu(callback, index);
}

int qemu_plugin_num_vcpus(void) {
    return static_cast<int>(guest::vcpus_started());
}

int qemu_plugin_n_vcpus(void) {
    return -1;
}

int qemu_plugin_n_max_vcpus(void) {
    return -1;
}
