/* Reading: columns by pread at their place, leaves and strings through HDF5, what the log has from the log. */
#include "h5.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>

void read_rest(store_file *store)
{
    uint32_t i;
    for (i = 0; store->catalog != NULL && i < store->catalog->column_count; i++) {
        store_column *column = &store->catalog->columns[i];
        if (column->id >= 0)
            (void)H5Dclose(column->id);
        column->id = -1;
        rewritten_close(column->places.rewritten);
        rewritten_close(column->shapes.rewritten);
        rewritten_close(column->runs.rewritten);
    }
    if (store->h5 >= 0)
        (void)H5Fclose(store->h5);
    store->h5 = -1;
}

/* Where each row of a ragged column begins in the flat data, summed up when it is first asked for. */
int read_starts(store_file *store, store_column *column)
{
    uint64_t rows = store->catalog->row_count, width = column->rank, first, count, i, k, sum = 0;
    int64_t block[STORE_BLOCK / 8];
    int status = PIPETTE_OK;
    if (column->starts != NULL)
        return PIPETTE_OK;
    column->starts = malloc((size_t)(rows + 1) * sizeof *column->starts);
    if (column->starts == NULL)
        return store_memory(store);
    for (first = 0; status == PIPETTE_OK && first < rows; first += count) {
        count = STORE_BLOCK / 8 / width;
        count = rows - first < count ? rows - first : count;
        status = places_read(store, &column->shapes, block, count * width * 8, first * width * 8);
        for (i = 0; status == PIPETTE_OK && i < count; i++) {
            uint64_t elements = 1;
            column->starts[first + i] = sum;
            for (k = 0; k < width; k++)
                elements *= block[i * width + k] > 0 ? (uint64_t)block[i * width + k] : 0;
            sum += elements;
        }
    }
    column->starts[rows] = sum;
    if (status == PIPETTE_OK && sum > column->total)
        status = store_fail(store, PIPETTE_E_STORAGE, "'%s' is damaged: '%s' has fewer elements than its rows",
                            store->path, column->path);
    if (status != PIPETTE_OK) {
        free(column->starts);
        column->starts = NULL;
    }
    return status;
}

/* The rows that have a text, ascending. */
static int load_sparse(store_file *store, store_column *column)
{
    hid_t file = h5_source(store);
    store_value value;
    char *path;
    int status;
    if (column->starts != NULL)
        return PIPETTE_OK;
    if (file < 0)
        return PIPETTE_E_STORAGE;
    path = store_format("%s/row", column->dataset);
    status = path != NULL ? h5_read(store, file, path, PIPETTE_TYPE_I64, 1, &value) : store_memory(store);
    free(path);
    if (status != PIPETTE_OK)
        return status;
    column->total = pipette_value_count(&value.value);
    column->starts = calloc((size_t)column->total + 1, sizeof *column->starts);
    if (column->starts == NULL)
        status = store_memory(store);
    else
        memcpy(column->starts, store_value_elements(&value), (size_t)column->total * sizeof *column->starts);
    store_value_free(&value);
    return status;
}

int read_open(store_file *store, store_column *column)
{
    hid_t file = h5_source(store), access;
    char *path;
    if (file < 0)
        return PIPETTE_E_STORAGE;
    if (column->id >= 0)
        return PIPETTE_OK;
    path = catalog_data_path(store, store->catalog, column);
    if (path == NULL)
        return store->failure;
    /* Chunks are read whole, and once. */
    access = H5Pcreate(H5P_DATASET_ACCESS);
    if (column->form == STORE_PACKED)
        (void)H5Pset_chunk_cache(access, 0, 0, 1.0);
    column->id = H5Dopen2(file, path, access);
    (void)H5Pclose(access);
    free(path);
    return column->id >= 0 ? PIPETTE_OK : h5_fail(store, "cannot read '%s' of '%s'", column->path, store->path);
}

int read_row_shape(store_file *store, store_column *column, uint64_t row, uint64_t *shape)
{
    if (column->records != NULL && column->records[row] == STORE_GONE)
        return STORE_NONE;
    if (column->records != NULL && column->records[row] != 0)
        return records_shape(store, column->records[row], column, shape);
    if (!column->placed)
        return STORE_NONE;
    return places_read(store, &column->shapes, shape, 8 * column->rank, row * 8 * column->rank);
}

