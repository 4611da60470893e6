/* get_array.c: one value, one array, or the arrays of one table, as text, CSV or JSON. */
#include "cli/get_array.h"

#include <stdlib.h>

#include "cli/cli.h"
#include "cli/coordinates.h"

static const char *last_of(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot == NULL ? path : dot + 1;
}

typedef struct arrays {
    pipette_file *file;
    const pipette_entry *const *entries;
    uint32_t count, rank;
    const get_options *options;
    output *out;
    pipette_value *values; /* with memory of their own where there are several */
    parts *elements;       /* of each */
    uint64_t shape[32];    /* of a large one */
    coordinates dimensions[32];
} arrays;

/* ---- Reading ---- */

/* One of fixed shape that is read in parts. */
static int is_large(arrays *a, const pipette_entry *entry)
{
    uint64_t bytes = pipette_type_size(entry->type);
    uint32_t i;
    if (a->count > 1 || entry->type == PIPETTE_TYPE_STRING || (entry->flags & PIPETTE_ENTRY_OPTIONAL) != 0)
        return 0;
    for (i = 0; i < entry->rank; i++) {
        a->shape[i] = entry->dimensions[i].extent;
        if (a->shape[i] == PIPETTE_RAGGED || __builtin_mul_overflow(bytes, a->shape[i], &bytes))
            return 0;
    }
    return bytes > PARTS_LARGE;
}

/* The value, borrowed until the next one is read; *there: it is not missing. */
static int read_value(arrays *a, const pipette_entry *entry, pipette_value *value, int *there, uint64_t *row_of,
                      pipette_error *error)
{
    int8_t state = PIPETTE_STATE_DONE;
    uint64_t row = 0;
    int status;
    *there = 0;
    if (entry->kind == PIPETTE_ENTRY_COLUMN) {
        status = pipette_file_row(a->file, a->options->run, &row, error);
        if (status == PIPETTE_OK)
            status = pipette_file_read(a->file, "runs.state", row, 1, PIPETTE_TYPE_BOOL, &state, error);
        if (status != PIPETTE_OK)
            return status;
    }
    *row_of = row;
    if (is_large(a, entry)) {
        *there =
            entry->kind != PIPETTE_ENTRY_COLUMN || !(entry->role == PIPETTE_ROLE_RESULT && state != PIPETTE_STATE_DONE);
        *value = pipette_value_array(entry->type, entry->rank, a->shape, NULL);
        return PIPETTE_OK;
    }
    status = pipette_file_read_one(a->file, entry->path, row / (entry->every > 1 ? entry->every : 1), value, error);
    if (status == PIPETTE_E_NOT_FOUND && entry->kind == PIPETTE_ENTRY_COLUMN)
        return PIPETTE_OK; /* no message, no log, no undeclared result */
    if (status != PIPETTE_OK)
        return status;
    *there = entry->kind == PIPETTE_ENTRY_TABLE ||
             !pipette_entry_missing(entry, state, pipette_value_data(value), pipette_value_count(value));
    cli_mean(entry, value);
    return PIPETTE_OK;
}

/* A copy of an array of a table, which holds no texts. */
static int keep(pipette_value *to, const pipette_value *from)
{
    size_t size = (size_t)pipette_value_count(from) * pipette_type_size(from->type),
           shape = from->rank * sizeof *from->shape;
    char *block = malloc(shape + size + 1);
    if (block == NULL)
        return 0;
    *to = *from;
    if (from->rank > 0) {
        memcpy(block, from->shape, shape);
        memcpy(block + shape, from->data, size);
        to->shape = (const uint64_t *)(const void *)block;
        to->data = block + shape;
    } else {
        free(block);
    }
    return 1;
}

/* ---- CSV ---- */

/* An element of the k-th array; of a table, it may be missing. */
static void print_element(arrays *a, uint32_t k, uint64_t i)
{
    const void *element = parts_at(&a->elements[k], i);
    if (element != NULL &&
        (a->entries[k]->kind != PIPETTE_ENTRY_TABLE || !pipette_entry_missing(a->entries[k], 0, element, 1)))
        output_csv_element(a->out, a->values[k].type, element, 0);
}

/* Nobody reads on, or nothing can be read. */
static int is_over(const arrays *a)
{
    return a->out->failed != 0 || a->elements[0].error.code != 0;
}

/* Rows down, columns across: the name of the first dimension, and the places along the second. */
static void print_across(arrays *a)
{
    const pipette_value *value = &a->values[0];
    uint64_t i, k;
    output_csv(a->out, a->dimensions[0].name);
    for (k = 0; k < value->shape[1]; k++) {
        output_text(a->out, ",");
        coordinates_csv(a->out, &a->dimensions[1], k);
    }
    output_text(a->out, "\n");
    for (i = 0; i < value->shape[0] && !is_over(a); i++) {
        coordinates_csv(a->out, &a->dimensions[0], i);
        for (k = 0; k < value->shape[1] && !is_over(a); k++) {
            output_text(a->out, ",");
            print_element(a, 0, i * value->shape[1] + k);
        }
        output_text(a->out, "\n");
    }
}

