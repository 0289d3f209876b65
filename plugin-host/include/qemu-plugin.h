/* SPDX-License-Identifier: MIT */
/**
 * DOC: The plugin interface
 *
 * A plugin is a shared object that watches a guest program. This header speaks the binary interface that is known as
 * the TCG plugin API: what is built with it loads into Armature and into the emulators of that family that accept the
 * version it was built for.
 *
 * A plugin exports two symbols::
 *
 *     QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;
 *     QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv);
 *
 * and registers callbacks from the second. A block's callbacks are registered while the block is translated, from a
 * callback of qemu_plugin_register_vcpu_tb_trans_cb().
 *
 * Versions. Define QEMU_PLUGIN_VERSION to 0 ... 7 before the include to choose the interface's version; each gets
 * exactly its own declarations. Armature loads all of them, and calls each plugin as its version wants. The default
 * is 4: the version from which memory, registers, scoreboards and conditional callbacks are all there, and that most
 * other emulators in use accept. Choose 6 for set_pc, discontinuities and system call filters, 7 if every callback is
 * to have a userdata pointer.
 *
 * Callbacks run on the thread of the vCPU they tell of, several at the same time. A callback may call every function
 * of this header unless the function's description says otherwise. Guest addresses are 64-bit virtual addresses.
 */
#ifndef ARMATURE_QEMU_PLUGIN_H
#define ARMATURE_QEMU_PLUGIN_H

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>

#ifndef QEMU_PLUGIN_VERSION
#define QEMU_PLUGIN_VERSION 4
#endif
#if QEMU_PLUGIN_VERSION < 0 || QEMU_PLUGIN_VERSION > 7
#error "QEMU_PLUGIN_VERSION must be one of 0 ... 7"
#endif

/*
 * From version 2 on, registers and memory are handed over in GLib's arrays. A plugin that does not want GLib defines
 * QEMU_PLUGIN_NO_GLIB: then GArray and GByteArray are the two plain structures below. The data of such an array is
 * malloc memory: start a GByteArray as {NULL, 0}; free() its data, and for a GArray both the data and the array.
 * The emulator uses GLib's functions if the plugin is linked with GLib, and plain memory if it is not. Where GLib's
 * header cannot be found, that is the choice.
 */
#if !defined(QEMU_PLUGIN_NO_GLIB) && defined(__has_include)
#if !__has_include(<glib.h>)
#define QEMU_PLUGIN_NO_GLIB
#endif
#endif
#if QEMU_PLUGIN_VERSION >= 2
#ifdef QEMU_PLUGIN_NO_GLIB
typedef struct _GArray {
    char *data;
    unsigned int len; /* in elements */
} GArray;
typedef struct _GByteArray {
    uint8_t *data;
    unsigned int len; /* in bytes */
} GByteArray;
#else
#include <glib.h>
#endif
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define QEMU_PLUGIN_EXPORT __attribute__((visibility("default")))
#define QEMU_PLUGIN_LOCAL __attribute__((visibility("hidden")))
#define QEMU_PLUGIN_API

/* ---------------------------------------------------------------------------------------------------------------- */
/* Life cycle                                                                                                       */
/* ---------------------------------------------------------------------------------------------------------------- */

/** typedef qemu_plugin_id_t - names one loaded plugin in calls; given to qemu_plugin_install() */
typedef uint64_t qemu_plugin_id_t;

/** qemu_plugin_version - the version the plugin was built for; every plugin defines and exports it */
extern QEMU_PLUGIN_EXPORT int qemu_plugin_version;

/**
 * struct qemu_info_t - what the emulator says of itself
 * @target_name: the guest's architecture: "aarch64"
 * @version: the versions the emulator accepts, @version.min to @version.cur
 * @system_emulation: whether a whole machine is emulated; false: one user program
 * @system: numbers of vCPUs of the machine; both 0 when @system_emulation is false
 *
 * Valid during qemu_plugin_install() only.
 */
typedef struct qemu_info_t {
    const char *target_name;
    struct {
        int min;
        int cur;
    } version;
    bool system_emulation;
    union {
        struct {
            int smp_vcpus;
            int max_vcpus;
        } system;
    };
} qemu_info_t;

/**
 * qemu_plugin_install() - the plugin's entry; the plugin defines it
 * @id: the plugin's identity, for later calls
 * @info: the emulator; valid during the call
 * @argc: number of arguments
 * @argv: the arguments of the command line, "name=value" each; valid as long as the plugin is loaded. The plugin's
 *        own name is not among them.
 *
 * Called once, before the guest runs. qemu_plugin_uninstall() must not be called from here.
 *
 * Return: 0 to stay; anything else ends the emulator with a message.
 */
QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv);

/*
 * Callback types. Up to version 6 a callback that is not bound to a block gets the plugin's id first; from version 7
 * on it gets the userdata given at registration last.
 */
#if QEMU_PLUGIN_VERSION >= 7
/**
 * typedef qemu_plugin_udata_cb_t - something happened that concerns no single vCPU
 * @userdata: as given at registration
 */
typedef void (*qemu_plugin_udata_cb_t)(void *userdata);
/* What registrations without userdata take in older versions. */
#define QEMU_PLUGIN_SIMPLE_CB_ qemu_plugin_udata_cb_t
#define QEMU_PLUGIN_VCPU_CB_ qemu_plugin_vcpu_udata_cb_t
#define QEMU_PLUGIN_USERDATA_ , void *userdata
#else
/**
 * typedef qemu_plugin_simple_cb_t - something happened that concerns no single vCPU
 * @id: the plugin
 */
typedef void (*qemu_plugin_simple_cb_t)(qemu_plugin_id_t id);

/**
 * typedef qemu_plugin_udata_cb_t - the same, for registrations that take userdata
 * @id: the plugin
 * @userdata: as given at registration
 */
typedef void (*qemu_plugin_udata_cb_t)(qemu_plugin_id_t id, void *userdata);

/**
 * typedef qemu_plugin_vcpu_simple_cb_t - something happened to a vCPU
 * @id: the plugin
 * @vcpu_index: the vCPU
 */
typedef void (*qemu_plugin_vcpu_simple_cb_t)(qemu_plugin_id_t id, unsigned int vcpu_index);
#define QEMU_PLUGIN_SIMPLE_CB_ qemu_plugin_simple_cb_t
#define QEMU_PLUGIN_VCPU_CB_ qemu_plugin_vcpu_simple_cb_t
#define QEMU_PLUGIN_USERDATA_
#endif
/**
 * typedef qemu_plugin_vcpu_udata_cb_t - a vCPU is at the place the callback was registered for
 * @vcpu_index: the vCPU; the callback runs on its thread
 * @userdata: as given at registration
 */
typedef void (*qemu_plugin_vcpu_udata_cb_t)(unsigned int vcpu_index, void *userdata);

/**
 * qemu_plugin_uninstall() - stop the plugin for good
 * @id: the plugin
 * @cb: called once, when no other callback of the plugin will ever run again; may be NULL
 * @userdata: passed to @cb (version 7)
 *
 * Asynchronous: callbacks may still come until @cb is called, which happens after every vCPU has passed a quiescent
 * point and the instrumented translations are gone. May be called from callbacks and from the plugin's own threads. A
 * second call has no effect. The object stays mapped, so threads of its own may go on.
 *
 * Since version 0.
 */