static int read_ragged_row(store_file *store, store_column *column, uint64_t row, store_value *out)
{
    uint64_t shape[STORE_RANK_MAX], start, count;
    size_t size = pipette_type_size(column->type);
    int status = read_starts(store, column);
    if (status == PIPETTE_OK)
        status = read_row_shape(store, column, row, shape);
    if (status != PIPETTE_OK)
        return status;
    start = column->starts[row];
    count = column->starts[row + 1] - start;
    if (column->type != PIPETTE_TYPE_STRING) {
        status = store_value_make(store, out, column->type, column->rank, shape, 0);
        return status == PIPETTE_OK
                   ? places_read(store, &column->places, store_value_elements(out), count * size, start * size)
                   : status;
    }
    status = read_open(store, column);
    return status == PIPETTE_OK ? h5_read_texts(store, column->id, start, count, column->rank, shape, out) : status;
}

static int read_sparse_row(store_file *store, store_column *column, uint64_t row, store_value *out)
{
    uint64_t low = 0, high;
    int status = load_sparse(store, column);
    if (status != PIPETTE_OK)
        return status;
    for (high = column->total; low < high;) {
        uint64_t middle = (low + high) / 2;
        if (column->starts[middle] < row)
            low = middle + 1;
        else
            high = middle;
    }
    if (low >= column->total || column->starts[low] != row)
        return STORE_NONE;
    status = read_open(store, column);
    return status == PIPETTE_OK ? h5_read_texts(store, column->id, low, 1, 0, NULL, out) : status;
}

static int read_packed_row(store_file *store, store_column *column, uint64_t row, store_value *out)
{
    uint64_t shape[STORE_RANK_MAX], size = 0;
    bool logged = column->records != NULL && column->records[row] != 0;
    char *bytes = NULL;
    uint32_t i;
    int status = PIPETTE_OK;
    if (!logged && !column->placed)
        return STORE_NONE;
    for (i = 0; i < column->rank; i++)
        shape[i] = column->dimensions[i].extent;
    status =
        logged ? records_packed(store, column->records[row], column->path, &bytes, &size) : read_open(store, column);
    if (status == PIPETTE_OK)
        status = store_value_make(store, out, column->type, column->rank, shape, 0);
    if (status == PIPETTE_OK)
        status = logged ? packed_open(store, column, bytes, (size_t)size, store_value_elements(out))
                        : h5_read_row(store, column->id, row, column->type, store_value_elements(out));
    free(bytes);
    return status;
}

int read_row(store_file *store, store_column *column, uint64_t row, store_value *out)
{
    uint64_t shape[STORE_RANK_MAX];
    uint32_t i;
    int status;
    memset(out, 0, sizeof *out);
    if (column->records != NULL && column->records[row] == STORE_GONE)
        return STORE_NONE;
    if (column->form == STORE_PACKED)
        return read_packed_row(store, column, row, out);
    if (column->records != NULL && column->records[row] != 0)
        return records_read(store, column->records[row], column, out);
    if (!column->placed)
        return STORE_NONE;
    for (i = 0; i < column->rank; i++)
        shape[i] = column->dimensions[i].extent;
    switch (column->form) {
    case STORE_RAGGED:
        return read_ragged_row(store, column, row, out);
    case STORE_SPARSE:
        return read_sparse_row(store, column, row, out);
    case STORE_TEXT:
        status = read_open(store, column);
        return status == PIPETTE_OK ? h5_read_texts(store, column->id, row, 1, column->rank, shape, out) : status;
    default:
        status = store_value_make(store, out, column->type, column->rank, shape, 0);
        return status == PIPETTE_OK ? places_read(store, &column->places, store_value_elements(out), column->row_bytes,
                                                  row * column->row_bytes)
                                    : status;
    }
}

int read_leaf(store_file *store, const store_leaf *leaf, store_value *out)
{
    hid_t file = h5_source(store);
    return file >= 0 ? h5_read(store, file, leaf->dataset, leaf->type, leaf->rank, out) : PIPETTE_E_STORAGE;
}

