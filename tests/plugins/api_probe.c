/* SPDX-License-Identifier: MIT */
/*
 * Uses the whole interface of one version (it is compiled once for each), and checks what it is given:
 * identities, user data, handles, values. At exit it prints one line with what it counted and how often
 * something was wrong.
 */
#include <qemu-plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

static qemu_plugin_id_t own_id;
static int errors;
static char first_error[200];
static uint64_t inits, exits, idles, resumes, blocks, block_runs, insn_runs, loads, stores, calls, returns,
    flushes;
static uint64_t block_adds, insn_adds, mem_adds, each;
static int marker; /* its address is the user data */

/* Callbacks come from several threads. */
static void count(uint64_t* counter) {
    __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

static void expect(int condition, const char* what) {
    if (condition) return;
    if (errors++ == 0) snprintf(first_error, sizeof(first_error), "%s", what);
}
#define EXPECT(condition) expect(!!(condition), #condition)

/* The head and tail of callbacks that are not bound to a block. */
#if QEMU_PLUGIN_VERSION >= 7
#define HEAD
#define TAIL , void* userdata
#define ONLY void* userdata
#define CHECK() EXPECT(userdata == &marker)
#define WITH_DATA , &marker
#else
#define HEAD qemu_plugin_id_t id,
#define TAIL
#define ONLY qemu_plugin_id_t id
#define CHECK() EXPECT(id == own_id)
#define WITH_DATA
#endif

#if QEMU_PLUGIN_VERSION >= 2
struct counts {
    uint64_t unused;
    uint64_t blocks;
    uint64_t insns;
    uint64_t accesses;
    uint64_t stored;
};
static struct qemu_plugin_scoreboard* board;
static qemu_plugin_u64 block_count, insn_count, access_count, stored;
static uint64_t never_runs, always_runs, equal_runs, register_reads, sp_reads;
#endif

static void vcpu_init(HEAD unsigned int vcpu TAIL) {
    CHECK();
    EXPECT(vcpu < 1000);
    count(&inits);
#if QEMU_PLUGIN_VERSION >= 1
    char* program = (char*)(uintptr_t)qemu_plugin_path_to_binary();
    EXPECT(program != NULL && strchr(program, '/') != NULL);
    free(program);
    EXPECT(qemu_plugin_start_code() <= qemu_plugin_entry_code());
    EXPECT(qemu_plugin_entry_code() < qemu_plugin_end_code());
#endif
#if QEMU_PLUGIN_VERSION >= 2
    EXPECT(qemu_plugin_num_vcpus() > (int)vcpu);
    GArray* list = qemu_plugin_get_registers();
    EXPECT(list != NULL && list->len == 69);
    qemu_plugin_reg_descriptor* rows = (qemu_plugin_reg_descriptor*)(void*)list->data;
    EXPECT(!strcmp(rows[0].name, "x0") && !strcmp(rows[30].name, "x30") && !strcmp(rows[31].name, "sp"));
    EXPECT(!strcmp(rows[68].name, "TPIDR_EL0") && !strcmp(rows[68].feature, "org.qemu.gdb.arm.sys.regs"));
#if QEMU_PLUGIN_VERSION >= 6
    EXPECT(!rows[31].is_readonly && rows[32].is_readonly);
#endif
    free(list->data);
    free(list);
#endif
}

static void vcpu_exit(HEAD unsigned int vcpu TAIL) {
    CHECK();
    EXPECT(vcpu < 1000);
    count(&exits);
}

static void vcpu_idle(HEAD unsigned int vcpu TAIL) {
    CHECK();
    EXPECT(vcpu < 1000);
    count(&idles);
}

static void vcpu_resume(HEAD unsigned int vcpu TAIL) {
    CHECK();
    EXPECT(vcpu < 1000);
    count(&resumes);
}

static void for_each(HEAD unsigned int vcpu TAIL) {
    CHECK();
    EXPECT(vcpu < 1000);
    count(&each);
}

static void flushed(ONLY) {
    CHECK();
    count(&flushes);
}

#if QEMU_PLUGIN_VERSION >= 2
/* sp is 16-byte aligned whenever code runs, and never 0. */
static void read_sp(void) {
    GArray* list = qemu_plugin_get_registers();
    qemu_plugin_reg_descriptor* rows = (qemu_plugin_reg_descriptor*)(void*)list->data;
    GByteArray bytes = {NULL, 0};
    uint64_t sp = 0;
#if QEMU_PLUGIN_VERSION >= 6
    EXPECT(qemu_plugin_read_register(rows[31].handle, &bytes));
    EXPECT(!qemu_plugin_read_register((struct qemu_plugin_register*)&sp, &bytes));
#else
    EXPECT(qemu_plugin_read_register(rows[31].handle, &bytes) == 8);
    EXPECT(qemu_plugin_read_register((struct qemu_plugin_register*)&sp, &bytes) == -1);
#endif
    EXPECT(bytes.len == 8);
    memcpy(&sp, bytes.data, 8);
    EXPECT(sp != 0 && sp % 16 == 0);
#if QEMU_PLUGIN_VERSION >= 6
    EXPECT(qemu_plugin_write_register(rows[31].handle, &bytes));
    EXPECT(!qemu_plugin_write_register(rows[32].handle, &bytes));
#elif QEMU_PLUGIN_VERSION == 5
    EXPECT(qemu_plugin_write_register(rows[31].handle, &bytes) == 8);
    EXPECT(qemu_plugin_write_register(rows[32].handle, &bytes) == -1);
#endif
    count(&register_reads);
    free(bytes.data);
    free(list->data);
    free(list);
}

static void never(unsigned int vcpu, void* userdata) {
    (void)vcpu, (void)userdata;
    count(&never_runs);
}
static void always(unsigned int vcpu, void* userdata) {
    EXPECT(vcpu < 1000 && userdata == &always_runs);
    count(&always_runs);
}
static void equal(unsigned int vcpu, void* userdata) {
    EXPECT(vcpu < 1000 && userdata == &equal_runs);
    count(&equal_runs);
}
#endif

static void block_executed(unsigned int vcpu, void* userdata) {
    EXPECT(vcpu < 1000);
    EXPECT(userdata == &block_runs);
    count(&block_runs);
}

static void insn_executed(unsigned int vcpu, void* userdata) {
    EXPECT(vcpu < 1000);
    EXPECT(userdata == &insn_runs);
    count(&insn_runs);
#if QEMU_PLUGIN_VERSION >= 2
    if (__atomic_fetch_add(&sp_reads, 1, __ATOMIC_RELAXED) < 10) read_sp();
#endif
}

static void accessed(unsigned int vcpu, qemu_plugin_meminfo_t info, uint64_t vaddr, void* userdata) {
    EXPECT(vcpu < 1000);
    EXPECT(userdata == &loads);
    EXPECT(qemu_plugin_mem_size_shift(info) <= 4);
    EXPECT(!qemu_plugin_mem_is_big_endian(info));
    EXPECT(vaddr >= 0x1000);
    EXPECT(qemu_plugin_get_hwaddr(info, vaddr) == NULL);
    EXPECT(!qemu_plugin_hwaddr_is_io(NULL));
#if QEMU_PLUGIN_VERSION >= 1
    EXPECT(qemu_plugin_hwaddr_phys_addr(NULL) == 0 && qemu_plugin_hwaddr_device_name(NULL) == NULL);
#else
    EXPECT(qemu_plugin_hwaddr_to_raddr(NULL) == 0 && qemu_plugin_hwaddr_device_offset(NULL) == 0);
#endif
    if (qemu_plugin_mem_is_store(info)) {
        EXPECT(!qemu_plugin_mem_is_sign_extended(info));
        count(&stores);
    } else {
        count(&loads);
    }
#if QEMU_PLUGIN_VERSION >= 4
    /* What was stored is what is there now: nobody else writes it in the programs this is used with. (What
     * was loaded need not be: callbacks come after the whole instruction, which may have stored something
     * else.) */
    qemu_plugin_mem_value value = qemu_plugin_mem_get_value(info);
    GByteArray bytes = {NULL, 0};
    size_t size = (size_t)1 << qemu_plugin_mem_size_shift(info);
    EXPECT((int)value.type == (int)qemu_plugin_mem_size_shift(info));
    EXPECT(qemu_plugin_read_memory_vaddr(vaddr, &bytes, size));
    EXPECT(bytes.len == size);
    if (qemu_plugin_mem_is_store(info)) EXPECT(!memcmp(bytes.data, &value.data, size));
#if QEMU_PLUGIN_VERSION >= 5
    /* The bytes that are there, once more. No other thread uses this memory for anything but its own cell. */
    if (qemu_plugin_mem_is_store(info) && inits == 1) EXPECT(qemu_plugin_write_memory_vaddr(vaddr, &bytes));
    uint64_t hwaddr = 0;
    EXPECT(!qemu_plugin_translate_vaddr(vaddr, &hwaddr));
    EXPECT(qemu_plugin_read_memory_hwaddr(0, &bytes, 1) == QEMU_PLUGIN_HWADDR_OPERATION_ERROR);
    EXPECT(qemu_plugin_write_memory_hwaddr(0, &bytes) == QEMU_PLUGIN_HWADDR_OPERATION_ERROR);
#endif
    EXPECT(!qemu_plugin_read_memory_vaddr(8, &bytes, 1));
    free(bytes.data);
#endif
}

#if QEMU_PLUGIN_VERSION >= 7
static void translated(struct qemu_plugin_tb* tb, void* userdata) {
#else
static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb* tb) {
#endif
    CHECK();
    count(&blocks);
    size_t count = qemu_plugin_tb_n_insns(tb);
    EXPECT(count > 0 && count <= 512);
    EXPECT(qemu_plugin_tb_get_insn(tb, count) == NULL);
    qemu_plugin_register_vcpu_tb_exec_cb(tb, block_executed, QEMU_PLUGIN_CB_NO_REGS, &block_runs);
#if QEMU_PLUGIN_VERSION >= 2
    qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, QEMU_PLUGIN_INLINE_ADD_U64, block_count, 1);
    qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, QEMU_PLUGIN_INLINE_STORE_U64, stored, 77);
    qemu_plugin_register_vcpu_tb_exec_cond_cb(tb, never, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_COND_NEVER,
                                              stored, 0, NULL);
    qemu_plugin_register_vcpu_tb_exec_cond_cb(tb, always, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_COND_ALWAYS,
                                              stored, 0, &always_runs);
    qemu_plugin_register_vcpu_tb_exec_cond_cb(tb, equal, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_COND_EQ, stored,
                                              77, &equal_runs);
    qemu_plugin_register_vcpu_tb_exec_cond_cb(tb, never, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_COND_GT, stored,
                                              77, NULL);
