# SPDX-License-Identifier: MIT
"""The interface itself: its symbols, its header in each version and language, its installation, its wrong use."""

import os
import re
import subprocess
import tempfile

import header
from harness import BUILD, EMULATOR, PROBES, ROOT, check, emulate, guest_path, test

HEADER = os.path.join(ROOT, "plugin-host", "include", "qemu-plugin.h")
VERSIONS = range(8)


def api():
    """name -> (first version, last version)."""
    with open(os.path.join(ROOT, "plugin-host", "api.def")) as file:
        rows = re.findall(r"^API\((\w+), (\d), (\d)\)$", file.read(), re.MULTILINE)
    return {name: (int(first), int(last)) for name, first, last in rows}


def in_version(version):
    return {name for name, (first, last) in api().items() if first <= version <= last}


def symbols(path, *options):
    result = subprocess.run(["nm", "-D", *options, path], capture_output=True, text=True, check=True)
    return [line.split()[-2:] for line in result.stdout.splitlines()]


def run(command, folder=None, environment=None):
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    check(result.returncode == 0, "%s\n%s%s" % (command, result.stdout, result.stderr))
    return result.stdout


@test("interface/only the interface is exported")
def _():
    # The C library's own data may be copied into a program; its symbols carry a version.
    own = {name for _, name in symbols(EMULATOR[0], "--defined-only") if "@GLIBC" not in name}
    check(own == set(api()), "exported: %s" % sorted(own ^ set(api())))


@test("interface/the probes use every function of their version")
def _():
    for version in VERSIONS:
        used = {name for kind, name in symbols(os.path.join(PROBES, "libapi%d.so" % version), "--undefined-only")
                if name.startswith("qemu_plugin_")}
        check(used == in_version(version), "version %d: %s" % (version, sorted(used ^ in_version(version))))


@test("interface/the header declares and describes every function")
def _():
    table = api()
    faults = []
    for version in VERSIONS:
        text = header.text(HEADER, version)
        functions = header.functions(text)
        functions.pop("qemu_plugin_install")  # the plugin's
        check(set(functions) == in_version(version),
              "version %d: %s" % (version, sorted(set(functions) ^ in_version(version))))
        described = [(name, entry, table[name][0]) for name, entry in functions.items()]
        described += [(name, entry, None) for name, entry in header.callbacks(text).items()]
        for name, entry, since in described:
            faults += ["version %d: %s %s" % (version, name, fault) for fault in header.faults(name, *entry, since)]
    check(not faults, "\n  ".join(faults))


@test("interface/the header is clean C and C++ in each version")
def _():
    with tempfile.TemporaryDirectory() as folder:
        for compiler, suffix, standard in (("cc", "c", "c11"), ("c++", "cc", "c++17")):
            files = []
            for version in VERSIONS:
                for array in ("", "#define QEMU_PLUGIN_NO_GLIB\n"):
                    path = "%s/%s%d%s.%s" % (folder, suffix, version, "n" if array else "g", suffix)
                    with open(path, "w") as file:
                        file.write("#define QEMU_PLUGIN_VERSION %d\n%s#include <qemu-plugin.h>\n"
                                   "QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;\n" % (version, array))
                    files.append(path)
            glib = subprocess.run(["pkg-config", "--cflags", "glib-2.0"], capture_output=True, text=True).stdout.split()
            glib = [flag.replace("-I", "-isystem") for flag in glib]
            run([compiler, "-std=" + standard, "-Wall", "-Wextra", "-pedantic", "-Werror", "-fsyntax-only",
                 "-I", os.path.dirname(HEADER), *glib, *files])
    result = subprocess.run(["cc", "-fsyntax-only", "-DQEMU_PLUGIN_VERSION=8", HEADER], capture_output=True, text=True)
    check(result.returncode != 0 and "must be one of 0 ... 7" in result.stderr, result.stderr)


MINIMAL = """
#include <qemu-plugin.h>
QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;
static void ended(qemu_plugin_id_t id, void *userdata) {
    (void)id, (void)userdata;
    qemu_plugin_outs("built elsewhere\\n");
}
QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv) {
    (void)info, (void)argc, (void)argv;
    qemu_plugin_register_atexit_cb(id, ended, 0);
    return 0;
}
"""

PROJECT = """
cmake_minimum_required(VERSION 3.25)
project(mine C)
find_package(armature-plugin REQUIRED)
add_library(mine MODULE mine.c)
target_link_libraries(mine PRIVATE armature::plugin)
"""


