/* Datasets of numbers of fixed shape: cut into chunks that are allocated at once and never filled by HDF5, so that more
 * rows need more chunks and nothing else. A chunk is a whole number of rows, or, where rows are huge, a part of one;
 * either way the bytes of a chunk follow each other in the column. What is small stands in one piece, and is copied
 * when it grows.
 */
#include "layout.h"

#include <stdlib.h>

enum { SMALL_BYTES = 32 << 10, CHUNK_LEAST = 2 << 20, CHUNK_MOST = 64 << 20, CHUNKS_WANTED = 1024, CHUNKS_MOST = 8192 };
#define ROW_MOST (UINT64_C(1) << 30) /* a row above it is cut; HDF5's own limit is 4 GiB */

static uint64_t ceiling(uint64_t a, uint64_t b)
{
    return a / b + (a % b != 0);
}

/* The bytes of elements of a dataset behind dimension `from`. */
static uint64_t inner_bytes(uint64_t element, uint32_t rank, const hsize_t *extents, uint32_t from)
{
    uint32_t i;
    for (i = from; i < rank; i++)
        element *= extents[i];
    return element;
}

/* Cuts rows that are too large for one chunk: the first dimension whose elements are not too large any more is cut. */
static void cut_rows(store_cut *cut, uint64_t element, uint32_t rank, const hsize_t *extents)
{
    uint64_t inner;
    cut->split = 1;
    while (cut->split + 1 < rank && (inner = inner_bytes(element, rank, extents, cut->split + 1)) > CHUNK_MOST)
        cut->split++;
    inner = inner_bytes(element, rank, extents, cut->split + 1);
    cut->rows = 1;
    cut->piece = CHUNK_MOST / inner > 0 ? CHUNK_MOST / inner : 1;
    cut->bytes = cut->piece * inner;
}

/* The rows that a chunk gets so that it fits to the axes: the least that are enough, or else the most that are fewer,
 * unless those are too few: chunks that fit to nothing are better than very many. */
static uint64_t fitting(uint64_t wanted, uint64_t most, const store_table *grid)
{
    enum { TOO_FEW = 8 };
    uint64_t below = 1, run = 1, n, d;
    uint32_t i;
    for (i = grid->axis_count; i-- > 0 && run <= most; run *= n) {
        n = grid->axes[i].extent;
        for (d = wanted / run < n ? wanted / run : n; d > 1 && i > 0 && n % d != 0; d--)
            continue;
        below = d * run > below ? d * run : below;
        for (d = d > 0 ? d : 1; d <= n && d * run <= most; d++)
            if (d * run >= wanted && (i == 0 || n % d == 0))
                return d * run;
    }
    return run <= most ? run : below >= wanted / TOO_FEW ? below : wanted;
}

bool chunks_fit(const store_cut *cut, uint32_t axis_count, const hsize_t *axes)
{
    uint64_t rows = cut->rows;
    uint32_t i;
    if (cut->bytes == 0 || cut->split > 0)
        return cut->bytes == 0;
    for (i = axis_count; i-- > 1; rows = rows > axes[i] ? rows / axes[i] : 1)
        if (rows > axes[i] ? rows % axes[i] != 0 : axes[i] % rows != 0)
            return false;
    return rows <= axes[0];
}

static void choose(store_cut *cut, uint64_t element, uint32_t rank, const hsize_t *extents, const store_table *grid)
{
    uint64_t row = inner_bytes(element, rank, extents, 1), total = row * extents[0], wanted;
    memset(cut, 0, sizeof *cut);
    if (total <= SMALL_BYTES)
        return;
    if (row > ROW_MOST) {
        cut_rows(cut, element, rank, extents);
        return;
    }
    wanted = total / CHUNKS_WANTED;
    wanted = wanted < CHUNK_LEAST ? CHUNK_LEAST : wanted > CHUNK_MOST ? CHUNK_MOST : wanted;
    cut->rows = wanted / row > 0 ? wanted / row : 1;
    cut->rows = cut->rows < extents[0] ? cut->rows : extents[0];
    if (grid != NULL)
        cut->rows = fitting(cut->rows, CHUNK_MOST / row > 0 ? CHUNK_MOST / row : 1, grid);
    cut->bytes = cut->rows * row;
}

