#include "tree_internal.h"

#include <stdlib.h>
#include <utlist.h>

enum { SWEEP_MS = 30000 };

/* What exists here alone, and goes some time after nobody has it open. It keeps its node alive. */
struct Local {
    Node *node;
    int64_t closed_ms; /* by the clock; 0: it is open */
    Local *prev, *next;
};

static bool is_over(const Local *local, int64_t now)
{
    return local->closed_ms != 0 && now - local->closed_ms >= TREE_DRAFT_KEPT_MS;
}

static void sweep(void *ctx)
{
    Tree *tree = ctx;
    int64_t now = clock_now_ms(tree->clock);
    Local *each, *next;

    DL_FOREACH_SAFE(tree->locals, each, next)
    {
        if (is_over(each, now)) {
            each->node->unlinked = true;
            node_detach(each->node);
            local_settle(each->node);
        }
    }
    if (tree->locals)
        timer_start(tree->sweep, SWEEP_MS);
}

int local_attach(Node *node)
{
    Tree *tree = node->tree;
    Local *local = calloc(1, sizeof *local);

    if (!tree->sweep)
        tree->sweep = timer_new(tree->clock, sweep, tree);
    if (!local || !tree->sweep) {
        free(local);
        return -ERR_NO_MEMORY;
    }
    if (!tree->locals)
        timer_start(tree->sweep, SWEEP_MS);
    local->node = node_use(node);
    node->local = local;
    DL_APPEND(tree->locals, local);
    return 0;
}

void local_closed(Node *node)
{
    if (node->local)
        node->local->closed_ms = clock_now_ms(node->tree->clock);
}

void local_free(Local *local)
{
    if (!local)
        return;
    DL_DELETE(local->node->tree->locals, local);
    local->node->local = NULL;
    free(local);
}

void local_settle(Node *node)
{
    if (!node->local)
        return;
    local_free(node->local);
    node_unuse(node);
}
