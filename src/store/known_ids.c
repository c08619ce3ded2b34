#include "known_ids.h"

#include <string.h>

int known_ids_add(Buf *ids, const char *id)
{
    return buf_printf(ids, "%s/", id);
}

bool known_ids_have(const char *ids, const char *id)
{
    size_t length = strlen(id);

    for (const char *end; (end = strchr(ids, '/')); ids = end + 1)
        if ((size_t)(end - ids) == length && memcmp(ids, id, length) == 0)
            return true;
    return false;
}
