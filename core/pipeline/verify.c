/* verify.c: what a result file holds, held against the checksums that were stored with it. */
#include "pipeline/verify.h"

#include <stdlib.h>

#include "engine/checksum.h"
#include "pipeline/pipeline.h"
#include "base/same.h"
#include "base/element.h"

enum { ROWS_MOST = 65536, BLOCK_BYTES = 4 << 20 };

typedef struct verify_column {
    char *path;
    int32_t kind, role, type;
    int fixed;         /* all rows are alike, and of numbers */
    int32_t parameter; /* of the exploration; -1: none */
    uint64_t elements; /* of a row */
    size_t row_bytes;
} verify_column;

struct verify {
    stage *storage;
    verify_column *columns; /* all entries */
    uint32_t column_count, column_capacity;
    uint32_t result_count;
    uint32_t width; /* of the checksums; 0: the file has none */
    uint64_t rows_at_once;
    pipette_storage_info info;
    exploration *points;
    unsigned char *block, *expected; /* rows of one column */
    int8_t *states;
    unsigned char *stored; /* checksums */
    unsigned char *closed; /* and what they should be */
    uint32_t *sums;
    uint8_t *told; /* rows of which something was said */
    /* of the call */
    verify_progress progress;
    void *progress_user;
    verify_visit visit;
    verify_damaged damaged;
    void *user;
};

static const pipette_storage *table_of(const verify *v)
{
    return v->storage->descriptor->table;
}

static int failed(const verify *v, int status, pipette_error *error)
{
    return pipette_error_set(error, status, "%s",
                             v->storage->message[0] != '\0' ? v->storage->message : pipette_status_text(status));
}

/* ---- What there is ---- */

/* Numbers of one row; 0: none, or they are not of one shape. */
static uint64_t elements_of(const pipette_entry *entry)
{
    uint64_t elements = 1;
    uint32_t i;
    if (entry->type == PIPETTE_TYPE_STRING)
        return 0;
    for (i = 0; i < entry->rank; i++) {
        pipette_dimension dimension;
        element_read(&dimension, sizeof dimension, element_at(entry->dimensions, 0, i));
        if (dimension.extent == PIPETTE_RAGGED || __builtin_mul_overflow(elements, dimension.extent, &elements))
            return 0;
    }
    return elements;
}

static int keep_entry(const pipette_entry *entry, void *user)
{
    verify *v = user;
    verify_column *c;
    if (v->column_count == v->column_capacity) {
        uint32_t capacity = 2 * v->column_capacity + 64;
        verify_column *more = realloc(v->columns, capacity * sizeof *more);
        if (more == NULL)
            return PIPETTE_E_MEMORY;
        v->columns = more;
        v->column_capacity = capacity;
    }
    c = &v->columns[v->column_count];
    *c = (verify_column){strdup(entry->path), entry->kind, entry->role, entry->type, 0, -1, 0, 0};
    if (c->path == NULL)
        return PIPETTE_E_MEMORY;
    v->column_count++;
    if (c->kind != PIPETTE_ENTRY_COLUMN)
        return 0;
    c->elements = elements_of(entry);
    c->fixed = c->elements > 0;
    c->row_bytes = (size_t)c->elements * pipette_type_size(c->type);
    v->result_count += c->role == PIPETTE_ROLE_RESULT;
    if (strcmp(c->path, LEDGER_CHECKSUM) == 0)
        v->width = c->type == PIPETTE_TYPE_BOOL ? 1 : c->type == PIPETTE_TYPE_I32 ? 4 : 0;
    return 0;
}

/* Explored parameters are known a second time: from the exploration. */
static int find_parameters(verify *v, pipette_error *error)
{
    const char *text = v->info.exploration;
    uint32_t i, k;
    int status = PIPETTE_OK;
    if (text != NULL && text[0] != '\0')
        status = exploration_parse(text, &v->points, error);
    for (i = 0; status == PIPETTE_OK && v->points != NULL && i < exploration_parameter_count(v->points); i++)
        for (k = 0; k < v->column_count; k++)
            if (v->columns[k].kind == PIPETTE_ENTRY_COLUMN &&
                strcmp(v->columns[k].path, exploration_parameter(v->points, i)) == 0 &&
                v->columns[k].type == exploration_parameter_type(v->points, i))
                v->columns[k].parameter = (int32_t)i;
    return status;
}

