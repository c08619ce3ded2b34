/* The sequence numbers of all living instances, in order, in memory: makes the n-th one of 100,000 found at once, where
 * the database would have to count up to it. */
#ifndef SANDBOX_ORDER_H
#define SANDBOX_ORDER_H

#include <stddef.h>
#include <stdint.h>

typedef struct Order {
    int64_t *seqs;
    size_t count, cap;
} Order;

void order_release(Order *order);
void order_clear(Order *order);

/* `seq` must be larger than every one before. */
void order_add(Order *order, int64_t seq);

/* Removes it if it is there. */
void order_remove(Order *order, int64_t seq);

/* The sequence number at `index`, or INT64_MAX behind the end. */
int64_t order_at(const Order *order, size_t index);

#endif
