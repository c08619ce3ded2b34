#!/bin/bash
# The commands and the claims of README.md and docs/, tried: each block of commands is run and what it prints is compared, each link
# is followed, each option and each package looked for.
#
#   documents.sh [-v] [--record] [DOCUMENT]...
#
#   -v         each command, with what it printed
#   --record   write what was printed into the blocks that are recordings, as in README.md
#
# Without a DOCUMENT it is all of them.
#
# $SKYSTACKFS and $SKYSTACK_SANDBOX say which build; else it is build/, brought up to date. How a document says where its commands run stands in
# tests/documents/pages.py. All of it happens in namespaces of its own, on a copy of this machine's files that is gone with them:
# so `production`, /mnt/skystack and /etc/fstab are what the document means, and nothing is left behind. It takes root.
# What is not run is listed with its reason, and counted as skipped. The last line is `N passed, N failed`.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)

stop()
{
    echo "documents.sh: $*" >&2
    echo "0 passed, 1 failed"
    exit 1
}

[[ $(id -u) -eq 0 ]] || stop "only root can make the namespaces that this takes"
for tool in unshare python3 openssl ip jq curl systemd-analyze; do
    command -v "$tool" >/dev/null || stop "$tool is missing; \`sh packaging/deps.sh\` installs what the tests need"
done
[[ -n ${SKYSTACKFS-} ]] || bash "$root/tests/build.sh" build || stop "the build in build/ failed"
SKYSTACKFS=$(realpath "${SKYSTACKFS:-$root/build/src/app/skystackfs}")
SKYSTACK_SANDBOX=$(realpath "${SKYSTACK_SANDBOX:-$root/build/src/sandbox/skystack-sandbox}")
[[ -x $SKYSTACKFS && -x $SKYSTACK_SANDBOX ]] || stop "there is no program $SKYSTACKFS, or $SKYSTACK_SANDBOX"
export SKYSTACKFS SKYSTACK_SANDBOX

place=$(mktemp -d)
trap 'rmdir "$place"' EXIT
unshare --mount --net --pid --fork --mount-proc --kill-child \
    python3 "$root/tests/documents/run.py" "$root" "$place" "$@"
