#include "order.h"

#include "mem.h"

#include <stdlib.h>
#include <string.h>

void order_release(Order *order)
{
    free(order->seqs);
    *order = (Order){0};
}

void order_clear(Order *order)
{
    order->count = 0;
}

void order_add(Order *order, int64_t seq)
{
    if (order->count == order->cap) {
        order->cap = order->cap ? order->cap * 2 : 1024;
        order->seqs = mem_grow(order->seqs, order->cap * sizeof *order->seqs);
    }
    order->seqs[order->count++] = seq;
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

void order_remove(Order *order, int64_t seq)
{
    if (!order->count)
        return;
    int64_t *found = bsearch(&seq, order->seqs, order->count, sizeof seq, compare);
    if (!found)
        return;
    size_t behind = order->count - (size_t)(found - order->seqs) - 1;
    memmove(found, found + 1, behind * sizeof seq);
    order->count--;
}

int64_t order_at(const Order *order, size_t index)
{
    return index < order->count ? order->seqs[index] : INT64_MAX;
}
