# SPDX-License-Identifier: MIT
"""tools/soak mixed: programs two at a time for half an hour, and who has not given back what they took.

Two threads run the programs of the mix in random order; each result is checked. Beside them live processes that never end:
servers under load, a shell that forks, and the ways of endless.c. Of each emulator process the resident memory, the number of
mappings and the number of descriptors are sampled from outside. The first third of the time is for warming up; what the last
quarter has on average more than the time between, above an allowance, is a leak. The code caches are small (-tb-size), so that
they have long been full and emptied by then.
"""

import contextlib
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import threading
import time
import urllib.request

import programs
from programs import SOURCES, Failure, cache, free_port, real, wait_for_port

ENDLESS = ("threads", "fork", "vfork", "mmap", "code", "dlopen", "descriptors", "signals", "exec", "exec-from-thread")
SHELL = 'n=0; while :; do (exit 3); [ $? = 3 ] || exit 1; x=$(echo a | cat); [ "$x" = a ] || exit 1; sleep 0.05; done'
CACHE = ["-tb-size", "8"]

# What may grow without being a leak: a part of what is there, and something on top. Guests with collectors breathe.
ALLOWANCE = {"resident KiB": (0.05, 2048), "mappings": (0.05, 6), "descriptors": (0, 1)}
COLLECTOR_ALLOWANCE = {"resident KiB": (0.15, 16384), "mappings": (0.10, 40), "descriptors": (0, 4)}


def sample(pid):
    """None while an exec is under way."""
    with contextlib.suppress(OSError, IndexError, ValueError):
        with open(f"/proc/{pid}/smaps_rollup") as file:
            resident = next(int(line.split()[1]) for line in file if line.startswith("Rss:"))
        with open(f"/proc/{pid}/maps") as file:
            mappings = sum(1 for _ in file)
        return {"resident KiB": resident, "mappings": mappings, "descriptors": len(os.listdir(f"/proc/{pid}/fd"))}
    return None


