/*
 * truth: the invariants: what the program may say and do, held against what is true in the simulated world.
 */
#ifndef SKY_SIM_TRUTH_H
#define SKY_SIM_TRUTH_H

#include "world.h"

/* ---- what the world tells ---- */

/* A request leaves: a change is on disk by then, durably. */
void truth_on_sent(void *ctx, const SimFlight *flight);
/* The API has done something: it was asked for, and once. */
void truth_on_deed(void *ctx, enum CloudDeed deed, CloudInstance *instance);
void truth_after_step(World *world);
/* The program has ended: nothing of it is left. */
void truth_after_end(World *world);

/* ---- what people set out to do, and were told ---- */

/* NULL: there were too many. */
WorldText *truth_new_text(World *world, unsigned project, const char *name, bool is_mkdir);
/* The writer was told what became of it: 0, or a negative code. */
void truth_told(World *world, WorldText *text, int code);
/* Its file was closed, and it came to nothing: it takes the place of others that are kept under its name. */
void truth_closed(World *world, WorldText *text);
/* The kept text of a name was removed. */
void truth_dropped(World *world, unsigned project, const char *name);
/* A file is to be removed, as the instance that it was last seen to be (NULL: none); then how that ended. */
void truth_removed(World *world, CloudInstance *instance, unsigned project, const char *name, pid_t process);
void truth_removal_told(World *world, CloudInstance *instance, int code);
/* Removals that wait were taken back: of one name by one process, or all (name NULL; process 0: whosever). */
void truth_taken_back(World *world, unsigned project, const char *name, pid_t process);
/* The removals that wait in a project may leave now. */
void truth_hurried(World *world, unsigned project, const char *name);
/* A name was said to be absent; asked_ms: when it was asked for. */
void truth_absent(World *world, unsigned project, const char *name, int64_t asked_ms);
/* A text was read, of an instance; asked_ms as above. */
void truth_read(World *world, const CloudInstance *instance, const char *bytes, size_t count, int64_t asked_ms);
/* A whole listing of a project, by the numbers of the instances. */
void truth_listed(World *world, unsigned project, const bool *numbers, int64_t asked_ms);

/* ---- at the end ---- */

/* All is quiet: texts are where they belong. */
void truth_at_rest(World *world);

#endif
