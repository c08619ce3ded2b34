#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"
#include "doctor_read.h"
#include "error.h"
#include "fsio.h"
#include "json.h"
#include "loop.h"
#include "mount_command.h"
#include "mounts.h"
#include "top_reader.h"

enum {
    PATIENCE_MS = 3000, /* what is known is shown at once by a mount that is well, however its API is */
    STATUS_BYTES = 4 << 20,
    TEXT_BYTES = 16 << 10,
    WARDS_MAX = 256,
};

/* ---- asking ---- */

typedef struct Round {
    Wards *wards;
    Loop *loop;
} Round;

/* The context of one reader: which one's it is. */
typedef struct Visit {
    Round *round;
    Ward *ward;
} Visit;

static void add_ward(void *ctx, const MountEntry *entry)
{
    Wards *wards = ctx;
    Ward *ward = &wards->at[wards->count];

    if (wards->count == WARDS_MAX)
        return;
    *ward = (Ward){.mountpoint = strdup(entry->mountpoint),
                   .source = strdup(entry->source),
                   .options = strdup(entry->options),
                   .status = BUF_INIT(STATUS_BYTES)};
    wards->count += ward->mountpoint && ward->source && ward->options;
}

static void on_bytes(void *ctx, Span bytes)
{
    (void)buf_append(&((Visit *)ctx)->ward->status, bytes.at, bytes.len);
}

static bool is_over(const Wards *wards)
{
    bool over = true;

    for (size_t i = 0; i < wards->count; i++)
        over = over && wards->at[i].ended;
    return over;
}

static void on_answered(void *ctx, int number)
{
    Visit *visit = ctx;

    visit->ward->ended = true;
    visit->ward->problem = number;
    if (is_over(visit->round->wards))
        loop_stop(visit->round->loop);
}

static void on_patience(void *ctx)
{
    loop_stop(ctx);
}

static void ask(Round *round, Visit *visits)
{
    static const TopReaderCalls calls = {.bytes = on_bytes, .ended = on_answered};

    for (size_t i = 0; i < round->wards->count; i++) {
        Ward *ward = &round->wards->at[i];

        visits[i] = (Visit){round, ward};
        ward->ended = !ward->reader || top_reader_attach(ward->reader, round->loop, &calls, &visits[i]) < 0;
        ward->problem = ward->ended ? ENOMEM : 0;
        if (!ward->ended)
            top_reader_ask(ward->reader);
    }
}

static void wait_for_all(Round *round, Visit *visits)
{
    Timer *timer = timer_new(loop_clock(round->loop), on_patience, round->loop);

    if (!timer)
        return;
    timer_start(timer, PATIENCE_MS);
    ask(round, visits);
    if (!is_over(round->wards))
        loop_run(round->loop);
    timer_free(timer);
}

int wards_collect(Wards *ret_wards)
{
    Wards wards = {.at = calloc(WARDS_MAX, sizeof(Ward))};
    Visit *visits = calloc(WARDS_MAX, sizeof(Visit));
    Round round = {.wards = &wards};

    if (wards.at)
        mounts_each(add_ward, &wards);
    for (size_t i = 0; i < wards.count; i++)
        wards.at[i].reader = top_reader_start(wards.at[i].mountpoint, TOP_SOURCE_STATUS);
    round.loop = wards.at && visits ? loop_new() : NULL;
    if (round.loop)
        wait_for_all(&round, visits);
    for (size_t i = 0; i < wards.count; i++) {
        top_reader_free(wards.at[i].reader);
        wards.at[i].reader = NULL;
    }
    loop_free(round.loop);
    free(visits);
    if (!round.loop) {
        wards_release(&wards);
        return -ERR_NO_MEMORY;
    }
    *ret_wards = wards;
    return 0;
}

void wards_release(Wards *wards)
{
    for (size_t i = 0; i < wards->count; i++) {
        free(wards->at[i].mountpoint);
        free(wards->at[i].source);
        free(wards->at[i].options);
        buf_release(&wards->at[i].status);
    }
    free(wards->at);
    *wards = (Wards){0};
}

