/* parameters.c: the values of parameters in a worker: memory of its own, which the model can read only. */
#include "engine/parameters.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

void *parameters_take(parameter_block *from, size_t bytes)
{
    void *piece = from->memory == NULL ? NULL : from->memory + from->used;
    from->used += (bytes + 63u) & ~(size_t)63u;
    return piece;
}

static const void *copy(parameter_block *from, const void *bytes, size_t size)
{
    void *piece = parameters_take(from, size == 0 ? 1 : size);
    if (piece != NULL && size > 0)
        memcpy(piece, bytes, size);
    return piece;
}

static void *take_text(void *user, size_t size)
{
    return parameters_take(user, size);
}

static const char *copy_text(parameter_block *from, const char *text)
{
    return text == NULL ? NULL : copy(from, text, strlen(text) + 1);
}

void parameters_copy(parameter_block *from, const pipette_value *value, pipette_value *out)
{
    uint64_t count = pipette_value_count(value), i;
    const size_t size = pipette_type_size(value->type);
    pipette_value made = *value;
    if (value->rank == 0) {
        if (value->type == PIPETTE_TYPE_STRING)
            made.as.string = copy_text(from, value->as.string);
    } else {
        made.shape = copy(from, value->shape, value->rank * sizeof *value->shape);
        made.data = copy(from, value->data, (size_t)count * size);
        for (i = 0; value->type == PIPETTE_TYPE_STRING && i < count; i++) {
            const char *text = copy_text(from, ((const char *const *)value->data)[i]);
            if (made.data != NULL)
                ((const char **)(uintptr_t)made.data)[i] = text;
        }
    }
    if (out != NULL)
        *out = made;
}

/* All that the model reads of its parameters; called twice, the first time to count. */
static void lay_out(worker *w, parameter_block *from)
{
    const engine_plan *plan = w->plan;
    uint32_t i;
    uint64_t lane;
    w->values = parameters_take(from, plan->parameter_count * sizeof *w->values + 1u);
    for (i = 0; i < plan->coordinate_count; i++)
        w->coordinates[i] = parameters_take(from, (size_t)w->lane_limit * pipette_type_size(plan->coordinates[i].type));
    for (i = 0; i < plan->parameter_count; i++)
        if (plan->parameters[i].explored < 0)
            parameters_copy(from, &plan->parameters[i].value, w->values == NULL ? NULL : &w->values[i]);
    if (w->capture && plan->points != NULL) /* the process is ours, and so is the exploration in it */
        exploration_move_texts(plan->points, take_text, from);
    if (w->batch == NULL)
        return;
    w->batch_parameters = parameters_take(from, (w->schema->parameter_count + 1u) * sizeof *w->batch_parameters);
    w->batch_results = parameters_take(from, (plan->result_count + 1u) * sizeof *w->batch_results);
    w->batch_strides = parameters_take(from, (plan->result_count + 1u) * sizeof *w->batch_strides);
    for (i = 0; i < w->schema->parameter_count; i++) {
        const plan_parameter *p = &plan->parameters[w->declared[i]];
        size_t bytes = pipette_type_size(p->value.type);
        unsigned char *column;
        if (p->explored >= 0) {
            if (w->batch_parameters != NULL)
                w->batch_parameters[i] = w->coordinates[p->explored];
            continue;
        }
        column = parameters_take(from, (size_t)w->lane_limit * bytes);
        for (lane = 0; column != NULL && lane < w->lane_limit; lane++)
            memcpy(column + lane * bytes, pipette_value_data(&p->value), bytes);
        if (w->batch_parameters != NULL)
            w->batch_parameters[i] = column;
    }
}

static int find_declared(worker *w, pipette_error *error)
{
    const engine_plan *plan = w->plan;
    uint32_t i, j;
    for (i = 0; i < w->schema->parameter_count; i++) {
        w->declared[i] = -1;
        for (j = 0; j < plan->parameter_count && w->declared[i] < 0; j++)
            if (strncmp(plan->parameters[j].path, "parameters.", 11) == 0 &&
                strcmp(plan->parameters[j].path + 11, w->schema->parameters[i].path) == 0)
                w->declared[i] = (int32_t)j;
        if (w->declared[i] < 0)
            return pipette_error_set(error, PIPETTE_E_INTERNAL, "parameter '%s' did not reach the worker",
                                     w->schema->parameters[i].path);
    }
    return PIPETTE_OK;
}

int parameters_make(worker *w, pipette_error *error)
{
    const engine_plan *plan = w->plan;
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    parameter_block pieces = {NULL, 0};
    uint32_t i;
    int status = find_declared(w, error);
    if (status != PIPETTE_OK)
        return status;
    lay_out(w, &pieces);
    w->parameter_bytes = (pieces.used + page) / page * page;
    w->parameter_memory = mmap(NULL, w->parameter_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (w->parameter_memory == MAP_FAILED) {
        w->parameter_memory = NULL;
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory for the parameters of %llu runs",
                                 (unsigned long long)w->lane_limit);
    }
    pieces = (parameter_block){w->parameter_memory, 0};
    lay_out(w, &pieces);
    for (i = 0; i < plan->parameter_count; i++) {
        const plan_parameter *from = &plan->parameters[i];
        worker_parameter *to = &w->parameters[i];
        to->type = from->value.type;
        to->rank = from->value.rank;
        to->stride = from->explored < 0 ? 0 : pipette_type_size(to->type);
        to->base = from->explored < 0 ? pipette_value_data(&w->values[i]) : w->coordinates[from->explored];
    }
    return PIPETTE_OK;
}

void parameters_free(worker *w)
{
    if (w->parameter_memory != NULL)
        (void)munmap(w->parameter_memory, w->parameter_bytes);
    w->parameter_memory = NULL;
}

void parameters_lock(worker *w)
{
    if (!w->capture || w->isolated)
        return;
    w->parameters_locked = 1;
    (void)mprotect(w->parameter_memory, w->parameter_bytes, PROT_READ);
}

void parameters_unlock(worker *w)
{
    if (w->parameters_locked)
        (void)mprotect(w->parameter_memory, w->parameter_bytes, PROT_READ | PROT_WRITE);
    w->parameters_locked = 0;
}

int parameters_write(worker *w, uintptr_t address)
{
    if (!w->parameters_locked || address - (uintptr_t)w->parameter_memory >= w->parameter_bytes)
        return 0;
    memcpy(w->dirty, "their parameters", sizeof "their parameters");
    parameters_unlock(w);
    return 1;
}
