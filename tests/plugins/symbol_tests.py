# SPDX-License-Identifier: MIT
"""Plugins that name addresses, over a program with a shared library and debug information."""

import os
import re
import struct
import tempfile
import xml.etree.ElementTree

from harness import HERE, bundled, check, emulate, guest_path, test

SOURCES = os.path.join(HERE, "guests", "traced")
SYSROOT = ["-L", os.environ.get("ARMATURE_SYSROOT", "/usr/aarch64-linux-gnu")]


def line_of(source, text):
    with open(os.path.join(SOURCES, source)) as file:
        return next(number for number, line in enumerate(file, 1) if text in line)


def trace(*arguments):
    return emulate(SYSROOT + bundled(*arguments), guest_path("traced"))[1]


@test("bundled/hotblocks symbols")
def _():
    lines = trace("hotblocks", "symbols=on", "limit=1").splitlines()
    check(lines[1] == "pc, tcount, icount, ecount, symbol", str(lines))
    # The loop is entered in its middle: 100 calls of 1000 rounds, of which the last is the first block's.
    hottest = re.fullmatch(r"0x[0-9a-f]{16}, 1, \d+, (\d+), hot\+0x[0-9a-f]+ \(library\.c:(\d+)\)", lines[2])
    check(hottest and 99900 <= int(hottest.group(1)) <= 100100, str(lines))
    first = line_of("library.c", "for (")
    check(first <= int(hottest.group(2)) <= first + 1, str(lines))
    # A library's function and the program's, each at its beginning.
    text = trace("hotblocks", "symbols=on", "limit=0")
    check(re.search(r", 100, library_work \(library\.c:%d\)\n" % line_of("library.c", "library_work"), text), "library_work")
    check(re.search(r", 100, outer \(traced\.c:%d\)\n" % line_of("traced.c", " outer("), text), "outer")


@test("bundled/cflow symbols")
def _():
    text = trace("cflow", "symbols=on")
    check(re.search(r"^  addr: 0x[0-9a-f]+ hot\+0x[0-9a-f]+ \(library\.c:\d+\): b\.\w+ #0x[0-9a-f]+ \(branch\)\n"
                    r"    branches 99\d\d\d?\n      to 0x[0-9a-f]+ \(\d+\) hot\+0x[0-9a-f]+ \(library\.c:\d+\)\n",
                    text, re.MULTILINE), text)


def flame_test(stack):
    def run():
        with tempfile.TemporaryDirectory() as folder:
            trace("flame", "interval=1000", "stack=" + stack, "outfile=" + folder + "/%d")
            names = sorted(os.listdir(folder))
            check(len(names) == 2 and re.fullmatch(r"\d+\.folded", names[0]) and names[1].endswith(".svg"), str(names))
            with open(os.path.join(folder, names[0])) as file:
                samples = dict(line.rsplit(" ", 1) for line in file.read().splitlines())
            samples = {stack: int(count) for stack, count in samples.items()}
            # The loop is 6 or 7 instructions: 600 to 700 samples.
            hot = {stack: count for stack, count in samples.items() if stack.endswith(";main;outer;library_work;hot")}
            check(len(hot) == 1 and 550 <= sum(hot.values()) <= 850, str(samples))
            check(next(iter(hot)).startswith("_start;__libc_start_main;"), str(hot))
            image = xml.etree.ElementTree.parse(os.path.join(folder, names[1])).getroot()
        space = "{http://www.w3.org/2000/svg}"
        check(image.tag == space + "svg", image.tag)
        titles = [title.text for title in image.iter(space + "title")]
        total = sum(samples.values())
        check("all: %d samples, 100.00%%" % total in titles, str(titles))
        check(any(title.startswith("hot: %d samples, " % sum(hot.values())) for title in titles), str(titles))
        # Boxes lie inside their picture, the widest ones are as wide as it.
        boxes = [(float(box.get("x")), float(box.get("width"))) for box in image.iter(space + "rect")
                 if box.get("width") != "100%"]
        check(max(width for _, width in boxes) == 1200 and all(x + width <= 1200.01 for x, width in boxes), str(boxes))
    return run


for kind in ("fp", "shadow"):
    test("bundled/flame " + kind)(flame_test(kind))


@test("bundled/coverage")
def _():
    with tempfile.TemporaryDirectory() as folder:
        trace("coverage", "drcov=" + folder + "/drcov", "lcov=" + folder + "/lcov")
        with open(folder + "/lcov") as file:
            records = file.read().split("end_of_record\n")
        with open(folder + "/drcov", "rb") as file:
            drcov = file.read()
    by_source = {os.path.basename(re.search(r"^SF:(.*)$", record, re.MULTILINE).group(1)): record
                 for record in records if "SF:" in record}
    check(sorted(by_source) == ["library.c", "traced.c"], str(list(by_source)))
    program, library = by_source["traced.c"], by_source["library.c"]
    for record, line in ((program, "FNDA:1,main"), (program, "FNDA:100,outer"), (program, "FNDA:0,never"),
                         (program, "FN:%d,outer" % line_of("traced.c", " outer(")), (program, "FNF:3"), (program, "FNH:2"),
                         (program, "DA:%d,0" % line_of("traced.c", "value / 3")),
                         (program, "DA:%d,100" % line_of("traced.c", "sum += outer")),
                         (library, "FNDA:100,library_work"), (library, "DA:%d,100000" % line_of("library.c", "sum = sum")),
                         (library, "DA:%d,100" % line_of("library.c", "return sum"))):
        check(line in record.splitlines(), "%s is not in\n%s" % (line, record))

    head, _, table = drcov.partition(b" bbs\n")
    lines = head.decode().splitlines()
    count = int(lines[-1].split(": ")[1])
    modules = [line.split(", ") for line in lines[4:-1]]
    check(len(table) == 8 * count, "%d bytes for %d blocks" % (len(table), count))
    names = [os.path.basename(module[4]) for module in modules]
    check(sorted(names) == ["ld-linux-aarch64.so.1", "libc.so.6", "libtraced.so", "traced"], str(names))
    covered = {module for _, _, module in struct.iter_unpack("<IHH", table)}
    check(covered == set(range(4)), str(covered))
    for start, size, module in struct.iter_unpack("<IHH", table):
        begin, end = (int(word, 16) for word in modules[module][1:3])
        check(0 < size <= 2048 and start + size <= end - begin, "%#x, %d bytes, of %s" % (start, size, modules[module]))
