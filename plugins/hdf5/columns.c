/* Values of runs on their way into the file, and the state of each run. */
#include "h5.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

enum { TEXT_BLOCK = 4096 };

static bool is_state(const store_column *column)
{
    return column->role == PIPETTE_ROLE_LEDGER && strcmp(column->path, "runs.state") == 0;
}

store_column *columns_at(store_file *store, uint32_t position)
{
    if (store->catalog == NULL || position >= store->position_count) {
        (void)store_fail(store, PIPETTE_E_INVALID, "there is no column %" PRIu32, position);
        return NULL;
    }
    return &store->catalog->columns[store->positions[position]];
}

static int check_rows(store_file *store, const store_column *column, uint64_t first, uint64_t count)
{
    uint64_t rows = catalog_rows(store->catalog, column);
    if (first > rows || count > rows - first)
        return store_fail(store, PIPETTE_E_BOUNDS, "'%s' has %" PRIu64 " rows; row %" PRIu64 " does not exist",
                          column->path, rows, first > rows ? first : first + count - 1);
    return PIPETTE_OK;
}

/* ---- Writing ---- */

/* Strings before the first run: HDF5 writes them into their dataset, and the file is at rest again. */
static int write_texts_in_place(store_file *store, store_column *column, uint64_t first, uint64_t count,
                                const pipette_column_data *data)
{
    const char *texts[TEXT_BLOCK];
    uint64_t per_block = TEXT_BLOCK / (column->elements ? column->elements : 1), i, k, block;
    hid_t dataset = H5Dopen2(store->building->file, column->dataset, H5P_DEFAULT);
    int status = dataset < 0 ? h5_fail(store, "cannot write '%s'", store->path) : PIPETTE_OK;
    for (i = 0; status == PIPETTE_OK && i < count; i += block) {
        block = count - i < per_block ? count - i : per_block;
        for (k = 0; k < block; k++)
            memcpy(texts + k * column->elements, (const char *)data->data + (i + k) * data->stride,
                   (size_t)column->elements * sizeof *texts);
        for (k = 0; k < block * column->elements; k++)
            texts[k] = texts[k] != NULL ? texts[k] : "";
        status = h5_write_texts(store, dataset, first + i, block, texts);
    }
    if (dataset >= 0)
        (void)H5Dclose(dataset);
    return status;
}

static int write_texts(store_file *store, store_column *column, uint64_t first, uint64_t count,
                       const pipette_column_data *data)
{
    uint64_t shape[STORE_RANK_MAX], i;
    int status = PIPETTE_OK;
    /* A file that has its name is never changed by HDF5: there the strings go the way of everything that has no place.
     */
    if (store->building != NULL && column->placed && column->elements <= TEXT_BLOCK)
        return write_texts_in_place(store, column, first, count, data);
    status = build_name(store);
    for (i = 0; i < column->rank; i++)
        shape[i] = column->dimensions[i].extent;
    for (i = 0; status == PIPETTE_OK && i < count; i++) {
        const void *elements = (const char *)data->data + i * data->stride;
        pipette_value value = pipette_value_array(PIPETTE_TYPE_STRING, column->rank, shape, elements);
        if (column->rank == 0)
            memcpy(&value.as.string, elements, sizeof value.as.string);
        status = records_append(store, first + i, (uint32_t)(column - store->catalog->columns), &value);
    }
    return status;
}

static int write_packed(store_file *store, store_column *column, uint64_t row, const void *elements)
{
    const void *bytes = NULL;
    size_t size = 0;
    int status = packed_make(store, column, elements, &bytes, &size);
    return status == PIPETTE_OK
               ? records_append_packed(store, row, (uint32_t)(column - store->catalog->columns), bytes, size)
               : status;
}

static int write_column(store_file *store, store_column *column, uint64_t first, uint64_t count,
                        const pipette_column_data *data)
{
    int status = check_rows(store, column, first, count);
    if (status != PIPETTE_OK)
        return status;
    if (column->form == STORE_TEXT)
        return write_texts(store, column, first, count, data);
    if (column->form == STORE_PACKED) {
        uint64_t i;
        for (i = 0; status == PIPETTE_OK && i < count; i++)
            status = write_packed(store, column, first + i, (const char *)data->data + i * data->stride);
        return status;
    }
    if (column->form != STORE_FIXED)
        return store_fail(store, PIPETTE_E_UNSUPPORTED, "'%s' has no fixed shape: its values are appended",
                          column->path);
    if (column->placed)
        return places_write_rows(store, &column->places, store->fd, data->data, data->stride, column->row_bytes, count,
                                 first * column->row_bytes);
    {
        uint64_t shape[STORE_RANK_MAX], i;
        for (i = 0; i < column->rank; i++)
            shape[i] = column->dimensions[i].extent;
        for (i = 0; status == PIPETTE_OK && i < count; i++) {
            const void *elements = (const char *)data->data + i * data->stride;
            pipette_value value = pipette_value_array(column->type, column->rank, shape, elements);
            if (column->rank == 0)
                memcpy(&value.as, elements, pipette_type_size(column->type));
            status = records_append(store, first + i, (uint32_t)(column - store->catalog->columns), &value);
        }
    }
    return status;
}

