/* chunk.c: lets the model compute some consecutive runs: one by one, as a batch, or each in a process of its own. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/children.h"
#include "engine/chunk.h"
#include "engine/columns.h"
#include "engine/fault.h"
#include "engine/guard.h"
#include "engine/instance.h"
#include "engine/limits.h"
#include "engine/seed.h"
#include "engine/threads.h"
#include "engine/workdir.h"

/* Runs longer than this get a clock reading of their own. */
#define CLOCK_SECONDS 10e-6
/* What has taken this long is stored before more is computed. */
#define STORE_SECONDS 0.02
/* How often one run may be killed by a signal from outside before it is held to be the reason. */
#define KILLS 3
/* So much may runs leave behind in memory before a fresh worker takes over, where no limit is set. */
#define GROWTH ((uint64_t)256 << 20)
/* How often a process is asked for that the system does not give, with 10 ms between. */
#define REFUSALS 20

/* Kept free for what a run says of its end: it may have used up all memory, or be forbidden any more. */
#define MESSAGE_ROOM 8192u

/* The sanitizers reserve address space by the terabyte. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define LIMIT_MEMORY 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define LIMIT_MEMORY 0
#endif
#endif
#ifndef LIMIT_MEMORY
#define LIMIT_MEMORY 1
#endif

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
        at = worker_row(r, lane);
        for (j = 0; j < r->elements; j++)
            switch (r->type) {
            case PIPETTE_TYPE_F64:
                ((double *)(void *)at)[j] = NAN;
                break;
            case PIPETTE_TYPE_F32:
                ((float *)(void *)at)[j] = NAN;
                break;
            case PIPETTE_TYPE_I64:
                ((int64_t *)(void *)at)[j] = PIPETTE_FILL_I64;
                break;
            case PIPETTE_TYPE_I32:
                ((int32_t *)(void *)at)[j] = PIPETTE_FILL_I32;
                break;
            case PIPETTE_TYPE_U64:
                ((uint64_t *)(void *)at)[j] = PIPETTE_FILL_U64;
                break;
            case PIPETTE_TYPE_BOOL:
                ((int8_t *)(void *)at)[j] = PIPETTE_FILL_BOOL;
                break;
            case PIPETTE_TYPE_COMPLEX:
                ((pipette_complex *)(void *)at)[j] = (pipette_complex){NAN, NAN};
                break;
            default:
                break;
            }
    }
}

static void append_text(worker *w, uint32_t column, uint64_t lane, const char *text)
{
    pipette_value value = pipette_value_string(text);
    if (column != PLAN_NO_COLUMN)
        run_append(w, WORKER_APPEND, column, lane, NULL, &value);
}

/* What the run printed and logged. */
static void send_log(worker *w, uint64_t lane)
{
    uint64_t wrong = 0;
    if (w->log.size > 0 && w->plan->log_column != PLAN_NO_COLUMN) {
        const char *text = capture_text(&w->log, &w->text, &wrong);
        run_append_text(w, w->plan->log_column, lane, text, wrong);
    }
    w->log.size = 0;
    w->log.failed = 0;
}

/* What was written around stdio's buffer: known of the chunk, not of the run. From now on each run is asked. */
static void send_common_log(worker *w, uint64_t run, uint64_t count)
{
    char note[128];
    (void)snprintf(note, sizeof note, "[one of the runs %llu to %llu wrote:]\n", (unsigned long long)run,
                   (unsigned long long)(run + count - 1));
    if (count > 1)
        wire_put(&w->log, note, strlen(note));
    wire_put(&w->log, w->printed.data, w->printed.size);
    w->printed.size = 0;
    send_log(w, count - 1);
    w->look_closely = 1;
}

/* A copy of this process that a model's fork() made must not go on as if it were the worker. */
static void end_copies(const worker *w)
{
    if (w->process != 0 && getpid() != w->process)
        _exit(0);
}

/* ---- Memory ---- */