QEMU_PLUGIN_API void qemu_plugin_uninstall(qemu_plugin_id_t id, QEMU_PLUGIN_SIMPLE_CB_ cb QEMU_PLUGIN_USERDATA_);

/**
 * qemu_plugin_reset() - remove all callbacks of the plugin, and all its instrumentation
 * @id: the plugin
 * @cb: called once, when that is done; it may register callbacks anew; may be NULL
 * @userdata: passed to @cb (version 7)
 *
 * Asynchronous, as qemu_plugin_uninstall() is. No effect while another reset or an uninstall is under way.
 *
 * Since version 0.
 */
QEMU_PLUGIN_API void qemu_plugin_reset(qemu_plugin_id_t id, QEMU_PLUGIN_SIMPLE_CB_ cb QEMU_PLUGIN_USERDATA_);

/*
 * Registration, common to the functions from here to qemu_plugin_register_atexit_cb(): a plugin has one callback of
 * each kind; registering another replaces it, registering NULL removes it. Plugins are called in the reverse order of
 * their loading. All may be called at any time, from any thread.
 */

/**
 * qemu_plugin_register_vcpu_init_cb() - a vCPU (a thread of the guest) starts
 * @id: the plugin
 * @cb: called on the vCPU's thread before its first instruction
 * @userdata: passed to @cb (version 7)
 *
 * Since version 0.
 */
QEMU_PLUGIN_API void qemu_plugin_register_vcpu_init_cb(qemu_plugin_id_t id, QEMU_PLUGIN_VCPU_CB_ cb
                                                       QEMU_PLUGIN_USERDATA_);

/**
 * qemu_plugin_register_vcpu_exit_cb() - a vCPU ends because its thread exits
 * @id: the plugin
 * @cb: called on the vCPU's thread. Not called for the vCPUs that live when the process ends: see
 *      qemu_plugin_register_atexit_cb().
 * @userdata: passed to @cb (version 7)
 *
 * Since version 0.
 */
QEMU_PLUGIN_API void qemu_plugin_register_vcpu_exit_cb(qemu_plugin_id_t id, QEMU_PLUGIN_VCPU_CB_ cb
                                                       QEMU_PLUGIN_USERDATA_);

/**
 * qemu_plugin_register_vcpu_idle_cb() - a vCPU is about to wait in a system call that may block
 * @id: the plugin
 * @cb: called on the vCPU's thread
 * @userdata: passed to @cb (version 7)
 *
 * Since version 0.
 */
QEMU_PLUGIN_API void qemu_plugin_register_vcpu_idle_cb(qemu_plugin_id_t id, QEMU_PLUGIN_VCPU_CB_ cb
                                                       QEMU_PLUGIN_USERDATA_);

/**
 * qemu_plugin_register_vcpu_resume_cb() - the system call that may have blocked has returned
 * @id: the plugin
 * @cb: called on the vCPU's thread
 * @userdata: passed to @cb (version 7)
 *
 * Since version 0.
 */
QEMU_PLUGIN_API void qemu_plugin_register_vcpu_resume_cb(qemu_plugin_id_t id, QEMU_PLUGIN_VCPU_CB_ cb
                                                         QEMU_PLUGIN_USERDATA_);

#if QEMU_PLUGIN_VERSION >= 6
/**
 * enum qemu_plugin_discon_type - why the program counter jumped without a branch
 * @QEMU_PLUGIN_DISCON_INTERRUPT: an asynchronous signal is delivered
 * @QEMU_PLUGIN_DISCON_EXCEPTION: an instruction faulted, its signal is delivered
 * @QEMU_PLUGIN_DISCON_HOSTCALL: a system call
 * @QEMU_PLUGIN_DISCON_ALL: all of them; a mask, for registration
 */
enum qemu_plugin_discon_type {
    QEMU_PLUGIN_DISCON_INTERRUPT = 1 << 0,
    QEMU_PLUGIN_DISCON_EXCEPTION = 1 << 1,
    QEMU_PLUGIN_DISCON_HOSTCALL = 1 << 2,
    QEMU_PLUGIN_DISCON_ALL = -1
};

/**
 * typedef qemu_plugin_vcpu_discon_cb_t - a discontinuity
 * @id: the plugin (version 6)
 * @vcpu_index: the vCPU
 * @type: one of the single types
 * @from_pc: interrupt: the instruction that would have been next; else the instruction that caused it
 * @to_pc: the instruction that is executed next
 * @userdata: as given at registration (version 7)
 */
#if QEMU_PLUGIN_VERSION >= 7
typedef void (*qemu_plugin_vcpu_discon_cb_t)(unsigned int vcpu_index, enum qemu_plugin_discon_type type,
                                             uint64_t from_pc, uint64_t to_pc, void *userdata);
#else
typedef void (*qemu_plugin_vcpu_discon_cb_t)(qemu_plugin_id_t id, unsigned int vcpu_index,
                                             enum qemu_plugin_discon_type type, uint64_t from_pc, uint64_t to_pc);
#endif

/**
 * qemu_plugin_register_vcpu_discon_cb() - watch discontinuities
 * @id: the plugin
 * @type: a mask of the types that are wanted
 * @cb: called after the new program counter is set; one callback for each type
 * @userdata: passed to @cb (version 7)
 *
 * Since version 6.
 */
QEMU_PLUGIN_API void qemu_plugin_register_vcpu_discon_cb(qemu_plugin_id_t id, enum qemu_plugin_discon_type type,
                                                         qemu_plugin_vcpu_discon_cb_t cb QEMU_PLUGIN_USERDATA_);
#endif

/**
 * qemu_plugin_register_flush_cb() - all translations were dropped
 * @id: the plugin
 * @cb: blocks will be translated, and shown to the plugin, anew; what the plugin keeps for each block can go
 * @userdata: passed to @cb (version 7)
 *
 * Since version 0.
 */
QEMU_PLUGIN_API void qemu_plugin_register_flush_cb(qemu_plugin_id_t id, QEMU_PLUGIN_SIMPLE_CB_ cb
                                                   QEMU_PLUGIN_USERDATA_);

/**
 * qemu_plugin_register_atexit_cb() - the guest ends
 * @id: the plugin
 * @cb: called once: at the end of the process (also by a fatal signal) and before a successful execve. No callback of
 *      the plugin is made after it, so it may free what it has; standard streams are flushed after it.
 * @userdata: passed to @cb
 *
 * Since version 0.
 */
QEMU_PLUGIN_API void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, qemu_plugin_udata_cb_t cb, void *userdata);

/**
 * qemu_plugin_vcpu_for_each() - call a function for each live vCPU
 * @id: the plugin
 * @cb: called on the calling thread, in the order of the indices
 * @userdata: passed to @cb (version 7)
 *
 * Since version 0.
 */
QEMU_PLUGIN_API void qemu_plugin_vcpu_for_each(qemu_plugin_id_t id, QEMU_PLUGIN_VCPU_CB_ cb QEMU_PLUGIN_USERDATA_);

