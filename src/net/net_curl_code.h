/*
 * net_curl_code: what the end of a libcurl transfer means. Pure; internal to net.
 */
#ifndef SKY_NET_CURL_CODE_H
#define SKY_NET_CURL_CODE_H

#include <curl/curl.h>
#include <stdbool.h>

typedef struct NetCurlEnd {
    CURLcode result;
    int own_code;        /* why one of our callbacks ended it (negative), or 0 */
    bool sent;           /* the transfer had come to sending the request */
    bool starved;        /* libcurl asked for memory in vain meanwhile */
    long os_errno;       /* the last failed connect's, or 0 */
    const char *problem; /* libcurl's words */
    long http_version;   /* CURL_HTTP_VERSION_… of the answer */
    long status;
    const char *headers; /* of the answer, as NetResponse has them */
} NetCurlEnd;

/* 0 if a whole answer came, else the code of net.h, negative. */
int net_curl_code(const NetCurlEnd *end);
/* What happened, in words: libcurl's, or ours where it was we who ended it. Lives as long as `end`. Never NULL. */
const char *net_curl_problem(const NetCurlEnd *end);

#endif
