#include "doctor.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "commands.h"
#include "config.h"
#include "error.h"
#include "exit_code.h"
#include "log.h"
#include "mounts.h"
#include "say.h"
#include "secret.h"
#include "words.h"

enum { SECTIONS_MAX = 256 };

typedef struct Doctor {
    const char *word;   /* a source or a path; NULL: all there are */
    const char **texts; /* of -o, ended by NULL */
    bool json;
    Wards wards;
    Report *report;
    char *sections[SECTIONS_MAX]; /* of the configuration files, each once */
    size_t section_count;
} Doctor;

/* ---- a source ---- */

static void on_setting(void *ctx, const char *name, const char *value, const char *from, enum OptionOrigin origin)
{
    report_setting(ctx, name, value, from, origin == ORIGIN_DEFAULT);
}

static size_t count_of(const char *const *texts)
{
    size_t count = 0;

    while (texts && texts[count])
        count++;
    return count;
}

/* All that a mount of it would need. */
static void examine_settings(Report *report, const Settings *settings, const char *mountpoint, const char *token_named)
{
    if (settings->allow_other)
        doctor_fuse_conf(report, true);
    doctor_net(report, settings, token_named);
    doctor_state(report, settings, mountpoint);
    settings_each(settings, on_setting, report);
}

static void examine_source(Report *report, const char *source, const char *const *texts, const Ward *ward, bool bare)
{
    _cleanup_free_ char *token_named = ward ? ward_token(ward) : NULL;
    Settings settings;
    Failure failure = {.code = -ERR_NO_MEMORY};

    settings_init(&settings);
    settings.bare = bare;
    if (config_load(&settings, source, texts, count_of(texts), &failure) < 0)
        report_failure(report, FINDING_BAD, "settings", &failure);
    else
        examine_settings(report, &settings, ward ? ward->mountpoint : NULL, token_named);
    settings_release(&settings);
}

/* ---- a mount ---- */

/* Its options are what its process was started with; where that can't be seen, those that were given here. */
static void examine_own_ward(const Doctor *doctor, const Ward *ward)
{
    bool bare;
    char **own = ward_options(ward, &bare);
    const char *const *texts = doctor->texts[0] ? doctor->texts : (const char *const *)own;

    if (texts)
        examine_source(doctor->report, ward->source, texts, ward, bare);
    else if (ward->ended && ward->problem == 0)
        report_say(doctor->report, FINDING_SKIPPED, "settings",
                   "The process of this mount can't be seen from here; name its options with -o.");
    words_free(own);
}

static void examine_ward(const Doctor *doctor, const Ward *ward)
{
    report_subject(doctor->report, "mount", ward->mountpoint);
    doctor_ward(doctor->report, ward);
    if (ward_is_own(ward))
        examine_own_ward(doctor, ward);
    else
        report_say(doctor->report, FINDING_SKIPPED, "settings",
                   "This is another user's mount: run doctor as that user.");
}

/* ---- what there is ---- */

static void on_section(void *ctx, const char *name, const char *file)
{
    Doctor *doctor = ctx;
    char *copy;

    (void)file;
    for (size_t i = 0; i < doctor->section_count; i++) {
        if (strcmp(doctor->sections[i], name) == 0)
            return;
    }
    copy = doctor->section_count < SECTIONS_MAX ? strdup(name) : NULL;
    if (copy)
        doctor->sections[doctor->section_count++] = copy;
}

static void examine_all(Doctor *doctor)
{
    Failure failure;

    for (size_t i = 0; i < doctor->wards.count; i++) {
        const Ward *ward = &doctor->wards.at[i];

        if (wards_find(&doctor->wards, ward->mountpoint) == ward)
            examine_ward(doctor, ward);
    }
    if (config_each_source(on_section, doctor, &failure) < 0) {
        report_subject(doctor->report, "configuration", "");
        report_failure(doctor->report, FINDING_BAD, "settings", &failure);
    }
    for (size_t i = 0; i < doctor->section_count; i++) {
        report_subject(doctor->report, "source", doctor->sections[i]);
        examine_source(doctor->report, doctor->sections[i], doctor->texts, NULL, false);
    }
}

/* Whether a word is a source by itself, or by the configuration: one that can't be read says so later. */
static bool is_source(Doctor *doctor, const char *word)
{
    Settings settings;
    Failure failure;
    bool found;

    settings_init(&settings);
    found = source_parse(&settings, word, &failure) == 0;
    settings_release(&settings);
    if (found || strchr(word, '/'))
        return found;
    found = config_each_source(on_section, doctor, &failure) < 0;
    for (size_t i = 0; i < doctor->section_count; i++)
        found = found || strcmp(doctor->sections[i], word) == 0;
    return found;
}

