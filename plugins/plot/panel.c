/* panel.c: finds what a WHAT means. */
#include "blocks.h"

#include <stdlib.h>

enum { PARTS = 4, LINES_MAXIMUM = 7, MAP_MINIMUM = 8, WORDS = 64 };

static const char *const kinds[] = {"lines", "points", "map", "histogram", "trace", "raster"};

int quantity_is_text(const quantity *q)
{
    return q->type == PIPETTE_TYPE_STRING;
}

const char *panel_name(const panel *p)
{
    return p->array.name[0] != '\0' ? p->array.name : p->kind == KIND_MAP ? p->by.name : p->y.name;
}

static void keep(char *to, size_t size, const char *from)
{
    (void)snprintf(to, size, "%s", from == NULL ? "" : from);
}

static const char *last_part(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot == NULL ? path : dot + 1;
}

/* ---- Names that are not there ---- */

/* How many letters must be changed, added or taken away. */
static uint32_t distance(const char *a, const char *b)
{
    uint32_t row[NAME_SIZE], i, j, m = (uint32_t)strnlen(b, NAME_SIZE - 1);
    for (j = 0; j <= m; j++)
        row[j] = j;
    for (i = 0; a[i] != '\0'; i++) {
        uint32_t corner = row[0];
        row[0] = i + 1;
        for (j = 0; j < m; j++) {
            uint32_t change = corner + (a[i] != b[j]), least = row[j] < row[j + 1] ? row[j] : row[j + 1];
            corner = row[j + 1];
            row[j + 1] = change < least + 1 ? change : least + 1;
        }
    }
    return row[m];
}

static int refuse_name(const panel_context *c, const char *name)
{
    const char *names[WORDS] = {"run"}, *best = NULL;
    char list[TITLE_SIZE] = "";
    uint32_t count = 1, i, least = UINT32_MAX;
    for (i = pipette_explored_count(c->trajectory); i-- > 0 && count < WORDS;)
        names[count++] = last_part(pipette_explored(c->trajectory, i));
    for (i = 0; i < pipette_column_count(c->results) && count < WORDS; i++) {
        pipette_column_info info = {(uint32_t)sizeof info, 0, NULL, NULL, NULL, 0, 0, NULL};
        if (pipette_column(c->results, i, &info) == PIPETTE_OK)
            names[count++] = last_part(info.path);
    }
    for (i = 0; i < count; i++) {
        const uint32_t away = distance(last_part(name), names[i]);
        const size_t used = strlen(list);
        if (away < least) {
            least = away;
            best = names[i];
        }
        if (used + strlen(names[i]) + 3 < sizeof list)
            (void)snprintf(list + used, sizeof list - used, "%s%s", used == 0 ? "" : ", ", names[i]);
    }
    if (best != NULL && least <= 1 + strlen(last_part(name)) / 3)
        return pipette_stage_fail(c->stage, PIPETTE_E_NOT_FOUND,
                                  "there is no '%s' to draw; did you mean '%s'? There are: %s", name, best, list);
    return pipette_stage_fail(c->stage, PIPETTE_E_NOT_FOUND, "there is no '%s' to draw; there are: %s", name, list);
}

/* ---- Quantities ---- */

static int take_parameter(const panel_context *c, const pipette_node *node, quantity *q)
{
    q->source = SOURCE_PARAMETER;
    q->type = node->type;
    keep(q->path, sizeof q->path, node->path);
    keep(q->name, sizeof q->name, node->name);
    keep(q->unit, sizeof q->unit, node->unit);
    keep(q->doc, sizeof q->doc, node->comment);
    if (q->type == PIPETTE_TYPE_COMPLEX)
        return pipette_stage_fail(c->stage, PIPETTE_E_TYPE, "'%s' is complex; an axis takes numbers", q->name);
    if (pipette_axis_values(c->trajectory, q->path, &q->values) != PIPETTE_OK)
        return pipette_stage_fail(c->stage, PIPETTE_E_INVALID, "%s", pipette_trajectory_message(c->trajectory));
    q->count = pipette_value_count(&q->values);
    return PIPETTE_OK;
}

static void take_result(const pipette_column_info *info, quantity *q)
{
    q->source = SOURCE_RESULT;
    q->type = info->type;
    keep(q->path, sizeof q->path, info->path);
    keep(q->name, sizeof q->name, last_part(info->path));
    keep(q->unit, sizeof q->unit, info->unit);
    keep(q->doc, sizeof q->doc, info->doc);
}

