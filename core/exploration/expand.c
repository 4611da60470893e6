/* expand.c: old points and then the new ones that they lack; which old points a new exploration asks for; distinct
 * values. */
#include "exploration/difference.h"
#include "exploration/match.h"
#include "exploration/points.h"

#include <stdlib.h>

enum { VALUES_MAX = 100000000 };

static int no_memory(pipette_error *error)
{
    return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
}

/* ---- Parameters ---- */

/* The parameters of `wider`, in their order, then those that only `added` has. */
static int merge_parameters(const exploration *wider, const exploration *added, exploration *merged,
                            pipette_error *error)
{
    uint32_t i, count = wider == NULL ? 0 : wider->parameter_count;
    int status = PIPETTE_OK;
    for (i = 0; i < count && status == PIPETTE_OK; i++) {
        const explored *p = &wider->parameters[i];
        uint32_t j = exploration_index(added, p->name);
        if (j == UINT32_MAX)
            return pipette_error_set(error, PIPETTE_E_INVALID,
                                     "'%s' is explored already, so the new points must say its values, too", p->name);
        if (added->parameters[j].type != p->type)
            return pipette_error_set(error, PIPETTE_E_TYPE, "'%s' was explored as %s and is %s now", p->name,
                                     pipette_type_text(p->type), pipette_type_text(added->parameters[j].type));
        status = exploration_add_parameter(
            merged, p->name, p->type,
            added->parameters[j].fallback != NULL ? added->parameters[j].fallback : p->fallback, error);
    }
    for (i = 0; i < added->parameter_count && status == PIPETTE_OK; i++) {
        const explored *p = &added->parameters[i];
        if (exploration_index(merged, p->name) != UINT32_MAX)
            continue;
        if (p->fallback == NULL)
            return pipette_error_set(error, PIPETTE_E_INVALID,
                                     "'%s' is newly explored, and its value in the old runs is not known", p->name);
        status = exploration_add_parameter(merged, p->name, p->type, p->fallback, error);
    }
    return status;
}

static int add_constant(segment *s, uint32_t parameter, series *value, pipette_error *error)
{
    axis constant = {parameter, 0, NULL, 0};
    factor f = {NULL, 0, 0};
    int status = axis_append(&constant, value, 0, 1, 1, error);
    if (status == PIPETTE_OK)
        status = factor_add(&f, &constant, error);
    return status == PIPETTE_OK ? segment_add(s, &f, error) : status;
}

/* The old points, with the defaults of what was not explored then. */
static int copy_old(const exploration *wider, exploration *merged, pipette_error *error)
{
    uint32_t known = wider == NULL ? 0 : wider->parameter_count, count = wider == NULL ? 1 : wider->segment_count, i, j;
    int status = PIPETTE_OK;
    for (i = 0; i < count && status == PIPETTE_OK; i++) {
        segment s;
        memset(&s, 0, sizeof s);
        if (wider != NULL)
            status = segment_copy(&wider->segments[i], &s, error);
        for (j = known; j < merged->parameter_count && status == PIPETTE_OK; j++)
            status = add_constant(&s, j, merged->parameters[j].fallback, error);
        if (status == PIPETTE_OK)
            status = exploration_add_segment(merged, &s, error);
        else
            segment_destroy(&s);
    }
    return status;
}

/* ---- New segments in terms of the old values ---- */

/* The different axes that a parameter has in the segments; the caller frees *out. */
static int axes_of(const exploration *points, uint32_t parameter, const axis ***out, uint32_t *count,
                   pipette_error *error)
{
    const axis **axes = malloc((points->segment_count + 1) * sizeof *axes);
    uint32_t i, j, k, l;
    *out = axes;
    *count = 0;
    if (axes == NULL)
        return no_memory(error);
    for (i = 0; i < points->segment_count; i++)
        for (j = 0; j < points->segments[i].factor_count; j++)
            for (k = 0; k < points->segments[i].factors[j].axis_count; k++) {
                const axis *a = &points->segments[i].factors[j].axes[k];
                if (a->parameter != parameter)
                    continue;
                for (l = 0; l < *count && !axis_same(axes[l], a); l++)
                    ;
                if (l == *count)
                    axes[(*count)++] = a;
            }
    return PIPETTE_OK;
}

static int may_repeat(const axis *a)
{
    uint32_t i;
    for (i = 0; i < a->piece_count; i++) {
        const series *s = a->pieces[i].series;
        if (s->kind == PIPETTE_AXIS_VALUES || (s->kind != PIPETTE_AXIS_STEP && s->from == s->to) ||
            (s->kind == PIPETTE_AXIS_STEP && s->step == 0.0 && s->magnitude == 0))
            return 1;
    }
    return 0;
}

