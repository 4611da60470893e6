/* added.c: undeclared results: which type and rank each has, and which runs cannot be stored beside others. */
#include "pipeline/added.h"

#include <stdlib.h>

#define NO_POSITION UINT32_MAX
#define NOT_KNOWN UINT64_MAX
enum { RANK_MAX = 32 };

typedef struct added_column {
    char *path; /* NULL: dropped */
    int32_t type;
    uint32_t rank;
    uint32_t position; /* for append; NO_POSITION: to be asked for */
    uint64_t run;      /* the lowest that stored it; NOT_KNOWN: stands in the file from an earlier command */
    int stays;         /* part of a file that was finished */
} added_column;

/* A value that was appended for a row whose state has not come yet. */
typedef struct open_value {
    uint64_t row;
    uint32_t index;
} open_value;

struct added {
    added_column *columns;
    uint32_t count, capacity, latest, positions;
    open_value *open;
    size_t open_count, open_capacity;
};

void added_destroy(pipette_pipeline *p)
{
    uint32_t i;
    if (p->added == NULL)
        return;
    for (i = 0; i < p->added->count; i++)
        free(p->added->columns[i].path);
    free(p->added->columns);
    free(p->added->open);
    free(p->added);
    p->added = NULL;
}

void added_forget_positions(pipette_pipeline *p)
{
    uint32_t i;
    if (p->added == NULL)
        return;
    p->added->positions = 0;
    for (i = 0; i < p->added->count; i++)
        p->added->columns[i].position = NO_POSITION;
}

void added_ended(pipette_pipeline *p, uint64_t row, uint64_t count)
{
    size_t i, kept = 0;
    if (p->added == NULL)
        return;
    for (i = 0; i < p->added->open_count; i++)
        if (p->added->open[i].row < row || p->added->open[i].row - row >= count)
            p->added->open[kept++] = p->added->open[i];
    p->added->open_count = kept;
}

static int no_memory(pipette_error *error)
{
    return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
}

static int storage_failed(pipette_pipeline *p, int status, pipette_error *error)
{
    (void)stage_error(&p->storage, status, NULL, error);
    return PIPETTE_E_STORAGE;
}

static added_column *keep(struct added *a, const char *path, int32_t type, uint32_t rank, uint64_t run)
{
    added_column *column;
    if (a->count == a->capacity) {
        uint32_t capacity = 2 * a->capacity + 16;
        added_column *more = realloc(a->columns, capacity * sizeof *more);
        if (more == NULL)
            return NULL;
        a->columns = more;
        a->capacity = capacity;
    }
    column = &a->columns[a->count];
    *column = (added_column){strdup(path), type, rank, NO_POSITION, run, 0};
    if (column->path == NULL)
        return NULL;
    a->count++;
    return column;
}

/* Results that the file has beside the layout's. */
static int keep_stored(const pipette_entry *entry, void *user)
{
    pipette_pipeline *p = user;
    uint32_t i;
    if (entry->kind != PIPETTE_ENTRY_COLUMN || entry->role != PIPETTE_ROLE_RESULT)
        return 0;
    for (i = 0; i < p->layout.column_count; i++)
        if (strcmp(p->columns[i].path, entry->path) == 0)
            return 0;
    return keep(p->added, entry->path, entry->type, entry->rank, NOT_KNOWN) == NULL ? PIPETTE_E_MEMORY : 0;
}

static int begin(pipette_pipeline *p, pipette_error *error)
{
    p->added = calloc(1, sizeof *p->added);
    if (p->added == NULL || pipeline_storage(p)->list(&p->storage.handle, keep_stored, p) != PIPETTE_OK)
        return no_memory(error);
    return PIPETTE_OK;
}

/* ---- Paths that cannot stand beside each other ---- */

/* "results.runs.a.b" for "results.runs.$.a.b": levels for the run are none in a file. */
static void without_run(const char *path, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    while (*path != '\0' && used + 1 < size) {
        size_t length = strcspn(path, ".");
        if (path[0] != '$')
            used += (size_t)snprintf(out + used, size - used, "%s%.*s", used == 0 ? "" : ".", (int)length, path);
        path += length;
        path += *path == '.';
    }
}

/* One is the other, or would be a group and a value at once. */
static int meet(const char *a, const char *b)
{
    char x[600], y[600];
    size_t n, m;
    without_run(a, x, sizeof x);
    without_run(b, y, sizeof y);
    n = strlen(x);
    m = strlen(y);
    return strncmp(x, y, n < m ? n : m) == 0 && (n == m || (n < m ? y[n] : x[m]) == '.');
}

/* ---- Conflicts ---- */

typedef struct look {
    pipette_pipeline *pipeline;
    uint64_t lowest;
    engine_refuse refuse; /* NULL: only looks */
    void *sweep;
    const char *message;
} look;

