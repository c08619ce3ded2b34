#include "buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"

enum { BUF_FIRST_ROOM = 64 };

void buf_init(Buf *buf, size_t cap_bytes)
{
    *buf = (Buf)BUF_INIT(cap_bytes);
}

void buf_release(Buf *buf)
{
    free(buf->data);
    buf_init(buf, buf->cap);
}

void buf_clear(Buf *buf)
{
    buf->len = 0;
    if (buf->data)
        buf->data[0] = '\0';
}

static size_t grow(const Buf *buf, size_t count)
{
    size_t room = buf->room ? buf->room : BUF_FIRST_ROOM;

    while (room <= count)
        room += room / 2;
    return room > buf->cap ? buf->cap + 1 : room;
}

/* Room for `count` bytes and the closing NUL. */
static int reserve(Buf *buf, size_t count)
{
    size_t room;
    char *grown;

    if (count > buf->cap)
        return -ERR_TOO_BIG;
    if (count < buf->room)
        return 0;
    room = grow(buf, count);
    grown = realloc(buf->data, room);
    if (!grown)
        return -ERR_NO_MEMORY;
    buf->data = grown;
    buf->room = room;
    return 0;
}

int buf_append(Buf *buf, const void *bytes, size_t count)
{
    int r;

    if (count > buf->cap - buf->len)
        return -ERR_TOO_BIG;
    r = reserve(buf, buf->len + count);
    if (r < 0)
        return r;
    if (count > 0)
        memcpy(buf->data + buf->len, bytes, count);
    buf->len += count;
    buf->data[buf->len] = '\0';
    return 0;
}

int buf_append_str(Buf *buf, const char *text)
{
    return buf_append(buf, text, strlen(text));
}

int buf_append_char(Buf *buf, char c)
{
    return buf_append(buf, &c, 1);
}

int buf_printf(Buf *buf, const char *format, ...)
{
    va_list args;
    int count, r;

    va_start(args, format);
    count = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (count < 0)
        return -ERR_INVALID;
    if ((size_t)count > buf->cap - buf->len)
        return -ERR_TOO_BIG;
    r = reserve(buf, buf->len + (size_t)count);
    if (r < 0)
        return r;
    va_start(args, format);
    vsnprintf(buf->data + buf->len, (size_t)count + 1, format, args);
    va_end(args);
    buf->len += (size_t)count;
    return 0;
}

int buf_resize(Buf *buf, size_t count)
{
    int r = reserve(buf, count);

    if (r < 0)
        return r;
    if (count > buf->len)
        memset(buf->data + buf->len, 0, count - buf->len);
    buf->len = count;
    buf->data[count] = '\0';
    return 0;
}

int buf_steal(Buf *buf, char **ret_data, size_t *ret_len)
{
    int r = reserve(buf, buf->len);

    if (r < 0)
        return r;
    buf->data[buf->len] = '\0';
    *ret_data = buf->data;
    *ret_len = buf->len;
    buf_init(buf, buf->cap);
    return 0;
}

void buf_give_memory(Buf *from, Buf *to)
{
    if (from->room > to->room && from->room <= to->cap + 1) {
        free(to->data);
        to->data = from->data;
        to->room = from->room;
        buf_clear(to);
        from->data = NULL;
    }
    buf_release(from);
}

const char *buf_text(const Buf *buf)
{
    return buf->data ? buf->data : "";
}
