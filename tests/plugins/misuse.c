/* SPDX-License-Identifier: MIT */
/*
 * Uses the interface in a wrong way, the one that do=WAY names, and counts instructions all the same: a
 * mistake is reported and changes nothing.
 */
#include <qemu-plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

static qemu_plugin_id_t own_id;
static const char* way = "";
static qemu_plugin_u64 counter;
static struct qemu_plugin_tb* kept_tb;
static struct qemu_plugin_insn* kept_insn;
static struct qemu_plugin_scoreboard* board;
static struct qemu_plugin_register* x0;

static bool is(const char* name) {
    return strcmp(way, name) == 0;
}

static void ignore(unsigned int vcpu, void* userdata) {
    (void)vcpu, (void)userdata;
}

static void done(qemu_plugin_id_t id) {
    (void)id;
    qemu_plugin_outs("must not be called\n");
}

static void executed(unsigned int vcpu, void* userdata) {
    (void)userdata;
    GByteArray bytes = {NULL, 0};
    if (is("stale-tb")) qemu_plugin_register_vcpu_tb_exec_cb(kept_tb, ignore, QEMU_PLUGIN_CB_NO_REGS, NULL);
    if (is("stale-insn"))
        qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(kept_insn, QEMU_PLUGIN_INLINE_ADD_U64, counter,
                                                            1);
    if (is("stale-query") && qemu_plugin_insn_vaddr(kept_insn) != 0) qemu_plugin_outs("an address\n");
    if (is("stale-disas") && qemu_plugin_insn_disas(kept_insn) != NULL) qemu_plugin_outs("a text\n");
    if (is("freed-scoreboard")) qemu_plugin_u64_add(qemu_plugin_scoreboard_u64(board), vcpu, 1);
    if (is("no-scoreboard") && qemu_plugin_u64_sum((qemu_plugin_u64){NULL, 0}) != 0)
        qemu_plugin_outs("a sum\n");
    if (is("far-vcpu") && qemu_plugin_scoreboard_find(board, 1u << 30) != NULL)
        qemu_plugin_outs("an element\n");
    if (is("far-offset")) qemu_plugin_u64_set((qemu_plugin_u64){board, 8}, vcpu, 1);
    if (is("foreign-register") && qemu_plugin_read_register((struct qemu_plugin_register*)&bytes, &bytes))
        qemu_plugin_outs("a value\n");
    if (is("unannounced-read") && qemu_plugin_read_register(x0, &bytes)) qemu_plugin_outs("a value\n");
    if (is("unannounced-pc")) qemu_plugin_set_pc(0);
    if (is("foreign-id")) qemu_plugin_register_flush_cb(own_id + 77, done);
}

static void reads_only(unsigned int vcpu, void* userdata) {
    (void)vcpu, (void)userdata;
    uint64_t value = 1;
    GByteArray bytes = {(uint8_t*)&value, sizeof(value)};
    if (qemu_plugin_write_register(x0, &bytes)) qemu_plugin_outs("written\n");
}

static void vcpu_init(qemu_plugin_id_t id, unsigned int vcpu) {
    (void)id, (void)vcpu;
    GArray* list = qemu_plugin_get_registers();
    x0 = ((qemu_plugin_reg_descriptor*)(void*)list->data)[0].handle;
    free(list->data);
    free(list);
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb* tb) {
    (void)id;
    if (is("old-tb") && kept_tb != NULL)
        qemu_plugin_register_vcpu_tb_exec_cb(kept_tb, ignore, QEMU_PLUGIN_CB_NO_REGS, NULL);
    if (is("old-insn") && kept_insn != NULL && qemu_plugin_insn_size(kept_insn) != 0)
        qemu_plugin_outs("a size\n");
    if (is("no-counter"))
        qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, QEMU_PLUGIN_INLINE_ADD_U64,
                                                          (qemu_plugin_u64){NULL, 0}, 1);
    if (is("unannounced-write"))
        qemu_plugin_register_vcpu_tb_exec_cb(tb, reads_only, QEMU_PLUGIN_CB_R_REGS, NULL);
    kept_tb = tb;
    kept_insn = qemu_plugin_tb_get_insn(tb, 0);
    qemu_plugin_register_vcpu_tb_exec_cb(tb, executed, QEMU_PLUGIN_CB_NO_REGS, NULL);
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(qemu_plugin_tb_get_insn(tb, i),
                                                            QEMU_PLUGIN_INLINE_ADD_U64, counter, 1);
    }
}

static void at_exit(qemu_plugin_id_t id, void* userdata) {
    (void)id, (void)userdata;
    char line[80];
    snprintf(line, sizeof(line), "%" PRIu64 " instructions\n", qemu_plugin_u64_sum(counter));
    qemu_plugin_outs(line);
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t* info, int argc,
                                           char** argv) {
    (void)info;
    own_id = id;
    if (argc == 1 && strncmp(argv[0], "do=", 3) == 0) way = argv[0] + 3;
    counter = qemu_plugin_scoreboard_u64(qemu_plugin_scoreboard_new(sizeof(uint64_t)));
    board = qemu_plugin_scoreboard_new(sizeof(uint64_t));
    if (is("freed-scoreboard") || is("freed-twice")) qemu_plugin_scoreboard_free(board);
    if (is("freed-twice")) qemu_plugin_scoreboard_free(board);
    if (is("uninstall-in-install")) qemu_plugin_uninstall(id, done);
    if (is("reset-in-install")) qemu_plugin_reset(id, done);
    if (is("handle-in-install") && qemu_plugin_tb_n_insns((struct qemu_plugin_tb*)&kept_tb) != 0) return 1;
    qemu_plugin_register_vcpu_init_cb(id, vcpu_init);
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, at_exit, NULL);
    return 0;
}
