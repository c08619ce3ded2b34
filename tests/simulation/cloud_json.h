/*
 * cloud_json: just enough JSON for the model of SkyStack: the members of one object, and quoting.
 */
#ifndef SKY_SIM_CLOUD_JSON_H
#define SKY_SIM_CLOUD_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

enum { CLOUD_KEY_BYTES = 24, CLOUD_VALUE_BYTES = 160 };

typedef struct CloudMember {
    char key[CLOUD_KEY_BYTES];
    char value[CLOUD_VALUE_BYTES]; /* as it stands in the text */
} CloudMember;

/* The object's members, in order. False: it is none, or holds more than the model can keep. */
bool cloud_json_read(const char *text, size_t bytes, CloudMember *members, unsigned room, unsigned *ret_count);
/* The text of a string value. False if it is none, or too long. */
bool cloud_json_string(const char *value, char *ret_text, size_t room);
void cloud_json_quote(const char *text, char *ret_value, size_t room);

#endif
