/* play.c: what runs of result files have stored, as runs of another experiment. */
#include "program/play.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/element.h"
#include "trajectory/name.h"

/* ---- Playing a run ---- */

static const char *text_of(pipette_file *file, const char *path, uint64_t row, pipette_value *value)
{
    if (pipette_file_read_one(file, path, row, value, NULL) != PIPETTE_OK || value->type != PIPETTE_TYPE_STRING ||
        value->rank > 0 || value->as.string == NULL)
        return "";
    return value->as.string;
}

static int play(pipette_run *run, void *user)
{
    const player *p = user;
    const int which = p->from[run->index] - 1;
    pipette_file *file = p->files[which];
    const uint64_t row = p->rows[which][run->index];
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
    for (i = 0; i < p->result_count; i++) {
        status = pipette_file_read_one(file, p->results[i].path, row, &value, &error);
        if (status == PIPETTE_E_NOT_FOUND)
            continue; /* a run that did not store it, or a file that has no such result */
        if (status != PIPETTE_OK)
            return pipette_fail(run, status, "%s", error.message);
        status = pipette_put(run, p->results[i].put_path, &value);
        if (status != PIPETTE_OK)
            return status;
    }
    return PIPETTE_OK;
}

/* ---- Results ---- */

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

static int add_result(player *p, const char *path)
{
    played_result *more = realloc(p->results, (p->result_count + 1u) * sizeof *more);
    if (more == NULL)
        return pipette_error_set(p->error, PIPETTE_E_MEMORY, "out of memory");
    p->results = more;
    more[p->result_count++] = (played_result){path, put_path_of(path)};
    return PIPETTE_OK;
}

/* By the last part, or the whole without `$`: "V", "neuron.V". */
static int is_omitted(const player *p, const char *path)
{
    uint32_t i;
    for (i = 0; i < p->omit_count; i++)
        if (name_fits(path, p->omit[i]))
            return 1;
    return 0;
}

/* Both have it, declared: what is the same in both is declared again. */
static int declare(player *p, const pipette_entry *a, const pipette_entry *b)
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
        return pipette_error_set(p->error, PIPETTE_E_UNSUPPORTED, "%s has too many dimensions to be merged", a->path);
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
    return pipette_environment_declare(p->environment, &spec, 1);
}

/* Whether some run comes from that file. */
static int plays(const player *p, int which)
{
    uint64_t run;
    for (run = 0; run < p->run_count; run++)
        if (p->from[run] == which + 1)
            return 1;
    return 0;
}

typedef struct result_walk {
    player *p;
    int which;
    int status;
} result_walk;

static int take_result(const pipette_entry *entry, void *user)
{
    result_walk *w = user;
    player *p = w->p;
    named n = {entry->path, NULL};
    if (!is_result(entry) || is_omitted(p, entry->path) || !plays(p, w->which))
        return 0;
    if (plays(p, 1 - w->which))
        (void)pipette_file_list(p->files[1 - w->which], is_named, &n, NULL);
    else
        n.found = entry; /* all runs have it */
    if (n.found != NULL && !is_result(n.found))
        n.found = NULL;
    if (w->which == 1 && n.found != NULL && n.found != entry) /* it came with the first file */
        return 0;
    if (n.found != NULL && (n.found->type != entry->type || n.found->rank != entry->rank))
        w->status = pipette_error_set(
            p->error, PIPETTE_E_TYPE, "%s is %s of %u dimensions in one of the files, %s of %u in the other",
            entry->path, pipette_type_text(entry->type), entry->rank, pipette_type_text(n.found->type), n.found->rank);
    else if (n.found != NULL && !(entry->flags & PIPETTE_ENTRY_OPTIONAL) && !(n.found->flags & PIPETTE_ENTRY_OPTIONAL))
        w->status = declare(p, entry, n.found);
    if (w->status == PIPETTE_OK)
        w->status = add_result(p, entry->path);
    return w->status;
}

int player_results(player *p)
{
    result_walk w = {p, 0, PIPETTE_OK};
    (void)pipette_file_list(p->files[0], take_result, &w, NULL);
    if (w.status != PIPETTE_OK)
        return w.status;
    w.which = 1;
    if (p->file_count > 1)
        (void)pipette_file_list(p->files[1], take_result, &w, NULL);
    return w.status;
}

/* The runs that one of the files has, as `runs` of an environment; NULL and no error: all. The caller frees it. */
static char *selection(const player *p, int *failed)
{
    const uint64_t runs = p->run_count;
    char *text = NULL;
    size_t size = 0;
    FILE *out;
    uint64_t run, end;
    for (run = 0; run < runs && p->from[run] != 0; run++)
        continue;
    if (run == runs)
        return NULL;
    out = open_memstream(&text, &size);
    for (run = 0; out != NULL && run < runs; run = end) {
        for (end = run; end < runs && p->from[end] != 0; end++)
            continue;
        if (end > run)
            fprintf(out, "%s%llu-%llu", ftell(out) > 0 ? "," : "", (unsigned long long)run,
                    (unsigned long long)(end - 1));
        end += end == run;
    }
    *failed = out == NULL || fclose(out) != 0;
    return text;
}

