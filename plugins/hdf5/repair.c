/* Runs that are called done but whose values are not there: a log that lost records with the power of the machine,
 * damaged bytes, a state that nobody writes. They become pending again, so that they run again instead of being kept as
 * empty.
 *
 * A byte for each row, outside of the log, says what is to be there: the state that the row had when the structure was
 * written (low half), and how many undeclared results the log has for it since (high half; the greatest number means
 * that many or more). */
#include "store.h"

#include <inttypes.h>
#include <stdlib.h>

enum { STATE_MASK = 15, COUNT_SHIFT = 4, COUNT_MAX = 15 };

/* Whether the value of a done row of that column stands in the log, if the structure does not have it. */
static bool travels(const store_column *column)
{
    return column->role == PIPETTE_ROLE_RESULT && !column->optional && (column->form != STORE_FIXED || !column->placed);
}

static uint64_t record_of(const store_column *column, uint64_t row)
{
    return column->records != NULL ? column->records[row] : 0;
}

static bool has_values(const store_file *store, uint64_t row, unsigned state)
{
    uint32_t i;
    for (i = 0; i < store->catalog->column_count; i++) {
        const store_column *column = &store->catalog->columns[i];
        uint64_t record = record_of(column, row);
        if (travels(column) && record <= STORE_GONE && !(record == 0 && column->placed && state == PIPETTE_STATE_DONE))
            return false;
    }
    return true;
}

/* How many undeclared results the log has for a row, as the byte of the row says it. */
static unsigned undeclared(const store_file *store, uint64_t row)
{
    unsigned found = 0;
    uint32_t i;
    for (i = 0; i < store->catalog->column_count && found < COUNT_MAX; i++) {
        const store_column *column = &store->catalog->columns[i];
        found += column->role == PIPETTE_ROLE_RESULT && column->optional && record_of(column, row) > STORE_GONE;
    }
    return found;
}

int repair_note(store_file *store, uint64_t first, uint64_t count, const int8_t *states, uint64_t stride)
{
    unsigned char bytes[4096];
    uint64_t n, i;
    int status = PIPETTE_OK;
    for (; status == PIPETTE_OK && store->catalog->placed > 0 && count > 0;
         first += n, count -= n, states += n * stride) {
        bool changed = false;
        n = count < sizeof bytes ? count : sizeof bytes;
        status = file_read(store, store->fd, bytes, n, store->catalog->placed + first);
        for (i = 0; status == PIPETTE_OK && i < n; i++) {
            unsigned known = bytes[i], now = known & STATE_MASK;
            if (states[i * stride] == PIPETTE_STATE_DONE)
                now |= undeclared(store, first + i) << COUNT_SHIFT;
            bytes[i] = (unsigned char)now;
            changed = changed || now != known;
        }
        if (status == PIPETTE_OK && changed)
            status = file_write(store, store->fd, bytes, n, store->catalog->placed + first);
    }
    return status;
}

int repair_forget(store_file *store, uint64_t first, uint64_t count)
{
    static const unsigned char nothing[4096];
    int status = PIPETTE_OK;
    while (status == PIPETTE_OK && store->catalog->placed > 0 && count > 0) {
        uint64_t n = count < sizeof nothing ? count : sizeof nothing;
        status = file_write(store, store->fd, nothing, n, store->catalog->placed + first);
        first += n;
        count -= n;
    }
    return status;
}

/* The bytes of some rows. A file of format 1 has none; nothing is held against it. */
static int placed_bytes(store_file *store, uint64_t first, uint64_t count, unsigned char *out)
{
    if (store->catalog->placed > 0)
        return file_read(store, store->fd, out, count, store->catalog->placed + first);
    memset(out, store->catalog->log > 0 ? PIPETTE_STATE_PENDING : PIPETTE_STATE_DONE, (size_t)count);
    return PIPETTE_OK;
}

/* Judges a row. `*byte` counts nothing any more where the row is going to run. */
static bool row_is_whole(const store_file *store, uint64_t row, int8_t state, unsigned char *byte)
{
    bool whole = state != PIPETTE_STATE_DONE || (has_values(store, row, *byte & STATE_MASK) &&
                                                 undeclared(store, row) >= (unsigned)*byte >> COUNT_SHIFT);
    if (state != PIPETTE_STATE_DONE || !whole)
        *byte &= STATE_MASK;
    return whole;
}

int repair_rows(store_file *store)
{
    const store_column *state = catalog_find(store->catalog, "runs.state");
    uint64_t rows = store->catalog->row_count, first, count, i, lost = 0, unknown = 0;
    int8_t *states = malloc(2 * STORE_BLOCK);
    unsigned char *placed = (unsigned char *)states + STORE_BLOCK;
    int status = states != NULL ? PIPETTE_OK : store_memory(store);
    if (status != PIPETTE_OK || state == NULL || state->form != STORE_FIXED || !state->placed ||
        state->row_bytes != 1) {
        free(states);
        return status;
    }
    for (first = 0; status == PIPETTE_OK && first < rows; first += count) {
        bool rows_change = false, bytes_change = false;
        count = rows - first < STORE_BLOCK ? rows - first : STORE_BLOCK;
        status = columns_states(store, first, count, states);
        if (status == PIPETTE_OK)
            status = placed_bytes(store, first, count, placed);
        for (i = 0; status == PIPETTE_OK && i < count; i++) {
            unsigned char before = placed[i];
            bool known = states[i] >= PIPETTE_STATE_PENDING && states[i] <= PIPETTE_STATE_INFEASIBLE;
            bool whole = row_is_whole(store, first + i, states[i], &placed[i]);
            bytes_change = bytes_change || placed[i] != before;
            if (known && whole)
                continue;
            unknown += !known;
            lost += known;
            states[i] = PIPETTE_STATE_PENDING;
            rows_change = true;
        }
        if (status == PIPETTE_OK)
            status = rows_change ? places_write(store, &state->places, store->fd, states, count, first) : PIPETTE_OK;
        if (status == PIPETTE_OK)
            status = bytes_change && store->catalog->placed > 0
                         ? file_write(store, store->fd, placed, count, store->catalog->placed + first)
                         : PIPETTE_OK;
    }
    free(states);
    if (status == PIPETTE_OK && lost > 0)
        pipette_stage_log(store->stage, PIPETTE_LOG_WARNING,
                          "'%s': %" PRIu64
                          " runs are called done, but their values are missing or damaged; they run again",
                          store->path, lost);
    if (status == PIPETTE_OK && unknown > 0)
        pipette_stage_log(store->stage, PIPETTE_LOG_WARNING,
                          "'%s': the states of %" PRIu64 " runs are damaged; they run again", store->path, unknown);
    return status;
}
