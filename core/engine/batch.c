/* batch.c: the functions that a model calls for lanes of a batch: ragged results, texts, failures. */
#include "engine/worker.h"

static int batch_fail(pipette_batch *batch, uint64_t lane, int code, const char *format, ...) PIPETTE_PRINTF(4, 5);
static int batch_fail(pipette_batch *batch, uint64_t lane, int code, const char *format, ...)
{
    worker *w = (worker *)(void *)((char *)batch - offsetof(worker, batch_call));
    char text[1024] = "";
    va_list arguments;
    if (lane >= batch->count || batch->status[lane] != PIPETTE_OK)
        return code;
    va_start(arguments, format);
    if (format != NULL)
        (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    batch->status[lane] = code == PIPETTE_OK ? PIPETTE_E_MODEL : code;
    if (w->plan->message_column != PLAN_NO_COLUMN) {
        pipette_value value = pipette_value_string(text);
        run_append(w, WORKER_APPEND, w->plan->message_column, lane, NULL, &value);
        w->batch_given[(size_t)lane * (w->schema->result_count + 1u) + w->schema->result_count] = 1;
    }
    return code;
}

static int batch_put(pipette_batch *batch, uint64_t lane, uint32_t result, const pipette_value *value)
{
    worker *w = (worker *)(void *)((char *)batch - offsetof(worker, batch_call));
    const pipette_result_spec *spec;
    pipette_error error;
    uint32_t i;
    if (lane >= batch->count)
        return PIPETTE_E_BOUNDS;
    if (result >= w->schema->result_count || batch->results[result] != NULL)
        return batch_fail(batch, lane, PIPETTE_E_INVALID, "result %u is none that a batch stores lane by lane", result);
    spec = &w->schema->results[result];
    if (run_check_value(spec->path, value, &error) != PIPETTE_OK)
        return batch_fail(batch, lane, error.code, "%s", error.message);
    if (value->type != spec->type || value->rank != spec->rank)
        return batch_fail(batch, lane, PIPETTE_E_TYPE,
                          "result '%s' is declared as %s with %u dimensions, the model stored %s with %u", spec->path,
                          pipette_type_text(spec->type), spec->rank, pipette_type_text(value->type), value->rank);
    for (i = 0; i < spec->rank; i++)
        if (spec->dimensions[i].extent != PIPETTE_RAGGED && spec->dimensions[i].extent != 0 &&
            spec->dimensions[i].extent != value->shape[i])
            return batch_fail(batch, lane, PIPETTE_E_TYPE,
                              "dimension %u of result '%s' has %llu elements, the model stored %llu", i, spec->path,
                              (unsigned long long)spec->dimensions[i].extent, (unsigned long long)value->shape[i]);
    if (w->plan->results[result].column != PLAN_NO_COLUMN)
        run_append(w, WORKER_APPEND, w->plan->results[result].column, lane, NULL, value);
    w->batch_given[(size_t)lane * (w->schema->result_count + 1u) + result] = 1;
    return PIPETTE_OK;
}

const pipette_batch_host worker_batch_host = {
    .size = sizeof(pipette_batch_host),
    .put = batch_put,
    .fail = batch_fail,
};
