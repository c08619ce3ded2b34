#include <cjson/cJSON.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app_internal.h"
#include "doctor.h"
#include "error.h"
#include "exit_code.h"
#include "say.h"

enum { LINE_BYTES = 16 << 10, NAME_COLUMN = 16 };

struct Report {
    bool colours;
    unsigned counts[FINDING_STATES];
    unsigned settings; /* of this subject, that were shown */
    cJSON *root;       /* NULL: for people */
    cJSON *subjects, *subject;
};

static const struct {
    const char *word, *colour;
} states[FINDING_STATES] = {
    [FINDING_GOOD] = {"good", "32"},
    [FINDING_WARN] = {"warn", "33"},
    [FINDING_BAD] = {"bad", "31"},
    [FINDING_SKIPPED] = {"skipped", "2"},
};

Report *report_new(bool json)
{
    Report *report = calloc(1, sizeof *report);

    if (!report)
        return NULL;
    report->colours = !json && isatty(STDOUT_FILENO) && !say_without_colour();
    report->root = json ? cJSON_CreateObject() : NULL;
    report->subjects = cJSON_CreateArray();
    return report;
}

void report_free(Report *report)
{
    if (!report)
        return;
    cJSON_Delete(report->root);
    cJSON_Delete(report->subjects);
    free(report);
}

/* Escaped: what is told may come from anywhere. */
static void print_text(const char *text)
{
    _cleanup_buf_ Buf safe = BUF_INIT(LINE_BYTES);

    if (text_escape(&safe, text, strlen(text)) == 0)
        fputs(buf_text(&safe), stdout);
}

void report_subject(Report *report, const char *kind, const char *name)
{
    report->settings = 0;
    if (report->root) {
        report->subject = cJSON_CreateObject();
        cJSON_AddStringToObject(report->subject, "kind", kind);
        status_quoted_json(report->subject, "name", name);
        cJSON_AddArrayToObject(report->subject, "checks");
        cJSON_AddArrayToObject(report->subject, "settings");
        cJSON_AddItemToArray(report->subjects, report->subject);
        return;
    }
    fputs(kind, stdout);
    fputs(name[0] ? " " : "", stdout);
    print_text(name);
    putchar('\n');
}

static void print_finding(const Report *report, enum FindingState state, const char *check, const Failure *said)
{
    const char *colour = report->colours ? states[state].colour : "";

    printf("  %s%s%s%-8s%s%-*s ", *colour ? "\033[" : "", colour, *colour ? "m" : "", states[state].word,
           *colour ? "\033[0m" : "", NAME_COLUMN, check);
    print_text(failure_sentence(said));
    if (said->request_id[0]) {
        fputs(" (request ", stdout);
        print_text(said->request_id);
        putchar(')');
    }
    putchar('\n');
    if (said->mend[0]) {
        printf("  %-8s%-*s ", "", NAME_COLUMN, "  to do");
        print_text(said->mend);
        putchar('\n');
    }
    fflush(stdout); /* the next check may take its time */
}

static void add_finding(Report *report, enum FindingState state, const char *check, const Failure *said)
{
    cJSON *object = cJSON_CreateObject();

    cJSON_AddStringToObject(object, "check", check);
    cJSON_AddStringToObject(object, "state", states[state].word);
    status_quoted_json(object, "message", failure_sentence(said));
    status_quoted_json(object, "mend", said->mend);
    status_quoted_json(object, "request_id", said->request_id);
    cJSON_AddItemToArray(cJSON_GetObjectItem(report->subject, "checks"), object);
}

void report_failure(Report *report, enum FindingState state, const char *check, const Failure *said)
{
    report->counts[state]++;
    if (report->root)
        add_finding(report, state, check, said);
    else
        print_finding(report, state, check, said);
}

void report_say(Report *report, enum FindingState state, const char *check, const char *format, ...)
{
    Failure said = {0};
    va_list args;

    va_start(args, format);
    vsnprintf(said.message, sizeof said.message, format, args);
    va_end(args);
    report_failure(report, state, check, &said);
}

/* For people those alone that somebody set. */
void report_setting(Report *report, const char *name, const char *value, const char *from, bool is_default)
{
    cJSON *object;

    if (!report->root && is_default)
        return;
    if (!report->root) {
        printf("  %-8s%-*s ", report->settings++ ? "" : "set", NAME_COLUMN, name);
        print_text(value);
        fputs("  (", stdout);
        print_text(from);
        puts(")");
        return;
    }
    object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "name", name);
    status_quoted_json(object, "value", value);
    status_quoted_json(object, "from", from);
    cJSON_AddItemToArray(cJSON_GetObjectItem(report->subject, "settings"), object);
}

static enum FindingState worst(const Report *report)
{
    if (report->counts[FINDING_BAD])
        return FINDING_BAD;
    return report->counts[FINDING_WARN] ? FINDING_WARN : FINDING_GOOD;
}

static int print_json(Report *report)
{
    char *text;

    cJSON_AddStringToObject(report->root, "state", states[worst(report)].word);
    cJSON_AddItemToObject(report->root, "subjects", report->subjects);
    report->subjects = NULL;
    text = cJSON_Print(report->root);
    if (text)
        puts(text);
    cJSON_free(text);
    return text ? 0 : -ERR_NO_MEMORY;
}

static void print_sum(const Report *report)
{
    unsigned bad = report->counts[FINDING_BAD], warn = report->counts[FINDING_WARN];

    if (bad + warn == 0)
        puts("everything is well");
    else
        printf("%u bad, %u to look at, %u good\n", bad, warn, report->counts[FINDING_GOOD]);
}

int report_end(Report *report)
{
    if (!report->root)
        print_sum(report);
    else if (print_json(report) < 0)
        return EXIT_FAILED;
    return fflush(stdout) == 0 && worst(report) != FINDING_BAD ? EXIT_OK : EXIT_FAILED;
}
