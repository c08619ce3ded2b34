#include "date.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

enum {
    MS_PER_SECOND = 1000,
    SECONDS_PER_MINUTE = 60,
    SECONDS_PER_HOUR = 3600,
    SECONDS_PER_DAY = 86400,
    /* The two-digit years of RFC 850 dates belong to 1970 to 2069: a fixed window, as no clock is read here. */
    CENTURY_PIVOT = 70,
};

typedef struct Date {
    int year, month, day, hour, minute, second, ms;
    int offset_seconds; /* what the local time is ahead of UTC */
} Date;

typedef struct Reader {
    const char *at, *end;
} Reader;

static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
static const char *const long_days[] = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};

static bool take(Reader *reader, const char *text)
{
    size_t length = strlen(text);

    if ((size_t)(reader->end - reader->at) < length || memcmp(reader->at, text, length) != 0)
        return false;
    reader->at += length;
    return true;
}

static bool take_number(Reader *reader, int digits, int *ret_number)
{
    int number = 0;

    if (reader->end - reader->at < digits)
        return false;
    for (int i = 0; i < digits; i++, reader->at++) {
        if (*reader->at < '0' || *reader->at > '9')
            return false;
        number = 10 * number + (*reader->at - '0');
    }
    *ret_number = number;
    return true;
}

/* One of `count` words, as its number from 0. */
static bool take_word(Reader *reader, const char *const *words, int count, int *ret_index)
{
    for (int i = 0; i < count; i++) {
        if (take(reader, words[i])) {
            *ret_index = i;
            return true;
        }
    }
    return false;
}

static bool take_month(Reader *reader, Date *date)
{
    int index;

    if (!take_word(reader, months, 12, &index))
        return false;
    date->month = index + 1;
    return true;
}

static bool take_clock(Reader *reader, Date *date)
{
    return take_number(reader, 2, &date->hour) && take(reader, ":") && take_number(reader, 2, &date->minute) &&
           take(reader, ":") && take_number(reader, 2, &date->second);
}

/* Days from 1970 to a day of the Gregorian calendar. Years are counted from March, so that a leap day is a year's last.
 */
static int64_t days_of(int year, int month, int day)
{
    int64_t from_march = month > 2 ? year : (int64_t)year - 1;
    int64_t era = (from_march >= 0 ? from_march : from_march - 399) / 400;
    int64_t year_of_era = from_march - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

static int month_days(int year, int month)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return lengths[month - 1] + (month == 2 && leap);
}

/* A leap second counts as the second after it. */
static bool to_ms(const Date *date, int64_t *ret_ms)
{
    int64_t seconds;

    if (date->month < 1 || date->month > 12 || date->day < 1 || date->day > month_days(date->year, date->month))
        return false;
    if (date->hour > 23 || date->minute > 59 || date->second > 60)
        return false;
    seconds = days_of(date->year, date->month, date->day) * SECONDS_PER_DAY + date->hour * SECONDS_PER_HOUR +
              date->minute * SECONDS_PER_MINUTE + date->second - date->offset_seconds;
    *ret_ms = seconds * MS_PER_SECOND + date->ms;
    return true;
}

