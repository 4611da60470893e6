/* axis.c: series (lists and rules) and the axes that are made of them. */
#include "exploration/axis.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

enum { LOG_TABLE_MAX = 4096 };

/* ---- Series ---- */

static series *series_new(int type, int kind, uint64_t count)
{
    series *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->references = 1;
    s->type = type;
    s->kind = kind;
    s->count = count;
    return s;
}

series *series_share(series *shared)
{
    shared->references++;
    return shared;
}

void series_release(series *shared)
{
    if (shared == NULL || --shared->references > 0)
        return;
    free(shared->values);
    free(shared->text);
    free(shared->order);
    free(shared);
}

void series_move_text(series *s, void *(*move)(void *user, size_t size), void *user)
{
    const char **texts = s->values;
    size_t size = 0;
    char *to;
    uint64_t i;
    if (s->type != PIPETTE_TYPE_STRING || s->text == NULL)
        return;
    for (i = 0; i < s->count; i++)
        size += strlen(texts[i]) + 1;
    to = move(user, size);
    if (to == NULL)
        return;
    for (i = 0; i < s->count; i++) {
        size = strlen(texts[i]) + 1;
        memcpy(to, texts[i], size);
        texts[i] = to;
        to += size;
    }
    free(s->text);
    s->text = NULL;
}

static int no_memory(const char *what, pipette_error *error)
{
    return pipette_error_set(error, PIPETTE_E_MEMORY, "%s: out of memory", what);
}

int series_list(int type, const void *elements, uint64_t count, const char *what, series **out, pipette_error *error)
{
    size_t size = pipette_type_size(type), length = 0;
    const char *const *strings = elements;
    uint64_t i;
    series *s;
    *out = NULL;
    if (count == 0)
        return pipette_error_set(error, PIPETTE_E_INVALID, "%s: the list of values is empty", what);
    if (size == 0 || count > (uint64_t)(SIZE_MAX / 4 / size))
        return pipette_error_set(error, PIPETTE_E_INVALID, "%s: not a list that can be held", what);
    s = series_new(type, PIPETTE_AXIS_VALUES, count);
    if (s == NULL || (s->values = malloc((size_t)count * size)) == NULL) {
        series_release(s);
        return no_memory(what, error);
    }
    memcpy(s->values, elements, (size_t)count * size);
    if (type == PIPETTE_TYPE_STRING) {
        const char **copies = s->values;
        char *at;
        for (i = 0; i < count; i++)
            length += strlen(strings[i]) + 1;
        at = s->text = malloc(length);
        if (at == NULL) {
            series_release(s);
            return no_memory(what, error);
        }
        for (i = 0; i < count; i++) {
            size_t bytes = strlen(strings[i]) + 1;
            memcpy(at, strings[i], bytes);
            copies[i] = at;
            at += bytes;
        }
    }
    *out = s;
    return PIPETTE_OK;
}

/* Value i of a rule over floats. One multiply and one add: sums of steps would break the keys of tables. */
static double float_rule(const series *s, uint64_t i)
{
    switch (s->kind) {
    case PIPETTE_AXIS_STEP:
        return s->from + (double)i * s->step;
    case PIPETTE_AXIS_COUNT:
        return i + 1 == s->count ? s->to : s->from + (double)i * (s->to - s->from) / (double)(s->count - 1);
    default:
        if (i == 0 || i + 1 == s->count)
            return i == 0 ? s->from : s->to;
        return s->from * pow(s->ratio, (double)i / (double)(s->count - 1));
    }
}