static int visit_done(uint64_t row, void *user)
{
    look *l = user;
    pipette_pipeline *p = l->pipeline;
    int8_t state = PIPETTE_STATE_PENDING;
    int status = pipeline_storage(p)->read(&p->storage.handle, LEDGER_STATE, row, 1, PIPETTE_TYPE_BOOL, &state);
    if (status != PIPETTE_OK || state != PIPETTE_STATE_DONE)
        return status;
    if (select_run_of_row(p, row) < l->lowest)
        l->lowest = select_run_of_row(p, row);
    if (l->refuse != NULL)
        l->refuse(l->sweep, row, 1, l->message);
    return PIPETTE_OK;
}

static int can_drop(const pipette_storage *storage)
{
    return PIPETTE_HAS(storage, drop_column) && storage->value_rows != NULL && storage->drop_column != NULL;
}

/* The lowest run that stored it. */
static int find_run(pipette_pipeline *p, added_column *column, pipette_error *error)
{
    look l = {p, NOT_KNOWN, NULL, NULL, NULL};
    int status = PIPETTE_E_UNSUPPORTED;
    if (column->run != NOT_KNOWN)
        return PIPETTE_OK;
    if (can_drop(pipeline_storage(p)))
        status = pipeline_storage(p)->value_rows(&p->storage.handle, column->path, visit_done, &l);
    if (status != PIPETTE_OK && status != PIPETTE_E_UNSUPPORTED)
        return storage_failed(p, status, error);
    stage_clear(&p->storage);
    column->stays = status == PIPETTE_E_UNSUPPORTED;
    column->run = column->stays           ? 0
                  : l.lowest == NOT_KNOWN ? NOT_KNOWN - 1
                                          : l.lowest; /* - 1: none is done, anybody may have the name */
    return PIPETTE_OK;
}

static const char *kind(int32_t type, uint32_t rank, char *out, size_t size)
{
    if (rank == 0)
        (void)snprintf(out, size, "%s", pipette_type_text(type));
    else
        (void)snprintf(out, size, "an array of %s with %u dimension%s", pipette_type_text(type), rank,
                       rank == 1 ? "" : "s");
    return out;
}

/* What the run of a value is told where another result stays: `other`, of a run before it or of the file. */
static void say_why(const char *path, int32_t type, uint32_t rank, const char *other, int32_t other_type,
                    uint32_t other_rank, const char *who, char *out, size_t size)
{
    char mine[64], theirs[64];
    if (strcmp(path, other) == 0)
        (void)snprintf(out, size, "result '%.400s' is %s here, but %s in %s", path, kind(type, rank, mine, sizeof mine),
                       kind(other_type, other_rank, theirs, sizeof theirs), who);
    else
        (void)snprintf(out, size, "result '%.400s' cannot stand beside '%.400s' of %s: a name is a value or a group",
                       path, other, who);
}

/* Not which: that would depend on what has come so far. */
#define RUN_BEFORE "a run before it"

/* Takes a column away for a run that comes before all that stored it: they fail. */
static int give_way(pipette_pipeline *p, uint32_t index, const char *path, const pipette_value *value,
                    engine_refuse refuse, void *sweep, pipette_error *error)
{
    struct added *a = p->added;
    const pipette_storage *storage = pipeline_storage(p);
    added_column *column = &a->columns[index];
    char message[1000];
    look l = {p, NOT_KNOWN, refuse, sweep, message};
    size_t i;
    int status;
    say_why(column->path, column->type, column->rank, path, value->type, value->rank, RUN_BEFORE, message,
            sizeof message);
    for (i = 0; i < a->open_count; i++)
        if (a->open[i].index == index)
            refuse(sweep, a->open[i].row, 0, message);
    status = storage->value_rows(&p->storage.handle, column->path, visit_done, &l);
    if (status == PIPETTE_OK)
        status = storage->flush(&p->storage.handle);
    if (status == PIPETTE_OK)
        status = storage->drop_column(&p->storage.handle, column->path);
    if (status != PIPETTE_OK)
        return storage_failed(p, status, error);
    free(column->path);
    column->path = NULL;
    return PIPETTE_OK;
}

