/* resume.c: what the result file holds already, and which rows are still to be run. */
#include "pipeline/explored.h"
#include "pipeline/resume.h"
#include "pipeline/verify.h"

#include <stdlib.h>

#define BLOCK 65536u
#define FINDINGS_TOLD 20u

static void rows_free(resume_rows *rows)
{
    free(rows->spans);
    memset(rows, 0, sizeof *rows);
}

void resume_free(resume *r)
{
    rows_free(&r->rows);
    rows_free(&r->retried);
    rows_free(&r->damaged);
    free(r->changes);
    memset(r, 0, sizeof *r);
}

static int add_rows(resume_rows *rows, uint64_t first, uint64_t count, pipette_error *error)
{
    if (count == 0)
        return PIPETTE_OK;
    rows->row_count += count;
    if (rows->count > 0 && rows->spans[rows->count - 1].first + rows->spans[rows->count - 1].count == first) {
        rows->spans[rows->count - 1].count += count;
        return PIPETTE_OK;
    }
    if (rows->count == rows->capacity) {
        uint64_t capacity = rows->capacity == 0 ? 16 : 2 * rows->capacity;
        pipette_run_span *more = realloc(rows->spans, (size_t)capacity * sizeof *more);
        if (more == NULL)
            return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
        rows->spans = more;
        rows->capacity = capacity;
    }
    rows->spans[rows->count++] = (pipette_run_span){first, count};
    return PIPETTE_OK;
}

static int storage_failed(pipette_pipeline *p, int status, pipette_error *error)
{
    (void)stage_error(&p->storage, status, NULL, error);
    return PIPETTE_E_STORAGE;
}

/* ---- Selections ---- */

/* Puts the file's spans first; what the pipeline asks for beyond them follows as new rows. The file's own are kept in
 * their order. */
static int join_selection(pipette_pipeline *p, const pipette_run_span *stored, uint32_t stored_count,
                          pipette_error *error)
{
    uint64_t capacity = stored_count + (uint64_t)p->span_count * (stored_count + 1u) + 1u;
    pipette_run_span *joined = malloc((size_t)capacity * sizeof *joined),
                     *sorted = malloc((stored_count + 1u) * sizeof *sorted);
    uint32_t count = stored_count, i, j;
    if (joined == NULL || sorted == NULL) {
        free(joined);
        free(sorted);
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    }
    memcpy(joined, stored, stored_count * sizeof *joined);
    memcpy(sorted, stored, stored_count * sizeof *sorted);
    for (i = 1; i < stored_count; i++) /* insertion sort: they are few, and nearly always in order */
        for (j = i; j > 0 && sorted[j].first < sorted[j - 1].first; j--) {
            pipette_run_span other = sorted[j];
            sorted[j] = sorted[j - 1];
            sorted[j - 1] = other;
        }
    for (i = 0; i < p->span_count; i++) {
        uint64_t at = p->spans[i].first, end = at + p->spans[i].count;
        for (j = 0; j < stored_count && at < end; j++) {
            uint64_t from = sorted[j].first, to = from + sorted[j].count;
            if (to <= at)
                continue;
            if (from > at)
                joined[count++] = (pipette_run_span){at, (from < end ? from : end) - at};
            at = to;
        }
        if (at < end)
            joined[count++] = (pipette_run_span){at, end - at};
    }
    for (i = 1, j = 0; i < count; i++) /* what touches in runs and in rows is one span */
        if (joined[j].first + joined[j].count == joined[i].first)
            joined[j].count += joined[i].count;
        else
            joined[++j] = joined[i];
    count = count == 0 ? 0 : j + 1;
    free(sorted);
    free(p->spans);
    p->spans = joined;
    p->span_count = count;
    p->row_count = 0;
    for (i = 0; i < count; i++)
        p->row_count += joined[i].count;
    return PIPETTE_OK;
}

static int asked_for(const pipette_pipeline *p, uint64_t run)
{
    uint32_t i;
    for (i = 0; i < p->wanted_count; i++)
        if (run >= p->wanted[i].first && run - p->wanted[i].first < p->wanted[i].count)
            return 1;
    return 0;
}

