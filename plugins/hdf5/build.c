/* How a file begins, grows and ends: a new structure, and the data that has to move with it.
 *
 * A file begins under another name beside its own. It grows and ends in place: the new structure refers to the data of
 * fixed shape where that is, and is the file's from the write of one sector on. Whatever happens before the new name or
 * that write, the file is as it was.
 */
#include "h5.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* The catalog again, without values of leaves and axes: those are read from the file when they are written. */
static store_catalog *clone_catalog(store_file *store)
{
    store_text text = {NULL, 0, 0, false};
    store_catalog *catalog;
    char *exploration = store_copy(store->catalog->exploration);
    catalog_write(store->catalog, &text);
    if (text.failed || exploration == NULL) {
        free(text.data);
        free(exploration);
        (void)store_memory(store);
        return NULL;
    }
    catalog = catalog_parse(store, text.data);
    free(text.data);
    if (catalog == NULL) {
        free(exploration);
        return NULL;
    }
    free(catalog->exploration);
    catalog->exploration = exploration;
    return catalog;
}

/* ---- What waits ---- */

/* Tables that were put and wait go where no declaration has a newer word. */
static int take_pending(store_file *store, store_catalog *catalog, bool extends)
{
    while (store->pending_leaf_count > 0) {
        store_leaf *pending = &store->pending_leaves[store->pending_leaf_count - 1];
        store_leaf *leaf = tables_find_leaf(catalog->leaves, catalog->leaf_count, pending->path);
        if (leaf != NULL)
            catalog_leaf_free(leaf);
        else
            leaf = catalog_grow(store, (void **)&catalog->leaves, &catalog->leaf_count, sizeof *leaf);
        if (leaf == NULL)
            return PIPETTE_E_MEMORY;
        *leaf = *pending;
        store->pending_leaf_count--;
    }
    while (store->pending_count > 0) {
        store_table *pending = &store->pending[store->pending_count - 1];
        store_table *table = tables_find(catalog->tables, catalog->table_count, pending->path);
        if (table != NULL && extends) {
            catalog_table_free(pending);
        } else {
            if (table != NULL)
                catalog_table_free(table);
            else
                table = catalog_grow(store, (void **)&catalog->tables, &catalog->table_count, sizeof *table);
            if (table == NULL)
                return PIPETTE_E_MEMORY;
            *table = *pending;
        }
        store->pending_count--;
    }
    return PIPETTE_OK;
}

/* ---- Data ---- */

/* Rows of a column whose values are in the log, or which not every run has. */
static int copy_rows(store_file *store, int fd, store_column *column, uint64_t first, uint64_t count)
{
    store_column *source = column->source;
    places_sink *sink = malloc(sizeof *sink);
    char *fill = malloc((size_t)column->row_bytes + 1);
    uint64_t i;
    int status = sink != NULL && fill != NULL ? PIPETTE_OK : store_memory(store);
    if (status == PIPETTE_OK) {
        sink->store = store;
        sink->fd = fd;
        sink->used = 0;
        sink->places = &column->places;
        sink->at = first * column->row_bytes;
        store_fill(column->type, fill, column->elements);
    }
    for (i = first; status >= 0 && i < first + count; i++) {
        store_value value = {{0}, NULL};
        /* A block of rows that was of another size: the value of its first row. */
        uint64_t from = i * column->every / source->every;
        status = from < catalog_rows(store->catalog, source) ? read_row(store, source, from, &value) : STORE_NONE;
        if (status >= 0)
            status =
                places_sink_write(sink, status == PIPETTE_OK ? store_value_elements(&value) : fill, column->row_bytes);
        store_value_free(&value);
    }
    if (status == PIPETTE_OK)
        status = places_sink_flush(sink);
    free(sink);
    free(fill);
    return status;
}

/* Fill values into old rows that have no value in a column: `done` ones, where the column comes too late for them;
 * others, which hold anything, where the runs may come to have none. */
