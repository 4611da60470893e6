/* prepare.c: from the config to a trajectory that is ready to run: stages, presets, parameters, exploration. */
#include <errno.h>
#include <stdlib.h>

#include "engine/cores.h"
#include "pipeline/keys.h"
#include "pipeline/pipeline.h"
#include "trajectory/name.h"

#define STACK_LEAST 65536u /* less would not even do for the worker */

static const char *const top_keys[] = {"name",        "comment", "preprocess", "run",
                                       "postprocess", "storage", "parameters", "seed"};

#define RETRIES_LIMIT 1000u

/* The first key that a pipeline does not have, or NULL. */
static const pipette_option *unknown_key(const pipette_pipeline *p)
{
    const pipette_option *root = config_root(p->config);
    uint64_t i;
    uint32_t j;
    for (i = 0; i < config_count(root); i++) {
        for (j = 0; j < PIPETTE_COUNT_OF(top_keys); j++)
            if (strcmp(config_name(config_at(root, i)), top_keys[j]) == 0)
                break;
        if (j == PIPETTE_COUNT_OF(top_keys))
            return config_at(root, i);
    }
    return NULL;
}

static const char *parameter_at(const void *user, uint32_t i)
{
    return ((const plugin_schema *)user)->parameters[i].path;
}

/* `schema` NULL: before the model is known; then a key of --set may still turn out to name a parameter, and is let
 * pass. */
static int check_top(const pipette_pipeline *p, const plugin_schema *schema, pipette_error *error)
{
    const pipette_option *node = unknown_key(p), *below;
    const char *name, *nearest;
    char path[600];
    size_t used;
    if (node == NULL)
        return PIPETTE_OK;
    name = config_name(node);
    nearest = name_nearest_of(name, top_keys, PIPETTE_COUNT_OF(top_keys));
    if (nearest != NULL)
        return config_fail(node, error, PIPETTE_E_CONFIG, "a pipeline has no key '%s'; did you mean '%s'?", name,
                           nearest);
    if (schema == NULL && config_line(node) == 0)
        return PIPETTE_OK;
    used = (size_t)snprintf(path, sizeof path, "%s", name);
    for (below = node; config_kind(below) == PIPETTE_OPTION_GROUP && config_count(below) > 0 && used < sizeof path;) {
        below = config_at(below, 0);
        used += (size_t)snprintf(path + used, sizeof path - used, ".%s", config_name(below));
    }
    nearest = schema == NULL ? NULL : name_nearest(path, schema->parameter_count, parameter_at, schema);
    if (nearest != NULL)
        return config_fail(node, error, PIPETTE_E_CONFIG, "a pipeline has no key '%s'; did you mean 'parameters.%s'?",
                           path, nearest);
    return config_fail(
        node, error, PIPETTE_E_CONFIG,
        "a pipeline has no key '%s'; known are name, comment, preprocess, run, postprocess, storage, parameters, seed",
        name);
}

static int text_of(const pipette_option *group, const char *key, const char *fallback, const char **out,
                   pipette_error *error)
{
    const pipette_option *node = config_get(group, key);
    pipette_value value;
    int status;
    *out = fallback;
    if (node == NULL)
        return PIPETTE_OK;
    status = config_value(node, PIPETTE_TYPE_STRING, &value, error);
    if (status == PIPETTE_OK && value.rank != 0)
        status = config_fail(node, error, PIPETTE_E_TYPE, "'%s' takes one text", key);
    if (status == PIPETTE_OK)
        *out = value.as.string;
    return status;
}

/* A stage's group and the name of its plugin. */
static int stage_from(pipette_pipeline *p, stage *s, const pipette_option *group, const char *what,
                      pipette_error *error)
{
    const char *name;
    int status;
    if (config_kind(group) != PIPETTE_OPTION_GROUP)
        return config_fail(group, error, PIPETTE_E_CONFIG, "%s takes a group: { plugin = \"NAME\"; ... }", what);
    status = text_of(group, "plugin", NULL, &name, error);
    if (status == PIPETTE_OK && (name == NULL || name[0] == '\0'))
        status = config_fail(group, error, PIPETTE_E_CONFIG, "%s does not name its plugin: plugin = \"NAME\";", what);
    if (status == PIPETTE_OK)
        stage_init(s, name, group, p->options.log, p->options.user);
    return status;
}

