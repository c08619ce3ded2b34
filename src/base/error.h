/*
 * error: the one table of what can go wrong.
 *
 * Every function of this program that can fail returns 0 or one of these codes, negated (`-ERR_TIMEOUT`); outputs named
 * `ret_…` are set only on success. A code becomes an errno in one place, at the kernel's edge (mount), by
 * error_errno(). The sentence is for people and says what happened, not what to do: the mend belongs to the place
 * that knows the circumstances (see failure.h).
 */
#ifndef SKY_ERROR_H
#define SKY_ERROR_H

#include <errno.h>

/* X(code, errno, sentence) */
#define ERROR_TABLE(X)                                                                                                 \
    X(INVALID, EINVAL, "The request was not valid.")                                                                   \
    X(TOKEN, EKEYREJECTED, "The API refused the token.")                                                               \
    X(FORBIDDEN, EACCES, "The token may not do this.")                                                                 \
    X(NOT_FOUND, ENOENT, "There is no such thing.")                                                                    \
    X(REMOTE, EREMOTEIO, "The API failed.")                                                                            \
    X(NO_UPDATES, EOPNOTSUPP, "The API offers no updates of instances.")                                               \
    X(EXISTS, EEXIST, "It exists already.")                                                                            \
    X(BUSY, EBUSY, "The API says that it is busy with this instance.")                                                 \
    X(LIMITED, EBUSY, "The rate limit stood in the way for longer than `wait` allows.")                                \
    X(CONFLICT, ECANCELED, "It was changed by somebody else meanwhile.")                                               \
    X(UNSETTLED, EINPROGRESS, "The create was sent and not answered: it may or may not have happened.")                \
    X(ALREADY, EALREADY, "An earlier create of this name is not settled yet.")                                         \
    X(ROUTE, EHOSTUNREACH, "The API's host could not be found or reached.")                                            \
    X(REFUSED, ECONNREFUSED, "The connection was refused or broken before anything was sent.")                         \
    X(TIMEOUT, ETIMEDOUT, "The API did not answer in time.")                                                           \
    X(CERTIFICATE, ECONNABORTED, "The server's certificate or host name was not accepted; no token was sent.")         \
    X(PROTOCOL, EPROTO, "The answer does not come from a SkyStack API.")                                               \
    X(TOO_BIG, EFBIG, "It is larger than its cap.")                                                                    \
    X(QUOTA, EDQUOT, "The day's budget of requests is spent.")                                                         \
    X(DISK, EIO, "The local disk failed.")                                                                             \
    X(NO_SPACE, ENOSPC, "There is no space left.")                                                                     \
    X(NO_MEMORY, ENOMEM, "There is not enough memory.")                                                                \
    X(GUARD, EPERM, "A safety guard refused it.")                                                                      \
    X(READ_ONLY, EROFS, "The mount is read-only.")                                                                     \
    X(INTERRUPTED, EINTR, "The caller was interrupted.")                                                               \
    X(NO_ACCESS, EACCES, "This user may not do that.")                                                                 \
    X(NOT_PERMITTED, EPERM, "This file system does not offer that here.")                                              \
    X(NOT_SUPPORTED, EOPNOTSUPP, "This file system does not offer that operation.")                                    \
    X(NOT_DIRECTORY, ENOTDIR, "It is not a directory.")                                                                \
    X(IS_DIRECTORY, EISDIR, "It is a directory.")                                                                      \
    X(NOT_EMPTY, ENOTEMPTY, "The directory is not empty.")                                                             \
    X(NO_ATTRIBUTE, ENODATA, "There is no such extended attribute.")                                                   \
    X(NO_DEVICE, ENODEV, "Files here cannot be mapped shared and writable.")                                           \
    X(BAD_HANDLE, EBADF, "The file is not open for that.")                                                             \
    X(NAME_TOO_LONG, ENAMETOOLONG, "The name is too long.")                                                            \
    X(GONE, ESTALE, "The file that this was opened from is gone.")                                                     \
    X(CANCELLED, ECANCELED, "It was cancelled before anything was sent.")                                              \
    X(AGAIN, EAGAIN, "There is nothing to read yet.")                                                                  \
    X(RANGE, ERANGE, "The buffer is too small.")

#define ERROR_ENUM(code, number, sentence) ERR_##code,
enum ErrorCode { ERR_NONE = 0, ERROR_TABLE(ERROR_ENUM) ERR_COUNT };
#undef ERROR_ENUM

/* The errno for a code, given negated or not; 0 for 0, EIO for a code that is not in the table. */
int error_errno(int code);
/* The code's name in the table, such as "TIMEOUT"; "NONE" for 0. Static. */
const char *error_name(int code);
/* The sentence for people. Static. */
const char *error_sentence(int code);
/* The symbol of the code's errno, such as "ETIMEDOUT". Static. */
const char *error_symbol(int code);
/* The code, negated, that stands best for an errno which our own disk or memory calls gave. */
int error_from_errno(int number);

#endif
