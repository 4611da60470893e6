/* compact_file.c: a result file gives back the room that belongs to nothing any more. */
#include <stdlib.h>

#include "pipeline/pipeline.h"

static int byte_count(stage *storage, uint64_t *bytes)
{
    pipette_storage_info info = {.size = sizeof info};
    const pipette_storage *table = storage->descriptor->table;
    int status = table->info(&storage->handle, &info);
    *bytes = info.byte_count;
    return status;
}

int pipette_compact(const char *path, const char *storage, const char *const *folders, uint32_t folder_count,
                    uint64_t *before, uint64_t *after, pipette_error *error)
{
    const pipette_storage_compact *table = NULL;
    pipette_file *file = NULL;
    stage *opened = NULL;
    int status = file_open(path, storage, folders, folder_count, PIPETTE_STORAGE_UPDATE, &file, error);
    *before = *after = 0;
    if (status != PIPETTE_OK)
        return status;
    opened = file_storage(file);
    if (opened->descriptor->extension != NULL)
        table = opened->descriptor->extension(PIPETTE_STORAGE_COMPACT_EXTENSION);
    if (table == NULL || !PIPETTE_HAS(table, compact)) {
        status = pipette_error_set(error, PIPETTE_E_UNSUPPORTED, "%s: the storage '%s' cannot be compacted", path,
                                   opened->descriptor->name);
    } else {
        stage_clear(opened);
        status = byte_count(opened, before);
        if (status == PIPETTE_OK)
            status = table->compact(&opened->handle);
        if (status == PIPETTE_OK)
            status = byte_count(opened, after);
        if (status != PIPETTE_OK)
            status = stage_error(opened, status, NULL, error);
    }
    file_leave(file); /* finished or not, it stays what it was */
    pipette_file_destroy(file);
    return status;
}
