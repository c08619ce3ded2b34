#include "net.h"

#include <string.h>
#include <strings.h>

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    return at;
}

static const char *drop_blanks(const char *at, const char *end)
{
    while (end > at && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
        end--;
    return end;
}

/* Whether the line from `at` to `end` is this header; its trimmed value then. */
static bool match_line(const char *at, const char *end, const char *name, const char **ret_value, size_t *ret_len)
{
    size_t name_len = strlen(name);
    const char *value;

    if ((size_t)(end - at) <= name_len || at[name_len] != ':' || strncasecmp(at, name, name_len) != 0)
        return false;
    value = skip_blanks(at + name_len + 1, end);
    *ret_value = value;
    *ret_len = (size_t)(drop_blanks(value, end) - value);
    return true;
}

bool net_header(const NetResponse *response, const char *name, char *ret_value, size_t room)
{
    const char *at = response->headers ? response->headers : "";
    const char *value;
    size_t len;

    while (*at) {
        const char *end = at + strcspn(at, "\n");

        if (match_line(at, end, name, &value, &len)) {
            if (room == 0)
                return true;
            len = len < room ? len : room - 1;
            memcpy(ret_value, value, len);
            ret_value[len] = '\0';
            return true;
        }
        at = *end ? end + 1 : end;
    }
    return false;
}
