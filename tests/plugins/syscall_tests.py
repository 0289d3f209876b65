# SPDX-License-Identifier: MIT
"""The strace plugin: a program that makes system calls of many kinds, its threads, and its children."""

import json
import os
import re
import subprocess
import tempfile

from harness import EMULATOR, bundled, check, emulate, guest_path, test


def lines_of(*arguments, guest="manycalls"):
    return emulate(bundled("strace", *arguments), guest_path(guest))[1].splitlines()


# Patterns of lines that must be there, in this order.
EXPECTED = [
    r'openat\(AT_FDCWD, "/dev/null", O_WRONLY\|O_CLOEXEC, 0\) = \d+',
    r'openat\(AT_FDCWD, "/no such \\"file\\"\\n", O_RDONLY, 0\) = -1 ENOENT \(No such file or directory\)',
    r'write\(\d+, "0123456789abcdef0123456789abcdef"\.\.\., 40\) = 40',
    r'writev\(\d+, \[\{iov_base="one", iov_len=3\}, \{iov_base="", iov_len=0\}\], 2\) = 3',
    r"pipe2\(\[\d+, \d+\], O_CLOEXEC\) = 0",
    r'write\(\d+, "hello", 5\) = 5',
    r'readv\(\d+, \[\{iov_base="he", iov_len=2\}, \{iov_base="llo", iov_len=10\}\], 2\) = 5',
    r"fstat\(\d+, \{st_mode=S_IFIFO\|0600, st_size=0, \.\.\.\}\) = 0",
    r"rt_sigaction\(SIGUSR1, \{sa_handler=SIG_IGN, sa_mask=\[SIGUSR2\], sa_flags=SA_RESTART\}, "
    r"\{sa_handler=SIG_DFL, sa_mask=\[\], sa_flags=0\}, 8\) = 0",
    r"rt_sigprocmask\(SIG_BLOCK, \[SIGUSR1\], \[\], 8\) = 0",
    r"kill\(\d+, SIGUSR1\) = 0",
    r"socketpair\(AF_UNIX, SOCK_STREAM, 0, \[\d+, \d+\]\) = 0",
    r'sendmsg\(\d+, \{msg_name=NULL, msg_iov=\[\{iov_base="msg", iov_len=3\}\], msg_controllen=0, msg_flags=0x0\}, 0\) = 3',
    r'recvmsg\(\d+, \{msg_name=\S+, msg_iov=\[\{iov_base="msg", iov_len=8\}\], msg_controllen=0, msg_flags=0x0\}, '
    r"MSG_DONTWAIT\) = 3",
    r"ppoll\(\[\{fd=\d+, events=POLLOUT, revents=POLLOUT\}\], 1, \{tv_sec=1, tv_nsec=0\}, NULL, 8\) = 1",
    r'bind\(\d+, \{AF_INET, 127\.0\.0\.1:0\}, 16\) = 0',
    r"getsockname\(\d+, \{AF_INET, 127\.0\.0\.1:\d+\}, \[16\]\) = 0",
    r'uname\(\{sysname="Linux", nodename=".*", release=".*", machine="aarch64", \.\.\.\}\) = 0',
    r"prlimit64\(0, RLIMIT_NOFILE, NULL, \{rlim_cur=\d+, rlim_max=\w+\}\) = 0",
    r"close\(12345\) = -1 EBADF \(Bad file descriptor\)",
    r"syscall_5001\(0x1, 0x2, 0x3, 0x4, 0x5, 0x6, 0x\w+, 0x\w+\) = -1 ENOSYS \(Function not implemented\)",
]


@test("strace/decoded")
def _():
    lines = lines_of()
    at = 0
    for pattern in EXPECTED:
        found = next((i for i in range(at, len(lines)) if re.fullmatch(r"\[\d+\] " + pattern, lines[i])), None)
        check(found is not None, "no line after %d is %s\n  %s" % (at, pattern, "\n  ".join(lines)))
        at = found + 1


@test("strace/json")
def _():
    rows = [json.loads(line) for line in lines_of("format=json")]
    for row in rows:
        check(row["time"] > 1e9 and row["tid"] >= row["pid"] and isinstance(row["vcpu"], int) and
              isinstance(row["args"], list), str(row))
        check("result" not in row or row["duration"] >= 0, str(row))
    rows_of = {}
    for row in rows:
        rows_of.setdefault(row["call"], []).append(row)
    failed = next(row for row in rows_of["openat"] if row["result"] < 0)
    check(failed["errno"] == "ENOENT" and failed["args"][1] == '"/no such \\"file\\"\\n"', str(failed))
    check(rows_of["nanosleep"][0]["duration"] >= 20_000_000, str(rows_of["nanosleep"]))
    times = [row["time"] for row in rows]
    check(max(times) - min(times) < 60, "from %f to %f" % (min(times), max(times)))


