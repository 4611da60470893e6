/* replay_run.c: one stored run again, alone, in this process, compared bit by bit with what the file holds. */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engine/cores.h"
#include "engine/workdir.h"
#include "pipeline/pipeline.h"
#include "base/same.h"
#include "pipeline/verify.h"

typedef struct replay {
    const pipette_replay_options *options;
    pipette_file *file;
    pipette_pipeline *pipeline;
    uint64_t row; /* of the run in the file */
    pipette_replay_visit visit;
    void *user;
    int differs;
} replay;

/* ---- Comparing ---- */

static void say(replay *r, const char *path, int equal, const char *detail)
{
    r->differs |= !equal;
    if (r->visit != NULL)
        r->visit(path, equal, detail, r->user);
}

static void compare(replay *r, const char *path, const pipette_value *now)
{
    pipette_value stored;
    pipette_error error = {0};
    uint64_t i, count = pipette_value_count(now);
    char detail[256], was[80], is[80];
    if (pipette_file_read_one(r->file, path, r->row, &stored, &error) != PIPETTE_OK) {
        say(r, path, 0, "the file has no value for it");
        return;
    }
    if (stored.type != now->type || pipette_value_count(&stored) != count) {
        (void)snprintf(detail, sizeof detail, "%llu elements of %s are stored, %llu of %s came now",
                       (unsigned long long)pipette_value_count(&stored), pipette_type_text(stored.type),
                       (unsigned long long)count, pipette_type_text(now->type));
        say(r, path, 0, detail);
        return;
    }
    if (!same_elements(&stored, now, &i)) {
        (void)snprintf(detail, sizeof detail, "element %llu was %s, is now %s", (unsigned long long)i,
                       same_element_text(&stored, i, was, sizeof was), same_element_text(now, i, is, sizeof is));
        say(r, path, 0, detail);
        return;
    }
    (void)snprintf(detail, sizeof detail, "%llu element%s", (unsigned long long)count, count == 1 ? "" : "s");
    say(r, path, 1, detail);
}

static int take_write(void *user, uint32_t column, uint64_t row, uint64_t count, const void *data, uint64_t row_bytes,
                      pipette_error *error)
{
    replay *r = user;
    const pipette_column_spec *spec = &r->pipeline->columns[column];
    uint64_t shape[32] = {1};
    pipette_value value = pipette_value_array(spec->type, spec->rank == 0 ? 1 : spec->rank, shape, data);
    uint32_t i;
    (void)row;
    (void)count;
    (void)row_bytes;
    (void)error;
    if (spec->role == PIPETTE_ROLE_LEDGER)
        return PIPETTE_OK;
    shape[0] = 1;
    for (i = 0; i < spec->rank && i < 32; i++)
        shape[i] = spec->dimensions[i].extent;
    compare(r, spec->path, &value);
    return PIPETTE_OK;
}

/* Without where the files of the failed run are. */
static void compare_messages(replay *r, const pipette_value *now)
{
    pipette_value stored;
    const char *is = now->as.string == NULL ? "" : now->as.string, *end = strstr(is, WORKDIR_NOTE), *was;
    size_t length = end == NULL ? strlen(is) : (size_t)(end - is);
    if (end == NULL || pipette_file_read_one(r->file, LEDGER_MESSAGE, r->row, &stored, NULL) != PIPETTE_OK ||
        stored.type != PIPETTE_TYPE_STRING || stored.rank != 0) {
        compare(r, LEDGER_MESSAGE, now);
        return;
    }
    was = stored.as.string == NULL ? "" : stored.as.string;
    if (strncmp(was, is, length) == 0 && strncmp(was + length, WORKDIR_NOTE, strlen(WORKDIR_NOTE)) == 0)
        say(r, LEDGER_MESSAGE, 1, is);
    else
        compare(r, LEDGER_MESSAGE, now);
}

static int take_append(void *user, uint32_t column, uint64_t row, const pipette_value *value, pipette_error *error)
{
    replay *r = user;
    (void)row;
    (void)error;
    if (strcmp(r->pipeline->columns[column].path, LEDGER_MESSAGE) == 0)
        compare_messages(r, value);
    else if (strcmp(r->pipeline->columns[column].path, LEDGER_LOG) != 0)
        compare(r, r->pipeline->columns[column].path, value);
    return PIPETTE_OK;
}

