/* The storage plugin `hdf5`: the table of functions that the host calls, and the options. */
#include "store.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static void forget(store_file *store)
{
    uint32_t i;
    read_rest(store);
    build_abandon(store);
    structure_forget(store);
    file_close(store);
    records_free(store);
    packed_free(store);
    catalog_free(store->catalog);
    for (i = 0; i < store->pending_count; i++)
        catalog_table_free(&store->pending[i]);
    for (i = 0; i < store->pending_leaf_count; i++)
        catalog_leaf_free(&store->pending_leaves[i]);
    free(store->pending_leaves);
    free(store->pending);
    free(store->resets.spans);
    free(store->positions);
    free(store->path);
    free(store->folder);
    free(store->part);
    store_value_free(&store->result);
}

static void reset(store_file *store, pipette_stage *stage)
{
    memset(store, 0, sizeof *store);
    store->stage = stage;
    store->fd = store->replaced = -1;
    store->h5 = -1;
}

static int create(pipette_stage *stage)
{
    store_file *store = malloc(sizeof *store);
    if (store == NULL)
        return pipette_stage_fail(stage, PIPETTE_E_MEMORY, "out of memory");
    reset(store, stage);
    stage->instance = store;
    return PIPETTE_OK;
}

/* Without finish: what was written stays, the next start goes on from there. */
static void destroy(pipette_stage *stage)
{
    store_file *store = stage->instance;
    if (store == NULL)
        return;
    store->stage = stage;
    if (store->mode != 0 && store->mode != PIPETTE_STORAGE_READ && store->catalog != NULL)
        (void)records_drain(store);
    forget(store);
    free(store);
    stage->instance = NULL;
}

/* What each function needs: an open file, one that has been laid out, one that may be written, one that has its name.
 * Rows that are to be reset are noted, and all others find that done. */
enum { NEEDS_OPEN = 1, NEEDS_LAYOUT = 2, NEEDS_WRITING = 4, NEEDS_NAME = 8, NOTES_MORE = 16 };

static int check_file(store_file *store, int needs)
{
    if (store->mode == 0)
        return store_fail(store, PIPETTE_E_INVALID, "no file is open");
    if ((needs & NEEDS_WRITING) != 0 && store->mode == PIPETTE_STORAGE_READ)
        return store_fail(store, PIPETTE_E_INVALID, "'%s' was opened for reading", store->path);
    if ((needs & NEEDS_LAYOUT) != 0 && store->catalog == NULL)
        return store_fail(store, PIPETTE_E_INVALID, "'%s' has not been laid out", store->path);
    if ((needs & NEEDS_NAME) != 0) {
        int status = build_name(store);
        if (status != PIPETTE_OK)
            return status;
    }
    if ((needs & NEEDS_WRITING) != 0 && store->catalog != NULL && !store->changed)
        return build_mark(store, false);
    return PIPETTE_OK;
}

static int check(pipette_stage *stage, store_file **out, int needs)
{
    store_file *store = stage->instance;
    int status;
    *out = store;
    store->stage = stage;
    status = check_file(store, needs);
    return status == PIPETTE_OK && (needs & NOTES_MORE) == 0 ? rows_reset_now(store) : status;
}

static int open_file(pipette_stage *stage, const char *path, int mode)
{
    store_file *store = stage->instance;
    int status;
    store->stage = stage;
    if (store->mode != 0)
        return store_fail(store, PIPETTE_E_INVALID, "'%s' is open already", store->path);
    if (path == NULL || path[0] == '\0')
        return store_fail(store, PIPETTE_E_INVALID, "the storage needs the name of a file");
    if (mode < PIPETTE_STORAGE_READ || mode > PIPETTE_STORAGE_UPDATE)
        return store_fail(store, PIPETTE_E_INVALID, "a file cannot be opened in mode %d", mode);
    store->mode = mode;
    status = file_open(store, path, mode);
    if (status == PIPETTE_OK && store->replaced >= 0)
        status = reopen_check(store, store->replaced);
    if (status == PIPETTE_OK && store->fd >= 0)
        status = reopen_catalog(store);
    if (status != PIPETTE_OK) {
        forget(store);
        reset(store, stage);
    }
    return status;
}