/* A point that the new exploration has twice is one new point. */
static int drop_repeats(factor *f, pipette_error *error)
{
    factor distinct;
    tuples table;
    uint8_t *mask;
    uint32_t i;
    int status;
    for (i = 0; i < f->axis_count; i++)
        if (!may_repeat(&f->axes[i]))
            return PIPETTE_OK;
    if (f->count > MATCH_LISTED_MAX)
        return PIPETTE_OK;
    mask = malloc((size_t)f->count);
    if (mask == NULL)
        return no_memory(error);
    status = tuples_create(f, &table, mask, error);
    if (status == PIPETTE_OK) {
        tuples_destroy(&table);
        status = factor_select(f, mask, 1, &distinct, error);
    }
    free(mask);
    if (status == PIPETTE_OK) {
        factor_destroy(f);
        *f = distinct;
    }
    return status;
}

/* A copy of a segment of `added`, with the parameter numbers and, where equal, the values of `known`. */
static int restate(const exploration *added, const segment *from, const exploration *known, segment *out,
                   pipette_error *error)
{
    uint32_t i, j, count;
    int status = segment_copy(from, out, error);
    for (i = 0; i < out->factor_count && status == PIPETTE_OK; i++) {
        for (j = 0; j < out->factors[i].axis_count && status == PIPETTE_OK; j++) {
            axis *a = &out->factors[i].axes[j], stored;
            const axis **axes = NULL;
            const char *name = added->parameters[a->parameter].name;
            a->parameter = exploration_index(known, name);
            if (a->parameter == UINT32_MAX)
                status = pipette_error_set(error, PIPETTE_E_INVALID, "'%s' was not explored", name);
            if (status == PIPETTE_OK)
                status = axes_of(known, a->parameter, &axes, &count, error);
            if (status == PIPETTE_OK)
                status = match_stored(a, axes, count, name, &stored, error);
            if (status == PIPETTE_OK) {
                axis_destroy(a);
                *a = stored;
            }
            free(axes);
        }
        if (status == PIPETTE_OK)
            status = drop_repeats(&out->factors[i], error);
    }
    if (status != PIPETTE_OK)
        segment_destroy(out);
    return status;
}

static int prepare(const exploration *points, pipette_error *error)
{
    uint32_t i, j, k;
    int status = PIPETTE_OK;
    for (i = 0; i < points->segment_count; i++)
        for (j = 0; j < points->segments[i].factor_count; j++)
            for (k = 0; k < points->segments[i].factors[j].axis_count && status == PIPETTE_OK; k++)
                status = match_prepare(&points->segments[i].factors[j].axes[k], error);
    return status;
}

static void forget(const exploration *points)
{
    uint32_t i, j, k;
    for (i = 0; i < points->segment_count; i++)
        for (j = 0; j < points->segments[i].factor_count; j++)
            for (k = 0; k < points->segments[i].factors[j].axis_count; k++)
                match_forget(&points->segments[i].factors[j].axes[k]);
}

/* Appends what `wanted` (taken over) has beyond the segments that are there. */
static int append_rest(exploration *merged, segment *wanted, pipette_error *error)
{
    segment *rest = NULL, *next;
    uint32_t rest_count = 0, next_count, i, j, old = merged->segment_count;
    int status = difference_append(&rest, &rest_count, wanted, error);
    for (i = 0; i < old && status == PIPETTE_OK; i++) {
        next = NULL;
        next_count = 0;
        for (j = 0; j < rest_count && status == PIPETTE_OK; j++)
            status = difference_of(&rest[j], &merged->segments[i], &next, &next_count, error);
        difference_destroy(rest, rest_count);
        rest = next;
        rest_count = next_count;
    }
    for (j = 0; j < rest_count && status == PIPETTE_OK; j++)
        status = exploration_add_segment(merged, &rest[j], error);
    difference_destroy(rest, rest_count);
    return status;
}

int exploration_expand(const exploration *wider, const exploration *added, exploration **out, pipette_error *error)
{
    exploration *merged;
    uint32_t i, old;
    int status;
    *out = NULL;
    status = exploration_new(&merged, error);
    if (status != PIPETTE_OK)
        return status;
    status = merge_parameters(wider, added, merged, error);
    if (status == PIPETTE_OK)
        status = copy_old(wider, merged, error);
    old = merged->segment_count;
    for (i = 0; i < added->segment_count && status == PIPETTE_OK; i++) {
        segment wanted;
        status = prepare(merged, error);
        if (status == PIPETTE_OK)
            status = restate(added, &added->segments[i], merged, &wanted, error);
        if (status == PIPETTE_OK)
            status = append_rest(merged, &wanted, error);
    }
    forget(merged);
    forget(added);
    if (status == PIPETTE_OK)
        status = exploration_finish(merged, error);
    if (status != PIPETTE_OK || merged->segment_count == old) {
        exploration_destroy(merged);
        return status;
    }
    *out = merged;
    return PIPETTE_OK;
}

