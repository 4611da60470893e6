/* store_later.c: results of an analysis go into the file that they are of. */
#include <pipette/analysis.h>

#include <stdlib.h>

#include "pipeline/pipeline.h"

#define RESULTS "results."

static int storage_failed(const stage *s, int status, pipette_error *error)
{
    return pipette_error_set(error, status, "%s", s->message[0] != '\0' ? s->message : pipette_status_text(status));
}

typedef struct taken {
    const char *path;
    int run_result; /* one has the name, or stands below it, or above it */
} taken;

/* "results.neuron.$.V" is the neuron's V to a person. */
static int look_at(const pipette_entry *entry, void *user)
{
    taken *t = user;
    const size_t length = strlen(t->path), other = strlen(entry->path);
    if (entry->kind == PIPETTE_ENTRY_LEAF && strcmp(entry->path, t->path) == 0)
        return 0;
    if (strncmp(entry->path, t->path, other < length ? other : length) == 0 &&
        (other == length || (other > length ? entry->path[length] : t->path[other]) == '.'))
        t->run_result = 1;
    return 0;
}

static int put_value(stage *s, pipette_file *file, const pipette_addition *addition, pipette_error *error)
{
    const pipette_storage *table = s->descriptor->table;
    pipette_leaf_spec leaf = {
        .size = sizeof leaf, .unit = addition->unit, .comment = addition->comment, .value = addition->value};
    const char *given = addition->path == NULL ? "" : addition->path;
    char path[1200];
    taken t = {path, 0};
    int status;
    (void)snprintf(path, sizeof path, "%s%.1100s", strncmp(given, RESULTS, strlen(RESULTS)) == 0 ? "" : RESULTS, given);
    status = trajectory_check_path(path, 0, error);
    if (status != PIPETTE_OK)
        return status;
    (void)pipette_file_list(file, look_at, &t, NULL);
    if (t.run_result)
        return pipette_error_set(error, PIPETTE_E_EXISTS,
                                 "'%.400s' has the name of something that is not a single value: take another", path);
    if (!PIPETTE_HAS(table, put_leaf) || table->put_leaf == NULL)
        return pipette_error_set(error, PIPETTE_E_UNSUPPORTED, "this storage takes no values after the runs");
    leaf.path = path;
    status = table->put_leaf(&s->handle, &leaf);
    return status == PIPETTE_OK ? status : storage_failed(s, status, error);
}

static int put_table(stage *s, const pipette_table *given, pipette_error *error)
{
    const pipette_storage *storage = s->descriptor->table;
    pipette_table table = *given;
    char path[1200];
    int status;
    if (given->path == NULL || given->array_count == 0)
        return pipette_error_set(error, PIPETTE_E_INVALID, "a table needs a path and an array");
    (void)snprintf(path, sizeof path, "%s%.1100s", strncmp(given->path, RESULTS, strlen(RESULTS)) == 0 ? "" : RESULTS,
                   given->path);
    status = trajectory_check_path(path, 0, error);
    if (status != PIPETTE_OK)
        return status;
    table.path = path;
    status = storage->put_table(&s->handle, &table);
    return status == PIPETTE_OK ? status : storage_failed(s, status, error);
}

int pipette_store_sized(const char *path, const pipette_load_options *options, size_t options_size,
                        const pipette_addition *additions, uint64_t count, size_t addition_size, pipette_error *error)
{
    pipette_load_options o = pipette_load_defaults();
    pipette_storage_info info = {.size = sizeof info};
    pipette_file *file = NULL;
    stage *s;
    uint64_t i;
    int status;
    if (options != NULL)
        memcpy(&o, options, options_size < sizeof o ? options_size : sizeof o);
    if (path == NULL || count == 0)
        return pipette_error_set(error, PIPETTE_E_INVALID, "no file is named, or there is nothing to store");
    status = file_open(path, o.storage, o.folders, (uint32_t)o.folder_count, PIPETTE_STORAGE_UPDATE, &file, error);
    if (status != PIPETTE_OK)
        return status;
    s = file_storage(file);
    status = pipette_file_info(file, &info, error);
    for (i = 0; status == PIPETTE_OK && i < count; i++) {
        pipette_addition one;
        memset(&one, 0, sizeof one);
        memcpy(&one, (const char *)additions + i * addition_size,
               addition_size < sizeof one ? addition_size : sizeof one);
        stage_clear(s);
        status = one.table != NULL ? put_table(s, one.table, error) : put_value(s, file, &one, error);
    }
    if (status == PIPETTE_OK) {
        stage_clear(s);
        status = ((const pipette_storage *)s->descriptor->table)->finish(&s->handle, (int)info.finished);
        if (status != PIPETTE_OK)
            status = storage_failed(s, PIPETTE_E_STORAGE, error);
    }
    file_leave(file); /* nothing of it is stored where something failed */
    pipette_file_destroy(file);
    return status;
}
