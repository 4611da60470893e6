/* supervise.c: the supervisor's side of a sweep: takes what workers send, watches the clock, listens to the user. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "engine/host.h"
#include "engine/message.h"
#include "engine/sweep.h"

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* ---- Progress ----------------------------------------------------------------------------------------------------------- */

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

int sweep_interrupted(const sweep *s)
{
    return s->engine->options.interrupt == NULL ? 0 : *s->engine->options.interrupt;
}

void sweep_stop_with(sweep *s, int status)
{
    if (s->status == PIPETTE_OK)
        s->status = status;
    atomic_store(&s->engine->board->stop, 1);
}

/* ---- Records -------------------------------------------------------------------------------------------------------------- */

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

static uint64_t run_of_row(const sweep *s, uint64_t row)
{
    uint64_t i;
    for (i = 0; i < s->plan->span_count; i++)
        if (row >= s->plan->spans[i].row && row - s->plan->spans[i].row < s->plan->spans[i].count)
            return s->plan->spans[i].run + (row - s->plan->spans[i].row);
    return row;
}

void sweep_keep_first_failure(sweep *s, uint64_t run, const char *text)
{
    if (s->report->first_failure[0] != '\0' && s->report->first_failed_run <= run)
        return;
    s->report->first_failed_run = run;
    (void)snprintf(s->report->first_failure, sizeof s->report->first_failure, "%s", text);
}

/* Why runs failed is worth telling for the first of them; messages come before states, and infeasible points have some, too. */
static void keep_reason(sweep *s, uint64_t row, const char *text)
{
    if (s->report->first_failure[0] != '\0' && s->report->first_failed_run <= run_of_row(s, row))
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
    for (i = 0; i < s->reason_count; i++) {
        early_message *r = &s->reasons[i];
        if (r->row < row || r->row - row >= n) {
            s->reasons[kept++] = *r;
            continue;
        }
        if (states[r->row - row] == PIPETTE_STATE_FAILED)
            sweep_keep_first_failure(s, run_of_row(s, r->row), r->text);
        free(r->text);
    }
    s->reason_count = kept;
}

void sweep_take_states(sweep *s, uint64_t row, uint64_t n, const int8_t *states)
{
    int status = s->store->states(s->store->user, row, n, states, s->error);
    uint64_t i;
    if (status != PIPETTE_OK) {
        sweep_stop_with(s, status);
        return;
    }
    judge_reasons(s, row, n, states);
    for (i = 0; i < n; i++)
        switch (states[i]) {
        case PIPETTE_STATE_DONE: s->done++; break;
        case PIPETTE_STATE_TIMED_OUT: s->timed_out++; break;
        case PIPETTE_STATE_INFEASIBLE: s->infeasible++; break;
        default: s->failed++; break;
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
        if (status != PIPETTE_OK)
            break;
        if (record->kind == WORKER_ADD)
            status = s->store->add(s->store->user, path, record->row, &value, s->error);
        else
            status = s->store->append(s->store->user, record->column, record->row, &value, s->error);
        if (record->kind == WORKER_APPEND && record->column == s->plan->message_column && value.rank == 0)
            keep_reason(s, record->row, value.as.string);
        wire_value_free(&value);
        break;
    case WORKER_COMPRESSED:
        status = s->store->compressed(s->store->user, record->column, record->row, payload, record->bytes, s->error);
        break;
    case WORKER_STATES: sweep_take_states(s, record->row, record->count, payload); break;
    case WORKER_ERROR:
        status = (int)wire_get_u32(&in);
        path = wire_get_text(&in);
        (void)pipette_error_set(s->error, status < 0 ? status : PIPETTE_E_INTERNAL, "%s", path == NULL ? "a worker failed" : path);
        break;
    default: status = pipette_error_set(s->error, PIPETTE_E_INTERNAL, "a worker sent record %u", record->kind); break;
    }
    if (status != PIPETTE_OK)
        sweep_stop_with(s, status);
    return s->status;
}

