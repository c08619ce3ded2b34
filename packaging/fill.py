#!/usr/bin/env python3
"""Fills a template of the manual or of a shell's completions with the program's own tables.

    fill.py VERSION TEMPLATE LIST...      prints the text

A LIST is what src/app/lists.c or src/sandbox/lists.c prints. In the template @VERSION@ is the version, and a line that
is @NAME@ alone is replaced by a list, as the functions of that name below make it.
"""

import re
import sys

ROWS = {
    "option": ("name", "kind", "argument", "default", "live", "meaning"),
    "command": ("name", "arguments", "meaning"),
    "error": ("symbol", "sentence"),
    "sandbox": ("name", "value", "help"),
    "status": ("name",),
    "column": ("name",),
}


class Row:
    kind, default = "", ""

    def __init__(self, fields):
        self.__dict__.update(fields)


def read(paths):
    rows = {kind: [] for kind in ROWS}
    for path in paths:
        for line in open(path, encoding="utf-8"):
            kind, *values = line.rstrip("\n").split("\t")
            rows[kind].append(Row(dict(zip(ROWS[kind], values, strict=True))))
    for row in rows["sandbox"]:
        row.long = row.name.split(", ")[-1]
        found = re.fullmatch(r"(.*) \(([^()]*)\)", row.help)
        row.meaning, row.default = found.groups() if found else (row.help, "")
    for row in rows["command"]:
        row.flags, row.words = arguments(row.arguments)
    return rows


def arguments(text):
    """What a command takes: its flags with their value ("" for none), and its words, in brackets if it does without."""
    flags, words = {}, []
    for optional, plain in re.findall(r"\[(-(?:[^][]|\[[^]]*\])*)\]|(\S+)", text):
        if optional:
            flag, _, value = optional.partition(" ")
            flags[flag] = value
        else:
            words.append(plain)
    return flags, words


# --- the manual ---


def literal(text):
    return re.sub(r"([\\*_`])", r"\\\1", text)


def shaped(text):
    """VALUE underlined, words bold, the rest as it is."""
    out = ""
    for value, word, other in re.findall(r"([A-Z]+)|(-{0,2}[a-z][a-z-]*)|(.)", text):
        out += f"_{value}_" if value else f"*{literal(word)}*" if word else literal(other)
    return out


def sentence(row):
    is_word = row.meaning.split(",")[0] in row.kind.split("|")
    text = literal(row.meaning if is_word else row.meaning[0].upper() + row.meaning[1:])
    return f"\t{text}." + (f" Default: *{literal(row.default)}*." if row.default else "")


def manual_options(rows):
    for row in rows["option"]:
        yield f"*{literal(row.name)}*" + (f"={shaped(row.argument)}" if row.argument else "")
        yield sentence(row)
        yield ""


def manual_keys(rows):
    for row in rows["option"]:
        value = shaped(row.argument) if row.argument else "*yes*|*no*"
        yield f"*{literal(row.name)}* = {value}"
        live = " Taken over at HUP." if row.live else ""
        yield f"{sentence(row)} Variable: *SKYSTACKFS\\_{literal(row.name.upper())}*.{live}"
        yield ""


def manual_commands(rows):
    for row in rows["command"]:
        yield f"*skystackfs {row.name}* {shaped(row.arguments)}".rstrip()
        yield sentence(row)
        yield ""


def manual_errors(rows):
    sentences = {}
    for row in rows["error"]:
        sentences.setdefault(row.symbol, []).append(row.sentence)
    for symbol in sorted(sentences):
        yield f"*{symbol}*"
        yield "\t" + literal(" Or: ".join(sentences[symbol]))
        yield ""


def manual_sandbox(rows):
    for row in rows["sandbox"]:
        names = ", ".join(f"*{name}*" for name in row.name.split(", "))
        yield names + (f" {shaped(row.value)}" if row.value else "")
        yield sentence(row)
        yield ""


# --- what the shells offer for a word of the tables ---


# A command that does without a mount point finds one that is mounted; one that needs the word mounts there.
OFFERS = {
    "[MOUNTPOINT]": "mounts",
    "[SOURCE|MOUNTPOINT]": "sources_and_mounts",
    "MOUNTPOINT": "folders",
    "DIR": "folders",
    "[PATH]": "files",
    "PATH": "files",
    "FILE": "files",
    "STATUS": "statuses",
    "FIELD": "columns",
    "OPTIONS": "options",
}


def offer(word):
    """The name of what stands for a value or word: a list of words with | between, or one of the shells' functions."""
    if "|" in word and not word.isupper():
        return word
    return OFFERS.get(word.replace("[-]", ""), "nothing")


def option_offer(row):
    return {"path": "files", "user": "users", "group": "groups", "flag": "", "text": row.default or "nothing"}.get(
        row.kind, row.kind)


def quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"


def names(kind):
    return lambda rows: [" ".join(row.name for row in rows[kind])]


# --- bash: words for `case` and for arrays ---


def bash_options(rows):
    for row in rows["option"]:
        yield f"    [{row.name}]={quoted(option_offer(row))}"


def bash_commands(rows):
    for row in rows["command"]:
        flags = " ".join(f"{flag}={offer(value) if value else ''}" for flag, value in row.flags.items())
        words = " ".join(offer(word) for word in row.words)
        yield f"    [{row.name}]={quoted(f'{words};{flags}')}"


def bash_sandbox(rows):
    for row in rows["sandbox"]:
        yield f"    [{row.long}]={quoted(offer(row.value) if row.value else '')}"


