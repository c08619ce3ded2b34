/* A growing run of bytes, used for every answer and every piece of JSON that the sandbox writes.
 *
 * A Buf that is all zeros is empty and ready. `data` is NULL while nothing was ever added; after that there is always a
 * NUL behind the last byte, which `len` does not count. */
#ifndef SANDBOX_BUF_H
#define SANDBOX_BUF_H

#include <stddef.h>
#include <stdint.h>

typedef struct Buf {
    char *data;
    size_t len;
    size_t cap;
} Buf;

/* A piece of someone else's text: not NUL-terminated, and valid as long as its owner is. `at` is NULL for "no such
 * thing". */
typedef struct Text {
    const char *at;
    size_t len;
} Text;

void buf_add(Buf *buf, const void *bytes, size_t len);
void buf_puts(Buf *buf, const char *text);
void buf_putc(Buf *buf, char byte);
void buf_put(Buf *buf, Text text);
void buf_printf(Buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds `text` as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD, so the result is always JSON.
 */
void buf_put_json(Buf *buf, Text text);
void buf_puts_json(Buf *buf, const char *text);

/* Forgets the contents and keeps the memory. */
void buf_clear(Buf *buf);

/* Frees the memory; the Buf is empty and ready again. */
void buf_release(Buf *buf);

/* Hands the memory over to the caller, who frees it; never NULL. The Buf is empty again. */
char *buf_take(Buf *buf);

Text buf_text(const Buf *buf);
Text text_of(const char *text);
int text_is(Text text, const char *word);

/* How many bytes of valid UTF-8 stand at `at` as one character: 1 to 4, or 0 when it is not UTF-8. */
size_t utf8_char(const char *at, size_t left);

#endif
