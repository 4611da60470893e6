/* undeclared.c: results that a run adds by a name that its model does not declare. */
#include "engine/undeclared.h"

#include <stdlib.h>

#include "trajectory/name.h"

enum { PATH_LIMIT = 500 };

/* A name that some run of this process has added, and the run that did so last. */
typedef struct undeclared_name {
    char *path; /* NULL: the place is free */
    uint64_t given;
} undeclared_name;

struct undeclared {
    undeclared_name *names; /* open addressing */
    size_t count, capacity;
};

static undeclared_name *place_of(undeclared_name *names, size_t capacity, const char *path)
{
    uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */
    const char *at;
    size_t i;
    for (at = path; *at != '\0'; at++)
        hash = (hash ^ (unsigned char)*at) * UINT64_C(1099511628211);
    for (i = (size_t)hash & (capacity - 1); names[i].path != NULL && strcmp(names[i].path, path) != 0;
         i = (i + 1) & (capacity - 1))
        ;
    return &names[i];
}

static int grow(struct undeclared *known)
{
    size_t capacity = known->capacity == 0 ? 32 : 2 * known->capacity, i;
    undeclared_name *names = calloc(capacity, sizeof *names);
    if (names == NULL)
        return 0;
    for (i = 0; i < known->capacity; i++)
        if (known->names[i].path != NULL)
            *place_of(names, capacity, known->names[i].path) = known->names[i];
    free(known->names);
    known->names = names;
    known->capacity = capacity;
    return 1;
}

/* The entry of a name, made if need be; NULL without memory. */
static undeclared_name *name_of(worker *w, const char *path)
{
    undeclared_name *name;
    if (w->undeclared == NULL)
        w->undeclared = calloc(1, sizeof *w->undeclared);
    if (w->undeclared == NULL || (2 * w->undeclared->count >= w->undeclared->capacity && !grow(w->undeclared)))
        return NULL;
    name = place_of(w->undeclared->names, w->undeclared->capacity, path);
    if (name->path == NULL && (name->path = strdup(path)) != NULL)
        w->undeclared->count++;
    return name->path == NULL ? NULL : name;
}

int undeclared_put(worker *w, const char *path, const pipette_value *value)
{
    char full[PATH_LIMIT + 32], message[sizeof full + 64];
    undeclared_name *name;
    pipette_error error;
    int status = name_check(path, 1, &error);
    if (status != PIPETTE_OK)
        return run_refuse(w, status, error.message);
    if (strlen(path) > PATH_LIMIT) {
        (void)snprintf(message, sizeof message,
                       "name '%.60s...' of a result is too long; at most %d characters are allowed", path,
                       (int)PATH_LIMIT);
        return run_refuse(w, PIPETTE_E_INVALID, message);
    }
    if (strncmp(path, "results.", 8) == 0)
        path += 8;
    (void)snprintf(full, sizeof full, strchr(path, '$') == NULL ? "results.runs.$.%s" : "results.%s", path);
    name = name_of(w, full);
    if (name == NULL)
        return run_refuse(w, PIPETTE_E_MEMORY, "out of memory for the names of results");
    if (name->given == w->serial) {
        (void)snprintf(message, sizeof message, "result '%s' was stored twice", path);
        return run_refuse(w, PIPETTE_E_EXISTS, message);
    }
    name->given = w->serial;
    run_append(w, WORKER_ADD, PLAN_NO_COLUMN, w->lane, full, value);
    return PIPETTE_OK;
}

void undeclared_destroy(struct undeclared *known)
{
    size_t i;
    if (known == NULL)
        return;
    for (i = 0; i < known->capacity; i++)
        free(known->names[i].path);
    free(known->names);
    free(known);
}