static int fill_old(store_file *store, int fd, const store_column *column, uint64_t rows, int done)
{
    store_states *states = calloc(1, sizeof *states);
    char *fill = malloc((size_t)column->row_bytes + 1);
    uint64_t row;
    int status = states != NULL && fill != NULL ? PIPETTE_OK : store_memory(store);
    if (status == PIPETTE_OK)
        store_fill(column->type, fill, column->elements);
    for (row = 0; status >= 0 && row < rows; row++) {
        status = columns_counts(store, states, column, row);
        if (status == done)
            status = places_write(store, &column->places, fd, fill, column->row_bytes, row * column->row_bytes);
    }
    free(fill);
    free(states);
    return status < 0 ? status : PIPETTE_OK;
}

static int copy_column(store_file *store, int fd, store_column *column, const store_catalog *catalog)
{
    uint64_t rows = catalog_rows(store->catalog, column), row_count = catalog_rows(catalog, column);
    int status;
    if (column->form == STORE_RAGGED)
        return ragged_copy(store, fd, catalog, column);
    if (column->form != STORE_FIXED || column->row_bytes == 0)
        return PIPETTE_OK;
    if (column->source == NULL)
        return column->role == PIPETTE_ROLE_RESULT ? fill_old(store, fd, column, rows, 1) : PIPETTE_OK;
    if (!column->source->placed || column->source->every != column->every)
        return copy_rows(store, fd, column, 0, row_count);
    status = places_copy(store, &column->source->places, &column->places, fd, 0, rows * column->row_bytes);
    if (status == PIPETTE_OK && column->optional)
        status = copy_rows(store, fd, column, rows, row_count - rows);
    return status == PIPETTE_OK && column->optional ? fill_old(store, fd, column, rows, 0) : status;
}

static int copy_table(store_file *store, int fd, store_table *table)
{
    uint32_t i;
    int status = PIPETTE_OK;
    for (i = 0; status == PIPETTE_OK && i < table->array_count; i++) {
        store_array *array = &table->arrays[i];
        uint64_t bytes = tables_bytes(table, array);
        if (array->data != NULL)
            status = file_write(store, fd, array->data, bytes, array->offset);
        else if (table->source != NULL && array->offset != table->source->arrays[i].offset)
            status = file_copy(store, store->fd, table->source->arrays[i].offset, fd, array->offset, bytes);
    }
    return status;
}

/* ---- The file ---- */

static void release_values(store_catalog *catalog)
{
    uint32_t i, k;
    for (i = 0; i < catalog->column_count; i++)
        catalog->columns[i].source = NULL;
    for (i = 0; i < catalog->leaf_count; i++)
        store_value_free(&catalog->leaves[i].value);
    for (i = 0; i < catalog->table_count; i++) {
        catalog->tables[i].source = NULL;
        for (k = 0; k < catalog->tables[i].array_count; k++) {
            free(catalog->tables[i].arrays[k].data);
            catalog->tables[i].arrays[k].data = NULL;
        }
    }
}

/* The states of the rows whose values are in this structure: whoever is done later has them in the log (repair.c). */
static int copy_states(store_file *store, const store_catalog *catalog, int fd)
{
    uint64_t rows = store->catalog->row_count, first, count;
    int8_t *states = catalog->placed > 0 ? malloc(STORE_BLOCK) : NULL;
    int status = catalog->placed == 0 || states != NULL ? PIPETTE_OK : store_memory(store);
    for (first = 0; status == PIPETTE_OK && states != NULL && first < rows; first += count) {
        count = rows - first < STORE_BLOCK ? rows - first : STORE_BLOCK;
        status = columns_states(store, first, count, states);
        if (status == PIPETTE_OK)
            status = file_write(store, fd, states, count, catalog->placed + first);
    }
    free(states);
    return status;
}

/* Whether rows without a value are to read as missing before anybody has stored one: numbers that tables are made of,
 * and those that several rows share. What holds more is filled at the end. */
static bool begins_filled(const store_column *column)
{
    enum { MOST = 128 << 20 };
    return column->form == STORE_FIXED && column->placed && column->role != PIPETTE_ROLE_PARAMETER &&
           column->code_count == 0 && (column->role == PIPETTE_ROLE_RESULT || column->type == PIPETTE_TYPE_F64) &&
           (column->every > 1 || (column->rank == 0 && column->places.bytes <= MOST));
}

