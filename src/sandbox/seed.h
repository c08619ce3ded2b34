/* What a new sandbox begins with, the same every time but for the dates.
 *
 * Projects: prod (prj_1), staging (prj_2), project-3 (prj_3) and so on. Instances ins_1, ins_2 and so on go to the
 * projects in turn; inside each project their names run web-1, web-2, worker-1, db-1, web-3, web-4, worker-2, db-2 and
 * so on, so two projects have the same names. All are running, and the oldest is a month old. */
#ifndef SANDBOX_SEED_H
#define SANDBOX_SEED_H

#include "store.h"

/* Does nothing if the store has a project or an instance, or ever had one. */
void seed_fill(Store *store, int64_t projects, int64_t instances);

/* Adds the network that the instance with this number gets, as a JSON object. */
void seed_put_network(Buf *out, int64_t number);

#endif