/* ---- Which points are asked for ---- */

typedef struct matcher {
    const exploration *all;
    segment wanted;
    tuples *tables; /* per factor of `wanted`; used where it has several axes */
    value_element *tuple;
    char **columns;  /* per parameter, BLOCK elements */
    uint8_t *passes; /* per factor of `wanted`: the old segment has the very same one */
} matcher;

enum { BLOCK = 1024 };

static void matcher_destroy(matcher *m)
{
    uint32_t i;
    for (i = 0; m->tables != NULL && i < m->wanted.factor_count; i++)
        tuples_destroy(&m->tables[i]);
    for (i = 0; m->columns != NULL && i < m->all->parameter_count; i++)
        free(m->columns[i]);
    free(m->tables);
    free(m->columns);
    free(m->passes);
    free(m->tuple);
    segment_destroy(&m->wanted);
}

static int matcher_create(matcher *m, const exploration *all, const exploration *wanted, uint32_t number,
                          pipette_error *error)
{
    uint32_t i;
    int status;
    memset(m, 0, sizeof *m);
    m->all = all;
    status = restate(wanted, &wanted->segments[number], all, &m->wanted, error);
    if (status != PIPETTE_OK)
        return status;
    m->tables = calloc(m->wanted.factor_count + 1, sizeof *m->tables);
    m->columns = calloc(all->parameter_count + 1, sizeof *m->columns);
    m->tuple = calloc(all->parameter_count + 1, sizeof *m->tuple);
    m->passes = calloc(m->wanted.factor_count + 1, 1);
    if (m->tables == NULL || m->columns == NULL || m->tuple == NULL || m->passes == NULL)
        status = no_memory(error);
    for (i = 0; i < all->parameter_count && status == PIPETTE_OK; i++) {
        m->columns[i] = malloc(BLOCK * pipette_type_size(all->parameters[i].type));
        if (m->columns[i] == NULL)
            status = no_memory(error);
    }
    for (i = 0; i < m->wanted.factor_count && status == PIPETTE_OK; i++) {
        const factor *f = &m->wanted.factors[i];
        if (f->axis_count == 1)
            status = match_prepare(&f->axes[0], error);
        else if (f->count > MATCH_LISTED_MAX)
            status = pipette_error_set(error, PIPETTE_E_UNSUPPORTED, "a list of %llu points is too long to compare",
                                       (unsigned long long)f->count);
        else
            status = tuples_create(f, &m->tables[i], NULL, error);
    }
    if (status != PIPETTE_OK)
        matcher_destroy(m);
    return status;
}

/* Marks those of `count` points, whose values stand in the columns, that factor `number` of the wanted segment has. */
static void narrow(matcher *m, uint32_t number, uint64_t count, uint8_t *hit)
{
    const factor *f = &m->wanted.factors[number];
    uint64_t i;
    uint32_t j;
    for (i = 0; i < count; i++) {
        if (!hit[i])
            continue;
        for (j = 0; j < f->axis_count; j++)
            value_load(axis_type(&f->axes[j]), m->columns[f->axes[j].parameter], i, &m->tuple[j]);
        hit[i] = (uint8_t)((f->axis_count == 1 ? match_contains(&f->axes[0], m->tuple)
                                               : tuples_has(&m->tables[number], m->tuple))
                               ? 1
                               : 0);
    }
}

static void match_segment(matcher *m, const segment *old, uint64_t skip, uint64_t count, uint8_t *mask)
{
    uint8_t hit[BLOCK];
    uint64_t done, part, i;
    uint32_t f, j;
    for (f = 0; f < m->wanted.factor_count; f++) {
        m->passes[f] = 0;
        for (j = 0; j < old->factor_count; j++)
            m->passes[f] = m->passes[f] || factor_same(&old->factors[j], &m->wanted.factors[f]);
    }
    for (done = 0; done < count; done += part) {
        part = count - done < BLOCK ? count - done : BLOCK;
        memset(hit, 1, sizeof hit);
        for (f = 0; f < m->wanted.factor_count; f++) {
            if (m->passes[f])
                continue;
            for (j = 0; j < m->wanted.factors[f].axis_count; j++) {
                uint32_t parameter = m->wanted.factors[f].axes[j].parameter;
                place_fill(&old->places[parameter], skip + done, part, m->columns[parameter]);
            }
            narrow(m, f, part, hit);
        }
        for (i = 0; i < part; i++)
            mask[done + i] = mask[done + i] | hit[i];
    }
}

