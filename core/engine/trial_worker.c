/* trial_worker.c: the process of a trial: loads the model, lays its buffers between guards, runs the points, tells what
 * came. */
#include "engine/trial_worker.h"

#include <alloca.h>
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "engine/seed.h"
#include "engine/worker.h"
#include "plugin/loader.h"

#define STACK_BYTES ((size_t)48 << 10) /* below the run's frame that hold garbage */
#define SIGNAL_STACK ((size_t)64 << 10)
#define BATCH_ALIGNMENT 64u

typedef struct trial_state {
    const trial_request *request;
    worker worker;
    engine_plan plan;
    guarded *results; /* as in the schema */
    guarded *columns; /* batch: of the declared parameters, then the status */
    size_t *sizes;    /* largest row of each result */
    wire record;
    double deadline;
    int out;
} trial_state;

static trial_state *state_of_faults; /* for the signal handler */

static double seconds_now(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

int trial_write(int out, uint32_t kind, const void *bytes, size_t size)
{
    trial_record head = {TRIAL_MAGIC, kind, size};
    const char *parts[2] = {(const char *)&head, bytes};
    size_t sizes[2] = {sizeof head, size};
    int i;
    for (i = 0; i < 2; i++)
        while (sizes[i] > 0) {
            ssize_t written = write(out, parts[i], sizes[i]);
            if (written < 0 && errno == EINTR)
                continue;
            if (written <= 0)
                return 0;
            parts[i] += written;
            sizes[i] -= (size_t)written;
        }
    return 1;
}

/* The caller has gone, or the model has closed what is not its own. */
static void tell(const trial_state *t, uint32_t kind, const void *bytes, size_t size)
{
    if (!trial_write(t->out, kind, bytes, size))
        _exit(0);
}

_Noreturn static void give_up(const trial_state *t, int code, const char *text)
{
    wire out = {0};
    wire_u32(&out, (uint32_t)code);
    wire_text(&out, text);
    tell(t, TRIAL_FAILED, out.data, out.size);
    _exit(0);
}

static void *need(const trial_state *t, void *memory)
{
    if (memory == NULL)
        give_up(t, PIPETTE_E_MEMORY, "out of memory");
    return memory;
}

/* ---- Faults ------------------------------------------------------------------------------------------------------ */

static int64_t element_of(int64_t offset, int type)
{
    int64_t size = (int64_t)pipette_type_size(type);
    return offset < 0 ? -((-offset + size - 1) / size) : offset / size;
}

static void on_fault(int number, siginfo_t *about, void *context)
{
    trial_state *t = state_of_faults;
    trial_damage damage = {-1, 2, 0};
    uint32_t i;
#if defined(__x86_64__)
    if ((((ucontext_t *)context)->uc_mcontext.gregs[REG_ERR] & 2) != 0)
        damage.kind = 3;
#else
    (void)context;
#endif
    for (i = 0; i < t->worker.schema->result_count && damage.result < 0; i++) {
        int64_t offset;
        if (guarded_holds(&t->results[i], about->si_addr, &offset)) {
            damage.result = (int32_t)i;
            damage.element = element_of(offset, t->worker.schema->results[i].type);
        }
    }
    if (damage.result >= 0)
        (void)trial_write(t->out, TRIAL_FAULT, &damage, sizeof damage);
    (void)signal(number, SIG_DFL); /* and once more, now without us */
    if (about->si_code <= 0)       /* somebody sent it: it does not come again by itself */
        (void)raise(number);
}

static void listen_to_faults(trial_state *t)
{
    stack_t stack = {.ss_sp = malloc(SIGNAL_STACK), .ss_size = SIGNAL_STACK};
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    state_of_faults = t;
    if (stack.ss_sp == NULL || sigaltstack(&stack, NULL) != 0)
        return;
    (void)sigaction(SIGSEGV, &action, NULL);
    (void)sigaction(SIGBUS, &action, NULL);
}

/* ---- The worker -------------------------------------------------------------------------------------------------- */

static const pipette_value *value_of(const trial_state *t, uint64_t point, uint32_t parameter)
{
    return &t->request->points->values[point * t->request->points->parameter_count + parameter];
}

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
    t->plan.parameters = need(t, calloc(points->parameter_count + 1u, sizeof *t->plan.parameters));
    t->plan.result_count = w->schema->result_count;
    t->plan.results = need(t, calloc(w->schema->result_count + 1u, sizeof *t->plan.results));
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
    w->parameters = need(t, calloc(points->parameter_count + 1u, sizeof *w->parameters));
    w->values = need(t, calloc(points->parameter_count + 1u, sizeof *w->values));
    w->results = need(t, calloc(w->schema->result_count + 1u, sizeof *w->results));
    w->declared = need(t, calloc(w->schema->parameter_count + 1u, sizeof *w->declared));
    for (i = 0; i < w->schema->parameter_count; i++) {
        w->declared[i] = -1;
        for (j = 0; j < points->parameter_count && w->declared[i] < 0; j++)
            if (strncmp(points->paths[j], "parameters.", 11) == 0 &&
                strcmp(points->paths[j] + 11, w->schema->parameters[i].path) == 0)
                w->declared[i] = (int32_t)j;
        if (w->declared[i] < 0)
            give_up(t, PIPETTE_E_INTERNAL, "a declared parameter has no value");
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

/* Elements of a result at a point, or PLAN_VARIES. */
static uint64_t elements_of(const trial_state *t, uint64_t point, uint32_t result)
{
    const plugin_schema *schema = t->worker.schema;
    const uint64_t *extents = t->request->extents[point];
    uint64_t elements = 1;
    uint32_t i;
    if (schema->results[result].type == PIPETTE_TYPE_STRING)
        return PLAN_VARIES;
    for (i = 0; i < result; i++)
        extents += schema->results[i].rank;
    for (i = 0; i < schema->results[result].rank; i++) {
        if (extents[i] == PIPETTE_RAGGED)
            return PLAN_VARIES;
        elements *= extents[i];
    }
    return elements;
}

static const uint64_t *extents_of(const trial_state *t, uint64_t point, uint32_t result)
{
    const uint64_t *extents = t->request->extents[point];
    uint32_t i;
    for (i = 0; i < result; i++)
        extents += t->worker.schema->results[i].rank;
    return extents;
}

/* Room for the largest shape that a point has. `lanes`: rows in a buffer. */
static void make_buffers(trial_state *t, uint64_t lanes)
{
    const plugin_schema *schema = t->worker.schema;
    uint32_t i;
    t->results = need(t, calloc(schema->result_count + 1u, sizeof *t->results));
    for (i = 0; i < schema->result_count; i++) {
        size_t largest = 0, at, bytes;
        for (at = 0; at < t->request->order_count; at++) {
            uint64_t elements = elements_of(t, t->request->order[at], i);
            if (elements == PLAN_VARIES)
                continue;
            if (__builtin_mul_overflow(elements, pipette_type_size(schema->results[i].type) * lanes, &bytes))
                give_up(t, PIPETTE_E_MEMORY, "a result is larger than memory can be");
            largest = bytes > largest ? bytes : largest;
        }
        if (!guarded_make(&t->results[i], largest))
            give_up(t, PIPETTE_E_MEMORY, "no memory for the results of a run");
    }
}

/* The buffers of the next call: `lanes` rows of the shapes of `point`. */
static void place_buffers(trial_state *t, uint64_t point, uint64_t lanes)
{
    worker *w = &t->worker;
    uint32_t i;
    for (i = 0; i < w->schema->result_count; i++) {
        worker_result *r = &w->results[i];
        size_t size = pipette_type_size(r->type);
        uint64_t elements = elements_of(t, point, i);
        r->column = NULL;
        r->extents = NULL;
        if (elements == PLAN_VARIES) {
            if (w->schema->results[i].rank > 0)
                r->extents = (uint64_t *)(uintptr_t)extents_of(t, point, i);
            continue;
        }
        r->elements = elements;
        r->row_bytes = r->stride = elements * size;
        (void)guarded_place(&t->results[i], (size_t)(r->row_bytes * lanes), lanes > 1 ? BATCH_ALIGNMENT : size,
                            t->request->side, t->request->pattern);
        r->column = t->results[i].data;
    }
}

static trial_damage find_damage(const trial_state *t)
{
    trial_damage damage = {-1, 0, 0};
    uint32_t i;
    for (i = 0; i < t->worker.schema->result_count && damage.result < 0; i++) {
        int64_t offset = t->worker.results[i].column == NULL ? 0 : guarded_damage(&t->results[i], t->request->pattern);
        if (offset != 0 || (t->worker.results[i].column != NULL && t->results[i].size == 0 &&
                            t->results[i].data[0] != t->request->pattern &&
                            t->results[i].data < t->results[i].low + t->results[i].room))
            damage = (trial_damage){(int32_t)i, 1, element_of(offset, t->worker.results[i].type)};
    }
    return damage;
}

static void bind_point(trial_state *t, uint64_t point)
{
    worker *w = &t->worker;
    uint32_t i;
    for (i = 0; i < t->plan.parameter_count; i++) {
        const pipette_value *value = value_of(t, point, i);
        w->values[i] = *value;
        w->parameters[i] = (worker_parameter){pipette_value_data(&w->values[i]), 0, value->type, value->rank};
    }
}

/* What a run finds below its stack frame. */
__attribute__((noinline)) static void dirty_stack(unsigned char garbage)
{
    volatile unsigned char *stack = alloca(STACK_BYTES);
    size_t i;
    memset((void *)(uintptr_t)stack, garbage, STACK_BYTES);
    for (i = 0; i < STACK_BYTES; i += 4096)
        stack[i] = garbage;
}

/* ---- Telling ----------------------------------------------------------------------------------------------------- */

/* A value that the outbox holds for a lane: the declared result `column`, or (NULL path) whatever is added. 0 behind
 * the last. */
static int outbox_next(const worker *w, size_t *at, uint64_t lane, worker_record *record, const unsigned char **payload)
{
    while (*at < w->outbox.size) {
        memcpy(record, w->outbox.data + *at, sizeof *record);
        *payload = w->outbox.data + *at + sizeof *record;
        *at += sizeof *record + (size_t)record->bytes;
        if (record->row == lane)
            return 1;
    }
    return 0;
}

static void put_values(trial_state *t, uint64_t lane, uint64_t point)
{
    worker *w = &t->worker;
    const unsigned char *payload;
    worker_record record;
    uint32_t i;
    size_t at;
    for (i = 0; i < w->schema->result_count; i++) {
        const worker_result *r = &w->results[i];
        if (r->column != NULL) {
            pipette_value value =
                pipette_value_array(r->type, w->schema->results[i].rank, extents_of(t, point, i), worker_row(r, lane));
            if (value.rank == 0)
                memcpy(&value.as, value.data, pipette_type_size(r->type));
            wire_text(&t->record, w->schema->results[i].path);
            wire_value(&t->record, &value);
            continue;
        }
        for (at = 0; outbox_next(w, &at, lane, &record, &payload);)
            if (record.kind == WORKER_APPEND && record.column == i) {
                wire_text(&t->record, w->schema->results[i].path);
                wire_put(&t->record, payload, (size_t)record.bytes);
            }
    }
    for (at = 0; outbox_next(w, &at, lane, &record, &payload);)
        if (record.kind == WORKER_ADD)
            wire_put(&t->record, payload, (size_t)record.bytes);
}

static void tell_outcome(trial_state *t, uint64_t lane, uint64_t point, int state, double seconds, trial_damage damage,
                         const char *message)
{
    t->record.size = 0;
    wire_u32(&t->record, (uint32_t)state);
    wire_f64(&t->record, seconds);
    wire_put(&t->record, &damage, sizeof damage);
    wire_text(&t->record, message);
    if (state == PIPETTE_STATE_DONE)
        put_values(t, lane, point);
    if (t->record.failed)
        give_up(t, PIPETTE_E_MEMORY, "out of memory for what a run has stored");
    tell(t, TRIAL_OUTCOME, t->record.data, t->record.size);
}

/* ---- Shapes ------------------------------------------------------------------------------------------------------ */

typedef struct shape_point {
    const trial_state *trial;
    uint64_t point;
} shape_point;

static const pipette_value *shape_value_at(void *user, uint32_t parameter, pipette_value *room)
{
    const shape_point *at = user;
    (void)room;
    return value_of(at->trial, at->point, (uint32_t)at->trial->worker.declared[parameter]);
}

static void tell_shape(trial_state *t, uint64_t point)
{
    const plugin_schema *schema = t->worker.schema;
    uint32_t count = shape_extent_count(schema), i;
    shape_extent *extents = need(t, calloc(count + 1u, sizeof *extents));
    trial_damage none = {-1, 0, 0};
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
    tell(t, TRIAL_OUTCOME, t->record.data, t->record.size);
}

/* ---- Runs -------------------------------------------------------------------------------------------------------- */

static void run_point(trial_state *t, uint64_t point)
{
    worker *w = &t->worker;
    double begin, seconds;
    int status, state;
    w->outbox.size = 0;
    w->log.size = 0;
    bind_point(t, point);
    place_buffers(t, point, 1);
    run_begin(w, t->request->points->indices[point], 0);
    dirty_stack(t->request->garbage);
    if (w->schema->random != 0)
        seed_generators(w->schema->random, t->plan.seed, t->request->points->indices[point]);
    begin = seconds_now();
    status = w->model->run(&w->run);
    seconds = seconds_now() - begin;
    state = run_end(w, status);
    tell_outcome(t, 0, point, state, seconds, find_damage(t), w->message);
}

/* Parameters as columns, a lane for each point, as a sweep has them. Arrays stay those of the first point. */
static void bind_lanes(trial_state *t)
{
    uint32_t i;
    bind_point(t, t->request->order[0]);
    for (i = 0; i < t->plan.parameter_count; i++)
        if (t->worker.parameters[i].rank == 0) {
            t->worker.parameters[i].base = (const unsigned char *)&value_of(t, 0, i)->as;
            t->worker.parameters[i].stride = t->plan.parameter_count * sizeof(pipette_value);
        }
}

/* The points of `order` are those below `lanes`, of one shape; their rows lie in one buffer. */
static void time_runs(trial_state *t)
{
    const trial_request *request = t->request;
    worker *w = &t->worker;
    trial_damage none = {-1, 0, 0};
    double begin, spent = 0, end = seconds_now() + request->seconds;
    uint64_t count = 0, at = 0;
    bind_lanes(t);
    place_buffers(t, request->order[0], request->lanes);
    do {
        uint64_t stop = at + 16 < request->order_count ? at + 16 : request->order_count;
        begin = seconds_now();
        for (; at < stop; at++, count++) {
            uint64_t point = request->order[at];
            w->outbox.size = 0;
            w->log.size = 0;
            run_begin(w, request->points->indices[point], point);
            if (w->schema->random != 0) /* a part of what such a run costs */
                seed_generators(w->schema->random, t->plan.seed, request->points->indices[point]);
            (void)run_end(w, w->model->run(&w->run));
        }
        spent += seconds_now() - begin;
        at = at == request->order_count ? 0 : at;
    } while (seconds_now() < end);
    tell_outcome(t, 0, request->order[0], PIPETTE_STATE_PENDING, spent / (double)count, none, "");
}

/* ---- Batches ----------------------------------------------------------------------------------------------------- */

static void make_columns(trial_state *t, uint64_t width)
{
    worker *w = &t->worker;
    uint32_t i, n = w->schema->parameter_count;
    t->columns = need(t, calloc(n + 1u, sizeof *t->columns));
    w->batch_parameters = need(t, calloc(n + 1u, sizeof *w->batch_parameters));
    w->batch_results = need(t, calloc(w->schema->result_count + 1u, sizeof *w->batch_results));
    w->batch_strides = need(t, calloc(w->schema->result_count + 1u, sizeof *w->batch_strides));
    w->batch_given = need(t, calloc(width, w->schema->result_count + 1u));
    for (i = 0; i <= n; i++)
        if (!guarded_make(&t->columns[i],
                          width * (i < n ? pipette_type_size(w->schema->parameters[i].type) : sizeof(int32_t))))
            give_up(t, PIPETTE_E_MEMORY, "no memory for the parameters of a batch");
    w->batch_call = (pipette_batch){.size = sizeof(pipette_batch),
                                    .host = &worker_batch_host,
                                    .instance = w->stage->instance,
                                    .seed = t->plan.seed,
                                    .parameters = w->batch_parameters,
                                    .results = w->batch_results,
                                    .result_strides = w->batch_strides};
}

/* Columns of `count` points from order[at] on; lanes behind them repeat the last, as in a sweep. */
static void fill_columns(trial_state *t, uint64_t at, uint64_t count, uint64_t width)
{
    worker *w = &t->worker;
    uint32_t i, n = w->schema->parameter_count;
    uint64_t lane;
    for (i = 0; i < n; i++) {
        size_t size = pipette_type_size(w->schema->parameters[i].type);
        unsigned char *column =
            guarded_place(&t->columns[i], size * width, BATCH_ALIGNMENT, t->request->side, t->request->pattern);
        for (lane = 0; lane < width; lane++)
            memcpy(column + lane * size,
                   pipette_value_data(value_of(t, t->request->order[at + (lane < count ? lane : count - 1)],
                                               (uint32_t)w->declared[i])),
                   size);
        w->batch_parameters[i] = column;
    }
    w->batch_call.status =
        guarded_place(&t->columns[n], sizeof(int32_t) * width, BATCH_ALIGNMENT, t->request->side, t->request->pattern);
    memset(w->batch_call.status, 0, sizeof(int32_t) * width);
}

static int call_batch(trial_state *t, uint64_t at, uint64_t count)
{
    worker *w = &t->worker;
    uint32_t i;
    memset(w->batch_given, 0, (size_t)count * (w->schema->result_count + 1u));
    w->outbox.size = 0;
    for (i = 0; i < w->schema->result_count; i++) {
        w->batch_results[i] = w->results[i].column;
        w->batch_strides[i] = w->results[i].elements;
    }
    w->batch_call.first = t->request->points->indices[t->request->order[at]];
    w->batch_call.count = count;
    w->batch_call.width = (count + 15u) & ~(uint64_t)15u;
    w->serial += count;
    return w->batch->run_batch(&w->batch_call);
}

static const char *lane_message(trial_state *t, uint64_t lane, int status, char *room, size_t size)
{
    const unsigned char *payload;
    worker_record record;
    pipette_value value;
    size_t at;
    for (at = 0; outbox_next(&t->worker, &at, lane, &record, &payload);)
        if (record.column == t->plan.message_column && record.kind == WORKER_APPEND) {
            wire_reader in = {payload, (size_t)record.bytes, 0, 0};
            if (wire_get_value(&in, &value) == PIPETTE_OK && value.rank == 0 && value.type == PIPETTE_TYPE_STRING)
                return value.as.string;
        }
    (void)snprintf(room, size, "the model returned %d (%s)", status, pipette_status_text(status));
    return room;
}

static void run_batch(trial_state *t, uint64_t at, uint64_t count)
{
    worker *w = &t->worker;
    uint64_t width = (count + 15u) & ~(uint64_t)15u, lane;
    trial_damage damage, none = {-1, 0, 0};
    double begin, seconds;
    char room[200];
    int status;
    fill_columns(t, at, count, width);
    place_buffers(t, t->request->order[at], width);
    dirty_stack(t->request->garbage);
    begin = seconds_now();
    status = call_batch(t, at, count);
    seconds = (seconds_now() - begin) / (double)count;
    damage = find_damage(t);
    for (lane = 0; lane < count; lane++) {
        int one = status < 0 ? status : w->batch_call.status[lane], missing = 0;
        uint32_t i;
        for (i = 0; one == PIPETTE_OK && i < w->schema->result_count && !missing; i++)
            if (w->results[i].column == NULL && !w->batch_given[(size_t)lane * (w->schema->result_count + 1u) + i])
                missing = 1 + (int)i;
        if (missing)
            (void)snprintf(room, sizeof room, "the model did not store result '%s'",
                           w->schema->results[missing - 1].path);
        tell_outcome(t, lane, t->request->order[at + lane],
                     missing                     ? PIPETTE_STATE_FAILED
                     : one == PIPETTE_OK         ? PIPETTE_STATE_DONE
                     : one == PIPETTE_INFEASIBLE ? PIPETTE_STATE_INFEASIBLE
                                                 : PIPETTE_STATE_FAILED,
                     seconds, lane == 0 ? damage : none,
                     missing             ? room
                     : one == PIPETTE_OK ? ""
                                         : lane_message(t, lane, one, room, sizeof room));
    }
}

static void time_batches(trial_state *t)
{
    const trial_request *request = t->request;
    trial_damage none = {-1, 0, 0};
    double begin, spent = 0, end = seconds_now() + request->seconds;
    uint64_t count = 0;
    fill_columns(t, 0, request->order_count, (request->order_count + 15u) & ~(uint64_t)15u);
    place_buffers(t, request->order[0], (request->order_count + 15u) & ~(uint64_t)15u);
    do {
        begin = seconds_now();
        (void)call_batch(t, 0, request->order_count);
        spent += seconds_now() - begin;
        count += request->order_count;
    } while (seconds_now() < end);
    tell_outcome(t, 0, request->order[0], PIPETTE_STATE_PENDING, spent / (double)count, none, "");
}

/* ---- The life of the process ------------------------------------------------------------------------------------- */

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
        give_up(t, PIPETTE_E_PLUGIN, text);
    }
    w->instance = w->stage->instance;
}