static int fill_new(store_file *store, int fd, const store_column *column)
{
    const store_column *source = column->source;
    uint64_t at = source != NULL && source->placed && source->every == column->every ? source->places.bytes : 0, n;
    char cells[STORE_BLOCK];
    int status = PIPETTE_OK;
    if (!begins_filled(column))
        return PIPETTE_OK;
    store_fill(column->type, cells, sizeof cells / pipette_type_size(column->type));
    for (; status == PIPETTE_OK && at < column->places.bytes; at += n) {
        n = column->places.bytes - at < sizeof cells ? column->places.bytes - at : sizeof cells;
        status = places_write(store, &column->places, fd, cells, n, at);
    }
    return status;
}

/* A new structure in `fd`, and what does not stand there yet. HDF5 has it open. */
static int write_file(store_file *store, store_catalog *catalog, int fd, bool here)
{
    uint32_t i;
    int status = structure_begin(store, fd, here);
    if (status == PIPETTE_OK)
        status = layout_write(store, catalog);
    for (i = 0; status == PIPETTE_OK && i < catalog->column_count; i++)
        status = fill_new(store, fd, &catalog->columns[i]);
    for (i = 0; store->catalog != NULL && status == PIPETTE_OK && i < catalog->column_count; i++)
        status = copy_column(store, fd, &catalog->columns[i], catalog);
    if (store->catalog != NULL && status == PIPETTE_OK)
        status = copy_states(store, catalog, fd);
    for (i = 0; status == PIPETTE_OK && i < catalog->table_count; i++)
        status = copy_table(store, fd, &catalog->tables[i]);
    if (status != PIPETTE_OK)
        structure_abandon(store);
    return status;
}

/* The catalog is what the file `fd` has now. */
static void take_over(store_file *store, store_catalog *catalog, int fd)
{
    read_rest(store);
    if (fd != store->fd) {
        if (store->fd >= 0)
            (void)close(store->fd);
        store->fd = fd;
    }
    catalog_free(store->catalog);
    release_values(catalog);
    store->catalog = catalog;
    store->changed = true; /* the mark of a new structure is clear */
    records_begin(store);
}

/* Whether coordinates will be written before the runs. */
static bool waits_for_coordinates(const store_catalog *catalog)
{
    uint32_t i;
    for (i = 0; i < catalog->column_count; i++)
        if (catalog->columns[i].role == PIPETTE_ROLE_PARAMETER && catalog->columns[i].placed && catalog->row_count > 0)
            return true;
    return false;
}

/* Runs of an earlier command are not risked. Others are no safer than the machine they are on. */
static bool must_be_safe(const store_file *store, const store_catalog *catalog)
{
    return catalog->power_safe || store->mode == PIPETTE_STORAGE_UPDATE;
}

int build_name(store_file *store)
{
    bool safe, here;
    int status;
    if (!store->fresh)
        return PIPETTE_OK;
    if (store->building == NULL)
        return store_fail(store, PIPETTE_E_STORAGE, "'%s' could not be written before", store->path);
    safe = must_be_safe(store, store->catalog);
    here = store->building->in_place;
    status = structure_end(store, safe);
    if (status == PIPETTE_OK && !here)
        status = file_part_commit(store, store->fd, store->replaced >= 0, safe);
    if (status != PIPETTE_OK)
        return status;
    store->fresh = false;
    if (store->replaced >= 0)
        (void)close(store->replaced);
    store->replaced = -1;
    return PIPETTE_OK;
}

void build_abandon(store_file *store)
{
    bool here = store->building == NULL ? store->mode == PIPETTE_STORAGE_UPDATE : store->building->in_place;
    if (!store->fresh)
        return;
    structure_abandon(store);
    store->fresh = false;
    if (!here) {
        file_part_abort(store, store->fd);
        store->fd = -1;
    }
}

