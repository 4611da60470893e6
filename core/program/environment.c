/* environment.c: the life of an experiment that is a program: from its options to the runs, and again. What it makes of
 * them is a pipeline, as a config does: environment_config.c writes that config, and functions stand where plugins
 * would. */
#include "program/environment.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* The first error stays. */
static int keep(pipette_environment *env, int status, const char *format, ...) PIPETTE_PRINTF(3, 4);
static int keep(pipette_environment *env, int status, const char *format, ...)
{
    va_list arguments;
    if (env->error.code != PIPETTE_OK)
        return env->error.code;
    va_start(arguments, format);
    (void)pipette_error_vset(&env->error, status, format, arguments);
    va_end(arguments);
    environment_note(PIPETTE_LOG_ERROR, env->error.message, env);
    return status;
}

/* The environment's first error, or that of its trajectory. */
static int standing(pipette_environment *env)
{
    if (env->error.code == PIPETTE_OK && trajectory_first_error(env->trajectory)->code != PIPETTE_OK)
        return keep(env, trajectory_first_error(env->trajectory)->code, "%s",
                    trajectory_first_error(env->trajectory)->message);
    return env->error.code;
}

/* ---- Opening ---- */

static char *text_copy(pipette_environment *env, const char *text)
{
    char *copy = text == NULL ? NULL : arena_text(env->memory, text, strlen(text));
    if (text != NULL && copy == NULL)
        (void)keep(env, PIPETTE_E_MEMORY, "out of memory");
    return copy;
}

static char *program_path(pipette_environment *env)
{
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    path[length > 0 ? length : 0] = '\0';
    return text_copy(env, length > 0 ? path : "/proc/self/exe");
}

/* The process' arguments, separated by blanks. */
static char *command_line(pipette_environment *env)
{
    char text[4096];
    size_t length, i;
    FILE *file = fopen("/proc/self/cmdline", "re");
    if (file == NULL)
        return text_copy(env, "");
    length = fread(text, 1, sizeof text - 1, file);
    (void)fclose(file);
    while (length > 0 && text[length - 1] == '\0')
        length--;
    text[length] = '\0';
    for (i = 0; i < length; i++)
        if (text[i] == '\0')
            text[i] = ' ';
    return text_copy(env, text);
}

/* "NAME_2026_11_27_08h30m00s", as pypet writes it, and the file likewise. */
static void add_time(pipette_environment *env)
{
    char when[64] = "", text[PATH_MAX];
    time_t now = time(NULL);
    struct tm broken;
    const char *slash, *dot;
    if (localtime_r(&now, &broken) != NULL)
        (void)strftime(when, sizeof when, "_%Y_%m_%d_%Hh%Mm%Ss", &broken);
    (void)snprintf(text, sizeof text, "%s%s", env->name, when);
    env->name = text_copy(env, text);
    if (env->file == NULL)
        return;
    slash = strrchr(env->file, '/');
    dot = strrchr(slash == NULL ? env->file : slash, '.');
    if (dot == NULL)
        dot = env->file + strlen(env->file);
    (void)snprintf(text, sizeof text, "%.*s%s%s", (int)(dot - env->file), env->file, when, dot);
    env->file = text_copy(env, text);
}

static void copy_options(pipette_environment *env)
{
    pipette_environment_options *o = &env->options;
    const char **const texts[] = {&o->trajectory,      &o->comment,    &o->file,        &o->storage,
                                  &o->storage_options, &o->version,    &o->runs,        &o->isolation,
                                  &o->workdir,         &o->log_folder, &o->command_line};
    const char **folders = arena_get(env->memory, (size_t)o->folder_count + 1, sizeof *folders);
    uint64_t i;
    size_t k;
    for (k = 0; k < sizeof texts / sizeof texts[0]; k++)
        *texts[k] = text_copy(env, *texts[k]);
    for (i = 0; folders != NULL && i < o->folder_count; i++)
        folders[i] = text_copy(env, o->folders[i]);
    o->folders = folders;
    if (folders == NULL)
        (void)keep(env, PIPETTE_E_MEMORY, "out of memory");
    env->name = text_copy(env, o->trajectory == NULL ? "" : o->trajectory);
    env->file = text_copy(env, o->file);
    env->program = program_path(env);
    if (o->command_line == NULL)
        o->command_line = command_line(env);
    if (o->add_time && env->name != NULL)
        add_time(env);
}

