/* skeleton.c: `pipette inspect PLUGIN --config`: a commented config that fits together. */
#include "cli/skeleton.h"

#include <ctype.h>
#include <math.h>
#include <strings.h>

#include "cli/cli.h"
#include "cli/declared.h"

static const char *text_or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

static void indent(unsigned depth)
{
    while (depth-- > 0)
        fputs("    ", stdout);
}

/* Every line of the text as a comment of its own. `first`: what stands before the text. */
static void comment(unsigned depth, const char *first, const char *text)
{
    do {
        size_t length = strcspn(text, "\n\r");
        indent(depth);
        printf("# %s%.*s\n", first, (int)length, text);
        first = "";
        text += length;
        text += *text == '\r';
        text += *text == '\n';
    } while (*text != '\0');
}

/* ---- Values ---- */

static void text_value(const char *text)
{
    putchar('"');
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            printf("\\%c", c);
        else if (c == '\n')
            fputs("\\n", stdout);
        else if (c == '\t')
            fputs("\\t", stdout);
        else if (c < 0x20 || c == 0x7f)
            printf("\\x%02x", c);
        else
            putchar(c);
    }
    putchar('"');
}

static void element_value(const pipette_value *value, uint64_t index)
{
    char text[100];
    if (value->type == PIPETTE_TYPE_STRING) {
        text_value(text_or_empty(((const char *const *)pipette_value_data(value))[index]));
        return;
    }
    (void)cli_element(value, index, text, sizeof text);
    /* A float needs a point, or it is an integer. */
    printf("%s%s", text,
           (value->type == PIPETTE_TYPE_F64 || value->type == PIPETTE_TYPE_F32) && strpbrk(text, ".en") == NULL ? ".0"
                                                                                                                : "");
}

static void config_value(const pipette_value *value)
{
    uint64_t i, count = pipette_value_count(value);
    fputs(value->rank == 0 ? "" : "[", stdout);
    for (i = 0; i < count; i++) {
        fputs(i == 0 ? "" : ", ", stdout);
        element_value(value, i);
    }
    fputs(value->rank == 0 ? "" : "]", stdout);
}

/* libconfig's own mark, which no text of a config may hold. */
static int has_mark(const pipette_value *value)
{
    uint64_t i;
    for (i = 0; value->type == PIPETTE_TYPE_STRING && i < pipette_value_count(value); i++)
        if (strchr(text_or_empty(((const char *const *)pipette_value_data(value))[i]), '\001') != NULL)
            return 1;
    return 0;
}

/* Why a config cannot give this value; NULL: it can. */
static const char *no_config_value(const pipette_value *value)
{
    if (value->type == PIPETTE_TYPE_COMPLEX)
        return "complex numbers cannot be written in a config";
    if (value->rank > 1)
        return "arrays of several dimensions cannot be written in a config";
    if (value->rank == 1 && value->shape[0] == 0)
        return "it has no elements";
    return has_mark(value) ? "it holds the character \\x01" : NULL;
}

/* Can libconfig take these components as keys? Not all that Pipette allows: "2nd", "true". */
static int are_keys(const char *path, size_t size)
{
    const char *end = path + size;
    while (path < end) {
        size_t length = strcspn(path, ".");
        if (!isalpha((unsigned char)*path) || (length == 4 && strncasecmp(path, "true", 4) == 0) ||
            (length == 5 && strncasecmp(path, "false", 5) == 0))
            return 0;
        path += length + 1;
    }
    return 1;
}

/* ---- Parameters ---- */

static void parameter_line(const pipette_parameter_spec *spec, const char *name, unsigned depth)
{
    const char *doc = text_or_empty(spec->doc), *unit = text_or_empty(spec->unit), *why;
    pipette_value value = declared_default(spec);
    int several = strpbrk(doc, "\n\r") != NULL;
    char reason[200];
    why = are_keys(spec->path, strlen(spec->path)) ? no_config_value(&value) : "a config has no such key";
    if (several || why != NULL)
        comment(depth, "", doc);
    if (why != NULL) {
        (void)snprintf(reason, sizeof reason, "keeps its default: %s", why);
        indent(depth);
        printf("# %s %s\n", name, reason);
        return;
    }
    indent(depth);
    printf("%s = ", name);
    config_value(&value);
    putchar(';');
    if (several ? unit[0] != '\0' : doc[0] != '\0' || unit[0] != '\0')
        printf("    #%s%s%s%s%s", several || doc[0] == '\0' ? "" : " ", several ? "" : doc, unit[0] == '\0' ? "" : " [",
               unit, unit[0] == '\0' ? "" : "]");
    putchar('\n');
}

static const pipette_parameter_spec *parameter_of(const pipette_manual *manual, uint32_t i)
{
    return &manual->parameters[i];
}

