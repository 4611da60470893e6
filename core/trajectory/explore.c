/* explore.c: checks what shall be explored and makes axes, zips and their product of it. */
#include "trajectory/explore.h"

#include "trajectory/parameter.h"
#include "base/utf8.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

/* An axis as it was asked for, with what it became. */
typedef struct request {
    pipette_axis wanted;
    tree_node *node;
    char what[300]; /* "axis 'neuron.I'": opens messages */
    series *values;
    uint32_t group; /* lowest number of an axis that advances with it */
} request;

typedef struct plan {
    request *requests;
    uint32_t count;
    uint32_t *groups; /* in the order of the product, slowest first */
    uint32_t group_count;
} plan;

static int no_memory(pipette_error *error)
{
    return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
}

/* Values of an axis are what tells runs apart: they are not repaired. */
static int check_texts(int type, const void *elements, uint64_t count, const char *what, pipette_error *error)
{
    uint64_t i;
    for (i = 0; type == PIPETTE_TYPE_STRING && i < count; i++) {
        const char *text = ((const char *const *)elements)[i];
        int wrong = text == NULL ? -1 : utf8_first_wrong(text);
        if (wrong >= 0)
            return pipette_error_set(error, PIPETTE_E_INVALID, "%s: value %llu holds byte 0x%02x, which is not UTF-8",
                                     what, (unsigned long long)i, (unsigned)wrong);
    }
    return PIPETTE_OK;
}

int explore_fallback(const tree_node *node, series **out, pipette_error *error)
{
    int status = check_texts(node->value.type, pipette_value_data(&node->value), 1, node->path, error);
    return status != PIPETTE_OK
               ? status
               : series_list(node->value.type, pipette_value_data(&node->value), 1, node->path, out, error);
}

/* ---- One axis ---- */

static int is_integer(int type)
{
    return type == PIPETTE_TYPE_I64 || type == PIPETTE_TYPE_I32 || type == PIPETTE_TYPE_U64;
}

static int is_float(int type)
{
    return type == PIPETTE_TYPE_F64 || type == PIPETTE_TYPE_F32;
}

/* Each value of a list, or the ends of a range: rules are monotonous. */
static int check_bounds(const request *r, pipette_error *error)
{
    const series *s = r->values;
    uint64_t step = s->kind == PIPETTE_AXIS_VALUES || s->count == 1 ? 1 : s->count - 1, i;
    if (r->node->spec == NULL)
        return PIPETTE_OK;
    for (i = 0; i < s->count; i += step) {
        value_element element;
        int status;
        series_get(s, i, &element);
        status = parameter_check_element(r->node->spec, r->what, &element, error);
        if (status != PIPETTE_OK)
            return status;
    }
    return PIPETTE_OK;
}

static int make_list(request *r, pipette_error *error)
{
    pipette_value converted;
    int type = r->node->value.type, status;
    if (r->wanted.values.type == PIPETTE_TYPE_NONE)
        return pipette_error_set(error, PIPETTE_E_INVALID, "%s: it has no values", r->what);
    if (r->wanted.values.rank != 1)
        return pipette_error_set(error, PIPETTE_E_TYPE, "%s: the values must be a list, not of rank %lu", r->what,
                                 (unsigned long)r->wanted.values.rank);
    if (r->wanted.values.shape != NULL && r->wanted.values.shape[0] == 0)
        return pipette_error_set(error, PIPETTE_E_INVALID, "%s: the list of values is empty", r->what);
    status = value_convert(&r->wanted.values, type, r->what, &converted, error);
    if (status != PIPETTE_OK)
        return status;
    status = check_texts(type, converted.data, converted.shape[0], r->what, error);
    if (status == PIPETTE_OK)
        status = series_list(type, converted.data, converted.shape[0], r->what, &r->values, error);
    value_destroy(&converted);
    return status;
}

/* One of from, to, step. Of an axis over f32, doubles: from + i * step is rounded once, at the end. */
static int end_of_range(const request *r, const pipette_value *value, const char *name, int type, value_element *out,
                        pipette_error *error)
{
    char what[340];
    value_element from;
    int status;
    (void)snprintf(what, sizeof what, "%s, '%s'", r->what, name);
    if (value->type == PIPETTE_TYPE_NONE)
        return pipette_error_set(error, PIPETTE_E_INVALID, "%s: '%s' is missing", r->what, name);
    status = value_check(value, what, error);
    if (status != PIPETTE_OK)
        return status;
    if (value->rank != 0)
        return pipette_error_set(error, PIPETTE_E_TYPE, "%s: one value belongs here, not an array", what);
    memset(&from, 0, sizeof from);
    value_load(value->type, pipette_value_data(value), 0, &from);
    status = value_element_convert(value->type, &from, type == PIPETTE_TYPE_F32 ? PIPETTE_TYPE_F64 : type, out);
    if (status != PIPETTE_OK)
        return value_convert_fail(status, what, value->type, &from, type, error);
    if (is_float(type) && !isfinite(out->f64))
        return pipette_error_set(error, PIPETTE_E_INVALID, "%s: it must be a finite number", what);
    return PIPETTE_OK;
}

