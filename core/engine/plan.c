/* plan.c: the plan of a sweep, to bytes and back. */
#include "engine/plan.h"

#include <stdlib.h>

#include "base/wire.h"

static void free_column(plan_column *column)
{
    free(column->file);
    free(column->places);
}

void plan_free(engine_plan *plan)
{
    uint32_t i;
    for (i = 0; plan->results != NULL && i < plan->result_count; i++)
        free_column(&plan->results[i]);
    for (i = 0; plan->coordinates != NULL && i < plan->coordinate_count; i++)
        free_column(&plan->coordinates[i]);
    free_column(&plan->state);
    free_column(&plan->start);
    free_column(&plan->duration);
    free_column(&plan->checksum);
    for (i = 0; plan->parameters != NULL && i < plan->parameter_count; i++) {
        free(plan->parameters[i].path);
        if (plan->parameters[i].value.type == PIPETTE_TYPE_STRING && plan->parameters[i].value.rank == 0)
            free((void *)(uintptr_t)plan->parameters[i].value.as.string);
        else
            wire_value_free(&plan->parameters[i].value);
    }
    free(plan->scratch);
    free(plan->parameters);
    free(plan->results);
    free(plan->coordinates);
    free(plan->spans);
    exploration_destroy(plan->points);
    memset(plan, 0, sizeof *plan);
}

static void pack_column(wire *out, const plan_column *column)
{
    wire_u32(out, column->column);
    wire_u32(out, (uint32_t)column->type);
    wire_u64(out, column->elements);
    wire_u64(out, column->row_bytes);
    wire_text(out, column->file);
    wire_u64(out, column->place_count);
    wire_put(out, column->places, (size_t)column->place_count * sizeof *column->places);
    wire_u32(out, column->level);
    wire_u32(out, column->every);
    wire_u32(out, column->seed);
}

static void unpack_column(wire_reader *in, plan_column *column)
{
    const char *file;
    column->column = wire_get_u32(in);
    column->type = (int32_t)wire_get_u32(in);
    column->elements = wire_get_u64(in);
    column->row_bytes = wire_get_u64(in);
    file = wire_get_text(in);
    column->place_count = wire_get_u64(in);
    if (!in->failed && column->place_count <= (in->size - in->at) / sizeof *column->places) {
        size_t size = (size_t)column->place_count * sizeof *column->places;
        const void *places = wire_get(in, size);
        column->places = malloc(size + 1);
        if (places != NULL && column->places != NULL)
            memcpy(column->places, places, size);
        in->failed |= column->places == NULL;
    } else {
        column->place_count = 0;
        in->failed = 1;
    }
    column->level = wire_get_u32(in);
    column->every = wire_get_u32(in);
    column->seed = wire_get_u32(in);
    column->file = file == NULL ? NULL : strdup(file);
    if (file != NULL && column->file == NULL)
        in->failed = 1;
}

int plan_pack(const engine_plan *plan, void **bytes, size_t *size, pipette_error *error)
{
    wire out = {0};
    char *text = NULL;
    uint64_t i;
    if (plan->points != NULL) {
        int status = exploration_text(plan->points, &text, error);
        if (status != PIPETTE_OK)
            return status;
    }
    wire_text(&out, text);
    free(text);
    wire_u32(&out, plan->parameter_count);
    for (i = 0; i < plan->parameter_count; i++) {
        wire_text(&out, plan->parameters[i].path);
        wire_u32(&out, (uint32_t)plan->parameters[i].explored);
        wire_value(&out, &plan->parameters[i].value);
    }
    wire_u32(&out, plan->result_count);
    for (i = 0; i < plan->result_count; i++)
        pack_column(&out, &plan->results[i]);
    wire_u32(&out, plan->coordinate_count);
    for (i = 0; i < plan->coordinate_count; i++)
        pack_column(&out, &plan->coordinates[i]);
    pack_column(&out, &plan->state);
    pack_column(&out, &plan->start);
    pack_column(&out, &plan->duration);
    pack_column(&out, &plan->checksum);
    wire_u32(&out, plan->message_column);
    wire_u32(&out, plan->log_column);
    wire_u64(&out, plan->span_count);
    wire_put(&out, plan->spans, (size_t)plan->span_count * sizeof *plan->spans);
    wire_u64(&out, plan->run_count);
    wire_u64(&out, plan->seed);
    wire_u64(&out, plan->memory_limit);
    wire_u64(&out, plan->stack);
    wire_u32(&out, plan->isolate);
    wire_u32(&out, plan->power_safe);
    wire_u32(&out, plan->workdir);
    wire_text(&out, plan->scratch);
    wire_f64(&out, plan->timeout);
    wire_u32(&out, plan->retries);
    if (out.failed) {
        wire_free(&out);
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory for the plan of the runs");
    }
    *bytes = out.data;
    *size = out.size;
    return PIPETTE_OK;
}