/* Remembers what was asked for, before the file's own rows come into it. */
static int keep_wanted(pipette_pipeline *p, pipette_error *error)
{
    free(p->wanted);
    p->wanted = malloc((p->span_count + 1u) * sizeof *p->wanted);
    if (p->wanted == NULL)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    memcpy(p->wanted, p->spans, p->span_count * sizeof *p->spans);
    p->wanted_count = p->span_count;
    return PIPETTE_OK;
}

/* What the file's checksums are, if it has any. */
static int find_checksums(const pipette_entry *entry, void *user)
{
    pipette_pipeline *p = user;
    if (entry->kind == PIPETTE_ENTRY_COLUMN && strcmp(entry->path, LEDGER_CHECKSUM) == 0)
        p->checksum_type = entry->type;
    return 0;
}

/* ---- Looking ---- */

static int take_points(pipette_pipeline *p, resume *r, const pipette_storage_info *info, pipette_error *error)
{
    pipette_error why = {0};
    const char *text = info->exploration == NULL || info->exploration[0] == '\0' ? NULL : info->exploration;
    exploration *stored = NULL;
    int status = PIPETTE_OK;
    if (text != NULL)
        status = exploration_parse(text, &stored, &why);
    if (status == PIPETTE_OK) {
        r->old_explored = stored == NULL ? 0 : exploration_parameter_count(stored);
        exploration_destroy(stored);
        status = trajectory_continue(p->trajectory, text, &why);
    }
    if (status != PIPETTE_OK)
        return pipette_error_set(error, PIPETTE_E_STORAGE,
                                 "%s: its runs and those of the config do not go together: %s; name another file, or "
                                 "replace it with --overwrite",
                                 p->file, why.message);
    status = select_runs(p, p->options.runs, error);
    if (status == PIPETTE_OK)
        status = keep_wanted(p, error);
    if (status == PIPETTE_OK)
        status = join_selection(p, info->spans, info->span_count, error);
    p->report.run_count = pipette_run_count(p->trajectory);
    return status;
}

int resume_look(pipette_pipeline *p, resume *r, pipette_error *error)
{
    const pipette_storage *storage = pipeline_storage(p);
    pipette_storage_info info = {.size = sizeof info};
    int status;
    stage_clear(&p->storage);
    status = storage->create(&p->storage.handle);
    if (status != PIPETTE_OK)
        return storage_failed(p, status, error);
    p->storage.created = 1;
    status = keep_wanted(p, error);
    if (status != PIPETTE_OK)
        return status;
    status = storage->open(&p->storage.handle, p->file,
                           p->options.overwrite ? PIPETTE_STORAGE_REPLACE : PIPETTE_STORAGE_CREATE);
    if (status != PIPETTE_E_EXISTS || p->options.overwrite)
        return status == PIPETTE_OK ? status : storage_failed(p, status, error);
    stage_clear(&p->storage);
    status = storage->open(&p->storage.handle, p->file, PIPETTE_STORAGE_UPDATE);
    if (status == PIPETTE_OK)
        status = storage->info(&p->storage.handle, &info);
    if (status == PIPETTE_OK)
        status = storage->list(&p->storage.handle, find_checksums, p);
    if (status != PIPETTE_OK)
        return storage_failed(p, status, error);
    if (strcmp(info.name, trajectory_name(p->trajectory)) != 0)
        return pipette_error_set(
            error, PIPETTE_E_STORAGE,
            "%s: holds trajectory '%s', not '%s'; name another file, or replace it with --overwrite", p->file,
            info.name, trajectory_name(p->trajectory));
    r->exists = 1;
    r->finished = (int)info.finished;
    r->old_rows = info.row_count;
    return take_points(p, r, &info, error);
}

/* ---- Comparing ---- */

static int same_value(const pipette_value *a, const pipette_value *b)
{
    uint64_t count, i;
    if (a->type != b->type || a->rank != b->rank)
        return 0;
    for (i = 0; i < a->rank; i++)
        if (a->shape[i] != b->shape[i])
            return 0;
    count = pipette_value_count(a);
    if (a->type != PIPETTE_TYPE_STRING)
        return memcmp(pipette_value_data(a), pipette_value_data(b), (size_t)count * pipette_type_size(a->type)) == 0;
    for (i = 0; i < count; i++) {
        const char *x = ((const char *const *)pipette_value_data(a))[i],
                   *y = ((const char *const *)pipette_value_data(b))[i];
        if (strcmp(x == NULL ? "" : x, y == NULL ? "" : y) != 0)
            return 0;
    }
    return 1;
}