static int leads_away(const request *r, const value_element *from, const value_element *to, const char *step, int type,
                      pipette_error *error)
{
    char text[2][VALUE_TEXT_SIZE];
    type = type == PIPETTE_TYPE_F32 ? PIPETTE_TYPE_F64 : type;
    return pipette_error_set(error, PIPETTE_E_INVALID, "%s: a step of %s leads away from %s, starting at %s", r->what,
                             step, value_element_text(type, to, text[0]), value_element_text(type, from, text[1]));
}

static int too_long(const request *r, double count, pipette_error *error)
{
    return pipette_error_set(error, PIPETTE_E_INVALID,
                             "%s: it has about 10^%.0f values; at most 2^63 (about 10^19) points can be numbered",
                             r->what, log10(count));
}

static int make_float_steps(request *r, int type, pipette_error *error)
{
    value_element from, to, step;
    double steps;
    int status = end_of_range(r, &r->wanted.from, "from", type, &from, error);
    if (status == PIPETTE_OK)
        status = end_of_range(r, &r->wanted.to, "to", type, &to, error);
    if (status == PIPETTE_OK)
        status = end_of_range(r, &r->wanted.step, "step", type, &step, error);
    if (status != PIPETTE_OK)
        return status;
    if (step.f64 == 0.0)
        return pipette_error_set(error, PIPETTE_E_INVALID, "%s: the step is 0", r->what);
    steps = (to.f64 - from.f64) / step.f64;
    if (steps < 0.0) {
        char text[VALUE_TEXT_SIZE];
        return leads_away(r, &from, &to, value_element_text(PIPETTE_TYPE_F64, &step, text), type, error);
    }
    /* From 10^6 steps on, the rounding of the division itself is more than 1e-9 of a step. */
    steps = floor(steps + fmax(1e-9, 4.0 * DBL_EPSILON * steps));
    if (!(steps < 9.2e18))
        return isfinite(steps) ? too_long(r, steps, error)
                               : pipette_error_set(error, PIPETTE_E_INVALID, "%s: the step is too small", r->what);
    return series_float(type, PIPETTE_AXIS_STEP, from.f64, step.f64, (uint64_t)steps + 1, r->what, &r->values, error);
}

/* The distance of two integers of a type, and which way it goes. */
static uint64_t distance(int type, const value_element *from, const value_element *to, int *descending)
{
    uint64_t a = type == PIPETTE_TYPE_I32 ? (uint64_t)(int64_t)from->i32 : from->u64;
    uint64_t b = type == PIPETTE_TYPE_I32 ? (uint64_t)(int64_t)to->i32 : to->u64;
    *descending = value_element_compare(type, to, from) < 0;
    return *descending ? a - b : b - a;
}

/* A step may be negative even where the values may not. */
static int integer_step(const request *r, uint64_t *magnitude, int *descending, pipette_error *error)
{
    value_element step;
    int status, type = r->wanted.step.type == PIPETTE_TYPE_U64 ? PIPETTE_TYPE_U64 : PIPETTE_TYPE_I64;
    status = end_of_range(r, &r->wanted.step, "step", type, &step, error);
    if (status != PIPETTE_OK)
        return status;
    *descending = type == PIPETTE_TYPE_I64 && step.i64 < 0;
    *magnitude = *descending ? 0 - step.u64 : step.u64;
    return *magnitude == 0 ? pipette_error_set(error, PIPETTE_E_INVALID, "%s: the step is 0", r->what) : PIPETTE_OK;
}

