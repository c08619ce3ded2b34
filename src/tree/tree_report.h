/*
 * tree_report: what a tree tells whoever watches it, out of what is known: nothing here asks the API.
 */
#ifndef SKY_TREE_REPORT_H
#define SKY_TREE_REPORT_H

#include "error.h"
#include "resource.h"
#include "tree.h"

/* How many failures were told, by their code (not negated); ERR_COUNT of them. Lives as long as the tree. */
const uint64_t *tree_error_counts(const Tree *tree);

/* How many lines were told in .skystack/events. */
uint64_t tree_events_told(const Tree *tree);

/* An instance that is to be seen. Everything is borrowed for the call. */
typedef struct TreeInstance {
    const char *project, *name; /* as its path has them: PROJECT/NAME.json. Valid UTF-8 */
    Resource *resource;
} TreeInstance;
/* Walks them all, in the order of listings, until visit says false. It must change nothing. */
void tree_each_instance(Tree *tree, bool (*visit)(void *ctx, const TreeInstance *instance), void *ctx);

#endif