/* Bytes of address space, or of what is resident of it. */
static uint64_t memory_now(int resident)
{
    char text[64], *end;
    uint64_t pages;
    int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    ssize_t got = file < 0 ? -1 : read(file, text, sizeof text - 1);
    if (file >= 0)
        (void)close(file);
    if (got <= 0)
        return 0;
    text[got] = '\0';
    pages = strtoull(text, &end, 10);
    return (resident ? strtoull(end, NULL, 10) : pages) * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void limit_memory(worker *w)
{
    struct rlimit limit;
    if (!LIMIT_MEMORY || w->plan->memory_limit == 0 || getrlimit(RLIMIT_AS, &w->address_limit) != 0)
        return;
    limit = w->address_limit;
    w->memory_before = memory_now(0);
    limit.rlim_cur = w->memory_before + w->plan->memory_limit;
    if (limit.rlim_cur > w->address_limit.rlim_cur || limit.rlim_cur < w->plan->memory_limit)
        limit.rlim_cur = w->address_limit.rlim_cur;
    w->memory_allowed = limit.rlim_cur;
    (void)setrlimit(RLIMIT_AS, &limit);
}

/* As it was before, unless a run has set a limit of its own. */
static void free_memory(const worker *w)
{
    struct rlimit limit;
    if (!LIMIT_MEMORY || w->plan->memory_limit == 0 || getrlimit(RLIMIT_AS, &limit) != 0)
        return;
    if (limit.rlim_cur == w->memory_allowed && limit.rlim_max == w->address_limit.rlim_max)
        (void)setrlimit(RLIMIT_AS, &w->address_limit);
}

/* What runs leave behind in memory adds up: past the limit for one run, or past GROWTH, a fresh worker takes over. What
 * the first runs build and keep, such as a table, is no leak: there is little growth after them. */
static void watch_growth(worker *w, uint64_t count)
{
    const uint64_t limit = (w->plan->memory_limit > 0 ? w->plan->memory_limit : GROWTH) + w->column_memory_bytes +
                           w->parameter_bytes + w->outbox.capacity;
    const uint64_t resident = memory_now(1), before = w->resident_last;
    uint64_t left, per_run;
    w->resident_last = resident;
    if (w->serial <= count)
        w->resident_settled = resident;
    w->runs_to_limit = UINT64_MAX;
    if (resident <= before || resident <= w->resident_first)
        return;
    left = resident - w->resident_first < limit ? limit - (resident - w->resident_first) : 0;
    w->worn = left == 0 && resident > w->resident_settled + limit / 8;
    per_run = (resident - before) / count;
    if (per_run > 0)
        w->runs_to_limit = left / per_run + 1;
}

/* ---- Failed runs that are tried again ---- */

/* How often the run has been tried in processes before this one. */
static uint32_t tries_before(const worker *w, uint64_t position)
{
    return w->careful_count > 0 && position == w->careful_first ? w->first_tries : 0;
}

/* For the supervisor, which counts on where this try ends the process. */
static void note_try(const worker *w, uint32_t number)
{
    if (w->plan->retries > 0)
        atomic_store_explicit(&w->slot->tries, number, memory_order_relaxed);
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
    wire_room(&w->outbox, MESSAGE_ROOM);
    w->outbox.failed = 0;
    run_begin(w, run, lane);
    status = w->extents == NULL ? PIPETTE_OK : run_shapes(w);
    if (status == PIPETTE_OK && w->plan->workdir != WORKDIR_SHARED)
        status = workdir_enter(w, run);
    if (w->schema->random != 0)
        seed_generators(w->schema->random, w->plan->seed, run);
    if (status == PIPETTE_OK)
        status = w->model->run(&w->run);
    if (clocked)
        end_copies(w);
    state = run_end(w, status);
    if (w->plan->workdir != WORKDIR_SHARED)
        workdir_leave(w, run, state == PIPETTE_STATE_FAILED);
    if (clocked)
        w->durations[lane] = now(CLOCK_MONOTONIC) - begin;
    if (w->capture)
        w->look_closely |=
            capture_take(&w->log, clocked || w->look_closely) && clocked; /* who prints once may write, too */
    if (state != PIPETTE_STATE_DONE) {
        size_t used = strlen(w->message);
        w->outbox.size = mark;
        fill_lane(w, lane);
        if (LIMIT_MEMORY && w->plan->memory_limit > 0 && state == PIPETTE_STATE_FAILED)
            (void)snprintf(w->message + used, sizeof w->message - used, " (with a memory limit of %llu bytes)",
                           (unsigned long long)w->plan->memory_limit);
        if (state == PIPETTE_STATE_FAILED)
            workdir_note(w->plan, w, run, w->message, sizeof w->message);
        append_text(w, w->plan->message_column, lane, w->message);
    }
    if (w->log.size != 0)
        send_log(w, lane);
    w->states[lane] = (int8_t)state;
}

/* No result counts as given, whatever the number of the run. */
static void forget_given(worker *w)
{
    uint32_t i;
    for (i = 0; i < w->plan->result_count; i++)
        w->results[i].given = 0;
}

/* Takes back what a lane has sent: its next try sends its own, and counts as the same run. */
static void take_back(worker *w, uint64_t lane)
{
    size_t at = 0, kept = 0;
    while (at < w->outbox.size) {
        worker_record record;
        size_t size;
        memcpy(&record, w->outbox.data + at, sizeof record);
        size = sizeof record + (size_t)record.bytes;
        if (record.row != lane) {
            memmove(w->outbox.data + kept, w->outbox.data + at, size);
            kept += size;
        }
        at += size;
    }
    w->outbox.size = kept;
    w->serial--;
    forget_given(w);
}

/* A run, and once more where it failed, as often as the plan allows; only what the last try says is kept. */
static void run_lane_tried(worker *w, uint64_t position, uint64_t run, uint64_t lane, int clocked)
{
    uint32_t tries;
    if (w->plan->retries == 0) {
        run_lane(w, run, lane, clocked);
        return;
    }
    tries = tries_before(w, position);
    for (;;) {
        note_try(w, ++tries);
        run_lane(w, run, lane, clocked);
        if (w->states[lane] != PIPETTE_STATE_FAILED || tries > w->plan->retries || w->dirty[0] != '\0')
            return;
        take_back(w, lane);
    }
}

/* ---- One process for each run ---- */

/* What a run's own process leaves for the worker, in shared memory: this head, its row of each column, the outbox.
 * While the run is at work nothing but its own memory is within its reach. */
typedef struct letter {
    char reason[BOARD_REASON_BYTES]; /* as in the board */
    uint64_t outbox_size;
    double start, duration;
    int32_t complete, state;
} letter;

static unsigned char *letter_rows(const worker *w, unsigned char *at, uint64_t lane, int out)
{
    uint32_t i;
    for (i = 0; i < w->plan->result_count; i++) {
        const worker_result *r = &w->results[i];
        if (r->column == NULL)
            continue;
        if (out)
            memcpy(at, worker_row(r, lane), (size_t)r->row_bytes);
        else
            memcpy(worker_row(r, lane), at, (size_t)r->row_bytes);
        at += r->row_bytes;
    }
    return at;
}

_Noreturn static void isolated_process(worker *w, uint64_t run, uint64_t lane)
{
    letter *out = w->letter;
    unsigned char *at;
    uint32_t i;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)setpgid(0, 0);
    for (i = 0; i < w->file_count; i++)
        (void)close(w->files[i]);
    if (w->pipe >= 0)
        (void)close(w->pipe);
    (void)mprotect(w->board, w->board_bytes, PROT_NONE);
    (void)mprotect(w->letter, w->letter_bytes, PROT_NONE);
    fault_report_to(out->reason);
    w->process = getpid();
    if (w->create_apart && instance_make_apart(w) != PIPETTE_OK)
        _exit(1);
    w->capture = 0; /* the worker looks at what was printed: it also can when we are dead */
    limit_memory(w);
    run_lane(w, run, lane, 1);
    free_memory(w);
    capture_flush();
    (void)mprotect(w->letter, w->letter_bytes, PROT_READ | PROT_WRITE);
    at = letter_rows(w, (unsigned char *)(out + 1), lane, 1);
    if (w->outbox.size <= w->letter_bytes - (size_t)(at - (unsigned char *)out)) {
        memcpy(at, w->outbox.data == NULL ? (const void *)"" : w->outbox.data, w->outbox.size);
        out->outbox_size = w->outbox.size;
        out->start = w->starts[lane];
        out->duration = w->durations[lane];
        out->state = w->states[lane];
        out->complete = 1;
    } else {
        out->complete = -1;
    }
    _exit(0);
}

