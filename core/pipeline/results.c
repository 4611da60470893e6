/* results.c: what postprocessing sees of the runs: columns read by blocks from the storage, tables handed to it. */
#include <stdlib.h>

#include "engine/worker.h"
#include "pipeline/pipeline.h"
#include "base/element.h"
#include "trajectory/name.h"

static results *results_of(pipette_results *handle)
{
    return (results *)(void *)handle;
}

static int refuse(results *r, int code, const char *format, ...) PIPETTE_PRINTF(3, 4);
static int refuse(results *r, int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(r->message, sizeof r->message, format, arguments);
    va_end(arguments);
    return code;
}

static const char *results_message(const pipette_results *handle)
{
    return ((const results *)(const void *)handle)->message;
}

static uint64_t results_row_count(const pipette_results *handle)
{
    return ((const results *)(const void *)handle)->row_count;
}

/* The row of the file, and how many visible rows follow it there without a gap. */
static uint64_t row_in_file(const results *r, uint64_t row, uint64_t *run_length)
{
    uint64_t i;
    for (i = 0; i < r->span_count; i++) {
        if (row < r->rows[i].count) {
            *run_length = r->rows[i].count - row;
            return r->rows[i].first + row;
        }
        row -= r->rows[i].count;
    }
    *run_length = 1;
    return row;
}

static int check_rows(results *r, uint64_t first, uint64_t count)
{
    uint64_t rows = r->row_count;
    if (r->declaring)
        return refuse(r, PIPETTE_E_INVALID,
                      "no run has been executed yet: values are there in postprocess, not in declare");
    if (first > rows || count > rows - first)
        return refuse(r, PIPETTE_E_BOUNDS, "rows %llu to %llu were asked for, there are %llu",
                      (unsigned long long)first, (unsigned long long)(first + count), (unsigned long long)rows);
    return PIPETTE_OK;
}

static int results_runs(pipette_results *handle, uint64_t first, uint64_t count, uint64_t *out)
{
    results *r = results_of(handle);
    uint64_t i, left = 0, row = 0;
    int status = check_rows(r, first, count);
    for (i = 0; status == PIPETTE_OK && i < count; i++, row++, left--) {
        if (left == 0)
            row = row_in_file(r, first + i, &left);
        out[i] = select_run_of_row(r->pipeline, row);
    }
    return status;
}

static int storage_said(results *r, int status)
{
    if (status != PIPETTE_OK)
        return refuse(r, status, "%s",
                      r->pipeline->storage.message[0] != '\0' ? r->pipeline->storage.message
                                                              : pipette_status_text(status));
    return status;
}

/* Reads visible rows of a column of the file, piece by piece where others stand between them. */
static int read_rows(results *r, const char *path, uint64_t first, uint64_t count, int type, size_t row_bytes,
                     void *out)
{
    const pipette_storage *storage = pipeline_storage(r->pipeline);
    int status = PIPETTE_OK;
    while (status == PIPETTE_OK && count > 0) {
        uint64_t n, row = row_in_file(r, first, &n);
        n = n > count ? count : n;
        status = storage_said(r, storage->read(&r->pipeline->storage.handle, path, row, n, type, out));
        out = (char *)out + (size_t)n * row_bytes;
        first += n;
        count -= n;
    }
    return status;
}

static int results_states(pipette_results *handle, uint64_t first, uint64_t count, int8_t *out)
{
    results *r = results_of(handle);
    int status = check_rows(r, first, count);
    if (status != PIPETTE_OK)
        return status;
    return read_rows(r, LEDGER_STATE, first, count, PIPETTE_TYPE_BOOL, 1, out);
}

static uint32_t results_column_count(const pipette_results *handle)
{
    return ((const results *)(const void *)handle)->pipeline->stored_results;
}

/* A plugin steps from dimension to dimension by the size that it knows; the struct has grown since ABI 1.0. */
static const pipette_dimension *dimensions_for(results *r, const pipette_column_spec *column)
{
    const size_t size = ABI_DIMENSION_SIZE;
    const pipette_pipeline *p = r->pipeline;
    uint32_t count = shape_extent_count(p->schema), i;
    if (r->abi_minor > 0)
        return column->dimensions;
    if (r->dimensions == NULL) {
        r->dimensions = calloc(count + 1u, size);
        for (i = 0; r->dimensions != NULL && i < count; i++) {
            pipette_dimension one = p->dimensions[i];
            one.size = (uint32_t)size;
            memcpy(r->dimensions + i * size, &one, size);
        }
    }
    return r->dimensions == NULL ? NULL
                                 : (const void *)(r->dimensions + (size_t)(column->dimensions - p->dimensions) * size);
}

