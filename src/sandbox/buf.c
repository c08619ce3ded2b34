#include "buf.h"

#include "mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void reserve(Buf *buf, size_t more)
{
    if (buf->cap - buf->len > more)
        return;
    size_t cap = buf->cap ? buf->cap : 256;
    while (cap - buf->len <= more)
        cap *= 2;
    buf->data = mem_grow(buf->data, cap);
    buf->cap = cap;
}

void buf_add(Buf *buf, const void *bytes, size_t len)
{
    reserve(buf, len);
    if (len)
        memcpy(buf->data + buf->len, bytes, len);
    buf->len += len;
    buf->data[buf->len] = '\0';
}

void buf_puts(Buf *buf, const char *text)
{
    buf_add(buf, text, strlen(text));
}

void buf_putc(Buf *buf, char byte)
{
    buf_add(buf, &byte, 1);
}

void buf_put(Buf *buf, Text text)
{
    buf_add(buf, text.at, text.len);
}

void buf_printf(Buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = NULL;
    int len = vasprintf(&text, format, args);
    va_end(args);
    if (len < 0)
        abort();
    buf_add(buf, text, (size_t)len);
    free(text);
}

static int follows(const char *at, size_t left, size_t count)
{
    if (left <= count)
        return 0;
    for (size_t i = 1; i <= count; i++)
        if (((unsigned char)at[i] & 0xC0) != 0x80)
            return 0;
    return 1;
}

size_t utf8_char(const char *at, size_t left)
{
    const unsigned char *c = (const unsigned char *)at;
    if (!left)
        return 0;
    if (c[0] < 0x80)
        return 1;
    if (c[0] >= 0xC2 && c[0] <= 0xDF)
        return follows(at, left, 1) ? 2 : 0;
    if ((c[0] & 0xF0) == 0xE0) {
        int fine = follows(at, left, 2) && !(c[0] == 0xE0 && c[1] < 0xA0) && !(c[0] == 0xED && c[1] > 0x9F);
        return fine ? 3 : 0;
    }
    if (c[0] >= 0xF0 && c[0] <= 0xF4) {
        int fine = follows(at, left, 3) && !(c[0] == 0xF0 && c[1] < 0x90) && !(c[0] == 0xF4 && c[1] > 0x8F);
        return fine ? 4 : 0;
    }
    return 0;
}

static void put_ascii(Buf *buf, char c)
{
    if (c == '"' || c == '\\') {
        buf_putc(buf, '\\');
        buf_putc(buf, c);
    } else if ((unsigned char)c < 0x20 || c == 0x7F) {
        buf_printf(buf, "\\u%04x", (unsigned)(unsigned char)c);
    } else {
        buf_putc(buf, c);
    }
}

void buf_put_json(Buf *buf, Text text)
{
    buf_putc(buf, '"');
    for (size_t i = 0; i < text.len;) {
        size_t len = utf8_char(text.at + i, text.len - i);
        if (len == 1)
            put_ascii(buf, text.at[i]);
        else if (len)
            buf_add(buf, text.at + i, len);
        else
            buf_puts(buf, "\xEF\xBF\xBD");
        i += len ? len : 1;
    }
    buf_putc(buf, '"');
}

void buf_puts_json(Buf *buf, const char *text)
{
    buf_put_json(buf, text_of(text));
}

void buf_clear(Buf *buf)
{
    buf->len = 0;
    if (buf->data)
        buf->data[0] = '\0';
}

void buf_release(Buf *buf)
{
    free(buf->data);
    *buf = (Buf){0};
}

char *buf_take(Buf *buf)
{
    reserve(buf, 0);
    buf->data[buf->len] = '\0';
    char *data = buf->data;
    *buf = (Buf){0};
    return data;
}

Text buf_text(const Buf *buf)
{
    return (Text){buf->data ? buf->data : "", buf->len};
}

Text text_of(const char *text)
{
    return (Text){text, strlen(text)};
}

int text_is(Text text, const char *word)
{
    return text.at && text.len == strlen(word) && memcmp(text.at, word, text.len) == 0;
}
