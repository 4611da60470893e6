/* get.c: `pipette get FILE PATH`: one value, array or table as text or CSV. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

typedef struct get_arguments {
    cli_list folders;
    const char *file, *path, *storage;
    uint64_t run;
} get_arguments;

enum { KEY_PLUGIN_PATH = 256, KEY_STORAGE, KEY_RUN };

static const struct argp_option options[] = {
    {"run", KEY_RUN, "N", 0, "The value in this run", 0},
    {"storage", KEY_STORAGE, "PLUGIN", 0, "The storage plugin that wrote the file (default: hdf5)", 0},
    {"plugin-path", KEY_PLUGIN_PATH, "FOLDER", 0, "Look for plugins here first (repeatable)", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static error_t parse(int key, char *text, struct argp_state *state)
{
    get_arguments *a = state->input;
    switch (key) {
    case KEY_PLUGIN_PATH: return cli_list_add(&a->folders, text);
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
    case ARGP_KEY_END:
        if (a->path == NULL)
            cli_usage(state, "which FILE, and which PATH in it? `pipette show FILE` lists them");
        break;
    default: return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp argp = {options, parse, "FILE PATH",
                                 "Print one value, array or table of a result file: a scalar as text, anything else as CSV.\v"
                                 "A result of all runs gives a line for each run, with what was explored. PATH is a full name or any part that finds one: "
                                 "tau_V, nspikes, results.neuron.run_00000013.V.",
                                 NULL, NULL, NULL};

static const char *last_of(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot == NULL ? path : dot + 1;
}

static void element(const pipette_value *value, uint64_t index)
{
    if (value->type == PIPETTE_TYPE_STRING) {
        const char *text = ((const char *const *)pipette_value_data(value))[index];
        cli_csv(stdout, text == NULL ? "" : text);
    } else {
        char text[100];
        fputs(cli_element(value, index, text, sizeof text), stdout);
    }
}

/* ---- All runs -------------------------------------------------------------------------------------------------------------------- */

typedef struct explored_list {
    const pipette_entry *entries[64];
    uint32_t count;
} explored_list;

static int keep_explored(const pipette_entry *entry, void *user)
{
    explored_list *list = user;
    if (entry->kind == PIPETTE_ENTRY_COLUMN && entry->role == PIPETTE_ROLE_PARAMETER && list->count < 64)
        list->entries[list->count++] = entry;
    return 0;
}

static int all_runs(pipette_file *file, const pipette_entry *entry)
{
    pipette_storage_info info = {.size = sizeof info};
    explored_list explored = {{NULL}, 0};
    pipette_error error = {0};
    uint64_t row, into = 0;
    uint32_t span = 0, i;
    int status;
    if (pipette_file_info(file, &info, &error) != PIPETTE_OK)
        return cli_fail(&error);
    (void)pipette_file_list(file, keep_explored, &explored, &error);
    printf("run");
    for (i = 0; i < explored.count; i++)
        if (explored.entries[i] != entry)
            printf(",%s", last_of(explored.entries[i]->path));
    if (entry->rank == 0)
        printf(",%s", last_of(entry->path));
    else if (entry->rank == 1 && entry->dimensions[0].extent != PIPETTE_RAGGED)
        for (row = 0; row < entry->dimensions[0].extent; row++)
            printf(",%s_%llu", last_of(entry->path), (unsigned long long)row);
    else
        printf(",%s...", last_of(entry->path));
    putchar('\n');
    for (row = 0; row < info.row_count; row++) {
        pipette_value value;
        uint64_t j, run;
        while (span < info.span_count && into >= info.spans[span].count) {
            span++;
            into = 0;
        }
        run = span < info.span_count ? info.spans[span].first + into++ : row;
        if (entry->role == PIPETTE_ROLE_LEDGER && entry->type == PIPETTE_TYPE_STRING) { /* most runs have nothing to say */
            status = pipette_file_read_one(file, entry->path, row, &value, &error);
            if (status == PIPETTE_E_NOT_FOUND || (status == PIPETTE_OK && (value.as.string == NULL || value.as.string[0] == '\0')))
                continue;
        }
        printf("%llu", (unsigned long long)run);
        for (i = 0; i < explored.count; i++) {
            if (explored.entries[i] == entry)
                continue;
            if (pipette_file_read_one(file, explored.entries[i]->path, row, &value, &error) != PIPETTE_OK)
                return cli_fail(&error);
            putchar(',');
            element(&value, 0);
        }
        status = pipette_file_read_one(file, entry->path, row, &value, &error);
        if (status == PIPETTE_E_NOT_FOUND) { /* a run that left no such value */
            puts(",");
            continue;
        }
        if (status != PIPETTE_OK)
            return cli_fail(&error);
        cli_mean(entry, &value);
        for (j = 0; j < pipette_value_count(&value); j++) {
            putchar(',');
            element(&value, j);
        }
        putchar('\n');
    }
    return CLI_OK;
}

