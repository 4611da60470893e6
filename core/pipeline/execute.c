/* execute.c: the runs: makes the engine's plan from the layout, and takes to the storage what does not go there by
 * itself. */
#include <stdlib.h>

#include "engine/checksum.h"
#include "pipeline/added.h"
#include "pipeline/pipeline.h"
#include "pipeline/scratch.h"

/* ---- The storage as the engine sees it ---- */

static int storage_status(pipette_pipeline *p, int status, pipette_error *error)
{
    if (status == PIPETTE_OK)
        return status;
    (void)stage_error(&p->storage, status, NULL, error);
    return PIPETTE_E_STORAGE;
}

static int store_write(void *user, uint32_t column, uint64_t row, uint64_t count, const void *data, uint64_t row_bytes,
                       pipette_error *error)
{
    pipette_pipeline *p = user;
    pipette_column_data part = {sizeof part, column, data, row_bytes};
    return storage_status(p, pipeline_storage(p)->write(&p->storage.handle, row, count, &part, 1), error);
}

static int store_append(void *user, uint32_t column, uint64_t row, const pipette_value *value, pipette_error *error)
{
    pipette_pipeline *p = user;
    return storage_status(p, pipeline_storage(p)->append(&p->storage.handle, row, column, value), error);
}

static const pipette_storage_compressed *compressed_of(const pipette_pipeline *p)
{
    const pipette_descriptor *descriptor = p->storage.descriptor;
    const pipette_storage_compressed *table =
        descriptor->extension == NULL ? NULL : descriptor->extension(PIPETTE_STORAGE_COMPRESSED_EXTENSION);
    return table != NULL && PIPETTE_HAS(table, append_compressed) ? table : NULL;
}

static int store_compressed(void *user, uint32_t column, uint64_t row, const void *bytes, uint64_t size,
                            pipette_error *error)
{
    pipette_pipeline *p = user;
    return storage_status(p, compressed_of(p)->append_compressed(&p->storage.handle, row, column, bytes, size), error);
}

static int store_add(void *user, const char *path, uint64_t row, const pipette_value *value, engine_refuse refuse,
                     void *sweep, pipette_error *error)
{
    pipette_pipeline *p = user;
    uint32_t column = 0;
    int taken = 0, status = added_take(p, path, row, value, refuse, sweep, &column, &taken, error);
    return status != PIPETTE_OK || !taken ? status : store_append(user, column, row, value, error);
}

static int store_states(void *user, uint64_t row, uint64_t count, const int8_t *states, pipette_error *error)
{
    pipette_pipeline *p = user;
    uint32_t i;
    /* What they say is there must be safe before they say it. */
    int status = storage_status(p, pipeline_storage(p)->flush(&p->storage.handle), error);
    if (status != PIPETTE_OK)
        return status;
    added_ended(p, row, count);
    for (i = 0; i < p->layout.column_count; i++)
        if (strcmp(p->columns[i].path, LEDGER_STATE) == 0)
            return store_write(user, i, row, count, states, 1, error);
    return PIPETTE_E_INTERNAL;
}

static int read_states(void *user, uint64_t row, uint64_t count, int8_t *states, pipette_error *error)
{
    pipette_pipeline *p = user;
    return storage_status(
        p, pipeline_storage(p)->read(&p->storage.handle, LEDGER_STATE, row, count, PIPETTE_TYPE_BOOL, states), error);
}

/* ---- The plan ---- */

static uint32_t column_named(const pipette_pipeline *p, const char *path)
{
    uint32_t i;
    for (i = 0; i < p->layout.column_count; i++)
        if (strcmp(p->columns[i].path, path) == 0)
            return i;
    return PLAN_NO_COLUMN;
}

static int take_places(plan_column *out, const pipette_place *place)
{
    uint32_t i;
    out->file = strdup(place->path);
    out->places = malloc(place->span_count * sizeof *out->places + 1);
    if (out->file == NULL || out->places == NULL)
        return PIPETTE_E_MEMORY;
    for (i = 0; i < place->span_count; i++) {
        const pipette_place_span *span =
            (const pipette_place_span *)(const void *)((const char *)place->spans + (size_t)i * place->span_stride);
        out->places[i] = (plan_place){span->first, span->bytes, span->offset};
    }
    out->place_count = place->span_count;
    return PIPETTE_OK;
}

