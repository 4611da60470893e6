/* Rows that stand compressed: HDF5's shuffle, then deflate, one chunk of the dataset each.
 *
 * A row is compressed once, by whoever computed it. It stands in the log, and when the file gets its structure, in a
 * chunk whose bytes are those of the log: in the same file they stay where they are, into another one they are copied.
 */
#include "packed.h"

#include <libdeflate.h>
#include <stdlib.h>

struct store_packer {
    struct libdeflate_compressor *deflate;
    uint32_t level;
    struct libdeflate_decompressor *inflate;
    char *plain, *packed;
    size_t plain_room, packed_room;
};

static store_packer *packer_of(store_file *store)
{
    if (store->packer == NULL)
        store->packer = calloc(1, sizeof *store->packer);
    if (store->packer == NULL)
        (void)store_memory(store);
    return store->packer;
}

void packed_free(store_file *store)
{
    store_packer *packer = store->packer;
    if (packer == NULL)
        return;
    if (packer->deflate != NULL)
        libdeflate_free_compressor(packer->deflate);
    if (packer->inflate != NULL)
        libdeflate_free_decompressor(packer->inflate);
    free(packer->plain);
    free(packer->packed);
    free(packer);
    store->packer = NULL;
}

static bool make_room(char **buffer, size_t *room, size_t size)
{
    char *grown;
    if (size <= *room)
        return true;
    grown = realloc(*buffer, size);
    if (grown == NULL)
        return false;
    *buffer = grown;
    *room = size;
    return true;
}

/* What HDF5 takes for an element: a complex number is two. */
static size_t element_size(const store_column *column)
{
    return column->type == PIPETTE_TYPE_COMPLEX ? sizeof(double) : pipette_type_size(column->type);
}

int packed_make(store_file *store, const store_column *column, const void *elements, const void **bytes, size_t *size)
{
    store_packer *packer = packer_of(store);
    size_t width = element_size(column), count = (size_t)column->row_bytes / width, i, k;
    const char *from = elements;
    if (packer == NULL)
        return PIPETTE_E_MEMORY;
    if (packer->deflate != NULL && packer->level != column->level) {
        libdeflate_free_compressor(packer->deflate);
        packer->deflate = NULL;
    }
    if (packer->deflate == NULL)
        packer->deflate = libdeflate_alloc_compressor((int)column->level);
    packer->level = column->level;
    if (packer->deflate == NULL || !make_room(&packer->plain, &packer->plain_room, (size_t)column->row_bytes) ||
        !make_room(&packer->packed, &packer->packed_room,
                   libdeflate_zlib_compress_bound(packer->deflate, (size_t)column->row_bytes)))
        return store_memory(store);
    for (k = 0; k < width; k++)
        for (i = 0; i < count; i++)
            packer->plain[k * count + i] = from[i * width + k];
    *bytes = packer->packed;
    *size = libdeflate_zlib_compress(packer->deflate, packer->plain, (size_t)column->row_bytes, packer->packed,
                                     packer->packed_room);
    return *size > 0 ? PIPETTE_OK : store_fail(store, PIPETTE_E_STORAGE, "cannot compress '%s'", column->path);
}

int packed_open(store_file *store, const store_column *column, const void *bytes, size_t size, void *elements)
{
    store_packer *packer = packer_of(store);
    size_t width = element_size(column), count = (size_t)column->row_bytes / width, i, k;
    char *to = elements;
    if (packer == NULL)
        return PIPETTE_E_MEMORY;
    if (packer->inflate == NULL)
        packer->inflate = libdeflate_alloc_decompressor();
    if (packer->inflate == NULL || !make_room(&packer->plain, &packer->plain_room, (size_t)column->row_bytes))
        return store_memory(store);
    if (libdeflate_zlib_decompress(packer->inflate, bytes, size, packer->plain, (size_t)column->row_bytes, NULL) !=
        LIBDEFLATE_SUCCESS)
        return store_fail(store, PIPETTE_E_STORAGE, "'%s' is damaged: a value of '%s' cannot be decompressed",
                          store->path, column->path);
    for (k = 0; k < width; k++)
        for (i = 0; i < count; i++)
            to[i * width + k] = packer->plain[k * count + i];
    return PIPETTE_OK;
}

