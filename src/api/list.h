/*
 * list: a list from its first page to its end. Internal to api.
 *
 * Where pages have numbers some are under way side by side (pager.h). Each is handed on when all before it were: one that
 * comes early is kept, and so is one that failed, since those in front of it may show that the list begins anew. Then, and
 * at the list's end, those that are still under way are dropped.
 */
#ifndef SKY_LIST_H
#define SKY_LIST_H

#include "api.h"
#include "exchange.h"

typedef struct Listing Listing;

/* `done` runs once, from the loop, and the listing is gone after. projects: a list of these, and one that the API does
 * not know has a single row, "default". 0 or -ERR_NO_MEMORY. */
int listing_start(Courier *courier, enum ApiClass class, bool projects, api_page_fn page, api_list_fn done, void *ctx,
                  Listing **ret_listing);
/* Ends it; nothing runs any more. May be called from inside `page`. */
void listing_cancel(Listing *listing);
/* Asks for no further page until told to go on. May be called from inside `page`. */
void listing_hold(Listing *listing, bool hold);
unsigned listing_abreast(const Listing *listing);
bool listing_is_numbered(const Listing *listing);
/* As api_list_progress(). */
void listing_progress(const Listing *listing, uint64_t *ret_rows, int64_t *ret_total);
int64_t listing_line_ms(Listing *listing);

#endif
