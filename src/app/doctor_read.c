#include "doctor_read.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "error.h"

static Span trim(Span text)
{
    while (text.len > 0 && isspace((unsigned char)text.at[0]))
        text = (Span){text.at + 1, text.len - 1};
    while (text.len > 0 && isspace((unsigned char)text.at[text.len - 1]))
        text.len--;
    return text;
}

/* The next line, without the blanks around it; false at the end. */
static bool next_line(const char **rest, Span *ret_line)
{
    size_t length = strcspn(*rest, "\n");

    if (!**rest)
        return false;
    *ret_line = trim((Span){*rest, length});
    *rest += length;
    *rest += **rest == '\n';
    return true;
}

bool fuse_conf_lets_others(const char *conf)
{
    Span line;

    while (next_line(&conf, &line)) {
        if (span_is(line, "user_allow_other"))
            return true;
    }
    return false;
}

static bool begins_with(Span text, const char *word)
{
    return text.len >= strlen(word) && memcmp(text.at, word, strlen(word)) == 0;
}

/* NAME = "LIST" */
static bool find_list(const char *conf, const char *name, Span *ret_list)
{
    Span line;

    while (next_line(&conf, &line)) {
        Span rest = begins_with(line, name) ? trim((Span){line.at + strlen(name), line.len - strlen(name)}) : (Span){0};
        const char *open = begins_with(rest, "=") ? memchr(rest.at, '"', rest.len) : NULL;
        const char *close = open ? memchr(open + 1, '"', (size_t)(rest.at + rest.len - open - 1)) : NULL;

        if (close) {
            *ret_list = (Span){open + 1, (size_t)(close - open - 1)};
            return true;
        }
    }
    return false;
}

static bool next_word(Span *rest, Span *ret_word)
{
    Span text = trim(*rest);
    size_t length = 0;

    while (length < text.len && !isspace((unsigned char)text.at[length]))
        length++;
    *ret_word = (Span){text.at, length};
    *rest = (Span){text.at + length, text.len - length};
    return length > 0;
}

bool updatedb_skips_type(const char *conf, const char *type)
{
    Span list, word;

    if (!find_list(conf, "PRUNEFS", &list))
        return false;
    while (next_word(&list, &word)) {
        if (word.len == strlen(type) && strncasecmp(word.at, type, word.len) == 0)
            return true;
    }
    return false;
}

bool updatedb_skips_path(const char *conf, const char *path)
{
    Span list, word;

    if (!find_list(conf, "PRUNEPATHS", &list))
        return false;
    while (next_word(&list, &word)) {
        while (word.len > 1 && word.at[word.len - 1] == '/')
            word.len--;
        if (strncmp(path, word.at, word.len) == 0 && (path[word.len] == '\0' || path[word.len] == '/'))
            return true;
    }
    return false;
}

bool unit_says(const char *unit, const char *word)
{
    Span line;

    while (next_line(&unit, &line)) {
        if (!begins_with(line, "#") && !begins_with(line, ";") && memmem(line.at, line.len, word, strlen(word)))
            return true;
    }
    return false;
}

/* libcurl's words are all that tells a handshake from what comes before it. */
static bool is_of_tls(const char *problem)
{
    return strcasestr(problem, "ssl") || strcasestr(problem, "tls") || strcasestr(problem, "certificate");
}

enum ReachStage reach_stage(int code, bool sent, const char *problem)
{
    switch (-code) {
    case 0:
        return REACH_ALL;
    case ERR_CERTIFICATE:
        return REACH_TLS;
    case ERR_ROUTE:
    case ERR_REFUSED:
    case ERR_TIMEOUT:
        if (sent)
            return REACH_ANSWER;
        if (strcasestr(problem, "resolv"))
            return REACH_RESOLVE;
        return is_of_tls(problem) ? REACH_TLS : REACH_CONNECT;
    default:
        return REACH_ANSWER;
    }
}

static bool copy(Span text, char *into, size_t room)
{
    if (text.len == 0 || text.len >= room)
        return false;
    memcpy(into, text.at, text.len);
    into[text.len] = '\0';
    return true;
}

bool endpoint_cut(const char *endpoint, char *ret_host, size_t host_room, char *ret_port, size_t port_room)
{
    const char *at = strncmp(endpoint, "https://", 8) == 0 ? endpoint + 8 : endpoint;
    size_t length = strcspn(at, *at == '[' ? "]" : ":/");
    Span host = *at == '[' ? (Span){at + 1, length - 1} : (Span){at, length};
    const char *behind = at + length + (*at == '[' && at[length] == ']');
    Span port = *behind == ':' ? (Span){behind + 1, strcspn(behind + 1, "/")} : span_of("443");

    return copy(host, ret_host, host_room) && copy(port, ret_port, port_room);
}

enum ClockVerdict clock_judge(int64_t ahead_ms)
{
    if (llabs(ahead_ms) > CLOCK_WRONG_MS)
        return CLOCK_WRONG;
    return llabs(ahead_ms) > CLOCK_ASKEW_MS ? CLOCK_ASKEW : CLOCK_GOOD;
}

/* The number in a whole word. */
static bool read_number(Span word, uint64_t *ret_number)
{
    uint64_t number = 0;

    for (size_t i = 0; i < word.len; i++) {
        if (word.at[i] < '0' || word.at[i] > '9' || __builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, (uint64_t)(word.at[i] - '0'), &number))
            return false;
    }
    *ret_number = number;
    return word.len > 0;
}

/* `1: FLOCK ADVISORY WRITE PID MAJOR:MINOR:INODE START END` */
static bool is_lock_of(Span line, uint64_t inode, uint64_t *ret_pid)
{
    enum { KIND = 1, MODE = 3, PID, FILE_ID, FIELDS };
    Span fields[FIELDS];
    const char *colon;
    uint64_t number;

    for (size_t i = 0; i < FIELDS; i++) {
        if (!next_word(&line, &fields[i]))
            return false;
    }
    colon = memrchr(fields[FILE_ID].at, ':', fields[FILE_ID].len);
    return colon && span_is(fields[KIND], "FLOCK") && span_is(fields[MODE], "WRITE") &&
           read_number((Span){colon + 1, (size_t)(fields[FILE_ID].at + fields[FILE_ID].len - colon - 1)}, &number) &&
           number == inode && read_number(fields[PID], ret_pid);
}

long lock_holder(const char *locks, uint64_t inode)
{
    uint64_t pid = 0;
    Span line;

    while (next_line(&locks, &line)) {
        if (is_lock_of(line, inode, &pid))
            return (long)pid;
    }
    return 0;
}

static bool has_word(Span line, const char *word)
{
    for (size_t at = 0; at < line.len; at += strlen(line.at + at) + 1) {
        if (strcmp(line.at + at, word) == 0)
            return true;
    }
    return false;
}

char **command_line_options(Span line, const char *source)
{
    char **texts = has_word(line, source) ? calloc(line.len + 1, sizeof *texts) : NULL;
    size_t count = 0;
    bool is_option = false; /* the word before is -o, so this is its text */

    for (size_t at = 0; texts && at < line.len; at += strlen(line.at + at) + 1) {
        const char *text = NULL;

        if (is_option)
            text = line.at + at;
        else if (strncmp(line.at + at, "-o", 2) == 0 && line.at[at + 2])
            text = line.at + at + 2;
        is_option = !is_option && strcmp(line.at + at, "-o") == 0;
        if (text && (texts[count] = strdup(text)) != NULL)
            count++;
    }
    return texts;
}