int verify_create(stage *storage, verify **out, pipette_error *error)
{
    verify *v = calloc(1, sizeof *v);
    uint64_t widest = sizeof(pipette_complex);
    uint32_t i;
    int status;
    *out = v;
    if (v == NULL)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    v->storage = storage;
    v->info.size = sizeof v->info;
    stage_clear(storage);
    status = table_of(v)->list(&storage->handle, keep_entry, v);
    if (status == PIPETTE_OK)
        status = table_of(v)->info(&storage->handle, &v->info);
    if (status != PIPETTE_OK)
        return failed(v, status, error);
    status = find_parameters(v, error);
    if (status != PIPETTE_OK)
        return status;
    for (i = 0; i < v->column_count; i++)
        widest = v->columns[i].row_bytes > widest ? v->columns[i].row_bytes : widest;
    v->rows_at_once = BLOCK_BYTES / widest;
    v->rows_at_once = v->rows_at_once < 1 ? 1 : v->rows_at_once > ROWS_MOST ? ROWS_MOST : v->rows_at_once;
    v->block = malloc((size_t)(v->rows_at_once * widest));
    v->expected = malloc((size_t)v->rows_at_once * sizeof(pipette_complex));
    v->states = malloc((size_t)v->rows_at_once);
    v->stored = malloc((size_t)v->rows_at_once * sizeof(uint32_t));
    v->closed = malloc((size_t)v->rows_at_once * sizeof(uint32_t));
    v->sums = malloc((size_t)v->rows_at_once * sizeof *v->sums);
    v->told = malloc((size_t)v->rows_at_once);
    if (v->block == NULL || v->expected == NULL || v->states == NULL || v->stored == NULL || v->closed == NULL ||
        v->sums == NULL || v->told == NULL)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory for %llu bytes of results",
                                 (unsigned long long)(v->rows_at_once * widest));
    return PIPETTE_OK;
}

void verify_destroy(verify *v)
{
    uint32_t i;
    if (v == NULL)
        return;
    for (i = 0; i < v->column_count; i++)
        free(v->columns[i].path);
    free(v->columns);
    exploration_destroy(v->points);
    free(v->block);
    free(v->expected);
    free(v->states);
    free(v->stored);
    free(v->closed);
    free(v->sums);
    free(v->told);
    free(v);
}

/* ---- Rows ---- */

/* The block at hand begins at row `first`; `i` counts in it. */
static int say(verify *v, uint64_t first, uint64_t i, const char *path, const char *text)
{
    v->told[i] = 1;
    return v->visit(first + i, path, text, v->user);
}

/* A value that cannot be read is damaged, unless memory is what is missing. */
static int say_unreadable(verify *v, uint64_t first, uint64_t i, const char *path, int status)
{
    char text[1024];
    if (status == PIPETTE_E_MEMORY)
        return status;
    (void)snprintf(text, sizeof text, "cannot be read: %.900s",
                   v->storage->message[0] != '\0' ? v->storage->message : pipette_status_text(status));
    stage_clear(v->storage);
    return say(v, first, i, path, text);
}

static int add_fixed(verify *v, const verify_column *c, uint64_t first, uint64_t count)
{
    const uint32_t seed = checksum_seed(c->path);
    uint64_t i;
    int status = table_of(v)->read(&v->storage->handle, c->path, first, count, c->type, v->block);
    if (status == PIPETTE_OK) {
        checksum_rows(seed, c->type, c->elements, v->block, c->row_bytes, count, v->sums);
        return PIPETTE_OK;
    }
    stage_clear(v->storage); /* which of them is it? */
    for (i = 0, status = PIPETTE_OK; status == PIPETTE_OK && i < count; i++) {
        if (v->states[i] != PIPETTE_STATE_DONE)
            continue;
        status = table_of(v)->read(&v->storage->handle, c->path, first + i, 1, c->type, v->block);
        if (status == PIPETTE_OK)
            checksum_rows(seed, c->type, c->elements, v->block, c->row_bytes, 1, v->sums + i);
        else
            status = say_unreadable(v, first, i, c->path, status);
    }
    return status;
}

static int add_varying(verify *v, const verify_column *c, uint64_t first, uint64_t count)
{
    const uint32_t seed = checksum_seed(c->path);
    uint64_t i;
    int status = PIPETTE_OK;
    for (i = 0; status == PIPETTE_OK && i < count; i++) {
        pipette_value value;
        if (v->states[i] != PIPETTE_STATE_DONE)
            continue;
        status = table_of(v)->read_one(&v->storage->handle, c->path, first + i, &value);
        if (status == PIPETTE_OK) {
            v->sums[i] ^= checksum_value(seed, &value);
        } else if (status == PIPETTE_E_NOT_FOUND) { /* it has none, or lost it: the sum tells */
            stage_clear(v->storage);
            status = PIPETTE_OK;
        } else {
            status = say_unreadable(v, first, i, c->path, status);
        }
    }
    return status;
}