/* Runs it in a process, up to its end: the wait status, or -1 with errno where there is no process to be had. */
static int isolated_attempt(worker *w, uint64_t run, uint64_t lane)
{
    int wait_status = 0;
    pid_t pid;
    memset(w->letter, 0, sizeof(letter));
    w->outbox.failed = 0;
    (void)fflush(NULL);
    limits_restore();
    pid = fork();
    if (pid == 0)
        isolated_process(w, run, lane);
    if (pid < 0)
        return -1;
    for (;;) {
        pid_t seen = waitpid(pid, &wait_status, WUNTRACED);
        if (seen == pid && WIFSTOPPED(wait_status)) { /* nothing else would ever wake it */
            if (WSTOPSIG(wait_status) == SIGSTOP || WSTOPSIG(wait_status) == SIGTSTP)
                (void)kill(pid, SIGCONT);
        } else if (seen == pid || errno != EINTR) {
            break;
        }
    }
    children_end(w->spared, w->spared_count); /* what the run has started ends with it */
    return wait_status;
}

/* The same with some patience: processes may be short for a moment. */
static int isolated_process_of(worker *w, uint64_t run, uint64_t lane)
{
    static const struct timespec moment = {0, 10000000};
    int waits = 0, wait_status;
    for (;;) {
        w->log.size = 0;
        wait_status = isolated_attempt(w, run, lane);
        if (w->capture) {
            (void)clean_flags();
            (void)capture_take(&w->log, 1);
        }
        if (wait_status >= 0 || waits++ >= REFUSALS || (w->plan->timeout > 0 && 0.01 * waits > w->plan->timeout / 4))
            break;
        (void)nanosleep(&moment, NULL);
    }
    return wait_status;
}

