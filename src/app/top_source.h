/*
 * top_source: what a process of top_reader does: it reads a source of the mount whenever a byte comes, and writes frames.
 * Internal to top_reader.
 */
#ifndef SKY_TOP_SOURCE_H
#define SKY_TOP_SOURCE_H

#include <stdint.h>

#include "top_reader.h"

enum TopFrame { TOP_FRAME_OPENED, TOP_FRAME_PROJECT, TOP_FRAME_BYTES, TOP_FRAME_END };
enum { TOP_FRAME_MAX = 64 << 10 };

/* Ahead of each frame's bytes. */
typedef struct TopFrameHead {
    uint32_t frame;
    uint32_t bytes; /* of TOP_FRAME_END none, but an errno stands here */
} TopFrameHead;

/* Serves until the other end of the socket is closed. */
void top_source_serve(int socket, const char *mountpoint, enum TopSource source);

#endif
