/* inspect.c: `pipette inspect PLUGIN`: its parameters, results and options; or a config skeleton. */
#include <string.h>
#include <unistd.h>

#include "cli.h"

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
    case KEY_PLUGIN_PATH: return cli_list_add(&a->folders, text);
    case KEY_CONFIG: a->config = 1; break;
    case ARGP_KEY_ARG:
        if (a->plugin != NULL)
            cli_usage(state, "one PLUGIN at a time; '%s' is too much", text);
        a->plugin = text;
        break;
    case ARGP_KEY_NO_ARGS: cli_usage(state, "which PLUGIN? `pipette plugins` lists them"); break;
    default: return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp argp = {options, parse, "PLUGIN", "Show a plugin's parameters, results and options. PLUGIN is a name, or a file with a '/' in it.",
                                 NULL, NULL, NULL};

static pipette_value default_of(const pipette_parameter_spec *spec)
{
    if (spec->default_array != NULL)
        return *spec->default_array;
    switch (spec->type) {
    case PIPETTE_TYPE_F64: return pipette_value_f64(spec->default_f64);
    case PIPETTE_TYPE_F32: return pipette_value_f32((float)spec->default_f64);
    case PIPETTE_TYPE_I64: return pipette_value_i64(spec->default_i64);
    case PIPETTE_TYPE_I32: return pipette_value_i32((int32_t)spec->default_i64);
    case PIPETTE_TYPE_U64: return pipette_value_u64(spec->default_u64);
    case PIPETTE_TYPE_BOOL: return pipette_value_bool((uint8_t)(spec->default_i64 != 0));
    case PIPETTE_TYPE_STRING: return pipette_value_string(spec->default_string == NULL ? "" : spec->default_string);
    case PIPETTE_TYPE_COMPLEX: {
        pipette_complex z = {spec->default_f64, 0};
        return pipette_value_complex(z);
    }
    default: return pipette_value_none();
    }
}

