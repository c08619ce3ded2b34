/* A request's way through the sandbox: log and counts, latency, the fault that may befall it, the API, and how its
 * answer goes out. */
#ifndef SANDBOX_SERVE_H
#define SANDBOX_SERVE_H

#include "deliver.h"
#include "sandbox.h"

/* An HttpHandler whose argument is a Sandbox. */
void serve_api(void *sandbox, const Request *request, Reply *reply, Delivery *delivery);

#endif