/* ---------------------------------------------------------------------------------------------------------------- */
/* Blocks and instructions                                                                                          */
/* ---------------------------------------------------------------------------------------------------------------- */

/** struct qemu_plugin_tb - a block that is being translated; the handle is valid during the translation callback */
struct qemu_plugin_tb;
/** struct qemu_plugin_insn - an instruction of such a block; valid as long as the block's handle */
struct qemu_plugin_insn;

/**
 * typedef qemu_plugin_vcpu_tb_trans_cb_t - a block is being translated
 * @id: the plugin (up to version 6)
 * @tb: the block
 * @userdata: as given at registration (version 7)
 *
 * A block has one entry, ends at a branch, a system call or a system instruction that changes state, has at most 512
 * instructions and lies in one 4 KiB page. The same address can be translated again, and what is translated need not
 * be executed.
 */
#if QEMU_PLUGIN_VERSION >= 7
typedef void (*qemu_plugin_vcpu_tb_trans_cb_t)(struct qemu_plugin_tb *tb, void *userdata);
#else
typedef void (*qemu_plugin_vcpu_tb_trans_cb_t)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);
#endif

/**
 * qemu_plugin_register_vcpu_tb_trans_cb() - see every block when it is translated
 * @id: the plugin
 * @cb: called on the translating thread; this is the place to instrument the block
 * @userdata: passed to @cb (version 7)
 *
 * Since version 0.
 */
QEMU_PLUGIN_API void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
                                                           qemu_plugin_vcpu_tb_trans_cb_t cb QEMU_PLUGIN_USERDATA_);

/**
 * qemu_plugin_tb_n_insns() - how many instructions a block has
 * @tb: the block's handle; valid in its translation callback only
 *
 * Return: 1 to 512; 0, after a message, for a handle that is not valid.
 *
 * Since version 0.
 */
QEMU_PLUGIN_API size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);

/**
 * qemu_plugin_tb_vaddr() - where a block begins
 * @tb: the block's handle; valid in its translation callback only
 *
 * Return: guest address of the first instruction; 0, after a message, for a handle that is not valid.
 *
 * Since version 0.
 */
QEMU_PLUGIN_API uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);

/**
 * qemu_plugin_tb_get_insn() - an instruction of a block
 * @tb: the block's handle; valid in its translation callback only
 * @idx: 0 to qemu_plugin_tb_n_insns() - 1
 *
 * Return: the instruction's handle, valid as long as @tb; NULL if @idx is too large or @tb is not valid.
 *
 * Since version 0.
 */
QEMU_PLUGIN_API struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t idx);

#if QEMU_PLUGIN_VERSION >= 3
/**
 * qemu_plugin_insn_data() - copy an instruction's bytes
 * @insn: the instruction
 * @dest: where to
 * @len: size of @dest in bytes
 *
 * Return: the number of bytes copied, the smaller of @len and the instruction's size; 0, after a message, for a handle
 * that is not valid. (Before version 3 the function returned a pointer instead.)
 *
 * Since version 0; in this form since version 3.
 */
QEMU_PLUGIN_API size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *dest, size_t len);
#else
/**
 * qemu_plugin_insn_data() - an instruction's bytes
 * @insn: the instruction
 *
 * Return: a pointer to the bytes, valid as long as @insn; NULL, after a message, for a handle that is not valid. (From
 * version 3 on the function copies.)
 *
 * Since version 0.
 */
QEMU_PLUGIN_API const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
#endif

/**
 * qemu_plugin_insn_size() - how long an instruction is
 * @insn: the instruction's handle; valid in the translation callback of its block only
 *
 * Return: 4 bytes; 0, after a message, for a handle that is not valid.
 *
 * Since version 0.
 */
QEMU_PLUGIN_API size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);

/**
 * qemu_plugin_insn_vaddr() - where an instruction is
 * @insn: the instruction's handle; valid in the translation callback of its block only
 *
 * Return: its guest address; 0, after a message, for a handle that is not valid.
 *
 * Since version 0.
 */
QEMU_PLUGIN_API uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);

/**
 * qemu_plugin_insn_haddr() - where an instruction is in the emulator's memory
 * @insn: the instruction's handle; valid in the translation callback of its block only
 *
 * Guest memory is the emulator's own, so this is the guest address as a pointer. It can be read in the callback;
 * later the guest may have unmapped it.
 *
 * Return: the address; NULL, after a message, for a handle that is not valid.
 *
 * Since version 0.
 */
QEMU_PLUGIN_API void *qemu_plugin_insn_haddr(const struct qemu_plugin_insn *insn);

/**
 * qemu_plugin_insn_disas() - the instruction as text
 * @insn: the instruction
 *
 * Return: "mnemonic operands" as Capstone writes it, in a string of the caller's, for free() or g_free(); NULL, after a
 * message, for a handle that is not valid.
 *
 * Since version 0.
 */
QEMU_PLUGIN_API char *qemu_plugin_insn_disas(const struct qemu_plugin_insn *insn);

#if QEMU_PLUGIN_VERSION >= 1
/**
 * qemu_plugin_insn_symbol() - the function an instruction belongs to
 * @insn: the instruction
 *
 * Return: the name of the ELF symbol that covers the instruction's address, in the program or a shared library; NULL
 * if there is none. The string lives as long as the process.
 *
 * Since version 1.
 */
QEMU_PLUGIN_API const char *qemu_plugin_insn_symbol(const struct qemu_plugin_insn *insn);
#endif

/**
 * enum qemu_plugin_cb_flags - what a callback does with the guest's registers
 * @QEMU_PLUGIN_CB_NO_REGS: nothing
 * @QEMU_PLUGIN_CB_R_REGS: reads them
 * @QEMU_PLUGIN_CB_RW_REGS: reads and writes them
 * @QEMU_PLUGIN_CB_RW_REGS_PC: may also call qemu_plugin_set_pc() (since version 6)
 */
enum qemu_plugin_cb_flags {
    QEMU_PLUGIN_CB_NO_REGS,
    QEMU_PLUGIN_CB_R_REGS,
    QEMU_PLUGIN_CB_RW_REGS,
#if QEMU_PLUGIN_VERSION >= 6
    QEMU_PLUGIN_CB_RW_REGS_PC,
#endif
};

/**
 * enum qemu_plugin_op - an inline operation on a 64-bit counter
 * @QEMU_PLUGIN_INLINE_ADD_U64: counter += imm
 * @QEMU_PLUGIN_INLINE_STORE_U64: counter = imm (since version 2)
 */
enum qemu_plugin_op {
    QEMU_PLUGIN_INLINE_ADD_U64,
#if QEMU_PLUGIN_VERSION >= 2
    QEMU_PLUGIN_INLINE_STORE_U64,
#endif
};

#if QEMU_PLUGIN_VERSION >= 2
/** struct qemu_plugin_scoreboard - an array with one element for each vCPU, which grows as vCPUs appear */
struct qemu_plugin_scoreboard;

/**
 * typedef qemu_plugin_u64 - a 64-bit counter in a scoreboard's elements
 * @score: the scoreboard
 * @offset: where in the element, in bytes; a multiple of 8
 */
typedef struct {
    struct qemu_plugin_scoreboard *score;
    size_t offset;
} qemu_plugin_u64;