int columns_write(store_file *store, uint64_t first, uint64_t count, const pipette_column_data *data,
                  uint32_t data_count)
{
    bool states = false, early = true;
    uint32_t i;
    int status = PIPETTE_OK, pass;
    for (i = 0; i < data_count; i++) {
        const store_column *column = columns_at(store, data[i].column);
        if (column == NULL)
            return PIPETTE_E_INVALID;
        states = states || is_state(column);
        early = early && column->role == PIPETTE_ROLE_PARAMETER && column->placed;
    }
    if (!early)
        status = build_name(store);
    for (pass = 0; pass < 2; pass++) {
        /* Data first, then what says that it is there. */
        if (pass == 1 && status == PIPETTE_OK)
            status = records_drain(store);
        for (i = 0; pass == 1 && status == PIPETTE_OK && i < data_count; i++)
            if (is_state(columns_at(store, data[i].column)))
                status = repair_note(store, first, count, data[i].data, data[i].stride);
        if (pass == 1 && status == PIPETTE_OK && states && store->catalog->power_safe && fdatasync(store->fd) != 0)
            status = store_system(store, "cannot write '%s'", store->path);
        for (i = 0; status == PIPETTE_OK && i < data_count; i++) {
            store_column *column = columns_at(store, data[i].column);
            if (is_state(column) != (pass == 1))
                continue;
            status = write_column(store, column, first, count, &data[i]);
        }
    }
    return status;
}

int columns_append(store_file *store, uint64_t row, uint32_t position, const pipette_value *value)
{
    store_column *column = columns_at(store, position);
    uint32_t i;
    int status;
    if (column == NULL)
        return PIPETTE_E_INVALID;
    status = check_rows(store, column, row, 1);
    if (status != PIPETTE_OK)
        return status;
    if (value->type != column->type || value->rank != column->rank)
        return store_fail(store, PIPETTE_E_TYPE, "'%s' is %s with %u dimensions, not %s with %u", column->path,
                          pipette_type_text(column->type), column->rank, pipette_type_text(value->type), value->rank);
    for (i = 0; i < column->rank; i++)
        if (column->dimensions[i].extent != PIPETTE_RAGGED && column->dimensions[i].extent != value->shape[i])
            return store_fail(store, PIPETTE_E_TYPE,
                              "dimension %u of '%s' has %" PRIu64 " elements, in an earlier run it had %" PRIu64, i + 1,
                              column->path, value->shape[i], column->dimensions[i].extent);
    if (column->form == STORE_FIXED && column->placed)
        return places_write(store, &column->places, store->fd, pipette_value_data(value), column->row_bytes,
                            row * column->row_bytes);
    if (column->form == STORE_PACKED)
        return write_packed(store, column, row, pipette_value_data(value));
    return records_append(store, row, (uint32_t)(column - store->catalog->columns), value);
}

int columns_append_packed(store_file *store, uint64_t row, uint32_t position, const void *bytes, uint64_t size)
{
    store_column *column = columns_at(store, position);
    int status;
    if (column == NULL)
        return PIPETTE_E_INVALID;
    status = check_rows(store, column, row, 1);
    if (status != PIPETTE_OK)
        return status;
    if (column->form != STORE_PACKED)
        return store_fail(store, PIPETTE_E_UNSUPPORTED, "'%s' is not compressed: its values are written", column->path);
    if (!packed_plausible(bytes, size))
        return store_fail(store, PIPETTE_E_TYPE, "a value of '%s' is not compressed as zlib does", column->path);
    return records_append_packed(store, row, (uint32_t)(column - store->catalog->columns), bytes, size);
}

static int push_position(store_file *store, uint32_t index)
{
    uint32_t *position = catalog_grow(store, (void **)&store->positions, &store->position_count, sizeof *position);
    if (position == NULL)
        return PIPETTE_E_MEMORY;
    *position = index;
    return PIPETTE_OK;
}

