/* select.c: which runs are wanted: "0-999,1500" against the exploration. */
#include <ctype.h>
#include <stdlib.h>

#include "pipeline/pipeline.h"

static int by_first(const void *a, const void *b)
{
    const pipette_run_span *x = a, *y = b;
    return x->first < y->first ? -1 : x->first > y->first;
}

static int number(const char **text, uint64_t *out)
{
    uint64_t value = 0;
    const char *at = *text;
    if (!isdigit((unsigned char)*at))
        return 0;
    for (; isdigit((unsigned char)*at); at++)
        if (__builtin_mul_overflow(value, (uint64_t)10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*at - '0'), &value))
            return 0;
    *text = at;
    *out = value;
    return 1;
}

static int bad(const char *text, pipette_error *error)
{
    return pipette_error_set(error, PIPETTE_E_INVALID,
                             "--runs takes run numbers and ranges such as 0-999,1500, not '%s'", text);
}

int select_parse(const char *text, pipette_run_span **out, uint32_t *out_count, pipette_error *error)
{
    size_t commas = 1, i, kept = 0;
    pipette_run_span *spans;
    const char *at = text;
    uint32_t count = 0;
    *out = NULL;
    for (i = 0; text[i] != '\0'; i++)
        commas += text[i] == ',';
    spans = calloc(commas, sizeof *spans);
    if (spans == NULL)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    for (;;) {
        uint64_t first = 0, last;
        int good = number(&at, &first);
        last = first;
        if (good && *at == '-') {
            at++;
            good = number(&at, &last) && last >= first;
        }
        if (!good || last == UINT64_MAX || (*at != ',' && *at != '\0')) {
            free(spans);
            return bad(text, error);
        }
        spans[count++] = (pipette_run_span){first, last - first + 1};
        if (*at++ == '\0')
            break;
    }
    qsort(spans, count, sizeof *spans, by_first);
    for (i = 1; i < count; i++) { /* merge what touches or overlaps */
        uint64_t end = spans[kept].first + spans[kept].count;
        if (spans[i].first <= end) {
            uint64_t other = spans[i].first + spans[i].count;
            spans[kept].count = (other > end ? other : end) - spans[kept].first;
        } else {
            spans[++kept] = spans[i];
        }
    }
    *out = spans;
    *out_count = (uint32_t)kept + 1;
    return PIPETTE_OK;
}

int select_runs(pipette_pipeline *p, const char *text, pipette_error *error)
{
    uint64_t runs = pipette_run_count(p->trajectory), last;
    pipette_run_span *spans;
    uint32_t count = 1, i;
    int status;
    if (text == NULL) {
        spans = malloc(sizeof *spans);
        if (spans == NULL)
            return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
        spans[0] = (pipette_run_span){0, runs};
    } else {
        status = select_parse(text, &spans, &count, error);
        if (status != PIPETTE_OK)
            return status;
        last = spans[count - 1].first + spans[count - 1].count - 1;
        if (last >= runs) {
            free(spans);
            return pipette_error_set(error, PIPETTE_E_BOUNDS,
                                     "--runs asks for run %llu, but the exploration has runs 0 to %llu",
                                     (unsigned long long)last, (unsigned long long)(runs - 1));
        }
    }
    free(p->spans);
    p->spans = spans;
    p->span_count = count;
    p->row_count = 0;
    for (i = 0; i < count; i++)
        p->row_count += spans[i].count;
    return PIPETTE_OK;
}

uint64_t select_run_of_row(const pipette_pipeline *p, uint64_t row)
{
    uint32_t i;
    for (i = 0; i < p->span_count; i++) {
        if (row < p->spans[i].count)
            return p->spans[i].first + row;
        row -= p->spans[i].count;
    }
    return PIPETTE_DEFAULT_RUN;
}
