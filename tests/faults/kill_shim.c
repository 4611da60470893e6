/* kill_shim.c: preloaded into a command, counts its calls that change files and kills it, or makes them fail, at the
 * one that the test has chosen (fault_board.h). Calls that libc makes inside itself (fflush) are not seen. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fault_board.h"

#define SHOWN __attribute__((visibility("default")))

static fault_board *board;

static int proc = -1; /* the test's, also where we are in a namespace of process numbers and have a /proc of our own */

/* The number by which the test knows this process. */
static int32_t own_number(void)
{
    char text[32];
    ssize_t length = readlinkat(proc, "self", text, sizeof text - 1);
    text[length < 0 ? 0 : length] = '\0';
    return (int32_t)strtol(text, NULL, 10);
}

/* Nothing changes a file any more until the test has killed everything. */
static void wait_for_death(void)
{
    for (;;)
        (void)pause();
}

static void enter_process(void)
{
    if (board != NULL) {
        uint32_t i = atomic_fetch_add(&board->process_count, 1);
        if (i < FAULT_PROCESSES)
            atomic_store(&board->processes[i], own_number());
        if (atomic_load(&board->end_all))
            wait_for_death();
    }
}

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("PIPETTE_FAULT_BOARD"), *program = getenv("PIPETTE_FAULT_PROGRAM");
    void *place;
    int file;
    /* git and other helpers inherit the preload, but are none of ours. */
    if (path == NULL || strcmp(program_invocation_short_name, program == NULL ? "pipette" : program) != 0)
        return;
    proc = (int)syscall(SYS_openat, AT_FDCWD, "/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    file = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
    if (file < 0)
        return;
    place = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    (void)syscall(SYS_close, file);
    if (place == MAP_FAILED)
        return;
    board = place;
    enter_process();
    (void)pthread_atfork(NULL, NULL, enter_process);
}

static void die(void)
{
    if (board->kill_whom == FAULT_ALL) {
        atomic_store(&board->end_all, 1);
        wait_for_death();
    }
    (void)syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
    wait_for_death();
}

static void note(const char *call, int file, const char *path)
{
    char link[32];
    ssize_t length;
    if (atomic_fetch_add(&board->fired, 1) != 0)
        return;
    board->hit = own_number();
    (void)snprintf(board->call, sizeof board->call, "%s", call);
    if (path != NULL) {
        (void)snprintf(board->file, sizeof board->file, "%s", path);
    } else {
        (void)snprintf(link, sizeof link, "/proc/self/fd/%d", file);
        length = readlink(link, board->file, sizeof board->file - 1);
        board->file[length < 0 ? 0 : length] = '\0';
    }
}

/* Whether the call counts: on an ordinary file with a name, which is not one of the standard streams. */
static int counts(int file)
{
    struct stat about;
    return board != NULL && file > STDERR_FILENO && fstat(file, &about) == 0 && S_ISREG(about.st_mode) &&
           about.st_nlink > 0;
}

enum { GO_ON = 0, THEN_DIE = 1, HALF_THEN_DIE = 2, HALF = 3, FAIL = 4 };

/* How much of a write takes effect where it is cut short: whole pages, as the kernel does it. 0: it goes through whole
 * or not at all. */
static size_t part_of(int file, off_t offset, size_t size)
{
    const int before = errno;
    const off_t at = offset < 0 ? lseek(file, 0, SEEK_CUR) : offset;
    const uint64_t page = 4096, from = at < 0 ? 0 : (uint64_t)at;
    uint64_t cut = (from + size / 2) / page * page;
    errno = before;
    if (cut <= from)
        cut = (from / page + 1) * page;
    return cut >= from + size ? 0 : (size_t)(cut - from);
}

/* What is to be done with this call. `writes`: it can be cut in half. `fails`: a full disk makes it fail. */
static int decide(const char *call, int file, const char *path, int writes, int fails)
{
    uint32_t number = atomic_fetch_add(&board->calls, 1) + 1;
    if (atomic_load(&board->end_all))
        wait_for_death();
    if (board->pause_us > 0)
        (void)usleep(board->pause_us);
    if (board->kill_at == number) {
        note(call, file, path);
        if (board->kill_when == FAULT_BEFORE || (board->kill_when == FAULT_HALF && !writes))
            die();
        return board->kill_when == FAULT_HALF ? HALF_THEN_DIE : THEN_DIE;
    }
    if (board->fail_at > 0 && number >= board->fail_at && (fails || board->fail_error == EROFS)) {
        note(call, file, path);
        if (board->fail_half && number == board->fail_at && writes)
            return HALF;
        (void)atomic_fetch_add(&board->failed, 1);
        errno = (int)board->fail_error;
        return FAIL;
    }
    return GO_ON;
}

static long finish(int decision, long result)
{
    if (decision == THEN_DIE || decision == HALF_THEN_DIE)
        die();
    return result;
}

/* Calls with bytes; `part` is what is left of them in half. */
#define WRITING(call, file, splits, whole, half)                                                                       \
    do {                                                                                                               \
        int decision_ = GO_ON;                                                                                         \
        if (counts(file))                                                                                              \
            decision_ = decide(call, file, NULL, splits, 1);                                                           \
        if (decision_ == FAIL)                                                                                         \
            return -1;                                                                                                 \
        if (decision_ == HALF || decision_ == HALF_THEN_DIE)                                                           \
            return finish(decision_, half);                                                                            \
        return finish(decision_, whole);                                                                               \
    } while (0)

SHOWN ssize_t write(int file, const void *bytes, size_t size)
{
    const size_t part = part_of(file, -1, size);
    WRITING("write", file, part > 0, syscall(SYS_write, file, bytes, size), syscall(SYS_write, file, bytes, part));
}