/* The parameters below `prefix` ("neuron."), each group once, wherever its members stand. */
static void parameters_below(const pipette_manual *manual, const char *prefix, size_t length, unsigned depth)
{
    uint32_t i, j;
    for (i = 0; i < manual->parameter_count; i++) {
        const pipette_parameter_spec *spec = parameter_of(manual, i);
        size_t part;
        if (strncmp(spec->path, prefix, length) != 0)
            continue;
        part = strcspn(spec->path + length, ".");
        if (spec->path[length + part] == '\0') {
            parameter_line(spec, spec->path + length, depth);
            continue;
        }
        for (j = 0; j < i && strncmp(parameter_of(manual, j)->path, spec->path, length + part + 1) != 0; j++)
            continue;
        if (j < i)
            continue;
        indent(depth);
        printf(are_keys(spec->path, length + part) ? "%.*s = {\n" : "# %.*s:\n", (int)part, spec->path + length);
        parameters_below(manual, spec->path, length + part + 1, depth + 1);
        if (are_keys(spec->path, length + part)) {
            indent(depth);
            printf("};\n");
        }
    }
}

/* The first parameter that can be explored from its default on, or NULL. */
static const pipette_parameter_spec *explorable(const pipette_manual *manual)
{
    uint32_t i;
    for (i = 0; i < manual->parameter_count; i++) {
        const pipette_parameter_spec *spec = parameter_of(manual, i);
        pipette_value value = declared_default(spec);
        if (value.rank == 0 && no_config_value(&value) == NULL &&
            (value.type != PIPETTE_TYPE_F64 || isfinite(value.as.f64)) &&
            (value.type != PIPETTE_TYPE_F32 || isfinite(value.as.f32)))
            return spec;
    }
    return NULL;
}

/* ---- Stages ---- */

static void option_lines(const pipette_option_spec *specs, uint32_t count)
{
    uint32_t i;
    for (i = 0; i < count; i++) {
        const char *standard = specs[i].default_text;
        char first[400];
        (void)snprintf(first, sizeof first, "%s (%s%s%s): ", specs[i].path, declared_option_type(specs[i].type),
                       standard == NULL ? "" : ", default ", text_or_empty(standard));
        comment(1, first, text_or_empty(specs[i].doc));
    }
}

static void plugin_line(const char *plugin)
{
    printf("    plugin = ");
    text_value(plugin);
    printf(";\n");
}

/* What a trajectory may be called: the plugin's name, but for those that a trajectory keeps for itself. */
static const char *experiment_name(const pipette_manual *manual)
{
    static const char *const kept[] = {"overview", "crun", "crunset"};
    size_t i;
    for (i = 0; i < sizeof kept / sizeof kept[0]; i++)
        if (strcmp(manual->name, kept[i]) == 0)
            return "Experiment";
    return manual->name[0] == '_' ? "Experiment" : manual->name;
}

static void pipeline(const pipette_manual *manual, const char *plugin)
{
    const pipette_parameter_spec *explored = explorable(manual);
    printf("name    = \"%s\";\ncomment = \"\";\n\n", experiment_name(manual));
    printf("preprocess  = ( { plugin = \"explorer\";\n                  product = ( ");
    if (explored != NULL) {
        pipette_value value = declared_default(explored);
        printf("{ parameter = \"%s\"; values = ( ", explored->path);
        config_value(&value);
        printf(" ); } ");
    }
    printf("); } );\nrun         = {\n");
    plugin_line(plugin);
    option_lines(manual->options, manual->option_count);
    option_lines(manual->keys, manual->key_count);
    printf("};\npostprocess = ( );    # such as { plugin = \"rate_summary\"; }\n");
    printf("storage     = { plugin = \"hdf5\"; file = \"hdf5/%s.hdf5\"; };\n", experiment_name(manual));
    if (manual->parameter_count > 0) {
        printf("\nparameters = {\n");
        parameters_below(manual, "", 0, 1);
        printf("};\n");
    }
}

void skeleton_print(const pipette_manual *manual, const char *plugin)
{
    int many = manual->kind == PIPETTE_KIND_PREPROCESS || manual->kind == PIPETTE_KIND_POSTPROCESS;
    if (strchr(plugin, '/') != NULL)
        plugin = manual->path;
    comment(0, "", text_or_empty(manual->doc));
    if (manual->kind == PIPETTE_KIND_MODEL) {
        pipeline(manual, plugin);
        return;
    }
    printf("%s = %s{\n", pipette_kind_text(manual->kind), many ? "( " : "");
    plugin_line(plugin);
    option_lines(manual->options, manual->option_count);
    option_lines(manual->keys, manual->key_count);
    printf("}%s;\n", many ? " )" : "");
}
