#include "ledger_text.h"

#include <inttypes.h>
#include <stdio.h>

#include "crc32c.h"
#include "error.h"
#include "ledger.h"

/*
 *     skystackfs-budget 1
 *     boot 0b9c…
 *     now 8640123
 *     wall 1773915764000
 *     8640000 17          so many in the part that began then
 *     …
 *     crc32c 89ab4e1f     of all before this line
 */
static const char first_line[] = "skystackfs-budget 1\n", last_word[] = "crc32c ";

enum {
    LAST_LINE_BYTES = sizeof last_word - 1 + 9,
    DIGITS_MAX = 16, /* far more than any clock shows, and few enough that sums never overflow */
};

int ledger_encode(const Budget *day, const LedgerTime *time, Buf *into)
{
    size_t start = into->len;
    int r = buf_printf(into, "%sboot %s\nnow %" PRId64 "\nwall %" PRId64 "\n", first_line, time->boot, time->now_ms,
                       time->wall_ms);

    for (unsigned back = BUDGET_PARTS + 1; back-- > 0 && r == 0;) {
        unsigned count = budget_part(day, back);

        if (count > 0)
            r = buf_printf(into, "%" PRId64 " %u\n", budget_part_begin_ms(day, back), count);
    }
    if (r == 0)
        r = buf_printf(into, "%s%08x\n", last_word, crc32c(0, (Span){into->data + start, into->len - start}));
    return r;
}

/* ---- reading ---- */

/* What follows a word; false if the text does not begin with it. */
static bool take_word(Span *text, const char *word)
{
    size_t length = strlen(word);

    if (text->len < length || memcmp(text->at, word, length) != 0)
        return false;
    *text = (Span){text->at + length, text->len - length};
    return true;
}

/* A decimal number and the byte that ends it. */
static bool take_number(Span *text, char end, int64_t *ret_number)
{
    bool negative = take_word(text, "-");
    int64_t number = 0;
    size_t at = 0;

    for (; at < text->len && at < DIGITS_MAX && text->at[at] >= '0' && text->at[at] <= '9'; at++)
        number = number * 10 + (text->at[at] - '0');
    if (at == 0 || at >= text->len || text->at[at] != end)
        return false;
    *text = (Span){text->at + at + 1, text->len - at - 1};
    *ret_number = negative ? -number : number;
    return true;
}

static bool take_boot(Span *text, char ret_boot[LEDGER_BOOT_BYTES])
{
    const char *end = memchr(text->at, '\n', text->len);
    size_t length = end ? (size_t)(end - text->at) : LEDGER_BOOT_BYTES;

    if (length >= LEDGER_BOOT_BYTES)
        return false;
    memcpy(ret_boot, text->at, length);
    ret_boot[length] = '\0';
    *text = (Span){end + 1, text->len - length - 1};
    return true;
}

static bool is_whole(Span *text)
{
    char expected[LAST_LINE_BYTES + 1];

    if (text->len < LAST_LINE_BYTES)
        return false;
    text->len -= LAST_LINE_BYTES;
    snprintf(expected, sizeof expected, "%s%08x\n", last_word, crc32c(0, *text));
    return memcmp(text->at + text->len, expected, LAST_LINE_BYTES) == 0;
}

static bool take_head(Span *text, LedgerTime *ret_then)
{
    return take_word(text, first_line) && take_word(text, "boot ") && take_boot(text, ret_then->boot) &&
           take_word(text, "now ") && take_number(text, '\n', &ret_then->now_ms) && take_word(text, "wall ") &&
           take_number(text, '\n', &ret_then->wall_ms);
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Its clock still runs, but for one that was set back: a machine that was frozen and thawed. */
static bool same_clock(const LedgerTime *then, const LedgerTime *now)
{
    return strcmp(then->boot, now->boot) == 0 && now->now_ms > then->now_ms - LEDGER_DAY_MS / BUDGET_PARTS;
}

int64_t ledger_away_ms(const LedgerTime *then, const LedgerTime *now)
{
    int64_t away_ms = same_clock(then, now) ? now->now_ms - then->now_ms : now->wall_ms - then->wall_ms;

    return away_ms < 0 ? 0 : least(away_ms, 2 * (int64_t)LEDGER_DAY_MS);
}

int ledger_decode(Span text, const LedgerTime *time, Budget *ret_day)
{
    LedgerTime then = {0};
    int64_t begin_ms, count, now_ms, shift_ms;

    if (!is_whole(&text) || !take_head(&text, &then))
        return -ERR_PROTOCOL;
    now_ms = same_clock(&then, time) && then.now_ms > time->now_ms ? then.now_ms : time->now_ms;
    shift_ms = now_ms - ledger_away_ms(&then, time) - then.now_ms;
    budget_init(ret_day, 0, LEDGER_DAY_MS);
    while (text.len > 0) {
        if (!take_number(&text, ' ', &begin_ms) || !take_number(&text, '\n', &count) || count < 0 ||
            count > UINT32_MAX - ret_day->used)
            return -ERR_PROTOCOL;
        /* What was sent in a part was sent at its end, at the latest. */
        begin_ms = least(begin_ms + ret_day->part_ms - 1, then.now_ms) + shift_ms;
        budget_book(ret_day, now_ms, least(begin_ms, now_ms), (unsigned)count);
    }
    return 0;
}
