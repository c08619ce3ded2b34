/*
 * mend: what a person can do about a failed exchange. Pure; internal to api.
 */
#ifndef SKY_MEND_H
#define SKY_MEND_H

#include <stdbool.h>

#include "failure.h"

/* Sets the mend by the code, and by the API's own code and message where these say more. "" where there is no advice.
 */
void mend_set(Failure *failure);
/* Whether the API refused it for the version that it was asked in. */
bool mend_is_of_version(const Failure *failure);

#endif
