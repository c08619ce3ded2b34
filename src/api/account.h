/*
 * account: the text that stands for a token where requests are counted. Internal to api.
 */
#ifndef SKY_ACCOUNT_H
#define SKY_ACCOUNT_H

#include "ledger.h"

/* The SHA-256 of endpoint and token, in hex: the same for all who share both, and of no use to whoever finds it. 0 or
 * -ERR_NO_MEMORY. */
int account_of(const char *endpoint, const char *token, char ret_account[LEDGER_ACCOUNT_BYTES]);

#endif