static int stages_from(pipette_pipeline *p, const char *key, stage **stages, uint32_t *count, pipette_error *error)
{
    const pipette_option *node = config_get(config_root(p->config), key);
    int single;
    uint64_t i, n;
    if (node == NULL)
        return PIPETTE_OK;
    single = config_kind(node) == PIPETTE_OPTION_GROUP;
    if (!single && config_kind(node) != PIPETTE_OPTION_LIST &&
        (config_kind(node) != PIPETTE_OPTION_ARRAY || config_count(node) != 0))
        return config_fail(node, error, PIPETTE_E_CONFIG, "'%s' takes stages: %s = ( { plugin = \"NAME\"; } );", key,
                           key);
    n = single ? 1 : config_count(node);
    *stages = calloc((size_t)n + 1, sizeof **stages);
    if (*stages == NULL)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    for (i = 0; i < n; i++) {
        int status = stage_from(p, &(*stages)[i], single ? node : config_at(node, i), key, error);
        if (status != PIPETTE_OK)
            return status;
        *count = (uint32_t)i + 1;
    }
    return PIPETTE_OK;
}

/* A number of bytes, or a text of a number and K, M or G. */
static int bytes_value(const pipette_option *node, const char *key, uint64_t *out, pipette_error *error)
{
    static const char units[] = "KMG";
    pipette_value value;
    const char *unit;
    char *end;
    int status = config_value(node, config_kind(node) == PIPETTE_TYPE_STRING ? PIPETTE_TYPE_STRING : PIPETTE_TYPE_U64,
                              &value, error);
    if (status != PIPETTE_OK || value.type == PIPETTE_TYPE_U64) {
        *out = status == PIPETTE_OK ? value.as.u64 : 0;
        return status;
    }
    errno = 0;
    *out = strtoull(value.as.string, &end, 10);
    unit = *end == '\0' ? NULL : strchr(units, *end);
    if (value.as.string[0] < '0' || value.as.string[0] > '9' || errno != 0 || (unit == NULL && *end != '\0') ||
        (unit != NULL && end[1] != '\0') || (unit != NULL && *out > UINT64_MAX >> (10 * (unit - units + 1))))
        return config_fail(node, error, PIPETTE_E_CONFIG,
                           "%s takes bytes, or a number with K, M or G such as \"64M\", not \"%s\"", key,
                           value.as.string);
    if (unit != NULL)
        *out <<= 10 * (unit - units + 1);
    return PIPETTE_OK;
}

/* Such a key of the run stage, at least `least`; left as it is where the stage does not have it. */
static int run_bytes(const pipette_pipeline *p, const char *key, uint64_t least, uint64_t *out, pipette_error *error)
{
    const pipette_option *node = config_get(p->run.options, key);
    int status = node == NULL ? PIPETTE_OK : bytes_value(node, key, out, error);
    if (status == PIPETTE_OK && node != NULL && *out < least)
        return config_fail(node, error, PIPETTE_E_CONFIG, "%s takes at least %llu bytes", key,
                           (unsigned long long)least);
    return status;
}

/* Seconds above 0 of the run stage; what the program's options say comes first. */
static int run_seconds(const pipette_pipeline *p, const char *key, double option, double *out, pipette_error *error)
{
    const pipette_option *node = config_get(p->run.options, key);
    pipette_value value;
    int status;
    if (node != NULL) {
        status = config_value(node, PIPETTE_TYPE_F64, &value, error);
        if (status == PIPETTE_OK && !(value.as.f64 > 0))
            status = config_fail(node, error, PIPETTE_E_CONFIG, "%s takes seconds above 0, not %g", key, value.as.f64);
        if (status != PIPETTE_OK)
            return status;
        *out = value.as.f64;
    }
    if (option > 0)
        *out = option;
    return PIPETTE_OK;
}