static uint64_t count_of(const store_cut *cut, uint32_t rank, const hsize_t *extents)
{
    uint64_t count;
    uint32_t i;
    if (cut->bytes == 0)
        return 1;
    count = ceiling(extents[0], cut->rows);
    for (i = 1; cut->split > 0 && i <= cut->split && i < rank; i++)
        count *= i < cut->split ? extents[i] : ceiling(extents[i], cut->piece);
    return count;
}

/* Whether a dataset has grown so much that larger chunks are worth a copy. */
static bool too_many(const store_cut *cut, uint32_t rank, const hsize_t *extents)
{
    return cut->split == 0 && cut->bytes < CHUNK_MOST && count_of(cut, rank, extents) > CHUNKS_MOST;
}

/* How many bytes of the column chunk `k` holds, which begins with byte `at`. */
static uint64_t bytes_of_chunk(const store_cut *cut, uint32_t rank, const hsize_t *extents, uint64_t total, uint64_t k,
                               uint64_t at)
{
    uint64_t pieces, last;
    (void)rank;
    if (cut->split == 0)
        return cut->bytes == 0 || total - at < cut->bytes ? total - at : cut->bytes;
    pieces = ceiling(extents[cut->split], cut->piece);
    last = extents[cut->split] - (pieces - 1) * cut->piece;
    return (k + 1) % pieces == 0 ? cut->bytes / cut->piece * last : cut->bytes;
}

static bool same_cut(const store_cut *a, const store_cut *b)
{
    return a->bytes > 0 && a->bytes == b->bytes && a->rows == b->rows && a->split == b->split && a->piece == b->piece;
}

/* Where chunk `k` stands already. 0: nowhere, or it needs more room there. */
static uint64_t old_place(const writer *w, const chunks_spec *spec, uint64_t at, uint64_t bytes)
{
    uint64_t run = 0, address;
    if (!w->in_place || spec->old == NULL || at >= spec->old->bytes)
        return 0;
    address = places_at(spec->old, at, &run);
    if (same_cut(spec->cut, spec->old_cut))
        return address;
    /* Out of one piece: whole chunks only. */
    return spec->old_cut->bytes == 0 && run >= bytes &&
                   bytes == (spec->cut->bytes > 0 ? spec->cut->bytes : spec->old->bytes)
               ? address
               : 0;
}

static bool describe(hid_t properties, const chunks_spec *spec)
{
    hsize_t chunk[STORE_RANK_MAX + 2];
    char fill[16];
    uint32_t i;
    bool ok = H5Pset_layout(properties, H5D_CONTIGUOUS) >= 0;
    if (spec->cut->bytes > 0) {
        for (i = 0; i < spec->rank; i++)
            chunk[i] = i == 0                                          ? spec->cut->rows
                       : spec->cut->split == 0 || i > spec->cut->split ? spec->extents[i]
                       : i == spec->cut->split                         ? spec->cut->piece
                                                                       : 1;
        ok = H5Pset_chunk(properties, (int)spec->rank, chunk) >= 0;
    }
    store_fill(spec->type, fill, 1);
    return ok && H5Pset_alloc_time(properties, H5D_ALLOC_TIME_EARLY) >= 0 &&
           H5Pset_fill_time(properties, H5D_FILL_TIME_NEVER) >= 0 &&
           H5Pset_fill_value(properties, h5_number_type(spec->type), fill) >= 0;
}

/* The most extents that the chunks have room for: a chunk must not be larger than its dataset may become. */
static hid_t make_space(const chunks_spec *spec)
{
    hsize_t most[STORE_RANK_MAX + 2];
    memcpy(most, spec->extents, spec->rank * sizeof *most);
    if (spec->cut->bytes > 0)
        most[0] = ceiling(most[0], spec->cut->rows) * spec->cut->rows;
    return H5Screate_simple((int)spec->rank, spec->extents, most);
}

