/* get.c: `pipette get FILE PATH`: values, arrays and tables as text, CSV or JSON: what is asked for. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/get_array.h"

typedef struct get_arguments {
    cli_list folders;
    const char *file, *path, *storage;
    get_options options;
} get_arguments;

enum { KEY_PLUGIN_PATH = 256, KEY_STORAGE, KEY_RUN, KEY_STATE, KEY_DONE, KEY_WHERE, KEY_WIDE, KEY_LONG, KEY_JSON };

static const struct argp_option options[] = {
    {"run", KEY_RUN, "N", 0, "The value in this run", 1},
    {"state", KEY_STATE, "LIST", OPTION_ARG_OPTIONAL,
     "Add the state of each run; with a LIST such as failed,timed_out only the runs in these states", 1},
    {"done", KEY_DONE, NULL, 0, "Only runs that are done", 1},
    {"where", KEY_WHERE, "CONDITION", 0, "Only runs for which it holds: 'I > 0.5 and nspikes == 0'", 1},
    {"wide", KEY_WIDE, NULL, 0, "Arrays across instead of a line for each element, where all have one shape", 2},
    {"long", KEY_LONG, NULL, 0, "Also a table of two dimensions with a line for each element", 2},
    {"json", KEY_JSON, NULL, 0, "JSON instead of CSV", 2},
    {"storage", KEY_STORAGE, "PLUGIN", 0, "The storage plugin that wrote the file (default: hdf5)", 3},
    {"plugin-path", KEY_PLUGIN_PATH, "FOLDER", 0, "Look for plugins here first (repeatable)", 3},
    {NULL, 0, NULL, 0, NULL, 0},
};

/* `--state failed` as well as `--state=failed`: the next word counts if it is a list of states. */
static void take_states(get_arguments *a, char *text, struct argp_state *state)
{
    uint32_t states;
    a->options.state = 1;
    if (text != NULL) {
        if (!cli_states(text, &a->options.states))
            cli_usage(state,
                      "--state takes states such as failed,timed_out (of pending, done, failed, timed_out, "
                      "infeasible), not '%s'",
                      text);
    } else if (state->next < state->argc && cli_states(state->argv[state->next], &states)) {
        a->options.states = states;
        state->next++;
    }
}