/* A name: a scalar of each run, or an array. `array` (may be NULL) gets the latter, and q->source is then SOURCE_NONE.
 */
static int find(const panel_context *c, const char *name, quantity *q, pipette_column_info *array)
{
    pipette_column_info info = {(uint32_t)sizeof info, 0, NULL, NULL, NULL, 0, 0, NULL};
    pipette_node node = {(uint32_t)sizeof node, 0, 0, 0, NULL, NULL, NULL, NULL, {0}, NULL};
    int status;
    memset(q, 0, sizeof *q);
    if (strcmp(name, "run") == 0) {
        q->source = SOURCE_RUN;
        q->type = PIPETTE_TYPE_U64;
        keep(q->name, sizeof q->name, "run");
        return PIPETTE_OK;
    }
    status = pipette_column_find(c->results, name, &info);
    if (status == PIPETTE_E_AMBIGUOUS)
        return pipette_stage_fail(c->stage, status, "%s; write more of the name", pipette_results_message(c->results));
    if (status != PIPETTE_OK) {
        status = pipette_find(c->trajectory, name, &node);
        if (status == PIPETTE_E_AMBIGUOUS)
            return pipette_stage_fail(c->stage, status, "%s", pipette_trajectory_message(c->trajectory));
        if (status != PIPETTE_OK || (node.flags & PIPETTE_NODE_LEAF) == 0)
            return refuse_name(c, name);
        if (node.branch == PIPETTE_BRANCH_RESULTS)
            return pipette_stage_fail(c->stage, PIPETTE_E_INVALID,
                                      "'%s' is made of all runs together; what each run has can be drawn, such as the "
                                      "result that it is made of",
                                      node.path);
        if ((node.flags & PIPETTE_NODE_EXPLORED) == 0)
            return pipette_stage_fail(c->stage, PIPETTE_E_INVALID,
                                      "'%s' is the same in all runs, so there is nothing to draw over it", node.path);
        return take_parameter(c, &node, q);
    }
    if (info.type == PIPETTE_TYPE_STRING || info.type == PIPETTE_TYPE_COMPLEX)
        return pipette_stage_fail(c->stage, PIPETTE_E_TYPE, "'%s' is %s; a picture takes numbers", name,
                                  info.type == PIPETTE_TYPE_STRING ? "text" : "complex");
    if (info.rank > 0) {
        if (array == NULL)
            return pipette_stage_fail(c->stage, PIPETTE_E_TYPE,
                                      "'%s' is an array in each run; one number per run is needed here: trace:%s "
                                      "draws it for one run",
                                      name, name);
        *array = info;
        return PIPETTE_OK;
    }
    take_result(&info, q);
    return PIPETTE_OK;
}

static int need_runs(const panel_context *c, const char *what)
{
    if (pipette_explored_count(c->trajectory) > 0)
        return PIPETTE_OK;
    return pipette_stage_fail(c->stage, PIPETTE_E_INVALID, "'%s' needs an explored parameter, and nothing is explored",
                              what);
}

/* Explored parameter number `index`. */
static int explored(const panel_context *c, uint32_t index, quantity *q)
{
    pipette_node node = {(uint32_t)sizeof node, 0, 0, 0, NULL, NULL, NULL, NULL, {0}, NULL};
    memset(q, 0, sizeof *q);
    if (pipette_find(c->trajectory, pipette_explored(c->trajectory, index), &node) != PIPETTE_OK)
        return pipette_stage_fail(c->stage, PIPETTE_E_INTERNAL, "%s", pipette_trajectory_message(c->trajectory));
    return take_parameter(c, &node, q);
}

/* The explored parameter with the most values beside those named, numbers before texts; of equals the one that changes
 * fastest. */
static int best_explored(const panel_context *c, const quantity *but, const quantity *nor, quantity *out)
{
    uint32_t i;
    out->source = SOURCE_NONE;
    for (i = pipette_explored_count(c->trajectory); i-- > 0;) {
        quantity q;
        int status = explored(c, i, &q);
        if (status != PIPETTE_OK)
            return status;
        if ((but != NULL && strcmp(but->path, q.path) == 0) || (nor != NULL && strcmp(nor->path, q.path) == 0))
            continue;
        if (out->source == SOURCE_NONE || (quantity_is_text(out) && !quantity_is_text(&q)) ||
            (quantity_is_text(out) == quantity_is_text(&q) && q.count > out->count))
            *out = q;
    }
    return PIPETTE_OK;
}

