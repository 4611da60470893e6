/* An existing file: whether it is one of ours, and the catalog from what stands in it. */
#include "layout.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int cut_off(store_file *store, uint64_t size, uint64_t end)
{
    (void)H5Eclear2(H5E_DEFAULT);
    return store_fail(store, PIPETTE_E_STORAGE,
                      "'%s' is cut off: %" PRIu64 " of %" PRIu64 " bytes are there; remove it, or name another file",
                      store->path, size, end);
}

/* Says why HDF5 does not open what begins like an HDF5 file. */
static int explain(store_file *store, const unsigned char *head, uint64_t size)
{
    uint64_t end = extents_stored_end(head);
    if (size < 96 || size < end)
        return cut_off(store, size, end);
    return h5_fail(store, "'%s' is cut off or damaged; remove it, or name another file", store->path);
}

/* Where the log begins, behind everything else that was written with the structure; UINT64_MAX if there is none. */
static uint64_t log_begin(hid_t file)
{
    hid_t id = H5Dopen2(file, "/pipette/log", H5P_DEFAULT);
    int64_t begin = 0;
    if (id >= 0 && H5Dread(id, H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, &begin) < 0)
        begin = 0;
    if (id >= 0)
        (void)H5Dclose(id);
    return begin > 0 ? (uint64_t)begin : UINT64_MAX;
}

static bool has_format(hid_t file, char *format, size_t size)
{
    hid_t attribute, type;
    bool ok = false;
    if (H5Aexists(file, "pipette_format") <= 0)
        return false;
    attribute = H5Aopen(file, "pipette_format", H5P_DEFAULT);
    type = attribute >= 0 ? H5Aget_type(attribute) : -1;
    if (type >= 0 && H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) == 0 && H5Tget_size(type) < size) {
        memset(format, 0, size);
        ok = H5Aread(attribute, type, format) >= 0;
    }
    if (type >= 0)
        (void)H5Tclose(type);
    if (attribute >= 0)
        (void)H5Aclose(attribute);
    return ok;
}

/* `*whole` becomes false where what begins like an HDF5 file is cut off, or nothing that HDF5 takes for one. */
static int open_ours(store_file *store, int fd, int *version, hid_t *out, bool *whole)
{
    static const unsigned char signature[8] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
    unsigned char head[96] = {0};
    char format[32];
    struct stat facts;
    hid_t file;
    int status;
    if (fstat(fd, &facts) != 0 || pread(fd, head, sizeof head, 0) < 0)
        return store_system(store, "cannot read '%s'", store->path);
    if (facts.st_size == 0)
        return store_fail(store, PIPETTE_E_STORAGE,
                          "'%s' is empty, not a file of pipette; remove it, or name another file", store->path);
    if (memcmp(head, signature, sizeof signature) != 0)
        return store_fail(store, PIPETTE_E_STORAGE, "'%s' is not an HDF5 file", store->path);
    file = h5_open(store, fd);
    *whole = file >= 0 && (head[8] != 0 || (uint64_t)facts.st_size >= extents_stored_end(head));
    if (file < 0)
        return explain(store, head, (uint64_t)facts.st_size);
    if (!has_format(file, format, sizeof format)) {
        status =
            store_fail(store, PIPETTE_E_STORAGE, "'%s' is an HDF5 file, but pipette did not write it", store->path);
    } else if (format[0] < '1' || format[0] > '0' + STORE_FORMAT || format[1] != '\0') {
        status = store_fail(store, PIPETTE_E_STORAGE, "'%s' has format %s; this pipette knows formats 1 to %d",
                            store->path, format, STORE_FORMAT);
    } else if ((uint64_t)facts.st_size < extents_stored_end(head) && (uint64_t)facts.st_size < log_begin(file)) {
        status = cut_off(store, (uint64_t)facts.st_size, extents_stored_end(head));
    } else {
        *version = format[0] - '0';
        *out = file;
        return PIPETTE_OK;
    }
    (void)H5Eclear2(H5E_DEFAULT);
    (void)H5Fclose(file);
    return status;
}