int exploration_match(const exploration *all, const exploration *wanted, uint64_t first, uint64_t count, uint8_t *mask,
                      pipette_error *error)
{
    uint32_t i, j;
    int status;
    memset(mask, 0, (size_t)count);
    for (i = 0; i < all->parameter_count; i++)
        if (exploration_index(wanted, all->parameters[i].name) == UINT32_MAX)
            return pipette_error_set(error, PIPETTE_E_INVALID, "'%s' is explored, but has no values here",
                                     all->parameters[i].name);
    status = prepare(all, error);
    for (i = 0; i < wanted->segment_count && status == PIPETTE_OK; i++) {
        matcher m;
        status = matcher_create(&m, all, wanted, i, error);
        if (status != PIPETTE_OK)
            break;
        for (j = 0; j < all->segment_count; j++) {
            const segment *old = &all->segments[j];
            uint64_t low = first > old->first ? first : old->first;
            uint64_t high = first + count < old->first + old->count ? first + count : old->first + old->count;
            if (low < high)
                match_segment(&m, old, low - old->first, high - low, mask + (low - first));
        }
        matcher_destroy(&m);
    }
    forget(all);
    forget(wanted);
    return status;
}

/* ---- Distinct values ---- */

static int compare_elements(const void *a, const void *b, void *user)
{
    const int *type = user;
    value_element x, y;
    value_load(*type, a, 0, &x);
    value_load(*type, b, 0, &y);
    return value_element_compare(*type, &x, &y);
}

static int distinct_strings(const void *values, uint64_t count, series **out, pipette_error *error)
{
    series *list;
    axis a = {0, 0, NULL, 0};
    factor f = {NULL, 0, 0};
    int status = series_list(PIPETTE_TYPE_STRING, values, count, "values", &list, error);
    if (status != PIPETTE_OK)
        return status;
    status = axis_append(&a, list, 0, 1, count, error);
    if (status == PIPETTE_OK)
        status = factor_add(&f, &a, error);
    if (status == PIPETTE_OK)
        status = drop_repeats(&f, error);
    if (status == PIPETTE_OK)
        *out = series_share(f.axes[0].pieces[0].series);
    factor_destroy(&f);
    series_release(list);
    return status;
}

static uint64_t sort_distinct(int type, char *values, uint64_t count)
{
    size_t size = pipette_type_size(type);
    uint64_t i, kept = 1;
    for (i = 1; i < count && compare_elements(values + (i - 1) * size, values + i * size, &type) < 0; i++)
        ;
    if (i >= count)
        return count;
    qsort_r(values, (size_t)count, size, compare_elements, &type);
    for (i = 1; i < count; i++)
        if (compare_elements(values + (kept - 1) * size, values + i * size, &type) != 0) {
            memmove(values + kept * size, values + i * size, size);
            kept++;
        }
    return kept;
}

int exploration_values(const exploration *points, uint32_t parameter, series **out, pipette_error *error)
{
    const axis **axes;
    const char *name = points->parameters[parameter].name;
    int type = points->parameters[parameter].type;
    uint64_t total = 0;
    uint32_t count, i;
    char *values = NULL, *at;
    int status = axes_of(points, parameter, &axes, &count, error);
    *out = NULL;
    for (i = 0; i < count && status == PIPETTE_OK; i++) {
        total += axes[i]->count;
        if (axes[i]->count > VALUES_MAX || total > VALUES_MAX)
            status = pipette_error_set(error, PIPETTE_E_UNSUPPORTED, "'%s' has more than %d values; too many to list",
                                       name, (int)VALUES_MAX);
    }
    if (status == PIPETTE_OK && (values = malloc((size_t)total * pipette_type_size(type))) == NULL)
        status = no_memory(error);
    if (status == PIPETTE_OK) {
        for (i = 0, at = values; i < count; i++) {
            axis_fill(axes[i], 0, axes[i]->count, at);
            at += (size_t)axes[i]->count * pipette_type_size(type);
        }
        if (type == PIPETTE_TYPE_STRING)
            status = distinct_strings(values, total, out, error);
        else
            status = series_list(type, values, sort_distinct(type, values, total), name, out, error);
    }
    free(values);
    free(axes);
    return status;
}
