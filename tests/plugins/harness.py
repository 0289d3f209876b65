# SPDX-License-Identifier: MIT
"""What the tests of the plugin host share: where things are, how a guest is run, and the list of tests."""

import os
import re
import shlex
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.environ.get("ARMATURE_BUILD", os.path.join(ROOT, "build"))
PROBES = os.path.join(BUILD, "test-plugins")
BUNDLED = os.path.join(BUILD, "bin", "plugins")
MODES = {"default": [], "one-insn-per-tb": ["-one-insn-per-tb"], "nochain": ["-d", "nochain"]}

# The command, as words; --emulator replaces it.
EMULATOR = [os.path.join(BUILD, "bin", "armature")]

tests = []


def test(name):
    def register(function):
        tests.append((name, function))
        return function
    return register


class Failure(Exception):
    pass


def check(condition, message):
    if not condition:
        raise Failure(message)


def emulate(options, guest, status=0, log=True, environment=None):
    """Runs a guest; returns (stdout, what -d plugin printed)."""
    with tempfile.NamedTemporaryFile(mode="r") as file:
        command = EMULATOR + (["-d", "plugin", "-D", file.name] if log else []) + options + [guest]
        result = subprocess.run(command, capture_output=True, text=True, timeout=60,
                                env=dict(os.environ, **(environment or {})))
        text = file.read()
    check(result.returncode == status,
          "%s\n  ended with %d instead of %d\n%s" % (shlex.join(command), result.returncode, status, result.stderr))
    return result.stdout, text


def guest_path(name):
    return os.path.join(PROBES, "guests", name)


def cpu_of(source):
    """The options for a guest whose source has a line `// cpu: MODEL`."""
    with open(source) as file:
        line = re.search(r"^// cpu: (.*)$", file.read(), re.MULTILINE)
    return ["-cpu", line.group(1)] if line else []


def bundled(name, *arguments):
    return ["-plugin", ",".join([os.path.join(BUNDLED, "lib%s.so" % name), *arguments])]