int read_axis(store_file *store, const store_axis *axis, store_value *out)
{
    hid_t file = h5_source(store);
    return file >= 0 ? h5_read(store, file, axis->dataset, axis->type, 1, out) : PIPETTE_E_STORAGE;
}

/* ---- Columns ---- */

/* Rows that are not done hold whatever a dead run left; here they are fill values, as they will be after an orderly
 * end. */
static int hide_undone(store_file *store, const store_column *column, uint64_t first, uint64_t count, int type,
                       void *out)
{
    size_t size = pipette_type_size(type) * (size_t)column->elements;
    store_states states = {0, 0, {0}};
    uint64_t i;
    for (i = 0; i < count; i++) {
        int counts = columns_counts(store, &states, column, first + i);
        if (counts < 0)
            return counts;
        if (counts == 0)
            store_fill(type, (char *)out + i * size, column->elements);
    }
    return PIPETTE_OK;
}

static int read_logged(store_file *store, store_column *column, uint64_t first, uint64_t count, int type, void *out)
{
    size_t size = pipette_type_size(type) * (size_t)column->elements;
    uint64_t i;
    int status = PIPETTE_OK;
    for (i = 0; status >= 0 && i < count; i++) {
        store_value value;
        status = read_row(store, column, first + i, &value);
        if (status == STORE_NONE)
            store_fill(type, (char *)out + i * size, column->elements);
        else if (status == PIPETTE_OK)
            status = store_convert(store, column->path, column->type, store_value_elements(&value), type,
                                   (char *)out + i * size, column->elements,
                                   column->optional || column->role == PIPETTE_ROLE_RESULT);
        store_value_free(&value);
    }
    return status < 0 ? status : PIPETTE_OK;
}

int read_column(store_file *store, const char *path, uint64_t first, uint64_t count, int type, void *out)
{
    store_column *column = catalog_find(store->catalog, path);
    size_t from_size, to_size = pipette_type_size(type);
    uint64_t rows, total, i, block;
    char buffer[STORE_BLOCK];
    int status = PIPETTE_OK;
    if (column == NULL)
        return store_fail(store, PIPETTE_E_NOT_FOUND, "'%s' has no column '%s'", store->path, path);
    rows = catalog_rows(store->catalog, column);
    if (first > rows || count > rows - first)
        return store_fail(store, PIPETTE_E_BOUNDS, "'%s' has %" PRIu64 " rows", path, rows);
    if ((column->form != STORE_FIXED && column->form != STORE_PACKED) || to_size == 0)
        return store_fail(store, PIPETTE_E_TYPE, "'%s' is not of numbers of one shape; it is read run by run", path);
    if (!column->placed || column->form == STORE_PACKED) {
        status = records_refresh(store, true);
        column = catalog_find(store->catalog, path); /* the list of columns can have grown */
        if (status == PIPETTE_OK)
            status = read_logged(store, column, first, count, type, out);
    } else if (type == column->type) {
        status = places_read(store, &column->places, out, count * column->row_bytes, first * column->row_bytes);
    } else {
        from_size = pipette_type_size(column->type);
        total = count * column->elements;
        for (i = 0; status == PIPETTE_OK && i < total; i += block) {
            block = sizeof buffer / from_size;
            block = total - i < block ? total - i : block;
            status = places_read(store, &column->places, buffer, block * from_size,
                                 first * column->row_bytes + i * from_size);
            if (status == PIPETTE_OK)
                status = store_convert(store, path, column->type, buffer, type, (char *)out + i * to_size, block,
                                       column->optional || column->role == PIPETTE_ROLE_RESULT);
        }
    }
    return status == PIPETTE_OK ? hide_undone(store, column, first, count, type, out) : status;
}

