/* export.c: `pipette export FILE --grid -o OUT`: results over the explored parameters, as a file for other tools. */
#include "cli.h"

typedef struct export_arguments {
    cli_list folders;
    const char *file, *storage, *out;
    int grid, replace;
} export_arguments;

enum { KEY_PLUGIN_PATH = 256, KEY_STORAGE, KEY_GRID, KEY_OVERWRITE };

static const struct argp_option options[] = {
    {"grid", KEY_GRID, NULL, 0, "Every result of fixed shape as an array over all explored parameters", 1},
    {"output", 'o', "FILE", 0, "The netCDF file that is made", 1},
    {"overwrite", KEY_OVERWRITE, NULL, 0, "Replace that file where it exists", 1},
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
        if (!a->grid)
            cli_usage(state, "what of it? --grid: results over the explored parameters");
        if (a->out == NULL)
            cli_usage(state, "into which file? -o OUT.nc");
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
    "Write results of a result file for other tools.\v"
    "--grid makes a netCDF file without groups (xarray, NCO, CDO and R take it) with one array for each result of "
    "fixed "
    "shape: V(tau_ref, I, time). Explored parameters ascend, whatever the order of the runs; points that no run has "
    "computed "
    "are missing. Where the runs are one product in its order, the result file itself shows the same in /grid.",
    NULL,
    NULL,
    NULL};

int cli_export(int argc, char **argv)
{
    export_arguments a = {{NULL, 0}, NULL, NULL, NULL, 0, 0};
    pipette_error error = {0};
    int code = cli_parse(&argp, argc, argv, &a);
    if (code != 0)
        return code - 1;
    if (pipette_export_grid(a.file, a.storage, a.folders.items, a.folders.count, a.out, a.replace, &error) !=
        PIPETTE_OK)
        code = cli_fail(&error);
    else
        printf("%s\n", a.out);
    cli_list_free(&a.folders);
    return code;
}
