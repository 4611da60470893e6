/* merge.c: one file of two: an experiment over the points of both, whose runs play what was computed before. */
#include <pipette/experiment.h>

#include <stdlib.h>
#include <sys/stat.h>

#include "plugin/element.h"
#include "program/diff.h"
#include "program/environment.h"
#include "program/pairs.h"

enum { ROWS = 4096, TEXT_MOST = 1 << 20 };

/* A result of the runs, as both files have it. */
typedef struct merged_result {
    const char *path;     /* in the files: "results.neuron.$.V" */
    const char *put_path; /* for the run: "neuron.$.V" */
} merged_result;

typedef struct merge {
    pipette_merge_options options;
    pipette_trajectory *trajectories[2]; /* of the files */
    pipette_file *files[2];
    pipette_environment *environment;
    pipette_trajectory *merged;
    uint64_t *rows[2]; /* for each merged run: its row in the file, or PAIRS_NONE */
    uint8_t *from;     /* for each merged run: 1 or 2, the file that it comes from; 0: neither has it */
    merged_result *results;
    uint32_t result_count;
    pipette_diff_visit visit;
    void *user;
    pipette_merge_report report;
    pipette_error *error;
} merge;

/* ---- Playing a run
 * ---------------------------------------------------------------------------------------------------------------- */

static const char *text_of(pipette_file *file, const char *path, uint64_t row, pipette_value *value)
{
    if (pipette_file_read_one(file, path, row, value, NULL) != PIPETTE_OK || value->type != PIPETTE_TYPE_STRING ||
        value->rank > 0 || value->as.string == NULL)
        return "";
    return value->as.string;
}

static int play(pipette_run *run, void *user)
{
    const merge *m = user;
    const int which = m->from[run->index] - 1;
    pipette_file *file = m->files[which];
    const uint64_t row = m->rows[which][run->index];
    pipette_error error = {0};
    pipette_value value;
    int8_t state = PIPETTE_STATE_PENDING;
    uint32_t i;
    int status = pipette_file_read(file, LEDGER_STATE, row, 1, PIPETTE_TYPE_BOOL, &state, &error);
    if (status != PIPETTE_OK)
        return pipette_fail(run, status, "%s", error.message);
    (void)fputs(text_of(file, LEDGER_LOG, row, &value), stdout);
    if (state == PIPETTE_STATE_INFEASIBLE)
        return pipette_infeasible(run, "%s", text_of(file, LEDGER_MESSAGE, row, &value));
    if (state != PIPETTE_STATE_DONE)
        return pipette_fail(run, PIPETTE_E_MODEL, "%s", text_of(file, LEDGER_MESSAGE, row, &value));
    for (i = 0; i < m->result_count; i++) {
        status = pipette_file_read_one(file, m->results[i].path, row, &value, &error);
        if (status == PIPETTE_E_NOT_FOUND)
            continue; /* a run that did not store it, or a file that has no such result */
        if (status != PIPETTE_OK)
            return pipette_fail(run, status, "%s", error.message);
        status = pipette_put(run, m->results[i].put_path, &value);
        if (status != PIPETTE_OK)
            return status;
    }
    return PIPETTE_OK;
}

/* ---- Results
 * -----------------------------------------------------------------------------------------------------------------------
 */

typedef struct named {
    const char *path;
    const pipette_entry *found;
} named;

static int is_named(const pipette_entry *entry, void *user)
{
    named *n = user;
    if (strcmp(entry->path, n->path) == 0)
        n->found = entry;
    return n->found != NULL;
}

static int is_result(const pipette_entry *entry)
{
    return entry->kind == PIPETTE_ENTRY_COLUMN && entry->role == PIPETTE_ROLE_RESULT;
}

/* "neuron.$.V" of "results.neuron.$.V". */
static const char *put_path_of(const char *path)
{
    return path + strlen("results.");
}

static int add_result(merge *m, const char *path)
{
    merged_result *more = realloc(m->results, (m->result_count + 1u) * sizeof *more);
    if (more == NULL)
        return pipette_error_set(m->error, PIPETTE_E_MEMORY, "out of memory");
    m->results = more;
    more[m->result_count++] = (merged_result){path, put_path_of(path)};
    return PIPETTE_OK;
}