bool packed_plausible(const void *bytes, uint64_t size)
{
    const unsigned char *head = bytes;
    return size > 6 && size <= UINT32_MAX && (head[0] & 0x0f) == 8 && ((unsigned)head[0] << 8 | head[1]) % 31 == 0;
}

hid_t packed_create(writer *w, const store_column *column, uint32_t rank, const hsize_t *extents)
{
    hid_t properties = H5Pcreate(H5P_DATASET_CREATE), space = H5Screate_simple((int)rank, extents, NULL), id = -1;
    hsize_t chunk[STORE_RANK_MAX + 2];
    char fill[16];
    memcpy(chunk, extents, rank * sizeof *chunk);
    chunk[0] = 1;
    store_fill(column->type, fill, 1);
    /* Without rows there are no chunks. */
    if (extents[0] == 0 || (H5Pset_chunk(properties, (int)rank, chunk) >= 0 && H5Pset_shuffle(properties) >= 0 &&
                            H5Pset_deflate(properties, column->level) >= 0))
        if (H5Pset_fill_value(properties, h5_number_type(column->type), fill) >= 0)
            id = H5Dcreate2(w->file, column->dataset, h5_number_type(column->type), space, w->links, properties,
                            H5P_DEFAULT);
    (void)H5Pclose(properties);
    (void)H5Sclose(space);
    return id;
}

/* Where the bytes of a row stand in the open file: 0 bytes if it has none. `chunks`: its dataset has some. The buffer
 * is for HDF5, should it fill one. */
static int find_row(store_file *store, store_column *column, bool chunks, uint64_t row, char **buffer, size_t *room,
                    uint64_t *address, uint64_t *bytes)
{
    hsize_t at[STORE_RANK_MAX + 2] = {0}, size = 0;
    uint32_t mask = 0;
    int status = PIPETTE_OK;
    *bytes = 0;
    if (column->records != NULL && column->records[row] != 0)
        return records_place(store, column->records[row], column->path, address, bytes);
    if (!chunks)
        return PIPETTE_OK;
    at[0] = row;
    if (H5Dget_chunk_storage_size(column->id, at, &size) < 0 && !h5_said("chunk storage is not allocated"))
        return h5_fail(store, "cannot read '%s' of '%s'", column->path, store->path);
    (void)H5Eclear2(H5E_DEFAULT);
    if (size == 0)
        return PIPETTE_OK;
    if (!make_room(buffer, room, (size_t)size))
        return store_memory(store);
    /* HDF5 tells no chunk's place without going through all of them; but it has to ask for it when it reads. */
    store->probe.armed = true;
    store->probe.bytes = 0;
    status = H5Dread_chunk(column->id, H5P_DEFAULT, at, &mask, *buffer) < 0
                 ? h5_fail(store, "cannot read '%s' of '%s'", column->path, store->path)
                 : PIPETTE_OK;
    store->probe.armed = false;
    if (status == PIPETTE_OK && (store->probe.bytes != size || mask != 0))
        status =
            store_fail(store, PIPETTE_E_STORAGE, "'%s' was rewritten by another tool: '%s' is stored in another way",
                       store->path, column->path);
    *address = store->probe.address;
    *bytes = size;
    return status;
}

/* The next chunk that HDF5 writes has so many bytes, and goes to `address`; 0: HDF5 chooses, and w->keep says where. */
static void put_next(writer *w, uint64_t address, uint64_t bytes)
{
    w->keep = address;
    w->overlay->queue = &w->keep;
    w->overlay->queue_count = 1;
    w->overlay->queue_at = 0;
    w->overlay->queue_bytes = bytes;
}

static int check_put(writer *w)
{
    return w->overlay->queue_at == 1
               ? PIPETTE_OK
               : store_fail(w->store, PIPETTE_E_STORAGE, "cannot write '%s': HDF5 gives its data another place",
                            w->store->path);
}

