#include "error_line.h"

#include "log.h"

enum { MEMBER_BYTES = 16 << 10 };

bool error_line_check(Span line)
{
    return json_check(line, NULL) == 0;
}

int error_line_get(Span line, const char *member, Buf *into)
{
    Span value;

    if (!json_member(line, member, &value) || json_type(value) != JSON_STRING)
        return 0;
    return json_string(value, into);
}

int error_line_show(Span line, const char *member, Buf *into)
{
    _cleanup_buf_ Buf text = BUF_INIT(MEMBER_BYTES);
    int r = error_line_get(line, member, &text);

    return r < 0 ? r : text_escape(into, buf_text(&text), text.len);
}

bool error_line_is(Span line, const char *member, const char *text)
{
    _cleanup_buf_ Buf value = BUF_INIT(MEMBER_BYTES);

    return error_line_get(line, member, &value) == 0 && span_is((Span){buf_text(&value), value.len}, text);
}
