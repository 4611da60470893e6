/* How a structure becomes the file's: room for it, the list of its blocks, and the write that turns the file to it.
 *
 * The list says what every block of the file belongs to. The next structure but one is written over what by then
 * belongs to nothing: not over blocks of the structure before it, because somebody may have that one open. Where
 * another program has changed the file, its objects may stand anywhere in what it knew as free; while any of them is
 * kept, what it could have used is never used again.
 */
#include "h5.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEAD_BYTES = 512, DATA_GAP = 4096, END_AT = 40, LOG_MOST = 64 << 10 };
#define LIST_MAGIC UINT64_C(0x0a314b4c42504950) /* "PIPBLK1\n" */

/* In front of the list in the file. */
typedef struct list_head {
    uint64_t magic;
    uint64_t count;
    uint64_t end;        /* of the file when the list was written */
    uint32_t meta_check; /* of the structure's own bytes: whoever changes the file changes them */
    uint32_t check;      /* of the list */
} list_head;

/* ---- What is in use ---- */

void structure_forget(store_file *store)
{
    blocks_free(&store->live.list);
    blocks_free(&store->live.before);
    blocks_room_free(&store->live.room);
    memset(&store->live, 0, sizeof store->live);
}

/* Reads the list of the open file. Without one, or with a damaged one, all of the file counts as in use. */
int structure_read(store_file *store)
{
    list_head head = {0, 0, 0, 0, 0};
    uint64_t address = 0;
    struct stat facts;
    block_entry *blocks = NULL;
    size_t bytes;
    int status = PIPETTE_OK;
    structure_forget(store);
    if (store->catalog->blocks == 0)
        return PIPETTE_OK;
    status = file_read(store, store->fd, &address, sizeof address, store->catalog->blocks);
    if (status != PIPETTE_OK || address == 0 || fstat(store->fd, &facts) != 0 ||
        pread(store->fd, &head, sizeof head, (off_t)address) != (ssize_t)sizeof head || head.magic != LIST_MAGIC ||
        head.count > (uint64_t)facts.st_size / sizeof *blocks)
        return status;
    bytes = (size_t)head.count * sizeof *blocks;
    blocks = malloc(bytes + 1);
    if (blocks == NULL)
        return store_memory(store);
    if (pread(store->fd, blocks, bytes, (off_t)(address + sizeof head)) == (ssize_t)bytes &&
        libdeflate_crc32(libdeflate_crc32(0, &head.end, sizeof head.end + sizeof head.meta_check), blocks, bytes) ==
            head.check) {
        uint64_t i;
        bool ok = true;
        for (i = 0; ok && i < head.count; i++)
            ok = blocks_add(&store->live.list, blocks[i].address, blocks[i].bytes, blocks[i].kind);
        if (!ok)
            status = store_memory(store);
        store->live.known = ok;
        store->live.end = head.end;
        store->live.meta_check = head.meta_check;
    }
    free(blocks);
    return status;
}

/* What of the file nobody may write over, up to `end`. Behind the end that the list knows, all but the log may be
 * somebody else's. */
static bool in_use(store_file *store, uint64_t end, block_list *live, block_list *others)
{
    const store_live *known = &store->live;
    block_room behind = {{NULL, 0}, {NULL, 0}, 0};
    block_list extents = {NULL, 0};
    uint64_t i;
    bool ok = blocks_add(live, 0, HEAD_BYTES, BLOCK_META);
    if (!known->known)
        ok = ok && blocks_add(others, HEAD_BYTES, end > HEAD_BYTES ? end - HEAD_BYTES : 0, BLOCK_OTHER);
    ok = ok && blocks_add_all(live, &known->list) && blocks_add_all(live, &known->before) &&
         blocks_add_all(live, &store->records.extents) && blocks_add_all(&extents, &store->records.extents);
    if (ok && known->known && end > known->end) {
        ok = blocks_room(&behind, &extents, known->end, end);
        for (i = 0; ok && i < behind.dead.count; i++)
            ok = blocks_add(others, behind.dead.blocks[i].address, behind.dead.blocks[i].bytes, BLOCK_OTHER);
    }
    ok = ok && blocks_add_all(live, others);
    blocks_room_free(&behind);
    blocks_free(&extents);
    return ok;
}