/* ---- One value ------------------------------------------------------------------------------------------------------------------- */

/* Coordinates of a dimension, if the file has them: "results.summary.rates.I" beside "results.summary.rates.rate". */
static int coordinates(pipette_file *file, const pipette_entry *entry, uint32_t dimension, pipette_value *copy)
{
    const char *dot = strrchr(entry->path, '.');
    const pipette_dimension *d = &entry->dimensions[dimension];
    pipette_value value;
    uint64_t count, i;
    char path[600];
    *copy = pipette_value_none();
    if (entry->kind == PIPETTE_ENTRY_TABLE && dot != NULL && d->name != NULL && strcmp(dot + 1, d->name) != 0) {
        (void)snprintf(path, sizeof path, "%.*s.%s", (int)(dot - entry->path), entry->path, d->name);
        if (pipette_file_read_one(file, path, 0, &value, NULL) == PIPETTE_OK && value.rank == 1) {
            char **texts;
            count = value.shape[0];
            texts = calloc((size_t)count + 1, sizeof *texts);
            for (i = 0; texts != NULL && i < count; i++) {
                char text[200];
                texts[i] = strdup(cli_element(&value, i, text, sizeof text));
            }
            copy->type = PIPETTE_TYPE_STRING;
            copy->reserved = (uint32_t)count;
            copy->data = texts;
            return texts != NULL;
        }
    }
    return 0;
}

static void print_coordinate(const pipette_entry *entry, uint32_t dimension, const pipette_value *known, uint64_t index)
{
    const pipette_dimension *d = &entry->dimensions[dimension];
    char text[40];
    if (known->data != NULL)
        cli_csv(stdout, ((char *const *)known->data)[index]);
    else if (entry->dimensions != NULL && d->labels != NULL)
        cli_csv(stdout, d->labels[index]);
    else if (entry->dimensions != NULL && d->step != 0)
        fputs(cli_f64(d->start + (double)index * d->step, text), stdout);
    else
        printf("%llu", (unsigned long long)index);
}

static int print_array(pipette_file *file, const pipette_entry *entry, uint64_t row)
{
    pipette_value known[32], array;
    const pipette_value *value = &array;
    pipette_error error = {0};
    uint64_t count, i, j;
    uint32_t k, rank = entry->rank > 32 ? 32 : entry->rank;
    int code = CLI_OK;
    for (k = 0; k < rank; k++) {
        known[k] = pipette_value_none();
        (void)coordinates(file, entry, k, &known[k]);
    }
    /* After the coordinates: a value is borrowed until the next one is read. */
    if (pipette_file_read_one(file, entry->path, row, &array, &error) != PIPETTE_OK || array.rank != rank)
        code = error.code == 0 ? CLI_STORAGE : cli_fail(&error);
    count = code == CLI_OK ? pipette_value_count(value) : 0;
    if (code == CLI_OK && rank == 2) { /* a table as one reads it: rows down, columns across */
        printf("%s", entry->dimensions[0].name);
        for (j = 0; j < value->shape[1]; j++) {
            putchar(',');
            print_coordinate(entry, 1, &known[1], j);
        }
        putchar('\n');
        for (i = 0; i < value->shape[0]; i++) {
            print_coordinate(entry, 0, &known[0], i);
            for (j = 0; j < value->shape[1]; j++) {
                putchar(',');
                element(value, i * value->shape[1] + j);
            }
            putchar('\n');
        }
    } else if (code == CLI_OK) {
        for (k = 0; k < rank; k++)
            printf("%s,", k < entry->rank && entry->dimensions[k].name != NULL ? entry->dimensions[k].name : "index");
        printf("%s\n", last_of(entry->path));
        for (i = 0; i < count; i++) {
            uint64_t rest = count;
            for (k = 0, j = i; k < rank; k++) {
                rest /= value->shape[k];
                if (k < entry->rank)
                    print_coordinate(entry, k, &known[k], j / rest);
                else
                    printf("%llu", (unsigned long long)(j / rest));
                putchar(',');
                j %= rest;
            }
            element(value, i);
            putchar('\n');
        }
    }
    for (k = 0; k < rank; k++)
        if (known[k].data != NULL) {
            char **texts = (char **)(uintptr_t)known[k].data;
            for (i = 0; texts[i] != NULL; i++)
                free(texts[i]);
            free(texts);
        }
    return code;
}