/**
 * enum qemu_plugin_cond - compares the vCPU's counter (left) with an immediate (right), both unsigned
 * @QEMU_PLUGIN_COND_NEVER: false
 * @QEMU_PLUGIN_COND_ALWAYS: true
 * @QEMU_PLUGIN_COND_EQ: equal
 * @QEMU_PLUGIN_COND_NE: not equal
 * @QEMU_PLUGIN_COND_LT: less
 * @QEMU_PLUGIN_COND_LE: less or equal
 * @QEMU_PLUGIN_COND_GT: greater
 * @QEMU_PLUGIN_COND_GE: greater or equal
 */
enum qemu_plugin_cond {
    QEMU_PLUGIN_COND_NEVER,
    QEMU_PLUGIN_COND_ALWAYS,
    QEMU_PLUGIN_COND_EQ,
    QEMU_PLUGIN_COND_NE,
    QEMU_PLUGIN_COND_LT,
    QEMU_PLUGIN_COND_LE,
    QEMU_PLUGIN_COND_GT,
    QEMU_PLUGIN_COND_GE,
};
#endif

/*
 * Instrumentation. The functions that take a block or an instruction work only during the translation callback that
 * handed out the handle. What is registered runs each time the block is entered or the instruction is about to be
 * executed: first all of the block, then that of each instruction, each in the order of registration. An instruction
 * that is announced may still fault.
 */

/**
 * qemu_plugin_register_vcpu_tb_exec_cb() - call back when a block is entered
 * @tb: the block
 * @cb: the callback
 * @flags: what @cb does with registers
 * @userdata: passed to @cb
 *
 * Since version 0.
 */
QEMU_PLUGIN_API void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, qemu_plugin_vcpu_udata_cb_t cb,
                                                          enum qemu_plugin_cb_flags flags, void *userdata);

/**
 * qemu_plugin_register_vcpu_insn_exec_cb() - call back before an instruction is executed
 * @insn: the instruction
 * @cb: the callback
 * @flags: what @cb does with registers
 * @userdata: passed to @cb
 *
 * Since version 0.
 */
QEMU_PLUGIN_API void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
                                                            qemu_plugin_vcpu_udata_cb_t cb,
                                                            enum qemu_plugin_cb_flags flags, void *userdata);

#if QEMU_PLUGIN_VERSION >= 2
/**
 * qemu_plugin_register_vcpu_tb_exec_cond_cb() - call back when a block is entered, if a condition holds
 * @tb: the block
 * @cb: the callback
 * @flags: what @cb does with registers
 * @cond: the condition: @entry of the vCPU compared with @imm; tested by translated code, without a call
 * @entry: the counter
 * @imm: the immediate
 * @userdata: passed to @cb
 *
 * QEMU_PLUGIN_COND_ALWAYS makes it qemu_plugin_register_vcpu_tb_exec_cb(), QEMU_PLUGIN_COND_NEVER does nothing; both
 * ignore @entry.
 *
 * Since version 2.
 */
QEMU_PLUGIN_API void qemu_plugin_register_vcpu_tb_exec_cond_cb(struct qemu_plugin_tb *tb,
                                                               qemu_plugin_vcpu_udata_cb_t cb,
                                                               enum qemu_plugin_cb_flags flags,
                                                               enum qemu_plugin_cond cond, qemu_plugin_u64 entry,
                                                               uint64_t imm, void *userdata);

/**
 * qemu_plugin_register_vcpu_insn_exec_cond_cb() - call back before an instruction, if a condition holds
 * @insn: the instruction's handle; valid in the translation callback of its block only
 * @cb: the callback
 * @flags: what @cb does with registers
 * @cond: the condition: @entry of the vCPU compared with @imm; tested by translated code, without a call
 * @entry: the counter
 * @imm: the immediate
 * @userdata: passed to @cb
 *
 * As qemu_plugin_register_vcpu_tb_exec_cond_cb().
 *
 * Since version 2.
 */
QEMU_PLUGIN_API void qemu_plugin_register_vcpu_insn_exec_cond_cb(struct qemu_plugin_insn *insn,
                                                                 qemu_plugin_vcpu_udata_cb_t cb,
                                                                 enum qemu_plugin_cb_flags flags,
                                                                 enum qemu_plugin_cond cond, qemu_plugin_u64 entry,
                                                                 uint64_t imm, void *userdata);

/**
 * qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu() - operate on a counter when a block is entered
 * @tb: the block
 * @op: the operation
 * @entry: the counter; each vCPU has its own, so nothing is lost between threads
 * @imm: the immediate
 *
 * One host instruction in translated code.
 *
 * Since version 2.
 */
QEMU_PLUGIN_API void qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(struct qemu_plugin_tb *tb,
                                                                       enum qemu_plugin_op op, qemu_plugin_u64 entry,
                                                                       uint64_t imm);

/**
 * qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu() - operate on a counter before an instruction
 * @insn: the instruction's handle; valid in the translation callback of its block only
 * @op: the operation
 * @entry: the counter; each vCPU has its own, so nothing is lost between threads
 * @imm: the immediate
 *
 * Since version 2.
 */
QEMU_PLUGIN_API void qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(struct qemu_plugin_insn *insn,
                                                                         enum qemu_plugin_op op,
                                                                         qemu_plugin_u64 entry, uint64_t imm);
#else
/**
 * qemu_plugin_register_vcpu_tb_exec_inline() - operate on a counter when a block is entered
 * @tb: the block
 * @op: the operation
 * @ptr: the counter, 64 bits; all vCPUs share it, and the operation is not atomic: counts can be lost between threads
 * @imm: the immediate
 *
 * Versions 0 and 1; later qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu().
 */
QEMU_PLUGIN_API void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb, enum qemu_plugin_op op,
                                                              void *ptr, uint64_t imm);

/**
 * qemu_plugin_register_vcpu_insn_exec_inline() - operate on a counter before an instruction
 * @insn: the instruction's handle; valid in the translation callback of its block only
 * @op: the operation
 * @ptr: the counter, 64 bits; all vCPUs share it, as with qemu_plugin_register_vcpu_tb_exec_inline()
 * @imm: the immediate
 *
 * Versions 0 and 1; later qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu().
 */
QEMU_PLUGIN_API void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn, enum qemu_plugin_op op,
                                                                void *ptr, uint64_t imm);
#endif

/* ---------------------------------------------------------------------------------------------------------------- */
/* Memory accesses                                                                                                  */
/* ---------------------------------------------------------------------------------------------------------------- */

/** typedef qemu_plugin_meminfo_t - describes an access; for the queries below, during the memory callback */
typedef uint32_t qemu_plugin_meminfo_t;

/** enum qemu_plugin_mem_rw - which accesses: loads, stores, both */
enum qemu_plugin_mem_rw {
    QEMU_PLUGIN_MEM_R = 1,
    QEMU_PLUGIN_MEM_W,
    QEMU_PLUGIN_MEM_RW,
};

/**
 * typedef qemu_plugin_vcpu_mem_cb_t - memory was accessed
 * @vcpu_index: by which vCPU
 * @info: how
 * @vaddr: where
 * @userdata: as given at registration
 */
