/*
 * probe: one harmless call that shows whether a token is good. Internal to api.
 */
#ifndef SKY_PROBE_H
#define SKY_PROBE_H

/* Asks for one project with the token that the courier's credential found, ahead of everything that may be waiting for
 * its outcome, which the credential is told. ctx: the Courier. 0 or -ERR_NO_MEMORY. */
int probe_start(void *ctx);

#endif
