/*
 * The scanner. Between two bytes its whole state is:
 *
 *   lexeme       what the next byte is part of             leaves it when
 *   NONE         nothing: white space or a new lexeme      a lexeme begins
 *   STRING       a string                                  its closing quote came
 *   UTF8         a character of a string, utf8_left more   none is left
 *   ESCAPE       the byte after a backslash                it came; `u` leads to HEX
 *   HEX          \u, `progress` digits more                none is left
 *   NUMBER       a number, in the state `progress`         a byte comes that is no part of it: that byte is looked at
 * again TRUE …       a literal, `progress` bytes of it came    all came
 *
 * and `expect`: what must stand at the next lexeme's place. It moves on when a lexeme *begins*, so that an end has
 * nothing to decide. The levels are bits of `containers`, the outermost the lowest.
 */
#include "json.h"

#include "error.h"
#include "json_lex.h"
#include "json_names.h"
#include "utf8.h"

enum Expect {
    EXPECT_VALUE,
    EXPECT_OBJECT,        /* the outermost value, which must be one */
    EXPECT_FIRST_ELEMENT, /* or ] */
    EXPECT_FIRST_NAME,    /* or } */
    EXPECT_NAME,
    EXPECT_COLON,
    EXPECT_MORE, /* a comma or the container's end */
    EXPECT_END,
};

enum Lexeme {
    LEXEME_NONE,
    LEXEME_STRING,
    LEXEME_UTF8,
    LEXEME_ESCAPE,
    LEXEME_HEX,
    LEXEME_NUMBER,
    LEXEME_TRUE,
    LEXEME_FALSE,
    LEXEME_NULL,
};

enum Number {
    NUMBER_NO, /* the byte does not continue the number */
    NUMBER_MINUS,
    NUMBER_ZERO,
    NUMBER_INTEGER,
    NUMBER_POINT,
    NUMBER_FRACTION,
    NUMBER_E,
    NUMBER_E_SIGN,
    NUMBER_EXPONENT,
};

void json_scan_init(JsonScan *scan, bool object_only)
{
    *scan = (JsonScan){.state = JSON_INCOMPLETE, .expect = object_only ? EXPECT_OBJECT : EXPECT_VALUE};
}

/* Marks the text as wrong at `at`, and returns that. */
static const char *fail(JsonScan *scan, const char *at, const char *reason)
{
    scan->state = JSON_INVALID;
    scan->fault.reason = reason;
    return at;
}

static bool in_object(const JsonScan *scan)
{
    return scan->depth > 0 && (scan->containers >> (scan->depth - 1) & 1);
}

static const char *fail_expected(JsonScan *scan, const char *at)
{
    static const char *const reasons[] = {
        [EXPECT_VALUE] = "expected a value",
        [EXPECT_OBJECT] = "expected an object, which begins with {",
        [EXPECT_FIRST_ELEMENT] = "expected a value or ]",
        [EXPECT_FIRST_NAME] = "expected a member's name in double quotes, or }",
        [EXPECT_NAME] = "expected a member's name in double quotes",
        [EXPECT_COLON] = "expected a colon after the member's name",
        [EXPECT_END] = "text after the end",
    };

    if (scan->expect == EXPECT_MORE)
        return fail(scan, at, in_object(scan) ? "expected a comma or }" : "expected a comma or ]");
    if (*at == '\xEF' && scan->depth == 0 && scan->expect != EXPECT_END)
        return fail(scan, at, "begins with a byte order mark: JSON is UTF-8 without one");
    return fail(scan, at, reasons[scan->expect]);
}

static bool value_expected(const JsonScan *scan)
{
    return scan->expect == EXPECT_VALUE || scan->expect == EXPECT_FIRST_ELEMENT;
}

static unsigned after_value(const JsonScan *scan)
{
    return scan->depth > 0 ? EXPECT_MORE : EXPECT_END;
}

static const char *take_string(JsonScan *scan, JsonNames *names, const char *at, const char *end)
{
    unsigned char c;
    int left;

    at = lex_plain(at, end);
    if (at == end)
        return at;
    c = (unsigned char)*at;
    if (c == '"') {
        scan->lexeme = LEXEME_NONE;
        if (names && scan->expect == EXPECT_COLON && json_names_end(names, at + 1) < 0)
            return fail(scan, at, "too many members");
    } else if (c == '\\') {
        scan->lexeme = LEXEME_ESCAPE;
    } else if (c < 0x20) {
        return fail(scan, at, "a control character in a string must be escaped");
    } else {
        left = utf8_lead(c, &scan->utf8_low, &scan->utf8_high);
        if (left < 0)
            return fail(scan, at, "not UTF-8");
        scan->utf8_left = (unsigned)left;
        scan->lexeme = LEXEME_UTF8;
    }
    return at + 1;
}

