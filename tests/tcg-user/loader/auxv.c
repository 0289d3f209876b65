/* SPDX-License-Identifier: MIT */
/* The auxiliary vector, the layout of the initial stack, and /proc/self/auxv, which is the same. */
#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/auxv.h>
#include <sys/utsname.h>

#include "check.h"

extern char** environ;

int main(int count, char** arguments) {
    CHECK_EQ(getauxval(AT_PAGESZ), sysconf(_SC_PAGESIZE));
    CHECK_EQ(getauxval(AT_CLKTCK), 100);
    CHECK_EQ(getauxval(AT_UID), getuid());
    CHECK_EQ(getauxval(AT_EUID), geteuid());
    CHECK_EQ(getauxval(AT_GID), getgid());
    CHECK_EQ(getauxval(AT_EGID), getegid());
    CHECK_EQ(getauxval(AT_SECURE), 0);
    CHECK_EQ(getauxval(AT_FLAGS), 0);
    CHECK_STR((const char*)getauxval(AT_PLATFORM), "aarch64");
    const char* name = strrchr((const char*)getauxval(AT_EXECFN), '/');
    CHECK(name != NULL && strncmp(name, "/auxv", 5) == 0);
    CHECK_STR((const char*)getauxval(AT_EXECFN), arguments[0]);

    uint64_t capabilities = getauxval(AT_HWCAP);
    CHECK((capabilities & (HWCAP_FP | HWCAP_ASIMD)) == (HWCAP_FP | HWCAP_ASIMD));
    CHECK((capabilities & (HWCAP_AES | HWCAP_PMULL | HWCAP_SHA1 | HWCAP_SHA2 | HWCAP_CRC32)) ==
          (HWCAP_AES | HWCAP_PMULL | HWCAP_SHA1 | HWCAP_SHA2 | HWCAP_CRC32));
    CHECK((capabilities & (HWCAP_ATOMICS | HWCAP_ASIMDRDM | HWCAP_ASIMDDP)) ==
          (HWCAP_ATOMICS | HWCAP_ASIMDRDM | HWCAP_ASIMDDP));

    const unsigned char* random = (const unsigned char*)getauxval(AT_RANDOM);
    int different = 0;
    for (int i = 1; i < 16; i++) different += random[i] != random[0];
    CHECK(different > 0);

    const ElfW(Phdr)* headers = (const ElfW(Phdr)*)getauxval(AT_PHDR);
    CHECK_EQ(getauxval(AT_PHENT), sizeof *headers);
    uint64_t entry = getauxval(AT_ENTRY), bias = 0;
    int found_entry = 0, found_stack = 0;
    for (uint64_t i = 0; i < getauxval(AT_PHNUM); i++) {
        if (headers[i].p_type == PT_LOAD && headers[i].p_offset == 0) {
            bias = (uint64_t)headers - sizeof(ElfW(Ehdr)) - headers[i].p_vaddr;
        }
    }
    for (uint64_t i = 0; i < getauxval(AT_PHNUM); i++) {
        uint64_t start = headers[i].p_vaddr + bias;
        if (headers[i].p_type == PT_LOAD && entry >= start && entry < start + headers[i].p_memsz)
            found_entry = 1;
        if (headers[i].p_type == PT_GNU_STACK) found_stack = 1;
    }
    CHECK(found_stack && found_entry);

    /* argc, argv, 0, envp, 0, auxv lie one after another, 16-byte aligned. */
    CHECK_EQ((uint64_t)arguments % 16, 8);
    CHECK_EQ(((uint64_t*)arguments)[-1], count);
    CHECK(arguments[count] == NULL && environ == arguments + count + 1);
    char** at = environ;
    while (*at) at++;
    const ElfW(auxv_t)* vector = (const ElfW(auxv_t)*)(at + 1);
    size_t entries = 0;
    while (vector[entries].a_type != AT_NULL) entries++;
    CHECK(entries > 10);
    ElfW(auxv_t) copy[64];
    int file = CHECK_CALL(open("/proc/self/auxv", O_RDONLY));
    ssize_t got = read(file, copy, sizeof copy);
    CHECK(got >= (ssize_t)((entries + 1) * sizeof *vector));
    CHECK_EQ(memcmp(copy, vector, (entries + 1) * sizeof *vector), 0);

    /* The vdso is an ELF file in memory. */
    const ElfW(Ehdr)* vdso = (const ElfW(Ehdr)*)getauxval(AT_SYSINFO_EHDR);
    CHECK(vdso != NULL);
    if (vdso != NULL) {
        CHECK_EQ(memcmp(vdso->e_ident, ELFMAG, SELFMAG), 0);
        CHECK_EQ(vdso->e_machine, EM_AARCH64);
        CHECK_EQ(vdso->e_type, ET_DYN);
    }

    struct utsname system;
    CHECK_EQ(uname(&system), 0);
    CHECK_STR(system.machine, "aarch64");
    CHECK_STR(system.sysname, "Linux");
    return check_done();
}
