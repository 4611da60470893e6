/* export.c: results of a file as a file for other tools. */
#include "pipeline/pipeline.h"

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
    if (table == NULL || !PIPETTE_HAS(table, write)) {
        status = pipette_error_set(error, PIPETTE_E_UNSUPPORTED, "%s: the storage '%s' writes no grids", path,
                                   opened->descriptor->name);
    } else {
        stage_clear(opened);
        status = table->write(&opened->handle, out, replace);
        if (status != PIPETTE_OK)
            status = stage_error(opened, status, NULL, error);
    }
    pipette_file_destroy(file);
    return status;
}
