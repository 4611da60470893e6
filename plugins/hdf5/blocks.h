/* blocks.h: which bytes of the file belong to what, so that those that belong to nothing any more are used again. */
#ifndef BLOCKS_H
#define BLOCKS_H

#include <stdbool.h>
#include <stdint.h>

typedef enum block_kind {
    BLOCK_META = 1,  /* of the structure: HDF5's own */
    BLOCK_RAW = 2,   /* of the structure: values that are written anew with each one */
    BLOCK_DATA = 3,  /* of columns and tables: they stay when the structure changes */
    BLOCK_OTHER = 4, /* perhaps somebody else's: never used again */
    BLOCK_LOG = 5,   /* extents of the log; not in the list that a file keeps */
    BLOCK_GUEST = 6, /* of the structure: what others have put into the file, carried along (foreign.c) */
    BLOCK_HEADER = 7 /* of the structure: the header of one object, in a block META; above the kind, its CRC-32 << 32 */
} block_kind;

typedef struct block {
    uint64_t address, bytes, kind;
} block_entry;

typedef struct block_list {
    block_entry *blocks;
    uint64_t count;
} block_list;

/* False: out of memory. Joins what follows the last one. */
bool blocks_add(block_list *list, uint64_t address, uint64_t bytes, uint64_t kind);
bool blocks_add_all(block_list *list, const block_list *others);
void blocks_free(block_list *list);
/* Ascending, what touches and is of one kind joined. Data in gaps of up to `gap` bytes is joined over them. */
void blocks_sort(block_list *list, uint64_t gap);
/* CRC-32 of the blocks META and GUEST, as they stand in the file `fd`; 0 and false where they cannot be read. */
bool blocks_check(const block_list *list, int fd, uint32_t *check);
/* Adds the headers at the addresses of `headers`, as they stand in the file now. False: out of memory, or one cannot be
 * read. */
bool blocks_add_headers(block_list *list, const block_list *headers, int fd);
/* Whether the header of an object of the structure is at that address, and, if `unchanged`, is as it was written: other
 * programs use the room of objects that they delete, and of parts that they move, for theirs. */
bool blocks_is_header(const block_list *list, int fd, uint64_t address, bool unchanged);

/* Room for new blocks: dead ones first, then the end of the file. */
typedef struct block_room {
    block_list dead;  /* what is left of them */
    block_list taken; /* from the dead ones */
    uint64_t end;     /* of the file */
} block_room;

/* What of first .. end no block of `live` (sorted here) covers. False: out of memory. */
bool blocks_room(block_room *room, block_list *live, uint64_t first, uint64_t end);
/* The address of `bytes` bytes, a multiple of `unit`; `*dead`: something else stood there. 0: out of memory. */
uint64_t blocks_take(block_room *room, uint64_t bytes, uint64_t unit, bool *dead);
/* Whether these bytes were taken from dead ones. */
bool blocks_taken(const block_room *room, uint64_t address, uint64_t bytes);
void blocks_room_free(block_room *room);

#endif