/* Likewise a whole number. */
static int run_number(const pipette_pipeline *p, const char *key, uint64_t least, uint64_t most, uint64_t option,
                      uint64_t *out, pipette_error *error)
{
    const pipette_option *node = config_get(p->run.options, key);
    pipette_value value;
    int status;
    if (node != NULL) {
        status = config_value(node, PIPETTE_TYPE_U64, &value, error);
        if (status == PIPETTE_OK && (value.as.u64 < least || value.as.u64 > most))
            status = config_fail(node, error, PIPETTE_E_CONFIG, "%s takes a number from %llu to %llu, not %llu", key,
                                 (unsigned long long)least, (unsigned long long)most, (unsigned long long)value.as.u64);
        if (status != PIPETTE_OK)
            return status;
        *out = value.as.u64;
    }
    if (option > 0)
        *out = option > most ? most : option;
    return PIPETTE_OK;
}

static int run_settings(pipette_pipeline *p, pipette_error *error)
{
    const char *text;
    uint64_t retries = 0;
    int status = run_seconds(p, "timeout", p->options.timeout, &p->timeout, error);
    if (status == PIPETTE_OK)
        status = run_seconds(p, "grace", p->options.grace, &p->grace, error);
    if (status == PIPETTE_OK)
        status = run_number(p, "max_failures", 1, UINT64_MAX - 1, p->options.max_failures, &p->max_failures, error);
    if (status == PIPETTE_OK)
        status = run_number(p, "retries", 0, RETRIES_LIMIT, p->options.retries, &retries, error);
    if (status != PIPETTE_OK)
        return status;
    p->retries = (uint32_t)retries;
    status = run_bytes(p, "memory_limit", 0, &p->memory_limit, error);
    if (status == PIPETTE_OK)
        status = run_bytes(p, "stack", STACK_LEAST, &p->stack, error);
    if (status != PIPETTE_OK)
        return status;
    status = text_of(p->run.options, "isolation", "batch", &text, error);
    if (status != PIPETTE_OK)
        return status;
    if (strcmp(text, "batch") != 0 && strcmp(text, "run") != 0)
        return config_fail(config_get(p->run.options, "isolation"), error, PIPETTE_E_CONFIG,
                           "isolation is \"batch\" or \"run\", not \"%s\"", text);
    p->isolate = strcmp(text, "run") == 0;
    status = text_of(p->run.options, "workdir", "shared", &text, error);
    if (status != PIPETTE_OK)
        return status;
    p->workdir = strcmp(text, "run") == 0 ? WORKDIR_RUN : strcmp(text, "worker") == 0 ? WORKDIR_WORKER : WORKDIR_SHARED;
    if (p->workdir == WORKDIR_SHARED && strcmp(text, "shared") != 0)
        return config_fail(config_get(p->run.options, "workdir"), error, PIPETTE_E_CONFIG,
                           "workdir is \"shared\", \"worker\" or \"run\", not \"%s\"", text);
    return PIPETTE_OK;
}

static const char *declared_path(const void *user, uint32_t i)
{
    return ((const plugin_schema *)user)->results[i].path;
}

