/* supervise.c: the supervisor's side of a sweep: takes what workers send, watches the clock, listens to the user. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/checksum.h"
#include "engine/connection.h"
#include "engine/host.h"
#include "engine/refusals.h"
#include "engine/sweep.h"

#define START_SECONDS 30.0 /* a host that starts no worker for so long hangs, */
#define KILL_SECONDS 10.0  /* and so does one that does not end a worker */
#define DRAIN_READS 64     /* at a time: others want to be heard, too */

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* ---- Progress ---- */

static void count(sweep *s)
{
    engine_progress *progress = &s->report->progress;
    uint32_t i;
    progress->run_count = s->plan->run_count;
    progress->done = s->done;
    progress->failed = s->failed;
    progress->timed_out = s->timed_out;
    progress->infeasible = s->infeasible;
    for (i = 0; i < s->engine->slot_count; i++) {
        board_slot *slot = &s->engine->board->slots[i];
        progress->done += atomic_load_explicit(&slot->done, memory_order_relaxed);
        progress->failed += atomic_load_explicit(&slot->failed, memory_order_relaxed);
        progress->infeasible += atomic_load_explicit(&slot->infeasible, memory_order_relaxed);
    }
    progress->seconds = now() - s->began;
}

static double report_every(const sweep *s)
{
    return s->engine->options.progress_seconds > 0 ? s->engine->options.progress_seconds : 0.2;
}

static void report(sweep *s, int at_once)
{
    double time = now();
    if (!at_once && time - s->reported < report_every(s))
        return;
    s->reported = time;
    count(s);
    if (s->engine->options.progress != NULL)
        s->engine->options.progress(&s->report->progress, s->engine->options.progress_user);
}

uint64_t sweep_settled(const sweep *s)
{
    uint64_t sum = s->done + s->failed + s->timed_out + s->infeasible;
    uint32_t i;
    for (i = 0; i < s->engine->slot_count; i++) {
        board_slot *slot = &s->engine->board->slots[i];
        sum += atomic_load_explicit(&slot->done, memory_order_relaxed) +
               atomic_load_explicit(&slot->failed, memory_order_relaxed) +
               atomic_load_explicit(&slot->infeasible, memory_order_relaxed);
    }
    return sum;
}

int sweep_interrupted(const sweep *s)
{
    engine *e = s->engine;
    const engine_options *options = &e->options;
    int times = options->interrupt == NULL ? 0 : *options->interrupt;
    if (options->terminate == NULL || *options->terminate == 0)
        return times;
    if (e->terminated_at == 0)
        e->terminated_at = now();
    /* A fifth of the grace, up to three seconds, is left for storing. */
    if (now() - e->terminated_at > options->grace - (options->grace < 15 ? options->grace / 5 : 3))
        times = 2;
    return times < 1 ? 1 : times;
}

static void stop(sweep *s)
{
    s->stopping = 1;
    atomic_store(&s->engine->board->stop, 1);
}

void sweep_stop_with(sweep *s, int status)
{
    if (s->status == PIPETTE_OK)
        s->status = status;
    stop(s);
}

/* ---- Records ---- */

/* The span that holds these rows whole; NULL: none does. */
static const plan_span *span_of_rows(const sweep *s, uint64_t row, uint64_t n)
{
    uint64_t low = 0, high = s->plan->span_count;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        const plan_span *span = &s->plan->spans[middle];
        if (row < span->row)
            high = middle;
        else if (row - span->row >= span->count)
            low = middle + 1;
        else
            return n <= span->count - (row - span->row) ? span : NULL;
    }
    return NULL;
}

int sweep_row_of(const sweep *s, uint64_t position, uint64_t *row, uint64_t *run)
{
    uint64_t i;
    for (i = 0; i < s->plan->span_count; i++) {
        if (position < s->plan->spans[i].count) {
            *row = s->plan->spans[i].row + position;
            *run = s->plan->spans[i].run + position;
            return 1;
        }
        position -= s->plan->spans[i].count;
    }
    return 0;
}

