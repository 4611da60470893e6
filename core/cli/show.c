/* show.c: `pipette show FILE [PATH]`: the tree, the runs and their states, values. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

typedef struct show_arguments {
    cli_list folders;
    const char *file, *path, *storage;
    uint64_t run;
    int json;
} show_arguments;

enum { KEY_PLUGIN_PATH = 256, KEY_JSON, KEY_STORAGE, KEY_RUN };

static const struct argp_option options[] = {
    {"run", KEY_RUN, "N", 0, "Look at this run as if it were the only one", 0},
    {"json", KEY_JSON, NULL, 0, "JSON instead of a table", 0},
    {"storage", KEY_STORAGE, "PLUGIN", 0, "The storage plugin that wrote the file (default: hdf5)", 0},
    {"plugin-path", KEY_PLUGIN_PATH, "FOLDER", 0, "Look for plugins here first (repeatable)", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static error_t parse(int key, char *text, struct argp_state *state)
{
    show_arguments *a = state->input;
    switch (key) {
    case KEY_PLUGIN_PATH: return cli_list_add(&a->folders, text);
    case KEY_JSON: a->json = 1; break;
    case KEY_STORAGE: a->storage = text; break;
    case KEY_RUN: a->run = cli_run_number(state, text); break;
    case ARGP_KEY_ARG:
        if (a->file == NULL)
            a->file = text;
        else if (a->path == NULL)
            a->path = text;
        else
            cli_usage(state, "'%s' is too much", text);
        break;
    case ARGP_KEY_NO_ARGS: cli_usage(state, "which FILE?"); break;
    case ARGP_KEY_END:
        if (a->json && a->path != NULL)
            cli_usage(state, "--json shows the whole file; leave '%s' out", a->path);
        break;
    default: return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp argp = {options, parse, "FILE [PATH]",
                                 "Show what a result file holds: the tree, the states of the runs, values. Also while the runs go on.\v"
                                 "PATH is a full name or any part that finds one: neuron.V, tau_V, results.neuron.run_00000013.nspikes.",
                                 NULL, NULL, NULL};

static const char *role_text(const pipette_entry *entry)
{
    if (entry->kind == PIPETTE_ENTRY_LEAF)
        return "value";
    if (entry->kind == PIPETTE_ENTRY_TABLE)
        return "table";
    return entry->role == PIPETTE_ROLE_PARAMETER ? "explored" : "per run";
}

/* "(run, time: 10000)". */
static char *shape_text(const pipette_entry *entry, char *out, size_t size)
{
    size_t used = 0;
    uint32_t i;
    out[0] = '\0';
    if (entry->kind == PIPETTE_ENTRY_COLUMN)
        used = (size_t)snprintf(out, size, "(run");
    for (i = 0; i < entry->rank && used < size; i++) {
        const pipette_dimension *dimension = &entry->dimensions[i];
        const char *name = dimension->name == NULL ? "" : dimension->name;
        used += (size_t)snprintf(out + used, size - used, "%s%s", used == 0 ? "(" : ", ", name);
        if (used < size && dimension->extent == PIPETTE_RAGGED)
            used += (size_t)snprintf(out + used, size - used, "...");
        else if (used < size)
            used += (size_t)snprintf(out + used, size - used, "%s%llu", name[0] == '\0' ? "" : ": ", (unsigned long long)dimension->extent);
    }
    if (used > 0 && used < size)
        (void)snprintf(out + used, size - used, ")");
    return out;
}

/* ---- States --------------------------------------------------------------------------------------------------------------------- */

enum { STATE_COUNT = 5 };

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
    printf("%llu runs: ", (unsigned long long)rows);
    for (i = 0; i < STATE_COUNT; i++)
        if (counts[i] > 0) {
            printf("%s%llu %s", first ? "" : ", ", (unsigned long long)counts[i], strcmp(pipette_state_text(i), "timed_out") == 0 ? "timed out" : pipette_state_text(i));
            first = 0;
        }
    printf("%s\n", rows == 0 ? "none" : "");
}

/* ---- The tree --------------------------------------------------------------------------------------------------------------------- */

