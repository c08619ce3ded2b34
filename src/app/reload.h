/*
 * reload: what of the settings goes to the store and the tree, at the mount and again on SIGHUP. Private to app.
 */
#ifndef SKY_RELOAD_H
#define SKY_RELOAD_H

#include "app_internal.h"

StoreConfig store_config_of(const Settings *settings);
/* Its `defaults` are the caller's, for cJSON_free(); NULL: no memory. All else is borrowed. */
TreeConfig tree_config_of(const App *app);
/* Reads the configuration files again, and takes over what can change while it is mounted (the table's `live`). What is
 * wrong, and what needs a new mount, is said in the log; then, or for that, all stays as it was. */
void reload_settings(App *app);

#endif
