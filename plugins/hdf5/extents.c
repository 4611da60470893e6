/* Room for the log: extents inside what HDF5 takes for the file.
 *
 * Any program that opens a file for writing, even if it writes nothing, sets the file's length to the end that the
 * superblock names. So the log never stands behind that end: room for it is reserved ahead, as a hole, and the
 * superblock knows of it before the first record is written. The file says in /pipette/log where the first extent
 * begins. An extent that is the last thing in the file grows; where somebody has put something behind it, a NEXT record
 * leads to another one.
 */
#include "store.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EXTENT_LEAST = 1 << 20, EXTENT_MOST = 1 << 30, EXTENT_PAGE = 4096, END_OFFSET = 40 };

uint64_t extents_stored_end(const unsigned char *head)
{
    uint64_t end = 0;
    int i;
    if (head[8] != 0) /* another version of superblock: a tool has rewritten the file */
        return 0;
    for (i = 7; i >= 0; i--)
        end = end << 8 | head[END_OFFSET + i];
    return end;
}

/* The end that the superblock names, and the length of the file. */
static int ends(store_file *store, uint64_t *stored, uint64_t *length)
{
    unsigned char head[96];
    struct stat facts;
    int status = file_read(store, store->fd, head, sizeof head, 0);
    if (status == PIPETTE_OK && fstat(store->fd, &facts) != 0)
        status = store_system(store, "cannot look at '%s'", store->path);
    if (status != PIPETTE_OK)
        return status;
    *stored = extents_stored_end(head);
    *length = (uint64_t)facts.st_size;
    return PIPETTE_OK;
}

/* Writes a record that has one number as payload. */
static int write_link(store_file *store, uint64_t place, uint32_t kind, uint64_t number)
{
    record_header header;
    char bytes[RECORD_LINK_BYTES];
    memset(&header, 0, sizeof header);
    header.kind = kind;
    header.payload_size = sizeof number;
    memcpy(bytes + sizeof header, &number, sizeof number);
    records_seal(bytes, &header);
    return file_write(store, store->fd, bytes, sizeof bytes, place);
}

/* Whether there is room from one to the other for the record that opens an extent and the one that closes it. */
static bool has_room(uint64_t address, uint64_t end)
{
    return end > address && end - address >= 2 * RECORD_LINK_BYTES;
}

/* Where the extent at `address` ends; 0 if none begins there. */
static uint64_t end_of_extent(store_file *store, uint64_t address)
{
    record_header header;
    uint64_t end;
    bool sound = address % EXTENT_PAGE == 0 &&
                 pread(store->fd, &header, sizeof header, (off_t)address) == (ssize_t)sizeof header &&
                 records_header_is_sound(&header) && header.kind == RECORD_EXTENT &&
                 header.payload_size == sizeof end &&
                 pread(store->fd, &end, sizeof end, (off_t)(address + sizeof header)) == (ssize_t)sizeof end;
    return sound && has_room(address, end) ? end : 0;
}

/* A damaged log must not lead in a circle. */
static bool is_known(const store_records *records, uint64_t address)
{
    uint64_t i;
    for (i = 0; i < records->extents.count; i++)
        if (address >= records->extents.blocks[i].address &&
            address < records->extents.blocks[i].address + records->extents.blocks[i].bytes)
            return true;
    return false;
}

/* Where the extent ends that says it ends at `end`. What is behind the file is no room: the next extent would begin
 * there, and nobody would go from one to the other. */
static uint64_t end_within(store_file *store, uint64_t address, uint64_t end)
{
    struct stat facts;
    if (store->mode != PIPETTE_STORAGE_UPDATE || fstat(store->fd, &facts) != 0 || end <= (uint64_t)facts.st_size)
        return end;
    end = (uint64_t)facts.st_size;
    return has_room(address, end) && write_link(store, address, RECORD_EXTENT, end) == PIPETTE_OK ? end : 0;
}

bool extents_enter(store_file *store, uint64_t address)
{
    store_records *records = &store->records;
    uint64_t end = is_known(records, address) ? 0 : end_of_extent(store, address);
    if (end != 0)
        end = end_within(store, address, end);
    if (end == 0 || !blocks_add(&records->extents, address, end - address, BLOCK_LOG))
        return false;
    records->extent = address;
    records->extent_end = end;
    records->scanned = records->end = address + RECORD_LINK_BYTES;
    if (records->base == 0)
        records->base = records->scanned;
    return true;
}

/* The last extent goes on to there. */
static void take_end(store_records *records, uint64_t end)
{
    if (records->extents.count > 0)
        records->extents.blocks[records->extents.count - 1].bytes += end - records->extent_end;
    records->extent_end = end;
}