typedef struct tree {
    struct libscols_table *table;
    struct { char path[600]; struct libscols_line *line; } groups[256];
    size_t group_count;
    pipette_file *file;
    uint64_t row; /* of the run to look at; PIPETTE_DEFAULT_RUN: none */
    const char *below; /* only what stands below this group; NULL: everything */
} tree;

static struct libscols_line *group_line(tree *t, const char *path)
{
    struct libscols_line *parent = NULL, *line;
    const char *dot = strrchr(path, '.');
    size_t i;
    for (i = 0; i < t->group_count; i++)
        if (strcmp(t->groups[i].path, path) == 0)
            return t->groups[i].line;
    if (dot != NULL) {
        char above[600];
        (void)snprintf(above, sizeof above, "%.*s", (int)(dot - path), path);
        parent = group_line(t, above);
    }
    line = scols_table_new_line(t->table, parent);
    scols_line_set_data(line, 0, dot == NULL ? path : dot + 1);
    if (t->group_count < sizeof t->groups / sizeof t->groups[0]) {
        (void)snprintf(t->groups[t->group_count].path, sizeof t->groups[0].path, "%s", path);
        t->groups[t->group_count++].line = line;
    }
    return line;
}

/* The value of an entry, for the run at hand; 0 where there is none to show. */
static int value_of(tree *t, const pipette_entry *entry, pipette_value *value)
{
    uint64_t row = 0;
    if (entry->kind == PIPETTE_ENTRY_COLUMN) {
        if (t->row == PIPETTE_DEFAULT_RUN)
            return 0;
        row = t->row;
    }
    if (pipette_file_read_one(t->file, entry->path, row, value, NULL) != PIPETTE_OK)
        return 0;
    cli_mean(entry, value);
    return 1;
}

static int is_below(const char *path, const char *group)
{
    size_t length = strlen(group);
    return strncmp(path, group, length) == 0 && path[length] == '.';
}

static int add_entry(const pipette_entry *entry, void *user)
{
    tree *t = user;
    char above[600] = "", cell[300], doc[200];
    const char *dot = strrchr(entry->path, '.');
    struct libscols_line *line;
    pipette_value value;
    if (t->below != NULL && !is_below(entry->path, t->below))
        return 0;
    if (dot != NULL)
        (void)snprintf(above, sizeof above, "%.*s", (int)(dot - entry->path), entry->path);
    line = scols_table_new_line(t->table, dot == NULL ? NULL : group_line(t, above));
    scols_line_set_data(line, 0, dot == NULL ? entry->path : dot + 1);
    scols_line_set_data(line, 1, cli_type(entry));
    scols_line_set_data(line, 2, shape_text(entry, cell, sizeof cell));
    scols_line_set_data(line, 3, entry->unit == NULL ? "" : entry->unit);
    if (value_of(t, entry, &value))
        scols_line_set_data(line, 4, cli_brief(&value, cell, sizeof cell));
    else
        scols_line_set_data(line, 4, role_text(entry));
    (void)snprintf(doc, sizeof doc, "%.*s", (int)strcspn(entry->doc == NULL ? "" : entry->doc, "\n"), entry->doc == NULL ? "" : entry->doc);
    scols_line_set_data(line, 5, doc);
    return 0;
}

static int find_below(const pipette_entry *entry, void *user)
{
    return is_below(entry->path, user) ? 1 : 0;
}

