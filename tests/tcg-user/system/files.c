/* SPDX-License-Identifier: MIT */
/* Files: open flags, stat fields, directories, links, times, seeking, vectors, locks, truncation, renames. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>

#include "check.h"

int main(void) {
    CHECK_EQ(mkdir("d", 0751), 0);
    CHECK_FAILS(mkdir("d", 0700), EEXIST);
    CHECK_FAILS(open("d/file", O_RDONLY), ENOENT);
    umask(022);
    int file = CHECK_CALL(open("d/file", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    CHECK_FAILS(open("d/file", O_RDWR | O_CREAT | O_EXCL, 0666), EEXIST);
    CHECK_EQ(fcntl(file, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(fcntl(file, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK), O_RDWR);
    CHECK_EQ(write(file, "0123456789", 10), 10);

    struct stat info;
    CHECK_EQ(fstat(file, &info), 0);
    CHECK_EQ(info.st_size, 10);
    CHECK_EQ(info.st_mode, S_IFREG | 0644);
    CHECK_EQ(info.st_nlink, 1);
    CHECK_EQ(info.st_uid, geteuid());
    CHECK_EQ(info.st_gid, getegid());
    CHECK(info.st_blksize >= 512 && info.st_ino != 0);
    CHECK_EQ(info.st_blocks * 512 >= 10 || info.st_blocks == 0, 1);
    struct timespec times[2] = {{1000000000, 123456789}, {1500000000, 987654321}};
    CHECK_EQ(futimens(file, times), 0);
    CHECK_EQ(stat("d/file", &info), 0);
    CHECK_EQ(info.st_atim.tv_sec, 1000000000);
    CHECK_EQ(info.st_mtim.tv_sec, 1500000000);
    CHECK_EQ(info.st_mtim.tv_nsec, 987654321);
    struct statx extended;
    CHECK_EQ(statx(AT_FDCWD, "d/file", 0, STATX_BASIC_STATS, &extended), 0);
    CHECK_EQ(extended.stx_size, 10);
    CHECK_EQ(extended.stx_ino, info.st_ino);
    CHECK_EQ(extended.stx_mtime.tv_nsec, 987654321);
    CHECK_EQ(stat("/dev/null", &info), 0);
    CHECK(S_ISCHR(info.st_mode) && info.st_rdev == makedev(1, 3));
    CHECK_EQ(lstat("d", &info), 0);
    CHECK_EQ(info.st_mode, S_IFDIR | 0751);

    CHECK_EQ(lseek(file, 3, SEEK_SET), 3);
    CHECK_EQ(lseek(file, -2, SEEK_END), 8);
    CHECK_EQ(lseek(file, UINT64_C(1) << 33, SEEK_SET), UINT64_C(1) << 33);
    CHECK_FAILS(lseek(file, -1, SEEK_SET), EINVAL);
    char text[32] = "";
    CHECK_EQ(pread(file, text, 4, 2), 4);
    CHECK_STR(text, "2345");
    char left[3] = "", right[4] = "";
    struct iovec parts[2] = {{left, 2}, {right, 3}};
    CHECK_EQ(preadv(file, parts, 2, 1), 5);
    CHECK(strcmp(left, "12") == 0 && strcmp(right, "345") == 0);
    struct iovec out[2] = {{"AB", 2}, {"CDE", 3}};
    CHECK_EQ(pwritev(file, out, 2, 5), 5);
    CHECK_EQ(ftruncate(file, 8), 0);
    CHECK_EQ(pread(file, text, 20, 0), 8);
    CHECK(memcmp(text, "01234ABC", 8) == 0);
    int appending = CHECK_CALL(open("d/file", O_WRONLY | O_APPEND));
    CHECK_EQ(write(appending, "!", 1), 1);
    CHECK_EQ(lseek(appending, 0, SEEK_CUR), 9);
    CHECK_EQ(fallocate(file, 0, 0, 10000), 0);
    CHECK_EQ(fstat(file, &info), 0);
    CHECK_EQ(info.st_size, 10000);
    CHECK_FAILS(open("d/file", O_RDONLY | O_DIRECTORY), ENOTDIR);
    CHECK_FAILS(open("d", O_WRONLY), EISDIR);

    CHECK_EQ(symlink("file", "d/link"), 0);
    CHECK_EQ(readlink("d/link", text, sizeof text), 4);
    CHECK_FAILS(open("d/link", O_RDONLY | O_NOFOLLOW), ELOOP);
    CHECK_EQ(link("d/file", "d/hard"), 0);
    CHECK_EQ(fstat(file, &info), 0);
    CHECK_EQ(info.st_nlink, 2);
    CHECK_EQ(rename("d/hard", "d/renamed"), 0);
    CHECK_FAILS(renameat2(AT_FDCWD, "d/renamed", AT_FDCWD, "d/file", RENAME_NOREPLACE), EEXIST);
    CHECK_EQ(access("d/renamed", R_OK | W_OK), 0);
    CHECK_FAILS(access("d/hard", F_OK), ENOENT);
    CHECK_EQ(chmod("d/renamed", 0400), 0);

    for (int i = 0; i < 300; i++) {
        char name[32];
        snprintf(name, sizeof name, "d/entry-%03d", i);
        close(CHECK_CALL(creat(name, 0600)));
    }
    int seen[300] = {0}, others = 0, links = 0;
    DIR* directory = opendir("d");
    for (struct dirent* entry; (entry = readdir(directory)) != NULL;) {
        int number;
        if (sscanf(entry->d_name, "entry-%d", &number) == 1) {
            seen[number]++;
            CHECK(entry->d_type == DT_REG || entry->d_type == DT_UNKNOWN);
        } else {
            others++;
            links += strcmp(entry->d_name, "link") == 0 &&
                     (entry->d_type == DT_LNK || entry->d_type == DT_UNKNOWN);
        }
    }
    closedir(directory);
    for (int i = 0; i < 300; i++) CHECK_EQ(seen[i], 1);
    CHECK_EQ(others, 5);
    CHECK_EQ(links, 1);
    for (int i = 0; i < 300; i++) {
        char name[32];
        snprintf(name, sizeof name, "d/entry-%03d", i);
        CHECK_EQ(unlink(name), 0);
    }

    CHECK_EQ(flock(file, LOCK_EX | LOCK_NB), 0);
    CHECK_FAILS(flock(appending, LOCK_EX | LOCK_NB), EWOULDBLOCK);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 2, .l_len = 3};
    CHECK_EQ(fcntl(file, F_SETLK, &lock), 0);
    CHECK_EQ(fcntl(file, F_GETLK, &lock), 0);
    CHECK_EQ(lock.l_type, F_UNLCK);
    int copy = CHECK_CALL(dup(file));
    CHECK_EQ(fcntl(copy, F_GETFD), 0);
    CHECK(CHECK_CALL(fcntl(file, F_DUPFD_CLOEXEC, 100)) >= 100);
    int to = CHECK_CALL(open("d/copy", O_RDWR | O_CREAT, 0600));
    off_t from = 0;
    CHECK_EQ(sendfile(to, file, &from, 5000), 5000);
    CHECK_EQ(from, 5000);
    struct statfs system;
    CHECK_EQ(statfs("d", &system), 0);
    CHECK(system.f_bsize > 0 && system.f_blocks > 0 && system.f_namelen >= 100);

    CHECK_EQ(unlink("d/copy"), 0);
    CHECK_EQ(unlink("d/renamed"), 0);
    CHECK_EQ(unlink("d/link"), 0);
    CHECK_FAILS(rmdir("d"), ENOTEMPTY);
    CHECK_EQ(unlinkat(AT_FDCWD, "d/file", 0), 0);
    char where[4096], full[4200];
    CHECK(getcwd(where, sizeof where) != NULL);
    CHECK_EQ(chdir("d"), 0);
    snprintf(full, sizeof full, "%s/d", where);
    char now[4200];
    CHECK(getcwd(now, sizeof now) != NULL);
    CHECK_STR(now, full);
    CHECK_EQ(chdir(".."), 0);
    CHECK_EQ(rmdir("d"), 0);
    CHECK_FAILS(close(9999), EBADF);
    CHECK_FAILS(read(-1, text, 1), EBADF);
    CHECK_FAILS(write(file, (void*)8, 1), EFAULT);
    CHECK_FAILS(open((const char*)8, O_RDONLY), EFAULT);
    return check_done();
}
