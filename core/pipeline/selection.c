/* selection.c: the runs of a file, those that a list, their states and a condition leave, block by block; and what is
 * missing of them. */
#include <math.h>
#include <stdlib.h>

#include "pipeline/pipeline.h"
#include "exploration/expression.h"
#include "base/number.h"

enum { BLOCK = 4096 };

/* One name of the condition. */
typedef struct variable {
    const pipette_entry *entry; /* NULL: `run` or `state` */
    int state;                  /* it is `state` */
    int type;
    expression_value constant; /* of what is the same for all runs */
    unsigned char *block;      /* of numbers: rows of the block at hand */
    char **texts;              /* of strings */
} variable;

struct pipette_selection {
    pipette_file *file;
    uint32_t states;
    pipette_run_span *spans; /* of the file, in order of runs */
    uint64_t *rows;          /* of the first run of each */
    uint32_t span_count, span;
    pipette_run_span *wanted; /* NULL: all */
    uint32_t wanted_count, at;
    uint64_t into;      /* of the span: what comes next */
    uint64_t run, row;  /* the block at hand begins there, */
    uint32_t count, up; /* holds so many and is read up to here */
    int8_t state[BLOCK];
    expression *where;
    variable *variables;
    uint32_t variable_count;
    expression_value *values;
};

/* ---- What is missing ---- */

static int is_fill(int type, const void *elements, uint64_t i)
{
    switch (type) {
    case PIPETTE_TYPE_F64:
        return isnan(((const double *)elements)[i]);
    case PIPETTE_TYPE_F32:
        return isnan(((const float *)elements)[i]);
    case PIPETTE_TYPE_I64:
        return ((const int64_t *)elements)[i] == PIPETTE_FILL_I64;
    case PIPETTE_TYPE_I32:
        return ((const int32_t *)elements)[i] == PIPETTE_FILL_I32;
    case PIPETTE_TYPE_U64:
        return ((const uint64_t *)elements)[i] == PIPETTE_FILL_U64;
    case PIPETTE_TYPE_BOOL:
        return ((const int8_t *)elements)[i] == PIPETTE_FILL_BOOL;
    case PIPETTE_TYPE_COMPLEX:
        return isnan(((const pipette_complex *)elements)[i].real) &&
               isnan(((const pipette_complex *)elements)[i].imaginary);
    case PIPETTE_TYPE_STRING: {
        const char *text = ((const char *const *)elements)[i];
        return text == NULL || text[0] == '\0';
    }
    default:
        return 0;
    }
}

int pipette_entry_missing(const pipette_entry *entry, int state, const void *elements, uint64_t count)
{
    uint64_t i;
    if (entry->kind == PIPETTE_ENTRY_LEAF ||
        (entry->kind == PIPETTE_ENTRY_COLUMN && entry->role == PIPETTE_ROLE_PARAMETER))
        return elements == NULL;
    if (entry->kind == PIPETTE_ENTRY_COLUMN && entry->role == PIPETTE_ROLE_RESULT) {
        if (state != PIPETTE_STATE_DONE || elements == NULL)
            return 1;
        if ((entry->flags & PIPETTE_ENTRY_OPTIONAL) == 0)
            return 0;
    }
    if (elements == NULL)
        return 1;
    for (i = 0; i < count && is_fill(entry->type, elements, i); i++)
        continue;
    return count > 0 && i == count;
}

char *pipette_f64_text(double number, char *out)
{
    return number_f64(number, out);
}

char *pipette_f32_text(float number, char *out)
{
    return number_f32(number, out);
}

/* ---- Names of the condition ---- */