/* Settles who stays where paths or types meet. `*refused`: not this one, and its run has been told. */
static int settle(pipette_pipeline *p, const char *path, uint64_t row, const pipette_value *value, engine_refuse refuse,
                  void *sweep, int *refused, pipette_error *error)
{
    struct added *a = p->added;
    uint64_t run = select_run_of_row(p, row);
    uint32_t i;
    int status = PIPETTE_OK;
    for (i = 0; i < a->count; i++) {
        added_column *column = &a->columns[i];
        char message[1000];
        if (column->path == NULL || !meet(path, column->path))
            continue;
        status = find_run(p, column, error);
        if (status != PIPETTE_OK)
            return status;
        if (run < column->run && !column->stays && can_drop(pipeline_storage(p)))
            continue;
        say_why(path, value->type, value->rank, column->path, column->type, column->rank,
                column->stays ? "the file" : RUN_BEFORE, message, sizeof message);
        refuse(sweep, row, 0, message);
        *refused = 1;
        return PIPETTE_OK;
    }
    for (i = 0; status == PIPETTE_OK && i < a->count; i++)
        if (a->columns[i].path != NULL && meet(path, a->columns[i].path))
            status = give_way(p, i, path, value, refuse, sweep, error);
    return status;
}

/* ---- Columns ---- */

/* Gives it a position in the storage. `*refused`: the storage knows why it cannot have it, and the run has been told.
 */
static int place(pipette_pipeline *p, added_column *column, uint64_t row, engine_refuse refuse, void *sweep,
                 int *refused, pipette_error *error)
{
    pipette_dimension dimensions[RANK_MAX];
    pipette_column_spec spec = {
        .size = sizeof spec, .type = column->type, .role = PIPETTE_ROLE_RESULT, .path = column->path};
    char names[RANK_MAX][16], message[1000];
    uint32_t i;
    int status;
    memset(dimensions, 0, sizeof dimensions);
    for (i = 0; i < column->rank && i < RANK_MAX; i++) {
        (void)snprintf(names[i], sizeof names[i], "dim_%u", i);
        dimensions[i].size = sizeof dimensions[i];
        dimensions[i].name = names[i];
        dimensions[i].extent = PIPETTE_RAGGED;
    }
    spec.unit = "";
    spec.doc = "Added during a run";
    spec.rank = column->rank;
    spec.dimensions = dimensions;
    stage_clear(&p->storage);
    status = pipeline_storage(p)->add_column(&p->storage.handle, &spec);
    if (status == PIPETTE_OK) {
        column->position = p->layout.column_count + p->added->positions++;
        return PIPETTE_OK;
    }
    if (status != PIPETTE_E_EXISTS && status != PIPETTE_E_INVALID && status != PIPETTE_E_TYPE &&
        status != PIPETTE_E_UNSUPPORTED)
        return storage_failed(p, status, error);
    (void)snprintf(message, sizeof message, "%.900s", p->storage.message);
    stage_clear(&p->storage);
    refuse(sweep, row, 0, message);
    *refused = 1;
    return PIPETTE_OK;
}

/* Results come in the same order run after run. */
static added_column *find(struct added *a, const char *path, const pipette_value *value)
{
    uint32_t i;
    for (i = 0; i < a->count; i++) {
        uint32_t index = (a->latest + 1 + i) % a->count;
        added_column *column = &a->columns[index];
        if (column->path != NULL && strcmp(column->path, path) == 0) {
            a->latest = index;
            return column->type == value->type && column->rank == value->rank ? column : NULL;
        }
    }
    return NULL;
}

static int keep_open(struct added *a, uint64_t row, uint32_t index)
{
    if (a->open_count == a->open_capacity) {
        size_t capacity = 2 * a->open_capacity + 64;
        open_value *more = realloc(a->open, capacity * sizeof *more);
        if (more == NULL)
            return 0;
        a->open = more;
        a->open_capacity = capacity;
    }
    a->open[a->open_count++] = (open_value){row, index};
    return 1;
}

int added_take(pipette_pipeline *p, const char *path, uint64_t row, const pipette_value *value, engine_refuse refuse,
               void *sweep, uint32_t *position, int *taken, pipette_error *error)
{
    added_column *column;
    int refused = 0, made = 0, status = p->added == NULL ? begin(p, error) : PIPETTE_OK;
    *taken = 0;
    if (status != PIPETTE_OK)
        return status;
    column = find(p->added, path, value);
    if (column == NULL) {
        status = settle(p, path, row, value, refuse, sweep, &refused, error);
        if (status != PIPETTE_OK || refused)
            return status;
        column = keep(p->added, path, value->type, value->rank, select_run_of_row(p, row));
        if (column == NULL)
            return no_memory(error);
        made = 1;
    }
    if (column->run != NOT_KNOWN && select_run_of_row(p, row) < column->run)
        column->run = select_run_of_row(p, row);
    if (column->position == NO_POSITION) {
        status = place(p, column, row, refuse, sweep, &refused, error);
        if ((status != PIPETTE_OK || refused) && made) {
            free(column->path);
            p->added->count--;
        }
        if (status != PIPETTE_OK || refused)
            return status;
    }
    if (!keep_open(p->added, row, (uint32_t)(column - p->added->columns)))
        return no_memory(error);
    *position = column->position;
    *taken = 1;
    return PIPETTE_OK;
}
