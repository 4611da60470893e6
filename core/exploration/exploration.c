/* exploration.c: points as products of factors: building, counting, and the values of a block of points. */
#include "exploration/points.h"

#include <math.h>
#include <stdlib.h>

static int no_memory(pipette_error *error)
{
    return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
}

/* ---- Building ---- */

int factor_add(factor *f, axis *taken, pipette_error *error)
{
    axis *axes = realloc(f->axes, (f->axis_count + 1) * sizeof *axes);
    if (axes == NULL) {
        axis_destroy(taken);
        return no_memory(error);
    }
    f->axes = axes;
    axes[f->axis_count] = *taken;
    if (f->axis_count++ == 0)
        f->count = taken->count;
    memset(taken, 0, sizeof *taken);
    return PIPETTE_OK;
}

int factor_copy(const factor *from, factor *to, pipette_error *error)
{
    uint32_t i;
    int status = PIPETTE_OK;
    memset(to, 0, sizeof *to);
    for (i = 0; i < from->axis_count && status == PIPETTE_OK; i++) {
        axis copy;
        status = axis_copy(&from->axes[i], &copy, error);
        if (status == PIPETTE_OK)
            status = factor_add(to, &copy, error);
    }
    if (status != PIPETTE_OK)
        factor_destroy(to);
    return status;
}

void factor_destroy(factor *f)
{
    uint32_t i;
    for (i = 0; i < f->axis_count; i++)
        axis_destroy(&f->axes[i]);
    free(f->axes);
    memset(f, 0, sizeof *f);
}

int segment_add(segment *s, factor *taken, pipette_error *error)
{
    factor *factors = realloc(s->factors, (s->factor_count + 1) * sizeof *factors);
    if (factors == NULL) {
        factor_destroy(taken);
        return no_memory(error);
    }
    s->factors = factors;
    factors[s->factor_count++] = *taken;
    memset(taken, 0, sizeof *taken);
    return PIPETTE_OK;
}

int segment_copy(const segment *from, segment *to, pipette_error *error)
{
    uint32_t i;
    int status = PIPETTE_OK;
    memset(to, 0, sizeof *to);
    for (i = 0; i < from->factor_count && status == PIPETTE_OK; i++) {
        factor copy;
        status = factor_copy(&from->factors[i], &copy, error);
        if (status == PIPETTE_OK)
            status = segment_add(to, &copy, error);
    }
    if (status != PIPETTE_OK)
        segment_destroy(to);
    return status;
}

void segment_destroy(segment *s)
{
    uint32_t i;
    for (i = 0; i < s->factor_count; i++)
        factor_destroy(&s->factors[i]);
    free(s->factors);
    free(s->places);
    memset(s, 0, sizeof *s);
}

int exploration_new(exploration **out, pipette_error *error)
{
    *out = calloc(1, sizeof **out);
    return *out == NULL ? no_memory(error) : PIPETTE_OK;
}

void exploration_destroy(exploration *points)
{
    uint32_t i;
    if (points == NULL)
        return;
    for (i = 0; i < points->segment_count; i++)
        segment_destroy(&points->segments[i]);
    for (i = 0; i < points->parameter_count; i++) {
        free(points->parameters[i].name);
        series_release(points->parameters[i].fallback);
    }
    free(points->segments);
    free(points->parameters);
    free(points);
}

void exploration_move_texts(exploration *points, void *(*move)(void *user, size_t size), void *user)
{
    uint32_t i, j, k, l;
    for (i = 0; i < points->segment_count; i++)
        for (j = 0; j < points->segments[i].factor_count; j++)
            for (k = 0; k < points->segments[i].factors[j].axis_count; k++) {
                axis *a = &points->segments[i].factors[j].axes[k];
                for (l = 0; l < a->piece_count; l++)
                    series_move_text(a->pieces[l].series, move, user);
            }
}

uint32_t exploration_index(const exploration *points, const char *name)
{
    uint32_t i;
    for (i = 0; i < points->parameter_count; i++)
        if (strcmp(points->parameters[i].name, name) == 0)
            return i;
    return UINT32_MAX;
}

int exploration_add_parameter(exploration *points, const char *name, int type, series *fallback, pipette_error *error)
{
    explored *parameters = realloc(points->parameters, (points->parameter_count + 1) * sizeof *parameters);
    char *copy = strdup(name);
    if (parameters != NULL)
        points->parameters = parameters;
    if (parameters == NULL || copy == NULL) {
        free(copy);
        return no_memory(error);
    }
    parameters[points->parameter_count].name = copy;
    parameters[points->parameter_count].type = type;
    parameters[points->parameter_count].fallback = fallback == NULL ? NULL : series_share(fallback);
    points->parameter_count++;
    return PIPETTE_OK;
}

