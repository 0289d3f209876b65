/* SPDX-License-Identifier: MIT */
/*
 * Appends to the file out=PATH how often each instruction word was executed: lines "word count". For the
 * coverage report.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <qemu-plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

enum { BUCKETS = 1 << 14 };

struct counter {
    struct counter* next;
    uint32_t word;
    uint64_t executed; /* changed by translated code, so it must not move */
};

static struct counter* buckets[BUCKETS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char path[4096];

static struct counter* counter_of(uint32_t word) {
    struct counter** bucket = &buckets[(word * 2654435761u) >> 18];
    for (struct counter* c = *bucket; c; c = c->next) {
        if (c->word == word) return c;
    }
    struct counter* c = calloc(1, sizeof *c);
    if (!c) abort();
    c->word = word;
    c->next = *bucket;
    return *bucket = c;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb* tb) {
    (void)id;
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn* insn = qemu_plugin_tb_get_insn(tb, i);
        uint32_t word;
        memcpy(&word, qemu_plugin_insn_data(insn), sizeof word);
        qemu_plugin_register_vcpu_insn_exec_inline(insn, QEMU_PLUGIN_INLINE_ADD_U64,
                                                   &counter_of(word)->executed, 1);
    }
    pthread_mutex_unlock(&lock);
}

static void ended(qemu_plugin_id_t id, void* unused) {
    (void)id, (void)unused;
    /* One write for all: other processes append to the same file. */
    char* text = NULL;
    size_t size = 0;
    FILE* file = open_memstream(&text, &size);
    if (!file) return;
    for (int i = 0; i < BUCKETS; i++) {
        for (struct counter* c = buckets[i]; c; c = c->next) {
            if (c->executed) fprintf(file, "%08x %llu\n", c->word, (unsigned long long)c->executed);
        }
    }
    fclose(file);
    const int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (fd < 0 || write(fd, text, size) != (ssize_t)size) perror(path);
    close(fd);
    free(text);
}

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t* info, int argc, char** argv) {
    (void)info;
    if (argc != 1 || strncmp(argv[0], "out=", 4) != 0) return -1;
    snprintf(path, sizeof path, "%s", argv[0] + 4);
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, ended, NULL);
    return 0;
}
