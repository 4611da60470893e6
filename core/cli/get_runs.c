/* get_runs.c: a value of many runs as lines of CSV or records of JSON, in blocks. */
#include "cli/get_runs.h"

#include <stdlib.h>

#include "cli/cli.h"
#include "cli/coordinates.h"

enum { RUNS = 4096, BYTES = 1 << 20 };

/* A column of the file beside the runs. */
typedef struct column {
    const pipette_entry *entry;
    uint64_t row_bytes; /* read by blocks; 0: run by run */
    int large;          /* one row of fixed shape is read in parts */
    uint64_t elements, shape[32];
    unsigned char *block;
} column;

typedef struct table {
    pipette_file *file;
    const get_options *options;
    output *out, line; /* `line`: what all lines of a run begin with */
    column *explored, value;
    uint32_t explored_count;
    int states, messages; /* is a column; `value` is the message of each run */
    char **headers;       /* explored_count + 1, and dimensions */
    coordinates dimensions[32];
    uint32_t rank;
    pipette_selected *runs;
    uint32_t run_count, capacity;
    uint64_t printed;
} table;

/* ---- Reading ---- */

static void column_begin(column *c, const pipette_entry *entry)
{
    uint32_t i;
    c->entry = entry;
    c->elements = 1;
    for (i = 0; i < entry->rank && i < 32; i++) {
        c->shape[i] = entry->dimensions[i].extent;
        if (c->shape[i] == PIPETTE_RAGGED || __builtin_mul_overflow(c->elements, c->shape[i], &c->elements))
            return;
    }
    if (entry->type == PIPETTE_TYPE_STRING || c->elements > UINT64_MAX / 16)
        return;
    c->large =
        c->elements * pipette_type_size(entry->type) > PARTS_LARGE && (entry->flags & PIPETTE_ENTRY_OPTIONAL) == 0;
    if (!c->large)
        c->row_bytes = c->elements * pipette_type_size(entry->type);
}

/* The rows of the runs at hand, in as few reads as there are stretches of consecutive rows. */
static int column_load(table *t, column *c, pipette_error *error)
{
    uint64_t every = c->entry->every > 1 ? c->entry->every : 1;
    uint32_t i, end;
    int status = PIPETTE_OK;
    if (c->row_bytes == 0)
        return PIPETTE_OK;
    for (i = 0; status == PIPETTE_OK && i < t->run_count; i = end) {
        for (end = i + 1; every == 1 && end < t->run_count && t->runs[end].row == t->runs[end - 1].row + 1; end++)
            continue;
        status = pipette_file_read(t->file, c->entry->path, t->runs[i].row / every, end - i, c->entry->type,
                                   c->block + i * c->row_bytes, error);
    }
    return status;
}

/* The value of run `i` of those at hand: 1, 0 where it is missing, or negative. Borrowed until the next one. */
static int column_value(table *t, column *c, uint32_t i, pipette_value *value, pipette_error *error)
{
    const pipette_selected *run = &t->runs[i];
    int status = PIPETTE_OK;
    if (c->entry->role == PIPETTE_ROLE_LEDGER && c->entry->type == PIPETTE_TYPE_BOOL && c->entry->rank == 0) {
        *value = pipette_value_string(pipette_state_text(run->state));
        return 1;
    }
    if (c->row_bytes > 0) {
        *value = pipette_value_array(c->entry->type, c->entry->rank, c->shape, c->block + i * c->row_bytes);
        if (value->rank == 0)
            memcpy(&value->as, value->data, pipette_type_size(value->type));
    } else {
        if (c->entry->role == PIPETTE_ROLE_RESULT && run->state != PIPETTE_STATE_DONE)
            return 0;
        if (c->large) {
            *value = pipette_value_array(c->entry->type, c->entry->rank, c->shape, NULL);
            return 1;
        }
        status = pipette_file_read_one(t->file, c->entry->path, run->row, value, error);
        if (status == PIPETTE_E_NOT_FOUND)
            return 0;
        if (status != PIPETTE_OK)
            return status;
    }
    return !pipette_entry_missing(c->entry, run->state, pipette_value_data(value), pipette_value_count(value));
}

/* ---- Headers ---- */

