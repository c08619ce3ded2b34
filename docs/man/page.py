#!/usr/bin/env python3
"""Makes a manual page: page.py SCDOC <PAGE.scd >PAGE.

scdoc begins a paragraph ahead of each heading and behind it, and inside of an indentation that ends. mandoc warns of
these, and shows no empty line where there should be one. So they are taken out, or put where they count. And it forbids
hyphens (of names and options too) in a way that the first paragraph ends.
"""

import re
import subprocess
import sys

RULES = [
    (r"\.P\n\.RE\n", ".RE\n.P\n"),
    (r"\.P\n(?=\.(P|SH|SS)\b)", ""),
    (r"(\.(SH|SS) [^\n]*\n)\.P\n", r"\1"),
    (r"(\.TH [^\n]*\n)\.P\n", r"\1"),
    (r"(?m)^\.nh$", ".nr HY 0"),
    (r"(\.P\n)+\Z", ""),
]


def tidy(text):
    before = None
    while text != before:
        before = text
        for pattern, better in RULES:
            text = re.sub(pattern, better, text)
    return text


done = subprocess.run(sys.argv[1:], stdin=sys.stdin, stdout=subprocess.PIPE, check=True, encoding="utf-8")
sys.stdout.reconfigure(encoding="utf-8")
print(tidy(done.stdout), end="")
