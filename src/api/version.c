#include "version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "log.h"
#include "mend.h"

int version_init(Version *version, const char *text)
{
    *version = (Version){.text = strdup(text), .heard_ms = {-1, -1}, .said_ms = {-1, -1}};
    return version->text ? 0 : -ERR_NO_MEMORY;
}

void version_release(Version *version)
{
    free(version->text);
    version->text = NULL;
}

static bool is_recent(int64_t then_ms, int64_t now_ms)
{
    return then_ms >= 0 && now_ms - then_ms < VERSION_SAY_MS;
}

/* The notice was written: it is logged unless it was today. */
static void note(Version *version, enum VersionNews news, int64_t now_ms)
{
    if (!is_recent(version->heard_ms[news], now_ms))
        version->since_ms[news] = now_ms;
    version->heard_ms[news] = now_ms;
    if (is_recent(version->said_ms[news], now_ms))
        return;
    version->said_ms[news] = now_ms;
    log_warn("%s", version->notices[news]);
}

static void note_refusal(Version *version, const Failure *failure, int64_t now_ms)
{
    snprintf(version->notices[VERSION_REFUSED], VERSION_NOTICE_BYTES,
             "The API refuses version %s: mount with another api_version=DATE. It says: %.256s", version->text,
             failure_sentence(failure));
    note(version, VERSION_REFUSED, now_ms);
}

static void note_end(Version *version, const NetResponse *response, int64_t now_ms)
{
    char deprecation[64] = "not said", sunset[64] = "not said";
    bool found = net_header(response, "Deprecation", deprecation, sizeof deprecation);

    found |= net_header(response, "Sunset", sunset, sizeof sunset);
    if (!found)
        return;
    snprintf(version->notices[VERSION_LEAVING], VERSION_NOTICE_BYTES,
             "The API says that version %s is going away (Deprecation: %s, Sunset: %s): mount with a newer "
             "api_version=DATE.",
             version->text, deprecation, sunset);
    note(version, VERSION_LEAVING, now_ms);
}

void version_heed(Version *version, const NetResponse *response, const Failure *failure, int64_t now_ms)
{
    if (mend_is_of_version(failure)) {
        note_refusal(version, failure, now_ms);
        return;
    }
    if (failure->code == 0)
        version->heard_ms[VERSION_REFUSED] = -1;
    note_end(version, response, now_ms);
}

bool version_is_refused(const Version *version, int64_t now_ms)
{
    return is_recent(version->heard_ms[VERSION_REFUSED], now_ms);
}

/* What is to be told; VERSION_NEWS: nothing. */
static enum VersionNews news_of(const Version *version, int64_t now_ms)
{
    if (version_is_refused(version, now_ms))
        return VERSION_REFUSED;
    return is_recent(version->heard_ms[VERSION_LEAVING], now_ms) ? VERSION_LEAVING : VERSION_NEWS;
}

const char *version_notice(const Version *version, int64_t now_ms)
{
    enum VersionNews news = news_of(version, now_ms);

    return news == VERSION_NEWS ? "" : version->notices[news];
}

int64_t version_notice_ms(const Version *version, int64_t now_ms)
{
    enum VersionNews news = news_of(version, now_ms);

    return news == VERSION_NEWS ? 0 : now_ms - version->since_ms[news];
}
