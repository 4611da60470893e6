/* rate_summary: sorts one value per run into a labelled table over the explored parameters. */
#include <math.h>
#include <stdlib.h>

#include "plan.h"

static const pipette_option_spec options[] = {
    PIPETTE_OPTION("value", PIPETTE_TYPE_STRING, "the returned result",
                   "Name of the result that is summarised, as \"neuron.rate\"; one number per run."),
    PIPETTE_OPTION(
        "dimensions", PIPETTE_OPTION_ARRAY, NULL,
        "Names of explored parameters, first dimension first; a parameter that is left out (such as the second of a "
        "zip) gets no dimension. Default: all, the one that changes fastest first."),
    PIPETTE_OPTION(
        "rows", PIPETTE_TYPE_STRING, NULL,
        "Instead of dimensions: the explored parameter that becomes the first one, the others as by default."),
    PIPETTE_OPTION("table", PIPETTE_TYPE_STRING, "summary.firing_rates", "Path of the table below `results`."),
    PIPETTE_OPTION("name", PIPETTE_TYPE_STRING, "last part of the value's name", "Name of the array in the table."),
};

enum { BLOCK_ROWS = 65536 };

/* Hands the table to pipette_declare_table (data NULL) or pipette_put_table. */
static int give_table(pipette_stage *stage, pipette_results *results, const summary_plan *plan, const void *data)
{
    pipette_table_array array;
    pipette_table table;
    int status;
    memset(&array, 0, sizeof array);
    array.size = (uint32_t)sizeof array;
    array.type = plan->type;
    array.name = plan->name;
    array.unit = plan->column.unit;
    array.doc = plan->column.doc;
    array.data = data;
    memset(&table, 0, sizeof table);
    table.size = (uint32_t)sizeof table;
    table.path = plan->table;
    table.comment = plan->comment;
    table.dimension_count = plan->dimension_count;
    table.dimensions = plan->table_dimensions;
    table.array_count = 1;
    table.arrays = &array;
    status = data == NULL ? pipette_declare_table(results, &table) : pipette_put_table(results, &table);
    if (status < 0)
        return pipette_stage_fail(stage, status, "%s", pipette_results_message(results));
    return PIPETTE_OK;
}

static int declare(pipette_stage *stage, pipette_trajectory *trajectory, pipette_results *results)
{
    summary_plan *plan = NULL;
    int status = plan_make(stage, trajectory, results, &plan);
    if (status == PIPETTE_OK)
        status = give_table(stage, results, plan, NULL);
    plan_free(plan);
    return status;
}

/* ---- Filling ---- */

/* Room for one block of rows. */
typedef struct row_block {
    uint64_t runs[BLOCK_ROWS];
    int8_t states[BLOCK_ROWS];
    uint64_t cells[BLOCK_ROWS];
    union {
        double f64[BLOCK_ROWS];
        float f32[BLOCK_ROWS];
        int64_t i64[BLOCK_ROWS];
        int32_t i32[BLOCK_ROWS];
        uint64_t u64[BLOCK_ROWS];
        uint8_t boolean[BLOCK_ROWS];
        const char *string[BLOCK_ROWS];
    } points;
    union {
        double f64[BLOCK_ROWS];
        pipette_complex complex[BLOCK_ROWS];
    } values;
} row_block;

/* find_TYPE(): where `value` stands in the sorted coordinates, or the extent. NaN stands last. */
#define FINDER(name, ctype)                                                                                            \
    static uint64_t find_##name(summary_dimension *d, ctype value)                                                     \
    {                                                                                                                  \
        const ctype *const values = (const ctype *)d->values.data;                                                     \
        uint64_t low = 0, high = d->extent;                                                                            \
        if (d->last < d->extent && !(values[d->last] < value) && !(values[d->last] > value))                           \
            high = low = d->last;                                                                                      \
        while (low < high) {                                                                                           \
            const uint64_t middle = low + (high - low) / 2;                                                            \
            if (values[middle] < value)                                                                                \
                low = middle + 1;                                                                                      \
            else                                                                                                       \
                high = middle;                                                                                         \
        }                                                                                                              \
        if (low < d->extent && (values[low] < value || values[low] > value))                                           \
            low = d->extent;                                                                                           \
        d->last = low;                                                                                                 \
        return low;                                                                                                    \
    }
