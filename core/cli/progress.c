/* progress.c: how far the runs are: a bar on a terminal, plain lines elsewhere, or JSON lines. On stderr. */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/cli.h"

static char *duration(double seconds, char *out, size_t size)
{
    unsigned long long whole = seconds < 0 ? 0 : (unsigned long long)(seconds + 0.5);
    if (whole >= 86400)
        (void)snprintf(out, size, "%llud %lluh", whole / 86400, whole / 3600 % 24);
    else if (whole >= 3600)
        (void)snprintf(out, size, "%lluh %02llum", whole / 3600, whole / 60 % 60);
    else if (whole >= 60)
        (void)snprintf(out, size, "%llum %02llus", whole / 60, whole % 60);
    else
        (void)snprintf(out, size, "%llus", whole);
    return out;
}

static char *rate_text(double rate, char *out, size_t size)
{
    if (rate >= 1e6)
        (void)snprintf(out, size, "%.1fM", rate / 1e6);
    else if (rate >= 1e4)
        (void)snprintf(out, size, "%.0fk", rate / 1e3);
    else
        (void)snprintf(out, size, rate >= 10 ? "%.0f" : "%.1f", rate);
    return out;
}

static uint64_t ended(const pipette_progress *now)
{
    return now->done + now->failed + now->timed_out + now->infeasible;
}

static void words(const pipette_progress *now, char *out, size_t size)
{
    double rate = now->seconds > 0 ? (double)ended(now) / now->seconds : 0;
    uint64_t bad = now->failed + now->timed_out;
    char per_second[32], left[32];
    int used = snprintf(out, size, "%llu/%llu runs  %s/s", (unsigned long long)ended(now),
                        (unsigned long long)now->run_count, rate_text(rate, per_second, sizeof per_second));
    if (bad > 0 && used > 0 && (size_t)used < size)
        used += snprintf(out + used, size - (size_t)used, "  %llu failed", (unsigned long long)bad);
    if (rate > 0 && ended(now) < now->run_count && used > 0 && (size_t)used < size)
        (void)snprintf(out + used, size - (size_t)used, "  %s left",
                       duration((double)(now->run_count - ended(now)) / rate, left, sizeof left));
}

static void bar(cli_progress *progress, const pipette_progress *now)
{
    static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    struct winsize window = {0};
    char text[160];
    unsigned width = 80, room, filled, i;
    double part = now->run_count == 0 ? 1 : (double)ended(now) / (double)now->run_count;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0)
        width = window.ws_col;
    words(now, text, sizeof text);
    room = width > strlen(text) + 10 ? width - (unsigned)strlen(text) - 10 : 0;
    if (room > 40)
        room = 40;
    fputs("\r\033[K", stderr);
    if (room >= 5) {
        filled = (unsigned)(part * 8 * room);
        for (i = 0; i < filled / 8; i++)
            fputs("█", stderr);
        if (filled / 8 < room)
            fputs(eighths[filled % 8], stderr);
        for (i = filled / 8 + (filled % 8 != 0); i < room; i++)
            fputs("░", stderr);
        fprintf(stderr, " %3d%%  ", (int)(100 * part));
    }
    /* Never longer than the line: a line that wraps would scroll. */
    fprintf(stderr, "%.*s", (int)(width - 1), text);
    (void)fflush(stderr);
    progress->shown = 1;
}

void cli_progress_clear(cli_progress *progress)
{
    if (progress->shown)
        fputs("\r\033[K", stderr);
    progress->shown = 0;
}

static void json(const pipette_progress *now, int last)
{
    fprintf(stderr,
            "{\"event\":\"%s\",\"round\":%u,\"runs\":%llu,\"done\":%llu,\"failed\":%llu,\"timed_out\":%llu,"
            "\"infeasible\":%llu,"
            "\"seconds\":%.3f}\n",
            last ? "end" : "progress", now->round, (unsigned long long)now->run_count, (unsigned long long)now->done,
            (unsigned long long)now->failed, (unsigned long long)now->timed_out, (unsigned long long)now->infeasible,
            now->seconds);
}

void cli_progress_show(cli_progress *progress, const pipette_progress *now, int last)
{
    char text[160];
    if (progress->kind == CLI_PROGRESS_AUTO) {
        const char *terminal = getenv("TERM");
        progress->kind = isatty(STDERR_FILENO) && terminal != NULL && strcmp(terminal, "dumb") != 0
                             ? CLI_PROGRESS_BAR
                             : CLI_PROGRESS_PLAIN;
    }
    switch (progress->kind) {
    case CLI_PROGRESS_BAR:
        if (last)
            cli_progress_clear(progress);
        else if (now->seconds > 0.15) /* nothing to see where it is over at once */
            bar(progress, now);
        break;
    case CLI_PROGRESS_PLAIN:
        /* A log is not a terminal: a line at 2 s, then ever further apart. */
        if (!last && now->seconds >= 2 && now->seconds >= 1.5 * progress->printed) {
            words(now, text, sizeof text);
            fprintf(stderr, "pipette: %s\n", text);
            progress->printed = now->seconds;
        }
        break;
    case CLI_PROGRESS_JSON:
        json(now, last);
        break;
    default:
        break;
    }
}
