/* long_axis.c: long axes compared by arithmetic: which multiples of one step are multiples of the other. */
#include "exploration/long_axis.h"

#include "exploration/match.h"

#include <math.h>
#include <stdlib.h>

enum { PARTS_MAX = 4096 };

/* start, start + stride, ...: `count` whole numbers without wrapping. */
typedef struct progression {
    uint64_t start, stride, count;
} progression;

typedef struct progressions {
    progression part[PARTS_MAX];
    uint32_t count;
} progressions;

static int unsupported(const char *what, const axis *a, pipette_error *error)
{
    return pipette_error_set(
        error, PIPETTE_E_UNSUPPORTED,
        "%s has %llu values on one axis; one that long can only be compared with an old one of the same "
        "'from' and a step that is the same or halved: keep these, or split it over two axes",
        what, (unsigned long long)a->count);
}

static int add_part(progressions *list, uint64_t start, uint64_t stride, uint64_t count)
{
    if (count == 0)
        return 1;
    if (list->count == PARTS_MAX)
        return 0;
    list->part[list->count].start = start;
    list->part[list->count].stride = count == 1 ? 1 : stride;
    list->part[list->count].count = count;
    list->count++;
    return 1;
}

static uint64_t divisor(uint64_t a, uint64_t b)
{
    while (b != 0) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* Positions in `a` whose numbers `b` has, as start, stride, count in *hit. 0: it takes too many parts to say. */
static int intersect(const progression *a, const progression *b, progression *hit)
{
    uint64_t a_last = a->start + (a->count - 1) * a->stride, b_last = b->start + (b->count - 1) * b->stride;
    uint64_t low = a->start > b->start ? a->start : b->start, high = a_last < b_last ? a_last : b_last;
    uint64_t every = b->stride / divisor(a->stride, b->stride), i, first, last;
    memset(hit, 0, sizeof *hit);
    if (low > high)
        return 1;
    if (every > PARTS_MAX)
        return 0;
    first = (low - a->start) / a->stride + ((low - a->start) % a->stride != 0 ? 1u : 0u);
    last = (high - a->start) / a->stride;
    for (i = 0; i < every && first <= last; i++, first++)
        if ((a->start + first * a->stride - b->start) % b->stride == 0) {
            hit->start = first;
            hit->stride = every;
            hit->count = (last - first) / every + 1;
            return 1;
        }
    return 1;
}

/* Whole-number positions of both pieces on one grid, if they have one; *mirrored: position 0 of `a` is its last. */
static int integer_grid(const axis_piece *a, const axis_piece *b, progression *pa, progression *pb, int *mirrored)
{
    const axis_piece *piece[2] = {a, b};
    progression *out[2] = {pa, pb};
    int i;
    for (i = 0; i < 2; i++) {
        const series *s = piece[i]->series;
        uint64_t bias = s->type == PIPETTE_TYPE_U64 ? 0 : UINT64_C(1) << 63;
        uint64_t step = s->magnitude * piece[i]->stride;
        uint64_t first =
            s->descending ? s->origin - piece[i]->start * s->magnitude : s->origin + piece[i]->start * s->magnitude;
        if (s->kind != PIPETTE_AXIS_STEP || step == 0)
            return 0;
        first ^= bias;
        out[i]->start = s->descending ? first - (piece[i]->count - 1) * step : first;
        out[i]->stride = step;
        out[i]->count = piece[i]->count;
    }
    *mirrored = a->series->descending;
    return 1;
}

static int float_grid(const axis_piece *a, const axis_piece *b, progression *pa, progression *pb)
{
    const series *s = a->series, *t = b->series;
    double ratio = s->step / t->step;
    uint64_t scale_a = 1, scale_b = 1, last;
    int exponent;
    if (s->kind != PIPETTE_AXIS_VALUES && series_same(s, t)) {
        *pa = (progression){a->start, a->stride, a->count};
        *pb = (progression){b->start, b->stride, b->count};
        return 1;
    }
    if (s->kind != PIPETTE_AXIS_STEP || t->kind != PIPETTE_AXIS_STEP || s->from != t->from)
        return 0;
    if (!(ratio > 0) || frexp(ratio, &exponent) != 0.5 || exponent > 32 || exponent < -30 || s->step != t->step * ratio)
        return 0;
    if (exponent >= 1)
        scale_a = UINT64_C(1) << (exponent - 1);
    else
        scale_b = UINT64_C(1) << (1 - exponent);
    if (__builtin_mul_overflow(a->start + (a->count - 1) * a->stride, scale_a, &last) || last >> 53 != 0 ||
        __builtin_mul_overflow(b->start + (b->count - 1) * b->stride, scale_b, &last) || last >> 53 != 0)
        return 0; /* beyond 2^53 the multiples are no longer the same numbers */
    *pa = (progression){a->start * scale_a, a->stride * scale_a, a->count};
    *pb = (progression){b->start * scale_b, b->stride * scale_b, b->count};
    return 1;
}

static double end_of(const axis_piece *piece, int last)
{
    value_element value;
    series_get(piece->series, piece->start + (last ? (piece->count - 1) * piece->stride : 0), &value);
    return piece->series->type == PIPETTE_TYPE_F32 ? (double)value.f32 : value.f64;
}

static int is_float(const axis *a)
{
    return axis_type(a) == PIPETTE_TYPE_F64 || axis_type(a) == PIPETTE_TYPE_F32;
}

/* Clearly apart, more than any rounding could close. */
static int apart(const axis_piece *a, const axis_piece *b)
{
    double x = end_of(a, 0), y = end_of(a, 1), u = end_of(b, 0), v = end_of(b, 1);
    double room = 1e-5 * fmax(fmax(fabs(x), fabs(y)), fmax(fabs(u), fabs(v)));
    if (a->series->kind == PIPETTE_AXIS_VALUES || b->series->kind == PIPETTE_AXIS_VALUES)
        return 0;
    return fmin(x, y) > fmax(u, v) + room || fmax(x, y) + room < fmin(u, v);
}

int long_axis_check(const axis *a, const axis *const *stored, uint32_t count, const char *what, pipette_error *error)
{
    uint32_t i, j, k;
    int status = match_prepare(a, error);
    if (status != PIPETTE_OK)
        return status;
    for (i = 0; i < a->piece_count; i++)
        for (j = 0; j < count; j++)
            for (k = 0; k < stored[j]->piece_count; k++) {
                const axis_piece *old = &stored[j]->pieces[k];
                progression pa, pb;
                uint64_t n;
                if (apart(&a->pieces[i], old) || float_grid(&a->pieces[i], old, &pa, &pb))
                    continue;
                if (old->count > MATCH_LISTED_MAX || old->series->kind != PIPETTE_AXIS_VALUES)
                    return unsupported(what, a, error);
                for (n = 0; n < old->count; n++) {
                    value_element value;
                    uint64_t position;
                    series_get(old->series, n, &value);
                    if (!match_position(&a->pieces[i], &value, &position))
                        return unsupported(what, a, error);
                }
            }
    return PIPETTE_OK;
}

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Positions in `a` that the values of the short piece `b` have. */
static int listed_hits(const axis_piece *a, const axis_piece *b, progressions *hits, int *fits, pipette_error *error)
{
    uint64_t *positions = malloc((size_t)b->count * sizeof *positions), count = 0, i;
    *fits = 1;
    if (positions == NULL)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    for (i = 0; i < b->count; i++) {
        value_element value;
        series_get(b->series, b->start + i * b->stride, &value);
        if (match_position(a, &value, &positions[count]))
            count++;
    }
    qsort(positions, (size_t)count, sizeof *positions, compare_u64);
    for (i = 0; i < count && *fits; i++) {
        progression *last = hits->count > 0 ? &hits->part[hits->count - 1] : NULL;
        if (i > 0 && positions[i] == positions[i - 1])
            continue;
        if (i > 0 && last->count == 1) {
            last->stride = positions[i] - last->start;
            last->count = 2;
        } else if (i > 0 && positions[i] == last->start + last->count * last->stride) {
            last->count++;
        } else {
            *fits = add_part(hits, positions[i], 1, 1);
        }
    }
    free(positions);
    return PIPETTE_OK;
}

/* The positions of `from` that are not in `gone`. Both are in the same whole numbers. 0: too many parts. */
static int subtract(const progression *from, const progression *gone, progressions *rest)
{
    progression hit;
    uint64_t last, i;
    if (!intersect(from, gone, &hit))
        return 0;
    if (hit.count == 0)
        return add_part(rest, from->start, from->stride, from->count);
    last = hit.start + (hit.count - 1) * hit.stride;
    if (!add_part(rest, from->start, from->stride, hit.start))
        return 0;
    for (i = 1; i < hit.stride && hit.count > 1; i++)
        if (!add_part(rest, from->start + (hit.start + i) * from->stride, from->stride * hit.stride, hit.count - 1))
            return 0;
    return add_part(rest, from->start + (last + 1) * from->stride, from->stride, from->count - last - 1);
}

static int piece_hits(const axis_piece *a, const axis_piece *b, int floats, progressions *hits, int *fits,
                      pipette_error *error)
{
    progression pa, pb, hit;
    int mirrored = 0;
    *fits = 1;
    if (floats ? float_grid(a, b, &pa, &pb) : integer_grid(a, b, &pa, &pb, &mirrored)) {
        *fits = intersect(&pa, &pb, &hit);
        if (*fits && hit.count > 0 && mirrored)
            hit.start = a->count - 1 - (hit.start + (hit.count - 1) * hit.stride);
        if (*fits)
            *fits = add_part(hits, hit.start, hit.stride, hit.count);
        return PIPETTE_OK;
    }
    if (floats && apart(a, b))
        return PIPETTE_OK;
    if (b->count <= MATCH_LISTED_MAX)
        return listed_hits(a, b, hits, fits, error);
    *fits = 0;
    return PIPETTE_OK;
}

static int append(axis *to, const axis_piece *piece, const progressions *parts, pipette_error *error)
{
    uint32_t i;
    int status = PIPETTE_OK;
    for (i = 0; i < parts->count && status == PIPETTE_OK; i++)
        status = axis_append(to, piece->series, piece->start + parts->part[i].start * piece->stride,
                             piece->stride * parts->part[i].stride, parts->part[i].count, error);
    return status;
}

static int compare_parts(const void *a, const void *b)
{
    return compare_u64(&((const progression *)a)->start, &((const progression *)b)->start);
}

/* What is left of one piece, and what was taken. */
static int split_piece(const axis_piece *piece, const axis *b, int floats, progressions *work, int *fits,
                       pipette_error *error)
{
    progressions *hits = &work[0], *rest = &work[1], *next = &work[2];
    uint32_t i, j;
    hits->count = rest->count = 0;
    (void)add_part(rest, 0, 1, piece->count);
    for (i = 0; i < b->piece_count; i++) {
        int status = piece_hits(piece, &b->pieces[i], floats, hits, fits, error);
        if (status != PIPETTE_OK || !*fits)
            return status;
    }
    for (i = 0; i < hits->count && *fits; i++) {
        next->count = 0;
        for (j = 0; j < rest->count && *fits; j++)
            *fits = subtract(&rest->part[j], &hits->part[i], next);
        *rest = *next;
    }
    qsort(rest->part, rest->count, sizeof rest->part[0], compare_parts);
    return PIPETTE_OK;
}

int long_axis_split(const axis *a, const axis *b, const char *what, axis *in, axis *out, pipette_error *error)
{
    progressions *work = malloc(3 * sizeof *work);
    int status = PIPETTE_OK, fits = 1;
    uint32_t i;
    memset(in, 0, sizeof *in);
    memset(out, 0, sizeof *out);
    in->parameter = out->parameter = a->parameter;
    if (work == NULL)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    status = match_prepare(a, error);
    for (i = 0; i < a->piece_count && status == PIPETTE_OK; i++) {
        status = split_piece(&a->pieces[i], b, is_float(a), work, &fits, error);
        if (status == PIPETTE_OK && !fits)
            status = unsupported(what, a, error);
        if (status == PIPETTE_OK)
            status = append(in, &a->pieces[i], &work[0], error);
        if (status == PIPETTE_OK)
            status = append(out, &a->pieces[i], &work[1], error);
    }
    free(work);
    if (status != PIPETTE_OK) {
        axis_destroy(in);
        axis_destroy(out);
    }
    return status;
}
