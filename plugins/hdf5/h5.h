/* h5.h: the few things that the plugin asks of HDF5, with errors as messages. */
#ifndef H5_H
#define H5_H

#include "store.h"

#include <hdf5.h>

/* Reports `format` with the reason that HDF5 gives, and its error stack is empty again. Returns PIPETTE_E_STORAGE. */
PIPETTE_PRINTF(2, 3) int h5_fail(store_file *store, const char *format, ...);
/* A new structure in a file that has one (driver.c). */
typedef struct h5_overlay {
    uint64_t first;            /* new blocks get addresses from here on */
    uint64_t kept, kept_bytes; /* the next raw block of that size is at `kept`, and its data with it. 0: none */
    unsigned char head[512];   /* what HDF5 puts at the beginning of the file */
    size_t head_bytes;
    bool astray; /* HDF5 wanted to write where it must not */
} h5_overlay;

enum { H5_PAGE = 4096 };

/* Whether that is among what HDF5 says of its last failure. */
bool h5_said(const char *text);
/* driver.c: the file behind `fd`, through that descriptor; negative on failure, without a message. `overlay`: NULL for
 * a file that is empty or may become so. */
hid_t h5_create(store_file *store, int fd, h5_overlay *overlay);
hid_t h5_open(store_file *store, int fd, unsigned flags);
/* Closes what h5_create or h5_open gave for writing. `status`: of what was done with it. Reports what went wrong
 * meanwhile. */
int h5_close(store_file *store, hid_t file, int status);
/* The handle for reading the store's file; negative after a message. */
hid_t h5_source(store_file *store);
/* UTF-8 text of variable length. The caller closes it. */
hid_t h5_text_type(void);
/* Properties for moving strings: HDF5's own clear a megabyte at each call. Not to be closed. */
hid_t h5_transfer(void);
/* The type of an element on disk (complex: of its parts); not to be closed. Strings have none here. */
hid_t h5_number_type(int type);
/* Reads a dataset as a value; complex ones lose their last axis. */
int h5_read(store_file *store, hid_t file, const char *dataset, int type, uint32_t rank, store_value *out);
/* One row of a dataset of strings (run, ...): `rank` beside the run. */
int h5_read_texts(store_file *store, hid_t dataset, uint64_t first, uint64_t count, uint32_t rank,
                  const uint64_t *shape, store_value *out);
/* One row of numbers, into memory for all of its elements. */
int h5_read_row(store_file *store, hid_t dataset, uint64_t row, int type, void *elements);
/* Writes `count` strings from flat index `first` on, of a dataset of rank 1, or rows of one of a higher rank. */
int h5_write_texts(store_file *store, hid_t dataset, uint64_t first, uint64_t count, const char *const *texts);

#endif