int chunks_create(writer *w, const chunks_spec *spec, hid_t *out)
{
    h5_overlay *overlay = w->overlay;
    uint64_t element = H5Tget_size(h5_number_type(spec->type)),
             total = inner_bytes(element, spec->rank, spec->extents, 0);
    uint64_t count, k, at, bytes, *addresses;
    hid_t properties, space;
    int status;
    *out = -1;
    if (total > 0 && spec->old != NULL && spec->old_cut->bytes > 0 &&
        !too_many(spec->old_cut, spec->rank, spec->extents))
        *spec->cut = *spec->old_cut;
    else
        choose(spec->cut, element, spec->rank, spec->extents, spec->grid);
    count = total > 0 ? count_of(spec->cut, spec->rank, spec->extents) : 0;
    addresses = malloc((size_t)count * sizeof *addresses + 1);
    status = addresses != NULL ? PIPETTE_OK : store_memory(w->store);
    properties = H5Pcreate(H5P_DATASET_CREATE);
    space = make_space(spec);
    for (k = at = 0; status == PIPETTE_OK && k < count; k++, at += bytes) {
        bytes = bytes_of_chunk(spec->cut, spec->rank, spec->extents, total, k, at);
        addresses[k] = old_place(w, spec, at, bytes);
    }
    if (status == PIPETTE_OK) {
        overlay->queue = addresses;
        overlay->queue_count = count;
        overlay->queue_at = 0;
        overlay->queue_bytes = spec->cut->bytes > 0 ? spec->cut->bytes : total;
        if (describe(properties, spec))
            *out =
                H5Dcreate2(w->file, spec->path, h5_number_type(spec->type), space, w->links, properties, H5P_DEFAULT);
        if (*out < 0)
            status = layout_failed(w);
        else if (overlay->queue_at != count)
            status = store_fail(w->store, PIPETTE_E_STORAGE,
                                "cannot write '%s': HDF5 asks for another room than expected", w->store->path);
        overlay->queue = NULL;
        overlay->queue_count = overlay->queue_at = 0;
    }
    if (spec->places != NULL)
        places_free(spec->places);
    for (k = at = 0; spec->places != NULL && status == PIPETTE_OK && k < count; k++, at += bytes) {
        bytes = bytes_of_chunk(spec->cut, spec->rank, spec->extents, total, k, at);
        if (!places_add(spec->places, addresses[k], bytes))
            status = store_memory(w->store);
    }
    free(addresses);
    (void)H5Pclose(properties);
    (void)H5Sclose(space);
    return status;
}

int chunks_share(writer *w, const char *path, int type, uint32_t axis_count, uint32_t rank, const hsize_t *extents,
                 const store_cut *cut, const store_places *places, hid_t *out)
{
    uint64_t count = cut->bytes > 0 ? ceiling(places->bytes, cut->bytes) : 1, rows = cut->rows, k, run, *addresses;
    hsize_t chunk[STORE_RANK_MAX + 2];
    char fill[16];
    hid_t properties = H5Pcreate(H5P_DATASET_CREATE), space = H5Screate_simple((int)rank, extents, NULL);
    h5_overlay *overlay = w->overlay;
    uint32_t i;
    bool ok = cut->bytes == 0;
    *out = -1;
    if (cut->bytes > 0) {
        for (i = axis_count; i-- > 0; rows = rows > extents[i] ? rows / extents[i] : 1)
            chunk[i] = rows < extents[i] ? rows : extents[i];
        for (i = axis_count; i < rank; i++)
            chunk[i] = extents[i];
        ok = H5Pset_chunk(properties, (int)rank, chunk) >= 0;
    }
    addresses = malloc((size_t)count * sizeof *addresses);
    store_fill(type, fill, 1);
    ok = ok && addresses != NULL && H5Pset_alloc_time(properties, H5D_ALLOC_TIME_EARLY) >= 0 &&
         H5Pset_fill_time(properties, H5D_FILL_TIME_NEVER) >= 0 &&
         H5Pset_fill_value(properties, h5_number_type(type), fill) >= 0;
    for (k = 0; ok && k < count; k++)
        addresses[k] = places_at(places, k * cut->bytes, &run);
    overlay->queue = addresses;
    overlay->queue_count = ok ? count : 0;
    overlay->queue_at = 0;
    overlay->queue_bytes = cut->bytes > 0 ? cut->bytes : places->bytes;
    if (ok)
        *out = H5Dcreate2(w->file, path, h5_number_type(type), space, w->links, properties, H5P_DEFAULT);
    ok = *out >= 0 && overlay->queue_at == count;
    overlay->queue = NULL;
    overlay->queue_count = overlay->queue_at = 0;
    free(addresses);
    (void)H5Pclose(properties);
    (void)H5Sclose(space);
    return ok ? PIPETTE_OK : layout_failed(w);
}

