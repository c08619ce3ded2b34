#include "piece.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>

#include "buf.h"
#include "error.h"

struct Piece {
    Fsio *fsio; /* who loaded it; NULL: it is malloc's */
    unsigned references;
    char *bytes;
    size_t count;
};

static int read_copy(Fsio *fsio, const char *path, size_t most_bytes, Piece *piece)
{
    _cleanup_buf_ Buf buf = BUF_INIT(most_bytes);
    int r = fsio_read(fsio, path, &buf, NULL);

    return r < 0 ? r : buf_steal(&buf, &piece->bytes, &piece->count);
}

/* What can't be loaded is read, and if it can't be read either, that says why. */
static int take_file(Fsio *fsio, const char *path, size_t most_bytes, Piece *piece)
{
    if (!fsio->ops->load || fsio->ops->load(fsio, path, most_bytes, &piece->bytes, &piece->count) < 0)
        return read_copy(fsio, path, most_bytes, piece);
    piece->fsio = fsio;
    return 0;
}

int piece_of_file(Fsio *fsio, const char *path, size_t most_bytes, Piece **ret_piece)
{
    Piece *piece = malloc(sizeof *piece);
    int r;

    if (!piece)
        return -ERR_NO_MEMORY;
    *piece = (Piece){.references = 1};
    r = take_file(fsio, path, most_bytes, piece);
    if (r < 0) {
        free(piece);
        return r;
    }
    *ret_piece = piece;
    return 0;
}

Piece *piece_ref(Piece *piece)
{
    assert(piece->references > 0 && piece->references < UINT_MAX);
    piece->references++;
    return piece;
}

Piece *piece_unref(Piece *piece)
{
    if (!piece || --piece->references > 0)
        return NULL;
    if (piece->fsio)
        piece->fsio->ops->unload(piece->fsio, piece->bytes, piece->count);
    else
        free(piece->bytes);
    free(piece);
    return NULL;
}

const char *piece_bytes(const Piece *piece)
{
    return piece->bytes;
}

size_t piece_count(const Piece *piece)
{
    return piece->count;
}