/* Which results are not stored. */
static int omit_settings(pipette_pipeline *p, pipette_error *error)
{
    const pipette_option *node = config_get(p->run.options, "omit");
    const char *names[64], *nearest;
    pipette_value value;
    uint64_t i;
    uint32_t j;
    int status;
    if (node == NULL)
        return PIPETTE_OK;
    status = config_value(node, PIPETTE_TYPE_STRING, &value, error);
    p->omitted = calloc(p->schema->result_count + 1u, sizeof *p->omitted);
    if (status == PIPETTE_OK && p->omitted == NULL)
        status = pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    for (i = 0; status == PIPETTE_OK && i < pipette_value_count(&value); i++) {
        const char *name = ((const char *const *)pipette_value_data(&value))[i];
        const char *bare = strncmp(name, "results.", 8) == 0 ? name + 8 : name;
        char candidates[400];
        int64_t found =
            name_find(bare, p->schema->result_count, declared_path, p->schema, candidates, sizeof candidates);
        if (found >= 0) {
            p->omitted[found] = 1;
            continue;
        }
        if (found == NAME_FIND_SEVERAL)
            return config_fail(node, error, PIPETTE_E_CONFIG, "omit: '%s' fits several results: %s", name, candidates);
        for (j = 0; j < p->schema->result_count && j < PIPETTE_COUNT_OF(names); j++) {
            const char *dot = strrchr(p->schema->results[j].path, '.');
            names[j] = dot == NULL ? p->schema->results[j].path : dot + 1;
        }
        nearest = name_nearest_of(bare, names, j);
        if (nearest != NULL)
            return config_fail(node, error, PIPETTE_E_CONFIG, "omit: model '%s' has no result '%s'; did you mean '%s'?",
                               p->schema->name, name, nearest);
        return config_fail(node, error, PIPETTE_E_CONFIG,
                           "omit: model '%s' has no result '%s'; `pipette inspect %s` lists them", p->schema->name,
                           name, p->run.name);
    }
    return status;
}

static int storage_settings(pipette_pipeline *p, pipette_error *error)
{
    const pipette_option *node;
    pipette_value value;
    const char *text;
    int status = text_of(p->storage.options, "file", NULL, &p->file, error);
    if (status == PIPETTE_OK && (p->file == NULL || p->file[0] == '\0'))
        status = config_fail(p->storage.options, error, PIPETTE_E_CONFIG,
                             "storage does not say where the results go: file = \"hdf5/NAME.hdf5\";");
    if (status == PIPETTE_OK)
        status = text_of(p->storage.options, "durability", "process", &text, error);
    if (status != PIPETTE_OK)
        return status;
    if (strcmp(text, "process") != 0 && strcmp(text, "power") != 0)
        return config_fail(config_get(p->storage.options, "durability"), error, PIPETTE_E_CONFIG,
                           "durability is \"process\" or \"power\", not \"%s\"", text);
    p->power_safe = strcmp(text, "power") == 0;
    node = config_get(p->storage.options, "compression");
    if (node == NULL)
        return PIPETTE_OK;
    status = config_value(node, PIPETTE_TYPE_I64, &value, error);
    if (status == PIPETTE_OK && (value.as.i64 < 0 || value.as.i64 > 9))
        status = config_fail(node, error, PIPETTE_E_CONFIG, "compression is a level from 0 to 9, not %lld",
                             (long long)value.as.i64);
    if (status == PIPETTE_OK)
        p->compression = (uint32_t)value.as.i64;
    return status;
}

static void warn(const char *text, void *user)
{
    pipeline_log(user, PIPETTE_LOG_WARNING, "%s", text);
}

static int start_engine(pipette_pipeline *p, pipette_error *error)
{
    engine_options options = {0};
    const char *path;
    pipette_error why = {0};
    int status = PIPETTE_OK;
    if (p->program != NULL) {
        path = p->program->file;
        options.descriptor = p->program->model;
        p->run.handle.instance = p->program->model_instance;
    } else {
        status = plugin_search_find(p->search, p->run.name, p->base, &path, &why);
    }
    if (status != PIPETTE_OK)
        return config_fail(config_get(p->run.options, "plugin"), error,
                           status == PIPETTE_E_NOT_FOUND ? PIPETTE_E_PLUGIN : status, "%s", why.message);
    p->cores = cores_usable();
    options.workers = p->options.workers > 0 ? p->options.workers : p->cores;
    p->workers = options.workers;
    options.threads = p->threads = p->cores > p->workers ? p->cores / p->workers : 1;
    options.in_process = (int)p->options.in_process;
    options.timeout = p->timeout;
    options.interrupt = &p->interrupt;
    options.terminate = &p->terminate;
    options.grace = pipette_pipeline_grace(p);
    options.retries = p->retries;
    options.warn = warn;
    options.warn_user = p;
    options.progress_seconds = p->options.progress_seconds;
    options.progress = p->options.progress == NULL ? NULL : pipeline_progress;
    options.progress_user = p;
    return engine_create(path, &p->run.handle, stage_message, &options, &p->engine, error);
}

