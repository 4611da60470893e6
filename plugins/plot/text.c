/* text.c: numbers and labels as a reader expects them. */
#include "text.h"

#include <ctype.h>
#include <stdlib.h>

char *text_number(double number, char *out)
{
    int digits;
    for (digits = 6; digits <= 17; digits++) {
        (void)snprintf(out, 40, "%.*g", digits, number);
        if (!(strtod(out, NULL) < number) && !(strtod(out, NULL) > number))
            break;
    }
    return out;
}

char *text_element(const pipette_value *value, uint64_t index, char *out, size_t size)
{
    const void *data = pipette_value_data(value);
    char number[40];
    switch (value->type) {
    case PIPETTE_TYPE_F64:
    case PIPETTE_TYPE_F32:
        if (value->type == PIPETTE_TYPE_F64) /* 13 steps of 0.001 are 0.013 to a reader */
            (void)snprintf(number, sizeof number, "%.12g", ((const double *)data)[index]);
        else
            (void)snprintf(number, sizeof number, "%.7g", (double)((const float *)data)[index]);
        (void)snprintf(out, size, "%s%s", number, strpbrk(number, ".en") == NULL ? ".0" : "");
        break;
    case PIPETTE_TYPE_I64:
        (void)snprintf(out, size, "%lld", (long long)((const int64_t *)data)[index]);
        break;
    case PIPETTE_TYPE_I32:
        (void)snprintf(out, size, "%d", ((const int32_t *)data)[index]);
        break;
    case PIPETTE_TYPE_U64:
        (void)snprintf(out, size, "%llu", (unsigned long long)((const uint64_t *)data)[index]);
        break;
    case PIPETTE_TYPE_BOOL:
        (void)snprintf(out, size, "%s", ((const uint8_t *)data)[index] != 0 ? "true" : "false");
        break;
    case PIPETTE_TYPE_STRING:
        (void)snprintf(out, size, "%s", ((const char *const *)data)[index]);
        break;
    default:
        (void)snprintf(out, size, "?");
        break;
    }
    return out;
}

void text_axis(const char *name, const char *unit, char *out, size_t size)
{
    if (unit[0] == '\0' || strcmp(unit, "1") == 0)
        (void)snprintf(out, size, "%s", name);
    else
        (void)snprintf(out, size, "%s (%s)", name, unit);
}

void text_subject(const char *comment, const char *name, char *out, size_t size)
{
    const size_t length = strcspn(comment, ".,;:(");
    if (length > 0 && length <= 32)
        (void)snprintf(out, size, "%.*s", (int)length, comment);
    else
        (void)snprintf(out, size, "%s", name);
}

void text_small(char *text)
{
    if (isupper((unsigned char)text[0]) && islower((unsigned char)text[1]))
        text[0] = (char)tolower((unsigned char)text[0]);
}
