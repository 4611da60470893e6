/* check_try.c: a model on trial: one trial, and what was found. */
#include "program/check_try.h"

#include <time.h>

double check_seconds_now(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

double check_seconds_left(const check_subject *c)
{
    double left = c->seconds - (check_seconds_now() - c->began);
    return left > 0 ? left : 0;
}

/* ---- What was found ---- */

int check_found_anything(const check_subject *c)
{
    return c->report->finding[0] != '\0';
}

void check_found(check_subject *c, const char *format, ...)
{
    va_list arguments;
    if (check_found_anything(c))
        return;
    va_start(arguments, format);
    (void)vsnprintf(c->report->finding, sizeof c->report->finding, format, arguments);
    va_end(arguments);
}

const char *check_where(const check_subject *c, uint64_t point, char *out, size_t size)
{
    char text[300];
    (void)check_points_text(&c->points, point, text, sizeof text);
    if (c->options->pipeline != NULL)
        (void)snprintf(out, size, "in run %llu%s%s%s", (unsigned long long)c->runs[point], text[0] != '\0' ? " (" : "",
                       text, text[0] != '\0' ? ")" : "");
    else if (point == 0 || text[0] == '\0')
        (void)snprintf(out, size, "at the defaults");
    else
        (void)snprintf(out, size, "at %s", text);
    return out;
}

/* ---- One trial ---- */

static int take(void *user, uint64_t at, const trial_outcome *outcome)
{
    check_subject *c = user;
    uint64_t point = c->order[at];
    const unsigned char patterns[2] = {CHECK_FIRST_PATTERN, c->pattern};
    c->told = at + 1;
    if (c->options->progress != NULL)
        c->options->progress(c->doing, c->before + c->share * (double)(at + 1) / (double)c->order_count,
                             c->options->user);
    if (c->kept != NULL)
        return check_outcome_keep(&c->kept[at], outcome) != PIPETTE_OK || outcome->died; /* one end is enough */
    if (check_outcome_keep(&c->odd, outcome) != PIPETTE_OK)
        return PIPETTE_E_MEMORY;
    if (outcome->damage.kind == 0 && check_same(&c->first[point], &c->odd, patterns, &c->difference))
        return 0;
    c->at_fault = at;
    return 1;
}

int check_try(check_subject *c, const check_kind *kind, const uint64_t *order, uint64_t count, check_outcome *kept)
{
    trial_request request = {
        .schema = c->schema, .stage = c->stage, .stage_message = stage_message, .points = &c->points};
    double left = check_seconds_left(c), quarter = c->seconds / 4;
    pipette_error why = {0};
    int status;
    request.extents = kind->mode == TRIAL_SHAPES ? NULL : c->extents;
    request.order = order;
    request.order_count = count;
    request.lanes = kind->lanes;
    request.mode = kind->mode;
    request.side = kind->side;
    request.pattern = kind->pattern;
    request.garbage = kind->garbage;
    request.number = ++c->trials;
    request.seconds = kind->mode == TRIAL_TIME_RUN || kind->mode == TRIAL_TIME_BATCH ? CHECK_TIMED_SECONDS
                      : c->seconds * kind->part < left                               ? c->seconds * kind->part
                                                                                     : left;
    request.run_seconds = kind->mode == TRIAL_BATCH || quarter > left ? left : quarter;
    c->doing = kind->doing;
    c->share = kind->part;
    c->order = order;
    c->order_count = count;
    c->pattern = kind->pattern;
    c->kept = kept;
    c->told = 0;
    c->at_fault = UINT64_MAX;
    if (c->options->progress != NULL)
        c->options->progress(kind->doing, c->before, c->options->user);
    status = trial_run(&request, take, c, &why);
    c->before += kind->part;
    if (status == PIPETTE_OK || c->at_fault != UINT64_MAX)
        return PIPETTE_OK;
    if (status == PIPETTE_E_MEMORY || status == PIPETTE_E_SYSTEM || status == PIPETTE_E_INTERNAL)
        return pipette_error_set(c->error, status, "%s", why.message);
    check_found(c, "%s", why.message);
    return PIPETTE_OK;
}

/* ---- Time ---- */

int check_asks_for_time(const check_subject *c)
{
    static const char *const names[] = {"time", "gettimeofday", "clock_gettime", "timespec_get", "localtime", "ftime"};
    FILE *file = fopen(c->schema->path, "rb");
    char word[32];
    size_t used = 0, i;
    int asks = 0, letter;
    while (file != NULL && !asks && (letter = getc_unlocked(file)) != EOF) {
        if (letter != '\0') {
            if (used < sizeof word)
                word[used] = (char)letter;
            used += used < sizeof word;
            continue;
        }
        for (i = 0; i < PIPETTE_COUNT_OF(names); i++)
            asks |= used == strlen(names[i]) && memcmp(word, names[i], used) == 0;
        used = 0;
    }
    if (file != NULL)
        (void)fclose(file);
    return asks;
}

void check_wait_for_second(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_REALTIME, &time);
    time.tv_sec = 0;
    time.tv_nsec = 1010000000L - time.tv_nsec;
    if (time.tv_nsec >= 1000000000L)
        time = (struct timespec){1, time.tv_nsec - 1000000000L};
    (void)nanosleep(&time, NULL);
}