pipette_environment *pipette_environment_open_sized(const pipette_environment_options *options, size_t size)
{
    pipette_environment *env = calloc(1, sizeof *env);
    pipette_error why = {0};
    if (env == NULL || (env->memory = arena_create()) == NULL) {
        free(env);
        return NULL;
    }
    if (options != NULL)
        memcpy(&env->options, options, size < sizeof env->options ? size : sizeof env->options);
    copy_options(env);
    if (env->name == NULL || env->name[0] == '\0')
        (void)keep(env, PIPETTE_E_INVALID, "the environment's trajectory has no name: .trajectory = \"NAME\"");
    else if (trajectory_create(env->name, env->options.comment == NULL ? "" : env->options.comment, &env->trajectory,
                               &why) != PIPETTE_OK)
        (void)keep(env, why.code, "%s", why.message);
    /* Something to build on there must be, also where it never runs. */
    if (env->trajectory == NULL && trajectory_create("nameless", "", &env->trajectory, &why) != PIPETTE_OK) {
        arena_destroy(env->memory);
        free(env);
        return NULL;
    }
    trajectory_keep_first_error(env->trajectory);
    if (env->file == NULL || env->file[0] == '\0')
        (void)keep(env, PIPETTE_E_INVALID,
                   "the environment does not say where the results go: .file = \"hdf5/NAME.hdf5\"");
    if (env->error.code == PIPETTE_OK && environment_log_open(env) != PIPETTE_OK)
        (void)keep(env, PIPETTE_E_SYSTEM, "cannot write a log into '%s': %s", env->options.log_folder, strerror(errno));
    return env;
}

int pipette_environment_close(pipette_environment *env, pipette_error *error)
{
    int status;
    uint32_t i;
    if (env == NULL)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory for an environment");
    if (env->running != NULL)
        return pipette_error_set(error, PIPETTE_E_INVALID,
                                 "the environment cannot be closed while its runs are being executed");
    status = standing(env);
    if (error != NULL)
        *error = env->error;
    environment_log_close(env);
    trajectory_destroy(env->trajectory);
    for (i = 0; i < env->stage_count; i++)
        free(env->stages[i]);
    free(env->stages);
    free(env->results);
    free(env->first_failure);
    arena_destroy(env->memory);
    free(env);
    return status;
}

pipette_trajectory *pipette_environment_trajectory(pipette_environment *env)
{
    return env == NULL ? NULL : env->trajectory;
}

const pipette_error *pipette_environment_error(const pipette_environment *env)
{
    static const pipette_error none = {sizeof none, PIPETTE_E_MEMORY, "out of memory for an environment"};
    if (env == NULL)
        return &none;
    return env->error.code == PIPETTE_OK ? trajectory_first_error(env->trajectory) : &env->error;
}

const char *pipette_environment_name(const pipette_environment *env)
{
    return env == NULL || env->name == NULL ? "" : env->name;
}

const char *pipette_environment_file(const pipette_environment *env)
{
    return env == NULL || env->file == NULL ? "" : env->file;
}

/* ---- Results and stages ---- */

