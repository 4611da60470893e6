/* reset_runs.c: runs of a result file become pending again. */
#include <stdlib.h>

#include "pipeline/pipeline.h"

enum { RUNS = 1024 };

typedef struct reset_rows_list {
    pipette_run_span *spans; /* of rows */
    uint64_t count, capacity, row_count;
} reset_rows_list;

static int add_row(reset_rows_list *list, uint64_t row, pipette_error *error)
{
    list->row_count++;
    if (list->count > 0 && list->spans[list->count - 1].first + list->spans[list->count - 1].count == row) {
        list->spans[list->count - 1].count++;
        return PIPETTE_OK;
    }
    if (list->count == list->capacity) {
        uint64_t capacity = list->capacity == 0 ? 16 : 2 * list->capacity;
        pipette_run_span *more = realloc(list->spans, (size_t)capacity * sizeof *more);
        if (more == NULL)
            return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
        list->spans = more;
        list->capacity = capacity;
    }
    list->spans[list->count++] = (pipette_run_span){row, 1};
    return PIPETTE_OK;
}

/* All of them before the first is changed: a condition may ask for the state. */
static int find_rows(pipette_file *file, const pipette_selection_options *which, reset_rows_list *list,
                     pipette_error *error)
{
    pipette_selection *selection = NULL;
    pipette_selected *runs = malloc(RUNS * sizeof *runs);
    uint32_t count = 1, i;
    int status = runs == NULL ? pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory")
                              : pipette_selection_create(file, which, &selection, error);
    while (status == PIPETTE_OK && count > 0) {
        status = pipette_selection_next(selection, runs, RUNS, &count, error);
        for (i = 0; status == PIPETTE_OK && i < count; i++)
            if (runs[i].state != PIPETTE_STATE_PENDING)
                status = add_row(list, runs[i].row, error);
    }
    pipette_selection_destroy(selection);
    free(runs);
    return status;
}

/* Where the columns stand that every file has. UINT32_MAX: nowhere. */
typedef struct reset_columns {
    uint32_t next, state, message, log;
} reset_columns;

static int count_columns(const pipette_entry *entry, void *user)
{
    reset_columns *c = user;
    if (entry->kind != PIPETTE_ENTRY_COLUMN)
        return 0;
    if (strcmp(entry->path, LEDGER_STATE) == 0)
        c->state = c->next;
    if (strcmp(entry->path, LEDGER_MESSAGE) == 0)
        c->message = c->next;
    if (strcmp(entry->path, LEDGER_LOG) == 0)
        c->log = c->next;
    c->next++;
    return 0;
}

/* Of a storage that cannot do it in one: the texts first, the states once these are safe. */
static int overwrite(const pipette_storage *storage, pipette_stage *handle, const reset_columns *columns,
                     const pipette_run_span *rows)
{
    pipette_value nothing = pipette_value_string("");
    int8_t pending[RUNS] = {0};
    uint64_t row, end = rows->first + rows->count, block;
    int status = PIPETTE_OK;
    for (row = rows->first; status == PIPETTE_OK && row < end; row++) {
        if (columns->message != UINT32_MAX)
            status = storage->append(handle, row, columns->message, &nothing);
        if (status == PIPETTE_OK && columns->log != UINT32_MAX)
            status = storage->append(handle, row, columns->log, &nothing);
    }
    if (status == PIPETTE_OK)
        status = storage->flush(handle);
    for (row = rows->first; status == PIPETTE_OK && row < end; row += block) {
        pipette_column_data cells = {sizeof cells, columns->state, pending, 1};
        block = end - row < RUNS ? end - row : RUNS;
        status = storage->write(handle, row, block, &cells, 1);
    }
    return status;
}

int reset_rows(stage *storage, const pipette_run_span *rows, uint64_t count, pipette_error *error)
{
    const pipette_storage *table = storage->descriptor->table;
    reset_columns columns = {0, UINT32_MAX, UINT32_MAX, UINT32_MAX};
    uint64_t i;
    const int at_once = PIPETTE_HAS(table, reset_rows) && table->reset_rows != NULL;
    int status = PIPETTE_OK;
    stage_clear(storage);
    if (!at_once)
        status = table->list(&storage->handle, count_columns, &columns);
    for (i = 0; status == PIPETTE_OK && i < count; i++)
        status = at_once ? table->reset_rows(&storage->handle, rows[i].first, rows[i].count)
                         : overwrite(table, &storage->handle, &columns, &rows[i]);
    if (status == PIPETTE_OK && count > 0)
        status = table->flush(&storage->handle);
    return status == PIPETTE_OK ? status : stage_error(storage, status, NULL, error);
}

int pipette_reset(const pipette_reset_options *options, uint64_t *count, pipette_error *error)
{
    pipette_selection_options which = {sizeof which, options->states, options->runs, options->where};
    reset_rows_list list = {NULL, 0, 0, 0};
    pipette_file *file = NULL;
    int status;
    *count = 0;
    if (options->runs == NULL && options->where == NULL && options->states == 0)
        return pipette_error_set(error, PIPETTE_E_INVALID, "%s: which runs are to be pending again?", options->file);
    status = file_open(options->file, options->storage, options->folders, options->folder_count,
                       options->dry_run ? PIPETTE_STORAGE_READ : PIPETTE_STORAGE_UPDATE, &file, error);
    if (status == PIPETTE_OK)
        status = find_rows(file, &which, &list, error);
    if (!options->dry_run && file != NULL) {
        if (status == PIPETTE_OK && list.row_count > 0) {
            status = reset_rows(file_storage(file), list.spans, list.count, error);
            if (status == PIPETTE_OK)
                status = file_finish(file, error);
        }
        file_leave(file); /* a file in which nothing was changed stays finished */
    }
    *count = status == PIPETTE_OK ? list.row_count : 0;
    pipette_file_destroy(file);
    free(list.spans);
    return status;
}
