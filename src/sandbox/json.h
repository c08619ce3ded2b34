/* JSON as text: checked strictly, cut into pieces, never converted. A value that a client sent comes back digit for
 * digit, because nothing between its arrival and its return ever turns it into a number or a string.
 *
 * json_trim() and json_check() are the only functions that meet unchecked text. All others want text that passed it, or
 * that we wrote.
 */
#ifndef SANDBOX_JSON_H
#define SANDBOX_JSON_H

#include "buf.h"

#include <stdbool.h>

enum {
    JSON_MAX_DEPTH = 32,    /* nested arrays and objects */
    JSON_MAX_MEMBERS = 1024 /* of one object */
};

typedef struct Member {
    Text key;   /* with its quotes */
    Text value; /* as it was written */
} Member;

typedef enum JsonType { JSON_NONE, JSON_OBJECT, JSON_ARRAY, JSON_STRING, JSON_NUMBER, JSON_BOOL, JSON_NULL } JsonType;

/* The text without the white space around it. */
Text json_trim(Text text);

/* Whether `text` is exactly one JSON value in valid UTF-8 without a key that comes twice, within the caps above. If
 * not,
 * `*ret_why` is a short sentence that lives forever. */
bool json_check(Text text, const char **ret_why);

/* The type by its first byte; JSON_NONE for no text at all. Leading white space is not expected. */
JsonType json_type(Text value);

/* Steps through an object: `*offset` begins at 0. False at the end. */
bool json_next(Text object, size_t *offset, Member *ret_member);

/* Steps through an array in the same way. */
bool json_next_item(Text array, size_t *offset, Text *ret_item);

/* The value of a member, or a Text with `at` NULL. */
Text json_get(Text object, const char *key);

/* The value of the member whose quoted key means the same as `key`. */
Text json_get_member(Text object, Text key);

/* Adds what a string (with its quotes) means: UTF-8, where a lone surrogate becomes its three bytes and \u0000 a NUL.
 */
void json_unquote(Text string, Buf *buf);

/* The same as a new NUL-terminated text, which ends early if the string has a NUL in it; NULL if it is no string. */
char *json_string(Text value);

/* Adds the text without the white space between its tokens. */
void json_compact(Text text, Buf *buf);

#endif