/* The values of an explored parameter that these rows must have. */
static void fill_expected(const verify *v, const verify_column *c, uint64_t first, uint64_t count)
{
    const size_t size = pipette_type_size(c->type);
    uint64_t base = 0, i = 0;
    uint32_t k;
    for (k = 0; k < v->info.span_count && i < count; base += v->info.spans[k++].count) {
        uint64_t n = base + v->info.spans[k].count;
        if (first + i >= n)
            continue;
        n = n - (first + i) < count - i ? n - (first + i) : count - i;
        exploration_fill(v->points, (uint32_t)c->parameter, v->info.spans[k].first + (first + i - base), n,
                         v->expected + i * size);
        i += n;
    }
}

static int compare_one(verify *v, const verify_column *c, uint64_t first, uint64_t i, const pipette_value *stored)
{
    const size_t size = pipette_type_size(c->type);
    pipette_value expected = pipette_value_none();
    char was[80], is[80], text[240];
    uint64_t element = 0;
    expected.type = c->type;
    memcpy(&expected.as, v->expected + i * size, size);
    if (stored->type == c->type && same_elements(stored, &expected, &element))
        return PIPETTE_OK;
    (void)snprintf(text, sizeof text, "is %s, but the exploration says %s", same_element_text(stored, 0, is, sizeof is),
                   same_element_text(&expected, 0, was, sizeof was));
    return say(v, first, i, c->path, text);
}

/* Explored parameters are in the file before the runs are; in files of before, with them. */
static int compare_parameter(verify *v, const verify_column *c, uint64_t first, uint64_t count)
{
    uint64_t i;
    int status = PIPETTE_OK;
    fill_expected(v, c, first, count);
    if (c->fixed)
        status = table_of(v)->read(&v->storage->handle, c->path, first, count, c->type, v->block);
    if (c->fixed && status == PIPETTE_OK && memcmp(v->block, v->expected, (size_t)count * c->row_bytes) == 0)
        return PIPETTE_OK;
    stage_clear(v->storage);
    for (i = 0, status = PIPETTE_OK; status == PIPETTE_OK && i < count; i++) {
        pipette_value value;
        if (v->states[i] == PIPETTE_STATE_PENDING)
            continue;
        status = table_of(v)->read_one(&v->storage->handle, c->path, first + i, &value);
        status =
            status == PIPETTE_OK ? compare_one(v, c, first, i, &value) : say_unreadable(v, first, i, c->path, status);
    }
    return status;
}

static uint32_t number_at(const unsigned char *numbers, uint64_t i, uint32_t width)
{
    uint32_t number = 0;
    memcpy(&number, numbers + i * width, width); /* little-endian */
    return number;
}

/* What a sum that does not fit says. A single bit that differs is one of the checksum itself: a result that has changed
 * changes many. */
static int say_misfit(verify *v, uint64_t first, uint64_t i)
{
    const uint32_t differs = number_at(v->stored, i, v->width) ^ number_at(v->closed, i, v->width);
    const verify_column *only = NULL;
    char text[1024];
    size_t used;
    uint32_t k;
    if (v->states[i] != PIPETTE_STATE_DONE) {
        (void)snprintf(text, sizeof text, "is '%s', which does not fit the checksum of the run",
                       pipette_state_text(v->states[i]));
        return say(v, first, i, LEDGER_STATE, text);
    }
    if (v->width == 4 && (differs & (differs - 1)) == 0)
        return say(v, first, i, LEDGER_CHECKSUM, "has a bit that is wrong; the results of the run are what they were");
    if (v->result_count == 1)
        for (k = 0; k < v->column_count; k++)
            only = v->columns[k].role == PIPETTE_ROLE_RESULT && v->columns[k].kind == PIPETTE_ENTRY_COLUMN
                       ? &v->columns[k]
                       : only;
    if (only != NULL)
        return say(v, first, i, only->path, "does not fit the checksum of the run");
    used = (size_t)snprintf(text, sizeof text, "one of its results does not fit the checksum of the run:");
    for (k = 0; k < v->column_count && used < sizeof text; k++)
        if (v->columns[k].role == PIPETTE_ROLE_RESULT && v->columns[k].kind == PIPETTE_ENTRY_COLUMN)
            used += (size_t)snprintf(text + used, sizeof text - used, " %s", v->columns[k].path);
    return say(v, first, i, NULL, text);
}

