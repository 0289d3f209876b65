/* SPDX-License-Identifier: MIT */
/* /proc/self as the guest must see it: its own executable, memory map, command line, status, descriptors. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "check.h"

static int in_map(const void* address, const char* want_permissions, const char* want_name) {
    FILE* maps = fopen("/proc/self/maps", "r");
    char line[4500];
    int found = 0;
    while (fgets(line, sizeof line, maps) != NULL) {
        unsigned long start, end;
        char permissions[8], name[4200] = "";
        if (sscanf(line, "%lx-%lx %7s %*s %*s %*s %4199[^\n]", &start, &end, permissions, name) < 3) continue;
        if ((uintptr_t)address < start || (uintptr_t)address >= end) continue;
        found = 1;
        CHECK_STR(permissions, want_permissions);
        if (want_name != NULL) CHECK(strstr(name, want_name) != NULL);
    }
    fclose(maps);
    return found;
}

int main(int count, char** arguments) {
    (void)count;
    char path[4096], text[4096];
    static const char* const kLinks[] = {"/proc/self/exe", "/proc/thread-self/exe"};
    for (int i = 0; i < 2; i++) {
        ssize_t length = readlink(kLinks[i], path, sizeof path - 1);
        CHECK(length > 0);
        path[length > 0 ? length : 0] = 0;
        CHECK_STR(strrchr(path, '/') + 1, "proc_self");
    }
    char own[64];
    snprintf(own, sizeof own, "/proc/%d/exe", getpid());
    ssize_t length = readlink(own, text, sizeof text - 1);
    text[length > 0 ? length : 0] = 0;
    CHECK_STR(text, path);
    int self = CHECK_CALL(open("/proc/self/exe", O_RDONLY));
    unsigned char header[20];
    CHECK_EQ(read(self, header, sizeof header), sizeof header);
    CHECK_EQ(header[18], 183);

    static int variable = 1;
    char *heap = malloc(1 << 20), local;
    char* mapped = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char* shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, self, 0) == MAP_FAILED
                       ? mmap(NULL, 4096, PROT_READ, MAP_SHARED, self, 0)
                       : NULL;
    CHECK(in_map((const void*)(uintptr_t)main, "r-xp", "proc_self"));
    CHECK(in_map(&variable, "rw-p", NULL));
    CHECK(in_map(heap, "rw-p", NULL));
    CHECK(in_map(&local, "rw-p", "[stack]"));
    CHECK(in_map(mapped, "r--p", NULL));
    if (shared != NULL && shared != MAP_FAILED) CHECK(in_map(shared, "r--s", "proc_self"));
    munmap(mapped, 4096);
    CHECK(!in_map(mapped, "", NULL));

    int file = CHECK_CALL(open("/proc/self/cmdline", O_RDONLY));
    length = read(file, text, sizeof text);
    CHECK_EQ(length, strlen(arguments[0]) + 1);
    CHECK_STR(text, arguments[0]);
    FILE* status = fopen("/proc/self/status", "r");
    int found = 0;
    while (fgets(text, sizeof text, status) != NULL) {
        int pid;
        if (sscanf(text, "Pid: %d", &pid) == 1) found += pid == getpid();
        if (strncmp(text, "Threads:", 8) == 0) {
            CHECK_STR(text, "Threads:\t1\n");
            found++;
        }
    }
    CHECK_EQ(found, 2);
    FILE* stat = fopen("/proc/self/stat", "r");
    int pid = 0;
    char name[64] = "";
    CHECK_EQ(fscanf(stat, "%d (%63[^)])", &pid, name), 2);
    CHECK_EQ(pid, getpid());
    CHECK_STR(name, "proc_self");

    int odd = CHECK_CALL(open("/dev/null", O_RDONLY));
    CHECK(odd < 12);
    snprintf(text, sizeof text, "/proc/self/fd/%d", odd);
    length = readlink(text, path, sizeof path - 1);
    path[length > 0 ? length : 0] = 0;
    CHECK_STR(path, "/dev/null");

    /* Writing through /proc/self/mem. */
    int memory = CHECK_CALL(open("/proc/self/mem", O_RDWR));
    int new_value = 77;
    CHECK_EQ(pwrite(memory, &new_value, sizeof new_value, (off_t)(uintptr_t)&variable), sizeof new_value);
    CHECK_EQ(*(volatile int*)&variable, 77);
    return check_done();
}
