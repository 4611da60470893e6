/* stored_results.c: the runs of a result file as postprocessing sees them, read-only. */
#include "program/stored_results.h"

#include <stdlib.h>

#include "trajectory/name.h"

/* Consecutive runs in consecutive rows. */
typedef struct span {
    uint64_t run, row, count;
    uint64_t before; /* visible rows in the spans before it */
} span;

struct stored_results {
    pipette_results handle; /* first */
    pipette_file *file;
    span *spans;
    size_t span_count, span_capacity;
    uint64_t row_count;
    const pipette_entry **columns;
    uint32_t column_count, column_capacity;
    int declaring, failed;
    void *room; /* for rows between those that are wanted */
    size_t room_size;
    char message[1024];
};

static stored_results *results_of(const pipette_results *handle)
{
    return (stored_results *)(uintptr_t)handle;
}

static int refuse(stored_results *r, int code, const char *format, ...) PIPETTE_PRINTF(3, 4);
static int refuse(stored_results *r, int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(r->message, sizeof r->message, format, arguments);
    va_end(arguments);
    return code;
}

static const char *message(const pipette_results *handle)
{
    return results_of(handle)->message;
}

static uint64_t row_count(const pipette_results *handle)
{
    return results_of(handle)->row_count;
}

static int check_rows(stored_results *r, uint64_t first, uint64_t count)
{
    if (r->declaring)
        return refuse(r, PIPETTE_E_INVALID, "values are there in postprocess, not in declare");
    if (first > r->row_count || count > r->row_count - first)
        return refuse(r, PIPETTE_E_BOUNDS, "rows %llu to %llu were asked for, there are %llu",
                      (unsigned long long)first, (unsigned long long)(first + count), (unsigned long long)r->row_count);
    return PIPETTE_OK;
}

