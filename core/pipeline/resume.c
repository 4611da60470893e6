/* resume.c: opens the result file: makes it, or finds out what it holds already and which rows are still to be run. */
#include "pipeline/resume.h"

#include <stdlib.h>

#define BLOCK 65536u

void resume_free(resume_rows *rows)
{
    free(rows->spans);
    memset(rows, 0, sizeof *rows);
}

static int add_rows(resume_rows *rows, uint64_t first, uint64_t count, pipette_error *error)
{
    if (count == 0)
        return PIPETTE_OK;
    rows->row_count += count;
    if (rows->count > 0 && rows->spans[rows->count - 1].first + rows->spans[rows->count - 1].count == first) {
        rows->spans[rows->count - 1].count += count;
        return PIPETTE_OK;
    }
    if (rows->count == rows->capacity) {
        uint64_t capacity = rows->capacity == 0 ? 16 : 2 * rows->capacity;
        pipette_run_span *more = realloc(rows->spans, (size_t)capacity * sizeof *more);
        if (more == NULL)
            return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
        rows->spans = more;
        rows->capacity = capacity;
    }
    rows->spans[rows->count++] = (pipette_run_span){first, count};
    return PIPETTE_OK;
}

static int storage_failed(pipette_pipeline *p, int status, pipette_error *error)
{
    (void)stage_error(&p->storage, status, NULL, error);
    return PIPETTE_E_STORAGE;
}

static int make_file(pipette_pipeline *p, resume_rows *rows, pipette_error *error)
{
    int status = pipeline_storage(p)->lay_out(&p->storage.handle, &p->layout);
    if (status != PIPETTE_OK)
        return storage_failed(p, status, error);
    status = execute_text_coordinates(p, 0, error);
    return status == PIPETTE_OK ? add_rows(rows, 0, p->row_count, error) : status;
}

/* Runs that ended badly count as finished unless they are to be retried. */
static int still_wanted(const pipette_pipeline *p, int8_t state)
{
    if (state == PIPETTE_STATE_FAILED || state == PIPETTE_STATE_TIMED_OUT)
        return (int)p->options.retry_failed;
    return state == PIPETTE_STATE_PENDING;
}

static int read_states(pipette_pipeline *p, resume_rows *rows, pipette_error *error)
{
    int8_t *states = malloc(BLOCK);
    uint64_t row, n, i;
    int status = PIPETTE_OK;
    if (states == NULL)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    for (row = 0; status == PIPETTE_OK && row < p->row_count; row += n) {
        n = p->row_count - row < BLOCK ? p->row_count - row : BLOCK;
        status = pipeline_storage(p)->read(&p->storage.handle, LEDGER_STATE, row, n, PIPETTE_TYPE_BOOL, states);
        if (status != PIPETTE_OK)
            status = storage_failed(p, status, error);
        for (i = 0; status == PIPETTE_OK && i < n; i++) {
            p->report.stored_failures += states[i] == PIPETTE_STATE_FAILED || states[i] == PIPETTE_STATE_TIMED_OUT;
            if (still_wanted(p, states[i]))
                status = add_rows(rows, row + i, 1, error);
        }
    }
    free(states);
    return status;
}

static int same_value(const pipette_value *a, const pipette_value *b)
{
    uint64_t count, i;
    if (a->type != b->type || a->rank != b->rank)
        return 0;
    for (i = 0; i < a->rank; i++)
        if (a->shape[i] != b->shape[i])
            return 0;
    count = pipette_value_count(a);
    if (a->type != PIPETTE_TYPE_STRING)
        return memcmp(pipette_value_data(a), pipette_value_data(b), (size_t)count * pipette_type_size(a->type)) == 0;
    for (i = 0; i < count; i++) {
        const char *x = ((const char *const *)pipette_value_data(a))[i], *y = ((const char *const *)pipette_value_data(b))[i];
        if (strcmp(x == NULL ? "" : x, y == NULL ? "" : y) != 0)
            return 0;
    }
    return 1;
}

/* What decides results must be what it was: parameters, model, seed. */
static int decides_results(const char *path)
{
    return strncmp(path, "parameters.", 11) == 0 || strcmp(path, "config.pipeline.seed") == 0 ||
           strcmp(path, "config.pipeline.exploration") == 0 || strcmp(path, "config.plugins.model") == 0 ||
           strcmp(path, "config.plugins.model_version") == 0 || strcmp(path, "config.plugins.model_build_id") == 0;
}

static int compare(pipette_pipeline *p, const pipette_storage_info *info, pipette_error *error)
{
    uint32_t i;
    if (strcmp(info->name, p->layout.name) != 0)
        return pipette_error_set(error, PIPETTE_E_STORAGE,
                                 "%s: holds trajectory '%s', not '%s'; name another file, or replace it with --overwrite", p->file, info->name,
                                 p->layout.name);
    for (i = 0; i < p->layout.leaf_count; i++) {
        const pipette_leaf_spec *leaf = &p->leaves[i];
        pipette_value stored = pipette_value_none();
        if (!decides_results(leaf->path))
            continue;
        if (pipeline_storage(p)->read_one(&p->storage.handle, leaf->path, 0, &stored) == PIPETTE_OK && same_value(&stored, &leaf->value))
            continue;
        stage_clear(&p->storage);
        return pipette_error_set(error, PIPETTE_E_STORAGE,
                                 "%s: was made with another %s; name another file, or replace it with --overwrite", p->file, leaf->path);
    }
    if (info->row_count != p->row_count || info->span_count != p->span_count ||
        memcmp(info->spans, p->spans, p->span_count * sizeof *p->spans) != 0)
        return pipette_error_set(error, PIPETTE_E_STORAGE, "%s: holds other runs (%llu rows); name another file, or replace it with --overwrite",
                                 p->file, (unsigned long long)info->row_count);
    return PIPETTE_OK;
}

static int go_on(pipette_pipeline *p, resume_rows *rows, pipette_error *error)
{
    pipette_storage_info info = {.size = sizeof info};
    int status = pipeline_storage(p)->open(&p->storage.handle, p->file, PIPETTE_STORAGE_UPDATE);
    if (status == PIPETTE_OK)
        status = pipeline_storage(p)->info(&p->storage.handle, &info);
    if (status != PIPETTE_OK)
        return storage_failed(p, status, error);
    status = compare(p, &info, error);
    if (status == PIPETTE_OK)
        status = read_states(p, rows, error);
    if (status != PIPETTE_OK)
        return status;
    rows->nothing_to_do = rows->row_count == 0 && info.finished;
    p->report.pending_count = rows->row_count;
    return PIPETTE_OK;
}

int resume_open(pipette_pipeline *p, resume_rows *rows, pipette_error *error)
{
    const pipette_storage *storage = pipeline_storage(p);
    int status;
    stage_clear(&p->storage);
    if (storage->create != NULL) {
        status = storage->create(&p->storage.handle);
        if (status != PIPETTE_OK)
            return storage_failed(p, status, error);
    }
    p->storage.created = 1;
    status = storage->open(&p->storage.handle, p->file, p->options.overwrite ? PIPETTE_STORAGE_REPLACE : PIPETTE_STORAGE_CREATE);
    if (status == PIPETTE_E_EXISTS && !p->options.overwrite) {
        stage_clear(&p->storage);
        return go_on(p, rows, error);
    }
    return status == PIPETTE_OK ? make_file(p, rows, error) : storage_failed(p, status, error);
}
