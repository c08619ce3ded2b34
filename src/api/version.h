/*
 * version: what the API says of the version that it is asked in. Internal to api.
 *
 * It may refuse it (an error that speaks of the version), or announce its end (Deprecation, RFC 9745; Sunset, RFC 8594).
 * Each is logged when it is first heard, and once a day from then on for as long as it goes on.
 */
#ifndef SKY_VERSION_H
#define SKY_VERSION_H

#include <stdbool.h>

#include "failure.h"
#include "net.h"

enum { VERSION_NOTICE_BYTES = 512, VERSION_SAY_MS = 24 * 3600 * 1000 };

enum VersionNews { VERSION_LEAVING, VERSION_REFUSED, VERSION_NEWS };

typedef struct Version {
    char *text;                                       /* as SkyStack-Version carries it */
    int64_t heard_ms[VERSION_NEWS];                   /* when it was last heard; -1: never, or taken back since */
    int64_t since_ms[VERSION_NEWS];                   /* when that began, without a day's silence in between */
    int64_t said_ms[VERSION_NEWS];                    /* when it was last logged; -1: never */
    char notices[VERSION_NEWS][VERSION_NOTICE_BYTES]; /* as they came, unescaped */
} Version;

/* Copies text. 0 or -ERR_NO_MEMORY. */
int version_init(Version *version, const char *text);
void version_release(Version *version);
/* Takes a whole answer, and what it means (code 0: success). */
void version_heed(Version *version, const NetResponse *response, const Failure *failure, int64_t now_ms);
/* What a person should know, a sentence; "" if it was not heard for a day. Lives until the next answer. */
const char *version_notice(const Version *version, int64_t now_ms);
/* Whether the notice is that the version is refused, and for how long it has been heard; 0 where there is none. */
bool version_is_refused(const Version *version, int64_t now_ms);
int64_t version_notice_ms(const Version *version, int64_t now_ms);

#endif
