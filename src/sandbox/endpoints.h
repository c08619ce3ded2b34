/* The endpoints, one function each; api.c calls them when everything else about the request is in order. */
#ifndef SANDBOX_ENDPOINTS_H
#define SANDBOX_ENDPOINTS_H

#include "reply.h"
#include "request.h"
#include "sandbox.h"

/* `id` is the decoded last piece of the path, where the route has one. */
typedef void Endpoint(Sandbox *sandbox, const Request *request, Text id, Reply *reply);

Endpoint list_projects, list_instances;
Endpoint create_by_size, create_by_profile;
Endpoint get_instance, patch_instance, delete_instance;

/* Answers 400 with the code invalid_request. */
void answer_invalid(const Request *request, Reply *reply, const char *message, Text details);

/* Answers 404 with the code not_found. */
void answer_unknown(const Request *request, Reply *reply, const char *message);

/* Starts an answer of JSON; its body is what the caller adds. */
void answer_json(Reply *reply, unsigned status);

#endif
