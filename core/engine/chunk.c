/* chunk.c: lets the model compute some consecutive runs: one by one, as a batch, or each in a process of its own. */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/chunk.h"

/* Runs longer than this get a clock reading of their own. */
#define CLOCK_SECONDS 10e-6

static double now(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

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

/* ---- One process for each run ----------------------------------------------------------------------------------------------- */

/* What a run's own process leaves for the worker, in shared memory: this head, then the outbox, then the log. The columns are shared
 * as they are. */
typedef struct letter {
    uint64_t complete, outbox_size, log_size;
} letter;

_Noreturn static void isolated_process(worker *w, uint64_t run, uint64_t lane)
{
    letter *out = w->letter;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)setpgid(0, 0);
    w->capture = 0; /* the worker looks at what was printed: it also can when we are dead */
    run_lane(w, run, lane, 1);
    if (sizeof *out + w->outbox.size <= WORKER_LETTER_BYTES) {
        memcpy(out + 1, w->outbox.data == NULL ? (const void *)"" : w->outbox.data, w->outbox.size);
        out->outbox_size = w->outbox.size;
        out->complete = 1;
    }
    _exit(0);
}

static void describe_end(const worker *w, int wait_status, char *out, size_t size)
{
    char limit[96] = "";
    if (w->plan->memory_limit > 0)
        (void)snprintf(limit, sizeof limit, "; memory_limit was %llu bytes", (unsigned long long)w->plan->memory_limit);
    if (WIFSIGNALED(wait_status))
        (void)snprintf(out, size, "the run crashed (SIG%s)%s", sigabbrev_np(WTERMSIG(wait_status)), limit);
    else if (w->letter != NULL && WEXITSTATUS(wait_status) == 0)
        (void)snprintf(out, size, "the run ended its process (exit status 0), or its results are too large to hand over%s", limit);
    else
        (void)snprintf(out, size, "the run ended its process (exit status %d)%s", WEXITSTATUS(wait_status), limit);
}

static void run_isolated(worker *w, uint64_t run, uint64_t lane)
{
    letter *in = w->letter;
    int wait_status = 0;
    double start = now(CLOCK_REALTIME), begin = now(CLOCK_MONOTONIC);
    pid_t pid;
    memset(in, 0, sizeof *in);
    (void)fflush(NULL);
    pid = fork();
    if (pid == 0)
        isolated_process(w, run, lane);
    if (pid > 0) {
        while (waitpid(pid, &wait_status, 0) < 0 && errno == EINTR)
            ;
        (void)kill(-pid, SIGKILL); /* what the run has started ends with it */
    }
    if (w->capture)
        capture_take(&w->log, 1);
    if (pid > 0 && in->complete) {
        wire_put(&w->outbox, in + 1, (size_t)in->outbox_size);
    } else {
        run_begin(w, run, lane);
        if (pid < 0)
            (void)snprintf(w->message, sizeof w->message, "no process for the run: %s", strerror(errno));
        else
            describe_end(w, wait_status, w->message, sizeof w->message);
        w->starts[lane] = start;
        w->durations[lane] = now(CLOCK_MONOTONIC) - begin;
        w->states[lane] = PIPETTE_STATE_FAILED;
        fill_lane(w, lane);
        append_text(w, w->plan->message_column, lane, w->message);
    }
    send_log(w, lane);
    if (in->outbox_size > (64u << 10)) /* give large letters back to the system */
        (void)madvise(w->letter, WORKER_LETTER_BYTES, MADV_REMOVE);
}

/* ---- Batches --------------------------------------------------------------------------------------------------------------------- */

/* Lanes behind the last point repeat it, so that vector code has something sound to compute on. */
static void pad(unsigned char *column, size_t bytes, uint64_t count, uint64_t width)
{
    uint64_t i;
    for (i = count; i < width; i++)
        memcpy(column + i * bytes, column + (count - 1) * bytes, bytes);
}

