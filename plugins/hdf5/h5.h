/* h5.h: the few things that the plugin asks of HDF5, with errors as messages. */
#ifndef H5_H
#define H5_H

#include "store.h"

#include <hdf5.h>

/* Reports `format` with the reason that HDF5 gives, and its error stack is empty again. Returns PIPETTE_E_STORAGE. */
PIPETTE_PRINTF(2, 3) int h5_fail(store_file *store, const char *format, ...);
/* A new structure, while HDF5 writes it (driver.c). */
struct h5_overlay {
    uint64_t first;    /* what stands before it stays, but for the dead blocks in `room` */
    block_room room;   /* for new blocks */
    block_list blocks; /* that the structure has got, or kept */
    /* The addresses of the next raw blocks, all of that size, and their data with them; 0: a new place, which is put
     * here. */
    uint64_t *queue, queue_count, queue_at, queue_bytes;
    unsigned char head[512]; /* what HDF5 puts at the beginning of the file */
    size_t head_bytes;
    bool guests; /* what is written now is somebody else's (foreign.c) */
    bool
        loose; /* objects before `first` got a link more and one less: what HDF5 makes of their headers is not needed */
    bool astray; /* HDF5 wanted to write where it must not */
};

/* A structure that is being written: HDF5 has it open until structure_end(). */
struct store_building {
    h5_overlay overlay;
    hid_t file;
    int fd;
    bool in_place; /* in the store's file, which has another one until then */
    bool turned;
    bool keeps_others;      /* it links objects that others have put into the file */
    uint64_t length;        /* of the file before */
    uint64_t end;           /* of what the structure before it is made of */
    block_list others;      /* of the file before: perhaps somebody else's */
    block_list headers;     /* addresses of the objects of the new structure */
    store_catalog *catalog; /* what it describes */
};

enum { H5_PAGE = 4096 };

/* Whether that is among what HDF5 says of its last failure. */
bool h5_said(const char *text);
/* driver.c: the file behind `fd`, through that descriptor; negative on failure, without a message: for a new structure,
 * or to read. */
hid_t h5_create(store_file *store, int fd, h5_overlay *overlay);
hid_t h5_open(store_file *store, int fd);
/* Closes what h5_create gave. `status`: of what was done with it. Reports what went wrong
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
