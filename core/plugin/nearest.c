/* nearest.c: Damerau-Levenshtein distance (optimal string alignment). */
#include "nearest.h"

#include <string.h>

enum { NAME_LIMIT = 128 };

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t rows[3][NAME_LIMIT + 1];
    size_t *before = rows[0], *last = rows[1], *row = rows[2];
    size_t i, j;
    for (j = 0; j <= b_length; j++)
        last[j] = j;
    for (i = 1; i <= a_length; i++) {
        size_t *next;
        row[0] = i;
        for (j = 1; j <= b_length; j++) {
            row[j] = smaller(last[j] + 1, row[j - 1] + 1);
            row[j] = smaller(row[j], last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = smaller(row[j], before[j - 2] + 1);
        }
        next = before;
        before = last;
        last = row;
        row = next;
    }
    return last[b_length];
}

const char *nearest_name(const char *name, const char *const *names, uint32_t count)
{
    const char *nearest = NULL;
    size_t length = strlen(name);
    size_t limit = length / 3;
    uint32_t i;
    if (length >= NAME_LIMIT)
        return NULL;
    for (i = 0; i < count; i++) {
        size_t other, away;
        if (names[i] == NULL)
            continue;
        other = strlen(names[i]);
        if (other >= NAME_LIMIT || other > length + limit || length > other + limit)
            continue;
        away = distance(name, length, names[i], other);
        if (away <= limit && (nearest == NULL || away < limit)) {
            nearest = names[i];
            limit = away;
        }
    }
    return nearest;
}