/* Takes the records that are whole; returns the bytes that were used up. Between records there may be what a run wrote to a
 * descriptor that is not its own: it is skipped. */
static size_t take_records(sweep *s, const unsigned char *data, size_t size)
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
        if ((size_t)(data + size - body) < record.bytes)
            break;
        (void)take_record(s, &record, body);
        at = (size_t)(body - data) + (size_t)record.bytes;
    }
    return at;
}

/* Reads what a worker has sent, as far as it is there. */
void sweep_drain(sweep *s, engine_slot *slot)
{
    for (;;) {
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
        used = take_records(s, slot->received.data, slot->received.size);
        if (used == 0)
            continue;
        memmove(slot->received.data, slot->received.data + used, slot->received.size - used);
        slot->received.size -= used;
    }
}

static void hear_host(sweep *s)
{
    void *bytes = NULL;
    size_t size = 0;
    uint32_t kind = 0, number, i;
    wire_reader in;
    if (message_receive(s->engine->socket, -1, &kind, &bytes, &size) != PIPETTE_OK) {
        for (i = 0; i < s->engine->slot_count; i++)
            if (s->engine->slots[i].alive) {
                sweep_drain(s, &s->engine->slots[i]);
                s->engine->slots[i].alive = 0;
            }
        s->alive = 0;
        s->left_count = 0;
        sweep_stop_with(s, pipette_error_set(s->error, PIPETTE_E_CRASHED, "the model host has died; what is stored is safe, run again to go on"));
        return;
    }
    in = (wire_reader){bytes, size, 0, 0};
    if (kind == MESSAGE_DEATH) {
        number = wire_get_u32(&in);
        if (number < s->engine->slot_count)
            sweep_bury(s, number, (int)wire_get_u32(&in));
    } else if (kind == MESSAGE_ERROR) {
        int code = (int)wire_get_u32(&in);
        const char *text = wire_get_text(&in);
        sweep_stop_with(s, pipette_error_set(s->error, code < 0 ? code : PIPETTE_E_INTERNAL, "%s", text == NULL ? "the model host failed" : text));
        s->alive = 0;
    }
    free(bytes);
}

static void kill_worker(sweep *s, uint32_t number)
{
    (void)message_send(s->engine->socket, MESSAGE_KILL, &number, sizeof number);
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
        uint64_t ran = board_ran(slot), lanes;
        int leaving = atomic_load_explicit(&slot->left, memory_order_relaxed) == BOARD_LEFT_LEAVING;
        if (!known->alive || known->killed_for_timeout)
            continue;
        if (board_current(slot) == BOARD_IDLE && (ran == 0 || leaving)) {
            if (leaving && !known->leaving)
                known->seen_at = time;
            known->leaving = leaving;
            if (time - known->seen_at > patience)
                kill_late(s, i, ran);
            continue;
        }
        if (ran != known->seen_ran || board_current(slot) == BOARD_IDLE) {
            known->seen_ran = ran;
            known->seen_at = time;
            continue;
        }
        lanes = atomic_load_explicit(&slot->lanes, memory_order_relaxed);
        if (time - known->seen_at > limit * (double)(lanes == 0 ? 1 : lanes))
            kill_late(s, i, ran);
    }
}

/* ---- The sweep ---------------------------------------------------------------------------------------------------------------- */

