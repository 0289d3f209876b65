// SPDX-License-Identifier: MIT
// Replies are "F result[,errno][;data]". Numbers, errnos and struct stat are those of gdb's own File-I/O
// protocol, most significant byte first.
#include "tools/armature/gdb/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "loader/loader.h"
#include "tools/armature/gdb/packet.h"

namespace armature::tools::gdb {
namespace {

std::set<int>& open_files() {
    static auto* files = new std::set<int>;
    return *files;
}

std::string failure(int error) {
    constexpr struct {
        int host;
        const char* code;
    } kErrnos[] = {{EPERM, "1"},   {ENOENT, "2"},  {EINTR, "4"},   {EBADF, "9"},        {EACCES, "d"},
                   {EFAULT, "e"},  {EBUSY, "10"},  {EEXIST, "11"}, {ENODEV, "13"},      {ENOTDIR, "14"},
                   {EISDIR, "15"}, {EINVAL, "16"}, {ENFILE, "17"}, {EMFILE, "18"},      {EFBIG, "1b"},
                   {ENOSPC, "1c"}, {ESPIPE, "1d"}, {EROFS, "1e"},  {ENAMETOOLONG, "5b"}};
    for (const auto& row : kErrnos) {
        if (row.host == error) return std::string("F-1,") + row.code;
    }
    return "F-1,270f";  // EUNKNOWN
}

std::string success(uint64_t result, std::string_view data) {
    return "F" + to_hex(result) + ";" + escape(data);
}

// NAME in hexadecimal, up to a comma.
bool take_name(std::string_view* text, std::string* name) {
    const size_t end = std::min(text->find(','), text->size());
    const bool good = from_hex(text->substr(0, end), name);
    text->remove_prefix(end);
    return good && name->size() < PATH_MAX;
}

std::string open_file(std::string_view arguments) {
    std::string name;
    uint64_t flags = 0;
    if (!take_name(&arguments, &name) || !take_word(&arguments, ",") || !take_number(&arguments, &flags))
        return failure(EINVAL);
    if (flags != 0) return failure(EROFS);
    const int file =
        open(loader::resolve_in_root(name).c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (file < 0) return failure(errno);
    open_files().insert(file);
    return "F" + to_hex(static_cast<uint64_t>(file));
}

std::string read_file(int file, std::string_view arguments) {
    uint64_t size = 0;
    uint64_t offset = 0;
    if (!take_word(&arguments, ",") || !take_number(&arguments, &size) || !take_word(&arguments, ",") ||
        !take_number(&arguments, &offset))
        return failure(EINVAL);
    // All of it may have to be escaped.
    std::string bytes(std::min<uint64_t>(size, kPacketSize / 2 - 32), '\0');
    const ssize_t got = pread(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (got < 0) return failure(errno);
    return success(static_cast<uint64_t>(got), std::string_view(bytes).substr(0, static_cast<size_t>(got)));
}

std::string stat_file(int file) {
    struct stat host;
    if (fstat(file, &host) != 0) return failure(errno);
    std::string bytes;
    auto put = [&](uint64_t value, unsigned size) {
        for (unsigned i = size; i-- > 0;) bytes += static_cast<char>(value >> (8 * i));
    };
    put(host.st_dev, 4);
    put(host.st_ino, 4);
    put(host.st_mode, 4);
    put(host.st_nlink, 4);
    put(host.st_uid, 4);
    put(host.st_gid, 4);
    put(host.st_rdev, 4);
    put(static_cast<uint64_t>(host.st_size), 8);
    put(static_cast<uint64_t>(host.st_blksize), 8);
    put(static_cast<uint64_t>(host.st_blocks), 8);
    put(static_cast<uint64_t>(host.st_atime), 4);
    put(static_cast<uint64_t>(host.st_mtime), 4);
    put(static_cast<uint64_t>(host.st_ctime), 4);
    return success(bytes.size(), bytes);
}

std::string read_link(std::string_view arguments) {
    std::string name;
    if (!take_name(&arguments, &name)) return failure(EINVAL);
    char target[PATH_MAX];
    const ssize_t size = readlink(loader::resolve_in_root(name, false).c_str(), target, sizeof target);
    if (size < 0) return failure(errno);
    return success(static_cast<uint64_t>(size), std::string_view(target, static_cast<size_t>(size)));
}

}  // namespace

std::string answer_file_request(std::string_view request) {
    if (take_word(&request, "setfs:")) return "F0";
    if (take_word(&request, "open:")) return open_file(request);
    if (take_word(&request, "readlink:")) return read_link(request);
    const bool reads = take_word(&request, "pread:");
    const bool stats = !reads && take_word(&request, "fstat:");
    const bool closes = !reads && !stats && take_word(&request, "close:");
    if (!reads && !stats && !closes) return {};
    uint64_t number = 0;
    if (!take_number(&request, &number)) return failure(EINVAL);
    const int file = static_cast<int>(number);
    if (!open_files().contains(file)) return failure(EBADF);
    if (reads) return read_file(file, request);
    if (stats) return stat_file(file);
    open_files().erase(file);
    close(file);
    return "F0";
}

}  // namespace armature::tools::gdb
