#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cleanup.h"
#include "doctor.h"
#include "doctor_read.h"
#include "error.h"
#include "find_program.h"
#include "fsio.h"

enum { CONF_BYTES = 256 << 10, FUSE_MAJOR = 10, FUSE_MINOR = 229 };

static const char FUSE_DEVICE[] = "/dev/fuse";
static const char FUSE_CONF[] = "/etc/fuse.conf";

/* ---- /dev/fuse ---- */

static bool is_fuse_device(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(FUSE_MAJOR, FUSE_MINOR);
}

static const char *mend_device(int number)
{
    switch (number) {
    case ENOENT:
        return "Load the module with `modprobe fuse`; a container is started with `--device /dev/fuse --cap-add "
               "SYS_ADMIN`.";
    case ENODEV:
    case ENXIO:
        return "Load the module with `modprobe fuse`.";
    case EACCES:
        return "Let everybody open it, as udev does: `chmod 666 /dev/fuse` as root.";
    case EPERM:
        return "Start the container with `--device /dev/fuse --cap-add SYS_ADMIN`.";
    default:
        return "";
    }
}

static void check_device(Report *report)
{
    _cleanup_close_ int fd = open(FUSE_DEVICE, O_RDWR | O_CLOEXEC);
    Failure said;

    if (fd < 0) {
        said = failure_make(error_from_errno(errno), "It can't be opened: %s.", strerror(errno));
        failure_set_mend(&said, "%s", mend_device(errno));
    } else if (!is_fuse_device(fd)) {
        said = failure_make(-ERR_NO_DEVICE, "It is something else than the kernel's FUSE device.");
        failure_set_mend(&said, "Remove it, and make it anew as root: `mknod -m 666 /dev/fuse c %d %d`.", FUSE_MAJOR,
                         FUSE_MINOR);
    } else {
        report_say(report, FINDING_GOOD, FUSE_DEVICE, "It can be opened.");
        return;
    }
    report_failure(report, FINDING_BAD, FUSE_DEVICE, &said);
}

/* ---- fusermount3 ---- */

/* Why it does not become root when an ordinary user starts it; NULL: it does. */
static const char *powerless(const char *path, const char **ret_mend)
{
    struct stat st;
    struct statvfs fs;

    *ret_mend = "Reinstall the package fuse3, or `chown root FILE && chmod 4755 FILE`.";
    if (stat(path, &st) < 0 || st.st_uid != 0 || !(st.st_mode & S_ISUID))
        return "is not set-user-ID root";
    *ret_mend = "Mount that file system without nosuid, or mount as root.";
    if (statvfs(path, &fs) == 0 && (fs.f_flag & ST_NOSUID))
        return "lies on a file system that is mounted nosuid";
    *ret_mend = "Start this outside of the sandbox (a service: NoNewPrivileges=no), or mount as root.";
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
        return "gets no privileges from within this process (no_new_privs)";
    return NULL;
}

static void check_helper(Report *report)
{
    static const char name[] = "fusermount3";
    char path[PATH_MAX];
    const char *why, *mend;
    Failure said;

    if (!find_program(getenv("PATH"), name, path)) {
        said = failure_make(-ERR_NOT_FOUND, "It is not in $PATH, and all but root need it to mount and unmount.");
        failure_set_mend(&said, "Install the package fuse3.");
        report_failure(report, geteuid() == 0 ? FINDING_WARN : FINDING_BAD, name, &said);
        return;
    }
    why = geteuid() == 0 ? NULL : powerless(path, &mend);
    if (!why) {
        report_say(report, FINDING_GOOD, name, "%s%s", path,
                   geteuid() == 0 ? " is there; root mounts without it." : " is set-user-ID root.");
        return;
    }
    said = failure_make(-ERR_NO_ACCESS, "%s %s, so this user can't mount.", path, why);
    failure_set_mend(&said, "%s", mend);
    report_failure(report, FINDING_BAD, name, &said);
}

/* ---- fuse.conf ---- */

int doctor_read_file(const char *path, Buf *into)
{
    _cleanup_free_ char *real = realpath(path, NULL);

    return real ? fsio_read(fsio_system(), real, into, NULL) : error_from_errno(errno);
}

void doctor_fuse_conf(Report *report, bool wanted)
{
    _cleanup_buf_ Buf conf = BUF_INIT(CONF_BYTES);
    int r = doctor_read_file(FUSE_CONF, &conf);
    bool lets = fuse_conf_lets_others(buf_text(&conf));
    Failure said;

    if (r < 0 && r != -ERR_NOT_FOUND) {
        report_say(report, FINDING_SKIPPED, "fuse.conf", "%s can't be read: %s", FUSE_CONF, error_sentence(r));
    } else if (lets || geteuid() == 0) {
        report_say(report, FINDING_GOOD, "fuse.conf", "%s",
                   lets ? "Every user may mount with allow_other." : "Root may mount with allow_other.");
    } else if (!wanted) {
        report_say(report, FINDING_GOOD, "fuse.conf", "Only root may mount with allow_other.");
    } else {
        said = failure_make(-ERR_NO_ACCESS, "Only root may mount with allow_other, which is set.");
        failure_set_mend(&said, "Write the line `user_allow_other` into %s, or mount without allow_other.", FUSE_CONF);
        report_failure(report, FINDING_BAD, "fuse.conf", &said);
    }
}

void doctor_machine(Report *report)
{
    check_device(report);
    check_helper(report);
}