/* One line for each value of which parameter? None where each x has one run only, as in a zip. */
static int choose_by(const panel_context *c, panel *p)
{
    uint32_t i;
    if (pipette_run_count(c->trajectory) <= p->x.count)
        return PIPETTE_OK;
    for (i = 0; i < pipette_explored_count(c->trajectory); i++) {
        quantity q;
        int status = explored(c, i, &q);
        if (status != PIPETTE_OK)
            return status;
        if (strcmp(q.path, p->x.path) == 0 || q.count < 2 ||
            q.count > (quantity_is_text(&q) ? 2u * LINES_MAXIMUM : 200u))
            continue;
        if (p->by.source == SOURCE_NONE || q.count < p->by.count)
            p->by = q;
    }
    return PIPETTE_OK;
}

/* ---- Kinds ---- */

static int choose_array(const panel_context *c, const char *name, const pipette_column_info *info, int kind, panel *p)
{
    const pipette_dimension *d = info->dimensions;
    if (info->rank != 1)
        return pipette_stage_fail(c->stage, PIPETTE_E_TYPE,
                                  "'%s' has %u dimensions; what one run has can be drawn with one", name, info->rank);
    p->kind = kind != 0                                                      ? kind
              : d->extent == PIPETTE_RAGGED && !(d->step > 0 || d->step < 0) ? KIND_RASTER
                                                                             : KIND_TRACE;
    keep(p->array.path, sizeof p->array.path, info->path);
    keep(p->array.name, sizeof p->array.name, last_part(info->path));
    keep(p->array.unit, sizeof p->array.unit, info->unit);
    keep(p->array.doc, sizeof p->array.doc, info->doc);
    keep(p->array.dimension, sizeof p->array.dimension, d->name);
    keep(p->array.dimension_unit, sizeof p->array.dimension_unit, d->unit);
    p->array.start = d->start;
    p->array.step = d->step;
    return PIPETTE_OK;
}

/* Whether runs are points anywhere, as those of a list of samples: each has an X of its own, and these come in no
 * order. A line would go to and fro between them. */
static int is_scattered(const panel_context *c, const quantity *x)
{
    enum { LOOKED_AT = 64 };
    const uint64_t runs = pipette_run_count(c->trajectory), count = runs < LOOKED_AT ? runs : LOOKED_AT;
    union {
        double f64[LOOKED_AT];
        float f32[LOOKED_AT];
        int64_t i64[LOOKED_AT];
        int32_t i32[LOOKED_AT];
        uint64_t u64[LOOKED_AT];
        uint8_t boolean[LOOKED_AT];
    } room;
    pipette_value values = pipette_value_none();
    uint64_t i;
    int up = 0, down = 0;
    if (quantity_is_text(x) || x->count <= runs / 2 || pipette_range(c->trajectory, x->path, 0, count, &room) < 0)
        return 0;
    values.type = x->type;
    values.rank = 1;
    values.data = &room;
    for (i = 1; i < count; i++) {
        up |= number_at(&values, i) > number_at(&values, i - 1);
        down |= number_at(&values, i) < number_at(&values, i - 1);
    }
    return up && down;
}

/* A scalar alone: over the parameter with the most values, or its distribution where nothing is explored that is a
 * number. */
static int choose_scalar(const panel_context *c, panel *p)
{
    quantity other;
    int status = best_explored(c, NULL, NULL, &p->x);
    if (status != PIPETTE_OK)
        return status;
    if (p->x.source == SOURCE_NONE || p->x.count < 2) {
        p->kind = KIND_HISTOGRAM;
        return PIPETTE_OK;
    }
    p->kind = KIND_LINES;
    status = best_explored(c, &p->x, NULL, &other);
    if (status == PIPETTE_OK && other.source != SOURCE_NONE && other.count > LINES_MAXIMUM &&
        other.count >= MAP_MINIMUM && p->x.count >= MAP_MINIMUM && !quantity_is_text(&other) &&
        (is_scattered(c, &p->x) || pipette_run_count(c->trajectory) >= p->x.count * other.count / 2)) {
        p->kind = KIND_MAP;
        p->by = p->y;
        p->y = other;
        return PIPETTE_OK;
    }
    return status == PIPETTE_OK ? choose_by(c, p) : status;
}