static int make_integer_steps(request *r, int type, pipette_error *error)
{
    value_element from, to;
    uint64_t span, magnitude, steps;
    int down, descending, status = end_of_range(r, &r->wanted.from, "from", type, &from, error);
    if (status == PIPETTE_OK)
        status = end_of_range(r, &r->wanted.to, "to", type, &to, error);
    if (status == PIPETTE_OK)
        status = integer_step(r, &magnitude, &descending, error);
    if (status != PIPETTE_OK)
        return status;
    span = distance(type, &from, &to, &down);
    if (span > 0 && down != descending) {
        char text[32];
        (void)snprintf(text, sizeof text, "%s%llu", descending ? "-" : "", (unsigned long long)magnitude);
        return leads_away(r, &from, &to, text, type, error);
    }
    steps = span / magnitude;
    if (steps >= POINTS_MAX)
        return too_long(r, (double)steps, error);
    return series_integer(type, type == PIPETTE_TYPE_I32 ? (uint64_t)(int64_t)from.i32 : from.u64, magnitude,
                          descending, steps + 1, r->what, &r->values, error);
}

static int make_integer_count(request *r, int type, pipette_error *error)
{
    value_element from, to;
    uint64_t span, count = r->wanted.count;
    int down, status = end_of_range(r, &r->wanted.from, "from", type, &from, error);
    if (status == PIPETTE_OK)
        status = end_of_range(r, &r->wanted.to, "to", type, &to, error);
    if (status != PIPETTE_OK)
        return status;
    span = distance(type, &from, &to, &down);
    if (count == 1 && span > 0)
        return pipette_error_set(error, PIPETTE_E_INVALID, "%s: a count of 1 cannot hold two ends", r->what);
    if (count > 1 && span % (count - 1) != 0)
        return pipette_error_set(error, PIPETTE_E_INVALID, "%s: %llu values from end to end are not all whole numbers",
                                 r->what, (unsigned long long)count);
    return series_integer(type, type == PIPETTE_TYPE_I32 ? (uint64_t)(int64_t)from.i32 : from.u64,
                          count > 1 ? span / (count - 1) : 0, down, count, r->what, &r->values, error);
}

/* 1, 10, 100, 1000: whole numbers in a geometric series are few, so they become a list. */
static int make_integer_log(request *r, int type, pipette_error *error)
{
    enum { COUNT_MAX = 100000 };
    value_element end;
    double from = 0.0, to = 0.0;
    uint64_t count = r->wanted.count, i;
    char *list;
    int status = end_of_range(r, &r->wanted.from, "from", type, &end, error);
    from = type == PIPETTE_TYPE_I32 ? (double)end.i32 : type == PIPETTE_TYPE_U64 ? (double)end.u64 : (double)end.i64;
    if (status == PIPETTE_OK)
        status = end_of_range(r, &r->wanted.to, "to", type, &end, error);
    to = type == PIPETTE_TYPE_I32 ? (double)end.i32 : type == PIPETTE_TYPE_U64 ? (double)end.u64 : (double)end.i64;
    if (status != PIPETTE_OK)
        return status;
    if (from <= 0 || to <= 0)
        return pipette_error_set(error, PIPETTE_E_INVALID,
                                 "%s: a logarithmic range needs ends above 0, not %.15g and %.15g", r->what, from, to);
    if (count > COUNT_MAX || (count == 1 && from != to))
        return pipette_error_set(error, PIPETTE_E_INVALID, "%s: a count of %llu does not fit between the ends", r->what,
                                 (unsigned long long)count);
    list = calloc((size_t)count, pipette_type_size(type));
    if (list == NULL)
        status = no_memory(error);
    for (i = 0; i < count && status == PIPETTE_OK; i++) {
        double x = count == 1 ? from : from * pow(to / from, (double)i / (double)(count - 1)), whole = round(x);
        value_element element;
        element.f64 = whole;
        if (fabs(x - whole) > 1e-9 * x || whole >= 9.0e15)
            status = pipette_error_set(error, PIPETTE_E_INVALID, "%s: %.15g is no whole number", r->what, x);
        else if (type == PIPETTE_TYPE_I32)
            element.i32 = (int32_t)whole;
        else
            element.i64 = (int64_t)whole;
        memcpy(list + (size_t)i * pipette_type_size(type), &element, pipette_type_size(type));
    }
    if (status == PIPETTE_OK)
        status = series_list(type, list, count, r->what, &r->values, error);
    free(list);
    return status;
}

static int make_float_count(request *r, int type, pipette_error *error)
{
    value_element from, to;
    int status = end_of_range(r, &r->wanted.from, "from", type, &from, error);
    if (status == PIPETTE_OK)
        status = end_of_range(r, &r->wanted.to, "to", type, &to, error);
    if (status != PIPETTE_OK)
        return status;
    return series_float(type, r->wanted.kind, from.f64, to.f64, r->wanted.count, r->what, &r->values, error);
}

