/* deaths.c: workers that end before their time: what they left runs again, and the run at fault is found and recorded. */
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

#include "engine/children.h"
#include "engine/message.h"
#include "engine/sweep.h"
#include "engine/workdir.h"

#define KILLS 3u  /* signals from outside at one run before the run is held to be the reason */
#define DEATHS 8u /* of any kind */
#define DIRTY_RUNS 3u /* after so many runs that changed their process, all get one of their own */

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void leave_over(sweep *s, uint64_t first, uint64_t n, int isolate)
{
    if (n == 0)
        return;
    if (s->left_count == s->left_capacity) {
        uint32_t capacity = s->left_capacity == 0 ? 16 : 2 * s->left_capacity;
        left_over *more = realloc(s->left, capacity * sizeof *more);
        if (more == NULL) {
            sweep_stop_with(s, pipette_error_set(s->error, PIPETTE_E_MEMORY, "out of memory"));
            return;
        }
        s->left = more;
        s->left_capacity = capacity;
    }
    s->left[s->left_count++] = (left_over){first, n, isolate};
}

void sweep_spawn(sweep *s, uint32_t number)
{
    board_slot *slot = &s->engine->board->slots[number];
    left_over left = {0, 0, 0};
    if (s->left_count > 0)
        left = s->left[--s->left_count];
    atomic_store(&slot->inherited_first, left.first);
    atomic_store(&slot->inherited_count, left.count);
    atomic_store(&slot->isolate, s->isolate_all || s->plan->isolate ? BOARD_ISOLATE_ALL : left.isolate ? BOARD_ISOLATE_INHERITED : 0u);
    atomic_store(&slot->current, BOARD_IDLE);
    atomic_store(&slot->ran, 0);
    atomic_store(&slot->left, 0);
    s->engine->slots[number].received.size = 0;
    s->engine->slots[number].killed_for_timeout = 0;
    s->engine->slots[number].leaving = 0;
    s->engine->slots[number].seen_ran = 0;
    s->engine->slots[number].seen_at = now();
    if (message_send(s->engine->socket, MESSAGE_SPAWN, &number, sizeof number) != 0) {
        sweep_stop_with(s, pipette_error_set(s->error, PIPETTE_E_CRASHED, "the model host has died; what is stored is safe, run again to go on"));
        return;
    }
    s->engine->slots[number].alive = 1;
    s->alive++;
}

/* What the run had printed when its worker died. */
static int append_log(sweep *s, const engine_slot *known, uint64_t row)
{
    const char *waiting = board_print(s->engine->board, (uint32_t)(known - s->engine->slots));
    wire log = {0}, room = {0};
    int status = PIPETTE_OK;
    capture_read(known->output, &log);
    wire_put(&log, waiting, strnlen(waiting, BOARD_PRINT_BYTES));
    if (log.size > 0 && s->plan->log_column != PLAN_NO_COLUMN) {
        pipette_value text = pipette_value_string(capture_text(&log, &room));
        status = s->store->append(s->store->user, s->plan->log_column, row, &text, s->error);
    }
    wire_free(&log);
    wire_free(&room);
    return status;
}

/* Records in the supervisor what became of a run whose worker is gone: its coordinates, the reason, the log, the state. */
static void record_failure(sweep *s, const engine_slot *known, uint64_t position, int state, const char *reason)
{
    const engine_plan *plan = s->plan;
    char text[1024];
    pipette_value message = pipette_value_string(text);
    int8_t code = (int8_t)state;
    uint64_t row = 0, run = 0;
    uint32_t i;
    int status = PIPETTE_OK;
    if (!sweep_row_of(s, position, &row, &run))
        return;
    (void)snprintf(text, sizeof text, "%.300s", reason);
    workdir_note(plan, NULL, run, text, sizeof text);
    for (i = 0; status == PIPETTE_OK && i < plan->coordinate_count; i++) {
        _Alignas(16) unsigned char value[16];
        if (plan->coordinates[i].column == PLAN_NO_COLUMN)
            continue;
        exploration_fill(plan->points, i, run, 1, value);
        status = s->store->write(s->store->user, plan->coordinates[i].column, row, 1, value, plan->coordinates[i].row_bytes, s->error);
    }
    if (status == PIPETTE_OK)
        status = append_log(s, known, row);
    if (status == PIPETTE_OK && plan->message_column != PLAN_NO_COLUMN)
        status = s->store->append(s->store->user, plan->message_column, row, &message, s->error);
    if (status != PIPETTE_OK) {
        sweep_stop_with(s, status);
        return;
    }
    sweep_keep_first_failure(s, run, text);
    sweep_take_states(s, row, 1, &code);
}

/* How often a worker has died at this position, this time included. */
static unsigned count_death(sweep *s, uint64_t position)
{
    suspect *known = &s->suspects[position % SUSPECTS];
    if (known->deaths == 0 || known->position != position)
        *known = (suspect){position, 0};
    return ++known->deaths;
}

/* The run at `position` is recorded; what else of the claim is not stored runs again. */
static void leave_others(sweep *s, uint64_t position, uint64_t first, uint64_t end, int isolate)
{
    if (position > first)
        leave_over(s, first, position - first, isolate);
    if (end > position + 1)
        leave_over(s, position + 1, end - position - 1, isolate);
}

/* A worker that left because its runs had changed its process. Nothing of its last chunk was stored; one by one shows which run it
 * is, and that one gets a process of its own. */
