/* export.c: `pipette export FILE -o OUT`: a part of a result file as one of its own, or, with --grid, results over the
 * explored parameters as a file for other tools. */
#include <pipette/analysis.h>

#include "cli/cli.h"

typedef struct export_arguments {
    cli_list folders, omit;
    const char *file, *storage, *out, *where, *runs;
    uint32_t states;
    int grid, replace;
} export_arguments;

enum { KEY_PLUGIN_PATH = 256, KEY_STORAGE, KEY_GRID, KEY_OVERWRITE, KEY_WHERE, KEY_RUNS, KEY_STATE, KEY_OMIT };

static const struct argp_option options[] = {
    {"grid", KEY_GRID, NULL, 0, "Every result of fixed shape as an array over all explored parameters", 1},
    {"output", 'o', "FILE", 0, "The file that is made", 1},
    {"overwrite", KEY_OVERWRITE, NULL, 0, "Replace that file where it exists", 1},
    {"where", KEY_WHERE, "CONDITION", 0, "Only runs for which it holds: 'I > 0.5 and nspikes > 0'", 1},
    {"runs", KEY_RUNS, "LIST", 0, "Only these: 0-999,1500", 1},
    {"state", KEY_STATE, "LIST", 0, "Only runs in these states: done,failed", 1},
    {"omit", KEY_OMIT, "RESULT", 0, "Without this result (repeatable)", 1},
    {"storage", KEY_STORAGE, "PLUGIN", 0, "The storage plugin that wrote the file (default: hdf5)", 2},
    {"plugin-path", KEY_PLUGIN_PATH, "FOLDER", 0, "Look for plugins here first (repeatable)", 2},
    {NULL, 0, NULL, 0, NULL, 0},
};

static error_t parse(int key, char *text, struct argp_state *state)
{
    export_arguments *a = state->input;
    switch (key) {
    case KEY_PLUGIN_PATH:
        return cli_list_add(&a->folders, text);
    case KEY_STORAGE:
        a->storage = text;
        break;
    case KEY_GRID:
        a->grid = 1;
        break;
    case KEY_WHERE:
        a->where = text;
        break;
    case KEY_RUNS:
        a->runs = text;
        break;
    case KEY_STATE:
        if (!cli_states(text, &a->states))
            cli_usage(state, "--state takes a list of done, failed, timed_out, infeasible, not '%s'", text);
        break;
    case KEY_OMIT:
        return cli_list_add(&a->omit, text);
    case KEY_OVERWRITE:
        a->replace = 1;
        break;
    case 'o':
        a->out = text;
        break;
    case ARGP_KEY_ARG:
        if (a->file != NULL)
            cli_usage(state, "'%s' is too much", text);
        a->file = text;
        break;
    case ARGP_KEY_END:
        if (a->file == NULL)
            cli_usage(state, "which FILE?");
        if (a->out == NULL)
            cli_usage(state, "into which file? -o %s", a->grid ? "OUT.nc" : "OUT");
        if (a->grid && (a->where != NULL || a->runs != NULL || a->states != 0 || a->omit.count > 0))
            cli_usage(state, "--grid takes all runs and results; make a part first, then the grid of that");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp argp = {
    options,
    parse,
    "FILE",
    "Write a part of a result file, or its results for other tools.\v"
    "Without --grid: the runs that are chosen, without the results that are omitted, as a result file of its own. Runs "
    "keep their numbers, "
    "and the config goes on with the part. Tables and single results, which are of all runs, are not taken over.\n"
    "--grid makes a netCDF file without groups (xarray, NCO, CDO and R take it) with one array for each result of "
    "fixed "
    "shape: V(tau_ref, I, time). Explored parameters ascend, whatever the order of the runs; points that no run has "
    "computed "
    "are missing. Where the runs are one product in its order, the result file itself shows the same in /grid.",
    NULL,
    NULL,
    NULL};

static void say(int level, const char *text, void *user)
{
    (void)user;
    if (level == PIPETTE_LOG_WARNING)
        cli_log(level, text);
}

static int export_part(const export_arguments *a)
{
    pipette_part_options o;
    pipette_part_report report;
    pipette_error error = {0};
    char runs[CLI_COUNT_SIZE];
    memset(&o, 0, sizeof o);
    o.file = a->file;
    o.out = a->out;
    o.storage = a->storage;
    o.folders = a->folders.items;
    o.folder_count = a->folders.count;
    o.states = a->states;
    o.runs = a->runs;
    o.where = a->where;
    o.omit = a->omit.items;
    o.omit_count = a->omit.count;
    o.overwrite = a->replace;
    o.log = say;
    if (pipette_part(&o, &report, &error) != PIPETTE_OK)
        return cli_fail(&error);
    printf("%s: %s\n", a->out, cli_count(report.run_count, "run", runs));
    return report.pending_count > 0 ? CLI_INTERRUPTED : CLI_OK;
}

int cli_export(int argc, char **argv)
{
    export_arguments a;
    pipette_error error = {0};
    int code;
    memset(&a, 0, sizeof a);
    code = cli_parse(&argp, argc, argv, &a);
    if (code != 0)
        return code - 1;
    if (!a.grid)
        code = export_part(&a);
    else if (pipette_export_grid(a.file, a.storage, a.folders.items, a.folders.count, a.out, a.replace, &error) !=
             PIPETTE_OK)
        code = cli_fail(&error);
    else
        printf("%s\n", a.out);
    cli_list_free(&a.folders);
    cli_list_free(&a.omit);
    return code;
}
