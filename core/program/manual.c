/* manual.c: plugins for looking: the search path's listing, and one plugin's manual. */
#include <stdlib.h>

#include <pipette/embed.h>

#include "pipeline/keys.h"
#include "plugin/probe.h"
#include "plugin/search.h"
#include "trajectory/trajectory.h"

int pipette_trajectory_create(const char *name, const char *comment, pipette_trajectory **trajectory,
                              pipette_error *error)
{
    return trajectory_create(name, comment, trajectory, error);
}

void pipette_trajectory_destroy(pipette_trajectory *trajectory)
{
    trajectory_destroy(trajectory);
}

static void show(const plugin_schema *schema, pipette_manual *manual)
{
    memset(manual, 0, sizeof *manual);
    manual->size = sizeof *manual;
    manual->kind = schema->kind;
    manual->path = schema->path;
    manual->name = schema->name;
    manual->version = schema->version;
    manual->doc = schema->doc;
    manual->build_id = schema->build_id;
    manual->abi_major = schema->abi_major;
    manual->abi_minor = schema->abi_minor;
    manual->options = schema->options;
    manual->option_count = schema->option_count;
    manual->parameters = schema->parameters;
    manual->parameter_count = schema->parameter_count;
    manual->results = schema->results;
    manual->result_count = schema->result_count;
    manual->has_batch = schema->has_batch;
    manual->keys = keys_of(schema->kind, &manual->key_count);
}

typedef struct listing {
    pipette_plugin_visit visit;
    void *user;
    plugin_search *search;
    uint32_t warned; /* warnings of the search that were handed on */
} listing;

/* What the search has warned of from number `first` on, copied. NULL: none, or no memory. */
static const char **new_warnings(const plugin_search *search, uint32_t first, uint32_t *count)
{
    const char **copies;
    uint32_t end = first;
    *count = 0;
    while (plugin_search_warning(search, end) != NULL)
        end++;
    copies = end == first ? NULL : calloc(end - first, sizeof *copies);
    while (copies != NULL && first + *count < end) {
        copies[*count] = strdup(plugin_search_warning(search, first + *count));
        if (copies[*count] == NULL)
            break;
        ++*count;
    }
    return copies;
}

static void free_warnings(pipette_manual *manual)
{
    uint32_t i;
    for (i = 0; i < manual->warning_count; i++)
        free((void *)(uintptr_t)manual->warnings[i]);
    free((void *)(uintptr_t)manual->warnings);
}

static int visit_one(const char *path, const plugin_schema *schema, const char *reason, void *user)
{
    listing *l = user;
    pipette_manual manual;
    int status;
    if (schema == NULL)
        return l->visit(path, NULL, reason, l->user);
    show(schema, &manual);
    manual.warnings = new_warnings(l->search, l->warned, &manual.warning_count);
    l->warned += manual.warning_count;
    status = l->visit(path, &manual, reason, l->user);
    free_warnings(&manual);
    return status;
}

int pipette_plugins(const char *const *folders, uint32_t folder_count, pipette_plugin_visit visit, void *user,
                    pipette_error *error)
{
    listing l = {visit, user, NULL, 0};
    int status = plugin_search_create(folders, folder_count, &l.search, error);
    if (status != PIPETTE_OK)
        return status;
    status = plugin_search_each(l.search, visit_one, &l, error);
    plugin_search_destroy(l.search);
    return status;
}

int pipette_manual_create(const char *plugin, const char *const *folders, uint32_t folder_count, pipette_manual **out,
                          pipette_error *error)
{
    pipette_manual *manual = calloc(1, sizeof *manual);
    plugin_schema *schema = NULL;
    plugin_search *search = NULL;
    const char *path;
    int status;
    *out = NULL;
    if (manual == NULL)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    status = plugin_search_create(folders, folder_count, &search, error);
    if (status == PIPETTE_OK)
        status = plugin_search_find(search, plugin, NULL, &path, error);
    if (status == PIPETTE_OK)
        status = plugin_probe(path, PLUGIN_LOAD_SECONDS, &schema, error);
    if (status == PIPETTE_OK) {
        show(schema, manual);
        manual->memory = schema;
        manual->warnings = new_warnings(search, 0, &manual->warning_count);
    }
    if (search != NULL)
        plugin_search_destroy(search);
    if (status != PIPETTE_OK) {
        free(manual);
        return status;
    }
    *out = manual;
    return PIPETTE_OK;
}

void pipette_manual_destroy(pipette_manual *manual)
{
    if (manual == NULL)
        return;
    free_warnings(manual);
    schema_destroy(manual->memory);
    free(manual);
}