static int lay_out(pipette_stage *stage, const pipette_layout *layout)
{
    store_file *store;
    int status = check(stage, &store, NEEDS_WRITING);
    if (status == PIPETTE_OK && (store->catalog != NULL || store->mode == PIPETTE_STORAGE_UPDATE))
        status = store_fail(store, PIPETTE_E_INVALID, "'%s' has a layout already", store->path);
    return status == PIPETTE_OK ? build_lay_out(store, layout) : status;
}

static int extend(pipette_stage *stage, const pipette_layout *layout)
{
    store_file *store;
    int status = check(stage, &store, NEEDS_WRITING | NEEDS_LAYOUT | NEEDS_NAME);
    return status == PIPETTE_OK ? build_extend(store, layout) : status;
}

static int write_rows(pipette_stage *stage, uint64_t first, uint64_t count, const pipette_column_data *data,
                      uint32_t data_count)
{
    store_file *store;
    int status = check(stage, &store, NEEDS_WRITING | NEEDS_LAYOUT);
    return status == PIPETTE_OK ? columns_write(store, first, count, data, data_count) : status;
}

static int append(pipette_stage *stage, uint64_t row, uint32_t column, const pipette_value *value)
{
    store_file *store;
    int status = check(stage, &store, NEEDS_WRITING | NEEDS_LAYOUT | NEEDS_NAME);
    return status == PIPETTE_OK ? columns_append(store, row, column, value) : status;
}

static int add_column(pipette_stage *stage, const pipette_column_spec *column)
{
    store_file *store;
    int status = check(stage, &store, NEEDS_WRITING | NEEDS_LAYOUT | NEEDS_NAME);
    return status == PIPETTE_OK ? columns_add(store, column) : status;
}

static int flush(pipette_stage *stage)
{
    store_file *store;
    int status = check(stage, &store, NEEDS_WRITING | NEEDS_LAYOUT | NEEDS_NAME);
    if (status == PIPETTE_OK)
        status = records_drain(store);
    if (status == PIPETTE_OK && store->catalog->power_safe && fdatasync(store->fd) != 0)
        status = store_system(store, "cannot write '%s'", store->path);
    return status;
}

static int read_rows(pipette_stage *stage, const char *path, uint64_t first, uint64_t count, int type, void *out)
{
    store_file *store;
    int status = check(stage, &store, NEEDS_LAYOUT);
    return status == PIPETTE_OK ? read_column(store, path, first, count, type, out) : status;
}

static int read_value(pipette_stage *stage, const char *path, uint64_t row, pipette_value *value)
{
    store_file *store;
    int status = check(stage, &store, NEEDS_LAYOUT);
    return status == PIPETTE_OK ? read_one(store, path, row, value) : status;
}

static int read_value_part(pipette_stage *stage, const char *path, uint64_t row, uint64_t first, uint64_t count,
                           pipette_value *value, uint64_t *total)
{
    store_file *store;
    int status = check(stage, &store, NEEDS_LAYOUT);
    return status == PIPETTE_OK ? read_part(store, path, row, first, count, value, total) : status;
}

static int info(pipette_stage *stage, pipette_storage_info *out)
{
    store_file *store;
    int status = check(stage, &store, NEEDS_LAYOUT);
    return status == PIPETTE_OK ? read_info(store, out) : status;
}

static int list(pipette_stage *stage, pipette_entry_visit visit, void *user)
{
    store_file *store;
    int status = check(stage, &store, NEEDS_LAYOUT);
    return status == PIPETTE_OK ? read_list(store, visit, user) : status;
}

static int put_table(pipette_stage *stage, const pipette_table *table)
{
    store_file *store;
    int status = check(stage, &store, NEEDS_WRITING | NEEDS_LAYOUT | NEEDS_NAME);
    return status == PIPETTE_OK ? tables_put(store, table) : status;
}

static int finish(pipette_stage *stage, int complete)
{
    store_file *store;
    int status = check(stage, &store, NEEDS_OPEN | NEEDS_NAME);
    if (status != PIPETTE_OK)
        return status;
    if (store->mode != PIPETTE_STORAGE_READ && store->catalog != NULL)
        status = build_finish(store, complete != 0);
    forget(store);
    reset(store, stage);
    return status;
}

static int value_rows(pipette_stage *stage, const char *path, int (*visit)(uint64_t row, void *user), void *user)
{
    store_file *store;
    int status = check(stage, &store, NEEDS_LAYOUT);
    return status == PIPETTE_OK ? columns_value_rows(store, path, visit, user) : status;
}