uint64_t sweep_run_of_row(const sweep *s, uint64_t row)
{
    const plan_span *span = span_of_rows(s, row, 1);
    return span == NULL ? row : span->run + (row - span->row);
}

void sweep_keep_first_failure(sweep *s, uint64_t run, const char *text)
{
    if (s->report->first_failure[0] != '\0' && s->report->first_failed_run <= run)
        return;
    s->report->first_failed_run = run;
    (void)snprintf(s->report->first_failure, sizeof s->report->first_failure, "%s", text);
}

/* Why runs failed is worth telling for the first of them; messages come before states, and infeasible points have some,
 * too. */
static void keep_reason(sweep *s, uint64_t row, const char *text)
{
    if (s->report->first_failure[0] != '\0' && s->report->first_failed_run <= sweep_run_of_row(s, row))
        return;
    if (s->reason_count == s->reason_capacity) {
        size_t capacity = 2 * s->reason_capacity + 16;
        early_message *more = realloc(s->reasons, capacity * sizeof *more);
        if (more == NULL)
            return; /* the ledger has it all the same */
        s->reasons = more;
        s->reason_capacity = capacity;
    }
    s->reasons[s->reason_count].row = row;
    s->reasons[s->reason_count].text = strdup(text);
    s->reason_count += s->reasons[s->reason_count].text != NULL;
}

static void judge_reasons(sweep *s, uint64_t row, uint64_t n, const int8_t *states)
{
    size_t i, kept = 0;
    const int8_t *silent = NULL;
    for (i = 0; i < s->reason_count; i++) {
        early_message *r = &s->reasons[i];
        if (r->row < row || r->row - row >= n) {
            s->reasons[kept++] = *r;
            continue;
        }
        if (states[r->row - row] == PIPETTE_STATE_FAILED)
            sweep_keep_first_failure(s, sweep_run_of_row(s, r->row), r->text);
        free(r->text);
    }
    s->reason_count = kept;
    if (s->report->first_failure[0] == '\0' && (silent = memchr(states, PIPETTE_STATE_FAILED, (size_t)n)) != NULL)
        sweep_keep_first_failure(s, sweep_run_of_row(s, row + (uint64_t)(silent - states)),
                                 "it left no message (was memory short?)");
}

int sweep_note_checksum(sweep *s, uint64_t row, int state)
{
    const plan_column *column = &s->plan->checksum;
    uint32_t sum =
        state < 0 ? (uint32_t)CHECKSUM_NONE : checksum_of_state(state, (uint32_t)column->row_bytes); /* little-endian */
    if (column->column == PLAN_NO_COLUMN)
        return PIPETTE_OK;
    return s->store->write(s->store->user, column->column, row, 1, &sum, column->row_bytes, s->error);
}

void sweep_take_states(sweep *s, uint64_t row, uint64_t n, const int8_t *given)
{
    int8_t *room;
    const int8_t *states = refusals_apply(s, row, n, given, &room);
    int status = states == NULL ? s->status : s->store->states(s->store->user, row, n, states, s->error);
    uint64_t i;
    if (status != PIPETTE_OK) {
        free(room);
        sweep_stop_with(s, status);
        return;
    }
    judge_reasons(s, row, n, states);
    for (i = 0; i < n; i++)
        switch (states[i]) {
        case PIPETTE_STATE_DONE:
            s->done++;
            break;
        case PIPETTE_STATE_TIMED_OUT:
            s->timed_out++;
            break;
        case PIPETTE_STATE_INFEASIBLE:
            s->infeasible++;
            break;
        default:
            s->failed++;
            break;
        }
    free(room);
}

static int take_record(void *user, const worker_record *record, const void *payload);

/* A message or a log is kept only together with the state of its run: a run that dies before it has one is done again,
 * and may end well. */
