/* How HDF5 reaches a file of ours: through the descriptor that we hold, and without ever hearing of a failed write.
 *
 * HDF5 does not survive that a file cannot be closed because the disk is full: it crashes when the process exits. So a
 * write that fails is remembered, HDF5 goes on as if it had worked, and whoever wrote asks afterwards. Besides, no name
 * is opened a second time: what we have locked is what is written.
 *
 * Every structure is written copy on write (h5_overlay): HDF5 believes that it makes a new file. What it puts at
 * address 0, the superblock, stays in memory; every other block gets an address behind the end of the file, or where a
 * dead one was, or is said to be where its data stands already. So the old structure is whole until the new superblock,
 * less than a sector, is written over the old one.
 */
#include "h5.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct driver_target {
    int fd;
    int *failure; /* errno of the first write that failed */
    h5_overlay *overlay;
    store_probe *probe;
    haddr_t stored_end; /* of a file that is read: what its superblock says */
} driver_target;

typedef struct driver_file {
    H5FD_t base; /* HDF5's part, first */
    driver_target target;
    haddr_t end_of_addresses, end_of_file;
} driver_file;

static H5FD_t *driver_open(const char *name, unsigned flags, hid_t access, haddr_t highest)
{
    const driver_target *target = H5Pget_driver_info(access);
    driver_file *file = calloc(1, sizeof *file);
    struct stat facts;
    (void)name;
    (void)flags;
    (void)highest;
    if (file == NULL || target == NULL || fstat(target->fd, &facts) != 0) {
        free(file);
        return NULL;
    }
    file->target = *target;
    file->end_of_file = target->overlay == NULL ? (haddr_t)facts.st_size : 0;
    /* A file whose log was cut is as good as before but for that; reopen.c looks where the cut is. */
    if (target->overlay == NULL && file->end_of_file < target->stored_end)
        file->end_of_file = target->stored_end;
    return &file->base;
}

static herr_t driver_close(H5FD_t *base)
{
    free(base);
    return 0;
}

/* A descriptor is a file: whoever opens one again does it because its structure may be another one now. */
static int driver_compare(const H5FD_t *a, const H5FD_t *b)
{
    const driver_file *left = (const driver_file *)a, *right = (const driver_file *)b;
    return left->target.fd == right->target.fd ? 0 : left->target.fd < right->target.fd ? -1 : 1;
}

static herr_t driver_query(const H5FD_t *base, unsigned long *flags)
{
    (void)base;
    if (flags != NULL)
        *flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_DATA_SIEVE |
                 H5FD_FEAT_AGGREGATE_SMALLDATA | H5FD_FEAT_DEFAULT_VFD_COMPATIBLE;
    return 0;
}

static herr_t overlay_query(const H5FD_t *base, unsigned long *flags)
{
    (void)base;
    /* Nothing that makes one block out of several requests. */
    if (flags != NULL)
        *flags = H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_DATA_SIEVE | H5FD_FEAT_DEFAULT_VFD_COMPATIBLE;
    return 0;
}

/* Raw data that HDF5 does not fill must not read as what was there before. */
static void clear_room(driver_file *file, haddr_t address, hsize_t size)
{
    if (*file->target.failure == 0 && file_clear(file->target.fd, address, size) != 0)
        *file->target.failure = errno;
}

static haddr_t overlay_alloc(H5FD_t *base, H5FD_mem_t type, hid_t transfer, hsize_t size)
{
    driver_file *file = (driver_file *)base;
    h5_overlay *overlay = file->target.overlay;
    bool raw = type == H5FD_MEM_DRAW, queued = raw && overlay->queue_at < overlay->queue_count;
    uint64_t address, kind;
    (void)transfer;
    if (file->end_of_addresses == 0) { /* the superblock */
        file->end_of_addresses = size > overlay->first ? size : overlay->first;
        return 0;
    }
    if (queued && size != overlay->queue_bytes) {
        overlay->astray = true;
        queued = false;
    }
    address = queued ? overlay->queue[overlay->queue_at] : 0;
    if (address == 0) {
        bool dead = false;
        address = blocks_take(&overlay->room, size, raw && size >= STORE_BLOCK ? H5_PAGE : 8, &dead);
        if (address == 0)
            return HADDR_UNDEF;
        if (dead && raw)
            clear_room(file, address, size);
        if (address + size > file->end_of_addresses)
            file->end_of_addresses = address + size;
    }
    if (queued)
        overlay->queue[overlay->queue_at++] = address;
    kind = queued ? BLOCK_DATA : overlay->guests ? BLOCK_GUEST : raw ? BLOCK_RAW : BLOCK_META;
    return blocks_add(&overlay->blocks, address, size, kind) ? address : HADDR_UNDEF;
}

