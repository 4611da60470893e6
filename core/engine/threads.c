/* threads.c: the threads of this process, as /proc/self/task lists them. One system call where there is nothing but the
 * first. */
#include "engine/threads.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TASKS "/proc/self/task"
#define LIMIT 1024u
#define TRIES 10

/* Ascending, as they were created; `count` may be larger than what is listed. */
typedef struct thread_set {
    uint32_t count;
    long numbers[LIMIT];
} thread_set;

static thread_set baseline;

uint32_t threads_count(void)
{
    struct stat about;
    return stat(TASKS, &about) == 0 && about.st_nlink > 2 ? (uint32_t)about.st_nlink - 2 : 1;
}

/* A thread that has been joined may be listed for a moment longer. */
static void rest(void)
{
    struct timespec time = {0, 1000000};
    (void)nanosleep(&time, NULL);
}

uint32_t threads_across_fork(void)
{
    pid_t child;
    int tries;
    if (threads_count() == 1)
        return 1;
    child = fork();
    if (child == 0)
        _exit(0);
    while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
        ;
    for (tries = 0; tries < TRIES && threads_count() > 1; tries++)
        rest();
    return threads_count();
}

static int ascending(const void *a, const void *b)
{
    const long *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void list(thread_set *set)
{
    struct dirent *entry;
    DIR *folder;
    set->count = threads_count();
    if (set->count == 1)
        return;
    set->count = 0;
    folder = opendir(TASKS);
    while (folder != NULL && (entry = readdir(folder)) != NULL)
        if (entry->d_name[0] != '.') {
            if (set->count < LIMIT)
                set->numbers[set->count] = strtol(entry->d_name, NULL, 10);
            set->count++;
        }
    if (folder != NULL)
        (void)closedir(folder);
    qsort(set->numbers, set->count < LIMIT ? set->count : LIMIT, sizeof set->numbers[0], ascending);
}

void threads_mark(void)
{
    list(&baseline);
}

void threads_settle(void)
{
    if (threads_count() != baseline.count)
        list(&baseline);
}

static int others_are_here(void)
{
    static thread_set now;
    uint32_t i, at = 0;
    if (threads_count() == 1)
        return 0;
    list(&now);
    if (now.count <= 1)
        return 0;
    if (now.count > baseline.count || now.count > LIMIT) /* so many are compared by their number alone */
        return now.count > baseline.count;
    for (i = 0; i < now.count; i++) {
        while (at < baseline.count && baseline.numbers[at] < now.numbers[i])
            at++;
        if (at == baseline.count || baseline.numbers[at] != now.numbers[i])
            return 1;
    }
    return 0;
}

int threads_changed(void)
{
    int tries;
    for (tries = 0; tries < TRIES; tries++) {
        if (!others_are_here())
            return 0;
        rest();
    }
    return 1;
}