static int take_add(void *user, const char *path, uint64_t row, const pipette_value *value, engine_refuse refuse,
                    void *sweep, pipette_error *error)
{
    (void)row;
    (void)refuse;
    (void)sweep;
    (void)error;
    compare(user, path, value);
    return PIPETTE_OK;
}

static int take_states(void *user, uint64_t row, uint64_t count, const int8_t *states, pipette_error *error)
{
    replay *r = user;
    int8_t stored = 0;
    char detail[80];
    int status = pipette_file_read(r->file, LEDGER_STATE, r->row, 1, PIPETTE_TYPE_BOOL, &stored, error);
    (void)row;
    (void)count;
    if (status != PIPETTE_OK)
        return status;
    (void)snprintf(detail, sizeof detail, stored == states[0] ? "%s" : "was %s, is now %s", pipette_state_text(stored),
                   pipette_state_text(states[0]));
    say(r, LEDGER_STATE, stored == states[0], detail);
    return PIPETTE_OK;
}

/* ---- What is stored ---- */

static int say_damage(uint64_t row, const char *path, const char *text, void *user)
{
    (void)row;
    say(user, path == NULL ? LEDGER_CHECKSUM : path, 0, text);
    return PIPETTE_OK;
}

/* A difference may be the file's fault: its bits rot. */
static int verify_stored(replay *r, pipette_error *error)
{
    verify_counts counts = {0, 0, 0};
    verify *v = NULL;
    int status = verify_create(file_storage(r->file), &v, error);
    if (status == PIPETTE_OK)
        status = verify_rows(v, r->row, 1, say_damage, NULL, r, &counts, error);
    verify_destroy(v);
    return status;
}

/* ---- The pipeline of the file ---- */

static int text_leaf(replay *r, const char *path, char **out, pipette_error *error)
{
    pipette_value value;
    int status = pipette_file_read_one(r->file, path, 0, &value, error);
    *out = NULL;
    if (status != PIPETTE_OK)
        return pipette_error_set(error, PIPETTE_E_STORAGE, "%s: does not hold the config that made it (%s)",
                                 r->options->file, path);
    *out =
        strdup(value.rank == 0 && value.type == PIPETTE_TYPE_STRING && value.as.string != NULL ? value.as.string : "");
    return *out == NULL ? pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory") : PIPETTE_OK;
}

/* The stored config as a file that can be read: one in memory. */
static int memory_file(const char *text, char *path, size_t size, pipette_error *error)
{
    int file = memfd_create("config", 0);
    size_t length = strlen(text);
    if (file < 0 || write(file, text, length) != (ssize_t)length)
        return pipette_error_set(error, PIPETTE_E_SYSTEM, "no memory for the stored config: %s", strerror(errno));
    (void)snprintf(path, size, "/proc/self/fd/%d", file);
    return PIPETTE_OK;
}

static int copy_sets(replay *r, char ***out, uint32_t *count, pipette_error *error)
{
    pipette_value value;
    uint64_t i;
    *out = NULL;
    *count = 0;
    if (pipette_file_read_one(r->file, "config.pipeline.set", 0, &value, NULL) != PIPETTE_OK || value.rank != 1 ||
        value.type != PIPETTE_TYPE_STRING)
        return PIPETTE_OK;
    *out = calloc((size_t)value.shape[0] + 1, sizeof **out);
    for (i = 0; *out != NULL && i < value.shape[0]; i++)
        if (((*out)[i] = strdup(((const char *const *)value.data)[i])) == NULL)
            return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    *count = (uint32_t)value.shape[0];
    return *out == NULL ? pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory") : PIPETTE_OK;
}

static void warn_of_other_model(replay *r)
{
    char *was;
    if (text_leaf(r, "config.plugins.model_build_id", &was, NULL) == PIPETTE_OK && was[0] != '\0' &&
        strcmp(was, r->pipeline->schema->build_id) != 0)
        pipeline_log(r->pipeline, PIPETTE_LOG_WARNING,
                     "the model is another build than the one that made the file (build-id %s, now %s)", was,
                     r->pipeline->schema->build_id);
    free(was);
    if (text_leaf(r, "config.plugins.model_libraries", &was, NULL) == PIPETTE_OK &&
        strcmp(was, r->pipeline->schema->libraries) != 0)
        pipeline_log(r->pipeline, PIPETTE_LOG_WARNING,
                     "the model's libraries are others than those that made the file (%s, now %s)", was,
                     r->pipeline->schema->libraries);
    free(was);
}

