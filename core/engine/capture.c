/* capture.c: keeps what a model prints, per run: stdout and stderr of a worker process are a file in memory. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "engine/worker.h"

#define CAPTURE_KEPT (1 << 20)  /* bytes kept of what one run prints */
#define CAPTURE_ROOM (64 << 20) /* what is printed beyond is refused: it would fill the memory */

static int output = -1;
static char *buffer;
static size_t buffer_size;

int capture_file(void)
{
    int file = memfd_create("pipette-output", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    off_t room = CAPTURE_ROOM;
    struct rlimit limit;
    if (file < 0)
        return -1;
    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < (rlim_t)room) /* files in memory count, too */
        room = (off_t)limit.rlim_cur;
    if (ftruncate(file, room) != 0 || fcntl(file, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) != 0) {
        int failure = errno;
        (void)close(file);
        errno = failure;
        return -1;
    }
    return file;
}

int capture_start(int file, char *memory, size_t size, pipette_error *error)
{
    (void)lseek(file, 0, SEEK_SET);
    if (dup2(file, STDOUT_FILENO) < 0 || dup2(file, STDERR_FILENO) < 0)
        return pipette_error_set(error, PIPETTE_E_SYSTEM, "cannot keep what the model prints: %s", strerror(errno));
    output = file;
    buffer = memory;
    buffer_size = size;
    memset(buffer, 0, buffer_size);
    (void)setvbuf(stdout, buffer, _IOFBF, buffer_size);
    return PIPETTE_OK;
}

void capture_unbuffered(int wanted)
{
    static int current;
    if (output < 0 || wanted == current)
        return;
    capture_flush();
    (void)setvbuf(stdout, wanted ? NULL : buffer, wanted ? _IONBF : _IOFBF, wanted ? 0 : buffer_size);
    current = wanted;
}

int capture_line(const char *line)
{
    if (output < 0)
        return 0;
    (void)fputs(line, stdout);
    return 1;
}

void capture_flush(void)
{
    size_t waiting = __fpending(stdout);
    (void)fflush(stdout);
    (void)fflush(stderr);
    clearerr(stdout);
    if (buffer != NULL)
        memset(buffer, 0, waiting < buffer_size ? waiting : buffer_size);
}

/* How much was printed is where the next byte would go: all that print share one place in the file. */
void capture_read(int file, wire *log)
{
    static const char cut[] = "\n[the rest of what this run printed was cut off]\n";
    off_t size = lseek(file, 0, SEEK_CUR), at = 0;
    char bytes[4096];
    if (size <= 0)
        return;
    while (at < size && at < CAPTURE_KEPT) {
        size_t wanted = size - at < (off_t)sizeof bytes ? (size_t)(size - at) : sizeof bytes;
        ssize_t got = pread(file, bytes, wanted, at);
        if (got <= 0)
            break;
        wire_put(log, bytes, (size_t)got);
        at += got;
    }
    if (size > CAPTURE_KEPT) {
        wire_put(log, cut, sizeof cut - 1);
        (void)fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, CAPTURE_KEPT, CAPTURE_ROOM - CAPTURE_KEPT);
    }
    (void)lseek(file, 0, SEEK_SET);
}

int capture_take(wire *log, int look_closely)
{
    /* Nothing waits in stdio's buffers for nearly every run; asking costs 3 ns, a system call 50 times that. */
    size_t before = log->size;
    if (__fpending(stdout) > 0 || __fpending(stderr) > 0) {
        capture_flush();
        look_closely = 1;
    }
    if (look_closely && output >= 0)
        capture_read(output, log);
    return log->size > before;
}

/* The bytes of the character that begins at `at`, or 0 where that is no UTF-8. */
static size_t character(const unsigned char *at, size_t left)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t size = at[0] < 0x80 ? 1 : at[0] < 0xc2 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : at[0] < 0xf5 ? 4 : 0, i;
    uint32_t code;
    if (size <= 1)
        return at[0] == 0 ? 0 : size;
    if (size > left)
        return 0;
    code = at[0] & (0xffu >> (size + 1));
    for (i = 1; i < size; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (at[i] & 0x3fu);
    }
    return code < least[size] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? 0 : size;
}

const char *capture_text(wire *log, wire *room)
{
    size_t at = 0, from = 0;
    room->size = 0;
    room->failed = 0;
    while (at < log->size) {
        size_t size = character(log->data + at, log->size - at);
        if (size > 0) {
            at += size;
            continue;
        }
        wire_put(room, log->data + from, at - from);
        wire_put(room, "\xef\xbf\xbd", 3); /* U+FFFD */
        from = ++at;
    }
    wire_put(room, log->data + from, at - from);
    wire_put(room, "", 1);
    return room->failed ? "[out of memory for what this run printed]\n" : (const char *)room->data;
}
