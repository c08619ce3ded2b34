/*
 * net_curl: Net by libcurl's multi interface, driven by the loop.
 *
 * A proxy named by the environment ($https_proxy, $no_proxy) is used as curl uses it: the TLS session ends at the API
 * either way. SIGPIPE is ignored from then on in the whole process, because TLS writes to sockets that may be closed.
 */
#ifndef SKY_NET_CURL_H
#define SKY_NET_CURL_H

#include "loop.h"
#include "net.h"

/* cacert: a PEM bundle to trust instead of the system's; NULL: the system's. user_agent is copied. To be made after the
 * process is in the background. 0, or -ERR_NO_MEMORY, -ERR_NOT_FOUND (the bundle can't be read). */
int net_curl_new(Loop *loop, const char *cacert, const char *user_agent, Net **ret_net);
/* Cancels what is under way (`done` does not run) and frees. Takes NULL. Not to be called from inside a `done`. */
void net_curl_free(Net *net);

#endif
