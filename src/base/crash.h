/*
 * crash: labelled steps at which a test can have the program killed.
 *
 * In a build with -Dc_args=-DSKY_CRASH_POINTS, $SKYSTACKFS_CRASH_AT=LABEL[:N] kills the process (SIGKILL) when it passes that
 * label for the Nth time (the first, without N), on whichever thread. In any other build this is nothing at all. A
 * label has no colon.
 */
#ifndef SKY_CRASH_H
#define SKY_CRASH_H

#ifdef SKY_CRASH_POINTS
void crash_point(const char *label);
#else
#define crash_point(label) ((void)0)
#endif

#endif
