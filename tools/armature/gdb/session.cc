// SPDX-License-Identifier: MIT
// A packet is answered by a text; the empty one means "not known here", which gdb understands. Packets that
// let the program go on have no answer until it stops.
#include "tools/armature/gdb/session.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include <algorithm>
#include <vector>

#include "tools/armature/gdb/description.h"
#include "tools/armature/gdb/files.h"

namespace armature::tools::gdb {
namespace {

constexpr char kOk[] = "OK";
constexpr char kBadPacket[] = "E16";  // EINVAL
constexpr char kNoMemory[] = "E0e";   // EFAULT
constexpr char kNoThread[] = "E03";   // ESRCH

std::string thread_name(pid_t process, pid_t thread) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task/%d/comm", process, thread);
    FILE* file = fopen(path, "re");
    char name[64] = "";
    if (file) {
        if (!fgets(name, sizeof name, file)) name[0] = '\0';
        fclose(file);
    }
    std::string text = name;
    if (text.ends_with('\n')) text.pop_back();
    return text;
}

std::string two_digits(unsigned number) {
    const char byte = static_cast<char>(number);
    return to_hex(std::string_view(&byte, 1));
}

// The parts of "a;b;c".
std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    while (!text.empty()) {
        const size_t end = std::min(text.find(separator), text.size());
        parts.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return parts;
}

}  // namespace

pid_t Session::chosen() const {
    return general_ && debuggee_->has_thread(general_) ? general_ : event_.thread;
}

std::string Session::stop_reply() const {
    const std::string thread = "thread:" + to_hex(static_cast<uint64_t>(event_.thread)) + ";";
    switch (event_.kind) {
        case Event::Kind::Exited:
            return "W" + two_digits(static_cast<unsigned>(event_.number));
        case Event::Kind::Killed:
            return "X" + two_digits(gdb_signal(event_.number));
        case Event::Kind::Exec:
            return "T" + two_digits(SIGTRAP) + "exec:" + to_hex(event_.path) + ";" + thread;
        case Event::Kind::CallEntry:
        case Event::Kind::CallExit: {
            const char* what = event_.kind == Event::Kind::CallEntry ? "syscall_entry:" : "syscall_return:";
            return "T" + two_digits(SIGTRAP) + what + to_hex(static_cast<uint64_t>(event_.number)) + ";" +
                   thread;
        }
        default:
            return "T" + two_digits(gdb_signal(event_.number)) +
                   (event_.breakpoint && swbreak_ ? "swbreak:;" : "") + thread;
    }
}

void Session::tell(const Event& event) {
    event_ = event;
    general_ = event.thread;
    connection_.send(stop_reply());
}

Session::Wish Session::wish() {
    std::string packet;
    switch (connection_.next(&packet, false)) {
        case Connection::Input::Interrupt:
            return Wish::Stop;
        case Connection::Input::Closed:
            return Wish::Gone;
        default:
            return Wish::Nothing;
    }
}

Session::After Session::converse() {
    after_ = After::Stands;
    std::string packet;
    while (after_ == After::Stands) {
        const Connection::Input input = connection_.next(&packet, false);
        if (input == Connection::Input::None) return After::Stands;
        if (input == Connection::Input::Closed) return After::Closed;
        if (input == Connection::Input::Interrupt) continue;
        const std::string reply = answer(packet);
        if (after_ != After::Runs) connection_.send(reply);
        if (packet == "QStartNoAckMode") connection_.stop_acknowledging();
    }
    return after_;
}