/* What HDF5 gives back is lost: nothing gets a second owner. */
static herr_t overlay_free(H5FD_t *base, H5FD_mem_t type, hid_t transfer, haddr_t address, hsize_t size)
{
    (void)base;
    (void)type;
    (void)transfer;
    (void)address;
    (void)size;
    return 0;
}

static haddr_t driver_get_eoa(const H5FD_t *base, H5FD_mem_t type)
{
    (void)type;
    return ((const driver_file *)base)->end_of_addresses;
}

static herr_t driver_set_eoa(H5FD_t *base, H5FD_mem_t type, haddr_t address)
{
    (void)type;
    ((driver_file *)base)->end_of_addresses = address;
    return 0;
}

/* HDF5 makes the last block longer. */
static herr_t overlay_set_eoa(H5FD_t *base, H5FD_mem_t type, haddr_t address)
{
    driver_file *file = (driver_file *)base;
    h5_overlay *overlay = file->target.overlay;
    (void)type;
    if (file->end_of_addresses > 0 && address > file->end_of_addresses) {
        overlay->room.end = address;
        if (!blocks_add(&overlay->blocks, file->end_of_addresses, address - file->end_of_addresses,
                        overlay->guests ? BLOCK_GUEST : BLOCK_META))
            return -1;
    }
    file->end_of_addresses = address;
    return 0;
}

static haddr_t driver_get_eof(const H5FD_t *base, H5FD_mem_t type)
{
    (void)type;
    return ((const driver_file *)base)->end_of_file;
}

static herr_t driver_read(H5FD_t *base, H5FD_mem_t type, hid_t transfer, haddr_t address, size_t size, void *buffer)
{
    const driver_file *file = (const driver_file *)base;
    store_probe *probe = file->target.probe;
    char *bytes = buffer;
    (void)transfer;
    if (probe->armed && type == H5FD_MEM_DRAW) {
        probe->address = address;
        probe->bytes = size;
        return 0;
    }
    while (size > 0) {
        ssize_t done = pread(file->target.fd, bytes, size, (off_t)address);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return -1;
        if (done == 0) {
            memset(bytes, 0, size); /* laid out, not written */
            return 0;
        }
        bytes += done;
        address += (haddr_t)done;
        size -= (size_t)done;
    }
    return 0;
}

static herr_t overlay_read(H5FD_t *base, H5FD_mem_t type, hid_t transfer, haddr_t address, size_t size, void *buffer)
{
    const h5_overlay *overlay = ((const driver_file *)base)->target.overlay;
    if (address + size > overlay->head_bytes)
        return driver_read(base, type, transfer, address, size, buffer);
    memcpy(buffer, overlay->head + address, size);
    return 0;
}

static herr_t driver_write(H5FD_t *base, H5FD_mem_t type, hid_t transfer, haddr_t address, size_t size,
                           const void *buffer)
{
    driver_file *file = (driver_file *)base;
    const char *bytes = buffer;
    (void)type;
    (void)transfer;
    while (size > 0 && *file->target.failure == 0) {
        ssize_t done = pwrite(file->target.fd, bytes, size, (off_t)address);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0) {
            *file->target.failure = done < 0 ? errno : ENOSPC;
            break;
        }
        bytes += done;
        address += (haddr_t)done;
        size -= (size_t)done;
    }
    if (address + size > file->end_of_file)
        file->end_of_file = address + size;
    return 0;
}

/* Whether the bytes are those that stand there: HDF5 writes back headers of objects that it has linked, unchanged. */
static bool stands_there(const driver_file *file, haddr_t address, size_t size, const void *buffer)
{
    char *bytes = malloc(size + 1);
    bool same = bytes != NULL && pread(file->target.fd, bytes, size, (off_t)address) == (ssize_t)size &&
                memcmp(bytes, buffer, size) == 0;
    free(bytes);
    return same;
}

static herr_t overlay_write(H5FD_t *base, H5FD_mem_t type, hid_t transfer, haddr_t address, size_t size,
                            const void *buffer)
{
    driver_file *file = (driver_file *)base;
    h5_overlay *overlay = file->target.overlay;
    if (address + size <= sizeof overlay->head) {
        memcpy(overlay->head + address, buffer, size);
        if (overlay->head_bytes < address + size)
            overlay->head_bytes = (size_t)address + size;
        return 0;
    }
    /* HDF5 joins neighbours: what begins in a block that was dead may end behind the old end. */
    if (address >= overlay->first ||
        blocks_taken(&overlay->room, address, address + size > overlay->first ? overlay->first - address : size))
        return driver_write(base, type, transfer, address, size, buffer);
    if (type != H5FD_MEM_DRAW) /* raw: into what keeps its place and its data */
        overlay->astray = overlay->astray || (!overlay->loose && !stands_there(file, address, size, buffer));
    return 0;
}

