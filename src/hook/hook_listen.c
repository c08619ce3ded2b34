#include "hook_listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PORT_DIGITS_MAX = 5, PORT_MAX = 65535 };

static bool parse_port(const char *text, in_port_t *ret_port)
{
    size_t digits = strspn(text, "0123456789");
    unsigned long port = strtoul(text, NULL, 10);

    if (digits == 0 || digits > PORT_DIGITS_MAX || text[digits] || port > PORT_MAX)
        return false;
    *ret_port = htons((in_port_t)port);
    return true;
}

/* Copies the host's text without the brackets that an IPv6 address has around it. */
static bool cut_host(const char *text, size_t length, bool *ret_is_v6, char ret_host[INET6_ADDRSTRLEN])
{
    *ret_is_v6 = length >= 2 && text[0] == '[' && text[length - 1] == ']';
    if (*ret_is_v6) {
        text++;
        length -= 2;
    }
    if (length >= INET6_ADDRSTRLEN)
        return false;
    memcpy(ret_host, text, length);
    ret_host[length] = '\0';
    return true;
}

bool hook_address_parse(const char *text, HookAddress *ret_address)
{
    const char *colon = strrchr(text, ':');
    char host[INET6_ADDRSTRLEN];
    HookAddress address = {0};
    in_port_t port;
    bool is_v6;

    if (!colon || !parse_port(colon + 1, &port) || !cut_host(text, (size_t)(colon - text), &is_v6, host))
        return false;
    if (is_v6)
        address.v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = port};
    else
        address.v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = port};
    if (inet_pton(address.any.sa_family, host, is_v6 ? (void *)&address.v6.sin6_addr : (void *)&address.v4.sin_addr) !=
        1)
        return false;
    *ret_address = address;
    return true;
}

static bool is_v6_of(const HookAddress *address)
{
    return address->any.sa_family == AF_INET6;
}

bool hook_address_is_loopback(const HookAddress *address)
{
    if (is_v6_of(address))
        return IN6_IS_ADDR_LOOPBACK(&address->v6.sin6_addr);
    return ntohl(address->v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

void hook_address_format(const HookAddress *address, char ret_text[HOOK_ADDRESS_BYTES])
{
    char host[INET6_ADDRSTRLEN] = "";

    if (is_v6_of(address)) {
        inet_ntop(AF_INET6, &address->v6.sin6_addr, host, sizeof host);
        snprintf(ret_text, HOOK_ADDRESS_BYTES, "[%s]:%u", host, ntohs(address->v6.sin6_port));
    } else {
        inet_ntop(AF_INET, &address->v4.sin_addr, host, sizeof host);
        snprintf(ret_text, HOOK_ADDRESS_BYTES, "%s:%u", host, ntohs(address->v4.sin_port));
    }
}

static int listen_on(int fd, HookAddress *address)
{
    const int on = 1;
    socklen_t length = is_v6_of(address) ? sizeof address->v6 : sizeof address->v4;

    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 || bind(fd, &address->any, length) < 0 ||
        listen(fd, HOOK_BACKLOG) < 0 || getsockname(fd, &address->any, &length) < 0)
        return -errno;
    return 0;
}

int hook_listen(HookAddress *address)
{
    int r, fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -errno;
    r = listen_on(fd, address);
    if (r < 0) {
        close(fd);
        return r;
    }
    return fd;
}