#else
    qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64, &block_adds, 1);
#endif
    for (size_t i = 0; i < count; i++) {
        struct qemu_plugin_insn* insn = qemu_plugin_tb_get_insn(tb, i);
        EXPECT(qemu_plugin_insn_size(insn) == 4);
        EXPECT(qemu_plugin_insn_vaddr(insn) == qemu_plugin_tb_vaddr(tb) + 4 * i);
        uint32_t word = 0;
#if QEMU_PLUGIN_VERSION >= 3
        uint8_t buffer[8] = {0, 0, 0, 0, 0xaa, 0, 0, 0};
        EXPECT(qemu_plugin_insn_data(insn, buffer, sizeof(buffer)) == 4 && buffer[4] == 0xaa);
        EXPECT(qemu_plugin_insn_data(insn, buffer, 2) == 2);
        memcpy(&word, buffer, 4);
#else
        memcpy(&word, qemu_plugin_insn_data(insn), 4);
#endif
        EXPECT(!memcmp(qemu_plugin_insn_haddr(insn), &word, 4));
        char* text = qemu_plugin_insn_disas(insn);
        EXPECT(text != NULL && strlen(text) >= 3);
        free(text);
#if QEMU_PLUGIN_VERSION >= 1
        const char* symbol = qemu_plugin_insn_symbol(insn);
        EXPECT(symbol == NULL || symbol[0] != '\0');
#endif
        qemu_plugin_register_vcpu_insn_exec_cb(insn, insn_executed, QEMU_PLUGIN_CB_RW_REGS, &insn_runs);
        qemu_plugin_register_vcpu_mem_cb(insn, accessed, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW, &loads);
#if QEMU_PLUGIN_VERSION >= 2
        qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(insn, QEMU_PLUGIN_INLINE_ADD_U64, insn_count, 1);
        qemu_plugin_register_vcpu_insn_exec_cond_cb(insn, never, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_COND_LT,
                                                    stored, 77, NULL);
        qemu_plugin_register_vcpu_mem_inline_per_vcpu(insn, QEMU_PLUGIN_MEM_RW, QEMU_PLUGIN_INLINE_ADD_U64,
                                                      access_count, 1);
#else
        qemu_plugin_register_vcpu_insn_exec_inline(insn, QEMU_PLUGIN_INLINE_ADD_U64, &insn_adds, 1);
        qemu_plugin_register_vcpu_mem_inline(insn, QEMU_PLUGIN_MEM_RW, QEMU_PLUGIN_INLINE_ADD_U64, &mem_adds,
                                             1);
#endif
    }
}