static int resolve(const char *name, void *user, uint32_t *index, int *kind, pipette_error *error)
{
    pipette_selection *s = user;
    variable *v = &s->variables[s->variable_count], *more;
    uint64_t run = PIPETTE_DEFAULT_RUN;
    pipette_value value;
    uint32_t i;
    int status;
    memset(v, 0, sizeof *v);
    *index = s->variable_count;
    if (strcmp(name, "run") == 0 || strcmp(name, "state") == 0) {
        v->state = name[0] == 's';
        v->type = v->state ? PIPETTE_TYPE_STRING : PIPETTE_TYPE_U64;
    } else {
        status = pipette_file_find(s->file, name, &v->entry, &run, error);
        if (status != PIPETTE_OK)
            return status;
        v->type = v->entry->type;
        if (run != PIPETTE_DEFAULT_RUN)
            return pipette_error_set(error, PIPETTE_E_INVALID,
                                     "'%s' is of one run; a condition is asked of each: write $ or crun", name);
        if (v->entry->rank > 0 || v->entry->kind == PIPETTE_ENTRY_TABLE)
            return pipette_error_set(error, PIPETTE_E_TYPE, "'%s' is an array; a condition takes scalars",
                                     v->entry->path);
        if (strcmp(v->entry->path, LEDGER_STATE) == 0) {
            v->entry = NULL;
            v->state = 1;
            v->type = PIPETTE_TYPE_STRING;
        }
    }
    *kind = expression_kind_of(v->type);
    for (i = 0; i < s->variable_count; i++)
        if (s->variables[i].entry == v->entry && s->variables[i].state == v->state) {
            *index = i; /* it stands there a second time */
            return PIPETTE_OK;
        }
    if (*kind == EXPRESSION_MISSING)
        return pipette_error_set(error, PIPETTE_E_TYPE, "'%s' is %s; a condition takes numbers and texts", name,
                                 pipette_type_text(v->type));
    if (v->entry != NULL && v->entry->kind == PIPETTE_ENTRY_LEAF) {
        status = pipette_file_read_one(s->file, v->entry->path, 0, &value, error);
        if (status != PIPETTE_OK)
            return status;
        v->constant = expression_element(value.type, pipette_value_data(&value), 0);
        if (value.type == PIPETTE_TYPE_STRING)
            v->constant.as.text = strdup(v->constant.as.text);
    } else if (v->entry != NULL && v->type != PIPETTE_TYPE_STRING) {
        v->block = malloc(BLOCK * 16u);
    } else if (v->entry != NULL) {
        v->texts = calloc(BLOCK, sizeof *v->texts);
    }
    s->variable_count++; /* and room for the next */
    more = realloc(s->variables, (s->variable_count + 1u) * sizeof *more);
    if (more == NULL)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    s->variables = more;
    v = &more[s->variable_count - 1];
    if (v->entry != NULL && v->block == NULL && v->texts == NULL &&
        (v->entry->kind != PIPETTE_ENTRY_LEAF || (v->type == PIPETTE_TYPE_STRING && v->constant.as.text == NULL)))
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    return PIPETTE_OK;
}

static void drop_texts(variable *v)
{
    uint32_t i;
    for (i = 0; v->texts != NULL && i < BLOCK; i++) {
        free(v->texts[i]);
        v->texts[i] = NULL;
    }
}

/* The values of a variable for the block at hand. */
static int load(pipette_selection *s, variable *v, pipette_error *error)
{
    uint64_t every, first, last;
    uint32_t i;
    if (v->entry == NULL || v->entry->kind != PIPETTE_ENTRY_COLUMN)
        return PIPETTE_OK;
    every = v->entry->every > 1 ? v->entry->every : 1;
    if (v->block != NULL) {
        first = s->row / every;
        last = (s->row + s->count - 1) / every;
        return pipette_file_read(s->file, v->entry->path, first, last - first + 1, v->type, v->block, error);
    }
    drop_texts(v);
    for (i = 0; i < s->count; i++) {
        pipette_value value;
        int status;
        if (v->entry->role == PIPETTE_ROLE_RESULT && s->state[i] != PIPETTE_STATE_DONE)
            continue;
        status = pipette_file_read_one(s->file, v->entry->path, s->row + i, &value, error);
        if (status == PIPETTE_E_NOT_FOUND)
            continue;
        if (status != PIPETTE_OK)
            return status;
        v->texts[i] = strdup(
            value.rank == 0 && value.type == PIPETTE_TYPE_STRING && value.as.string != NULL ? value.as.string : "");
        if (v->texts[i] == NULL)
            return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    }
    return PIPETTE_OK;
}