int pipette_environment_declare(pipette_environment *env, const pipette_result_spec *specs, uint64_t count)
{
    pipette_result_spec *more, *copies;
    uint64_t all;
    int failed = 0;
    if (env == NULL)
        return PIPETTE_E_MEMORY;
    if (standing(env) != PIPETTE_OK)
        return env->error.code;
    if (env->runs_begun > 0)
        return keep(env, PIPETTE_E_LOCKED, "results are declared before the first run");
    all = env->result_count + count;
    if (all > UINT32_MAX / 2)
        return keep(env, PIPETTE_E_INVALID, "%llu results are too many", (unsigned long long)all);
    more = realloc(env->results, (size_t)(all + 1) * sizeof *more);
    if (more == NULL)
        return keep(env, PIPETTE_E_MEMORY, "out of memory");
    env->results = more;
    copies = schema_copy_results(env->memory, specs, (uint32_t)count, (uint32_t)sizeof *specs, &failed);
    if (failed)
        return keep(env, PIPETTE_E_MEMORY, "out of memory");
    memcpy(more + env->result_count, copies, (size_t)count * sizeof *copies);
    env->result_count = (uint32_t)all;
    return PIPETTE_OK;
}

/* What a function's stage calls. */
static int call_function(pipette_stage *handle, pipette_trajectory *trajectory, pipette_results *values)
{
    const stage *s = (const stage *)(const void *)handle;
    const program_stage *p = (const program_stage *)(const void *)s->descriptor;
    return p->function(trajectory, values, p->user);
}

static const pipette_postprocess function_table = {sizeof function_table, 0, NULL, NULL, call_function, NULL};

static program_stage *make_stage(pipette_environment *env, int kind, const char *name, const char *fallback)
{
    program_stage *s = calloc(1, sizeof *s);
    if (s == NULL) {
        (void)keep(env, PIPETTE_E_MEMORY, "out of memory");
        return NULL;
    }
    s->kind = kind;
    s->name = fallback == NULL ? text_copy(env, name) : environment_plain_name(env->memory, name, fallback);
    if (s->name == NULL) {
        (void)keep(env, PIPETTE_E_MEMORY, "out of memory");
        free(s);
        return NULL;
    }
    return s;
}

static int add_stage(pipette_environment *env, program_stage *s)
{
    program_stage **more = s == NULL ? NULL : realloc(env->stages, (env->stage_count + 1u) * sizeof *more);
    if (more == NULL) {
        free(s);
        return keep(env, PIPETTE_E_MEMORY, "out of memory");
    }
    env->stages = more;
    more[env->stage_count++] = s;
    return PIPETTE_OK;
}

static program_stage *function_stage(pipette_environment *env, const char *name, pipette_postprocess_function function,
                                     void *user)
{
    program_stage *s = make_stage(env, PIPETTE_KIND_POSTPROCESS, name, "postprocess");
    if (s == NULL)
        return NULL;
    s->function = function;
    s->user = user;
    s->descriptor = (pipette_descriptor){.magic = PIPETTE_MAGIC,
                                         .abi_major = PIPETTE_ABI_MAJOR,
                                         .abi_minor = PIPETTE_ABI_MINOR,
                                         .size = sizeof s->descriptor,
                                         .kind = PIPETTE_KIND_POSTPROCESS,
                                         .name = s->name,
                                         .version = env->options.version == NULL ? "" : env->options.version,
                                         .doc = "A function of the program.",
                                         .table = &function_table};
    return s;
}

/* A stage's name tells functions apart. */
static void name_apart(pipette_environment *env, program_stage *s)
{
    char name[160];
    uint32_t i, number = 1;
    (void)snprintf(name, sizeof name, "%.120s", s->name);
    for (i = 0; i < env->stage_count; i++)
        if (env->stages[i]->kind == PIPETTE_KIND_POSTPROCESS && strcmp(env->stages[i]->name, name) == 0) {
            (void)snprintf(name, sizeof name, "%.120s_%u", s->name, ++number);
            i = UINT32_MAX; /* once more from the first one */
        }
    if (number > 1)
        s->descriptor.name = s->name = text_copy(env, name);
}

int pipette_environment_add_postprocess_named(pipette_environment *env, const char *name,
                                              pipette_postprocess_function function, void *user)
{
    program_stage *s;
    if (env == NULL)
        return PIPETTE_E_MEMORY;
    if (standing(env) != PIPETTE_OK)
        return env->error.code;
    if (function == NULL)
        return keep(env, PIPETTE_E_INVALID, "postprocessing '%s' is no function", name == NULL ? "" : name);
    s = function_stage(env, name, function, user);
    if (s != NULL)
        name_apart(env, s);
    return add_stage(env, s);
}