static const char *take_utf8(JsonScan *scan, const char *at)
{
    unsigned char c = (unsigned char)*at;

    if (c < scan->utf8_low || c > scan->utf8_high)
        return fail(scan, at, "not UTF-8");
    scan->utf8_low = 0x80;
    scan->utf8_high = 0xBF;
    if (--scan->utf8_left == 0)
        scan->lexeme = LEXEME_STRING;
    return at + 1;
}

static const char *take_escape(JsonScan *scan, const char *at)
{
    if (*at == 'u') {
        scan->lexeme = LEXEME_HEX;
        scan->progress = 4;
        return at + 1;
    }
    if (*at == '\0' || !strchr("\"\\/bfnrt", *at))
        return fail(scan, at, "no such escape in a string");
    scan->lexeme = LEXEME_STRING;
    return at + 1;
}

static const char *take_hex(JsonScan *scan, const char *at)
{
    char c = *at;

    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')))
        return fail(scan, at, "expected four hexadecimal digits after \\u");
    if (--scan->progress == 0)
        scan->lexeme = LEXEME_STRING;
    return at + 1;
}

static enum Number number_next(enum Number state, char c)
{
    bool digit = c >= '0' && c <= '9';
    bool e = c == 'e' || c == 'E';

    switch (state) {
    case NUMBER_MINUS:
        return c == '0' ? NUMBER_ZERO : digit ? NUMBER_INTEGER : NUMBER_NO;
    case NUMBER_ZERO:
        return c == '.' ? NUMBER_POINT : e ? NUMBER_E : NUMBER_NO;
    case NUMBER_INTEGER:
        return digit ? NUMBER_INTEGER : c == '.' ? NUMBER_POINT : e ? NUMBER_E : NUMBER_NO;
    case NUMBER_POINT:
        return digit ? NUMBER_FRACTION : NUMBER_NO;
    case NUMBER_FRACTION:
        return digit ? NUMBER_FRACTION : e ? NUMBER_E : NUMBER_NO;
    case NUMBER_E:
        return digit ? NUMBER_EXPONENT : c == '+' || c == '-' ? NUMBER_E_SIGN : NUMBER_NO;
    case NUMBER_E_SIGN:
    case NUMBER_EXPONENT:
        return digit ? NUMBER_EXPONENT : NUMBER_NO;
    case NUMBER_NO:
        break;
    }
    return NUMBER_NO;
}

static bool number_may_end(enum Number state)
{
    return state == NUMBER_ZERO || state == NUMBER_INTEGER || state == NUMBER_FRACTION || state == NUMBER_EXPONENT;
}

static const char *take_number(JsonScan *scan, const char *at, const char *end)
{
    for (; at < end; at++) {
        enum Number next = number_next(scan->progress, *at);

        if (next == NUMBER_NO)
            break;
        scan->progress = next;
    }
    if (at == end)
        return at;
    if (scan->progress == NUMBER_ZERO && *at >= '0' && *at <= '9')
        return fail(scan, at, "a number has no leading zeros");
    if (!number_may_end(scan->progress))
        return fail(scan, at, "expected a digit");
    scan->lexeme = LEXEME_NONE;
    return at;
}

static const char *literal_text(unsigned lexeme)
{
    return lexeme == LEXEME_TRUE ? "true" : lexeme == LEXEME_FALSE ? "false" : "null";
}

static const char *take_literal(JsonScan *scan, const char *at, const char *end)
{
    const char *text = literal_text(scan->lexeme);

    for (; at < end && text[scan->progress]; at++, scan->progress++)
        if (*at != text[scan->progress])
            return fail(scan, at, "expected a value: a word is true, false or null, or stands in double quotes");
    if (!text[scan->progress])
        scan->lexeme = LEXEME_NONE;
    return at;
}

static const char *begin_string(JsonScan *scan, JsonNames *names, const char *at, const char *end)
{
    if (value_expected(scan)) {
        scan->expect = after_value(scan);
    } else if (scan->expect == EXPECT_NAME || scan->expect == EXPECT_FIRST_NAME) {
        scan->expect = EXPECT_COLON;
        if (names)
            json_names_begin(names, at);
    } else {
        return fail_expected(scan, at);
    }
    scan->lexeme = LEXEME_STRING;
    return take_string(scan, names, at + 1, end);
}

static const char *begin_scalar(JsonScan *scan, const char *at, const char *end)
{
    char c = *at;

    if (!value_expected(scan))
        return fail_expected(scan, at);
    if (c == '-' || (c >= '0' && c <= '9')) {
        scan->lexeme = LEXEME_NUMBER;
        scan->progress = c == '-' ? NUMBER_MINUS : c == '0' ? NUMBER_ZERO : NUMBER_INTEGER;
        scan->expect = after_value(scan);
        return take_number(scan, at + 1, end);
    }
    if (c != 't' && c != 'f' && c != 'n')
        return fail_expected(scan, at);
    scan->lexeme = c == 't' ? LEXEME_TRUE : c == 'f' ? LEXEME_FALSE : LEXEME_NULL;
    scan->progress = 1;
    scan->expect = after_value(scan);
    return take_literal(scan, at + 1, end);
}

