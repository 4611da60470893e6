/* diff.c: `pipette diff FILE OTHER`: what differs between two result files, run by run at the same point. */
#include <stdlib.h>

#include <pipette/analysis.h>

#include "cli/cli.h"

typedef struct diff_arguments {
    pipette_diff_options options;
    cli_list folders;
    uint64_t most, told, left;
} diff_arguments;

enum { KEY_PLUGIN_PATH = 256, KEY_STORAGE, KEY_TOLERANCE };

static const struct argp_option options[] = {
    {"tolerance", KEY_TOLERANCE, "T", 0,
     "Floating-point numbers are equal that differ by at most T times the larger one", 0},
    {"all", 'a', NULL, 0, "Name every difference, not only the first 20", 0},
    {"storage", KEY_STORAGE, "PLUGIN", 0, "The storage plugin that wrote the files (default: hdf5)", 1},
    {"plugin-path", KEY_PLUGIN_PATH, "FOLDER", 0, "Look for plugins here first (repeatable)", 1},
    {NULL, 0, NULL, 0, NULL, 0},
};

static error_t parse(int key, char *text, struct argp_state *state)
{
    diff_arguments *a = state->input;
    char *end;
    switch (key) {
    case KEY_PLUGIN_PATH:
        return cli_list_add(&a->folders, text);
    case KEY_STORAGE:
        a->options.storage = text;
        break;
    case KEY_TOLERANCE:
        a->options.tolerance = strtod(text, &end);
        if (*text == '\0' || *end != '\0' || !(a->options.tolerance >= 0))
            cli_usage(state, "--tolerance takes a number from 0 on, not '%s'", text);
        break;
    case 'a':
        a->most = UINT64_MAX;
        break;
    case ARGP_KEY_ARG:
        if (a->options.first == NULL)
            a->options.first = text;
        else if (a->options.second == NULL)
            a->options.second = text;
        else
            cli_usage(state, "two files are compared; '%s' is too much", text);
        break;
    case ARGP_KEY_END:
        if (a->options.second == NULL)
            cli_usage(state, "which two files?");
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
    "Compare two result files.\v"
    "Runs are paired by their point, whatever their numbers; then parameters, results, states and tables are held "
    "against each other. What a "
    "file says of its making, times, messages and logs do not count.\n"
    "Exit codes: 0 nothing differs; 1 something does; 2 usage, or runs that cannot be paired; 4 storage.",
    NULL,
    NULL,
    NULL};

static int print_difference(uint64_t run, uint64_t there, const char *path, const char *text, void *user)
{
    diff_arguments *a = user;
    char names[2][PIPETTE_RUN_NAME_SIZE];
    if (a->told >= a->most) {
        a->left++;
        return 0;
    }
    a->told++;
    if (run == PIPETTE_DEFAULT_RUN)
        printf("%s %s\n", path, text);
    else if (run == there)
        printf("%s: %s %s\n", pipette_run_name(run, names[0]), path, text);
    else
        printf("%s, %s there: %s %s\n", pipette_run_name(run, names[0]), pipette_run_name(there, names[1]), path, text);
    return 0;
}

int cli_diff(int argc, char **argv)
{
    diff_arguments a;
    pipette_diff_report report;
    pipette_error error = {0};
    char paired[CLI_COUNT_SIZE], first[CLI_COUNT_SIZE];
    int code;
    memset(&a, 0, sizeof a);
    a.most = 20;
    code = cli_parse(&argp, argc, argv, &a);
    if (code != 0)
        return code - 1;
    a.options.folders = a.folders.items;
    a.options.folder_count = a.folders.count;
    if (pipette_diff(&a.options, print_difference, &a, &report, &error) != PIPETTE_OK) {
        code = cli_fail(&error);
    } else {
        if (a.left > 0)
            printf("and %llu more; --all names them\n", (unsigned long long)a.left);
        if (report.same)
            printf("the same: %s\n", cli_count(report.paired, "run", paired));
        else
            printf("%s at the same point, %llu of them differ; %s only in %s, %llu only in %s\n",
                   cli_count(report.paired, "run", paired), (unsigned long long)report.differing,
                   cli_count(report.only_first, "run", first), a.options.first, (unsigned long long)report.only_second,
                   a.options.second);
        code = report.same ? CLI_OK : CLI_RUNS_FAILED;
    }
    cli_list_free(&a.folders);
    return code;
}
