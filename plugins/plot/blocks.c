/* blocks.c: rows of numbers that grow. */
#include "blocks.h"

#include <math.h>
#include <stdlib.h>

void panel_data_free(panel_data *d)
{
    uint32_t i;
    for (i = 0; i < d->count; i++)
        free(d->blocks[i].numbers);
    free(d->blocks);
    d->blocks = NULL;
    d->count = 0;
}

int blocks_no_memory(const panel_context *c)
{
    return pipette_stage_fail(c->stage, PIPETTE_E_MEMORY, "no memory for the numbers of a picture");
}

int blocks_begin(const panel_context *c, panel_data *d, uint32_t count, uint32_t columns)
{
    uint32_t i;
    d->blocks = (block *)calloc(count, sizeof *d->blocks);
    if (d->blocks == NULL)
        return blocks_no_memory(c);
    d->count = count;
    for (i = 0; i < count; i++)
        d->blocks[i].columns = columns;
    return PIPETTE_OK;
}

int blocks_add(const panel_context *c, block *b, const double *numbers)
{
    if (b->rows == b->capacity) {
        const uint64_t capacity = 2 * b->capacity + 64;
        double *more = (double *)realloc(b->numbers, (size_t)capacity * b->columns * sizeof *more);
        if (more == NULL)
            return blocks_no_memory(c);
        b->numbers = more;
        b->capacity = capacity;
    }
    memcpy(b->numbers + (size_t)b->rows++ * b->columns, numbers, b->columns * sizeof *numbers);
    return PIPETTE_OK;
}

void blocks_widen(double range[2], double value)
{
    if (isfinite(value)) {
        range[0] = value < range[0] ? value : range[0];
        range[1] = value > range[1] ? value : range[1];
    }
}

double number_at(const pipette_value *value, uint64_t i)
{
    const void *data = pipette_value_data(value);
    switch (value->type) {
    case PIPETTE_TYPE_F64:
        return ((const double *)data)[i];
    case PIPETTE_TYPE_F32:
        return (double)((const float *)data)[i];
    case PIPETTE_TYPE_I64:
        return (double)((const int64_t *)data)[i];
    case PIPETTE_TYPE_I32:
        return (double)((const int32_t *)data)[i];
    case PIPETTE_TYPE_U64:
        return (double)((const uint64_t *)data)[i];
    case PIPETTE_TYPE_BOOL:
        return (double)((const uint8_t *)data)[i];
    default:
        return (double)i; /* texts stand one beside the other */
    }
}

void blocks_note(panel_data *d, const char *format, ...)
{
    const size_t used = strlen(d->note);
    va_list arguments;
    va_start(arguments, format);
    (void)snprintf(d->note + used, sizeof d->note - used, "%s", used > 0 ? "; " : "");
    (void)vsnprintf(d->note + strlen(d->note), sizeof d->note - strlen(d->note), format, arguments);
    va_end(arguments);
}

void blocks_note_left(panel_data *d)
{
    const unsigned long long left = d->asked - d->runs;
    if (left > 0)
        blocks_note(d, "%llu of %llu runs; the other%s no value, or %s not done", (unsigned long long)d->runs,
                    (unsigned long long)d->asked, left == 1 ? " has" : "s have", left == 1 ? "is" : "are");
}

int blocks_none(const panel_context *c, const panel_data *d)
{
    if (d->asked == 0)
        return pipette_stage_fail(c->stage, PIPETTE_E_NOT_FOUND, "no run is left to draw; ask for others");
    return pipette_stage_fail(
        c->stage, PIPETTE_E_NOT_FOUND,
        "none of %llu runs is done and has a value to draw; `pipette show FILE` tells what became "
        "of them",
        (unsigned long long)d->asked);
}
