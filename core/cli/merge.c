/* merge.c: `pipette merge FILE OTHER -o OUT`: one file of two that explore the same space. */
#include <stdlib.h>

#include <pipette/analysis.h>

#include "cli/cli.h"

typedef struct merge_arguments {
    pipette_merge_options options;
    cli_list folders;
    uint64_t told;
} merge_arguments;

enum { KEY_PLUGIN_PATH = 256, KEY_STORAGE, KEY_PREFER, KEY_OVERWRITE, DIFFERENCES_TOLD = 20 };

static const struct argp_option options[] = {
    {"output", 'o', "OUT", 0, "The file that gets the runs of both", 0},
    {"prefer", KEY_PREFER, "WHICH", 0, "first or second: whose results count where both have a point and differ", 0},
    {"overwrite", KEY_OVERWRITE, NULL, 0, "Replace OUT where it exists", 0},
    {"workers", 'w', "N", 0, "Worker processes (default: one per core)", 0},
    {"storage", KEY_STORAGE, "PLUGIN", 0, "The storage plugin that wrote the files (default: hdf5)", 1},
    {"plugin-path", KEY_PLUGIN_PATH, "FOLDER", 0, "Look for plugins here first (repeatable)", 1},
    {NULL, 0, NULL, 0, NULL, 0},
};

static error_t parse(int key, char *text, struct argp_state *state)
{
    merge_arguments *a = state->input;
    char *end;
    unsigned long workers;
    switch (key) {
    case KEY_PLUGIN_PATH:
        return cli_list_add(&a->folders, text);
    case KEY_STORAGE:
        a->options.storage = text;
        break;
    case KEY_OVERWRITE:
        a->options.overwrite = 1;
        break;
    case KEY_PREFER:
        if (strcmp(text, "first") != 0 && strcmp(text, "second") != 0)
            cli_usage(state, "--prefer is first or second, not '%s'", text);
        a->options.prefer = strcmp(text, "first") == 0 ? PIPETTE_PREFER_FIRST : PIPETTE_PREFER_SECOND;
        break;
    case 'w':
        workers = strtoul(text, &end, 10);
        if (*text < '0' || *text > '9' || *end != '\0' || workers < 1 || workers > 4096)
            cli_usage(state, "--workers takes a number from 1 to 4096, not '%s'", text);
        a->options.workers = (uint32_t)workers;
        break;
    case 'o':
        a->options.out = text;
        break;
    case ARGP_KEY_ARG:
        if (a->options.first == NULL)
            a->options.first = text;
        else if (a->options.second == NULL)
            a->options.second = text;
        else
            cli_usage(state, "two files are merged; '%s' is too much", text);
        break;
    case ARGP_KEY_END:
        if (a->options.second == NULL)
            cli_usage(state, "which two files?");
        if (a->options.out == NULL)
            cli_usage(state, "into which file? -o OUT");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp argp = {
    options,
    parse,
    "FILE OTHER",
    "Make one file of two that explore the same space.\v"
    "OUT gets the points of FILE, then those of OTHER that it lacks; parameters that are constant in each file but "
    "different become explored. "
    "Where both have a point, the run that is done counts; where both are and differ, nothing is merged, unless "
    "--prefer says whose results "
    "count. Tables and single results are not taken over. Cut off, the same command goes on; FILE's config goes on "
    "with OUT.\n"
    "Exit codes: 0 merged; 1 results at the same point differ; 2 usage, or files that do not go together; 4 storage.",
    NULL,
    NULL,
    NULL};

static int print_difference(uint64_t run, uint64_t there, const char *path, const char *text, void *user)
{
    merge_arguments *a = user;
    char names[2][PIPETTE_RUN_NAME_SIZE];
    if (a->told++ < DIFFERENCES_TOLD)
        printf("%s, %s there: %s %s\n", pipette_run_name(run, names[0]), pipette_run_name(there, names[1]), path, text);
    return 0;
}

static void say(int level, const char *text, void *user)
{
    (void)user;
    if (level == PIPETTE_LOG_WARNING)
        cli_log(level, text);
}

int cli_merge(int argc, char **argv)
{
    merge_arguments a;
    pipette_merge_report report;
    pipette_error error = {0};
    char runs[CLI_COUNT_SIZE];
    int code;
    memset(&a, 0, sizeof a);
    code = cli_parse(&argp, argc, argv, &a);
    if (code != 0)
        return code - 1;
    a.options.folders = a.folders.items;
    a.options.folder_count = a.folders.count;
    a.options.log = say;
    if (pipette_merge(&a.options, print_difference, &a, &report, &error) != PIPETTE_OK) {
        if (a.told > DIFFERENCES_TOLD)
            printf("and %llu more\n", (unsigned long long)(a.told - DIFFERENCES_TOLD));
        code = cli_fail(&error);
        if (error.code == PIPETTE_E_EXISTS && a.told > 0)
            code = CLI_RUNS_FAILED;
    } else {
        printf("%s: %s, %llu from %s, %llu from %s; %llu at points that both have\n", a.options.out,
               cli_count(report.from_first + report.from_second, "run", runs), (unsigned long long)report.from_first,
               a.options.first, (unsigned long long)report.from_second, a.options.second,
               (unsigned long long)report.duplicates);
        code = report.pending_count > 0 ? CLI_INTERRUPTED : CLI_OK;
    }
    cli_list_free(&a.folders);
    return code;
}