static int check_float(const series *s, const char *what, pipette_error *error)
{
    double limit = s->type == PIPETTE_TYPE_F32 ? (double)FLT_MAX : DBL_MAX, last = float_rule(s, s->count - 1);
    if (!isfinite(s->from) || !isfinite(s->to) || !isfinite(s->step))
        return pipette_error_set(error, PIPETTE_E_INVALID,
                                 "%s: the ends and the step of a range must be finite numbers", what);
    if (!(fabs(s->from) <= limit) || !(fabs(last) <= limit))
        return pipette_error_set(error, PIPETTE_E_BOUNDS, "%s: the range leaves what %s can hold", what,
                                 pipette_type_text(s->type));
    if (s->kind == PIPETTE_AXIS_COUNT && !isfinite((s->to - s->from) * (double)(s->count - 1)))
        return pipette_error_set(error, PIPETTE_E_INVALID, "%s: the ends are too far apart", what);
    if (s->kind == PIPETTE_AXIS_LOG && (s->from <= 0 || s->to <= 0))
        return pipette_error_set(error, PIPETTE_E_INVALID,
                                 "%s: a logarithmic range needs ends above 0, not %.15g and %.15g", what, s->from,
                                 s->to);
    if (s->kind == PIPETTE_AXIS_LOG && !isnormal(s->ratio))
        return pipette_error_set(error, PIPETTE_E_INVALID, "%s: the ends are too far apart", what);
    if (s->kind != PIPETTE_AXIS_STEP && s->count == 1 && !(s->from == s->to))
        return pipette_error_set(error, PIPETTE_E_INVALID, "%s: a count of 1 cannot hold both %.15g and %.15g", what,
                                 s->from, s->to);
    return PIPETTE_OK;
}

/* pow() is far slower than everything else here, so few enough values of a logarithmic range stand ready. */
static int log_table(series *s)
{
    uint64_t i;
    double *table = malloc((size_t)s->count * sizeof *table);
    float *narrow = (float *)table;
    if (table == NULL)
        return PIPETTE_E_MEMORY;
    for (i = 0; i < s->count; i++)
        if (s->type == PIPETTE_TYPE_F64)
            table[i] = float_rule(s, i);
        else
            narrow[i] = (float)float_rule(s, i);
    s->values = table;
    return PIPETTE_OK;
}

int series_float(int type, int kind, double from, double to_or_step, uint64_t count, const char *what, series **out,
                 pipette_error *error)
{
    series *s;
    int status;
    *out = NULL;
    if (count == 0)
        return pipette_error_set(error, PIPETTE_E_INVALID, "%s: the range is empty (a count of 0)", what);
    s = series_new(type, kind, count);
    if (s == NULL)
        return no_memory(what, error);
    s->from = from;
    s->to = kind == PIPETTE_AXIS_STEP ? 0.0 : to_or_step;
    s->step = kind == PIPETTE_AXIS_STEP ? to_or_step : 0.0;
    s->ratio = kind == PIPETTE_AXIS_LOG ? to_or_step / from : 0.0;
    status = check_float(s, what, error);
    if (status == PIPETTE_OK && kind == PIPETTE_AXIS_LOG && count <= LOG_TABLE_MAX && log_table(s) != PIPETTE_OK)
        status = no_memory(what, error);
    if (status != PIPETTE_OK) {
        series_release(s);
        return status;
    }
    *out = s;
    return PIPETTE_OK;
}

static int integer_in_range(int type, uint64_t origin, uint64_t span, int descending)
{
    uint64_t bias = type == PIPETTE_TYPE_U64 ? 0 : UINT64_C(1) << 63;
    uint64_t low = type == PIPETTE_TYPE_I32 ? bias - (UINT64_C(1) << 31) : 0;
    uint64_t high = type == PIPETTE_TYPE_I32 ? bias + (UINT64_C(1) << 31) - 1 : UINT64_MAX;
    uint64_t at = origin ^ bias; /* same order as the values, without sign */
    return at >= low && at <= high && span <= (descending ? at - low : high - at);
}