int columns_add(store_file *store, const pipette_column_spec *spec)
{
    store_names names = {NULL, 0, 0};
    store_column column, *known, *added;
    int status = catalog_column(store, &column, spec);
    if (status != PIPETTE_OK) {
        catalog_column_free(&column);
        return status;
    }
    known = catalog_find(store->catalog, column.path);
    if (known != NULL) {
        if (!known->optional || known->type != column.type || known->rank != column.rank)
            status = store_fail(store, PIPETTE_E_EXISTS, "'%s' is in '%s' already, as %s with %u dimensions",
                                column.path, store->path, pipette_type_text(known->type), known->rank);
        else
            status = push_position(store, (uint32_t)(known - store->catalog->columns));
        catalog_column_free(&column);
        return status;
    }
    column.optional = true;
    catalog_pack(&column, store->catalog->compression);
    status = names_claim_catalog(store, &names, store->catalog);
    if (status == PIPETTE_OK)
        status = names_claim_column(store, &names, &column);
    names_free(&names);
    added = status == PIPETTE_OK
                ? catalog_grow(store, (void **)&store->catalog->columns, &store->catalog->column_count, sizeof *added)
                : NULL;
    if (added == NULL) {
        catalog_column_free(&column);
        return status != PIPETTE_OK ? status : PIPETTE_E_MEMORY;
    }
    *added = column;
    status = records_append_column(store, store->catalog->column_count - 1);
    return status == PIPETTE_OK ? push_position(store, store->catalog->column_count - 1) : status;
}

static store_column *undeclared(store_file *store, const char *path, int *status)
{
    store_column *column = catalog_find(store->catalog, path);
    *status = PIPETTE_OK;
    if (column == NULL || !column->optional)
        *status = store_fail(store, PIPETTE_E_NOT_FOUND, "'%s' has no undeclared result '%s'", store->path, path);
    else if (column->placed)
        *status = store_fail(store, PIPETTE_E_UNSUPPORTED, "'%s' has a place in '%s'", path, store->path);
    return column;
}

int columns_value_rows(store_file *store, const char *path, int (*visit)(uint64_t row, void *user), void *user)
{
    int status;
    uint64_t row;
    const store_column *column = undeclared(store, path, &status);
    for (row = 0; status == PIPETTE_OK && row < store->catalog->row_count; row++) {
        if (column->records == NULL)
            break;
        if (column->records[row] > STORE_GONE)
            status = visit(row, user);
        column = catalog_find(store->catalog, path); /* others can have been added */
    }
    return status;
}

int columns_drop(store_file *store, const char *path)
{
    int status;
    const store_column *column = undeclared(store, path, &status);
    return status == PIPETTE_OK ? records_drop_column(store, (uint32_t)(column - store->catalog->columns)) : status;
}

int columns_place(store_file *store, uint32_t position, pipette_place *place)
{
    const store_column *column = columns_at(store, position);
    if (column == NULL)
        return PIPETTE_E_INVALID;
    if (column->form != STORE_FIXED || !column->placed)
        return store_fail(store, PIPETTE_E_UNSUPPORTED, "'%s' has no place of its own", column->path);
    place->path = store->path;
    place->row_stride = column->row_bytes;
    place->offset = column->places.count > 0 ? column->places.spans[0].offset : 0;
    place->spans = column->places.spans;
    place->span_count = column->places.count;
    place->span_stride = (uint32_t)sizeof *place->spans;
    return PIPETTE_OK;
}

/* ---- States ---- */

int columns_states(store_file *store, uint64_t first, uint64_t count, int8_t *out)
{
    const store_column *column = catalog_find(store->catalog, "runs.state");
    if (column != NULL && column->form == STORE_FIXED && column->placed && column->row_bytes == 1)
        return places_read(store, &column->places, out, count, first);
    memset(out, PIPETTE_STATE_DONE, (size_t)count);
    return PIPETTE_OK;
}

int columns_counts(store_file *store, store_states *states, const store_column *column, uint64_t row)
{
    if (column->role != PIPETTE_ROLE_RESULT)
        return 1;
    if (row < states->first || row >= states->first + states->count) {
        uint64_t left = store->catalog->row_count - row;
        int status;
        states->first = row;
        states->count = left < sizeof states->states ? left : sizeof states->states;
        status = columns_states(store, row, states->count, states->states);
        if (status != PIPETTE_OK)
            return status;
    }
    return states->states[row - states->first] == PIPETTE_STATE_DONE;
}