/* The digits behind the point, of which three count. */
static bool take_fraction(Reader *reader, Date *date)
{
    const char *begin = reader->at;

    for (int scale = 100; reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9'; scale /= 10)
        date->ms += (*reader->at++ - '0') * scale;
    return reader->at > begin;
}

static bool take_zone(Reader *reader, Date *date)
{
    int hours, minutes, sign;

    if (take(reader, "Z") || take(reader, "z"))
        return true;
    if (take(reader, "+"))
        sign = 1;
    else if (take(reader, "-"))
        sign = -1;
    else
        return false;
    if (!take_number(reader, 2, &hours) || !take(reader, ":") || !take_number(reader, 2, &minutes))
        return false;
    date->offset_seconds = sign * (hours * SECONDS_PER_HOUR + minutes * SECONDS_PER_MINUTE);
    return hours < 24 && minutes < 60;
}

bool date_parse_rfc3339(Span text, int64_t *ret_ms)
{
    Reader reader = {text.at, text.at + text.len};
    Date date = {.ms = 0};

    if (!take_number(&reader, 4, &date.year) || !take(&reader, "-") || !take_number(&reader, 2, &date.month) ||
        !take(&reader, "-") || !take_number(&reader, 2, &date.day))
        return false;
    if (!(take(&reader, "T") || take(&reader, "t") || take(&reader, " ")) || !take_clock(&reader, &date))
        return false;
    if (take(&reader, ".") && !take_fraction(&reader, &date))
        return false;
    return take_zone(&reader, &date) && reader.at == reader.end && to_ms(&date, ret_ms);
}

/* Sun, 06 Nov 1994 08:49:37 GMT */
static bool parse_fixdate(Reader reader, Date *date)
{
    int day_name;

    return take_word(&reader, days, 7, &day_name) && take(&reader, ", ") && take_number(&reader, 2, &date->day) &&
           take(&reader, " ") && take_month(&reader, date) && take(&reader, " ") &&
           take_number(&reader, 4, &date->year) && take(&reader, " ") && take_clock(&reader, date) &&
           take(&reader, " GMT") && reader.at == reader.end;
}

/* Sunday, 06-Nov-94 08:49:37 GMT */
static bool parse_rfc850(Reader reader, Date *date)
{
    int day_name;

    if (!take_word(&reader, long_days, 7, &day_name) || !take(&reader, ", ") || !take_number(&reader, 2, &date->day) ||
        !take(&reader, "-") || !take_month(&reader, date) || !take(&reader, "-") ||
        !take_number(&reader, 2, &date->year))
        return false;
    date->year += date->year < CENTURY_PIVOT ? 2000 : 1900;
    return take(&reader, " ") && take_clock(&reader, date) && take(&reader, " GMT") && reader.at == reader.end;
}

/* Sun Nov  6 08:49:37 1994 */
static bool parse_asctime(Reader reader, Date *date)
{
    int day_name;

    if (!take_word(&reader, days, 7, &day_name) || !take(&reader, " ") || !take_month(&reader, date) ||
        !take(&reader, " "))
        return false;
    if (!take_number(&reader, take(&reader, " ") ? 1 : 2, &date->day))
        return false;
    return take(&reader, " ") && take_clock(&reader, date) && take(&reader, " ") &&
           take_number(&reader, 4, &date->year) && reader.at == reader.end;
}

bool date_parse_http(Span text, int64_t *ret_ms)
{
    static bool (*const forms[])(Reader, Date *) = {parse_fixdate, parse_rfc850, parse_asctime};
    Reader reader = {text.at, text.at + text.len};

    for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
        Date date = {.ms = 0};

        if (forms[i](reader, &date))
            return to_ms(&date, ret_ms);
    }
    return false;
}

static int64_t floor_divide(int64_t number, int64_t by)
{
    return number / by - (number % by < 0);
}

/* The inverse of days_of(). */
static void date_of(int64_t from_1970, int64_t *ret_year, unsigned *ret_month, unsigned *ret_day)
{
    int64_t count = from_1970 + 719468;
    int64_t era = floor_divide(count, 146097);
    int64_t of_era = count - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153;

    *ret_day = (unsigned)(of_year - (153 * month + 2) / 5 + 1);
    *ret_month = (unsigned)(month < 10 ? month + 3 : month - 9);
    *ret_year = year + era * 400 + (month >= 10);
}

void date_format(int64_t ms, char ret_text[DATE_TEXT_BYTES])
{
    int64_t seconds = floor_divide(ms, MS_PER_SECOND);
    int64_t day_count = floor_divide(seconds, SECONDS_PER_DAY), year;
    int of_day = (int)(seconds - day_count * SECONDS_PER_DAY);
    unsigned month, day;
    int length;

    date_of(day_count, &year, &month, &day);
    length = snprintf(ret_text, DATE_TEXT_BYTES, "%04" PRId64 "-%02u-%02uT%02d:%02d:%02d.%03dZ", year, month, day,
                      of_day / SECONDS_PER_HOUR, of_day / SECONDS_PER_MINUTE % 60, of_day % 60,
                      (int)((ms % MS_PER_SECOND + MS_PER_SECOND) % MS_PER_SECOND));
    assert(length > 0 && length < DATE_TEXT_BYTES);
}

void date_format_age(int64_t ms, char ret_text[DATE_TEXT_BYTES])
{
    int64_t seconds = ms > 0 ? ms / MS_PER_SECOND : 0;

    if (seconds < SECONDS_PER_MINUTE)
        snprintf(ret_text, DATE_TEXT_BYTES, "%ds", (int)seconds);
    else if (seconds < SECONDS_PER_HOUR)
        snprintf(ret_text, DATE_TEXT_BYTES, "%dm", (int)(seconds / SECONDS_PER_MINUTE));
    else if (seconds < SECONDS_PER_DAY)
        snprintf(ret_text, DATE_TEXT_BYTES, "%dh%02dm", (int)(seconds / SECONDS_PER_HOUR),
                 (int)(seconds / SECONDS_PER_MINUTE % 60));
    else
        snprintf(ret_text, DATE_TEXT_BYTES, "%" PRId64 "d", seconds / SECONDS_PER_DAY);
}