uint64_t structure_dead_room(store_file *store, uint64_t least, uint64_t wanted, uint64_t *bytes)
{
    block_room *room = &store->live.room;
    block_list live = {NULL, 0}, others = {NULL, 0};
    uint64_t end = extents_free_from(store), i, best = 0, address;
    bool dead = false;
    if (!store->live.known || end == 0)
        return 0;
    if (!store->live.looked) {
        store->live.looked = true;
        if (!in_use(store, end, &live, &others) || !blocks_room(room, &live, HEAD_BYTES, end))
            blocks_room_free(room);
        blocks_free(&live);
        blocks_free(&others);
    }
    for (i = 0; i < room->dead.count; i++)
        best = room->dead.blocks[i].bytes > best ? room->dead.blocks[i].bytes : best;
    best = best > 2 * H5_PAGE ? (best - H5_PAGE) / H5_PAGE * H5_PAGE : 0;
    wanted = least > LOG_MOST ? least : wanted < LOG_MOST ? wanted : LOG_MOST; /* the next structure needs some, too */
    best = best < wanted ? best : wanted;
    if (best < least)
        return 0;
    address = blocks_take(room, best, H5_PAGE, &dead);
    if (address == 0 || !dead || file_clear(store->fd, address, best) != 0)
        return 0;
    *bytes = best;
    return address;
}

/* ---- Writing ---- */

int structure_begin(store_file *store, int fd, bool in_place)
{
    store_building *building = calloc(1, sizeof *building);
    block_list live = {NULL, 0};
    uint64_t end = HEAD_BYTES;
    struct stat facts;
    bool ok;
    store->building = building;
    if (building == NULL)
        return store_memory(store);
    building->file = -1;
    building->fd = fd;
    building->in_place = in_place;
    if (fstat(fd, &facts) != 0)
        return store_system(store, "cannot look at '%s'", store->path);
    building->length = (uint64_t)facts.st_size;
    if (in_place && (end = extents_free_from(store)) == 0)
        return store->failure;
    ok = !in_place || in_use(store, end, &live, &building->others);
    ok = ok && (in_place ? blocks_room(&building->overlay.room, &live, HEAD_BYTES, end)
                         : (building->overlay.room.end = end, true));
    building->overlay.first = end;
    if (in_place && live.count > 0) {
        building->end = live.blocks[live.count - 1].address + live.blocks[live.count - 1].bytes;
        building->end = building->end < end ? building->end : end; /* room of the log that holds nothing */
    }
    blocks_free(&live);
    if (!ok)
        return store_memory(store);
    building->file = h5_create(store, fd, &building->overlay);
    return building->file >= 0 ? PIPETTE_OK : h5_fail(store, "cannot create '%s'", store->path);
}

static void free_building(store_file *store)
{
    store_building *building = store->building;
    if (building == NULL)
        return;
    blocks_free(&building->overlay.blocks);
    blocks_room_free(&building->overlay.room);
    blocks_free(&building->others);
    blocks_free(&building->headers);
    free(building);
    store->building = NULL;
}

void structure_abandon(store_file *store)
{
    store_building *building = store->building;
    if (building == NULL)
        return;
    if (building->file >= 0)
        (void)H5Fclose(building->file);
    store->write_failure = 0;
    if (building->in_place) /* the file is as it was; what is behind would do no harm */
        (void)!ftruncate(building->fd, (off_t)building->length);
    free_building(store);
}

/* The blocks of the new structure, and of others what it still refers to. */
static bool list_blocks(store_file *store, block_list *list)
{
    store_building *building = store->building;
    uint32_t check = 0;
    uint64_t i;
    bool ok = blocks_add_all(list, &building->overlay.blocks);
    if (building->keeps_others) {
        bool touched = store->live.known &&
                       (!blocks_check(&store->live.list, store->fd, &check) || check != store->live.meta_check);
        ok = ok && blocks_add_all(list, &building->others);
        for (i = 0; ok && i < store->live.list.count; i++)
            if (touched || store->live.list.blocks[i].kind == BLOCK_OTHER)
                ok =
                    blocks_add(list, store->live.list.blocks[i].address, store->live.list.blocks[i].bytes, BLOCK_OTHER);
    }
    blocks_sort(list, DATA_GAP);
    return ok;
}

static herr_t note_link(hid_t group, const char *name, const H5L_info_t *info, void *user)
{
    (void)group;
    (void)name;
    return info->type != H5L_TYPE_HARD || blocks_add(user, info->u.address, 1, BLOCK_HEADER) ? 0 : -1;
}

int structure_note_objects(store_file *store)
{
    store_building *building = store->building;
    H5O_info_t root;
    if (H5Oget_info(building->file, &root) < 0 || !blocks_add(&building->headers, root.addr, 1, BLOCK_HEADER) ||
        H5Lvisit(building->file, H5_INDEX_NAME, H5_ITER_NATIVE, note_link, &building->headers) < 0)
        return h5_fail(store, "cannot write '%s'", store->path);
    return PIPETTE_OK;
}

static uint64_t end_of(const block_list *list)
{
    uint64_t i, end = 0;
    for (i = 0; i < list->count; i++)
        if (list->blocks[i].address + list->blocks[i].bytes > end)
            end = list->blocks[i].address + list->blocks[i].bytes;
    return end;
}