/* The last `depth` components of a path without the one that stands for the run: "results.neuron.$.V". */
static char *tail(const char *path, uint32_t depth)
{
    char *text = strdup(path), *dollar = text == NULL ? NULL : strstr(text, ".$."), *at;
    if (dollar != NULL)
        memmove(dollar, dollar + 2, strlen(dollar + 2) + 1);
    for (at = text == NULL ? NULL : text + strlen(text); at != NULL && at > text; at--)
        if (at[-1] == '.' && --depth == 0) {
            memmove(text, at, strlen(at) + 1);
            break;
        }
    return text;
}

static int is_taken(const table *t, uint32_t index, uint32_t count)
{
    uint32_t i;
    if (strcmp(t->headers[index], "run") == 0 || (t->states && strcmp(t->headers[index], "state") == 0))
        return 1;
    for (i = 0; i < count; i++)
        if (i != index && t->headers[i] != NULL && strcmp(t->headers[i], t->headers[index]) == 0)
            return 1;
    return 0;
}

/* Names by which no two columns are the same: the last component of a path, or of each that shares it as many as it
 * takes; a dimension gets a number. */
static int make_headers(table *t)
{
    uint32_t paths = t->explored_count + (t->value.entry != NULL), count = paths + t->rank, i, depth, again = 1;
    unsigned char *taken = calloc(count + 1u, 1);
    int good = taken != NULL && (t->headers = calloc(count + 1u, sizeof *t->headers)) != NULL;
    for (depth = 1; good && again > 0 && depth < 40; depth++) {
        for (i = 0; good && i < paths; i++)
            if (depth == 1 || taken[i]) {
                free(t->headers[i]);
                good = (t->headers[i] = tail(i < t->explored_count ? t->explored[i].entry->path : t->value.entry->path,
                                             depth)) != NULL;
            }
        for (again = 0, i = 0; good && i < paths; i++)
            again += taken[i] = is_taken(t, i, paths) != 0;
    }
    for (i = paths; good && i < count; i++) {
        const char *name = t->dimensions[i - paths].name;
        uint32_t number = 2;
        good = (t->headers[i] = strdup(name)) != NULL;
        while (good && is_taken(t, i, i)) {
            free(t->headers[i]);
            good = asprintf(&t->headers[i], "%s_%u", name, number++) >= 0;
        }
    }
    free(taken);
    return good;
}

static int is_wide(const table *t)
{
    return t->options->wide || t->rank == 0;
}

static void print_headers(table *t)
{
    uint32_t i, k;
    uint64_t element;
    output *out = t->out;
    output_text(out, t->states ? "run,state" : "run");
    for (i = 0; i < t->explored_count; i++) {
        output_text(out, ",");
        output_csv(out, t->headers[i]);
    }
    for (k = 0; !is_wide(t) && k < t->rank; k++) {
        output_text(out, ",");
        output_csv(out, t->headers[t->explored_count + 1 + k]);
    }
    if (t->value.entry != NULL && (t->rank == 0 || !is_wide(t))) {
        output_text(out, ",");
        output_csv(out, t->headers[t->explored_count]);
    }
    for (element = 0; is_wide(t) && t->rank > 0 && element < t->value.elements && out->failed == 0;
         element++) { /* V_0, or V_0_2 */
        output name = {NULL, 0, 0, 0, 0};
        uint64_t rest = t->value.elements, left = element;
        output_text(&name, t->headers[t->explored_count]);
        for (k = 0; k < t->rank; k++) {
            rest /= t->value.shape[k];
            output_text(&name, "_");
            output_u64(&name, left / rest);
            left %= rest;
        }
        output_bytes(&name, "", 1);
        output_text(out, ",");
        output_csv(out, name.data == NULL ? "" : name.data);
        output_free(&name);
    }
    output_text(out, "\n");
}

/* ---- Lines ---- */

/* What all lines of a run begin with: "13,done,5,0.2", or {"run": 13, "state": "done", "tau_ref": 5, "I": 0.2 of a
 * record. */
static int begin_line(table *t, uint32_t i, pipette_error *error)
{
    output *line = &t->line;
    int json = t->options->json;
    uint32_t k;
    line->used = 0;
    output_text(line, json ? "{\"run\": " : "");
    output_u64(line, t->runs[i].run);
    if (t->states) {
        output_text(line, json ? ", \"state\": \"" : ",");
        output_text(line, pipette_state_text(t->runs[i].state));
        output_text(line, json ? "\"" : "");
    }
    for (k = 0; k < t->explored_count; k++) {
        pipette_value value;
        int there = column_value(t, &t->explored[k], i, &value, error);
        if (there < 0)
            return there;
        output_text(line, json ? ", " : ",");
        if (json) {
            output_json(line, t->headers[k]);
            output_text(line, ": ");
        }
        if (there && json)
            output_json_element(line, value.type, pipette_value_data(&value), 0);
        else if (there)
            output_csv_element(line, value.type, pipette_value_data(&value), 0);
        else if (json)
            output_text(line, "null");
    }
    return PIPETTE_OK;
}

