/*
 * pages: how long libcurl takes to fetch a list that nobody reads, page by page over one connection.
 *
 *   pages list|page|print ENDPOINT CACERT TOKEN_FILE
 *
 * list: all pages of the instances; page: the first alone. Prints nanoseconds. The connection is there before the time
 * begins, as a mount's is. print: the bodies instead, one a line.
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "timing.h"

enum { URL_BYTES = 4096, TOKEN_BYTES = 512, BODY_BYTES = 8 << 20 };

typedef struct Body {
    char text[BODY_BYTES];
    size_t bytes;
} Body;

static Body body;

static size_t take(char *bytes, size_t size, size_t count, void *ctx)
{
    (void)ctx;
    if (count >= BODY_BYTES - body.bytes)
        return 0;
    memcpy(body.text + body.bytes, bytes, size * count);
    body.bytes += size * count;
    body.text[body.bytes] = '\0';
    return count;
}

static struct curl_slist *authorization(const char *token_file)
{
    char token[TOKEN_BYTES] = "", header[TOKEN_BYTES + 32];
    FILE *file = fopen(token_file, "r");

    if (!file || !fgets(token, sizeof token, file)) {
        perror(token_file);
        exit(1);
    }
    fclose(file);
    token[strcspn(token, "\n")] = '\0';
    snprintf(header, sizeof header, "Authorization: Bearer %s", token);
    return curl_slist_append(NULL, header);
}

static void fetch(CURL *curl, const char *url)
{
    long status = 0;
    CURLcode code;

    body.bytes = 0;
    body.text[0] = '\0';
    curl_easy_setopt(curl, CURLOPT_URL, url);
    code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK || status != 200) {
        fprintf(stderr, "pages: %s: %s, status %ld\n", url, curl_easy_strerror(code), status);
        exit(1);
    }
}

/* How long the cursor is that the last page gave; 0: it gave none. */
static int next_cursor(const char **ret_cursor)
{
    static const char label[] = "\"next_cursor\":\"";
    const char *found = strstr(body.text, label);

    if (!found)
        return 0;
    *ret_cursor = found + sizeof label - 1;
    return (int)strcspn(*ret_cursor, "\"");
}

static void fetch_list(CURL *curl, const char *endpoint, int whole, int print)
{
    const char *cursor;
    char url[URL_BYTES], *escaped;
    int length;

    snprintf(url, sizeof url, "%s/v1/instances?limit=200", endpoint);
    for (;;) {
        fetch(curl, url);
        if (print)
            puts(body.text);
        length = next_cursor(&cursor);
        if (length == 0 || !whole)
            break;
        escaped = curl_easy_escape(curl, cursor, length);
        snprintf(url, sizeof url, "%s/v1/instances?limit=200&cursor=%s", endpoint, escaped);
        curl_free(escaped);
    }
}

int main(int argc, char **argv)
{
    char url[URL_BYTES];
    struct curl_slist *headers;
    CURL *curl = curl_easy_init();
    int64_t began;
    int print;

    if (argc != 5 || !curl) {
        fputs("usage: pages list|page|print ENDPOINT CACERT TOKEN_FILE\n", stderr);
        return 2;
    }
    print = strcmp(argv[1], "print") == 0;
    headers = authorization(argv[4]);
    curl_easy_setopt(curl, CURLOPT_CAINFO, argv[3]);
    curl_easy_setopt(curl, CURLOPT_CAPATH, (char *)NULL);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    snprintf(url, sizeof url, "%s/v1/projects", argv[2]);
    fetch(curl, url);
    began = now_ns();
    fetch_list(curl, argv[2], strcmp(argv[1], "page") != 0, print);
    if (!print)
        print_ns(now_ns() - began);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return 0;
}
