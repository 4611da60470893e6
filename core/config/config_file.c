/* config_file.c: buffers of a config's text, and files read into them. */
#include "config/config_node.h"
#include "config/config_file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_LIMIT = 64 << 20, WRITER_MILLISECONDS = 10000 };

int config_buffer_add(config_buffer *buffer, const char *data, size_t size, pipette_error *error)
{
    if (buffer->size + size + 1 > buffer->capacity) {
        size_t capacity = 2 * buffer->capacity + size + 256;
        char *grown = realloc(buffer->data, capacity);
        if (grown == NULL)
            return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory for the config");
        buffer->data = grown;
        buffer->capacity = capacity;
    }
    memcpy(buffer->data + buffer->size, data, size);
    buffer->size += size;
    buffer->data[buffer->size] = '\0';
    return PIPETTE_OK;
}

static int system_failure(const char *where, const char *path, pipette_error *error)
{
    if (errno == ENOENT || errno == ENOTDIR)
        return pipette_error_set(error, PIPETTE_E_CONFIG, "%s%s: no such file", where, path);
    return pipette_error_set(error, PIPETTE_E_CONFIG, "%s%s: cannot be read: %s", where, path, strerror(errno));
}

static int read_all(int descriptor, const char *where, const char *path, config_buffer *text, pipette_error *error)
{
    char block[16384];
    for (;;) {
        ssize_t got = read(descriptor, block, sizeof block);
        int status;
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return system_failure(where, path, error);
        status = config_buffer_add(text, block, (size_t)got, error);
        if (status != PIPETTE_OK || got == 0)
            return status;
        if (text->size > FILE_LIMIT)
            return pipette_error_set(error, PIPETTE_E_CONFIG, "%s%s: larger than 64 MiB, so it can hardly be a config",
                                     where, path);
    }
}

/* What cannot hold a config, or NULL. A pipe can be one on the command line (run <(...)), where somebody stands behind
 * it. */
static const char *unfit(mode_t mode, int included)
{
    if (S_ISDIR(mode))
        return "a folder";
    if (S_ISSOCK(mode))
        return "a socket";
    if (included && S_ISFIFO(mode))
        return "a pipe (FIFO)";
    if (S_ISBLK(mode) || (included && S_ISCHR(mode)))
        return "a device";
    return NULL;
}

/* A file is opened without waiting for whoever is at the other end; a pipe is given some seconds to say something. */
static int wait_for_writer(int descriptor, mode_t mode, const char *path, pipette_error *error)
{
    struct pollfd pipe = {descriptor, POLLIN, 0};
    int ready = 1;
    do
        ready = S_ISFIFO(mode) ? poll(&pipe, 1, WRITER_MILLISECONDS) : 1;
    while (ready < 0 && errno == EINTR);
    if (ready == 0)
        return pipette_error_set(error, PIPETTE_E_CONFIG, "%s: is a pipe (FIFO) that nobody writes to", path);
    (void)fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK);
    return PIPETTE_OK;
}

int config_file_read(const char *where, const char *path, config_buffer *text, config_file_identity *identity,
                     pipette_error *error)
{
    struct stat about;
    const char *what;
    int status = PIPETTE_OK, descriptor;
    if (stat(path, &about) != 0)
        return system_failure(where, path, error);
    what = unfit(about.st_mode, where[0] != '\0');
    if (what != NULL)
        return pipette_error_set(error, PIPETTE_E_CONFIG, "%s%s: is %s, not a config file", where, path, what);
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (descriptor < 0)
        return system_failure(where, path, error);
    if (fstat(descriptor, &about) != 0)
        status = system_failure(where, path, error);
    else
        status = wait_for_writer(descriptor, about.st_mode, path, error);
    if (status == PIPETTE_OK)
        status = read_all(descriptor, where, path, text, error);
    (void)close(descriptor);
    if (status != PIPETTE_OK)
        return status;
    identity->device = about.st_dev;
    identity->inode = about.st_ino;
    if (memchr(text->data, '\0', text->size) != NULL)
        return pipette_error_set(error, PIPETTE_E_CONFIG, "%s%s: holds zero bytes, so it is not a config file", where,
                                 path);
    return PIPETTE_OK;
}
