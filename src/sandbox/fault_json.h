/* Reads the description of a fault, as the admin address takes it. */
#ifndef SANDBOX_FAULT_JSON_H
#define SANDBOX_FAULT_JSON_H

#include "faults.h"

/* A new fault, held by the caller, from checked JSON; NULL, and `*ret_why` says what is wrong in words that live
 * forever. */
Fault *fault_parse(Text json, const char **ret_why);

#endif