/* `catalog` (taken over, also on failure) becomes a new file. */
static int build_new(store_file *store, store_catalog *catalog)
{
    int fd = -1, status = match_catalog(store, catalog, false);
    if (status == PIPETTE_OK)
        status = file_part_begin(store, &fd);
    if (status == PIPETTE_OK) {
        status = write_file(store, catalog, fd, false);
        if (status != PIPETTE_OK)
            file_part_abort(store, fd);
    }
    if (status != PIPETTE_OK) {
        catalog_free(catalog);
        return status;
    }
    store->fresh = true;
    take_over(store, catalog, fd);
    return waits_for_coordinates(catalog) ? PIPETTE_OK : build_name(store);
}

/* `catalog` (taken over, also on failure) becomes what the open file has. HDF5 has the structure open until
 * build_name(). */
static int build_here(store_file *store, store_catalog *catalog)
{
    int status = match_catalog(store, catalog, true);
    if (status == PIPETTE_OK)
        status = write_file(store, catalog, store->fd, true);
    if (status != PIPETTE_OK) {
        catalog_free(catalog);
        return status;
    }
    store->fresh = true;
    take_over(store, catalog, store->fd);
    return PIPETTE_OK;
}

int build_mark(store_file *store, bool finished)
{
    int8_t mark = finished;
    int status = file_write(store, store->fd, &mark, 1, store->catalog->finished);
    store->changed = status == PIPETTE_OK && !finished;
    return status;
}

static int number_positions(store_file *store, uint32_t count)
{
    uint32_t i;
    free(store->positions);
    store->positions = NULL;
    store->position_count = 0;
    for (i = 0; i < count; i++) {
        uint32_t *position = catalog_grow(store, (void **)&store->positions, &store->position_count, sizeof *position);
        if (position == NULL)
            return PIPETTE_E_MEMORY;
        *position = i;
    }
    return PIPETTE_OK;
}

int build_lay_out(store_file *store, const pipette_layout *layout)
{
    store_catalog *catalog = catalog_from_layout(store, layout);
    int status;
    if (catalog == NULL)
        return store->failure;
    status = build_new(store, catalog);
    return status == PIPETTE_OK ? number_positions(store, layout->column_count) : status;
}

/* The runs of the old rows must be those of the same rows in the new catalog. */
static bool is_prefix(const store_catalog *old, const store_catalog *new)
{
    uint64_t left = old->row_count, old_used = 0, new_used = 0, step;
    uint32_t i = 0, k = 0;
    if (new->row_count < old->row_count)
        return false;
    while (left > 0) {
        const pipette_run_span *a = &old->spans[i], *b = &new->spans[k];
        step = a->count - old_used < b->count - new_used ? a->count - old_used : b->count - new_used;
        if (step > 0 && a->first + old_used != b->first + new_used)
            return false;
        left -= step;
        if ((old_used += step) == a->count) {
            old_used = 0;
            i++;
        }
        if ((new_used += step) == b->count) {
            new_used = 0;
            k++;
        }
    }
    return true;
}

/* What the old file has and the new layout does not name stays. */
static int carry_over(store_file *store, store_catalog *catalog)
{
    store_catalog *old = clone_catalog(store);
    uint32_t i, k;
    int status = old != NULL ? PIPETTE_OK : store->failure;
    for (i = 0; status == PIPETTE_OK && i < old->column_count; i++) {
        store_column *column;
        if (catalog_find(catalog, old->columns[i].path) != NULL)
            continue;
        column = catalog_grow(store, (void **)&catalog->columns, &catalog->column_count, sizeof *column);
        if (column == NULL) {
            status = PIPETTE_E_MEMORY;
            break;
        }
        *column = old->columns[i];
        column->optional = true; /* new runs may leave it out */
        memset(&old->columns[i], 0, sizeof old->columns[i]);
    }
    for (i = 0; status == PIPETTE_OK && i < old->leaf_count; i++) {
        bool known = catalog_find(catalog, old->leaves[i].path) != NULL; /* a parameter that is explored now */
        store_leaf *leaf;
        for (k = 0; !known && k < catalog->leaf_count; k++)
            known = strcmp(catalog->leaves[k].path, old->leaves[i].path) == 0;
        if (known)
            continue;
        leaf = catalog_grow(store, (void **)&catalog->leaves, &catalog->leaf_count, sizeof *leaf);
        if (leaf == NULL) {
            status = PIPETTE_E_MEMORY;
            break;
        }
        *leaf = old->leaves[i];
        memset(&old->leaves[i], 0, sizeof old->leaves[i]);
    }
    for (i = 0; status == PIPETTE_OK && i < old->table_count; i++) {
        store_table *table;
        if (tables_find(catalog->tables, catalog->table_count, old->tables[i].path) != NULL)
            continue;
        table = catalog_grow(store, (void **)&catalog->tables, &catalog->table_count, sizeof *table);
        if (table == NULL) {
            status = PIPETTE_E_MEMORY;
            break;
        }
        *table = old->tables[i];
        memset(&old->tables[i], 0, sizeof old->tables[i]);
    }
    catalog_free(old);
    return status;
}

