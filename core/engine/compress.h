/* compress.h: one row of results made smaller: HDF5's shuffle filter, then deflate in zlib's format. Done by the
 * workers, in parallel. */
#ifndef CORE_ENGINE_COMPRESS_H
#define CORE_ENGINE_COMPRESS_H

#include <pipette/base.h>

typedef struct compressor compressor;

/* For rows of at most `bytes` bytes, at a deflate level from 1 to 9. NULL: out of memory. */
compressor *compressor_create(uint32_t level, size_t bytes);
void compressor_destroy(compressor *compressor);

/* Compresses `count` elements of `element_size` bytes. The bytes are the compressor's, until its next call. 0: out of
 * memory. */
size_t compressor_row(compressor *compressor, const void *data, uint64_t count, size_t element_size,
                      const void **bytes);

#endif