static int held_back(sweep *s, const worker_record *record, const void *payload)
{
    wire *held = s->speaker == NULL ? NULL : &s->speaker->held;
    size_t at = 0;
    if (held == NULL)
        return 0;
    if (record->kind == WORKER_APPEND &&
        (record->column == s->plan->message_column || record->column == s->plan->log_column)) {
        wire_put(held, record, sizeof *record);
        wire_put(held, payload, (size_t)record->bytes);
        if (held->failed)
            sweep_stop_with(s, pipette_error_set(s->error, PIPETTE_E_MEMORY, "out of memory for results"));
        return 1;
    }
    if (record->kind != WORKER_STATES || held->size == 0)
        return 0;
    s->speaker = NULL;
    while (at < held->size) {
        worker_record kept;
        memcpy(&kept, held->data + at, sizeof kept);
        at += sizeof kept;
        (void)take_record(s, &kept, held->data + at);
        at += (size_t)kept.bytes;
    }
    held->size = 0;
    return 0;
}

/* What a run wrote into the pipe may look like a record by accident, or on purpose. */
static int makes_sense(const sweep *s, const worker_record *record)
{
    switch (record->kind) {
    case WORKER_WRITE:
        return record->count > 0 && record->bytes % record->count == 0;
    case WORKER_STATES:
        return record->bytes == record->count && span_of_rows(s, record->row, record->count) != NULL;
    case WORKER_APPEND:
    case WORKER_ADD:
    case WORKER_COMPRESSED:
        return span_of_rows(s, record->row, 1) != NULL;
    case WORKER_ERROR:
        return record->bytes < (1u << 20);
    default:
        return 0;
    }
}

static int take_record(void *user, const worker_record *record, const void *payload)
{
    sweep *s = user;
    wire_reader in = {payload, (size_t)record->bytes, 0, 0};
    pipette_value value = pipette_value_none();
    const char *path = NULL;
    int status = PIPETTE_OK;
    if (s->status != PIPETTE_OK)
        return s->status; /* a storage that failed once is not asked again */
    if (held_back(s, record, payload))
        return s->status;
    switch (record->kind) {
    case WORKER_WRITE:
        status = s->store->write(s->store->user, record->column, record->row, record->count, payload,
                                 record->count == 0 ? 0 : record->bytes / record->count, s->error);
        break;
    case WORKER_ADD:
        path = wire_get_text(&in);
        /* fall through */
    case WORKER_APPEND:
        status = wire_get_value(&in, &value);
        if (status != PIPETTE_OK || (record->kind == WORKER_ADD && path == NULL)) {
            status = pipette_error_set(s->error, PIPETTE_E_INTERNAL,
                                       "a value that a worker sent arrived broken, or memory ran out");
            break;
        }
        s->wrong_bytes += record->count;
        if (record->kind == WORKER_ADD)
            status = s->store->add(s->store->user, path, record->row, &value, refusals_add, s, s->error);
        else
            status = s->store->append(s->store->user, record->column, record->row, &value, s->error);
        if (record->kind == WORKER_APPEND && record->column == s->plan->message_column && value.rank == 0)
            keep_reason(s, record->row, value.as.string);
        wire_value_free(&value);
        break;
    case WORKER_COMPRESSED:
        status = s->store->compressed(s->store->user, record->column, record->row, payload, record->bytes, s->error);
        break;
    case WORKER_STATES:
        sweep_take_states(s, record->row, record->count, payload);
        break;
    case WORKER_ERROR:
        status = (int)wire_get_u32(&in);
        path = wire_get_text(&in);
        (void)pipette_error_set(s->error, status < 0 ? status : PIPETTE_E_INTERNAL, "%s",
                                path == NULL ? "a worker failed" : path);
        break;
    default:
        status = pipette_error_set(s->error, PIPETTE_E_INTERNAL, "a worker sent record %u", record->kind);
        break;
    }
    if (status != PIPETTE_OK)
        sweep_stop_with(s, status);
    return s->status;
}

