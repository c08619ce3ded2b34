/*
 * piece: a file's bytes, for many who read them and never write.
 *
 * A large file is read in one go into memory that is mapped in one go, in large pages where the system has them. It is not
 * the file itself that is mapped: whoever cut that short would kill us.
 */
#ifndef SKY_PIECE_H
#define SKY_PIECE_H

#include <stddef.h>

#include "fsio.h"

typedef struct Piece Piece;

/* The file as it is now; longer than most_bytes is -ERR_TOO_BIG. One reference, the caller's. -ERR_NOT_FOUND,
 * -ERR_NO_ACCESS, -ERR_DISK, -ERR_NO_MEMORY. */
int piece_of_file(Fsio *fsio, const char *path, size_t most_bytes, Piece **ret_piece);
Piece *piece_ref(Piece *piece);
/* Drops a reference; takes NULL; returns NULL. */
Piece *piece_unref(Piece *piece);

const char *piece_bytes(const Piece *piece);
size_t piece_count(const Piece *piece);

#endif
