/* config_tree.c: the settings that libconfig parses become nodes. */
#include "config/config_node.h"

#include <libconfig.h>
#include <math.h>
#include <stdlib.h>

#include "base/utf8.h"

static config_origin origin_of(const config_source *source, unsigned line)
{
    size_t index = line == 0 ? 0 : line - 1;
    return source->origins[index < source->origin_count ? index : source->origin_count - 1];
}

/* Text, or what stands behind a mark. */
static int take_text(pipette_option *node, const char *text)
{
    size_t mark = strlen(CONFIG_MARK_U64);
    if (strncmp(text, CONFIG_MARK_U64, mark) == 0) {
        node->kind = PIPETTE_TYPE_U64;
        node->as.u64 = strtoull(text + mark, NULL, 10);
        return PIPETTE_OK;
    }
    if (strncmp(text, CONFIG_MARK_F64, mark) == 0) {
        node->kind = PIPETTE_TYPE_F64;
        node->as.f64 = text[mark] == 'n' ? (double)NAN : text[mark] == '-' ? -(double)INFINITY : (double)INFINITY;
        return PIPETTE_OK;
    }
    node->as.string = strdup(text);
    node->kind = PIPETTE_TYPE_STRING;
    return node->as.string == NULL ? PIPETTE_E_MEMORY : PIPETTE_OK;
}

/* An escape such as \x9b is a byte, too. */
static int check_text(const pipette_option *node, pipette_error *error)
{
    int wrong = node->kind == PIPETTE_TYPE_STRING ? utf8_first_wrong(node->as.string) : -1;
    return wrong < 0
               ? PIPETTE_OK
               : config_fail(node, error, PIPETTE_E_CONFIG,
                             "the text holds byte 0x%02x, which is not UTF-8; a config is UTF-8 text", (unsigned)wrong);
}

static int fill(pipette_option *node, const config_source *source, const config_setting_t *setting,
                pipette_error *error);

static int take_children(pipette_option *node, const config_source *source, const config_setting_t *setting,
                         pipette_error *error)
{
    int i, count = config_setting_length(setting), status = PIPETTE_OK;
    for (i = 0; status == PIPETTE_OK && i < count; i++) {
        const config_setting_t *member = config_setting_get_elem(setting, (unsigned)i);
        const char *name = config_setting_name(member);
        config_origin origin = origin_of(source, config_setting_source_line(member));
        pipette_option *child = config_node_new(name == NULL ? "" : name, PIPETTE_TYPE_NONE, origin.file, origin.line);
        if (child == NULL)
            return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory for the config");
        status = config_node_append(node, child, error);
        if (status != PIPETTE_OK)
            config_node_free(child);
        else
            status = fill(child, source, member, error);
    }
    config_node_refresh(node);
    return status;
}

static int fill(pipette_option *node, const config_source *source, const config_setting_t *setting,
                pipette_error *error)
{
    switch (config_setting_type(setting)) {
    case CONFIG_TYPE_GROUP:
        node->kind = PIPETTE_OPTION_GROUP;
        return take_children(node, source, setting, error);
    case CONFIG_TYPE_ARRAY:
    case CONFIG_TYPE_LIST:
        node->kind = PIPETTE_OPTION_LIST;
        return take_children(node, source, setting, error);
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64:
        node->kind = PIPETTE_TYPE_I64;
        node->as.i64 = config_setting_type(setting) == CONFIG_TYPE_INT ? config_setting_get_int(setting)
                                                                       : config_setting_get_int64(setting);
        return PIPETTE_OK;
    case CONFIG_TYPE_FLOAT:
        node->kind = PIPETTE_TYPE_F64;
        node->as.f64 = config_setting_get_float(setting);
        if (!isfinite(node->as.f64))
            return config_fail(node, error, PIPETTE_E_CONFIG,
                               "the number does not fit into a 64 bit float; infinity is written inf");
        return PIPETTE_OK;
    case CONFIG_TYPE_BOOL:
        node->kind = PIPETTE_TYPE_BOOL;
        node->as.boolean = config_setting_get_bool(setting) ? 1 : 0;
        return PIPETTE_OK;
    default:
        if (take_text(node, config_setting_get_string(setting)) != PIPETTE_OK)
            return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory for the config");
        return check_text(node, error);
    }
}

static int read_settings(config_t *settings, const config_source *source, pipette_option **root, pipette_error *error)
{
    pipette_option *made;
    int status;
    if (config_read_string(settings, source->plain.data == NULL ? "" : source->plain.data) != CONFIG_TRUE) {
        config_origin origin = origin_of(source, (unsigned)config_error_line(settings));
        return pipette_error_set(error, PIPETTE_E_CONFIG, "%s:%d: %s", origin.file, origin.line,
                                 config_error_text(settings));
    }
    made = config_node_new("", PIPETTE_OPTION_GROUP, source->origins[0].file, source->origins[0].line);
    if (made == NULL)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory for the config");
    status = fill(made, source, config_root_setting(settings), error);
    if (status == PIPETTE_OK)
        *root = made;
    else
        config_node_free(made);
    return status;
}

int config_source_tree(const config_source *source, pipette_option **root, pipette_error *error)
{
    config_t settings;
    int status;
    config_init(&settings);
    status = read_settings(&settings, source, root, error);
    config_destroy(&settings);
    return status;
}