static void bury_dirty(sweep *s, board_slot *slot, uint64_t first, uint64_t end)
{
    (void)snprintf(s->report->changed, sizeof s->report->changed, "%s", slot->changed);
    if (end == first + 1 && ++s->dirty_runs >= DIRTY_RUNS)
        s->isolate_all = 1; /* it is the model's way */
    leave_over(s, first, end > first ? end - first : 0, s->isolate_all || end == first + 1);
}

/* A worker that died between runs: in the model's create(), or over results that are not stored yet. */
static void bury_idle(sweep *s, const engine_slot *known, uint64_t ran, uint64_t first, uint64_t end, int isolate, int wait_status)
{
    char reason[160];
    children_describe(ran == 0 ? "create()" : "the run", wait_status, s->plan->memory_limit, reason, sizeof reason);
    if (ran == 0 && known->killed_for_timeout)
        sweep_stop_with(s, pipette_error_set(s->error, PIPETTE_E_TIMEOUT, "%s: create() takes too long", s->engine->model_path));
    else if (ran == 0 && ++s->idle_deaths > 2 * s->engine->slot_count)
        sweep_stop_with(s, pipette_error_set(s->error, PIPETTE_E_CRASHED, "%s: workers die before their first run: %s", s->engine->model_path,
                                       reason));
    if (ran == 0 || end <= first) {
        leave_over(s, first, end > first ? end - first : 0, isolate);
    } else if (count_death(s, first) >= DEATHS) {
        record_failure(s, known, first, PIPETTE_STATE_FAILED, reason);
        leave_others(s, first, first, end, isolate);
    } else { /* what an earlier run has done to the heap shows late: alone it harms nobody */
        leave_over(s, first, end - first, isolate || end == first + 1);
    }
}

/* What a worker could still tell of its run's end, or what the system tells. */
static void describe_run(const sweep *s, const board_slot *slot, int wait_status, char *out, size_t size)
{
    size_t length = strnlen(slot->reason, sizeof slot->reason), i;
    for (i = 0; i < length && slot->reason[i] >= ' ' && slot->reason[i] <= '~'; i++)
        ;
    if (WIFSIGNALED(wait_status) && length > 0 && length < sizeof slot->reason && i == length)
        (void)snprintf(out, size, "%s", slot->reason);
    else
        children_describe("the run", wait_status, s->plan->memory_limit, out, size);
}

void sweep_bury(sweep *s, uint32_t number, int wait_status)
{
    engine_slot *known = &s->engine->slots[number];
    board_slot *slot = &s->engine->board->slots[number];
    uint64_t first, end, current, ran;
    uint32_t left = atomic_load(&slot->left);
    int isolate = atomic_load(&slot->isolate) != 0;
    unsigned deaths;
    char reason[320];
    if (!known->alive)
        return;
    known->alive = 0;
    s->alive--;
    sweep_drain(s, known);
    known->received.size = 0; /* a record that its writer did not finish */
    leave_over(s, atomic_load(&slot->inherited_first), atomic_load(&slot->inherited_count), isolate);
    first = atomic_load(&slot->claim_first) + atomic_load(&slot->stored);
    end = atomic_load(&slot->claim_first) + atomic_load(&slot->claim_count);
    current = board_current(slot);
    ran = board_ran(slot);
    if (ran > 0)
        s->idle_deaths = 0;
    if (left == BOARD_LEFT_IN_ORDER || left == BOARD_LEFT_LEAVING) { /* a destroy() that crashes costs nothing any more */
        if (isolate && atomic_load(&s->engine->board->next) < s->plan->run_count && !atomic_load(&s->engine->board->stop))
            sweep_spawn(s, number);
        return;
    }
    if (sweep_interrupted(s) >= 2 || s->status != PIPETTE_OK)
        return;
    if (left == BOARD_LEFT_DIRTY) {
        bury_dirty(s, slot, first, end);
        return;
    }
    if (current != BOARD_IDLE && end > first && !board_knows(slot)) { /* a run has written over what tells which one it was */
        leave_over(s, first, end - first, isolate);
        return;
    }
    if (current == BOARD_IDLE || end <= first) {
        bury_idle(s, known, ran, first, end, isolate, wait_status);
        return;
    }
    if (known->killed_for_timeout) {
        /* Which of a batch hangs shows when they run one by one; a run that ended just before the blow was not too slow. */
        if (atomic_load(&slot->lanes) > 1 || ran != known->killed_ran) {
            leave_over(s, first, end - first, isolate);
            return;
        }
        (void)snprintf(reason, sizeof reason, "the run took longer than its time limit of %g s", s->engine->options.timeout);
        record_failure(s, known, current, PIPETTE_STATE_TIMED_OUT, reason);
        leave_others(s, current, first, end, isolate);
        return;
    }
    /* In the first run of a fresh process nothing else can be at fault, if the process was not killed by somebody; elsewhere an
     * earlier run may have done the damage, so what is not stored runs again, one by one. */
    deaths = count_death(s, current);
    if ((ran == 1 && (!children_killed_from_outside(wait_status) || deaths >= KILLS)) || deaths >= DEATHS) {
        describe_run(s, slot, wait_status, reason, sizeof reason);
        record_failure(s, known, current, PIPETTE_STATE_FAILED, reason);
        leave_others(s, current, first, end, isolate);
    } else {
        leave_over(s, first, end - first, isolate);
    }
}