static int make_series(request *r, pipette_error *error)
{
    int type = r->node->value.type;
    if (r->wanted.kind == PIPETTE_AXIS_VALUES)
        return make_list(r, error);
    if (r->wanted.kind < PIPETTE_AXIS_VALUES || r->wanted.kind > PIPETTE_AXIS_LOG)
        return pipette_error_set(error, PIPETTE_E_INVALID, "%s: unknown kind of axis (%ld)", r->what,
                                 (long)r->wanted.kind);
    if (!is_integer(type) && !is_float(type))
        return pipette_error_set(error, PIPETTE_E_TYPE,
                                 "%s: it is of type %s, which has no ranges; give a list of values", r->what,
                                 pipette_type_text(type));
    if (r->wanted.kind == PIPETTE_AXIS_STEP)
        return is_float(type) ? make_float_steps(r, type, error) : make_integer_steps(r, type, error);
    if (r->wanted.count == 0)
        return pipette_error_set(error, PIPETTE_E_INVALID, "%s: the range is empty (a count of 0)", r->what);
    if (is_float(type))
        return make_float_count(r, type, error);
    return r->wanted.kind == PIPETTE_AXIS_COUNT ? make_integer_count(r, type, error) : make_integer_log(r, type, error);
}

/* ---- The product ---- */

static void plan_destroy(plan *p)
{
    uint32_t i;
    for (i = 0; i < p->count && p->requests != NULL; i++)
        series_release(p->requests[i].values);
    free(p->requests);
    free(p->groups);
}

static int find_parameter(const node_tree *nodes, const char *name, tree_node **node, pipette_error *error)
{
    pipette_error inner;
    tree_node *other;
    int status = tree_find(nodes, name, NAME_NO_RUN, PIPETTE_BRANCH_PARAMETERS, node, error);
    if (status == PIPETTE_E_NOT_FOUND && tree_find(nodes, name, NAME_NO_RUN, 0, &other, &inner) == PIPETTE_OK)
        return pipette_error_set(error, PIPETTE_E_INVALID, "'%.200s' is no parameter; only parameters can be explored",
                                 other->path);
    return status;
}

static int find_requests(const node_tree *nodes, const pipette_exploration *wanted, plan *p, int unlocked,
                         pipette_error *error)
{
    size_t stride = wanted->axis_stride == 0 ? sizeof(pipette_axis) : wanted->axis_stride;
    uint32_t i, j;
    for (i = 0; i < p->count; i++) {
        request *r = &p->requests[i];
        const pipette_axis *given = (const pipette_axis *)(const void *)((const char *)wanted->axes + i * stride);
        size_t size = given->size < sizeof r->wanted ? given->size : sizeof r->wanted;
        int status;
        memcpy(&r->wanted, given, size < stride ? size : stride);
        r->group = i;
        if (r->wanted.parameter == NULL)
            return pipette_error_set(error, PIPETTE_E_INVALID, "axis %lu names no parameter (is its size set?)",
                                     (unsigned long)i + 1);
        status = find_parameter(nodes, r->wanted.parameter, &r->node, error);
        if (status != PIPETTE_OK)
            return status;
        (void)snprintf(r->what, sizeof r->what, "axis '%.200s'", r->wanted.parameter);
        if (r->node->value.rank != 0)
            return pipette_error_set(error, PIPETTE_E_TYPE, "%s: an array parameter cannot be explored", r->what);
        if (unlocked && r->node->locked)
            return pipette_error_set(error, PIPETTE_E_LOCKED,
                                     "%s: it is locked because it was read already; explore first", r->what);
        for (j = 0; j < i; j++)
            if (p->requests[j].node == r->node)
                return pipette_error_set(error, PIPETTE_E_INVALID, "parameter '%.200s' is explored by two axes",
                                         r->node->path);
        status = make_series(r, error);
        if (status == PIPETTE_OK)
            status = check_bounds(r, error);
        if (status != PIPETTE_OK)
            return status;
    }
    return PIPETTE_OK;
}

static int find_zips(plan *p, pipette_error *error)
{
    uint32_t i, j;
    for (i = 0; i < p->count; i++)
        for (j = 0; j < i; j++) {
            request *r = &p->requests[i], *first = &p->requests[j];
            if (r->wanted.zip == 0 || r->wanted.zip != first->wanted.zip)
                continue;
            r->group = j;
            if (r->values->count != first->values->count)
                return pipette_error_set(
                    error, PIPETTE_E_INVALID, "'%.200s' and '%.200s' advance together, but have %llu and %llu values",
                    first->wanted.parameter, r->wanted.parameter, (unsigned long long)first->values->count,
                    (unsigned long long)r->values->count);
            break;
        }
    return PIPETTE_OK;
}