const Ward *wards_find(const Wards *wards, const char *path)
{
    const Ward *found = NULL;
    size_t deepest = 0;

    for (size_t i = 0; i < wards->count; i++) {
        const char *mountpoint = wards->at[i].mountpoint;
        size_t length = strlen(mountpoint);

        if (length < deepest || strncmp(path, mountpoint, length) != 0 || (path[length] && path[length] != '/'))
            continue;
        found = &wards->at[i]; /* of two in one place the later one lies over the other */
        deepest = length;
    }
    return found;
}

/* ---- telling ---- */

static bool is_dead(const Ward *ward)
{
    return ward->ended && (ward->problem == ENOTCONN || ward->problem == ECONNABORTED);
}

static Failure say_silent(const Ward *ward)
{
    Failure said;

    if (!ward->ended) {
        said = failure_make(-ERR_TIMEOUT, "%s does not answer: its process hangs, or is stopped.", ward->mountpoint);
        failure_set_mend(&said,
                         "See with `pgrep -a skystackfs`; `kill -CONT PID` wakes one that is stopped, after `kill "
                         "-KILL PID` unmount with `skystackfs umount MOUNTPOINT`.");
    } else if (is_dead(ward)) {
        said = failure_make(-ERR_DISK, "%s is dead: its process is gone.", ward->mountpoint);
        failure_set_mend(&said, "skystackfs umount %s", ward->mountpoint);
    } else {
        said = failure_make(error_from_errno(ward->problem), "%s can't be asked: %s.", ward->mountpoint,
                            strerror(ward->problem));
    }
    return said;
}

/* Another user's mount lets nobody in, which is as it should be. */
static bool is_closed(const Ward *ward)
{
    return ward->ended && (ward->problem == EACCES || ward->problem == EPERM);
}

void doctor_wards(Report *report, const Wards *wards)
{
    size_t silent = 0;

    for (size_t i = 0; i < wards->count; i++) {
        const Ward *ward = &wards->at[i];
        Failure said;

        if (ward->ended && ward->problem == 0)
            continue;
        said = say_silent(ward);
        silent++;
        report_failure(report, is_closed(ward) ? FINDING_SKIPPED : FINDING_BAD, "mounts", &said);
    }
    if (wards->count == 0)
        report_say(report, FINDING_GOOD, "mounts", "Nothing is mounted.");
    else if (silent == 0)
        report_say(report, FINDING_GOOD, "mounts", "%zu mounted, all answer.", wards->count);
}

/* A member as text, "" where there is none. */
static const char *member(Span object, const char *name, Buf *into)
{
    Span value;

    buf_clear(into);
    if (json_member(object, name, &value) && json_type(value) != JSON_NULL)
        (void)json_text(value, into);
    return buf_text(into);
}

static void tell_reason(Report *report, Span reason)
{
    _cleanup_buf_ Buf text = BUF_INIT(TEXT_BYTES), detail = BUF_INIT(TEXT_BYTES);
    bool broken = strcmp(member(reason, "state", &text), "broken") == 0;
    Failure said;

    member(reason, "detail", &detail);
    said = failure_make(0, "%s%s%s", member(reason, "sentence", &text), detail.len ? ": " : "", buf_text(&detail));
    failure_set_mend(&said, "%s", member(reason, "mend", &text));
    report_failure(report, broken ? FINDING_BAD : FINDING_WARN, "status", &said);
}

static void tell_verdict(Report *report, Span status)
{
    Span reasons = {0}, name, reason;
    JsonIter iter;
    size_t count = 0;

    if (!json_member(status, "reasons", &reasons) || json_type(reasons) != JSON_ARRAY) {
        report_say(report, FINDING_SKIPPED, "status", "It is mounted by another version, which says nothing of it.");
        return;
    }
    for (json_iter_init(&iter, reasons); json_iter_next(&iter, &name, &reason); count++)
        tell_reason(report, reason);
    if (count == 0)
        report_say(report, FINDING_GOOD, "status", "The mount says that everything is well.");
}

