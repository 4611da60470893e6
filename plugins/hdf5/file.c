/* Files: what may be opened, locks, the temporary sibling, bytes in and out. */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <linux/limits.h>
#include <unistd.h>

enum { LINKS_MAX = 40, NAME_BYTES = 255 };

/* What a link that leads nowhere says, as a path of its own; NULL where `path` is no link. */
static char *behind_link(const char *path)
{
    char target[PATH_MAX];
    const char *slash = strrchr(path, '/');
    ssize_t length = readlink(path, target, sizeof target - 1);
    if (length <= 0)
        return NULL;
    target[length] = '\0';
    return target[0] == '/' || slash == NULL ? strdup(target)
                                             : store_format("%.*s/%s", (int)(slash - path), path, target);
}

/* NULL: errno says why. A link to a file that does not exist yet stands for that file. */
static char *absolute_path(const char *path)
{
    char *real = realpath(path, NULL), *folder, *absolute, *next;
    int links;
    if (real != NULL)
        return real;
    if (path[0] == '/') {
        absolute = strdup(path);
    } else {
        folder = getcwd(NULL, 0);
        absolute = folder != NULL ? store_format("%s/%s", folder, path) : NULL;
        free(folder);
    }
    for (links = 0; absolute != NULL && links < LINKS_MAX && (next = behind_link(absolute)) != NULL; links++) {
        free(absolute);
        absolute = next;
    }
    return absolute;
}

/* A name in the same folder that nothing else has. */
static char *part_path(const char *path, const char *slash)
{
    const char *name = slash + 1, *letter;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    size_t length = strlen(name);
    if (length + strlen("..part") <= NAME_BYTES)
        return store_format("%.*s/.%s.part", (int)(slash - path), path, name);
    for (letter = name; *letter != '\0'; letter++)
        hash = (hash ^ (unsigned char)*letter) * UINT64_C(0x100000001b3);
    for (length = 200; ((unsigned char)name[length] & 0xc0) == 0x80; length--)
        continue;
    return store_format("%.*s/.%.*s.%016" PRIx64 ".part", (int)(slash - path), path, (int)length, name, hash);
}

/* Two locks that this process holds until it closes the file. One is for commands like this one: a second writer is
 * told so. The other is what HDF5 looks at: a shared one lets readers in and keeps out whoever wants to write (h5py
 * "r+", pandas.HDFStore). */
