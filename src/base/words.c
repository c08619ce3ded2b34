#include "words.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "error.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

/* Reads a word in quotes, from behind the first. Where it goes on, or NULL if it does not end as it should. */
static const char *read_quoted(const char *at, char *to)
{
    for (; *at && (*at != '"' || at[1] == '"'); at++) {
        at += *at == '"';
        *to++ = *at;
    }
    *to = '\0';
    return *at == '"' && (is_blank(at[1]) || !at[1]) ? at + 1 : NULL;
}

static const char *read_plain(const char *at, char *to)
{
    for (; *at && !is_blank(*at); at++) {
        if (*at == '"')
            return NULL;
        *to++ = *at;
    }
    *to = '\0';
    return at;
}

static int make_absolute(char **word)
{
    _cleanup_free_ char *here = NULL;
    char *whole;

    if ((*word)[0] == '/' || !strchr(*word, '/'))
        return 0;
    here = getcwd(NULL, 0);
    if (!here || asprintf(&whole, "%s/%s", here, *word) < 0)
        return -ERR_NO_MEMORY;
    free(*word);
    *word = whole;
    return 0;
}

static int read_words(const char *text, char **words)
{
    for (size_t count = 0;; count++) {
        while (is_blank(*text))
            text++;
        if (!*text)
            return count > 0 && words[0][0] ? make_absolute(&words[0]) : -ERR_INVALID;
        words[count] = malloc(strlen(text) + 1);
        if (!words[count])
            return -ERR_NO_MEMORY;
        text = *text == '"' ? read_quoted(text + 1, words[count]) : read_plain(text, words[count]);
        if (!text)
            return -ERR_INVALID;
    }
}

int words_split(const char *text, char ***ret_words)
{
    char **words = calloc(strlen(text) / 2 + 2, sizeof *words);
    int r = words ? read_words(text, words) : -ERR_NO_MEMORY;

    if (r < 0)
        words_free(words);
    else
        *ret_words = words;
    return r;
}

void words_free(char **words)
{
    for (char **word = words; word && *word; word++)
        free(*word);
    free(words);
}