static int run_as_batch(worker *w, uint64_t run, uint64_t count)
{
    uint64_t width = (count + 15u) & ~(uint64_t)15u, i;
    uint32_t j;
    pipette_batch *batch = &w->batch_call;
    int status;
    for (i = 0; i < w->plan->coordinate_count; i++)
        pad(w->coordinates[i], pipette_type_size(w->plan->coordinates[i].type), count, width);
    memset(w->batch_status, 0, (size_t)width * sizeof *w->batch_status);
    memset(w->batch_given, 0, (size_t)count * (w->schema->result_count + 1u));
    batch->first = run;
    batch->count = count;
    batch->width = width;
    status = w->batch->run_batch(batch);
    w->serial += count;
    for (i = 0; i < count; i++) {
        const uint8_t *given = w->batch_given + (size_t)i * (w->schema->result_count + 1u);
        int lane = status < 0 ? status : w->batch_status[i];
        w->states[i] = PIPETTE_STATE_DONE;
        if (lane != PIPETTE_OK)
            (void)snprintf(w->message, sizeof w->message, "the model returned %d (%s)", lane, pipette_status_text(lane));
        for (j = 0; lane == PIPETTE_OK && w->batch_ragged && j < w->schema->result_count; j++)
            if (w->results[j].column == NULL && !given[j]) {
                lane = PIPETTE_E_MODEL;
                (void)snprintf(w->message, sizeof w->message, "the model did not store result '%s'", w->schema->results[j].path);
            }
        if (lane == PIPETTE_OK)
            continue;
        w->states[i] = lane == PIPETTE_INFEASIBLE ? PIPETTE_STATE_INFEASIBLE : PIPETTE_STATE_FAILED;
        fill_lane(w, i);
        if (!given[w->schema->result_count]) /* else the model has said why */
            append_text(w, w->plan->message_column, i, w->message);
    }
    return PIPETTE_OK;
}

/* ---- Chunks ----------------------------------------------------------------------------------------------------------------------- */

static void compute(worker *w, uint64_t position, uint64_t run, uint64_t count, int clocked)
{
    uint64_t i;
    if (w->batch != NULL && count > 1) {
        atomic_store_explicit(&w->slot->lanes, count, memory_order_relaxed);
        atomic_store_explicit(&w->slot->current, position, memory_order_relaxed);
        atomic_store_explicit(&w->slot->ran, w->serial + count, memory_order_relaxed);
        (void)run_as_batch(w, run, count);
        return;
    }
    atomic_store_explicit(&w->slot->lanes, 1, memory_order_relaxed);
    for (i = 0; i < count; i++) {
        atomic_store_explicit(&w->slot->current, position + i, memory_order_relaxed);
        atomic_store_explicit(&w->slot->ran, w->serial + 1, memory_order_relaxed);
        if (w->isolated)
            run_isolated(w, run + i, i);
        else
            run_lane(w, run + i, i, clocked);
    }
}

int chunk_run(worker *w, uint64_t position, uint64_t row, uint64_t run, uint64_t count, pipette_error *error)
{
    const engine_plan *plan = w->plan;
    int clocked = (w->run_seconds == 0 || w->run_seconds >= CLOCK_SECONDS) && (w->batch == NULL || count == 1);
    double start = now(CLOCK_REALTIME), begin = now(CLOCK_MONOTONIC), seconds;
    int status;
    uint64_t i;
    for (i = 0; i < plan->coordinate_count; i++)
        exploration_fill(plan->points, (uint32_t)i, run, count, w->coordinates[i]);
    compute(w, position, run, count, clocked);
    seconds = (now(CLOCK_MONOTONIC) - begin) / (double)count;
    if (!clocked && !w->isolated) {
        for (i = 0; i < count; i++) {
            w->starts[i] = start;
            w->durations[i] = seconds;
        }
        if (w->capture) { /* written around stdio: known of the chunk, not of the run */
            capture_take(&w->log, 1);
            send_log(w, count - 1);
        }
    }
    w->run_seconds = seconds > 1e-9 ? seconds : 1e-9;
    atomic_store_explicit(&w->slot->current, BOARD_IDLE, memory_order_relaxed);
    if (w->capture && !w->isolated) {
        const char *changed = clean_check();
        if (changed != NULL) {
            (void)pipette_error_set(error, WORKER_DIRTY, "%s", changed);
            return WORKER_DIRTY;
        }
    }
    status = store_chunk(w, row, count, error);
    return status;
}