SHOWN ssize_t pwrite(int file, const void *bytes, size_t size, off_t offset)
{
    const size_t part = part_of(file, offset, size);
    WRITING("pwrite", file, part > 0, syscall(SYS_pwrite64, file, bytes, size, offset),
            syscall(SYS_pwrite64, file, bytes, part, offset));
}

SHOWN ssize_t pwrite64(int file, const void *bytes, size_t size, off64_t offset)
{
    return pwrite(file, bytes, size, offset);
}

SHOWN ssize_t writev(int file, const struct iovec *parts, int count)
{
    WRITING("writev", file, count > 1, syscall(SYS_writev, file, parts, count),
            syscall(SYS_writev, file, parts, count / 2));
}

SHOWN ssize_t pwritev(int file, const struct iovec *parts, int count, off_t offset)
{
    WRITING("pwritev", file, count > 1, syscall(SYS_pwritev, file, parts, count, offset, 0L),
            syscall(SYS_pwritev, file, parts, count / 2, offset, 0L));
}

SHOWN ssize_t pwritev64(int file, const struct iovec *parts, int count, off64_t offset)
{
    return pwritev(file, parts, count, offset);
}

SHOWN ssize_t copy_file_range(int from, off64_t *from_offset, int to, off64_t *to_offset, size_t size, unsigned flags)
{
    const size_t part = part_of(to, to_offset == NULL ? -1 : *to_offset, size);
    WRITING("copy_file_range", to, part > 0,
            syscall(SYS_copy_file_range, from, from_offset, to, to_offset, size, flags),
            syscall(SYS_copy_file_range, from, from_offset, to, to_offset, part, flags));
}

/* Calls without. */
#define CHANGING(call, counted, file, path, fails, result)                                                             \
    do {                                                                                                               \
        int decision_ = GO_ON;                                                                                         \
        if (counted)                                                                                                   \
            decision_ = decide(call, file, path, 0, fails);                                                            \
        if (decision_ == FAIL)                                                                                         \
            return -1;                                                                                                 \
        return (int)finish(decision_, result);                                                                         \
    } while (0)

SHOWN int ftruncate(int file, off_t size)
{
    CHANGING("ftruncate", counts(file), file, NULL, 1, syscall(SYS_ftruncate, file, size));
}

SHOWN int ftruncate64(int file, off64_t size)
{
    return ftruncate(file, size);
}

static int allocated(int file, long result)
{
    (void)file;
    return result == 0 ? 0 : errno; /* posix_fallocate gives the error back */
}

SHOWN int posix_fallocate(int file, off_t offset, off_t size)
{
    int decision = GO_ON;
    if (counts(file))
        decision = decide("posix_fallocate", file, NULL, 0, 1);
    if (decision == FAIL)
        return errno;
    return (int)finish(decision, allocated(file, syscall(SYS_fallocate, file, 0, offset, size)));
}

SHOWN int posix_fallocate64(int file, off64_t offset, off64_t size)
{
    return posix_fallocate(file, offset, size);
}

SHOWN int fallocate(int file, int mode, off_t offset, off_t size)
{
    CHANGING("fallocate", counts(file), file, NULL, 1, syscall(SYS_fallocate, file, mode, offset, size));
}

SHOWN int fallocate64(int file, int mode, off64_t offset, off64_t size)
{
    return fallocate(file, mode, offset, size);
}

SHOWN int fsync(int file)
{
    CHANGING("fsync", counts(file), file, NULL, board->fail_error == EIO, syscall(SYS_fsync, file));
}

SHOWN int fdatasync(int file)
{
    CHANGING("fdatasync", counts(file), file, NULL, board->fail_error == EIO, syscall(SYS_fdatasync, file));
}

SHOWN int rename(const char *from, const char *to)
{
    CHANGING("rename", board != NULL, -1, to, 0, syscall(SYS_rename, from, to));
}

SHOWN int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags)
{
    CHANGING("renameat2", board != NULL, -1, to, 0, syscall(SYS_renameat2, from_folder, from, to_folder, to, flags));
}

SHOWN int unlink(const char *path)
{
    CHANGING("unlink", board != NULL, -1, path, 0, syscall(SYS_unlink, path));
}

SHOWN int mkdir(const char *path, mode_t mode)
{
    CHANGING("mkdir", board != NULL, -1, path, board->fail_error != EFBIG, syscall(SYS_mkdir, path, mode));
}

SHOWN int openat(int folder, const char *path, int flags, ...)
{
    mode_t mode = 0;
    if ((flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE) {
        va_list arguments;
        va_start(arguments, flags);
        mode = va_arg(arguments, mode_t);
        va_end(arguments);
    }
    CHANGING("openat", board != NULL && (flags & O_CREAT) != 0, -1, path, board->fail_error != EFBIG,
             syscall(SYS_openat, folder, path, flags, mode));
}

SHOWN int openat64(int folder, const char *path, int flags, ...)
{
    mode_t mode = 0;
    if ((flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE) {
        va_list arguments;
        va_start(arguments, flags);
        mode = va_arg(arguments, mode_t);
        va_end(arguments);
    }
    return openat(folder, path, flags, mode);
}

SHOWN int open(const char *path, int flags, ...)
{
    mode_t mode = 0;
    if ((flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE) {
        va_list arguments;
        va_start(arguments, flags);
        mode = va_arg(arguments, mode_t);
        va_end(arguments);
    }
    return openat(AT_FDCWD, path, flags, mode);
}

SHOWN int open64(const char *path, int flags, ...)
{
    mode_t mode = 0;
    if ((flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE) {
        va_list arguments;
        va_start(arguments, flags);
        mode = va_arg(arguments, mode_t);
        va_end(arguments);
    }
    return openat(AT_FDCWD, path, flags, mode);
}
