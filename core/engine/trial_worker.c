/* trial_worker.c: the process of a trial: loads the model, lays its buffers between guards (trial_memory.c), runs the
 * points one by one or as batches (trial_batch.c), tells what came (trial_tell.c). */
#include <malloc.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engine/seed.h"
#include "engine/trial_state.h"
#include "plugin/loader.h"

/* Addresses and process numbers differ from trial to trial, as they do from command to command. */
static void move_addresses(uint32_t number)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    (void)mmap(NULL, page * (1 + number * 7 % 97), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (malloc(16 + (size_t)number % 31 * 48) == NULL) {
        /* then not */
    }
}

static void bind(trial_state *t)
{
    const trial_points *points = t->request->points;
    worker *w = &t->worker;
    uint32_t i, j;
    t->plan.parameter_count = points->parameter_count;
    t->plan.parameters = trial_need(t, calloc(points->parameter_count + 1u, sizeof *t->plan.parameters));
    t->plan.result_count = w->schema->result_count;
    t->plan.results = trial_need(t, calloc(w->schema->result_count + 1u, sizeof *t->plan.results));
    t->plan.message_column = w->schema->result_count;
    t->plan.log_column = PLAN_NO_COLUMN;
    t->plan.seed = points->seed;
    for (i = 0; i < points->parameter_count; i++) {
        t->plan.parameters[i].path = (char *)(uintptr_t)points->paths[i];
        t->plan.parameters[i].explored = -1;
    }
    for (i = 0; i < w->schema->result_count; i++)
        t->plan.results[i].column = i;
    w->plan = &t->plan;
    w->parameters = trial_need(t, calloc(points->parameter_count + 1u, sizeof *w->parameters));
    w->results = trial_need(t, calloc(w->schema->result_count + 1u, sizeof *w->results));
    w->declared = trial_need(t, calloc(w->schema->parameter_count + 1u, sizeof *w->declared));
    for (i = 0; i < w->schema->parameter_count; i++) {
        w->declared[i] = -1;
        for (j = 0; j < points->parameter_count && w->declared[i] < 0; j++)
            if (strncmp(points->paths[j], "parameters.", 11) == 0 &&
                strcmp(points->paths[j] + 11, w->schema->parameters[i].path) == 0)
                w->declared[i] = (int32_t)j;
        if (w->declared[i] < 0)
            trial_give_up(t, PIPETTE_E_INTERNAL, "a declared parameter has no value");
    }
    for (i = 0; i < w->schema->result_count; i++) {
        w->results[i].type = w->schema->results[i].type;
        w->results[i].buffer_count = PLAN_VARIES;
    }
    w->run.size = sizeof w->run;
    w->run.host = &worker_run_host;
    w->run.seed = points->seed;
    constants_find(w);
}

/* ---- Shapes ---- */

typedef struct shape_point {
    const trial_state *trial;
    uint64_t point;
} shape_point;

static const pipette_value *shape_value_at(void *user, uint32_t parameter, pipette_value *room)
{
    const shape_point *at = user;
    (void)room;
    return trial_value(at->trial, at->point, (uint32_t)at->trial->worker.declared[parameter]);
}

static void tell_shape(trial_state *t, uint64_t point)
{
    const plugin_schema *schema = t->worker.schema;
    uint32_t count = shape_extent_count(schema), i;
    shape_extent *extents = trial_need(t, calloc(count + 1u, sizeof *extents));
    trial_damage none = {0};
    shape_point at = {t, point};
    pipette_error error = {0};
    int status = shape_ask(schema, t->worker.model, shape_value_at, &at, extents, &error);
    t->record.size = 0;
    wire_u32(&t->record, status == PIPETTE_OK ? PIPETTE_STATE_DONE : PIPETTE_STATE_FAILED);
    wire_f64(&t->record, 0);
    wire_put(&t->record, &none, sizeof none);
    wire_text(&t->record, status == PIPETTE_OK ? "" : error.message);
    for (i = 0; status == PIPETTE_OK && i < count; i++)
        wire_u64(&t->record, extents[i].extent);
    free(extents);
    trial_tell(t, TRIAL_OUTCOME, t->record.data, t->record.size);
}

/* ---- Runs ---- */

static void run_point(trial_state *t, uint64_t point)
{
    worker *w = &t->worker;
    trial_damage damage;
    double begin, seconds;
    int status, state;
    w->outbox.size = 0;
    w->log.size = 0;
    trial_bind_point(t, point);
    trial_place_buffers(t, point, 1);
    run_begin(w, t->request->points->indices[point], 0);
    trial_dirty_stack(t->request->garbage);
    if (w->schema->random != 0)
        seed_generators(w->schema->random, t->plan.seed, t->request->points->indices[point]);
    trial_lock(t, 1);
    begin = trial_seconds_now();
    status = w->model->run(&w->run);
    seconds = trial_seconds_now() - begin;
    trial_lock(t, 0);
    state = run_end(w, status);
    damage = trial_find_damage(t);
    if (damage.kind == 0 && status > 0 && status != PIPETTE_INFEASIBLE)
        damage = (trial_damage){TRIAL_RETURNED, 0, status, -1};
    trial_tell_outcome(t, 0, point, state, seconds, damage, w->message);
}