/* ---- A dataset that is there ---- */

/* Reading one element of a chunk, the driver tells where that stands instead. */
static int probe_chunk(store_file *store, hid_t id, hid_t space, uint32_t rank, const hsize_t *start, int type,
                       uint64_t *address)
{
    hsize_t ones[STORE_RANK_MAX + 2];
    hid_t memory = H5Screate(H5S_SCALAR);
    char element[16];
    uint32_t i;
    bool ok;
    for (i = 0; i < rank; i++)
        ones[i] = 1;
    store->probe.armed = true;
    store->probe.bytes = 0;
    ok = H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, ones, NULL) >= 0 &&
         H5Dread(id, h5_number_type(type), memory, space, H5P_DEFAULT, element) >= 0;
    store->probe.armed = false;
    (void)H5Sclose(memory);
    *address = store->probe.address;
    return ok && store->probe.bytes > 0 ? PIPETTE_OK : STORE_NONE;
}

/* The first element of chunk `k`. */
static void begin_of_chunk(const store_cut *cut, uint32_t rank, const hsize_t *extents, uint64_t k, hsize_t *start)
{
    uint32_t i;
    memset(start, 0, rank * sizeof *start);
    for (i = cut->split; i > 0; i--) {
        uint64_t along = i == cut->split ? ceiling(extents[i], cut->piece) : extents[i];
        start[i] = k % along * (i == cut->split ? cut->piece : 1);
        k /= along;
    }
    start[0] = k * cut->rows;
}

/* The cut of a dataset with these chunks, if it is one of ours. */
static bool cut_of(store_cut *cut, uint64_t element, uint32_t rank, const hsize_t *extents, const hsize_t *chunk)
{
    uint32_t i;
    memset(cut, 0, sizeof *cut);
    cut->rows = chunk[0];
    cut->bytes = inner_bytes(element, rank, chunk, 0);
    for (i = 1; i < rank && chunk[i] == extents[i]; i++)
        continue;
    if (i == rank)
        return true;
    for (i = 1; i < rank && chunk[i] == 1 && chunk[0] == 1 && extents[i] > 1; i++)
        continue;
    cut->split = i < rank ? i : rank - 1;
    cut->piece = chunk[cut->split];
    for (i = cut->split + 1; i < rank; i++)
        if (chunk[i] != extents[i])
            return false;
    return chunk[0] == 1;
}

int chunks_find(store_file *store, hid_t id, int type, store_cut *cut, store_places *places)
{
    hsize_t extents[STORE_RANK_MAX + 2], chunk[STORE_RANK_MAX + 2], start[STORE_RANK_MAX + 2];
    hid_t properties = H5Dget_create_plist(id), space = H5Dget_space(id);
    int rank = H5Sget_simple_extent_dims(space, extents, NULL), status = STORE_NONE;
    uint64_t element = H5Tget_size(h5_number_type(type)), total, count, k, at = 0, bytes, address = 0;
    memset(cut, 0, sizeof *cut);
    if (rank >= 1 && H5Pget_layout(properties) == H5D_CHUNKED && H5Pget_nfilters(properties) == 0 &&
        H5Pget_chunk(properties, rank, chunk) == rank && cut_of(cut, element, (uint32_t)rank, extents, chunk)) {
        total = inner_bytes(element, (uint32_t)rank, extents, 0);
        count = total > 0 ? count_of(cut, (uint32_t)rank, extents) : 0;
        for (status = PIPETTE_OK, k = 0; status == PIPETTE_OK && k < count; k++, at += bytes) {
            bytes = bytes_of_chunk(cut, (uint32_t)rank, extents, total, k, at);
            begin_of_chunk(cut, (uint32_t)rank, extents, k, start);
            status = probe_chunk(store, id, space, (uint32_t)rank, start, type, &address);
            if (status == STORE_NONE)
                status =
                    store_fail(store, PIPETTE_E_STORAGE, "'%s' is damaged: some of a result is not in it", store->path);
            else if (!places_add(places, address, bytes))
                status = store_memory(store);
        }
    }
    (void)H5Eclear2(H5E_DEFAULT);
    (void)H5Sclose(space);
    (void)H5Pclose(properties);
    return status;
}
