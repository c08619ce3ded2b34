/*
 * mount_words: what mount(8) and fstab put among the options of any file system; see mount's manual, "FILESYSTEM-INDEPENDENT
 * MOUNT OPTIONS" (`x-*` are stripped by mount itself; _netdev, nofail, user and the like are not).
 */
#ifndef SKY_MOUNT_WORDS_H
#define SKY_MOUNT_WORDS_H

#include <stdbool.h>

#include "options.h"

/* Whether the word is one of them, and not an option of ours: then it is taken, and ret_failure->code is 0 or the
 * refusal. */
bool mount_word_take(const char *word, Settings *settings, Failure *ret_failure);

#endif
