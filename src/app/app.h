/*
 * app: one mount, from its settings to its end: it makes the layers, brings them together, and runs the loop.
 */
#ifndef SKY_APP_H
#define SKY_APP_H

#include "options.h"

/* Mounts and serves until it is unmounted or told to end. Returns the program's exit code, having said on the terminal
 * what went wrong. */
int app_run(Settings *settings);

#endif
