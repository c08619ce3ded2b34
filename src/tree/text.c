#include "tree_internal.h"

#include <stdlib.h>
#include <string.h>

Text *text_new(const char *bytes, size_t count)
{
    Text *text = malloc(sizeof *text + count + 1);

    if (!text)
        return NULL;
    text->refs = 1;
    text->bytes = count;
    if (count > 0)
        memcpy(text->data, bytes, count);
    text->data[count] = '\0';
    return text;
}

Text *text_of_buf(Buf *buf)
{
    return text_new(buf_text(buf), buf->len);
}

Text *text_unref(Text *text)
{
    if (text && --text->refs == 0)
        free(text);
    return NULL;
}

uint64_t text_hash(Span text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < text.len; i++)
        hash = (hash ^ (unsigned char)text.at[i]) * UINT64_C(0x100000001b3);
    return hash;
}
