/*
 * options: what a mount can be told, in one table that makes parsing, checking and --help.
 */
#ifndef SKY_OPTIONS_H
#define SKY_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "buf.h"
#include "failure.h"
#include "log.h"

typedef struct Settings {
    char *source;     /* as given */
    char *endpoint;   /* https://host[:port] */
    char *mountpoint; /* absolute */
    bool foreground, debug;
    char *token_file, *token_command, *cacert, *api_version, *project;
    char *region, *size, *image, *profile;
    int64_t ttl_ms, ttl_transition_ms, ttl_projects_ms, ttl_health_ms, stale_if_error_ms, timeout_ms, wait_ms;
    unsigned requests_per_minute, requests_per_day;
    int64_t delete_delay_ms;
    unsigned max_deletes, max_creates;
    char *protect;
    bool read_only, no_delete, allow_other, attrs_listed;
    char *state_dir;
    char *webhook, *webhook_secret_file, *webhook_cert, *webhook_key;
    uid_t uid;
    gid_t gid;
    mode_t umask;
    enum LogLevel log_level;
} Settings;

/* The defaults; released by settings_release(). */
void settings_init(Settings *settings);
void settings_release(Settings *settings);
/* Reads one -o text: options with commas between them (a comma in a value is written `\,`). 0, or -ERR_INVALID and
 * which one is wrong, and how. */
int options_parse(Settings *settings, const char *text, Failure *ret_failure);
/* Reads SOURCE: `production`, `sandbox` or an https:// address, and sets the endpoint. As above. */
int source_parse(Settings *settings, const char *text, Failure *ret_failure);
/* The options' list for --help. */
int options_help(Buf *into);

#endif
