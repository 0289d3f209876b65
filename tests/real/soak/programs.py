# SPDX-License-Identifier: MIT
"""What the rows of programs.txt name: each function runs a program by a guest (see tests/real/run), checks what it printed
and raises Failure, or returns None or some words about the result."""

import contextlib
import importlib.machinery
import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request

SOURCES = os.path.dirname(os.path.abspath(__file__))
loader = importlib.machinery.SourceFileLoader("real", os.path.join(os.path.dirname(SOURCES), "run"))
real = importlib.util.module_from_spec(importlib.util.spec_from_loader("real", loader))
loader.exec_module(real)
Failure, expect = real.Failure, real.expect

JAVA = "usr/lib/jvm/java-17-openjdk-arm64/bin/"


def cache(guest, name):
    """A directory that is kept from run to run; also inside the root, when that is what a program sees."""
    path = os.path.join(os.path.dirname(guest.root), "soak-cache", name)
    os.makedirs(path, exist_ok=True)
    return path


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port, seconds=60):
    for _ in range(seconds * 10):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise Failure(f"nobody listens at port {port}")


@contextlib.contextmanager
def server(guest, path, *arguments, stop=signal.SIGTERM):
    """A guest program that serves until the block ends; it must then end by itself, with status 0."""
    process = subprocess.Popen(guest.command(path, *arguments), cwd=guest.directory, env=guest.environment(),
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               start_new_session=True)
    try:
        yield
        process.send_signal(stop)
        out, _ = process.communicate(timeout=60)
        if process.returncode != 0:
            raise Failure(f"{path}: status {process.returncode}\n" + real.tail(out))
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def node(guest, *options):
    shutil.copy(os.path.join(SOURCES, "workers.js"), guest.directory)
    lines = guest.run("usr/bin/node", *options, "workers.js").split(b"\n")
    expect(b"\n".join(sorted(lines)[1:]), "arm64 100000 2d711642\nhello /x\nworkers 3999956")


def java(guest, *options):
    classes = cache(guest, "classes")
    if not os.path.exists(os.path.join(classes, "Soak.class")):
        guest.run(JAVA + "javac", "-d", classes, os.path.join(SOURCES, "Soak.java"))
    expect(guest.run(JAVA + "java", *options, "-Xmx256m", "-cp", classes, "Soak"),
           "aarch64\nmaps true fib 46368\nlocked 240000\nnulls 5000\noverflow\nkept 100 sum 284.188612\nparallel 100000\n")


def go(guest):
    os.mkdir(guest.path("soak"))  # not right under a temporary directory, says go
    for name in ("storm.go", "storm_test.go"):
        shutil.copy(os.path.join(SOURCES, name), guest.path("soak"))
    guest.write("soak/go.mod", "module example.org/soak\n\ngo 1.19\n")
    # The first run also compiles the library.
    guest.write("script", "cd soak; export GOFLAGS=-mod=mod GOPROXY=off CGO_ENABLED=0 GOCACHE=" + cache(guest, "go") + "; "
                          "export PATH=/usr/lib/go-1.19/bin:$PATH; go build . && go vet . && go test -count=1 -v .")
    out = guest.run("usr/bin/bash", "script")
    expect(b" ".join(re.findall(rb"--- PASS: (\w+)", out)),
           "TestStorm TestPreemption TestFaults TestProcesses TestSockets")


def python(guest, *modules):
    """Python's own tests. Left out is what cannot pass: `test_listdir` wants . after chdir("/") to be what / is by name,
    which a prefix for looking names up (-L) cannot give, and AF_VSOCK's streams hang on a real kernel too where the device is
    the host's."""
    ignored = [word for pattern in ("test_os.Pep383Tests.test_listdir", "test_socket.ThreadedVSOCK*") for word in ("-i", "*" + pattern)]
    done = guest.run("usr/bin/python3", "-m", "test", "-w", "--timeout", "600", *ignored, *modules, status=None)
    if b"Tests result: SUCCESS" not in done:
        failed = re.search(rb"tests? failed:\n((?:    .*\n)+)", done)
        raise Failure("failed: " + (" ".join(failed[1].decode().split()) if failed else "no result") + "\n" + real.tail(done))


def redis(guest):
    port = str(free_port())
    with server(guest, "usr/bin/redis-server", "--port", port, "--save", ""):
        wait_for_port(int(port))
        out = guest.run("usr/bin/redis-benchmark", "-p", port, "-n", "5000", "-c", "20", "-q", "-t", "set,get,lpush,mset")
        if len(re.findall(rb"[A-Z]+[^:]*: [\d.]+ requests per second", out)) != 4:
            raise Failure(real.tail(out))
        expect(guest.run("usr/bin/redis-cli", "-p", port, "llen", "mylist"), "5000\n")