/* Whether the condition holds for run `i` of the block. */
static int holds(pipette_selection *s, uint32_t i)
{
    uint32_t k;
    for (k = 0; k < s->variable_count; k++) {
        const variable *v = &s->variables[k];
        const char *text;
        uint64_t every, at = i, run = s->run + i;
        const void *elements = v->block;
        if (v->entry == NULL && v->state) {
            text = pipette_state_text(s->state[i]);
            s->values[k] = expression_element(PIPETTE_TYPE_STRING, &text, 0);
            continue;
        }
        if (v->entry == NULL) {
            s->values[k] = expression_element(PIPETTE_TYPE_U64, &run, 0);
            continue;
        }
        if (v->entry->kind != PIPETTE_ENTRY_COLUMN) {
            s->values[k] = v->constant;
            continue;
        }
        if (v->texts != NULL) {
            elements = v->texts[i] == NULL ? NULL : (const void *)&v->texts[i];
            at = 0;
        } else {
            every = v->entry->every > 1 ? v->entry->every : 1;
            at = (s->row + i) / every - s->row / every;
            elements = v->block + at * pipette_type_size(v->type);
        }
        s->values[k] = (expression_value){.kind = EXPRESSION_MISSING};
        if (!pipette_entry_missing(v->entry, s->state[i], elements, 1))
            s->values[k] = expression_element(v->type, elements, 0);
    }
    return expression_holds(s->where, s->values);
}

/* ---- The way ---- */

static int by_first(const void *a, const void *b)
{
    const pipette_run_span *x = a, *y = b;
    return x->first < y->first ? -1 : x->first > y->first;
}

/* The file's spans in order of runs, and the row that each begins at. */
static int take_spans(pipette_selection *s, pipette_error *error)
{
    pipette_storage_info info = {.size = sizeof info};
    uint32_t i;
    int status = pipette_file_info(s->file, &info, error);
    if (status != PIPETTE_OK)
        return status;
    s->spans = calloc(info.span_count + 1u, sizeof *s->spans);
    s->rows = calloc(info.span_count + 1u, sizeof *s->rows);
    if (s->spans == NULL || s->rows == NULL)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    memcpy(s->spans, info.spans, info.span_count * sizeof *s->spans);
    s->span_count = info.span_count;
    qsort(s->spans, s->span_count, sizeof *s->spans, by_first);
    for (i = 0; status == PIPETTE_OK && i < s->span_count; i++)
        status = s->spans[i].count == 0 ? PIPETTE_OK : pipette_file_row(s->file, s->spans[i].first, &s->rows[i], error);
    return status;
}

/* Every run that was asked for by its number must be there. */
static int check_wanted(pipette_selection *s, pipette_error *error)
{
    uint32_t i, k = 0;
    for (i = 0; i < s->wanted_count; i++) {
        uint64_t at = s->wanted[i].first, end = at + s->wanted[i].count, row;
        while (at < end) {
            while (k < s->span_count && s->spans[k].first + s->spans[k].count <= at)
                k++;
            if (k == s->span_count || s->spans[k].first > at)
                return pipette_file_row(s->file, at, &row, error);
            at = s->spans[k].first + s->spans[k].count;
        }
    }
    return PIPETTE_OK;
}