static int need_numbers(const panel_context *c, const quantity *q)
{
    if (!quantity_is_text(q))
        return PIPETTE_OK;
    return pipette_stage_fail(c->stage, PIPETTE_E_TYPE, "'%s' is text; numbers are needed here", q->name);
}

static int choose_map(const panel_context *c, char **names, uint32_t count, const char *what, panel *p)
{
    int status = PIPETTE_OK;
    p->kind = KIND_MAP;
    if (count == 1) {
        status = find(c, names[0], &p->by, NULL);
        if (status == PIPETTE_OK)
            status = need_runs(c, what);
        if (status == PIPETTE_OK)
            status = best_explored(c, NULL, NULL, &p->x);
        if (status == PIPETTE_OK)
            status = best_explored(c, &p->x, NULL, &p->y);
        if (status == PIPETTE_OK && p->y.source == SOURCE_NONE)
            status = pipette_stage_fail(c->stage, PIPETTE_E_INVALID,
                                        "'%s' needs two explored parameters; %s is the only one", what, p->x.name);
        return status;
    }
    if (count != 3)
        return pipette_stage_fail(c->stage, PIPETTE_E_INVALID, "'%s': write map:X:Y:COLOUR, such as map:I:tau_ref:rate",
                                  what);
    status = find(c, names[0], &p->x, NULL);
    if (status == PIPETTE_OK)
        status = find(c, names[1], &p->y, NULL);
    if (status == PIPETTE_OK)
        status = find(c, names[2], &p->by, NULL);
    return status == PIPETTE_OK ? need_numbers(c, &p->by) : status;
}

static int choose_pair(const panel_context *c, char **names, uint32_t count, int kind, const char *what, panel *p)
{
    pipette_column_info array = {(uint32_t)sizeof array, 0, NULL, NULL, NULL, 0, 0, NULL};
    int status;
    if (count < 2 || count > 3)
        return pipette_stage_fail(c->stage, PIPETTE_E_INVALID, "'%s': write X:Y or X:Y:BY, such as I:rate:tau_ref",
                                  what);
    status = find(c, names[1], &p->y, &array);
    if (status != PIPETTE_OK)
        return status;
    if (p->y.source == SOURCE_NONE) { /* time:V */
        if (array.rank == 1 && strcmp(array.dimensions[0].name, names[0]) == 0 && count == 2 && kind == 0)
            return choose_array(c, names[1], &array, KIND_TRACE, p);
        return pipette_stage_fail(c->stage, PIPETTE_E_TYPE,
                                  "'%s' is an array in each run, and '%s' is not its dimension '%s'; trace:%s draws "
                                  "it for one run",
                                  names[1], names[0], array.rank > 0 ? array.dimensions[0].name : "", names[1]);
    }
    status = find(c, names[0], &p->x, NULL);
    if (status == PIPETTE_OK && count == 3)
        status = find(c, names[2], &p->by, NULL);
    if (status != PIPETTE_OK)
        return status;
    if (kind == 0 && count == 3 && p->y.source == SOURCE_PARAMETER && p->by.source == SOURCE_RESULT) {
        p->kind = KIND_MAP;
        return PIPETTE_OK;
    }
    status = need_numbers(c, &p->y);
    if (status != PIPETTE_OK)
        return status;
    p->kind = kind != 0 ? kind
              : p->x.source == SOURCE_RESULT || (p->x.source == SOURCE_PARAMETER && is_scattered(c, &p->x))
                  ? KIND_POINTS
                  : KIND_LINES;
    return kind == 0 && p->kind == KIND_LINES && count == 2 && p->x.source == SOURCE_PARAMETER ? choose_by(c, p)
                                                                                               : PIPETTE_OK;
}

