#!/bin/bash
# Whether the sources are formatted as .clang-format says: the folders that are formatted throughout, and stay so.
#
#   format.sh [--mend]       --mend formats them
#
# The last line is `N passed, N failed`.
set -euo pipefail

cd "$(dirname "$0")/.."

passed=0
failed=0
how=(--dry-run -Werror)
if [[ ${1-} == --mend ]]; then how=(-i); fi
for folder in src tests/fuzz tests/bench; do
    if said=$(find "$folder" -name '*.[ch]' -print0 | xargs -0 clang-format "${how[@]}" 2>&1); then
        passed=$((passed + 1))
        echo "good: $folder"
    else
        failed=$((failed + 1))
        echo "bad:  $folder"
        grep -E -o '^[^:]+:[0-9]+' <<<"$said" | sort -u
    fi
done
echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