static void supervise(sweep *s)
{
    engine *e = s->engine;
    struct pollfd *waits = calloc(e->slot_count + 1u, sizeof *waits);
    double timeout = e->options.timeout, tick = report_every(s);
    uint32_t i;
    int killed = 0;
    if (waits == NULL) {
        sweep_stop_with(s, pipette_error_set(s->error, PIPETTE_E_MEMORY, "out of memory"));
        return;
    }
    if (timeout > 0 && timeout / 4 < tick)
        tick = timeout / 4 < 0.005 ? 0.005 : timeout / 4;
    while (s->alive > 0) {
        waits[0] = (struct pollfd){e->socket, POLLIN, 0};
        for (i = 0; i < e->slot_count; i++)
            waits[i + 1] = (struct pollfd){e->slots[i].alive ? e->slots[i].pipe : -1, POLLIN, 0};
        if (poll(waits, e->slot_count + 1u, (int)(tick * 1000)) > 0) {
            for (i = 0; i < e->slot_count; i++)
                if (waits[i + 1].revents & POLLIN)
                    sweep_drain(s, &e->slots[i]);
            if (waits[0].revents != 0)
                hear_host(s);
        }
        if (timeout > 0)
            watch_time(s);
        if (sweep_interrupted(s) >= 1)
            atomic_store(&e->board->stop, 1);
        if ((sweep_interrupted(s) >= 2 || s->status != PIPETTE_OK) && !killed) {
            killed = 1;
            for (i = 0; i < e->slot_count; i++)
                if (e->slots[i].alive)
                    kill_worker(s, i);
        }
        for (i = 0; i < e->slot_count && atomic_load(&e->board->stop) == 0 &&
                    (s->left_count > 0 || atomic_load(&e->board->next) < s->plan->run_count); i++)
            if (!e->slots[i].alive)
                sweep_spawn(s, i);
        report(s, 0);
    }
    free(waits);
}

static void tick(void *user)
{
    sweep *s = user;
    report(s, 0);
    if (sweep_interrupted(s) >= 1)
        atomic_store(&s->engine->board->stop, 1);
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
    w.slot = &s->engine->board->slots[0];
    w.sink = take_record;
    w.sink_user = s;
    w.tick = tick;
    w.pipe = -1;
    w.batch = s->engine->descriptor->extension == NULL ? NULL : s->engine->descriptor->extension(PIPETTE_BATCH_EXTENSION);
    status = worker_start(&w, s->error);
    if (status == PIPETTE_OK)
        status = worker_work(&w, s->error);
    worker_end(&w);
    if (status != PIPETTE_OK)
        sweep_stop_with(s, status);
}

static int run_in_processes(sweep *s)
{
    engine *e = s->engine;
    void *bytes = NULL;
    size_t size = 0;
    uint64_t workers = e->slot_count < s->plan->run_count ? e->slot_count : s->plan->run_count;
    uint32_t i;
    int status = plan_pack(s->plan, &bytes, &size, s->error);
    if (status != PIPETTE_OK)
        return status;
    if (message_send(e->socket, MESSAGE_PLAN, bytes, size) != 0)
        status = pipette_error_set(s->error, PIPETTE_E_CRASHED, "the model host has died");
    free(bytes);
    for (i = 0; status == PIPETTE_OK && i < workers; i++)
        sweep_spawn(s, i);
    if (status == PIPETTE_OK)
        supervise(s);
    return status;
}

int engine_run(engine *e, const engine_plan *plan, const engine_store *store, engine_report *out, pipette_error *error)
{
    sweep s = {.engine = e, .plan = plan, .store = store, .report = out, .error = error};
    uint32_t i;
    int status = PIPETTE_OK;
    memset(out, 0, sizeof *out);
    s.began = now();
    s.reported = s.began;
    atomic_store(&e->board->next, 0);
    atomic_store(&e->board->stop, sweep_interrupted(&s) >= 1 ? 1 : 0);
    for (i = 0; i < e->slot_count; i++) {
        board_slot *slot = &e->board->slots[i];
        atomic_store(&slot->done, 0);
        atomic_store(&slot->failed, 0);
        atomic_store(&slot->infeasible, 0);
        atomic_store(&slot->inherited_count, 0);
    }
    if (plan->run_count > 0 && e->options.in_process)
        run_here(&s);
    else if (plan->run_count > 0)
        status = run_in_processes(&s);
    free(s.left);
    while (s.reason_count > 0)
        free(s.reasons[--s.reason_count].text);
    free(s.reasons);
    if (status == PIPETTE_OK)
        status = s.status;
    report(&s, 1);
    out->interrupted = sweep_interrupted(&s) != 0;
    return status;
}