static int results_column(pipette_results *handle, uint32_t index, pipette_column_info *info)
{
    results *r = results_of(handle);
    const pipette_column_spec *column;
    pipette_column_info full = {.size = sizeof full};
    uint32_t size = info->size == 0 || info->size > sizeof full ? (uint32_t)sizeof full : info->size;
    if (index >= results_column_count(handle))
        return refuse(r, PIPETTE_E_NOT_FOUND, "the model has %u results, number %u was asked for",
                      results_column_count(handle), index);
    column = &r->pipeline->columns[r->pipeline->first_result + index];
    full.type = column->type;
    full.path = column->path;
    full.unit = column->unit;
    full.doc = column->doc;
    full.rank = column->rank;
    full.flags = column->flags;
    full.dimensions = dimensions_for(r, column);
    if (full.dimensions == NULL)
        return refuse(r, PIPETTE_E_MEMORY, "out of memory");
    memcpy(info, &full, size);
    info->size = size;
    return PIPETTE_OK;
}

static const char *result_path(const void *user, uint32_t i)
{
    const pipette_pipeline *p = user;
    return p->columns[p->first_result + i].path;
}

static const char *omitted_path(const void *user, uint32_t i)
{
    const pipette_pipeline *p = user;
    return p->columns[p->layout.column_count + i].path;
}

static int find_column(results *r, const char *name, uint32_t *found)
{
    const pipette_pipeline *p = r->pipeline;
    char candidates[600];
    const char *nearest;
    int64_t index = name_find(name, p->stored_results, result_path, p, candidates, sizeof candidates);
    uint32_t i;
    if (index >= 0) {
        *found = (uint32_t)index;
        return PIPETTE_OK;
    }
    if (index == NAME_FIND_SEVERAL)
        return refuse(r, PIPETTE_E_AMBIGUOUS, "'%s' fits several results: %s", name, candidates);
    nearest = name_nearest(name, p->stored_results, result_path, p);
    if (nearest != NULL)
        return refuse(r, PIPETTE_E_NOT_FOUND, "there is no result '%s'; did you mean '%s'?", name, nearest);
    index = name_find(name, p->all_columns - p->layout.column_count, omitted_path, p, NULL, 0);
    if (index >= 0)
        return refuse(r, PIPETTE_E_NOT_FOUND, "there is no result '%s' in the file: the run stage leaves it out (omit)",
                      name);
    candidates[0] = '\0';
    for (i = 0; i < p->stored_results; i++) {
        size_t used = strlen(candidates);
        (void)snprintf(candidates + used, sizeof candidates - used, "%s%s", used == 0 ? "" : ", ", result_path(p, i));
    }
    return refuse(r, PIPETTE_E_NOT_FOUND, "there is no result '%s'; the model has %s", name, candidates);
}

static int results_find(pipette_results *handle, const char *name, pipette_column_info *info)
{
    uint32_t index = 0;
    int status = find_column(results_of(handle), name, &index);
    return status != PIPETTE_OK ? status : results_column(handle, index, info);
}

static int results_read(pipette_results *handle, const char *name, uint64_t first, uint64_t count, int type, void *out)
{
    results *r = results_of(handle);
    const pipette_column_spec *column;
    uint64_t elements = 1;
    uint32_t index = 0, i;
    int status = find_column(r, name, &index);
    if (status == PIPETTE_OK)
        status = check_rows(r, first, count);
    if (status != PIPETTE_OK)
        return status;
    column = &r->pipeline->columns[r->pipeline->first_result + index];
    for (i = 0; i < column->rank; i++) {
        if (column->dimensions[i].extent == PIPETTE_RAGGED)
            return refuse(r, PIPETTE_E_TYPE, "result '%s' differs in shape from run to run; read it row by row", name);
        elements *= column->dimensions[i].extent;
    }
    return read_rows(r, column->path, first, count, type, (size_t)elements * pipette_type_size(type), out);
}

static int results_read_one(pipette_results *handle, const char *name, uint64_t row, pipette_value *value)
{
    results *r = results_of(handle);
    uint64_t length;
    uint32_t index = 0;
    int status = find_column(r, name, &index);
    if (status == PIPETTE_OK)
        status = check_rows(r, row, 1);
    if (status != PIPETTE_OK)
        return status;
    return storage_said(r, pipeline_storage(r->pipeline)
                               ->read_one(&r->pipeline->storage.handle,
                                          r->pipeline->columns[r->pipeline->first_result + index].path,
                                          row_in_file(r, row, &length), value));
}

/* A table must have a sound name and must not stand where a result does. */
static int check_table(results *r, const pipette_table *table)
{
    const pipette_pipeline *p = r->pipeline;
    pipette_error error = {0};
    uint32_t i;
    if (table->path == NULL || table->array_count == 0)
        return refuse(r, PIPETTE_E_INVALID, "a table needs a path and an array");
    if (trajectory_check_path(table->path, 0, &error) != PIPETTE_OK)
        return refuse(r, PIPETTE_E_INVALID, "the table's path: %s", error.message);
    for (i = 0; i < table->dimension_count; i++) /* texts_table() has made them plain */
        if (table->dimensions[i].name != NULL && strcmp(table->dimensions[i].name, "complex") == 0)
            return refuse(r, PIPETTE_E_INVALID,
                          "table '%s': its dimension 'complex' has the name that files give to the real and imaginary "
                          "parts of complex "
                          "numbers: rename it",
                          table->path);
    for (i = 0; i < p->stored_results; i++) {
        const char *path = p->columns[p->first_result + i].path + strlen("results.");
        char bare[600];
        const char *run = strstr(path, "$.");
        if (run == NULL)
            continue;
        (void)snprintf(bare, sizeof bare, "%.*s%s", (int)(run - path), path, run + 2);
        if (strcmp(bare, table->path) == 0)
            return refuse(r, PIPETTE_E_EXISTS, "table '%s' would stand where the result '%s' stands", table->path,
                          path);
    }
    return PIPETTE_OK;
}