static void tell_version(Report *report, Span status)
{
    _cleanup_buf_ Buf version = BUF_INIT(TEXT_BYTES), since = BUF_INIT(TEXT_BYTES);
    Failure said;

    member(status, "version", &version);
    member(status, "mounted_since", &since);
    if (strcmp(buf_text(&version), SKYSTACKFS_VERSION) == 0) {
        report_say(report, FINDING_GOOD, "version", "skystackfs %s, since %s.", SKYSTACKFS_VERSION, buf_text(&since));
        return;
    }
    said = failure_make(0, "It is mounted by skystackfs %s, and this is %s.", buf_text(&version), SKYSTACKFS_VERSION);
    failure_set_mend(&said, "Unmount and mount again to use this one.");
    report_failure(report, FINDING_WARN, "version", &said);
}

void doctor_ward(Report *report, const Ward *ward)
{
    Span status = {buf_text(&ward->status), ward->status.len};
    Failure said;

    if (!ward->ended || ward->problem) {
        said = say_silent(ward);
        report_failure(report, is_closed(ward) ? FINDING_SKIPPED : FINDING_BAD, "status", &said);
    } else if (json_check(status, NULL) < 0) {
        report_say(report, FINDING_BAD, "status", "%s/.skystack/status.json makes no sense.", ward->mountpoint);
    } else {
        tell_verdict(report, status);
        tell_version(report, status);
    }
}

/* ---- its settings ---- */

/* Of what it says. False where it does not answer, or not in JSON. */
static bool status_member(const Ward *ward, const char *name, Span *ret_value)
{
    Span status = {buf_text(&ward->status), ward->status.len};

    return ward->ended && !ward->problem && json_check(status, NULL) == 0 && json_member(status, name, ret_value);
}

bool ward_is_own(const Ward *ward)
{
    static const char NAME[] = "user_id=";
    const char *at = ward->options;

    while (strncmp(at, NAME, strlen(NAME)) != 0) {
        at = strchr(at, ',');
        if (!at++)
            return false;
    }
    return strtoull(at + strlen(NAME), NULL, 10) == geteuid();
}

static int read_of_process(int64_t pid, const char *name, Buf *into)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/%lld/%s", (long long)pid, name);
    return fsio_read(fsio_system(), path, into, NULL);
}

/* By all of its user ids: the files' owner is root, as it can't be dumped, and a program that becomes root has the words
 * of whoever started it. */
static bool is_own_process(int64_t pid)
{
    _cleanup_buf_ Buf status = BUF_INIT(TEXT_BYTES);
    const char *line = read_of_process(pid, "status", &status) < 0 ? NULL : strstr(buf_text(&status), "\nUid:");
    const char *at = line ? line + strlen("\nUid:") : NULL;
    bool own = at != NULL;

    for (int id = 0; id < 4 && own; id++) { /* real, effective, saved, of the file system */
        char *end;

        own = strtoul(at, &end, 10) == geteuid() && end != at;
        at = end;
    }
    return own;
}

/* Another file system may lie over the mount and name any process. */
char **ward_options(const Ward *ward, bool *ret_bare)
{
    _cleanup_buf_ Buf words = BUF_INIT(TEXT_BYTES);
    int64_t pid;
    Span value;

    *ret_bare = false;
    if (!status_member(ward, "pid", &value) || !json_integer(value, &pid) || !is_own_process(pid) ||
        read_of_process(pid, "cmdline", &words) < 0)
        return NULL;
    *ret_bare = mount_is_bare(buf_text(&words));
    return command_line_options((Span){buf_text(&words), words.len}, ward->source);
}

char *ward_token(const Ward *ward)
{
    _cleanup_buf_ Buf named = BUF_INIT(TEXT_BYTES);
    Span token;

    if (!status_member(ward, "token", &token) || !*member(token, "source", &named))
        return NULL;
    return strdup(buf_text(&named));
}