static void print_record(table *t, int there, const pipette_value *value, parts *elements)
{
    output *out = t->out;
    output_text(out, t->printed++ == 0 ? "\n" : ",\n");
    output_bytes(out, t->line.data, t->line.used);
    if (t->value.entry != NULL) {
        output_text(out, ", ");
        output_json(out, t->headers[t->explored_count]);
        output_text(out, ": ");
        if (there)
            output_json_value(out, value, elements, NULL);
        else
            output_text(out, "null");
    }
    output_text(out, "}");
}

static void print_wide(table *t, int there, const pipette_value *value, parts *elements)
{
    const void *element;
    uint64_t i;
    output_bytes(t->out, t->line.data, t->line.used);
    for (i = 0; t->value.entry != NULL && i < (t->rank == 0 ? 1 : t->value.elements) && t->out->failed == 0 &&
                elements->error.code == 0;
         i++) {
        output_bytes(t->out, ",", 1);
        element = there ? parts_at(elements, i) : NULL;
        if (element != NULL)
            output_csv_element(t->out, value->type, element, 0);
    }
    output_bytes(t->out, "\n", 1);
}

/* A line for each element, with its place; one without for a value that is missing. */
static void print_long(table *t, int there, const pipette_value *value, parts *elements)
{
    uint64_t at[32] = {0}, count = there ? pipette_value_count(value) : 1, i;
    const void *element;
    uint32_t k;
    for (i = 0; i < count && t->out->failed == 0 && elements->error.code == 0; i++) {
        output_bytes(t->out, t->line.data, t->line.used);
        for (k = 0; k < t->rank; k++) {
            output_bytes(t->out, ",", 1);
            if (there)
                coordinates_csv(t->out, &t->dimensions[k], at[k]);
        }
        output_bytes(t->out, ",", 1);
        element = there ? parts_at(elements, i) : NULL;
        if (element != NULL)
            output_csv_element(t->out, value->type, element, 0);
        output_bytes(t->out, "\n", 1);
        for (k = t->rank; there && k > 0 && ++at[k - 1] == value->shape[k - 1]; k--)
            at[k - 1] = 0;
    }
}

/* Messages and logs, of which most runs have none: only those that have one, unless the states are asked for as well.
 */
static int is_silent(const table *t, int there)
{
    return !there && !t->states && t->value.entry != NULL && t->value.entry->role == PIPETTE_ROLE_LEDGER &&
           t->value.entry->type == PIPETTE_TYPE_STRING;
}

static int print_run(table *t, uint32_t i, pipette_error *error)
{
    pipette_value value = pipette_value_none();
    parts elements;
    int there = 0, status = begin_line(t, i, error);
    if (status == PIPETTE_OK && t->value.entry != NULL)
        there = column_value(t, &t->value, i, &value, error);
    if (status != PIPETTE_OK || there < 0)
        return status != PIPETTE_OK ? status : there;
    if (there && value.rank != t->rank)
        return pipette_error_set(error, PIPETTE_E_STORAGE, "a value of '%s' has another number of dimensions",
                                 t->value.entry->path);
    if (is_silent(t, there))
        return PIPETTE_OK;
    elements =
        there && t->value.large ? parts_of_file(t->file, t->value.entry, t->runs[i].row) : parts_of_value(&value);
    if (t->options->json)
        print_record(t, there, &value, &elements);
    else if (is_wide(t))
        print_wide(t, there, &value, &elements);
    else
        print_long(t, there, &value, &elements);
    if (error != NULL && elements.error.code != 0)
        *error = elements.error;
    return elements.error.code;
}

/* ---- The whole ---- */

static int keep_explored(const pipette_entry *entry, void *user)
{
    table *t = user;
    column *more;
    if (entry->kind != PIPETTE_ENTRY_COLUMN || entry->role != PIPETTE_ROLE_PARAMETER || entry == t->value.entry)
        return 0;
    more = realloc(t->explored, (t->explored_count + 1u) * sizeof *more);
    if (more == NULL)
        return PIPETTE_E_MEMORY;
    memset(&more[t->explored_count], 0, sizeof *more);
    t->explored = more;
    column_begin(&more[t->explored_count++], entry);
    return 0;
}

