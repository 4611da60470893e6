/* reset.c: `pipette reset FILE`: runs become pending again, so that the next `pipette run` does them anew. */
#include <string.h>

#include "cli/cli.h"

typedef struct reset_arguments {
    cli_list folders;
    const char *file, *storage, *runs, *where;
    uint32_t states;
    int dry_run;
} reset_arguments;

enum { KEY_PLUGIN_PATH = 256, KEY_STORAGE, KEY_RUNS, KEY_WHERE, KEY_STATE, KEY_DRY_RUN };

static const struct argp_option options[] = {
    {"runs", KEY_RUNS, "LIST", 0, "These runs, such as 0-999,1500", 1},
    {"where", KEY_WHERE, "CONDITION", 0,
     "The runs for which it holds: 'I > 0.5 and nspikes == 0' (`pipette get --help` tells more)", 1},
    {"state", KEY_STATE, "LIST", 0, "The runs in these states, such as failed,timed_out", 1},
    {"dry-run", KEY_DRY_RUN, NULL, 0, "Only say how many runs that would be", 1},
    {"storage", KEY_STORAGE, "PLUGIN", 0, "The storage plugin that wrote the file (default: hdf5)", 2},
    {"plugin-path", KEY_PLUGIN_PATH, "FOLDER", 0, "Look for plugins here first (repeatable)", 2},
    {NULL, 0, NULL, 0, NULL, 0},
};

static error_t parse(int key, char *text, struct argp_state *state)
{
    reset_arguments *a = state->input;
    switch (key) {
    case KEY_PLUGIN_PATH:
        return cli_list_add(&a->folders, text);
    case KEY_STORAGE:
        a->storage = text;
        break;
    case KEY_RUNS:
        a->runs = text;
        break;
    case KEY_WHERE:
        a->where = text;
        break;
    case KEY_STATE:
        if (!cli_states(text, &a->states))
            cli_usage(state,
                      "--state takes states such as failed,timed_out (of pending, done, failed, timed_out, "
                      "infeasible), not '%s'",
                      text);
        break;
    case KEY_DRY_RUN:
        a->dry_run = 1;
        break;
    case ARGP_KEY_ARG:
        if (a->file != NULL)
            cli_usage(state, "'%s' is too much", text);
        a->file = text;
        break;
    case ARGP_KEY_END:
        if (a->file == NULL)
            cli_usage(state, "which FILE?");
        if (a->runs == NULL && a->where == NULL && a->states == 0)
            cli_usage(state, "which runs? --runs LIST, --where CONDITION or --state LIST");
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
    "Make runs of a result file pending again, without values, messages and logs: the next `pipette run` of the same "
    "config does exactly these anew.\v"
    "Runs that are chosen in several ways must be chosen by all of them. Tables that postprocessing has made stay "
    "until then.",
    NULL,
    NULL,
    NULL};

int cli_reset(int argc, char **argv)
{
    reset_arguments a = {{NULL, 0}, NULL, NULL, NULL, NULL, 0, 0};
    pipette_reset_options o = {.size = sizeof o};
    pipette_error error = {0};
    uint64_t count = 0;
    int code = cli_parse(&argp, argc, argv, &a);
    if (code != 0)
        return code - 1;
    o.file = a.file;
    o.storage = a.storage;
    o.folders = a.folders.items;
    o.folder_count = a.folders.count;
    o.states = a.states;
    o.runs = a.runs;
    o.where = a.where;
    o.dry_run = (uint32_t)a.dry_run;
    if (pipette_reset(&o, &count, &error) != PIPETTE_OK)
        code = cli_fail(&error);
    else
        printf("%s: %llu run%s pending again%s\n", a.file, (unsigned long long)count,
               a.dry_run    ? (count == 1 ? " would be" : "s would be")
               : count == 1 ? " is"
                            : "s are",
               a.dry_run || count == 0 ? "" : "; `pipette run` with its config does them anew");
    cli_list_free(&a.folders);
    return code;
}
