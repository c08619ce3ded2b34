/* RFC 7396 merge patches on JSON text: what a patch does not name stays as it was written, byte for byte. */
#ifndef SANDBOX_MERGE_H
#define SANDBOX_MERGE_H

#include "buf.h"

/* Adds to `out` what `target` becomes under `patch`. Both are checked JSON; the target may be missing (`at` NULL). */
void merge_patch(Text target, Text patch, Buf *out);

#endif
