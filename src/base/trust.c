#include "trust.h"

#include <unistd.h>

#include "error.h"

/* Why not, with its mend where chmod and chown are none; NULL: it may be trusted. */
static const char *distrust(const FsioFacts *facts, uid_t user, const char **ret_mend)
{
    *ret_mend = NULL;
    if (facts->is_link) {
        *ret_mend = "Give the path of the file itself.";
        return "it is a symbolic link";
    }
    if (!facts->is_regular)
        return "it is not a regular file";
    if (facts->owner != user && facts->owner != 0)
        return "it belongs to somebody else";
    if (facts->mode != 0600 && facts->mode != 0400)
        return "others than its owner may use it";
    return NULL;
}

static int refuse(const TrustFile *file, const FsioFacts *facts, uid_t user, Failure *ret_failure)
{
    const char *mend, *reason = distrust(facts, user, &mend);

    if (!reason)
        return 0;
    *ret_failure =
        failure_make(-ERR_TOKEN, "The %s's file (%s) is not trusted by user %u: %s (mode %04o, owner %u).", file->what,
                     file->named, (unsigned)user, reason, (unsigned)facts->mode, (unsigned)facts->owner);
    if (mend)
        failure_set_mend(ret_failure, "%s", mend);
    else if (facts->owner != user && facts->owner != 0)
        failure_set_mend(ret_failure, "chown %u %s && chmod 600 %s", (unsigned)user, file->path, file->path);
    else
        failure_set_mend(ret_failure, "chmod 600 %s", file->path);
    return -ERR_TOKEN;
}

static int refuse_read(const TrustFile *file, int code, uid_t user, Failure *ret_failure)
{
    *ret_failure = failure_make(code, "The %s's file (%s) can't be read by user %u: %s", file->what, file->named,
                                (unsigned)user, error_sentence(code));
    if (code == -ERR_NOT_FOUND)
        failure_set_mend(ret_failure, "Write the %s into %s, then chmod 600 %s", file->what, file->path, file->path);
    else if (code == -ERR_NO_ACCESS)
        failure_set_mend(ret_failure, "chown %u %s && chmod 600 %s", (unsigned)user, file->path, file->path);
    return code;
}

static bool was_seen(const FsioFacts *facts)
{
    return facts->is_regular || facts->is_link || facts->mode != 0;
}

int trust_read(Fsio *fsio, const TrustFile *file, Buf *into, Failure *ret_failure)
{
    FsioFacts facts = {0};
    uid_t user = geteuid();
    int r = fsio_read(fsio, file->path, into, &facts);

    if (r == -ERR_NOT_FOUND || (r < 0 && !was_seen(&facts)))
        return refuse_read(file, r, user, ret_failure);
    if (refuse(file, &facts, user, ret_failure) < 0)
        return -ERR_TOKEN;
    return r < 0 ? refuse_read(file, r, user, ret_failure) : 0;
}
