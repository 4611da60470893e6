/* config.c: a config's tree: loading, access, messages with file and line. */
#include "config/config_node.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

const char *config_keep(config *tree, const char *name)
{
    char **files;
    char *copy;
    uint32_t i;
    for (i = 0; i < tree->file_count; i++)
        if (strcmp(tree->files[i], name) == 0)
            return tree->files[i];
    files = realloc(tree->files, (tree->file_count + 1) * sizeof *files);
    if (files == NULL)
        return NULL;
    tree->files = files;
    copy = strdup(name);
    if (copy != NULL)
        tree->files[tree->file_count++] = copy;
    return copy;
}

pipette_option *config_node_new(const char *name, int kind, const char *file, int line)
{
    pipette_option *node = calloc(1, sizeof *node);
    if (node == NULL)
        return NULL;
    node->name = strdup(name);
    if (node->name == NULL) {
        free(node);
        return NULL;
    }
    node->kind = kind;
    node->file = file;
    node->line = line;
    return node;
}

void config_node_free(pipette_option *node)
{
    uint64_t i;
    if (node == NULL)
        return;
    for (i = 0; i < node->count; i++)
        config_node_free(node->children[i]);
    while (node->elements != NULL) {
        config_elements *next = node->elements->next;
        free(node->elements->data);
        free(node->elements);
        node->elements = next;
    }
    if (node->kind == PIPETTE_TYPE_STRING)
        free(node->as.string);
    free(node->children);
    free(node->name);
    free(node);
}

int config_node_append(pipette_option *parent, pipette_option *child, pipette_error *error)
{
    if (parent->count == parent->capacity) {
        uint64_t capacity = parent->capacity == 0 ? 8 : 2 * parent->capacity;
        pipette_option **children = realloc(parent->children, capacity * sizeof *children);
        if (children == NULL)
            return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory for the config");
        parent->children = children;
        parent->capacity = capacity;
    }
    child->parent = parent;
    parent->children[parent->count++] = child;
    return PIPETTE_OK;
}

void config_node_refresh(pipette_option *node)
{
    uint64_t i;
    if (node->kind != PIPETTE_OPTION_LIST && node->kind != PIPETTE_OPTION_ARRAY)
        return;
    node->kind = PIPETTE_OPTION_ARRAY;
    for (i = 0; i < node->count; i++)
        if (node->children[i]->kind >= PIPETTE_OPTION_ARRAY)
            node->kind = PIPETTE_OPTION_LIST;
}

/* ---- loading ---- */

static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL ? strdup(".") : slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
    char *absolute = folder == NULL ? NULL : realpath(folder, NULL);
    free(folder);
    return absolute;
}

static int load(config *tree, const char *name, const char *text, const char *const *sets, uint32_t set_count,
                pipette_error *error)
{
    config_source source = {.owner = tree};
    uint32_t i;
    int status = config_source_read(&source, name, text, error);
    if (status == PIPETTE_OK)
        status = config_source_tree(&source, &tree->root, error);
    if (status == PIPETTE_OK) {
        tree->text = source.raw.data;
        source.raw.data = NULL;
        errno = 0;
        tree->folder = folder_of(text == NULL ? name : ".");
        if (tree->folder == NULL)
            status =
                pipette_error_set(error, PIPETTE_E_SYSTEM, "%s: cannot resolve its folder: %s", name, strerror(errno));
    }
    config_source_free(&source);
    for (i = 0; status == PIPETTE_OK && i < set_count; i++)
        status = config_apply(tree, sets[i], error);
    return status;
}

static int make(const char *name, const char *text, const char *const *sets, uint32_t set_count, config **out,
                pipette_error *error)
{
    config *loaded = calloc(1, sizeof *loaded);
    int status;
    *out = NULL;
    if (loaded == NULL)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory for the config");
    status = load(loaded, name, text, sets, set_count, error);
    if (status == PIPETTE_OK)
        *out = loaded;
    else
        config_free(loaded);
    return status;
}

int config_load(const char *path, const char *const *sets, uint32_t set_count, config **out, pipette_error *error)
{
    return make(path, NULL, sets, set_count, out, error);
}

