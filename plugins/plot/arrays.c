/* arrays.c: what one run has (a trace), and the events of many (a raster). */
#include "arrays.h"

#include <math.h>

#include "text.h"

enum {
    TRACE_STEPS = 5000, /* of longer ones the first eighth is shown, unless `part` says otherwise */
    TRACE_POINTS = 4000,
    RASTER_ROWS = 200,
    RASTER_EVENTS = 200000,
    EXAMPLE_RUN = 13
};

static int read_array(const panel_context *c, const panel *p, uint64_t row, pipette_value *value)
{
    const int status = pipette_results_read_one(c->results, p->array.path, row, value);
    return status == PIPETTE_OK || status == PIPETTE_E_NOT_FOUND
               ? status
               : pipette_stage_fail(c->stage, status, "%s", pipette_results_message(c->results));
}

/* The row of the example: the run that was asked for, else number 13 or the last before it that is done, else the first
 * that is. */
static int example_row(const panel_context *c, const panel *p, const panel_data *d, uint64_t *row, uint64_t *run)
{
    const uint64_t all = d->asked;
    uint64_t i, number;
    int found = 0;
    for (i = 0; i < all; i++) {
        int8_t state = 0;
        if (pipette_row_runs(c->results, i, 1, &number) != PIPETTE_OK ||
            pipette_row_states(c->results, i, 1, &state) != PIPETTE_OK)
            return pipette_stage_fail(c->stage, PIPETTE_E_STORAGE, "%s", pipette_results_message(c->results));
        if (p->run != PIPETTE_DEFAULT_RUN && number == p->run && state != PIPETTE_STATE_DONE)
            return pipette_stage_fail(c->stage, PIPETTE_E_INVALID, "run %llu is %s: it has no '%s'",
                                      (unsigned long long)number, pipette_state_text(state), p->array.name);
        if (state == PIPETTE_STATE_DONE &&
            (p->run == PIPETTE_DEFAULT_RUN ? number <= EXAMPLE_RUN || !found : number == p->run)) {
            *row = i;
            *run = number;
            found = 1;
        }
        if (found && number >= (p->run == PIPETTE_DEFAULT_RUN ? (uint64_t)EXAMPLE_RUN : p->run))
            break;
    }
    if (found)
        return PIPETTE_OK;
    if (p->run != PIPETTE_DEFAULT_RUN)
        return pipette_stage_fail(c->stage, PIPETTE_E_NOT_FOUND, "run %llu is not among the %llu that were asked for",
                                  (unsigned long long)p->run, (unsigned long long)all);
    return blocks_none(c, d);
}

/* "I=0.13, tau_ref=5.0", the parameter that changes fastest first. */
static void describe(const panel_context *c, uint64_t run, char *out, size_t size)
{
    uint32_t i;
    out[0] = '\0';
    for (i = pipette_explored_count(c->trajectory); i-- > 0;) {
        pipette_node node = {(uint32_t)sizeof node, 0, 0, 0, NULL, NULL, NULL, NULL, {0}, NULL};
        pipette_value value = pipette_value_none();
        char text[NAME_SIZE];
        const size_t used = strlen(out);
        if (pipette_find(c->trajectory, pipette_explored(c->trajectory, i), &node) != PIPETTE_OK ||
            pipette_range(c->trajectory, node.path, run, 1, &value.as) != PIPETTE_OK)
            continue;
        value.type = node.type;
        (void)snprintf(out + used, size - used, "%s%s=%s", used == 0 ? "" : ", ", node.name,
                       text_element(&value, 0, text, sizeof text));
    }
}

static int add_sample(const panel_context *c, const panel *p, panel_data *d, const pipette_value *value, uint64_t i)
{
    const double step = p->array.step > 0 || p->array.step < 0 ? p->array.step : 1;
    const double numbers[2] = {p->array.start + (double)i * step, number_at(value, i)};
    if (!isfinite(numbers[1]))
        return PIPETTE_OK;
    blocks_widen(d->x, numbers[0]);
    blocks_widen(d->y, numbers[1]);
    return blocks_add(c, &d->blocks[0], numbers);
}

