/*
 * intent: one record of the journal as bytes, and copies of it. Private to the journal.
 *
 * The bytes are a line `skystackfs-intent 1 CRC32C JSON_BYTES TEXT_BYTES`, then that many bytes of one JSON object,
 * then those of the text as it was written, whatever they are. The checksum (eight hexadecimal digits) is over
 * everything behind it. Strings in the object are ASCII: a `%`, a control character or a byte from 0x7F on is %XX,
 * since names and the API's words need not be UTF-8. Members that are not known are passed over.
 */
#ifndef SKY_INTENT_H
#define SKY_INTENT_H

#include "journal.h"

enum {
    INTENT_META_BYTES = 4 << 20, /* of the object: its body, at worst three bytes for one, and the rest */
    INTENT_LINE_BYTES = 64,
    INTENT_FILE_BYTES = INTENT_LINE_BYTES + INTENT_META_BYTES + JOURNAL_TEXT_BYTES,
};

/* The strings of an intent but its text: one table for copying, writing and reading. */
typedef struct IntentString {
    const char *name;
    size_t offset; /* of the char * */
} IntentString;
enum { INTENT_STRINGS = 5 };
extern const IntentString intent_strings[INTENT_STRINGS];

/* A copy that owns its strings; NULL counts as "". 0 or -ERR_NO_MEMORY. */
int intent_copy(const Intent *from, Intent *ret_copy);
/* Puts another text in the place of the one it owns. 0 or -ERR_NO_MEMORY. */
int intent_set_text(Intent *intent, const char *text, size_t text_bytes);
/* Frees its strings and leaves it without any. */
void intent_release(Intent *intent);

/* Appends the bytes of an intent. 0, -ERR_TOO_BIG (its text or the rest is over its cap) or -ERR_NO_MEMORY; then `into`
 * may hold a part. */
int intent_encode(const Intent *intent, Buf *into);
/* Reads what intent_encode() wrote, but for the number, which is the file's name. -ERR_PROTOCOL: these are not the
 * bytes of an intent, and *ret_reason says why, as the end of a sentence that begins with the file; or -ERR_NO_MEMORY.
 */
int intent_decode(Span bytes, Intent *ret_intent, const char **ret_reason);

#endif
