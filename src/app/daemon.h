/*
 * daemon: into the background, with the parent waiting for the outcome.
 */
#ifndef SKY_DAEMON_H
#define SKY_DAEMON_H

/* Forks. The child returns, in `/`, and must call daemon_ready() or exit; its standard error stays the terminal's, and its
 * process group its parent's, until then. The parent never returns: it exits with the child's code, or with 0 once the
 * child is ready. 0, or a negative code if there was no fork. To be called before threads, the loop or curl exist. */
int daemon_start(void);
/* Lets the parent go, for a session of its own without the terminal. Does nothing where there was no daemon_start(). */
void daemon_ready(void);

#endif
