/* compress.c: one row of results made smaller. */
#include "engine/compress.h"

#include <libdeflate.h>
#include <stdlib.h>

struct compressor {
    struct libdeflate_compressor *deflate;
    unsigned char *shuffled, *packed;
    size_t room, packed_room;
};

compressor *compressor_create(uint32_t level, size_t bytes)
{
    compressor *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    c->deflate = libdeflate_alloc_compressor((int)level);
    c->room = bytes;
    c->packed_room = c->deflate == NULL ? 0 : libdeflate_zlib_compress_bound(c->deflate, bytes);
    c->shuffled = malloc(bytes + 1);
    c->packed = malloc(c->packed_room + 1);
    if (c->deflate == NULL || c->shuffled == NULL || c->packed == NULL) {
        compressor_destroy(c);
        return NULL;
    }
    return c;
}

void compressor_destroy(compressor *c)
{
    if (c == NULL)
        return;
    if (c->deflate != NULL)
        libdeflate_free_compressor(c->deflate);
    free(c->shuffled);
    free(c->packed);
    free(c);
}

size_t compressor_row(compressor *c, const void *data, uint64_t count, size_t element_size, const void **bytes)
{
    const unsigned char *from = data;
    size_t n = (size_t)count, i, j;
    if (n * element_size > c->room)
        return 0;
    /* The first bytes of all elements, then the second ones, ...: neighbours in a trace share their high bytes. */
    for (j = 0; j < element_size; j++) {
        unsigned char *to = c->shuffled + j * n;
        for (i = 0; i < n; i++)
            to[i] = from[i * element_size + j];
    }
    *bytes = c->packed;
    return libdeflate_zlib_compress(c->deflate, c->shuffled, n * element_size, c->packed, c->packed_room);
}
