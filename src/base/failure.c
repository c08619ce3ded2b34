#include "failure.h"

#include <stdarg.h>
#include <stdio.h>

#include "error.h"

Failure failure_make(int code, const char *message_format, ...)
{
    Failure failure = {.code = code, .sent = FAILURE_NOT_SENT};
    va_list args;

    va_start(args, message_format);
    vsnprintf(failure.message, sizeof failure.message, message_format, args);
    va_end(args);
    return failure;
}

void failure_set_mend(Failure *failure, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(failure->mend, sizeof failure->mend, format, args);
    va_end(args);
}

const char *failure_sentence(const Failure *failure)
{
    return failure->message[0] ? failure->message : error_sentence(failure->code);
}