std::string Session::answer(std::string_view packet) {
    if (packet.empty()) return {};
    const char command = packet[0];
    const std::string_view rest = packet.substr(1);
    switch (command) {
        case '?':
            return stop_reply();
        case 'g':
            return read_registers();
        case 'G':
            return write_registers(rest);
        case 'p':
            return read_one_register(rest);
        case 'P':
            return write_one_register(rest);
        case 'm':
            return read_memory(rest);
        case 'M':
            return write_memory(rest, false);
        case 'X':
            return write_memory(rest, true);
        case 'c':
        case 'C':
        case 's':
        case 'S':
            return resume_one(packet);
        case 'H':
            return choose_thread(rest);
        case 'T': {
            std::string_view text = rest;
            uint64_t thread = 0;
            return take_number(&text, &thread) && debuggee_->has_thread(static_cast<pid_t>(thread))
                       ? kOk
                       : kNoThread;
        }
        case 'Z':
        case 'z':
            return answer_breakpoint(rest, command == 'Z');
        case 'D':
            debuggee_->detach();
            after_ = After::Detached;
            return kOk;
        case 'k':
            debuggee_->kill();
            after_ = After::Runs;
            return {};
        case 'q':
            return answer_query(packet);
        case 'Q':
            return answer_set(packet);
        case 'v':
            return answer_verb(packet);
        default:
            return {};
    }
}

// --- Registers and memory

std::string Session::read_registers() {
    const signals::TraceBlock* block = debuggee_->block(chosen());
    if (!block) return kNoThread;
    std::string text;
    for (unsigned number = 0; number < register_count(); number++)
        text += to_hex(read_register(*block, number));
    return text;
}

std::string Session::write_registers(std::string_view packet) {
    signals::TraceBlock* block = debuggee_->block(chosen());
    std::string bytes;
    if (!block) return kNoThread;
    if (!from_hex(packet, &bytes)) return kBadPacket;
    std::string_view left = bytes;
    for (unsigned number = 0; number < register_count(); number++) {
        const size_t size = read_register(*block, number).size();
        if (left.size() < size) break;
        write_register(block, number, left.substr(0, size));
        left.remove_prefix(size);
    }
    return kOk;
}

std::string Session::read_one_register(std::string_view packet) {
    const signals::TraceBlock* block = debuggee_->block(chosen());
    uint64_t number = 0;
    if (!block) return kNoThread;
    if (!take_number(&packet, &number) || number >= register_count()) return kBadPacket;
    return to_hex(read_register(*block, static_cast<unsigned>(number)));
}

std::string Session::write_one_register(std::string_view packet) {
    signals::TraceBlock* block = debuggee_->block(chosen());
    uint64_t number = 0;
    std::string bytes;
    if (!block) return kNoThread;
    if (!take_number(&packet, &number) || !take_word(&packet, "=") || !from_hex(packet, &bytes) ||
        number >= register_count() || !write_register(block, static_cast<unsigned>(number), bytes))
        return kBadPacket;
    return kOk;
}

std::string Session::read_memory(std::string_view packet) {
    uint64_t address = 0;
    uint64_t size = 0;
    if (!take_number(&packet, &address) || !take_word(&packet, ",") || !take_number(&packet, &size))
        return kBadPacket;
    std::string bytes(std::min<uint64_t>(size, kPacketSize / 2), '\0');
    bytes.resize(debuggee_->read(address, bytes.data(), bytes.size()));
    return bytes.empty() && size ? kNoMemory : to_hex(bytes);
}

std::string Session::write_memory(std::string_view packet, bool binary) {
    uint64_t address = 0;
    uint64_t size = 0;
    if (!take_number(&packet, &address) || !take_word(&packet, ",") || !take_number(&packet, &size) ||
        !take_word(&packet, ":"))
        return kBadPacket;
    std::string bytes;
    if (binary)
        bytes = unescape(packet);
    else if (!from_hex(packet, &bytes))
        return kBadPacket;
    if (bytes.size() != size) return kBadPacket;
    return bytes.empty() || debuggee_->write(address, bytes) ? kOk : kNoMemory;
}

std::string Session::answer_breakpoint(std::string_view packet, bool insert) {
    uint64_t address = 0;
    if (!take_word(&packet, "0,")) return {};  // no hardware breakpoints and watchpoints
    if (!take_number(&packet, &address)) return kBadPacket;
    const bool done = insert ? debuggee_->insert_breakpoint(address) : debuggee_->remove_breakpoint(address);
    return done ? kOk : kNoMemory;
}

