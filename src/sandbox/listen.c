#include "listen.h"

#include "buf.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 511 };

static bool parse_port(const char *text, unsigned short *ret)
{
    char *end;
    if (*text < '0' || *text > '9' || strlen(text) > 5)
        return false;
    unsigned long port = strtoul(text, &end, 10);
    *ret = (unsigned short)port;
    return !*end && port <= 65535;
}

static bool parse_host(const char *at, size_t len, ListenAt *ret)
{
    struct in_addr v4;
    if (len >= 2 && at[0] == '[' && at[len - 1] == ']') {
        at++;
        len -= 2;
        ret->ipv6 = true;
    }
    snprintf(ret->host, sizeof ret->host, "%.*s", (int)len, at);
    if (ret->ipv6)
        return strcmp(ret->host, "::1") == 0;
    if (strcmp(ret->host, "localhost") == 0)
        snprintf(ret->host, sizeof ret->host, "127.0.0.1");
    return inet_pton(AF_INET, ret->host, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127;
}

bool listen_parse(const char *text, ListenAt *ret, const char **ret_why)
{
    const char *colon = strrchr(text, ':');
    *ret = (ListenAt){0};
    if (!colon || !parse_port(colon + 1, &ret->port)) {
        *ret_why = "ADDRESS:PORT is wanted";
        return false;
    }
    if (!parse_host(text, (size_t)(colon - text), ret)) {
        *ret_why = "the sandbox serves on loopback only: 127.0.0.1, [::1] or localhost";
        return false;
    }
    return true;
}

static socklen_t fill_address(const ListenAt *at, struct sockaddr_storage *ret)
{
    memset(ret, 0, sizeof *ret);
    if (at->ipv6) {
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(at->port);
        v6->sin6_addr = in6addr_loopback;
        return sizeof *v6;
    }
    struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
    v4->sin_family = AF_INET;
    v4->sin_port = htons(at->port);
    inet_pton(AF_INET, at->host, &v4->sin_addr);
    return sizeof *v4;
}

static int read_port(int fd, ListenAt *at)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address = {0};
    socklen_t len = sizeof address;
    if (getsockname(fd, &address.any, &len) != 0)
        return -errno;
    at->port = ntohs(at->ipv6 ? address.v6.sin6_port : address.v4.sin_port);
    return 0;
}

int listen_open(ListenAt *at)
{
    struct sockaddr_storage address;
    socklen_t len = fill_address(at, &address);
    int on = 1, fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    int error = 0;
    if (bind(fd, (struct sockaddr *)&address, len) != 0 || listen(fd, BACKLOG) != 0)
        error = -errno;
    if (!error)
        error = read_port(fd, at);
    if (!error)
        return fd;
    close(fd);
    return error;
}

char *listen_url(const ListenAt *at, const char *scheme)
{
    Buf url = {0};
    buf_printf(&url, "%s://%s%s%s:%u", scheme, at->ipv6 ? "[" : "", at->host, at->ipv6 ? "]" : "", at->port);
    return buf_take(&url);
}
