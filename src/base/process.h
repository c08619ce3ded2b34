/*
 * process: what Linux tells of another process, asked by its thread id (as FUSE requests carry it).
 */
#ifndef SKY_PROCESS_H
#define SKY_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

/* The process that a thread belongs to; 0 if it can't be told. */
pid_t process_of_thread(pid_t thread);
/* The session of a thread's process; 0 if it can't be told. */
pid_t process_session(pid_t thread);
/* Whether a signal is pending that kills or asks to stop (KILL, INT, TERM, HUP, QUIT) and is not ignored or blocked
 * there; true too for a thread that is gone. */
bool process_is_stopping(pid_t thread);

#endif