int series_integer(int type, uint64_t origin, uint64_t magnitude, int descending, uint64_t count, const char *what,
                   series **out, pipette_error *error)
{
    uint64_t span;
    series *s;
    *out = NULL;
    if (count == 0)
        return pipette_error_set(error, PIPETTE_E_INVALID, "%s: the range is empty (a count of 0)", what);
    if (__builtin_mul_overflow(magnitude, count - 1, &span) || !integer_in_range(type, origin, span, descending))
        return pipette_error_set(error, PIPETTE_E_BOUNDS, "%s: the range leaves what %s can hold", what,
                                 pipette_type_text(type));
    s = series_new(type, PIPETTE_AXIS_STEP, count);
    if (s == NULL)
        return no_memory(what, error);
    s->origin = origin;
    s->magnitude = magnitude;
    s->descending = descending;
    *out = s;
    return PIPETTE_OK;
}

static uint64_t integer_rule(const series *s, uint64_t i)
{
    return s->descending ? s->origin - i * s->magnitude : s->origin + i * s->magnitude;
}

void series_get(const series *s, uint64_t index, value_element *out)
{
    if (s->values != NULL) {
        value_load(s->type, s->values, index, out);
        return;
    }
    switch (s->type) {
    case PIPETTE_TYPE_F64:
        out->f64 = float_rule(s, index);
        break;
    case PIPETTE_TYPE_F32:
        out->f32 = (float)float_rule(s, index);
        break;
    case PIPETTE_TYPE_I32:
        out->i32 = (int32_t)(int64_t)integer_rule(s, index);
        break;
    default:
        out->u64 = integer_rule(s, index);
    }
}

static void fill_steps(const series *s, uint64_t start, uint64_t stride, uint64_t count, double *out)
{
    const double from = s->from, step = s->step;
    uint64_t i, last;
    if (__builtin_mul_overflow(count, stride, &last) || __builtin_add_overflow(last, start, &last) || last >> 52 != 0) {
        for (i = 0; i < count; i++)
            out[i] = from + (double)(start + i * stride) * step;
        return;
    }
    if (stride == 1)
        for (i = 0; i < count; i++)
            out[i] = from + (double)(int64_t)(start + i) * step;
    else
        for (i = 0; i < count; i++)
            out[i] = from + (double)(int64_t)(start + i * stride) * step;
}

/* float_rule() for COUNT, with what does not change taken out of the loop. */
static void fill_counts(const series *s, uint64_t start, uint64_t stride, uint64_t count, double *out)
{
    const double from = s->from, width = s->to - s->from, divisor = (double)(s->count - 1);
    uint64_t i, ends = start + (count - 1) * stride + 1 == s->count ? 1 : 0;
    for (i = 0; i < count - ends; i++)
        out[i] = from + (double)(start + i * stride) * width / divisor;
    if (ends != 0)
        out[count - 1] = s->to;
}

void series_fill(const series *s, uint64_t start, uint64_t stride, uint64_t count, void *out)
{
    size_t size = pipette_type_size(s->type);
    char *at = out;
    uint64_t i;
    if (s->values != NULL && stride == 1) {
        memcpy(out, (const char *)s->values + (size_t)start * size, (size_t)count * size);
    } else if (s->values == NULL && s->type == PIPETTE_TYPE_F64 && s->kind == PIPETTE_AXIS_STEP) {
        fill_steps(s, start, stride, count, out);
    } else if (s->values == NULL && s->type == PIPETTE_TYPE_F64 && s->kind == PIPETTE_AXIS_COUNT && count > 0) {
        fill_counts(s, start, stride, count, out);
    } else if (s->values == NULL && size == sizeof(uint64_t) && s->type != PIPETTE_TYPE_F64) {
        uint64_t *integers = out, value = integer_rule(s, start);
        uint64_t step = (s->descending ? 0 - s->magnitude : s->magnitude) * stride;
        for (i = 0; i < count; i++)
            integers[i] = value + i * step;
    } else {
        for (i = 0; i < count; i++, at += size) {
            value_element element;
            series_get(s, start + i * stride, &element);
            memcpy(at, &element, size);
        }
    }
}

