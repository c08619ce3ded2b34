/* Listening sockets, on loopback and nowhere else. */
#ifndef SANDBOX_LISTEN_H
#define SANDBOX_LISTEN_H

#include <stdbool.h>

/* The address to listen on, taken apart. */
typedef struct ListenAt {
    char host[64]; /* without brackets */
    unsigned short port;
    bool ipv6;
} ListenAt;

/* Reads 127.x.y.z:PORT, [::1]:PORT or localhost:PORT. False if it is none of these: then `*ret_why` is a sentence. */
bool listen_parse(const char *text, ListenAt *ret, const char **ret_why);

/* A listening socket; port 0 lets the system choose. `at->port` becomes the real one. A negative errno if it fails. */
int listen_open(ListenAt *at);

/* "SCHEME://HOST:PORT"; free() it. */
char *listen_url(const ListenAt *at, const char *scheme);

#endif
