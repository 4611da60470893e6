/* stage_on_file.c: a postprocess plugin on a finished file: its options, what it sees, the calls. */
#include <stdlib.h>

#include "config/config_node.h"
#include "pipeline/pipeline.h"
#include "program/stored_results.h"
#include "program/stored_trajectory.h"

/* ---- Options ---- */

static char *text_leaf(pipette_file *file, const char *path)
{
    pipette_value value;
    if (pipette_file_read_one(file, path, 0, &value, NULL) != PIPETTE_OK || value.type != PIPETTE_TYPE_STRING ||
        value.rank != 0)
        return NULL;
    return strdup(value.as.string == NULL ? "" : value.as.string);
}

/* The number of the stage with this plugin in a config, or -1. */
static int stage_number(const config *from, const char *plugin)
{
    const pipette_option *stages = config_get(config_root(from), "postprocess");
    uint64_t i;
    for (i = 0; stages != NULL && i < config_count(stages); i++) {
        const pipette_option *name = config_get(config_at(stages, i), "plugin");
        if (name != NULL && config_kind(name) == PIPETTE_TYPE_STRING && strcmp(name->as.string, plugin) == 0)
            return (int)i;
    }
    return -1;
}

/* Messages must not name a file that exists in memory only, nor --set, which nobody wrote. */
static void forget_places(pipette_option *node)
{
    uint64_t i;
    node->file = "";
    node->line = 0;
    for (i = 0; i < node->count; i++)
        forget_places(node->children[i]);
}

/* The config as far as it matters: one with a stage of this plugin, and the sets carried out on that. */
static int load_options(pipette_file *file, const pipette_stored_options *o, config **out, const pipette_option **group,
                        pipette_error *error)
{
    char *text = o->from_config ? text_leaf(file, "config.pipeline.text") : NULL, *plain = NULL, **sets;
    config *whole = NULL;
    uint32_t i;
    int number = -1, status = PIPETTE_OK;
    *out = NULL;
    if (text != NULL && config_parse("the stored config", text, NULL, 0, &whole, NULL) == PIPETTE_OK)
        number = stage_number(whole, o->plugin);
    config_free(whole);
    if (number < 0 && asprintf(&plain, "postprocess = ( { plugin = \"%s\"; } );", o->plugin) < 0)
        plain = NULL;
    sets = calloc(o->set_count + 1u, sizeof *sets);
    if (sets == NULL || (number < 0 && plain == NULL))
        status = pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    for (i = 0; status == PIPETTE_OK && i < o->set_count; i++)
        if (asprintf(&sets[i], "postprocess[%d].%s", number < 0 ? 0 : number, o->sets[i]) < 0) {
            sets[i] = NULL;
            status = pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
        }
    if (status == PIPETTE_OK)
        status =
            config_parse("the options", number < 0 ? plain : text, (const char *const *)sets, o->set_count, out, error);
    if (status == PIPETTE_OK) {
        forget_places((*out)->root);
        *group = config_at(config_get(config_root(*out), "postprocess"), number < 0 ? 0 : (uint64_t)number);
    }
    for (i = 0; sets != NULL && i < o->set_count; i++)
        free(sets[i]);
    free(sets);
    free(plain);
    free(text);
    return status;
}

/* ---- Calls ---- */

static int call(stage *s, pipette_trajectory *trajectory, stored_results *seen, int declaring, pipette_error *error)
{
    const pipette_postprocess *table = s->descriptor->table;
    pipette_results *handle = stored_results_handle(seen);
    int (*function)(pipette_stage *, pipette_trajectory *, pipette_results *) =
        declaring ? table->declare : table->postprocess;
    int status;
    if (function == NULL)
        return PIPETTE_OK;
    stage_clear(s);
    stored_results_declaring(seen, declaring);
    status = function(&s->handle, trajectory, handle);
    if (status == PIPETTE_OK)
        return status;
    return stage_error(s, status,
                       pipette_results_message(handle)[0] != '\0' ? pipette_results_message(handle)
                                                                  : pipette_trajectory_message(trajectory),
                       error);
}

static int look(pipette_file *file, const pipette_stored_options *o, stage *s, pipette_error *error)
{
    const pipette_selection_options selection = {
        .size = sizeof selection, .states = o->states, .runs = o->runs, .where = o->where};
    const pipette_postprocess *table = s->descriptor->table;
    pipette_trajectory *trajectory = NULL;
    stored_results *seen = NULL;
    const pipette_load_options levels = pipette_load_defaults();
    int status = stored_trajectory(file, 0, &levels, &trajectory, error);
    if (status == PIPETTE_OK)
        status = stored_results_create(file, &selection, &seen, error);
    stage_clear(s);
    if (status == PIPETTE_OK && table->create != NULL && (status = table->create(&s->handle)) != PIPETTE_OK)
        status = stage_error(s, status, NULL, error);
    else if (status == PIPETTE_OK)
        s->created = 1;
    if (status == PIPETTE_OK)
        status = call(s, trajectory, seen, 1, error);
    if (status == PIPETTE_OK)
        status = call(s, trajectory, seen, 0, error);
    if (s->created && table->destroy != NULL)
        table->destroy(&s->handle);
    stored_results_destroy(seen);
    if (trajectory != NULL)
        trajectory_destroy(trajectory);
    return status;
}

int pipette_postprocess_stored(pipette_file *file, const pipette_stored_options *options, pipette_error *error)
{
    pipette_stored_options o = {0};
    const pipette_option *group = NULL;
    plugin_search *search = NULL;
    config *from = NULL;
    stage s;
    int status;
    memcpy(&o, options, options->size == 0 || options->size > sizeof o ? sizeof o : options->size);
    status = load_options(file, &o, &from, &group, error);
    if (status == PIPETTE_OK)
        status = plugin_search_create(o.folders, o.folder_count, &search, error);
    if (status == PIPETTE_OK) {
        stage_init(&s, o.plugin, group, o.log, o.user);
        status = stage_load(&s, search, NULL, PIPETTE_KIND_POSTPROCESS, error);
    }
    if (status == PIPETTE_OK)
        status = look(file, &o, &s, error);
    if (search != NULL)
        plugin_search_destroy(search);
    config_free(from);
    return status;
}