FINDER(i64, int64_t)
FINDER(i32, int32_t)
FINDER(u64, uint64_t)
FINDER(boolean, uint8_t)

/* Of floats, NaN equals NaN and is larger than all numbers. */
#define FLOAT_FINDER(name, ctype)                                                                                      \
    static uint64_t find_##name(summary_dimension *d, ctype value)                                                     \
    {                                                                                                                  \
        const ctype *const values = (const ctype *)d->values.data;                                                     \
        uint64_t low = 0, high = d->extent;                                                                            \
        if (d->last < d->extent && values[d->last] == value)                                                           \
            return d->last;                                                                                            \
        while (low < high) {                                                                                           \
            const uint64_t middle = low + (high - low) / 2;                                                            \
            if (values[middle] < value || (isnan(value) && !isnan(values[middle])))                                    \
                low = middle + 1;                                                                                      \
            else                                                                                                       \
                high = middle;                                                                                         \
        }                                                                                                              \
        if (low < d->extent && !(values[low] == value) && !(isnan(values[low]) && isnan(value)))                       \
            low = d->extent;                                                                                           \
        d->last = low;                                                                                                 \
        return low;                                                                                                    \
    }
FLOAT_FINDER(f64, double)
FLOAT_FINDER(f32, float)

static uint64_t find_string(summary_dimension *d, const char *value)
{
    text_position key;
    const text_position *found;
    key.text = value;
    key.position = 0;
    found = (const text_position *)bsearch(&key, d->texts, (size_t)d->extent, sizeof *d->texts, plan_compare_texts);
    return found != NULL ? found->position : d->extent;
}

/* Moves the cells of the block's rows along one dimension. */
static int place(pipette_stage *stage, summary_dimension *d, row_block *block, uint64_t count)
{
    uint64_t i, position = 0;
    for (i = 0; i < count; i++) {
        switch (d->values.type) {
        case PIPETTE_TYPE_F64:
            position = find_f64(d, block->points.f64[i]);
            break;
        case PIPETTE_TYPE_F32:
            position = find_f32(d, block->points.f32[i]);
            break;
        case PIPETTE_TYPE_I64:
            position = find_i64(d, block->points.i64[i]);
            break;
        case PIPETTE_TYPE_I32:
            position = find_i32(d, block->points.i32[i]);
            break;
        case PIPETTE_TYPE_U64:
            position = find_u64(d, block->points.u64[i]);
            break;
        case PIPETTE_TYPE_BOOL:
            position = find_boolean(d, block->points.boolean[i]);
            break;
        default:
            position = find_string(d, block->points.string[i]);
            break;
        }
        if (position >= d->extent)
            return pipette_stage_fail(stage, PIPETTE_E_INTERNAL,
                                      "the value of '%s' in run %llu is not among the values of its axis", d->node.path,
                                      (unsigned long long)block->runs[i]);
        block->cells[i] = block->cells[i] * d->extent + position;
    }
    return PIPETTE_OK;
}

/* The points of the block's rows: one request for each stretch of consecutive runs. */
static int read_points(pipette_stage *stage, pipette_trajectory *trajectory, summary_dimension *d, row_block *block,
                       uint64_t count)
{
    const size_t size = pipette_type_size(d->values.type);
    uint64_t start, end;
    for (start = 0; start < count; start = end) {
        int status;
        for (end = start + 1; end < count && block->runs[end] == block->runs[end - 1] + 1; end++)
            ;
        status = pipette_range(trajectory, d->node.path, block->runs[start], end - start,
                               (char *)&block->points + (size_t)start * size);
        if (status < 0)
            return pipette_stage_fail(stage, status, "%s", pipette_trajectory_message(trajectory));
    }
    return PIPETTE_OK;
}