/* A function of the program, or a plugin. */
static int load_postprocess(pipette_pipeline *p, stage *s, pipette_error *error)
{
    uint32_t i;
    for (i = 0; p->program != NULL && i < p->program->postprocess_count; i++)
        if (strcmp(p->program->postprocess[i]->name, s->name) == 0) {
            s->descriptor = p->program->postprocess[i];
            s->what = "function";
            return PIPETTE_OK;
        }
    return stage_load(s, p->search, p->base, PIPETTE_KIND_POSTPROCESS, error);
}

int prepare_stages(pipette_pipeline *p, pipette_error *error)
{
    const pipette_option *root = config_root(p->config), *node;
    uint32_t i;
    int status = check_top(p, NULL, error);
    if (status != PIPETTE_OK)
        return status;
    node = config_get(root, "run");
    if (node == NULL)
        return pipette_error_set(error, PIPETTE_E_CONFIG,
                                 "%s: no run stage; a pipeline needs run = { plugin = \"NAME\"; };", p->options.config);
    status = stage_from(p, &p->run, node, "run", error);
    node = config_get(root, "storage");
    if (status == PIPETTE_OK && node == NULL)
        status = pipette_error_set(
            error, PIPETTE_E_CONFIG,
            "%s: no storage; a pipeline needs storage = { plugin = \"hdf5\"; file = \"hdf5/NAME.hdf5\"; };",
            p->options.config);
    if (status == PIPETTE_OK)
        status = stage_from(p, &p->storage, node, "storage", error);
    if (status == PIPETTE_OK)
        status = stages_from(p, "preprocess", &p->preprocess, &p->preprocess_count, error);
    if (status == PIPETTE_OK)
        status = stages_from(p, "postprocess", &p->postprocess, &p->postprocess_count, error);
    if (status == PIPETTE_OK)
        status = run_settings(p, error);
    if (status == PIPETTE_OK)
        status = storage_settings(p, error);
    if (status == PIPETTE_OK)
        status = plugin_search_create(p->options.folders, p->options.folder_count, &p->search, error);
    /* The model host is forked first: nothing that the stages load may be inherited by workers. */
    if (status == PIPETTE_OK)
        status = start_engine(p, error);
    for (i = 0; status == PIPETTE_OK && i < p->preprocess_count; i++)
        status = stage_load(&p->preprocess[i], p->search, p->base, PIPETTE_KIND_PREPROCESS, error);
    for (i = 0; status == PIPETTE_OK && i < p->postprocess_count; i++)
        status = load_postprocess(p, &p->postprocess[i], error);
    if (status == PIPETTE_OK)
        status = stage_load(&p->storage, p->search, p->base, PIPETTE_KIND_STORAGE, error);
    if (status == PIPETTE_OK) {
        pipette_error why = {0};
        status = engine_schema(p->engine, &p->schema, &why);
        if (status != PIPETTE_OK)
            return config_fail(config_get(p->run.options, "plugin"), error, status, "%s", why.message);
    }
    if (status == PIPETTE_OK)
        status = check_top(p, p->schema, error);
    if (status == PIPETTE_OK)
        status = keys_check(p->run.options, p->run.name, PIPETTE_KIND_MODEL, p->schema->options,
                            p->schema->option_count, 0, error);
    if (status == PIPETTE_OK)
        status = omit_settings(p, error);
    return status;
}

/* ---- The trajectory ---- */

