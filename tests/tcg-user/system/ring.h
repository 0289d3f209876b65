/* SPDX-License-Identifier: MIT */
/* A small io_uring library for the guest programs that test it: everything by system calls. */
#ifndef TESTS_TCG_USER_RING_H
#define TESTS_TCG_USER_RING_H

#include <linux/io_uring.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "../check.h"

/* struct io_uring_cqe without what only large ones have. */
struct completion {
    uint64_t user_data;
    int32_t res;
    uint32_t flags;
};

struct ring {
    int fd;
    struct io_uring_params params;
    unsigned *head, *tail, *array, *flags, *overflow;
    unsigned *cq_head, *cq_tail;
    struct completion* cqes;
    struct io_uring_sqe* sqes;
    void* rings;
    size_t rings_size;
    size_t sqes_size;
    unsigned prepared;
};

static inline long ring_setup(unsigned entries, struct io_uring_params* params) {
    return syscall(SYS_io_uring_setup, entries, params);
}

static inline long ring_enter(struct ring* ring, unsigned submit, unsigned wait, unsigned flags) {
    return syscall(SYS_io_uring_enter, ring->fd, submit, wait, flags, NULL, 8);
}

static inline long ring_register(struct ring* ring, unsigned what, const void* argument, unsigned count) {
    return syscall(SYS_io_uring_register, ring->fd, what, argument, count);
}

__attribute__((unused)) static int ring_open(struct ring* ring, unsigned entries, unsigned flags) {
    memset(ring, 0, sizeof *ring);
    struct io_uring_params* p = &ring->params;
    p->flags = flags;
    ring->fd = (int)ring_setup(entries, p);
    if (ring->fd < 0) return -1;
    const size_t cqe = flags & IORING_SETUP_CQE32 ? 32 : 16;
    const size_t sqe = flags & IORING_SETUP_SQE128 ? 128 : 64;
    const size_t sq_size = p->sq_off.array + p->sq_entries * 4;
    const size_t cq_size = p->cq_off.cqes + p->cq_entries * cqe;
    ring->rings_size = sq_size > cq_size ? sq_size : cq_size;
    ring->sqes_size = p->sq_entries * sqe;
    ring->rings = mmap(NULL, ring->rings_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd,
                       IORING_OFF_SQ_RING);
    ring->sqes = mmap(NULL, ring->sqes_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd,
                      IORING_OFF_SQES);
    if (ring->rings == MAP_FAILED || ring->sqes == MAP_FAILED) return -1;
    char* base = ring->rings;
    ring->head = (unsigned*)(base + p->sq_off.head);
    ring->tail = (unsigned*)(base + p->sq_off.tail);
    ring->array = (unsigned*)(base + p->sq_off.array);
    ring->flags = (unsigned*)(base + p->sq_off.flags);
    ring->overflow = (unsigned*)(base + p->cq_off.overflow);
    ring->cq_head = (unsigned*)(base + p->cq_off.head);
    ring->cq_tail = (unsigned*)(base + p->cq_off.tail);
    ring->cqes = (struct completion*)(base + p->cq_off.cqes);
    return 0;
}

__attribute__((unused)) static void ring_close(struct ring* ring) {
    munmap(ring->rings, ring->rings_size);
    munmap(ring->sqes, ring->sqes_size);
    close(ring->fd);
}

/* The next entry, cleared; the entries are submitted in the order in which they were taken. */
__attribute__((unused)) static struct io_uring_sqe* ring_entry(struct ring* ring, int opcode, int fd,
                                                               const void* address, unsigned length,
                                                               uint64_t offset, uint64_t user_data) {
    const unsigned tail = *ring->tail + ring->prepared++;
    const unsigned index = tail & (ring->params.sq_entries - 1);
    const size_t size = ring->params.flags & IORING_SETUP_SQE128 ? 2 : 1;
    struct io_uring_sqe* sqe = ring->sqes + index * size;
    memset(sqe, 0, size * sizeof *sqe);
    sqe->opcode = (uint8_t)opcode;
    sqe->fd = fd;
    sqe->addr = (uint64_t)address;
    sqe->len = length;
    sqe->off = offset;
    sqe->user_data = user_data;
    ring->array[index] = index;
    return sqe;
}

__attribute__((unused)) static long ring_submit(struct ring* ring, unsigned wait) {
    const unsigned count = ring->prepared;
    ring->prepared = 0;
    atomic_store_explicit((_Atomic unsigned*)ring->tail, *ring->tail + count, memory_order_release);
    return ring_enter(ring, count, wait, wait ? IORING_ENTER_GETEVENTS : 0);
}

/* The next completion, if there is one. */
__attribute__((unused)) static int ring_poll(struct ring* ring, struct completion* cqe) {
    const unsigned head = *ring->cq_head;
    if (head == atomic_load_explicit((_Atomic unsigned*)ring->cq_tail, memory_order_acquire)) return 0;
    const size_t size = ring->params.flags & IORING_SETUP_CQE32 ? 2 : 1;
    memcpy(cqe, ring->cqes + (head & (ring->params.cq_entries - 1)) * size, sizeof *cqe);
    atomic_store_explicit((_Atomic unsigned*)ring->cq_head, head + 1, memory_order_release);
    return 1;
}

__attribute__((unused)) static struct completion ring_wait(struct ring* ring) {
    struct completion cqe = {0};
    while (!ring_poll(ring, &cqe)) {
        if (ring_enter(ring, 0, 1, IORING_ENTER_GETEVENTS) < 0 && errno != EINTR) {
            printf("io_uring_enter: %s\n", strerror(errno));
            exit(1);
        }
    }
    return cqe;
}

/* One operation alone: its result. */
__attribute__((unused)) static int ring_do(struct ring* ring) {
    const long submitted = ring_submit(ring, 1);
    if (submitted != 1) return submitted < 0 ? -errno : -10000;
    return ring_wait(ring).res;
}

#endif
