/*
 * Faults, one for each tool of analyze.sh to find, so that its silence about the sources means something. Nothing links it.
 *
 * Run without an argument it loses its memory, which valgrind has to tell.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct Pair {
    char *text;
    int number;
};

/* cppcheck: the array ends before. */
static int last_of(void)
{
    int numbers[4] = {1, 2, 3, 4};

    return numbers[4];
}

/* clang-tidy's analyzer: looked at on one way only, and used on both. */
static int number_of(const struct Pair *pair)
{
    if (!pair)
        puts("none");
    return pair->number;
}

/* clang-tidy: the brackets are missing. */
#define TWICE(number) number + number

/* gcc: used after its end. */
static char first_after_end(const char *text)
{
    char *copy = strdup(text);

    if (!copy)
        return 0;
    free(copy);
    return copy[0];
}

int main(int count, char **words)
{
    char *lost = malloc(16);
    struct Pair pair = {.text = words[0], .number = count};

    if (count == 3)
        printf("%d\n", last_of());
    if (count == 4)
        printf("%d\n", number_of(words[1][0] ? &pair : NULL));
    if (count == 5)
        printf("%c\n", first_after_end(pair.text));
    printf("%d\n", TWICE(count) * (lost != NULL));
    if (count > 1)
        free(lost);
    return 0;
}