/* Whether our mark stands in a file that HDF5 does not open any more, near its beginning or its end. */
static bool has_mark(int fd)
{
    static const char mark[] = "pipette_format";
    enum { BLOCK = 1 << 20, REACH = 64 << 20 };
    char *block = malloc(BLOCK);
    bool found = false;
    struct stat facts;
    off_t at = 0;
    ssize_t got = 1;
    if (block == NULL || fstat(fd, &facts) != 0)
        facts.st_size = 0;
    while (!found && got > 0 && at < facts.st_size) {
        if (at >= REACH && at < facts.st_size - REACH)
            at = facts.st_size - REACH;
        got = pread(fd, block, BLOCK, at);
        found = got > 0 && memmem(block, (size_t)got, mark, sizeof mark - 1) != NULL;
        at += got < BLOCK ? got : got - (ssize_t)sizeof mark; /* it may stand across two blocks */
    }
    free(block);
    return found;
}

int reopen_check(store_file *store, int fd)
{
    hid_t file = -1;
    bool whole = true;
    int version, status = open_ours(store, fd, &version, &file, &whole);
    if (status == PIPETTE_OK)
        (void)H5Fclose(file);
    if (status == PIPETTE_OK || whole)
        return status;
    if (has_mark(fd))
        return PIPETTE_OK; /* cut off or damaged, but ours */
    return store_fail(
        store, status,
        "'%s' is cut off or damaged, and nothing in it shows that pipette wrote it: remove it, or name another file",
        store->path);
}

/* An object that HDF5 cannot find any more was cut off, even if what was written since has made the file long again. */
int reopen_whole(store_file *store)
{
    unsigned char head[96];
    struct stat facts;
    hid_t file;
    uint32_t i;
    bool whole;
    int status = records_drain(store);
    if (status != PIPETTE_OK)
        return status;
    if (fstat(store->fd, &facts) != 0)
        return store_system(store, "cannot look at '%s'", store->path);
    read_rest(store); /* HDF5 must not remember */
    file = h5_open(store, store->fd);
    whole = file >= 0 && pread(store->fd, head, sizeof head, 0) == (ssize_t)sizeof head &&
            (uint64_t)facts.st_size >= extents_stored_end(head) && (uint64_t)facts.st_size >= store->records.end &&
            H5Lexists(file, "/pipette/layout", H5P_DEFAULT) > 0;
    for (i = 0; whole && i < store->catalog->column_count; i++) {
        const store_column *column = &store->catalog->columns[i];
        char *path = column->placed ? catalog_data_path(store, store->catalog, column) : NULL;
        hid_t id = path != NULL ? H5Dopen2(file, path, H5P_DEFAULT) : H5I_INVALID_HID;
        whole = !column->placed || id >= 0;
        free(path);
        if (id >= 0)
            (void)H5Dclose(id);
    }
    (void)H5Eclear2(H5E_DEFAULT);
    if (file >= 0)
        (void)H5Fclose(file);
    if (whole)
        return PIPETTE_OK;
    return store_fail(
        store, PIPETTE_E_STORAGE,
        "'%s' was cut off by another program while runs were being stored, and what they stored is damaged: remove it, "
        "and run again",
        store->path);
}

/* Whoever only reads needs no places: HDF5 reads it. But what is in one piece and has none is lost. */
static int stored_otherwise(store_file *store, hid_t id, const char *path)
{
    hid_t properties = H5Dget_create_plist(id);
    bool lost = H5Pget_layout(properties) == H5D_CONTIGUOUS || H5Dget_storage_size(id) == 0;
    (void)H5Pclose(properties);
    if (lost)
        return store_fail(store, PIPETTE_E_STORAGE, "'%s' is damaged: what %s holds is not in it", store->path, path);
    if (store->mode == PIPETTE_STORAGE_READ)
        return PIPETTE_OK;
    return store_fail(
        store, PIPETTE_E_STORAGE,
        "'%s' was rewritten by another tool: %s is stored in another way; `h5repack -f NONE -l CONTI` undoes "
        "that, and until then the file can only be read",
        store->path, path);
}

