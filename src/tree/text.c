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
    return hash_more(HASH_BEGIN, text.at, text.len);
}

int text_check_object(Span text, JsonFault *ret_fault)
{
    int r = json_check(text, ret_fault);

    if (r == 0 && json_type(json_trim(text)) != JSON_OBJECT) {
        *ret_fault = (JsonFault){.reason = "expected an object"};
        r = -ERR_PROTOCOL;
    }
    return r;
}

int text_value_is(Span value, Span expected)
{
    _cleanup_buf_ Buf said = BUF_INIT(RESOURCE_TEXT_BYTES);
    int r = json_type(value) == JSON_STRING ? json_string(value, &said) : -ERR_PROTOCOL;

    if (r < 0)
        return r == -ERR_NO_MEMORY ? r : 0;
    return span_equal((Span){buf_text(&said), said.len}, expected);
}
