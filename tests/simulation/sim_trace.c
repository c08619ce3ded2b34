#include "sim_trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LINE_BYTES = 1024 };

void sim_trace_init(SimTrace *trace, bool print)
{
    *trace = (SimTrace){.hash = UINT64_C(0xcbf29ce484222325), .print = print};
}

void sim_trace(SimTrace *trace, int64_t now_ms, const char *format, ...)
{
    char line[LINE_BYTES];
    size_t used = (size_t)snprintf(line, sizeof line, "%10lld ", (long long)now_ms);
    va_list args;

    va_start(args, format);
    vsnprintf(line + used, sizeof line - used, format, args);
    va_end(args);
    for (const char *at = line; *at; at++)
        trace->hash = (trace->hash ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
    trace->lines++;
    if (trace->print)
        printf("%s\n", line);
}
