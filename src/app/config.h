/*
 * config: the settings of a source, brought together: an option on the command line goes before the environment, that
 * before the user's configuration file, that before the system's.
 */
#ifndef SKY_CONFIG_H
#define SKY_CONFIG_H

#include "options.h"

#define CONFIG_SYSTEM_FILE "/etc/skystackfs/config"

/*
 * Fills fresh settings (settings_init) for SOURCE: `production`, `sandbox`, an https:// address, or a section with an
 * `endpoint`. `texts` are those of -o, in their order. 0, or a negative code and what is wrong, with the file and line.
 * In a file a key stands for an option; before the first section it holds for all sources, in a section for the source
 * of that name alone. Settings that are `bare` have the texts alone.
 */
int config_load(Settings *settings, const char *source, const char *const *texts, size_t count, Failure *ret_failure);
/* The same for a mount that has its settings: what came from -o or the environment is as it was. */
int config_load_again(const Settings *settings, Settings *fresh, Failure *ret_failure);
/* Calls with the name of each section of both files, perhaps twice. As config_load(). */
int config_each_source(void (*each)(void *ctx, const char *name, const char *file), void *ctx, Failure *ret_failure);

#endif
