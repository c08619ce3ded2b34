#include "doctor_net.h"

#include <stdlib.h>

#include "error.h"

/* As libcurl looks for it: the upper case of http_proxy alone is none. */
static const char *proxy_variable(void)
{
    static const char *const names[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = getenv(names[i]);

        if (value && *value)
            return names[i];
    }
    return NULL;
}

static void say_no_authorities(Report *report, const char *cacert)
{
    Failure said = failure_make(-ERR_CERTIFICATE, "The CA bundle %s can't be read.", cacert ? cacert : "of the system");

    failure_set_mend(&said, "Name one with -o cacert=PATH, or install the package ca-certificates.");
    report_failure(report, FINDING_BAD, "tls", &said);
}

void doctor_net(Report *report, const Settings *settings, const char *token_named)
{
    Way way = {.report = report, .settings = settings, .token_named = token_named, .loop = loop_new()};
    const char *proxy = proxy_variable();
    bool reachable = false;
    int r = way.loop ? net_curl_new(way.loop, settings->cacert, "skystackfs/" SKYSTACKFS_VERSION, &way.net)
                     : -ERR_NO_MEMORY;

    if (r == 0 && doctor_resolve(report, settings->endpoint, proxy))
        reachable = doctor_reach(&way, proxy);
    else if (r == -ERR_NOT_FOUND)
        say_no_authorities(report, settings->cacert);
    else if (r < 0)
        report_say(report, FINDING_BAD, "connect", "%s", error_sentence(r));
    if (way.loop)
        doctor_token(&way, reachable);
    net_curl_free(way.net);
    loop_free(way.loop);
}