typedef void (*qemu_plugin_vcpu_mem_cb_t)(unsigned int vcpu_index, qemu_plugin_meminfo_t info, uint64_t vaddr,
                                          void *userdata);

/**
 * qemu_plugin_register_vcpu_mem_cb() - call back after each successful memory access of an instruction
 * @insn: the instruction; one that accesses no memory never calls back
 * @cb: the callback
 * @flags: what @cb does with registers
 * @rw: which accesses
 * @userdata: passed to @cb
 *
 * An instruction can make several accesses, e.g. a load of two vector registers makes two; docs/plugin-semantics.md
 * lists them.
 *
 * Since version 0.
 */
QEMU_PLUGIN_API void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, qemu_plugin_vcpu_mem_cb_t cb,
                                                      enum qemu_plugin_cb_flags flags, enum qemu_plugin_mem_rw rw,
                                                      void *userdata);

#if QEMU_PLUGIN_VERSION >= 2
/**
 * qemu_plugin_register_vcpu_mem_inline_per_vcpu() - operate on a counter after each successful access
 * @insn: the instruction
 * @rw: which accesses
 * @op: the operation
 * @entry: the counter
 * @imm: the immediate
 *
 * Since version 2.
 */
QEMU_PLUGIN_API void qemu_plugin_register_vcpu_mem_inline_per_vcpu(struct qemu_plugin_insn *insn,
                                                                   enum qemu_plugin_mem_rw rw, enum qemu_plugin_op op,
                                                                   qemu_plugin_u64 entry, uint64_t imm);
#else
/**
 * qemu_plugin_register_vcpu_mem_inline() - operate on a counter after each successful access
 * @insn: the instruction's handle; valid in the translation callback of its block only
 * @rw: which accesses
 * @op: the operation
 * @ptr: the counter, 64 bits; all vCPUs share it, and the operation is not atomic
 * @imm: the immediate
 *
 * Versions 0 and 1; later qemu_plugin_register_vcpu_mem_inline_per_vcpu().
 */
QEMU_PLUGIN_API void qemu_plugin_register_vcpu_mem_inline(struct qemu_plugin_insn *insn, enum qemu_plugin_mem_rw rw,
                                                          enum qemu_plugin_op op, void *ptr, uint64_t imm);
#endif

/**
 * qemu_plugin_mem_size_shift() - how large an access is
 * @info: what the memory callback was given; valid in that callback only
 *
 * Return: the size in bytes as a power of two: 0 is one byte, 4 is sixteen.
 *
 * Since version 0.
 */
QEMU_PLUGIN_API unsigned int qemu_plugin_mem_size_shift(qemu_plugin_meminfo_t info);

/**
 * qemu_plugin_mem_is_sign_extended() - was the loaded value sign-extended
 * @info: what the memory callback was given; valid in that callback only
 *
 * Return: true for LDRSB and its like; false for all stores.
 *
 * Since version 0.
 */
QEMU_PLUGIN_API bool qemu_plugin_mem_is_sign_extended(qemu_plugin_meminfo_t info);

/**
 * qemu_plugin_mem_is_big_endian() - was the access big-endian
 * @info: what the memory callback was given; valid in that callback only
 *
 * Return: false: AArch64 Linux programs are little-endian.
 *
 * Since version 0.
 */
QEMU_PLUGIN_API bool qemu_plugin_mem_is_big_endian(qemu_plugin_meminfo_t info);

/**
 * qemu_plugin_mem_is_store() - did the access write
 * @info: what the memory callback was given; valid in that callback only
 *
 * Return: true for a store, false for a load. An atomic instruction reports one of each.
 *
 * Since version 0.
 */
QEMU_PLUGIN_API bool qemu_plugin_mem_is_store(qemu_plugin_meminfo_t info);

#if QEMU_PLUGIN_VERSION >= 4
/** enum qemu_plugin_mem_value_type - size of a value: 8, 16, 32, 64, 128 bits */
enum qemu_plugin_mem_value_type {
    QEMU_PLUGIN_MEM_VALUE_U8,
    QEMU_PLUGIN_MEM_VALUE_U16,
    QEMU_PLUGIN_MEM_VALUE_U32,
    QEMU_PLUGIN_MEM_VALUE_U64,
    QEMU_PLUGIN_MEM_VALUE_U128,
};

/**
 * typedef qemu_plugin_mem_value - a value loaded or stored
 * @type: which member of @data holds it
 * @data: the value in the host's byte order
 */
typedef struct {
    enum qemu_plugin_mem_value_type type;
    union {
        uint8_t u8;
        uint16_t u16;
        uint32_t u32;
        uint64_t u64;
        struct {
            uint64_t low;
            uint64_t high;
        } u128;
    } data;
} qemu_plugin_mem_value;

/**
 * qemu_plugin_mem_get_value() - what was loaded or stored
 * @info: what the memory callback was given; valid in that callback only
 *
 * Return: the value, of the access's size. Outside a memory callback it is meaningless.
 *
 * Since version 4.
 */
QEMU_PLUGIN_API qemu_plugin_mem_value qemu_plugin_mem_get_value(qemu_plugin_meminfo_t info);
#endif

/*
 * Hardware addresses exist when a whole machine is emulated. Here qemu_plugin_get_hwaddr() is always NULL, and the
 * functions that take its result answer false, 0 or NULL.
 */
struct qemu_plugin_hwaddr;

/**
 * qemu_plugin_get_hwaddr() - the hardware side of an access
 * @info: what the memory callback was given; valid in that callback only
 * @vaddr: the address that the memory callback was given
 *
 * Return: NULL: a user program has none.
 *
 * Since version 0.
 */
QEMU_PLUGIN_API struct qemu_plugin_hwaddr *qemu_plugin_get_hwaddr(qemu_plugin_meminfo_t info, uint64_t vaddr);

/**
 * qemu_plugin_hwaddr_is_io() - is it a device
 * @haddr: what qemu_plugin_get_hwaddr() returned: NULL
 *
 * Return: false: memory.
 *
 * Since version 0.
 */
QEMU_PLUGIN_API bool qemu_plugin_hwaddr_is_io(const struct qemu_plugin_hwaddr *haddr);
#if QEMU_PLUGIN_VERSION >= 1
/**
 * qemu_plugin_hwaddr_phys_addr() - the physical address
 * @haddr: what qemu_plugin_get_hwaddr() returned: NULL
 *
 * Return: 0.
 *
 * Since version 1.
 */
QEMU_PLUGIN_API uint64_t qemu_plugin_hwaddr_phys_addr(const struct qemu_plugin_hwaddr *haddr);

/**
 * qemu_plugin_hwaddr_device_name() - the name of the device
 * @haddr: what qemu_plugin_get_hwaddr() returned: NULL
 *
 * Return: NULL.
 *
 * Since version 1.
 */
QEMU_PLUGIN_API const char *qemu_plugin_hwaddr_device_name(const struct qemu_plugin_hwaddr *haddr);
#else
/**
 * qemu_plugin_hwaddr_to_raddr() - the address in the machine's memory
 * @haddr: what qemu_plugin_get_hwaddr() returned: NULL
 *
 * Return: 0.
 *
 * Version 0; later qemu_plugin_hwaddr_phys_addr().
 */
