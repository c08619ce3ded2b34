#include "utf8.h"

#include <stdbool.h>

int utf8_lead(unsigned char lead, unsigned *ret_low, unsigned *ret_high)
{
    if (lead < 0xC2 || lead > 0xF4)
        return -1;
    *ret_low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    *ret_high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    return lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
}

size_t utf8_length(const char *at, const char *end)
{
    const unsigned char *bytes = (const unsigned char *)at;
    unsigned low, high;
    int left;

    if (at == end)
        return 0;
    if (bytes[0] < 0x80)
        return 1;
    left = utf8_lead(bytes[0], &low, &high);
    if (left < 0 || end - at <= left)
        return 0;
    for (int i = 1; i <= left; i++) {
        if (bytes[i] < low || bytes[i] > high)
            return 0;
        low = 0x80;
        high = 0xBF;
    }
    return (size_t)left + 1;
}

uint32_t utf8_decode(const char *at, size_t length)
{
    static const unsigned char lead_bits[UTF8_BYTES_MAX + 1] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    uint32_t code = (unsigned char)at[0] & (uint32_t)lead_bits[length];

    for (size_t i = 1; i < length; i++)
        code = code << 6 | ((unsigned char)at[i] & 0x3Fu);
    return code;
}

size_t utf8_encode(uint32_t code, char ret_bytes[UTF8_BYTES_MAX])
{
    static const unsigned char lead_mark[UTF8_BYTES_MAX + 1] = {0, 0, 0xC0, 0xE0, 0xF0};
    size_t length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

    for (size_t i = length - 1; i > 0; i--) {
        ret_bytes[i] = (char)(0x80 | (code & 0x3F));
        code >>= 6;
    }
    ret_bytes[0] = (char)(lead_mark[length] | code);
    return length;
}
