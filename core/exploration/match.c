/* match.c: finding values in lists and rules; selecting parts of axes that are short enough to go through. */
#include "exploration/match.h"

#include "exploration/long_axis.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

static int no_memory(pipette_error *error)
{
    return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
}

/* ---- Finding ---- */

static int compare_indices(const void *a, const void *b, void *user)
{
    const series *s = user;
    uint64_t i = *(const uint64_t *)a, j = *(const uint64_t *)b;
    value_element x, y;
    int order;
    value_load(s->type, s->values, i, &x);
    value_load(s->type, s->values, j, &y);
    order = value_element_compare(s->type, &x, &y);
    return order != 0 ? order : (i > j) - (i < j);
}

int match_prepare(const axis *a, pipette_error *error)
{
    uint32_t i;
    uint64_t j;
    for (i = 0; i < a->piece_count; i++) {
        series *s = a->pieces[i].series;
        if (s->kind != PIPETTE_AXIS_VALUES || s->order != NULL)
            continue;
        s->order = malloc((size_t)s->count * sizeof *s->order);
        if (s->order == NULL)
            return no_memory(error);
        for (j = 0; j < s->count; j++)
            s->order[j] = j;
        qsort_r(s->order, (size_t)s->count, sizeof *s->order, compare_indices, s);
    }
    return PIPETTE_OK;
}

void match_forget(const axis *a)
{
    uint32_t i;
    for (i = 0; i < a->piece_count; i++) {
        free(a->pieces[i].series->order);
        a->pieces[i].series->order = NULL;
    }
}

static int is_float(int type)
{
    return type == PIPETTE_TYPE_F64 || type == PIPETTE_TYPE_F32;
}

static double as_double(int type, const value_element *value)
{
    return type == PIPETTE_TYPE_F32 ? (double)value->f32 : value->f64;
}

static double rule_end(const series *s, uint64_t index)
{
    value_element value;
    series_get(s, index, &value);
    return as_double(s->type, &value);
}

static uint32_t in_list(const series *s, const value_element *value, uint64_t out[3])
{
    uint64_t low = 0, high = s->count;
    uint32_t found = 0;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        value_element at;
        value_load(s->type, s->values, s->order[middle], &at);
        if (value_element_compare(s->type, &at, value) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < s->count)
        out[found++] = s->order[low];
    if (low > 0)
        out[found++] = s->order[low - 1];
    return found;
}

static uint32_t in_integers(const series *s, const value_element *value, uint64_t out[3])
{
    uint64_t bias = s->type == PIPETTE_TYPE_U64 ? 0 : UINT64_C(1) << 63;
    uint64_t bits = s->type == PIPETTE_TYPE_I32 ? (uint64_t)(int64_t)value->i32 : value->u64;
    uint64_t at = bits ^ bias, origin = s->origin ^ bias, span;
    if (s->descending ? at > origin : at < origin)
        return 0;
    span = s->descending ? origin - at : at - origin;
    if (s->magnitude == 0)
        out[0] = 0;
    else
        out[0] = span / s->magnitude;
    return span == out[0] * s->magnitude && out[0] < s->count ? 1 : 0;
}

static uint32_t in_floats(const series *s, double x, uint64_t out[3])
{
    double at = 0.0, last = (double)(s->count - 1);
    uint64_t index;
    uint32_t found = 0;
    if (!isfinite(x))
        return 0;
    if (s->kind == PIPETTE_AXIS_STEP && s->step != 0.0)
        at = (x - s->from) / s->step;
    else if (s->kind == PIPETTE_AXIS_COUNT && s->to != s->from)
        at = (x - s->from) / (s->to - s->from) * last;
    else if (s->kind == PIPETTE_AXIS_LOG && x > 0 && s->to != s->from)
        at = log(x / s->from) / log(s->ratio) * last;
    if (!(at > -2.0 && at < last + 2.0))
        return 0;
    index = at <= 0.0 ? 0 : (uint64_t)(at + 0.5);
    if (index > s->count - 1)
        index = s->count - 1;
    out[found++] = index;
    if (index > 0)
        out[found++] = index - 1;
    if (index + 1 < s->count)
        out[found++] = index + 1;
    return found;
}