static error_t parse(int key, char *text, struct argp_state *state)
{
    get_arguments *a = state->input;
    get_options *o = &a->options;
    switch (key) {
    case KEY_PLUGIN_PATH:
        return cli_list_add(&a->folders, text);
    case KEY_STORAGE:
        a->storage = text;
        break;
    case KEY_RUN:
        o->run = cli_run_number(state, text);
        break;
    case KEY_STATE:
        take_states(a, text, state);
        break;
    case KEY_DONE:
        o->states = 1u << PIPETTE_STATE_DONE;
        break;
    case KEY_WHERE:
        o->where = text;
        break;
    case KEY_WIDE:
        o->wide = 1;
        break;
    case KEY_LONG:
        o->narrow = 1;
        break;
    case KEY_JSON:
        o->json = 1;
        break;
    case ARGP_KEY_ARG:
        if (a->file == NULL)
            a->file = text;
        else if (a->path == NULL)
            a->path = text;
        else if (o->state && o->states == 0)
            cli_usage(state,
                      "'%s' is too much, or --state is meant: it takes pending, done, failed, timed_out, infeasible",
                      text);
        else
            cli_usage(state, "'%s' is too much", text);
        break;
    case ARGP_KEY_END:
        if (a->path == NULL)
            cli_usage(state, "which FILE, and which PATH in it? `pipette show FILE` lists them");
        if (o->wide && o->narrow)
            cli_usage(state, "--wide or --long, not both");
        if (o->run != PIPETTE_DEFAULT_RUN && (o->where != NULL || o->states != 0 || o->state))
            cli_usage(state, "--run names one run; --state, --done and --where choose among all");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp argp = {
    options,
    parse,
    "FILE PATH",
    "Print values of a result file: a scalar as text, anything else as CSV.\v"
    "PATH is a full name or any part that finds one: tau_V, nspikes, results.neuron.run_00000013.V. A result of all "
    "runs gives a line for "
    "each run with what was explored, or for each element of it, with its place along each dimension; a table its "
    "coordinates and "
    "arrays; `runs` the state and the message of each run. Of messages and logs only the runs are listed that have "
    "one. What is missing "
    "is empty (null in JSON), such as results of runs that are not done.\n\n"
    "CONDITION knows parameters and scalar results by name, `run`, `state`, numbers, 'texts', == != < <= > >=, + - * / "
    "% ^, and or not, and "
    "functions such as abs, sqrt, exp, log, min, max, floor, isnan, missing. What is missing fulfils no comparison.\n\n"
    "    pipette get x.hdf5 runs --state failed\n"
    "    pipette get x.hdf5 nspikes --where 'I > 0.5 and nspikes == 0'\n",
    NULL,
    NULL,
    NULL};

/* ---- What PATH names ---- */

enum { ARRAYS = 64 };

typedef struct named {
    const char *group; /* "results.summary.firing_rates", where a group was named */
    const pipette_entry *entries[ARRAYS];
    uint32_t count;
} named;

/* The arrays of a table stand beside its coordinates, which are called as their dimension. */
static int keep_array(const pipette_entry *entry, void *user)
{
    named *found = user;
    size_t length = strlen(found->group);
    const char *last = entry->path + length + 1;
    if (entry->kind != PIPETTE_ENTRY_TABLE || strncmp(entry->path, found->group, length) != 0 || last[-1] != '.' ||
        strchr(last, '.') != NULL)
        return 0;
    if (entry->rank == 1 && entry->dimensions[0].name != NULL && strcmp(entry->dimensions[0].name, last) == 0)
        return 0;
    if (found->count < ARRAYS)
        found->entries[found->count++] = entry;
    return 0;
}

/* What PATH names: one entry, or the arrays of one table. */
static int find(pipette_file *file, const char *path, named *found, uint64_t *run, pipette_error *error)
{
    int status = pipette_file_find_any(file, path, &found->entries[0], &found->group, run, error);
    if (status != PIPETTE_OK)
        return status;
    if (found->group == NULL) {
        found->count = 1;
        return PIPETTE_OK;
    }
    (void)pipette_file_list(file, keep_array, found, NULL);
    if (found->count > 0)
        return PIPETTE_OK;
    return pipette_error_set(error, PIPETTE_E_INVALID,
                             "'%s' is a group; `pipette show FILE %s` lists what stands in it", found->group, path);
}

static int get(pipette_file *file, const get_arguments *a, output *out)
{
    named found = {NULL, {NULL}, 0};
    get_options o = a->options;
    pipette_error error = {0};
    uint64_t run = PIPETTE_DEFAULT_RUN;
    int chooses = o.where != NULL || o.states != 0 || o.state;
    if (strcmp(a->path, "runs") == 0 && o.run == PIPETTE_DEFAULT_RUN)
        return get_runs(file, NULL, &o, out);
    if (find(file, a->path, &found, &run, &error) != PIPETTE_OK)
        return cli_fail(&error);
    o.table = found.group != NULL;
    if (run != PIPETTE_DEFAULT_RUN && o.run != PIPETTE_DEFAULT_RUN && run != o.run)
        return cli_two_runs(a->path, o.run);
    if (run != PIPETTE_DEFAULT_RUN)
        o.run = run;
    if (found.entries[0]->kind == PIPETTE_ENTRY_COLUMN && o.run == PIPETTE_DEFAULT_RUN)
        return get_runs(file, found.entries[0], &o, out);
    if (chooses) {
        cli_error("'%s' is %s; --state, --done and --where choose among the runs of what each run has", a->path,
                  o.run == PIPETTE_DEFAULT_RUN ? "the same for all runs" : "the value of one run");
        return CLI_USAGE;
    }
    return get_arrays(file, found.entries, found.count, &o, out);
}

int cli_get(int argc, char **argv)
{
    get_arguments a = {{NULL, 0}, NULL, NULL, NULL, {PIPETTE_DEFAULT_RUN, NULL, 0, 0, 0, 0, 0, 0}};
    output out = {NULL, 0, 0, STDOUT_FILENO, 0};
    pipette_file *file;
    pipette_error error = {0};
    int code = cli_parse(&argp, argc, argv, &a), ended;
    if (code != 0)
        return code - 1;
    if (pipette_file_open(a.file, a.storage, a.folders.items, a.folders.count, &file, &error) != PIPETTE_OK) {
        cli_list_free(&a.folders);
        return cli_fail(&error);
    }
    code = get(file, &a, &out);
    ended = output_end(&out);
    output_free(&out);
    pipette_file_destroy(file);
    cli_list_free(&a.folders);
    return code != CLI_OK ? code : ended;
}
