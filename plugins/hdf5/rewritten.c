/* Datasets that another tool has stored in a way of its own, through filters or in other chunks: HDF5 reads them. */
#include "h5.h"

#include <stdlib.h>

enum { CACHE_BYTES = 128 << 20 }; /* a chunk that is larger is read anew for each row */

store_rewritten *rewritten_create(const char *dataset)
{
    store_rewritten *rewritten = calloc(1, sizeof *rewritten);
    if (rewritten != NULL && (rewritten->dataset = store_copy(dataset)) == NULL) {
        free(rewritten);
        return NULL;
    }
    return rewritten;
}

void rewritten_close(store_rewritten *rewritten)
{
    if (rewritten != NULL && rewritten->id > 0)
        (void)H5Dclose(rewritten->id);
    if (rewritten != NULL)
        rewritten->id = 0;
}

void rewritten_free(store_rewritten *rewritten)
{
    rewritten_close(rewritten);
    if (rewritten != NULL)
        free(rewritten->dataset);
    free(rewritten);
}

static int open_dataset(store_file *store, store_rewritten *rewritten)
{
    hid_t file = rewritten->id > 0 ? H5I_INVALID_HID : h5_source(store), access;
    if (rewritten->id > 0)
        return PIPETTE_OK;
    if (file < 0)
        return PIPETTE_E_STORAGE;
    access = H5Pcreate(H5P_DATASET_ACCESS);
    (void)H5Pset_chunk_cache(access, H5D_CHUNK_CACHE_NSLOTS_DEFAULT, CACHE_BYTES, 1.0);
    rewritten->id = H5Dopen2(file, rewritten->dataset, access);
    (void)H5Pclose(access);
    if (rewritten->id > 0)
        return PIPETTE_OK;
    rewritten->id = 0;
    return h5_fail(store, "cannot read %s of '%s'", rewritten->dataset, store->path);
}

/* The elements of these rows. */
static bool read_rows(hid_t id, hid_t space, int rank, const hsize_t *extents, uint64_t first, uint64_t count,
                      void *out)
{
    hsize_t start[STORE_RANK_MAX + 2] = {first}, counts[STORE_RANK_MAX + 2];
    hid_t memory, type = H5Dget_type(id);
    bool ok;
    memcpy(counts, extents, (size_t)rank * sizeof *counts);
    counts[0] = count;
    memory = H5Screate_simple(rank, counts, NULL);
    ok = H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, counts, NULL) >= 0 &&
         H5Dread(id, type, memory, space, H5P_DEFAULT, out) >= 0;
    (void)H5Sclose(memory);
    (void)H5Tclose(type);
    return ok;
}

int rewritten_read(store_file *store, store_rewritten *rewritten, void *data, uint64_t size, uint64_t at)
{
    hsize_t extents[STORE_RANK_MAX + 2];
    char *to = data, *row = NULL;
    uint64_t row_bytes = 1, n, skip, rows;
    hid_t space, type;
    int rank, i, status = open_dataset(store, rewritten);
    if (status != PIPETTE_OK)
        return status;
    space = H5Dget_space(rewritten->id);
    type = H5Dget_type(rewritten->id);
    rank = H5Sget_simple_extent_dims(space, extents, NULL);
    row_bytes = H5Tget_size(type);
    for (i = 1; i < rank; i++)
        row_bytes *= extents[i];
    for (; status == PIPETTE_OK && size > 0; to += n, at += n, size -= n) {
        skip = at % row_bytes;
        rows = skip == 0 ? size / row_bytes : 0;
        n = rows > 0 ? rows * row_bytes : row_bytes - skip < size ? row_bytes - skip : size;
        if (rows == 0 && row == NULL && (row = malloc((size_t)row_bytes)) == NULL)
            status = store_memory(store);
        else if (!read_rows(rewritten->id, space, rank, extents, at / row_bytes, rows > 0 ? rows : 1,
                            rows > 0 ? to : row))
            status = h5_fail(store, "cannot read %s of '%s'", rewritten->dataset, store->path);
        else if (rows == 0)
            memcpy(to, row + skip, (size_t)n);
    }
    free(row);
    (void)H5Tclose(type);
    (void)H5Sclose(space);
    return status;
}
