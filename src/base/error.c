#include "error.h"

#include <stddef.h>
#include <string.h>

#define ERROR_ROW(code, number, sentence) {#code, #number, sentence, number},
static const struct {
    const char *name;
    const char *symbol;
    const char *sentence;
    int number;
} rows[] = {{"NONE", "0", "All is well.", 0}, ERROR_TABLE(ERROR_ROW)};
#undef ERROR_ROW

static size_t row_of(int code)
{
    size_t index = (size_t)(code < 0 ? -code : code);

    return index < ERR_COUNT ? index : (size_t)ERR_DISK;
}

int error_errno(int code)
{
    return rows[row_of(code)].number;
}

const char *error_name(int code)
{
    return rows[row_of(code)].name;
}

const char *error_sentence(int code)
{
    return rows[row_of(code)].sentence;
}

const char *error_symbol(int code)
{
    return rows[row_of(code)].symbol;
}

int error_from_errno(int number)
{
    switch (number) {
    case 0:
        return 0;
    case ENOMEM:
        return -ERR_NO_MEMORY;
    case ENOSPC:
    case EDQUOT:
        return -ERR_NO_SPACE;
    case ENOENT:
        return -ERR_NOT_FOUND;
    case EACCES:
    case EPERM:
        return -ERR_NO_ACCESS;
    case EROFS:
        return -ERR_READ_ONLY;
    default:
        return -ERR_DISK;
    }
}
