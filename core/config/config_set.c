/* config_set.c: --set PATH=VALUE: replaces or adds a value of the tree. */
#include "config/config_node.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>

#include "trajectory/name.h"
#include "base/utf8.h"

/* One assignment. `label` is "--set PATH=VALUE", which stands for the file in messages. */
typedef struct assignment {
    config *config;
    const char *label;
    const char *path, *end; /* PATH */
    const char *value;
    pipette_error *error;
} assignment;

static int fail(const assignment *set, const char *format, ...) PIPETTE_PRINTF(2, 3);
static int fail(const assignment *set, const char *format, ...)
{
    pipette_error what;
    va_list arguments;
    va_start(arguments, format);
    (void)pipette_error_vset(&what, PIPETTE_E_CONFIG, format, arguments);
    va_end(arguments);
    return pipette_error_set(set->error, PIPETTE_E_CONFIG, "%s: %s", set->label, what.message);
}

/* ---- VALUE ---- */

static int text_node(const assignment *set, const char *name, pipette_option **out)
{
    if (utf8_first_wrong(set->value) >= 0) {
        *out = NULL;
        return fail(set, "the value is not UTF-8");
    }
    *out = config_node_new(name, PIPETTE_TYPE_STRING, set->label, 0);
    if (*out != NULL)
        (*out)->as.string = strdup(set->value);
    if (*out != NULL && (*out)->as.string != NULL)
        return PIPETTE_OK;
    config_node_free(*out);
    return pipette_error_set(set->error, PIPETTE_E_MEMORY, "out of memory for the config");
}

/* The value as a node called `name`. */
static int value_node(const assignment *set, const char *name, pipette_option **out)
{
    config_source source = {.owner = set->config};
    pipette_option *tree = NULL;
    int is_value, status = config_source_value(&source, set->label, set->value, &is_value, set->error);
    if (status == PIPETTE_OK && is_value)
        status = config_source_tree(&source, &tree, set->error);
    config_source_free(&source);
    if (status != PIPETTE_OK)
        return status;
    if (tree == NULL)
        return text_node(set, name, out);
    *out = tree->children[0];
    tree->count = 0;
    config_node_free(tree);
    free((*out)->name);
    (*out)->name = strdup(name);
    if ((*out)->name != NULL)
        return PIPETTE_OK;
    config_node_free(*out);
    return pipette_error_set(set->error, PIPETTE_E_MEMORY, "out of memory for the config");
}

/* ---- PATH ---- */

/* "there are name, run and storage" for the keys of a group, as far as there is room. */
static const char *keys_of(const pipette_option *group, char buffer[CONFIG_LABEL_SIZE])
{
    size_t used = 0;
    uint64_t i;
    buffer[0] = '\0';
    for (i = 0; i < group->count && used < CONFIG_LABEL_SIZE - 40; i++)
        used += (size_t)snprintf(buffer + used, CONFIG_LABEL_SIZE - used, "%s%.36s", i > 0 ? ", " : "",
                                 group->children[i]->name);
    return buffer;
}

static const char *nearest_key(const pipette_option *group, const char *name)
{
    const char *found, **names = malloc((group->count + 1) * sizeof *names);
    uint64_t i;
    if (names == NULL)
        return NULL;
    for (i = 0; i < group->count; i++)
        names[i] = group->children[i]->name;
    found = name_nearest_of(name, names, (uint32_t)group->count);
    free(names);
    return found;
}

/* Says that `group` has no `name`, and what it has. */
static int no_such_key(const assignment *set, const pipette_option *group, const char *name)
{
    char label[CONFIG_LABEL_SIZE], keys[CONFIG_LABEL_SIZE], path[CONFIG_LABEL_SIZE];
    const char *near = nearest_key(group, name);
    if (group->parent == NULL)
        (void)snprintf(label, sizeof label, "the config");
    else
        (void)snprintf(label, sizeof label, "'%.*s'", CONFIG_LABEL_SIZE - 3, config_path(NULL, group, path));
    if (near != NULL)
        return fail(set, "%s has no '%s'; did you mean '%s'?", label, name, near);
    if (group->count == 0)
        return fail(set, "%s is empty, there is no '%s' in it", label, name);
    return fail(set, "%s has no '%s', but %s", label, name, keys_of(group, keys));
}

static int take_name(const assignment *set, const char **at, char name[CONFIG_LABEL_SIZE])
{
    const char *p = *at;
    size_t length;
    while (p < set->end && (isalnum((unsigned char)*p) || strchr("_-*", *p) != NULL))
        p++;
    length = (size_t)(p - *at);
    if (length == 0 || isdigit((unsigned char)**at) || **at == '-' || length >= CONFIG_LABEL_SIZE)
        return fail(set, "a key is expected at '%.*s'; a path reads like preprocess[0].step", (int)(set->end - *at),
                    *at);
    memcpy(name, *at, length);
    name[length] = '\0';
    *at = p;
    return PIPETTE_OK;
}