/* Takes the records that are whole; returns the bytes that were used up. Between records there may be what a run wrote
 * to a descriptor that is not its own: it is skipped. */
static size_t take_records(sweep *s, engine_slot *speaker, const unsigned char *data, size_t size)
{
    size_t at = 0;
    while (size - at >= sizeof host_mark + sizeof(worker_record)) {
        const unsigned char *body = data + at + sizeof host_mark + sizeof(worker_record);
        worker_record record;
        if (memcmp(data + at, host_mark, sizeof host_mark) != 0) {
            const unsigned char *mark = memmem(data + at, size - at, host_mark, sizeof host_mark);
            at = mark == NULL ? size - (sizeof host_mark - 1) : (size_t)(mark - data);
            continue;
        }
        memcpy(&record, data + at + sizeof host_mark, sizeof record);
        if (!makes_sense(s, &record)) {
            at += sizeof host_mark;
            continue;
        }
        if ((size_t)(data + size - body) < record.bytes)
            break;
        s->speaker = speaker;
        (void)take_record(s, &record, body);
        s->speaker = NULL;
        at = (size_t)(body - data) + (size_t)record.bytes;
    }
    return at;
}

/* Reads what a worker has sent, as far as it is there; of one that lives, not more than others can wait for. */
void sweep_drain(sweep *s, engine_slot *slot)
{
    int reads;
    for (reads = 0; reads < DRAIN_READS || !slot->alive; reads++) {
        static _Thread_local unsigned char bytes[65536]; /* stacks may be small */
        size_t used;
        ssize_t got = read(slot->pipe, bytes, sizeof bytes);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return;
        wire_put(&slot->received, bytes, (size_t)got);
        if (slot->received.failed) {
            sweep_stop_with(s, pipette_error_set(s->error, PIPETTE_E_MEMORY, "out of memory for results"));
            return;
        }
        used = take_records(s, slot, slot->received.data, slot->received.size);
        if (used == 0)
            continue;
        memmove(slot->received.data, slot->received.data + used, slot->received.size - used);
        slot->received.size -= used;
    }
}

static void spawned(sweep *s, uint32_t number, int failure)
{
    engine_slot *known = &s->engine->slots[number];
    if (!known->alive || known->started)
        return;
    known->started = failure == 0;
    known->seen_at = now();
    if (failure == 0)
        return;
    known->alive = 0;
    s->alive--;
    sweep_leave(s, known->alone ? &s->alone : &s->left, known->given_first, known->given_count, known->given_isolate,
                known->given_tries);
    sweep_refused(s, failure);
}

static void hear_host(sweep *s)
{
    engine *e = s->engine;
    void *bytes = NULL;
    size_t size = 0;
    uint32_t kind = 0, number;
    int status;
    while ((status = message_take(&e->host, &kind, &bytes, &size)) == PIPETTE_OK) {
        wire_reader in = {bytes, size, 0, 0};
        if (kind == MESSAGE_DEATH || kind == MESSAGE_SPAWNED) {
            uint32_t value;
            number = wire_get_u32(&in);
            value = wire_get_u32(&in);
            if (number < e->slot_count && !in.failed && kind == MESSAGE_DEATH)
                sweep_bury(s, number, (int)value);
            else if (number < e->slot_count && !in.failed)
                spawned(s, number, (int)value);
        } else if (kind == MESSAGE_ERROR) {
            int code = (int)wire_get_u32(&in);
            const char *text = wire_get_text(&in);
            sweep_stop_with(s, pipette_error_set(s->error, code < 0 ? code : PIPETTE_E_INTERNAL, "%s",
                                                 text == NULL ? "the model host failed" : text));
        }
        free(bytes);
    }
    if (status == PIPETTE_E_TIMEOUT)
        return;
    message_close(&e->host);
    (void)notice_send(e->control, NOTICE_KILL, 0, -1); /* the keeper will say when all have ended */
}

