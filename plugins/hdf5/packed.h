/* packed.h: compressed rows on their way to and from HDF5 (packed.c). */
#ifndef PACKED_H
#define PACKED_H

#include "layout.h"

/* The empty dataset of a PACKED column. */
hid_t packed_create(writer *w, const store_column *column, uint32_t rank, const hsize_t *extents);
/* Gives it the rows that its source has, as they are. */
int packed_fill(writer *w, store_column *column, hid_t dataset);

/* A second dataset over the chunks of `flat`, the column's, with the first `axes` of `rank` dimensions in place of the
 * rows. */
int packed_share(writer *w, const store_column *column, hid_t flat, const char *path, uint32_t axes, uint32_t rank,
                 const hsize_t *extents, hid_t *out);

#endif