def postgres(guest):
    guest.write("script", f"""
set -e
export PATH=/usr/lib/postgresql/15/bin:$PATH TZ=UTC PGPORT={free_port()} PGHOST=$PWD
initdb -D data -A trust --no-sync -E UTF8 --locale=C > initdb.log
pg_ctl -D data -o "-k $PWD -c fsync=off" -l log -w start > start.log
trap 'pg_ctl -D data -m immediate stop > /dev/null' ERR
createdb bench
pgbench -i -s 1 -q bench 2> init.log
pgbench -c 4 -j 2 -t 50 bench > bench.log 2>&1
psql bench -Atc "select count(*), sum(abalance) = (select sum(delta) from pgbench_history) from pgbench_accounts"
psql bench -Atc "select count(*) from pgbench_history"
pg_ctl -D data -m fast -w stop > stop.log
""")
    # The server refuses to run as root.
    os.chmod(guest.directory, 0o777)
    become = ["setpriv", "--reuid", "105", "--regid", "105", "--clear-groups"] if os.geteuid() == 0 else []
    expect(guest.run("usr/bin/bash", "script", before=become), "100000|t\n200\n")


def nginx(guest):
    port = free_port()
    os.makedirs(guest.path("html"))
    data = real.noise(300_000, 5)
    guest.write("html/data", data)
    guest.write("nginx.conf", f"""daemon off; worker_processes 2; pid nginx.pid; user root;
events {{ worker_connections 64; }}
http {{ access_log off; client_body_temp_path a; proxy_temp_path b; fastcgi_temp_path c; uwsgi_temp_path d; scgi_temp_path e;
sendfile on; server {{ listen 127.0.0.1:{port}; root html; }} }}""")
    os.chmod(guest.directory, 0o755)
    with server(guest, "usr/sbin/nginx", "-p", guest.directory, "-c", "nginx.conf", "-e", "error.log", stop=signal.SIGQUIT):
        wait_for_port(port)
        for _ in range(50):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/data", timeout=30) as answer:
                expect(answer.read(), data)
        expect(guest.run("usr/bin/curl", "-s", f"http://127.0.0.1:{port}/data"), data)


def fio(guest, *options):
    out = guest.run("usr/bin/fio", "--name=job", "--ioengine=io_uring", "--size=8m", "--bs=4k", "--rw=randrw", "--iodepth=16",
                    "--verify=crc32c", "--verify_fatal=1", "--group_reporting", *options)
    if not re.search(rb"err= 0", out):
        raise Failure(real.tail(out))


def sqlite(guest):
    real.sqlite(guest)


def git_clone(guest):
    guest.write("script", f"""
set -e
git config --global user.email a@example.org; git config --global user.name A; git config --global safe.directory '*'
git init -q -b main src; cd src; for i in $(seq 200); do echo "line $i" > file$i; done
git add .; git commit -q -m one; echo more >> file3; git commit -q -a -m two; cd ..
git clone -q --bare src served.git; touch served.git/git-daemon-export-ok
git daemon --reuseaddr --port={(port := free_port())} --listen=127.0.0.1 --base-path=$PWD --pid-file=$PWD/pid $PWD 2> daemon.log &
for i in $(seq 100); do git ls-remote git://127.0.0.1:{port}/served.git > /dev/null 2>&1 && break; sleep 0.1; done
git clone -q git://127.0.0.1:{port}/served.git out
kill $(cat pid); cd out; git log --oneline | wc -l; git fsck 2> /dev/null; ls | wc -l
""")
    expect(guest.run("usr/bin/bash", "script"), "2\n200\n")


def build_lua(guest):
    guest.write("script", """
set -e
tar -xf /usr/src/lua5.4_*.orig.tar.gz; cd lua-5.4.*
make -s -j2 linux CC=gcc MYLIBS= SYSLIBS="-Wl,-E -ldl" SYSCFLAGS="-DLUA_USE_POSIX -DLUA_USE_DLOPEN" > /dev/null
./src/lua -e 'local s = 0 for i = 1, 1e6 do s = s + i end print(_VERSION, s, string.rep("x", 3), pcall(error, "e"))'
""")
    expect(guest.run("usr/bin/bash", "script"), "Lua 5.4\t500000500000\txxx\tfalse\te\n")