QEMU_PLUGIN_API uint64_t qemu_plugin_hwaddr_to_raddr(const struct qemu_plugin_hwaddr *haddr);

/**
 * qemu_plugin_hwaddr_device_offset() - the address in the device
 * @haddr: what qemu_plugin_get_hwaddr() returned: NULL
 *
 * Return: 0.
 *
 * Version 0; later qemu_plugin_hwaddr_phys_addr().
 */
QEMU_PLUGIN_API uint64_t qemu_plugin_hwaddr_device_offset(const struct qemu_plugin_hwaddr *haddr);
#endif

#if QEMU_PLUGIN_VERSION >= 4
/**
 * qemu_plugin_read_memory_vaddr() - read guest memory
 * @addr: guest address
 * @data: resized to @len bytes and filled; the caller's
 * @len: number of bytes, more than 0
 *
 * Return: true; false if @len is 0 or a byte of it is not readable, then the contents of @data are undefined.
 *
 * Since version 4.
 */
QEMU_PLUGIN_API bool qemu_plugin_read_memory_vaddr(uint64_t addr, GByteArray *data, size_t len);
#endif

#if QEMU_PLUGIN_VERSION >= 5
/**
 * qemu_plugin_write_memory_vaddr() - write guest memory
 * @addr: guest address
 * @data: the bytes, at least one; they are copied
 *
 * Pages that the guest itself may not write are written too, as a debugger does. Translations of code that is
 * overwritten are dropped. Other vCPUs go on meanwhile.
 *
 * Return: true; false if a byte of it is not the guest's memory, then a part may have been written.
 *
 * Since version 5.
 */
QEMU_PLUGIN_API bool qemu_plugin_write_memory_vaddr(uint64_t addr, GByteArray *data);

/** enum qemu_plugin_hwaddr_operation_result - how an access by hardware address went; here always an error */
enum qemu_plugin_hwaddr_operation_result {
    QEMU_PLUGIN_HWADDR_OPERATION_OK,
    QEMU_PLUGIN_HWADDR_OPERATION_ERROR,
    QEMU_PLUGIN_HWADDR_OPERATION_DEVICE_ERROR,
    QEMU_PLUGIN_HWADDR_OPERATION_ACCESS_DENIED,
    QEMU_PLUGIN_HWADDR_OPERATION_INVALID_ADDRESS,
    QEMU_PLUGIN_HWADDR_OPERATION_INVALID_ADDRESS_SPACE,
};

/**
 * qemu_plugin_read_memory_hwaddr() - read memory by hardware address
 * @addr: hardware address
 * @data: is left as it is
 * @len: number of bytes
 *
 * Return: QEMU_PLUGIN_HWADDR_OPERATION_ERROR: a user program has no hardware addresses.
 *
 * Since version 5.
 */
QEMU_PLUGIN_API enum qemu_plugin_hwaddr_operation_result qemu_plugin_read_memory_hwaddr(uint64_t addr,
                                                                                        GByteArray *data, size_t len);

/**
 * qemu_plugin_write_memory_hwaddr() - write memory by hardware address
 * @addr: hardware address
 * @data: the bytes
 *
 * Return: QEMU_PLUGIN_HWADDR_OPERATION_ERROR, likewise.
 *
 * Since version 5.
 */
QEMU_PLUGIN_API enum qemu_plugin_hwaddr_operation_result qemu_plugin_write_memory_hwaddr(uint64_t addr,
                                                                                         GByteArray *data);

/**
 * qemu_plugin_translate_vaddr() - the hardware address of a guest address
 * @vaddr: guest address
 * @hwaddr: is left as it is
 *
 * Return: false, likewise.
 *
 * Since version 5.
 */
QEMU_PLUGIN_API bool qemu_plugin_translate_vaddr(uint64_t vaddr, uint64_t *hwaddr);
#endif

/* ---------------------------------------------------------------------------------------------------------------- */
/* Registers                                                                                                        */
/* ---------------------------------------------------------------------------------------------------------------- */

#if QEMU_PLUGIN_VERSION >= 2
/** struct qemu_plugin_register - names a register in calls; the same for all vCPUs, valid for ever */
struct qemu_plugin_register;

/**
 * typedef qemu_plugin_reg_descriptor - describes a register
 * @handle: for the functions below
 * @name: "x0" ... "x30", "sp", "pc", "cpsr", "v0" ... "v31", "fpsr", "fpcr", "TPIDR_EL0"
 * @feature: the group it belongs to, as debuggers name it, e.g. "org.gnu.gdb.aarch64.core"
 * @is_readonly: qemu_plugin_write_register() refuses it (since version 6; the array's elements are larger with it)
 */
typedef struct {
    struct qemu_plugin_register *handle;
    const char *name;
    const char *feature;
#if QEMU_PLUGIN_VERSION >= 6
    bool is_readonly;
#endif
} qemu_plugin_reg_descriptor;

/**
 * qemu_plugin_get_registers() - the registers of a vCPU
 *
 * Return: an array of qemu_plugin_reg_descriptor. It is the caller's to free, the strings in it are not; they and the
 * handles are valid for ever.
 *
 * Since version 2.
 */
QEMU_PLUGIN_API GArray *qemu_plugin_get_registers(void);

/**
 * qemu_plugin_read_register() - read a register of the calling thread's vCPU
 * @handle: the register
 * @buf: its bytes are appended, little-endian: 8 for a general register, 16 for a vector register, 4 for cpsr, fpsr
 *       and fpcr
 *
 * In callbacks from translated code only if they were registered with QEMU_PLUGIN_CB_R_REGS or more: otherwise it fails,
 * with a message. Not on threads of the plugin's own, which have no vCPU.
 *
 * Return: up to version 5 the number of bytes, -1 on failure; from version 6 on whether it went well.
 *
 * Since version 2.
 */
#if QEMU_PLUGIN_VERSION >= 6
QEMU_PLUGIN_API bool qemu_plugin_read_register(struct qemu_plugin_register *handle, GByteArray *buf);
#else
QEMU_PLUGIN_API int qemu_plugin_read_register(struct qemu_plugin_register *handle, GByteArray *buf);
#endif
#endif

#if QEMU_PLUGIN_VERSION >= 5
/**
 * qemu_plugin_write_register() - write a register of the calling thread's vCPU
 * @handle: the register; "pc" is refused, see qemu_plugin_set_pc()
 * @buf: at least as many bytes as the register has
 *
 * In callbacks from translated code only if they were registered with QEMU_PLUGIN_CB_RW_REGS or more.
 *
 * Return: as qemu_plugin_read_register().
 *
 * Since version 5.
 */
#if QEMU_PLUGIN_VERSION >= 6
QEMU_PLUGIN_API bool qemu_plugin_write_register(struct qemu_plugin_register *handle, GByteArray *buf);
#else
QEMU_PLUGIN_API int qemu_plugin_write_register(struct qemu_plugin_register *handle, GByteArray *buf);
#endif
#endif

