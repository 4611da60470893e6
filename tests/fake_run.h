/* fake_run.h: runs of a model without a core: parameters, shapes and results of one run at a time. */
#ifndef TESTS_FAKE_RUN_H
#define TESTS_FAKE_RUN_H

#include <pipette/model.h>

#include "fake_stage.h"

enum { FAKE_ENTRIES = 16 };

typedef struct fake_result {
    const pipette_result_spec *spec;
    uint64_t extent; /* of the first dimension */
    double start, step;
    void *data;
    uint64_t count; /* of a ragged one, in the run that was executed last */
    int stored;
} fake_result;

typedef struct fake_run {
    pipette_run run;
    pipette_shape shape;
    const pipette_model *model;
    pipette_value parameters[FAKE_ENTRIES];
    fake_result results[FAKE_ENTRIES];
    int failed;
    char message[1024];
} fake_run;

#define FAKE_OF_SHAPE(pointer) ((fake_run *)((char *)(pointer)-offsetof(fake_run, shape)))

PIPETTE_PRINTF(3, 4)
FAKE int fake_run_fail(pipette_run *run, int code, const char *format, ...)
{
    fake_run *f = (fake_run *)run;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(f->message, sizeof f->message, format, arguments);
    va_end(arguments);
    f->failed = code;
    return code;
}

PIPETTE_PRINTF(3, 4)
FAKE int fake_shape_fail(pipette_shape *shape, int code, const char *format, ...)
{
    fake_run *f = FAKE_OF_SHAPE(shape);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(f->message, sizeof f->message, format, arguments);
    va_end(arguments);
    f->failed = code;
    return code;
}

FAKE pipette_value *fake_parameter(fake_run *f, const char *name)
{
    uint32_t i;
    for (i = 0; i < f->model->parameter_count; i++)
        if (strcmp(f->model->parameters[i].path, name) == 0)
            return &f->parameters[i];
    (void)fake_run_fail(&f->run, PIPETTE_E_NOT_FOUND, "no parameter '%s'", name);
    return NULL;
}

FAKE fake_result *fake_find_result(fake_run *f, const char *path)
{
    uint32_t i;
    for (i = 0; i < f->model->result_count; i++)
        if (strcmp(f->model->results[i].path, path) == 0)
            return &f->results[i];
    (void)fake_run_fail(&f->run, PIPETTE_E_NOT_FOUND, "no result '%s'", path);
    return NULL;
}

FAKE double fake_f64(pipette_run *run, const char *name)
{
    const pipette_value *value = fake_parameter((fake_run *)run, name);
    return value != NULL && value->type == PIPETTE_TYPE_F64 ? value->as.f64 : 0.0;
}

FAKE int64_t fake_i64(pipette_run *run, const char *name)
{
    const pipette_value *value = fake_parameter((fake_run *)run, name);
    return value != NULL && value->type == PIPETTE_TYPE_I64 ? value->as.i64 : 0;
}

FAKE const char *fake_string(pipette_run *run, const char *name)
{
    const pipette_value *value = fake_parameter((fake_run *)run, name);
    return value != NULL && value->type == PIPETTE_TYPE_STRING ? value->as.string : "";
}

FAKE double fake_shape_f64(pipette_shape *shape, const char *name)
{
    return fake_f64(&FAKE_OF_SHAPE(shape)->run, name);
}

FAKE int fake_shape_value(pipette_shape *shape, const char *name, pipette_value *value)
{
    const pipette_value *found = fake_parameter(FAKE_OF_SHAPE(shape), name);
    if (found == NULL)
        return PIPETTE_E_NOT_FOUND;
    *value = *found;
    return PIPETTE_OK;
}

FAKE int fake_shape_extent(pipette_shape *shape, const char *path, uint32_t dimension, uint64_t extent, double start,
                           double step)
{
    fake_result *result = fake_find_result(FAKE_OF_SHAPE(shape), path);
    if (result == NULL || dimension != 0)
        return PIPETTE_E_NOT_FOUND;
    result->extent = extent;
    result->start = start;
    result->step = step;
    return PIPETTE_OK;
}

FAKE int fake_put_scalar(pipette_run *run, const char *path, int type, const void *element)
{
    fake_result *result = fake_find_result((fake_run *)run, path);
    if (result == NULL || result->stored || result->spec->rank != 0 || result->spec->type != type)
        return fake_run_fail(run, PIPETTE_E_TYPE, "'%s' does not take this", path);
    memcpy(result->data, element, pipette_type_size(type));
    result->stored = 1;
    return PIPETTE_OK;
}

FAKE int fake_put_f64(pipette_run *run, const char *path, double value)
{
    return fake_put_scalar(run, path, PIPETTE_TYPE_F64, &value);
}

