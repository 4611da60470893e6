/* What of a new catalog comes from the open file: columns and tables find the same ones there, and how much of them
 * there is. */
#include "store.h"

#include <stdlib.h>

static bool same_shape(const store_column *a, const store_column *b)
{
    uint32_t i;
    if (a->type != b->type || a->form != b->form || a->rank != b->rank)
        return false;
    for (i = 0; i < a->rank; i++)
        if (a->dimensions[i].extent != b->dimensions[i].extent)
            return false;
    return true;
}

/* How much a column will hold that takes room for what there is. */
static int measure(store_file *store, store_column *column)
{
    store_states *states = calloc(1, sizeof *states);
    uint64_t row, shape[STORE_RANK_MAX], elements;
    uint32_t i;
    int status = states != NULL ? PIPETTE_OK : store_memory(store);
    column->total = 0;
    for (row = 0; status >= 0 && row < store->catalog->row_count; row++) {
        status = columns_counts(store, states, column, row);
        if (status <= 0)
            continue;
        if (column->form == STORE_SPARSE) {
            store_value value;
            status = read_row(store, column->source, row, &value);
            if (status == PIPETTE_OK)
                column->total++;
            store_value_free(&value);
            continue;
        }
        status = read_row_shape(store, column->source, row, shape);
        if (status != PIPETTE_OK)
            continue;
        for (elements = 1, i = 0; i < column->rank; i++)
            elements *= shape[i];
        column->total += elements;
    }
    free(states);
    return status < 0 ? status : PIPETTE_OK;
}

/* Whether the samples of ragged results stand in the file as the new structure has them. */
static bool keeps_samples(const store_catalog *old, const store_catalog *new, const store_column *source)
{
    return source != NULL && source->placed && source->type != PIPETTE_TYPE_STRING && old->format >= 3 &&
           catalog_run_type(old) == catalog_run_type(new);
}

/* How many of the first rows of a ragged column have their samples in the open file as they are to be, and none of the
 * others has any there. */
static int keep_rows(store_file *store, store_column *column)
{
    store_column *source = column->source;
    store_states *states = calloc(1, sizeof *states);
    uint64_t rows = store->catalog->row_count, row, samples;
    int status = states != NULL ? read_starts(store, source) : store_memory(store);
    column->kept_rows = 0;
    for (row = 0; status >= 0 && row < rows; row++) {
        samples = source->starts[row + 1] - source->starts[row];
        status = samples > 0 ? columns_counts(store, states, column, row) : 1;
        if (status == 0 || (source->records != NULL && source->records[row] != 0))
            break;
    }
    if (status >= 0 && source->starts[row] == source->starts[rows] && source->starts[rows] > 0)
        column->kept_rows = row;
    free(states);
    return status < 0 ? status : PIPETTE_OK;
}

static int match_column(store_file *store, const store_catalog *catalog, store_column *column, bool here)
{
    bool has_source = store->catalog != NULL;
    int status = PIPETTE_OK;
    column->source = has_source ? catalog_find(store->catalog, column->path) : NULL;
    if (column->source != NULL) {
        /* What is compressed stays so, and the other way round. */
        if (column->source->form == STORE_FIXED)
            catalog_pack(column, 0);
        else if (column->source->form == STORE_PACKED)
            catalog_pack(column, column->level > 0 ? column->level : column->source->level);
        if (!same_shape(column, column->source))
            return store_fail(store, PIPETTE_E_TYPE, "'%s' has another type or shape in '%s'; --overwrite begins anew",
                              column->path, store->path);
        column->optional = column->optional || column->source->optional;
    } else if (has_source && column->role == PIPETTE_ROLE_RESULT) {
        column->optional = true; /* it comes too late for the runs that are done */
    }
    column->placed = column->form == STORE_FIXED || has_source ||
                     (column->form == STORE_TEXT && column->role == PIPETTE_ROLE_PARAMETER);
    column->total = 0;
    if (column->source != NULL && (column->form == STORE_RAGGED || column->form == STORE_SPARSE))
        status = measure(store, column);
    if (column->form == STORE_SPARSE)
        column->placed = column->total > 0;
    column->kept_rows = 0;
    if (status == PIPETTE_OK && here && column->form == STORE_RAGGED &&
        keeps_samples(store->catalog, catalog, column->source))
        status = keep_rows(store, column);
    return status;
}

static int match_table(store_file *store, store_table *table)
{
    store_table *source =
        store->catalog != NULL ? tables_find(store->catalog->tables, store->catalog->table_count, table->path) : NULL;
    bool cloned = false;
    uint32_t i;
    int status;
    if (source == NULL || (table->array_count > 0 && table->arrays[0].data != NULL))
        return PIPETTE_OK;
    for (i = 0; i < table->axis_count; i++)
        if (table->axes[i].type != PIPETTE_TYPE_NONE && table->axes[i].values.block == NULL)
            cloned = true;
    status = cloned ? PIPETTE_OK : tables_load(store, source);
    if (status == PIPETTE_OK && (cloned || catalog_table_same(table, source)))
        table->source = source;
    return status;
}

/* Which columns have rows without a value, as far as it is known now: those of runs to come are missing until then. */
static int match_holes(store_file *store, store_catalog *catalog)
{
    bool any = store->catalog == NULL || catalog->row_count > store->catalog->row_count, asked = any;
    uint32_t i;
    int status = PIPETTE_OK;
    for (i = 0; status == PIPETTE_OK && i < catalog->column_count; i++) {
        store_column *column = &catalog->columns[i];
        if (!rows_can_have_holes(column))
            continue;
        if (!asked)
            status = rows_holes(store, &any);
        asked = true;
        column->holes = any || column->optional;
    }
    return status;
}

int match_holes_differ(store_file *store, bool *differ)
{
    bool any = false, asked = false;
    uint32_t i;
    int status = PIPETTE_OK;
    for (i = 0; status == PIPETTE_OK && i < store->catalog->column_count; i++) {
        const store_column *column = &store->catalog->columns[i];
        if (!rows_can_have_holes(column))
            continue;
        if (!asked)
            status = rows_holes(store, &any);
        asked = true;
        *differ = *differ || column->holes != (any || column->optional);
    }
    return status;
}

int match_catalog(store_file *store, store_catalog *catalog, bool here)
{
    uint32_t i;
    int status = store->catalog != NULL ? records_drain(store) : PIPETTE_OK;
    for (i = 0; status == PIPETTE_OK && i < catalog->column_count; i++)
        status = match_column(store, catalog, &catalog->columns[i], here);
    for (i = 0; status == PIPETTE_OK && i < catalog->table_count; i++)
        status = match_table(store, &catalog->tables[i]);
    return status == PIPETTE_OK ? match_holes(store, catalog) : status;
}