// --- Threads, and going on

std::string Session::choose_thread(std::string_view packet) {
    if (packet.empty()) return kBadPacket;
    const char what = packet[0];
    packet.remove_prefix(1);
    uint64_t thread = 0;
    if (!take_word(&packet, "-1") && !take_number(&packet, &thread)) return kBadPacket;
    if (thread && !debuggee_->has_thread(static_cast<pid_t>(thread))) return kNoThread;
    (what == 'c' ? continued_ : general_) = static_cast<pid_t>(thread);
    return kOk;
}

// c [address], s [address], C signal[;address], S signal[;address]: for Hc's thread or all.
std::string Session::resume_one(std::string_view packet) {
    Resumption how{true, packet[0] == 's' || packet[0] == 'S', 0};
    const bool has_signal = packet[0] == 'C' || packet[0] == 'S';
    packet.remove_prefix(1);
    uint64_t number = 0;
    if (has_signal) {
        if (!take_number(&packet, &number)) return kBadPacket;
        how.signal = linux_signal(number);
        take_word(&packet, ";");
    }
    if (take_number(&packet, &number)) {
        signals::TraceBlock* block = debuggee_->block(chosen());
        if (!block) return kNoThread;
        block->registers.pc = number;
        block->changed |= signals::kChangedRegisters;
    }
    after_ = After::Runs;
    const pid_t one = how.step ? chosen() : continued_;
    const pid_t signalled = chosen();
    debuggee_->resume([&](pid_t thread) {
        if (one && thread != one) return Resumption{};
        Resumption own = how;
        if (thread != signalled) own.signal = 0;
        return own;
    });
    return {};
}

// vCont's actions: "c", "C05", "s:1a2b", ...; the first that names a thread, or all, is that thread's.
std::string Session::resume_with(std::string_view actions) {
    struct Action {
        Resumption how;
        bool all;
        pid_t thread;
    };
    std::vector<Action> list;
    for (std::string_view part : split(actions, ';')) {
        Action action{{true, false, 0}, true, 0};
        const char what = part.empty() ? '\0' : part[0];
        part.remove_prefix(!part.empty());
        uint64_t number = 0;
        if (what == 'C' || what == 'S') {
            if (!take_number(&part, &number)) return kBadPacket;
            action.how.signal = linux_signal(number);
        } else if (what != 'c' && what != 's') {
            return kBadPacket;
        }
        action.how.step = what == 's' || what == 'S';
        if (take_word(&part, ":") && !take_word(&part, "-1")) {
            if (!take_number(&part, &number)) return kBadPacket;
            action.all = false;
            action.thread = static_cast<pid_t>(number);
        }
        list.push_back(action);
    }
    after_ = After::Runs;
    debuggee_->resume([&](pid_t thread) {
        for (const Action& action : list) {
            if (action.all || action.thread == thread) return action.how;
        }
        return Resumption{};
    });
    return {};
}

std::string Session::answer_verb(std::string_view packet) {
    if (packet == "vCont?") return "vCont;c;C;s;S";
    if (take_word(&packet, "vCont;")) return resume_with(packet);
    if (take_word(&packet, "vFile:")) return answer_file_request(packet);
    if (packet.starts_with("vKill")) {
        debuggee_->kill();
        return kOk;
    }
    return {};
}

// --- Queries

std::string Session::supported(std::string_view features) {
    for (const std::string_view feature : split(features, ';')) {
        if (feature == "swbreak+") swbreak_ = true;
        if (feature == "exec-events+") debuggee_->report_execs(true);
    }
    return "PacketSize=" + to_hex(uint64_t{kPacketSize}) +
           ";qXfer:features:read+;qXfer:auxv:read+;qXfer:exec-file:read+;qXfer:siginfo:read+;"
           "qXfer:threads:read+;QStartNoAckMode+;QPassSignals+;QCatchSyscalls+;swbreak+;exec-events+;"
           "vContSupported+";
}

