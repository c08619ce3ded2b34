/*
 * ledger_file: the day's requests, counted in a file for each account, shared by all daemons of one machine.
 *
 * The file is replaced as a whole under a lock, synced, off the loop. Its times are those of the clock that counts from
 * the machine's start, so that a wall clock that jumps means nothing; only over a restart of the machine is the wall
 * clock asked how long it was away, and one that went backwards says: no time. A file that is damaged, or of a version
 * that is not known, begins anew with LEDGER_FILE_DOUBT percent of the day spent, evenly.
 */
#ifndef SKY_LEDGER_FILE_H
#define SKY_LEDGER_FILE_H

#include "clock.h"
#include "fsio.h"
#include "ledger.h"
#include "worker.h"

enum { LEDGER_FILE_DOUBT = 85, LEDGER_BOOT_BYTES = 64 };

/* `folder` is made when it is first needed. `boot`: a text that differs after each start of the machine; "" if there is
 * none. All texts are copied. The files are FOLDER/ACCOUNT. NULL if there is no memory. */
Ledger *ledger_file_new(Fsio *fsio, Worker *worker, Clock *clock, const char *folder, const char *boot);
/* Waits until what was asked for is on disk. Takes NULL. */
void ledger_file_free(Ledger *ledger);

#endif