int packed_fill(writer *w, store_column *column, hid_t dataset)
{
    store_file *store = w->store;
    store_states *states = calloc(1, sizeof *states);
    hsize_t at[STORE_RANK_MAX + 2] = {0};
    uint64_t row, address = 0, bytes = 0;
    char *buffer = NULL;
    size_t room = 0;
    bool chunks = false;
    int status;
    free(column->chunks);
    column->chunks = calloc((size_t)w->catalog->row_count + 1, 2 * sizeof *column->chunks);
    status = states != NULL && column->chunks != NULL ? PIPETTE_OK : store_memory(store);
    if (status == PIPETTE_OK && column->source->placed) {
        status = read_open(store, column->source);
        chunks = status == PIPETTE_OK && H5Dget_storage_size(column->source->id) > 0;
    }
    for (row = 0; status == PIPETTE_OK && row < store->catalog->row_count; row++) {
        int counts = columns_counts(store, states, column->source, row);
        if (counts < 0)
            status = counts;
        if (counts <= 0)
            continue;
        status = find_row(store, column->source, chunks, row, &buffer, &room, &address, &bytes);
        if (status != PIPETTE_OK || bytes == 0)
            continue;
        at[0] = row;
        if (!make_room(&buffer, &room, (size_t)bytes))
            status = store_memory(store);
        else if (!w->in_place)
            status = file_read(store, store->fd, buffer, bytes, address);
        if (status == PIPETTE_OK)
            put_next(w, w->in_place ? address : 0, bytes);
        if (status == PIPETTE_OK && H5Dwrite_chunk(dataset, H5P_DEFAULT, 0, at, (size_t)bytes, buffer) < 0)
            status = layout_failed(w);
        if (status == PIPETTE_OK)
            status = check_put(w);
        column->chunks[2 * row] = w->keep;
        column->chunks[2 * row + 1] = bytes;
    }
    layout_keep(w, 0, 0);
    free(buffer);
    free(states);
    return status;
}

/* The empty dataset over the axes. */
static hid_t create_shared(writer *w, const store_column *column, const char *path, uint32_t axes, uint32_t rank,
                           const hsize_t *extents)
{
    hid_t properties = H5Pcreate(H5P_DATASET_CREATE), space = H5Screate_simple((int)rank, extents, NULL), id = -1;
    hsize_t chunk[STORE_RANK_MAX + 2];
    char fill[16];
    uint32_t i;
    for (i = 0; i < rank; i++)
        chunk[i] = i < axes ? 1 : extents[i];
    store_fill(column->type, fill, 1);
    if (H5Pset_chunk(properties, (int)rank, chunk) >= 0 && H5Pset_shuffle(properties) >= 0 &&
        H5Pset_deflate(properties, column->level) >= 0 &&
        H5Pset_fill_value(properties, h5_number_type(column->type), fill) >= 0)
        id = H5Dcreate2(w->file, path, h5_number_type(column->type), space, w->links, properties, H5P_DEFAULT);
    (void)H5Pclose(properties);
    (void)H5Sclose(space);
    return id;
}

/* The chunk of row `row` of `flat`, which stands already, becomes one of `shared`, too. */
static int share_row(writer *w, const store_column *column, hid_t flat, hid_t shared, uint64_t row, const hsize_t *at,
                     char *buffer)
{
    const uint64_t address = column->chunks[2 * row], bytes = column->chunks[2 * row + 1];
    hsize_t from[STORE_RANK_MAX + 2] = {row};
    uint32_t mask = 0;
    /* Into what keeps its place nothing is written; elsewhere the same once more. */
    if (!w->in_place && H5Dread_chunk(flat, H5P_DEFAULT, from, &mask, buffer) < 0)
        return layout_failed(w);
    put_next(w, address, bytes);
    if (H5Dwrite_chunk(shared, H5P_DEFAULT, 0, at, (size_t)bytes, buffer) < 0)
        return layout_failed(w);
    return check_put(w);
}

int packed_share(writer *w, const store_column *column, hid_t flat, const char *path, uint32_t axes, uint32_t rank,
                 const hsize_t *extents, hid_t *out)
{
    hsize_t at[STORE_RANK_MAX + 2] = {0};
    uint64_t row, rest;
    char *buffer = NULL;
    size_t room = 0;
    uint32_t i;
    int status = PIPETTE_OK;
    *out = create_shared(w, column, path, axes, rank, extents);
    if (*out < 0)
        return layout_failed(w);
    for (row = 0; status == PIPETTE_OK && row < w->catalog->row_count; row++) {
        if (column->chunks[2 * row + 1] == 0)
            continue;
        for (i = axes, rest = row; i-- > 0; rest /= extents[i])
            at[i] = rest % extents[i];
        status = make_room(&buffer, &room, (size_t)column->chunks[2 * row + 1])
                     ? share_row(w, column, flat, *out, row, at, buffer)
                     : store_memory(w->store);
    }
    layout_keep(w, 0, 0);
    free(buffer);
    return status;
}