/* Both have it, declared: what is the same in both is declared again. */
static int declare(merge *m, const pipette_entry *a, const pipette_entry *b)
{
    pipette_dimension dimensions[32];
    pipette_result_spec spec = {.size = sizeof spec,
                                .type = a->type,
                                .path = put_path_of(a->path),
                                .unit = a->unit,
                                .doc = a->doc,
                                .dimensions = dimensions,
                                .rank = a->rank,
                                .flags = a->flags & PIPETTE_RETURNED};
    uint32_t i;
    if (a->rank > PIPETTE_COUNT_OF(dimensions))
        return pipette_error_set(m->error, PIPETTE_E_UNSUPPORTED, "%s has too many dimensions to be merged", a->path);
    for (i = 0; i < a->rank; i++) {
        pipette_dimension other;
        element_read(&dimensions[i], sizeof dimensions[i], element_at(a->dimensions, 0, i));
        element_read(&other, sizeof other, element_at(b->dimensions, 0, i));
        if (dimensions[i].extent != other.extent) {
            dimensions[i].extent = PIPETTE_RAGGED;
            dimensions[i].labels = NULL;
        }
        if (dimensions[i].extent == PIPETTE_RAGGED || dimensions[i].start != other.start ||
            dimensions[i].step != other.step)
            dimensions[i].start = dimensions[i].step = 0;
    }
    return pipette_environment_declare(m->environment, &spec, 1);
}

typedef struct result_walk {
    merge *m;
    int which;
    int status;
} result_walk;

static int take_result(const pipette_entry *entry, void *user)
{
    result_walk *w = user;
    merge *m = w->m;
    named n = {entry->path, NULL};
    if (!is_result(entry))
        return 0;
    (void)pipette_file_list(m->files[1 - w->which], is_named, &n, NULL);
    if (n.found != NULL && !is_result(n.found))
        n.found = NULL;
    if (w->which == 1 && n.found != NULL) /* it came with the first file */
        return 0;
    if (n.found != NULL && (n.found->type != entry->type || n.found->rank != entry->rank))
        w->status = pipette_error_set(
            m->error, PIPETTE_E_TYPE, "%s is %s of %u dimensions in one of the files, %s of %u in the other",
            entry->path, pipette_type_text(entry->type), entry->rank, pipette_type_text(n.found->type), n.found->rank);
    else if (n.found != NULL && !(entry->flags & PIPETTE_ENTRY_OPTIONAL) && !(n.found->flags & PIPETTE_ENTRY_OPTIONAL))
        w->status = declare(m, entry, n.found);
    if (w->status == PIPETTE_OK)
        w->status = add_result(m, entry->path);
    return w->status;
}

static int take_results(merge *m)
{
    result_walk w = {m, 0, PIPETTE_OK};
    (void)pipette_file_list(m->files[0], take_result, &w, NULL);
    if (w.status != PIPETTE_OK)
        return w.status;
    w.which = 1;
    (void)pipette_file_list(m->files[1], take_result, &w, NULL);
    return w.status;
}

/* ---- The trajectory
 * ------------------------------------------------------------------------------------------------------------------ */

typedef struct copying {
    pipette_trajectory *to;
    int status;
} copying;

/* What the merged trajectory has not yet. */
static int copy_missing(const pipette_node *node, void *user)
{
    copying *c = user;
    if (!(node->flags & PIPETTE_NODE_LEAF))
        return 0;
    if (trajectory_first_error(c->to)->code != PIPETTE_OK)
        return trajectory_first_error(c->to)->code;
    {
        pipette_node there = {.size = sizeof there};
        if (pipette_find(c->to, node->path, &there) == PIPETTE_OK && strcmp(there.path, node->path) == 0)
            return 0;
    }
    c->status = pipette_add(c->to, node->branch, node->path, &node->value, node->unit, node->comment);
    return c->status;
}

