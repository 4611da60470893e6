/* pipeline.c: the life of an experiment, from the config to the finished file. Each step is a function of this folder:
 * prepare (stages, trajectory), select (which runs), layout (what the file holds), resume (what it holds already),
 * execute (the runs), results (postprocessing). */
#include "pipeline/explored.h"
#include "pipeline/pipeline.h"

#include <stdlib.h>

#include "pipeline/added.h"
#include "pipeline/git.h"
#include "pipeline/resume.h"

#define GRACE_SECONDS 25.0 /* batch systems leave about 30 s between their SIGTERM and SIGKILL */

const char *pipette_version(void)
{
    return PIPETTE_VERSION;
}

const pipette_storage *pipeline_storage(const pipette_pipeline *p)
{
    return p->storage.descriptor->table;
}

void pipeline_log(pipette_pipeline *p, int level, const char *format, ...)
{
    char text[1200];
    va_list arguments;
    if (p->options.log == NULL)
        return;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    p->options.log(level, text, p->options.user);
}

void pipeline_progress(const engine_progress *from, void *user)
{
    pipette_pipeline *p = user;
    pipette_progress to = {sizeof to,    p->round,        from->run_count,  from->done,
                           from->failed, from->timed_out, from->infeasible, from->seconds};
    p->options.progress(&to, p->options.user);
}

int pipeline_create(const pipette_pipeline_options *options, const char *text, const program_stages *program,
                    pipette_pipeline **out, pipette_error *error)
{
    pipette_pipeline *p = calloc(1, sizeof *p);
    int status;
    *out = NULL;
    if (p == NULL)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    memcpy(&p->options, options,
           options->size == 0 || options->size > sizeof p->options ? sizeof p->options : options->size);
    p->program = program;
    p->report.size = sizeof p->report;
    status = text == NULL ? config_load(p->options.config, p->options.sets, p->options.set_count, &p->config, error)
                          : config_parse(p->options.config, text, NULL, 0, &p->config, error);
    if (status != PIPETTE_OK) {
        pipette_pipeline_destroy(p);
        return status;
    }
    *out = p;
    return PIPETTE_OK;
}

int pipette_pipeline_create(const pipette_pipeline_options *options, pipette_pipeline **out, pipette_error *error)
{
    return pipeline_create(options, NULL, NULL, out, error);
}

void pipette_pipeline_destroy(pipette_pipeline *p)
{
    if (p == NULL)
        return;
    if (p->storage.created)
        pipeline_storage(p)->destroy(&p->storage.handle);
    engine_destroy(p->engine);
    layout_free(p);
    if (p->trajectory != NULL && p->program == NULL)
        trajectory_destroy(p->trajectory);
    added_destroy(p);
    visible_destroy(p->visible);
    texts_free(&p->texts);
    free(p->spans);
    free(p->wanted);
    free(p->commit);
    free(p->omitted);
    free(p->result_columns);
    free(p->diff);
    free(p->preprocess);
    free(p->postprocess);
    if (p->search != NULL)
        plugin_search_destroy(p->search);
    if (p->config != NULL)
        config_free(p->config);
    free(p);
}

void pipette_pipeline_interrupt(pipette_pipeline *p)
{
    p->interrupt++;
}

void pipette_pipeline_terminate(pipette_pipeline *p)
{
    p->terminate = 1;
    if (p->interrupt == 0)
        p->interrupt = 1;
}

double pipette_pipeline_grace(const pipette_pipeline *p)
{
    return p->grace > 0 ? p->grace : GRACE_SECONDS;
}

static void give_warnings(pipette_pipeline *p)
{
    const char *warning;
    while ((warning = plugin_search_warning(p->search, p->warnings_given)) != NULL) {
        pipeline_log(p, PIPETTE_LOG_WARNING, "%s", warning);
        p->warnings_given++;
    }
}

/* ---- Postprocessing ---- */

typedef int (*postprocess_call)(pipette_stage *stage, pipette_trajectory *trajectory, pipette_results *results);

/* Before the runs the layout takes it; later the storage is given it at once. */
static int take_added(const pipette_node *node, const char **why, void *user)
{
    results *r = user;
    pipette_pipeline *p = r->pipeline;
    const pipette_storage *storage = pipeline_storage(p);
    pipette_leaf_spec leaf = {sizeof leaf, 0, node->path, NULL, NULL, node->value};
    int status;
    if (r->declaring)
        return PIPETTE_OK;
    leaf.unit = texts_utf8(&r->texts, node->unit);
    leaf.comment = texts_utf8(&r->texts, node->comment);
    leaf.value = texts_value(&r->texts, &node->value);
    if (r->texts.failed) {
        *why = "out of memory";
        return PIPETTE_E_MEMORY;
    }
    if (!PIPETTE_HAS(storage, put_leaf) || storage->put_leaf == NULL) {
        *why = "this storage takes no values after the runs";
        return PIPETTE_E_UNSUPPORTED;
    }
    stage_clear(&p->storage);
    status = storage->put_leaf(&p->storage.handle, &leaf);
    *why = p->storage.message[0] != '\0' ? p->storage.message : pipette_status_text(status);
    return status;
}

