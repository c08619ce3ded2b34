"""What stands in a document: its blocks, and what its comments say of them.

A comment in the Markdown, which readers don't see, says what becomes of the blocks of commands behind it:

  <!-- run: WORLD [KEY=VALUE]... -->   they run, up to the next such comment, in one new world: see worlds.py
  <!-- hidden: COMMANDS -->            these run there too, and must succeed
  <!-- file: PATH [MODE] -->           the next block is the text of a file, and is put there
  <!-- run by: FILE -->                the next block is run by this file of the repository: each of its lines stands in it
  <!-- not run: REASON -->             the next block is not run
  <!-- recorded -->                    the next block has all that is printed; `documents.sh --record` writes it anew. Times and request
                                       ids may be others

A ```console block has commands behind `$ `, which may go on behind `> `, and what they print; … and ... stand for anything. A ```sh
block is a script, which must succeed. One that no comment is for is a fault, as is a block of another kind with a `$ ` in it.
"""
import re
import textwrap
from dataclasses import dataclass, field

COMMENT = re.compile(r"<!--\s*(?:(run by|run|hidden|not run|file):\s*(.*?)|(recorded))\s*-->", re.S)
BLOCK = re.compile(r"^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)```$", re.S | re.M)
COMMAND = re.compile(r"^\$ (.*\n(?:> .*\n)*)((?:(?!\$ ).*\n)*)", re.M)


@dataclass
class Step:
    """One thing to do, in the order of the document."""
    kind: str  # world, hidden, console, sh, file, elsewhere, skipped, or fault
    line: int
    text: str
    words: list = field(default_factory=list)  # of the comment
    place: tuple = None  # of a block's text in the document


def commands(text):
    """The commands of a console block, each with what it should print."""
    for command, expected in COMMAND.findall(text):
        yield re.sub(r"^> ", "", command, flags=re.M), expected


def step_of_block(block, line, pending, in_world):
    language = block["language"]
    text = textwrap.dedent(block["text"])
    if pending and pending[0] == "file":
        return Step("file", line, text, pending[1].split())
    if language not in ("console", "sh"):
        if re.search(r"^\$ ", text, re.M):
            return Step("fault", line, "commands in a block that is not ```console")
        return None
    if pending and pending[0] != "recorded":
        return Step({"run by": "elsewhere", "not run": "skipped"}[pending[0]], line, text, [pending[1]])
    if not in_world:
        return Step("fault", line, "a block of commands that no comment is for")
    return Step(language, line, text, pending[:1] if pending else [], block.span("text"))


def steps(document):
    """The steps of a document's text."""
    found = sorted([*COMMENT.finditer(document), *BLOCK.finditer(document)], key=lambda each: each.start())
    in_world, pending, end = False, None, 0
    for each in found:
        if each.start() < end:  # a comment inside of a block
            continue
        end = each.end()
        line = document.count("\n", 0, each.start()) + 1
        if each.re is BLOCK:
            step = step_of_block(each, line, pending, in_world)
            pending = None
            if step:
                yield step
        elif each[3] or each[1] in ("file", "run by", "not run"):
            pending = [each[3] or each[1], each[2]]
        else:
            in_world = True
            yield Step({"run": "world"}.get(each[1], each[1]), line, each[2], each[2].split())


def blanked(document):
    """The document with blanks in place of its blocks and comments, so that all else stands where it stood."""
    return re.sub(r"<!--.*?-->", blank, BLOCK.sub(blank, document), flags=re.S)


def blank(found):
    return re.sub(r"[^\n]", " ", found[0])


def matches(expected, printed):
    """Whether that was printed, where … and ... stand for anything."""
    pattern = re.escape(expected).replace("…", ".*?").replace(re.escape("..."), ".*?")
    return re.fullmatch(pattern, printed, re.S) is not None


def without_chance(text):
    """What is another one each time goes."""
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "TIME", text)
    text = re.sub(r"\(\d+s\)", "AGE", text)
    return re.sub(r"req_[0-9a-f]+", "REQUEST", text)