static int add_text(merge *m, const char *path, const char *file, const char *comment)
{
    char *absolute = realpath(file, NULL);
    pipette_value value = pipette_value_string(absolute == NULL ? file : absolute);
    int status = pipette_add(m->merged, PIPETTE_BRANCH_CONFIG, path, &value, "", comment);
    free(absolute);
    return status;
}

static int explain(merge *m, int status)
{
    return status == PIPETTE_OK ? status
                                : pipette_error_set(m->error, status, "%s", pipette_trajectory_message(m->merged));
}

/* Parameters and derived parameters of both, and the points. */
static int make_trajectory(merge *m, pairs *same_points)
{
    copying c = {m->merged, PIPETTE_OK};
    pipette_storage_info info = {.size = sizeof info};
    const char **names = calloc(pairs_parameter_count(same_points) + 1u, sizeof *names);
    uint32_t i;
    int which, status = names == NULL ? pipette_error_set(m->error, PIPETTE_E_MEMORY, "out of memory") : PIPETTE_OK;
    for (which = 0; status == PIPETTE_OK && which < 2; which++) {
        status = pipette_load(m->trajectories[which], "derived_parameters", PIPETTE_LOAD_DATA);
        if (status == PIPETTE_OK)
            status = pipette_walk(m->trajectories[which], "parameters", copy_missing, &c);
        if (status == PIPETTE_OK)
            status = pipette_walk(m->trajectories[which], "derived_parameters", copy_missing, &c);
        status = explain(m, status);
    }
    if (status == PIPETTE_OK)
        status = explain(m, add_text(m, "merge.first", m->options.first, "The file that was merged first"));
    if (status == PIPETTE_OK)
        status = explain(m, add_text(m, "merge.second", m->options.second, "The file that was merged with it"));
    if (status == PIPETTE_OK)
        status = pipette_file_info(m->files[0], &info, m->error);
    if (status == PIPETTE_OK && info.exploration != NULL && info.exploration[0] != '\0')
        status = trajectory_restore(m->merged, info.exploration, m->error);
    for (i = 0; status == PIPETTE_OK && i < pairs_parameter_count(same_points); i++)
        names[i] = pairs_parameter(same_points, i);
    if (status == PIPETTE_OK)
        status = trajectory_join(m->merged, m->trajectories[1], names, pairs_parameter_count(same_points), m->error);
    free(names);
    return status;
}

/* ---- Which run comes from where
 * ---------------------------------------------------------------------------------------------------------- */

static int find_rows(merge *m, int which)
{
    const uint64_t runs = pipette_run_count(m->merged);
    pairs *p = NULL;
    uint64_t first, n;
    int status;
    m->rows[which] = malloc((size_t)(runs + 1) * sizeof **m->rows);
    if (m->rows[which] == NULL)
        return pipette_error_set(m->error, PIPETTE_E_MEMORY, "out of memory for %llu runs", (unsigned long long)runs);
    status = pairs_create(m->merged, m->trajectories[which], 0, &p, m->error);
    for (first = 0; status == PIPETTE_OK && first < runs; first += n) {
        n = runs - first < ROWS ? runs - first : ROWS;
        status = pairs_find(p, first, n, m->rows[which] + first, m->error);
    }
    pairs_destroy(p);
    return status;
}

static int state_of(merge *m, int which, uint64_t run, int8_t *state)
{
    *state = PIPETTE_STATE_PENDING;
    return m->rows[which][run] == PAIRS_NONE ? PIPETTE_OK
                                             : pipette_file_read(m->files[which], LEDGER_STATE, m->rows[which][run], 1,
                                                                 PIPETTE_TYPE_BOOL, state, m->error);
}