#if QEMU_PLUGIN_VERSION >= 6
/**
 * qemu_plugin_set_pc() - go on at another address
 * @vaddr: guest address of the next instruction of the calling thread's vCPU
 *
 * Does not return: the callback that called it is abandoned (nothing of its stack is unwound). Only in callbacks that
 * were registered with QEMU_PLUGIN_CB_RW_REGS_PC, and in system call callbacks; elsewhere it ends the run with a
 * message, as there is nothing it could return to.
 *
 * Since version 6.
 */
QEMU_PLUGIN_API void qemu_plugin_set_pc(uint64_t vaddr) __attribute__((__noreturn__));
#endif

/* ---------------------------------------------------------------------------------------------------------------- */
/* Scoreboards                                                                                                      */
/* ---------------------------------------------------------------------------------------------------------------- */

#if QEMU_PLUGIN_VERSION >= 2
/**
 * qemu_plugin_scoreboard_new() - make a scoreboard
 * @element_size: bytes for each vCPU; they are 0 at first, and keep their contents when a vCPU's index is used again
 *
 * Return: the scoreboard, for qemu_plugin_scoreboard_free(). There always is one: without memory the run ends.
 *
 * Since version 2.
 */
QEMU_PLUGIN_API struct qemu_plugin_scoreboard *qemu_plugin_scoreboard_new(size_t element_size);

/**
 * qemu_plugin_scoreboard_free() - free a scoreboard
 * @score: the scoreboard, or NULL; instrumentation that uses it must be gone (see qemu_plugin_reset())
 *
 * Since version 2.
 */
QEMU_PLUGIN_API void qemu_plugin_scoreboard_free(struct qemu_plugin_scoreboard *score);

/**
 * qemu_plugin_scoreboard_find() - a vCPU's element
 * @score: the scoreboard
 * @vcpu_index: the vCPU; below qemu_plugin_num_vcpus()
 *
 * Return: its element. It never moves, and is valid until the scoreboard is freed. NULL, after a message, if the
 * scoreboard or the vCPU does not exist.
 *
 * Since version 2.
 */
QEMU_PLUGIN_API void *qemu_plugin_scoreboard_find(struct qemu_plugin_scoreboard *score, unsigned int vcpu_index);

/* A counter that is the whole element of a scoreboard, and one that is a member of the element's structure. */
#ifdef __cplusplus
#define qemu_plugin_scoreboard_u64(score) (qemu_plugin_u64{(score), 0})
#define qemu_plugin_scoreboard_u64_in_struct(score, type, member) (qemu_plugin_u64{(score), offsetof(type, member)})
#else
#define qemu_plugin_scoreboard_u64(score) ((qemu_plugin_u64){(score), 0})
#define qemu_plugin_scoreboard_u64_in_struct(score, type, member) ((qemu_plugin_u64){(score), offsetof(type, member)})
#endif

/**
 * qemu_plugin_u64_add() - add to a counter
 * @entry: the counter
 * @vcpu_index: the vCPU; below qemu_plugin_num_vcpus()
 * @added: what to add; the operation is not atomic, so it is for the vCPU's own thread
 *
 * Since version 2.
 */
QEMU_PLUGIN_API void qemu_plugin_u64_add(qemu_plugin_u64 entry, unsigned int vcpu_index, uint64_t added);

/**
 * qemu_plugin_u64_get() - read a counter
 * @entry: the counter
 * @vcpu_index: the vCPU; below qemu_plugin_num_vcpus()
 *
 * Return: its value; 0, after a message, if it does not exist.
 *
 * Since version 2.
 */
QEMU_PLUGIN_API uint64_t qemu_plugin_u64_get(qemu_plugin_u64 entry, unsigned int vcpu_index);

/**
 * qemu_plugin_u64_set() - write a counter
 * @entry: the counter
 * @vcpu_index: the vCPU; below qemu_plugin_num_vcpus()
 * @val: its new value
 *
 * Since version 2.
 */
QEMU_PLUGIN_API void qemu_plugin_u64_set(qemu_plugin_u64 entry, unsigned int vcpu_index, uint64_t val);

/**
 * qemu_plugin_u64_sum() - add up a counter
 * @entry: the counter
 *
 * Return: the sum over all vCPUs that ever were.
 *
 * Since version 2.
 */
QEMU_PLUGIN_API uint64_t qemu_plugin_u64_sum(qemu_plugin_u64 entry);
#endif

/* ---------------------------------------------------------------------------------------------------------------- */
/* System calls                                                                                                     */
/* ---------------------------------------------------------------------------------------------------------------- */

#if QEMU_PLUGIN_VERSION >= 7
/**
 * typedef qemu_plugin_vcpu_syscall_cb_t - the guest makes a system call
 * @vcpu_index: the vCPU
 * @num: number of the call, in the guest's numbering
 * @a1: first argument, x0; all eight slots are given, whatever the call uses
 * @a2: x1
 * @a3: x2
 * @a4: x3
 * @a5: x4
 * @a6: x5
 * @a7: x6
 * @a8: x7
 * @userdata: as given at registration
 */
typedef void (*qemu_plugin_vcpu_syscall_cb_t)(unsigned int vcpu_index, int64_t num, uint64_t a1, uint64_t a2,
                                              uint64_t a3, uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7,
                                              uint64_t a8, void *userdata);

/**
 * typedef qemu_plugin_vcpu_syscall_ret_cb_t - a system call has returned
 * @vcpu_index: the vCPU
 * @num: number of the call, in the guest's numbering
 * @ret: the result; -4095 ... -1 are negated error numbers
 * @userdata: as given at registration
 *
 * Not made for exit, exit_group and a successful execve.
 */
typedef void (*qemu_plugin_vcpu_syscall_ret_cb_t)(unsigned int vcpu_index, int64_t num, int64_t ret, void *userdata);
#else
/**
 * typedef qemu_plugin_vcpu_syscall_cb_t - the guest makes a system call
 * @id: the plugin
 * @vcpu_index: the vCPU
 * @num: number of the call, in the guest's numbering
 * @a1: first argument, x0; all eight slots are given, whatever the call uses
 * @a2: x1
 * @a3: x2
 * @a4: x3
 * @a5: x4
 * @a6: x5
 * @a7: x6
 * @a8: x7
 */
typedef void (*qemu_plugin_vcpu_syscall_cb_t)(qemu_plugin_id_t id, unsigned int vcpu_index, int64_t num, uint64_t a1,
                                              uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5, uint64_t a6,
                                              uint64_t a7, uint64_t a8);

/**
 * typedef qemu_plugin_vcpu_syscall_ret_cb_t - a system call has returned
 * @id: the plugin
 * @vcpu_index: the vCPU
 * @num: number of the call, in the guest's numbering
 * @ret: the result; -4095 ... -1 are negated error numbers
 *
 * Not made for exit, exit_group and a successful execve.
 */
typedef void (*qemu_plugin_vcpu_syscall_ret_cb_t)(qemu_plugin_id_t id, unsigned int vcpu_index, int64_t num,
                                                  int64_t ret);
#endif

/**
 * qemu_plugin_register_vcpu_syscall_cb() - see each system call before it is made
 * @id: the plugin
 * @cb: called on the vCPU's thread
 * @userdata: passed to @cb (version 7)
 *
 * Since version 0.
 */