/* The few indices of a series whose values lie nearest to `value`. */
static uint32_t candidates(const series *s, const value_element *value, uint64_t out[3])
{
    if (s->kind == PIPETTE_AXIS_VALUES)
        return in_list(s, value, out);
    return is_float(s->type) ? in_floats(s, as_double(s->type, value), out) : in_integers(s, value, out);
}

/* The few positions of a piece whose values lie nearest to `value`: beside the indices, which need not be the piece's,
 * because where a step is 0, or lost in rounding, others have the same value. */
static uint32_t positions_near(const axis_piece *piece, const value_element *value, uint64_t out[6])
{
    uint64_t index[3], at;
    uint32_t count = candidates(piece->series, value, index), found = 0, i;
    for (i = 0; i < count; i++) {
        at = index[i] > piece->start ? (index[i] - piece->start) / piece->stride : 0;
        if (at + 1 < piece->count && index[i] > piece->start + at * piece->stride)
            out[found++] = at + 1;
        out[found++] = at < piece->count ? at : piece->count - 1;
    }
    return found;
}

int match_position(const axis_piece *piece, const value_element *value, uint64_t *position)
{
    uint64_t positions[6];
    uint32_t count = positions_near(piece, value, positions), i;
    for (i = 0; i < count; i++) {
        value_element at;
        series_get(piece->series, piece->start + positions[i] * piece->stride, &at);
        if (value_element_compare(piece->series->type, &at, value) == 0) {
            *position = positions[i];
            return 1;
        }
    }
    return 0;
}

int match_contains(const axis *a, const value_element *value)
{
    uint64_t position;
    uint32_t i;
    for (i = 0; i < a->piece_count; i++)
        if (match_position(&a->pieces[i], value, &position))
            return 1;
    return 0;
}

/* ---- Equal within rounding ---- */

static double ulp(int type, double x)
{
    int exponent;
    (void)frexp(x, &exponent);
    if (type == PIPETTE_TYPE_F32)
        return ldexp(1.0, exponent - FLT_MANT_DIG < FLT_MIN_EXP - FLT_MANT_DIG ? FLT_MIN_EXP - FLT_MANT_DIG
                                                                               : exponent - FLT_MANT_DIG);
    return ldexp(1.0, exponent - DBL_MANT_DIG < DBL_MIN_EXP - DBL_MANT_DIG ? DBL_MIN_EXP - DBL_MANT_DIG
                                                                           : exponent - DBL_MANT_DIG);
}

static int is_linear(const series *s)
{
    return s->count > 1 && (s->kind == PIPETTE_AXIS_STEP || s->kind == PIPETTE_AXIS_COUNT);
}

/* Values of a linear range carry the rounding of its largest end. Values of a list or a logarithmic range may be meant
 * to lie close together around 0, so for them only their own size counts. Nothing is equal that is a visible part of a
 * step away. */
static int near(const series *a, double x, const series *b, double y)
{
    const series *both[2] = {a, b};
    double value[2] = {x, y}, distance = fabs(x - y), own, reach = 0.0;
    int i;
    if (x == y || (isnan(x) && isnan(y)))
        return 1;
    if (!isfinite(x) || !isfinite(y))
        return 0;
    own = 4.0 * ulp(a->type, fmax(fabs(x), fabs(y)));
    for (i = 0; i < 2; i++) {
        const series *s = both[i];
        if (is_linear(s)) {
            double first = rule_end(s, 0), last = rule_end(s, s->count - 1);
            double step = s->kind == PIPETTE_AXIS_STEP ? s->step : (s->to - s->from) / (double)(s->count - 1);
            reach = fmax(reach, 4.0 * ulp(s->type, fmax(fabs(first), fabs(last))));
            if (distance > 0.01 * fabs(step))
                return 0;
        } else if (s->kind == PIPETTE_AXIS_LOG) {
            own = fmax(own, 4.0 * (1.0 + fabs(log(s->ratio))) * ulp(s->type, fmax(fabs(x), fabs(y))));
        }
    }
    if (distance <= own)
        return 1;
    for (i = 0; i < 2; i++)
        if (!is_linear(both[i]) && value[i] != 0.0 && distance > 1e-9 * fabs(value[i]))
            return 0;
    return distance <= reach;
}