int exploration_add_segment(exploration *points, segment *taken, pipette_error *error)
{
    segment *segments = realloc(points->segments, (points->segment_count + 1) * sizeof *segments);
    if (segments == NULL) {
        segment_destroy(taken);
        return no_memory(error);
    }
    points->segments = segments;
    segments[points->segment_count++] = *taken;
    memset(taken, 0, sizeof *taken);
    return PIPETTE_OK;
}

static int too_many(const segment *s, pipette_error *error)
{
    double power = 0.0;
    uint32_t i;
    for (i = 0; i < s->factor_count; i++)
        power += log10((double)s->factors[i].count);
    if (fabs(power - round(power)) < 1e-9)
        return pipette_error_set(error, PIPETTE_E_INVALID,
                                 "the product has 10^%.0f points; at most 2^63 (about 10^19) can be numbered", power);
    return pipette_error_set(error, PIPETTE_E_INVALID,
                             "the product has about 10^%.1f points; at most 2^63 (about 10^19) can be numbered", power);
}

static int finish_segment(const exploration *points, segment *s, pipette_error *error)
{
    uint32_t i, j;
    uint64_t inner = 1;
    free(s->places);
    s->places = calloc(points->parameter_count + 1, sizeof *s->places);
    if (s->places == NULL)
        return no_memory(error);
    for (i = s->factor_count; i-- > 0;) {
        factor *f = &s->factors[i];
        for (j = 0; j < f->axis_count; j++) {
            uint32_t parameter = f->axes[j].parameter;
            if (f->axes[j].count != f->count)
                return pipette_error_set(error, PIPETTE_E_INVALID, "a zip of unequal lengths: %llu and %llu",
                                         (unsigned long long)f->count, (unsigned long long)f->axes[j].count);
            if (f->count == 0 || parameter >= points->parameter_count || s->places[parameter].axis != NULL)
                return pipette_error_set(error, PIPETTE_E_INVALID,
                                         "a parameter stands twice in one segment, or without values");
            s->places[parameter].axis = &f->axes[j];
            s->places[parameter].inner = inner;
        }
        if (__builtin_mul_overflow(inner, f->count, &inner) || inner > POINTS_MAX)
            return too_many(s, error);
    }
    for (i = 0; i < points->parameter_count; i++)
        if (s->places[i].axis == NULL)
            return pipette_error_set(error, PIPETTE_E_INVALID, "a segment lacks parameter '%s'",
                                     points->parameters[i].name);
    s->count = inner;
    return PIPETTE_OK;
}

int exploration_finish(exploration *points, pipette_error *error)
{
    uint32_t i;
    points->count = 0;
    for (i = 0; i < points->segment_count; i++) {
        segment *s = &points->segments[i];
        int status = finish_segment(points, s, error);
        if (status != PIPETTE_OK)
            return status;
        s->first = points->count;
        points->count += s->count; /* both at most 2^63, so the sum cannot pass 2^64 before the check, except exactly */
        if (points->count > POINTS_MAX || points->count < s->count)
            return pipette_error_set(
                error, PIPETTE_E_INVALID,
                "there would be more than 2^63 (about 10^19) points in all; they cannot be numbered");
    }
    return PIPETTE_OK;
}

/* ---- What it is ---- */

static int is_product(const segment *s, uint32_t parameter_count)
{
    uint32_t i;
    for (i = 0; i < s->factor_count; i++)
        if (s->factors[i].axis_count != 1 || s->factors[i].axes[0].parameter != i)
            return 0;
    return s->factor_count == parameter_count;
}

/* Whether the slowest axis still goes up or down where segments have been added to it: tools look values up in it. */
static int goes_on(const exploration *points)
{
    const int type = points->parameters[0].type;
    value_element last, next;
    uint64_t k, seen = 0;
    uint32_t i;
    int direction = 0, turn;
    for (i = 0; i < points->segment_count; i++)
        for (k = 0; k < points->segments[i].factors[0].count; k++, last = next) {
            axis_get(&points->segments[i].factors[0].axes[0], k, &next);
            if (seen++ == 0)
                continue;
            turn = value_element_compare(type, &last, &next);
            if (turn == 0 || (direction != 0 && (turn > 0) != (direction > 0)))
                return 0;
            direction = turn;
        }
    return 1;
}

/* More values of the slowest axis are more segments, alike but for that. */
int exploration_product(const exploration *points, uint64_t values_most, uint64_t *counts)
{
    const segment *first = points->segments;
    uint32_t i, k;
    if (points->segment_count == 0)
        return 0;
    for (i = 0; i < points->segment_count; i++) {
        const segment *s = &points->segments[i];
        if (!is_product(s, points->parameter_count))
            return 0;
        for (k = 1; i > 0 && k < s->factor_count; k++)
            if (!axis_same(&s->factors[k].axes[0], &first->factors[k].axes[0]))
                return 0;
    }
    for (k = 0; k < first->factor_count; k++) {
        counts[k] = first->factors[k].count;
        for (i = 1; k == 0 && i < points->segment_count; i++)
            counts[0] += points->segments[i].factors[0].count;
        if (counts[k] > values_most)
            return 0;
        values_most -= counts[k];
    }
    return points->segment_count == 1 || (points->parameter_count > 0 && goes_on(points));
}

