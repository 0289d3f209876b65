/* SPDX-License-Identifier: MIT */
/* What /proc/self tells of memory and signals is the guest's alone, and /proc/self/mem reaches no further. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "check.h"

static unsigned long long status_value(const char* key, int base) {
    FILE* file = fopen("/proc/self/status", "r");
    char line[300];
    unsigned long long value = ~0ull;
    while (fgets(line, sizeof line, file) != NULL) {
        const size_t length = strlen(key);
        if (strncmp(line, key, length) == 0 && line[length] == ':')
            value = strtoull(line + length + 1, NULL, base);
    }
    fclose(file);
    return value;
}

static void handler(int signo) {
    (void)signo;
}

/* The sum of a field of smaps over all mappings, in KiB, and the sum of their sizes. */
static unsigned long long smaps_sum(const char* key, unsigned long long* sizes) {
    FILE* file = fopen("/proc/self/smaps", "r");
    char line[4500];
    unsigned long long sum = 0;
    *sizes = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        unsigned long long start, end;
        const size_t length = strlen(key);
        if (sscanf(line, "%llx-%llx %*s %*s %*s", &start, &end) == 2) *sizes += (end - start) / 1024;
        if (strncmp(line, key, length) == 0 && line[length] == ':')
            sum += strtoull(line + length + 1, NULL, 10);
    }
    fclose(file);
    return sum;
}

int main(void) {
    const size_t size = 64 << 20;
    unsigned long long sizes, before = status_value("VmRSS", 10), size_before = status_value("VmSize", 10);
    /* A small static program: not the emulator's hundreds of megabytes. */
    CHECK(before > 0 && before < 8 << 10);
    CHECK(size_before > 0 && size_before < 64 << 10);
    char* memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK_EQ(status_value("VmSize", 10), size_before + size / 1024);
    memset(memory, 1, size / 2);
    const unsigned long long after = status_value("VmRSS", 10);
    CHECK(after >= before + size / 2 / 1024 && after < before + size / 2 / 1024 + 4096);
    CHECK(smaps_sum("Rss", &sizes) >= size / 2 / 1024);
    CHECK(smaps_sum("Rss", &sizes) < after + 4096);
    CHECK(sizes + 4096 > status_value("VmSize", 10) && sizes < status_value("VmSize", 10) + 4096);

    unsigned long long total = 0, resident = 0;
    FILE* statm = fopen("/proc/self/statm", "r");
    CHECK_EQ(fscanf(statm, "%llu %llu", &total, &resident), 2);
    fclose(statm);
    CHECK(total * 4 + 4096 > sizes && total * 4 < sizes + 4096);
    CHECK(resident * 4 + 4096 > after && resident * 4 < after + 4096);
    munmap(memory, size);
    CHECK(status_value("VmRSS", 10) < before + 4096);
    CHECK(status_value("VmHWM", 10) >= after);

    /* Whoever started this may have signals ignored. */
    for (int signo = 1; signo < NSIG; signo++) signal(signo, SIG_DFL);
    CHECK_EQ(status_value("SigCgt", 16), 0);
    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGUSR1, &action, NULL);
    signal(SIGHUP, SIG_IGN);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGSEGV);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    CHECK_EQ(status_value("SigCgt", 16), 1ull << (SIGSEGV - 1) | 1ull << (SIGUSR1 - 1));
    CHECK_EQ(status_value("SigIgn", 16), 1ull << (SIGHUP - 1));
    CHECK_EQ(status_value("SigBlk", 16), 1ull << (SIGSEGV - 1) | 1ull << (SIGUSR2 - 1));

    /* Every page that is in no mapping of the guest's is not there for /proc/self/mem either. */
    const int file = CHECK_CALL(open("/proc/self/mem", O_RDWR));
    unsigned long long secret = 0x1122334455667788, copy = 0;
    CHECK_EQ(pread(file, &copy, sizeof copy, (off_t)(uintptr_t)&secret), sizeof copy);
    CHECK_EQ(copy, secret);
    struct iovec vector = {&copy, sizeof copy};
    copy = 5;
    CHECK_EQ(pwritev2(file, &vector, 1, (off_t)(uintptr_t)&secret, 0), sizeof copy);
    CHECK_EQ(secret, 5);
    copy = 0;
    CHECK_EQ(lseek(file, (off_t)(uintptr_t)&secret, SEEK_SET), (uintptr_t)&secret);
    CHECK_EQ(readv(file, &vector, 1), sizeof copy);
    CHECK_EQ(copy, 5);
    struct {
        uintptr_t begin, end;
    } gaps[400];
    int count = 0;
    uintptr_t last = 0x10000;
    FILE* maps = fopen("/proc/self/maps", "r");
    char line[4500];
    while (fgets(line, sizeof line, maps) != NULL && count < 400) {
        unsigned long start, end;
        if (sscanf(line, "%lx-%lx", &start, &end) != 2) continue;
        if (start > last) gaps[count].begin = last, gaps[count++].end = start;
        last = end;
    }
    fclose(maps);
    /* The host's own mappings lie around the guest's: near the ends of the gaps, if anywhere. */
    for (int i = 0; i < count; i++) {
        for (uintptr_t offset = 4096; offset < 64 << 20 && offset <= gaps[i].end - gaps[i].begin;
             offset += 64 << 10) {
            CHECK_FAILS(pread(file, &copy, 1, (off_t)(gaps[i].end - offset)), EIO);
            CHECK_FAILS(pwrite(file, &copy, 1, (off_t)(gaps[i].end - offset)), EIO);
            if (check_failures != 0) return check_done();
        }
    }
    return check_done();
}
