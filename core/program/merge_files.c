/* merge_files.c: one file of two: an experiment over the points of both, whose runs play what was computed before. */
#include <stdlib.h>

#include "program/compare_files.h"
#include "program/pairs.h"
#include "program/play.h"

enum { ROWS = 4096 };

typedef struct merge {
    pipette_merge_options options;
    player player;
    pipette_diff_visit visit;
    void *user;
    pipette_merge_report report;
    pipette_error *error;
} merge;

/* The points of the second file join those of the first. */
static int join(merge *m)
{
    player *p = &m->player;
    pairs *points = NULL;
    const char **names = NULL;
    uint32_t i;
    int status = pairs_create(p->trajectories[0], p->trajectories[1], 1, &points, m->error);
    if (status != PIPETTE_OK)
        return status;
    names = calloc(pairs_parameter_count(points) + 1u, sizeof *names);
    if (names == NULL)
        status = pipette_error_set(m->error, PIPETTE_E_MEMORY, "out of memory");
    for (i = 0; status == PIPETTE_OK && i < pairs_parameter_count(points); i++)
        names[i] = pairs_parameter(points, i);
    if (status == PIPETTE_OK)
        status = trajectory_join(p->trajectory, p->trajectories[1], names, pairs_parameter_count(points), m->error);
    free(names);
    pairs_destroy(points);
    return status;
}

/* ---- Which run comes from where ---- */

static int find_rows(merge *m, int which)
{
    const uint64_t runs = pipette_run_count(m->player.trajectory);
    pairs *p = NULL;
    uint64_t first, n;
    int status;
    status = pairs_create(m->player.trajectory, m->player.trajectories[which], 0, &p, m->error);
    for (first = 0; status == PIPETTE_OK && first < runs; first += n) {
        n = runs - first < ROWS ? runs - first : ROWS;
        status = pairs_find(p, first, n, m->player.rows[which] + first, m->error);
    }
    pairs_destroy(p);
    return status;
}

static int state_of(merge *m, int which, uint64_t run, int8_t *state)
{
    *state = PIPETTE_STATE_PENDING;
    return m->player.rows[which][run] == PLAYER_NO_ROW
               ? PIPETTE_OK
               : pipette_file_read(m->player.files[which], LEDGER_STATE, m->player.rows[which][run], 1,
                                   PIPETTE_TYPE_BOOL, state, m->error);
}

static int choose(merge *m)
{
    const uint64_t runs = pipette_run_count(m->player.trajectory);
    uint64_t run;
    int status = player_rows(&m->player);
    if (status == PIPETTE_OK)
        status = find_rows(m, 0);
    if (status == PIPETTE_OK)
        status = find_rows(m, 1);
    for (run = 0; status == PIPETTE_OK && run < runs; run++) {
        int8_t a, b;
        status = state_of(m, 0, run, &a);
        if (status == PIPETTE_OK)
            status = state_of(m, 1, run, &b);
        if (status != PIPETTE_OK)
            break;
        if (a == PIPETTE_STATE_DONE && b == PIPETTE_STATE_DONE)
            m->player.from[run] = m->options.prefer == PIPETTE_PREFER_SECOND ? 2 : 1;
        else if (a == PIPETTE_STATE_DONE || b == PIPETTE_STATE_DONE)
            m->player.from[run] = a == PIPETTE_STATE_DONE ? 1 : 2;
        else if (a != PIPETTE_STATE_PENDING || b != PIPETTE_STATE_PENDING)
            m->player.from[run] = a != PIPETTE_STATE_PENDING ? 1 : 2;
        m->report.from_first += m->player.from[run] == 1;
        m->report.from_second += m->player.from[run] == 2;
        m->report.duplicates += a != PIPETTE_STATE_PENDING && b != PIPETTE_STATE_PENDING;
    }
    m->report.run_count = runs;
    return status;
}

/* ---- The whole ---- */

static int note_difference(uint64_t run, uint64_t there, const char *path, const char *text, void *user)
{
    merge *m = user;
    if (run == PIPETTE_DEFAULT_RUN || strcmp(path, LEDGER_STATE) == 0)
        return 0;
    m->report.unequal++;
    return m->options.prefer == PIPETTE_PREFER_NONE && m->visit != NULL ? m->visit(run, there, path, text, m->user) : 0;
}

static int compare(merge *m)
{
    const pipette_merge_options *o = &m->options;
    const pipette_diff_options both = {.first = o->first,
                                       .second = o->second,
                                       .storage = o->storage,
                                       .folders = o->folders,
                                       .folder_count = o->folder_count};
    pipette_diff_report report;
    int status;
    if (o->first == NULL || o->second == NULL || o->out == NULL)
        return pipette_error_set(m->error, PIPETTE_E_INVALID,
                                 "two files are merged into a third one: one of them is not named");
    if (player_is_same_file(o->first, o->out) || player_is_same_file(o->second, o->out))
        return pipette_error_set(m->error, PIPETTE_E_INVALID,
                                 "%s is one of the files that are merged: name another one", o->out);
    status = player_verify(&m->player, o->first);
    if (status == PIPETTE_OK)
        status = player_verify(&m->player, o->second);
    if (status == PIPETTE_OK)
        status = diff_files(&both, 1, note_difference, m, &report, m->error);
    if (status == PIPETTE_OK && m->report.unequal > 0 && o->prefer == PIPETTE_PREFER_NONE)
        return pipette_error_set(m->error, PIPETTE_E_EXISTS,
                                 "%s and %s have results at the same points that differ: say whose count (prefer), or "
                                 "compare them with `pipette diff`",
                                 o->first, o->second);
    return status;
}

static int run(merge *m)
{
    const char *const paths[] = {m->options.first, m->options.second};
    pipette_environment_options o = pipette_environment_defaults();
    player *p = &m->player;
    int status = player_open(p, paths, 2);
    o.file = m->options.out;
    o.workers = m->options.workers;
    o.overwrite = m->options.overwrite;
    o.progress = m->options.progress;
    o.log = m->options.log;
    o.user = m->options.user;
    if (status == PIPETTE_OK)
        status = player_begin(p, &o);
    if (status == PIPETTE_OK)
        status = player_parameters(p);
    if (status == PIPETTE_OK)
        status = player_note_file(p, "merge.first", m->options.first, "The file that was merged first");
    if (status == PIPETTE_OK)
        status = player_note_file(p, "merge.second", m->options.second, "The file that was merged with it");
    if (status == PIPETTE_OK)
        status = join(m);
    if (status == PIPETTE_OK)
        status = choose(m);
    return status == PIPETTE_OK ? player_run(p, &m->report.pending_count) : status;
}

int pipette_merge_sized(const pipette_merge_options *options, size_t size, pipette_diff_visit visit, void *user,
                        pipette_merge_report *report, pipette_error *error)
{
    pipette_error own = {0};
    merge m = {.visit = visit, .user = user, .error = &own};
    int status;
    memcpy(&m.options, options, size < sizeof m.options ? size : sizeof m.options);
    m.player.error = &own;
    m.player.levels = pipette_load_defaults();
    m.player.levels.storage = m.options.storage;
    m.player.levels.folders = m.options.folders;
    m.player.levels.folder_count = m.options.folder_count;
    status = compare(&m);
    if (status == PIPETTE_OK)
        status = run(&m);
    *report = m.report;
    player_free(&m.player);
    if (status < 0 && error != NULL)
        *error = own;
    return status;
}