void exploration_axis(const exploration *points, uint32_t parameter, void *out)
{
    const size_t size = pipette_type_size(points->parameters[parameter].type);
    uint64_t at = 0;
    uint32_t i;
    for (i = 0; i < (parameter == 0 ? points->segment_count : 1); i++) {
        const axis *values = &points->segments[i].factors[parameter].axes[0];
        axis_fill(values, 0, values->count, (char *)out + at * size);
        at += values->count;
    }
}

uint64_t exploration_count(const exploration *points)
{
    return points->count;
}

uint32_t exploration_parameter_count(const exploration *points)
{
    return points->parameter_count;
}

const char *exploration_parameter(const exploration *points, uint32_t parameter)
{
    return parameter < points->parameter_count ? points->parameters[parameter].name : NULL;
}

int exploration_parameter_type(const exploration *points, uint32_t parameter)
{
    return parameter < points->parameter_count ? points->parameters[parameter].type : PIPETTE_TYPE_NONE;
}

/* ---- Values of a block ---- */

/* `count` times the element at `element`. */
static void repeat(const void *element, size_t size, uint64_t count, char *out)
{
    uint64_t i;
    if (size == sizeof(uint64_t)) {
        uint64_t bits;
        memcpy(&bits, element, sizeof bits);
        for (i = 0; i < count; i++)
            memcpy(out + i * sizeof bits, &bits, sizeof bits);
    } else if (size == sizeof(uint32_t)) {
        uint32_t bits;
        memcpy(&bits, element, sizeof bits);
        for (i = 0; i < count; i++)
            memcpy(out + i * sizeof bits, &bits, sizeof bits);
    } else if (size == 1) {
        memset(out, *(const unsigned char *)element, (size_t)count);
    } else {
        for (i = 0; i < count; i++)
            memcpy(out + i * size, element, size);
    }
}

/* Points that stay below the axis' period. Every division is made once per block. */
static char *fill_stretch(const place *at, size_t size, uint64_t first, uint64_t count, char *out)
{
    enum { CHUNK = 128 };
    value_element chunk[CHUNK];
    uint64_t index, left, inner = at->inner;
    if (inner == 1) {
        axis_fill(at->axis, first, count, out);
        return out + (size_t)count * size;
    }
    index = first / inner;
    left = inner - first % inner; /* points that still have the value at `index` */
    while (count > 0) {
        uint64_t wanted = (count - 1) / inner + 2, have, i;
        have = wanted < CHUNK ? wanted : CHUNK;
        if (have > at->axis->count - index)
            have = at->axis->count - index;
        axis_fill(at->axis, index, have, chunk);
        for (i = 0; i < have && count > 0; i++) {
            uint64_t part = left < count ? left : count;
            repeat((const char *)chunk + i * size, size, part, out);
            out += (size_t)part * size;
            count -= part;
            left = inner;
        }
        index += have;
    }
    return out;
}

void place_fill(const place *at, uint64_t first, uint64_t count, void *out)
{
    enum { COPY_BYTES = 16384 };
    size_t size = pipette_type_size(axis_type(at->axis));
    uint64_t period = at->inner * at->axis->count, done, part;
    char *start = out;
    if (count == 0)
        return;
    if (at->axis->count == 1) {
        value_element element;
        axis_get(at->axis, 0, &element);
        repeat(&element, size, count, out);
        return;
    }
    first %= period;
    part = period - first < count ? period - first : count;
    (void)fill_stretch(at, size, first, part, start);
    done = part;
    if (done < count && done < period) {
        part = period - done < count - done ? period - done : count - done;
        (void)fill_stretch(at, size, 0, part, start + (size_t)done * size);
        done += part;
    }
    /* Everything behind the first period is a copy of it, taken from near by while the cache has it. */
    while (done < count) {
        part = done;
        if (part * size > COPY_BYTES)
            part = period * size > COPY_BYTES ? period : COPY_BYTES / size / period * period;
        part = part < count - done ? part : count - done;
        memcpy(start + (size_t)done * size, start, (size_t)part * size);
        done += part;
    }
}

static const segment *segment_at(const exploration *points, uint64_t point)
{
    uint32_t low = 0, high = points->segment_count;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (points->segments[middle].first <= point)
            low = middle;
        else
            high = middle;
    }
    return &points->segments[low];
}

void exploration_fill(const exploration *points, uint32_t parameter, uint64_t first, uint64_t count, void *out)
{
    size_t size = pipette_type_size(points->parameters[parameter].type);
    const segment *s = segment_at(points, first);
    char *at = out;
    while (count > 0) {
        uint64_t skip = first - s->first, part = s->count - skip < count ? s->count - skip : count;
        place_fill(&s->places[parameter], skip, part, at);
        at += (size_t)part * size;
        first += part;
        count -= part;
        s++;
    }
}
