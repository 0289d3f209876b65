// SPDX-License-Identifier: MIT
// How the two processes part: the emulator forks twice, so that the server is nobody's child that the guest
// could meet in a wait; tells the kernel that this one may trace it; and goes on when the server does. The
// server listens, and ends with the program.
#include "tools/armature/gdb/server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <utility>

#include "syscalls/ptrace.h"
#include "tools/armature/gdb/listen.h"
#include "tools/armature/gdb/session.h"

namespace armature::tools::gdb {
namespace {

constexpr int kRecheck = 20;  // ms, while threads are coming to a stop

// The server's whole life.
class Server {
  public:
    Server(pid_t process, int listener, int signals)
        : debuggee_(process), listener_(listener), signals_(signals) {}

    void serve() {
        while (!done_) {
            wait();
            take_events();
            if (!done_) take_packets();
        }
    }

  private:
    enum class State {
        Runs,    // the program
        Joins,   // it runs, and a gdb that has come will be listened to when it stands
        Leaves,  // it runs, gdb has gone, and it has to stand once for that
        Stands,
    };

    void wait() {
        const bool listens = state_ == State::Runs || state_ == State::Stands;
        pollfd ready[] = {{signals_, POLLIN, 0}, {session_ ? session_->fd() : listener_, POLLIN, 0}};
        ::poll(ready, listens ? 2 : 1, debuggee_.stopping() ? kRecheck : -1);
        signalfd_siginfo dropped;
        while (read(signals_, &dropped, sizeof dropped) > 0) {
        }
        if (listens && !session_ && ready[1].revents & POLLIN) join();
    }

    void join() {
        const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) return;
        session_ = std::make_unique<Session>(fd, &debuggee_);
        session_->set_event(event_);
        if (state_ == State::Stands) return;
        state_ = State::Joins;
        if (began_) debuggee_.interrupt();
    }

    void take_events() {
        Event event;
        if (!debuggee_.poll(&event)) return;
        event_ = event;
        const bool first = !std::exchange(began_, true);
        const State before = std::exchange(state_, State::Stands);
        done_ = debuggee_.ended();
        if (before == State::Leaves) {
            leave();
        } else if (before == State::Joins) {
            session_->set_event(event);
        } else if (session_) {
            session_->tell(event);
        } else if (!first) {
            leave();  // nobody to be told
        }
    }

    void take_packets() {
        if (session_ && state_ == State::Runs) {
            const Session::Wish wish = session_->wish();
            if (wish == Session::Wish::Nothing) return;
            if (wish == Session::Wish::Gone) state_ = State::Leaves;
            debuggee_.interrupt();
        } else if (session_ && state_ == State::Stands) {
            const Session::After after = session_->converse();
            if (after == Session::After::Detached) done_ = true;
            if (after == Session::After::Closed) leave();
            if (after != Session::After::Runs) return;
            state_ = State::Runs;
            take_events();
            if (!done_) take_packets();  // what came right behind would wake nobody
        }
    }

    // The program goes on without a debugger; another may come.
    void leave() {
        session_.reset();
        debuggee_.remove_breakpoints();
        const Event event = std::exchange(event_, {});
        debuggee_.resume([&event](pid_t thread) {
            return Resumption{true, false, event.real && thread == event.thread ? event.number : 0};
        });
        state_ = State::Runs;
    }

    Debuggee debuggee_;
    int listener_;
    int signals_;
    std::unique_ptr<Session> session_;
    Event event_;
    State state_ = State::Runs;
    bool began_ = false;
    bool done_ = false;
};

// In the server's process: says over `channel` who it is, waits for leave to trace, and says whether it does.
[[noreturn]] void run_server(pid_t process, int listener, int channel) {
    setsid();
    signal(SIGHUP, SIG_IGN);
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    sigset_t children;
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    sigprocmask(SIG_BLOCK, &children, nullptr);
    const int signals = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
    const pid_t self = getpid();
    char leave = 0;
    if (write(channel, &self, sizeof self) != sizeof self || read(channel, &leave, 1) != 1) _exit(1);
    const int64_t result = syscalls::seize_emulator(process, Debuggee::trace_options());
    if (write(channel, &result, sizeof result) != sizeof result || result != 0) _exit(1);
    close(channel);
    Server(process, listener, signals).serve();
    _exit(0);
}

}  // namespace

std::string start_server(const std::string& where, std::string* error) {
    const int listener = listen_at(where, error);
    if (listener < 0) return {};
    int channel[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel) != 0) {
        *error = std::string("-g: no channel to the server: ") + strerror(errno);
        close(listener);
        return {};
    }
    const pid_t process = getpid();
    const pid_t between = fork();
    if (between == 0) {
        close(channel[0]);
        if (fork() == 0) run_server(process, listener, channel[1]);
        _exit(0);
    }
    close(listener);
    close(channel[1]);
    if (between > 0) waitpid(between, nullptr, 0);
    pid_t server = 0;
    int64_t result = -EAGAIN;
    if (read(channel[0], &server, sizeof server) == sizeof server) {
        prctl(PR_SET_PTRACER, server, 0, 0, 0);
        if (write(channel[0], "", 1) != 1 || read(channel[0], &result, sizeof result) != sizeof result)
            result = -EAGAIN;
        prctl(PR_SET_PTRACER, 0, 0, 0, 0);
    }
    close(channel[0]);
    if (result == 0) return syscalls::seized_word(Debuggee::trace_options());
    *error = std::string("-g: the kernel does not let the program be traced: ") +
             strerror(static_cast<int>(-result));
    return {};
}

}  // namespace armature::tools::gdb
