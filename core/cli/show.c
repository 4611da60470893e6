/* show.c: `pipette show FILE [PATH]`: the tree, the runs and their states, values. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/show_json.h"
#include "cli/show_tree.h"
#include "cli/shown.h"
#include "cli/table.h"

typedef struct show_arguments {
    cli_list folders;
    const char *file, *path, *storage;
    uint64_t run;
    int json, config;
} show_arguments;

enum { KEY_PLUGIN_PATH = 256, KEY_JSON, KEY_STORAGE, KEY_RUN, KEY_CONFIG };
enum { FIRST_RUNS = 20 };

static const struct argp_option options[] = {
    {"run", KEY_RUN, "N", 0, "Look at this run as if it were the only one", 0},
    {"config", KEY_CONFIG, NULL, 0, "Show the branch `config` too: the config, plugins, provenance", 0},
    {"json", KEY_JSON, NULL, 0, "JSON instead of a table", 0},
    {"storage", KEY_STORAGE, "PLUGIN", 0, "The storage plugin that wrote the file (default: hdf5)", 0},
    {"plugin-path", KEY_PLUGIN_PATH, "FOLDER", 0, "Look for plugins here first (repeatable)", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static error_t parse(int key, char *text, struct argp_state *state)
{
    show_arguments *a = state->input;
    switch (key) {
    case KEY_PLUGIN_PATH:
        return cli_list_add(&a->folders, text);
    case KEY_JSON:
        a->json = 1;
        break;
    case KEY_CONFIG:
        a->config = 1;
        break;
    case KEY_STORAGE:
        a->storage = text;
        break;
    case KEY_RUN:
        a->run = cli_run_number(state, text);
        break;
    case ARGP_KEY_ARG:
        if (a->file == NULL)
            a->file = text;
        else if (a->path == NULL)
            a->path = text;
        else
            cli_usage(state, "'%s' is too much", text);
        break;
    case ARGP_KEY_NO_ARGS:
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
    "FILE [PATH]",
    "Show what a result file holds: the tree, the states of the runs, values. Also while the runs go on.\v"
    "PATH is a value or a group: a full name or any part that finds one: neuron.V, tau_V, config, "
    "results.neuron.run_00000013.nspikes. Of a result of all runs the first ones are shown; `pipette get` prints "
    "them all. What is missing is empty (null in JSON). Lines are cut to the width of a terminal, and nowhere else.",
    NULL,
    NULL,
    NULL};

/* ---- The file ---- */

enum { STATE_COUNT = PIPETTE_STATE_INFEASIBLE + 1 };

static int count_states(pipette_file *file, uint64_t rows, uint64_t *counts, pipette_error *error)
{
    enum { BLOCK = 65536 };
    int8_t *states = malloc(BLOCK);
    uint64_t row, n, i;
    int status = states == NULL ? pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory") : PIPETTE_OK;
    memset(counts, 0, STATE_COUNT * sizeof *counts);
    for (row = 0; status == PIPETTE_OK && row < rows; row += n) {
        n = rows - row < BLOCK ? rows - row : BLOCK;
        status = pipette_file_read(file, "runs.state", row, n, PIPETTE_TYPE_BOOL, states, error);
        for (i = 0; status == PIPETTE_OK && i < n; i++)
            if (states[i] >= 0 && states[i] < STATE_COUNT)
                counts[states[i]]++;
    }
    free(states);
    return status;
}

static void print_states(const uint64_t *counts, uint64_t rows)
{
    int i, first = 1;
    char count[CLI_COUNT_SIZE];
    printf("%s: ", cli_count(rows, "run", count));
    for (i = 0; i < STATE_COUNT; i++)
        if (counts[i] > 0) {
            printf("%s%llu %s", first ? "" : ", ", (unsigned long long)counts[i],
                   i == PIPETTE_STATE_TIMED_OUT ? "timed out" : pipette_state_text(i));
            first = 0;
        }
    printf("%s\n", rows == 0 ? "none" : "");
}