static int choose(merge *m)
{
    const uint64_t runs = pipette_run_count(m->merged);
    uint64_t run;
    int status = find_rows(m, 0);
    if (status == PIPETTE_OK)
        status = find_rows(m, 1);
    m->from = calloc((size_t)runs + 1, sizeof *m->from);
    if (status == PIPETTE_OK && m->from == NULL)
        status = pipette_error_set(m->error, PIPETTE_E_MEMORY, "out of memory for %llu runs", (unsigned long long)runs);
    for (run = 0; status == PIPETTE_OK && run < runs; run++) {
        int8_t a, b;
        status = state_of(m, 0, run, &a);
        if (status == PIPETTE_OK)
            status = state_of(m, 1, run, &b);
        if (status != PIPETTE_OK)
            break;
        if (a == PIPETTE_STATE_DONE && b == PIPETTE_STATE_DONE)
            m->from[run] = m->options.prefer == PIPETTE_PREFER_SECOND ? 2 : 1;
        else if (a == PIPETTE_STATE_DONE || b == PIPETTE_STATE_DONE)
            m->from[run] = a == PIPETTE_STATE_DONE ? 1 : 2;
        else if (a != PIPETTE_STATE_PENDING || b != PIPETTE_STATE_PENDING)
            m->from[run] = a != PIPETTE_STATE_PENDING ? 1 : 2;
        m->report.from_first += m->from[run] == 1;
        m->report.from_second += m->from[run] == 2;
        m->report.duplicates += a != PIPETTE_STATE_PENDING && b != PIPETTE_STATE_PENDING;
    }
    m->report.run_count = runs;
    return status;
}

/* The runs that one of the files has, as `runs` of an environment; NULL and no error: all. The caller frees it. */
static char *selection(const merge *m, int *failed)
{
    const uint64_t runs = m->report.run_count;
    char *text = NULL;
    size_t size = 0;
    FILE *out;
    uint64_t run, end;
    if (m->report.from_first + m->report.from_second == runs)
        return NULL;
    out = open_memstream(&text, &size);
    for (run = 0; out != NULL && run < runs; run = end) {
        for (end = run; end < runs && m->from[end] != 0; end++)
            continue;
        if (end > run)
            fprintf(out, "%s%llu-%llu", ftell(out) > 0 ? "," : "", (unsigned long long)run,
                    (unsigned long long)(end - 1));
        end += end == run;
    }
    *failed = out == NULL || fclose(out) != 0;
    return text;
}

/* ---- What the file says of its making
 * ------------------------------------------------------------------------------------------------------ */

typedef struct leaf_copy {
    merge *m;
    stage *storage;
    int status;
} leaf_copy;

static int comes_along(const char *path)
{
    static const char *const own[] = {"config.pipeline.command_line", "config.pipeline.directory",
                                      "config.pipeline.exploration",  "config.pipeline.postprocess",
                                      "config.provenance.",           "config.merge."};
    size_t i;
    for (i = 0; i < sizeof own / sizeof own[0]; i++)
        if (strncmp(path, own[i], strlen(own[i])) == 0)
            return 0;
    return strncmp(path, "config.", 7) == 0;
}

static int copy_leaf(const pipette_entry *entry, void *user)
{
    leaf_copy *c = user;
    const pipette_storage *table = c->storage->descriptor->table;
    pipette_leaf_spec leaf = {.size = sizeof leaf, .path = entry->path, .unit = entry->unit, .comment = entry->doc};
    if (entry->kind != PIPETTE_ENTRY_LEAF || !comes_along(entry->path))
        return 0;
    c->status = pipette_file_read_one(c->m->files[0], entry->path, 0, &leaf.value, c->m->error);
    if (c->status != PIPETTE_OK)
        return c->status;
    stage_clear(c->storage);
    c->status = table->put_leaf(&c->storage->handle, &leaf);
    if (c->status != PIPETTE_OK)
        (void)pipette_error_set(c->m->error, c->status, "%s", c->storage->message);
    return c->status;
}

