"""Tries documents: run.py REPOSITORY PLACE [-v] [--record] [DOCUMENT]...   See documents.sh, which starts it as the first process of its namespaces.

PLACE is an empty folder, which gets a file system in memory.
"""
import glob
import os
import re
import signal
import subprocess
import sys
import time

import checks
import pages
from worlds import Fault, World, quietly

SCRIPT_SECONDS = 300  # one may build
LINES = 40  # of what a failing command printed

def shortened(text):
    lines = text.splitlines()
    return text if len(lines) <= LINES else "\n".join([*lines[:LINES // 2], "[…]", *lines[-LINES // 2:], ""])


class Trial:
    """One document, and what came of it."""

    def __init__(self, repository, place, name, flags):
        self.repository, self.place, self.name = repository, place, name
        self.verbose, self.record = "-v" in flags, "--record" in flags
        self.recordings = []
        self.world = None
        self.counts = {"run": 0, "files": 0, "run elsewhere": 0, "not run": 0, "checked": 0}
        self.failures = []
        self.skipped = []

    def passed(self):
        return self.counts["run"] + self.counts["files"] + self.counts["run elsewhere"] + self.counts["checked"]

    def fail(self, line, what):
        self.failures.append(f"{self.name}:{line}: {what}")

    def run(self):
        with open(os.path.join(self.repository, self.name), encoding="utf-8") as document:
            text = document.read()
        try:
            for step in pages.steps(text):
                try:
                    getattr(self, "do_" + step.kind)(step)
                except Fault as fault:
                    self.fail(step.line, str(fault))
                    break
        finally:
            self.leave()
        if self.record:
            self.write_recordings(text)
        for line, problem in checks.of_document(self.repository, self.name, text):
            if problem:
                self.fail(line, problem)
            else:
                self.counts["checked"] += 1

    def write_recordings(self, text):
        for (start, end), recording in reversed(self.recordings):
            text = text[:start] + recording + text[end:]
        with open(os.path.join(self.repository, self.name), "w", encoding="utf-8") as document:
            document.write(text)

    def leave(self):
        if self.world:
            self.world.stop()
        self.world = None

    def do_world(self, step):
        self.leave()
        keys = dict(word.split("=", 1) for word in step.words[1:])
        self.world = World(self.repository, os.path.join(self.place, "world"), step.words[0], **keys)
        self.world.start()

    def do_fault(self, step):
        self.fail(step.line, step.text)

    def do_hidden(self, step):
        printed, code = self.world.run(step.text)
        if code != 0:
            self.fail(step.line, f"this ended with {code}: {step.text}\n{shortened(printed)}")
        self.go_on_after(code)

    def do_console(self, step):
        recorded = []
        for command, expected in pages.commands(step.text):
            printed, code = self.world.run(command)
            printed = re.sub(r"^bash: line \d+: ", "bash: ", printed, flags=re.M)  # as at a prompt
            self.tell(command, printed)
            if "recorded" in step.words:
                recorded.append("$ " + command.rstrip("\n").replace("\n", "\n> ") + "\n" + printed)
                expected, printed = pages.without_chance(expected), pages.without_chance(printed)
            if self.record and recorded or pages.matches(expected, printed):
                self.counts["run"] += 1
            else:
                self.fail(step.line, f"$ {command}\nshould print:\n{expected}\nand printed:\n{shortened(printed)}")
            self.go_on_after(code)
        if recorded:
            self.recordings.append((step.place, "".join(recorded)))

    def do_sh(self, step):
        printed, code = self.world.run(f"( set -e\n{step.text}\n)", SCRIPT_SECONDS)
        self.tell(step.text, printed)
        if code == 0:
            self.counts["run"] += 1
        else:
            self.fail(step.line, f"this ended with {code}:\n{step.text}\nand printed:\n{shortened(printed)}")
        self.go_on_after(code)

    @staticmethod
    def go_on_after(code):
        if code is None:
            raise Fault("and so the rest of the document was not tried")

    def do_file(self, step):
        if not self.world:
            raise Fault("a file before any world")
        path = self.world.root + step.words[0]
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as out:
            out.write(step.text)
        os.chmod(path, int(step.words[1], 8) if len(step.words) > 1 else 0o644)
        self.counts["files"] += 1

    def do_elsewhere(self, step):
        with open(os.path.join(self.repository, step.words[0]), encoding="utf-8") as script:
            there = script.read()
        for line in step.text.splitlines():
            command = re.sub(r"\s+#.*", "", line).removeprefix("$ ").strip()
            if command and command not in there:
                self.fail(step.line, f"{step.words[0]} does not have: {command}")
            elif command:
                self.counts["run elsewhere"] += 1

    def do_skipped(self, step):
        self.counts["not run"] += 1
        if not step.words[0]:
            self.fail(step.line, "not run, and no reason")
        first = step.text.strip().splitlines()[0]
        self.skipped.append(f"{self.name}:{step.line}: {step.words[0]}: {first}")

    def tell(self, command, printed):
        if self.verbose:
            print(f"$ {command.rstrip()}\n{printed}", end="", flush=True)


def finds_what_is_planted(repository, place):
    """Whether all that is wrong in planted.md is found, and nothing else."""
    trial = Trial(repository, place, "tests/documents/planted.md", [])
    trial.run()
    with open(os.path.join(repository, trial.name), encoding="utf-8") as document:
        wanted = int(re.search(r"planted: (\d+)", document.read())[1])
    found = len(trial.failures)
    print(f"{'good:' if found == wanted else 'bad: '} {trial.name}: {found} of {wanted} faults found", flush=True)
    if found != wanted:
        print("\n".join(trial.failures))
    return found == wanted


def main():
    repository, place, *words = sys.argv[1:]
    flags = [word for word in words if word.startswith("-")]
    names = [os.path.relpath(word, repository) if os.path.exists(word) else word for word in words if word not in flags]
    planted = not names
    if planted:
        names = ["README.md"] + sorted(os.path.relpath(path, repository) for path in glob.glob(repository + "/docs/*.md"))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    quietly("mount", "-t", "tmpfs", "documents", place)
    quietly("ip", "link", "set", "lo", "up")
    os.chdir("/")
    passed, failed, skipped = 0, 0, []
    if planted:
        passed, failed = (1, 0) if finds_what_is_planted(repository, place) else (0, 1)
    for name in names:
        begun = time.monotonic()
        trial = Trial(repository, place, name, flags)
        trial.run()
        said = ", ".join(f"{count} {what}" for what, count in trial.counts.items() if count)
        print(f"{'bad: ' if trial.failures else 'good:'} {name}: {said or 'nothing to run'} ({time.monotonic() - begun:.1f} s)", flush=True)
        for failure in trial.failures:
            print(f"  {failure}".replace("\n", "\n    ").rstrip(), flush=True)
        passed += trial.passed()
        failed += len(trial.failures)
        skipped += trial.skipped
    if skipped:
        print("\nnot run, and why:")
        print("\n".join("  " + each for each in skipped))
        print(f"{len(skipped)} skipped")
    print(f"{passed} passed, {failed} failed")
    subprocess.run(["umount", "-l", place], check=False)
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