/* Files that are opened through it are read. */
static herr_t driver_truncate(H5FD_t *base, hid_t transfer, hbool_t closing)
{
    (void)base;
    (void)transfer;
    (void)closing;
    return 0;
}

/* Only ever longer: behind the end of addresses there is nothing, before it the file as it was. */
static herr_t overlay_truncate(H5FD_t *base, hid_t transfer, hbool_t closing)
{
    driver_file *file = (driver_file *)base;
    struct stat facts;
    (void)transfer;
    (void)closing;
    if (*file->target.failure == 0 && file->end_of_addresses > file->target.overlay->first &&
        (fstat(file->target.fd, &facts) != 0 || ((haddr_t)facts.st_size < file->end_of_addresses &&
                                                 ftruncate(file->target.fd, (off_t)file->end_of_addresses) != 0)))
        *file->target.failure = errno;
    file->end_of_file = file->end_of_addresses;
    return 0;
}

static hid_t overlay_id(void)
{
    static const H5FD_class_t class = {.name = "pipette_overlay",
                                       .maxaddr = (haddr_t)INT64_MAX,
                                       .fc_degree = H5F_CLOSE_STRONG,
                                       .fapl_size = sizeof(driver_target),
                                       .open = driver_open,
                                       .close = driver_close,
                                       .cmp = driver_compare,
                                       .query = overlay_query,
                                       .alloc = overlay_alloc,
                                       .free = overlay_free,
                                       .get_eoa = driver_get_eoa,
                                       .set_eoa = overlay_set_eoa,
                                       .get_eof = driver_get_eof,
                                       .read = overlay_read,
                                       .write = overlay_write,
                                       .truncate = overlay_truncate,
                                       .fl_map = H5FD_FLMAP_DICHOTOMY};
    static hid_t id = -1;
    if (id < 0)
        id = H5FDregister(&class);
    return id;
}

static hid_t driver_id(void)
{
    static const H5FD_class_t class = {.name = "pipette",
                                       .maxaddr = (haddr_t)INT64_MAX,
                                       .fc_degree = H5F_CLOSE_STRONG,
                                       .fapl_size = sizeof(driver_target),
                                       .open = driver_open,
                                       .close = driver_close,
                                       .cmp = driver_compare,
                                       .query = driver_query,
                                       .get_eoa = driver_get_eoa,
                                       .set_eoa = driver_set_eoa,
                                       .get_eof = driver_get_eof,
                                       .read = driver_read,
                                       .write = driver_write,
                                       .truncate = driver_truncate,
                                       .fl_map = H5FD_FLMAP_DICHOTOMY};
    static hid_t id = -1;
    if (id < 0)
        id = H5FDregister(&class);
    return id;
}

/* Access properties: the oldest format, no locks of HDF5's own (a notebook that holds the file must not stop us). */
static hid_t access_properties(store_file *store, int fd, h5_overlay *overlay, haddr_t stored_end)
{
    driver_target target = {fd, &store->write_failure, overlay, &store->probe, stored_end};
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    if (access < 0)
        return access;
    (void)H5Pset_driver(access, overlay != NULL ? overlay_id() : driver_id(), &target);
    (void)H5Pset_libver_bounds(access, H5F_LIBVER_EARLIEST, H5F_LIBVER_LATEST);
    (void)H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
    (void)H5Pset_file_locking(access, 0, 1);
    if (overlay != NULL) {
        (void)H5Pset_meta_block_size(access, 0);
        (void)H5Pset_small_data_block_size(access, 0);
    }
    return access;
}

hid_t h5_create(store_file *store, int fd, h5_overlay *overlay)
{
    hid_t access, file;
    (void)H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    store->write_failure = 0;
    access = access_properties(store, fd, overlay, 0);
    file = H5Fcreate(store->path, H5F_ACC_TRUNC, H5P_DEFAULT, access);
    (void)H5Pclose(access);
    return file;
}

hid_t h5_open(store_file *store, int fd)
{
    unsigned char head[96];
    hid_t access, file;
    if (pread(fd, head, sizeof head, 0) != (ssize_t)sizeof head)
        head[8] = 1;
    (void)H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    store->write_failure = 0;
    access = access_properties(store, fd, NULL, extents_stored_end(head));
    file = H5Fopen(store->path, H5F_ACC_RDONLY, access);
    (void)H5Pclose(access);
    return file;
}

int h5_close(store_file *store, hid_t file, int status)
{
    if (file >= 0 && H5Fclose(file) < 0 && status == PIPETTE_OK)
        status = h5_fail(store, "cannot write '%s'", store->path);
    if (store->write_failure != 0) {
        /* The reason, whatever HDF5 made of it. */
        errno = store->write_failure;
        store->write_failure = 0;
        status = store_system(store, "cannot write '%s'", store->path);
    }
    return status;
}
