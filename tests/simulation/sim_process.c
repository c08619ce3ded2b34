/*
 * The processes of the simulation, in the place of base/process.c: thread T belongs to process T / 10 * 10, and nobody
 * is ever told to stop. So no history depends on what else this machine runs.
 */
#include "process.h"

pid_t process_of_thread(pid_t thread)
{
    return thread > 0 ? thread / 10 * 10 : 0;
}

pid_t process_session(pid_t thread)
{
    return thread > 0 ? 1 : 0;
}

bool process_is_stopping(pid_t thread)
{
    (void)thread;
    return false;
}