static void hear_keeper(sweep *s)
{
    engine *e = s->engine;
    uint32_t i;
    if (connection_listen(e) >= 0) {
        if (e->host_state == HOST_ENDED)
            sweep_host_ended(s);
        return;
    }
    connection_kill(e);
    for (i = 0; i < e->slot_count; i++)
        if (e->slots[i].alive) {
            e->slots[i].alive = 0;
            sweep_drain(s, &e->slots[i]);
        }
    s->alive = 0;
    sweep_stop_with(s, pipette_error_set(s->error, PIPETTE_E_CRASHED,
                                         "the model host has died; what is stored is safe, run again to go on"));
}

/* The host hears no more: it is replaced like one that has died. */
static void watch_host(sweep *s)
{
    engine *e = s->engine;
    double time = now();
    int wait_status;
    uint32_t i;
    if (e->keeper > 0 && waitpid(e->keeper, &wait_status, WNOHANG | WUNTRACED) == e->keeper) {
        if (WIFSTOPPED(wait_status)) {
            (void)kill(e->keeper, SIGCONT);
        } else {
            e->keeper = 0;
            e->keeper_status = wait_status;
        }
    }
    for (i = 0; i < e->slot_count; i++) {
        engine_slot *known = &e->slots[i];
        if (!known->alive || ((known->started || time - known->asked_at < START_SECONDS) &&
                              (known->killed_at == 0 || time - known->killed_at < KILL_SECONDS)))
            continue;
        known->asked_at = time;
        known->killed_at = known->killed_at == 0 ? 0 : time;
        (void)notice_send(e->control, NOTICE_KILL, 0, -1);
        return;
    }
}

static void kill_worker(sweep *s, uint32_t number)
{
    s->engine->slots[number].killed_at = now();
    (void)message_post(&s->engine->host, MESSAGE_KILL, &number, sizeof number);
}

static void kill_late(sweep *s, uint32_t number, uint64_t ran)
{
    s->engine->slots[number].killed_for_timeout = 1;
    s->engine->slots[number].killed_ran = ran;
    kill_worker(s, number);
}

/* A run that shows no sign of life for longer than its limit; create() and destroy() get more. */
static void watch_time(sweep *s)
{
    double time = now(), limit = s->engine->options.timeout, patience = 10 * limit < 5 ? 5 : 10 * limit;
    uint32_t i;
    for (i = 0; i < s->engine->slot_count; i++) {
        engine_slot *known = &s->engine->slots[i];
        board_slot *slot = &s->engine->board->slots[i];
        uint64_t ran = board_ran(slot);
        uint32_t tries = atomic_load_explicit(&slot->tries, memory_order_relaxed);
        int leaving = atomic_load_explicit(&slot->left, memory_order_relaxed) == BOARD_LEFT_LEAVING;
        int looking = atomic_load_explicit(&slot->looking, memory_order_relaxed) != 0;
        if (!known->alive || !known->started || known->killed_for_timeout)
            continue;
        if (board_current(slot) == BOARD_IDLE && (ran == 0 || leaving)) {
            if (leaving && !known->leaving)
                known->seen_at = time;
            known->leaving = leaving;
            if (time - known->seen_at > patience)
                kill_late(s, i, ran);
            continue;
        }
        looking = looking && board_current(slot) == BOARD_IDLE;
        if (looking && known->looking && ran == known->seen_ran) {
            if (time - known->seen_at > patience)
                kill_late(s, i, ran);
            continue;
        }
        known->looking = looking;
        if (ran != known->seen_ran || tries != known->seen_tries || board_current(slot) == BOARD_IDLE) {
            known->seen_ran = ran;
            known->seen_tries = tries;
            known->seen_at = time;
            continue;
        }
        if (time - known->seen_at > limit) /* a batch has so few lanes that it ends long before */
            kill_late(s, i, ran);
    }
}

/* ---- The sweep ---- */