static void run_all(trial_state *t, uint64_t first)
{
    const trial_request *request = t->request;
    uint64_t at, lanes = request->lanes > 0 ? request->lanes : 1, n;
    for (at = first; at < request->order_count && (at == first || seconds_now() < t->deadline); at += n) {
        n = 1;
        if (request->mode == TRIAL_SHAPES) {
            tell_shape(t, request->order[at]);
        } else if (request->mode == TRIAL_RUN) {
            run_point(t, request->order[at]);
        } else {
            n = lanes < request->order_count - at ? lanes : request->order_count - at;
            run_batch(t, at, n);
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
        give_up(&t, error.code, error.message);
    t.deadline = seconds_now() + request->seconds;
    t.worker.schema = request->schema;
    t.worker.model = descriptor->table;
    t.worker.stage = request->stage;
    t.worker.pipe = -1;
    t.worker.paged = 1;
    t.worker.batch = !batch || descriptor->extension == NULL ? NULL : descriptor->extension(PIPETTE_BATCH_EXTENSION);
    if (batch && t.worker.batch == NULL)
        give_up(&t, PIPETTE_E_PLUGIN, "the model offers no batch any more");
    bind(&t);
    if (request->mode != TRIAL_SHAPES) {
        lanes = batch ? (lanes + 15u) & ~(uint64_t)15u : request->mode == TRIAL_TIME_RUN ? request->lanes : 1;
        make_buffers(&t, lanes);
        listen_to_faults(&t);
        make_instance(&t);
    }
    if (batch)
        make_columns(&t, lanes);
    tell(&t, TRIAL_READY, NULL, 0);
    if (request->mode == TRIAL_TIME_RUN)
        time_runs(&t);
    else if (request->mode == TRIAL_TIME_BATCH)
        time_batches(&t);
    else
        run_all(&t, first);
    if (getpid() != process) /* a fork() of the model that came back here */
        _exit(0);
    tell(&t, TRIAL_COMPLETE, NULL, 0);
    if (request->mode != TRIAL_SHAPES && t.worker.model->destroy != NULL)
        t.worker.model->destroy(t.worker.stage);
    tell(&t, TRIAL_LEFT, NULL, 0);
    _exit(0);
}