int pipette_environment_add_stage(pipette_environment *env, int kind, const char *plugin, const char *options)
{
    program_stage *s;
    if (env == NULL)
        return PIPETTE_E_MEMORY;
    if (standing(env) != PIPETTE_OK)
        return env->error.code;
    if (plugin == NULL || plugin[0] == '\0')
        return keep(env, PIPETTE_E_INVALID, "a stage that names no plugin");
    if (kind != PIPETTE_KIND_PREPROCESS && kind != PIPETTE_KIND_POSTPROCESS)
        return keep(env, PIPETTE_E_INVALID, "plugin '%s': a stage beside the runs is of kind preprocess or postprocess",
                    plugin);
    if (kind == PIPETTE_KIND_PREPROCESS && env->runs_begun > 0)
        return keep(env, PIPETTE_E_LOCKED, "plugin '%s': a stage before the runs is added before the first run",
                    plugin);
    s = make_stage(env, kind, plugin, NULL);
    if (s != NULL && options != NULL)
        s->options = text_copy(env, options);
    return add_stage(env, s);
}

/* ---- Running ---- */

static int run_one(pipette_run *run)
{
    const program_run *r = run->instance;
    return r->function(run, r->user);
}

static void take_report(pipette_environment *env, const pipette_report *report)
{
    env->report = *report;
    env->report.name = env->name;
    env->report.file = env->file;
    free(env->first_failure);
    env->first_failure = report->first_failure == NULL ? NULL : strdup(report->first_failure);
    env->report.first_failure = env->first_failure;
}

/* `more`: a stage of this run alone, or NULL. */
static int run_pipeline(pipette_environment *env, const char *name, program_run *run, const program_stage *more)
{
    const pipette_environment_options *o = &env->options;
    const pipette_model table = {.size = sizeof table,
                                 .results = env->results,
                                 .result_count = env->result_count,
                                 .result_stride = sizeof(pipette_result_spec),
                                 .run = run_one};
    char *plain = environment_plain_name(env->memory, name, "run"), *text;
    pipette_descriptor model = {.magic = PIPETTE_MAGIC,
                                .abi_major = PIPETTE_ABI_MAJOR,
                                .abi_minor = PIPETTE_ABI_MINOR,
                                .size = sizeof model,
                                .kind = PIPETTE_KIND_MODEL,
                                .name = plain,
                                .version = o->version == NULL ? "" : o->version,
                                .doc = "A function of the program.",
                                .table = &table};
    pipette_pipeline_options options = {.size = sizeof options,
                                        .workers = o->workers,
                                        .config = env->program,
                                        .folders = o->folders,
                                        .folder_count = (uint32_t)o->folder_count,
                                        .runs = o->runs,
                                        .command_line = o->command_line,
                                        .timeout = o->timeout,
                                        .in_process = o->in_process != 0,
                                        .overwrite = o->overwrite && env->runs_begun == 0,
                                        .retry_failed = o->retry_failed != 0,
                                        .accept_changes = o->accept_changes != 0,
                                        .progress = environment_progress,
                                        .log = environment_note,
                                        .user = env,
                                        .grace = o->grace,
                                        .max_failures = o->max_failures,
                                        .retries = o->retries};
    const pipette_descriptor **functions = calloc(env->stage_count + 2u, sizeof *functions);
    program_stages stages = {.trajectory = env->trajectory,
                             .file = env->program,
                             .model = &model,
                             .model_instance = run,
                             .postprocess = functions,
                             .versioned = o->version != NULL && o->version[0] != '\0',
                             .played = env->played,
                             .refuse_dirty = o->refuse_dirty != 0};
    pipette_report report = {.size = sizeof report};
    pipette_error why = {0};
    pipette_pipeline *pipeline = NULL;
    uint32_t i;
    int status;
    if (env->running != NULL) {
        free(functions);
        return keep(env, PIPETTE_E_INVALID,
                    "runs are being executed: neither a run nor what stands behind the runs can start others");
    }
    for (i = 0; functions != NULL && i < env->stage_count; i++)
        if (env->stages[i]->function != NULL)
            functions[stages.postprocess_count++] = &env->stages[i]->descriptor;
    if (functions != NULL && more != NULL)
        functions[stages.postprocess_count++] = &more->descriptor;
    text = environment_config(env, plain == NULL ? "run" : plain, more == NULL ? 0 : 1, &more);
    if (functions == NULL || plain == NULL || text == NULL)
        status = pipette_error_set(&why, PIPETTE_E_MEMORY, "out of memory");
    else
        status = pipeline_create(&options, text, &stages, &pipeline, &why);
    if (status == PIPETTE_OK) {
        env->said = 0;
        env->running = pipeline;
        if (o->signals)
            environment_signals_enter(env);
        status = pipette_pipeline_run(pipeline, &report, &why);
        if (o->signals)
            environment_signals_leave();
        env->running = NULL;
        env->runs_begun++;
        take_report(env, &report);
    }
    pipette_pipeline_destroy(pipeline);
    free(text);
    free(functions);
    return status == PIPETTE_OK ? status : keep(env, status, "%s", why.message);
}