static int judge(verify *v, uint64_t first, uint64_t i, verify_counts *counts)
{
    const int state = v->states[i];
    char text[200];
    if (state < PIPETTE_STATE_PENDING || state > PIPETTE_STATE_INFEASIBLE) {
        (void)snprintf(text, sizeof text, "is %d, which is none", state);
        return say(v, first, i, LEDGER_STATE, text);
    }
    if (state == PIPETTE_STATE_PENDING)
        return v->info.finished
                   ? say(v, first, i, LEDGER_STATE, "is 'pending', though the file was finished with every run")
                   : PIPETTE_OK;
    counts->ended++;
    if (v->width == 0 || number_at(v->stored, i, v->width) == CHECKSUM_NONE ||
        (v->width == 4 && number_at(v->stored, i, v->width) == (uint32_t)PIPETTE_FILL_I32)) {
        counts->without++;
        return PIPETTE_OK;
    }
    if (v->told[i] || number_at(v->stored, i, v->width) == number_at(v->closed, i, v->width))
        return PIPETTE_OK;
    return say_misfit(v, first, i);
}

void verify_tell_progress(verify *v, verify_progress progress, void *user)
{
    v->progress = progress;
    v->progress_user = user;
}

static void go_on(const verify *v)
{
    if (v->progress != NULL)
        v->progress(v->progress_user);
}

static int verify_block(verify *v, uint64_t first, uint64_t count, verify_counts *counts)
{
    uint64_t i;
    uint32_t k;
    int status = table_of(v)->read(&v->storage->handle, LEDGER_STATE, first, count, PIPETTE_TYPE_BOOL, v->states);
    memset(v->sums, 0, (size_t)count * sizeof *v->sums);
    memset(v->told, 0, (size_t)count);
    for (k = 0; status == PIPETTE_OK && k < v->column_count; k++) {
        const verify_column *c = &v->columns[k];
        if (c->kind != PIPETTE_ENTRY_COLUMN)
            continue;
        go_on(v);
        if (c->role == PIPETTE_ROLE_RESULT)
            status = c->fixed ? add_fixed(v, c, first, count) : add_varying(v, c, first, count);
        else if (c->parameter >= 0)
            status = compare_parameter(v, c, first, count);
    }
    if (status == PIPETTE_OK && v->width > 0) {
        status = table_of(v)->read(&v->storage->handle, LEDGER_CHECKSUM, first, count,
                                   v->width == 1 ? PIPETTE_TYPE_BOOL : PIPETTE_TYPE_I32, v->stored);
        checksum_close(v->sums, v->states, count, v->width, v->closed);
    }
    for (i = 0; status == PIPETTE_OK && i < count; i++) {
        status = judge(v, first, i, counts);
        counts->damaged += v->told[i];
        if (status == PIPETTE_OK && v->told[i] && v->damaged != NULL)
            status = v->damaged(first + i, v->user);
    }
    return status;
}

int verify_rows(verify *v, uint64_t first, uint64_t count, verify_visit visit, verify_damaged damaged, void *user,
                verify_counts *counts, pipette_error *error)
{
    uint64_t row, n;
    int status = PIPETTE_OK;
    v->visit = visit;
    v->damaged = damaged;
    v->user = user;
    stage_clear(v->storage);
    for (row = first; status == PIPETTE_OK && row < first + count; row += n) {
        n = first + count - row < v->rows_at_once ? first + count - row : v->rows_at_once;
        status = verify_block(v, row, n, counts);
    }
    return status >= 0 ? status : failed(v, status, error);
}

/* ---- The rest ---- */

int verify_values(verify *v, verify_visit visit, void *user, pipette_error *error)
{
    uint32_t k;
    int status = PIPETTE_OK;
    for (k = 0; status == PIPETTE_OK && k < v->column_count; k++) {
        pipette_value value;
        char text[1024];
        if (v->columns[k].kind == PIPETTE_ENTRY_COLUMN)
            continue;
        go_on(v);
        stage_clear(v->storage);
        status = table_of(v)->read_one(&v->storage->handle, v->columns[k].path, 0, &value);
        if (status == PIPETTE_OK || status == PIPETTE_E_MEMORY)
            continue;
        (void)snprintf(text, sizeof text, "cannot be read: %.900s",
                       v->storage->message[0] != '\0' ? v->storage->message : pipette_status_text(status));
        status = visit(VERIFY_NO_ROW, v->columns[k].path, text, user);
    }
    stage_clear(v->storage);
    return status >= 0 ? status : failed(v, status, error);
}
