/*
 * buf: bytes that grow, up to a cap.
 *
 * A Buf is owned by whoever declares it: `_cleanup_buf_ Buf buf = BUF_INIT(cap);` frees its memory at the end of the
 * scope. `data` is always NUL-terminated once anything was appended (the NUL is not counted in `len`), and may be NULL
 * before. An append that would pass the cap, or that finds no memory, changes nothing and returns its code.
 */
#ifndef SKY_BUF_H
#define SKY_BUF_H

#include <stdarg.h>
#include <stddef.h>

typedef struct Buf {
    char *data;
    size_t len;
    size_t room; /* bytes allocated, private */
    size_t cap;  /* most bytes that `len` may reach */
} Buf;

#define BUF_INIT(cap_bytes)                                                                                            \
    {                                                                                                                  \
        .cap = (cap_bytes)                                                                                             \
    }
#define _cleanup_buf_ __attribute__((cleanup(buf_release)))

/* An empty buffer that may grow to cap_bytes; allocates nothing. */
void buf_init(Buf *buf, size_t cap_bytes);
/* Frees the memory and leaves an empty buffer with the same cap. Takes a buffer that holds nothing. */
void buf_release(Buf *buf);
/* Empties it and keeps the memory. */
void buf_clear(Buf *buf);
/* 0, -ERR_NO_MEMORY or -ERR_TOO_BIG (past the cap). */
int buf_append(Buf *buf, const void *bytes, size_t count);
int buf_append_str(Buf *buf, const char *text);
int buf_append_char(Buf *buf, char c);
int buf_printf(Buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Makes `len` exactly count: cuts, or fills with NUL bytes. 0, -ERR_NO_MEMORY or -ERR_TOO_BIG. */
int buf_resize(Buf *buf, size_t count);
/* Gives the memory to the caller, who frees it with free(), and leaves the buffer empty. Never NULL on success. */
int buf_steal(Buf *buf, char **ret_data, size_t *ret_len);
/* Leaves a buffer empty, and its memory to another one that is: if that has less, and may grow as far. */
void buf_give_memory(Buf *from, Buf *to);
/* The text, "" while nothing was appended. Valid until the buffer changes. */
const char *buf_text(const Buf *buf);

#endif
