/*
 * decode: how long the client takes from a page's bytes to snapshots of its rows.
 *
 *   decode FILE
 *
 * FILE is a page as the API sends it. It is decoded again and again; prints the median, in nanoseconds for 1,000,000
 * bytes.
 */
#include <stdio.h>
#include <stdlib.h>

#include "envelope.h"
#include "timing.h"

enum { ROUNDS = 101, PAGE_BYTES = 8 << 20 };

static int64_t decode_once(const Answer *answer)
{
    Verdict verdict;
    int64_t began = now_ns(), ended;

    envelope_read(PURPOSE_LIST, answer, &verdict);
    ended = now_ns();
    if (verdict.failure.code < 0 || verdict.count == 0) {
        fprintf(stderr, "decode: it is not a page of a list\n");
        exit(1);
    }
    verdict_release(&verdict);
    return ended - began;
}

int main(int argc, char **argv)
{
    static char text[PAGE_BYTES];
    static int64_t ns[ROUNDS];
    FILE *file = argc == 2 ? fopen(argv[1], "r") : NULL;
    Answer answer = {.status = 200, .request_id = ""};
    size_t bytes = file ? fread(text, 1, sizeof text, file) : 0;

    if (bytes == 0) {
        fputs("usage: decode FILE\n", stderr);
        return 2;
    }
    fclose(file);
    answer.body = (Span){text, bytes};
    for (size_t i = 0; i < ROUNDS; i++)
        ns[i] = decode_once(&answer);
    return print_ns(median_ns(ns, ROUNDS) * 1000000 / (int64_t)bytes);
}