/* ---- What the file says of its making ---- */

typedef struct leaf_copy {
    player *p;
    stage *storage;
    int status;
} leaf_copy;

static int comes_along(const char *path)
{
    static const char *const own[] = {"config.pipeline.command_line",
                                      "config.pipeline.directory",
                                      "config.pipeline.exploration",
                                      "config.pipeline.postprocess",
                                      "config.provenance.",
                                      "config.merge.",
                                      "config.part_of."};
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
    c->status = pipette_file_read_one(c->p->files[0], entry->path, 0, &leaf.value, c->p->error);
    if (c->status != PIPETTE_OK)
        return c->status;
    stage_clear(c->storage);
    c->status = table->put_leaf(&c->storage->handle, &leaf);
    if (c->status != PIPETTE_OK)
        (void)pipette_error_set(c->p->error, c->status, "%s", c->storage->message);
    return c->status;
}

/* The first file's config and model are those of the merged file. */
static int speak_of_the_first(player *p)
{
    pipette_storage_info info = {.size = sizeof info};
    pipette_file *out = NULL;
    leaf_copy c = {p, NULL, PIPETTE_OK};
    int status = file_open(p->out, p->levels.storage, p->levels.folders, (uint32_t)p->levels.folder_count,
                           PIPETTE_STORAGE_UPDATE, &out, p->error);
    if (status != PIPETTE_OK)
        return status;
    c.storage = file_storage(out);
    status = pipette_file_info(out, &info, p->error);
    if (status == PIPETTE_OK && PIPETTE_HAS((const pipette_storage *)c.storage->descriptor->table, put_leaf) &&
        ((const pipette_storage *)c.storage->descriptor->table)->put_leaf != NULL) {
        (void)pipette_file_list(p->files[0], copy_leaf, &c, NULL);
        status = c.status;
        stage_clear(c.storage);
        if (status == PIPETTE_OK &&
            ((const pipette_storage *)c.storage->descriptor->table)->finish(&c.storage->handle, (int)info.finished) !=
                PIPETTE_OK)
            status = pipette_error_set(p->error, PIPETTE_E_STORAGE, "%s", c.storage->message);
    }
    file_leave(out);
    pipette_file_destroy(out);
    return status;
}

/* ---- The whole ---- */

int player_open(player *p, const char *const *paths, uint32_t count)
{
    uint32_t i;
    int status = PIPETTE_OK;
    p->file_count = count;
    for (i = 0; status == PIPETTE_OK && i < count; i++) {
        status = pipette_trajectory_load(paths[i], &p->levels, &p->trajectories[i], p->error);
        if (status == PIPETTE_OK)
            p->files[i] = pipette_trajectory_file(p->trajectories[i]);
    }
    return status;
}

int player_begin(player *p, const pipette_environment_options *options)
{
    pipette_environment_options o = *options;
    pipette_storage_info info = {.size = sizeof info};
    pipette_value version;
    int status = pipette_file_info(p->files[0], &info, p->error);
    if (status != PIPETTE_OK)
        return status;
    p->out = options->file;
    o.trajectory = info.name;
    o.comment = info.comment;
    o.storage = p->levels.storage;
    o.folders = p->levels.folders;
    o.folder_count = p->levels.folder_count;
    o.version = text_of(p->files[0], "config.plugins.model_version", 0, &version);
    p->environment = pipette_environment_open(&o);
    if (p->environment == NULL)
        return pipette_error_set(p->error, PIPETTE_E_MEMORY, "out of memory");
    p->environment->played = 1;
    p->trajectory = pipette_environment_trajectory(p->environment);
    if (pipette_environment_error(p->environment)->code != PIPETTE_OK)
        *p->error = *pipette_environment_error(p->environment);
    return pipette_environment_error(p->environment)->code;
}

typedef struct copying {
    pipette_trajectory *to;
    int status;
} copying;

/* What the trajectory has not yet. */
static int copy_missing(const pipette_node *node, void *user)
{
    copying *c = user;
    pipette_node there = {.size = sizeof there};
    if (!(node->flags & PIPETTE_NODE_LEAF) ||
        (pipette_find(c->to, node->path, &there) == PIPETTE_OK && strcmp(there.path, node->path) == 0))
        return 0;
    c->status = pipette_add(c->to, node->branch, node->path, &node->value, node->unit, node->comment);
    return c->status;
}

