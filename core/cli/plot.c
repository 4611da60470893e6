/* plot.c: `pipette plot FILE [WHAT...]`: pictures of what a result file holds, drawn by the plugin `plot`. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

typedef struct plot_arguments {
    cli_list folders, what, sets;
    const char *file, *storage, *out;
    pipette_stored_options options;
    char own[512]; /* the picture's name where none was given */
    int replace, failed;
} plot_arguments;

enum {
    KEY_PLUGIN_PATH = 256,
    KEY_STORAGE,
    KEY_OVERWRITE,
    KEY_WHERE,
    KEY_RUNS,
    KEY_RUN,
    KEY_PART,
    KEY_TITLE,
    KEY_XLABEL,
    KEY_YLABEL,
    KEY_LEGEND,
    KEY_LOG,
    KEY_WIDTH,
    KEY_HEIGHT
};

static const struct argp_option options[] = {
    {"output", 'o', "FILE", 0, "The picture, a .png, .svg or .pdf (default: named after the result file, .png, here)",
     1},
    {"overwrite", KEY_OVERWRITE, NULL, 0, "Replace picture, script and data where they exist", 1},
    {"where", KEY_WHERE, "CONDITION", 0, "Only runs for which it holds: 'I > 0.5 and nspikes > 0'", 2},
    {"runs", KEY_RUNS, "LIST", 0, "Only these: 0-999,1500", 2},
    {"run", KEY_RUN, "N", 0, "The run that a trace is of (default: 13, or the last before it)", 2},
    {"part", KEY_PART, "P", 0, "How much of a trace: 0.125 is the first eighth", 2},
    {"title", KEY_TITLE, "TEXT", 0, "The title", 3},
    {"xlabel", KEY_XLABEL, "TEXT", 0, "The label below", 3},
    {"ylabel", KEY_YLABEL, "TEXT", 0, "The label beside", 3},
    {"legend", KEY_LEGEND, "TEXT", 0, "Of each line; {NAME} stands for its value: 'tau_ref={tau_ref} ms'", 3},
    {"log", KEY_LOG, "AXES", 0, "Logarithmic scale: x, y or xy", 3},
    {"width", KEY_WIDTH, "MM", 0, "Width in millimetres (default: 160)", 3},
    {"height", KEY_HEIGHT, "MM", 0, "Height in millimetres (default: 100)", 3},
    {"storage", KEY_STORAGE, "PLUGIN", 0, "The storage plugin that wrote the file (default: hdf5)", 4},
    {"plugin-path", KEY_PLUGIN_PATH, "FOLDER", 0, "Look for plugins here first (repeatable)", 4},
    {NULL, 0, NULL, 0, NULL, 0},
};

/* Adds an option of the plugin: "KEY=VALUE". Texts are quoted. */
static void set(plot_arguments *a, const char *key, const char *value, int text)
{
    char *all = malloc(strlen(key) + 2 * strlen(value) + 4), *to = all;
    if (all == NULL) {
        a->failed = 1;
        return;
    }
    to += sprintf(to, "%s=%s", key, text ? "\"" : "");
    for (; *value != '\0'; value++) {
        if (text && (*value == '"' || *value == '\\'))
            *to++ = '\\';
        *to++ = *value;
    }
    (void)strcpy(to, text ? "\"" : "");
    if (cli_list_add(&a->sets, all) != 0) {
        free(all);
        a->failed = 1;
    }
}

static void set_number(plot_arguments *a, struct argp_state *state, const char *key, const char *text)
{
    char *end;
    (void)strtod(text, &end);
    if (end == text || *end != '\0')
        cli_usage(state, "--%s takes a number, not '%s'", key, text);
    set(a, key, text, 0);
}

