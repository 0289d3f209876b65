// SPDX-License-Identifier: MIT
#include "tools/armature/gdb/packet.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace armature::tools::gdb {
namespace {

constexpr char kInterrupt = 3;
constexpr char kEscape = '}';
constexpr char kEscapeBit = 0x20;

int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::string checksum(std::string_view data) {
    uint8_t sum = 0;
    for (const char c : data) sum = static_cast<uint8_t>(sum + static_cast<uint8_t>(c));
    const char byte = static_cast<char>(sum);
    return to_hex(std::string_view(&byte, 1));
}

}  // namespace

Connection::~Connection() {
    close(fd_);
}

void Connection::write_all(std::string_view bytes) {
    while (!bytes.empty() && !closed_) {
        const ssize_t size = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (size < 0 && errno == EINTR) continue;
        if (size <= 0) closed_ = true;
        if (size > 0) bytes.remove_prefix(static_cast<size_t>(size));
    }
}

void Connection::send(std::string_view data) {
    last_ = '$';
    last_ += data;
    last_ += '#';
    last_ += checksum(data);
    write_all(last_);
}

// One thing off the front of the buffer.
Connection::Input Connection::take(std::string* packet) {
    while (!buffer_.empty()) {
        const char first = buffer_[0];
        if (first == '$') break;
        buffer_.erase(0, 1);
        if (first == kInterrupt) return Input::Interrupt;
        if (first == '-') write_all(last_);
    }
    const size_t end = buffer_.find('#');
    if (end == std::string::npos || buffer_.size() < end + 3) {
        // More than was offered: it is not gdb that speaks.
        if (buffer_.size() > 4 * kPacketSize) closed_ = true;
        return Input::None;
    }
    *packet = buffer_.substr(1, end - 1);
    const bool right = checksum(*packet) == buffer_.substr(end + 1, 2);
    buffer_.erase(0, end + 3);
    if (acknowledge_) write_all(right ? "+" : "-");
    return right || !acknowledge_ ? Input::Packet : take(packet);
}

Connection::Input Connection::next(std::string* packet, bool wait) {
    for (;;) {
        const Input input = take(packet);
        if (input != Input::None) return input;
        if (closed_) return Input::Closed;
        pollfd ready{fd_, POLLIN, 0};
        const int count = poll(&ready, 1, wait ? -1 : 0);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return Input::None;
        char bytes[4096];
        const ssize_t size = recv(fd_, bytes, sizeof bytes, 0);
        if (size < 0 && errno == EINTR) continue;
        if (size <= 0) closed_ = true;
        if (size > 0) buffer_.append(bytes, static_cast<size_t>(size));
    }
}

std::string to_hex(std::string_view bytes) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (const char c : bytes) {
        text += kDigits[static_cast<uint8_t>(c) >> 4];
        text += kDigits[c & 15];
    }
    return text;
}

std::string to_hex(uint64_t number) {
    char text[20];
    snprintf(text, sizeof text, "%llx", static_cast<unsigned long long>(number));
    return text;
}

bool from_hex(std::string_view digits, std::string* bytes) {
    bytes->clear();
    if (digits.size() % 2) return false;
    for (size_t i = 0; i < digits.size(); i += 2) {
        const int high = digit(digits[i]);
        const int low = digit(digits[i + 1]);
        if (high < 0 || low < 0) return false;
        *bytes += static_cast<char>(high << 4 | low);
    }
    return true;
}

bool take_number(std::string_view* text, uint64_t* number) {
    size_t length = 0;
    *number = 0;
    while (length < text->size() && digit((*text)[length]) >= 0) {
        *number = *number << 4 | static_cast<uint64_t>(digit((*text)[length]));
        length++;
    }
    text->remove_prefix(length);
    return length > 0;
}

bool take_word(std::string_view* text, std::string_view word) {
    if (!text->starts_with(word)) return false;
    text->remove_prefix(word.size());
    return true;
}

std::string escape(std::string_view bytes) {
    std::string text;
    for (const char c : bytes) {
        if (c == '#' || c == '$' || c == '*' || c == kEscape) {
            text += kEscape;
            text += static_cast<char>(c ^ kEscapeBit);
        } else {
            text += c;
        }
    }
    return text;
}

std::string unescape(std::string_view text) {
    std::string bytes;
    for (size_t i = 0; i < text.size(); i++) {
        if (text[i] == kEscape && i + 1 < text.size()) {
            bytes += static_cast<char>(text[++i] ^ kEscapeBit);
        } else {
            bytes += text[i];
        }
    }
    return bytes;
}

}  // namespace armature::tools::gdb