#define BUILD "config.plugins.model_build_id"
#define LIBRARIES "config.plugins.model_libraries"

/* Older files say nothing of models without a build-id, and of libraries. */
static int identifies(const char *path)
{
    return strcmp(path, BUILD) == 0;
}

/* A program is compiled anew all day; its version, if it says one, is what counts. */
static int may_differ(const pipette_pipeline *p, const char *path)
{
    return p->program != NULL && (strcmp(path, BUILD) == 0 || strcmp(path, LIBRARIES) == 0);
}

static int is_empty(const pipette_value *value)
{
    return value->type == PIPETTE_TYPE_STRING && value->rank == 0 &&
           (value->as.string == NULL || value->as.string[0] == '\0');
}

/* What a value is called if it decides results and so must be what it was; NULL: it may change. */
static const char *decides_results(const char *path)
{
    static const char *const names[][2] = {{"config.pipeline.seed", "seed"},
                                           {"config.plugins.model", "model"},
                                           {"config.plugins.model_version", "version of the model"},
                                           {BUILD, "build of the model"},
                                           {LIBRARIES, "libraries of the model"}};
    size_t i;
    for (i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(path, names[i][0]) == 0)
            return names[i][1];
    return strncmp(path, "parameters.", 11) == 0 || strncmp(path, "derived_parameters.", 19) == 0 ? path : NULL;
}

static void as_text(const pipette_value *value, char *out, size_t size)
{
    switch (value->rank == 0 ? value->type : PIPETTE_TYPE_NONE) {
    case PIPETTE_TYPE_F64:
        (void)snprintf(out, size, "%.17g", value->as.f64);
        break;
    case PIPETTE_TYPE_F32:
        (void)snprintf(out, size, "%.9g", (double)value->as.f32);
        break;
    case PIPETTE_TYPE_I64:
        (void)snprintf(out, size, "%lld", (long long)value->as.i64);
        break;
    case PIPETTE_TYPE_I32:
        (void)snprintf(out, size, "%ld", (long)value->as.i32);
        break;
    case PIPETTE_TYPE_U64:
        (void)snprintf(out, size, "%llu", (unsigned long long)value->as.u64);
        break;
    case PIPETTE_TYPE_BOOL:
        (void)snprintf(out, size, "%s", value->as.boolean ? "true" : "false");
        break;
    case PIPETTE_TYPE_STRING:
        (void)snprintf(out, size, "%.60s", value->as.string == NULL ? "" : value->as.string);
        break;
    default:
        (void)snprintf(out, size, "another array");
        break;
    }
}

/* Appends "tau_V: 10 -> 20" to the changes. */
static int note_change(resume *r, const char *what, const char *was, const char *is, pipette_error *error)
{
    size_t used = r->changes == NULL ? 0 : strlen(r->changes), more = strlen(what) + strlen(was) + strlen(is) + 16;
    char *longer = realloc(r->changes, used + more);
    if (longer == NULL)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    r->changes = longer;
    (void)snprintf(longer + used, more, "%s%s: %s -> %s", used == 0 ? "" : "; ", what, was, is);
    return PIPETTE_OK;
}

