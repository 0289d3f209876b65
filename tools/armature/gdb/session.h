// SPDX-License-Identifier: MIT
// One gdb on the other end: its packets and the replies.
#pragma once

#include <string>
#include <string_view>

#include "tools/armature/gdb/debuggee.h"
#include "tools/armature/gdb/packet.h"

namespace armature::tools::gdb {

class Session {
  public:
    Session(int fd, Debuggee* debuggee) : connection_(fd), debuggee_(debuggee) {}

    enum class After { Stands, Runs, Detached, Closed };
    // Takes packets until the program runs, or there are none.
    After converse();
    // While it runs: what gdb wants.
    enum class Wish { Nothing, Stop, Gone };
    Wish wish();
    void tell(const Event& event);  // the program has stopped
    void set_event(const Event& event) { event_ = event; }
    int fd() const { return connection_.fd(); }

  private:
    std::string answer(std::string_view packet);
    std::string answer_query(std::string_view packet);
    std::string answer_set(std::string_view packet);
    std::string answer_transfer(std::string_view packet);
    std::string answer_verb(std::string_view packet);
    std::string answer_breakpoint(std::string_view packet, bool insert);
    std::string supported(std::string_view features);
    std::string read_registers();
    std::string write_registers(std::string_view packet);
    std::string read_one_register(std::string_view packet);
    std::string write_one_register(std::string_view packet);
    std::string read_memory(std::string_view packet);
    std::string write_memory(std::string_view packet, bool binary);
    std::string resume_with(std::string_view actions);
    std::string resume_one(std::string_view packet);
    std::string choose_thread(std::string_view packet);
    std::string stop_reply() const;
    pid_t chosen() const;

    Connection connection_;
    Debuggee* debuggee_;
    Event event_;
    pid_t general_ = 0;    // Hg's thread; 0: any
    pid_t continued_ = 0;  // Hc's; 0: all
    bool swbreak_ = false;
    After after_ = After::Stands;
};

}  // namespace armature::tools::gdb
