/* check_judge.c: what it means that a trial gave something else than the first one. */
#include "program/check_judge.h"

#include <stdlib.h>

static uint64_t element_count(const check_subject *c, uint64_t point, uint32_t result, uint64_t lanes)
{
    const uint64_t *extents = c->extents[point];
    uint64_t count = lanes;
    uint32_t i, j;
    for (i = 0; i < result; i++)
        extents += c->schema->results[i].rank;
    for (j = 0; j < c->schema->results[result].rank; j++)
        count *= extents[j];
    return count;
}

/* Beside the buffer of a result. */
static void found_beside(check_subject *c, const char *place, const trial_damage *damage, uint64_t point,
                         uint64_t lanes)
{
    const char *does = damage->kind == TRIAL_REACHED ? "reaches for" : "writes",
               *path = c->schema->results[damage->place].path;
    if (damage->element < 0)
        check_found(c, "%s it %s element %lld of result '%s', whose buffer begins at element 0", place, does,
                    (long long)damage->element, path);
    else
        check_found(c, "%s it %s element %lld of result '%s', whose buffer has %llu", place, does,
                    (long long)damage->element, path,
                    (unsigned long long)element_count(c, point, (uint32_t)damage->place, lanes));
}

static const char *parameter_name(const check_subject *c, const trial_damage *damage)
{
    const char *path = c->points.paths[damage->place];
    return strncmp(path, "parameters.", 11) == 0 ? path + 11 : path;
}

void check_found_damage(check_subject *c, const char *place, const trial_damage *damage, uint64_t point, uint64_t lanes)
{
    const long long element = (long long)damage->element, lane = (long long)damage->lane;
    char who[40] = "it";
    switch (damage->kind) {
    case TRIAL_WROTE:
    case TRIAL_REACHED:
        found_beside(c, place, damage, point, lanes);
        break;
    case TRIAL_WROTE_PARAMETER:
        if (lane >= 0)
            (void)snprintf(who, sizeof who, "lane %lld", lane);
        check_found(c, "%s it writes to parameter '%s'%s%s, which it may only read", place, parameter_name(c, damage),
                    lane >= 0 ? " of " : "", lane >= 0 ? who : "");
        break;
    case TRIAL_REACHED_PARAMETER:
        check_found(c, "%s it reaches for element %lld of the column of parameter '%s', which has %llu", place, element,
                    parameter_name(c, damage), (unsigned long long)lanes);
        break;
    default:
        if (lane >= 0)
            check_found(c, "%s lane %lld has the status %lld: 0, PIPETTE_INFEASIBLE and negative ones have a meaning",
                        place, lane, element);
        else if (lanes > 1)
            check_found(c, "%s run_batch() returned %lld: it returns 0 or a negative status", place, element);
        else
            check_found(c, "%s run() returned %lld: it returns 0, PIPETTE_INFEASIBLE or a negative status", place,
                        element);
    }
}

/* ---- Why two runs of a point differ ---- */

static const check_kind plain_run = {
    "looking for the reason", TRIAL_RUN, GUARDED_BEHIND, CHECK_FIRST_PATTERN, CHECK_FIRST_GARBAGE, 0, 0.1};

/* Runs `order` as the first trial would, but for what `change` says; the last outcome goes to `out`. 0 where it came to
 * none. */
static int last_of(check_subject *c, check_kind kind, const uint64_t *order, uint64_t count, check_outcome *out)
{
    check_outcome *all = calloc((size_t)count, sizeof *all);
    uint64_t i;
    int came = 0;
    if (all == NULL)
        return 0;
    if (check_try(c, &kind, order, count, all) == PIPETTE_OK && c->told == count) {
        check_outcome_free(out);
        *out = all[count - 1];
        memset(&all[count - 1], 0, sizeof *all);
        came = 1;
    }
    for (i = 0; i < count; i++)
        check_outcome_free(&all[i]);
    free(all);
    return came;
}

/* Two runs within a second see the same time. */
static void wait_for_time(const check_subject *c)
{
    if (check_asks_for_time(c) && check_seconds_left(c) > 2)
        check_wait_for_second();
}

/* The sentence for a point that gave one thing in the first trial and another now: tries what makes the difference.
 * `order` up to `at` is what the second one ran. */