static int compare(pipette_pipeline *p, resume *r, pipette_error *error)
{
    const pipette_storage *storage = pipeline_storage(p);
    uint32_t i;
    int status = PIPETTE_OK, other_model = 0, refused = 0;
    for (i = 0; status == PIPETTE_OK && i < p->layout.leaf_count; i++) {
        const pipette_leaf_spec *leaf = &p->leaves[i];
        const char *what = decides_results(leaf->path);
        pipette_value stored = pipette_value_none();
        char was[80] = "absent", is[80];
        if (what == NULL || (may_differ(p, leaf->path) && p->program->versioned))
            continue;
        if (storage->read_one(&p->storage.handle, leaf->path, 0, &stored) == PIPETTE_OK) {
            if (same_value(&stored, &leaf->value) || (identifies(leaf->path) && is_empty(&stored)))
                continue;
            as_text(&stored, was, sizeof was);
        } else if (strcmp(leaf->path, LIBRARIES) == 0) {
            stage_clear(&p->storage);
            continue;
        }
        stage_clear(&p->storage);
        as_text(&leaf->value, is, sizeof is);
        status = note_change(r, what, was, is, error);
        refused |= !may_differ(p, leaf->path);
        other_model |= strncmp(leaf->path, "config.plugins.model", 20) == 0;
    }
    /* The default of a parameter that is explored only now is what the old runs had. */
    for (i = r->old_explored; status == PIPETTE_OK && i < pipette_explored_count(p->trajectory); i++) {
        const char *path = p->columns[i].path;
        pipette_node node = {.size = sizeof node};
        pipette_value stored = pipette_value_none();
        char was[80], is[80];
        if (pipette_find(p->trajectory, path, &node) != PIPETTE_OK ||
            storage->read_one(&p->storage.handle, path, 0, &stored) != PIPETTE_OK || same_value(&stored, &node.value)) {
            stage_clear(&p->storage);
            continue;
        }
        as_text(&stored, was, sizeof was);
        as_text(&node.value, is, sizeof is);
        status = note_change(r, path, was, is, error);
        refused = 1;
    }
    if (status != PIPETTE_OK || r->changes == NULL)
        return status;
    if (!p->options.accept_changes && refused)
        return pipette_error_set(
            error, other_model ? PIPETTE_E_PLUGIN : PIPETTE_E_STORAGE,
            "%s: was made otherwise (%.700s); name another file, replace it with %s, or go on with %s", p->file,
            r->changes, p->program == NULL ? "--overwrite" : "overwrite = 1",
            p->program == NULL ? "--accept-changes" : "accept_changes = 1");
    pipeline_log(p, PIPETTE_LOG_WARNING, "going on although the file was made otherwise (%.700s)", r->changes);
    r->grows = 1;
    return PIPETTE_OK;
}

static int may_replace(const char *path, void *user)
{
    (void)path;
    return ((const pipette_pipeline *)user)->program != NULL;
}

/* What was accepted stands in the file, after what was accepted before. */
static int record_changes(pipette_pipeline *p, const resume *r, pipette_error *error)
{
    static const char path[] = "config.pipeline.accepted_changes";
    pipette_value stored = pipette_value_none(), all;
    pipette_node node = {.size = sizeof node};
    char *text;
    size_t size = 64;
    int status, before;
    before = pipeline_storage(p)->read_one(&p->storage.handle, path, 0, &stored) == PIPETTE_OK &&
             stored.type == PIPETTE_TYPE_STRING;
    stage_clear(&p->storage);
    if (r->changes == NULL && !before)
        return PIPETTE_OK;
    size += (before ? strlen(stored.as.string) : 0) + (r->changes == NULL ? 0 : strlen(r->changes));
    text = malloc(size);
    if (text == NULL)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    (void)snprintf(text, size, "%s%s%s", before ? stored.as.string : "", before && r->changes != NULL ? "\n" : "",
                   r->changes == NULL ? "" : r->changes);
    all = pipette_value_string(text);
    status = trajectory_put(p->trajectory, PIPETTE_BRANCH_CONFIG, path + strlen("config."), &all, "",
                            "What was changed and accepted between runs", may_replace, p, &node);
    free(text);
    if (status != PIPETTE_OK)
        return pipette_error_set(error, status, "%s", pipette_trajectory_message(p->trajectory));
    return layout_build(p, error);
}

/* True if the stages behind the runs are others than those that finished the file. */
static int postprocess_differs(pipette_pipeline *p)
{
    static const char path[] = "config.pipeline.postprocess";
    uint32_t i;
    if (p->program != NULL && p->program->postprocess_count > 0) /* who knows what its functions do now */
        return 1;
    for (i = 0; i < p->layout.leaf_count; i++) {
        pipette_value stored = pipette_value_none();
        if (strcmp(p->leaves[i].path, path) != 0)
            continue;
        if (pipeline_storage(p)->read_one(&p->storage.handle, path, 0, &stored) == PIPETTE_OK)
            return !same_value(&stored, &p->leaves[i].value);
        stage_clear(&p->storage);
        return 1;
    }
    return 0;
}

/* ---- Rows ---- */

static int bad_end(int8_t state)
{
    return state == PIPETTE_STATE_FAILED || state == PIPETTE_STATE_TIMED_OUT;
}

/* Calls for each block of states. */
typedef int (*states_visit)(pipette_pipeline *p, void *user, uint64_t row, uint64_t count, const int8_t *states,
                            pipette_error *error);