static int one_value(pipette_file *file, const pipette_entry *entry, uint64_t run)
{
    pipette_error error = {0};
    pipette_value value;
    uint64_t row = 0;
    int status;
    if (run != PIPETTE_DEFAULT_RUN && entry->kind == PIPETTE_ENTRY_COLUMN && pipette_file_row(file, run, &row, &error) != PIPETTE_OK)
        return cli_fail(&error);
    status = pipette_file_read_one(file, entry->path, row, &value, &error);
    if (status == PIPETTE_E_NOT_FOUND && entry->kind == PIPETTE_ENTRY_COLUMN) {
        if (entry->role == PIPETTE_ROLE_LEDGER) { /* no message, no log */
            putchar('\n');
            return CLI_OK;
        }
        cli_error("run %llu left no '%s'", (unsigned long long)run, entry->path);
        return CLI_USAGE;
    }
    if (status != PIPETTE_OK)
        return cli_fail(&error);
    cli_mean(entry, &value);
    if (value.rank == 0) {
        char text[100];
        if (value.type == PIPETTE_TYPE_STRING)
            puts(value.as.string == NULL ? "" : value.as.string);
        else
            puts(cli_element(&value, 0, text, sizeof text));
        return CLI_OK;
    }
    return print_array(file, entry, row);
}

/* ---- A table by its own name ------------------------------------------------------------------------------------------------------ */

typedef struct table_search {
    const char *name; /* "summary.firing_rates" */
    const pipette_entry *array;
    int arrays;
} table_search;

/* The arrays of a table stand below its name, beside its coordinates, which are called as their dimension. */
static int keep_array(const pipette_entry *entry, void *user)
{
    table_search *search = user;
    const char *last = last_of(entry->path);
    size_t length = (size_t)(last - entry->path), wanted = strlen(search->name);
    if (entry->kind != PIPETTE_ENTRY_TABLE || length < wanted + 1 || strncmp(last - 1 - wanted, search->name, wanted) != 0 ||
        (length > wanted + 1 && last[-2 - (ptrdiff_t)wanted] != '.'))
        return 0;
    if (entry->rank == 1 && entry->dimensions[0].name != NULL && strcmp(entry->dimensions[0].name, last) == 0)
        return 0;
    search->array = entry;
    search->arrays++;
    return 0;
}

/* Finds what PATH names; a table that has one array stands for that array. */
static int find(pipette_file *file, const char *path, const pipette_entry **entry, uint64_t *run, pipette_error *error)
{
    table_search search = {path, NULL, 0};
    int status = pipette_file_find(file, path, entry, run, error);
    if (status != PIPETTE_E_NOT_FOUND)
        return status;
    (void)pipette_file_list(file, keep_array, &search, NULL);
    if (search.arrays != 1)
        return status;
    *entry = search.array;
    return PIPETTE_OK;
}

int cli_get(int argc, char **argv)
{
    get_arguments a = {{NULL, 0}, NULL, NULL, NULL, PIPETTE_DEFAULT_RUN};
    const pipette_entry *entry;
    pipette_file *file;
    pipette_error error = {0};
    uint64_t run, named;
    int code = cli_parse(&argp, argc, argv, &a);
    if (code != 0)
        return code - 1;
    run = a.run;
    if (pipette_file_open(a.file, a.storage, a.folders.items, a.folders.count, &file, &error) != PIPETTE_OK) {
        cli_list_free(&a.folders);
        return cli_fail(&error);
    }
    if (find(file, a.path, &entry, &named, &error) != PIPETTE_OK) {
        code = cli_fail(&error);
    } else {
        if (named != PIPETTE_DEFAULT_RUN)
            run = named;
        code = entry->kind == PIPETTE_ENTRY_COLUMN && run == PIPETTE_DEFAULT_RUN ? all_runs(file, entry) : one_value(file, entry, run);
    }
    pipette_file_destroy(file);
    cli_list_free(&a.folders);
    return code;
}