static int work_is_left(const sweep *s)
{
    return s->left.count > 0 || s->alone.count > 0 ||
           (!s->only_left && atomic_load(&s->engine->board->next) < s->plan->run_count);
}

/* Sees to it that there are workers where there is work. */
static void staff(sweep *s)
{
    engine *e = s->engine;
    uint32_t i;
    if (s->stopping || s->doubtful || !work_is_left(s) || now() < s->again_at)
        return;
    if (e->host_state != HOST_READY) {
        int status;
        if (s->alive > 0 || e->keeper_gone)
            return; /* the keeper has not told of its end yet */
        status = sweep_ready_host(s);
        if (status != PIPETTE_OK) {
            sweep_stop_with(s, status == PIPETTE_E_INTERRUPTED ? PIPETTE_OK : status);
            return;
        }
    }
    if (s->alone.count > 0) {
        if (s->alive == 0)
            sweep_spawn(s, 0, &s->alone);
        return;
    }
    for (i = 0; i < e->slot_count && s->alive < s->worker_limit && work_is_left(s); i++)
        if (!e->slots[i].alive && (s->left.count > 0 || !s->only_left))
            sweep_spawn(s, i, &s->left);
}

/* What is to be noticed on the board: too many failures, and what cannot be. */
static void watch_board(sweep *s)
{
    engine *e = s->engine;
    uint64_t next = atomic_load(&e->board->next), failed = s->failed + s->timed_out, limit = s->plan->max_failures;
    uint32_t i;
    if (next < s->seen_next)
        s->doubtful = 1;
    else
        s->seen_next = next;
    if (limit > 0 && !s->stopping) {
        for (i = 0; i < e->slot_count; i++)
            failed += atomic_load_explicit(&e->board->slots[i].failed, memory_order_relaxed);
        if (failed >= limit) {
            s->gave_up = 1;
            stop(s);
        }
    }
    if (s->refused_since > 0 && sweep_settled(s) != s->settled) {
        s->settled = sweep_settled(s);
        s->refused_since = 0;
    }
    atomic_store(&e->board->stop, s->stopping || s->doubtful ? 1u : 0u);
    for (i = 0; i < e->slot_count && s->doubtful; i++)
        if (e->slots[i].alive && e->slots[i].started && e->slots[i].killed_at == 0)
            kill_worker(s, i);
}

static void kill_all(sweep *s)
{
    engine *e = s->engine;
    uint32_t i;
    connection_kill(e);
    for (i = 0; i < e->slot_count; i++)
        if (e->slots[i].alive) {
            e->slots[i].alive = 0;
            sweep_drain(s, &e->slots[i]); /* what had come whole is good */
        }
    s->alive = 0;
    stop(s);
}

static void supervise(sweep *s)
{
    engine *e = s->engine;
    struct pollfd *waits = calloc(e->slot_count + 2u, sizeof *waits);
    double timeout = e->options.timeout, tick = report_every(s), watched = now();
    uint32_t i;
    if (waits == NULL) {
        sweep_stop_with(s, pipette_error_set(s->error, PIPETTE_E_MEMORY, "out of memory"));
        return;
    }
    if (timeout > 0 && timeout / 4 < tick)
        tick = timeout / 4 < 0.005 ? 0.005 : timeout / 4;
    for (;;) {
        staff(s);
        if (s->alive == 0 && (s->stopping || s->doubtful || !work_is_left(s)))
            break;
        waits[0] = (struct pollfd){e->control, POLLIN, 0};
        waits[1] = (struct pollfd){e->host.socket, (short)(e->host.out.size > 0 ? POLLIN | POLLOUT : POLLIN), 0};
        for (i = 0; i < e->slot_count; i++)
            waits[i + 2] = (struct pollfd){e->slots[i].alive ? e->slots[i].pipe : -1, POLLIN, 0};
        if (poll(waits, e->slot_count + 2u, (int)((s->alive == 0 && tick > 0.05 ? 0.05 : tick) * 1000)) > 0) {
            for (i = 0; i < e->slot_count; i++)
                if (waits[i + 2].revents & POLLIN)
                    sweep_drain(s, &e->slots[i]);
            if (waits[1].revents & POLLOUT)
                (void)message_flush(&e->host);
            if (waits[1].revents & (POLLIN | POLLHUP | POLLERR))
                hear_host(s);
            if (waits[0].revents != 0)
                hear_keeper(s);
        }
        if (timeout > 0)
            watch_time(s);
        if (now() - watched > 0.1) {
            watched = now();
            watch_host(s);
        }
        if (sweep_interrupted(s) >= 1)
            s->stopping = 1;
        watch_board(s);
        if ((sweep_interrupted(s) >= 2 || s->status != PIPETTE_OK) && s->alive > 0)
            kill_all(s);
        report(s, 0);
    }
    free(waits);
}

