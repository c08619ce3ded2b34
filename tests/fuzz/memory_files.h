/*
 * memory_files: a few files in memory, for targets that open a directory of them. Nothing is ever lost, and nothing fails.
 */
#ifndef SKY_FUZZ_MEMORY_FILES_H
#define SKY_FUZZ_MEMORY_FILES_H

#include "fsio.h"
#include "span.h"

enum { MEMORY_FILES_MAX = 64 };

typedef struct MemoryFile {
    char *path; /* NULL: a free place */
    Buf bytes;
} MemoryFile;

typedef struct MemoryFiles {
    Fsio fsio; /* first */
    MemoryFile files[MEMORY_FILES_MAX];
} MemoryFiles;

void memory_files_init(MemoryFiles *files);
void memory_files_release(MemoryFiles *files);
/* NULL if there is no such file. */
MemoryFile *memory_files_find(MemoryFiles *files, const char *path);
/* Makes a file, or makes it hold these bytes. */
void memory_files_put(MemoryFiles *files, const char *path, Span bytes);

#endif