/* 0: there is no process for it. */
static int run_isolated(worker *w, uint64_t position, uint64_t run, uint64_t lane)
{
    letter *in = w->letter;
    double start = now(CLOCK_REALTIME), begin = now(CLOCK_MONOTONIC);
    const uint64_t serial = w->serial + 1;
    uint32_t tries = tries_before(w, position);
    int killed = 0, wait_status;
    for (;;) {
        note_try(w, ++tries);
        wait_status = isolated_process_of(w, run, lane);
        if (wait_status < 0)
            return 0;
        if (in->complete > 0 && (in->state != PIPETTE_STATE_FAILED || tries > w->plan->retries))
            break;
        if (in->complete == 0 && children_killed_from_outside(wait_status) && ++killed < KILLS)
            tries--;
        else if (tries > w->plan->retries)
            break;
    }
    if (wait_status >= 0 && in->complete > 0) {
        unsigned char *rest = letter_rows(w, (unsigned char *)(in + 1), lane, 0);
        wire_put(&w->outbox, rest, (size_t)in->outbox_size);
        w->starts[lane] = in->start;
        w->durations[lane] = in->duration;
        w->states[lane] = (int8_t)in->state;
        w->folder_kept |= in->state == PIPETTE_STATE_FAILED;
    } else {
        run_begin(w, run, lane);
        if (in->complete < 0)
            (void)snprintf(w->message, sizeof w->message, "the results of the run are too large to hand over");
        else if (WIFSIGNALED(wait_status) && in->reason[0] != '\0')
            (void)snprintf(w->message, sizeof w->message, "%.*s", (int)sizeof in->reason - 1, in->reason);
        else
            children_describe("the run", wait_status, LIMIT_MEMORY ? w->plan->memory_limit : 0, w->message,
                              sizeof w->message);
        w->starts[lane] = start;
        w->durations[lane] = now(CLOCK_MONOTONIC) - begin;
        w->states[lane] = PIPETTE_STATE_FAILED;
        fill_lane(w, lane);
        w->folder_kept = 1;
        workdir_note(w->plan, w, run, w->message, sizeof w->message);
        append_text(w, w->plan->message_column, lane, w->message);
    }
    w->serial = serial; /* the supervisor sees that the worker goes on */
    send_log(w, lane);
    if (in->outbox_size > (64u << 10)) /* give large letters back to the system */
        (void)madvise(w->letter, w->letter_bytes, MADV_REMOVE);
    return 1;
}

/* ---- Batches ---- */

/* Lanes behind the last point repeat it, so that vector code has something sound to compute on. */
static void pad(unsigned char *column, size_t bytes, uint64_t count, uint64_t width)
{
    uint64_t i;
    for (i = count; i < width; i++)
        memcpy(column + i * bytes, column + (count - 1) * bytes, bytes);
}

/* The bytes before the first lane of a column and behind the last one. */
static void guard_columns(worker *w, uint64_t width)
{
    uint32_t i;
    for (i = 0; i < w->plan->result_count; i++) {
        worker_result *r = &w->results[i];
        if (r->column == NULL)
            continue;
        guard_fill(r->column - GUARD_BYTES, GUARD_BYTES);
        guard_fill(worker_row(r, width), GUARD_BYTES);
    }
}