static int lock_file(store_file *store, int fd)
{
    struct flock lock;
    memset(&lock, 0, sizeof lock);
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    if (fcntl(fd, F_OFD_SETLK, &lock) != 0) {
        if (errno == EAGAIN || errno == EACCES)
            return store_fail(store, PIPETTE_E_STORAGE,
                              "'%s' is being written by another process; wait until it has ended", store->path);
        pipette_stage_log(store->stage, PIPETTE_LOG_WARNING, "cannot lock '%s': %s", store->path, strerror(errno));
    }
    if (flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return store_fail(store, PIPETTE_E_STORAGE, "'%s' is open for writing in another program; close it there",
                          store->path);
    return PIPETTE_OK;
}

/* Root ignores permission bits, so a person who took them away is taken at his word here. */
static int check_folder(store_file *store)
{
    char *folder = strdup(store->folder), *slash;
    struct stat facts;
    int status = PIPETTE_OK;
    if (folder == NULL)
        return store_memory(store);
    while (stat(folder, &facts) != 0 && errno == ENOENT && (slash = strrchr(folder, '/')) != NULL && folder[1] != '\0')
        slash[slash == folder ? 1 : 0] = '\0';
    if (stat(folder, &facts) != 0)
        status = store_system(store, "cannot look into the folder of '%s'", store->path);
    else if (!S_ISDIR(facts.st_mode))
        status = store_fail(store, PIPETTE_E_STORAGE, "cannot write '%s': '%s' is not a folder", store->path, folder);
    else if ((facts.st_mode & S_IWUSR) == 0 || access(folder, W_OK) != 0)
        status = store_fail(store, PIPETTE_E_STORAGE, "cannot write '%s': the folder '%s' is read-only", store->path,
                            folder);
    free(folder);
    return status;
}

static int check_file(store_file *store, const struct stat *facts, bool writes)
{
    if (S_ISDIR(facts->st_mode))
        return store_fail(store, PIPETTE_E_STORAGE, "'%s' is a directory; name a file in it", store->path);
    if (!S_ISREG(facts->st_mode))
        return store_fail(store, PIPETTE_E_STORAGE, "'%s' is not an ordinary file", store->path);
    if ((facts->st_mode & (S_IRUSR | S_IRGRP | S_IROTH)) == 0)
        return store_fail(store, PIPETTE_E_STORAGE, "'%s' may not be read (its permissions forbid it)", store->path);
    if (writes && (facts->st_mode & (S_IWUSR | S_IWGRP | S_IWOTH)) == 0)
        return store_fail(store, PIPETTE_E_STORAGE, "'%s' is read-only; chmod u+w allows writing", store->path);
    return PIPETTE_OK;
}

/* Opens the existing file, locked if it is going to be written. A file that was replaced before we had the lock is let
 * go. */
static int open_existing(store_file *store, bool writes, int *out)
{
    int attempt, status;
    for (attempt = 0; attempt < 10; attempt++) {
        struct stat facts, now;
        int fd = open(store->path, (writes ? O_RDWR : O_RDONLY) | O_CLOEXEC);
        if (fd < 0)
            return store_system(store, "cannot open '%s'", store->path);
        status = writes ? lock_file(store, fd) : PIPETTE_OK;
        if (status != PIPETTE_OK) {
            (void)close(fd);
            return status;
        }
        if (fstat(fd, &facts) == 0 && stat(store->path, &now) == 0 && facts.st_ino == now.st_ino &&
            facts.st_dev == now.st_dev) {
            *out = fd;
            return PIPETTE_OK;
        }
        (void)close(fd);
    }
    return store_fail(store, PIPETTE_E_STORAGE, "'%s' is being replaced by another process; try again", store->path);
}

/* A sibling that a dead process left is of no use: what it was made from is still there. */
static void remove_stale_part(store_file *store)
{
    struct flock lock;
    int fd = open(store->part, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        if (errno == ELOOP || errno == ENXIO) /* a link or a socket was not made by us */
            (void)unlink(store->part);
        return;
    }
    memset(&lock, 0, sizeof lock);
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
        (void)unlink(store->part);
    (void)close(fd);
}

int file_open(store_file *store, const char *path, int mode)
{
    bool writes = mode != PIPETTE_STORAGE_READ, exists;
    struct stat facts;
    char *slash;
    int status;
    errno = 0;
    store->path = absolute_path(path);
    if (store->path == NULL && errno == ENOENT)
        return store_fail(store, PIPETTE_E_STORAGE,
                          "cannot write '%s': the current folder is gone (it was removed); change to one that exists",
                          path);
    slash = store->path != NULL ? strrchr(store->path, '/') : NULL;
    store->folder =
        slash != NULL ? strndup(store->path, slash == store->path ? 1 : (size_t)(slash - store->path)) : NULL;
    store->part = slash != NULL ? part_path(store->path, slash) : NULL;
    if (store->path == NULL || store->folder == NULL || store->part == NULL)
        return store_memory(store);
    if (slash[1] == '\0')
        return store_fail(store, PIPETTE_E_STORAGE, "'%s' is a directory; name a file in it", path);
    exists = stat(store->path, &facts) == 0;
    if (!exists && errno != ENOENT)
        return store_system(store, "cannot open '%s'", store->path);
    if (!exists && (mode == PIPETTE_STORAGE_READ || mode == PIPETTE_STORAGE_UPDATE))
        return store_fail(store, PIPETTE_E_NOT_FOUND, "'%s' does not exist", store->path);
    if (exists) {
        status = check_file(store, &facts, writes && mode != PIPETTE_STORAGE_CREATE);
        if (status != PIPETTE_OK)
            return status;
        if (mode == PIPETTE_STORAGE_CREATE)
            return store_fail(store, PIPETTE_E_EXISTS, "'%s' exists already; --overwrite replaces it", store->path);
    }
    if (writes) {
        status = check_folder(store);
        if (status != PIPETTE_OK)
            return status;
        remove_stale_part(store);
    }
    if (!exists)
        return PIPETTE_OK;
    return open_existing(store, writes, mode == PIPETTE_STORAGE_REPLACE ? &store->replaced : &store->fd);
}

void file_close(store_file *store)
{
    if (store->fd >= 0)
        (void)close(store->fd);
    if (store->replaced >= 0)
        (void)close(store->replaced);
    store->fd = store->replaced = -1;
}

/* ---- The temporary sibling ---- */

static int make_folders(store_file *store)
{
    char *folder = strdup(store->folder), *slash;
    struct stat facts;
    int status = PIPETTE_OK;
    if (folder == NULL)
        return store_memory(store);
    if (stat(folder, &facts) == 0) {
        free(folder);
        return PIPETTE_OK;
    }
    for (slash = strchr(folder + 1, '/'); status == PIPETTE_OK; slash = strchr(slash + 1, '/')) {
        if (slash != NULL)
            *slash = '\0';
        if (mkdir(folder, 0777) != 0 && errno != EEXIST)
            status = store_system(store, "cannot make the folder '%s'", folder);
        if (slash == NULL)
            break;
        *slash = '/';
    }
    free(folder);
    return status;
}

/* Says what has the name of the sibling and does not go away. */
static int part_in_the_way(store_file *store)
{
    struct stat facts;
    int fd, status;
    if (lstat(store->part, &facts) != 0)
        return store_system(store, "cannot create '%s'", store->part);
    if (S_ISREG(facts.st_mode) && (fd = open(store->part, O_RDWR | O_CLOEXEC | O_NOFOLLOW)) >= 0) {
        status = lock_file(store, fd);
        (void)close(fd);
        if (status != PIPETTE_OK)
            return status;
    }
    return store_fail(store, PIPETTE_E_STORAGE, "cannot create '%s': %s '%s' is in the way; remove it", store->path,
                      S_ISDIR(facts.st_mode) ? "the folder" : "the file", store->part);
}

int file_part_begin(store_file *store, int *fd)
{
    struct stat facts, now;
    int attempt, status = make_folders(store);
    if (status != PIPETTE_OK)
        return status;
    /* Made by us or not at all: what others put under that name is not written to. */
    for (attempt = 0; attempt < 3; attempt++) {
        *fd = open(store->part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (*fd < 0 && errno != EEXIST)
            return store_system(store, "cannot create '%s'", store->path);
        if (*fd < 0) {
            remove_stale_part(store);
            continue;
        }
        status = lock_file(store, *fd);
        /* Another process may have taken it for a stale one before it was locked. */
        if (status == PIPETTE_OK && fstat(*fd, &facts) == 0 && lstat(store->part, &now) == 0 &&
            facts.st_ino == now.st_ino && facts.st_dev == now.st_dev)
            return PIPETTE_OK;
        (void)close(*fd);
        if (status != PIPETTE_OK)
            return status;
    }
    return part_in_the_way(store);
}

static int rename_new(const char *from, const char *to)
{
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    /* The file system knows no such thing: a hard link refuses an existing name as well. */
    if (link(from, to) == 0)
        return unlink(from);
    return errno == EEXIST || access(to, F_OK) == 0 ? (errno = EEXIST, -1) : rename(from, to);
}

/* Also what access lists are kept in. What the file system or the user's rights do not give is told: it decides who may
 * read the file. */
static bool keep_attributes(int from, int to)
{
    char *names = NULL, *value = NULL, *name;
    ssize_t bytes = flistxattr(from, NULL, 0), size;
    bool kept = bytes >= 0 || errno == ENOTSUP;
    if (bytes <= 0)
        return kept;
    names = malloc((size_t)bytes);
    value = malloc(XATTR_SIZE_MAX);
    kept = names != NULL && value != NULL && (bytes = flistxattr(from, names, (size_t)bytes)) >= 0;
    for (name = names; kept && name < names + bytes; name += strlen(name) + 1) {
        size = fgetxattr(from, name, value, XATTR_SIZE_MAX);
        /* Labels of security modules are for these to give. */
        if ((size < 0 || fsetxattr(to, name, value, (size_t)size, 0) != 0) &&
            strncmp(name, "security.", strlen("security.")) != 0)
            kept = false;
    }
    free(names);
    free(value);
    return kept;
}

/* The new file belongs to whom the old one belonged, and is for the same people. */
static void keep_owner(store_file *store, int fd)
{
    struct stat facts, now;
    bool kept = fstat(store->replaced, &facts) == 0 && fstat(fd, &now) == 0;
    if (kept && (facts.st_uid != now.st_uid || facts.st_gid != now.st_gid))
        kept = fchown(fd, facts.st_uid, facts.st_gid) == 0 ||
               (fchown(fd, (uid_t)-1, facts.st_gid) == 0 && facts.st_uid == now.st_uid);
    kept = keep_attributes(store->replaced, fd) && kept;
    kept = fchmod(fd, facts.st_mode & 07777) == 0 && kept;
    if (!kept)
        pipette_stage_log(store->stage, PIPETTE_LOG_WARNING,
                          "'%s' is replaced, and the new file cannot have the old one's owner, group, access list and "
                          "attributes: look whether the "
                          "right people may read it",
                          store->path);
}

int file_part_commit(store_file *store, int fd, bool replace, bool safe)
{
    if (replace)
        keep_owner(store, fd);
    if (safe && fsync(fd) != 0)
        return store_system(store, "cannot write '%s'", store->path);
    if ((replace ? rename(store->part, store->path) : rename_new(store->part, store->path)) != 0) {
        if (errno == EEXIST)
            return store_fail(store, PIPETTE_E_EXISTS, "'%s' exists already; --overwrite replaces it", store->path);
        return store_system(store, "cannot create '%s'", store->path);
    }
    if (safe) {
        int folder = open(store->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (folder >= 0) {
            (void)fsync(folder);
            (void)close(folder);
        }
    }
    return PIPETTE_OK;
}

void file_part_abort(store_file *store, int fd)
{
    (void)unlink(store->part);
    (void)close(fd);
}

int file_still_there(store_file *store)
{
    struct stat facts, now;
    if (fstat(store->fd, &facts) != 0)
        return store_system(store, "cannot look at '%s'", store->path);
    if (stat(store->path, &now) == 0) {
        if (facts.st_ino == now.st_ino && facts.st_dev == now.st_dev)
            return PIPETTE_OK;
        return store_fail(store, PIPETTE_E_STORAGE,
                          "'%s' was replaced by another file while runs were being stored; what they stored is %s",
                          store->path,
                          facts.st_nlink > 0 ? "in the file that had this name: give it the name back, and run again"
                                             : "lost: move the other file away, and run again");
    }
    return store_fail(
        store, PIPETTE_E_STORAGE, "'%s' has vanished: %s", store->path,
        facts.st_nlink > 0
            ? "the file or its folder was renamed while runs were being stored; give it the name back, and run again"
            : "the file or its folder was removed while runs were being stored, and they are lost; run again");
}

/* ---- Bytes ---- */

/* The host ignores SIGXFSZ; a limit on the size of files then is EFBIG here. */
int file_write(store_file *store, int fd, const void *data, uint64_t size, uint64_t offset)
{
    const char *bytes = data;
    while (size > 0) {
        ssize_t done = pwrite(fd, bytes, size > (1u << 30) ? (1u << 30) : (size_t)size, (off_t)offset);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0) {
            if (done == 0)
                errno = ENOSPC;
            return store_system(store, "cannot write '%s'", store->path);
        }
        bytes += done;
        offset += (uint64_t)done;
        size -= (uint64_t)done;
    }
    return PIPETTE_OK;
}

int file_write_rows(store_file *store, int fd, const void *data, uint64_t stride, uint64_t row_bytes, uint64_t rows,
                    uint64_t offset)
{
    char buffer[STORE_BLOCK];
    const char *from = data;
    uint64_t i, block, per_block;
    int status = PIPETTE_OK;
    if (row_bytes == 0 || rows == 0)
        return PIPETTE_OK;
    if (stride == row_bytes)
        return file_write(store, fd, data, row_bytes * rows, offset);
    if (row_bytes > sizeof buffer / 8) {
        for (i = 0; status == PIPETTE_OK && i < rows; i++)
            status = file_write(store, fd, from + i * stride, row_bytes, offset + i * row_bytes);
        return status;
    }
    per_block = sizeof buffer / row_bytes;
    for (i = 0; status == PIPETTE_OK && i < rows; i += block) {
        uint64_t k;
        block = rows - i < per_block ? rows - i : per_block;
        for (k = 0; k < block; k++)
            memcpy(buffer + k * row_bytes, from + (i + k) * stride, (size_t)row_bytes);
        status = file_write(store, fd, buffer, block * row_bytes, offset + i * row_bytes);
    }
    return status;
}

int file_read(store_file *store, int fd, void *data, uint64_t size, uint64_t offset)
{
    char *bytes = data;
    while (size > 0) {
        ssize_t done = pread(fd, bytes, size > (1u << 30) ? (1u << 30) : (size_t)size, (off_t)offset);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return store_system(store, "cannot read '%s'", store->path);
        if (done == 0)
            return store_fail(store, PIPETTE_E_STORAGE, "'%s' is cut off", store->path);
        bytes += done;
        offset += (uint64_t)done;
        size -= (uint64_t)done;
    }
    return PIPETTE_OK;
}

int file_clear(int fd, uint64_t offset, uint64_t size)
{
    static const char nothing[STORE_BLOCK];
    if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)size) == 0)
        return 0;
    while (size > 0) {
        ssize_t done = pwrite(fd, nothing, size < sizeof nothing ? (size_t)size : sizeof nothing, (off_t)offset);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return -1;
        offset += (uint64_t)done;
        size -= (uint64_t)done;
    }
    return 0;
}