int collect_trace(const panel_context *c, const panel *p, panel_data *d)
{
    pipette_value value;
    uint64_t row = 0, count, shown, i, bucket, end, least, largest;
    int status = blocks_begin(c, d, 1, 2);
    if (status == PIPETTE_OK)
        status = example_row(c, p, d, &row, &d->run);
    if (status != PIPETTE_OK)
        return status;
    describe(c, d->run, d->point, sizeof d->point);
    status = read_array(c, p, row, &value);
    count = status == PIPETTE_OK ? pipette_value_count(&value) : 0;
    if (status == PIPETTE_E_NOT_FOUND || (status == PIPETTE_OK && count == 0))
        return pipette_stage_fail(c->stage, PIPETTE_E_NOT_FOUND, "'%s' of run %llu is empty", p->array.name,
                                  (unsigned long long)d->run);
    if (status != PIPETTE_OK)
        return status;
    d->runs = 1;
    shown = (uint64_t)((double)count * (p->part > 0 ? p->part : count > TRACE_STEPS ? 0.125 : 1.0));
    shown = shown < 1 ? 1 : shown > count ? count : shown;
    if (shown < count)
        blocks_note(d, "the first %llu of %llu elements", (unsigned long long)shown, (unsigned long long)count);
    bucket = (shown + TRACE_POINTS / 2 - 1) / (TRACE_POINTS / 2); /* of each two extremes are kept */
    if (bucket > 2)
        blocks_note(d, "of every %llu the least and the largest", (unsigned long long)bucket);
    for (i = 0; status == PIPETTE_OK && i < shown; i = end) {
        end = bucket <= 2 ? i + 1 : i + bucket < shown ? i + bucket : shown;
        least = largest = i;
        for (row = i; row < end; row++) {
            least = number_at(&value, row) < number_at(&value, least) ? row : least;
            largest = number_at(&value, row) > number_at(&value, largest) ? row : largest;
        }
        status = add_sample(c, p, d, &value, least < largest ? least : largest);
        if (status == PIPETTE_OK && least != largest)
            status = add_sample(c, p, d, &value, least < largest ? largest : least);
    }
    return status;
}

int collect_raster(const panel_context *c, const panel *p, panel_data *d)
{
    const uint64_t all = pipette_row_count(c->results), every = (all + RASTER_ROWS - 1) / RASTER_ROWS;
    uint64_t row, i, events = 0;
    int status = blocks_begin(c, d, 1, 2);
    for (row = 0; status == PIPETTE_OK && row < all; row += every) {
        pipette_value value;
        int8_t state = 0;
        double numbers[2] = {0, 0};
        uint64_t run = 0;
        if (pipette_row_runs(c->results, row, 1, &run) != PIPETTE_OK ||
            pipette_row_states(c->results, row, 1, &state) != PIPETTE_OK)
            return pipette_stage_fail(c->stage, PIPETTE_E_STORAGE, "%s", pipette_results_message(c->results));
        if (state != PIPETTE_STATE_DONE)
            continue;
        status = read_array(c, p, row, &value);
        if (status == PIPETTE_E_NOT_FOUND) {
            status = PIPETTE_OK;
            continue;
        }
        d->runs++;
        numbers[1] = (double)run;
        blocks_widen(d->y, numbers[1]);
        for (i = 0; status == PIPETTE_OK && i < pipette_value_count(&value); i++) {
            numbers[0] = number_at(&value, i);
            if (!isfinite(numbers[0]))
                continue;
            if (++events > RASTER_EVENTS)
                break;
            blocks_widen(d->x, numbers[0]);
            status = blocks_add(c, &d->blocks[0], numbers);
        }
    }
    if (status == PIPETTE_OK && d->runs == 0)
        return blocks_none(c, d);
    if (status == PIPETTE_OK && d->blocks[0].rows == 0)
        return pipette_stage_fail(c->stage, PIPETTE_E_NOT_FOUND, "'%s' is empty in all runs that are done",
                                  p->array.name);
    if (every == 1)
        blocks_note_left(d);
    else
        blocks_note(d, "one run in %llu of %llu", (unsigned long long)every, (unsigned long long)all);
    if (events > RASTER_EVENTS)
        blocks_note(d, "the first %d events", RASTER_EVENTS);
    return status;
}
