// SPDX-License-Identifier: MIT
// The program under -g as its debugger deals with it: all its threads run or all of them stand, breakpoints
// are in its memory, and one thread has something to tell.
//
// Threads are tracees of syscalls/ptrace.h. What the protocol does not want to know goes on by itself here:
// new and ended threads, child processes (which are let go, without breakpoints), signals that pass.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "signals/trace_block.h"

namespace armature::tools::gdb {

// How a thread is to go on.
struct Resumption {
    bool go = false;
    bool step = false;
    int signal = 0;
};

struct Event {
    enum class Kind { None, Signal, Exec, CallEntry, CallExit, Exited, Killed };
    Kind kind = Kind::None;
    pid_t thread = 0;
    int number = 0;           // of the signal or system call; the exit status
    bool real = false;        // a signal that the program would get
    bool breakpoint = false;  // the signal is a breakpoint's of the debugger
    bool again = false;       // the thread comes to it again if nobody is told
    std::string path;         // Exec: the new program
};

class Debuggee {
  public:
    explicit Debuggee(pid_t process) : process_(process) {}
    ~Debuggee();
    Debuggee(const Debuggee&) = delete;
    Debuggee& operator=(const Debuggee&) = delete;

    pid_t process() const { return process_; }
    bool ended() const { return ended_; }
    bool stopping() const { return !told_ && event_.kind != Event::Kind::None; }
    std::vector<pid_t> threads() const;
    bool has_thread(pid_t thread) const { return threads_.contains(thread); }
    signals::TraceBlock* block(pid_t thread) const;  // null: no such thread, or it runs

    // Lets threads go on; `how` says for each.
    template <typename How>
    void resume(How how) {
        for (auto& [id, thread] : threads_) {
            thread.wanted = how(id);
        }
        start();
    }

    // Takes what has happened, without waiting. True: *event is for the debugger, and all threads stand.
    bool poll(Event* event);
    // Makes a running program stop. The event that poll() gives is a SIGINT, unless another was first.
    void interrupt();
    void kill();
    void detach();

    // Memory without the breakpoints. How much of `size` could be read; false: not all could be written.
    size_t read(uint64_t address, void* to, size_t size);
    bool write(uint64_t address, std::string_view bytes);
    bool insert_breakpoint(uint64_t address);
    bool remove_breakpoint(uint64_t address);
    void remove_breakpoints();
    std::string auxv() const;
    std::string path() const;

    // Signals that are not reported, system calls that are (with catch_calls; none: all).
    void pass_signals(const std::set<int>& signals) { passed_ = signals; }
    void catch_calls(bool on, const std::set<uint64_t>& numbers);
    void report_execs(bool on) { report_execs_ = on; }

    // Of ptrace, for the seize.
    static uint64_t trace_options();

  private:
    struct DebuggedThread {
        bool stopped = false;
        bool interrupted = false;  // a request to stop is under way, and its stop may come late
        Resumption wanted;
        Event pending;  // came while another was told
    };

    void start();
    void go_on(pid_t id, DebuggedThread* thread, int signo);
    void stop_all();
    bool all_stopped();
    void take_status(pid_t id, int status);
    void take_end(pid_t id, int status);
    void take_child(pid_t id);
    void take_stop(pid_t id);
    void take_event(pid_t id, DebuggedThread* thread);
    void tell(const Event& event);
    bool raw_read(uint64_t address, void* to, size_t size);
    bool raw_write(uint64_t address, const void* from, size_t size);
    void close_memory();
    int memory();
    void put_breakpoints(bool in);

    pid_t process_;
    bool ended_ = false;
    bool began_ = false;      // the program's first stop has been
    bool told_ = false;       // event_ has been handed out
    bool interrupt_ = false;  // the debugger asked for a stop
    Event event_;
    std::map<pid_t, DebuggedThread> threads_;
    std::map<uint64_t, uint32_t> breakpoints_;  // address: the instruction there
    std::set<int> passed_;
    bool catch_calls_ = false;
    std::set<uint64_t> caught_;
    bool report_execs_ = false;
    int memory_ = -1;
    int vforks_ = 0;  // children that run in the program's memory: no breakpoints there
};

}  // namespace armature::tools::gdb
