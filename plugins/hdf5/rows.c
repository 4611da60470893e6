/* Rows that are reset or filled: many short spans in few reads and writes. */
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "store.h"

/* Writes cells of `unit` bytes over whole rows. */
static int write_span(store_file *store, const store_column *column, const char *cells, const pipette_run_span *rows)
{
    uint64_t size = column->row_bytes * rows->count, at = column->row_bytes * rows->first, block;
    int status = PIPETTE_OK;
    for (; status == PIPETTE_OK && size > 0; size -= block, at += block) {
        block = size < STORE_BLOCK ? size : STORE_BLOCK;
        status = places_write(store, &column->places, store->fd, cells, block, at);
    }
    return status;
}

/* Writes `cells`, STORE_BLOCK bytes of one value, over the rows of spans in ascending order. Those that are near each
 * other are written together with what stands between them: nobody else writes now. */
static int write_spans(store_file *store, const store_column *column, const char *cells, const pipette_run_span *spans,
                       uint64_t count)
{
    char window[STORE_BLOCK];
    uint64_t i, end, most = column->row_bytes == 0 ? 0 : STORE_BLOCK / column->row_bytes;
    int status = PIPETTE_OK;
    for (i = 0; status == PIPETTE_OK && column->row_bytes > 0 && i < count; i = end) {
        uint64_t first = spans[i].first, last, size, k;
        for (end = i + 1; end < count && spans[end].first + spans[end].count - first <= most; end++)
            continue;
        if (end == i + 1) {
            status = write_span(store, column, cells, &spans[i]);
            continue;
        }
        last = spans[end - 1].first + spans[end - 1].count;
        size = (last - first) * column->row_bytes;
        status = places_read(store, &column->places, window, size, first * column->row_bytes);
        for (k = i; k < end; k++)
            memcpy(window + (spans[k].first - first) * column->row_bytes, cells,
                   (size_t)(spans[k].count * column->row_bytes));
        if (status == PIPETTE_OK)
            status = places_write(store, &column->places, store->fd, window, size, first * column->row_bytes);
    }
    return status;
}

static int fill_spans(store_file *store, const store_column *column, const pipette_run_span *spans, uint64_t count)
{
    char cells[STORE_BLOCK];
    if (count == 0)
        return PIPETTE_OK;
    store_fill(column->type, cells, sizeof cells / pipette_type_size(column->type));
    return write_spans(store, column, cells, spans, count);
}

/* ---- Reset ---- */

int rows_reset(store_file *store, uint64_t first, uint64_t count)
{
    store_resets *resets = &store->resets;
    pipette_run_span *last = resets->count > 0 ? &resets->spans[resets->count - 1] : NULL;
    if (first > store->catalog->row_count || count > store->catalog->row_count - first)
        return store_fail(store, PIPETTE_E_BOUNDS,
                          "'%s' has %" PRIu64 " rows; rows from %" PRIu64 " on cannot be reset", store->path,
                          store->catalog->row_count, first);
    if (count == 0)
        return PIPETTE_OK;
    if (last != NULL && first == last->first + last->count) {
        last->count += count;
        return PIPETTE_OK;
    }
    if (last != NULL && first < last->first + last->count) { /* they come in order, or are done in between */
        int status = rows_reset_now(store);
        if (status != PIPETTE_OK)
            return status;
    }
    if (resets->count == resets->capacity) {
        uint32_t capacity = resets->capacity == 0 ? 64 : 2 * resets->capacity;
        pipette_run_span *more = realloc(resets->spans, capacity * sizeof *more);
        if (more == NULL)
            return store_memory(store);
        resets->spans = more;
        resets->capacity = capacity;
    }
    resets->spans[resets->count++] = (pipette_run_span){first, count};
    return resets->count == ROWS_RESET_MOST ? rows_reset_now(store) : PIPETTE_OK;
}

static int write_pending(store_file *store, const pipette_run_span *spans, uint32_t count)
{
    static const char pending[STORE_BLOCK] = {PIPETTE_STATE_PENDING};
    const store_column *states = catalog_find(store->catalog, "runs.state");
    if (states == NULL)
        return PIPETTE_OK;
    if (states->form != STORE_FIXED || !states->placed || states->row_bytes != 1)
        return store_fail(store, PIPETTE_E_UNSUPPORTED, "the states of '%s' have no place of their own", store->path);
    return write_spans(store, states, pending, spans, count);
}