# --- zsh: what _values and _arguments take ---


def zsh_text(text):
    return re.sub(r"([\[\]:\\])", r"\\\1", text)


def zsh_action(what):
    if what == "files":
        return "_files"
    if what == "folders":
        return "_files -/"
    if what in ("users", "groups"):
        return f"_{what}"
    if what in ("nothing", ""):
        return " "
    if re.fullmatch(r"[0-9]+", what) or "-" in what or "|" in what:
        return "(" + what.replace("|", " ") + ")"
    return f"_skystackfs_{what}"


def zsh_spec(name, meaning, value, what):
    """A word, what it means, and its value's name and offers, if it takes one."""
    return quoted(f"{name}[{zsh_text(meaning)}]" + (f":{zsh_text(value)}:{zsh_action(what)}" if value else ""))


def zsh_options(rows):
    for row in rows["option"]:
        yield f"        {zsh_spec(row.name, row.meaning, row.argument, option_offer(row))}"


def zsh_names(rows):
    for row in rows["command"]:
        yield f"        {quoted(row.name + ':' + zsh_text(row.meaning))}"


def zsh_commands(rows):
    for row in rows["command"]:
        specs = [f"{flag}" + (f":{zsh_text(value)}:{zsh_action(offer(value))}" if value else "")
                 for flag, value in row.flags.items()]
        specs += [f":{zsh_text(word.strip('[]'))}:{zsh_action(offer(word))}" for word in row.words]
        yield f"    {row.name}) _arguments " + " ".join(quoted(spec) for spec in specs) + " ;;"


def zsh_sandbox(rows):
    for row in rows["sandbox"]:
        yield f"    {zsh_spec(row.long, row.meaning, row.value, offer(row.value))} \\"


# --- fish ---


def fish_quoted(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def fish_offer(what):
    if what in ("nothing", ""):
        return ""
    if re.fullmatch(r"[0-9]+", what) or "-" in what or "|" in what:
        return what.replace("|", " ")
    return f"(__skystackfs_{what})"


def fish_options(rows):
    for row in rows["option"]:
        word = row.name + ("=" if row.argument else "")
        yield f"            {fish_quoted(word)}\\t{fish_quoted(row.meaning)} \\"


def fish_values(rows):
    for row in rows["option"]:
        words = fish_offer(option_offer(row))
        if words.startswith("("):
            yield f"        case {row.name}\n            {words[1:-1]} $value"
        elif words:
            yield f"        case {row.name}\n            printf '%s\\n' {words}"


def fish_valued(rows):
    valued = {flag: None for row in rows["command"] for flag, value in row.flags.items() if value}
    yield " ".join({"-o": None} | valued)


def fish_commands(rows):
    for row in rows["command"]:
        yield f"complete -c skystackfs -n __skystackfs_first -a {row.name} -d {fish_quoted(row.meaning)}"
        on = f"complete -c skystackfs -n '__skystackfs_on {row.name}'"
        for flag, value in row.flags.items():
            line = f"{on} -l {flag[2:]}" if flag.startswith("--") else f"{on} -s {flag[1:]}"
            if value:
                words = fish_offer(offer(value))
                line += " -x" + (f" -a {fish_quoted(words)}" if words else "")
            yield line
        for at, word in enumerate(row.words):
            words = fish_offer(offer(word))
            if words:
                yield f"complete -c skystackfs -n '__skystackfs_on {row.name} {at}' -a {fish_quoted(words)}"


def fish_sandbox(rows):
    for row in rows["sandbox"]:
        what = offer(row.value) if row.value else ""
        if what == "files":
            value = " -r -F"
        elif what == "folders":
            value = " -x -a '(__fish_complete_directories (commandline -ct))'"
        elif what == "nothing":
            value = " -x"
        else:
            value = f" -x -a {fish_quoted(fish_offer(what))}" if what else ""
        yield f"complete -c skystack-sandbox -l {row.long[2:]}{value} -d {fish_quoted(row.meaning)}"


LISTS = {
    "MANUAL_OPTIONS": manual_options,
    "MANUAL_KEYS": manual_keys,
    "MANUAL_COMMANDS": manual_commands,
    "MANUAL_ERRORS": manual_errors,
    "MANUAL_SANDBOX": manual_sandbox,
    "COMMANDS": names("command"),
    "STATUSES": names("status"),
    "COLUMNS": names("column"),
    "BASH_OPTIONS": bash_options,
    "BASH_COMMANDS": bash_commands,
    "BASH_SANDBOX": bash_sandbox,
    "ZSH_OPTIONS": zsh_options,
    "ZSH_NAMES": zsh_names,
    "ZSH_COMMANDS": zsh_commands,
    "ZSH_SANDBOX": zsh_sandbox,
    "FISH_OPTIONS": fish_options,
    "FISH_VALUES": fish_values,
    "FISH_VALUED": fish_valued,
    "FISH_COMMANDS": fish_commands,
    "FISH_SANDBOX": fish_sandbox,
}


def main(version, template, *lists):
    rows = read(lists)
    sys.stdout.reconfigure(encoding="utf-8")
    for line in open(template, encoding="utf-8"):
        found = re.fullmatch(r"(.*?)@([A-Z]+_?[A-Z]*)@(.*)\n", line)
        if found and found[2] != "VERSION":
            print(found[1] + "\n".join(LISTS[found[2]](rows)) + found[3])
        else:
            print(line.replace("@VERSION@", version), end="")


if __name__ == "__main__":
    main(*sys.argv[1:])