int plan_unpack(const void *bytes, size_t size, engine_plan *plan, pipette_error *error)
{
    wire_reader in = {bytes, size, 0, 0};
    const char *text = wire_get_text(&in);
    uint32_t i;
    memset(plan, 0, sizeof *plan);
    if (text != NULL) {
        int status = exploration_parse(text, &plan->points, error);
        if (status != PIPETTE_OK)
            return status;
    }
    plan->parameter_count = wire_get_u32(&in);
    plan->parameters = calloc(plan->parameter_count + 1u, sizeof *plan->parameters);
    for (i = 0; plan->parameters != NULL && i < plan->parameter_count && !in.failed; i++) {
        plan_parameter *parameter = &plan->parameters[i];
        const char *path = wire_get_text(&in);
        parameter->path = path == NULL ? NULL : strdup(path);
        parameter->explored = (int32_t)wire_get_u32(&in);
        if (wire_get_value(&in, &parameter->value) == PIPETTE_OK && parameter->value.type == PIPETTE_TYPE_STRING &&
            parameter->value.rank == 0)
            parameter->value.as.string = strdup(parameter->value.as.string == NULL ? "" : parameter->value.as.string);
        if (parameter->path == NULL)
            in.failed = 1;
    }
    plan->result_count = wire_get_u32(&in);
    plan->results = calloc(plan->result_count + 1u, sizeof *plan->results);
    for (i = 0; plan->results != NULL && i < plan->result_count && !in.failed; i++)
        unpack_column(&in, &plan->results[i]);
    plan->coordinate_count = wire_get_u32(&in);
    plan->coordinates = calloc(plan->coordinate_count + 1u, sizeof *plan->coordinates);
    for (i = 0; plan->coordinates != NULL && i < plan->coordinate_count && !in.failed; i++)
        unpack_column(&in, &plan->coordinates[i]);
    unpack_column(&in, &plan->state);
    unpack_column(&in, &plan->start);
    unpack_column(&in, &plan->duration);
    unpack_column(&in, &plan->checksum);
    plan->message_column = wire_get_u32(&in);
    plan->log_column = wire_get_u32(&in);
    plan->span_count = wire_get_u64(&in);
    if (!in.failed && plan->span_count <= size / sizeof *plan->spans) {
        const void *spans = wire_get(&in, (size_t)plan->span_count * sizeof *plan->spans);
        plan->spans = malloc((size_t)plan->span_count * sizeof *plan->spans + 1);
        if (spans != NULL && plan->spans != NULL)
            memcpy(plan->spans, spans, (size_t)plan->span_count * sizeof *plan->spans);
    }
    plan->run_count = wire_get_u64(&in);
    plan->seed = wire_get_u64(&in);
    plan->memory_limit = wire_get_u64(&in);
    plan->stack = wire_get_u64(&in);
    plan->isolate = wire_get_u32(&in);
    plan->power_safe = wire_get_u32(&in);
    plan->workdir = wire_get_u32(&in);
    text = wire_get_text(&in);
    plan->scratch = text == NULL ? NULL : strdup(text);
    if (plan->workdir != WORKDIR_SHARED && plan->scratch == NULL)
        in.failed = 1;
    plan->timeout = wire_get_f64(&in);
    plan->retries = wire_get_u32(&in);
    if (in.failed || plan->parameters == NULL || plan->results == NULL || plan->coordinates == NULL ||
        plan->spans == NULL) {
        plan_free(plan);
        return pipette_error_set(error, PIPETTE_E_INTERNAL, "the plan of the runs arrived broken, or memory ran out");
    }
    return PIPETTE_OK;
}
