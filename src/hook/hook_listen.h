/*
 * hook_listen: where the receiver listens, from a text to a socket. Internal to hook.
 */
#ifndef SKY_HOOK_LISTEN_H
#define SKY_HOOK_LISTEN_H

#include <netinet/in.h>
#include <stdbool.h>

enum {
    HOOK_BACKLOG = 64, /* connections that wait for those of HOOK_CONNECTIONS_MAX to end */
    HOOK_ADDRESS_BYTES = INET6_ADDRSTRLEN + 8,
};

typedef struct HookAddress {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    };
} HookAddress;

/* "127.0.0.1:8080" or "[::1]:8080", numbers alone. Pure, as is the next. */
bool hook_address_parse(const char *text, HookAddress *ret_address);
/* Only this machine can reach it. */
bool hook_address_is_loopback(const HookAddress *address);
/* As it is parsed. */
void hook_address_format(const HookAddress *address, char ret_text[HOOK_ADDRESS_BYTES]);

/* A socket that listens there, the caller's. With port 0 the system chooses one, which is put into the address. Else
 * -errno: the sentence that says it best is the system's. */
int hook_listen(HookAddress *address);

#endif