static int add_group(plan *p, uint32_t group)
{
    uint32_t i;
    for (i = 0; i < p->group_count; i++)
        if (p->groups[i] == group)
            return 0;
    p->groups[p->group_count++] = group;
    return 1;
}

static int follow_order(const node_tree *nodes, const pipette_exploration *wanted, plan *p, pipette_error *error)
{
    uint32_t i, j, k;
    for (i = 0; i < wanted->order_count; i++) {
        tree_node *node;
        int status;
        if (wanted->order == NULL || wanted->order[i] == NULL)
            return pipette_error_set(error, PIPETTE_E_INVALID, "the order has a name that is NULL");
        status = find_parameter(nodes, wanted->order[i], &node, error);
        if (status != PIPETTE_OK)
            return status;
        for (j = 0; j < p->count && p->requests[j].node != node; j++)
            ;
        if (j == p->count)
            return pipette_error_set(error, PIPETTE_E_INVALID, "the order names '%.200s', which no axis explores",
                                     wanted->order[i]);
        for (k = 0; k < i; k++) {
            tree_node *before;
            if (find_parameter(nodes, wanted->order[k], &before, error) == PIPETTE_OK && before == node)
                return pipette_error_set(error, PIPETTE_E_INVALID, "the order names '%.200s' twice", wanted->order[i]);
        }
        (void)add_group(p, p->requests[j].group);
    }
    for (i = 0; i < p->count; i++)
        if (p->requests[i].group == i && add_group(p, i) && wanted->order_count > 0)
            return pipette_error_set(error, PIPETTE_E_INVALID, "the order does not name '%.200s'",
                                     p->requests[i].wanted.parameter);
    return PIPETTE_OK;
}

static int add_request(exploration *points, const request *r, factor *f, pipette_error *error)
{
    axis a = {points->parameter_count, 0, NULL, 0};
    series *fallback;
    int status = explore_fallback(r->node, &fallback, error);
    if (status != PIPETTE_OK)
        return status;
    status = exploration_add_parameter(points, r->node->path, r->node->value.type, fallback, error);
    series_release(fallback);
    if (status == PIPETTE_OK)
        status = axis_append(&a, r->values, 0, 1, r->values->count, error);
    return status == PIPETTE_OK ? factor_add(f, &a, error) : status;
}

static int multiply(const plan *p, exploration *points, pipette_error *error)
{
    segment s;
    uint32_t i, j;
    int status = PIPETTE_OK;
    memset(&s, 0, sizeof s);
    for (i = 0; i < p->group_count && status == PIPETTE_OK; i++) {
        factor f = {NULL, 0, 0};
        for (j = p->groups[i]; j < p->count && status == PIPETTE_OK; j++)
            if (p->requests[j].group == p->groups[i])
                status = add_request(points, &p->requests[j], &f, error);
        if (status == PIPETTE_OK)
            status = segment_add(&s, &f, error);
        else
            factor_destroy(&f);
    }
    if (status == PIPETTE_OK)
        status = exploration_add_segment(points, &s, error);
    else
        segment_destroy(&s);
    return status == PIPETTE_OK ? exploration_finish(points, error) : status;
}

int explore_build(const node_tree *nodes, const pipette_exploration *asked, int unlocked, exploration **out,
                  pipette_error *error)
{
    pipette_exploration wanted;
    plan p;
    int status;
    *out = NULL;
    memset(&wanted, 0, sizeof wanted);
    memset(&p, 0, sizeof p);
    if (asked != NULL)
        memcpy(&wanted, asked, asked->size < sizeof wanted ? asked->size : sizeof wanted);
    if (wanted.axis_count == 0 || wanted.axes == NULL)
        return pipette_error_set(error, PIPETTE_E_INVALID, "the exploration has no axes");
    p.count = wanted.axis_count;
    p.requests = calloc(p.count, sizeof *p.requests);
    p.groups = calloc(p.count, sizeof *p.groups);
    status = p.requests == NULL || p.groups == NULL ? no_memory(error) : exploration_new(out, error);
    if (status == PIPETTE_OK)
        status = find_requests(nodes, &wanted, &p, unlocked, error);
    if (status == PIPETTE_OK)
        status = find_zips(&p, error);
    if (status == PIPETTE_OK)
        status = follow_order(nodes, &wanted, &p, error);
    if (status == PIPETTE_OK)
        status = multiply(&p, *out, error);
    plan_destroy(&p);
    if (status != PIPETTE_OK) {
        exploration_destroy(*out);
        *out = NULL;
    }
    return status;
}
