// SPDX-License-Identifier: MIT
#include "tools/armature/gdb/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/log.h"

namespace armature::tools::gdb {
namespace {

constexpr int kBacklog = 1;

enum class Place { Internet, Local, Nowhere };

Place understand(const std::string& where, sockaddr_in* internet, sockaddr_un* local) {
    const size_t colon = where.rfind(':');
    const std::string port = colon == std::string::npos ? where : where.substr(colon + 1);
    if (where.find('/') == std::string::npos && port.find_first_not_of("0123456789") == std::string::npos) {
        const unsigned long number =
            port.empty() || port.size() > 5 ? 65536 : strtoul(port.c_str(), nullptr, 10);
        internet->sin_family = AF_INET;
        internet->sin_port = htons(static_cast<uint16_t>(number));
        internet->sin_addr.s_addr = htonl(colon == 0 ? INADDR_ANY : INADDR_LOOPBACK);
        if (colon != std::string::npos && colon != 0 &&
            inet_pton(AF_INET, where.substr(0, colon).c_str(), &internet->sin_addr) != 1)
            return Place::Nowhere;
        return number < 65536 ? Place::Internet : Place::Nowhere;
    }
    if (where.empty() || where.size() >= sizeof local->sun_path) return Place::Nowhere;
    local->sun_family = AF_UNIX;
    where.copy(local->sun_path, sizeof local->sun_path - 1);
    return Place::Local;
}

int listen_on_port(const sockaddr_in& address) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        listen(fd, kBacklog) != 0) {
        if (fd >= 0) close(fd);
        return -1;
    }
    if (address.sin_port == 0) {
        sockaddr_in bound{};
        socklen_t size = sizeof bound;
        getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size);
        support::report_error("gdb may connect to port %u", ntohs(bound.sin_port));
    }
    return fd;
}

int listen_on_path(const sockaddr_un& address) {
    // One that an earlier run has left is in the way; any other file stays.
    struct stat file;
    if (lstat(address.sun_path, &file) == 0 && S_ISSOCK(file.st_mode)) unlink(address.sun_path);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
        listen(fd, kBacklog) == 0)
        return fd;
    if (fd >= 0) close(fd);
    return -1;
}

}  // namespace

int listen_at(const std::string& where, std::string* error) {
    sockaddr_in internet{};
    sockaddr_un local{};
    int fd = -1;
    errno = 0;
    switch (understand(where, &internet, &local)) {
        case Place::Internet:
            fd = listen_on_port(internet);
            break;
        case Place::Local:
            fd = listen_on_path(local);
            break;
        case Place::Nowhere:
            *error = "-g: \"" + where + "\" is neither a port, address:port nor the path of a socket";
            return -1;
    }
    if (fd < 0) *error = "-g: cannot listen on " + where + ": " + strerror(errno);
    return fd;
}

}  // namespace armature::tools::gdb