/* The span that holds a visible row, which exists. */
static size_t span_of(const stored_results *r, uint64_t row)
{
    size_t low = 0, high = r->span_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (r->spans[middle].before <= row)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static int runs(pipette_results *handle, uint64_t first, uint64_t count, uint64_t *out)
{
    stored_results *r = results_of(handle);
    uint64_t i, into;
    size_t at = 0;
    int status = check_rows(r, first, count);
    if (status != PIPETTE_OK || count == 0)
        return status;
    at = span_of(r, first);
    into = first - r->spans[at].before;
    for (i = 0; i < count; i++, into++) {
        if (into == r->spans[at].count) {
            at++;
            into = 0;
        }
        out[i] = r->spans[at].run + into;
    }
    return PIPETTE_OK;
}

/* Reads visible rows of a column: near ones at once, with what stands between them. */
static int read_rows(stored_results *r, const char *path, uint64_t first, uint64_t count, int type, size_t row_bytes,
                     void *out)
{
    pipette_error error = {0};
    int status = PIPETTE_OK;
    size_t at = count == 0 ? 0 : span_of(r, first), end, i;
    while (status == PIPETTE_OK && count > 0) {
        uint64_t into = first - r->spans[at].before, row = r->spans[at].row + into, wanted = 0, last = row;
        for (end = at; end < r->span_count && wanted < count; end++) {
            uint64_t from = end == at ? row : r->spans[end].row, n = r->spans[end].count - (end == at ? into : 0);
            n = n < count - wanted ? n : count - wanted;
            if (from < last || from + n - row > 8 * (wanted + n) ||
                (end > at && (from + n - row) * row_bytes > (size_t)1 << 24))
                break;
            wanted += n;
            last = from + n;
        }
        if (end == at + 1) {
            status = pipette_file_read(r->file, path, row, wanted, type, out, &error);
        } else {
            size_t size = (size_t)(last - row) * row_bytes;
            if (size > r->room_size) {
                void *more = realloc(r->room, size);
                if (more == NULL)
                    return refuse(r, PIPETTE_E_MEMORY, "out of memory");
                r->room = more;
                r->room_size = size;
            }
            status = pipette_file_read(r->file, path, row, last - row, type, r->room, &error);
            for (i = at; status == PIPETTE_OK && i < end; i++) {
                uint64_t from = i == at ? row : r->spans[i].row, to = r->spans[i].row + r->spans[i].count;
                to = to < last ? to : last;
                memcpy((char *)out + (size_t)(r->spans[i].before + (from - r->spans[i].row) - first) * row_bytes,
                       (char *)r->room + (size_t)(from - row) * row_bytes, (size_t)(to - from) * row_bytes);
            }
        }
        out = (char *)out + (size_t)wanted * row_bytes;
        first += wanted;
        count -= wanted;
        at = end;
    }
    return status == PIPETTE_OK ? status : refuse(r, status, "%s", error.message);
}

static int states(pipette_results *handle, uint64_t first, uint64_t count, int8_t *out)
{
    stored_results *r = results_of(handle);
    int status = check_rows(r, first, count);
    return status == PIPETTE_OK ? read_rows(r, "runs.state", first, count, PIPETTE_TYPE_BOOL, 1, out) : status;
}

/* ---- Columns ---- */

static uint32_t column_count(const pipette_results *handle)
{
    return results_of(handle)->column_count;
}

static int column(pipette_results *handle, uint32_t index, pipette_column_info *info)
{
    stored_results *r = results_of(handle);
    pipette_column_info full = {.size = sizeof full};
    uint32_t size = info->size == 0 || info->size > sizeof full ? (uint32_t)sizeof full : info->size;
    const pipette_entry *entry;
    if (index >= r->column_count)
        return refuse(r, PIPETTE_E_NOT_FOUND, "the file has %u results, number %u was asked for", r->column_count,
                      index);
    entry = r->columns[index];
    full.type = entry->type;
    full.path = entry->path;
    full.unit = entry->unit;
    full.doc = entry->doc;
    full.rank = entry->rank;
    full.flags = entry->flags;
    full.dimensions = entry->dimensions;
    memcpy(info, &full, size);
    info->size = size;
    return PIPETTE_OK;
}

static const char *column_path(const void *user, uint32_t i)
{
    return ((const stored_results *)user)->columns[i]->path;
}

static int find_column(stored_results *r, const char *name, uint32_t *found)
{
    char candidates[600];
    const char *nearest;
    int64_t index = name_find(name, r->column_count, column_path, r, candidates, sizeof candidates);
    if (index >= 0) {
        *found = (uint32_t)index;
        return PIPETTE_OK;
    }
    if (index == NAME_FIND_SEVERAL)
        return refuse(r, PIPETTE_E_AMBIGUOUS, "'%s' fits several results: %s", name, candidates);
    nearest = name_nearest(name, r->column_count, column_path, r);
    if (nearest != NULL)
        return refuse(r, PIPETTE_E_NOT_FOUND, "there is no result '%s'; did you mean '%s'?", name, nearest);
    return refuse(r, PIPETTE_E_NOT_FOUND, "there is no result '%s' in the file", name);
}

static int find(pipette_results *handle, const char *name, pipette_column_info *info)
{
    uint32_t index = 0;
    int status = find_column(results_of(handle), name, &index);
    return status != PIPETTE_OK ? status : column(handle, index, info);
}

static int read_values(pipette_results *handle, const char *name, uint64_t first, uint64_t count, int type, void *out)
{
    stored_results *r = results_of(handle);
    const pipette_entry *entry;
    uint64_t elements = 1;
    uint32_t index = 0, i;
    int status = find_column(r, name, &index);
    if (status == PIPETTE_OK)
        status = check_rows(r, first, count);
    if (status != PIPETTE_OK)
        return status;
    entry = r->columns[index];
    for (i = 0; i < entry->rank; i++) {
        if (entry->dimensions[i].extent == PIPETTE_RAGGED)
            return refuse(r, PIPETTE_E_TYPE, "result '%s' differs in shape from run to run; read it row by row", name);
        elements *= entry->dimensions[i].extent;
    }
    return read_rows(r, entry->path, first, count, type, (size_t)elements * pipette_type_size(type), out);
}

static int read_one(pipette_results *handle, const char *name, uint64_t row, pipette_value *value)
{
    stored_results *r = results_of(handle);
    pipette_error error = {0};
    const span *at;
    uint32_t index = 0;
    int status = find_column(r, name, &index);
    if (status == PIPETTE_OK)
        status = check_rows(r, row, 1);
    if (status != PIPETTE_OK)
        return status;
    at = &r->spans[span_of(r, row)];
    status = pipette_file_read_one(r->file, r->columns[index]->path, at->row + (row - at->before), value, &error);
    return status == PIPETTE_OK ? status : refuse(r, status, "%s", error.message);
}

static int declare_table(pipette_results *handle, const pipette_table *table)
{
    (void)table;
    return results_of(handle)->declaring
               ? PIPETTE_OK
               : refuse(results_of(handle), PIPETTE_E_INVALID, "tables are declared before the runs, in declare");
}

static int put_table(pipette_results *handle, const pipette_table *table)
{
    return refuse(
        results_of(handle), PIPETTE_E_UNSUPPORTED,
        "the file is only looked at: table '%s' cannot be stored here; put the stage into the pipeline's config",
        table->path);
}

static const pipette_results_host host = {
    .size = sizeof(pipette_results_host),
    .message = message,
    .row_count = row_count,
    .runs = runs,
    .states = states,
    .column_count = column_count,
    .column = column,
    .find = find,
    .read = read_values,
    .read_one = read_one,
    .declare_table = declare_table,
    .put_table = put_table,
};

/* ---- Making it ---- */

static int keep_column(const pipette_entry *entry, void *user)
{
    stored_results *r = user;
    if (entry->kind != PIPETTE_ENTRY_COLUMN || entry->role != PIPETTE_ROLE_RESULT)
        return 0;
    if (r->column_count == r->column_capacity) {
        uint32_t capacity = 2 * r->column_capacity + 16;
        const pipette_entry **more = realloc(r->columns, capacity * sizeof *more);
        if (more == NULL) {
            r->failed = 1;
            return 1;
        }
        r->columns = more;
        r->column_capacity = capacity;
    }
    r->columns[r->column_count++] = entry;
    return 0;
}

static int keep_run(stored_results *r, const pipette_selected *selected)
{
    span *last = r->span_count > 0 ? &r->spans[r->span_count - 1] : NULL;
    r->row_count++;
    if (last != NULL && last->run + last->count == selected->run && last->row + last->count == selected->row) {
        last->count++;
        return 1;
    }
    if (r->span_count == r->span_capacity) {
        size_t capacity = 2 * r->span_capacity + 16;
        span *more = realloc(r->spans, capacity * sizeof *more);
        if (more == NULL)
            return 0;
        r->spans = more;
        r->span_capacity = capacity;
    }
    r->spans[r->span_count++] = (span){selected->run, selected->row, 1, r->row_count - 1};
    return 1;
}

int stored_results_create(pipette_file *file, const pipette_selection_options *options, stored_results **out,
                          pipette_error *error)
{
    enum { BLOCK = 1024 };
    stored_results *r = calloc(1, sizeof *r);
    pipette_selection *selection = NULL;
    pipette_selected block[BLOCK];
    uint32_t count = 0, i;
    int status = PIPETTE_OK;
    *out = NULL;
    if (r == NULL)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    r->handle.size = sizeof r->handle;
    r->handle.host = &host;
    r->file = file;
    (void)pipette_file_list(file, keep_column, r, error);
    status = pipette_selection_create(file, options, &selection, error);
    do {
        if (status == PIPETTE_OK)
            status = pipette_selection_next(selection, block, BLOCK, &count, error);
        for (i = 0; status == PIPETTE_OK && i < count; i++)
            r->failed |= !keep_run(r, &block[i]);
    } while (status == PIPETTE_OK && count > 0 && !r->failed);
    pipette_selection_destroy(selection);
    if (status == PIPETTE_OK && r->failed)
        status = pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory for the runs that were asked for");
    if (status != PIPETTE_OK) {
        stored_results_destroy(r);
        return status;
    }
    *out = r;
    return PIPETTE_OK;
}

void stored_results_destroy(stored_results *r)
{
    if (r == NULL)
        return;
    free(r->spans);
    free(r->columns);
    free(r->room);
    free(r);
}

pipette_results *stored_results_handle(stored_results *r)
{
    return &r->handle;
}

void stored_results_declaring(stored_results *r, int declaring)
{
    r->declaring = declaring;
}
