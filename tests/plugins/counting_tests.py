# SPDX-License-Identifier: MIT
"""Counts by each kind of instrumentation alone, which is when additions of a block are merged, against the numbers that
the guests' sources give, in every mode of the emulator."""

import glob
import os
import re

from harness import HERE, PROBES, check, cpu_of, emulate, guest_path, test

# What is counted -> by which of the hand-made counts.
WAYS = {"tb": ["blocks"], "tb-inline": ["blocks"], "insn": ["insns"], "insn-inline": ["insns"],
        "mem": ["loads", "stores"], "mem-inline": ["loads", "stores"]}
# Mode -> options, environment.
MODES = {
    "default": ([], {}),
    "one-insn-per-tb": (["-one-insn-per-tb"], {}),
    "nochain": (["-d", "nochain"], {}),
    "called": ([], {"ARMATURE_DISABLE": "counting-callbacks"}),
    "disable-all": ([], {"ARMATURE_DISABLE": "all"}),
    "old-host": ([], {"ARMATURE_HOST": "-avx,-bmi1,-bmi2,-lzcnt,-sse42"}),
}


def way_test(version, way, source, expected, mode):
    fields = ["insns"] if mode == "one-insn-per-tb" and WAYS[way] == ["blocks"] else WAYS[way]
    if not all(field in expected for field in fields):
        return None
    options, environment = MODES[mode]

    def run():
        for arguments in ("", ",registers=on") if mode == "default" else ("",):
            plugin = "%s,what=%s%s" % (os.path.join(PROBES, "libcounts%d.so" % version), way, arguments)
            guest = guest_path(os.path.basename(source)[:-2])
            _, text = emulate(cpu_of(source) + options + ["-plugin", plugin], guest, environment=environment)
            total = int(re.fullmatch(way + r": (\d+)\n", text).group(1))
            least = sum(int(expected[field].rstrip("+")) for field in fields)
            at_least = any(expected[field].endswith("+") for field in fields)
            check(total == least or at_least and least <= total <= least + 5, "%d instead of %d" % (total, least))
    return run


def mixed_test(way, source):
    """Callbacks that combine addresses give the same whether they are called or become operations."""
    def run():
        plugin = os.path.join(PROBES, "libcounts4.so,what=%s" % way)
        guest = guest_path(os.path.basename(source)[:-2])
        texts = {emulate(cpu_of(source) + options + ["-plugin", plugin], guest, environment=environment)[1]
                 for options, environment in (MODES["default"], MODES["called"], MODES["disable-all"])}
        check(len(texts) == 1, "they differ: %s" % sorted(texts))
    return run


for source_file in sorted(glob.glob(os.path.join(HERE, "guests", "*.S"))):
    name = os.path.basename(source_file)[:-2]
    with open(source_file) as file:
        line = re.search(r"^// counts: (.*)$", file.read(), re.MULTILINE).group(1)
    counts = dict(word.split("=") for word in line.split())
    # Elsewhere addresses differ from run to run.
    if name not in ("two_threads", "rewrite", "fault"):
        for way_name in ("insn-mixed", "mem-mixed"):
            test("counting/%s/%s" % (name, way_name))(mixed_test(way_name, source_file))
    # Version 1 counts inline at one address, which two threads share.
    for api_version in (1, 4) if name != "two_threads" else (4,):
        for way_name in WAYS:
            for mode_name in MODES if api_version == 4 else ["default"]:
                attempt = way_test(api_version, way_name, source_file, counts, mode_name)
                if attempt:
                    test("counting/%s/%s%d/%s" % (name, way_name, api_version, mode_name))(attempt)
