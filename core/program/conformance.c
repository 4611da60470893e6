/* conformance.c: a model on trial: which trials there are, what their differences mean, the verdict. */
#include <math.h>
#include <stdlib.h>

#include "program/check_judge.h"
#include "plugin/probe.h"

#define POINTS 67u
#define SECONDS 30.0
#define BYTES ((uint64_t)256 << 20) /* of results that are kept */
#define ALONE 6u                    /* points that get a process of their own */
#define TWICE_EVERY 4u              /* in the other order, every so many points run twice */
#define TIMED_LANES 4096u
#define TIMED_BYTES ((uint64_t)256 << 10)

/* ---- The trials ---- */

static uint64_t extent_count(const plugin_schema *schema)
{
    return shape_extent_count(schema);
}

static uint64_t result_bytes(const check_subject *c, const uint64_t *extents)
{
    uint64_t bytes = 0;
    uint32_t i, j;
    for (i = 0; i < c->schema->result_count; i++) {
        uint64_t size = pipette_type_size(c->schema->results[i].type);
        for (j = 0; j < c->schema->results[i].rank; j++, extents++)
            if (*extents != PIPETTE_RAGGED && __builtin_mul_overflow(size, *extents, &size))
                return UINT64_MAX;
        if (__builtin_add_overflow(bytes, size, &bytes))
            return UINT64_MAX;
    }
    return bytes;
}

/* Points without a shape are left out: a sweep with them does not begin. The points that stay take their places. */
static int try_shapes(check_subject *c)
{
    const check_kind kind = {
        "asking for shapes", TRIAL_SHAPES, GUARDED_BEHIND, CHECK_FIRST_PATTERN, CHECK_FIRST_GARBAGE, 0, 0.05};
    uint64_t *order = arena_get(c->memory, (size_t)c->points.count + 1, sizeof *order), i, kept = 0,
             n = extent_count(c->schema), total = 0;
    check_outcome *outcomes = calloc((size_t)c->points.count + 1, sizeof *outcomes);
    pipette_value *values = (pipette_value *)(uintptr_t)c->points.values;
    uint64_t *indices = (uint64_t *)(uintptr_t)c->points.indices, asked = c->points.count;
    char place[400];
    int status;
    if (order == NULL || outcomes == NULL) {
        free(outcomes);
        return pipette_error_set(c->error, PIPETTE_E_MEMORY, "out of memory");
    }
    for (i = 0; i < c->points.count; i++)
        order[i] = i;
    status = check_try(c, &kind, order, c->points.count, outcomes);
    for (i = 0; status == PIPETTE_OK && i < c->told; i++) {
        uint64_t *extents, bytes;
        if (outcomes[i].died)
            check_found(c, "%s %s", outcomes[i].message, check_where(c, i, place, sizeof place));
        if (outcomes[i].state != PIPETTE_STATE_DONE || outcomes[i].size != n * sizeof *extents) {
            c->report->refused++;
            if (c->report->first_failure[0] == '\0')
                (void)snprintf(c->report->first_failure, sizeof c->report->first_failure, "%s", outcomes[i].message);
            continue;
        }
        extents = arena_get(c->memory, (size_t)n + 1, sizeof *extents);
        if (extents == NULL) {
            status = pipette_error_set(c->error, PIPETTE_E_MEMORY, "out of memory");
            break;
        }
        if (n > 0)
            memcpy(extents, outcomes[i].values, (size_t)n * sizeof *extents);
        bytes = result_bytes(c, extents);
        if (bytes > BYTES * 4) {
            status = pipette_error_set(c->error, PIPETTE_E_MEMORY,
                                       "the results of a run are too large to be checked here: %s",
                                       check_where(c, i, place, sizeof place));
            break;
        }
        total += bytes;
        if (total > BYTES && kept >= 3) { /* fewer, then, so that all can be kept */
            c->report->point_count = i;
            break;
        }
        memmove(&values[kept * c->points.parameter_count], &values[i * c->points.parameter_count],
                c->points.parameter_count * sizeof *values);
        indices[kept] = indices[i];
        c->runs[kept] = c->runs[i];
        c->extents[kept++] = extents;
    }
    c->points.count = kept;
    for (i = 0; i < asked; i++)
        check_outcome_free(&outcomes[i]);
    free(outcomes);
    if (status == PIPETTE_OK && kept == 0)
        check_found(c, "no point has a shape: %s", c->report->first_failure);
    for (c->lanes = 0;
         c->lanes < kept && memcmp(c->extents[0], c->extents[c->lanes], (size_t)n * sizeof **c->extents) == 0;)
        c->lanes++;
    return status;
}

