/* stored_trajectory.c: makes the trajectory of a result file again from what stands in it. */
#include "pipeline/stored_trajectory.h"

#include "trajectory/name.h"
#include "trajectory/trajectory.h"

typedef struct reading {
    pipette_file *file;
    pipette_trajectory *trajectory;
    pipette_error *error;
    int status;
} reading;

#define READ_ONLY                                                                                                      \
    "the file is only looked at: nothing can be added to it here; put the stage into the pipeline's config"

static int refuse_add(pipette_trajectory *trajectory, int branch, const char *path, const pipette_value *value,
                      const char *unit, const char *comment)
{
    (void)branch;
    (void)path;
    (void)value;
    (void)unit;
    (void)comment;
    return pipette_trajectory_fail(trajectory, PIPETTE_E_UNSUPPORTED, READ_ONLY);
}

static int refuse_expand(pipette_trajectory *trajectory, const pipette_exploration *points)
{
    (void)points;
    return pipette_trajectory_fail(trajectory, PIPETTE_E_UNSUPPORTED, READ_ONLY);
}

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

static int take(const pipette_entry *entry, void *user)
{
    reading *r = user;
    const size_t length = strcspn(entry->path, ".");
    const int branch = name_branch_of(entry->path, length);
    const char *path = entry->path + length + (entry->path[length] == '.');
    pipette_value value;
    if (branch == 0 || !(entry->kind == PIPETTE_ENTRY_LEAF ||
                         (entry->kind == PIPETTE_ENTRY_COLUMN && entry->role == PIPETTE_ROLE_PARAMETER)))
        return 0;
    r->status = pipette_file_read_one(r->file, entry->path, 0, &value, r->error);
    if (r->status == PIPETTE_E_NOT_FOUND) { /* a file without rows */
        r->status = PIPETTE_OK;
        return 0;
    }
    if (r->status != PIPETTE_OK)
        return 1;
    r->status = branch == PIPETTE_BRANCH_PARAMETERS
                    ? add_parameter(r, entry, path, &value)
                    : pipette_add(r->trajectory, branch, path, &value, entry->unit, entry->doc);
    if (r->status != PIPETTE_OK)
        (void)pipette_error_set(r->error, r->status, "'%s' of the file: %s", entry->path,
                                pipette_trajectory_message(r->trajectory));
    return r->status != PIPETTE_OK;
}

int stored_trajectory(pipette_file *file, pipette_trajectory **out, pipette_error *error)
{
    static pipette_trajectory_host looking;
    pipette_storage_info info = {.size = sizeof info};
    reading r = {file, NULL, error, PIPETTE_OK};
    int status = pipette_file_info(file, &info, error);
    *out = NULL;
    if (status == PIPETTE_OK)
        status = trajectory_create(info.name, info.comment, &r.trajectory, error);
    if (status != PIPETTE_OK)
        return status;
    (void)pipette_file_list(file, take, &r, error);
    status = r.status;
    if (status == PIPETTE_OK && info.exploration != NULL && info.exploration[0] != '\0')
        status = trajectory_restore(r.trajectory, info.exploration, error);
    if (status == PIPETTE_OK)
        status = trajectory_start(r.trajectory, error);
    if (status != PIPETTE_OK) {
        trajectory_destroy(r.trajectory);
        return status;
    }
    looking = *r.trajectory->host;
    looking.add = refuse_add;
    looking.expand = refuse_expand;
    r.trajectory->host = &looking;
    *out = r.trajectory;
    return PIPETTE_OK;
}