static int plan_column_place(pipette_pipeline *p, uint32_t index, plan_column *out, pipette_error *error)
{
    const pipette_descriptor *descriptor = p->storage.descriptor;
    const pipette_storage_direct *direct =
        descriptor->extension == NULL ? NULL : descriptor->extension(PIPETTE_STORAGE_DIRECT_EXTENSION);
    const pipette_column_spec *column = &p->columns[index];
    uint32_t i;
    out->column = index;
    out->type = column->type;
    out->elements = 1;
    for (i = 0; i < column->rank && out->elements != PLAN_VARIES; i++)
        if (column->dimensions[i].extent == PIPETTE_RAGGED || /* shape.c has refused what no memory holds */
            __builtin_mul_overflow(out->elements, column->dimensions[i].extent, &out->elements))
            out->elements = PLAN_VARIES;
    if (column->type == PIPETTE_TYPE_STRING)
        out->elements = PLAN_VARIES;
    out->row_bytes = out->elements == PLAN_VARIES ? 0 : out->elements * pipette_type_size(column->type);
    out->every = column->every;
    if (index >= p->layout.column_count) { /* left out: the model computes it all the same */
        out->column = PLAN_NO_COLUMN;
        return PIPETTE_OK;
    }
    if (column->role == PIPETTE_ROLE_RESULT)
        out->seed = checksum_seed(column->path);
    if (p->replaying) /* nothing goes to a file */
        return PIPETTE_OK;
    if (p->compression > 0 && out->elements != PLAN_VARIES && compressed_of(p) != NULL)
        out->level = compressed_of(p)->level(&p->storage.handle, index);
    if (out->level == 0 && direct != NULL && PIPETTE_HAS(direct, place) && out->elements != PLAN_VARIES) {
        pipette_place place = {.size = sizeof place};
        if (direct->place(&p->storage.handle, index, &place) == PIPETTE_OK && place.row_stride == out->row_bytes &&
            take_places(out, &place) != PIPETTE_OK)
            return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
        stage_clear(&p->storage);
    }
    return PIPETTE_OK;
}

typedef struct parameter_list {
    pipette_pipeline *pipeline;
    engine_plan *plan;
    uint32_t capacity;
} parameter_list;

static int add_parameter(const pipette_node *node, void *user)
{
    parameter_list *list = user;
    engine_plan *plan = list->plan;
    plan_parameter *to;
    uint32_t i;
    if (!(node->flags & PIPETTE_NODE_LEAF) ||
        (node->branch != PIPETTE_BRANCH_PARAMETERS && node->branch != PIPETTE_BRANCH_DERIVED_PARAMETERS))
        return 0;
    if (plan->parameter_count == list->capacity) {
        plan_parameter *more = realloc(plan->parameters, (2u * list->capacity + 16u) * sizeof *more);
        if (more == NULL)
            return PIPETTE_E_MEMORY;
        plan->parameters = more;
        list->capacity = 2u * list->capacity + 16u;
    }
    to = &plan->parameters[plan->parameter_count];
    memset(to, 0, sizeof *to);
    to->path = strdup(node->path);
    to->value = node->value; /* borrowed: packed at once, not freed with the plan */
    to->explored = -1;
    for (i = 0; i < pipette_explored_count(list->pipeline->trajectory); i++)
        if (strcmp(pipette_explored(list->pipeline->trajectory, i), node->path) == 0)
            to->explored = (int32_t)i;
    plan->parameter_count++;
    return to->path == NULL ? PIPETTE_E_MEMORY : 0;
}

/* The rows of the file as spans of consecutive runs. */
static int plan_spans(pipette_pipeline *p, engine_plan *plan, const pipette_run_span *rows, uint64_t count,
                      pipette_error *error)
{
    uint64_t i, capacity = 0;
    for (i = 0; i < count; i++) {
        uint64_t row = rows[i].first, end = rows[i].first + rows[i].count, base = 0;
        uint32_t j;
        for (j = 0; j < p->span_count && row < end; j++) {
            uint64_t into, n;
            if (row >= base + p->spans[j].count) {
                base += p->spans[j].count;
                continue;
            }
            into = row - base;
            n = p->spans[j].count - into < end - row ? p->spans[j].count - into : end - row;
            if (plan->span_count == capacity) {
                plan_span *more;
                capacity = 2 * capacity + 16;
                more = realloc(plan->spans, (size_t)capacity * sizeof *more);
                if (more == NULL)
                    return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
                plan->spans = more;
            }
            plan->spans[plan->span_count++] = (plan_span){row, p->spans[j].first + into, n};
            plan->run_count += n;
            row += n;
            base += p->spans[j].count;
        }
    }
    return PIPETTE_OK;
}