/* The stored value that equals `value` and lies nearest to it. */
static int find_near(const axis *const *stored, uint32_t count, const series *from, const value_element *value,
                     series **s, uint64_t *index)
{
    double x = as_double(from->type, value), best = HUGE_VAL;
    uint32_t i, j, k;
    for (i = 0; i < count; i++)
        for (j = 0; j < stored[i]->piece_count; j++) {
            const axis_piece *piece = &stored[i]->pieces[j];
            uint64_t positions[6];
            uint32_t found = positions_near(piece, value, positions);
            for (k = 0; k < found; k++) {
                uint64_t at = piece->start + positions[k] * piece->stride;
                value_element y;
                double distance;
                series_get(piece->series, at, &y);
                if (!near(from, x, piece->series, as_double(from->type, &y)))
                    continue;
                distance = isnan(x) || x == as_double(from->type, &y) ? 0.0 : fabs(x - as_double(from->type, &y));
                if (distance < best) {
                    best = distance;
                    *s = piece->series;
                    *index = at;
                }
            }
        }
    return best < HUGE_VAL;
}

/* ---- Axes from selected values ---- */

/* Collects values in order. Values of rules that follow each other evenly become one piece; where that does not pay, a
 * list. */
typedef struct builder {
    int type;
    axis_piece *pieces;
    uint32_t piece_count, piece_capacity;
    char *list;
    uint64_t list_count, list_capacity, count;
    int listing, failed;
} builder;

static void list_value(builder *b, const value_element *value)
{
    size_t size = pipette_type_size(b->type);
    if (b->list_count == b->list_capacity) {
        uint64_t capacity = b->list_capacity == 0 ? 64 : b->list_capacity * 2;
        char *list = realloc(b->list, (size_t)capacity * size);
        if (list == NULL) {
            b->failed = 1;
            return;
        }
        b->list = list;
        b->list_capacity = capacity;
    }
    memcpy(b->list + (size_t)b->list_count * size, value, size);
    b->list_count++;
}

static void begin_list(builder *b)
{
    uint32_t i;
    uint64_t j;
    b->listing = 1;
    for (i = 0; i < b->piece_count; i++)
        for (j = 0; j < b->pieces[i].count && !b->failed; j++) {
            value_element value;
            series_get(b->pieces[i].series, b->pieces[i].start + j * b->pieces[i].stride, &value);
            list_value(b, &value);
        }
    b->piece_count = 0;
}

static void new_piece(builder *b, series *s, uint64_t index)
{
    axis_piece *piece;
    if (b->piece_count == b->piece_capacity) {
        uint32_t capacity = b->piece_capacity == 0 ? 8 : b->piece_capacity * 2;
        axis_piece *pieces = realloc(b->pieces, capacity * sizeof *pieces);
        if (pieces == NULL) {
            b->failed = 1;
            return;
        }
        b->pieces = pieces;
        b->piece_capacity = capacity;
    }
    piece = &b->pieces[b->piece_count++];
    memset(piece, 0, sizeof *piece);
    piece->series = s;
    piece->start = index;
    piece->stride = 1;
    piece->count = 1;
}

static void build(builder *b, series *s, uint64_t index)
{
    axis_piece *last = b->piece_count > 0 ? &b->pieces[b->piece_count - 1] : NULL;
    if (b->failed)
        return;
    b->count++;
    if (!b->listing && (s->kind == PIPETTE_AXIS_VALUES || (b->piece_count > 64 && b->piece_count > b->count / 4)))
        begin_list(b);
    if (b->listing) {
        value_element value;
        series_get(s, index, &value);
        list_value(b, &value);
    } else if (last != NULL && last->series == s && last->count == 1 && index > last->start) {
        last->stride = index - last->start;
        last->count = 2;
    } else if (last != NULL && last->series == s && last->count > 1 &&
               index == last->start + last->count * last->stride) {
        last->count++;
    } else {
        new_piece(b, s, index);
    }
}