QEMU_PLUGIN_API void qemu_plugin_register_vcpu_syscall_cb(qemu_plugin_id_t id,
                                                          qemu_plugin_vcpu_syscall_cb_t cb QEMU_PLUGIN_USERDATA_);

/**
 * qemu_plugin_register_vcpu_syscall_ret_cb() - see the result of each system call
 * @id: the plugin
 * @cb: called on the vCPU's thread, before the guest gets the result; also for filtered calls
 * @userdata: passed to @cb (version 7)
 *
 * Since version 0.
 */
QEMU_PLUGIN_API void qemu_plugin_register_vcpu_syscall_ret_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_syscall_ret_cb_t cb
                                                              QEMU_PLUGIN_USERDATA_);

#if QEMU_PLUGIN_VERSION >= 6
#if QEMU_PLUGIN_VERSION >= 7
/**
 * typedef qemu_plugin_vcpu_syscall_filter_cb_t - decide whether a system call is made
 * @vcpu_index: the vCPU
 * @num: number of the call, in the guest's numbering
 * @a1: first argument, x0; all eight slots are given, whatever the call uses
 * @a2: x1
 * @a3: x2
 * @a4: x3
 * @a5: x4
 * @a6: x5
 * @a7: x6
 * @a8: x7
 * @sysret: the result, to be set if the callback returns true; a negated error number for a failure
 * @userdata: as given at registration
 *
 * Return: true if the call is not to be made and *@sysret is its result.
 */
typedef bool (*qemu_plugin_vcpu_syscall_filter_cb_t)(unsigned int vcpu_index, int64_t num, uint64_t a1, uint64_t a2,
                                                     uint64_t a3, uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7,
                                                     uint64_t a8, int64_t *sysret, void *userdata);
#else
/**
 * typedef qemu_plugin_vcpu_syscall_filter_cb_t - decide whether a system call is made
 * @id: the plugin
 * @vcpu_index: the vCPU
 * @num: number of the call, in the guest's numbering
 * @a1: first argument, x0; all eight slots are given, whatever the call uses
 * @a2: x1
 * @a3: x2
 * @a4: x3
 * @a5: x4
 * @a6: x5
 * @a7: x6
 * @a8: x7
 * @sysret: the result, to be set if the callback returns true; a negated error number for a failure
 *
 * Return: true if the call is not to be made and *@sysret is its result.
 */
typedef bool (*qemu_plugin_vcpu_syscall_filter_cb_t)(qemu_plugin_id_t id, unsigned int vcpu_index, int64_t num,
                                                     uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5,
                                                     uint64_t a6, uint64_t a7, uint64_t a8, uint64_t *sysret);
#endif

/**
 * qemu_plugin_register_vcpu_syscall_filter_cb() - be asked before each system call
 * @id: the plugin
 * @cb: called after the entry callbacks of all plugins; the first plugin that answers true decides
 * @userdata: passed to @cb (version 7)
 *
 * Since version 6.
 */
QEMU_PLUGIN_API void qemu_plugin_register_vcpu_syscall_filter_cb(qemu_plugin_id_t id,
                                                                 qemu_plugin_vcpu_syscall_filter_cb_t cb
                                                                 QEMU_PLUGIN_USERDATA_);
#endif

/* ---------------------------------------------------------------------------------------------------------------- */
/* The rest                                                                                                         */
/* ---------------------------------------------------------------------------------------------------------------- */

#if QEMU_PLUGIN_VERSION >= 2
/**
 * qemu_plugin_num_vcpus() - how many vCPU indices have been in use so far
 *
 * Return: the highest one plus one.
 *
 * Since version 2.
 */
QEMU_PLUGIN_API int qemu_plugin_num_vcpus(void);
#else
/**
 * qemu_plugin_n_vcpus() - how many vCPUs the machine has
 *
 * Return: -1: a user program has as many as it starts threads.
 *
 * Versions 0 and 1; later qemu_plugin_num_vcpus().
 */
QEMU_PLUGIN_API int qemu_plugin_n_vcpus(void);

/**
 * qemu_plugin_n_max_vcpus() - how many vCPUs the machine can have
 *
 * Return: -1, likewise.
 *
 * Versions 0 and 1.
 */
QEMU_PLUGIN_API int qemu_plugin_n_max_vcpus(void);
#endif

#if QEMU_PLUGIN_VERSION >= 3
/**
 * qemu_plugin_request_time_control() - ask to control the guest's time
 *
 * Return: a handle for qemu_plugin_update_ns(), valid for ever; NULL if another plugin has it already.
 *
 * Since version 3.
 */
QEMU_PLUGIN_API const void *qemu_plugin_request_time_control(void);

/**
 * qemu_plugin_update_ns() - say what time it is
 * @handle: from qemu_plugin_request_time_control()
 * @time: nanoseconds since the start
 *
 * Has no effect: a user program's time is the host's.
 *
 * Since version 3.
 */
QEMU_PLUGIN_API void qemu_plugin_update_ns(const void *handle, int64_t time);
#endif

/**
 * qemu_plugin_outs() - write to the log
 * @string: what to write, as it is; it is copied
 *
 * The log is there if "-d plugin" asks for it, else the text is dropped. One call's text is not interrupted by others.
 *
 * Since version 0.
 */
QEMU_PLUGIN_API void qemu_plugin_outs(const char *string);

#if QEMU_PLUGIN_VERSION >= 1
/**
 * qemu_plugin_bool_parse() - understand a boolean argument
 * @name: the argument's name, for a message
 * @val: on, yes, true, off, no or false
 * @ret: set to the meaning of @val
 *
 * Return: true; false if @val is none of these (a message has been printed), or @name or @val is NULL.
 *
 * Since version 1.
 */
QEMU_PLUGIN_API bool qemu_plugin_bool_parse(const char *name, const char *val, bool *ret);

/**
 * qemu_plugin_path_to_binary() - the guest program
 *
 * This and the three functions that follow know the program once it has been loaded: from the first callback on, not yet
 * in qemu_plugin_install().
 *
 * Return: its path, a string of the caller's, for free() or g_free().
 *
 * Since version 1.
 */
QEMU_PLUGIN_API const char *qemu_plugin_path_to_binary(void);

/**
 * qemu_plugin_start_code() - where the program's code starts
 *
 * Return: the lowest guest address of its executable segments.
 *
 * Since version 1.
 */
QEMU_PLUGIN_API uint64_t qemu_plugin_start_code(void);

/**
 * qemu_plugin_end_code() - where the program's code ends
 *
 * Return: the guest address behind its executable segments.
 *
 * Since version 1.
 */
QEMU_PLUGIN_API uint64_t qemu_plugin_end_code(void);

/**
 * qemu_plugin_entry_code() - where the program is entered
 *
 * Return: the guest address of its first instruction; a dynamic program's interpreter runs before it.
 *
 * Since version 1.
 */
QEMU_PLUGIN_API uint64_t qemu_plugin_entry_code(void);
#endif

#undef QEMU_PLUGIN_SIMPLE_CB_
#undef QEMU_PLUGIN_VCPU_CB_
#undef QEMU_PLUGIN_USERDATA_

#ifdef __cplusplus
}
#endif

#endif /* ARMATURE_QEMU_PLUGIN_H */
