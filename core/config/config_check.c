/* config_check.c: holds the keys of a config against the options that are known, and names the nearest one. */
#include "config/config_node.h"

#include <stdlib.h>

#include "trajectory/name.h"

/* One check. `parts` is the way from `base` to the node at hand, "[]" for elements, as spec paths have it. */
typedef struct checking {
    const pipette_option *base;
    const char *what;
    const char *specs;
    uint32_t count, stride;
    const char *const *always;
    const char *parts[CONFIG_DEPTH_LIMIT + 2];
    uint32_t depth;
    pipette_error *error;
} checking;

static const pipette_option_spec *spec_at(const checking *check, uint32_t index)
{
    return (const pipette_option_spec *)(const void *)(check->specs + (size_t)index * check->stride);
}

/* Cuts the next part off a spec's path: a name, "*" or "[]". Its length, 0 at the end. */
static size_t next_part(const char **path)
{
    const char *p = *path;
    if (*p == '.')
        p++;
    *path = p;
    return *p == '[' ? strspn(p, "[]") < 2 ? strlen(p) : 2 : strcspn(p, ".[");
}

typedef enum fit { FIT_NONE, FIT_DEEPER, FIT_WILDCARD, FIT_EXACT } fit;

/* How a spec's path fits the first `depth` parts; FIT_DEEPER: it goes on below them, then *rest is what follows. */
static fit fit_of(const checking *check, const char *path, uint32_t depth, const char **rest)
{
    fit found = FIT_EXACT;
    size_t length;
    uint32_t i;
    for (i = 0; i < depth; i++) {
        const char *part = check->parts[i];
        length = next_part(&path);
        if (length == 1 && *path == '*' && part[0] != '[')
            found = FIT_WILDCARD;
        else if (length == 0 || strlen(part) != length || strncmp(part, path, length) != 0)
            return FIT_NONE;
        path += length;
    }
    if (next_part(&path) == 0)
        return found;
    *rest = path;
    return FIT_DEEPER;
}

/* What the specs say of the node at hand: the spec that names it, if any, and whether some name things below it. */
static void look_up(const checking *check, const pipette_option_spec **spec, int *group_below, int *list_below)
{
    fit best = FIT_NONE;
    const char *rest;
    uint32_t i;
    *spec = NULL;
    *group_below = *list_below = 0;
    for (i = 0; i < check->count; i++) {
        const pipette_option_spec *candidate = spec_at(check, i);
        fit found = fit_of(check, candidate->path, check->depth, &rest);
        if (found == FIT_DEEPER && rest[0] == '[')
            *list_below = 1;
        else if (found == FIT_DEEPER)
            *group_below = 1;
        else if (found > best) {
            best = found;
            *spec = candidate;
        }
    }
}

/* ---- unknown keys ---- */

/* The names that are known beside the node at hand. The caller frees the array and, up to *owned, its names. */
static const char **known_names(const checking *check, uint32_t *known, uint32_t *owned)
{
    uint32_t always = 0, i;
    const char **names;
    while (check->depth == 1 && check->always != NULL && check->always[always] != NULL)
        always++;
    *known = *owned = 0;
    names = calloc((size_t)check->count + always + 1, sizeof *names);
    for (i = 0; names != NULL && i < check->count; i++) {
        const char *rest = NULL;
        size_t length;
        char *name;
        uint32_t k;
        if (fit_of(check, spec_at(check, i)->path, check->depth - 1, &rest) != FIT_DEEPER || rest[0] == '*' ||
            rest[0] == '[')
            continue;
        length = next_part(&rest);
        for (k = 0; k < *known && (strlen(names[k]) != length || strncmp(names[k], rest, length) != 0); k++)
            continue;
        if (k < *known || (name = strndup(rest, length)) == NULL)
            continue;
        names[(*known)++] = name;
    }
    *owned = *known;
    for (i = 0; names != NULL && i < always; i++)
        names[(*known)++] = check->always[i];
    return names;
}

/* "; it knows product, zip and list" */
static void list_names(const char *const *names, uint32_t count, char *buffer, size_t size)
{
    size_t used;
    uint32_t i;
    if (count == 0) {
        (void)snprintf(buffer, size, "; it knows none here");
        return;
    }
    used = (size_t)snprintf(buffer, size, "; it knows ");
    for (i = 0; i < count && used + 48 < size; i++)
        used += (size_t)snprintf(buffer + used, size - used, "%s%.40s", i > 0 ? ", " : "", names[i]);
    if (i < count)
        (void)snprintf(buffer + used, size - used, ", ...");
}

