/* Runs that are called done but whose values are not there: a log that lost records with the power of the machine, damaged bytes, a state that
 * nobody writes. They become pending again, so that they run again instead of being kept as empty. */
#include "store.h"

#include <inttypes.h>
#include <stdlib.h>

/* Whether the value of a done row of that column stands in the log, if the structure does not have it. */
static bool travels(const store_column *column)
{
    return column->role == PIPETTE_ROLE_RESULT && !column->optional && (column->form != STORE_FIXED || !column->placed);
}

static bool has_values(const store_file *store, uint64_t row, int8_t placed)
{
    uint32_t i;
    for (i = 0; i < store->catalog->column_count; i++) {
        const store_column *column = &store->catalog->columns[i];
        if (travels(column) && (column->records == NULL || column->records[row] == 0) &&
            !(column->placed && placed == PIPETTE_STATE_DONE))
            return false;
    }
    return true;
}

/* The states of some rows when the structure was written. A file of format 1 does not know; nothing is held against it. */
static int placed_states(store_file *store, uint64_t first, uint64_t count, int8_t *out)
{
    if (store->catalog->placed > 0)
        return file_read(store, store->fd, out, count, store->catalog->placed + first);
    memset(out, store->catalog->log > 0 ? PIPETTE_STATE_PENDING : PIPETTE_STATE_DONE, (size_t)count);
    return PIPETTE_OK;
}

int repair_rows(store_file *store)
{
    const store_column *state = catalog_find(store->catalog, "runs.state");
    uint64_t rows = store->catalog->row_count, first, count, i, lost = 0, unknown = 0;
    int8_t *states = malloc(2 * STORE_BLOCK), *placed = states + STORE_BLOCK;
    int status = states != NULL ? PIPETTE_OK : store_memory(store);
    if (status != PIPETTE_OK || state == NULL || state->form != STORE_FIXED || !state->placed || state->row_bytes != 1) {
        free(states);
        return status;
    }
    for (first = 0; status == PIPETTE_OK && first < rows; first += count) {
        uint64_t before = lost + unknown;
        count = rows - first < STORE_BLOCK ? rows - first : STORE_BLOCK;
        status = columns_states(store, first, count, states);
        if (status == PIPETTE_OK)
            status = placed_states(store, first, count, placed);
        for (i = 0; status == PIPETTE_OK && i < count; i++) {
            if (states[i] < PIPETTE_STATE_PENDING || states[i] > PIPETTE_STATE_INFEASIBLE)
                unknown++;
            else if (states[i] == PIPETTE_STATE_DONE && !has_values(store, first + i, placed[i]))
                lost++;
            else
                continue;
            states[i] = PIPETTE_STATE_PENDING;
        }
        if (status == PIPETTE_OK && lost + unknown > before)
            status = file_write(store, store->fd, states, count, state->offset + first);
    }
    free(states);
    if (status == PIPETTE_OK && lost > 0)
        pipette_stage_log(store->stage, PIPETTE_LOG_WARNING,
                          "'%s': %" PRIu64 " runs are called done, but their values are missing or damaged; they run again", store->path, lost);
    if (status == PIPETTE_OK && unknown > 0)
        pipette_stage_log(store->stage, PIPETTE_LOG_WARNING, "'%s': the states of %" PRIu64 " runs are damaged; they run again", store->path,
                          unknown);
    return status;
}
