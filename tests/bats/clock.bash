# A mount whose clocks a test sets, by a library that is preloaded into it.
#
#   clock_mount [OPTION,OPTION]     fault_mount, with clocks that are right to begin with
#   clock_set WALL SUSPENDED        from now on the wall clock is WALL seconds off, and the machine was suspended for SUSPENDED seconds
#                                   since the mount: the steady clock counts them, timers do not

clock_mount() {
    cc -shared -fPIC -o "$PLACE/shifted_clock.so" "$BATS_TEST_DIRNAME/shifted_clock.c"
    perl -e 'print pack "q2", 0, 0' >"$PLACE/clock"
    export SHIFTED_CLOCK=$PLACE/clock LD_PRELOAD=$PLACE/shifted_clock.so
    local -x ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0
    fault_mount "$@"
    unset LD_PRELOAD
}

clock_set() {
    perl -e 'print pack "q2", @ARGV' -- "$@" | dd of="$PLACE/clock" conv=notrunc status=none
}
