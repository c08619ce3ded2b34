#include "exposition.h"

#include <math.h>

#include "utf8.h"

static const char REPLACEMENT[] = "\xef\xbf\xbd";   /* U+FFFD */
static const double EXACT_MAX = 9007199254740992.0; /* up to which all integers are doubles */

static void note(Exposition *exposition, int code)
{
    if (exposition->code == 0)
        exposition->code = code;
}

static int escape_ascii(Buf *into, char c)
{
    switch (c) {
    case '\\':
        return buf_append_str(into, "\\\\");
    case '"':
        return buf_append_str(into, "\\\"");
    case '\n':
        return buf_append_str(into, "\\n");
    case '\0':
        return buf_append_str(into, REPLACEMENT);
    default:
        return buf_append_char(into, c);
    }
}

/* How many bytes from here on stand for themselves. */
static size_t plain_length(const char *at, const char *end)
{
    const char *from = at;

    while (at < end && (unsigned char)*at < 0x80 && *at != '\\' && *at != '"' && *at != '\n' && *at != '\0')
        at++;
    return (size_t)(at - from);
}

/* Takes the next character or characters. */
static int escape_next(Buf *into, const char **at, const char *end)
{
    size_t length = plain_length(*at, end);
    const char *from = *at;

    if (length == 0 && (unsigned char)*from < 0x80) {
        (*at)++;
        return escape_ascii(into, *from);
    }
    if (length == 0)
        length = utf8_length(from, end);
    *at += length > 0 ? length : 1;
    return length > 0 ? buf_append(into, from, length) : buf_append_str(into, REPLACEMENT);
}

int exposition_escape(Buf *into, Span value)
{
    const char *at = value.at, *end = value.at + value.len;
    int r = 0;

    while (at < end && r == 0)
        r = escape_next(into, &at, end);
    return r;
}

double exposition_seconds(int64_t ms)
{
    return (double)ms / 1000;
}

int exposition_number(Buf *into, double value)
{
    if (isnan(value))
        return buf_append_str(into, "NaN");
    if (isinf(value))
        return buf_append_str(into, value > 0 ? "+Inf" : "-Inf");
    if (value > -EXACT_MAX && value < EXACT_MAX && (double)(int64_t)value == value)
        return buf_printf(into, "%.0f", value);
    return buf_printf(into, "%.15g", value);
}

/* Of a help text; what its table holds needs no more than this. */
static int escape_help(Buf *into, const char *help)
{
    int r = 0;

    for (; *help && r == 0; help++)
        r = *help == '\\' || *help == '\n' ? escape_ascii(into, *help) : buf_append_char(into, *help);
    return r;
}

void exposition_family(Exposition *exposition, const char *name, const char *type, const char *help)
{
    Buf *into = exposition->into;

    exposition->family = name;
    if (exposition->code == 0)
        note(exposition, buf_printf(into, "# HELP %s ", name));
    if (exposition->code == 0)
        note(exposition, escape_help(into, help));
    if (exposition->code == 0)
        note(exposition, buf_printf(into, "\n# TYPE %s %s\n", name, type));
}

static int add_label(Buf *into, const ExpositionLabel *label, bool first)
{
    int r = buf_printf(into, "%s%s=\"", first ? "{" : ",", label->name);

    if (r == 0)
        r = exposition_escape(into, label->value);
    return r < 0 ? r : buf_append_char(into, '"');
}

static int add_sample(const Exposition *exposition, const char *suffix, const ExpositionLabel *labels, size_t count,
                      double value)
{
    Buf *into = exposition->into;
    int r = buf_printf(into, "%s%s", exposition->family, suffix);

    for (size_t i = 0; i < count && r == 0; i++)
        r = add_label(into, &labels[i], i == 0);
    if (r == 0)
        r = buf_append_str(into, count > 0 ? "} " : " ");
    if (r == 0)
        r = exposition_number(into, value);
    return r < 0 ? r : buf_append_char(into, '\n');
}

void exposition_sample(Exposition *exposition, const ExpositionLabel *labels, size_t count, double value)
{
    if (exposition->code == 0)
        note(exposition, add_sample(exposition, "", labels, count, value));
}

void exposition_one(Exposition *exposition, const char *label, const char *label_value, double value)
{
    exposition_sample(exposition, &(ExpositionLabel){label, span_of(label_value)}, 1, value);
}

void exposition_value(Exposition *exposition, double value)
{
    exposition_sample(exposition, NULL, 0, value);
}

void exposition_histogram(Exposition *exposition, const char *label, const char *label_value,
                          const ExpositionHistogram *histogram)
{
    _cleanup_buf_ Buf bound = BUF_INIT(64);
    ExpositionLabel labels[] = {{label, span_of(label_value)}, {.name = "le"}};
    uint64_t count = 0;
    int r = exposition->code;

    for (size_t i = 0; i <= histogram->bounds && r == 0; i++) {
        buf_clear(&bound);
        r = exposition_number(&bound, i < histogram->bounds ? exposition_seconds(histogram->bounds_ms[i]) : INFINITY);
        labels[1].value = (Span){buf_text(&bound), bound.len};
        count += histogram->counts[i];
        if (r == 0)
            r = add_sample(exposition, "_bucket", labels, 2, (double)count);
    }
    if (r == 0)
        r = add_sample(exposition, "_sum", labels, 1, exposition_seconds(histogram->total_ms));
    if (r == 0)
        r = add_sample(exposition, "_count", labels, 1, (double)count);
    note(exposition, r);
}
