// SPDX-License-Identifier: MIT
// Paths under -L. Links are followed as if the root were /, so that an absolute link inside an unpacked
// system
// (/etc/alternatives/...) stays inside it.
#include <errno.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest/options.h"
#include "loader/loader.h"

namespace armature::loader {
namespace {

constexpr int kMaxLinks = 40;  // the kernel's

}  // namespace

std::string resolve_in_root(const std::string& path) {
    return resolve_in_root(path, true);
}

std::string resolve_in_root(const std::string& path, bool follow_last) {
    const std::string& root = guest::options.root;
    if (root.empty() || path.empty() || path[0] != '/') return path;
    std::string result = root;
    while (!result.empty() && result.back() == '/') result.pop_back();
    const size_t root_size = result.size();
    std::string rest = path;
    int links = 0;
    size_t at = 0;
    while (at < rest.size()) {
        const size_t slash = rest.find('/', at);
        const size_t end = slash == std::string::npos ? rest.size() : slash;
        const std::string part = rest.substr(at, end - at);
        at = end + 1;
        if (part.empty() || part == ".") continue;
        if (part == "..") {
            if (result.size() > root_size) result.resize(result.rfind('/'));
            continue;
        }
        const size_t parent = result.size();
        result += '/';
        result += part;
        if (end == rest.size() && !follow_last) break;
        char target[PATH_MAX];
        const ssize_t length = readlink(result.c_str(), target, sizeof target);
        if (length < 0) {
            if (errno == ENOENT || errno == ENOTDIR) return path;
            continue;
        }
        if (++links > kMaxLinks) return path;
        std::string expanded(target, static_cast<size_t>(length));
        if (end < rest.size()) expanded += rest.substr(end);
        rest = expanded;
        at = 0;
        result.resize(rest[0] == '/' ? root_size : parent);
    }
    struct stat status {};
    if (!follow_last && lstat(result.c_str(), &status) != 0) return path;
    // A trailing slash asks for a directory; keep asking.
    if (path.size() > 1 && path.back() == '/') result += '/';
    return result.empty() ? "/" : result;
}

}  // namespace armature::loader