class Endless:
    """A process that lives as long as the soak."""

    def __init__(self, name, guest, path, *arguments, load=None, collector=False):
        self.name, self.load, self.collector = name, load, collector
        self.samples = []
        self.log = open(guest.path(name.replace(" ", "-") + ".log"), "w+b")
        self.process = subprocess.Popen(guest.command(path, *arguments), cwd=guest.directory, env=guest.environment(),
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT,
                                        start_new_session=True)

    def look(self):
        if self.process.poll() is not None:
            self.log.seek(0)
            raise Failure(f"{self.name}: ended with status {self.process.returncode}\n" + real.tail(self.log.read()[-3000:]))
        got = sample(self.process.pid)
        # In the middle of an exec there is little or nothing of the process.
        if got and got["mappings"] > 30:
            self.samples.append(got)

    def end(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.log.close()

    def growth(self):
        """(text, whether it is too much)"""
        if len(self.samples) < 12:
            return f"{self.name:18} only {len(self.samples)} samples", True
        warm, late = len(self.samples) // 3, len(self.samples) * 3 // 4
        leaks = False
        text = f"{self.name:18}"
        for what, (part, more) in (COLLECTOR_ALLOWANCE if self.collector else ALLOWANCE).items():
            before = statistics.mean(taken[what] for taken in self.samples[warm:late])
            after = statistics.mean(taken[what] for taken in self.samples[late:])
            too_much = after > before * (1 + part) + more
            leaks |= too_much
            text += f"  {what} {before:8.0f} -> {after:8.0f}" + (" LEAK" if too_much else "     ")
        return text, leaks


def request(port, wanted):
    def load():
        for number in range(20):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/{number}", timeout=60) as answer:
                if answer.read() != wanted(number):
                    raise Failure(f"port {port}: a wrong answer")
    return load


def redis_load(port):
    def load():
        with socket.create_connection(("127.0.0.1", port), 60) as link, link.makefile("rwb") as file:
            for number in range(200):
                value = b"v" * (number % 50 + 1)
                file.write(b"*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$%d\r\n%s\r\n*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n" % (len(value), value))
                file.flush()
                if file.readline() + file.readline() + file.readline() != b"+OK\r\n$%d\r\n%s\r\n" % (len(value), value):
                    raise Failure("redis: a wrong answer")
    return load


def start(armature, root, directory):
    """Everything that lives for the whole time."""
    guest = real.Guest([armature, *CACHE], root, directory, 600)
    program = guest.path("endless")
    subprocess.run(["aarch64-linux-gnu-gcc", "-O2", "-pthread", "-o", program, os.path.join(SOURCES, "endless.c")], check=True)
    living = [Endless("endless " + way, guest, "./endless", way) for way in ENDLESS]
    living.append(Endless("bash", guest, "usr/bin/bash", "-c", SHELL))
    port = free_port()
    living.append(Endless("redis", guest, "usr/bin/redis-server", "--port", str(port), "--save", "", load=redis_load(port)))
    ports = [port]
    for name in ("serve.js", "Serve.java", "serve.go"):
        shutil.copy(os.path.join(SOURCES, name), directory)
    ports.append(free_port())
    living.append(Endless("node", guest, "usr/bin/node", "--max-old-space-size=64", "serve.js", str(ports[-1]), collector=True,
                          load=request(ports[-1], lambda number: b"%d" % (number * number))))
    ports.append(free_port())
    guest.run(programs.JAVA + "javac", "Serve.java")
    living.append(Endless("java", guest, programs.JAVA + "java", "-Xmx64m", "-Xms64m", "-cp", ".", "Serve", str(ports[-1]),
                          collector=True, load=request(ports[-1], lambda number: b"%d" % (number * number))))
    ports.append(free_port())
    guest.write("script", f"export CGO_ENABLED=0 GOCACHE={cache(guest, 'go')} PATH=/usr/lib/go-1.19/bin:$PATH; go build serve.go")
    guest.run("usr/bin/bash", "script")
    living.append(Endless("go", guest, "./serve", str(ports[-1]), collector=True,
                          load=request(ports[-1], lambda number: b"%d" % (number * number))))
    for port in ports:
        wait_for_port(port)
    return living


class Mix:
    """Two threads that run the programs of the mix, each time in another order, until the time is over."""

    def __init__(self, chosen, armature, root, seed, deadline):
        self.chosen, self.armature, self.root, self.deadline = chosen, armature, root, deadline
        self.random, self.queue = random.Random(seed), []
        self.lock = threading.Lock()
        self.counts = {program.name: [0, 0] for program in chosen}
        self.threads = [threading.Thread(target=self.work) for _ in range(2)]
        for thread in self.threads:
            thread.start()

    def next(self):
        with self.lock:
            if not self.queue:
                self.queue = list(self.chosen)
                self.random.shuffle(self.queue)
            return self.queue.pop()

    def work(self):
        while time.monotonic() < self.deadline:
            program = self.next()
            failure, _, took = program.attempt(real.Guest, [self.armature], self.root, patience=4)
            with self.lock:
                self.counts[program.name][bool(failure)] += 1
                print(f"{program.name:40} {'FAILED' if failure else 'ok'} {took:.1f} s", flush=True)
                if failure:
                    print("    " + failure, flush=True)


def load_all(living, deadline, failures):
    while time.monotonic() < deadline:
        for process in living:
            try:
                if process.load:
                    process.load()
            except (OSError, Failure) as error:
                failures.append(f"{process.name}: {error}")
                print(f"{process.name}: {error}", flush=True)
        time.sleep(1)


def soak(chosen, armature, root, minutes, seed):
    failures = []
    with tempfile.TemporaryDirectory(prefix="soak-", ignore_cleanup_errors=True) as directory:
        living = start(armature, root, directory)
        try:
            begin = time.monotonic()
            deadline = begin + minutes * 60
            loader = threading.Thread(target=load_all, args=(living, deadline, failures))
            loader.start()
            mix = Mix(chosen, armature, root, seed, deadline)
            while time.monotonic() < deadline:
                time.sleep(min(5, minutes))
                for process in list(living):
                    try:
                        process.look()
                    except Failure as failure:
                        failures.append(str(failure))
                        print(failure, flush=True)
                        living.remove(process)
            for thread in (loader, *mix.threads):
                thread.join()
        finally:
            for process in living:
                process.end()
    print(f"\n{'program':40} passed failed")
    for name, (passed, failed) in mix.counts.items():
        print(f"{name:40} {passed:6} {failed:6}")
    print("\naverages before and after, of the processes that never end:")
    leaking = 0
    for process in living:
        text, leaks = process.growth()
        leaking += leaks
        print(text)
    passed, failed = (sum(counts[i] for counts in mix.counts.values()) for i in range(2))
    failed += len(failures) + leaking
    passed += len(living) - leaking
    print(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 and passed > 0 else 1
