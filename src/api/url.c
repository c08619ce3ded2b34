#include "url.h"

static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.' || c == '~';
}

int url_encode(Buf *into, Span text)
{
    int r = 0;

    for (size_t i = 0; i < text.len && r == 0; i++) {
        if (is_unreserved(text.at[i]))
            r = buf_append_char(into, text.at[i]);
        else
            r = buf_printf(into, "%%%02X", (unsigned char)text.at[i]);
    }
    return r;
}