def dpkg(guest):
    database = guest.path("root/var/lib/dpkg")
    for folder in ("info", "updates"):
        os.makedirs(os.path.join(database, folder))
    for name in ("status", "available"):
        open(os.path.join(database, name), "w").close()
    archives = guest.root + ".apt/archives"
    archive = next(name for name in os.listdir(archives) if name.startswith("make_"))
    shutil.copy(os.path.join(archives, archive), guest.directory)
    guest.write("script", "PATH=$PATH:/usr/sbin:/sbin; exec dpkg --root=$PWD/root --force-depends --force-script-chrootless \"$@\"\n")
    for action, state in (("--install", b"ii  make"), ("--verify", b"ii  make"), ("--remove", b"")):
        guest.run("usr/bin/bash", "script", action, archive if action == "--install" else "make")
        if state and state not in guest.run("usr/bin/bash", "script", "--list", "make"):
            raise Failure("dpkg does not list the package after " + action)
    if os.path.exists(guest.path("root/usr/bin/make")):
        raise Failure("the package's files are still there")


CHROOT = """
mount -t proc proc "$1/proc"
exec chroot "$1" /armature-static -E PATH=/usr/sbin:/usr/bin:/sbin:/bin,HOME=/root,LC_ALL=C,DEBIAN_FRONTEND=noninteractive \\
    /bin/sh -c "$2"
"""


def bootstrap(guest):
    """The second stage of a foreign debootstrap, by the static emulator and without binfmt_misc; then apt and dpkg inside."""
    if os.geteuid() != 0 or not shutil.which("debootstrap"):
        raise Failure("needs root, and debootstrap")
    first = os.path.join(os.path.dirname(guest.root), "arm64-debootstrap")
    if not os.path.exists(os.path.join(first, "debootstrap", "debootstrap")):
        shutil.rmtree(first, ignore_errors=True)
        subprocess.run(["debootstrap", "--foreign", "--arch=arm64", "--variant=minbase", "bookworm", first],
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    root = guest.path("root")
    subprocess.run(["cp", "-a", first, root], check=True)
    shutil.copy(os.path.join(os.path.dirname(guest.emulator[0]), "armature-static"), root)
    shutil.copy("/etc/resolv.conf", os.path.join(root, "etc"))
    os.makedirs(os.path.join(root, "proc"), exist_ok=True)
    script = "set -e; /bin/sh /debootstrap/debootstrap --second-stage; apt-get -q update; " \
             "apt-get -q -y install --no-install-recommends make file; echo 'all:; @echo $(MAKE_VERSION)' > Makefile; make; " \
             "file -bL /bin/sh; apt-get -q -y purge make; dpkg --audit; dpkg --verify libc6 dash; echo finished"
    done = subprocess.run(["unshare", "-m", "bash", "-c", CHROOT, "_", root, script], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=guest.seconds)
    lines = done.stdout.decode(errors="replace").split("\n")
    for wanted in ("I: Base system installed successfully.", "4.3", "finished"):
        if wanted not in lines:
            raise Failure(f"no line {wanted!r}\n" + real.tail(done.stdout))
    if done.returncode != 0 or not any(line.startswith("ELF 64-bit LSB pie executable, ARM aarch64") for line in lines):
        raise Failure(f"status {done.returncode}\n" + real.tail(done.stdout))


def unsuitable_stressors():
    with open(os.path.join(SOURCES, "stressors.txt")) as table:
        return [line.split()[0] for line in table if line.strip() and line[0] != "#"]


@contextlib.contextmanager
def small_disk(path):
    """Some stressors fill the disk; this one is theirs alone."""
    if os.geteuid() != 0:
        yield
        return
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1g,nr_inodes=100000", "soak", path], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", path], check=True)


def stress(guest, *names):
    """Each stressor of stress-ng for a second, by two processes that verify what they get. What fails natively too is no failure."""
    with small_disk(guest.directory):
        return stress_here(guest, names)


def stress_here(guest, names):
    if not names:
        names = [name for name in guest.run("usr/bin/stress-ng", "--stressors").decode().split()
                 if name not in unsuitable_stressors()]
    failed, native = [], []
    for name in names:
        arguments = ["--" + name, "2", "--timeout", "1", "--verify", "--temp-path", "."]
        try:
            guest.run("usr/bin/stress-ng", *arguments, seconds=60)
        except Failure as failure:
            if subprocess.run(["timeout", "-s", "KILL", "60", "stress-ng", *arguments], cwd=guest.directory,
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode != 0:
                native.append(name)
            else:
                failed.append((name, failure))
    if failed:
        raise Failure(f"{len(failed)} of {len(names)} stressors: " + " ".join(name for name, _ in failed) + "\n" +
                      "\n".join(f"  {name}: {failure}" for name, failure in failed))
    return f"{len(names)} stressors" + (f" ({' '.join(native)} fail natively too)" if native else "")
