#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crc32c.h"
#include "error.h"
#include "intent.h"
#include "json.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static const char magic[] = "skystackfs-intent ", version[] = "1";

static const char *const kinds[] = {[INTENT_CREATE] = "create", [INTENT_UPDATE] = "update", [INTENT_DELETE] = "delete"};
static const char *const states[] = {
    [INTENT_BEGUN] = "begun", [INTENT_UNSETTLED] = "unsettled", [INTENT_REJECTED] = "rejected"};
static const char *const sents[] = {
    [FAILURE_NOT_SENT] = "not_sent", [FAILURE_ANSWERED] = "answered", [FAILURE_UNKNOWN] = "unknown"};

/* The strings of a failure. */
static const struct {
    const char *name;
    size_t offset, room;
} failure_strings[] = {
    {"api_code", offsetof(Failure, api_code), FAILURE_ID_BYTES},
    {"request_id", offsetof(Failure, request_id), FAILURE_ID_BYTES},
    {"message", offsetof(Failure, message), FAILURE_MESSAGE_BYTES},
    {"mend", offsetof(Failure, mend), FAILURE_MEND_BYTES},
};

/* --- writing --- */

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x7F && c != '%';
}

static int escape(const char *string, Buf *into)
{
    int r = 0;

    while (r == 0 && *string) {
        size_t plain = 0;

        while (is_plain((unsigned char)string[plain]))
            plain++;
        r = buf_append(into, string, plain);
        string += plain;
        if (r == 0 && *string)
            r = buf_printf(into, "%%%02X", (unsigned char)*string++);
    }
    return r;
}

static int put_string(Buf *into, const char *name, const char *string)
{
    _cleanup_buf_ Buf escaped = BUF_INIT(INTENT_META_BYTES);
    int r = escape(string ? string : "", &escaped);

    if (r == 0)
        r = buf_printf(into, ",\"%s\":", name);
    return r < 0 ? r : json_quote(into, (Span){buf_text(&escaped), escaped.len});
}

static int put_failure(Buf *into, const Failure *failure)
{
    int r = buf_printf(into, ",\"failure\":{\"code\":\"%s\",\"sent\":\"%s\",\"http_status\":%d",
                       error_name(failure->code), sents[failure->sent], failure->http_status);

    for (size_t i = 0; r == 0 && i < COUNT(failure_strings); i++)
        r = put_string(into, failure_strings[i].name, (const char *)failure + failure_strings[i].offset);
    return r < 0 ? r : buf_append_char(into, '}');
}

static int put_object(Buf *into, const Intent *intent)
{
    int r = buf_printf(into, "{\"kind\":\"%s\",\"state\":\"%s\",\"wall_ms\":%lld,\"uid\":%lld", kinds[intent->kind],
                       states[intent->state], (long long)intent->wall_ms, (long long)intent->uid);

    for (size_t i = 0; r == 0 && i < INTENT_STRINGS; i++)
        r = put_string(into, intent_strings[i].name, *(char *const *)((const char *)intent + intent_strings[i].offset));
    if (r == 0)
        r = put_failure(into, &intent->failure);
    return r < 0 ? r : buf_append_str(into, "}\n");
}

int intent_encode(const Intent *intent, Buf *into)
{
    _cleanup_buf_ Buf object = BUF_INIT(INTENT_META_BYTES);
    Span text = {intent->text, intent->text_bytes};
    char lengths[INTENT_LINE_BYTES];
    uint32_t sum;
    int r = text.len <= JOURNAL_TEXT_BYTES ? put_object(&object, intent) : -ERR_TOO_BIG;

    if (r < 0)
        return r;
    snprintf(lengths, sizeof lengths, " %zu %zu\n", object.len, text.len);
    sum = crc32c(0, span_of(lengths));
    sum = crc32c(sum, (Span){object.data, object.len});
    r = buf_printf(into, "%s%s %08x%s", magic, version, crc32c(sum, text), lengths);
    if (r == 0)
        r = buf_append(into, object.data, object.len);
    return r < 0 ? r : buf_append(into, text.at, text.len);
}

/* --- reading: outputs are set only where all is well; the caller releases what a half-read intent holds --- */

static int hex_digit(char c)
{
    const char *digits = "0123456789ABCDEF", *found = c ? strchr(digits, c) : NULL;

    return found ? (int)(found - digits) : -1;
}

/* Turns %XX back, in place. False if it is not what escape() makes. */
static bool unescape(char *string, size_t length)
{
    char *to = string;

    for (size_t i = 0; i < length; i++) {
        int c = (unsigned char)string[i];

        if (c == '%') {
            int high = i + 2 < length ? hex_digit(string[i + 1]) : -1, low = high < 0 ? -1 : hex_digit(string[i + 2]);

            c = low < 0 ? 0 : high << 4 | low;
            i += 2;
        }
        if (c == 0)
            return false;
        *to++ = (char)c;
    }
    *to = '\0';
    return true;
}

/* A member's string, allocated. -ERR_PROTOCOL or -ERR_NO_MEMORY. */
static int take_string(Span object, const char *name, char **ret_string)
{
    _cleanup_buf_ Buf string = BUF_INIT(INTENT_META_BYTES);
    size_t length;
    Span value;
    int r;

    if (!json_member(object, name, &value) || json_type(value) != JSON_STRING)
        return -ERR_PROTOCOL;
    r = json_string(value, &string);
    if (r == 0 && string.len > 0 && !unescape(string.data, string.len))
        r = -ERR_PROTOCOL;
    return r < 0 ? r : buf_steal(&string, ret_string, &length);
}

static int take_number(Span object, const char *name, int64_t *ret_number)
{
    Span value;

    return json_member(object, name, &value) && json_integer(value, ret_number) ? 0 : -ERR_PROTOCOL;
}

