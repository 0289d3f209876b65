/* SPDX-License-Identifier: MIT */
/* Sockets: pairs, UNIX addresses, descriptors and credentials passed, TCP and UDP on the loopback, options,
 * errors. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "check.h"

static void pass_descriptor(void) {
    int pair[2], ends[2];
    CHECK_EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
    CHECK_EQ(pipe(ends), 0);
    int yes = 1;
    CHECK_EQ(setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &yes, sizeof yes), 0);
    char text[] = "message", control[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))] = {0};
    struct iovec part = {text, sizeof text};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = CMSG_SPACE(sizeof(int))};
    struct cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &ends[1], sizeof(int));
    CHECK_EQ(sendmsg(pair[0], &message, 0), sizeof text);

    char received[32];
    part = (struct iovec){received, sizeof received};
    message.msg_controllen = sizeof control;
    CHECK_EQ(recvmsg(pair[1], &message, 0), sizeof text);
    CHECK_STR(received, "message");
    int passed = -1, credentials = 0;
    for (header = CMSG_FIRSTHDR(&message); header != NULL; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_type == SCM_RIGHTS) memcpy(&passed, CMSG_DATA(header), sizeof passed);
        if (header->cmsg_type == SCM_CREDENTIALS) {
            struct ucred who;
            memcpy(&who, CMSG_DATA(header), sizeof who);
            credentials = who.pid == getpid();
        }
    }
    CHECK_EQ(credentials, 1);
    CHECK_EQ(write(passed, "x", 1), 1);
    CHECK_EQ(read(ends[0], received, 1), 1);
}

static void tcp(void) {
    int listener = CHECK_CALL(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), yes = 1;
    CHECK_EQ(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes), 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    CHECK_EQ(bind(listener, (struct sockaddr*)&address, sizeof address), 0);
    CHECK_EQ(listen(listener, 5), 0);
    socklen_t length = sizeof address;
    CHECK_EQ(getsockname(listener, (struct sockaddr*)&address, &length), 0);
    CHECK(address.sin_port != 0 && length == sizeof address);
    pid_t child = CHECK_CALL(fork());
    if (child == 0) {
        int client = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(client, (struct sockaddr*)&address, sizeof address) != 0) _exit(1);
        static char block[100000];
        memset(block, 'k', sizeof block);
        size_t sent = 0;
        while (sent < sizeof block) {
            ssize_t part = send(client, block + sent, sizeof block - sent, MSG_NOSIGNAL);
            if (part <= 0) _exit(2);
            sent += (size_t)part;
        }
        shutdown(client, SHUT_WR);
        char answer[8] = "";
        if (recv(client, answer, sizeof answer, MSG_WAITALL) != 4 || strcmp(answer, "bye!") != 0) _exit(3);
        _exit(0);
    }
    struct sockaddr_in peer;
    length = sizeof peer;
    int server = CHECK_CALL(accept4(listener, (struct sockaddr*)&peer, &length, SOCK_CLOEXEC));
    CHECK_EQ(peer.sin_family, AF_INET);
    CHECK_EQ(ntohl(peer.sin_addr.s_addr), INADDR_LOOPBACK);
    CHECK_EQ(setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes), 0);
    int value = 0;
    length = sizeof value;
    CHECK_EQ(getsockopt(server, SOL_SOCKET, SO_TYPE, &value, &length), 0);
    CHECK_EQ(value, SOCK_STREAM);
    size_t total = 0;
    char buffer[7777];
    for (;;) {
        ssize_t part = recv(server, buffer, sizeof buffer, 0);
        if (part <= 0) break;
        for (ssize_t i = 0; i < part; i++) CHECK_EQ(buffer[i], 'k');
        total += (size_t)part;
    }
    CHECK_EQ(total, 100000);
    CHECK_EQ(send(server, "bye!", 4, 0), 4);
    close(server);
    int status;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
    close(listener);
    int refused = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_FAILS(connect(refused, (struct sockaddr*)&address, sizeof address), ECONNREFUSED);
}

int main(void) {
    int pair[2];
    char text[64] = "";
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    CHECK_FAILS(recv(pair[0], text, 1, 0), EAGAIN);
    CHECK_EQ(send(pair[1], "hello", 5, 0), 5);
    CHECK_EQ(recv(pair[0], text, sizeof text, MSG_PEEK), 5);
    CHECK_EQ(recv(pair[0], text, sizeof text, 0), 5);
    CHECK_STR(text, "hello");
    close(pair[1]);
    CHECK_EQ(recv(pair[0], text, 1, 0), 0);
    CHECK_FAILS(send(pair[0], "x", 1, MSG_NOSIGNAL), EPIPE);

    int server = CHECK_CALL(socket(AF_UNIX, SOCK_STREAM, 0)),
        client = CHECK_CALL(socket(AF_UNIX, SOCK_STREAM, 0));
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "socket"};
    CHECK_EQ(bind(server, (struct sockaddr*)&address, sizeof address), 0);
    CHECK_EQ(listen(server, 1), 0);
    CHECK_EQ(connect(client, (struct sockaddr*)&address, sizeof address), 0);
    int accepted = CHECK_CALL(accept(server, NULL, NULL));
    CHECK_EQ(write(client, "over", 4), 4);
    CHECK_EQ(read(accepted, text, 4), 4);
    struct ucred peer;
    socklen_t length = sizeof peer;
    CHECK_EQ(getsockopt(accepted, SOL_SOCKET, SO_PEERCRED, &peer, &length), 0);
    CHECK_EQ(peer.pid, getpid());
    unlink("socket");

    int first = CHECK_CALL(socket(AF_INET, SOCK_DGRAM, 0)),
        second = CHECK_CALL(socket(AF_INET, SOCK_DGRAM, 0));
    struct sockaddr_in udp = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}, from;
    CHECK_EQ(bind(first, (struct sockaddr*)&udp, sizeof udp), 0);
    length = sizeof udp;
    CHECK_EQ(getsockname(first, (struct sockaddr*)&udp, &length), 0);
    CHECK_EQ(sendto(second, "datagram", 8, 0, (struct sockaddr*)&udp, sizeof udp), 8);
    length = sizeof from;
    CHECK_EQ(recvfrom(first, text, sizeof text, 0, (struct sockaddr*)&from, &length), 8);
    CHECK_EQ(from.sin_family, AF_INET);
    CHECK_FAILS(socket(99, SOCK_STREAM, 0), EAFNOSUPPORT);
    pass_descriptor();
    tcp();
    return check_done();
}