/* Calls `visit` for every leaf of the config's `parameters`, with its dotted path. */
typedef int (*preset_visit)(pipette_pipeline *p, const char *path, const pipette_option *node, void *user,
                            pipette_error *error);

static int each_preset(pipette_pipeline *p, const pipette_option *group, const char *prefix, preset_visit visit,
                       void *user, pipette_error *error)
{
    uint64_t i;
    for (i = 0; i < config_count(group); i++) {
        const pipette_option *node = config_at(group, i);
        char path[600];
        int status;
        (void)snprintf(path, sizeof path, "%s%s%s", prefix, prefix[0] == '\0' ? "" : ".", config_name(node));
        if (config_kind(node) == PIPETTE_OPTION_GROUP)
            status = each_preset(p, node, path, visit, user, error);
        else if (config_kind(node) == PIPETTE_OPTION_LIST)
            status = config_fail(node, error, PIPETTE_E_CONFIG, "a parameter's value is a scalar or an array");
        else
            status = visit(p, path, node, user, error);
        if (status != PIPETTE_OK)
            return status;
    }
    return PIPETTE_OK;
}

static int give_preset(pipette_pipeline *p, const char *path, const pipette_option *node, void *user,
                       pipette_error *error)
{
    pipette_value value;
    int type = PIPETTE_TYPE_NONE, status;
    uint32_t i;
    (void)user;
    for (i = 0; i < p->schema->parameter_count;
         i++) /* u64 may be given as text, which libconfig's integers are too small for */
        if (p->schema->parameters[i].type == PIPETTE_TYPE_U64 && config_kind(node) == PIPETTE_TYPE_STRING &&
            strcmp(p->schema->parameters[i].path, path) == 0)
            type = PIPETTE_TYPE_U64;
    status = config_value(node, type, &value, error);
    if (status != PIPETTE_OK)
        return status;
    status = pipette_preset(p->trajectory, path, &value);
    return status == PIPETTE_OK ? status
                                : config_fail(node, error, status, "%s", pipette_trajectory_message(p->trajectory));
}

typedef struct name_list {
    const char **names;
    uint32_t count, capacity;
} name_list;

static int collect(const pipette_node *node, void *user)
{
    name_list *list = user;
    if (!(node->flags & PIPETTE_NODE_LEAF))
        return 0;
    if (list->count == list->capacity) {
        uint32_t capacity = list->capacity == 0 ? 32 : 2 * list->capacity;
        const char **more = realloc(list->names, capacity * sizeof *more);
        if (more == NULL)
            return PIPETTE_E_MEMORY;
        list->names = more;
        list->capacity = capacity;
    }
    list->names[list->count++] = node->path + strlen("parameters.");
    return 0;
}

static const char *name_at(const void *user, uint32_t i)
{
    return ((const name_list *)user)->names[i];
}

static int meets_parameter(pipette_pipeline *p, const char *path, const pipette_option *node, void *user,
                           pipette_error *error)
{
    const name_list *list = user;
    const char *nearest;
    uint32_t i;
    for (i = 0; i < list->count; i++)
        if (strcmp(list->names[i], path) == 0)
            return PIPETTE_OK;
    (void)p;
    nearest = name_nearest(path, list->count, name_at, list);
    if (nearest != NULL)
        return config_fail(node, error, PIPETTE_E_CONFIG, "there is no parameter '%s'; did you mean '%s'?", path,
                           nearest);
    return config_fail(node, error, PIPETTE_E_CONFIG,
                       "there is no parameter '%s'; `pipette inspect %s` lists those of the model", path, p->run.name);
}

static int find_preset(pipette_pipeline *p, const char *path, const pipette_option *node, void *user,
                       pipette_error *error)
{
    const void **wanted = user; /* path in, node out */
    (void)p;
    (void)error;
    if (strcmp(path, wanted[0]) == 0)
        wanted[1] = node;
    return PIPETTE_OK;
}