@test("strace/summary and filter")
def _():
    lines = lines_of("summary=on")
    check(lines[0].split() == ["%", "time", "seconds", "usecs/call", "calls", "errors", "syscall"], str(lines))
    rows = {line.split()[-1]: line.split() for line in lines[2:]}
    check(float(rows["nanosleep"][1]) >= 0.02 and rows["nanosleep"][3] == "1", str(rows["nanosleep"]))
    check(rows["socketpair"][3:] == ["1", "socketpair"], str(rows["socketpair"]))
    check(int(rows["total"][3]) == sum(int(row[3]) for name, row in rows.items() if name[0].isalpha() and name != "total"),
          str(rows))
    lines = lines_of("trace=socketpair", "trace=uname")
    check([re.search(r"\] (\w+)\(", line).group(1) for line in lines] == ["socketpair", "uname"], str(lines))
    result = subprocess.run(EMULATOR + bundled("strace", "trace=nonsense") + [guest_path("loop")], capture_output=True,
                            text=True, timeout=60)
    check(result.returncode == 1 and "trace=nonsense" in result.stderr, result.stderr)


@test("strace/threads and children")
def _():
    # One log: the first thread, its thread, its child, and the program that the child executes.
    lines = lines_of(guest="family")
    threads = [re.match(r"\[(\d+)\] ", line).group(1) for line in lines]
    check(len(set(threads)) == 4, "\n".join(lines))
    first, other = threads[0], None
    for call in ("thread", "child", "executed"):
        line = next((line for line in lines if '"%s' % call in line and "] write(" in line), None)
        check(line, "no write of the %s\n%s" % (call, "\n".join(lines)))
        tid = line[1:].split("]")[0]
        check(tid != first, line)
        if call == "executed":
            check(tid == other, "the child keeps its number: %s" % line)
        other = tid
    check(any(re.fullmatch(r'\[%s\] execve\("/proc/self/exe", \["family", "again"\], 0x\w+ /\* \d+ variables \*/\) = 0'
                           % other, line) for line in lines), "\n".join(lines))
    check(any(re.fullmatch(r"\[%s\] wait4\(%s, \[exited 7\], 0, NULL\) = %s" % (first, other, other), line)
              for line in lines), "\n".join(lines))
    # The thread that waits for ever when the process ends.
    check(any(re.fullmatch(r"\[\d+\] ppoll\(.*\) = \?", line) for line in lines), "\n".join(lines))


@test("strace/a log for each process")
def _():
    with tempfile.TemporaryDirectory() as folder:
        command = EMULATOR + ["-d", "plugin", "-D", folder + "/log.%d"] + bundled("strace") + [guest_path("family")]
        subprocess.run(command, capture_output=True, check=True, timeout=60)
        logs = {}
        for name in os.listdir(folder):
            with open(os.path.join(folder, name)) as file:
                logs[name] = file.read()
    check(len(logs) == 2, str(list(logs)))
    child = next(text for text in logs.values() if "wait4" not in text)
    parent = next(text for text in logs.values() if "wait4" in text)
    check('"child' in child and '"executed' in child and '"thread' not in child, child)
    check('"thread' in parent and '"child' not in parent, parent)


@test("bundled/strace")
def _():
    _, text = emulate(bundled("strace"), guest_path("calls"))
    check(re.fullmatch(r"\[(\d+)\] getpid\(\) = \1\n\[\1\] close\(-1\) = -1 EBADF \(Bad file descriptor\)\n"
                       r"\[\1\] syscall_5000\(0x1, 0x2, 0x3, 0x4, 0x5, 0x6, 0x7, 0x8\) = -1 ENOSYS \(Function not implemented\)\n"
                       r"\[\1\] exit_group\(0\) = \?\n", text), text)
    _, text = emulate(bundled("strace", "format=json"), guest_path("calls"))
    lines = [json.loads(line) for line in text.splitlines()]
    check([line["call"] for line in lines] == ["getpid", "close", "syscall_5000", "exit_group"], text)
    check(lines[1]["errno"] == "EBADF" and lines[1]["args"] == ["-1"] and lines[1]["duration"] >= 0, text)
    _, text = emulate(bundled("strace", "summary=on"), guest_path("calls"))
    check(re.search(r" 1 +1 close\n", text) and re.search(r"100.00 .* 4 +2 total\n", text), text)
    _, text = emulate(bundled("strace"), guest_path("example"))
    check("mmap(0x500000, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS, -1, 0x0) = 0x500000\n" in text,
          text)
