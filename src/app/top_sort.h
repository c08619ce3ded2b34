/*
 * top_sort: the order of rows. Internal to top_view.
 */
#ifndef SKY_TOP_SORT_H
#define SKY_TOP_SORT_H

#include "top_view.h"

/* Finds each row's rank by its name, once for all that follow: to compare names is what takes time, and all ties end with
 * them. view->order holds each row's place once, and is sorted after. */
void top_sort_names(TopView *view);
/* Sorts view->order as the view says. The groups know their ranks. Numbers in names
 * count as such: web-2 comes before web-10. Load and memory begin with the highest, ages with the youngest. */
void top_sort_rows(TopView *view);

#endif
