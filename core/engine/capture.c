/* capture.c: keeps what a model prints, per run: stdout and stderr of a worker process are a file in memory. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "engine/worker.h"
#include "base/utf8.h"

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
    static const struct timespec at_once = {0, 0};
    size_t waiting = __fpending(stdout);
    sigset_t beyond_limit, before;
    /* A run that has set itself a limit for files would be killed by our write, after its end. */
    sigemptyset(&beyond_limit);
    sigaddset(&beyond_limit, SIGXFSZ);
    (void)pthread_sigmask(SIG_BLOCK, &beyond_limit, &before);
    (void)fflush(stdout);
    (void)fflush(stderr);
    if (!sigismember(&before, SIGXFSZ)) {
        (void)sigtimedwait(&beyond_limit, NULL, &at_once);
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
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

const char *capture_text(wire *log, wire *room, uint64_t *wrong)
{
    uint64_t count = utf8_wrong((const char *)log->data, log->size);
    room->size = 0;
    room->failed = 0;
    *wrong += count;
    wire_room(room, log->size + 2 * (size_t)count + 1);
    if (room->failed)
        return "[out of memory for what this run printed]\n";
    utf8_repair((const char *)log->data, log->size, (char *)room->data);
    return (const char *)room->data;
}
