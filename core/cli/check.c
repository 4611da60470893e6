/* check.c: `pipette check CONFIG|PLUGIN|FILE`: everything that can be known without running. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/check_file.h"
#include "cli/cli.h"

typedef struct check_arguments {
    cli_list sets, folders;
    const char *what, *runs, *storage;
    uint64_t points; /* 0: not asked for */
    double seconds;
} check_arguments;

enum { KEY_PLUGIN_PATH = 256, KEY_SET, KEY_RUNS, KEY_POINTS, KEY_TIMEOUT, KEY_STORAGE };

#define SECONDS 30.0

static const struct argp_option options[] = {
    {"set", KEY_SET, "PATH=VALUE", 0, "Replace a value of the config", 0},
    {"runs", KEY_RUNS, "LIST", 0, "Only these runs: 0-999,1500", 0},
    {"points", KEY_POINTS, "N", 0,
     "Try the model at N points: of a config, evenly spread over its exploration, first and last included; of a "
     "plugin, "
     "around its defaults (default 67)",
     0},
    {"timeout", KEY_TIMEOUT, "SECONDS", 0,
     "For trying a model (default 30; what there was no time for is said), or without progress in reading a result "
     "file",
     0},
    {"storage", KEY_STORAGE, "PLUGIN", 0, "The storage plugin that wrote a result file (default: hdf5)", 0},
    {"plugin-path", KEY_PLUGIN_PATH, "FOLDER", 0, "Look for plugins here first (repeatable)", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static error_t parse(int key, char *text, struct argp_state *state)
{
    check_arguments *a = state->input;
    switch (key) {
    case KEY_PLUGIN_PATH:
        return cli_list_add(&a->folders, text);
    case KEY_SET:
        return cli_list_add(&a->sets, text);
    case KEY_STORAGE:
        a->storage = text;
        break;
    case KEY_RUNS:
        a->runs = text;
        break;
    case KEY_POINTS:
        a->points = cli_run_number(state, text);
        if (a->points == 0 || a->points > 100000)
            cli_usage(state, "--points takes a number from 1 to 100000, not '%s'", text);
        break;
    case KEY_TIMEOUT: {
        char *end;
        a->seconds = strtod(text, &end);
        if (end == text || *end != '\0' || !(a->seconds > 0 && a->seconds < 1e9))
            cli_usage(state, "--timeout takes seconds above 0, not '%s'", text);
        break;
    }
    case ARGP_KEY_ARG:
        if (a->what != NULL)
            cli_usage(state, "one CONFIG, PLUGIN or FILE at a time; '%s' is too much", text);
        a->what = text;
        break;
    case ARGP_KEY_NO_ARGS:
        cli_usage(state, "which CONFIG, PLUGIN or FILE?");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp argp = {
    options,
    parse,
    "CONFIG|PLUGIN|FILE",
    "Say everything that can be known without running: of a config, whether it fits together, how many runs it has and "
    "how "
    "many bytes they need; of a plugin, whether it loads and what it declares.\n\nA model is also tried, in processes "
    "under limits, at points where every "
    "parameter is below or above its default: in one order and another, a point twice, in fresh processes, as lanes "
    "of batches, over memory and buffers that hold other bytes, between forbidden pages. All must give the same bits "
    "and stay within the buffers.\v"
    "Of a result file everything is read, and every run held against the checksum that was stored with it; what does "
    "not "
    "fit is named, and nothing is changed.\n\n"
    "What ends in .so or is the name of a plugin is a plugin, a file that is no text a result file; anything else is a "
    "config, whose model is tried with --points.\n\nExit status: 0 well; 1 no point has a result; 2 usage or config; 3 "
    "the plugin does not load or breaks its contract, with a sentence that says how and where; 4 storage, or a result "
    "file that is damaged.",
    NULL,
    NULL,
    NULL};

static void on_log(int level, const char *text, void *user)
{
    (void)user;
    cli_log(level, text);
}

/* The model of a config that fits together, on the config's own points. */
static int try_points(const check_arguments *a, pipette_pipeline *pipeline)
{
    pipette_trial_options o = {.size = sizeof o, .pipeline = pipeline, .points = a->points, .seconds = a->seconds};
    char title[4200];
    (void)snprintf(title, sizeof title, "%s: its model loads", a->what);
    return cli_conform(title, "", a->what, &o);
}

static int check_config(const check_arguments *a)
{
    pipette_pipeline_options o = {.size = sizeof o};
    pipette_pipeline *pipeline = NULL;
    pipette_report report = {.size = sizeof report};
    pipette_error error = {0};
    char need[40], have[40];
    int code = CLI_OK;
    o.config = a->what;
    o.sets = a->sets.items;
    o.set_count = a->sets.count;
    o.folders = a->folders.items;
    o.folder_count = a->folders.count;
    o.runs = a->runs;
    o.workers = 1;
    o.log = on_log;
    if (pipette_pipeline_create(&o, &pipeline, &error) != PIPETTE_OK ||
        pipette_pipeline_check(pipeline, &report, &error) != PIPETTE_OK) {
        code = cli_fail(&error);
    } else {
        uint64_t room = report.free_count;
        printf("%s: %s fits together\n", a->what, report.name);
        printf("runs:    %llu", (unsigned long long)report.run_count);
        if (report.row_count != report.run_count)
            printf(", of which %llu %s asked for", (unsigned long long)report.row_count,
                   report.row_count == 1 ? "is" : "are");
        printf("\nresults: %s", cli_bytes(report.byte_count, need));
        if (room > 0)
            printf(" (%s are free)", cli_bytes(room, have));
        printf("\nfile:    %s\n", report.file);
        if (room > 0 && report.byte_count > room) {
            cli_error("%s: needs %s, but only %s are free there", report.file, need, have);
            code = CLI_STORAGE;
        } else if (a->points > 0) {
            code = try_points(a, pipeline);
        }
    }
    pipette_pipeline_destroy(pipeline);
    return code;
}

static int check_plugin(const check_arguments *a)
{
    pipette_manual *manual;
    pipette_error error = {0};
    char declares[300], counts[3][CLI_COUNT_SIZE];
    int code = CLI_OK;
    if (pipette_manual_create(a->what, a->folders.items, a->folders.count, &manual, &error) != PIPETTE_OK) {
        code = cli_fail(&error);
        return code == CLI_USAGE ? CLI_PLUGIN : code;
    }
    cli_warnings(manual);
    (void)snprintf(declares, sizeof declares, ": ABI %u.%u, %s, %s, %s", manual->abi_major, manual->abi_minor,
                   cli_count(manual->parameter_count, "parameter", counts[0]),
                   cli_count(manual->result_count, "result", counts[1]),
                   cli_count(manual->option_count, "option", counts[2]));
    if (manual->kind == PIPETTE_KIND_MODEL) {
        pipette_trial_options o = {
            .size = sizeof o, .plugin = manual->path, .points = a->points, .seconds = a->seconds};
        char title[4600];
        o.folders = a->folders.items;
        o.folder_count = a->folders.count;
        (void)snprintf(title, sizeof title, "%s: %s %s (model) loads", manual->path, manual->name, manual->version);
        code = cli_conform(title, declares, manual->name, &o);
    } else {
        printf("%s: %s %s (%s) loads and is sound%s\n", manual->path, manual->name, manual->version,
               pipette_kind_text(manual->kind), declares);
    }
    pipette_manual_destroy(manual);
    return code;
}

static int is_config(const char *what)
{
    size_t length = strlen(what);
    struct stat seen;
    if (length > 3 && strcmp(what + length - 3, ".so") == 0)
        return 0;
    return strchr(what, '.') != NULL || strchr(what, '/') != NULL || (stat(what, &seen) == 0 && S_ISREG(seen.st_mode));
}

int cli_check(int argc, char **argv)
{
    check_arguments a = {{NULL, 0}, {NULL, 0}, NULL, NULL, NULL, 0, SECONDS};
    int code = cli_parse(&argp, argc, argv, &a);
    if (code != 0)
        return code - 1;
    if (check_is_result_file(a.what) && (strlen(a.what) < 3 || strcmp(a.what + strlen(a.what) - 3, ".so") != 0))
        code = check_result_file(a.what, a.storage, &a.folders, a.seconds);
    else
        code = is_config(a.what) ? check_config(&a) : check_plugin(&a);
    cli_list_free(&a.sets);
    cli_list_free(&a.folders);
    return code;
}
