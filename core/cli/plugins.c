/* plugins.c: `pipette plugins`: what is found where, what was refused and why. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

typedef struct plugins_arguments {
    cli_list folders;
    int json;
} plugins_arguments;

enum { KEY_PLUGIN_PATH = 256, KEY_JSON };

static const struct argp_option options[] = {
    {"plugin-path", KEY_PLUGIN_PATH, "FOLDER", 0, "Look for plugins here first (repeatable)", 0},
    {"json", KEY_JSON, NULL, 0, "JSON instead of a table", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static error_t parse(int key, char *text, struct argp_state *state)
{
    plugins_arguments *a = state->input;
    switch (key) {
    case KEY_PLUGIN_PATH:
        return cli_list_add(&a->folders, text);
    case KEY_JSON:
        a->json = 1;
        break;
    case ARGP_KEY_ARG:
        cli_usage(state, "'%s' is too much", text);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp argp = {options,
                                 parse,
                                 "",
                                 "List the plugins that are found, and what was refused and why.\v"
                                 "Looked through in this order: --plugin-path, the folders in PIPETTE_PLUGIN_PATH "
                                 "(separated by ':'), the folder that "
                                 "belongs to this installation or build. Never the current directory; never a folder "
                                 "or file that everyone may write.",
                                 NULL,
                                 NULL,
                                 NULL};

typedef struct listing {
    struct libscols_table *table;
    int json, count;
} listing;

static void print_warnings(const pipette_manual *manual)
{
    uint32_t i;
    for (i = 0; i < manual->warning_count; i++) {
        printf(i == 0 ? ", \"warnings\": [" : ", ");
        cli_json_text(stdout, manual->warnings[i]);
    }
    if (manual->warning_count > 0)
        printf("]");
}

static int visit(const char *path, const pipette_manual *manual, const char *reason, void *user)
{
    listing *l = user;
    struct libscols_line *line;
    if (l->json) {
        printf("%s\n  {\"path\": ", l->count++ == 0 ? "[" : ",");
        cli_json_text(stdout, path);
        if (manual != NULL) {
            printf(", \"name\": ");
            cli_json_text(stdout, manual->name);
            printf(", \"kind\": \"%s\", \"version\": ", pipette_kind_text(manual->kind));
            cli_json_text(stdout, manual->version);
            printf(", \"doc\": ");
            cli_json_text(stdout, manual->doc);
            print_warnings(manual);
        } else {
            printf(", \"refused\": ");
            cli_json_text(stdout, reason == NULL ? "" : reason);
        }
        printf("}");
        return 0;
    }
    line = scols_table_new_line(l->table, NULL);
    if (line == NULL)
        return 0;
    if (manual != NULL) {
        char doc[200];
        cli_warnings(manual);
        (void)snprintf(doc, sizeof doc, "%.*s", (int)strcspn(manual->doc, "\n"), manual->doc);
        scols_line_set_data(line, 0, manual->name);
        scols_line_set_data(line, 1, pipette_kind_text(manual->kind));
        scols_line_set_data(line, 2, manual->version);
        scols_line_set_data(line, 3, doc);
    } else {
        scols_line_set_data(line, 0, "-");
        scols_line_set_data(line, 1, "refused");
        scols_line_set_data(line, 3, reason);
    }
    scols_line_set_data(line, 4, path);
    return 0;
}

int cli_plugins(int argc, char **argv)
{
    plugins_arguments a = {{NULL, 0}, 0};
    listing l = {NULL, 0, 0};
    pipette_error error = {0};
    int code = cli_parse(&argp, argc, argv, &a);
    if (code != 0)
        return code - 1;
    l.json = a.json;
    if (!a.json) {
        l.table = scols_new_table();
        scols_table_new_column(l.table, "PLUGIN", 0, 0);
        scols_table_new_column(l.table, "KIND", 0, 0);
        scols_table_new_column(l.table, "VERSION", 0, 0);
        scols_table_new_column(l.table, "WHAT IT DOES", 0, isatty(STDOUT_FILENO) ? SCOLS_FL_WRAP : 0);
        scols_table_new_column(l.table, "FILE", 0, isatty(STDOUT_FILENO) ? SCOLS_FL_WRAP : 0);
    }
    code =
        pipette_plugins(a.folders.items, a.folders.count, visit, &l, &error) == PIPETTE_OK ? CLI_OK : cli_fail(&error);
    if (a.json)
        puts(l.count == 0 ? "[]" : "\n]");
    else
        scols_print_table(l.table);
    scols_unref_table(l.table);
    cli_list_free(&a.folders);
    return code;
}