int extents_open(store_file *store)
{
    store_records *records = &store->records;
    uint64_t address = 0, stored, length;
    int status;
    if (records->base != 0) { /* the last extent may have grown under the hands of whoever writes */
        uint64_t end = records->extent_end != UINT64_MAX ? end_of_extent(store, records->extent) : 0;
        if (end > records->extent_end)
            take_end(records, end);
        return PIPETTE_OK;
    }
    if (store->catalog->log > 0) {
        status = file_read(store, store->fd, &address, sizeof address, store->catalog->log);
        if (status == PIPETTE_OK && address > 0)
            (void)extents_enter(store, address); /* a tool that has rewritten the file has left the log behind */
        return status;
    }
    status = ends(store, &stored, &length);
    if (status != PIPETTE_OK)
        return status;
    records->extent = records->base = records->scanned = records->end = ((stored > 0 ? stored : length) + 7) / 8 * 8;
    records->extent_end = UINT64_MAX;
    return PIPETTE_OK;
}

/* Makes the file longer, then its superblock know of it. */
static int lengthen(store_file *store, uint64_t begin, uint64_t least, uint64_t wanted, uint64_t *end)
{
    unsigned char bytes[8];
    int i;
    *end = begin + wanted;
    if (ftruncate(store->fd, (off_t)*end) != 0) { /* a limit on the size of files: as little as is needed */
        *end = begin + least;
        if (ftruncate(store->fd, (off_t)*end) != 0)
            return store_system(store, "cannot write '%s'", store->path);
    }
    for (i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(*end >> 8 * i);
    return file_write(store, store->fd, bytes, sizeof bytes, END_OFFSET);
}

int extents_lengthen(store_file *store)
{
    uint64_t stored, length;
    int status = ends(store, &stored, &length);
    if (status == PIPETTE_OK && length < stored && ftruncate(store->fd, (off_t)stored) != 0)
        status = store_system(store, "cannot write '%s'", store->path);
    return status;
}

static uint64_t whole_pages(uint64_t bytes)
{
    return (bytes + EXTENT_PAGE - 1) / EXTENT_PAGE * EXTENT_PAGE;
}

/* Room behind the end of the file. `*end` is where it ends. */
static int room_behind(store_file *store, uint64_t stored, uint64_t length, uint64_t least, uint64_t wanted,
                       uint64_t *begin, uint64_t *end)
{
    *begin = whole_pages(stored > length ? stored : length);
    return lengthen(store, *begin, least, wanted, end);
}

int extents_more(store_file *store, uint64_t size)
{
    store_records *records = &store->records;
    uint64_t stored, length, begin, end, bytes = 0, least = whole_pages(size + 2 * RECORD_LINK_BYTES), wanted;
    int status = ends(store, &stored, &length);
    if (status != PIPETTE_OK)
        return status;
    if (stored == 0)
        return store_fail(store, PIPETTE_E_STORAGE, "'%s' was rewritten by another tool: no values can be added to it",
                          store->path);
    wanted = whole_pages(length / 4);
    wanted = wanted < EXTENT_LEAST ? EXTENT_LEAST : wanted > EXTENT_MOST ? EXTENT_MOST : wanted;
    wanted = wanted < least ? least : wanted;
    begin = structure_dead_room(store, least, wanted, &bytes);
    end = begin + bytes;
    if (begin == 0)
        status = room_behind(store, stored, length, least, wanted, &begin, &end);
    if (status != PIPETTE_OK)
        return status;
    if (records->base != 0 && begin == records->extent_end) {
        take_end(records, end);
        return write_link(store, records->extent, RECORD_EXTENT, end);
    }
    status = write_link(store, begin, RECORD_EXTENT, end);
    if (status == PIPETTE_OK)
        status = records_drain(store);
    if (status == PIPETTE_OK)
        status = records->base == 0 ? file_write(store, store->fd, &begin, sizeof begin, store->catalog->log)
                                    : write_link(store, records->end, RECORD_NEXT, begin);
    if (status == PIPETTE_OK && !blocks_add(&records->extents, begin, end - begin, BLOCK_LOG))
        status = store_memory(store);
    if (status != PIPETTE_OK)
        return status;
    records->extent = begin;
    records->extent_end = end;
    records->scanned = records->end = begin + RECORD_LINK_BYTES;
    if (records->base == 0)
        records->base = records->end;
    return PIPETTE_OK;
}

uint64_t extents_free_from(store_file *store)
{
    const store_records *records = &store->records;
    uint64_t stored, length;
    if (ends(store, &stored, &length) != PIPETTE_OK)
        return 0;
    if (records->base != 0 && records->extent_end != UINT64_MAX && records->extent_end >= length &&
        records->extent_end >= stored)
        length = records->end;
    return (length + 7) / 8 * 8;
}