static void look_at_columns(worker *w, uint64_t width)
{
    uint32_t i;
    for (i = 0; i < w->plan->result_count; i++) {
        const worker_result *r = &w->results[i];
        int before, behind;
        if (r->column == NULL)
            continue;
        before = guard_intact(r->column - GUARD_BYTES, GUARD_BYTES, NULL, NULL);
        behind = guard_intact(worker_row(r, width), GUARD_BYTES, NULL, NULL);
        if (!before || !behind)
            (void)snprintf(w->dirty, sizeof w->dirty, "the memory %s the lanes of '%.50s'",
                           behind ? "before" : "behind", w->schema->results[i].path);
    }
}

static int run_as_batch(worker *w, uint64_t run, uint64_t count)
{
    uint64_t width = (count + 15u) & ~(uint64_t)15u, i;
    uint32_t j;
    pipette_batch *batch = &w->batch_call;
    int status;
    memset(w->batch_status, 0, (size_t)width * sizeof *w->batch_status);
    memset(w->batch_given, 0, (size_t)count * (w->schema->result_count + 1u));
    *batch = w->batch_handle;
    batch->first = run;
    batch->count = count;
    batch->width = width;
    guard_columns(w, width);
    status = w->batch->run_batch(batch);
    look_at_columns(w, width);
    w->serial += count;
    for (i = 0; i < count; i++) {
        const uint8_t *given = w->batch_given + (size_t)i * (w->schema->result_count + 1u);
        int lane = status < 0 ? status : w->batch_status[i];
        w->states[i] = PIPETTE_STATE_DONE;
        if (lane != PIPETTE_OK)
            (void)snprintf(w->message, sizeof w->message, "the model returned %d (%s)", lane,
                           pipette_status_text(lane));
        for (j = 0; lane == PIPETTE_OK && w->batch_ragged && j < w->schema->result_count; j++)
            if (w->results[j].column == NULL && !given[j]) {
                lane = PIPETTE_E_MODEL;
                (void)snprintf(w->message, sizeof w->message, "the model did not store result '%s'",
                               w->schema->results[j].path);
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

/* A lane that failed in its batch is tried again by itself, under the batch's number. */
static void retry_lane(worker *w, uint64_t run, uint64_t lane)
{
    uint32_t tries;
    for (tries = 1; tries <= w->plan->retries && w->states[lane] == PIPETTE_STATE_FAILED; tries++) {
        take_back(w, lane);
        run_lane(w, run, lane, 0);
    }
}

/* So few lanes that a batch takes a tenth of the time limit, and at least a vector of them: a batch that hangs is found
 * after about the limit. Where even those would take too long there is no batch. */
static uint64_t batch_lanes(const worker *w, uint64_t count)
{
    double limit = w->plan->timeout, lanes;
    if (w->batch == NULL || limit <= 0 || w->run_seconds <= 0 || count <= 1)
        return count;
    lanes = limit / 10 / w->run_seconds;
    if (lanes >= (double)count)
        return count;
    if (lanes >= 32)
        return (uint64_t)lanes & ~(uint64_t)15u;
    return 16 * w->run_seconds > limit / 2 ? 1 : count < 16 ? count : 16;
}

/* ---- Chunks ---- */

/* The model is at work, and can reach nothing but its own. */
static void begin_computing(worker *w, uint64_t position, uint64_t lanes)
{
    atomic_store_explicit(&w->slot->lanes, lanes, memory_order_relaxed);
    atomic_store_explicit(&w->slot->begun, w->serial, memory_order_relaxed);
    atomic_store_explicit(&w->slot->current, position, memory_order_relaxed);
    atomic_store_explicit(&w->slot->ran, w->serial + lanes, memory_order_relaxed);
    atomic_store_explicit(&w->slot->computing, 1, memory_order_release);
    atomic_store_explicit(&w->slot->looking, 0, memory_order_relaxed);
    worker_lock(w);
}

static void end_computing(worker *w)
{
    worker_unlock(w);
    atomic_store_explicit(&w->slot->begun, w->serial, memory_order_relaxed);
    atomic_store_explicit(&w->slot->computing, 0, memory_order_release);
    atomic_store_explicit(&w->slot->current, BOARD_IDLE, memory_order_relaxed);
}

/* The threads that the instance's first run leaves are a pool, if later runs leave no more. */
static void settle(worker *w, uint64_t lanes)
{
    if (!w->settled && w->capture && !w->isolated) {
        threads_settle();
        if (threads_count() > 1 && w->dirty[0] == '\0' && columns_disturbed(w, lanes))
            (void)snprintf(w->dirty, sizeof w->dirty, "their results after their end");
    }
    w->settled = 1;
}

/* How many of the runs were computed. */
static uint64_t compute(worker *w, uint64_t position, uint64_t run, uint64_t count, int clocked)
{
    double begin = now(CLOCK_MONOTONIC_COARSE);
    uint64_t i;
    if (w->batch != NULL && count > 1) {
        (void)run_as_batch(w, run, count);
        settle(w, count);
        for (i = 0; w->plan->retries > 0 && i < count; i++)
            retry_lane(w, run + i, i); /* the batch was its first try */
        return count;
    }
    for (i = 0; i < count; i++) {
        atomic_store_explicit(&w->slot->current, position + i, memory_order_relaxed);
        atomic_store_explicit(&w->slot->ran, w->serial + 1, memory_order_relaxed);
        if (!w->isolated)
            run_lane_tried(w, position + i, run + i, i, clocked);
        else if (!run_isolated(w, position + i, run + i, i))
            return i;
        settle(w, i + 1);
        if (w->dirty[0] != '\0')
            return i + 1;
        if ((clocked || (i & 15) == 15) && now(CLOCK_MONOTONIC_COARSE) - begin > STORE_SECONDS)
            return i + 1;
    }
    return count;
}

/* Fails that leaked memory of others may have caused: such runs are to be tried alone. */
static int failed_for_others(const worker *w, uint64_t count)
{
    uint64_t i;
    if (!LIMIT_MEMORY || w->plan->memory_limit == 0 || count == 1)
        return 0;
    for (i = 0; i < count; i++)
        if (w->states[i] == PIPETTE_STATE_FAILED)
            return memory_now(0) > w->memory_before + w->plan->memory_limit / 4;
    return 0;
}

int chunk_run(worker *w, uint64_t position, uint64_t row, uint64_t run, uint64_t *asked, pipette_error *error)
{
    const engine_plan *plan = w->plan;
    uint64_t count = *asked, i;
    int careful = position - w->careful_first < w->careful_count;
    int clocked = (w->run_seconds == 0 || w->run_seconds >= CLOCK_SECONDS) && (w->batch == NULL || count == 1);
    double start = now(CLOCK_REALTIME), begin = now(CLOCK_MONOTONIC), seconds;
    if (batch_lanes(w, count) < count) {
        count = batch_lanes(w, count);
        clocked = clocked || count == 1;
    }
    atomic_store_explicit(&w->slot->looking, 1, memory_order_relaxed);
    for (i = 0; i < plan->coordinate_count; i++)
        exploration_fill(plan->points, (uint32_t)i, run, count, w->coordinates[i]);
    if (w->capture)
        capture_unbuffered(careful || w->isolated);
    if (!w->isolated)
        limit_memory(w);
    if (w->resident_first == 0)
        w->resident_first = w->resident_last = memory_now(1);
    if (w->batch != NULL && count > 1)
        for (i = 0; i < plan->coordinate_count; i++)
            pad(w->coordinates[i], pipette_type_size(plan->coordinates[i].type), count, (count + 15u) & ~(uint64_t)15u);
    begin_computing(w, position, w->batch != NULL && count > 1 ? count : 1);
    count = compute(w, position, run, count, clocked || w->isolated);
    if (!w->isolated)
        end_copies(w);
    end_computing(w);
    *asked = count;
    if (count == 0)
        return pipette_error_set(error, WORKER_REFUSED, "no process for a run");
    seconds = (now(CLOCK_MONOTONIC) - begin) / (double)count;
    atomic_store_explicit(&w->slot->looking, 1, memory_order_relaxed);
    if (!w->isolated)
        free_memory(w);
    if (!clocked && !w->isolated) {
        for (i = 0; i < count; i++) {
            w->starts[i] = start;
            w->durations[i] = seconds;
        }
        if (w->capture && !w->look_closely && capture_take(&w->printed, 1))
            send_common_log(w, run, count);
    }
    w->run_seconds = seconds > 1e-9 ? seconds : 1e-9;
    if (w->capture && !w->isolated) {
        const char *changed = w->dirty[0] != '\0' ? w->dirty : clean_check(w->serial <= count);
        if (changed == NULL && threads_changed())
            changed = "the number of threads";
        if (changed == NULL && failed_for_others(w, count))
            changed = "the memory that others can have";
        if (changed != NULL)
            return pipette_error_set(error, WORKER_DIRTY, "%s", changed);
    }
    if (LIMIT_MEMORY && w->capture && !w->isolated)
        watch_growth(w, count);
    atomic_store_explicit(&w->slot->looking, 0, memory_order_relaxed);
    return store_chunk(w, row, count, error);
}
