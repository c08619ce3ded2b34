/*
 * loop_uv: libuv's side of the loop, for base's own modules.
 */
#ifndef SKY_LOOP_UV_H
#define SKY_LOOP_UV_H

#include <uv.h>

#include "loop.h"

uv_loop_t *loop_uv(Loop *loop);

#endif
