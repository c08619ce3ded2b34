/*
 * state_dir: where mounts keep what must outlive them, where nobody says so.
 */
#ifndef SKY_STATE_DIR_H
#define SKY_STATE_DIR_H

/* The caller's to free; NULL where there is none, or no memory. */
char *state_dir_default(void);

#endif
