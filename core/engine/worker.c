/* worker.c: one worker: claims runs, lets the model compute them, stores the results. */
#include "engine/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* Results of this many bytes are computed before they are written: they stay in the cache, and a write call is shared by many
 * tiny runs. */
#define CHUNK_BYTES (256u << 10)
#define CHUNK_RUNS 65536u
#define CHUNK_SECONDS 0.02
/* Runs longer than this get a clock reading of their own. */
#define CLOCK_SECONDS 10e-6

static double now(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void *column_memory(uint64_t lanes, uint64_t bytes)
{
    size_t size = ((size_t)(lanes * bytes) + 64u + 63u) & ~(size_t)63u;
    void *memory = aligned_alloc(64, size);
    if (memory != NULL)
        memset(memory, 0, size);
    return memory;
}

/* ---- Start and end ----------------------------------------------------------------------------------------------------- */

static int open_place(worker *w, const plan_column *column, pipette_error *error)
{
    uint32_t i;
    int file;
    if (column->file == NULL || column->column == PLAN_NO_COLUMN)
        return PIPETTE_OK;
    for (i = 0; i < w->file_count; i++)
        if (strcmp(w->file_names[i], column->file) == 0)
            return PIPETTE_OK;
    file = open(column->file, O_WRONLY | O_CLOEXEC);
    if (file < 0)
        return pipette_error_set(error, PIPETTE_E_STORAGE, "%s: a worker cannot open it: %s", column->file, strerror(errno));
    w->files[w->file_count] = file;
    w->file_names[w->file_count++] = column->file;
    return PIPETTE_OK;
}

static int file_of(const worker *w, const plan_column *column)
{
    uint32_t i;
    for (i = 0; i < w->file_count; i++)
        if (w->file_names[i] == column->file || strcmp(w->file_names[i], column->file) == 0)
            return w->files[i];
    return -1;
}

static int open_places(worker *w, pipette_error *error)
{
    const engine_plan *plan = w->plan;
    uint32_t i, count = plan->result_count + plan->coordinate_count + 3;
    int status;
    w->files = calloc(count, sizeof *w->files);
    w->file_names = calloc(count, sizeof *w->file_names);
    if (w->files == NULL || w->file_names == NULL)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    status = open_place(w, &plan->state, error);
    if (status == PIPETTE_OK)
        status = open_place(w, &plan->start, error);
    if (status == PIPETTE_OK)
        status = open_place(w, &plan->duration, error);
    for (i = 0; status == PIPETTE_OK && i < plan->result_count; i++)
        status = open_place(w, &plan->results[i], error);
    for (i = 0; status == PIPETTE_OK && i < plan->coordinate_count; i++)
        status = open_place(w, &plan->coordinates[i], error);
    return status;
}

static int bind_parameters(worker *w, pipette_error *error)
{
    const engine_plan *plan = w->plan;
    uint32_t i, j;
    for (i = 0; i < plan->parameter_count; i++) {
        const plan_parameter *from = &plan->parameters[i];
        worker_parameter *to = &w->parameters[i];
        to->type = from->value.type;
        to->rank = from->value.rank;
        to->base = pipette_value_data(&from->value);
        to->stride = 0;
        if (from->explored >= 0) {
            to->stride = pipette_type_size(to->type);
            to->base = w->coordinates[from->explored];
        }
    }
    for (i = 0; i < w->schema->parameter_count; i++) {
        w->declared[i] = -1;
        for (j = 0; j < plan->parameter_count && w->declared[i] < 0; j++)
            if (strncmp(plan->parameters[j].path, "parameters.", 11) == 0 &&
                strcmp(plan->parameters[j].path + 11, w->schema->parameters[i].path) == 0)
                w->declared[i] = (int32_t)j;
        if (w->declared[i] < 0)
            return pipette_error_set(error, PIPETTE_E_INTERNAL, "parameter '%s' did not reach the worker",
                                     w->schema->parameters[i].path);
    }
    return PIPETTE_OK;
}

static int make_columns(worker *w, pipette_error *error)
{
    const engine_plan *plan = w->plan;
    uint64_t bytes = sizeof(int8_t) + 2 * sizeof(double), lanes;
    uint32_t i, j;
    for (i = 0; i < plan->result_count; i++)
        bytes += plan->results[i].elements == PLAN_VARIES ? 0 : plan->results[i].row_bytes;
    for (i = 0; i < plan->coordinate_count; i++)
        bytes += plan->coordinates[i].row_bytes;
    lanes = CHUNK_BYTES / bytes;
    w->lane_limit = lanes < 1 ? 1 : lanes > CHUNK_RUNS ? CHUNK_RUNS : lanes;
    if (w->batch != NULL)
        w->lane_limit = (w->lane_limit + 15u) & ~(uint64_t)15u;
    lanes = w->lane_limit;
    w->states = column_memory(lanes, sizeof *w->states);
    w->starts = column_memory(lanes, sizeof *w->starts);
    w->durations = column_memory(lanes, sizeof *w->durations);
    if (w->states == NULL || w->starts == NULL || w->durations == NULL)
        goto memory;
    for (i = 0; i < plan->coordinate_count; i++) {
        w->coordinates[i] = column_memory(lanes, pipette_type_size(plan->coordinates[i].type));
        if (w->coordinates[i] == NULL)
            goto memory;
    }
    for (i = 0; i < plan->result_count; i++) {
        worker_result *result = &w->results[i];
        const pipette_result_spec *spec = &w->schema->results[i];
        result->type = spec->type;
        result->buffer_count = PLAN_VARIES;
        if (plan->results[i].elements != PLAN_VARIES) {
            result->elements = plan->results[i].elements;
            result->row_bytes = plan->results[i].row_bytes;
            result->column = column_memory(lanes, result->row_bytes);
            if (result->column == NULL)
                goto memory;
        } else if (spec->rank > 0) {
            result->extents = calloc(spec->rank, sizeof *result->extents);
            if (result->extents == NULL)
                goto memory;
            for (j = 0; j < spec->rank; j++) {
                result->extents[j] = spec->dimensions[j].extent;
                if (result->extents[j] != PIPETTE_RAGGED && w->extents == NULL)
                    w->extents = calloc(shape_extent_count(w->schema), sizeof *w->extents);
                if (result->extents[j] != PIPETTE_RAGGED && w->extents == NULL)
                    goto memory;
            }
        }
    }
    return PIPETTE_OK;
memory:
    return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory for the results of %llu runs", (unsigned long long)lanes);
}

int worker_start(worker *w, pipette_error *error)
{
    const engine_plan *plan = w->plan;
    int status;
    w->run.size = sizeof w->run;
    w->run.host = &worker_run_host;
    w->run.seed = plan->seed;
    w->parameters = calloc(plan->parameter_count + 1u, sizeof *w->parameters);
    w->results = calloc(plan->result_count + 1u, sizeof *w->results);
    w->declared = calloc(w->schema->parameter_count + 1u, sizeof *w->declared);
    w->coordinates = calloc(plan->coordinate_count + 1u, sizeof *w->coordinates);
    if (w->parameters == NULL || w->results == NULL || w->declared == NULL || w->coordinates == NULL)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    status = open_places(w, error);
    if (status == PIPETTE_OK)
        status = make_columns(w, error);
    if (status == PIPETTE_OK)
        status = bind_parameters(w, error);
    if (status != PIPETTE_OK)
        return status;
    if (w->model->create != NULL) {
        status = w->model->create(w->stage);
        if (status != PIPETTE_OK) {
            const char *message = w->stage_message(w->stage);
            return pipette_error_set(error, PIPETTE_E_PLUGIN, "model '%s' could not make its instance: %s", w->schema->name,
                                     message[0] != '\0' ? message : pipette_status_text(status));
        }
    }
    w->instance_made = 1;
    w->run.instance = w->stage->instance;
    return PIPETTE_OK;
}

void worker_end(worker *w)
{
    uint32_t i;
    if (w->instance_made && w->model->destroy != NULL)
        w->model->destroy(w->stage);
    for (i = 0; i < w->file_count; i++)
        (void)close(w->files[i]);
    for (i = 0; w->results != NULL && i < w->plan->result_count; i++) {
        free(w->results[i].column);
        free(w->results[i].extents);
        free(w->results[i].buffer);
    }
    for (i = 0; w->coordinates != NULL && i < w->plan->coordinate_count; i++)
        free(w->coordinates[i]);
    free(w->extents);
    free(w->parameters);
    free(w->results);
    free(w->declared);
    free(w->coordinates);
    free(w->states);
    free(w->starts);
    free(w->durations);
    free(w->files);
    free(w->file_names);
    wire_free(&w->log);
    wire_free(&w->outbox);
}

/* ---- Storing ------------------------------------------------------------------------------------------------------------- */

static int write_at(int file, const void *bytes, size_t size, uint64_t offset)
{
    const char *at = bytes;
    while (size > 0) {
        ssize_t written = pwrite(file, at, size, (off_t)offset);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return written < 0 ? errno : EIO;
        at += written;
        offset += (uint64_t)written;
        size -= (size_t)written;
    }
    return 0;
}

/* Stores `count` rows of a column; `*sent` is set where they went to the supervisor. */
static int store_rows(worker *w, const plan_column *column, const void *bytes, uint64_t row, uint64_t count, int *sent,
                      pipette_error *error)
{
    int failure;
    if (column->column == PLAN_NO_COLUMN)
        return PIPETTE_OK;
    if (column->file == NULL) {
        worker_record record = {WORKER_WRITE, column->column, row, count, count * column->row_bytes};
        *sent = 1;
        return w->sink(w->sink_user, &record, bytes);
    }
    failure = write_at(file_of(w, column), bytes, (size_t)(count * column->row_bytes), column->offset + row * column->row_bytes);
    if (failure != 0)
        return pipette_error_set(error, PIPETTE_E_STORAGE, "%s: cannot write results: %s; what was stored before is safe", column->file,
                                 strerror(failure));
    return PIPETTE_OK;
}

/* What travels by itself: values of unknown size, messages, logs. Records know their lane; the file wants rows. */
static int send_outbox(worker *w, uint64_t row, pipette_error *error)
{
    size_t at = 0;
    while (at < w->outbox.size) {
        worker_record record;
        int status;
        memcpy(&record, w->outbox.data + at, sizeof record);
        at += sizeof record;
        record.row += row;
        status = w->sink(w->sink_user, &record, w->outbox.data + at);
        if (status != PIPETTE_OK)
            return pipette_error_set(error, status, "the supervisor does not take results any more");
        at += (size_t)record.bytes;
    }
    w->outbox.size = 0;
    return PIPETTE_OK;
}

static int store_states(worker *w, uint64_t row, uint64_t count, int sent, pipette_error *error)
{
    uint64_t done = 0, infeasible = 0, i;
    int status;
    if (sent || w->plan->state.file == NULL) {
        worker_record record = {WORKER_STATES, w->plan->state.column, row, count, count};
        return w->sink(w->sink_user, &record, w->states);
    }
    if (w->plan->power_safe)
        for (i = 0; i < w->file_count; i++)
            if (fdatasync(w->files[i]) != 0)
                return pipette_error_set(error, PIPETTE_E_STORAGE, "%s: cannot flush results to the disk: %s", w->file_names[i],
                                         strerror(errno));
    status = store_rows(w, &w->plan->state, w->states, row, count, &sent, error);
    if (status != PIPETTE_OK)
        return status;
    if (w->plan->power_safe)
        (void)fdatasync(file_of(w, &w->plan->state));
    for (i = 0; i < count; i++) {
        done += w->states[i] == PIPETTE_STATE_DONE;
        infeasible += w->states[i] == PIPETTE_STATE_INFEASIBLE;
    }
    atomic_fetch_add_explicit(&w->slot->done, done, memory_order_relaxed);
    atomic_fetch_add_explicit(&w->slot->infeasible, infeasible, memory_order_relaxed);
    atomic_fetch_add_explicit(&w->slot->failed, count - done - infeasible, memory_order_relaxed);
    return PIPETTE_OK;
}

static int store_chunk(worker *w, uint64_t row, uint64_t count, pipette_error *error)
{
    const engine_plan *plan = w->plan;
    int sent = 0, status = PIPETTE_OK;
    uint32_t i;
    for (i = 0; status == PIPETTE_OK && i < plan->coordinate_count; i++)
        status = store_rows(w, &plan->coordinates[i], w->coordinates[i], row, count, &sent, error);
    for (i = 0; status == PIPETTE_OK && i < plan->result_count; i++)
        if (w->results[i].column != NULL)
            status = store_rows(w, &plan->results[i], w->results[i].column, row, count, &sent, error);
    if (status == PIPETTE_OK)
        status = store_rows(w, &plan->start, w->starts, row, count, &sent, error);
    if (status == PIPETTE_OK)
        status = store_rows(w, &plan->duration, w->durations, row, count, &sent, error);
    if (status == PIPETTE_OK && w->outbox.size > 0) {
        sent = 1;
        status = send_outbox(w, row, error);
    }
    return status != PIPETTE_OK ? status : store_states(w, row, count, sent, error);
}

/* ---- Running --------------------------------------------------------------------------------------------------------------- */

/* The value that a result has where its run did not end well. */
static void fill_lane(worker *w, uint64_t lane)
{
    uint32_t i;
    for (i = 0; i < w->plan->result_count; i++) {
        worker_result *r = &w->results[i];
        uint64_t j;
        unsigned char *at;
        if (r->column == NULL)
            continue;
        at = r->column + lane * r->row_bytes;
        for (j = 0; j < r->elements; j++)
            switch (r->type) {
            case PIPETTE_TYPE_F64: ((double *)(void *)at)[j] = NAN; break;
            case PIPETTE_TYPE_F32: ((float *)(void *)at)[j] = NAN; break;
            case PIPETTE_TYPE_I64: ((int64_t *)(void *)at)[j] = PIPETTE_FILL_I64; break;
            case PIPETTE_TYPE_I32: ((int32_t *)(void *)at)[j] = PIPETTE_FILL_I32; break;
            case PIPETTE_TYPE_U64: ((uint64_t *)(void *)at)[j] = PIPETTE_FILL_U64; break;
            case PIPETTE_TYPE_BOOL: ((int8_t *)(void *)at)[j] = PIPETTE_FILL_BOOL; break;
            case PIPETTE_TYPE_COMPLEX: ((pipette_complex *)(void *)at)[j] = (pipette_complex){NAN, NAN}; break;
            default: break;
            }
    }
}

static void append_text(worker *w, uint32_t column, uint64_t lane, const char *text)
{
    pipette_value value = pipette_value_string(text);
    if (column != PLAN_NO_COLUMN)
        run_append(w, WORKER_APPEND, column, lane, NULL, &value);
}

/* What the run printed and logged, as UTF-8 text without zero bytes. */
static void send_log(worker *w, uint64_t lane)
{
    size_t i;
    if (w->log.size == 0)
        return;
    for (i = 0; i < w->log.size; i++)
        if (w->log.data[i] == '\0')
            w->log.data[i] = ' ';
    wire_put(&w->log, "", 1);
    if (!w->log.failed)
        append_text(w, w->plan->log_column, lane, (const char *)w->log.data);
    w->log.size = 0;
    w->log.failed = 0;
}

static void run_lane(worker *w, uint64_t run, uint64_t lane, int clocked)
{
    size_t mark = w->outbox.size;
    double begin = 0;
    int state, status;
    if (clocked) {
        w->starts[lane] = now(CLOCK_REALTIME);
        begin = now(CLOCK_MONOTONIC);
    }
    run_begin(w, run, lane);
    status = run_shapes(w);
    if (status == PIPETTE_OK)
        status = w->model->run(&w->run);
    state = run_end(w, status);
    if (clocked)
        w->durations[lane] = now(CLOCK_MONOTONIC) - begin;
    if (w->capture)
        capture_take(&w->log, clocked);
    if (state != PIPETTE_STATE_DONE) {
        w->outbox.size = mark;
        fill_lane(w, lane);
        append_text(w, w->plan->message_column, lane, w->message);
    }
    send_log(w, lane);
    w->states[lane] = (int8_t)state;
}

/* `count` consecutive runs from `run` on, for the rows from `row` on: computes and stores them. */
static int run_chunk(worker *w, uint64_t position, uint64_t row, uint64_t run, uint64_t count, pipette_error *error)
{
    const engine_plan *plan = w->plan;
    int clocked = w->run_seconds == 0 || w->run_seconds >= CLOCK_SECONDS;
    double start = now(CLOCK_REALTIME), begin = now(CLOCK_MONOTONIC), seconds;
    uint64_t i;
    for (i = 0; i < plan->coordinate_count; i++)
        exploration_fill(plan->points, (uint32_t)i, run, count, w->coordinates[i]);
    for (i = 0; i < count; i++) {
        atomic_store_explicit(&w->slot->current, position + i, memory_order_relaxed);
        atomic_store_explicit(&w->slot->ran, w->serial + 1, memory_order_relaxed);
        run_lane(w, run + i, i, clocked);
    }
    atomic_store_explicit(&w->slot->current, BOARD_IDLE, memory_order_relaxed);
    seconds = (now(CLOCK_MONOTONIC) - begin) / (double)count;
    if (!clocked) {
        for (i = 0; i < count; i++) {
            w->starts[i] = start;
            w->durations[i] = seconds;
        }
        if (w->capture) {
            size_t before = w->log.size;
            capture_take(&w->log, 1);
            if (w->log.size > before)
                send_log(w, count - 1);
        }
    }
    w->run_seconds = seconds > 1e-9 ? seconds : 1e-9;
    return store_chunk(w, row, count, error);
}

/* The positions first .. first + count - 1, cut where the plan's spans end. */
static int run_positions(worker *w, uint64_t first, uint64_t count, pipette_error *error)
{
    const engine_plan *plan = w->plan;
    uint64_t base = 0, i, end = first + count;
    for (i = 0; i < plan->span_count && first < end; i++) {
        const plan_span *span = &plan->spans[i];
        while (first < end && first < base + span->count) {
            uint64_t into = first - base, left = span->count - into, n = end - first < left ? end - first : left;
            int status;
            n = n > w->lane_limit ? w->lane_limit : n;
            status = run_chunk(w, first, span->row + into, span->run + into, n, error);
            if (status != PIPETTE_OK)
                return status;
            first += n;
            atomic_fetch_add_explicit(&w->slot->stored, n, memory_order_release);
            if (w->tick != NULL)
                w->tick(w->sink_user);
        }
        base += span->count;
    }
    return PIPETTE_OK;
}

static uint64_t claim_size(const worker *w, uint64_t left)
{
    uint64_t share = left / (2u * (uint64_t)w->board->slot_count) + 1, size = 4;
    if (w->run_seconds > 0) {
        double runs = CHUNK_SECONDS / w->run_seconds;
        size = runs < 1 ? 1 : runs > (double)w->lane_limit ? w->lane_limit : (uint64_t)runs;
    }
    if (size > w->lane_limit)
        size = w->lane_limit;
    return size > share ? share : size;
}

static int work_on(worker *w, uint64_t first, uint64_t count, pipette_error *error)
{
    atomic_store(&w->slot->claim_count, 0);
    atomic_store(&w->slot->stored, 0);
    atomic_store(&w->slot->claim_first, first);
    atomic_store(&w->slot->claim_count, count);
    return run_positions(w, first, count, error);
}

int worker_work(worker *w, pipette_error *error)
{
    uint64_t first = atomic_load(&w->slot->inherited_first), count = atomic_load(&w->slot->inherited_count), i;
    int status;
    /* What a worker before us left behind: one by one, so that a run that kills us is known. */
    for (i = 0; i < count && !atomic_load_explicit(&w->board->stop, memory_order_relaxed); i++) {
        atomic_store(&w->slot->inherited_first, first + i + 1);
        atomic_store(&w->slot->inherited_count, count - i - 1);
        status = work_on(w, first + i, 1, error);
        if (status != PIPETTE_OK)
            return status;
    }
    while (!atomic_load_explicit(&w->board->stop, memory_order_relaxed)) {
        uint64_t next = atomic_load_explicit(&w->board->next, memory_order_relaxed);
        if (next >= w->plan->run_count)
            break;
        count = claim_size(w, w->plan->run_count - next);
        first = atomic_fetch_add(&w->board->next, count);
        if (first >= w->plan->run_count)
            break;
        if (count > w->plan->run_count - first)
            count = w->plan->run_count - first;
        status = work_on(w, first, count, error);
        if (status != PIPETTE_OK)
            return status;
    }
    atomic_store(&w->slot->claim_count, 0);
    return PIPETTE_OK;
}
