#include "intent.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"

const IntentString intent_strings[INTENT_STRINGS] = {
    {"project_id", offsetof(Intent, project_id)}, {"name", offsetof(Intent, name)}, {"id", offsetof(Intent, id)},
    {"known_ids", offsetof(Intent, known_ids)},   {"body", offsetof(Intent, body)},
};

static char **string_of(Intent *intent, size_t index)
{
    return (char **)((char *)intent + intent_strings[index].offset);
}

int intent_set_text(Intent *intent, const char *text, size_t text_bytes)
{
    char *copy = malloc(text_bytes + 1);

    if (!copy)
        return -ERR_NO_MEMORY;
    if (text_bytes > 0)
        memcpy(copy, text, text_bytes);
    copy[text_bytes] = '\0';
    free(intent->text);
    intent->text = copy;
    intent->text_bytes = text_bytes;
    return 0;
}

static int copy_strings(const Intent *from, Intent *copy)
{
    for (size_t i = 0; i < INTENT_STRINGS; i++) {
        const char *string = *string_of((Intent *)from, i);
        char *twin = strdup(string ? string : "");

        if (!twin)
            return -ERR_NO_MEMORY;
        *string_of(copy, i) = twin;
    }
    return intent_set_text(copy, from->text, from->text_bytes);
}

int intent_copy(const Intent *from, Intent *ret_copy)
{
    Intent copy = *from;
    int r;

    for (size_t i = 0; i < INTENT_STRINGS; i++)
        *string_of(&copy, i) = NULL;
    copy.text = NULL;
    r = copy_strings(from, &copy);
    if (r < 0) {
        intent_release(&copy);
        return r;
    }
    *ret_copy = copy;
    return 0;
}

void intent_release(Intent *intent)
{
    for (size_t i = 0; i < INTENT_STRINGS; i++) {
        free(*string_of(intent, i));
        *string_of(intent, i) = NULL;
    }
    free(intent->text);
    intent->text = NULL;
    intent->text_bytes = 0;
}
