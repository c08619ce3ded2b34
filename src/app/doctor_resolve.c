#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor_net.h"
#include "doctor_read.h"
#include "error.h"

enum { PATIENCE_S = 10, ADDRESSES_BYTES = 256, NAME_BYTES = 256, SERVICE_BYTES = 16 };

static const char CHECK[] = "resolve";

/* What the resolver works on may have to outlive us. */
typedef struct Question {
    char host[NAME_BYTES], port[SERVICE_BYTES];
    struct addrinfo hints;
    struct gaicb request;
} Question;

static void list_addresses(const struct addrinfo *found, char *into, size_t room)
{
    size_t used = 0;

    into[0] = '\0';
    for (; found && used < room; found = found->ai_next) {
        char address[INET6_ADDRSTRLEN];

        if (getnameinfo(found->ai_addr, found->ai_addrlen, address, sizeof address, NULL, 0, NI_NUMERICHOST) == 0)
            used += (size_t)snprintf(into + used, room - used, "%s%s", used ? ", " : "", address);
    }
}

/* 0, or an EAI_… number. */
static int ask(Question *question)
{
    struct gaicb *request = &question->request;
    const struct timespec patience = {.tv_sec = PATIENCE_S};
    int r = getaddrinfo_a(GAI_NOWAIT, &request, 1, NULL);

    if (r != 0)
        return r;
    while (gai_suspend((const struct gaicb *const *)&request, 1, &patience) == EAI_INTR)
        ;
    return gai_error(request);
}

static Failure explain(const Question *question, int number)
{
    Failure said;

    if (number == EAI_INPROGRESS) {
        said = failure_make(-ERR_TIMEOUT, "Nobody told the address of %s within %d s.", question->host, PATIENCE_S);
        failure_set_mend(&said, "See that the name servers in /etc/resolv.conf can be reached.");
    } else {
        said = failure_make(-ERR_ROUTE, "The address of %s can't be found: %s.", question->host, gai_strerror(number));
        failure_set_mend(&said, "%s",
                         number == EAI_AGAIN ? "Check the network, and the name servers in /etc/resolv.conf."
                                             : "Check how the source is written, and /etc/resolv.conf.");
    }
    return said;
}

bool doctor_resolve(Report *report, const char *endpoint, const char *proxy)
{
    Question *question = calloc(1, sizeof *question);
    char addresses[ADDRESSES_BYTES];
    Failure said;
    int r;

    if (!question || !endpoint_cut(endpoint, question->host, NAME_BYTES, question->port, SERVICE_BYTES)) {
        report_say(report, FINDING_SKIPPED, CHECK, "%s has no name to look for.", endpoint);
        free(question);
        return true;
    }
    question->hints = (struct addrinfo){.ai_socktype = SOCK_STREAM};
    question->request.ar_name = question->host;
    question->request.ar_service = question->port;
    question->request.ar_request = &question->hints;
    r = ask(question);
    if (r == 0) {
        list_addresses(question->request.ar_result, addresses, sizeof addresses);
        if (strcmp(addresses, question->host) == 0)
            report_say(report, FINDING_GOOD, CHECK, "%s needs no name server.", addresses);
        else
            report_say(report, FINDING_GOOD, CHECK, "%s is %s.", question->host, addresses);
        freeaddrinfo(question->request.ar_result);
    } else if (proxy) {
        report_say(report, FINDING_SKIPPED, CHECK, "The proxy of $%s looks for %s; here it is not known.", proxy,
                   question->host);
    } else {
        said = explain(question, r);
        report_failure(report, FINDING_BAD, CHECK, &said);
    }
    if (r != EAI_INPROGRESS)
        free(question);
    return r == 0 || proxy;
}