static const char *reason(check_subject *c, const uint64_t *order, uint64_t at, check_difference *shown)
{
    const unsigned char same[2] = {CHECK_FIRST_PATTERN, CHECK_FIRST_PATTERN},
                        patterns[2] = {CHECK_FIRST_PATTERN, CHECK_OTHER_PATTERN};
    const uint64_t twice[2] = {order[at], order[at]};
    check_outcome alone = {0}, other = {0};
    check_difference difference;
    check_kind kind = plain_run;
    const char *why = "it depends on what ran before in the same process";
    uint64_t i, *natural = calloc((size_t)order[at] + 1, sizeof *natural);
    if (shown->unfilled)
        why = NULL;
    else if (!last_of(c, kind, twice, 1, &alone))
        why = "there was no time to find out why";
    else if (wait_for_time(c), last_of(c, kind, twice, 1, &other) && !check_same(&alone, &other, same, &difference)) {
        *shown = difference;
        why = "it differs from process to process, even where it is the only run: it depends on the time, a process "
              "number, an address, a random device or the like";
    } else if (kind.pattern = CHECK_OTHER_PATTERN,
               last_of(c, kind, twice, 1, &other) && !check_same(&alone, &other, patterns, &difference)) {
        *shown = difference;
        why = "it depends on what its buffer held before it was filled";
    } else if (kind = plain_run, kind.garbage = CHECK_OTHER_GARBAGE,
               last_of(c, kind, twice, 1, &other) && !check_same(&alone, &other, same, &difference)) {
        *shown = difference;
        why = "it depends on uninitialised memory";
    } else if (kind = plain_run, last_of(c, kind, twice, 2, &other) && !check_same(&alone, &other, same, &difference)) {
        *shown = difference;
        why = "the second time in a row gives something else: something is carried over from run to run";
    } else if (natural != NULL) {
        for (i = 0; i <= order[at]; i++)
            natural[i] = i;
        if (last_of(c, kind, natural, order[at] + 1, &other) && !check_same(&alone, &other, same, &difference))
            *shown = difference;
        else if (last_of(c, kind, order, at + 1, &other) && !check_same(&alone, &other, same, &difference))
            *shown = difference;
        else
            why = "it is not the same every time";
    }
    free(natural);
    check_outcome_free(&alone);
    check_outcome_free(&other);
    return why;
}

void check_judge(check_subject *c, int later)
{
    const uint64_t *order = c->order;
    uint64_t at = c->at_fault, point;
    check_difference shown = c->difference;
    char place[400];
    const char *why;
    if (at == UINT64_MAX || check_found_anything(c))
        return;
    point = order[at];
    if (c->odd.damage.kind != 0) {
        check_found_damage(c, check_where(c, point, place, sizeof place), &c->odd.damage, point, 1);
        return;
    }
    why = later ? "it depends on the time" : reason(c, order, at, &shown);
    if (shown.unfilled)
        check_found(c, "result '%s' is not filled %s: %s over two patterns, which its buffer held before the run",
                    shown.path, check_where(c, point, place, sizeof place), shown.detail);
    else if (shown.path[0] != '\0')
        check_found(c, "result '%s' is not always the same %s: %s; %s", shown.path,
                    check_where(c, point, place, sizeof place), shown.detail, why);
    else
        check_found(c, "the run %s does not always end alike: %s; %s", check_where(c, point, place, sizeof place),
                    shown.detail, why);
}

void check_judge_batch(check_subject *c, const char *batch, uint64_t lanes)
{
    char place[400], how[440];
    const check_difference *d = &c->difference;
    uint64_t at = c->at_fault, point;
    if (at == UINT64_MAX || check_found_anything(c))
        return;
    point = c->order[at];
    (void)snprintf(how, sizeof how,
                   lanes > 1 ? "in a batch of %s" : "in a batch of %s (%s, in all %u lanes of its width)", batch,
                   check_where(c, point, place, sizeof place), CHECK_VECTOR);
    if (c->odd.damage.kind != 0)
        check_found_damage(c, how, &c->odd.damage, point, (lanes + 15) / 16 * 16);
    else if (c->odd.died)
        check_found(c, "in a batch of %s %s", batch, c->odd.message);
    else if (d->other_unfilled)
        check_found(c, "result '%s' is not filled in lane %llu of a batch of %s (%s): %s, alone and in the batch",
                    d->path, (unsigned long long)at, batch, check_where(c, point, place, sizeof place), d->detail);
    else
        check_found(c, "lane %llu in a batch of %s (%s) is not what run gives there: %s%s%s%s, alone and in the batch",
                    (unsigned long long)at, batch, check_where(c, point, place, sizeof place),
                    d->path[0] != '\0' ? "result '" : "", d->path, d->path[0] != '\0' ? "', " : "", d->detail);
}