int build_extend(store_file *store, const pipette_layout *layout)
{
    store_catalog *catalog = catalog_from_layout(store, layout);
    int status;
    if (catalog == NULL)
        return store->failure;
    status = file_still_there(store);
    if (status == PIPETTE_OK)
        status = reopen_whole(store);
    if (status == PIPETTE_OK)
        status = is_prefix(store->catalog, catalog)
                     ? carry_over(store, catalog)
                     : store_fail(store, PIPETTE_E_INVALID, "the runs of '%s' are not the first ones of the new layout",
                                  store->path);
    if (status == PIPETTE_OK)
        status = take_pending(store, catalog, true);
    if (status != PIPETTE_OK) {
        catalog_free(catalog);
        return status;
    }
    status = build_here(store, catalog);
    if (status == PIPETTE_OK && !waits_for_coordinates(store->catalog))
        status = build_name(store);
    return status == PIPETTE_OK ? number_positions(store, layout->column_count) : status;
}

int build_finish(store_file *store, bool complete)
{
    bool waiting = records_any(store) || store->pending_count > 0 || store->pending_leaf_count > 0;
    uint32_t i;
    int status = records_drain(store), filled;
    if (status == PIPETTE_OK)
        status = file_still_there(store);
    if (status == PIPETTE_OK)
        status = reopen_whole(store);
    if (status != PIPETTE_OK)
        return status;
    for (i = 0; complete && i < store->catalog->column_count; i++)
        waiting = waiting || (!store->catalog->columns[i].placed && store->catalog->columns[i].form != STORE_SPARSE);
    status = match_holes_differ(store, &waiting);
    if (status == PIPETTE_OK && waiting) {
        store_catalog *catalog = clone_catalog(store);
        status = catalog != NULL ? take_pending(store, catalog, false) : store->failure;
        if (status == PIPETTE_OK)
            status = build_here(store, catalog) == PIPETTE_OK ? build_name(store) : store->failure;
        else
            catalog_free(catalog);
    }
    filled = rows_fill(store);
    if (status == PIPETTE_OK)
        status = filled;
    if (status == PIPETTE_OK)
        status = build_mark(store, complete);
    if (store->catalog->power_safe && fdatasync(store->fd) != 0 && status == PIPETTE_OK)
        status = store_system(store, "cannot write '%s'", store->path);
    return status;
}

int build_compact(store_file *store)
{
    pipette_storage_info info = {.size = sizeof info};
    store_catalog *catalog = NULL;
    int status = records_drain(store);
    if (status == PIPETTE_OK)
        status = file_still_there(store);
    if (status == PIPETTE_OK)
        status = reopen_whole(store);
    if (status == PIPETTE_OK)
        status = read_info(store, &info);
    if (status == PIPETTE_OK)
        status = (catalog = clone_catalog(store)) != NULL ? take_pending(store, catalog, false) : store->failure;
    if (status != PIPETTE_OK) {
        catalog_free(catalog);
        return status;
    }
    /* The locks stay until the new file has the name. */
    store->replaced = fcntl(store->fd, F_DUPFD_CLOEXEC, 0);
    if (store->replaced < 0) {
        catalog_free(catalog);
        return store_system(store, "cannot replace '%s'", store->path);
    }
    status = build_new(store, catalog);
    if (status == PIPETTE_OK)
        status = build_mark(store, info.finished != 0);
    return status == PIPETTE_OK ? build_name(store) : status;
}
