"""What a document says that is no command: links, options, packages, messages. Each check gives pairs of a line and a problem, or None
in place of a problem where all is well."""
import functools
import os
import re
import subprocess

import pages

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|<img[^>]*src=\"([^\"]+)\"|!\[[^\]]*\]\(([^)\s]+)\)")
INLINE = re.compile(r"`skystackfs ([a-z]+)\b")
SOURCES = ("production", "sandbox")


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read()


@functools.cache
def anchors(path):
    """Where a document's headings can be linked to."""
    text = re.sub(r"^( *)```.*?^\1```$", "", read(path), flags=re.S | re.M)
    found = set()
    for heading in re.findall(r"^#+ (.*)$", text, re.M):
        slug = re.sub(r"[^\w\- ]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading.lower())).replace(" ", "-")
        number, name = 1, slug
        while name in found:
            name, number = f"{slug}-{number}", number + 1
        found.add(name)
    return found


def links(repository, name, text):
    path = os.path.join(repository, name)
    for each in LINK.finditer(pages.blanked(text)):
        target = next(group for group in each.groups() if group)
        line = text.count("\n", 0, each.start()) + 1
        if re.match(r"\w+:", target):
            continue
        file, _, anchor = target.partition("#")
        there = os.path.normpath(os.path.join(os.path.dirname(path), file)) if file else path
        if not os.path.exists(there):
            yield line, f"the link leads nowhere: {target}"
        elif anchor and anchor not in anchors(there):
            yield line, f"there is no such heading: {target}"
        else:
            yield line, None


@functools.cache
def help_text():
    return subprocess.run([os.environ["SKYSTACKFS"], "--help"], stdout=subprocess.PIPE, text=True, check=True).stdout


def subcommands(_, __, text):
    """Commands that are named in a sentence are there."""
    known = set(re.findall(r"^    skystackfs ([a-z]+) ", help_text(), re.M)) | set(SOURCES)
    for each in INLINE.finditer(pages.blanked(text)):
        line = text.count("\n", 0, each.start()) + 1
        yield line, None if each[1] in known else f"there is no `skystackfs {each[1]}`"


def options(_, name, text):
    """docs/configuration.md has each option of --help in a row of its own, with its argument and default, and no other."""
    if name != "docs/configuration.md":
        return
    real = {}
    for row in help_text().split("Options (and their defaults):")[1].splitlines():
        found = re.match(r"    ([a-z_]+)(=\S+)?\s+(.*)", row)
        if found:
            default = re.search(r" \((\S+)\)$", found[3])
            real[found[1] + (found[2] or "")] = default[1] if default else ""
    told = {}
    table = text.split("\n## Options\n")[1].split("\n## ")[0]
    for row in re.finditer(r"^\| `([a-z_]+(?:=[^`]+)?)` \| ([^|]*) \|", table, re.M):
        told[row[1].replace("\\|", "|")] = row[2].strip().strip("`–")
    for option in sorted({*real, *told}):
        if option not in told:
            yield 1, f"the option {option} is missing"
        elif option not in real:
            yield 1, f"there is no option {option}"
        else:
            yield 1, None if real[option] == told[option] else f"the default of {option} is {real[option]}, not {told[option]}"


def live_options(repository, name, text):
    """docs/configuration.md names those that SIGHUP takes over."""
    if name != "docs/configuration.md":
        return
    told = set(re.findall(r"`([a-z_]+)`", re.search(r"^At `HUP` .*?\. ", text, re.S | re.M)[0]))
    rows = re.findall(r'^    \{"(\w+)", .*?(true|false)\},$', read(repository, "src/app/option_table.c"), re.S | re.M)
    for option, live in rows:
        yield 1, None if (live == "true") == (option in told) else f"SIGHUP: {option} is wrong"


def packages(repository, name, text):
    """The README's table names each package that packaging/deps.sh installs."""
    if name != "README.md":
        return
    script = read(repository, "packaging/deps.sh")
    wanted = set(" ".join(re.findall(r"^(?:run|build|test)='([^']*)'", script, re.M)).split())
    wanted |= set(re.findall(r"\b(\w+):\w+\b", "".join(re.findall(r"^for package in (\w+:\w+(?: \w+:\w+)*); do\n    command", script, re.M))))
    table = text.split("## Dependencies")[1].split("\n## ")[0]
    told = set(re.findall(r"[\w.+-]+", " ".join(row.split("|")[1] for row in table.splitlines() if row.startswith("|"))))
    for package in sorted(wanted):
        yield 1, None if package in told else f"the dependencies do not name {package}"


@functools.cache
def said(repository):
    """Patterns of all texts in the sources."""
    found = []
    for folder, _, files in os.walk(os.path.join(repository, "src")):
        for file in files:
            if file.endswith((".c", ".h")):
                source = re.sub(r'"\s*(?:PRI\w+\s*)?"', "", read(folder, file))
                found += re.findall(r'"((?:[^"\\\n]|\\.)*)"', source)
    return [re.sub(r"%(?:[-0-9.*]*(?:l|ll|z|j)?[a-zA-Z]|%)?", "\0", text.replace('\\"', '"')) for text in found if len(text) > 8]


def is_said(repository, message):
    words = message.replace("…", "\0").replace("...", "\0")
    literal = max(words.split("\0"), key=len).strip()
    for text in said(repository):
        pattern = ".*".join(re.escape(part) for part in text.split("\0"))
        if literal in text or re.search(pattern, message):
            return True
    return False


def messages(repository, name, text):
    """The messages in the first column of docs/troubleshooting.md's tables are the program's."""
    if name != "docs/troubleshooting.md":
        return
    for row in re.finditer(r"^\| `([^`]+)`", text, re.M):
        line = text.count("\n", 0, row.start()) + 1
        yield line, None if is_said(repository, row[1]) else f"nothing in the sources says: {row[1]}"


def of_document(repository, name, text):
    for check in (links, subcommands, options, live_options, packages, messages):
        yield from check(repository, name, text)
