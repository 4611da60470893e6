/* instance.c: calls of the model that may start threads. A child of a process with threads has none of them, and would
 * wait for them. */
#include "engine/instance.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/seed.h"
#include "engine/threads.h"

/* `guarded`: the board is within reach, and must not be. */
static int create(worker *w, int guarded, pipette_error *error)
{
    int status;
    if (w->schema->random != 0)
        seed_generators(w->schema->random, w->plan->seed, SEED_CREATE);
    if (w->model->create == NULL)
        return PIPETTE_OK;
    if (guarded)
        worker_lock(w);
    status = w->model->create(w->stage);
    if (guarded)
        worker_unlock(w);
    if (status != PIPETTE_OK) {
        const char *message = w->stage_message(w->stage);
        return pipette_error_set(error, PIPETTE_E_PLUGIN, "model '%s' could not make its instance: %s", w->schema->name,
                                 message[0] != '\0' ? message : pipette_status_text(status));
    }
    return PIPETTE_OK;
}

/* Tries create() in a child: 1 if it leaves threads there that a fork would lose. */
static int leaves_threads(worker *w)
{
    int wait_status = 0;
    pid_t child = fork();
    if (child == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        _exit(create(w, 1, NULL) == PIPETTE_OK && threads_across_fork() > 1 ? 77 : 0);
    }
    while (child > 0 && waitpid(child, &wait_status, 0) < 0 && errno == EINTR)
        ;
    return child > 0 && WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 77;
}

int instance_make(worker *w, pipette_error *error)
{
    int status = PIPETTE_OK;
    w->create_apart = w->isolated && w->capture && w->model->create != NULL && leaves_threads(w);
    if (w->create_apart)
        return PIPETTE_OK;
    status = create(w, 1, error);
    if (status != PIPETTE_OK)
        return status;
    w->instance_made = 1;
    w->instance = w->stage->instance;
    return PIPETTE_OK;
}

int instance_make_apart(worker *w)
{
    pipette_error error = {0};
    int status = create(w, 0, &error);
    if (status != PIPETTE_OK)
        fprintf(stderr, "%s\n", error.message);
    w->instance = w->stage->instance;
    return status;
}

/* ---- Shapes ---- */

typedef struct answer {
    pipette_error error;
    int status;
    shape_extent extents[];
} answer;

int instance_shape(const plugin_schema *schema, const pipette_model *model, shape_lookup lookup, void *user,
                   shape_extent *extents, pipette_error *error)
{
    size_t bytes = shape_extent_count(schema) * sizeof *extents, size = sizeof(answer) + bytes;
    answer *shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int wait_status = 0, status;
    pid_t child;
    if (shared == MAP_FAILED)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory for the shapes of results");
    shared->status = 1;
    child = fork();
    if (child == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        shared->status = shape_ask(schema, model, lookup, user, shared->extents, &shared->error);
        _exit(0);
    }
    while (child > 0 && waitpid(child, &wait_status, 0) < 0 && errno == EINTR)
        ;
    status = shared->status;
    if (child < 0)
        status = pipette_error_set(error, PIPETTE_E_SYSTEM, "there is no process for shape(): %s", strerror(errno));
    else if (WIFSIGNALED(wait_status))
        status =
            pipette_error_set(error, PIPETTE_E_CRASHED, "%s: crashed in shape() (SIG%s)", schema->path,
                              sigabbrev_np(WTERMSIG(wait_status)) == NULL ? "?" : sigabbrev_np(WTERMSIG(wait_status)));
    else if (status > 0)
        status = pipette_error_set(error, PIPETTE_E_CRASHED, "%s: ended its process in shape() (exit status %d)",
                                   schema->path, WEXITSTATUS(wait_status));
    else if (status != PIPETTE_OK && error != NULL)
        *error = shared->error;
    else
        memcpy(extents, shared->extents, bytes);
    (void)munmap(shared, size);
    return status;
}
