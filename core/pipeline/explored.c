/* explored.c: the explored parameters of the runs, in the file before the first of them runs: no crash leaves zeros
 * for data. */
#include "pipeline/explored.h"

#include <stdlib.h>

static int write_parameter(pipette_pipeline *p, uint32_t parameter, uint64_t first, void *values, pipette_error *error)
{
    const exploration *points = trajectory_exploration(p->trajectory);
    const uint64_t bytes = pipette_type_size(p->columns[parameter].type), rows = COORDINATE_BYTES / bytes;
    pipette_column_data part = {sizeof part, parameter, values, bytes};
    uint64_t row = first, base = 0, n;
    uint32_t i;
    int status = PIPETTE_OK;
    for (i = 0; i < p->span_count && status == PIPETTE_OK; base += p->spans[i++].count)
        for (; status == PIPETTE_OK && row < base + p->spans[i].count; row += n) {
            n = base + p->spans[i].count - row < rows ? base + p->spans[i].count - row : rows;
            exploration_fill(points, parameter, p->spans[i].first + (row - base), n, values);
            status = pipeline_storage(p)->write(&p->storage.handle, row, n, &part, 1);
        }
    return status == PIPETTE_OK ? status : stage_error(&p->storage, PIPETTE_E_STORAGE, NULL, error);
}

int coordinates_write(pipette_pipeline *p, uint64_t first, pipette_error *error)
{
    uint32_t i, count = pipette_explored_count(p->trajectory);
    void *values = count > 0 ? malloc(COORDINATE_BYTES) : NULL;
    int status = PIPETTE_OK;
    if (count > 0 && values == NULL)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    stage_clear(&p->storage);
    for (i = 0; status == PIPETTE_OK && i < count; i++)
        status = write_parameter(p, i, first, values, error);
    free(values);
    /* Now the file has its name, or its new structure: what stands in the way of that is told before a run begins. */
    if (status == PIPETTE_OK && count > 0 && pipeline_storage(p)->flush(&p->storage.handle) != PIPETTE_OK)
        status = stage_error(&p->storage, PIPETTE_E_STORAGE, NULL, error);
    return status;
}