std::string Session::answer_query(std::string_view packet) {
    if (take_word(&packet, "qSupported")) return supported(packet.substr(packet.starts_with(':')));
    if (take_word(&packet, "qXfer:")) return answer_transfer(packet);
    if (packet == "qfThreadInfo") {
        std::string list;
        for (const pid_t thread : debuggee_->threads())
            list += (list.empty() ? "m" : ",") + to_hex(static_cast<uint64_t>(thread));
        return list.empty() ? "l" : list;
    }
    if (packet == "qsThreadInfo") return "l";
    if (packet == "qC") return "QC" + to_hex(static_cast<uint64_t>(chosen()));
    if (packet.starts_with("qAttached")) return "0";
    if (packet.starts_with("qSymbol:")) return kOk;
    if (take_word(&packet, "qThreadExtraInfo,")) {
        uint64_t thread = 0;
        if (!take_number(&packet, &thread)) return kBadPacket;
        return to_hex(thread_name(debuggee_->process(), static_cast<pid_t>(thread)));
    }
    return {};
}

// OBJECT:read:ANNEX:OFFSET,SIZE
std::string Session::answer_transfer(std::string_view packet) {
    const std::vector<std::string_view> parts = split(packet, ':');
    if (parts.size() != 4 || parts[1] != "read") return {};
    std::string_view range = parts[3];
    uint64_t offset = 0;
    uint64_t size = 0;
    if (!take_number(&range, &offset) || !take_word(&range, ",") || !take_number(&range, &size))
        return kBadPacket;
    std::string whole;
    if (parts[0] == "features" && parts[2] == "target.xml") {
        whole = target_description();
    } else if (parts[0] == "auxv") {
        whole = debuggee_->auxv();
    } else if (parts[0] == "exec-file") {
        whole = debuggee_->path();
    } else if (parts[0] == "siginfo") {
        const signals::TraceBlock* block = debuggee_->block(chosen());
        if (!block) return kNoThread;
        whole.assign(reinterpret_cast<const char*>(&block->info), sizeof block->info);
    } else if (parts[0] == "threads") {
        whole = "<?xml version=\"1.0\"?>\n<threads>\n";
        for (const pid_t thread : debuggee_->threads()) {
            std::string name;
            for (const char c : thread_name(debuggee_->process(), thread)) {
                if (c != '<' && c != '&' && c != '"') name += c;
            }
            whole += "<thread id=\"" + to_hex(static_cast<uint64_t>(thread)) + "\" name=\"" + name + "\"/>\n";
        }
        whole += "</threads>\n";
    } else {
        return {};
    }
    if (offset > whole.size()) return kBadPacket;
    // All of it may have to be escaped.
    const size_t room = std::min<uint64_t>(size, kPacketSize / 2 - 4);
    const std::string_view part = std::string_view(whole).substr(offset, room);
    return (offset + part.size() < whole.size() ? "m" : "l") + escape(part);
}

std::string Session::answer_set(std::string_view packet) {
    if (packet == "QStartNoAckMode") return kOk;
    if (take_word(&packet, "QPassSignals:")) {
        std::set<int> passed;
        for (std::string_view part : split(packet, ';')) {
            uint64_t number = 0;
            if (take_number(&part, &number)) passed.insert(linux_signal(number));
        }
        debuggee_->pass_signals(passed);
        return kOk;
    }
    if (take_word(&packet, "QCatchSyscalls:")) {
        std::set<uint64_t> numbers;
        for (std::string_view part : split(packet.substr(std::min<size_t>(packet.size(), 2)), ';')) {
            uint64_t number = 0;
            if (take_number(&part, &number)) numbers.insert(number);
        }
        debuggee_->catch_calls(packet.starts_with('1'), numbers);
        return kOk;
    }
    return {};
}

}  // namespace armature::tools::gdb