int pipette_environment_run_named(pipette_environment *env, const char *name, pipette_run_function function, void *user)
{
    program_run run = {function, user};
    if (env == NULL)
        return PIPETTE_E_MEMORY;
    if (standing(env) != PIPETTE_OK)
        return env->error.code;
    if (function == NULL)
        return keep(env, PIPETTE_E_INVALID, "there is no function to run");
    return run_pipeline(env, name, &run, NULL);
}

int pipette_environment_pipeline(pipette_environment *env, pipette_pipeline_function function, void *user)
{
    pipette_phases phases;
    program_stage *more = NULL;
    program_run run;
    int status;
    if (env == NULL)
        return PIPETTE_E_MEMORY;
    if (standing(env) != PIPETTE_OK)
        return env->error.code;
    if (function == NULL)
        return keep(env, PIPETTE_E_INVALID, "there is no pipeline function");
    memset(&phases, 0, sizeof phases);
    status = function(env->trajectory, &phases, user);
    if (standing(env) != PIPETTE_OK)
        return env->error.code;
    if (status < 0)
        return keep(env, status, "the pipeline function: %s", pipette_status_text(status));
    if (phases.run == NULL)
        return keep(env, PIPETTE_E_INVALID, "the pipeline function names no function to run");
    run = (program_run){phases.run, phases.run_user};
    if (phases.postprocess != NULL) {
        more = function_stage(env, phases.postprocess_name, phases.postprocess, phases.postprocess_user);
        if (more == NULL)
            return env->error.code;
        name_apart(env, more);
    }
    status = run_pipeline(env, phases.run_name, &run, more);
    free(more);
    return status;
}

const pipette_report *pipette_environment_report(const pipette_environment *env)
{
    return env == NULL || env->runs_begun == 0 ? NULL : &env->report;
}

void pipette_environment_interrupt(pipette_environment *env)
{
    pipette_pipeline *pipeline = env == NULL ? NULL : env->running;
    if (pipeline != NULL)
        pipette_pipeline_interrupt(pipeline);
}

int pipette_exit_code(int status, const pipette_report *report)
{
    switch (status) {
    case PIPETTE_OK:
        break;
    case PIPETTE_E_PLUGIN:
    case PIPETTE_E_ABI:
    case PIPETTE_E_CRASHED:
    case PIPETTE_E_TIMEOUT:
        return 3;
    case PIPETTE_E_STORAGE:
        return 4;
    case PIPETTE_E_SYSTEM:
        return 5;
    case PIPETTE_E_INTERRUPTED:
        return 130;
    default:
        return 2;
    }
    if (report == NULL)
        return 0;
    return report->interrupted ? 130 : report->failed + report->timed_out + report->stored_failures > 0 ? 1 : 0;
}