int plan_make(pipette_pipeline *p, const pipette_run_span *rows, uint64_t count, engine_plan *plan,
              pipette_error *error)
{
    parameter_list list = {p, plan, 0};
    uint32_t explored = pipette_explored_count(p->trajectory), i;
    int status = pipette_walk(p->trajectory, "", add_parameter, &list);
    plan->results = calloc(p->schema->result_count + 1u, sizeof *plan->results);
    plan->coordinates = calloc(explored + 1u, sizeof *plan->coordinates);
    if (status != PIPETTE_OK || plan->results == NULL || plan->coordinates == NULL)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory for the plan of the runs");
    plan->points = (exploration *)(uintptr_t)trajectory_exploration(p->trajectory); /* borrowed */
    plan->result_count = p->schema->result_count;
    plan->coordinate_count = explored;
    for (i = 0; status == PIPETTE_OK && i < explored; i++) {
        status = plan_column_place(p, i, &plan->coordinates[i], error);
        plan->coordinates[i].column = PLAN_NO_COLUMN; /* they are in the file before the runs */
    }
    for (i = 0; status == PIPETTE_OK && i < plan->result_count; i++)
        status = plan_column_place(p, p->result_columns[i], &plan->results[i], error);
    if (status == PIPETTE_OK)
        status = plan_column_place(p, column_named(p, LEDGER_STATE), &plan->state, error);
    if (status == PIPETTE_OK)
        status = plan_column_place(p, column_named(p, LEDGER_START), &plan->start, error);
    if (status == PIPETTE_OK)
        status = plan_column_place(p, column_named(p, LEDGER_DURATION), &plan->duration, error);
    if (status == PIPETTE_OK)
        status = plan_column_place(p, column_named(p, LEDGER_CHECKSUM), &plan->checksum, error);
    plan->message_column = column_named(p, LEDGER_MESSAGE);
    plan->log_column = column_named(p, LEDGER_LOG);
    plan->seed = p->seed;
    plan->memory_limit = p->memory_limit;
    plan->stack = p->stack;
    plan->isolate = p->isolate;
    plan->power_safe = p->power_safe;
    if (status == PIPETTE_OK)
        status = scratch_make(p, plan, error);
    plan->timeout = p->timeout;
    plan->retries = p->retries;
    return status != PIPETTE_OK ? status : plan_spans(p, plan, rows, count, error);
}

/* Gives back what the plan only borrowed, then frees it. */
void plan_drop(engine_plan *plan)
{
    uint32_t i;
    for (i = 0; i < plan->parameter_count; i++)
        plan->parameters[i].value = pipette_value_none();
    plan->points = NULL;
    scratch_end(plan);
    plan_free(plan);
}

static void keep_failure(pipette_pipeline *p, const engine_report *report)
{
    if (report->first_failure[0] == '\0' || p->report.first_failure != NULL)
        return;
    memcpy(p->first_failure, report->first_failure, sizeof p->first_failure);
    p->report.first_failed_run = report->first_failed_run;
    p->report.first_failure = p->first_failure;
}

int execute_rows(pipette_pipeline *p, const pipette_run_span *rows, uint64_t count, pipette_error *error)
{
    const engine_store store = {p, store_write, store_append, store_add, store_compressed, store_states, read_states};
    engine_plan plan = {0};
    engine_report report = {0};
    int status = plan_make(p, rows, count, &plan, error);
    if (p->max_failures > 0) { /* of the whole command; not more than that is asked for in an expansion */
        uint64_t failed = p->report.failed + p->report.timed_out;
        plan.max_failures = p->max_failures > failed ? p->max_failures - failed : 1;
    }
    if (status == PIPETTE_OK)
        status = engine_run(p->engine, &plan, &store, &report, error);
    plan_drop(&plan);
    p->report.done += report.progress.done;
    p->report.failed += report.progress.failed;
    p->report.timed_out += report.progress.timed_out;
    p->report.infeasible += report.progress.infeasible;
    p->report.seconds += report.progress.seconds;
    p->report.interrupted |= (uint32_t)report.interrupted;
    if (report.gave_up)
        p->report.max_failures = p->max_failures;
    keep_failure(p, &report);
    if (report.wrong_bytes > 0)
        pipeline_log(p, PIPETTE_LOG_WARNING, "%llu bytes of texts of runs are no UTF-8; each is stored as U+FFFD",
                     (unsigned long long)report.wrong_bytes);
    if (report.changed[0] != '\0')
        pipeline_log(p, PIPETTE_LOG_WARNING,
                     "runs of model '%s' change %s, so each such run gets a process of its own, which is slow",
                     p->schema->name, report.changed);
    return status;
}