static void count_outcomes(check_subject *c)
{
    uint64_t i;
    for (i = 0; i < c->count; i++) {
        const check_outcome *o = &c->first[i];
        c->report->done += o->state == PIPETTE_STATE_DONE;
        c->report->infeasible += o->state == PIPETTE_STATE_INFEASIBLE;
        c->report->failed += o->state == PIPETTE_STATE_FAILED;
        c->report->finite += (uint64_t)check_finite(o);
        if (o->state != PIPETTE_STATE_DONE && c->report->first_failure[0] == '\0')
            (void)snprintf(c->report->first_failure, sizeof c->report->first_failure, "%s", o->message);
    }
    c->report->tried = c->count;
}

static int try_first(check_subject *c, uint64_t *order)
{
    const check_kind kind = {
        "running points one by one", TRIAL_RUN, GUARDED_BEHIND, CHECK_FIRST_PATTERN, CHECK_FIRST_GARBAGE, 0, 0.3};
    uint64_t i;
    char place[400];
    int status;
    for (i = 0; i < c->points.count; i++)
        order[i] = i;
    status = check_try(c, &kind, order, c->points.count, c->first);
    c->count = c->told;
    count_outcomes(c);
    for (i = 0; i < c->count; i++) {
        const check_outcome *o = &c->first[i];
        if (o->damage.kind != 0)
            check_found_damage(c, check_where(c, i, place, sizeof place), &o->damage, i, 1);
        else if (o->late)
            check_found(c, "%s %s, so it cannot be told whether it hangs or needs a longer --timeout", o->message,
                        check_where(c, i, place, sizeof place));
        else if (o->died)
            check_found(c, "%s %s", o->message, check_where(c, i, place, sizeof place));
    }
    return status;
}

/* Backwards, some points twice in a row, over other memory. */
static int try_other_order(check_subject *c, uint64_t *order)
{
    const check_kind kind = {
        "running them in another order", TRIAL_RUN, GUARDED_BEFORE, CHECK_OTHER_PATTERN, CHECK_OTHER_GARBAGE, 0, 0.25};
    uint64_t n = 0, i;
    int status;
    for (i = c->count; i-- > 0;) {
        order[n++] = i;
        if (i % TWICE_EVERY == 0)
            order[n++] = i;
    }
    status = check_try(c, &kind, order, n, NULL);
    for (i = 0; i < c->told; i++) {
        if (i > 0 && order[i] == order[i - 1])
            c->report->repeated++;
        else
            c->report->reordered++;
    }
    check_judge(c, 0);
    return status;
}

static int try_alone(check_subject *c)
{
    const check_kind kind = {"running some alone", TRIAL_RUN, GUARDED_BEFORE, CHECK_OTHER_PATTERN,
                             CHECK_FIRST_GARBAGE,  0,         0.15 / ALONE};
    uint64_t count = c->count < ALONE ? c->count : ALONE, i;
    int status = PIPETTE_OK;
    for (i = 0; status == PIPETTE_OK && i < count && !check_found_anything(c); i++) {
        uint64_t point = count > 1 ? i * (c->count - 1) / (count - 1) : 0;
        if (c->first[point].seconds > check_seconds_left(c) / 3)
            break;
        status = check_try(c, &kind, &point, 1, NULL);
        c->report->alone += c->told;
        check_judge(c, 0);
    }
    return status;
}

/* Results that stay the same within a second, because the model asks for the time. */
static int try_later(check_subject *c)
{
    const check_kind kind = {
        "running a point later", TRIAL_RUN, GUARDED_BEFORE, CHECK_OTHER_PATTERN, CHECK_FIRST_GARBAGE, 0, 0.02};
    uint64_t point = 0;
    int status;
    while (point < c->count && c->first[point].state != PIPETTE_STATE_DONE)
        point++;
    if (point == c->count || check_seconds_now() - c->began >= 1 || check_seconds_left(c) < 2)
        return PIPETTE_OK;
    check_wait_for_second();
    status = check_try(c, &kind, &point, 1, NULL);
    check_judge(c, 1);
    return status;
}

/* ---- Batches ---- */

/* As the engine decides: numbers in, fixed shapes out, no generator that is seeded for each run. */
static int has_batch(const check_subject *c)
{
    uint32_t i;
    if (!c->schema->has_batch || c->schema->result_count == 0 || c->schema->random != 0)
        return 0;
    for (i = 0; i < c->schema->parameter_count; i++)
        if (c->schema->parameters[i].type == PIPETTE_TYPE_STRING || c->schema->parameters[i].default_array != NULL)
            return 0;
    return 1;
}

/* All points at once, every lane with other values, and groups of a vector's width. Lanes are runs that follow each
 * other, so points count from 0 here. And each point alone: its copies fill the width, so what it writes behind its row
 * is not hidden by the next lane but reaches the guard. */