static const char *open_container(JsonScan *scan, JsonNames *names, const char *at)
{
    bool object = *at == '{';

    if (!value_expected(scan) && !(object && scan->expect == EXPECT_OBJECT))
        return fail_expected(scan, at);
    if (scan->depth == JSON_DEPTH_MAX)
        return fail(scan, at, "nested more than 32 levels deep");
    scan->containers &= ~(UINT64_C(1) << scan->depth);
    scan->containers |= (uint64_t)object << scan->depth;
    scan->depth++;
    scan->expect = object ? EXPECT_FIRST_NAME : EXPECT_FIRST_ELEMENT;
    if (names && object)
        json_names_open(names);
    return at + 1;
}

static const char *close_container(JsonScan *scan, JsonNames *names, const char *at)
{
    bool object = *at == '}';
    bool may_end = scan->expect == EXPECT_MORE || scan->expect == (object ? EXPECT_FIRST_NAME : EXPECT_FIRST_ELEMENT);
    const char *duplicate;

    if (!may_end || in_object(scan) != object)
        return fail_expected(scan, at);
    scan->depth--;
    scan->expect = after_value(scan);
    if (names && object && json_names_close(names, &duplicate) < 0)
        return fail(scan, duplicate, "a second member of the same name");
    return at + 1;
}

static const char *take_mark(JsonScan *scan, const char *at)
{
    if (scan->expect != (*at == ',' ? EXPECT_MORE : EXPECT_COLON))
        return fail_expected(scan, at);
    scan->expect = *at == ',' && in_object(scan) ? EXPECT_NAME : EXPECT_VALUE;
    return at + 1;
}

static const char *take_lexeme(JsonScan *scan, JsonNames *names, const char *at, const char *end)
{
    switch (*at) {
    case ' ':
    case '\t':
    case '\n':
    case '\r':
        return lex_space(at, end);
    case '"':
        return begin_string(scan, names, at, end);
    case ',':
    case ':':
        return take_mark(scan, at);
    case '{':
    case '[':
        return open_container(scan, names, at);
    case '}':
    case ']':
        return close_container(scan, names, at);
    default:
        return begin_scalar(scan, at, end);
    }
}

static const char *take(JsonScan *scan, JsonNames *names, const char *at, const char *end)
{
    switch ((enum Lexeme)scan->lexeme) {
    case LEXEME_NONE:
        return take_lexeme(scan, names, at, end);
    case LEXEME_STRING:
        return take_string(scan, names, at, end);
    case LEXEME_UTF8:
        return take_utf8(scan, at);
    case LEXEME_ESCAPE:
        return take_escape(scan, at);
    case LEXEME_HEX:
        return take_hex(scan, at);
    case LEXEME_NUMBER:
        return take_number(scan, at, end);
    case LEXEME_TRUE:
    case LEXEME_FALSE:
    case LEXEME_NULL:
        break;
    }
    return take_literal(scan, at, end);
}

static void run(JsonScan *scan, JsonNames *names, const char *bytes, const char *end)
{
    const char *at = bytes;

    while (at < end && scan->state != JSON_INVALID)
        at = take(scan, names, at, end);
    if (scan->state == JSON_INVALID)
        scan->fault.offset = scan->offset + (size_t)(at - bytes);
    else if (scan->expect == EXPECT_END && scan->lexeme == LEXEME_NONE)
        scan->state = JSON_COMPLETE;
}

enum JsonState json_scan_feed(JsonScan *scan, const char *bytes, size_t count)
{
    if (scan->state != JSON_INVALID)
        run(scan, NULL, bytes, bytes + count);
    scan->offset += count;
    return scan->state;
}

/* Why a text that ended at an incomplete scan is none, or NULL if it is one: a number has no end of its own. */
static const char *ends_too_early(const JsonScan *scan)
{
    if (scan->lexeme == LEXEME_NUMBER && scan->depth == 0 && number_may_end(scan->progress))
        return NULL;
    if (scan->lexeme == LEXEME_NONE && (scan->expect == EXPECT_VALUE || scan->expect == EXPECT_OBJECT) &&
        scan->depth == 0)
        return "the text is empty";
    if (scan->lexeme >= LEXEME_STRING && scan->lexeme <= LEXEME_HEX)
        return "the text ends inside a string";
    return in_object(scan) ? "the text ends inside an object" : "the text ends too early";
}

int json_check(Span text, JsonFault *ret_fault)
{
    JsonNames names;
    JsonScan scan;

    json_names_init(&names, text);
    json_scan_init(&scan, false);
    if (text.len > UINT32_MAX)
        fail(&scan, text.at, "larger than 4 GiB");
    run(&scan, &names, text.at, text.at + text.len);
    json_names_release(&names);
    if (names.error)
        return names.error;
    if (scan.state == JSON_INCOMPLETE)
        scan.fault = (JsonFault){text.len, ends_too_early(&scan)};
    if (!scan.fault.reason)
        return 0;
    if (ret_fault)
        *ret_fault = scan.fault;
    return -ERR_PROTOCOL;
}
