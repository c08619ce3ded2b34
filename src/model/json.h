/*
 * json: JSON text, read in place and never changed by reading (RFC 8259, with caps).
 *
 * A general parser turns 2^53+1 into 2^53 and drops the second of two equal keys; a file system must hand back every
 * digit and refuse what is ambiguous. So texts are checked once by a strict scan, and are then cut into spans: no tree
 * is built.
 *
 *   json_scan_…    a push scanner that is fed byte by byte: complete, incomplete, or wrong at which byte and why
 *   json_check     the same over a whole text, and no two members of one object with the same name
 *   json_member, json_iter_…, json_string …   reading; only of text that passed json_check
 */
#ifndef SKY_JSON_H
#define SKY_JSON_H

#include <stdint.h>

#include "buf.h"
#include "span.h"

enum { JSON_DEPTH_MAX = 32, JSON_DOUBLE_BYTES = 64 };

enum JsonState {
    JSON_INCOMPLETE, /* a good beginning, or nothing but white space so far */
    JSON_COMPLETE,   /* one whole value; white space may follow */
    JSON_INVALID,
};

enum JsonType { JSON_OBJECT, JSON_ARRAY, JSON_STRING, JSON_NUMBER, JSON_TRUE, JSON_FALSE, JSON_NULL };

typedef struct JsonFault {
    size_t offset;      /* of the first byte that is wrong, or the text's length if it ends too early */
    const char *reason; /* static, such as "expected a colon after the member's name" */
} JsonFault;

typedef struct JsonScan {
    enum JsonState state;
    JsonFault fault;     /* meaningful once INVALID */
    size_t offset;       /* bytes taken so far */
    uint64_t containers; /* a bit a level, 1 = object; private, as is all below */
    unsigned depth;
    unsigned expect;
    unsigned lexeme;
    unsigned progress;
    unsigned utf8_left;
    unsigned utf8_low, utf8_high;
} JsonScan;

/* A scan of one value. With object_only, anything but an object is wrong at its first byte. */
void json_scan_init(JsonScan *scan, bool object_only);
/* Takes more bytes; the state holds for all bytes taken together. A top-level number is complete only at the next white
 * space. After COMPLETE, white space stays COMPLETE and anything else is INVALID ("text after the end"). Cost:
 * O(count). */
enum JsonState json_scan_feed(JsonScan *scan, const char *bytes, size_t count);

/* Checks a whole text, strictly: UTF-8, no raw controls, depth, no equal names in an object (compared decoded), nothing
 * after the value but white space. 0, or -ERR_PROTOCOL with the fault, which may be NULL if nobody asks; or
 * -ERR_NO_MEMORY. */
int json_check(Span text, JsonFault *ret_fault);

/* The value without the white space around it. */
Span json_trim(Span text);
enum JsonType json_type(Span value);
/* The value of an object's member, by its decoded name. False if there is none, or `object` is no object. */
bool json_member(Span object, const char *name, Span *ret_value);

/* The values of several members, all in one walk; `at` is NULL where there is none. */
void json_members(Span object, const Span *names, size_t count, Span *ret_values);

/* Walks an object's members or an array's elements, in order. For an array, the name is an empty span. Names are raw:
 * with quotes and escapes, as json_string() takes them. A scalar has no members. */
typedef struct JsonIter {
    Span rest;
    bool is_object;
    bool first;
} JsonIter;
void json_iter_init(JsonIter *iter, Span container);
bool json_iter_next(JsonIter *iter, Span *ret_name, Span *ret_value);

/* Appends the decoded text of a raw string. \u0000 becomes a NUL byte, a lone surrogate its three-byte (WTF-8) form. */
int json_string(Span raw, Buf *into);
/* Appends a string's text as json_string() does, and any other value as it is written. */
int json_text(Span value, Buf *into);
/* Appends text as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD; WTF-8 surrogates their \u
 * escape. */
int json_quote(Buf *into, Span text);
/* The same in printable ASCII: for what people look at in a terminal, which other characters could deceive. */
int json_quote_ascii(Buf *into, Span text);
/* Appends `,"key":` and the value as json_quote_ascii() has it: a further member of an object. The key needs no escapes. */
int json_quote_member(Buf *into, const char *key, const char *value);
/* The value of an integer that fits. False for anything else. */
bool json_integer(Span value, int64_t *ret_number);
/* The value of a number, which may be infinite. False for anything else, and for one that is written in
 * JSON_DOUBLE_BYTES or more. */
bool json_double(Span value, double *ret_number);

/* Appends the value as files show it: two spaces a level, one member or element a line, `: ` after names, {} and []
 * when empty, strings and numbers as they were written, one final newline (what `jq .` prints). */
int json_indent(Buf *into, Span value);
/* How many bytes json_indent() would append. Allocates nothing. */
size_t json_indent_bytes(Span value);
/* Appends the value without white space. */
int json_compact(Buf *into, Span value);
/* Whether two values mean the same: white space, member order and string escapes don't count; numbers count as written.
 */
bool json_equal(Span a, Span b);

#endif