int series_same(const series *a, const series *b)
{
    uint64_t i;
    if (a == b)
        return 1;
    if (a->type != b->type || a->kind != b->kind || a->count != b->count)
        return 0;
    if (a->kind != PIPETTE_AXIS_VALUES)
        return memcmp(&a->from, &b->from, sizeof a->from) == 0 && memcmp(&a->to, &b->to, sizeof a->to) == 0 &&
               memcmp(&a->step, &b->step, sizeof a->step) == 0 && a->origin == b->origin &&
               a->magnitude == b->magnitude && a->descending == b->descending;
    for (i = 0; i < a->count; i++) {
        value_element x, y;
        value_load(a->type, a->values, i, &x);
        value_load(b->type, b->values, i, &y);
        if (value_element_compare(a->type, &x, &y) != 0)
            return 0;
    }
    return 1;
}

/* ---- Axes ---- */

int axis_append(axis *a, series *s, uint64_t start, uint64_t stride, uint64_t count, pipette_error *error)
{
    axis_piece *pieces;
    if (count == 0)
        return PIPETTE_OK;
    pieces = realloc(a->pieces, (a->piece_count + 1) * sizeof *pieces);
    if (pieces == NULL)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    a->pieces = pieces;
    pieces[a->piece_count].series = series_share(s);
    pieces[a->piece_count].start = start;
    pieces[a->piece_count].stride = stride;
    pieces[a->piece_count].count = count;
    pieces[a->piece_count].first = a->count;
    a->piece_count++;
    a->count += count;
    return PIPETTE_OK;
}

int axis_copy(const axis *from, axis *to, pipette_error *error)
{
    uint32_t i;
    memset(to, 0, sizeof *to);
    to->parameter = from->parameter;
    for (i = 0; i < from->piece_count; i++) {
        const axis_piece *piece = &from->pieces[i];
        int status = axis_append(to, piece->series, piece->start, piece->stride, piece->count, error);
        if (status != PIPETTE_OK) {
            axis_destroy(to);
            return status;
        }
    }
    return PIPETTE_OK;
}

void axis_destroy(axis *a)
{
    uint32_t i;
    for (i = 0; i < a->piece_count; i++)
        series_release(a->pieces[i].series);
    free(a->pieces);
    a->pieces = NULL;
    a->piece_count = 0;
    a->count = 0;
}

int axis_type(const axis *a)
{
    return a->pieces[0].series->type;
}

static const axis_piece *piece_at(const axis *a, uint64_t index)
{
    uint32_t low = 0, high = a->piece_count;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (a->pieces[middle].first <= index)
            low = middle;
        else
            high = middle;
    }
    return &a->pieces[low];
}

void axis_get(const axis *a, uint64_t index, value_element *out)
{
    const axis_piece *piece = piece_at(a, index);
    series_get(piece->series, piece->start + (index - piece->first) * piece->stride, out);
}

void axis_fill(const axis *a, uint64_t first, uint64_t count, void *out)
{
    const axis_piece *piece = piece_at(a, first);
    size_t size = pipette_type_size(piece->series->type);
    char *at = out;
    while (count > 0) {
        uint64_t skip = first - piece->first, part = piece->count - skip < count ? piece->count - skip : count;
        series_fill(piece->series, piece->start + skip * piece->stride, piece->stride, part, at);
        at += (size_t)part * size;
        first += part;
        count -= part;
        piece++;
    }
}

int axis_same(const axis *a, const axis *b)
{
    uint32_t i;
    if (a->count != b->count || a->piece_count != b->piece_count)
        return 0;
    for (i = 0; i < a->piece_count; i++) {
        const axis_piece *x = &a->pieces[i], *y = &b->pieces[i];
        if (x->start != y->start || x->stride != y->stride || x->count != y->count ||
            !series_same(x->series, y->series))
            return 0;
    }
    return 1;
}