static void forget_claims(engine *e)
{
    uint32_t i;
    for (i = 0; i < e->slot_count; i++) {
        board_slot *slot = &e->board->slots[i];
        atomic_store(&slot->done, 0);
        atomic_store(&slot->failed, 0);
        atomic_store(&slot->infeasible, 0);
        atomic_store(&slot->inherited_count, 0);
    }
}

static void tick(void *user)
{
    sweep *s = user;
    report(s, 0);
    if (sweep_interrupted(s) >= 1)
        s->stopping = 1;
    watch_board(s);
}

static void run_here(sweep *s)
{
    worker w = {0};
    int status;
    w.plan = s->plan;
    w.schema = s->engine->schema;
    w.model = s->engine->descriptor->table;
    w.stage = s->engine->stage;
    w.stage_message = s->engine->stage_message;
    w.board = s->engine->board;
    w.board_slots = s->engine->board_slots;
    w.slot = &s->engine->board->slots[0];
    w.sink = take_record;
    w.sink_user = s;
    w.tick = tick;
    w.pipe = -1;
    w.batch =
        s->engine->descriptor->extension == NULL ? NULL : s->engine->descriptor->extension(PIPETTE_BATCH_EXTENSION);
    status = worker_start(&w, s->error);
    if (status == PIPETTE_OK)
        status = worker_work(&w, s->error);
    worker_end(&w);
    if (status != PIPETTE_OK)
        sweep_stop_with(s, status);
}

int engine_run(engine *e, const engine_plan *plan, const engine_store *store, engine_report *out, pipette_error *error)
{
    sweep s = {.engine = e, .plan = plan, .store = store, .report = out, .error = error};
    memset(out, 0, sizeof *out);
    s.began = now();
    s.reported = s.began;
    s.worker_limit = e->slot_count < plan->run_count ? e->slot_count : (uint32_t)plan->run_count;
    s.stopping = sweep_interrupted(&s) >= 1;
    atomic_store(&e->board->next, 0);
    atomic_store(&e->board->stop, s.stopping ? 1 : 0);
    forget_claims(e);
    if (plan->run_count > 0 && e->options.in_process)
        run_here(&s);
    else if (plan->run_count > 0 && !s.stopping)
        s.status = sweep_ready_host(&s);
    if (s.status == PIPETTE_OK && plan->run_count > 0 && !e->options.in_process)
        do
            supervise(&s);
        while (s.status == PIPETTE_OK && (s.doubtful || (!s.stopping && sweep_settled(&s) != plan->run_count)) &&
               sweep_look(&s) && !s.stopping);
    free(s.left.items);
    free(s.alone.items);
    while (s.reason_count > 0)
        free(s.reasons[--s.reason_count].text);
    free(s.reasons);
    refusals_free(&s);
    out->wrong_bytes = s.wrong_bytes;
    report(&s, 1);
    out->gave_up = s.gave_up;
    out->interrupted = sweep_interrupted(&s) != 0;
    return s.status == PIPETTE_E_INTERRUPTED ? PIPETTE_OK : s.status;
}