int config_parse(const char *label, const char *text, const char *const *sets, uint32_t set_count, config **out,
                 pipette_error *error)
{
    return make(label, text, sets, set_count, out, error);
}

void config_free(config *tree)
{
    uint32_t i;
    if (tree == NULL)
        return;
    config_node_free(tree->root);
    for (i = 0; i < tree->file_count; i++)
        free(tree->files[i]);
    free(tree->files);
    free(tree->text);
    free(tree->folder);
    free(tree);
}

/* ---- access ---- */

const char *config_text(const config *tree)
{
    return tree->text;
}

const char *config_folder(const config *tree)
{
    return tree->folder;
}

const pipette_option *config_root(const config *tree)
{
    return tree->root;
}

const pipette_option *config_get(const pipette_option *parent, const char *name)
{
    uint64_t i;
    if (parent->kind != PIPETTE_OPTION_GROUP)
        return NULL;
    for (i = 0; i < parent->count; i++)
        if (strcmp(parent->children[i]->name, name) == 0)
            return parent->children[i];
    return NULL;
}

uint64_t config_count(const pipette_option *node)
{
    return node->count;
}

const pipette_option *config_at(const pipette_option *node, uint64_t index)
{
    return index < node->count ? node->children[index] : NULL;
}

const char *config_name(const pipette_option *node)
{
    return node->name;
}

int config_kind(const pipette_option *node)
{
    return node->kind;
}

const char *config_file(const pipette_option *node)
{
    return node->file;
}

int config_line(const pipette_option *node)
{
    return node->line;
}

/* ---- messages ---- */

int config_vfail(const pipette_option *node, pipette_error *error, int code, const char *format, va_list arguments)
{
    pipette_error what;
    if (error == NULL)
        return code;
    (void)pipette_error_vset(&what, code, format, arguments);
    if (node->line > 0)
        return pipette_error_set(error, code, "%s:%d: %s", node->file, node->line, what.message);
    if (node->file[0] == '\0') /* it stands in no file */
        return pipette_error_set(error, code, "%s", what.message);
    return pipette_error_set(error, code, "%s: %s", node->file, what.message);
}

int config_fail(const pipette_option *node, pipette_error *error, int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)config_vfail(node, error, code, format, arguments);
    va_end(arguments);
    return code;
}

static uint64_t index_of(const pipette_option *node)
{
    uint64_t i;
    for (i = 0; i < node->parent->count; i++)
        if (node->parent->children[i] == node)
            break;
    return i;
}

const char *config_path(const pipette_option *base, const pipette_option *node, char buffer[CONFIG_LABEL_SIZE])
{
    const pipette_option *chain[CONFIG_DEPTH_LIMIT + 2];
    size_t depth = 0, used = 0;
    buffer[0] = '\0';
    for (; node != NULL && node != base && depth < CONFIG_DEPTH_LIMIT + 2; node = node->parent)
        chain[depth++] = node;
    while (depth > 0 && used < CONFIG_LABEL_SIZE) {
        const pipette_option *part = chain[--depth];
        int more;
        if (part->name[0] == '\0' && part->parent != NULL)
            more = snprintf(buffer + used, CONFIG_LABEL_SIZE - used, "[%" PRIu64 "]", index_of(part));
        else
            more = snprintf(buffer + used, CONFIG_LABEL_SIZE - used, "%s%s", used > 0 ? "." : "", part->name);
        if (more > 0)
            used += (size_t)more;
    }
    return buffer;
}

const char *config_label(const pipette_option *node, char buffer[CONFIG_LABEL_SIZE])
{
    char path[CONFIG_LABEL_SIZE];
    const pipette_option *base = node;
    if (node->parent == NULL)
        return "the config";
    /* Elements have no name: go up to what has one. */
    while (base->parent != NULL && base->name[0] == '\0')
        base = base->parent;
    (void)config_path(base->parent, node, path);
    (void)snprintf(buffer, CONFIG_LABEL_SIZE, "'%.*s'", CONFIG_LABEL_SIZE - 3, path);
    return buffer;
}
