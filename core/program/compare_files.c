/* compare_files.c: what differs between two result files, run by run at the same point. */
#include "program/compare_files.h"

#include <math.h>
#include <stdlib.h>

#include "pipeline/pipeline.h"
#include "base/same.h"
#include "base/element.h"
#include "program/pairs.h"

enum { ROWS = 4096, BLOCK_BYTES = 4 << 20 };

typedef struct diff {
    pipette_diff_options options;
    pipette_trajectory *a, *b;
    pipette_file *in_a, *in_b;
    pairs *points;
    pipette_diff_visit visit;
    void *user;
    pipette_diff_report report;
    unsigned char *block_a, *block_b;
    uint8_t differs[ROWS]; /* runs of which something was said */
    uint8_t unlike[ROWS];  /* runs that ended in another way: their results say nothing */
    int different;         /* see pairs_create() */
    pipette_error *error;
} diff;

/* ---- Values ---- */

static int close_to(double a, double b, double tolerance)
{
    const double larger = fabs(a) > fabs(b) ? fabs(a) : fabs(b);
    return a == b || (isnan(a) && isnan(b)) || (isfinite(a) && isfinite(b) && fabs(a - b) <= tolerance * larger);
}

static int close_elements(const diff *d, const pipette_value *a, const pipette_value *b, uint64_t i)
{
    const void *x = pipette_value_data(a), *y = pipette_value_data(b);
    const double tolerance = d->options.tolerance;
    if (!(tolerance > 0))
        return 0;
    switch (a->type) {
    case PIPETTE_TYPE_F64:
        return close_to(((const double *)x)[i], ((const double *)y)[i], tolerance);
    case PIPETTE_TYPE_F32:
        return close_to((double)((const float *)x)[i], (double)((const float *)y)[i], tolerance);
    case PIPETTE_TYPE_COMPLEX:
        return close_to(((const pipette_complex *)x)[i].real, ((const pipette_complex *)y)[i].real, tolerance) &&
               close_to(((const pipette_complex *)x)[i].imaginary, ((const pipette_complex *)y)[i].imaginary,
                        tolerance);
    default:
        return 0;
    }
}

static int same_bits(const pipette_value *a, const pipette_value *b, uint64_t i)
{
    const size_t size = pipette_type_size(a->type);
    if (a->type == PIPETTE_TYPE_STRING) {
        const char *x = ((const char *const *)pipette_value_data(a))[i],
                   *y = ((const char *const *)pipette_value_data(b))[i];
        return strcmp(x == NULL ? "" : x, y == NULL ? "" : y) == 0;
    }
    return memcmp((const char *)pipette_value_data(a) + i * size, (const char *)pipette_value_data(b) + i * size,
                  size) == 0;
}

/* "101 x 3", "a single value". */
static const char *shape_text(const pipette_value *value, char *out, size_t size)
{
    size_t used = (size_t)snprintf(out, size, "%s", value->rank == 0 ? "a single value" : "");
    uint32_t i;
    for (i = 0; i < value->rank && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%llu", i > 0 ? " x " : "",
                                 (unsigned long long)value->shape[i]);
    return out;
}

static int same_shape(const pipette_value *a, const pipette_value *b)
{
    uint32_t i;
    for (i = 0; a->rank == b->rank && i < a->rank; i++)
        if (a->shape[i] != b->shape[i])
            return 0;
    return a->rank == b->rank;
}

/* Says in `text` how two values differ; 0: they do not. */
static int describe(const diff *d, const pipette_value *a, const pipette_value *b, char *text, size_t size)
{
    const uint64_t count = pipette_value_count(a);
    uint64_t element = 0, i, first = UINT64_MAX, other = 0;
    char was[80], is[80];
    if (a->type != b->type) {
        (void)snprintf(text, size, "is %s, %s there", pipette_type_text(a->type), pipette_type_text(b->type));
        return 1;
    }
    if (!same_shape(a, b)) {
        (void)snprintf(text, size, "is of shape %s, %s there", shape_text(a, was, sizeof was),
                       shape_text(b, is, sizeof is));
        return 1;
    }
    if (same_elements(a, b, &element))
        return 0;
    for (i = 0; i < count; i++)
        if (!same_bits(a, b, i) && !close_elements(d, a, b, i)) {
            first = first == UINT64_MAX ? i : first;
            other++;
        }
    if (other == 0)
        return 0;
    (void)same_element_text(a, first, was, sizeof was);
    (void)same_element_text(b, first, is, sizeof is);
    if (a->rank == 0)
        (void)snprintf(text, size, "is %s, %s there", was, is);
    else
        (void)snprintf(text, size, "%llu of %llu elements differ, the first, number %llu, is %s, %s there",
                       (unsigned long long)other, (unsigned long long)count, (unsigned long long)first, was, is);
    return 1;
}

