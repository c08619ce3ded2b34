/*
 * torture_disk: calls of the disk that fail where they are told to. A test that is linked with it includes this first,
 * and has its own calls answered by the system.
 */
#ifndef SKY_TORTURE_DISK_H
#define SKY_TORTURE_DISK_H

#include <fcntl.h>
#include <stdint.h>

#include "torture.h"

#pragma redefine_extname opendir __real_opendir
#pragma redefine_extname read __real_read
#pragma redefine_extname write __real_write
#pragma redefine_extname fsync __real_fsync
#pragma redefine_extname rename __real_rename

int __real_open64(const char *path, int flags, ...);

#define open(...) __real_open64(__VA_ARGS__)

/* From now on the program's calls are counted anew, and this one (from 1; 0: none) fails. */
void torture_fail_disk_at(uint64_t call);
/* As torture_watch(). */
void torture_watch_disk(torture_watch_fn call);
/* How many there were. */
uint64_t torture_disk_calls(void);

#endif