@test("interface/installed, and built against with one command")
def _():
    with tempfile.TemporaryDirectory() as folder:
        prefix = folder + "/prefix"
        run(["cmake", "--install", BUILD, "--prefix", prefix])
        for name in ("mine.c", "mine.cc"):
            with open(folder + "/" + name, "w") as file:
                file.write(MINIMAL)
        with open(folder + "/CMakeLists.txt", "w") as file:
            file.write(PROJECT)
        found = subprocess.run(["find", prefix, "-name", "armature-plugin.pc"], capture_output=True, text=True).stdout.strip()
        environment = dict(os.environ, PKG_CONFIG_PATH=os.path.dirname(found))
        for compiler, source in (("cc", "mine.c"), ("c++", "mine.cc")):
            run(["sh", "-c", compiler + " -shared -fPIC $(pkg-config --cflags armature-plugin) " + source + " -o libmine.so"],
                folder, environment)
            _, text = emulate(["-plugin", folder + "/libmine.so"], guest_path("loop"))
            check(text == "built elsewhere\n", text)
        run(["cmake", "-G", "Ninja", "-S", folder, "-B", folder + "/build",
             "-DCMAKE_PREFIX_PATH=" + prefix])
        run(["cmake", "--build", folder + "/build"])
        _, text = emulate(["-plugin", folder + "/build/libmine.so"], guest_path("loop"))
        check(text == "built elsewhere\n", text)
        # What was installed runs by itself.
        binary = os.path.join(prefix, "bin", "armature")
        output = run([binary, "-d", "plugin", "-D", "/dev/stdout", "-plugin", folder + "/libmine.so", guest_path("loop")])
        check(output == "built elsewhere\n", output)


@test("interface/a plugin from before the versions")
def _():
    plugin = os.path.join(PROBES, "libseed.so")
    with tempfile.NamedTemporaryFile(mode="r") as file:
        emulate(["-plugin", "%s,qemu_plugin_version=seed,out=%s" % (plugin, file.name)], guest_path("accesses"))
        text = file.read()
    check(text == "blocks=1 insns=48 stores=46 calls=1 wrong=0\n", text)
    result = subprocess.run(EMULATOR + ["-plugin", plugin, guest_path("loop")], capture_output=True, text=True, timeout=60)
    check(result.returncode == 1 and "qemu_plugin_version=seed" in result.stderr, result.stderr)


# Way of libmisuse.so -> what the message says of it.
MISTAKES = {
    "stale-tb": "qemu_plugin_register_vcpu_tb_exec_cb: the block's handle is used outside its translation callback",
    "stale-insn": "the instruction's handle is used outside its translation callback",
    "stale-query": "qemu_plugin_insn_vaddr: the instruction's handle is used outside its translation callback",
    "stale-disas": "qemu_plugin_insn_disas: the instruction's handle is used outside its translation callback",
    "old-tb": "qemu_plugin_register_vcpu_tb_exec_cb: the block's handle is used outside its translation callback",
    "old-insn": "qemu_plugin_insn_size: the instruction's handle is used outside its translation callback",
    "no-counter": "qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu: no scoreboard",
    "handle-in-install": "qemu_plugin_tb_n_insns: the block's handle is used outside its translation callback",
    "uninstall-in-install": "qemu_plugin_uninstall: not possible inside qemu_plugin_install",
    "reset-in-install": "qemu_plugin_reset: not possible inside qemu_plugin_install",
    "freed-scoreboard": "qemu_plugin_u64_add: the scoreboard has been freed",
    "freed-twice": "qemu_plugin_scoreboard_free: the scoreboard has been freed before",
    "no-scoreboard": "qemu_plugin_u64_sum: no scoreboard",
    "far-vcpu": "qemu_plugin_scoreboard_find: there is no vCPU of that index",
    "far-offset": "qemu_plugin_u64_set: the counter is not inside the scoreboard's elements",
    "foreign-register": "qemu_plugin_read_register: not a register's handle",
    "unannounced-read": "qemu_plugin_read_register: called in a callback that was registered without QEMU_PLUGIN_CB_R_REGS",
    "unannounced-write":
        "qemu_plugin_write_register: called in a callback that was registered without QEMU_PLUGIN_CB_RW_REGS",
    "foreign-id": "qemu_plugin_register_flush_cb: there is no plugin with this id",
}


def misuse_test(way, message):
    def attempt():
        plugin = os.path.join(PROBES, "libmisuse.so")
        command = EMULATOR + ["-d", "plugin", "-D", "/dev/stdout", "-plugin", plugin + ",do=" + way, guest_path("loop")]
        result = subprocess.run(command, capture_output=True, text=True, timeout=60)
        check(result.returncode == 0 and result.stdout == "24 instructions\n", str(result))
        # Said once, with the plugin's name.
        check(result.stderr == "armature: plugin %s: %s\n" % (plugin, result.stderr.strip().split(": ", 2)[-1])
              and message in result.stderr, result.stderr)
    return attempt


for mistake, words in MISTAKES.items():
    test("interface/misuse/" + mistake)(misuse_test(mistake, words))


@test("interface/misuse/unannounced-pc")
def _():
    # There is no way back from set_pc, so this one ends the run.
    command = EMULATOR + ["-plugin", os.path.join(PROBES, "libmisuse.so") + ",do=unannounced-pc", guest_path("loop")]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    check(result.returncode == 1 and "qemu_plugin_set_pc: called outside a callback that may set the program counter"
          in result.stderr, str(result))
