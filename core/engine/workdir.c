/* workdir.c: the working directory of runs: a folder for each run, or for each worker, below a folder of the
 * experiment. */
#include "engine/workdir.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DESCRIPTORS = 16 };

static int open_up(const char *path, const struct stat *about, int kind, struct FTW *where)
{
    (void)about;
    (void)where;
    if (kind == FTW_D || kind == FTW_DNR)
        (void)chmod(path, 0700);
    return 0;
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *where)
{
    (void)about;
    (void)kind;
    (void)where;
    return remove(path) == 0 || errno == ENOENT ? 0 : -1;
}

static int remove_tree(const char *path)
{
    if (rmdir(path) == 0) /* the usual case: nothing was left */
        return 0;
    if (nftw(path, remove_one, DESCRIPTORS, FTW_DEPTH | FTW_PHYS) == 0)
        return 0;
    (void)nftw(path, open_up, DESCRIPTORS, FTW_PHYS); /* folders that are closed to ourselves */
    return nftw(path, remove_one, DESCRIPTORS, FTW_DEPTH | FTW_PHYS);
}

/* A folder that is new or empty. */
static int make_empty(const char *scratch, const char *path)
{
    int tries;
    for (tries = 0; tries < 3; tries++) {
        if (mkdir(path, 0777) == 0)
            return 0;
        if (errno == EEXIST) /* from a try that was cut off, or has failed */
            (void)remove_tree(path);
        else if (errno != ENOENT || (mkdir(scratch, 0777) != 0 && errno != EEXIST))
            return -1;
    }
    return mkdir(path, 0777);
}

static void run_folder(const engine_plan *plan, uint64_t run, char *out)
{
    (void)snprintf(out, PATH_MAX, "%s/run_%08llu", plan->scratch, (unsigned long long)run);
}

static void go_home(const worker *w)
{
    if (fchdir(w->home - 1) != 0) {
        /* the folder is gone: then the process stays where it is */
    }
}

int workdir_start(worker *w, pipette_error *error)
{
    const engine_plan *plan = w->plan;
    char path[PATH_MAX];
    int number;
    if (plan->workdir == WORKDIR_SHARED)
        return PIPETTE_OK;
    w->home = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC) + 1;
    if (w->home == 0)
        return pipette_error_set(error, PIPETTE_E_SYSTEM, "cannot find the working directory: %s", strerror(errno));
    if (plan->workdir != WORKDIR_WORKER)
        return PIPETTE_OK;
    for (number = 0; number < INT_MAX;
         number++) { /* those of processes that died stay, with the files of the run at fault */
        (void)snprintf(path, sizeof path, "%s/worker_%d", plan->scratch, number);
        if (mkdir(path, 0777) == 0)
            break;
        if (errno != EEXIST && (errno != ENOENT || (mkdir(plan->scratch, 0777) != 0 && errno != EEXIST)))
            return pipette_error_set(error, PIPETTE_E_SYSTEM, "%s: there is no folder for a worker: %s", path,
                                     strerror(errno));
    }
    w->folder = strdup(path);
    if (w->folder == NULL || chdir(path) != 0)
        return pipette_error_set(error, PIPETTE_E_SYSTEM, "%s: a worker cannot go there: %s", path, strerror(errno));
    return PIPETTE_OK;
}

int workdir_enter(worker *w, uint64_t run)
{
    char path[PATH_MAX];
    if (w->plan->workdir != WORKDIR_RUN)
        return PIPETTE_OK;
    run_folder(w->plan, run, path);
    if (make_empty(w->plan->scratch, path) == 0 && chdir(path) == 0)
        return PIPETTE_OK;
    (void)snprintf(w->message, sizeof w->message, "there is no folder for the run: %.700s: %s", path, strerror(errno));
    return w->run_status = PIPETTE_E_SYSTEM;
}

void workdir_leave(worker *w, uint64_t run, int failed)
{
    char path[PATH_MAX];
    w->folder_kept |= failed;
    if (w->plan->workdir != WORKDIR_RUN)
        return;
    go_home(w);
    run_folder(w->plan, run, path);
    if (!failed)
        (void)remove_tree(path);
}

void workdir_end(worker *w)
{
    if (w->home == 0)
        return;
    go_home(w);
    if (w->folder != NULL && !w->folder_kept)
        (void)remove_tree(w->folder);
    free(w->folder);
    w->folder = NULL;
    (void)close(w->home - 1);
    w->home = 0;
}

void workdir_note(const engine_plan *plan, const worker *w, uint64_t run, char *message, size_t size)
{
    char path[PATH_MAX];
    size_t used = strlen(message);
    if (plan->workdir == WORKDIR_SHARED)
        return;
    if (plan->workdir == WORKDIR_RUN)
        run_folder(plan, run, path);
    else
        (void)snprintf(path, sizeof path, "%s", w == NULL || w->folder == NULL ? plan->scratch : w->folder);
    if (used + sizeof WORKDIR_NOTE + strlen(path) <= size)
        (void)snprintf(message + used, size - used, WORKDIR_NOTE "%s", path);
}