/* The first file's config and model are those of the merged file. */
static int speak_of_the_first(merge *m)
{
    pipette_storage_info info = {.size = sizeof info};
    pipette_file *out = NULL;
    leaf_copy c = {m, NULL, PIPETTE_OK};
    int status = file_open(m->options.out, m->options.storage, m->options.folders, (uint32_t)m->options.folder_count,
                           PIPETTE_STORAGE_UPDATE, &out, m->error);
    if (status != PIPETTE_OK)
        return status;
    c.storage = file_storage(out);
    status = pipette_file_info(out, &info, m->error);
    if (status == PIPETTE_OK && PIPETTE_HAS((const pipette_storage *)c.storage->descriptor->table, put_leaf) &&
        ((const pipette_storage *)c.storage->descriptor->table)->put_leaf != NULL) {
        (void)pipette_file_list(m->files[0], copy_leaf, &c, NULL);
        status = c.status;
        stage_clear(c.storage);
        if (status == PIPETTE_OK &&
            ((const pipette_storage *)c.storage->descriptor->table)->finish(&c.storage->handle, (int)info.finished) !=
                PIPETTE_OK)
            status = pipette_error_set(m->error, PIPETTE_E_STORAGE, "%s", c.storage->message);
    }
    file_leave(out);
    pipette_file_destroy(out);
    return status;
}

/* ---- The whole
 * ------------------------------------------------------------------------------------------------------------------------------
 */

static int note_difference(uint64_t run, uint64_t there, const char *path, const char *text, void *user)
{
    merge *m = user;
    if (run == PIPETTE_DEFAULT_RUN || strcmp(path, LEDGER_STATE) == 0)
        return 0;
    m->report.unequal++;
    return m->options.prefer == PIPETTE_PREFER_NONE && m->visit != NULL ? m->visit(run, there, path, text, m->user) : 0;
}

static int count_damage(uint64_t damaged_run, const char *path, const char *text, void *user)
{
    (void)damaged_run;
    (void)path;
    (void)text;
    (void)user;
    return 0;
}

/* What has rotted must not be given a new checksum. */
static int verify(merge *m, const char *file)
{
    const pipette_verify_options o = {.size = sizeof o,
                                      .folder_count = (uint32_t)m->options.folder_count,
                                      .file = file,
                                      .storage = m->options.storage,
                                      .folders = m->options.folders};
    pipette_verify_report report = {.size = sizeof report};
    int status = pipette_verify(&o, count_damage, NULL, &report, m->error);
    if (status == PIPETTE_OK && !report.sound)
        return pipette_error_set(
            m->error, PIPETTE_E_STORAGE,
            "%s is damaged: `pipette check %s` says where, `pipette run CONFIG --repair` does it again", file, file);
    return status;
}

