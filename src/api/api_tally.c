#include "api_tally.h"

const int64_t api_tally_bounds_ms[API_TALLY_BOUNDS] = {5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000};

/* NULL: there is no room for another one. */
static ApiTallyRow *row_of(ApiTally *tally, enum ApiClass class, int status)
{
    for (size_t i = 0; i < tally->row_count; i++) {
        if (tally->rows[i].class == class && tally->rows[i].status == status)
            return &tally->rows[i];
    }
    if (tally->row_count == API_TALLY_ROWS)
        return NULL;
    tally->rows[tally->row_count] = (ApiTallyRow){.class = class, .status = status};
    return &tally->rows[tally->row_count++];
}

static void note_time(ApiTally *tally, enum ApiClass class, int64_t took_ms)
{
    size_t bucket = 0;

    while (bucket < API_TALLY_BOUNDS && took_ms > api_tally_bounds_ms[bucket])
        bucket++;
    tally->times[class][bucket]++;
    tally->total_ms[class] += took_ms;
}

void api_tally_note(ApiTally *tally, enum ApiClass class, int status, int64_t took_ms)
{
    ApiTallyRow *row = row_of(tally, class, status);

    if (row)
        row->count++;
    else
        tally->others[class]++;
    if (status != API_STATUS_CANCELLED)
        note_time(tally, class, took_ms);
}
