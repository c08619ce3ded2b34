#!/usr/bin/env bats
# Every example in docs/semantics.md does what the document shows: commands stand behind `$ `, … stands for anything.

load helper

teardown() {
    cd /
    all_down
}

@test "the examples of docs/semantics.md" {
    sandbox_start --instances 8 --provision-ms 60000
    mount_up region=eu-central,size=standard-2
    PATH=$(dirname "$SKYSTACKFS"):$PATH
    cd "$MNT"
    run python3 - "$BATS_TEST_DIRNAME/../../docs/semantics.md" <<'PROGRAM'
import fnmatch, re, subprocess, sys

blocks = re.findall(r"^```console\n(.*?)^```", open(sys.argv[1]).read(), re.S | re.M)
bad = 0
commands = 0
for block in blocks:
    for command, expected in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.M):
        commands += 1
        done = subprocess.run(["bash", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        pattern = re.sub(r"([\[\]*?])", r"[\1]", expected).replace("…", "*")
        if not fnmatch.fnmatchcase(done.stdout, pattern):
            bad += 1
            print("$", command, "\nexpected:", expected, "\nprinted:", done.stdout, sep="\n")
print(commands, "commands")
sys.exit(1 if bad or commands < 20 else 0)
PROGRAM
    echo "$output"
    [ "$status" -eq 0 ]
}
