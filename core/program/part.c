/* part.c: a part of a result file as a file of its own: some of its runs, without some of its results. */
#include <stdlib.h>

#include "program/play.h"

enum { RUNS = 1024 };

/* The runs that are wanted, with their rows. */
static int choose(player *p, const pipette_part_options *o, pipette_part_report *report)
{
    const pipette_selection_options which = {
        .size = sizeof which, .states = o->states, .runs = o->runs, .where = o->where};
    pipette_selection *selection = NULL;
    pipette_selected some[RUNS];
    uint32_t n = 1, i;
    int status = player_rows(p);
    if (status == PIPETTE_OK)
        status = pipette_selection_create(p->files[0], &which, &selection, p->error);
    while (status == PIPETTE_OK && n > 0) {
        status = pipette_selection_next(selection, some, RUNS, &n, p->error);
        for (i = 0; status == PIPETTE_OK && i < n; i++) {
            if (some[i].state == PIPETTE_STATE_PENDING)
                continue;
            p->rows[0][some[i].run] = some[i].row;
            p->from[some[i].run] = 1;
            report->run_count++;
        }
    }
    pipette_selection_destroy(selection);
    if (status == PIPETTE_OK && report->run_count == 0)
        return pipette_error_set(p->error, PIPETTE_E_NOT_FOUND, "%s: no run is left to be written", o->file);
    return status;
}

/* Each names a result of the runs. */
static int check_omitted(player *p)
{
    const pipette_entry *entry;
    uint64_t run;
    uint32_t i;
    int status = PIPETTE_OK;
    for (i = 0; status == PIPETTE_OK && i < p->omit_count; i++) {
        status = pipette_file_find(p->files[0], p->omit[i], &entry, &run, p->error);
        if (status == PIPETTE_OK && (entry->kind != PIPETTE_ENTRY_COLUMN || entry->role != PIPETTE_ROLE_RESULT))
            status = pipette_error_set(p->error, PIPETTE_E_INVALID,
                                       "'%s' is no result of the runs: it cannot be left out", p->omit[i]);
    }
    return status;
}

static int write_part(player *p, const pipette_part_options *o, pipette_part_report *report)
{
    pipette_environment_options e = pipette_environment_defaults();
    int status;
    if (o->file == NULL || o->out == NULL)
        return pipette_error_set(p->error, PIPETTE_E_INVALID,
                                 "a part of one file goes into another one: one of them is not named");
    if (player_is_same_file(o->file, o->out))
        return pipette_error_set(p->error, PIPETTE_E_INVALID,
                                 "%s is the file that a part is taken of: name another one", o->out);
    status = player_verify(p, o->file);
    if (status == PIPETTE_OK)
        status = player_open(p, &o->file, 1);
    if (status == PIPETTE_OK)
        status = check_omitted(p);
    e.file = o->out;
    e.workers = o->workers;
    e.overwrite = o->overwrite;
    e.progress = o->progress;
    e.log = o->log;
    e.user = o->user;
    if (status == PIPETTE_OK)
        status = player_begin(p, &e);
    if (status == PIPETTE_OK)
        status = player_parameters(p);
    if (status == PIPETTE_OK)
        status = player_note_file(p, "part_of.file", o->file, "The file that this is a part of");
    if (status == PIPETTE_OK)
        status = choose(p, o, report);
    return status == PIPETTE_OK ? player_run(p, &report->pending_count) : status;
}

int pipette_part_sized(const pipette_part_options *options, size_t size, pipette_part_report *report,
                       pipette_error *error)
{
    pipette_part_options o;
    pipette_error own = {0};
    player p = {.levels = pipette_load_defaults(), .error = &own};
    int status;
    memset(&o, 0, sizeof o);
    memset(report, 0, sizeof *report);
    memcpy(&o, options, size < sizeof o ? size : sizeof o);
    p.levels.storage = o.storage;
    p.levels.folders = o.folders;
    p.levels.folder_count = o.folder_count;
    p.omit = o.omit;
    p.omit_count = (uint32_t)o.omit_count;
    status = write_part(&p, &o, report);
    player_free(&p);
    if (status < 0 && error != NULL)
        *error = own;
    return status;
}
