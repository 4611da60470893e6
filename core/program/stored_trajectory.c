/* stored_trajectory.c: makes the trajectory of a result file again from what stands in it. */
#include "program/stored_trajectory.h"

#include <stdlib.h>

#include "trajectory/name.h"
#include "trajectory/trajectory.h"

/* The entries of a file by number, as the trajectory's source. */
typedef struct stored_source {
    pipette_file *file;
    int owned;
    const pipette_entry **entries; /* the file's */
    uint32_t entry_count, entry_capacity;
} stored_source;

typedef struct reading {
    stored_source *source;
    const pipette_load_options *levels;
    pipette_trajectory *trajectory;
    pipette_error *error;
    int status;
} reading;

static int fetch(void *user, uint32_t number, uint64_t run, pipette_value *value, pipette_error *error)
{
    const stored_source *source = user;
    const pipette_entry *entry = source->entries[number];
    uint64_t row = 0;
    int status = run == PIPETTE_DEFAULT_RUN ? PIPETTE_OK : pipette_file_row(source->file, run, &row, error);
    return status == PIPETTE_OK ? pipette_file_read_one(source->file, entry->path, row, value, error) : status;
}

static void close_source(void *user)
{
    stored_source *source = user;
    if (source->owned)
        pipette_file_destroy(source->file);
    free(source->entries);
    free(source);
}

static const trajectory_source file_source = {fetch, close_source};

/* A parameter as a spec whose default is the stored value. */
static int add_parameter(reading *r, const pipette_entry *entry, const char *path, const pipette_value *value)
{
    pipette_parameter_spec spec = {
        .size = sizeof spec, .type = value->type, .path = path, .unit = entry->unit, .doc = entry->doc};
    if (value->rank > 0)
        spec.default_array = value;
    else
        switch (value->type) {
        case PIPETTE_TYPE_F64:
            spec.default_f64 = value->as.f64;
            break;
        case PIPETTE_TYPE_F32:
            spec.default_f64 = (double)value->as.f32;
            break;
        case PIPETTE_TYPE_COMPLEX:
            spec.default_f64 = value->as.complex_value.real;
            break;
        case PIPETTE_TYPE_I64:
            spec.default_i64 = value->as.i64;
            break;
        case PIPETTE_TYPE_I32:
            spec.default_i64 = value->as.i32;
            break;
        case PIPETTE_TYPE_BOOL:
            spec.default_i64 = value->as.boolean;
            break;
        case PIPETTE_TYPE_U64:
            spec.default_u64 = value->as.u64;
            break;
        default:
            spec.default_string = value->as.string;
            break;
        }
    return pipette_add_parameter(r->trajectory, &spec);
}

static int keep_entry(stored_source *source, const pipette_entry *entry)
{
    if (source->entry_count == source->entry_capacity) {
        const uint32_t capacity = 2 * source->entry_capacity + 64;
        const pipette_entry **more = realloc(source->entries, capacity * sizeof *more);
        if (more == NULL)
            return PIPETTE_E_MEMORY;
        source->entries = more;
        source->entry_capacity = capacity;
    }
    source->entries[source->entry_count++] = entry;
    return PIPETTE_OK;
}

/* How much of a branch is wanted. */
static int level_of(const pipette_load_options *levels, int branch)
{
    switch (branch) {
    case PIPETTE_BRANCH_DERIVED_PARAMETERS:
        return levels->derived_parameters;
    case PIPETTE_BRANCH_RESULTS:
        return levels->results;
    case PIPETTE_BRANCH_CONFIG:
        return levels->config;
    default:
        return PIPETTE_LOAD_DATA;
    }
}