/* Emulators that give a call its six arguments only have 0 in the last two slots. */
static void check_arguments(uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5, uint64_t a6,
                            uint64_t a7, uint64_t a8) {
    EXPECT(a1 == 1 && a2 == 2 && a3 == 3 && a4 == 4 && a5 == 5 && a6 == 6);
    EXPECT((a7 == 7 && a8 == 8) || (a7 == 0 && a8 == 0));
}

static void entered(HEAD unsigned int vcpu, int64_t num, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                    uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8 TAIL) {
    CHECK();
    EXPECT(vcpu < 1000);
    count(&calls);
    if (num == 5000) check_arguments(a1, a2, a3, a4, a5, a6, a7, a8);
}

static void returned(HEAD unsigned int vcpu, int64_t num, int64_t ret TAIL) {
    CHECK();
    EXPECT(vcpu < 1000);
    count(&returns);
    if (num == 5000) EXPECT(ret == (QEMU_PLUGIN_VERSION >= 6 ? 4321 : -38));
}

#if QEMU_PLUGIN_VERSION >= 6
#if QEMU_PLUGIN_VERSION >= 7
typedef int64_t result_t;
#else
typedef uint64_t result_t;
#endif
static uint64_t discontinuities;

static bool filter(HEAD unsigned int vcpu, int64_t num, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                   uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8, result_t* sysret TAIL) {
    CHECK();
    EXPECT(vcpu < 1000);
    if (num != 5000) return false;
    check_arguments(a1, a2, a3, a4, a5, a6, a7, a8);
    *sysret = 4321;
    return true;
}