static int keep_messages(const pipette_entry *entry, void *user)
{
    table *t = user;
    if (strcmp(entry->path, "runs.message") == 0)
        column_begin(&t->value, entry);
    return 0;
}

static int prepare(table *t, const pipette_entry *entry, pipette_error *error)
{
    uint64_t row_bytes = 1;
    uint32_t i;
    int good = 1;
    if (entry != NULL)
        column_begin(&t->value, entry);
    else
        (void)pipette_file_list(t->file, keep_messages, t, error);
    t->states = t->options->state || entry == NULL;
    if (t->states && entry != NULL && strcmp(entry->path, "runs.state") == 0)
        t->value.entry = NULL; /* it stands there already */
    t->rank = t->value.entry == NULL ? 0 : t->value.entry->rank;
    if (t->rank > 32)
        return pipette_error_set(error, PIPETTE_E_UNSUPPORTED, "'%s' has %u dimensions", t->value.entry->path, t->rank);
    if (t->options->wide && t->rank > 0 && !t->options->json)
        for (i = 0; i < t->rank; i++)
            if (t->value.entry->dimensions[i].extent == PIPETTE_RAGGED)
                return pipette_error_set(error, PIPETTE_E_INVALID,
                                         "'%s' has another length in each run: it does not fit --wide",
                                         t->value.entry->path);
    for (i = 0; good && i < t->rank; i++)
        good = coordinates_load(t->file, t->value.entry, i, &t->dimensions[i]);
    good = good && pipette_file_list(t->file, keep_explored, t, error) == 0 && make_headers(t);
    if (t->value.entry != NULL && t->value.row_bytes > 0)
        row_bytes = t->value.row_bytes;
    t->capacity = row_bytes < BYTES / RUNS ? RUNS : row_bytes < BYTES ? (uint32_t)(BYTES / row_bytes) : 1;
    for (i = 0; good && i < t->explored_count; i++)
        good = t->explored[i].row_bytes == 0 ||
               (t->explored[i].block = malloc((size_t)(t->explored[i].row_bytes * t->capacity))) != NULL;
    if (good && t->value.row_bytes > 0)
        good = (t->value.block = malloc((size_t)(t->value.row_bytes * t->capacity) + 1)) != NULL;
    t->runs = calloc(t->capacity, sizeof *t->runs);
    return good && t->runs != NULL ? PIPETTE_OK : pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
}

static void drop(table *t)
{
    uint32_t i, headers = t->explored_count + (t->value.entry != NULL) + t->rank;
    for (i = 0; i < t->explored_count; i++)
        free(t->explored[i].block);
    for (i = 0; t->headers != NULL && i < headers; i++)
        free(t->headers[i]);
    for (i = 0; i < t->rank; i++)
        coordinates_free(&t->dimensions[i]);
    free(t->explored);
    free(t->headers);
    free(t->value.block);
    free(t->runs);
    output_free(&t->line);
}

int get_runs(pipette_file *file, const pipette_entry *entry, const get_options *options, output *out)
{
    pipette_selection_options wanted = {sizeof wanted, options->states, NULL, options->where};
    pipette_selection *selection = NULL;
    pipette_error error = {0};
    table t = {.file = file, .options = options, .out = out};
    uint32_t i;
    int status = pipette_selection_create(file, &wanted, &selection, &error);
    if (status == PIPETTE_OK)
        status = prepare(&t, entry, &error);
    if (status == PIPETTE_OK && options->json)
        output_text(out, "[");
    else if (status == PIPETTE_OK)
        print_headers(&t);
    while (status == PIPETTE_OK && out->failed == 0) {
        status = pipette_selection_next(selection, t.runs, t.capacity, &t.run_count, &error);
        if (status != PIPETTE_OK || t.run_count == 0)
            break;
        for (i = 0; status == PIPETTE_OK && i < t.explored_count; i++)
            status = column_load(&t, &t.explored[i], &error);
        if (status == PIPETTE_OK && t.value.entry != NULL)
            status = column_load(&t, &t.value, &error);
        for (i = 0; status == PIPETTE_OK && i < t.run_count && out->failed == 0; i++)
            status = print_run(&t, i, &error);
    }
    if (status == PIPETTE_OK && options->json)
        output_text(out, t.printed == 0 ? "]\n" : "\n]\n");
    pipette_selection_destroy(selection);
    drop(&t);
    return status == PIPETTE_OK ? CLI_OK : cli_fail(&error);
}