/* Reads "[3]" at *at and gives the place of that element. */
static int take_index(const assignment *set, pipette_option *parent, const char **at, pipette_option ***place)
{
    char path[CONFIG_LABEL_SIZE], words[CONFIG_LABEL_SIZE];
    uint64_t index = 0;
    const char *p = *at + 1, *digits = p;
    for (; p < set->end && isdigit((unsigned char)*p) && p - digits < 18; p++)
        index = 10 * index + (uint64_t)(*p - '0');
    if (p == digits || p >= set->end || *p != ']')
        return fail(set, "an element reads like [0], not '%.*s'", (int)(set->end - *at), *at);
    (void)config_path(NULL, parent, path);
    if (parent->kind != PIPETTE_OPTION_LIST && parent->kind != PIPETTE_OPTION_ARRAY)
        return fail(set, "'%s' is %s and has no elements", path, config_node_words(parent, words));
    if (index >= parent->count)
        return fail(set, "'%s' has %" PRIu64 " element%s, counted from 0; there is no [%" PRIu64 "]", path,
                    parent->count, parent->count == 1 ? "" : "s", index);
    *at = p + 1;
    *place = &parent->children[index];
    return PIPETTE_OK;
}

/* The place of `name` in `parent`, NULL if there is none yet. */
static int take_key(const assignment *set, pipette_option *parent, const char *name, pipette_option ***place)
{
    char path[CONFIG_LABEL_SIZE], words[CONFIG_LABEL_SIZE];
    uint64_t i;
    *place = NULL;
    (void)config_path(NULL, parent, path);
    if (parent->kind == PIPETTE_OPTION_LIST || parent->kind == PIPETTE_OPTION_ARRAY)
        return fail(set, "'%s' is %s; name an element of it: %s[0].%s", path, config_node_words(parent, words), path,
                    name);
    if (parent->kind != PIPETTE_OPTION_GROUP)
        return fail(set, "'%s' is %s and has no '%s'", path, config_node_words(parent, words), name);
    for (i = 0; i < parent->count; i++)
        if (strcmp(parent->children[i]->name, name) == 0)
            *place = &parent->children[i];
    return PIPETTE_OK;
}

static int put(const assignment *set, pipette_option *parent, pipette_option **place, const char *name)
{
    pipette_option *node = NULL;
    int status = value_node(set, place == NULL ? name : (*place)->name, &node);
    if (status != PIPETTE_OK)
        return status;
    if (place == NULL) {
        status = config_node_append(parent, node, set->error);
        if (status != PIPETTE_OK)
            config_node_free(node);
        return status;
    }
    config_node_free(*place);
    *place = node;
    node->parent = parent;
    config_node_refresh(parent);
    return PIPETTE_OK;
}

/* A missing group on the way is made, but only if the rest of the path has no elements. */
static int make_group(const assignment *set, pipette_option *parent, const char *name, const char *rest,
                      pipette_option **out)
{
    pipette_option *group;
    int status;
    if (memchr(rest, '[', (size_t)(set->end - rest)) != NULL)
        return no_such_key(set, parent, name);
    group = config_node_new(name, PIPETTE_OPTION_GROUP, set->label, 0);
    if (group == NULL)
        return pipette_error_set(set->error, PIPETTE_E_MEMORY, "out of memory for the config");
    status = config_node_append(parent, group, set->error);
    if (status != PIPETTE_OK)
        config_node_free(group);
    else
        *out = group;
    return status;
}

static int walk(const assignment *set)
{
    pipette_option *parent = set->config->root;
    const char *at = set->path;
    size_t depth = 0;
    for (;;) {
        char name[CONFIG_LABEL_SIZE] = "";
        pipette_option **place = NULL;
        int status;
        if (++depth > CONFIG_DEPTH_LIMIT)
            return fail(set, "the path is more than %d levels deep", CONFIG_DEPTH_LIMIT);
        if (*at == '[' && at > set->path) {
            status = take_index(set, parent, &at, &place);
        } else {
            at += at > set->path && *at == '.';
            status = take_name(set, &at, name);
            if (status == PIPETTE_OK)
                status = take_key(set, parent, name, &place);
        }
        if (status != PIPETTE_OK)
            return status;
        if (at == set->end)
            return put(set, parent, place, name);
        if (*at != '.' && *at != '[')
            return fail(set, "'.' or '[' is expected at '%.*s'", (int)(set->end - at), at);
        if (place != NULL)
            parent = *place;
        else if ((status = make_group(set, parent, name, at, &parent)) != PIPETTE_OK)
            return status;
    }
}

int config_apply(config *tree, const char *text, pipette_error *error)
{
    assignment set = {.config = tree, .path = text, .error = error};
    char *label = malloc(strlen("--set ") + strlen(text) + 1);
    if (label == NULL)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory for the config");
    (void)sprintf(label, "--set %s", text);
    set.label = config_keep(tree, label);
    free(label);
    if (set.label == NULL)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory for the config");
    set.end = strchr(text, '=');
    if (set.end == NULL)
        return fail(&set, "there is no '=' in it; write --set PATH=VALUE");
    set.value = set.end + 1;
    while (set.end > text && set.end[-1] == ' ')
        set.end--;
    if (set.end == text)
        return fail(&set, "there is no path before the '='; write --set PATH=VALUE");
    return walk(&set);
}