static int results_declare_table(pipette_results *handle, const pipette_table *table)
{
    results *r = results_of(handle);
    pipette_error error = {0};
    const pipette_table own = texts_table(&r->texts, table);
    int status = r->texts.failed ? refuse(r, PIPETTE_E_MEMORY, "out of memory for table '%s'", table->path)
                                 : check_table(r, &own);
    if (status == PIPETTE_OK && !r->declaring)
        status = refuse(r, PIPETTE_E_INVALID, "tables are declared before the runs, in declare");
    if (status != PIPETTE_OK)
        return status;
    status = table_list_add(&r->pipeline->tables, &own, &error);
    return status == PIPETTE_OK ? status : refuse(r, status, "%s", error.message);
}

static int results_put_table(pipette_results *handle, const pipette_table *table)
{
    results *r = results_of(handle);
    pipette_table full = texts_table(&r->texts, table);
    char path[600];
    int status = r->texts.failed ? refuse(r, PIPETTE_E_MEMORY, "out of memory for table '%s'", table->path)
                                 : check_table(r, &full);
    if (status == PIPETTE_OK)
        status = check_rows(r, 0, 0);
    if (status != PIPETTE_OK)
        return status;
    (void)snprintf(path, sizeof path, "results.%s", table->path);
    full.path = path;
    return storage_said(r, pipeline_storage(r->pipeline)->put_table(&r->pipeline->storage.handle, &full));
}

static const pipette_results_host host = {
    .size = sizeof(pipette_results_host),
    .message = results_message,
    .row_count = results_row_count,
    .runs = results_runs,
    .states = results_states,
    .column_count = results_column_count,
    .column = results_column,
    .find = results_find,
    .read = results_read,
    .read_one = results_read_one,
    .declare_table = results_declare_table,
    .put_table = results_put_table,
};

static int add_row(results *r, uint64_t row, uint64_t count, uint64_t *capacity)
{
    r->row_count += count;
    if (r->span_count > 0 && r->rows[r->span_count - 1].first + r->rows[r->span_count - 1].count == row) {
        r->rows[r->span_count - 1].count += count;
        return 1;
    }
    if (r->span_count == *capacity) {
        pipette_run_span *more = realloc(r->rows, (size_t)(2 * *capacity + 16) * sizeof *more);
        if (more == NULL)
            return 0;
        r->rows = more;
        *capacity = 2 * *capacity + 16;
    }
    r->rows[r->span_count++] = (pipette_run_span){row, count};
    return 1;
}

int results_init(results *r, pipette_pipeline *p, int declaring, pipette_error *error)
{
    enum { BLOCK = 65536 };
    uint64_t capacity = 0, base = 0, into, i, n;
    uint8_t *mask;
    uint32_t span;
    int status = PIPETTE_OK;
    memset(r, 0, sizeof *r);
    r->handle.size = sizeof r->handle;
    r->handle.host = &host;
    r->pipeline = p;
    r->declaring = declaring;
    if (declaring)
        return PIPETTE_OK;
    mask = malloc(BLOCK);
    if (mask == NULL)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    for (span = 0; status == PIPETTE_OK && span < p->span_count; base += p->spans[span++].count) {
        if (visible_count(p->visible) == pipette_run_count(p->trajectory)) { /* nothing to hide */
            status = add_row(r, base, p->spans[span].count, &capacity) ? PIPETTE_OK : PIPETTE_E_MEMORY;
            continue;
        }
        for (into = 0; status == PIPETTE_OK && into < p->spans[span].count; into += n) {
            n = p->spans[span].count - into < BLOCK ? p->spans[span].count - into : BLOCK;
            status = visible_mask(p->visible, p->trajectory, p->spans[span].first + into, n, mask, error);
            for (i = 0; status == PIPETTE_OK && i < n; i++)
                if (mask[i] && !add_row(r, base + into + i, 1, &capacity))
                    status = PIPETTE_E_MEMORY;
        }
    }
    free(mask);
    if (status == PIPETTE_E_MEMORY)
        (void)pipette_error_set(error, status, "out of memory for the rows that postprocessing sees");
    return status;
}

void results_free(results *r)
{
    free(r->rows);
    free(r->dimensions);
    texts_free(&r->texts);
    r->rows = NULL;
    r->dimensions = NULL;
}