static int each_states(pipette_pipeline *p, states_visit visit, void *user, pipette_error *error)
{
    int8_t *states = malloc(BLOCK);
    uint64_t row, n;
    int status = PIPETTE_OK;
    if (states == NULL)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    for (row = 0; status == PIPETTE_OK && row < p->row_count; row += n) {
        n = p->row_count - row < BLOCK ? p->row_count - row : BLOCK;
        status = pipeline_storage(p)->read(&p->storage.handle, LEDGER_STATE, row, n, PIPETTE_TYPE_BOOL, states);
        status = status == PIPETTE_OK ? visit(p, user, row, n, states, error) : storage_failed(p, status, error);
    }
    free(states);
    return status;
}

static int is_wanted(const pipette_pipeline *p, uint64_t row, int8_t state)
{
    const int retry = bad_end(state) && p->options.retry_failed;
    return (state == PIPETTE_STATE_PENDING || retry) &&
           (p->options.runs == NULL || asked_for(p, select_run_of_row(p, row)));
}

/* Whether there is a row to be run at all. */
static int find_any(pipette_pipeline *p, void *user, uint64_t row, uint64_t count, const int8_t *states,
                    pipette_error *error)
{
    int *any = user;
    uint64_t i;
    (void)error;
    for (i = 0; !*any && i < count; i++)
        *any = is_wanted(p, row + i, states[i]);
    return PIPETTE_OK;
}

static int find_rows(pipette_pipeline *p, void *user, uint64_t row, uint64_t count, const int8_t *states,
                     pipette_error *error)
{
    resume *r = user;
    uint64_t i;
    int status = PIPETTE_OK;
    for (i = 0; status == PIPETTE_OK && i < count; i++) {
        int retry = bad_end(states[i]) && p->options.retry_failed;
        p->report.stored_failures += bad_end(states[i]) && !retry;
        if (!is_wanted(p, row + i, states[i]))
            continue;
        status = add_rows(&r->rows, row + i, 1, error);
        if (status == PIPETTE_OK && retry)
            status = add_rows(&r->retried, row + i, 1, error);
    }
    return status;
}

/* What runs that get another try have left must not outlive the first one. */
static int forget_tries(pipette_pipeline *p, const resume_rows *rows, pipette_error *error)
{
    return rows->count == 0 || reset_rows(&p->storage, rows->spans, rows->count, error) == PIPETTE_OK
               ? PIPETTE_OK
               : PIPETTE_E_STORAGE;
}

/* ---- Damage ---- */

typedef struct repairing {
    pipette_pipeline *pipeline;
    resume *resume;
    pipette_error *error;
} repairing;

static int note_finding(uint64_t row, const char *path, const char *text, void *user)
{
    repairing *r = user;
    char name[PIPETTE_RUN_NAME_SIZE];
    if (r->resume->findings++ < FINDINGS_TOLD)
        pipeline_log(r->pipeline, PIPETTE_LOG_WARNING, "%s: %s%s%s",
                     pipette_run_name(select_run_of_row(r->pipeline, row), name), path == NULL ? "" : path,
                     path == NULL ? "" : " ", text);
    return PIPETTE_OK;
}

static int note_damaged(uint64_t row, void *user)
{
    repairing *r = user;
    return add_rows(&r->resume->damaged, row, 1, r->error);
}

/* Runs of which something is damaged become pending. */
static int repair(pipette_pipeline *p, resume *r, pipette_error *error)
{
    repairing user = {p, r, error};
    verify_counts counts = {0, 0, 0};
    verify *v = NULL;
    int status = verify_create(&p->storage, &v, error);
    if (status == PIPETTE_OK)
        status = verify_rows(v, 0, r->old_rows, note_finding, note_damaged, &user, &counts, error);
    verify_destroy(v);
    if (status == PIPETTE_OK)
        status = forget_tries(p, &r->damaged, error);
    if (status != PIPETTE_OK)
        return status;
    if (r->findings > FINDINGS_TOLD)
        pipeline_log(p, PIPETTE_LOG_WARNING, "and %llu more", (unsigned long long)(r->findings - FINDINGS_TOLD));
    if (counts.damaged > 0)
        pipeline_log(p, PIPETTE_LOG_WARNING, "%s: %llu damaged run%s pending again", p->file,
                     (unsigned long long)counts.damaged, counts.damaged == 1 ? " is" : "s are");
    return PIPETTE_OK;
}

