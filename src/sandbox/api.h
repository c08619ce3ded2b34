/* The SkyStack REST API itself: from a request to an answer, with nothing of the network in it.
 *
 * In this order: the token, its limits, the API version, path and method, then what the endpoint asks for. The first
 * that fails is the answer. */
#ifndef SANDBOX_API_H
#define SANDBOX_API_H

#include "reply.h"
#include "request.h"
#include "sandbox.h"

/* Fills an empty reply. */
void api_answer(Sandbox *sandbox, const Request *request, Reply *reply);

/* Adds what every answer of the API carries: version, request id and, where there is a body, its type. */
void api_stamp(const Request *request, Reply *reply);

/* The pattern of a path, like "/v1/instances/{id}", or "other". */
const char *api_route_name(const char *path);

#endif