static int unknown(const checking *check, const pipette_option *node)
{
    char path[CONFIG_LABEL_SIZE], where[CONFIG_LABEL_SIZE + 8] = "", hint[400] = "";
    const char *near = NULL;
    uint32_t known, owned, i;
    const char **names = known_names(check, &known, &owned);
    if (names != NULL) {
        near = name_nearest_of(node->name, names, known);
        if (near != NULL)
            (void)snprintf(hint, sizeof hint, "; did you mean '%.100s'?", near);
        else
            list_names(names, known, hint, sizeof hint);
    }
    if (node->parent != check->base)
        (void)snprintf(where, sizeof where, " in '%s'", config_path(check->base, node->parent, path));
    (void)config_fail(node, check->error, PIPETTE_E_CONFIG, "%s has no option '%s'%s%s", check->what, node->name, where,
                      hint);
    for (i = 0; names != NULL && i < owned; i++)
        free((char *)(uintptr_t)names[i]);
    free(names);
    return PIPETTE_E_CONFIG;
}

/* ---- types ---- */

static int wrong_shape(const checking *check, const pipette_option *node, int type)
{
    char label[CONFIG_LABEL_SIZE], words[CONFIG_LABEL_SIZE];
    const char *hint = "";
    if (type == PIPETTE_OPTION_LIST && node->kind == PIPETTE_OPTION_GROUP)
        hint = "; write ( { ... } )";
    else if (type == PIPETTE_OPTION_ARRAY && node->kind < PIPETTE_OPTION_ARRAY)
        hint = "; write it in [ ]";
    return config_fail(node, check->error, PIPETTE_E_CONFIG, "%s takes %s, not %s%s", config_label(node, label),
                       config_type_words(type), config_node_words(node, words), hint);
}

static int check_type(const checking *check, const pipette_option *node, int type)
{
    pipette_value value;
    switch (type) {
    case PIPETTE_OPTION_ANY:
        return PIPETTE_OK;
    case PIPETTE_OPTION_ARRAY:
        if (node->kind != PIPETTE_OPTION_ARRAY)
            return wrong_shape(check, node, type);
        return config_value(node, PIPETTE_TYPE_NONE, &value, check->error);
    case PIPETTE_OPTION_LIST:
        if (node->kind == PIPETTE_OPTION_LIST || (node->kind == PIPETTE_OPTION_ARRAY && node->count == 0))
            return PIPETTE_OK;
        return wrong_shape(check, node, type);
    case PIPETTE_OPTION_GROUP:
        return node->kind == PIPETTE_OPTION_GROUP ? PIPETTE_OK : wrong_shape(check, node, type);
    default:
        if (node->kind >= PIPETTE_OPTION_ARRAY)
            return wrong_shape(check, node, type);
        return config_value(node, type, &value, check->error);
    }
}

/* ---- the walk ---- */

static int is_always(const checking *check, const char *name)
{
    uint32_t i;
    for (i = 0; check->depth == 1 && check->always != NULL && check->always[i] != NULL; i++)
        if (strcmp(check->always[i], name) == 0)
            return 1;
    return 0;
}

static int check_children(checking *check, const pipette_option *node);

/* `node` is the last of check->parts. */
static int check_node(checking *check, const pipette_option *node)
{
    const pipette_option_spec *spec;
    int group_below, list_below, status = PIPETTE_OK, element = node->name[0] == '\0';
    look_up(check, &spec, &group_below, &list_below);
    if (spec == NULL && !group_below && !list_below && !element)
        return is_always(check, node->name) ? PIPETTE_OK : unknown(check, node);
    if (spec != NULL)
        status = check_type(check, node, spec->type);
    else if (group_below && !list_below && node->kind != PIPETTE_OPTION_GROUP)
        status = wrong_shape(check, node, PIPETTE_OPTION_GROUP);
    else if (list_below && !group_below && node->kind != PIPETTE_OPTION_LIST && node->kind != PIPETTE_OPTION_ARRAY)
        status = wrong_shape(check, node, PIPETTE_OPTION_LIST);
    if (status != PIPETTE_OK)
        return status;
    /* ANY without anything named below is free; so are plain arrays. */
    if (spec != NULL && spec->type == PIPETTE_OPTION_ANY && !group_below && !list_below)
        return PIPETTE_OK;
    return check_children(check, node);
}

static int check_children(checking *check, const pipette_option *node)
{
    uint64_t i;
    int status = PIPETTE_OK;
    if (check->depth >= CONFIG_DEPTH_LIMIT)
        return PIPETTE_OK;
    check->depth++;
    for (i = 0; status == PIPETTE_OK && i < node->count; i++) {
        const pipette_option *child = node->children[i];
        check->parts[check->depth - 1] = child->name[0] == '\0' ? "[]" : child->name;
        status = check_node(check, child);
    }
    check->depth--;
    return status;
}

int config_check(const pipette_option *node, const char *what, const pipette_option_spec *specs, uint32_t count,
                 uint32_t stride, const char *const *always, pipette_error *error)
{
    checking check = {
        .base = node, .what = what, .specs = (const char *)specs, .count = count, .always = always, .error = error};
    char words[CONFIG_LABEL_SIZE];
    check.stride = stride == 0 ? (uint32_t)sizeof *specs : stride;
    if (node->kind != PIPETTE_OPTION_GROUP)
        return config_fail(node, error, PIPETTE_E_CONFIG, "%s takes its options as a group { }, not %s", what,
                           config_node_words(node, words));
    return check_children(&check, node);
}