/* Reads all rows by blocks into `data`; `filled` has a bit per cell. */
static int fill(pipette_stage *stage, pipette_trajectory *trajectory, pipette_results *results, summary_plan *plan,
                void *data, uint8_t *filled, row_block *block)
{
    const uint64_t rows = pipette_row_count(results);
    uint64_t twice = 0, first, count, i;
    uint32_t d;
    for (first = 0; first < rows; first += count) {
        int status;
        count = rows - first < BLOCK_ROWS ? rows - first : BLOCK_ROWS;
        status = pipette_row_runs(results, first, count, block->runs);
        if (status == PIPETTE_OK)
            status = pipette_row_states(results, first, count, block->states);
        if (status == PIPETTE_OK)
            status = pipette_results_read(results, plan->column.path, first, count, plan->type, &block->values);
        if (status < 0)
            return pipette_stage_fail(stage, status, "%s", pipette_results_message(results));
        memset(block->cells, 0, (size_t)count * sizeof block->cells[0]);
        for (d = 0; d < plan->dimension_count; d++) {
            status = read_points(stage, trajectory, &plan->dimensions[d], block, count);
            if (status == PIPETTE_OK)
                status = place(stage, &plan->dimensions[d], block, count);
            if (status != PIPETTE_OK)
                return status;
        }
        for (i = 0; i < count; i++) {
            const uint64_t cell = block->cells[i];
            const uint8_t bit = (uint8_t)(1u << (cell % 8));
            if (block->states[i] != PIPETTE_STATE_DONE)
                continue;
            if ((filled[cell / 8] & bit) != 0)
                twice++;
            filled[cell / 8] = (uint8_t)(filled[cell / 8] | bit);
            if (plan->type == PIPETTE_TYPE_COMPLEX)
                ((pipette_complex *)data)[cell] = block->values.complex[i];
            else
                ((double *)data)[cell] = block->values.f64[i];
        }
    }
    if (twice != 0)
        pipette_stage_log(stage, PIPETTE_LOG_WARNING,
                          "%llu runs fell on a cell of results.%s that an earlier run had filled; the last one counts",
                          (unsigned long long)twice, plan->table);
    return PIPETTE_OK;
}

static int summarise(pipette_stage *stage, pipette_trajectory *trajectory, pipette_results *results)
{
    summary_plan *plan = NULL;
    double *data = NULL;
    uint8_t *filled = NULL;
    row_block *room = NULL;
    uint64_t numbers, i;
    int status = plan_make(stage, trajectory, results, &plan);
    if (status != PIPETTE_OK)
        return status;
    numbers = plan->type == PIPETTE_TYPE_COMPLEX ? 2 * plan->cells : plan->cells;
    data = (double *)malloc((size_t)numbers * sizeof *data);
    filled = (uint8_t *)calloc((size_t)(plan->cells / 8 + 1), 1);
    room = (row_block *)malloc(sizeof *room);
    if (data == NULL || filled == NULL || room == NULL) {
        status = pipette_stage_fail(stage, PIPETTE_E_MEMORY, "no memory for a table of %llu cells",
                                    (unsigned long long)plan->cells);
    } else {
        for (i = 0; i < numbers; i++)
            data[i] = NAN;
        status = fill(stage, trajectory, results, plan, data, filled, room);
        if (status == PIPETTE_OK)
            status = give_table(stage, results, plan, data);
    }
    free(room);
    free(filled);
    free(data);
    plan_free(plan);
    return status;
}

PIPETTE_POSTPROCESS("rate_summary", "1.0", "Sorts one value per run into a table over the explored parameters.",
                    options, declare, summarise);