static int copy_bytes(store_file *store, int from, uint64_t from_offset, int to, uint64_t to_offset, uint64_t size)
{
    char buffer[STORE_BLOCK];
    int status = PIPETTE_OK;
    while (size > 0) {
        off_t in = (off_t)from_offset, out = (off_t)to_offset;
        ssize_t done = copy_file_range(from, &in, to, &out, size > (1u << 30) ? (1u << 30) : (size_t)size, 0);
        if (done <= 0)
            break; /* Not between these file systems, or an error that the plain way will name. */
        from_offset += (uint64_t)done;
        to_offset += (uint64_t)done;
        size -= (uint64_t)done;
    }
    while (status == PIPETTE_OK && size > 0) {
        uint64_t block = size < sizeof buffer ? size : sizeof buffer;
        status = file_read(store, from, buffer, block, from_offset);
        if (status == PIPETTE_OK)
            status = file_write(store, to, buffer, block, to_offset);
        from_offset += block;
        to_offset += block;
        size -= block;
    }
    return status;
}

int file_copy(store_file *store, int from, uint64_t from_offset, int to, uint64_t to_offset, uint64_t size)
{
    uint64_t end = from_offset + size, at = from_offset;
    int status = PIPETTE_OK;
    /* Holes stay holes: rows that nobody has written cost nothing. */
    while (status == PIPETTE_OK && at < end) {
        off_t data = lseek(from, (off_t)at, SEEK_DATA), hole;
        if (data < 0 && errno == ENXIO)
            break;
        if (data < 0)
            return copy_bytes(store, from, at, to, to_offset + (at - from_offset), end - at);
        if ((uint64_t)data >= end)
            break;
        hole = lseek(from, data, SEEK_HOLE);
        if (hole < 0 || (uint64_t)hole > end)
            hole = (off_t)end;
        status = copy_bytes(store, from, (uint64_t)data, to, to_offset + ((uint64_t)data - from_offset),
                            (uint64_t)(hole - data));
        at = (uint64_t)hole;
    }
    return status;
}
