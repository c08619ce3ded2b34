/*
 * options: what a mount is told, from the option table: the values, where each came from, and the words of -o.
 */
#ifndef SKY_OPTIONS_H
#define SKY_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "buf.h"
#include "failure.h"
#include "log.h"
#include "option_table.h"

/* Where a value came from: a later one takes the place of an earlier one. */
enum OptionOrigin {
    ORIGIN_DEFAULT,
    ORIGIN_SYSTEM_FILE,    /* before its first section */
    ORIGIN_SYSTEM_SECTION, /* the section of the source */
    ORIGIN_USER_FILE,
    ORIGIN_USER_SECTION,
    ORIGIN_ENVIRONMENT,
    ORIGIN_OPTION
};

typedef struct OptionPlace {
    enum OptionOrigin origin;
    unsigned line;    /* of a file */
    const char *file; /* its path, borrowed; NULL where it is none */
} OptionPlace;

typedef struct Settings {
    char *source;     /* as given */
    char *endpoint;   /* https://host[:port] */
    char *mountpoint; /* absolute */
    bool foreground, debug;
    bool is_helper; /* called by mount(8), which says `rw` wherever nobody said `ro` */
    bool sloppy;    /* unknown words of -o are passed over, as mount(8)'s -s asks for */
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
    bool bare;                 /* a demo's: no configuration file and no variable counts */
    bool token_in_environment; /* $SKYSTACK_TOKEN was there */
    char *kernel_options;      /* mount(8)'s own that are the kernel's to keep, ",noexec,noatime"; NULL: none */
    char *user_file;           /* the configuration files that were looked for; the user's may be NULL */
    OptionPlace places[OPTIONS];
    char *texts[OPTIONS]; /* the values as they were written; NULL: the default */
} Settings;

/* The defaults; released by settings_release(). */
void settings_init(Settings *settings);
void settings_release(Settings *settings);
/* Gives an option a value, from that place. 0, or -ERR_INVALID and what is wrong, or -ERR_NO_MEMORY. */
int settings_set(Settings *settings, const char *name, const char *value, const OptionPlace *place,
                 Failure *ret_failure);
/* Gives an option its default back. The name must be one. */
void settings_unset(Settings *settings, const char *name);
/* Where an option's value came from. The name must be one. */
enum OptionOrigin settings_origin(const Settings *settings, const char *name);
/* Calls with each option that has a value: the value as it was written, of a command its program alone, and where it
 * came from, for people ("default", "/etc/skystackfs/config:4", "$SKYSTACKFS_TTL", "-o ttl"). Texts are the callee's for
 * the call alone. */
void settings_each(const Settings *settings,
                   void (*each)(void *ctx, const char *name, const char *value, const char *from,
                                enum OptionOrigin origin),
                   void *ctx);

/* Takes over the options that can change while it is mounted, with where they come from; `from` gets the old ones. Tells
 * of each other one that is not the same. */
void settings_take_live(Settings *to, Settings *from, void (*stays)(const char *name));

/* Reads one -o text: options with commas between them (a comma in a value is written `\,`), and what mount(8) may put
 * there. 0, or -ERR_INVALID and which one is wrong, and how. */
int options_parse(Settings *settings, const char *text, Failure *ret_failure);
/* Reads SOURCE: `production`, `sandbox` or an https:// address, and sets the endpoint. As above. */
int source_parse(Settings *settings, const char *text, Failure *ret_failure);
/* The same for a source with a name of its own, which stands for that address. */
int source_set(Settings *settings, const char *name, const char *endpoint, Failure *ret_failure);
/* The options' list for --help. */
int options_help(Buf *into);

#endif
