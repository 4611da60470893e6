/* capture.c: keeps what a model prints, per run: stdout and stderr of a worker process are a file in memory. */
#include <errno.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engine/worker.h"

#define CAPTURE_LIMIT (1 << 20) /* bytes kept of what one run prints */

static int capture_file = -1;

int capture_start(pipette_error *error)
{
    int file = memfd_create("pipette-output", MFD_CLOEXEC);
    if (file < 0 || dup2(file, STDOUT_FILENO) < 0 || dup2(file, STDERR_FILENO) < 0)
        return pipette_error_set(error, PIPETTE_E_SYSTEM, "cannot keep what the model prints: %s", strerror(errno));
    capture_file = file;
    setvbuf(stdout, NULL, _IOFBF, BUFSIZ);
    return PIPETTE_OK;
}

void capture_take(wire *log, int look_closely)
{
    char bytes[4096];
    off_t size, at;
    /* Nothing waits in stdio's buffers for nearly every run; asking costs 3 ns, a system call 50 times that. */
    if (__fpending(stdout) > 0 || __fpending(stderr) > 0) {
        (void)fflush(stdout);
        (void)fflush(stderr);
        look_closely = 1;
    }
    if (!look_closely || capture_file < 0)
        return;
    size = lseek(capture_file, 0, SEEK_END);
    if (size <= 0)
        return;
    for (at = 0; at < size && at < CAPTURE_LIMIT;) {
        ssize_t got = pread(capture_file, bytes, sizeof bytes, at);
        if (got <= 0)
            break;
        wire_put(log, bytes, (size_t)got);
        at += got;
    }
    if (size > CAPTURE_LIMIT) {
        static const char cut[] = "\n[the rest of what this run printed was cut off]\n";
        wire_put(log, cut, sizeof cut - 1);
    }
    if (ftruncate(capture_file, 0) == 0)
        (void)lseek(capture_file, 0, SEEK_SET);
}