/* Where the data of a dataset stands, and the extent of its first axis; `bytes` that must be there. */
static int locate(store_file *store, const char *path, uint64_t *offset, uint64_t *extent, uint64_t element_bytes)
{
    hid_t id = H5Dopen2(store->h5, path, H5P_DEFAULT), space = id >= 0 ? H5Dget_space(id) : -1;
    hsize_t extents[STORE_RANK_MAX + 2] = {1};
    int rank = space >= 0 ? H5Sget_simple_extent_dims(space, extents, NULL) : -1, status = PIPETTE_OK;
    haddr_t address = id >= 0 ? H5Dget_offset(id) : HADDR_UNDEF;
    uint64_t bytes = rank >= 0 ? (uint64_t)H5Sget_simple_extent_npoints(space) * element_bytes : 0;
    if (rank < 0)
        status = h5_fail(store, "'%s' is damaged: cannot read %s", store->path, path);
    else if (bytes > 0 && (address == HADDR_UNDEF || H5Dget_storage_size(id) != bytes))
        status = stored_otherwise(store, id, path);
    if (offset != NULL)
        *offset = address == HADDR_UNDEF ? 0 : address;
    if (extent != NULL)
        *extent = extents[0];
    (void)H5Eclear2(H5E_DEFAULT);
    if (space >= 0)
        (void)H5Sclose(space);
    if (id >= 0)
        (void)H5Dclose(id);
    return status;
}

/* Where the data of a dataset of numbers stands, and how it is cut. */
static int locate_places(store_file *store, const char *path, int type, store_cut *cut, store_places *places,
                         uint64_t *extent)
{
    hsize_t extents[STORE_RANK_MAX + 2] = {1};
    hid_t access = H5Pcreate(H5P_DATASET_ACCESS), id, space;
    uint64_t bytes;
    haddr_t address;
    int rank, status = PIPETTE_OK;
    (void)H5Pset_chunk_cache(access, 0, 0, 1.0);
    id = H5Dopen2(store->h5, path, access);
    (void)H5Pclose(access);
    space = id >= 0 ? H5Dget_space(id) : -1;
    rank = space >= 0 ? H5Sget_simple_extent_dims(space, extents, NULL) : -1;
    if (rank < 0) {
        status = h5_fail(store, "'%s' is damaged: cannot read %s", store->path, path);
    } else {
        bytes = (uint64_t)H5Sget_simple_extent_npoints(space) * H5Tget_size(h5_number_type(type));
        address = H5Dget_offset(id);
        memset(cut, 0, sizeof *cut);
        if (bytes > 0 && address != HADDR_UNDEF && H5Dget_storage_size(id) == bytes)
            status = places_add(places, address, bytes) ? PIPETTE_OK : store_memory(store);
        else if (bytes > 0)
            status = chunks_find(store, id, type, cut, places);
        if (status == STORE_NONE)
            status = stored_otherwise(store, id, path);
        if (status == PIPETTE_OK && bytes > 0 && places->count == 0) {
            places->rewritten = rewritten_create(path);
            status = places->rewritten != NULL ? PIPETTE_OK : store_memory(store);
        }
    }
    if (extent != NULL)
        *extent = extents[0];
    (void)H5Eclear2(H5E_DEFAULT);
    if (space >= 0)
        (void)H5Sclose(space);
    if (id >= 0)
        (void)H5Dclose(id);
    return status;
}

/* The samples of a ragged column, and how many each run has. */
static int locate_ragged(store_file *store, store_column *column, uint64_t *rows)
{
    char *data = catalog_data_path(store, store->catalog, column), *run = store_format("%s/run", column->dataset);
    char *shape = store_format("%s_%s", column->dataset, column->rank == 1 ? "count" : "shape");
    int status = data != NULL && run != NULL && shape != NULL ? PIPETTE_OK : store_memory(store);
    column->total = UINT64_MAX; /* HDF5 finds strings, and looks at the end itself */
    if (status == PIPETTE_OK && column->type != PIPETTE_TYPE_STRING)
        status = locate_places(store, data, column->type, &column->cut, &column->places, &column->total);
    if (status == PIPETTE_OK && store->catalog->format >= 3)
        status = locate_places(store, run, catalog_run_type(store->catalog), &column->runs_cut, &column->runs, NULL);
    if (status == PIPETTE_OK)
        status = locate_places(store, shape, PIPETTE_TYPE_I64, &column->shapes_cut, &column->shapes, rows);
    free(data);
    free(run);
    free(shape);
    return status;
}