static int show_tree(pipette_file *file, const char *path, const char *below, uint64_t run, uint64_t row)
{
    static tree t; /* large, and there is one */
    pipette_storage_info info = {.size = sizeof info};
    uint64_t counts[STATE_COUNT];
    char bytes[40], name[PIPETTE_RUN_NAME_SIZE];
    pipette_error error = {0};
    if (pipette_file_info(file, &info, &error) != PIPETTE_OK || count_states(file, info.row_count, counts, &error) != PIPETTE_OK)
        return cli_fail(&error);
    printf("%s: %s\n%s%s", path, info.name, info.comment, info.comment[0] == '\0' ? "" : "\n");
    print_states(counts, info.row_count);
    printf("%s on disk%s\n", cli_bytes(info.byte_count, bytes), info.finished ? "" : ", not finished");
    if (run != PIPETTE_DEFAULT_RUN)
        printf("looking at %s\n", pipette_run_name(run, name));
    putchar('\n');
    memset(&t, 0, sizeof t);
    t.file = file;
    t.row = row;
    t.below = below;
    t.table = scols_new_table();
    scols_table_new_column(t.table, "NAME", 0, SCOLS_FL_TREE);
    scols_table_new_column(t.table, "TYPE", 0, 0);
    scols_table_new_column(t.table, "SHAPE", 0, 0);
    scols_table_new_column(t.table, "UNIT", 0, 0);
    scols_table_new_column(t.table, "VALUE", 0, 0);
    scols_table_new_column(t.table, "MEANING", 0, SCOLS_FL_TRUNC);
    (void)pipette_file_list(file, add_entry, &t, &error);
    scols_print_table(t.table);
    scols_unref_table(t.table);
    return CLI_OK;
}

/* ---- JSON ------------------------------------------------------------------------------------------------------------------------ */

typedef struct json_state {
    tree t;
    int count;
} json_state;

static int json_entry(const pipette_entry *entry, void *user)
{
    json_state *j = user;
    pipette_value value;
    char shape[300];
    printf("%s\n    {\"path\": ", j->count++ == 0 ? "" : ",");
    cli_json_text(stdout, entry->path);
    printf(", \"kind\": \"%s\", \"type\": \"%s\", \"shape\": ", role_text(entry), cli_type(entry));
    cli_json_text(stdout, shape_text(entry, shape, sizeof shape));
    printf(", \"unit\": ");
    cli_json_text(stdout, entry->unit == NULL ? "" : entry->unit);
    printf(", \"doc\": ");
    cli_json_text(stdout, entry->doc == NULL ? "" : entry->doc);
    if (value_of(&j->t, entry, &value)) {
        uint64_t i, n = pipette_value_count(&value);
        printf(", \"value\": %s", value.rank == 0 ? "" : "[");
        for (i = 0; i < n; i++) {
            printf("%s", i == 0 ? "" : ", ");
            cli_json_element(stdout, &value, i);
        }
        printf("%s", value.rank == 0 ? "" : "]");
    }
    printf("}");
    return 0;
}

static int show_json(pipette_file *file, uint64_t row)
{
    static json_state j;
    pipette_storage_info info = {.size = sizeof info};
    uint64_t counts[STATE_COUNT];
    pipette_error error = {0};
    int i;
    if (pipette_file_info(file, &info, &error) != PIPETTE_OK || count_states(file, info.row_count, counts, &error) != PIPETTE_OK)
        return cli_fail(&error);
    memset(&j, 0, sizeof j);
    j.t.file = file;
    j.t.row = row;
    printf("{\n  \"name\": ");
    cli_json_text(stdout, info.name);
    printf(",\n  \"comment\": ");
    cli_json_text(stdout, info.comment);
    printf(",\n  \"runs\": %llu,\n  \"finished\": %s,\n  \"bytes\": %llu,\n  \"states\": {", (unsigned long long)info.row_count,
           info.finished ? "true" : "false", (unsigned long long)info.byte_count);
    for (i = 0; i < STATE_COUNT; i++)
        printf("%s\"%s\": %llu", i == 0 ? "" : ", ", pipette_state_text(i), (unsigned long long)counts[i]);
    printf("},\n  \"entries\": [");
    (void)pipette_file_list(file, json_entry, &j, &error);
    printf("\n  ]\n}\n");
    return CLI_OK;
}

/* ---- One entry ------------------------------------------------------------------------------------------------------------------- */

