/*
 * words: a command in one text, taken apart without a shell.
 */
#ifndef SKY_WORDS_H
#define SKY_WORDS_H

/*
 * Cuts a text at blanks. A word in double quotes may hold blanks, and a doubled quote in it stands for one; nothing else
 * has a meaning. The first word, if it is a path, is made absolute, so that it still means the same from `/`. Ended by
 * NULL, freed by the other. 0, -ERR_INVALID (no word, or a quote that does not end a word or is not closed) or
 * -ERR_NO_MEMORY.
 */
int words_split(const char *text, char ***ret_words);
/* Takes NULL. */
void words_free(char **words);

#endif
