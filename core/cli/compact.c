/* compact.c: `pipette compact FILE`: gives back the room that growing has left behind in a result file. */
#include "cli/cli.h"

typedef struct compact_arguments {
    cli_list folders;
    const char *file, *storage;
} compact_arguments;

enum { KEY_PLUGIN_PATH = 256, KEY_STORAGE };

static const struct argp_option options[] = {
    {"storage", KEY_STORAGE, "PLUGIN", 0, "The storage plugin that wrote the file (default: hdf5)", 1},
    {"plugin-path", KEY_PLUGIN_PATH, "FOLDER", 0, "Look for plugins here first (repeatable)", 1},
    {NULL, 0, NULL, 0, NULL, 0},
};

static error_t parse(int key, char *text, struct argp_state *state)
{
    compact_arguments *a = state->input;
    switch (key) {
    case KEY_PLUGIN_PATH:
        return cli_list_add(&a->folders, text);
    case KEY_STORAGE:
        a->storage = text;
        break;
    case ARGP_KEY_ARG:
        if (a->file != NULL)
            cli_usage(state, "'%s' is too much", text);
        a->file = text;
        break;
    case ARGP_KEY_END:
        if (a->file == NULL)
            cli_usage(state, "which FILE?");
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
    "Give back the room that growing and running again have left behind in a result file.\v"
    "The file is written anew beside the old one and takes its name, so that much more room is needed meanwhile. Runs, "
    "values and what other programs have put into it stay; a crash leaves the old file or the new one.",
    NULL,
    NULL,
    NULL};

int cli_compact(int argc, char **argv)
{
    compact_arguments a = {{NULL, 0}, NULL, NULL};
    pipette_error error = {0};
    uint64_t before = 0, after = 0;
    int code = cli_parse(&argp, argc, argv, &a);
    if (code != 0)
        return code - 1;
    if (pipette_compact(a.file, a.storage, a.folders.items, a.folders.count, &before, &after, &error) != PIPETTE_OK)
        code = cli_fail(&error);
    else
        printf("%s: %llu bytes, %llu before\n", a.file, (unsigned long long)after, (unsigned long long)before);
    cli_list_free(&a.folders);
    return code;
}