static void warn_of_texts(pipette_pipeline *p, text_repairs *t)
{
    if (t->wrong > 0)
        pipeline_log(p, PIPETTE_LOG_WARNING, "%llu bytes of texts of stages are no UTF-8; each is stored as U+FFFD",
                     (unsigned long long)t->wrong);
    t->wrong = 0;
}

/* Calls one function of a stage with what it may see. */
static int call_postprocess(pipette_pipeline *p, stage *s, postprocess_call call, int declaring, pipette_error *error)
{
    results r;
    int status = results_init(&r, p, declaring, error);
    if (status == PIPETTE_OK) {
        r.abi_minor = s->descriptor->abi_minor;
        stage_clear(s);
        visible_enter(p->visible, p->trajectory, declaring ? UINT32_MAX : p->round, take_added, &r);
        status = call(&s->handle, p->trajectory, &r.handle);
        visible_leave(p->visible);
        if (status != PIPETTE_OK)
            status = stage_error(s, status,
                                 r.message[0] != '\0' ? r.message : pipette_trajectory_message(p->trajectory), error);
        warn_of_texts(p, &r.texts);
    }
    results_free(&r);
    return status;
}

static int start_postprocess(pipette_pipeline *p, pipette_error *error)
{
    uint32_t i;
    int status = PIPETTE_OK;
    for (i = 0; status == PIPETTE_OK && i < p->postprocess_count; i++) {
        stage *s = &p->postprocess[i];
        const pipette_postprocess *table = s->descriptor->table;
        stage_clear(s);
        if (table->create != NULL)
            status = table->create(&s->handle);
        if (status != PIPETTE_OK)
            return stage_error(s, status, NULL, error);
        s->created = 1;
        if (table->declare != NULL)
            status = call_postprocess(p, s, table->declare, 1, error);
    }
    return status;
}

static int run_postprocess(pipette_pipeline *p, pipette_error *error)
{
    uint32_t i;
    int status = PIPETTE_OK;
    for (i = 0; status == PIPETTE_OK && i < p->postprocess_count; i++) {
        const pipette_postprocess *table = p->postprocess[i].descriptor->table;
        status = call_postprocess(p, &p->postprocess[i], table->postprocess, 0, error);
    }
    return status;
}

static void end_postprocess(pipette_pipeline *p)
{
    uint32_t i;
    for (i = 0; i < p->postprocess_count; i++) {
        stage *s = &p->postprocess[i];
        const pipette_postprocess *table = s->descriptor == NULL ? NULL : s->descriptor->table;
        if (s->created && table->destroy != NULL)
            table->destroy(&s->handle);
        s->created = 0;
    }
}

/* ---- The phases ---- */

static int prepare(pipette_pipeline *p, pipette_error *error)
{
    int status = prepare_stages(p, error);
    if (p->search != NULL)
        give_warnings(p);
    if (status == PIPETTE_OK)
        status = prepare_trajectory(p, error);
    if (status == PIPETTE_OK)
        status = select_runs(p, p->options.runs, error);
    if (status == PIPETTE_OK)
        status = visible_create(p->trajectory, p->program != NULL, &p->visible, error);
    if (status != PIPETTE_OK)
        return status;
    p->report.name = trajectory_name(p->trajectory);
    p->report.file = p->file;
    p->report.run_count = pipette_run_count(p->trajectory);
    return PIPETTE_OK;
}

/* The layout is made twice: postprocessing wants to see the columns before it declares the tables that the layout
 * holds. */
static int lay_out(pipette_pipeline *p, pipette_error *error)
{
    int status = layout_build(p, error);
    if (status == PIPETTE_OK)
        status = start_postprocess(p, error);
    p->texts.wrong = 0; /* they are counted below */
    if (status == PIPETTE_OK)
        status = layout_leaves(p, error); /* stages may have added some */
    if (status == PIPETTE_OK) {
        warn_of_texts(p, &p->texts);
        p->layout.tables = p->tables.tables;
        p->layout.table_count = p->tables.count;
        p->report.row_count = p->report.pending_count = p->row_count;
        p->report.byte_count = layout_bytes(p);
        p->report.free_count = space_free(p->file);
    }
    return status;
}

