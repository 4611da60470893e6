/* utf8.c: text that crosses from others to us: whether it is UTF-8, and what becomes of what is none. */
#include "base/utf8.h"

#include <string.h>

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

size_t utf8_character(const char *text, size_t left)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *at = (const unsigned char *)text;
    size_t size = at[0] < 0x80 ? 1 : at[0] < 0xc2 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : at[0] < 0xf5 ? 4 : 0, i;
    uint32_t code;
    if (size <= 1)
        return at[0] == 0 ? 0 : size;
    if (size > left)
        return 0;
    code = at[0] & (0xffu >> (size + 1));
    for (i = 1; i < size; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (at[i] & 0x3fu);
    }
    return code < least[size] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? 0 : size;
}

/* How many bytes from `at` on are letters, digits and the like: nearly all, and eight are looked at in one go. */
static size_t plain(const char *text, size_t size)
{
    size_t at = 0;
    for (; size - at >= 8; at += 8) {
        uint64_t word;
        memcpy(&word, text + at, sizeof word);
        if ((word & UINT64_C(0x8080808080808080)) != 0 ||
            ((word - UINT64_C(0x0101010101010101)) & UINT64_C(0x8080808080808080)) != 0)
            break;
    }
    return at;
}

uint64_t utf8_wrong(const char *text, size_t size)
{
    uint64_t wrong = 0;
    size_t at = plain(text, size);
    while (at < size) {
        size_t length = utf8_character(text + at, size - at);
        wrong += length == 0;
        at += length == 0 ? 1 : length;
        if (length == 1)
            at += plain(text + at, size - at);
    }
    return wrong;
}

void utf8_repair(const char *text, size_t size, char *out)
{
    size_t at = 0;
    while (at < size) {
        size_t length = utf8_character(text + at, size - at);
        memcpy(out, length == 0 ? replacement : text + at, length == 0 ? 3 : length);
        out += length == 0 ? 3 : length;
        at += length == 0 ? 1 : length;
    }
    *out = '\0';
}

int utf8_first_wrong(const char *text)
{
    size_t left = strlen(text), length;
    for (; left > 0; left -= length, text += length)
        if ((length = utf8_character(text, left)) == 0)
            return (unsigned char)*text;
    return -1;
}