/* The values of a column in the first runs. */
static void show_rows(pipette_file *file, const pipette_entry *entry, const pipette_storage_info *info)
{
    struct libscols_table *table = scols_new_table();
    uint64_t rows = info->row_count, row, shown = rows < 20 ? rows : 20, into = 0;
    uint32_t span = 0;
    scols_table_new_column(table, "RUN", 0, SCOLS_FL_RIGHT);
    scols_table_new_column(table, "VALUE", 0, 0);
    for (row = 0; row < shown; row++) {
        struct libscols_line *line = scols_table_new_line(table, NULL);
        pipette_value value;
        pipette_error error = {0};
        char cell[300];
        while (span < info->span_count && into >= info->spans[span].count) {
            span++;
            into = 0;
        }
        (void)snprintf(cell, sizeof cell, "%llu", (unsigned long long)(span < info->span_count ? info->spans[span].first + into++ : row));
        scols_line_set_data(line, 0, cell);
        if (pipette_file_read_one(file, entry->path, row, &value, &error) != PIPETTE_OK)
            continue;
        cli_mean(entry, &value);
        scols_line_set_data(line, 1, cli_brief(&value, cell, sizeof cell));
    }
    scols_print_table(table);
    scols_unref_table(table);
    if (shown < rows)
        printf("... %llu runs in all; `pipette get` prints them\n", (unsigned long long)rows);
}

static int show_entry(pipette_file *file, const char *path, uint64_t run)
{
    const pipette_entry *entry;
    pipette_storage_info info = {.size = sizeof info};
    pipette_value value;
    pipette_error error = {0};
    uint64_t named = PIPETTE_DEFAULT_RUN, row = 0;
    char shape[300], name[PIPETTE_RUN_NAME_SIZE], cell[600];
    if (pipette_file_find(file, path, &entry, &named, &error) != PIPETTE_OK || pipette_file_info(file, &info, &error) != PIPETTE_OK)
        return cli_fail(&error);
    if (named != PIPETTE_DEFAULT_RUN)
        run = named;
    printf("%s\n  %s %s%s%s\n", entry->path, cli_type(entry), shape_text(entry, shape, sizeof shape),
           entry->unit != NULL && entry->unit[0] != '\0' ? "  unit " : "", entry->unit == NULL ? "" : entry->unit);
    if (entry->doc != NULL && entry->doc[0] != '\0')
        printf("  %s\n", entry->doc);
    if (entry->kind == PIPETTE_ENTRY_COLUMN && run == PIPETTE_DEFAULT_RUN) {
        show_rows(file, entry, &info);
        return CLI_OK;
    }
    if (entry->kind == PIPETTE_ENTRY_COLUMN && pipette_file_row(file, run, &row, &error) != PIPETTE_OK)
        return cli_fail(&error);
    if (pipette_file_read_one(file, entry->path, row, &value, &error) != PIPETTE_OK)
        return cli_fail(&error);
    cli_mean(entry, &value);
    if (entry->kind == PIPETTE_ENTRY_COLUMN)
        printf("  in %s: ", pipette_run_name(run, name));
    else
        printf("  ");
    if (value.rank == 0 && value.type == PIPETTE_TYPE_STRING)
        puts(value.as.string == NULL ? "" : value.as.string);
    else
        puts(cli_brief(&value, cell, sizeof cell));
    return CLI_OK;
}

int cli_show(int argc, char **argv)
{
    show_arguments a = {{NULL, 0}, NULL, NULL, NULL, PIPETTE_DEFAULT_RUN, 0};
    pipette_file *file;
    pipette_error error = {0};
    uint64_t run, row = PIPETTE_DEFAULT_RUN;
    int code = cli_parse(&argp, argc, argv, &a);
    if (code != 0)
        return code - 1;
    run = a.run;
    if (pipette_file_open(a.file, a.storage, a.folders.items, a.folders.count, &file, &error) != PIPETTE_OK) {
        cli_list_free(&a.folders);
        return cli_fail(&error);
    }
    if (run != PIPETTE_DEFAULT_RUN && pipette_file_row(file, run, &row, &error) != PIPETTE_OK)
        code = cli_fail(&error);
    else if (a.json)
        code = show_json(file, row);
    else if (a.path != NULL && pipette_file_list(file, find_below, (void *)(uintptr_t)a.path, &error) == 0)
        code = show_entry(file, a.path, run);
    else
        code = show_tree(file, a.file, a.path, run, row);
    pipette_file_destroy(file);
    cli_list_free(&a.folders);
    return code;
}
