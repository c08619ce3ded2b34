/*
 * doctor: what stands in the way of a mount, each with its mend. Internal to the command `doctor`.
 *
 * Each check tells the report what it found, in the order in which a mount would meet it. Nothing is changed by looking:
 * no folder is made, no journal written, and a mount that hangs is never waited for.
 */
#ifndef SKY_DOCTOR_H
#define SKY_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "options.h"

enum FindingState {
    FINDING_GOOD,
    FINDING_WARN,    /* it works, and not as well as it could */
    FINDING_BAD,     /* mounting, or using the mount, fails for it */
    FINDING_SKIPPED, /* it could not be looked at, and why */
    FINDING_STATES,
};

/* doctor_report.c: findings as lines for people, or as one JSON object. NULL without memory; free takes NULL. */
typedef struct Report Report;
Report *report_new(bool json);
void report_free(Report *report);
/* What follows is of this: a kind ("machine", "mount", "source") and which one ("" where there is but one). */
void report_subject(Report *report, const char *kind, const char *name);
/* What a check found; with a mend where the failure has one. */
void report_failure(Report *report, enum FindingState state, const char *check, const Failure *said);
/* The same without a mend. */
void report_say(Report *report, enum FindingState state, const char *check, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* A setting, its value, and where that came from. */
void report_setting(Report *report, const char *name, const char *value, const char *from, bool is_default);
/* Ends what is shown, by a line that sums it up or the object itself. EXIT_FAILED if anything was bad, else EXIT_OK. */
int report_end(Report *report);

/* doctor_mounts.c: all that are mounted here, and how each one answers. */
typedef struct Ward {
    char *mountpoint, *source, *options; /* as the kernel lists them */
    struct TopReader *reader;
    Buf status;  /* status.json as it came */
    bool ended;  /* … all of it, or that it can't be read: */
    int problem; /* an errno; 0: none */
} Ward;
typedef struct Wards {
    Ward *at;
    size_t count;
} Wards;
/* Asks each of them, for a few seconds at most. Starts processes, so before anything else has a loop. 0 or
 * -ERR_NO_MEMORY. */
int wards_collect(Wards *ret_wards);
void wards_release(Wards *wards);
/* The one that an absolute path is in, by its text alone: one that hangs must not be touched. NULL if there is none. */
const Ward *wards_find(const Wards *wards, const char *path);
/* Whether those that answer do, and which don't. */
void doctor_wards(Report *report, const Wards *wards);
/* What one of them says of itself. */
void doctor_ward(Report *report, const Ward *ward);
/* Whether it is this user's, as the kernel says. What another user's says of itself is shown, and never acted upon: its
 * options may name a program, and its source where a token goes. */
bool ward_is_own(const Ward *ward);
/* Its settings, as far as its process tells, which must be this user's too: an array of the texts of its -o, ended by NULL,
 * freed by words_free(); or NULL. ret_bare: whether they are all that it goes by. */
char **ward_options(const Ward *ward, bool *ret_bare);

/* How it calls the source of its token, the caller's to free; NULL where it does not say. */
char *ward_token(const Ward *ward);

/* doctor_machine.c: what every mount here needs. */
void doctor_machine(Report *report);
/* Whether ordinary users may let others in. `wanted`: they are to. */
void doctor_fuse_conf(Report *report, bool wanted);
/* Reads a file of the system's, through links. 0 or a negative code. */
int doctor_read_file(const char *path, Buf *into);
/* doctor_updatedb.c: whether it leaves the mounts alone. */
void doctor_updatedb(Report *report, const Wards *wards);
/* doctor_state.c: where a source keeps what must outlive its mounts. mountpoint: NULL for all of them. */
void doctor_state(Report *report, const Settings *settings, const char *mountpoint);
/* doctor_net.c: the way to the API, the token and the clock. token_named: how a mount calls the source of its token, which
 * need not be ours; NULL: nothing is mounted. */
void doctor_net(Report *report, const Settings *settings, const char *token_named);

#endif