static int one_of_column(store_file *store, const char *path, store_column *column, uint64_t row)
{
    store_states states = {0, 0, {0}};
    int status, counts;
    if (row >= catalog_rows(store->catalog, column))
        return store_fail(store, PIPETTE_E_BOUNDS, "'%s' has %" PRIu64 " rows; row %" PRIu64 " does not exist", path,
                          catalog_rows(store->catalog, column), row);
    status = records_refresh(store, false);
    if (status != PIPETTE_OK)
        return status;
    column = catalog_find(store->catalog, path);
    counts = columns_counts(store, &states, column, row);
    if (counts < 0)
        return counts;
    status = counts != 0 ? read_row(store, column, row, &store->result) : STORE_NONE;
    if (status == STORE_NONE && counts != 0 && column->role == PIPETTE_ROLE_RESULT) { /* done since then */
        status = records_refresh(store, true);
        column = catalog_find(store->catalog, path);
        if (status == PIPETTE_OK)
            status = read_row(store, column, row, &store->result);
    }
    if (status == STORE_NONE && (column->form == STORE_FIXED || column->form == STORE_PACKED)) {
        uint64_t shape[STORE_RANK_MAX];
        uint32_t i;
        for (i = 0; i < column->rank; i++)
            shape[i] = column->dimensions[i].extent;
        status = store_value_make(store, &store->result, column->type, column->rank, shape, 0);
        if (status == PIPETTE_OK)
            store_fill(column->type, store_value_elements(&store->result), column->elements);
    }
    if (status == STORE_NONE)
        return store_fail(store, PIPETTE_E_NOT_FOUND, "row %" PRIu64 " has no '%s'", row, path);
    return status;
}

/* The array or coordinate `path` of a table: STORE_NONE if it is not one. */
static int one_of_tables(store_file *store, store_table *tables, uint32_t count, bool pending, const char *path)
{
    uint32_t i, k;
    for (i = 0; i < count; i++) {
        store_table *table = &tables[i];
        size_t length = strlen(table->path);
        const char *name = path + length + 1;
        if (strncmp(path, table->path, length) != 0 || path[length] != '.')
            continue;
        for (k = 0; k < table->axis_count; k++)
            if (strcmp(table->axes[k].name, name) == 0 && table->axes[k].type != PIPETTE_TYPE_NONE) {
                if (table->axes[k].values.block != NULL)
                    return store_value_copy(store, &store->result, &table->axes[k].values.value);
                return read_axis(store, &table->axes[k], &store->result);
            }
        for (k = 0; k < table->array_count; k++)
            if (strcmp(table->arrays[k].name, name) == 0) {
                uint64_t shape[STORE_RANK_MAX], bytes = tables_bytes(table, &table->arrays[k]);
                uint32_t a;
                int status;
                for (a = 0; a < table->axis_count; a++)
                    shape[a] = table->axes[a].extent;
                if (!pending && bytes > 0 && table->arrays[k].offset == 0) { /* rewritten by another tool */
                    hid_t file = h5_source(store);
                    return file < 0 ? PIPETTE_E_STORAGE
                                    : h5_read(store, file, table->arrays[k].dataset, table->arrays[k].type,
                                              table->axis_count, &store->result);
                }
                status = store_value_make(store, &store->result, table->arrays[k].type, table->axis_count, shape, 0);
                if (status == PIPETTE_OK && !pending)
                    return file_read(store, store->fd, store_value_elements(&store->result), bytes,
                                     table->arrays[k].offset);
                if (status == PIPETTE_OK)
                    memcpy(store_value_elements(&store->result), table->arrays[k].data, (size_t)bytes);
                return status;
            }
    }
    return STORE_NONE;
}

int read_one(store_file *store, const char *path, uint64_t row, pipette_value *value)
{
    store_column *column = catalog_find(store->catalog, path);
    uint32_t i;
    int status = STORE_NONE;
    store_value_free(&store->result);
    if (column != NULL)
        status = one_of_column(store, path, column, row);
    if (status == STORE_NONE && tables_find_leaf(store->pending_leaves, store->pending_leaf_count, path) != NULL)
        status =
            store_value_copy(store, &store->result,
                             &tables_find_leaf(store->pending_leaves, store->pending_leaf_count, path)->value.value);
    for (i = 0; status == STORE_NONE && i < store->catalog->leaf_count; i++)
        if (strcmp(store->catalog->leaves[i].path, path) == 0)
            status = read_leaf(store, &store->catalog->leaves[i], &store->result);
    if (status == STORE_NONE)
        status = one_of_tables(store, store->pending, store->pending_count, true, path);
    if (status == STORE_NONE)
        status = one_of_tables(store, store->catalog->tables, store->catalog->table_count, false, path);
    if (status == STORE_NONE)
        return store_fail(store, PIPETTE_E_NOT_FOUND, "'%s' has no '%s'", store->path, path);
    if (status == PIPETTE_OK)
        *value = store->result.value;
    return status;
}