/* Ends the builder; an axis without values where there are none. */
static int built(builder *b, const axis *like, axis *out, pipette_error *error)
{
    uint32_t i;
    int status = b->failed ? no_memory(error) : PIPETTE_OK;
    memset(out, 0, sizeof *out);
    out->parameter = like->parameter;
    if (b->listing && b->list_count > 0 && status == PIPETTE_OK) {
        series *s;
        status = series_list(b->type, b->list, b->list_count, "values", &s, error);
        if (status == PIPETTE_OK) {
            status = axis_append(out, s, 0, 1, s->count, error);
            series_release(s);
        }
    }
    for (i = 0; i < b->piece_count && status == PIPETTE_OK; i++)
        status =
            axis_append(out, b->pieces[i].series, b->pieces[i].start, b->pieces[i].stride, b->pieces[i].count, error);
    if (status != PIPETTE_OK)
        axis_destroy(out);
    free(b->pieces);
    free(b->list);
    return status;
}

int match_select(const axis *a, const uint8_t *mask, uint8_t wanted, axis *out, pipette_error *error)
{
    builder b;
    uint32_t i;
    uint64_t j, selected = 0;
    memset(&b, 0, sizeof b);
    for (j = 0; j < a->count; j++)
        selected += mask[j] == wanted;
    if (selected == a->count)
        return axis_copy(a, out, error);
    b.type = axis_type(a);
    for (i = 0; i < a->piece_count; i++)
        for (j = 0; j < a->pieces[i].count; j++)
            if (mask[a->pieces[i].first + j] == wanted)
                build(&b, a->pieces[i].series, a->pieces[i].start + j * a->pieces[i].stride);
    return built(&b, a, out, error);
}

int match_stored(const axis *a, const axis *const *stored, uint32_t count, const char *what, axis *out,
                 pipette_error *error)
{
    builder b;
    uint32_t i;
    uint64_t j, changed = 0;
    for (i = 0; i < count; i++)
        if (axis_same(a, stored[i]))
            return axis_copy(stored[i], out, error);
    if (!is_float(axis_type(a)) || count == 0)
        return axis_copy(a, out, error);
    if (a->count > MATCH_LISTED_MAX) {
        int status = long_axis_check(a, stored, count, what, error);
        return status != PIPETTE_OK ? status : axis_copy(a, out, error);
    }
    memset(&b, 0, sizeof b);
    b.type = axis_type(a);
    for (i = 0; i < a->piece_count; i++)
        for (j = 0; j < a->pieces[i].count; j++) {
            const axis_piece *piece = &a->pieces[i];
            uint64_t own = piece->start + j * piece->stride, index = own;
            series *s = piece->series;
            value_element value, found;
            series_get(s, own, &value);
            if (find_near(stored, count, piece->series, &value, &s, &index)) {
                series_get(s, index, &found);
                if (memcmp(&value, &found, pipette_type_size(b.type)) == 0) {
                    s = piece->series;
                    index = own;
                } else {
                    changed++;
                }
            }
            build(&b, s, index);
        }
    if (changed > 0)
        return built(&b, a, out, error);
    free(b.pieces);
    free(b.list);
    return axis_copy(a, out, error);
}

int match_split(const axis *a, const axis *b, const char *what, axis *in, axis *out, pipette_error *error)
{
    uint8_t *mask;
    uint64_t j;
    int status;
    memset(in, 0, sizeof *in);
    memset(out, 0, sizeof *out);
    out->parameter = a->parameter;
    if (axis_same(a, b))
        return axis_copy(a, in, error);
    if (a->count > MATCH_LISTED_MAX)
        return long_axis_split(a, b, what, in, out, error);
    mask = malloc((size_t)a->count);
    if (mask == NULL)
        return no_memory(error);
    for (j = 0; j < a->count; j++) {
        value_element value;
        axis_get(a, j, &value);
        mask[j] = match_contains(b, &value) ? 1 : 0;
    }
    status = match_select(a, mask, 1, in, error);
    if (status == PIPETTE_OK)
        status = match_select(a, mask, 0, out, error);
    if (status != PIPETTE_OK)
        axis_destroy(in);
    free(mask);
    return status;
}