static error_t parse(int key, char *text, struct argp_state *state)
{
    plot_arguments *a = state->input;
    switch (key) {
    case KEY_PLUGIN_PATH:
        return cli_list_add(&a->folders, text);
    case KEY_STORAGE:
        a->storage = text;
        break;
    case KEY_OVERWRITE:
        a->replace = 1;
        break;
    case KEY_WHERE:
        a->options.where = text;
        break;
    case KEY_RUNS:
        a->options.runs = text;
        break;
    case KEY_RUN:
        (void)cli_run_number(state, text);
        set(a, "run", text, 0);
        break;
    case KEY_PART:
        set_number(a, state, "part", text);
        break;
    case KEY_TITLE:
        set(a, "title", text, 1);
        break;
    case KEY_XLABEL:
        set(a, "xlabel", text, 1);
        break;
    case KEY_YLABEL:
        set(a, "ylabel", text, 1);
        break;
    case KEY_LEGEND:
        set(a, "legend", text, 1);
        break;
    case KEY_LOG:
        set(a, "log", text, 1);
        break;
    case KEY_WIDTH:
        set_number(a, state, "width", text);
        break;
    case KEY_HEIGHT:
        set_number(a, state, "height", text);
        break;
    case 'o':
        a->out = text;
        break;
    case ARGP_KEY_ARG:
        if (a->file != NULL)
            return cli_list_add(&a->what, text);
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
    "FILE [WHAT...]",
    "Draw what a result file holds, with gnuplot.\v"
    "WHAT is NAME (a result, or an array of one run), X:Y or X:Y:BY (a line for each value of BY), lines:X:Y (one "
    "line: the mean at each X, and the range), points:X:Y, map:X:Y:COLOUR, histogram:NAME, trace:NAME or raster:NAME; "
    "several stand one below the other. Names are as in `pipette get`; X can also be `run`. Without WHAT: what the "
    "file's own config says (a stage with the plugin `plot`), else the returned result over the explored parameters "
    "and an example of the first array.\n\n"
    "Beside FIGURE.png stand FIGURE.gp, the script, and FIGURE.dat, what it draws: change the script and run `gnuplot "
    "FIGURE.gp`.\n\n"
    "  pipette plot FiringRate.hdf5 I:rate:tau_ref -o rates.svg\n"
    "  pipette plot FiringRate.hdf5 map:I:tau_ref:rate histogram:nspikes --where 'I > 0.2' -o two.pdf",
    NULL,
    NULL,
    NULL};

/* The result file's name without folder and ending, as a picture here. */
static const char *own_name(plot_arguments *a)
{
    const char *slash = strrchr(a->file, '/'), *name = slash == NULL ? a->file : slash + 1, *dot = strrchr(name, '.');
    (void)snprintf(a->own, sizeof a->own, "%.*s.png",
                   dot == NULL || dot == name ? 400
                   : dot - name > 400         ? 400
                                              : (int)(dot - name),
                   name);
    return a->own;
}

static void say(int level, const char *text, void *user)
{
    (void)user;
    cli_log(level, text);
}

static void set_what(plot_arguments *a)
{
    char *list;
    size_t size = 3;
    uint32_t i;
    for (i = 0; i < a->what.count; i++)
        size += 2 * strlen(a->what.items[i]) + 4;
    list = malloc(size);
    if (list == NULL) {
        a->failed = 1;
        return;
    }
    (void)strcpy(list, "[");
    for (i = 0; i < a->what.count; i++) {
        char *to = list + strlen(list);
        const char *from;
        to += sprintf(to, "%s\"", i == 0 ? "" : ",");
        for (from = a->what.items[i]; *from != '\0'; from++) {
            if (*from == '"' || *from == '\\')
                *to++ = '\\';
            *to++ = *from;
        }
        (void)strcpy(to, "\"");
    }
    (void)strcat(list, "]");
    set(a, "what", list, 0);
    free(list);
}

int cli_plot(int argc, char **argv)
{
    plot_arguments a;
    pipette_file *file = NULL;
    pipette_error error = {0};
    uint32_t i;
    int code;
    memset(&a, 0, sizeof a);
    code = cli_parse(&argp, argc, argv, &a);
    if (code != 0)
        return code - 1;
    if (a.what.count > 0)
        set_what(&a);
    if (a.out == NULL)
        a.out = own_name(&a);
    set(&a, "output", a.out, 1);
    set(&a, "overwrite", a.replace ? "true" : "false", 0);
    set(&a, "draw", "true", 0);
    a.options.size = sizeof a.options;
    a.options.plugin = "plot";
    a.options.folders = a.folders.items;
    a.options.folder_count = a.folders.count;
    a.options.sets = a.sets.items;
    a.options.set_count = a.sets.count;
    a.options.from_config = a.what.count == 0;
    a.options.log = say;
    if (a.failed)
        code = cli_fail(&(pipette_error){sizeof error, PIPETTE_E_MEMORY, "out of memory"});
    else if (pipette_file_open(a.file, a.storage, a.folders.items, a.folders.count, &file, &error) != PIPETTE_OK ||
             pipette_postprocess_stored(file, &a.options, &error) != PIPETTE_OK)
        code = cli_fail(&error);
    else
        printf("%s\n", a.out);
    pipette_file_destroy(file);
    for (i = 0; i < a.sets.count; i++)
        free((char *)(uintptr_t)a.sets.items[i]);
    cli_list_free(&a.sets);
    cli_list_free(&a.what);
    cli_list_free(&a.folders);
    return code;
}