/* Parameters as columns, a lane for each point, as a sweep has them. Arrays stay those of the first point. */
static void bind_lanes(trial_state *t)
{
    uint32_t i;
    trial_bind_point(t, t->request->order[0]);
    for (i = 0; i < t->plan.parameter_count; i++)
        if (t->worker.parameters[i].rank == 0) {
            t->worker.parameters[i].base = (const unsigned char *)&trial_value(t, 0, i)->as;
            t->worker.parameters[i].stride = t->plan.parameter_count * sizeof(pipette_value);
        }
}

/* The points of `order` are those below `lanes`, of one shape; their rows lie in one buffer. */
static void time_runs(trial_state *t)
{
    const trial_request *request = t->request;
    worker *w = &t->worker;
    trial_damage none = {0};
    double begin, spent = 0, end = trial_seconds_now() + request->seconds;
    uint64_t count = 0, at = 0;
    bind_lanes(t);
    trial_place_buffers(t, request->order[0], request->lanes);
    do {
        uint64_t stop = at + 16 < request->order_count ? at + 16 : request->order_count;
        begin = trial_seconds_now();
        for (; at < stop; at++, count++) {
            uint64_t point = request->order[at];
            w->outbox.size = 0;
            w->log.size = 0;
            run_begin(w, request->points->indices[point], point);
            if (w->schema->random != 0) /* a part of what such a run costs */
                seed_generators(w->schema->random, t->plan.seed, request->points->indices[point]);
            (void)run_end(w, w->model->run(&w->run));
        }
        spent += trial_seconds_now() - begin;
        at = at == request->order_count ? 0 : at;
    } while (trial_seconds_now() < end);
    trial_tell_outcome(t, 0, request->order[0], PIPETTE_STATE_PENDING, spent / (double)count, none, "");
}

/* ---- The life of the process ---- */

static void make_instance(trial_state *t)
{
    worker *w = &t->worker;
    int status;
    if (w->schema->random != 0)
        seed_generators(w->schema->random, t->plan.seed, SEED_CREATE);
    status = w->model->create == NULL ? PIPETTE_OK : w->model->create(w->stage);
    if (status != PIPETTE_OK) {
        const char *message = t->request->stage_message(w->stage);
        char text[1200];
        (void)snprintf(text, sizeof text, "model '%s' could not make its instance: %s", w->schema->name,
                       message[0] != '\0' ? message : pipette_status_text(status));
        trial_give_up(t, PIPETTE_E_PLUGIN, text);
    }
    w->instance = w->stage->instance;
}

static void run_all(trial_state *t, uint64_t first)
{
    const trial_request *request = t->request;
    uint64_t at, lanes = request->lanes > 0 ? request->lanes : 1, n;
    for (at = first; at < request->order_count && (at == first || trial_seconds_now() < t->deadline); at += n) {
        n = 1;
        if (request->mode == TRIAL_SHAPES) {
            tell_shape(t, request->order[at]);
        } else if (request->mode == TRIAL_RUN) {
            run_point(t, request->order[at]);
        } else {
            n = lanes < request->order_count - at ? lanes : request->order_count - at;
            trial_batch(t, at, n);
        }
    }
}

_Noreturn void trial_worker(const trial_request *request, uint64_t first, int out)
{
    trial_state t = {.request = request, .out = out};
    int batch = request->mode == TRIAL_BATCH || request->mode == TRIAL_TIME_BATCH;
    uint64_t lanes = request->mode == TRIAL_TIME_BATCH ? request->order_count : request->lanes < 1 ? 1 : request->lanes;
    const pipette_descriptor *descriptor = NULL;
    pipette_error error = {0};
    pid_t process = getpid();
    (void)mallopt(M_PERTURB, request->garbage);
    move_addresses(request->number);
    if (plugin_load(request->schema->path, &descriptor, &error) != PIPETTE_OK)
        trial_give_up(&t, error.code, error.message);
    t.deadline = trial_seconds_now() + request->seconds;
    t.worker.schema = request->schema;
    t.worker.model = descriptor->table;
    t.worker.stage = request->stage;
    t.worker.pipe = -1;
    t.worker.paged = 1;
    t.worker.batch = !batch || descriptor->extension == NULL ? NULL : descriptor->extension(PIPETTE_BATCH_EXTENSION);
    if (batch && t.worker.batch == NULL)
        trial_give_up(&t, PIPETTE_E_PLUGIN, "the model offers no batch any more");
    bind(&t);
    if (request->mode != TRIAL_SHAPES) {
        lanes = batch ? (lanes + 15u) & ~(uint64_t)15u : request->mode == TRIAL_TIME_RUN ? request->lanes : 1;
        trial_make_buffers(&t, lanes);
        trial_listen_to_faults(&t);
        make_instance(&t);
    }
    if (batch)
        trial_make_columns(&t, lanes);
    trial_tell(&t, TRIAL_READY, NULL, 0);
    if (request->mode == TRIAL_TIME_RUN)
        time_runs(&t);
    else if (request->mode == TRIAL_TIME_BATCH)
        trial_time_batches(&t);
    else
        run_all(&t, first);
    if (getpid() != process) /* a fork() of the model that came back here */
        _exit(0);
    trial_tell(&t, TRIAL_COMPLETE, NULL, 0);
    if (request->mode != TRIAL_SHAPES && t.worker.model->destroy != NULL)
        t.worker.model->destroy(t.worker.stage);
    trial_tell(&t, TRIAL_LEFT, NULL, 0);
    _exit(0);
}