static int drop_column(pipette_stage *stage, const char *path)
{
    store_file *store;
    int status = check(stage, &store, NEEDS_WRITING | NEEDS_LAYOUT | NEEDS_NAME);
    return status == PIPETTE_OK ? columns_drop(store, path) : status;
}

static int reset_rows(pipette_stage *stage, uint64_t first, uint64_t count)
{
    store_file *store;
    int status = check(stage, &store, NEEDS_WRITING | NEEDS_LAYOUT | NEEDS_NAME | NOTES_MORE);
    return status == PIPETTE_OK ? rows_reset(store, first, count) : status;
}

static int put_leaf(pipette_stage *stage, const pipette_leaf_spec *leaf)
{
    store_file *store;
    int status = check(stage, &store, NEEDS_WRITING | NEEDS_LAYOUT | NEEDS_NAME);
    return status == PIPETTE_OK ? tables_put_leaf(store, leaf) : status;
}

static int place(pipette_stage *stage, uint32_t column, pipette_place *out)
{
    store_file *store;
    int status = check(stage, &store, NEEDS_WRITING | NEEDS_LAYOUT | NEEDS_NAME);
    return status == PIPETTE_OK ? columns_place(store, column, out) : status;
}

static int compact_file(pipette_stage *stage)
{
    store_file *store;
    int status = check(stage, &store, NEEDS_OPEN | NEEDS_LAYOUT | NEEDS_NAME);
    if (status == PIPETTE_OK && store->mode != PIPETTE_STORAGE_UPDATE)
        status = store_fail(store, PIPETTE_E_INVALID, "'%s' was not opened to be changed", store->path);
    return status == PIPETTE_OK ? build_compact(store) : status;
}

static int write_grid(pipette_stage *stage, const char *path, int replace)
{
    store_file *store;
    int status = check(stage, &store, NEEDS_LAYOUT);
    return status == PIPETTE_OK ? export_grid(store, path, replace != 0) : status;
}

static uint32_t level(pipette_stage *stage, uint32_t column)
{
    const store_file *store = stage->instance;
    if (store->catalog == NULL || column >= store->position_count)
        return 0;
    return store->catalog->columns[store->positions[column]].level;
}

static int append_compressed(pipette_stage *stage, uint64_t row, uint32_t column, const void *bytes, uint64_t size)
{
    store_file *store;
    int status = check(stage, &store, NEEDS_WRITING | NEEDS_LAYOUT | NEEDS_NAME);
    return status == PIPETTE_OK ? columns_append_packed(store, row, column, bytes, size) : status;
}

static const void *extension(const char *id)
{
    static const pipette_storage_direct direct = {(uint32_t)sizeof direct, 0, place};
    static const pipette_storage_compressed compressed = {(uint32_t)sizeof compressed, 0, level, append_compressed};
    static const pipette_storage_compact compact = {(uint32_t)sizeof compact, 0, compact_file};
    static const pipette_storage_grid grid = {(uint32_t)sizeof grid, 0, write_grid};
    if (strcmp(id, PIPETTE_STORAGE_GRID_EXTENSION) == 0)
        return &grid;
    if (strcmp(id, PIPETTE_STORAGE_COMPACT_EXTENSION) == 0)
        return &compact;
    if (strcmp(id, PIPETTE_STORAGE_COMPRESSED_EXTENSION) == 0)
        return &compressed;
    return strcmp(id, PIPETTE_STORAGE_DIRECT_EXTENSION) == 0 ? &direct : NULL;
}

static const pipette_storage table = {(uint32_t)sizeof(pipette_storage),
                                      PIPETTE_STORAGE_VERSION,
                                      create,
                                      destroy,
                                      open_file,
                                      lay_out,
                                      extend,
                                      write_rows,
                                      append,
                                      add_column,
                                      flush,
                                      read_rows,
                                      read_value,
                                      info,
                                      list,
                                      put_table,
                                      finish,
                                      read_value_part,
                                      value_rows,
                                      drop_column,
                                      reset_rows,
                                      put_leaf};

static const pipette_option_spec options[] = {
    PIPETTE_OPTION("file", PIPETTE_TYPE_STRING, NULL, "The HDF5 file; missing folders are made."),
};

PIPETTE_STORAGE("hdf5", "1.0", "Keeps a trajectory in one HDF5 file that xarray, h5py, netCDF and pandas read.",
                options, &table, extension);