static int say(diff *d, uint64_t run, uint64_t there, const char *path, const char *text)
{
    return d->visit(run, there, path, text, d->user);
}

/* ---- What is no run's ---- */

typedef struct walk {
    diff *d;
    pipette_file *mine, *other;
    int second; /* the files are the other way round: only what the first lacks is said */
    int status;
} walk;

static const pipette_entry *entry_named(pipette_file *file, const char *path);

typedef struct named {
    const char *path;
    const pipette_entry *found;
} named;

static int is_named(const pipette_entry *entry, void *user)
{
    named *n = user;
    if (strcmp(entry->path, n->path) == 0)
        n->found = entry;
    return n->found != NULL;
}

static const pipette_entry *entry_named(pipette_file *file, const char *path)
{
    named n = {path, NULL};
    (void)pipette_file_list(file, is_named, &n, NULL);
    return n.found;
}

/* Parameters and results; what a file says of its making differs anyway, and so do times. */
static int counts(const pipette_entry *entry)
{
    return strncmp(entry->path, "config.", 7) != 0 &&
           (entry->kind != PIPETTE_ENTRY_COLUMN || entry->role == PIPETTE_ROLE_RESULT);
}

static int compare_entry(const pipette_entry *entry, void *user)
{
    walk *w = user;
    diff *d = w->d;
    pipette_value a, b;
    char text[400];
    uint32_t k;
    const pipette_entry *there;
    if (!counts(entry))
        return 0;
    for (k = 0; k < pairs_parameter_count(d->points); k++)
        if (strcmp(pairs_parameter(d->points, k), entry->path) == 0) /* explored in one: part of the points */
            return 0;
    there = entry_named(w->other, entry->path);
    if (there == NULL) {
        d->report.other_count++;
        w->status = say(d, PIPETTE_DEFAULT_RUN, PIPETTE_DEFAULT_RUN, entry->path,
                        w->second ? "stands only in the second file" : "stands only in the first file");
        return w->status;
    }
    if (w->second || entry->kind == PIPETTE_ENTRY_COLUMN || there->kind == PIPETTE_ENTRY_COLUMN)
        return 0;
    w->status = pipette_file_read_one(d->in_a, entry->path, 0, &a, d->error);
    if (w->status == PIPETTE_OK)
        w->status = pipette_file_read_one(d->in_b, entry->path, 0, &b, d->error);
    if (w->status == PIPETTE_OK && describe(d, &a, &b, text, sizeof text)) {
        d->report.other_count++;
        w->status = say(d, PIPETTE_DEFAULT_RUN, PIPETTE_DEFAULT_RUN, entry->path, text);
    }
    return w->status;
}

static int compare_entries(diff *d)
{
    walk forth = {d, d->in_a, d->in_b, 0, PIPETTE_OK}, back = {d, d->in_b, d->in_a, 1, PIPETTE_OK};
    (void)pipette_file_list(d->in_a, compare_entry, &forth, NULL);
    if (forth.status == PIPETTE_OK)
        (void)pipette_file_list(d->in_b, compare_entry, &back, NULL);
    return forth.status != PIPETTE_OK ? forth.status : back.status;
}

/* ---- Runs ---- */

/* Rows of both files that go along with each other, and where the first stands in the caller's block. */
typedef struct stretch {
    uint64_t row_a, row_b, count, at;
} stretch;

