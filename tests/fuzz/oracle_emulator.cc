// SPDX-License-Identifier: MIT
// Another emulator (qemu-aarch64) as an oracle, through the oracle guest and a shared batch file.
#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "tests/fuzz/oracles.h"

extern char** environ;

namespace armature::fuzz {

bool run_guest_oracle(fuzz_batch* batch, const std::string& emulator, const std::string& guest) {
    char path[] = "/tmp/armature-fuzz-XXXXXX";
    const int fd = mkstemp(path);
    if (fd < 0) return false;
    bool ok = ftruncate(fd, sizeof *batch) == 0;
    void* shared = ok ? mmap(nullptr, sizeof *batch, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
    ok = shared != MAP_FAILED;
    if (ok) {
        std::memcpy(shared, batch, sizeof *batch);
        // Pointer authentication is not compared.
        const std::string sve = batch->vl ? "sve-max-vq=" + std::to_string(batch->vl / 16) : "sve=off";
        const std::string cpu = "max,pauth=off,sme=off," + sve;
        const char* const qemu[] = {emulator.c_str(), "-cpu", cpu.c_str(), guest.c_str(), path, nullptr};
        const char* const other[] = {emulator.c_str(), guest.c_str(), path, nullptr};
        const bool is_qemu = emulator.find("qemu") != std::string::npos;
        pid_t child = 0;
        int status = -1;
        ok = posix_spawnp(&child, emulator.c_str(), nullptr, nullptr,
                          const_cast<char* const*>(is_qemu ? qemu : other), environ) == 0 &&
             waitpid(child, &status, 0) == child && status == 0;
        std::memcpy(batch, shared, sizeof *batch);  // if it failed: `done` says how far it came
        munmap(shared, sizeof *batch);
    }
    close(fd);
    unlink(path);
    return ok;
}

}  // namespace armature::fuzz
