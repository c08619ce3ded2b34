#!/usr/bin/env python3
"""files.py FOLDER: makes of the pages of a list, one a line on standard input, the files that skystackfs should show.

Numbers stay as the API wrote them, but for exponents and digits that a double does not hold, which the sandbox has none of.
"""
import json
import os
import sys

folder = sys.argv[1]
for page in sys.stdin:
    for row in json.loads(page)["data"]:
        with open(os.path.join(folder, row["name"] + ".json"), "x", encoding="utf-8") as file:
            file.write(json.dumps(row, indent=2, ensure_ascii=False) + "\n")