static int choose(const panel_context *c, char **names, uint32_t count, int kind, const char *what, panel *p)
{
    pipette_column_info array = {(uint32_t)sizeof array, 0, NULL, NULL, NULL, 0, 0, NULL};
    int status;
    if (kind == KIND_MAP)
        return choose_map(c, names, count, what, p);
    if (kind == KIND_LINES || kind == KIND_POINTS || count > 1)
        return kind == KIND_HISTOGRAM || kind == KIND_TRACE || kind == KIND_RASTER
                   ? pipette_stage_fail(c->stage, PIPETTE_E_INVALID, "'%s': %s takes one name", what, kinds[kind - 1])
                   : choose_pair(c, names, count, kind, what, p);
    status = find(c, names[0], &p->y, &array);
    if (status != PIPETTE_OK)
        return status;
    if (p->y.source == SOURCE_NONE)
        return kind == KIND_HISTOGRAM
                   ? pipette_stage_fail(c->stage, PIPETTE_E_TYPE,
                                        "'%s' is an array in each run; a histogram takes one number per run", names[0])
                   : choose_array(c, names[0], &array, kind, p);
    if (kind == KIND_TRACE || kind == KIND_RASTER)
        return pipette_stage_fail(c->stage, PIPETTE_E_TYPE, "'%s' is one number per run; %s takes an array", names[0],
                                  kinds[kind - 1]);
    status = need_numbers(c, &p->y);
    if (status != PIPETTE_OK)
        return status;
    if (kind == KIND_HISTOGRAM) {
        p->kind = kind;
        return PIPETTE_OK;
    }
    return choose_scalar(c, p);
}

static int is_same(const quantity *a, const quantity *b)
{
    return a->source != SOURCE_NONE && a->source == b->source && strcmp(a->path, b->path) == 0;
}

int panel_choose(const panel_context *c, const char *what, panel *p)
{
    char *copy = strdup(what), *parts[PARTS + 1], *next = copy, **names = parts;
    uint32_t count = 0, i;
    int kind = 0, status;
    if (copy == NULL)
        return pipette_stage_fail(c->stage, PIPETTE_E_MEMORY, "no memory");
    while (count <= PARTS && (parts[count] = strsep(&next, ":")) != NULL)
        count++;
    for (i = 0; count > 1 && i < PIPETTE_COUNT_OF(kinds); i++)
        if (strcmp(parts[0], kinds[i]) == 0)
            kind = (int)i + 1;
    names += kind != 0;
    count -= kind != 0;
    for (i = 0, status = PIPETTE_OK; i < count; i++)
        if (names[i][0] == '\0' || count > 3)
            status = pipette_stage_fail(c->stage, PIPETTE_E_INVALID,
                                        "'%s' is no WHAT; write NAME, X:Y, X:Y:BY, or KIND:... with lines, points, "
                                        "map, histogram, trace or raster",
                                        what);
    if (status == PIPETTE_OK)
        status = choose(c, names, count, kind, what, p);
    if (status == PIPETTE_OK && (is_same(&p->x, &p->y) || is_same(&p->x, &p->by) || is_same(&p->y, &p->by)))
        status = pipette_stage_fail(c->stage, PIPETTE_E_INVALID, "'%s' names the same thing twice", what);
    free(copy);
    return status;
}

int panel_default(const panel_context *c, panel *out, uint32_t *count)
{
    uint32_t i, columns = pipette_column_count(c->results);
    int scalar = -1, trace = -1, status = PIPETTE_OK;
    *count = 0;
    for (i = 0; i < columns; i++) {
        pipette_column_info info = {(uint32_t)sizeof info, 0, NULL, NULL, NULL, 0, 0, NULL};
        if (pipette_column(c->results, i, &info) != PIPETTE_OK || info.type == PIPETTE_TYPE_STRING ||
            info.type == PIPETTE_TYPE_COMPLEX)
            continue;
        if (info.rank == 0 && (scalar < 0 || (info.flags & PIPETTE_RETURNED) != 0))
            scalar = (int)i;
        if (info.rank == 1 && trace < 0)
            trace = (int)i;
    }
    if (trace >= 0 && pipette_run_count(c->trajectory) == 1)
        scalar = -1; /* one number is no picture */
    for (i = 0; i < 2; i++) {
        pipette_column_info info = {(uint32_t)sizeof info, 0, NULL, NULL, NULL, 0, 0, NULL};
        const int number = i == 0 ? scalar : trace;
        if (status != PIPETTE_OK || number < 0)
            continue;
        (void)pipette_column(c->results, (uint32_t)number, &info);
        if (i == 0) {
            take_result(&info, &out[*count].y);
            status = choose_scalar(c, &out[*count]);
        } else {
            status = choose_array(c, last_part(info.path), &info, 0, &out[*count]);
        }
        ++*count;
    }
    if (status == PIPETTE_OK && *count == 0)
        status =
            pipette_stage_fail(c->stage, PIPETTE_E_INVALID,
                               "no result is a number, or an array of numbers with one dimension: nothing to draw");
    return status;
}