/* Runs that postprocessing has added to the file: new rows at the end, then the same again. */
static int grow(pipette_pipeline *p, uint64_t old_runs, uint64_t old_rows, pipette_error *error)
{
    uint64_t runs = pipette_run_count(p->trajectory);
    pipette_run_span *spans = realloc(p->spans, (p->span_count + 1u) * sizeof *spans);
    pipette_run_span rows = {old_rows, runs - old_runs};
    int status;
    if (spans == NULL)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    p->spans = spans;
    if (p->span_count > 0 && spans[p->span_count - 1].first + spans[p->span_count - 1].count == old_runs)
        spans[p->span_count - 1].count += runs - old_runs;
    else
        spans[p->span_count++] = (pipette_run_span){old_runs, runs - old_runs};
    p->row_count += runs - old_runs;
    p->report.run_count = runs;
    p->report.row_count = p->row_count;
    p->report.pending_count += runs - old_runs;
    status = layout_build(p, error);
    if (status == PIPETTE_OK && pipeline_storage(p)->extend(&p->storage.handle, &p->layout) != PIPETTE_OK) {
        (void)stage_error(&p->storage, PIPETTE_E_STORAGE, NULL, error);
        status = PIPETTE_E_STORAGE;
    }
    added_forget_positions(p);
    if (status == PIPETTE_OK)
        status = coordinates_write(p, old_rows, error);
    return status == PIPETTE_OK ? execute_rows(p, &rows, 1, error) : status;
}

/* Postprocessing until it expands no more. Points that it asks for may be in the file already, from a start that was
 * cut off: then they become visible, and the next round is what it would have been. */
static int rounds(pipette_pipeline *p, pipette_error *error)
{
    while (!p->report.interrupted && p->report.max_failures == 0) {
        uint64_t runs = pipette_run_count(p->trajectory), rows = p->row_count, seen = visible_count(p->visible);
        int status = run_postprocess(p, error);
        if (status != PIPETTE_OK || visible_count(p->visible) == seen)
            return status;
        p->round++;
        if (pipette_run_count(p->trajectory) == runs)
            continue;
        status = grow(p, runs, rows, error);
        if (status != PIPETTE_OK)
            return status;
    }
    return PIPETTE_OK;
}

static int finish(pipette_pipeline *p, int complete, pipette_error *error)
{
    stage_clear(&p->storage);
    if (pipeline_storage(p)->finish(&p->storage.handle, complete) == PIPETTE_OK)
        return PIPETTE_OK;
    (void)stage_error(&p->storage, PIPETTE_E_STORAGE, NULL, error);
    return PIPETTE_E_STORAGE;
}

static int phases(pipette_pipeline *p, resume *r, pipette_error *error)
{
    int nothing_to_do, complete, status = resume_begin(p, r, &nothing_to_do, error);
    p->report.pending_count = r->rows.row_count;
    if (status != PIPETTE_OK || nothing_to_do)
        return status;
    status = execute_rows(p, r->rows.spans, r->rows.count, error);
    if (status != PIPETTE_OK) /* the file is left as it is: what is done is marked, the next start goes on */
        return status;
    status = rounds(p, error);
    engine_dismiss(p->engine);
    if (status != PIPETTE_OK) {
        (void)finish(p, 0, NULL); /* the runs are good all the same */
        return status;
    }
    complete = !p->report.interrupted && p->report.max_failures == 0;
    return finish(p, complete, error);
}

static void give_report(pipette_pipeline *p, pipette_report *report)
{
    uint64_t ended = p->report.done + p->report.failed + p->report.timed_out + p->report.infeasible;
    uint32_t size = report->size == 0 || report->size > sizeof *report ? (uint32_t)sizeof *report : report->size;
    if (p->engine != NULL && p->report.pending_count >= ended)
        p->report.pending_count -= ended;
    memcpy(report, &p->report, size);
    report->size = size;
}

int pipette_pipeline_check(pipette_pipeline *p, pipette_report *report, pipette_error *error)
{
    int status = prepare(p, error);
    if (status == PIPETTE_OK)
        status = lay_out(p, error);
    end_postprocess(p);
    give_report(p, report);
    return status;
}

int pipette_pipeline_run(pipette_pipeline *p, pipette_report *report, pipette_error *error)
{
    git_question git;
    resume r = {0};
    int status;
    git_ask(&git);
    status = prepare(p, error);
    git_take(&git, &p->commit, &p->diff);
    if (status == PIPETTE_OK && p->program != NULL && p->program->refuse_dirty && p->diff != NULL)
        status =
            pipette_error_set(error, PIPETTE_E_INVALID,
                              "the working directory has changes on top of commit %.60s (refuse_dirty): commit them",
                              p->commit == NULL ? "" : p->commit);
    if (status == PIPETTE_OK)
        status = provenance_add(p, error);
    if (status == PIPETTE_OK)
        status = resume_look(p, &r, error);
    if (status == PIPETTE_OK)
        status = lay_out(p, error);
    if (status == PIPETTE_OK)
        status = phases(p, &r, error);
    resume_free(&r);
    end_postprocess(p);
    give_report(p, report);
    return status;
}