/* Sums that several threads add up depend on how many there are. */
static void take_threads(replay *r)
{
    int i;
    for (i = 0; i < CORES_VARIABLES; i++) {
        char path[64], *was;
        (void)snprintf(path, sizeof path, "config.provenance.threads.%s", cores_variables[i]);
        if (text_leaf(r, path, &was, NULL) == PIPETTE_OK && was[0] != '\0')
            (void)setenv(cores_variables[i], was, 0);
        free(was);
    }
}

static int run_again(replay *r, pipette_error *error)
{
    const engine_store store = {r, take_write, take_append, take_add, NULL, take_states, NULL};
    pipette_pipeline *p = r->pipeline;
    pipette_storage_info info = {.size = sizeof info};
    pipette_run_span row = {0, 1};
    engine_report report = {0};
    engine_plan plan = {0};
    char runs[32];
    int status = prepare_stages(p, error);
    if (status == PIPETTE_OK)
        status = prepare_trajectory(p, error);
    if (status == PIPETTE_OK)
        status = pipette_file_info(r->file, &info, error);
    if (status == PIPETTE_OK) {
        warn_of_other_model(r);
        status = trajectory_continue(
            p->trajectory, info.exploration == NULL || info.exploration[0] == '\0' ? NULL : info.exploration, error);
    }
    (void)snprintf(runs, sizeof runs, "%llu", (unsigned long long)r->options->run);
    if (status == PIPETTE_OK)
        status = select_runs(p, runs, error);
    if (status == PIPETTE_OK)
        status = layout_build(p, error);
    if (status == PIPETTE_OK)
        status = plan_make(p, &row, 1, &plan, error);
    if (status == PIPETTE_OK)
        status = engine_run(p->engine, &plan, &store, &report, error);
    plan_drop(&plan);
    return status;
}

int pipette_replay(const pipette_replay_options *options, pipette_replay_visit visit, void *user, int *differs,
                   pipette_error *error)
{
    replay r = {.options = options, .visit = visit, .user = user};
    pipette_pipeline_options o = {.size = sizeof o};
    char *text = NULL, *folder = NULL, **sets = NULL, path[64] = "";
    uint32_t set_count = 0, i;
    int status =
        pipette_file_open(options->file, options->storage, options->folders, options->folder_count, &r.file, error);
    if (status == PIPETTE_OK)
        status = pipette_file_row(r.file, options->run, &r.row, error);
    if (status == PIPETTE_OK && text_leaf(&r, "config.pipeline.program", &folder, NULL) == PIPETTE_OK)
        status = pipette_error_set(
            error, PIPETTE_E_PLUGIN,
            "%s: its runs were computed by functions of the program '%s'; replay needs a model that is a plugin. To "
            "run it "
            "alone, start the program with that run only (.runs = \"%llu\", .in_process = 1) and another file",
            options->file, folder, (unsigned long long)options->run);
    if (status == PIPETTE_OK)
        status = text_leaf(&r, "config.pipeline.text", &text, error);
    /* Files of before it took relative paths from the config's folder. */
    if (status == PIPETTE_OK && text_leaf(&r, "config.pipeline.directory", &folder, NULL) != PIPETTE_OK)
        status = text_leaf(&r, "config.pipeline.folder", &folder, error);
    if (status == PIPETTE_OK)
        status = copy_sets(&r, &sets, &set_count, error);
    if (status == PIPETTE_OK)
        status = memory_file(text, path, sizeof path, error);
    if (status == PIPETTE_OK) {
        take_threads(&r);
        o.config = path;
        o.sets = (const char *const *)sets;
        o.set_count = set_count;
        o.folders = options->folders;
        o.folder_count = options->folder_count;
        o.in_process = 1;
        o.log = options->log;
        o.user = options->user;
        status = pipette_pipeline_create(&o, &r.pipeline, error);
    }
    if (status == PIPETTE_OK) {
        r.pipeline->base = folder;
        r.pipeline->replaying = 1;
        status = verify_stored(&r, error);
        if (status == PIPETTE_OK)
            status = run_again(&r, error);
    }
    pipette_pipeline_destroy(r.pipeline);
    pipette_file_destroy(r.file);
    if (path[0] != '\0')
        (void)close(atoi(strrchr(path, '/') + 1));
    for (i = 0; sets != NULL && i < set_count; i++)
        free(sets[i]);
    free(sets);
    free(text);
    free(folder);
    *differs = r.differs;
    return status;
}