FAKE int fake_put_i64(pipette_run *run, const char *path, int64_t value)
{
    return fake_put_scalar(run, path, PIPETTE_TYPE_I64, &value);
}

FAKE void *fake_buffer(pipette_run *run, const char *path, int type, uint64_t *count)
{
    fake_result *result = fake_find_result((fake_run *)run, path);
    if (result == NULL || result->stored || result->spec->rank != 1 || result->spec->type != type) {
        (void)fake_run_fail(run, PIPETTE_E_TYPE, "'%s' has no such buffer", path);
        return NULL;
    }
    result->stored = 1;
    if (count != NULL)
        *count = result->extent;
    return result->data;
}

/* Ragged results of one dimension. */
FAKE int fake_put(pipette_run *run, const char *path, const pipette_value *value)
{
    fake_result *result = fake_find_result((fake_run *)run, path);
    size_t bytes = value->rank == 1 ? (size_t)value->shape[0] * pipette_type_size(value->type) : 0;
    if (result == NULL || result->stored || result->extent != PIPETTE_RAGGED || value->rank != 1 ||
        result->spec->type != value->type)
        return fake_run_fail(run, PIPETTE_E_TYPE, "'%s' does not take this", path);
    free(result->data);
    result->data = fake_allocate(bytes);
    memcpy(result->data, value->data, bytes);
    result->count = value->shape[0];
    result->stored = 1;
    return PIPETTE_OK;
}

/* A run of the model with its defaults; set parameters, then shape, then go. */
FAKE void fake_run_begin(fake_run *f, const pipette_model *model)
{
    static const pipette_run_host host = {.size = (uint32_t)sizeof host,
                                          .f64 = fake_f64,
                                          .i64 = fake_i64,
                                          .string = fake_string,
                                          .put = fake_put,
                                          .put_f64 = fake_put_f64,
                                          .put_i64 = fake_put_i64,
                                          .buffer = fake_buffer,
                                          .fail = fake_run_fail};
    static const pipette_shape_host shape_host = {.size = (uint32_t)sizeof shape_host,
                                                  .f64 = fake_shape_f64,
                                                  .value = fake_shape_value,
                                                  .extent = fake_shape_extent,
                                                  .fail = fake_shape_fail};
    uint32_t i;
    memset(f, 0, sizeof *f);
    f->run.size = (uint32_t)sizeof f->run;
    f->run.host = &host;
    f->shape.size = (uint32_t)sizeof f->shape;
    f->shape.host = &shape_host;
    f->model = model;
    for (i = 0; i < model->parameter_count; i++) {
        const pipette_parameter_spec *spec = &model->parameters[i];
        f->parameters[i] = spec->type == PIPETTE_TYPE_STRING ? pipette_value_string(spec->default_string)
                           : spec->type == PIPETTE_TYPE_I64  ? pipette_value_i64(spec->default_i64)
                                                             : pipette_value_f64(spec->default_f64);
    }
    for (i = 0; i < model->result_count; i++) {
        f->results[i].spec = &model->results[i];
        f->results[i].extent = model->results[i].rank == 0 ? 1 : model->results[i].dimensions[0].extent;
    }
}

FAKE void fake_run_set(fake_run *f, const char *name, pipette_value value)
{
    *fake_parameter(f, name) = value;
}

/* Asks the model for its shapes and makes room for the results. */
FAKE int fake_run_shape(fake_run *f)
{
    uint32_t i;
    const int status = f->model->shape != NULL ? f->model->shape(&f->shape) : PIPETTE_OK;
    for (i = 0; status == PIPETTE_OK && i < f->model->result_count; i++) {
        free(f->results[i].data);
        f->results[i].data = NULL;
        if (f->results[i].extent == PIPETTE_RAGGED)
            continue;
        f->results[i].data = fake_allocate((size_t)f->results[i].extent * pipette_type_size(f->results[i].spec->type));
    }
    return status;
}

/* Executes the run; a declared result that it did not store is a failure. */
FAKE int fake_run_go(fake_run *f)
{
    uint32_t i;
    int status;
    f->failed = 0;
    for (i = 0; i < f->model->result_count; i++)
        f->results[i].stored = 0;
    status = f->model->run(&f->run);
    for (i = 0; status == PIPETTE_OK && i < f->model->result_count; i++)
        if (!f->results[i].stored)
            status = PIPETTE_E_MODEL;
    return f->failed != 0 ? f->failed : status;
}

FAKE const void *fake_run_data(fake_run *f, const char *path)
{
    const fake_result *result = fake_find_result(f, path);
    return result != NULL ? result->data : NULL;
}

FAKE void fake_run_end(fake_run *f)
{
    uint32_t i;
    for (i = 0; i < FAKE_ENTRIES; i++)
        free(f->results[i].data);
}

#endif
