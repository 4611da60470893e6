/* export_file.c: results of a file as a file for other tools. */
#include "pipeline/pipeline.h"
#include "pipeline/verify.h"

typedef struct damage {
    pipette_file *file;
    char first[400];
} damage;

static int note_first(uint64_t row, const char *path, const char *text, void *user)
{
    damage *d = user;
    char name[PIPETTE_RUN_NAME_SIZE];
    uint64_t run = row;
    if (d->first[0] != '\0')
        return PIPETTE_OK;
    (void)pipette_file_run(d->file, row, &run, NULL);
    (void)snprintf(d->first, sizeof d->first, "%s: %s%s%s", pipette_run_name(run, name), path == NULL ? "" : path,
                   path == NULL ? "" : " ", text);
    return PIPETTE_OK;
}

/* What has rotted does not go into other files. */
static int verify_all(pipette_file *file, const char *path, pipette_error *error)
{
    pipette_storage_info info = {.size = sizeof info};
    verify_counts counts = {0, 0, 0};
    damage found = {file, ""};
    verify *v = NULL;
    int status = pipette_file_info(file, &info, error);
    if (status == PIPETTE_OK)
        status = verify_create(file_storage(file), &v, error);
    if (status == PIPETTE_OK)
        status = verify_rows(v, 0, info.row_count, note_first, NULL, &found, &counts, error);
    verify_destroy(v);
    if (status == PIPETTE_OK && counts.damaged > 0)
        status = pipette_error_set(error, PIPETTE_E_STORAGE,
                                   "%s: %llu run%s damaged (%s): `pipette check %s` names what is, `pipette run CONFIG "
                                   "--repair` does it again, `pipette reset` takes it out",
                                   path, (unsigned long long)counts.damaged, counts.damaged == 1 ? " is" : "s are",
                                   found.first, path);
    return status;
}

int pipette_export_grid(const char *path, const char *storage, const char *const *folders, uint32_t folder_count,
                        const char *out, int replace, pipette_error *error)
{
    const pipette_storage_grid *table = NULL;
    pipette_file *file = NULL;
    stage *opened = NULL;
    int status = file_open(path, storage, folders, folder_count, PIPETTE_STORAGE_READ, &file, error);
    if (status != PIPETTE_OK)
        return status;
    opened = file_storage(file);
    if (opened->descriptor->extension != NULL)
        table = opened->descriptor->extension(PIPETTE_STORAGE_GRID_EXTENSION);
    if (table == NULL || !PIPETTE_HAS(table, write))
        status = pipette_error_set(error, PIPETTE_E_UNSUPPORTED, "%s: the storage '%s' writes no grids", path,
                                   opened->descriptor->name);
    else
        status = verify_all(file, path, error);
    if (status == PIPETTE_OK) {
        stage_clear(opened);
        status = table->write(&opened->handle, out, replace);
        if (status != PIPETTE_OK)
            status = stage_error(opened, status, NULL, error);
    }
    pipette_file_destroy(file);
    return status;
}
