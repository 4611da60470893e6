/* conform.c: what `pipette check` says of a model that was tried: the report of pipette_try_model() in words. */
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/table.h"

#define SHOW_SECONDS 0.1

typedef struct showing {
    const char *name;
    double last;
    int terminal, shown;
} showing;

static double seconds_now(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void show(const char *what, double part, void *user)
{
    showing *s = user;
    double now = seconds_now();
    if (!s->terminal || now - s->last < SHOW_SECONDS)
        return;
    s->last = now;
    s->shown = 1;
    fprintf(stderr, "\r\033[K%s: %s  %.0f %%", s->name, what, part < 1 ? 100 * part : 100.0);
    (void)fflush(stderr);
}

static char *time_text(double seconds, char *out, size_t size)
{
    if (seconds < 1e-6)
        (void)snprintf(out, size, "%.3g ns", seconds * 1e9);
    else if (seconds < 1e-3)
        (void)snprintf(out, size, "%.3g us", seconds * 1e6);
    else if (seconds < 1)
        (void)snprintf(out, size, "%.3g ms", seconds * 1e3);
    else
        (void)snprintf(out, size, "%.3g s", seconds);
    return out;
}

static void print_points(const pipette_trial_report *r, const pipette_trial_options *o)
{
    printf("points:  ");
    if (r->tried + r->refused < r->point_count)
        printf("%llu of ", (unsigned long long)r->tried);
    printf("%llu%s: ", (unsigned long long)r->point_count,
           o->pipeline != NULL ? ", evenly spread over the exploration" : ", every parameter varied within its bounds");
    printf("%llu gave finite results", (unsigned long long)r->finite);
    if (r->done > r->finite)
        printf(", %llu gave infinities or NaN", (unsigned long long)(r->done - r->finite));
    if (r->infeasible > 0)
        printf(", %llu %s infeasible", (unsigned long long)r->infeasible, r->infeasible == 1 ? "is" : "are");
    if (r->failed > 0)
        printf(", %llu failed", (unsigned long long)r->failed);
    if (r->refused > 0)
        printf(", %llu %s refused by shape()", (unsigned long long)r->refused, r->refused == 1 ? "is" : "are");
    if (r->first_failure[0] != '\0' && r->finding[0] == '\0') {
        char text[201];
        (void)snprintf(text, sizeof text, "%.200s", r->first_failure);
        printf(" (\"");
        table_put(text);
        printf("\")");
    }
    printf("\n");
}

static void print_runs(const pipette_trial_report *r, const pipette_trial_options *o)
{
    char count[CLI_COUNT_SIZE];
    printf("runs:    the same bits");
    if (r->reordered > 0)
        printf(" in another order");
    if (r->repeated > 0)
        printf(", twice in a row");
    if (r->alone > 0)
        printf(", %s", "each alone in a fresh process");
    if (r->batched > 0)
        printf(" and in batches of up to %llu lanes", (unsigned long long)r->batched);
    printf("\n");
    if (r->tried + r->refused < r->point_count)
        printf("         there was time for %s, of which %llu in another order: --timeout gives more than %g s\n",
               cli_count(r->tried, "point", count), (unsigned long long)r->reordered, o->seconds);
}

static void print_times(const pipette_trial_report *r)
{
    char run[40], batch[40];
    if (r->run_seconds <= 0)
        return;
    printf("time:    %s a run", time_text(r->run_seconds, run, sizeof run));
    if (r->batch_seconds > 0)
        printf(", %s in a batch: %.3g times as fast", time_text(r->batch_seconds, batch, sizeof batch),
               r->run_seconds / r->batch_seconds);
    printf("\n");
}

int cli_conform(const char *title, const char *rest, const char *name, pipette_trial_options *o)
{
    pipette_trial_report r = {.size = sizeof r};
    pipette_error error = {0};
    showing s = {name, 0, isatty(STDERR_FILENO), 0};
    int status;
    o->progress = show;
    o->user = &s;
    status = pipette_try_model(o, &r, &error);
    if (s.shown)
        fputs("\r\033[K", stderr);
    if (status != PIPETTE_OK)
        return cli_fail(&error);
    if (r.sound) {
        printf("%s and is sound%s\n", title, rest);
        print_points(&r, o);
        print_runs(&r, o);
        print_times(&r);
        return CLI_OK;
    }
    printf("%s, but is not shown to be sound%s\n", title, rest);
    if (r.tried > 0)
        print_points(&r, o);
    (void)fflush(stdout);
    if (r.finding[0] != '\0') {
        cli_error("%s: %s", name, r.finding);
        return CLI_PLUGIN;
    }
    cli_error("%s: none of the %llu points has a result; the first says: %s", name, (unsigned long long)r.tried,
              r.first_failure);
    return CLI_RUNS_FAILED;
}
