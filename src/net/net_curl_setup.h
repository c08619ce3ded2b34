/*
 * net_curl_setup: from a NetRequest to the options of a libcurl handle. Internal to net.
 *
 * All return 0, -ERR_NO_MEMORY, or (the check alone) -ERR_INVALID.
 */
#ifndef SKY_NET_CURL_SETUP_H
#define SKY_NET_CURL_SETUP_H

#include <curl/curl.h>

#include "net.h"

/* Whether it is https and nothing in it could break out of its line. */
int net_curl_check(const NetRequest *request);
/* The header list, which must outlive the transfer. One of them holds the token: free wipes them all; it takes NULL. */
int net_curl_headers_new(const NetRequest *request, struct curl_slist **ret_list);
void net_curl_headers_free(struct curl_slist *list);
/* How to talk: HTTPS alone, no redirects, no signals, no netrc. */
int net_curl_set_transport(CURL *easy, const char *user_agent);
/* Whom to trust: cacert alone, or libcurl's default where it is NULL. */
int net_curl_set_trust(CURL *easy, const char *cacert);
/* What to ask: method, address, body, deadlines, and whether on a connection of its own. */
int net_curl_set_request(CURL *easy, const NetRequest *request);

#endif