static char *bounds_of(const pipette_parameter_spec *spec, char *out, size_t size)
{
    char low[40] = "", high[40] = "";
    int has_low = (spec->flags & PIPETTE_HAS_MINIMUM) != 0, has_high = (spec->flags & PIPETTE_HAS_MAXIMUM) != 0 && spec->maximum < 1e308;
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

static const char *option_type(int type)
{
    switch (type) {
    case PIPETTE_OPTION_ANY: return "any";
    case PIPETTE_OPTION_ARRAY: return "array";
    case PIPETTE_OPTION_LIST: return "list";
    case PIPETTE_OPTION_GROUP: return "group";
    default: return pipette_type_text(type);
    }
}

static struct libscols_table *table(const char *const *headings, size_t count)
{
    struct libscols_table *made = scols_new_table();
    size_t i;
    for (i = 0; i < count; i++)
        scols_table_new_column(made, headings[i], 0, i + 1 == count && isatty(STDOUT_FILENO) ? SCOLS_FL_WRAP : 0);
    return made;
}

static void print(struct libscols_table *made, const char *heading)
{
    if (scols_table_get_nlines(made) > 0) {
        printf("\n%s\n", heading);
        scols_print_table(made);
    }
    scols_unref_table(made);
}

static void show_options(const pipette_option_spec *specs, uint32_t count, const char *heading)
{
    static const char *const headings[] = {"  OPTION", "TYPE", "DEFAULT", "MEANING"};
    struct libscols_table *options_table = table(headings, PIPETTE_COUNT_OF(headings));
    uint32_t i;
    for (i = 0; i < count; i++) {
        struct libscols_line *line = scols_table_new_line(options_table, NULL);
        char path[600];
        (void)snprintf(path, sizeof path, "  %s", specs[i].path);
        scols_line_set_data(line, 0, path);
        scols_line_set_data(line, 1, option_type(specs[i].type));
        scols_line_set_data(line, 2, specs[i].default_text == NULL ? "" : specs[i].default_text);
        scols_line_set_data(line, 3, specs[i].doc);
    }
    print(options_table, heading);
}

static void show(const pipette_manual *manual)
{
    static const char *const parameter_headings[] = {"  PARAMETER", "TYPE", "DEFAULT", "UNIT", "BOUNDS", "MEANING"};
    static const char *const result_headings[] = {"  RESULT", "TYPE", "DIMENSIONS", "UNIT", "", "MEANING"};
    struct libscols_table *parameters = table(parameter_headings, 6), *results = table(result_headings, 6);
    char cell[600];
    uint32_t i;
    printf("%s %s (%s%s)\n%s\n%s\n", manual->name, manual->version, pipette_kind_text(manual->kind), manual->has_batch ? ", computes batches" : "",
           manual->doc, manual->path);
    for (i = 0; i < manual->parameter_count; i++) {
        const pipette_parameter_spec *spec = &manual->parameters[i];
        struct libscols_line *line = scols_table_new_line(parameters, NULL);
        pipette_value value = default_of(spec);
        char path[600];
        (void)snprintf(path, sizeof path, "  %s", spec->path);
        scols_line_set_data(line, 0, path);
        scols_line_set_data(line, 1, pipette_type_text(spec->type));
        scols_line_set_data(line, 2, cli_brief(&value, cell, sizeof cell));
        scols_line_set_data(line, 3, spec->unit);
        scols_line_set_data(line, 4, bounds_of(spec, cell, sizeof cell));
        scols_line_set_data(line, 5, spec->doc);
    }
    for (i = 0; i < manual->result_count; i++) {
        const pipette_result_spec *spec = &manual->results[i];
        struct libscols_line *line = scols_table_new_line(results, NULL);
        char path[600];
        (void)snprintf(path, sizeof path, "  %s", spec->path);
        scols_line_set_data(line, 0, path);
        scols_line_set_data(line, 1, pipette_type_text(spec->type));
        scols_line_set_data(line, 2, shape_of(spec, cell, sizeof cell));
        scols_line_set_data(line, 3, spec->unit);
        scols_line_set_data(line, 4, (spec->flags & PIPETTE_RETURNED) != 0 ? "returned" : "");
        scols_line_set_data(line, 5, spec->doc);
    }
    print(parameters, "Parameters");
    print(results, "Results");
    show_options(manual->options, manual->option_count, "Options");
    show_options(manual->keys, manual->key_count, manual->kind == PIPETTE_KIND_MODEL ? "Every model takes" : "Every storage takes");
}

/* ---- A config skeleton -------------------------------------------------------------------------------------------------- */

static void config_value(const pipette_value *value)
{
    char text[600];
    if (value->rank == 0 && value->type == PIPETTE_TYPE_STRING) {
        cli_json_text(stdout, value->as.string);
        return;
    }
    if (value->rank > 0) {
        uint64_t i;
        printf("[");
        for (i = 0; i < pipette_value_count(value); i++)
            printf("%s%s", i == 0 ? "" : ", ", cli_element(value, i, text, sizeof text));
        printf("]");
        return;
    }
    (void)cli_element(value, 0, text, sizeof text);
    /* A float needs a point, or libconfig takes it for an integer. */
    printf("%s%s", text, (value->type == PIPETTE_TYPE_F64 || value->type == PIPETTE_TYPE_F32) && strpbrk(text, ".en") == NULL ? ".0" : "");
}

/* How many leading components two paths share, as characters of `path` including the dot. */
static size_t shared(const char *path, const char *other)
{
    size_t i, last = 0;
    for (i = 0; path[i] != '\0' && path[i] == other[i]; i++)
        if (path[i] == '.')
            last = i + 1;
    return last;
}

static void indent(unsigned depth)
{
    while (depth-- > 0)
        printf("    ");
}

static void parameter_group(const pipette_manual *manual)
{
    const char *previous = "";
    unsigned depth = 1;
    uint32_t i;
    printf("parameters = {\n");
    for (i = 0; i < manual->parameter_count; i++) {
        const pipette_parameter_spec *spec = &manual->parameters[i];
        pipette_value value = default_of(spec);
        size_t keep = shared(spec->path, previous);
        const char *at;
        unsigned kept = 1;
        size_t j;
        for (j = 0; j < keep; j++)
            kept += spec->path[j] == '.';
        for (; depth > kept; depth--) {
            indent(depth - 1);
            printf("};\n");
        }
        for (at = spec->path + keep; strchr(at, '.') != NULL; at = strchr(at, '.') + 1) {
            indent(depth++);
            printf("%.*s = {\n", (int)strcspn(at, "."), at);
        }
        indent(depth);
        printf("%s%s = ", value.type == PIPETTE_TYPE_COMPLEX ? "# not to be had in a config: " : "", at);
        config_value(&value);
        printf(";    # %s%s%s%s\n", spec->doc, spec->unit[0] == '\0' ? "" : " [", spec->unit, spec->unit[0] == '\0' ? "" : "]");
        previous = spec->path;
    }
    for (; depth > 1; depth--) {
        indent(depth - 1);
        printf("};\n");
    }
    printf("};\n");
}

static void option_lines(const pipette_manual *manual)
{
    uint32_t i;
    for (i = 0; i < manual->option_count; i++) {
        const pipette_option_spec *spec = &manual->options[i];
        printf("    # %s (%s%s%s): %s\n", spec->path, option_type(spec->type), spec->default_text == NULL ? "" : ", default ",
               spec->default_text == NULL ? "" : spec->default_text, spec->doc);
    }
}

/* `plugin` as the user named it: a file stays a file. */
static void skeleton(const pipette_manual *manual, const char *plugin)
{
    const char *name = strchr(plugin, '/') != NULL ? manual->path : manual->name;
    printf("# %s\n", manual->doc);
    switch (manual->kind) {
    case PIPETTE_KIND_MODEL:
        printf("name    = \"%s\";\ncomment = \"\";\n\n", manual->name);
        printf("preprocess  = ( { plugin = \"explorer\";\n");
        if (manual->parameter_count > 0) {
            pipette_value value = default_of(&manual->parameters[0]);
            printf("                  product = ( { parameter = \"%s\"; values = ( ", manual->parameters[0].path);
            config_value(&value);
            printf(" ); } ); } );\n");
        } else {
            printf("                  product = ( ); } );\n");
        }
        printf("run         = {\n    plugin = \"%s\";\n", name);
        option_lines(manual);
        printf("};\npostprocess = ( );    # such as { plugin = \"rate_summary\"; }\n");
        printf("storage     = { plugin = \"hdf5\"; file = \"hdf5/%s.hdf5\"; };\n\n", manual->name);
        if (manual->parameter_count > 0)
            parameter_group(manual);
        break;
    case PIPETTE_KIND_PREPROCESS:
    case PIPETTE_KIND_POSTPROCESS:
        printf("%s = ( {\n    plugin = \"%s\";\n", pipette_kind_text(manual->kind), name);
        option_lines(manual);
        printf("} );\n");
        break;
    default:
        printf("%s = {\n    plugin = \"%s\";\n", pipette_kind_text(manual->kind), name);
        option_lines(manual);
        printf("};\n");
        break;
    }
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
    if (a.config)
        skeleton(manual, a.plugin);
    else
        show(manual);
    pipette_manual_destroy(manual);
    cli_list_free(&a.folders);
    return CLI_OK;
}
