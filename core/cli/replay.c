/* replay.c: `pipette replay FILE RUN`: one run again, alone, in this process, compared bit by bit with what is stored.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

typedef struct replay_arguments {
    cli_list folders;
    const char *file, *run, *storage;
} replay_arguments;

enum { KEY_PLUGIN_PATH = 256, KEY_STORAGE };

static const struct argp_option options[] = {
    {"storage", KEY_STORAGE, "PLUGIN", 0, "The storage plugin that wrote the file (default: hdf5)", 0},
    {"plugin-path", KEY_PLUGIN_PATH, "FOLDER", 0, "Look for plugins here first (repeatable)", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static error_t parse(int key, char *text, struct argp_state *state)
{
    replay_arguments *a = state->input;
    switch (key) {
    case KEY_PLUGIN_PATH:
        return cli_list_add(&a->folders, text);
    case KEY_STORAGE:
        a->storage = text;
        break;
    case ARGP_KEY_ARG:
        if (a->file == NULL)
            a->file = text;
        else if (a->run == NULL)
            a->run = text;
        else
            argp_error(state, "'%s' is too much", text);
        break;
    case ARGP_KEY_END:
        if (a->run == NULL)
            argp_error(state, "which FILE, and which RUN of it?");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp argp = {
    options,
    parse,
    "FILE RUN",
    "Compute a stored run again, alone, in this process, and compare it bit by bit with what is stored.\v"
    "RUN is a number, or run_00000013. Nothing is changed. In a debugger: gdb --args pipette replay FILE RUN, then "
    "break in "
    "the model's function. Exit code 1: something differs.",
    NULL,
    NULL,
    NULL};

static int visit(const char *path, int equal, const char *detail, void *user)
{
    (void)user;
    printf("%-9s %s: %s\n", equal ? "equal" : "DIFFERENT", path, detail);
    return 0;
}

static void on_log(int level, const char *text, void *user)
{
    (void)user;
    cli_log(level, text);
}

int cli_replay(int argc, char **argv)
{
    replay_arguments a = {{NULL, 0}, NULL, NULL, NULL};
    pipette_replay_options o = {.size = sizeof o};
    pipette_error error = {0};
    const char *number;
    char *end;
    int differs = 0, code = cli_parse(&argp, argc, argv, &a);
    if (code != 0)
        return code - 1;
    number = strncmp(a.run, "run_", 4) == 0 ? a.run + 4 : a.run;
    o.run = strtoull(number, &end, 10);
    if (*number < '0' || *number > '9' || *end != '\0') {
        cli_error("RUN is the number of a run, or run_00000013, not '%s'", a.run);
        cli_list_free(&a.folders);
        return CLI_USAGE;
    }
    o.file = a.file;
    o.storage = a.storage;
    o.folders = a.folders.items;
    o.folder_count = a.folders.count;
    o.log = on_log;
    code = pipette_replay(&o, visit, NULL, &differs, &error) == PIPETTE_OK ? CLI_OK : cli_fail(&error);
    cli_list_free(&a.folders);
    return code == CLI_OK && differs ? CLI_RUNS_FAILED : code;
}
