/* inspect.c: `pipette inspect PLUGIN`: its parameters, results and options, and what every stage of its kind takes. */
#include <signal.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/declared.h"
#include "cli/shown.h"
#include "cli/skeleton.h"
#include "cli/table.h"

typedef struct inspect_arguments {
    cli_list folders;
    const char *plugin;
    int config;
} inspect_arguments;

enum { KEY_PLUGIN_PATH = 256, KEY_CONFIG };

static const struct argp_option options[] = {
    {"plugin-path", KEY_PLUGIN_PATH, "FOLDER", 0, "Look for plugins here first (repeatable)", 0},
    {"config", KEY_CONFIG, NULL, 0, "Print a commented config skeleton", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static error_t parse(int key, char *text, struct argp_state *state)
{
    inspect_arguments *a = state->input;
    switch (key) {
    case KEY_PLUGIN_PATH:
        return cli_list_add(&a->folders, text);
    case KEY_CONFIG:
        a->config = 1;
        break;
    case ARGP_KEY_ARG:
        if (a->plugin != NULL)
            cli_usage(state, "one PLUGIN at a time; '%s' is too much", text);
        a->plugin = text;
        break;
    case ARGP_KEY_NO_ARGS:
        cli_usage(state, "which PLUGIN? `pipette plugins` lists them");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp argp = {
    options,  parse,
    "PLUGIN", "Show a plugin's parameters, results and options. PLUGIN is a name, or a file with a '/' in it.",
    NULL,     NULL,
    NULL};

static char *bounds_of(const pipette_parameter_spec *spec, char *out, size_t size)
{
    char low[40] = "", high[40] = "";
    int has_low = (spec->flags & PIPETTE_HAS_MINIMUM) != 0,
        has_high = (spec->flags & PIPETTE_HAS_MAXIMUM) != 0 && spec->maximum < 1e308;
    const char *sign = (spec->flags & PIPETTE_ABOVE_MINIMUM) != 0 ? ">" : ">=";
    if (has_low)
        (void)cli_f64(spec->minimum, low);
    if (has_high)
        (void)cli_f64(spec->maximum, high);
    if (has_low && has_high)
        (void)snprintf(out, size, "%s %s, <= %s", sign, low, high);
    else if (has_low)
        (void)snprintf(out, size, "%s %s", sign, low);
    else if (has_high)
        (void)snprintf(out, size, "<= %s", high);
    else
        out[0] = '\0';
    return out;
}

static char *shape_of(const pipette_result_spec *spec, char *out, size_t size)
{
    size_t used = 0;
    uint32_t i;
    out[0] = '\0';
    for (i = 0; i < spec->rank && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%s%s", i == 0 ? "(" : ", ", spec->dimensions[i].name,
                                 spec->dimensions[i].extent == PIPETTE_RAGGED ? "..." : "");
    if (spec->rank > 0 && used < size)
        (void)snprintf(out + used, size - used, ")");
    return out;
}

/* One line of text for a cell. */
static const char *one_line(const char *text, char *out, size_t size)
{
    char *at;
    (void)snprintf(out, size, "%s", text == NULL ? "" : text);
    for (at = out; *at != '\0'; at++)
        if (*at == '\n' || *at == '\r' || *at == '\t')
            *at = ' ';
    return out;
}

static const table_column parameter_columns[] = {{"  PARAMETER", 0, 16, 3}, {"TYPE", 0, 4, 0},
                                                 {"DEFAULT", 0, 8, 2},      {"UNIT", 0, 4, 4},
                                                 {"BOUNDS", 0, 6, 0},       {"MEANING", SCOLS_FL_WRAP, 24, 1}};
static const table_column result_columns[] = {{"  RESULT", 0, 16, 3},  {"TYPE", 0, 4, 0},
                                              {"DIMENSIONS", 0, 8, 2}, {"UNIT", 0, 4, 4},
                                              {"", 0, 0, 0},           {"MEANING", SCOLS_FL_WRAP, 24, 1}};
static const table_column option_columns[] = {
    {"  OPTION", 0, 16, 3}, {"TYPE", 0, 4, 0}, {"DEFAULT", 0, 7, 2}, {"MEANING", SCOLS_FL_WRAP, 24, 1}};

static struct libscols_line *new_line(table *made, const char *path)
{
    struct libscols_line *line = scols_table_new_line(made->lines, NULL);
    char name[600];
    (void)snprintf(name, sizeof name, "  %s", path);
    scols_line_set_data(line, 0, name);
    return line;
}

static void print(table *made, const char *heading, uint32_t lines)
{
    if (lines > 0)
        printf("\n%s\n", heading);
    if (lines > 0)
        table_print(made, table_terminal());
    else
        scols_unref_table(made->lines);
}

static void show_options(const pipette_option_spec *specs, uint32_t count, const char *heading)
{
    table made;
    char cell[2000];
    uint32_t i;
    table_begin(&made, option_columns, PIPETTE_COUNT_OF(option_columns));
    for (i = 0; i < count; i++) {
        struct libscols_line *line = new_line(&made, specs[i].path);
        scols_line_set_data(line, 1, declared_option_type(specs[i].type));
        scols_line_set_data(line, 2, one_line(specs[i].default_text, cell, sizeof cell));
        scols_line_set_data(line, 3, one_line(specs[i].doc, cell, sizeof cell));
    }
    print(&made, heading, count);
}

static void show_parameters(const pipette_manual *manual)
{
    table made;
    char cell[2000];
    uint32_t i;
    table_begin(&made, parameter_columns, PIPETTE_COUNT_OF(parameter_columns));
    for (i = 0; i < manual->parameter_count; i++) {
        const pipette_parameter_spec *spec = &manual->parameters[i];
        struct libscols_line *line = new_line(&made, spec->path);
        pipette_value value = declared_default(spec);
        scols_line_set_data(line, 1, pipette_type_text(spec->type));
        scols_line_set_data(line, 2, shown_brief(&value, pipette_value_count(&value), cell, sizeof cell));
        scols_line_set_data(line, 3, one_line(spec->unit, cell, sizeof cell));
        scols_line_set_data(line, 4, bounds_of(spec, cell, sizeof cell));
        scols_line_set_data(line, 5, one_line(spec->doc, cell, sizeof cell));
    }
    print(&made, "Parameters", manual->parameter_count);
}

static void show_results(const pipette_manual *manual)
{
    table made;
    char cell[2000];
    uint32_t i;
    table_begin(&made, result_columns, PIPETTE_COUNT_OF(result_columns));
    for (i = 0; i < manual->result_count; i++) {
        const pipette_result_spec *spec = &manual->results[i];
        struct libscols_line *line = new_line(&made, spec->path);
        scols_line_set_data(line, 1, pipette_type_text(spec->type));
        scols_line_set_data(line, 2, shape_of(spec, cell, sizeof cell));
        scols_line_set_data(line, 3, one_line(spec->unit, cell, sizeof cell));
        scols_line_set_data(line, 4, (spec->flags & PIPETTE_RETURNED) != 0 ? "returned" : "");
        scols_line_set_data(line, 5, one_line(spec->doc, cell, sizeof cell));
    }
    print(&made, "Results", manual->result_count);
}

static void show(const pipette_manual *manual)
{
    printf("%s %s (%s%s)\n", manual->name, manual->version, pipette_kind_text(manual->kind),
           manual->has_batch ? ", computes batches" : "");
    table_wrap(manual->doc, table_terminal());
    table_put(manual->path);
    putchar('\n');
    show_parameters(manual);
    show_results(manual);
    show_options(manual->options, manual->option_count, "Options");
    show_options(manual->keys, manual->key_count,
                 manual->kind == PIPETTE_KIND_MODEL ? "Every model takes" : "Every storage takes");
}

int cli_inspect(int argc, char **argv)
{
    inspect_arguments a = {{NULL, 0}, NULL, 0};
    pipette_manual *manual;
    pipette_error error = {0};
    int code = cli_parse(&argp, argc, argv, &a);
    if (code != 0)
        return code - 1;
    if (pipette_manual_create(a.plugin, a.folders.items, a.folders.count, &manual, &error) != PIPETTE_OK) {
        code = cli_fail(&error);
        cli_list_free(&a.folders);
        return code == CLI_USAGE ? CLI_PLUGIN : code;
    }
    cli_warnings(manual);
    (void)signal(SIGPIPE, SIG_DFL); /* a reader that has seen enough ends this */
    if (a.config)
        skeleton_print(manual, a.plugin);
    else
        show(manual);
    pipette_manual_destroy(manual);
    cli_list_free(&a.folders);
    return CLI_OK;
}
