#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "doctor.h"
#include "doctor_read.h"
#include "error.h"
#include "find_program.h"

enum { CONF_BYTES = 256 << 10 };

static const char TYPE[] = "fuse.skystackfs";
static const char CONF[] = "/etc/updatedb.conf";
static const char CHECK[] = "updatedb";

static bool is_installed(void)
{
    static const char *const names[] = {"updatedb", "updatedb.plocate", "updatedb.mlocate"};
    char path[PATH_MAX];

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (find_program("/usr/bin:/usr/sbin:/bin:/sbin:/usr/local/bin:/usr/local/sbin", names[i], path))
            return true;
    }
    return false;
}

static bool says_so(const char *folder, const char *file, char ret_path[PATH_MAX])
{
    _cleanup_buf_ Buf unit = BUF_INIT(CONF_BYTES);
    size_t length = strlen(file);

    if (length < 5 || strcmp(file + length - 5, ".conf") != 0 ||
        snprintf(ret_path, PATH_MAX, "%s/%s", folder, file) >= PATH_MAX)
        return false;
    return doctor_read_file(ret_path, &unit) == 0 && unit_says(buf_text(&unit), TYPE);
}

/* systemd's service may be told to leave the type out. */
static bool find_drop_in(char ret_path[PATH_MAX])
{
    static const char *const folders[] = {
        "/etc/systemd/system/plocate-updatedb.service.d", "/run/systemd/system/plocate-updatedb.service.d",
        "/usr/local/lib/systemd/system/plocate-updatedb.service.d",
        "/usr/lib/systemd/system/plocate-updatedb.service.d", "/lib/systemd/system/plocate-updatedb.service.d"};
    bool found = false;

    for (size_t i = 0; i < sizeof folders / sizeof folders[0] && !found; i++) {
        DIR *dir = opendir(folders[i]);
        const struct dirent *entry;

        while (dir && !found && (entry = readdir(dir)) != NULL)
            found = says_so(folders[i], entry->d_name, ret_path);
        if (dir)
            closedir(dir);
    }
    return found;
}

static bool skips_all(const char *conf, const Wards *wards)
{
    bool all = wards->count > 0;

    for (size_t i = 0; i < wards->count && all; i++)
        all = updatedb_skips_path(conf, wards->at[i].mountpoint);
    return all;
}

void doctor_updatedb(Report *report, const Wards *wards)
{
    _cleanup_buf_ Buf conf = BUF_INIT(CONF_BYTES);
    char drop_in[PATH_MAX];
    Failure said;
    int r = is_installed() ? doctor_read_file(CONF, &conf) : -ERR_CANCELLED;

    if (r == -ERR_CANCELLED) {
        report_say(report, FINDING_GOOD, CHECK, "It is not installed.");
    } else if (updatedb_skips_type(buf_text(&conf), TYPE)) {
        report_say(report, FINDING_GOOD, CHECK, "%s is in PRUNEFS of %s.", TYPE, CONF);
    } else if (find_drop_in(drop_in)) {
        report_say(report, FINDING_GOOD, CHECK, "systemd runs it without %s (%s).", TYPE, drop_in);
    } else if (skips_all(buf_text(&conf), wards)) {
        report_say(report, FINDING_GOOD, CHECK, "What is mounted lies in PRUNEPATHS of %s.", CONF);
    } else if (r < 0 && r != -ERR_NOT_FOUND) {
        report_say(report, FINDING_SKIPPED, CHECK, "%s can't be read: %s", CONF, error_sentence(r));
    } else {
        said = failure_make(0, "It walks through what is mounted, which costs requests each time.");
        failure_set_mend(&said, "Add %s to PRUNEFS in %s.", TYPE, CONF);
        report_failure(report, FINDING_WARN, CHECK, &said);
    }
}
