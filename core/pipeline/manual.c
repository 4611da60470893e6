/* manual.c: plugins for looking: the search path's listing, and one plugin's manual. */
#include <stdlib.h>

#include <pipette/embed.h>

#include "pipeline/keys.h"
#include "plugin/probe.h"
#include "plugin/search.h"
#include "trajectory/trajectory.h"

int pipette_trajectory_create(const char *name, const char *comment, pipette_trajectory **trajectory, pipette_error *error)
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
} listing;

static int visit_one(const char *path, const plugin_schema *schema, const char *reason, void *user)
{
    const listing *l = user;
    pipette_manual manual;
    if (schema == NULL)
        return l->visit(path, NULL, reason, l->user);
    show(schema, &manual);
    return l->visit(path, &manual, reason, l->user);
}

int pipette_plugins(const char *const *folders, uint32_t folder_count, pipette_plugin_visit visit, void *user, pipette_error *error)
{
    listing l = {visit, user};
    plugin_search *search;
    int status = plugin_search_create(folders, folder_count, &search, error);
    if (status != PIPETTE_OK)
        return status;
    status = plugin_search_each(search, visit_one, &l, error);
    plugin_search_destroy(search);
    return status;
}

int pipette_manual_create(const char *plugin, const char *const *folders, uint32_t folder_count, pipette_manual **out, pipette_error *error)
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
    if (search != NULL)
        plugin_search_destroy(search);
    if (status != PIPETTE_OK) {
        free(manual);
        return status;
    }
    show(schema, manual);
    manual->memory = schema;
    *out = manual;
    return PIPETTE_OK;
}

void pipette_manual_destroy(pipette_manual *manual)
{
    if (manual == NULL)
        return;
    schema_destroy(manual->memory);
    free(manual);
}