static int try_batches(check_subject *c, uint64_t *order)
{
    check_kind once = {
        "running a batch", TRIAL_BATCH, GUARDED_BEHIND, CHECK_OTHER_PATTERN, CHECK_OTHER_GARBAGE, 0, 0.1};
    const check_kind groups = {"running smaller batches",
                               TRIAL_BATCH,
                               GUARDED_BEFORE,
                               CHECK_OTHER_PATTERN,
                               CHECK_FIRST_GARBAGE,
                               CHECK_VECTOR,
                               0.05};
    const check_kind ones = {
        "running batches of one", TRIAL_BATCH, GUARDED_BEHIND, CHECK_OTHER_PATTERN, CHECK_FIRST_GARBAGE, 1, 0.05};
    const check_kind singles = {
        "running them one by one", TRIAL_RUN, GUARDED_BEHIND, CHECK_FIRST_PATTERN, CHECK_FIRST_GARBAGE, 0, 0.1};
    uint64_t lanes = c->lanes < c->count ? c->lanes : c->count, i;
    uint64_t *indices = (uint64_t *)(uintptr_t)c->points.indices;
    int status = PIPETTE_OK, renumbered = 0;
    char batch[40];
    if (lanes < 2 || c->first[0].seconds * (double)lanes * 2 > check_seconds_left(c))
        return PIPETTE_OK;
    for (i = 0; i < lanes; i++) {
        order[i] = i;
        renumbered |= indices[i] != i;
        indices[i] = i;
    }
    if (renumbered)
        status = check_try(c, &singles, order, lanes, c->first);
    if (renumbered && c->told < lanes)
        lanes = c->told;
    once.lanes = lanes;
    if (status == PIPETTE_OK && lanes > 1)
        status = check_try(c, &once, order, lanes, NULL);
    (void)snprintf(batch, sizeof batch, "%llu lanes", (unsigned long long)lanes);
    check_judge_batch(c, batch, lanes);
    if (status == PIPETTE_OK && !check_found_anything(c) && lanes > 1) {
        c->report->batched = c->told;
        status = check_try(c, &groups, order, lanes, NULL);
        (void)snprintf(batch, sizeof batch, "up to %u lanes", CHECK_VECTOR);
        check_judge_batch(c, batch, CHECK_VECTOR);
    }
    if (status == PIPETTE_OK && !check_found_anything(c) && lanes > 1) {
        status = check_try(c, &ones, order, lanes, NULL);
        check_judge_batch(c, "one lane", 1);
    }
    return status;
}

/* ---- Times ---- */

static int measure(check_subject *c, const check_kind *kind, const uint64_t *order, uint64_t count, double *seconds)
{
    check_outcome one = {0};
    int status = check_try(c, kind, order, count, &one);
    *seconds = c->told == 1 && !one.died ? one.seconds : 0;
    check_outcome_free(&one);
    return status;
}

/* Without guards, many times the same: what is measured is the model. */
static int try_times(check_subject *c)
{
    check_kind single = {
        "measuring run", TRIAL_TIME_RUN, GUARDED_BEHIND, CHECK_FIRST_PATTERN, CHECK_FIRST_GARBAGE, 0, 0.02};
    const check_kind batch = {
        "measuring run_batch", TRIAL_TIME_BATCH, GUARDED_BEFORE, CHECK_FIRST_PATTERN, CHECK_FIRST_GARBAGE, 0, 0.02};
    uint64_t lanes = c->lanes < c->count ? c->lanes : c->count, bytes = result_bytes(c, c->extents[0]) + 64, n, i,
             *order;
    double spent = 0;
    int status;
    for (i = 0; i < lanes; i++)
        spent += c->first[i].seconds;
    c->report->run_seconds = spent / (double)lanes;
    if (lanes > TIMED_BYTES / bytes) /* as many as stay in the cache, as in a sweep */
        lanes = TIMED_BYTES / bytes < 1 ? 1 : TIMED_BYTES / bytes;
    single.lanes = lanes;
    n = TIMED_BYTES / bytes < lanes ? lanes : TIMED_BYTES / bytes < TIMED_LANES ? TIMED_BYTES / bytes : TIMED_LANES;
    n = c->report->batched > 0 ? n : lanes;
    if (c->report->run_seconds * (double)n > 0.2)
        n = lanes;
    if (c->report->run_seconds * (double)n * (c->report->batched > 0 ? 2 : 1) > check_seconds_left(c) / 4)
        return PIPETTE_OK;
    order = arena_get(c->memory, (size_t)n, sizeof *order);
    if (order == NULL)
        return pipette_error_set(c->error, PIPETTE_E_MEMORY, "out of memory");
    for (i = 0; i < n; i++)
        order[i] = i % lanes;
    status = measure(c, &single, order, n, &c->report->run_seconds);
    if (status == PIPETTE_OK && c->report->batched > 0)
        status = measure(c, &batch, order, n, &c->report->batch_seconds);
    return status;
}

