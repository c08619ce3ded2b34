/*
 * sim_disk: files that lose at a crash what was not synced, and that can fail.
 *
 * There are two truths: what the program sees, and what is on the platter. Bytes become durable by fsio_write() (which
 * syncs) alone; that a name came, went or changed becomes durable when its directory is synced. At a crash any subset of
 * what is not durable yet may survive, in pieces.
 */
#ifndef SKY_SIM_DISK_H
#define SKY_SIM_DISK_H

#include "fsio.h"
#include "sim_chance.h"

typedef struct SimFile {
    char *bytes;
    size_t count;
    size_t durable; /* so many of these survive for sure */
    unsigned names; /* that refer to it, seen, durable or on their way */
} SimFile;

typedef struct SimName {
    char path[160];
    SimFile *seen, *durable; /* NULL: there is none */
} SimName;

/* A change of names that is not durable yet. */
typedef struct SimNameChange {
    char from[160], to[160]; /* "": it came from nowhere, or goes nowhere */
    SimFile *file;
} SimNameChange;

enum { SIM_NAMES_MAX = 256, SIM_CHANGES_MAX = 64 };

typedef struct SimDisk {
    Fsio fsio; /* first */
    Chance chance;
    SimName names[SIM_NAMES_MAX];
    size_t name_count;
    SimNameChange changes[SIM_CHANGES_MAX];
    size_t change_count;
    bool locked;
    unsigned fail_permille; /* how often a call fails */
    uint64_t calls;
    uint64_t crash_at; /* the call number at which the power goes; 0: it does not */
    uint64_t fail_at;  /* the call number that fails, 0: none */
    bool off;          /* the power has gone: nothing has any effect */
} SimDisk;

void sim_disk_init(SimDisk *disk, Chance chance);
void sim_disk_release(SimDisk *disk);
/* From now on nothing that the program does reaches the disk. */
void sim_disk_power_off(SimDisk *disk);
/* What survived is what is there. */
void sim_disk_power_on(SimDisk *disk);
/* Puts a file there, durably, as an administrator would. */
void sim_disk_put(SimDisk *disk, const char *path, const char *text);
/* Whether a file whose name begins with `prefix` holds the text; durably: even if the power went now. */
bool sim_disk_holds(const SimDisk *disk, const char *prefix, const char *text, bool durably);
/* How many files there are whose names begin with `prefix`. */
unsigned sim_disk_count(const SimDisk *disk, const char *prefix);

#endif