/* ---- Columns ---- */

typedef struct column_check {
    const pipette_pipeline *pipeline;
    uint32_t next;
    int differs, checksums;
} column_check;

/* Files of before have no checksums. */
static void pass_checksums(column_check *check)
{
    const pipette_pipeline *p = check->pipeline;
    check->next += check->next < p->layout.column_count && strcmp(p->columns[check->next].path, LEDGER_CHECKSUM) == 0;
}

static int check_column(const pipette_entry *entry, void *user)
{
    column_check *check = user;
    const pipette_pipeline *p = check->pipeline;
    if (entry->kind != PIPETTE_ENTRY_COLUMN)
        return 0;
    if (strcmp(entry->path, LEDGER_CHECKSUM) == 0) {
        check->checksums = 1;
        return 0;
    }
    pass_checksums(check);
    if (check->next < p->layout.column_count)
        check->differs |= strcmp(entry->path, p->columns[check->next].path) != 0;
    else
        check->differs |= (entry->flags & (uint32_t)PIPETTE_ENTRY_OPTIONAL) == 0;
    check->next++;
    return 0;
}

/* Whether the file has other columns than the layout: `omit` was another one. What the file holds stays; runs that a
 * column comes too late for, or that leave it out, have no value there. */
static int columns_differ(pipette_pipeline *p, int *checksums)
{
    column_check check = {p, 0, 0, 0};
    if (pipeline_storage(p)->list(&p->storage.handle, check_column, &check) != 0)
        stage_clear(&p->storage);
    pass_checksums(&check);
    *checksums = check.checksums;
    if (check.next < p->layout.column_count)
        check.differs = 1;
    if (check.differs)
        pipeline_log(
            p, PIPETTE_LOG_INFO,
            "the file was made with other results (omit): what it holds stays, other runs have no value there");
    return check.differs;
}

/* ---- Beginning ---- */

int resume_begin(pipette_pipeline *p, resume *r, int *nothing_to_do, pipette_error *error)
{
    const pipette_storage *storage = pipeline_storage(p);
    int newly_explored, checksums = 1, status;
    *nothing_to_do = 0;
    if (!r->exists) {
        status = space_check(p, p->row_count, error);
        if (status != PIPETTE_OK)
            return status;
        status = storage->lay_out(&p->storage.handle, &p->layout);
        if (status != PIPETTE_OK)
            return storage_failed(p, status, error);
        status = coordinates_write(p, 0, error);
        return status == PIPETTE_OK ? add_rows(&r->rows, 0, p->row_count, error) : status;
    }
    status = compare(p, r, error);
    if (status == PIPETTE_OK)
        status = record_changes(p, r, error);
    if (status != PIPETTE_OK)
        return status;
    if (p->options.repair) {
        status = repair(p, r, error);
        if (status != PIPETTE_OK)
            return status;
    }
    newly_explored = pipette_explored_count(p->trajectory) != r->old_explored;
    if (p->row_count != r->old_rows || newly_explored || (r->finished && postprocess_differs(p)))
        r->grows = 1;
    if (!r->grows && columns_differ(p, &checksums))
        r->grows = 1;
    if (!r->grows && !checksums && (status = each_states(p, find_any, &r->grows, error)) != PIPETTE_OK)
        return status;
    if (r->grows) { /* beside the old rows, which are copied */
        status = space_check(p, p->row_count, error);
        if (status != PIPETTE_OK)
            return status;
        status = storage->extend(&p->storage.handle, &p->layout);
        if (status != PIPETTE_OK)
            return storage_failed(p, status, error);
    }
    /* A start that was cut off between growing and this is made good here: writing them again changes nothing. */
    if (r->grows || !r->finished || r->findings > 0) {
        status = coordinates_write(p, newly_explored || !r->finished || r->findings > 0 ? 0 : r->old_rows, error);
        if (status != PIPETTE_OK)
            return status;
    }
    status = each_states(p, find_rows, r, error);
    if (status == PIPETTE_OK)
        status = forget_tries(p, &r->retried, error);
    *nothing_to_do = r->rows.row_count == 0 && r->finished && !r->grows;
    return status;
}