static int is_same_file(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static int compare(merge *m)
{
    const pipette_diff_options o = {.first = m->options.first,
                                    .second = m->options.second,
                                    .storage = m->options.storage,
                                    .folders = m->options.folders,
                                    .folder_count = m->options.folder_count};
    pipette_diff_report report;
    int status = PIPETTE_OK;
    if (m->options.first == NULL || m->options.second == NULL || m->options.out == NULL)
        return pipette_error_set(m->error, PIPETTE_E_INVALID,
                                 "two files are merged into a third one: one of them is not named");
    if (is_same_file(m->options.first, m->options.out) || is_same_file(m->options.second, m->options.out))
        return pipette_error_set(m->error, PIPETTE_E_INVALID,
                                 "%s is one of the files that are merged: name another one", m->options.out);
    status = verify(m, m->options.first);
    if (status == PIPETTE_OK)
        status = verify(m, m->options.second);
    if (status == PIPETTE_OK)
        status = diff_files(&o, 1, note_difference, m, &report, m->error);
    if (status == PIPETTE_OK && m->report.unequal > 0 && m->options.prefer == PIPETTE_PREFER_NONE)
        return pipette_error_set(
            m->error, PIPETTE_E_EXISTS,
            "%s and %s have results at the same points that differ: say whose count (prefer), or compare them with "
            "`pipette diff`",
            m->options.first, m->options.second);
    return status;
}

static int open_files(merge *m)
{
    pipette_load_options levels = pipette_load_defaults();
    int which, status = PIPETTE_OK;
    levels.storage = m->options.storage;
    levels.folders = m->options.folders;
    levels.folder_count = m->options.folder_count;
    for (which = 0; status == PIPETTE_OK && which < 2; which++) {
        status = pipette_trajectory_load(which == 0 ? m->options.first : m->options.second, &levels,
                                         &m->trajectories[which], m->error);
        if (status == PIPETTE_OK)
            m->files[which] = pipette_trajectory_file(m->trajectories[which]);
    }
    return status;
}

/* With `runs`, what is stored: else the environment on which the trajectory is made. */
static int open_environment(merge *m, const char *runs)
{
    pipette_environment_options o = pipette_environment_defaults();
    pipette_storage_info info = {.size = sizeof info};
    pipette_value version;
    int status = pipette_file_info(m->files[0], &info, m->error);
    if (status != PIPETTE_OK)
        return status;
    o.trajectory = info.name;
    o.comment = info.comment;
    o.file = m->options.out;
    o.storage = m->options.storage;
    o.folders = m->options.folders;
    o.folder_count = m->options.folder_count;
    o.runs = runs;
    o.workers = m->options.workers;
    o.overwrite = m->options.overwrite;
    o.version = text_of(m->files[0], "config.plugins.model_version", 0, &version);
    o.progress = m->options.progress;
    o.log = m->options.log;
    o.user = m->options.user;
    m->environment = pipette_environment_open(&o);
    if (m->environment == NULL)
        return pipette_error_set(m->error, PIPETTE_E_MEMORY, "out of memory");
    m->environment->played = 1;
    m->merged = pipette_environment_trajectory(m->environment);
    return pipette_environment_error(m->environment)->code;
}

static int prepare(merge *m)
{
    pairs *same_points = NULL;
    char *runs = NULL;
    int failed = 0, status = open_files(m);
    if (status == PIPETTE_OK)
        status = pairs_create(m->trajectories[0], m->trajectories[1], 1, &same_points, m->error);
    if (status == PIPETTE_OK)
        status = open_environment(m, NULL);
    if (status == PIPETTE_OK)
        status = make_trajectory(m, same_points);
    if (status == PIPETTE_OK)
        status = choose(m);
    if (status == PIPETTE_OK) {
        runs = selection(m, &failed);
        if (failed)
            status = pipette_error_set(m->error, PIPETTE_E_MEMORY, "out of memory");
        else if (runs != NULL)
            m->environment->options.runs = arena_text(m->environment->memory, runs, strlen(runs));
    }
    free(runs);
    pairs_destroy(same_points);
    return status == PIPETTE_OK ? take_results(m) : status;
}

static int run(merge *m)
{
    pipette_value model;
    char name[128];
    const pipette_report *report;
    int status;
    (void)snprintf(name, sizeof name, "%.120s", text_of(m->files[0], "config.plugins.model", 0, &model));
    status = pipette_environment_run_named(m->environment, name, play, m);
    report = pipette_environment_report(m->environment);
    if (status == PIPETTE_OK && report != NULL) {
        m->report.pending_count = report->pending_count;
        status = report->interrupted ? PIPETTE_OK : speak_of_the_first(m);
    }
    return status;
}

int pipette_merge_sized(const pipette_merge_options *options, size_t size, pipette_diff_visit visit, void *user,
                        pipette_merge_report *report, pipette_error *error)
{
    pipette_error own = {0};
    merge m = {.visit = visit, .user = user, .error = &own};
    int status;
    memcpy(&m.options, options, size < sizeof m.options ? size : sizeof m.options);
    status = compare(&m);
    if (status == PIPETTE_OK)
        status = prepare(&m);
    if (status == PIPETTE_OK)
        status = run(&m);
    if (status < 0 && own.code == PIPETTE_OK && m.environment != NULL)
        own = *pipette_environment_error(m.environment);
    *report = m.report;
    if (m.environment != NULL)
        (void)pipette_environment_close(m.environment, NULL);
    pipette_trajectory_destroy(m.trajectories[0]);
    pipette_trajectory_destroy(m.trajectories[1]);
    free(m.rows[0]);
    free(m.rows[1]);
    free(m.from);
    free(m.results);
    if (status < 0 && error != NULL)
        *error = own;
    return status;
}
