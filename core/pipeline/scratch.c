/* scratch.c: the folder that holds the working directories of runs or workers. */
#include "pipeline/scratch.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char *beside(const char *file)
{
    char folder[PATH_MAX], *slash, *real, *path = NULL;
    (void)snprintf(folder, sizeof folder, "%s", file);
    slash = strrchr(folder, '/');
    if (slash == NULL)
        strcpy(folder, ".");
    else
        slash[slash == folder] = '\0';
    real = realpath(folder, NULL);
    slash = strrchr(file, '/');
    if (real != NULL &&
        asprintf(&path, "%s/%s.work", strcmp(real, "/") == 0 ? "" : real, slash == NULL ? file : slash + 1) < 0)
        path = NULL;
    free(real);
    return path;
}

int scratch_make(pipette_pipeline *p, engine_plan *plan, pipette_error *error)
{
    const char *temporary = getenv("TMPDIR");
    int failed;
    plan->workdir = p->workdir;
    if (p->workdir == WORKDIR_SHARED)
        return PIPETTE_OK;
    if (!p->replaying)
        plan->scratch = beside(p->file);
    else if (asprintf(&plan->scratch, "%s/pipette-replay-XXXXXX",
                      temporary != NULL && temporary[0] == '/' ? temporary : "/tmp") < 0)
        plan->scratch = NULL;
    if (plan->scratch == NULL)
        return pipette_error_set(error, PIPETTE_E_SYSTEM,
                                 "%s: there is no folder for the working directories of runs beside it: %s", p->file,
                                 strerror(errno));
    failed = p->replaying ? mkdtemp(plan->scratch) == NULL : mkdir(plan->scratch, 0777) != 0 && errno != EEXIST;
    if (failed)
        return pipette_error_set(error, PIPETTE_E_SYSTEM,
                                 "%s: cannot make this folder for the working directories of runs: %s", plan->scratch,
                                 strerror(errno));
    return PIPETTE_OK;
}

void scratch_end(const engine_plan *plan)
{
    if (plan->scratch != NULL)
        (void)rmdir(plan->scratch);
}
