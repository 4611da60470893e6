/* provenance.c: where the results come from: config, command line, plugins, seed, host, time, commit of the working
 * directory. */
#include <stdlib.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "engine/cores.h"
#include "pipeline/pipeline.h"

/* A program's trajectory has that of its pipeline before. */
static int may_replace(const char *path, void *user)
{
    (void)path;
    return ((const pipette_pipeline *)user)->program != NULL;
}

static int add(pipette_pipeline *p, const char *path, pipette_value value, const char *comment, pipette_error *error)
{
    pipette_node node = {.size = sizeof node};
    int status = trajectory_put(p->trajectory, PIPETTE_BRANCH_CONFIG, path, &value, "", comment, may_replace, p, &node);
    return status == PIPETTE_OK ? status
                                : pipette_error_set(error, status, "%s", pipette_trajectory_message(p->trajectory));
}

static int add_text(pipette_pipeline *p, const char *path, const char *text, const char *comment, pipette_error *error)
{
    return add(p, path, pipette_value_string(text == NULL ? "" : text), comment, error);
}

static int add_stage(pipette_pipeline *p, const char *kind, uint32_t number, const char *name, const char *version,
                     pipette_error *error)
{
    char path[300], text[300];
    (void)snprintf(path, sizeof path, "plugins.%s_%u", kind, number);
    (void)snprintf(text, sizeof text, "%.127s %.160s", name, version == NULL ? "" : version);
    return add_text(p, path, text, "Plugin and version", error);
}

static void describe_option(const pipette_option *node, char *out, size_t size, size_t *used)
{
    pipette_value value;
    uint64_t i;
    int kind = config_kind(node), n;
    if (*used + 1 >= size)
        return;
    n = snprintf(out + *used, size - *used, "%s%s", config_name(node) == NULL ? "" : config_name(node),
                 kind == PIPETTE_OPTION_GROUP || kind == PIPETTE_OPTION_LIST || kind == PIPETTE_OPTION_ARRAY ? "("
                                                                                                             : "=");
    *used += n > 0 ? (size_t)n : 0;
    if (kind == PIPETTE_OPTION_GROUP || kind == PIPETTE_OPTION_LIST || kind == PIPETTE_OPTION_ARRAY) {
        for (i = 0; i < config_count(node); i++)
            describe_option(config_at(node, i), out, size, used);
        n = *used < size ? snprintf(out + *used, size - *used, ")") : 0;
    } else if (config_value(node, PIPETTE_TYPE_NONE, &value, NULL) == PIPETTE_OK && *used < size) {
        if (value.type == PIPETTE_TYPE_STRING)
            n = snprintf(out + *used, size - *used, "\"%s\";", value.as.string);
        else if (value.type == PIPETTE_TYPE_F64)
            n = snprintf(out + *used, size - *used, "%.17g;", value.as.f64);
        else
            n = snprintf(out + *used, size - *used, "%lld;", (long long)value.as.i64);
    } else {
        n = 0;
    }
    *used += n > 0 ? (size_t)n : 0;
    if (*used >= size)
        *used = size - 1;
}

/* The stages behind the runs as one text, by which the next start sees whether they must be called again. */
static int add_postprocess(pipette_pipeline *p, pipette_error *error)
{
    const pipette_option *node = config_get(config_root(p->config), "postprocess");
    enum { SIZE = 1 << 16 };
    char *text = calloc(1, SIZE);
    size_t used = 0;
    int status;
    if (text == NULL)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    if (node != NULL)
        describe_option(node, text, SIZE, &used);
    status = add_text(p, "pipeline.postprocess", text, "The stages behind the runs", error);
    free(text);
    return status;
}

/* The config's exploration, by which the next start sees whether it has changed. */
static int add_exploration(pipette_pipeline *p, pipette_error *error)
{
    const exploration *points = trajectory_exploration(p->trajectory);
    char *text = NULL;
    int status = points == NULL ? PIPETTE_OK : exploration_text(points, &text, error);
    if (status == PIPETTE_OK)
        status = add_text(p, "pipeline.exploration", text, "The config's exploration", error);
    free(text);
    return status;
}

