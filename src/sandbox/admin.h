/* The admin address: what tests do to the sandbox and ask of it, as JSON over plain HTTP on loopback.
 *
 *   GET  /health                     {"ok":true}
 *   GET  /counts                     requests by method, route and status; POST /counts/reset starts anew
 *   GET  /log[?since=SEQ]            the last requests; POST /log/reset forgets them
 *   GET  /ledger                     every change ever made
 *   GET  POST /instances             all of them; one made behind the client's back
 *   GET  PATCH DELETE /instances/ID  one of them
 *   GET  POST /projects              and PATCH DELETE /projects/ID
 *   POST /reset                      no instances any more
 *   POST /token                      a new token
 *   GET  POST DELETE /faults         and DELETE /faults/ID
 *   GET  POST DELETE /webhook        the endpoint, its settings and counts
 *   GET  /webhook/log[?since=SEQ]    the last events; POST /webhook/reset forgets them, and what waits
 *   POST /webhook/send               any event, at once
 *   POST /webhook/storm              many of them
 *   GET  POST /config                settings
 *
 * Errors are {"error":"a sentence"} with 400, 404, 405 or 409. */
#ifndef SANDBOX_ADMIN_H
#define SANDBOX_ADMIN_H

#include "deliver.h"
#include "sandbox.h"

/* An HttpHandler whose argument is a Sandbox. */
void serve_admin(void *sandbox, const Request *request, Reply *reply, Delivery *delivery);

#endif