int player_explain(player *p, int status)
{
    return status == PIPETTE_OK ? status
                                : pipette_error_set(p->error, status, "%s", pipette_trajectory_message(p->trajectory));
}

int player_note_file(player *p, const char *path, const char *file, const char *comment)
{
    char *absolute = realpath(file, NULL);
    pipette_value value = pipette_value_string(absolute == NULL ? file : absolute);
    int status = pipette_add(p->trajectory, PIPETTE_BRANCH_CONFIG, path, &value, "", comment);
    free(absolute);
    return player_explain(p, status);
}

int player_parameters(player *p)
{
    copying c = {p->trajectory, PIPETTE_OK};
    pipette_storage_info info = {.size = sizeof info};
    uint32_t i;
    int status = PIPETTE_OK;
    for (i = 0; status == PIPETTE_OK && i < p->file_count; i++) {
        status = pipette_load(p->trajectories[i], "derived_parameters", PIPETTE_LOAD_DATA);
        if (status == PIPETTE_OK)
            status = pipette_walk(p->trajectories[i], "parameters", copy_missing, &c);
        if (status == PIPETTE_OK)
            status = pipette_walk(p->trajectories[i], "derived_parameters", copy_missing, &c);
        status = player_explain(p, status);
    }
    if (status == PIPETTE_OK)
        status = pipette_file_info(p->files[0], &info, p->error);
    if (status == PIPETTE_OK && info.exploration != NULL && info.exploration[0] != '\0')
        status = trajectory_restore(p->trajectory, info.exploration, p->error);
    return status;
}

int player_rows(player *p)
{
    uint64_t i;
    uint32_t k;
    p->run_count = pipette_run_count(p->trajectory);
    p->from = calloc((size_t)p->run_count + 1, sizeof *p->from);
    if (p->from == NULL)
        return pipette_error_set(p->error, PIPETTE_E_MEMORY, "out of memory for %llu runs",
                                 (unsigned long long)p->run_count);
    for (k = 0; k < p->file_count; k++) {
        p->rows[k] = malloc((size_t)(p->run_count + 1) * sizeof **p->rows);
        if (p->rows[k] == NULL)
            return pipette_error_set(p->error, PIPETTE_E_MEMORY, "out of memory for %llu runs",
                                     (unsigned long long)p->run_count);
        for (i = 0; i < p->run_count; i++)
            p->rows[k][i] = PLAYER_NO_ROW;
    }
    return PIPETTE_OK;
}

int player_run(player *p, uint64_t *pending)
{
    pipette_value model;
    char name[128], *runs;
    const pipette_report *report;
    int failed = 0, status = player_results(p);
    if (status != PIPETTE_OK)
        return status;
    runs = selection(p, &failed);
    if (runs != NULL)
        p->environment->options.runs = arena_text(p->environment->memory, runs, strlen(runs));
    failed |= runs != NULL && p->environment->options.runs == NULL;
    free(runs);
    if (failed)
        return pipette_error_set(p->error, PIPETTE_E_MEMORY, "out of memory");
    (void)snprintf(name, sizeof name, "%.120s", text_of(p->files[0], "config.plugins.model", 0, &model));
    status = pipette_environment_run_named(p->environment, name, play, p);
    if (status != PIPETTE_OK) {
        *p->error = *pipette_environment_error(p->environment);
        return status;
    }
    report = pipette_environment_report(p->environment);
    *pending = report->pending_count;
    return report->interrupted ? PIPETTE_OK : speak_of_the_first(p);
}

void player_free(player *p)
{
    uint32_t i;
    if (p->environment != NULL)
        (void)pipette_environment_close(p->environment, NULL);
    for (i = 0; i < 2; i++) {
        pipette_trajectory_destroy(p->trajectories[i]);
        free(p->rows[i]);
    }
    free(p->from);
    free(p->results);
}

static int nothing(uint64_t damaged_run, const char *path, const char *text, void *user)
{
    (void)damaged_run;
    (void)path;
    (void)text;
    (void)user;
    return 0;
}

int player_verify(player *p, const char *file)
{
    const pipette_verify_options o = {.size = sizeof o,
                                      .folder_count = (uint32_t)p->levels.folder_count,
                                      .file = file,
                                      .storage = p->levels.storage,
                                      .folders = p->levels.folders};
    pipette_verify_report report = {.size = sizeof report};
    int status = pipette_verify(&o, nothing, NULL, &report, p->error);
    if (status == PIPETTE_OK && !report.sound)
        return pipette_error_set(
            p->error, PIPETTE_E_STORAGE,
            "%s is damaged: `pipette check %s` says where, `pipette run CONFIG --repair` does it again", file, file);
    return status;
}

int player_is_same_file(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}