/* The index of a member's word in a table. */
static int take_word(Span object, const char *name, const char *const *words, size_t count, size_t *ret_index)
{
    Span value;

    if (!json_member(object, name, &value) || value.len < 2)
        return -ERR_PROTOCOL;
    for (size_t i = 0; i < count; i++) {
        if (span_equal((Span){value.at + 1, value.len - 2}, span_of(words[i]))) {
            *ret_index = i;
            return 0;
        }
    }
    return -ERR_PROTOCOL;
}

/* The code that has this name; -ERR_INVALID for one that this version does not know: the sentence beside it says what
 * was meant. */
static int code_of(const char *name)
{
    for (int code = 0; code < ERR_COUNT; code++)
        if (strcmp(error_name(code), name) == 0)
            return -code;
    return -ERR_INVALID;
}

static int take_code(Span object, int *ret_code)
{
    char *name = NULL;
    int r = take_string(object, "code", &name);

    if (r == 0)
        *ret_code = code_of(name);
    free(name);
    return r;
}

static int take_failure_string(Span object, size_t index, Failure *failure)
{
    char *string = NULL;
    int r = take_string(object, failure_strings[index].name, &string);

    if (r == 0)
        snprintf((char *)failure + failure_strings[index].offset, failure_strings[index].room, "%s", string);
    free(string);
    return r;
}

static int take_failure(Span object, Failure *failure)
{
    int64_t status = 0;
    size_t sent = 0;
    Span inner = {NULL, 0};
    int r = json_member(object, "failure", &inner) ? take_code(inner, &failure->code) : -ERR_PROTOCOL;

    if (r == 0)
        r = take_word(inner, "sent", sents, COUNT(sents), &sent);
    if (r == 0)
        r = take_number(inner, "http_status", &status);
    for (size_t i = 0; r == 0 && i < COUNT(failure_strings); i++)
        r = take_failure_string(inner, i, failure);
    failure->sent = (enum FailureSent)sent;
    failure->http_status = (int)status;
    return r;
}

static int take_facts(Span object, Intent *intent)
{
    size_t kind = 0, state = 0;
    int64_t uid = 0;
    int r = take_word(object, "kind", kinds, COUNT(kinds), &kind);

    if (r == 0)
        r = take_word(object, "state", states, COUNT(states), &state);
    if (r == 0)
        r = take_number(object, "wall_ms", &intent->wall_ms);
    if (r == 0)
        r = take_number(object, "uid", &uid);
    intent->kind = (enum IntentKind)kind;
    intent->state = (enum IntentState)state;
    intent->uid = (uid_t)uid;
    return r;
}

static int take_object(Span object, Intent *intent)
{
    int r = json_check(object, NULL);

    if (r == 0)
        r = take_facts(object, intent);
    for (size_t i = 0; r == 0 && i < INTENT_STRINGS; i++)
        r = take_string(object, intent_strings[i].name, (char **)((char *)intent + intent_strings[i].offset));
    return r < 0 ? r : take_failure(object, &intent->failure);
}

/* Takes the word up to the next blank or end of line, and leaves what is behind it, that one included. */
static Span take_until_blank(Span *rest)
{
    Span word = {rest->at, 0};

    while (word.len < rest->len && word.at[word.len] != ' ' && word.at[word.len] != '\n')
        word.len++;
    *rest = (Span){rest->at + word.len, rest->len - word.len};
    return word;
}

/* Takes the separator and a number of bytes that the rest can hold. */
static bool take_length(Span *rest, char separator, size_t *ret_bytes)
{
    int64_t number;

    if (rest->len == 0 || *rest->at != separator)
        return false;
    *rest = (Span){rest->at + 1, rest->len - 1};
    if (!json_integer(take_until_blank(rest), &number) || number < 0 || (uint64_t)number > rest->len)
        return false;
    *ret_bytes = (size_t)number;
    return true;
}

/* Cuts the bytes in their two parts. NULL, or why they can't be an intent's. */
static const char *cut(Span bytes, Span *ret_object, Span *ret_text)
{
    Span rest = bytes, word;
    size_t object_bytes, text_bytes;
    char sum[9];

    if (rest.len < strlen(magic) || memcmp(rest.at, magic, strlen(magic)) != 0)
        return "does not begin as an intent does";
    rest = (Span){rest.at + strlen(magic), rest.len - strlen(magic)};
    word = take_until_blank(&rest);
    if (!span_is(word, version))
        return "has a format that this version of skystackfs does not know: a newer one may have written it";
    if (rest.len == 0)
        return "ends in its first line";
    rest = (Span){rest.at + 1, rest.len - 1};
    word = take_until_blank(&rest);
    snprintf(sum, sizeof sum, "%08x", crc32c(0, rest));
    if (!span_is(word, sum))
        return "does not fit its checksum";
    if (!take_length(&rest, ' ', &object_bytes) || !take_length(&rest, ' ', &text_bytes) || rest.len == 0 ||
        *rest.at != '\n' || rest.len - 1 - object_bytes != text_bytes)
        return "is not as long as its first line says";
    *ret_object = (Span){rest.at + 1, object_bytes};
    *ret_text = (Span){rest.at + 1 + object_bytes, text_bytes};
    return NULL;
}

int intent_decode(Span bytes, Intent *ret_intent, const char **ret_reason)
{
    Intent intent = {0};
    Span object, text;
    const char *reason = cut(bytes, &object, &text);
    int r = reason ? -ERR_PROTOCOL : take_object(object, &intent);

    if (r == 0)
        r = intent_set_text(&intent, text.at, text.len);
    if (r < 0) {
        intent_release(&intent);
        *ret_reason = reason ? reason : "lacks what an intent must have";
        return r;
    }
    *ret_intent = intent;
    return 0;
}