static int say_run(diff *d, const stretch *s, uint64_t i, const char *path, const char *text)
{
    uint64_t run = 0, there = 0;
    int status = pipette_file_run(d->in_a, s->row_a + i, &run, d->error);
    if (status == PIPETTE_OK)
        status = pipette_file_run(d->in_b, s->row_b + i, &there, d->error);
    d->differs[s->at + i] = 1;
    return status == PIPETTE_OK ? say(d, run, there, path, text) : status;
}

/* One value of a run: missing in both, in one, or different. */
static int compare_one(diff *d, const stretch *s, uint64_t i, const char *path)
{
    pipette_value a, b;
    char text[400];
    int in_a = pipette_file_read_one(d->in_a, path, s->row_a + i, &a, d->error);
    int in_b = pipette_file_read_one(d->in_b, path, s->row_b + i, &b, d->error);
    if (in_a != PIPETTE_OK && in_a != PIPETTE_E_NOT_FOUND)
        return in_a;
    if (in_b != PIPETTE_OK && in_b != PIPETTE_E_NOT_FOUND)
        return in_b;
    if (in_a != in_b)
        return say_run(d, s, i, path,
                       in_a == PIPETTE_OK ? "has a value only in the first file"
                                          : "has a value only in the second file");
    return in_a == PIPETTE_OK && describe(d, &a, &b, text, sizeof text) ? say_run(d, s, i, path, text) : PIPETTE_OK;
}

/* Numbers of one row, 0 where rows differ in shape or are texts. */
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

static int compare_column(diff *d, const stretch *s, const pipette_entry *in_a, const pipette_entry *in_b)
{
    const uint64_t elements =
        in_a->type == in_b->type && elements_of(in_a) == elements_of(in_b) ? elements_of(in_a) : 0;
    const uint64_t bytes = elements * pipette_type_size(in_a->type), most = bytes > 0 ? BLOCK_BYTES / bytes : 0;
    uint64_t at, n, i;
    int status = PIPETTE_OK;
    for (at = 0; status == PIPETTE_OK && at < s->count; at += n) {
        n = most == 0 ? s->count - at : s->count - at < most ? s->count - at : most;
        if (most > 0) {
            status = pipette_file_read(d->in_a, in_a->path, s->row_a + at, n, in_a->type, d->block_a, d->error);
            if (status == PIPETTE_OK)
                status = pipette_file_read(d->in_b, in_b->path, s->row_b + at, n, in_a->type, d->block_b, d->error);
        }
        for (i = 0; status == PIPETTE_OK && i < n; i++)
            if (!d->unlike[s->at + at + i] &&
                (most == 0 || memcmp(d->block_a + i * bytes, d->block_b + i * bytes, (size_t)bytes) != 0))
                status = compare_one(d, s, at + i, in_a->path);
    }
    return status;
}

typedef struct columns {
    diff *d;
    const stretch *s;
    int status;
} columns;

static int compare_if_column(const pipette_entry *entry, void *user)
{
    columns *c = user;
    const pipette_entry *there;
    if (entry->kind != PIPETTE_ENTRY_COLUMN || entry->role != PIPETTE_ROLE_RESULT)
        return 0;
    there = entry_named(c->d->in_b, entry->path);
    if (there != NULL && there->kind == PIPETTE_ENTRY_COLUMN)
        c->status = compare_column(c->d, c->s, entry, there);
    return c->status;
}

static int compare_stretch(diff *d, const stretch *s)
{
    columns c = {d, s, PIPETTE_OK};
    int8_t states[2][ROWS];
    uint64_t i;
    int status = pipette_file_read(d->in_a, LEDGER_STATE, s->row_a, s->count, PIPETTE_TYPE_BOOL, states[0], d->error);
    if (status == PIPETTE_OK)
        status = pipette_file_read(d->in_b, LEDGER_STATE, s->row_b, s->count, PIPETTE_TYPE_BOOL, states[1], d->error);
    for (i = 0; status == PIPETTE_OK && i < s->count; i++)
        if (states[0][i] != states[1][i]) {
            char text[80];
            (void)snprintf(text, sizeof text, "is '%s', '%s' there", pipette_state_text(states[0][i]),
                           pipette_state_text(states[1][i]));
            d->unlike[s->at + i] = 1;
            status = say_run(d, s, i, LEDGER_STATE, text);
        }
    if (status == PIPETTE_OK) {
        (void)pipette_file_list(d->in_a, compare_if_column, &c, NULL);
        status = c.status;
    }
    return status;
}