/* Writes the list, behind a checksum, and where it is. `live` becomes what the file is going to be made of. */
static int write_list(store_file *store, store_live *live)
{
    store_building *building = store->building;
    list_head head = {LIST_MAGIC, 0, 0, 0, 0};
    uint64_t address, bytes;
    bool dead = false;
    int status = PIPETTE_OK;
    if (!list_blocks(store, &live->list))
        return store_memory(store);
    bytes = sizeof head + (live->list.count + building->headers.count + 1) * sizeof *live->list.blocks;
    address = blocks_take(&building->overlay.room, bytes, 8, &dead);
    if (!blocks_add(&live->list, address, bytes, BLOCK_RAW))
        return store_memory(store);
    if (!blocks_add_headers(&live->list, &building->headers, building->fd) ||
        !blocks_check(&live->list, building->fd, &head.meta_check))
        return store_system(store, "cannot read '%s'", store->path);
    live->end = end_of(&live->list);
    live->end = live->end > building->end ? live->end : building->end;
    live->meta_check = head.meta_check;
    live->known = true;
    head.count = live->list.count;
    head.end = live->end;
    head.check = libdeflate_crc32(libdeflate_crc32(0, &head.end, sizeof head.end + sizeof head.meta_check),
                                  live->list.blocks, (size_t)head.count * sizeof *live->list.blocks);
    status = file_write(store, building->fd, &head, sizeof head, address);
    if (status == PIPETTE_OK)
        status = file_write(store, building->fd, live->list.blocks, head.count * sizeof *live->list.blocks,
                            address + sizeof head);
    return status == PIPETTE_OK ? file_write(store, building->fd, &address, sizeof address, building->catalog->blocks)
                                : status;
}

static bool set_end(h5_overlay *overlay, uint64_t end)
{
    int i;
    for (i = 0; overlay->head_bytes > END_AT + 8 && i < 8; i++)
        overlay->head[END_AT + i] = (unsigned char)(end >> 8 * i);
    return !overlay->astray && overlay->head_bytes > END_AT + 8;
}

int structure_seal(store_file *store, int fd, h5_overlay *overlay, uint64_t end)
{
    if (!set_end(overlay, end))
        return store_fail(store, PIPETTE_E_STORAGE, "cannot write '%s': HDF5 wrote where it must not", store->path);
    if (ftruncate(fd, (off_t)end) != 0)
        return store_system(store, "cannot write '%s'", store->path);
    return file_write(store, fd, overlay->head, overlay->head_bytes, 0);
}

/* From here on the file has the new structure. */
static int turn(store_file *store, uint64_t end, bool safe)
{
    store_building *building = store->building;
    h5_overlay *overlay = &building->overlay;
    struct stat facts;
    int status = PIPETTE_OK;
    if (!set_end(overlay, end))
        return store_fail(store, PIPETTE_E_STORAGE, "cannot write '%s': HDF5 wrote where it must not", store->path);
    if (fstat(building->fd, &facts) != 0 || ((uint64_t)facts.st_size < end && ftruncate(building->fd, (off_t)end) != 0))
        return store_system(store, "cannot write '%s'", store->path);
    if (safe && building->in_place && fdatasync(building->fd) != 0)
        return store_system(store, "cannot write '%s'", store->path);
    building->turned = true; /* or nobody knows */
    status = file_write(store, building->fd, overlay->head, overlay->head_bytes, 0);
    if (status == PIPETTE_OK && safe && building->in_place && fdatasync(building->fd) != 0)
        status = store_system(store, "cannot write '%s'", store->path);
    /* What was reserved for the log and not used, and what the structure before last had at the end. */
    if (status == PIPETTE_OK && ftruncate(building->fd, (off_t)end) != 0)
        status = store_system(store, "cannot write '%s'", store->path);
    return status;
}

int structure_end(store_file *store, bool safe)
{
    store_building *building = store->building;
    store_live live;
    hid_t file = building->file;
    int status = PIPETTE_OK;
    memset(&live, 0, sizeof live);
    building->file = -1;
    status = h5_close(store, file, status);
    if (status == PIPETTE_OK)
        status = write_list(store, &live);
    if (status == PIPETTE_OK)
        status = turn(store, live.end, safe);
    if (status == PIPETTE_OK) {
        if (building->in_place) {
            live.before = store->live.list;
            memset(&store->live.list, 0, sizeof store->live.list);
        }
        structure_forget(store);
        store->live = live;
        free_building(store);
        return PIPETTE_OK;
    }
    blocks_free(&live.list);
    if (building->turned)
        free_building(store);
    else
        structure_abandon(store);
    return status;
}
