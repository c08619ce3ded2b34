/*
 * vigil: poll(2) on the files of NAME/, as on those of sysfs.
 *
 * Read the value, then poll: POLLPRI and POLLERR say that it is another since, or that the file is gone. Seek to 0, or use
 * pread, and read again: a read from offset 0 has what is known then. A poll of what was never read fires at once.
 *
 * While somebody polls, the instance is looked at when its time is up, once for all who wait. The kernel does not say when
 * somebody gives a poll up; so at that time the polls are woken, and whoever asks again shows that he still waits. With
 * nobody left nothing is asked.
 *
 *   none ──somebody polls──> keeps (until `due_ms`) ──due: all are woken──> none
 *                              └──its time is up──> looks ──answered──> keeps
 */
#ifndef SKY_VIGIL_H
#define SKY_VIGIL_H

#include "tree_internal.h"

typedef struct Vigil Vigil;

/* Whether there is something to read that the handle has not read. With `wait`, poll_ready() comes when that may be so. */
bool vigil_has_news(Handle *handle, bool wait);
/* A handle is read from its beginning: what it holds is rendered anew. 0, -ERR_GONE (of what was read before, and is not
 * there any more), or a code of content_of(). */
int vigil_renew(Handle *handle);
/* An instance changed: who polls a value that is another now is woken. */
void vigil_note_change(const Binding *binding);
/* It is said to have changed: if nobody has asked in a second, who polls does. */
void vigil_note_doubt(const Binding *binding);
/* It goes. Before its nodes become orphans. */
void vigil_note_gone(Binding *binding);
void vigil_free_all(Tree *tree);

#endif