/* ---- The whole ---- */

static int try_all(check_subject *c)
{
    uint64_t i, *order, asked = c->points.count;
    int status;
    c->report->point_count = asked;
    c->extents = arena_get(c->memory, (size_t)c->points.count + 1, sizeof *c->extents);
    c->first = arena_get(c->memory, (size_t)c->points.count + 1, sizeof *c->first);
    order = arena_get(c->memory, 2 * (size_t)c->points.count + 1, sizeof *order);
    c->runs = arena_get(c->memory, (size_t)c->points.count + 1, sizeof *c->runs);
    if (c->extents == NULL || c->first == NULL || order == NULL || c->runs == NULL)
        return pipette_error_set(c->error, PIPETTE_E_MEMORY, "out of memory");
    memcpy(c->runs, c->points.indices, (size_t)c->points.count * sizeof *c->runs);
    status = try_shapes(c);
    if (status == PIPETTE_OK && !check_found_anything(c))
        status = try_first(c, order);
    if (status == PIPETTE_OK && !check_found_anything(c))
        status = try_other_order(c, order);
    if (status == PIPETTE_OK && !check_found_anything(c))
        status = try_alone(c);
    if (status == PIPETTE_OK && !check_found_anything(c) && check_asks_for_time(c))
        status = try_later(c);
    if (status == PIPETTE_OK && !check_found_anything(c) && has_batch(c))
        status = try_batches(c, order);
    if (status == PIPETTE_OK && !check_found_anything(c) && c->report->done > 0)
        status = try_times(c);
    c->report->sound = status == PIPETTE_OK && !check_found_anything(c) && c->report->done > 0;
    for (i = 0; i < asked; i++)
        check_outcome_free(&c->first[i]);
    check_outcome_free(&c->odd);
    return status;
}

static int prepare_plugin(check_subject *c, plugin_schema **schema, stage *own, pipette_error *error)
{
    plugin_search *search = NULL;
    const char *path;
    int status = plugin_search_create(c->options->folders, c->options->folder_count, &search, error);
    if (status == PIPETTE_OK)
        status = plugin_search_find(search, c->options->plugin, NULL, &path, error);
    if (status == PIPETTE_OK)
        status = plugin_probe(path, PLUGIN_LOAD_SECONDS, schema, error);
    if (search != NULL)
        plugin_search_destroy(search);
    if (status != PIPETTE_OK)
        return status;
    if ((*schema)->kind != PIPETTE_KIND_MODEL)
        return pipette_error_set(error, PIPETTE_E_INVALID, "%s: only models can be tried, not a plugin of kind %s",
                                 (*schema)->path, pipette_kind_text((*schema)->kind));
    stage_init(own, (*schema)->name, NULL, NULL, NULL);
    c->schema = *schema;
    c->stage = &own->handle;
    return PIPETTE_OK;
}

int pipette_try_model(const pipette_trial_options *options, pipette_trial_report *out, pipette_error *error)
{
    pipette_trial_options given = {0};
    pipette_trial_report report = {.size = sizeof report};
    check_subject c = {.options = &given, .report = &report, .error = error};
    uint32_t size = out->size == 0 || out->size > sizeof report ? (uint32_t)sizeof report : out->size;
    uint64_t count;
    plugin_schema *schema = NULL;
    stage own;
    int status = PIPETTE_OK;
    memcpy(&given, options, options->size == 0 || options->size > sizeof given ? sizeof given : options->size);
    count = given.points > 0 ? given.points : POINTS;
    c.seconds = given.seconds > 0 ? given.seconds : SECONDS;
    c.began = check_seconds_now();
    c.memory = arena_create();
    if (c.memory == NULL)
        status = pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    if (status == PIPETTE_OK && given.pipeline == NULL) {
        status = prepare_plugin(&c, &schema, &own, error);
        if (status == PIPETTE_OK)
            status = check_points_around(schema, count, c.memory, &c.points, error);
    } else if (status == PIPETTE_OK) {
        c.schema = given.pipeline->schema;
        c.stage = &given.pipeline->run.handle;
        status = check_points_of(given.pipeline, count, c.memory, &c.points, error);
    }
    if (status == PIPETTE_OK)
        status = try_all(&c);
    schema_destroy(schema);
    arena_destroy(c.memory);
    report.size = size;
    memcpy(out, &report, size);
    return status;
}