static int take_parameter(reading *r, const pipette_entry *entry, const char *path)
{
    pipette_value value;
    r->status = pipette_file_read_one(r->source->file, entry->path, 0, &value, r->error);
    if (r->status == PIPETTE_E_NOT_FOUND) { /* a file without rows */
        r->status = PIPETTE_OK;
        return 0;
    }
    if (r->status != PIPETTE_OK)
        return 1;
    r->status = add_parameter(r, entry, path, &value);
    if (r->status != PIPETTE_OK)
        (void)pipette_error_set(r->error, r->status, "'%s' of the file: %s", entry->path,
                                pipette_trajectory_message(r->trajectory));
    return r->status != PIPETTE_OK;
}

static int take(const pipette_entry *entry, void *user)
{
    reading *r = user;
    const size_t length = strcspn(entry->path, ".");
    const int branch = name_branch_of(entry->path, length), per_run = entry->kind == PIPETTE_ENTRY_COLUMN;
    if (branch == 0)
        return 0;
    if (branch == PIPETTE_BRANCH_PARAMETERS)
        return take_parameter(r, entry, entry->path + length + (entry->path[length] == '.'));
    if (level_of(r->levels, branch) == PIPETTE_LOAD_NOTHING && !r->levels->auto_load)
        return 0;
    r->status = keep_entry(r->source, entry);
    if (r->status == PIPETTE_OK)
        r->status = trajectory_add_stored(r->trajectory, entry->path, entry->type, entry->unit, entry->doc,
                                          r->source->entry_count - 1, per_run, r->error);
    else
        (void)pipette_error_set(r->error, r->status, "out of memory");
    return r->status != PIPETTE_OK;
}

/* What is wanted at once. */
static int load_branches(pipette_trajectory *trajectory, const pipette_load_options *levels, pipette_error *error)
{
    static const int branches[] = {PIPETTE_BRANCH_DERIVED_PARAMETERS, PIPETTE_BRANCH_RESULTS, PIPETTE_BRANCH_CONFIG};
    int status = PIPETTE_OK;
    size_t i;
    for (i = 0; status == PIPETTE_OK && i < sizeof branches / sizeof branches[0]; i++)
        if (level_of(levels, branches[i]) >= PIPETTE_LOAD_DATA)
            status = trajectory_load(trajectory, name_branch(branches[i]), 0);
    return status == PIPETTE_OK ? status
                                : pipette_error_set(error, status, "%s", pipette_trajectory_message(trajectory));
}

int stored_trajectory(pipette_file *file, int owned, const pipette_load_options *levels, pipette_trajectory **out,
                      pipette_error *error)
{
    pipette_storage_info info = {.size = sizeof info};
    stored_source *source = calloc(1, sizeof *source);
    reading r = {source, levels, NULL, error, PIPETTE_OK};
    int status;
    *out = NULL;
    if (source == NULL)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    source->file = file;
    status = pipette_file_info(file, &info, error);
    if (status == PIPETTE_OK)
        status = trajectory_create(info.name, info.comment, &r.trajectory, error);
    if (status == PIPETTE_OK) {
        (void)pipette_file_list(file, take, &r, error);
        status = r.status;
    }
    if (status == PIPETTE_OK && info.exploration != NULL && info.exploration[0] != '\0')
        status = trajectory_restore(r.trajectory, info.exploration, error);
    if (status == PIPETTE_OK)
        status = trajectory_start(r.trajectory, error);
    if (r.trajectory != NULL)
        trajectory_set_source(r.trajectory, &file_source, source, levels->auto_load);
    else
        close_source(source);
    if (status == PIPETTE_OK)
        status = load_branches(r.trajectory, levels, error);
    if (status != PIPETTE_OK) {
        if (r.trajectory != NULL)
            trajectory_destroy(r.trajectory);
        return status;
    }
    source->owned = owned; /* where this fails, the caller still has the file */
    *out = r.trajectory;
    return PIPETTE_OK;
}

pipette_file *stored_trajectory_file(const pipette_trajectory *trajectory)
{
    const stored_source *source = trajectory_source_user(trajectory, &file_source);
    return source == NULL ? NULL : source->file;
}