static int add_model_parameters(pipette_pipeline *p, const pipette_option *presets, pipette_error *error)
{
    uint32_t i;
    for (i = 0; i < p->schema->parameter_count; i++) {
        const void *wanted[2] = {p->schema->parameters[i].path, NULL};
        int status = pipette_add_parameter(p->trajectory, &p->schema->parameters[i]);
        if (status == PIPETTE_OK)
            continue;
        if (presets != NULL)
            (void)each_preset(p, presets, "", find_preset, wanted, error);
        if (wanted[1] != NULL)
            return config_fail(wanted[1], error, status, "%s", pipette_trajectory_message(p->trajectory));
        return pipette_error_set(error, status, "plugin '%s': %s", p->run.name,
                                 pipette_trajectory_message(p->trajectory));
    }
    return PIPETTE_OK;
}

static int preprocess(pipette_pipeline *p, stage *s, pipette_error *error)
{
    const pipette_preprocess *table = s->descriptor->table;
    int status = PIPETTE_OK;
    stage_clear(s);
    if (table->create != NULL)
        status = table->create(&s->handle);
    if (status != PIPETTE_OK)
        return stage_error(s, status, NULL, error);
    s->created = 1;
    status = table->preprocess(&s->handle, p->trajectory);
    if (status != PIPETTE_OK)
        status = stage_error(s, status, pipette_trajectory_message(p->trajectory), error);
    if (table->destroy != NULL)
        table->destroy(&s->handle);
    s->created = 0;
    return status;
}

/* Of a config: its name, presets and the model's parameters. */
static int make_trajectory(pipette_pipeline *p, const pipette_option *presets, pipette_error *error)
{
    const pipette_option *root = config_root(p->config);
    const char *name, *comment;
    pipette_error why = {0};
    int status = text_of(root, "name", NULL, &name, error);
    if (status == PIPETTE_OK)
        status = text_of(root, "comment", "", &comment, error);
    if (status != PIPETTE_OK)
        return status;
    if (name == NULL)
        return pipette_error_set(error, PIPETTE_E_CONFIG, "%s: no name; a pipeline needs name = \"NAME\";",
                                 p->options.config);
    status = trajectory_create(name, comment, &p->trajectory, &why);
    if (status != PIPETTE_OK)
        return config_fail(config_get(root, "name"), error, PIPETTE_E_CONFIG, "%s", why.message);
    if (presets != NULL && config_kind(presets) != PIPETTE_OPTION_GROUP)
        return config_fail(presets, error, PIPETTE_E_CONFIG,
                           "'parameters' takes groups of values: parameters = { neuron = { tau_V = 10.0; }; };");
    if (presets != NULL)
        status = each_preset(p, presets, "", give_preset, NULL, error);
    return status == PIPETTE_OK ? add_model_parameters(p, presets, error) : status;
}

int prepare_trajectory(pipette_pipeline *p, pipette_error *error)
{
    const pipette_option *root = config_root(p->config), *presets = config_get(root, "parameters"),
                         *seed = config_get(root, "seed");
    name_list names = {0};
    uint32_t i;
    int status = PIPETTE_OK;
    if (seed != NULL) {
        pipette_value value;
        status = config_value(seed, PIPETTE_TYPE_U64, &value, error);
        if (status == PIPETTE_OK)
            p->seed = value.as.u64;
    }
    if (p->program != NULL)
        p->trajectory = p->program->trajectory;
    else if (status == PIPETTE_OK)
        status = make_trajectory(p, presets, error);
    for (i = 0; status == PIPETTE_OK && i < p->preprocess_count; i++)
        status = preprocess(p, &p->preprocess[i], error);
    if (status == PIPETTE_OK && pipette_walk(p->trajectory, "parameters", collect, &names) != PIPETTE_OK)
        status = pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    if (status == PIPETTE_OK && presets != NULL)
        status = each_preset(p, presets, "", meets_parameter, &names, error);
    free(names.names);
    return status == PIPETTE_OK ? trajectory_start(p->trajectory, error) : status;
}