static int show_file(pipette_file *file, const show_arguments *a, const char *below, uint64_t run, uint64_t row)
{
    pipette_storage_info info = {.size = sizeof info};
    uint64_t counts[STATE_COUNT];
    char bytes[40], count[CLI_COUNT_SIZE], name[PIPETTE_RUN_NAME_SIZE], title[1200];
    unsigned width = table_terminal();
    uint32_t left_out;
    pipette_error error = {0};
    if (pipette_file_info(file, &info, &error) != PIPETTE_OK ||
        count_states(file, info.row_count, counts, &error) != PIPETTE_OK)
        return cli_fail(&error);
    if (a->json) {
        show_json_file(file, &info, counts, below, row);
        return CLI_OK;
    }
    (void)snprintf(title, sizeof title, "%s: %s", a->file, info.name);
    table_wrap(title, width);
    if (info.comment[0] != '\0')
        table_wrap(info.comment, width);
    print_states(counts, info.row_count);
    printf("%s on disk%s\n", cli_bytes(info.byte_count, bytes), info.finished ? "" : ", not finished");
    if (run != PIPETTE_DEFAULT_RUN)
        printf("looking at %s, %s\n", pipette_run_name(run, name), pipette_state_text(shown_state(file, row)));
    putchar('\n');
    left_out = show_tree(file, below, a->config, run, row);
    if (left_out > 0) {
        putchar('\n');
        (void)snprintf(title, sizeof title, "and %s of config: `pipette show %s config`",
                       cli_count(left_out, "value", count), a->file);
        table_wrap(title, width);
    }
    return CLI_OK;
}

/* ---- One entry ---- */

typedef struct explored_list {
    const pipette_entry *entries[3];
    uint32_t count;
} explored_list;

static int keep_explored(const pipette_entry *entry, void *user)
{
    explored_list *list = user;
    if (entry->kind == PIPETTE_ENTRY_COLUMN && entry->role == PIPETTE_ROLE_PARAMETER &&
        list->count < PIPETTE_COUNT_OF(list->entries))
        list->entries[list->count++] = entry;
    return 0;
}

static const char *last_of(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot == NULL ? path : dot + 1;
}

/* The values of a column in the first runs, beside what was explored. */
static void show_rows(pipette_file *file, const pipette_entry *entry, uint64_t rows)
{
    table_column columns[6] = {{"RUN", SCOLS_FL_RIGHT, 3, 0}};
    explored_list explored = {{NULL}, 0};
    uint64_t row, run, shown = rows < FIRST_RUNS ? rows : FIRST_RUNS, total;
    size_t count = 1, state_column, value_column, i;
    table t;
    (void)pipette_file_list(file, keep_explored, &explored, NULL);
    for (i = 0; i < explored.count; i++)
        if (explored.entries[i] != entry)
            columns[count++] = (table_column){last_of(explored.entries[i]->path), SCOLS_FL_RIGHT, 6, 3};
        else
            explored.entries[i] = NULL;
    columns[state_column = count++] = (table_column){"STATE", 0, 4, 2};
    columns[value_column = count++] = (table_column){last_of(entry->path), 0, 8, 1};
    table_begin(&t, columns, count);
    for (row = 0; row < shown && pipette_file_run(file, row, &run, NULL) == PIPETTE_OK; row++) {
        struct libscols_line *line = scols_table_new_line(t.lines, NULL);
        pipette_value value;
        char cell[400];
        size_t column = 1;
        (void)snprintf(cell, sizeof cell, "%llu", (unsigned long long)run);
        scols_line_set_data(line, 0, cell);
        for (i = 0; i < explored.count; i++)
            if (explored.entries[i] != NULL)
                scols_line_set_data(line, column++,
                                    shown_value(file, explored.entries[i], row, 1, &value, &total)
                                        ? shown_brief(&value, total, cell, sizeof cell)
                                        : "");
        scols_line_set_data(line, state_column, pipette_state_text(shown_state(file, row)));
        scols_line_set_data(line, value_column,
                            shown_value(file, entry, row, SHOWN_PREVIEW, &value, &total)
                                ? shown_brief(&value, total, cell, sizeof cell)
                                : "");
    }
    table_print(&t, table_terminal());
    if (shown < rows)
        printf(TABLE_DOTS " %llu runs in all; `pipette get` prints them\n", (unsigned long long)rows);
}

