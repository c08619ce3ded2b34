#include "sim_trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "hash.h"

enum { LINE_BYTES = 1024 };

void sim_trace_init(SimTrace *trace, bool print)
{
    *trace = (SimTrace){.hash = HASH_BEGIN, .print = print};
}

void sim_trace(SimTrace *trace, int64_t now_ms, const char *format, ...)
{
    char line[LINE_BYTES];
    size_t used = (size_t)snprintf(line, sizeof line, "%10lld ", (long long)now_ms);
    va_list args;

    va_start(args, format);
    vsnprintf(line + used, sizeof line - used, format, args);
    va_end(args);
    trace->hash = hash_more(trace->hash, line, strlen(line));
    trace->lines++;
    if (trace->print)
        printf("%s\n", line);
}