static int compare_runs(diff *d, uint64_t rows_a, uint64_t rows_b)
{
    uint64_t there[ROWS], row, n, i, k;
    int status = PIPETTE_OK;
    for (row = 0; status == PIPETTE_OK && row < rows_a; row += n) {
        n = rows_a - row < ROWS ? rows_a - row : ROWS;
        status = pairs_find(d->points, row, n, there, d->error);
        memset(d->differs, 0, sizeof d->differs);
        memset(d->unlike, 0, sizeof d->unlike);
        for (i = 0; status == PIPETTE_OK && i < n; i = k) {
            const stretch s = {row + i, there[i], 0, i};
            for (k = i + 1; k < n && there[i] != PAIRS_NONE && there[k] == there[i] + (k - i); k++)
                continue;
            if (there[i] == PAIRS_NONE) {
                d->report.only_first++;
                continue;
            }
            d->report.paired += k - i;
            status = compare_stretch(d, &(stretch){s.row_a, s.row_b, k - i, i});
        }
        for (i = 0; i < n; i++)
            d->report.differing += d->differs[i];
    }
    d->report.only_second = rows_b - d->report.paired;
    return status;
}

static int open_both(diff *d, uint64_t *rows_a, uint64_t *rows_b)
{
    pipette_load_options levels = pipette_load_defaults();
    pipette_storage_info info = {.size = sizeof info};
    int status;
    levels.storage = d->options.storage;
    levels.folders = d->options.folders;
    levels.folder_count = d->options.folder_count;
    status = pipette_trajectory_load(d->options.first, &levels, &d->a, d->error);
    if (status == PIPETTE_OK)
        status = pipette_trajectory_load(d->options.second, &levels, &d->b, d->error);
    if (status != PIPETTE_OK)
        return status;
    d->in_a = pipette_trajectory_file(d->a);
    d->in_b = pipette_trajectory_file(d->b);
    status = pipette_file_info(d->in_a, &info, d->error);
    *rows_a = info.row_count;
    if (status == PIPETTE_OK)
        status = pipette_file_info(d->in_b, &info, d->error);
    *rows_b = info.row_count;
    return status == PIPETTE_OK ? pairs_create(d->a, d->b, d->different, &d->points, d->error) : status;
}

int diff_files(const pipette_diff_options *options, int different, pipette_diff_visit visit, void *user,
               pipette_diff_report *report, pipette_error *error)
{
    pipette_error own = {0};
    diff *d = calloc(1, sizeof *d);
    uint64_t rows_a = 0, rows_b = 0;
    int status;
    if (d == NULL)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    d->options = *options;
    d->different = different;
    d->visit = visit;
    d->user = user;
    d->error = &own;
    d->block_a = malloc(BLOCK_BYTES);
    d->block_b = malloc(BLOCK_BYTES);
    status = d->block_a != NULL && d->block_b != NULL ? PIPETTE_OK
                                                      : pipette_error_set(&own, PIPETTE_E_MEMORY, "out of memory");
    if (status == PIPETTE_OK)
        status = open_both(d, &rows_a, &rows_b);
    if (status == PIPETTE_OK)
        status = compare_entries(d);
    if (status == PIPETTE_OK)
        status = compare_runs(d, rows_a, rows_b);
    *report = d->report;
    report->same = status == PIPETTE_OK &&
                   d->report.differing + d->report.other_count + d->report.only_first + d->report.only_second == 0;
    if (status < 0 && error != NULL)
        *error = own;
    pairs_destroy(d->points);
    pipette_trajectory_destroy(d->a);
    pipette_trajectory_destroy(d->b);
    free(d->block_a);
    free(d->block_b);
    free(d);
    return status;
}

int pipette_diff_sized(const pipette_diff_options *options, size_t size, pipette_diff_visit visit, void *user,
                       pipette_diff_report *report, pipette_error *error)
{
    pipette_diff_options o;
    memset(&o, 0, sizeof o);
    memcpy(&o, options, size < sizeof o ? size : sizeof o);
    return diff_files(&o, 0, visit, user, report, error);
}