static void examine_machine(const Doctor *doctor)
{
    report_subject(doctor->report, "machine", "");
    doctor_machine(doctor->report);
    doctor_fuse_conf(doctor->report, false);
    doctor_updatedb(doctor->report, &doctor->wards);
    doctor_wards(doctor->report, &doctor->wards);
}

/* A path's parts, one after the other, on what is there. */
static int add_parts(Buf *path, const char *parts)
{
    const char *last;
    int r = 0;

    for (size_t length; r == 0 && *parts; parts += length) {
        parts += strspn(parts, "/");
        length = strcspn(parts, "/");
        if (length == 2 && strncmp(parts, "..", 2) == 0)
            r = (last = strrchr(buf_text(path), '/')) ? buf_resize(path, (size_t)(last - buf_text(path))) : 0;
        else if (length > 0 && !(length == 1 && *parts == '.'))
            r = buf_printf(path, "/%.*s", (int)length, parts);
    }
    return r;
}

/* The mount that a path is in, by its text alone: whoever touches one that hangs hangs too. */
static const Ward *find_by_text(const Wards *wards, const char *word)
{
    _cleanup_buf_ Buf path = BUF_INIT(PATH_MAX);
    _cleanup_free_ char *here = word[0] == '/' ? NULL : getcwd(NULL, 0);

    if ((here && add_parts(&path, here) < 0) || add_parts(&path, word) < 0)
        return NULL;
    return wards_find(wards, buf_text(&path));
}

/* What was named is looked up before anything is shown: a word that is none is a wrong use, not a finding. */
static int examine(Doctor *doctor)
{
    _cleanup_free_ char *mountpoint = NULL;
    bool source = doctor->word && is_source(doctor, doctor->word);
    const Ward *ward = NULL;
    Failure failure = {.code = -ERR_NOT_FOUND};

    if (doctor->word && !source) {
        ward = find_by_text(&doctor->wards, doctor->word);
        if (!ward && mounts_find(doctor->word, &mountpoint, NULL, &failure) == 0)
            ward = wards_find(&doctor->wards, mountpoint);
        if (!ward) {
            failure_set_mend(&failure, "Name a SOURCE, as mounting takes it, or where one is mounted.");
            say_failure(&failure);
            return EXIT_NOT_FOUND;
        }
    }
    examine_machine(doctor);
    if (ward) {
        examine_ward(doctor, ward);
    } else if (source) {
        report_subject(doctor->report, "source", doctor->word);
        examine_source(doctor->report, doctor->word, doctor->texts, NULL, false);
    } else {
        examine_all(doctor);
    }
    return report_end(doctor->report);
}

/* ---- the command ---- */

/* Wrong options are a wrong use. */
static int check_text(const char *text, Failure *ret_failure)
{
    Settings settings;
    int r;

    settings_init(&settings);
    r = options_parse(&settings, text, ret_failure);
    settings_release(&settings);
    return r;
}

static int take_words(Doctor *doctor, const CommandWords *words, Failure *ret_failure)
{
    size_t count = 0;

    for (int i = 0; i < words->count; i++) {
        const char *word = words->words[i];

        if (strcmp(word, "--json") == 0) {
            doctor->json = true;
        } else if (strncmp(word, "-o", 2) == 0 && (word[2] || i + 1 < words->count)) {
            doctor->texts[count] = word[2] ? word + 2 : words->words[++i];
            if (check_text(doctor->texts[count++], ret_failure) < 0)
                return ret_failure->code;
        } else if (word[0] != '-' && !doctor->word) {
            doctor->word = word;
        } else {
            *ret_failure = failure_make(-ERR_INVALID, "`skystackfs doctor` does not take `%s`.", word);
            return -ERR_INVALID;
        }
    }
    return 0;
}

int command_doctor(const CommandWords *words)
{
    Doctor doctor = {.texts = calloc((size_t)words->count + 1, sizeof *doctor.texts)};
    Failure failure = {.code = -ERR_NO_MEMORY};
    int code = EXIT_FAILED;

    secret_guard_process();
    log_open(LOG_TO_STDERR, LOG_LEVEL_NONE); /* what matters is a finding */
    if (doctor.texts && take_words(&doctor, words, &failure) < 0) {
        code = say_usage(failure);
    } else if (doctor.texts && wards_collect(&doctor.wards) == 0 && (doctor.report = report_new(doctor.json)) != NULL) {
        code = examine(&doctor);
    } else {
        say_failure(&failure);
    }
    report_free(doctor.report);
    wards_release(&doctor.wards);
    for (size_t i = 0; i < doctor.section_count; i++)
        free(doctor.sections[i]);
    free(doctor.texts);
    return code;
}