static void discontinuity(HEAD unsigned int vcpu, enum qemu_plugin_discon_type type, uint64_t from_pc,
                          uint64_t to_pc TAIL) {
    CHECK();
    EXPECT(vcpu < 1000);
    EXPECT(type == QEMU_PLUGIN_DISCON_INTERRUPT || type == QEMU_PLUGIN_DISCON_EXCEPTION ||
           type == QEMU_PLUGIN_DISCON_HOSTCALL);
    EXPECT(from_pc != 0 && to_pc != 0);
    count(&discontinuities);
}
#endif

/* Never done here: libraries of this version's plugins link all of it. reset and uninstall have plugins of
 * their own. */
static void never_done(void) {
    qemu_plugin_reset(own_id, flushed WITH_DATA);
    qemu_plugin_uninstall(own_id, flushed WITH_DATA);
#if QEMU_PLUGIN_VERSION >= 6
    qemu_plugin_set_pc(0);
#endif
}

#if QEMU_PLUGIN_VERSION >= 7
static void at_exit(void* userdata) {
#else
static void at_exit(qemu_plugin_id_t id, void* userdata) {
    EXPECT(id == own_id);
#endif
    EXPECT(userdata == &marker);
    qemu_plugin_vcpu_for_each(own_id, for_each WITH_DATA);
    EXPECT(each > 0);
#if QEMU_PLUGIN_VERSION >= 2
    block_adds = qemu_plugin_u64_sum(block_count);
    insn_adds = qemu_plugin_u64_sum(insn_count);
    mem_adds = qemu_plugin_u64_sum(access_count);
    EXPECT(never_runs == 0);
    EXPECT(always_runs == block_runs);
    EXPECT(equal_runs == block_runs);
    EXPECT(register_reads == (insn_runs < 10 ? insn_runs : 10));
    qemu_plugin_u64_set(stored, 0, 5);
    qemu_plugin_u64_add(stored, 0, 6);
    EXPECT(qemu_plugin_u64_get(stored, 0) == 11);
    EXPECT(((struct counts*)qemu_plugin_scoreboard_find(board, 0))->stored == 11);
    qemu_plugin_scoreboard_free(qemu_plugin_scoreboard_new(24));
#else
    EXPECT(qemu_plugin_n_vcpus() == -1 && qemu_plugin_n_max_vcpus() == -1);
#endif
    /* Until version 1 the threads share one counter, and lose counts. */
    if (QEMU_PLUGIN_VERSION >= 2 || inits == 1) {
        EXPECT(block_adds == block_runs);
        EXPECT(insn_adds == insn_runs);
        EXPECT(mem_adds == loads + stores);
    }
    char line[600];
    snprintf(line, sizeof(line),
             "api %d: blocks=%" PRIu64 " insns=%" PRIu64 " loads=%" PRIu64 " stores=%" PRIu64
             " calls=%" PRIu64 " returns=%" PRIu64 " vcpus=%" PRIu64 "/%" PRIu64 " errors=%d %s\n",
             QEMU_PLUGIN_VERSION, block_runs, insn_runs, loads, stores, calls, returns, inits, exits, errors,
             first_error);
    qemu_plugin_outs(line);
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t* info, int argc,
                                           char** argv) {
    own_id = id;
    EXPECT(!strcmp(info->target_name, "aarch64"));
    EXPECT(info->version.min <= QEMU_PLUGIN_VERSION && info->version.cur >= QEMU_PLUGIN_VERSION);
    EXPECT(!info->system_emulation);
    for (int i = 0; i < argc; i++) {
        if (!strcmp(argv[i], "fail=on")) return 3;
        char line[200];
        snprintf(line, sizeof(line), "arg %s\n", argv[i]);
        qemu_plugin_outs(line);
    }
    if (argc > 100) never_done();
#if QEMU_PLUGIN_VERSION >= 1
    bool value = false;
    EXPECT(qemu_plugin_bool_parse("x", "on", &value) && value);
    EXPECT(qemu_plugin_bool_parse("x", "false", &value) && !value);
    EXPECT(!qemu_plugin_bool_parse("x", NULL, &value));
#endif
#if QEMU_PLUGIN_VERSION >= 2
    board = qemu_plugin_scoreboard_new(sizeof(struct counts));
    block_count = qemu_plugin_scoreboard_u64_in_struct(board, struct counts, blocks);
    insn_count = qemu_plugin_scoreboard_u64_in_struct(board, struct counts, insns);
    access_count = qemu_plugin_scoreboard_u64_in_struct(board, struct counts, accesses);
    stored = qemu_plugin_scoreboard_u64_in_struct(board, struct counts, stored);
#endif
#if QEMU_PLUGIN_VERSION >= 3
    const void* clock = qemu_plugin_request_time_control();
    if (clock != NULL) qemu_plugin_update_ns(clock, 1);
#endif
    qemu_plugin_register_vcpu_init_cb(id, vcpu_init WITH_DATA);
    qemu_plugin_register_vcpu_exit_cb(id, vcpu_exit WITH_DATA);
    qemu_plugin_register_vcpu_idle_cb(id, vcpu_idle WITH_DATA);
    qemu_plugin_register_vcpu_resume_cb(id, vcpu_resume WITH_DATA);
    qemu_plugin_register_flush_cb(id, flushed WITH_DATA);
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated WITH_DATA);
    qemu_plugin_register_vcpu_syscall_cb(id, entered WITH_DATA);
    qemu_plugin_register_vcpu_syscall_ret_cb(id, returned WITH_DATA);
#if QEMU_PLUGIN_VERSION >= 6
    qemu_plugin_register_vcpu_syscall_filter_cb(id, filter WITH_DATA);
    qemu_plugin_register_vcpu_discon_cb(id, QEMU_PLUGIN_DISCON_ALL, discontinuity WITH_DATA);
#endif
    qemu_plugin_register_atexit_cb(id, at_exit, &marker);
    return 0;
}