static int locate_column(store_file *store, store_column *column)
{
    uint64_t expected = catalog_rows(store->catalog, column), rows = expected;
    int status = PIPETTE_OK;
    if (!column->placed || column->form == STORE_SPARSE)
        return PIPETTE_OK;
    if (column->form == STORE_FIXED)
        status = locate_places(store, column->dataset, column->type, &column->cut, &column->places, &rows);
    else if (column->form == STORE_RAGGED)
        status = locate_ragged(store, column, &rows);
    else
        status = locate(store, column->dataset, NULL, &rows, 0);
    if (status == PIPETTE_OK && rows != expected)
        status = store_fail(store, PIPETTE_E_STORAGE, "'%s' was rewritten by another tool: '%s' has %" PRIu64 " rows",
                            store->path, column->path, rows);
    return status;
}

int reopen_catalog(store_file *store)
{
    store_value text = {{0}, NULL};
    hid_t file = -1;
    uint32_t i, k, count;
    bool whole = true;
    int version = 1, status = open_ours(store, store->fd, &version, &file, &whole);
    if (status != PIPETTE_OK)
        return status;
    store->h5 = file;
    if (store->mode == PIPETTE_STORAGE_UPDATE && (status = extents_lengthen(store)) != PIPETTE_OK)
        return status;
    status = h5_read(store, file, "/pipette/layout", PIPETTE_TYPE_STRING, 0, &text);
    if (status == PIPETTE_OK) {
        store->catalog = catalog_parse(store, text.value.as.string);
        status = store->catalog != NULL ? PIPETTE_OK : store->failure;
    }
    if (status == PIPETTE_OK)
        store->catalog->format = version;
    store_value_free(&text);
    if (status == PIPETTE_OK)
        status = h5_read(store, file, "/pipette/exploration", PIPETTE_TYPE_STRING, 0, &text);
    if (status == PIPETTE_OK) {
        free(store->catalog->exploration);
        store->catalog->exploration = store_copy(text.value.as.string);
        status = store->catalog->exploration != NULL ? PIPETTE_OK : store_memory(store);
    }
    store_value_free(&text);
    for (i = 0; status == PIPETTE_OK && i < store->catalog->column_count; i++)
        status = locate_column(store, &store->catalog->columns[i]);
    for (i = 0; status == PIPETTE_OK && i < store->catalog->table_count; i++) {
        store_table *table = &store->catalog->tables[i];
        for (k = 0; status == PIPETTE_OK && k < table->array_count; k++) {
            size_t size = pipette_type_size(table->arrays[k].type);
            status = locate(store, table->arrays[k].dataset, &table->arrays[k].offset, NULL,
                            table->arrays[k].type == PIPETTE_TYPE_COMPLEX ? size / 2 : size);
        }
    }
    if (status == PIPETTE_OK)
        status = locate(store, "/pipette/finished", &store->catalog->finished, NULL, 1);
    if (status == PIPETTE_OK && version > 1)
        status = locate(store, "/pipette/log", &store->catalog->log, NULL, 8);
    if (status == PIPETTE_OK && version > 1 && H5Lexists(file, "/pipette/placed", H5P_DEFAULT) > 0)
        status = locate(store, "/pipette/placed", &store->catalog->placed, NULL, 1);
    if (status == PIPETTE_OK && H5Lexists(file, "/pipette/blocks", H5P_DEFAULT) > 0)
        status = locate(store, "/pipette/blocks", &store->catalog->blocks, NULL, 8);
    if (status == PIPETTE_OK && store->mode == PIPETTE_STORAGE_UPDATE)
        status = structure_read(store);
    if (status == PIPETTE_OK)
        status = records_scan(store, store->mode == PIPETTE_STORAGE_UPDATE);
    if (status == PIPETTE_OK && store->mode == PIPETTE_STORAGE_UPDATE)
        status = repair_rows(store);
    if (status != PIPETTE_OK) /* perhaps without a catalog */
        return status;
    /* Columns that runs have added stand behind those of the layout, which ends with the ledger. They get a position
     * when they are added again. */
    for (count = store->catalog->column_count; count > 0 && store->catalog->columns[count - 1].optional; count--)
        ;
    for (i = 0; status == PIPETTE_OK && i < count; i++) {
        uint32_t *position = catalog_grow(store, (void **)&store->positions, &store->position_count, sizeof *position);
        if (position == NULL)
            return PIPETTE_E_MEMORY;
        *position = i;
    }
    return status;
}