/* A line for each element, with its place along each dimension. */
static void print_down(arrays *a, int there)
{
    uint64_t at[32] = {0}, count = there ? pipette_value_count(&a->values[0]) : 0, i;
    uint32_t k, same, before;
    for (k = 0; k < a->rank; k++) {
        for (same = 1, before = 0; before < k; before++)
            same += strcmp(a->dimensions[before].name, a->dimensions[k].name) == 0;
        output_csv(a->out, a->dimensions[k].name);
        if (same > 1) { /* both dimensions of a square */
            output_text(a->out, "_");
            output_u64(a->out, same);
        }
        output_text(a->out, ",");
    }
    for (k = 0; k < a->count; k++) {
        output_text(a->out, k == 0 ? "" : ",");
        output_csv(a->out, last_of(a->entries[k]->path));
    }
    output_text(a->out, "\n");
    for (i = 0; i < count && !is_over(a); i++) {
        for (k = 0; k < a->rank; k++) {
            coordinates_csv(a->out, &a->dimensions[k], at[k]);
            output_bytes(a->out, ",", 1);
        }
        for (k = 0; k < a->count; k++) {
            if (k > 0)
                output_bytes(a->out, ",", 1);
            print_element(a, k, i);
        }
        output_bytes(a->out, "\n", 1);
        for (k = a->rank; k > 0 && ++at[k - 1] == a->values[0].shape[k - 1]; k--)
            at[k - 1] = 0;
    }
}

/* ---- JSON ---- */

/* {"tau_ref": [...], "slope": [...], ...}: coordinates where there are some, then the arrays. */
static void print_object(arrays *a)
{
    uint32_t k;
    uint64_t i;
    output_text(a->out, "{");
    for (k = 0; k < a->rank; k++) {
        const coordinates *c = &a->dimensions[k];
        if (c->values == NULL)
            continue;
        output_json(a->out, c->name);
        output_text(a->out, ": [");
        for (i = 0; i < c->count && a->out->failed == 0; i++) {
            if (i > 0)
                output_text(a->out, ", ");
            output_json_element(a->out, c->type, c->values, i);
        }
        output_text(a->out, "],\n ");
    }
    for (k = 0; k < a->count; k++) {
        output_text(a->out, k == 0 ? "" : ",\n ");
        output_json(a->out, last_of(a->entries[k]->path));
        output_text(a->out, ": ");
        output_json_value(a->out, &a->values[k], &a->elements[k], a->entries[k]);
    }
    output_text(a->out, "}\n");
}

/* ---- The whole ---- */

static void print(arrays *a, int there)
{
    const pipette_value *value = &a->values[0];
    int across = a->rank == 2 && a->count == 1 && there &&
                 (a->options->wide || (a->entries[0]->kind == PIPETTE_ENTRY_TABLE && !a->options->narrow));
    if (a->options->json && a->options->table) {
        print_object(a);
    } else if (a->options->json) {
        if (there)
            output_json_value(a->out, value, &a->elements[0],
                              a->entries[0]->kind == PIPETTE_ENTRY_TABLE ? a->entries[0] : NULL);
        else
            output_text(a->out, "null");
        output_text(a->out, "\n");
    } else if (a->rank == 0 && a->count == 1) {
        if (there && value->type == PIPETTE_TYPE_STRING)
            output_text(a->out,
                        value->as.string == NULL ? "" : value->as.string); /* as it is: there is no other field */
        else if (there)
            print_element(a, 0, 0);
        output_text(a->out, "\n");
    } else if (across) {
        print_across(a);
    } else {
        print_down(a, there);
    }
}

int get_arrays(pipette_file *file, const pipette_entry *const *entries, uint32_t count, const get_options *options,
               output *out)
{
    arrays a = {
        .file = file, .entries = entries, .count = count, .rank = entries[0]->rank, .options = options, .out = out};
    pipette_error error = {0};
    uint64_t row = 0;
    uint32_t i;
    int there = 0, status = PIPETTE_OK;
    a.values = calloc(count, sizeof *a.values);
    a.elements = calloc(count, sizeof *a.elements);
    if (a.values == NULL || a.elements == NULL || a.rank > 32)
        status = pipette_error_set(&error, PIPETTE_E_MEMORY, "out of memory");
    for (i = 0; status == PIPETTE_OK && i < a.rank;
         i++) /* before the values, which are borrowed until something else is read */
        if (!coordinates_load(file, entries[0], i, &a.dimensions[i]))
            status = pipette_error_set(&error, PIPETTE_E_MEMORY, "out of memory");
    for (i = 0; status == PIPETTE_OK && i < count; i++) {
        status = read_value(&a, entries[i], &a.values[i], &there, &row, &error);
        if (status == PIPETTE_OK && there && a.values[i].rank != a.rank)
            status = pipette_error_set(&error, PIPETTE_E_STORAGE, "a value of '%s' has another number of dimensions",
                                       entries[i]->path);
        if (status == PIPETTE_OK && count > 1 && !keep(&a.values[i], &a.values[i]))
            status = pipette_error_set(&error, PIPETTE_E_MEMORY, "out of memory");
        if (status != PIPETTE_OK)
            a.values[i] = pipette_value_none();
        a.elements[i] = status == PIPETTE_OK && a.rank > 0 && a.values[i].data == NULL && is_large(&a, entries[i])
                            ? parts_of_file(file, entries[i], row)
                            : parts_of_value(&a.values[i]);
    }
    if (status == PIPETTE_OK) {
        print(&a, there);
        error = a.elements[0].error;
        status = error.code;
    }
    for (i = 0; a.values != NULL && count > 1 && i < count; i++)
        if (a.values[i].rank > 0)
            free((void *)(uintptr_t)a.values[i].shape);
    for (i = 0; i < a.rank && i < 32; i++)
        coordinates_free(&a.dimensions[i]);
    free(a.values);
    free(a.elements);
    return status == PIPETTE_OK ? CLI_OK : cli_fail(&error);
}
