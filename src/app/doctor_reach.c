#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "date.h"
#include "doctor_net.h"
#include "doctor_read.h"
#include "error.h"

enum { PATIENCE_MS = 10 * 1000, BODY_BYTES = 64 << 10, URL_BYTES = 4096, PROBLEM_BYTES = 300, NEWEST_DATE_BYTES = 64 };

/* What came of it, outliving the exchange. */
typedef struct Reach {
    const Way *way;
    int code, status;
    bool sent, has_date;
    char problem[PROBLEM_BYTES];
    int64_t started_ms, took_ms;
    int64_t ahead_ms; /* of the local clock, before the server's */
} Reach;

/* The server's date has whole seconds: on average half of one has gone by. */
static void note_date(Reach *reach, const NetResponse *response)
{
    char text[NEWEST_DATE_BYTES];
    int64_t date_ms;

    reach->has_date = net_header(response, "Date", text, sizeof text) && date_parse_http(span_of(text), &date_ms);
    if (reach->has_date)
        reach->ahead_ms = clock_wall_ms(loop_clock(reach->way->loop)) - reach->took_ms / 2 - date_ms - 500;
}

static void on_done(void *ctx, const NetResponse *response)
{
    Reach *reach = ctx;

    reach->code = response->code;
    reach->status = response->status;
    reach->sent = response->sent;
    reach->took_ms = clock_now_ms(loop_clock(reach->way->loop)) - reach->started_ms;
    snprintf(reach->problem, sizeof reach->problem, "%s", response->problem);
    if (response->code == 0)
        note_date(reach, response);
    loop_stop(reach->way->loop);
}

static void ask(Reach *reach)
{
    const Settings *settings = reach->way->settings;
    const NetHeader headers[] = {{"Accept", "application/json"}, {"SkyStack-Version", settings->api_version}};
    char url[URL_BYTES];
    NetRequest request = {
        .method = "GET",
        .url = url,
        .headers = headers,
        .header_count = sizeof headers / sizeof headers[0],
        .body_cap = BODY_BYTES,
        .timeout_ms = settings->timeout_ms < PATIENCE_MS ? settings->timeout_ms : PATIENCE_MS,
        .fresh = true,
    };
    NetCall *call;

    snprintf(url, sizeof url, "%s/v1/projects?limit=1", settings->endpoint);
    reach->started_ms = clock_now_ms(loop_clock(reach->way->loop));
    reach->code = net_start(reach->way->net, &request, on_done, reach, &call);
    if (reach->code == 0)
        loop_run(reach->way->loop);
}

/* ---- telling ---- */

static const struct {
    const char *check, *mend;
} stages[] = {
    [REACH_RESOLVE] = {"connect", "Check the network, and the name servers in /etc/resolv.conf."},
    [REACH_CONNECT] = {"connect", "Check the source's address and port, and firewalls and proxies on the way."},
    [REACH_TLS] = {"tls", "Check the source's host name and this machine's date; for an authority of your own name its "
                          "certificate with -o cacert=PATH."},
    [REACH_ANSWER] = {"answer", "Check the source's address; a proxy or a login page may be answering in the API's "
                                "place."},
};

/* The first one that fails, and those before it, which went well. */
static void tell_stages(const Reach *reach, const char *proxy)
{
    enum ReachStage failed = reach_stage(reach->code, reach->sent, reach->problem);
    Report *report = reach->way->report;
    Failure said;

    if (failed > REACH_CONNECT)
        report_say(report, FINDING_GOOD, "connect", "The connection is made%s%s.", proxy ? ", by the proxy of $" : "",
                   proxy ? proxy : "");
    if (failed > REACH_TLS)
        report_say(report, FINDING_GOOD, "tls", "The certificate and the host name are good.");
    if (failed == REACH_ALL) {
        report_say(report, FINDING_GOOD, "answer", "It answers in %" PRId64 " ms.", reach->took_ms);
        return;
    }
    said = failure_make(reach->code, "%s (%s)", error_sentence(reach->code), reach->problem);
    failure_set_mend(&said, "%s", stages[failed].mend);
    report_failure(report, FINDING_BAD, stages[failed].check, &said);
}

static void tell_clock(const Reach *reach)
{
    Report *report = reach->way->report;
    enum ClockVerdict verdict = clock_judge(reach->ahead_ms);
    char off[DATE_TEXT_BYTES];
    Failure said;

    if (!reach->has_date) {
        report_say(report, FINDING_SKIPPED, "clock", "No date came that it could be compared with.");
        return;
    }
    if (verdict == CLOCK_GOOD) {
        report_say(report, FINDING_GOOD, "clock", "It is right within %d s.", CLOCK_ASKEW_MS / 1000);
        return;
    }
    date_format_age(reach->ahead_ms < 0 ? -reach->ahead_ms : reach->ahead_ms, off);
    said = failure_make(-ERR_INVALID, "This machine's clock is %s %s the API's.", off,
                        reach->ahead_ms < 0 ? "behind" : "ahead of");
    failure_set_mend(&said, "Set it, and let it be kept right: `timedatectl set-ntp true`.");
    report_failure(report, verdict == CLOCK_WRONG ? FINDING_BAD : FINDING_WARN, "clock", &said);
}

bool doctor_reach(const Way *way, const char *proxy)
{
    Reach reach = {.way = way};

    ask(&reach);
    tell_stages(&reach, proxy);
    tell_clock(&reach);
    return reach.code == 0;
}
