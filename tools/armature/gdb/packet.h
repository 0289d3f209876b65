// SPDX-License-Identifier: MIT
// Packets of gdb's remote serial protocol: "$data#checksum", each acknowledged by '+' until the two agree
// that the connection is reliable. "Remote Protocol" in gdb's manual has the rules.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace armature::tools::gdb {

// Most bytes of a packet's data, told to gdb.
inline constexpr size_t kPacketSize = 0x4000;

class Connection {
  public:
    explicit Connection(int fd) : fd_(fd) {}
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    enum class Input { None, Packet, Interrupt, Closed };
    // What has come, waiting for it if `wait`. Interrupt is Ctrl-C between packets. Packets whose checksum is
    // wrong are asked for again.
    Input next(std::string* packet, bool wait);

    void send(std::string_view data);
    void stop_acknowledging() { acknowledge_ = false; }
    int fd() const { return fd_; }

  private:
    Input take(std::string* packet);
    void write_all(std::string_view bytes);

    int fd_;
    bool acknowledge_ = true;
    bool closed_ = false;
    std::string buffer_;  // come, not taken yet
    std::string last_;    // sent last, with its frame: for a repetition
};

// Hexadecimal, as the protocol has it: two digits a byte in memory order, or a number without prefix.
std::string to_hex(std::string_view bytes);
std::string to_hex(uint64_t number);
// False: not a whole number of hexadecimal bytes.
bool from_hex(std::string_view digits, std::string* bytes);

// Takes a number off the front of *text; false if there is none.
bool take_number(std::string_view* text, uint64_t* number);
// Takes `word` off the front; false if it is not there.
bool take_word(std::string_view* text, std::string_view word);

// Binary data with '#', '$', '}' and '*' escaped, and the reverse.
std::string escape(std::string_view bytes);
std::string unescape(std::string_view text);

}  // namespace armature::tools::gdb