/* With which of the column's bytes the elements of a row begin, and how many there are. STORE_NONE: they are not in its
 * places. */
static int part_place(store_file *store, store_column *column, uint64_t row, uint64_t *at, uint64_t *total)
{
    int status = PIPETTE_OK;
    if (column->rank == 0 || column->type == PIPETTE_TYPE_STRING || !column->placed ||
        (column->records != NULL && column->records[row] != 0))
        return STORE_NONE;
    if (column->form == STORE_FIXED) {
        *at = row * column->row_bytes;
        *total = column->elements;
        return PIPETTE_OK;
    }
    if (column->form != STORE_RAGGED)
        return STORE_NONE;
    status = read_starts(store, column);
    if (status == PIPETTE_OK) {
        *at = column->starts[row] * pipette_type_size(column->type);
        *total = column->starts[row + 1] - column->starts[row];
    }
    return status == PIPETTE_OK && *total == 0 ? STORE_NONE : status;
}

int read_part(store_file *store, const char *path, uint64_t row, uint64_t first, uint64_t count, pipette_value *value,
              uint64_t *total)
{
    store_column *column = catalog_find(store->catalog, path);
    store_states states = {0, 0, {0}};
    uint64_t at = 0;
    size_t size;
    int status = column != NULL ? records_refresh(store, true) : PIPETTE_OK;
    if (column != NULL && status == PIPETTE_OK) {
        column = catalog_find(store->catalog, path); /* the list of columns can have grown */
        status = row < catalog_rows(store->catalog, column) ? columns_counts(store, &states, column, row) : 0;
        status = status > 0 ? part_place(store, column, row, &at, total) : status < 0 ? status : STORE_NONE;
    } else if (status == PIPETTE_OK) {
        status = STORE_NONE;
    }
    if (status == STORE_NONE) {
        status = read_one(store, path, row, value);
        if (status != PIPETTE_OK)
            return status;
        *total = pipette_value_count(value);
        if (value->rank == 0)
            return PIPETTE_OK;
        first = first < *total ? first : *total;
        store->part_count = *total - first < count ? *total - first : count;
        *value = pipette_value_array(value->type, 1, &store->part_count,
                                     (const char *)value->data + first * pipette_type_size(value->type));
        return PIPETTE_OK;
    }
    if (status != PIPETTE_OK)
        return status;
    size = pipette_type_size(column->type);
    first = first < *total ? first : *total;
    count = *total - first < count ? *total - first : count;
    store_value_free(&store->result);
    status = store_value_make(store, &store->result, column->type, 1, &count, 0);
    if (status == PIPETTE_OK)
        status =
            places_read(store, &column->places, store_value_elements(&store->result), count * size, at + first * size);
    if (status == PIPETTE_OK)
        *value = store->result.value;
    return status;
}

/* ---- What there is ---- */