/* "state is S, I, R": the names of a dimension's elements, as many as one looks at. */
static void show_labels(const pipette_dimension *dimension, unsigned width)
{
    char text[2000];
    size_t used = (size_t)snprintf(text, sizeof text, "%.200s is ", dimension->name);
    uint64_t i;
    for (i = 0; i < dimension->extent && used < sizeof text - 300; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%.200s", i == 0 ? "" : ", ", dimension->labels[i]);
    if (i < dimension->extent)
        (void)snprintf(text + used, sizeof text - used, ", … %llu in all", (unsigned long long)dimension->extent);
    fputs("  ", stdout);
    table_wrap(text, width > 2 ? width - 2 : width);
}

static int show_entry(pipette_file *file, const show_arguments *a, const pipette_entry *entry, uint64_t run,
                      uint64_t row)
{
    pipette_storage_info info = {.size = sizeof info};
    pipette_value value;
    pipette_error error = {0};
    char cell[8000], name[PIPETTE_RUN_NAME_SIZE];
    unsigned width = table_terminal();
    uint32_t i;
    uint64_t total;
    if (pipette_file_info(file, &info, &error) != PIPETTE_OK)
        return cli_fail(&error);
    if (a->json) {
        show_json_entry(file, entry, run, row, info.row_count < FIRST_RUNS ? info.row_count : FIRST_RUNS);
        return CLI_OK;
    }
    table_put(entry->path);
    printf("\n  %s%s", cli_type(entry), shown_shape(entry, 0, cell, sizeof cell)[0] == '\0' ? "" : " ");
    table_put(cell);
    printf("%s", entry->unit != NULL && entry->unit[0] != '\0' ? "  unit " : "");
    table_put(entry->unit == NULL ? "" : entry->unit);
    putchar('\n');
    if (entry->doc != NULL && entry->doc[0] != '\0') {
        fputs("  ", stdout);
        table_wrap(entry->doc, width > 2 ? width - 2 : width);
    }
    for (i = 0; i < entry->rank; i++)
        if (entry->dimensions[i].labels != NULL)
            show_labels(&entry->dimensions[i], width);
    if (entry->kind == PIPETTE_ENTRY_COLUMN && run == PIPETTE_DEFAULT_RUN) {
        show_rows(file, entry, info.row_count);
        return CLI_OK;
    }
    fputs("  ", stdout);
    if (entry->kind == PIPETTE_ENTRY_COLUMN)
        printf("in %s: ", pipette_run_name(run, name));
    if (!shown_value(file, entry, row, SHOWN_PREVIEW, &value, &total)) {
        printf("nothing, the run is %s\n", pipette_state_text(shown_state(file, row)));
    } else {
        table_put(value.rank > 0 || value.type != PIPETTE_TYPE_STRING ? shown_brief(&value, total, cell, sizeof cell)
                  : value.as.string == NULL                           ? ""
                                                                      : value.as.string);
        putchar('\n');
    }
    return CLI_OK;
}

static int show(pipette_file *file, const show_arguments *a)
{
    const pipette_entry *entry = NULL;
    const char *group = NULL;
    uint64_t run = a->run, named = PIPETTE_DEFAULT_RUN, row = PIPETTE_DEFAULT_RUN;
    pipette_error error = {0};
    if (a->path != NULL && pipette_file_find_any(file, a->path, &entry, &group, &named, &error) != PIPETTE_OK)
        return cli_fail(&error);
    if (named != PIPETTE_DEFAULT_RUN && run != PIPETTE_DEFAULT_RUN && named != run)
        return cli_two_runs(a->path, run);
    run = named != PIPETTE_DEFAULT_RUN ? named : run;
    if (run != PIPETTE_DEFAULT_RUN && pipette_file_row(file, run, &row, &error) != PIPETTE_OK)
        return cli_fail(&error);
    if (entry != NULL)
        return show_entry(file, a, entry, run, row == PIPETTE_DEFAULT_RUN ? 0 : row);
    return show_file(file, a, group, run, row);
}

int cli_show(int argc, char **argv)
{
    show_arguments a = {{NULL, 0}, NULL, NULL, NULL, PIPETTE_DEFAULT_RUN, 0, 0};
    pipette_file *file;
    pipette_error error = {0};
    int code = cli_parse(&argp, argc, argv, &a);
    if (code != 0)
        return code - 1;
    if (pipette_file_open(a.file, a.storage, a.folders.items, a.folders.count, &file, &error) != PIPETTE_OK) {
        cli_list_free(&a.folders);
        return cli_fail(&error);
    }
    (void)signal(SIGPIPE, SIG_DFL); /* a reader that has seen enough ends this */
    code = show(file, &a);
    pipette_file_destroy(file);
    cli_list_free(&a.folders);
    return code;
}
