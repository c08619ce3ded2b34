# bats-support and bats-assert. Their own load.bash starts a program for each of their files, before every test.

for part in /usr/lib/bats/bats-support/src/*.bash /usr/lib/bats/bats-assert/src/*.bash; do
    # shellcheck source=/dev/null
    source "$part"
done