/* How many processes computed, and how many threads the libraries of each were given. */
static int add_threads(pipette_pipeline *p, pipette_error *error)
{
    static const char as_found[] = "As the model found it; empty: not set";
    int i, status = add(p, "provenance.cores", pipette_value_u64(p->cores), "Cores that the command could use", error);
    if (status == PIPETTE_OK)
        status = add(p, "provenance.workers", pipette_value_u64(p->workers), "Processes that computed runs", error);
    for (i = 0; status == PIPETTE_OK && i < CORES_VARIABLES; i++) {
        char path[64], room[16];
        (void)snprintf(path, sizeof path, "provenance.threads.%s", cores_variables[i]);
        status = add_text(p, path, cores_threads(i, p->threads, room), as_found, error);
    }
    return status == PIPETTE_OK ? add_text(p, "provenance.threads.OMP_WAIT_POLICY",
                                           cores_waiting(p->threads, p->workers, p->cores), as_found, error)
                                : status;
}

int provenance_add(pipette_pipeline *p, pipette_error *error)
{
    struct utsname machine;
    struct tm broken;
    char when[64] = "";
    time_t time_now = time(NULL);
    char *directory = NULL;
    uint32_t i;
    int status;
    memset(&machine, 0, sizeof machine);
    (void)uname(&machine);
    if (gmtime_r(&time_now, &broken) != NULL)
        (void)strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &broken);
    status = add_text(p, "pipeline.text", config_text(p->config), "The config as it was run, includes expanded", error);
    if (status == PIPETTE_OK)
        status = add_text(p, "pipeline.file", p->options.config, "The config's file", error);
    if (status == PIPETTE_OK && p->program != NULL && !p->program->played)
        status = add_text(p, "pipeline.program", p->program->file, "The program whose functions are the model", error);
    if (status == PIPETTE_OK)
        status = add_text(p, "pipeline.folder", config_folder(p->config), "The folder of the config's file", error);
    if (status == PIPETTE_OK && (directory = getcwd(NULL, 0)) != NULL)
        status = add_text(p, "pipeline.directory", directory, "The working directory: relative paths are taken from it",
                          error);
    free(directory);
    if (status == PIPETTE_OK && p->options.set_count > 0) {
        uint64_t count = p->options.set_count;
        status = add(p, "pipeline.set", pipette_value_array(PIPETTE_TYPE_STRING, 1, &count, p->options.sets),
                     "What --set changed", error);
    }
    if (status == PIPETTE_OK)
        status =
            add_text(p, "pipeline.command_line", p->options.command_line, "The command that made this file", error);
    if (status == PIPETTE_OK)
        status = add(p, "pipeline.seed", pipette_value_u64(p->seed), "Key of all random numbers", error);
    if (status == PIPETTE_OK)
        status = add_exploration(p, error);
    if (status == PIPETTE_OK)
        status = add_postprocess(p, error);
    if (status == PIPETTE_OK)
        status = add_text(p, "provenance.pipette", pipette_version(), "Version of Pipette", error);
    if (status == PIPETTE_OK)
        status = add_text(p, "provenance.host", machine.nodename, "Machine", error);
    if (status == PIPETTE_OK)
        status = add_text(p, "provenance.system", machine.release, "Kernel of the machine", error);
    if (status == PIPETTE_OK)
        status = add_text(p, "provenance.created", when, "When the file was made, UTC", error);
    if (status == PIPETTE_OK)
        status = add_text(p, "provenance.commit", p->commit,
                          "Commit of the working directory; -dirty: with changes on top", error);
    if (status == PIPETTE_OK && p->diff != NULL)
        status = add_text(p, "provenance.diff", p->diff, "What was changed on top of the commit", error);
    if (status == PIPETTE_OK)
        status = add_text(p, "plugins.model", p->schema->name, "The model", error);
    if (status == PIPETTE_OK)
        status = add_text(p, "plugins.model_version", p->schema->version, "Version of the model", error);
    if (status == PIPETTE_OK)
        status = add_text(p, "plugins.model_build_id", p->schema->build_id,
                          "Build-id of the model's file, or its SHA-256", error);
    if (status == PIPETTE_OK)
        status = add_text(p, "plugins.model_libraries", p->schema->libraries,
                          "What the model brought with it from outside the system's folders, with build-ids or SHA-256",
                          error);
    if (status == PIPETTE_OK && !p->options.in_process)
        status = add_threads(p, error);
    for (i = 0; status == PIPETTE_OK && i < p->preprocess_count; i++)
        status = add_stage(p, "preprocess", i, p->preprocess[i].name, p->preprocess[i].descriptor->version, error);
    for (i = 0; status == PIPETTE_OK && i < p->postprocess_count; i++)
        status = add_stage(p, "postprocess", i, p->postprocess[i].name, p->postprocess[i].descriptor->version, error);
    if (status == PIPETTE_OK)
        status = add_stage(p, "storage", 0, p->storage.name, p->storage.descriptor->version, error);
    return status;
}
