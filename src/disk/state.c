#include "state.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "name.h"

enum { PATH_BYTES = 4096 };

struct State {
    Fsio *fsio;
    char *path;
    int lock;
};

static int folder_path(const char *state_dir, const char *source, const char *mountpoint, Buf *into)
{
    _cleanup_buf_ Buf key = BUF_INIT(PATH_BYTES), stem = BUF_INIT(PATH_BYTES);
    int r = buf_printf(&key, "%s@%s", source, mountpoint);

    if (r == 0)
        r = name_encode((Span){buf_text(&key), key.len}, "long", &stem);
    return r < 0 ? r : buf_printf(into, "%s/%s", state_dir, buf_text(&stem));
}

static int lock(State *state)
{
    _cleanup_buf_ Buf path = BUF_INIT(PATH_BYTES);
    int r = buf_printf(&path, "%s/lock", state->path);

    return r < 0 ? r : fsio_lock(state->fsio, buf_text(&path), &state->lock);
}

static int fail(State *state, int code, const char *path, Failure *ret_failure)
{
    if (code == -ERR_BUSY) {
        *ret_failure =
            failure_make(code, "Another skystackfs has this source on this mount point already (%s is locked).", path);
        failure_set_mend(ret_failure, "End the other one, or mount elsewhere.");
    } else {
        *ret_failure = failure_make(code, "The state directory %s can't be used: %s", path, error_sentence(code));
        failure_set_mend(ret_failure, "Name one that this user may write with -o state_dir=PATH.");
    }
    if (state)
        free(state->path);
    free(state);
    return code;
}

int state_open(Fsio *fsio, const char *state_dir, const char *source, const char *mountpoint, State **ret_state,
               Failure *ret_failure)
{
    _cleanup_buf_ Buf path = BUF_INIT(PATH_BYTES);
    State *state = calloc(1, sizeof *state);
    int r = folder_path(state_dir, source, mountpoint, &path);

    if (!state || r < 0)
        return fail(state, r < 0 ? r : -ERR_NO_MEMORY, state_dir, ret_failure);
    state->fsio = fsio;
    state->path = strdup(buf_text(&path));
    r = state->path ? fsio_make_dirs(fsio, state->path) : -ERR_NO_MEMORY;
    if (r == 0)
        r = lock(state);
    if (r < 0)
        return fail(state, r, buf_text(&path), ret_failure);
    *ret_state = state;
    return 0;
}

const char *state_path(const State *state)
{
    return state->path;
}

void state_close(State *state)
{
    if (!state)
        return;
    fsio_unlock(state->fsio, state->lock);
    free(state->path);
    free(state);
}
