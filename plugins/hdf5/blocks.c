/* Which bytes of the file belong to what, and room for new blocks. */
#include "blocks.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { READ_BYTES = 65536, KIND = 0xff };

bool blocks_add(block_list *list, uint64_t address, uint64_t bytes, uint64_t kind)
{
    block_entry *last = list->count > 0 ? &list->blocks[list->count - 1] : NULL, *grown;
    if (bytes == 0)
        return true;
    if (last != NULL && last->kind == kind && (kind & KIND) != BLOCK_HEADER && last->address + last->bytes == address) {
        last->bytes += bytes;
        return true;
    }
    if ((list->count & (list->count - 1)) == 0) { /* at powers of two */
        grown = realloc(list->blocks, (size_t)(list->count == 0 ? 1 : 2 * list->count) * sizeof *grown);
        if (grown == NULL)
            return false;
        list->blocks = grown;
    }
    list->blocks[list->count++] = (block_entry){address, bytes, kind};
    return true;
}

bool blocks_add_all(block_list *list, const block_list *others)
{
    uint64_t i;
    for (i = 0; i < others->count; i++)
        if (!blocks_add(list, others->blocks[i].address, others->blocks[i].bytes, others->blocks[i].kind))
            return false;
    return true;
}

void blocks_free(block_list *list)
{
    free(list->blocks);
    memset(list, 0, sizeof *list);
}

static int compare(const void *a, const void *b)
{
    const block_entry *left = a, *right = b;
    return left->address < right->address ? -1 : left->address > right->address;
}

void blocks_sort(block_list *list, uint64_t gap)
{
    uint64_t i, kept = 0;
    if (list->count == 0)
        return;
    qsort(list->blocks, (size_t)list->count, sizeof *list->blocks, compare);
    for (i = 1; i < list->count; i++) {
        block_entry *last = &list->blocks[kept];
        const block_entry *next = &list->blocks[i];
        uint64_t end = last->address + last->bytes, reach = next->kind == BLOCK_DATA ? gap : 0;
        if (next->kind == last->kind && next->address <= end + reach) {
            if (next->address + next->bytes > end)
                last->bytes = next->address + next->bytes - last->address;
        } else {
            list->blocks[++kept] = *next;
        }
    }
    list->count = kept + 1;
}

static bool header_check(const block_entry *header, int fd, uint32_t *check)
{
    unsigned char *bytes = malloc((size_t)header->bytes);
    bool ok =
        bytes != NULL && pread(fd, bytes, (size_t)header->bytes, (off_t)header->address) == (ssize_t)header->bytes;
    if (ok)
        *check = libdeflate_crc32(0, bytes, (size_t)header->bytes);
    free(bytes);
    return ok;
}

/* The length of a header of the oldest format stands in it, behind the version. Others are never ours. */
bool blocks_add_headers(block_list *list, const block_list *headers, int fd)
{
    unsigned char head[16];
    uint64_t i;
    for (i = 0; i < headers->count; i++) {
        block_entry header = {headers->blocks[i].address, 0, BLOCK_HEADER};
        uint32_t check = 0;
        if (pread(fd, head, sizeof head, (off_t)header.address) != (ssize_t)sizeof head)
            return false;
        if (head[0] != 1)
            continue;
        header.bytes = sizeof head + ((uint64_t)head[8] | (uint64_t)head[9] << 8 | (uint64_t)head[10] << 16 |
                                      (uint64_t)head[11] << 24);
        if (!header_check(&header, fd, &check) ||
            !blocks_add(list, header.address, header.bytes, BLOCK_HEADER | (uint64_t)check << 32))
            return false;
    }
    return true;
}

bool blocks_is_header(const block_list *list, int fd, uint64_t address, bool unchanged)
{
    uint64_t i;
    for (i = 0; i < list->count; i++) {
        const block_entry *header = &list->blocks[i];
        uint32_t check = 0;
        if (header->address == address && (header->kind & KIND) == BLOCK_HEADER)
            return !unchanged || (header_check(header, fd, &check) && check == header->kind >> 32);
    }
    return false;
}

bool blocks_check(const block_list *list, int fd, uint32_t *check)
{
    unsigned char *bytes = malloc(READ_BYTES);
    uint64_t i, at, end;
    *check = 0;
    for (i = 0; bytes != NULL && i < list->count; i++) {
        bool counts = list->blocks[i].kind == BLOCK_META || list->blocks[i].kind == BLOCK_GUEST;
        end = list->blocks[i].address + list->blocks[i].bytes;
        for (at = list->blocks[i].address; counts && at < end;) {
            size_t part = end - at < READ_BYTES ? (size_t)(end - at) : READ_BYTES;
            ssize_t got = pread(fd, bytes, part, (off_t)at);
            if (got <= 0) {
                free(bytes);
                return false;
            }
            *check = libdeflate_crc32(*check, bytes, (size_t)got);
            at += (uint64_t)got;
        }
    }
    free(bytes);
    return bytes != NULL;
}

bool blocks_room(block_room *room, block_list *live, uint64_t first, uint64_t end)
{
    uint64_t i, at = first;
    room->end = end;
    blocks_sort(live, 0);
    for (i = 0; i < live->count && at < end; i++) {
        uint64_t begin = live->blocks[i].address < end ? live->blocks[i].address : end;
        if (begin > at && !blocks_add(&room->dead, at, begin - at, 0))
            return false;
        if (live->blocks[i].address + live->blocks[i].bytes > at)
            at = live->blocks[i].address + live->blocks[i].bytes;
    }
    return at >= end || blocks_add(&room->dead, at, end - at, 0);
}

static uint64_t up(uint64_t address, uint64_t unit)
{
    return (address + unit - 1) / unit * unit;
}

/* Takes bytes out of a dead block; what was skipped before them is not worth keeping. */
static uint64_t take_dead(block_room *room, block_entry *from, uint64_t bytes, uint64_t unit)
{
    uint64_t address = up(from->address, unit), end = from->address + from->bytes;
    if (address + bytes > end || !blocks_add(&room->taken, address, bytes, 0))
        return 0;
    from->address = address + bytes;
    from->bytes = end - from->address;
    return address;
}

uint64_t blocks_take(block_room *room, uint64_t bytes, uint64_t unit, bool *dead)
{
    uint64_t i, address = 0;
    for (i = 0; address == 0 && i < room->dead.count; i++)
        if (room->dead.blocks[i].bytes >= bytes)
            address = take_dead(room, &room->dead.blocks[i], bytes, unit);
    *dead = address != 0;
    if (address == 0) {
        address = up(room->end, unit);
        room->end = address + bytes;
    }
    return address;
}

bool blocks_taken(const block_room *room, uint64_t address, uint64_t bytes)
{
    uint64_t i, end = address + bytes;
    for (i = 0; address < end && i < room->taken.count;) {
        const block_entry *taken = &room->taken.blocks[i++];
        if (address >= taken->address && address < taken->address + taken->bytes) {
            address = taken->address + taken->bytes;
            i = 0; /* the next one can be anywhere */
        }
    }
    return address >= end;
}

void blocks_room_free(block_room *room)
{
    blocks_free(&room->dead);
    blocks_free(&room->taken);
}