static int visit_table(const store_table *table, pipette_entry_visit visit, void *user)
{
    pipette_dimension dimensions[STORE_RANK_MAX];
    uint32_t i;
    int status = 0;
    for (i = 0; i < table->axis_count; i++) {
        dimensions[i] = (pipette_dimension){(uint32_t)sizeof dimensions[i],
                                            0,
                                            table->axes[i].name,
                                            table->axes[i].unit,
                                            table->axes[i].doc,
                                            table->axes[i].extent,
                                            0.0,
                                            0.0,
                                            NULL};
    }
    for (i = 0; status == 0 && i < table->axis_count + table->array_count; i++) {
        bool axis = i < table->axis_count;
        const store_axis *coordinate = axis ? &table->axes[i] : NULL;
        const store_array *array = axis ? NULL : &table->arrays[i - table->axis_count];
        pipette_entry entry = {(uint32_t)sizeof entry, PIPETTE_ENTRY_TABLE, NULL, NULL, NULL, 0, 0, 0, 0, NULL, 0};
        char *path;
        if (axis && coordinate->type == PIPETTE_TYPE_NONE)
            continue;
        path = store_format("%s.%s", table->path, axis ? coordinate->name : array->name);
        if (path == NULL)
            return PIPETTE_E_MEMORY;
        entry.path = path;
        entry.unit = axis ? coordinate->unit : array->unit;
        entry.doc = axis ? coordinate->doc : array->doc;
        entry.type = axis ? coordinate->type : array->type;
        entry.rank = axis ? 1 : table->axis_count;
        entry.dimensions = axis ? &dimensions[i] : dimensions;
        status = visit(&entry, user);
        free(path);
    }
    return status;
}

static int visit_leaf(const store_leaf *leaf, pipette_entry_visit visit, void *user)
{
    pipette_dimension dimensions[STORE_RANK_MAX];
    pipette_entry entry = {(uint32_t)sizeof entry,
                           PIPETTE_ENTRY_LEAF,
                           leaf->path,
                           leaf->unit,
                           leaf->comment,
                           leaf->type,
                           0,
                           leaf->rank,
                           0,
                           dimensions,
                           0};
    uint32_t i;
    for (i = 0; i < leaf->rank; i++)
        dimensions[i] =
            (pipette_dimension){(uint32_t)sizeof dimensions[i], 0, "", "", "", leaf->shape[i], 0.0, 0.0, NULL};
    return visit(&entry, user);
}

int read_list(store_file *store, pipette_entry_visit visit, void *user)
{
    uint32_t i;
    int status = records_refresh(store, true);
    for (i = 0; status == 0 && i < store->catalog->leaf_count; i++)
        if (tables_find_leaf(store->pending_leaves, store->pending_leaf_count, store->catalog->leaves[i].path) == NULL)
            status = visit_leaf(&store->catalog->leaves[i], visit, user);
    for (i = 0; status == 0 && i < store->pending_leaf_count; i++)
        status = visit_leaf(&store->pending_leaves[i], visit, user);
    for (i = 0; status == 0 && i < store->catalog->column_count; i++) {
        const store_column *column = &store->catalog->columns[i];
        const bool dropped = column->path[0] == '\0';
        pipette_entry entry = {(uint32_t)sizeof entry,
                               PIPETTE_ENTRY_COLUMN,
                               column->path,
                               column->unit,
                               column->doc,
                               column->type,
                               column->role,
                               column->rank,
                               column->flags | (column->optional ? (uint32_t)PIPETTE_ENTRY_OPTIONAL : 0),
                               column->dimensions,
                               column->every};
        status = dropped ? 0 : visit(&entry, user);
    }
    for (i = 0; status == 0 && i < store->catalog->table_count; i++)
        if (tables_find(store->pending, store->pending_count, store->catalog->tables[i].path) == NULL)
            status = visit_table(&store->catalog->tables[i], visit, user);
    for (i = 0; status == 0 && i < store->pending_count; i++)
        status = visit_table(&store->pending[i], visit, user);
    return status;
}

int read_info(store_file *store, pipette_storage_info *info)
{
    struct stat facts;
    if (fstat(store->fd, &facts) != 0)
        return store_system(store, "cannot look at '%s'", store->path);
    info->name = store->catalog->name;
    info->comment = store->catalog->comment;
    info->row_count = store->catalog->row_count;
    info->spans = store->catalog->spans;
    info->span_count = store->catalog->span_count;
    info->exploration = store->catalog->exploration;
    info->byte_count = (uint64_t)facts.st_blocks * 512;
    /* A host of before the field has a shorter struct. */
    if (info->size == 0 || PIPETTE_HAS(info, finished)) {
        int8_t mark = 0;
        int status = file_read(store, store->fd, &mark, 1, store->catalog->finished);
        info->finished = mark == 1;
        return status;
    }
    return PIPETTE_OK;
}
