#include "tree_internal.h"

#include <string.h>

Binding *resolve_id(Tree *tree, const char *id)
{
    StoreFacts facts;

    return store_peek(tree->store, STORE_INSTANCES, id, &facts) ? facts.tag : NULL;
}

bool resolve_binding(TreeOp *op, Dir *dir, Span stem, Binding **ret_binding)
{
    Binding *binding = binding_find(dir, stem);

    if (binding && !op_need_instance(op, binding, attr_need(binding)))
        return false;
    binding = binding_find(dir, stem);
    if (!binding) {
        if (!op_need_list(op, STORE_INSTANCES))
            return false;
        binding = binding_find(dir, stem);
    }
    if (!binding) {
        op_fail(op, -ERR_NOT_FOUND);
        return false;
    }
    binding_show(binding);
    *ret_binding = binding;
    return true;
}
