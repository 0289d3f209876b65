# SPDX-License-Identifier: MIT
"""What the public header says in each of its versions: declarations with their comments.

The header is preprocessed with its comments kept, so what is looked at is exactly what a plugin of that version sees.
"""

import re
import subprocess

FUNCTION = re.compile(r"/\*\*((?:(?!\*/).)*)\*/\s*(?:QEMU_PLUGIN_API|__attribute__\(\(visibility\(\"default\"\)\)\))?\s*"
                      r"([\w\s]+?[\s*]+)(qemu_plugin_\w+)\(([^()]*)\)[^;{}]*;", re.DOTALL)
CALLBACK = re.compile(r"/\*\*((?:(?!\*/).)*)\*/\s*typedef\s+([\w\s]+?[\s*]*)\(\*\s*(qemu_plugin_\w+)\)\(([^()]*)\);",
                      re.DOTALL)
DECLARED = re.compile(r"\b(qemu_plugin_\w+)\((?!\))[^()]*\)[^;{}]*;")


def text(header, version, compiler="cc"):
    """The header as version `version` has it, with comments, without what it includes."""
    result = subprocess.run([compiler, "-E", "-C", "-DQEMU_PLUGIN_NO_GLIB", "-DQEMU_PLUGIN_VERSION=%d" % version, header],
                            capture_output=True, text=True, check=True)
    own = False
    lines = []
    for line in result.stdout.splitlines():
        marker = re.match(r'# \d+ "([^"]*)"', line)
        if marker:
            own = marker.group(1) == header
        elif own:
            lines.append(line)
    return "\n".join(lines)


def parameters(declaration):
    names = []
    for word in declaration.split(","):
        name = re.search(r"(\w+)\s*$", word.strip())
        if name and name.group(1) != "void":
            names.append(name.group(1))
    return names


def functions(source):
    """name -> (comment, returned type, parameter names)."""
    return {name: (comment, returned.strip(), parameters(declared))
            for comment, returned, name, declared in FUNCTION.findall(source)}


def callbacks(source):
    return {name: (comment, returned.strip(), parameters(declared))
            for comment, returned, name, declared in CALLBACK.findall(source)}


def faults(name, comment, returned, names, since):
    """What the comment of a function (since: its first version) or a callback type (since: None) leaves out."""
    found = []
    title = "typedef " + name if since is None else name + "()"
    if not comment.strip().lstrip("* ").startswith(title + " - "):
        found.append("does not begin with \"%s - \"" % title)
    found += ["says nothing of @" + each for each in names if not re.search(r"@%s:" % each, comment)]
    if returned != "void" and "Return:" not in comment:
        found.append("does not say what is returned")
    if since is not None:
        words = re.search(r"(?:Since version (\d+)|Versions? (\d+)(?: and \d+)?)\b", comment)
        if not words or int(words.group(1) or words.group(2)) != since:
            found.append("does not say that it is there since version %d" % since)
    return found