/* The values first, the states once these are safe. */
int rows_reset_now(store_file *store)
{
    const pipette_run_span *spans = store->resets.spans;
    const uint32_t count = store->resets.count;
    uint32_t i;
    int status = PIPETTE_OK;
    if (count == 0)
        return PIPETTE_OK;
    store->resets.count = 0;
    status = records_reset(store, spans, count);
    for (i = 0; status == PIPETTE_OK && i < store->catalog->column_count; i++) {
        const store_column *column = &store->catalog->columns[i];
        if (column->optional && column->form == STORE_FIXED && column->placed)
            status = fill_spans(store, column, spans, count);
    }
    if (status == PIPETTE_OK)
        status = records_drain(store);
    if (status == PIPETTE_OK && store->catalog->power_safe && fdatasync(store->fd) != 0)
        status = store_system(store, "cannot write '%s'", store->path);
    return status == PIPETTE_OK ? write_pending(store, spans, count) : status;
}

/* ---- Fill values ---- */

/* A ledger's numbers of a run that has not run are fill values; of one that failed they are facts. */
static bool needs_fill(const store_column *column, int8_t state)
{
    if (column->form != STORE_FIXED || !column->placed || column->every > 1 || state == PIPETTE_STATE_DONE)
        return false;
    if (column->role == PIPETTE_ROLE_RESULT)
        return true;
    return column->role == PIPETTE_ROLE_LEDGER && state == PIPETTE_STATE_PENDING &&
           (column->type == PIPETTE_TYPE_F64 || column->type == PIPETTE_TYPE_F32);
}

static uint64_t spans_to_fill(const store_column *column, const int8_t *states, uint64_t first, uint64_t count,
                              pipette_run_span *spans)
{
    uint64_t i, found = 0;
    for (i = 0; i < count; i++) {
        if (!needs_fill(column, states[i]))
            continue;
        if (found > 0 && spans[found - 1].first + spans[found - 1].count == first + i)
            spans[found - 1].count++;
        else
            spans[found++] = (pipette_run_span){first + i, 1};
    }
    return found;
}

bool rows_can_have_holes(const store_column *column)
{
    return column->role == PIPETTE_ROLE_RESULT && (column->form == STORE_FIXED || column->form == STORE_PACKED) &&
           (column->type == PIPETTE_TYPE_I64 || column->type == PIPETTE_TYPE_I32 || column->type == PIPETTE_TYPE_U64 ||
            column->type == PIPETTE_TYPE_BOOL);
}

int rows_holes(store_file *store, bool *any)
{
    uint64_t rows = store->catalog->row_count, first, count, i;
    int8_t *states = malloc(STORE_BLOCK);
    int status = states != NULL ? PIPETTE_OK : store_memory(store);
    *any = false;
    for (first = 0; status == PIPETTE_OK && !*any && first < rows; first += count) {
        count = rows - first < STORE_BLOCK ? rows - first : STORE_BLOCK;
        status = columns_states(store, first, count, states);
        for (i = 0; status == PIPETTE_OK && i < count; i++)
            *any |= states[i] != PIPETTE_STATE_DONE;
    }
    free(states);
    return status;
}

int rows_fill(store_file *store)
{
    enum { ROWS = STORE_BLOCK / 4 };
    uint64_t rows = store->catalog->row_count, first, count;
    int8_t *states = malloc(ROWS);
    pipette_run_span *spans = malloc((ROWS / 2 + 1) * sizeof *spans);
    uint32_t k;
    int status = states != NULL && spans != NULL ? PIPETTE_OK : store_memory(store);
    for (first = 0; status == PIPETTE_OK && first < rows; first += count) {
        count = rows - first < ROWS ? rows - first : ROWS;
        status = columns_states(store, first, count, states);
        for (k = 0; status == PIPETTE_OK && k < store->catalog->column_count; k++)
            status = fill_spans(store, &store->catalog->columns[k], spans,
                                spans_to_fill(&store->catalog->columns[k], states, first, count, spans));
    }
    free(states);
    free(spans);
    return status;
}