int pipette_selection_create(pipette_file *file, const pipette_selection_options *options, pipette_selection **out,
                             pipette_error *error)
{
    pipette_selection *s = calloc(1, sizeof *s);
    int status = s == NULL ? pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory") : PIPETTE_OK;
    *out = NULL;
    if (status == PIPETTE_OK) {
        s->file = file;
        s->states = options->states;
        status = take_spans(s, error);
    }
    if (status == PIPETTE_OK && options->runs != NULL) {
        status = select_parse(options->runs, &s->wanted, &s->wanted_count, error);
        if (status == PIPETTE_OK)
            status = check_wanted(s, error);
    }
    if (status == PIPETTE_OK && options->where != NULL) {
        s->variables = calloc(1, sizeof *s->variables);
        status = s->variables == NULL ? pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory")
                                      : expression_parse(options->where, resolve, s, &s->where, error);
        if (status == PIPETTE_OK && (s->values = calloc(s->variable_count + 1u, sizeof *s->values)) == NULL)
            status = pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    }
    if (status != PIPETTE_OK) {
        pipette_selection_destroy(s);
        return status;
    }
    *out = s;
    return PIPETTE_OK;
}

void pipette_selection_destroy(pipette_selection *s)
{
    uint32_t i;
    if (s == NULL)
        return;
    for (i = 0; s->variables != NULL && i < s->variable_count; i++) {
        variable *v = &s->variables[i];
        drop_texts(v);
        free(v->texts);
        free(v->block);
        if (v->entry != NULL && v->entry->kind == PIPETTE_ENTRY_LEAF && v->type == PIPETTE_TYPE_STRING)
            free((char *)(uintptr_t)v->constant.as.text);
    }
    expression_destroy(s->where);
    free(s->variables);
    free(s->values);
    free(s->wanted);
    free(s->spans);
    free(s->rows);
    free(s);
}

/* The next block of consecutive runs and rows; a count of 0 at the end. */
static int next_block(pipette_selection *s, pipette_error *error)
{
    uint32_t i;
    int status;
    s->count = s->up = 0;
    for (;;) {
        const pipette_run_span *span = &s->spans[s->span];
        uint64_t left;
        if (s->span >= s->span_count || (s->wanted != NULL && s->at >= s->wanted_count))
            return PIPETTE_OK;
        if (s->wanted != NULL) { /* forward to the first that was asked for */
            const pipette_run_span *wanted = &s->wanted[s->at];
            if (span->first + s->into >= wanted->first + wanted->count) {
                s->at++;
                continue;
            }
            if (span->first + s->into < wanted->first)
                s->into = wanted->first - span->first;
        }
        if (s->into >= span->count) {
            s->span++;
            s->into = 0;
            continue;
        }
        left = span->count - s->into;
        if (s->wanted != NULL && s->wanted[s->at].first + s->wanted[s->at].count - (span->first + s->into) < left)
            left = s->wanted[s->at].first + s->wanted[s->at].count - (span->first + s->into);
        s->run = span->first + s->into;
        s->row = s->rows[s->span] + s->into;
        s->count = left < BLOCK ? (uint32_t)left : BLOCK;
        s->into += s->count;
        break;
    }
    status = pipette_file_read(s->file, LEDGER_STATE, s->row, s->count, PIPETTE_TYPE_BOOL, s->state, error);
    for (i = 0; status == PIPETTE_OK && i < s->variable_count; i++)
        status = load(s, &s->variables[i], error);
    return status;
}

int pipette_selection_next(pipette_selection *s, pipette_selected *out, uint32_t capacity, uint32_t *count,
                           pipette_error *error)
{
    *count = 0;
    while (*count < capacity) {
        if (s->up == s->count) {
            int status = next_block(s, error);
            if (status != PIPETTE_OK)
                return status;
            if (s->count == 0)
                return PIPETTE_OK;
        }
        for (; s->up < s->count && *count < capacity; s->up++) {
            int state = s->state[s->up];
            if (s->states != 0 && (state < 0 || state > 31 || (s->states >> state & 1u) == 0))
                continue;
            if (s->where != NULL && !holds(s, s->up))
                continue;
            out[(*count)++] = (pipette_selected){s->run + s->up, s->row + s->up, state, 0};
        }
    }
    return PIPETTE_OK;
}
