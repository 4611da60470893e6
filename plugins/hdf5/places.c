/* Where the bytes of a column stand: spans of the file, in the order of the column's bytes. */
#include "store.h"

#include <stdlib.h>

bool places_add(store_places *places, uint64_t offset, uint64_t bytes)
{
    pipette_place_span *last = places->count > 0 ? &places->spans[places->count - 1] : NULL, *grown;
    if (bytes == 0)
        return true;
    if (last != NULL && last->offset + last->bytes == offset) {
        last->bytes += bytes;
        places->bytes += bytes;
        return true;
    }
    if ((places->count & (places->count - 1)) == 0) { /* at powers of two */
        grown = realloc(places->spans, (places->count == 0 ? 1 : 2 * (size_t)places->count) * sizeof *grown);
        if (grown == NULL)
            return false;
        places->spans = grown;
    }
    places->spans[places->count++] = (pipette_place_span){places->bytes, bytes, offset};
    places->bytes += bytes;
    return true;
}

void places_free(store_places *places)
{
    rewritten_free(places->rewritten);
    free(places->spans);
    memset(places, 0, sizeof *places);
}

uint64_t places_at(const store_places *places, uint64_t at, uint64_t *bytes)
{
    uint32_t low = 0, high = places->count;
    const pipette_place_span *span;
    if (at >= places->bytes) {
        *bytes = 0;
        return 0;
    }
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (places->spans[middle].first <= at)
            low = middle;
        else
            high = middle;
    }
    span = &places->spans[low];
    *bytes = span->first + span->bytes - at;
    return span->offset + (at - span->first);
}

uint64_t places_first(const store_places *places)
{
    return places->count > 0 ? places->spans[0].offset : 0;
}

/* One step of a walk over `size` bytes from `at` on: where the next ones stand, at most `size`. */
static int step(store_file *store, const store_places *places, uint64_t at, uint64_t size, uint64_t *offset,
                uint64_t *bytes)
{
    *offset = places_at(places, at, bytes);
    if (*bytes == 0)
        return store_fail(store, PIPETTE_E_INTERNAL, "'%s': a column has no place for byte %llu", store->path,
                          (unsigned long long)at);
    *bytes = *bytes < size ? *bytes : size;
    return PIPETTE_OK;
}

int places_write(store_file *store, const store_places *places, int fd, const void *data, uint64_t size, uint64_t at)
{
    const char *from = data;
    uint64_t offset, n;
    int status = PIPETTE_OK;
    for (; status == PIPETTE_OK && size > 0; from += n, at += n, size -= n) {
        status = step(store, places, at, size, &offset, &n);
        if (status == PIPETTE_OK)
            status = file_write(store, fd, from, n, offset);
    }
    return status;
}

int places_write_rows(store_file *store, const store_places *places, int fd, const void *data, uint64_t stride,
                      uint64_t row_bytes, uint64_t rows, uint64_t at)
{
    const char *from = data;
    uint64_t offset, n;
    int status = PIPETTE_OK;
    if (row_bytes == 0)
        return PIPETTE_OK;
    while (status == PIPETTE_OK && rows > 0) {
        status = step(store, places, at, rows * row_bytes, &offset, &n);
        if (status != PIPETTE_OK)
            return status;
        n /= row_bytes;
        if (n == 0) { /* a row that is larger than its places */
            n = 1;
            status = places_write(store, places, fd, from, row_bytes, at);
        } else {
            status = file_write_rows(store, fd, from, stride, row_bytes, n, offset);
        }
        from += n * stride;
        at += n * row_bytes;
        rows -= n;
    }
    return status;
}

int places_read(store_file *store, const store_places *places, void *data, uint64_t size, uint64_t at)
{
    char *to = data;
    uint64_t offset, n;
    int status = PIPETTE_OK;
    if (places->rewritten != NULL)
        return rewritten_read(store, places->rewritten, data, size, at);
    for (; status == PIPETTE_OK && size > 0; to += n, at += n, size -= n) {
        status = step(store, places, at, size, &offset, &n);
        if (status == PIPETTE_OK)
            status = file_read(store, store->fd, to, n, offset);
    }
    return status;
}

int places_copy(store_file *store, const store_places *from, const store_places *to, int fd, uint64_t at, uint64_t size)
{
    uint64_t in, out, n, m;
    int status = PIPETTE_OK;
    for (; status == PIPETTE_OK && size > 0; at += n, size -= n) {
        status = step(store, from, at, size, &in, &n);
        if (status == PIPETTE_OK)
            status = step(store, to, at, n, &out, &m);
        if (status != PIPETTE_OK)
            return status;
        n = n < m ? n : m;
        if (in != out || fd != store->fd)
            status = file_copy(store, store->fd, in, fd, out, n);
    }
    return status;
}

int places_sink_flush(places_sink *sink)
{
    int status = places_write(sink->store, sink->places, sink->fd, sink->buffer, sink->used, sink->at);
    sink->at += sink->used;
    sink->used = 0;
    return status;
}

int places_sink_write(places_sink *sink, const void *data, uint64_t size)
{
    int status;
    if (sink->used + size > sizeof sink->buffer) {
        status = places_sink_flush(sink);
        if (status != PIPETTE_OK)
            return status;
    }
    if (size > sizeof sink->buffer) {
        status = places_write(sink->store, sink->places, sink->fd, data, size, sink->at);
        sink->at += size;
        return status;
    }
    memcpy(sink->buffer + sink->used, data, (size_t)size);
    sink->used += size;
    return PIPETTE_OK;
}
