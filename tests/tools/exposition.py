#!/usr/bin/env python3
"""exposition.py [FILE]: whether a text is Prometheus's text format 0.0.4, strictly, and as its naming conventions want it.

More than `promtool check metrics` looks at: one group a family, HELP and TYPE ahead of all samples, no series twice, buckets that
count up to +Inf, counters and no others in _total. Prints `N families, N samples`, or what is wrong with which line; then the result
is 1.
"""
import re
import sys

NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*\Z")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"')
SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)\Z")
NUMBER = re.compile(r"(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]Inf|NaN)\Z")
SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("",), "gauge": ("",)}


class Wrong(Exception):
    pass


def need(holds, why):
    if not holds:
        raise Wrong(why)


def labels_of(text):
    """The labels, as a tuple of pairs, in order."""
    labels = []
    at = 0
    while text and at < len(text):
        match = LABEL.match(text, at)
        need(match, "labels: " + text[at:])
        labels.append(match.groups())
        at = match.end()
        need(at == len(text) or text[at] == ",", "after a label: " + text[at:])
        at += 1
    need(not text or not text.endswith(","), "a comma at the end of the labels")
    names = [name for name, _ in labels]
    need(len(set(names)) == len(names), "a label twice")
    return tuple(labels)


class Checker:
    def __init__(self):
        self.families = {}
        self.series = {}
        self.helped = None
        self.family = None
        self.kind = None

    def comment(self, line):
        words = line.split(" ", 3)
        need(len(words) == 4 and words[0] == "#" and words[1] in ("HELP", "TYPE"), "a comment")
        name = words[2]
        need(NAME.match(name), "a name")
        if words[1] == "HELP":
            need(name not in self.families, "the family stands in two places")
            need(re.fullmatch(r"(?:[^\\]|\\[\\n])*", words[3]) and words[3].strip(), "a help text")
            self.helped, self.family = name, None
            return
        need(name == self.helped, "TYPE does not follow its HELP")
        need(words[3] in SUFFIXES, "a type")
        need(name.endswith("_total") == (words[3] == "counter"), "counters end in _total, and no others")
        need(not re.search(r"_(bucket|sum|count|milliseconds|percent|ms|kb|megabytes)\Z", name), "not a base unit, or a suffix of histograms")
        self.family, self.kind = name, words[3]
        self.families[name] = words[3]

    def sample(self, line):
        match = SAMPLE.match(line)
        need(match, "no sample")
        name, labels, value = match.groups()
        need(self.family and name.startswith(self.family), "a sample of no family, or of another one")
        suffix = name[len(self.family):]
        need(suffix in SUFFIXES[self.kind], "a sample of another family")
        need(NUMBER.match(value), "a number")
        number = float(value.replace("Inf", "inf"))
        need(self.kind == "gauge" or number >= 0, "a negative count")
        labels = labels_of(labels)
        key = (name, tuple(sorted(labels)))
        need(key not in self.series, "a series twice")
        need(("le" in dict(labels)) == (suffix == "_bucket"), "le belongs to buckets")
        self.series[key] = number

    def histograms(self):
        for family, kind in self.families.items():
            if kind != "histogram":
                continue
            buckets = {}
            for (name, labels), number in self.series.items():
                if name == family + "_bucket":
                    rest = tuple(label for label in labels if label[0] != "le")
                    buckets.setdefault(rest, []).append((float(dict(labels)["le"].replace("Inf", "inf")), number))
            for rest, pairs in buckets.items():
                need(pairs == sorted(pairs), family + ": bounds don't ascend")
                need([n for _, n in pairs] == sorted(n for _, n in pairs), family + ": buckets don't count up")
                need(pairs[-1][0] == float("inf"), family + ": no bucket +Inf")
                need(self.series.get((family + "_count", rest)) == pairs[-1][1], family + ": its count is not that of +Inf")
                need((family + "_sum", rest) in self.series, family + ": no sum")

    def check(self, data):
        need(data.endswith(b"\n"), "no end of line at the end")
        need(b"\0" not in data, "a NUL")
        text = data.decode("utf-8")
        for number, line in enumerate(text[:-1].split("\n"), 1):
            try:
                if line.startswith("#"):
                    self.comment(line)
                else:
                    self.sample(line)
            except Wrong as wrong:
                raise Wrong("line %d: %s: %s" % (number, wrong, line)) from None
        self.histograms()


def main():
    words = sys.argv[1:]
    with open(words[0], "rb") if words else sys.stdin.buffer as file:
        data = file.read()
    checker = Checker()
    try:
        checker.check(data)
    except (Wrong, UnicodeDecodeError) as wrong:
        sys.exit(str(wrong))
    print("%d families, %d samples" % (len(checker.families), len(checker.series)))


main()
