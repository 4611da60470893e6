/* deaths.c: workers that end before their time: what they left runs again, and the run at fault is found and recorded.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

#include "engine/children.h"
#include "engine/message.h"
#include "engine/sweep.h"
#include "engine/workdir.h"

#define KILLS 3u          /* signals from outside at one run before the run is held to be the reason */
#define DEATHS 8u         /* of any kind */
#define AGAIN_SECONDS 0.1 /* until a process is asked for again that was not to be had, */
#define REFUSED_SECONDS 5 /* and how long so in vain */
#define DIRTY_RUNS 3u     /* after so many runs that changed their process, all get one of their own */

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

void sweep_leave(sweep *s, left_over_list *list, uint64_t first, uint64_t n, int isolate, uint32_t tries)
{
    if (n == 0)
        return;
    if (list->count == list->capacity) {
        uint32_t capacity = list->capacity == 0 ? 16 : 2 * list->capacity;
        left_over *more = realloc(list->items, capacity * sizeof *more);
        if (more == NULL) {
            sweep_stop_with(s, pipette_error_set(s->error, PIPETTE_E_MEMORY, "out of memory"));
            return;
        }
        list->items = more;
        list->capacity = capacity;
    }
    list->items[list->count++] = (left_over){first, n, isolate, tries};
}

static void leave_over(sweep *s, uint64_t first, uint64_t n, int isolate)
{
    sweep_leave(s, &s->left, first, n, isolate, 0);
}

void sweep_spawn(sweep *s, uint32_t number, left_over_list *list)
{
    board_slot *slot = &s->engine->board->slots[number];
    engine_slot *known = &s->engine->slots[number];
    left_over left = {0, 0, 0, 0};
    if (list->count > 0)
        left = list->items[--list->count];
    atomic_store(&slot->inherited_first, left.first);
    atomic_store(&slot->inherited_count, left.count);
    atomic_store(&slot->inherited_tries, left.tries);
    atomic_store(&slot->only_inherited, list == &s->alone || s->only_left ? 1u : 0u);
    atomic_store(&slot->isolate, s->isolate_all || s->plan->isolate ? BOARD_ISOLATE_ALL
                                 : left.isolate                     ? BOARD_ISOLATE_INHERITED
                                                                    : 0u);
    atomic_store(&slot->current, BOARD_IDLE);
    atomic_store(&slot->ran, 0);
    atomic_store(&slot->left, 0);
    atomic_store(&slot->claim_first, 0); /* that of an earlier sweep may be beyond the runs of this one */
    atomic_store(&slot->claim_count, 0);
    atomic_store(&slot->stored, 0);
    atomic_store(&slot->computing, 0);
    atomic_store(&slot->looking, 0);
    atomic_store(&slot->begun, 0);
    atomic_store(&slot->tries, 0);
    known->given_first = left.first;
    known->given_count = left.count;
    known->given_tries = left.tries;
    known->given_isolate = s->isolate_all || s->plan->isolate || left.isolate;
    known->alone = list == &s->alone;
    known->received.size = 0;
    known->held.size = 0;
    known->killed_for_timeout = 0;
    known->killed_at = 0;
    known->started = 0;
    known->leaving = known->looking = 0;
    known->seen_ran = 0;
    known->seen_tries = 0;
    known->seen_at = known->asked_at = now();
    known->alive = 1;
    s->alive++;
    (void)message_post(&s->engine->host, MESSAGE_SPAWN, &number,
                       sizeof number); /* of a host that has died the keeper tells */
}

void sweep_refused(sweep *s, int why)
{
    double time = now();
    char text[200];
    s->refusal = why;
    if (s->refused_since == 0)
        s->refused_since = time;
    s->worker_limit = s->alive > 0 ? s->alive : 1;
    s->again_at = time + AGAIN_SECONDS;
    if (!s->few_told && s->engine->options.warn != NULL) {
        s->few_told = 1;
        (void)snprintf(text, sizeof text, "the system gives no more processes (%s): going on with %u workers",
                       strerror(why), s->worker_limit);
        s->engine->options.warn(text, s->engine->options.warn_user);
    }
    if (s->alive == 0 && time - s->refused_since > REFUSED_SECONDS)
        sweep_stop_with(s,
                        pipette_error_set(
                            s->error, PIPETTE_E_SYSTEM,
                            "cannot start a process for the runs: %s; this user may have no more of them (ulimit -u); "
                            "%llu runs are still to do; the same command goes on",
                            strerror(why), (unsigned long long)(s->plan->run_count - sweep_settled(s))));
}

void sweep_claim(const sweep *s, uint32_t number, claim *c)
{
    board_slot *slot = &s->engine->board->slots[number];
    const engine_slot *known = &s->engine->slots[number];
    uint64_t first = atomic_load(&slot->claim_first), count = atomic_load(&slot->claim_count),
             stored = atomic_load(&slot->stored);
    uint64_t given_end = known->given_first + known->given_count;
    uint32_t isolate = atomic_load(&slot->isolate);
    if (count == 0) /* between two claims */
        stored = 0;
    c->inherited_first = atomic_load(&slot->inherited_first);
    c->inherited_count = atomic_load(&slot->inherited_count);
    c->current = board_current(slot);
    c->ran = board_ran(slot);
    c->lanes = atomic_load(&slot->lanes);
    c->left = atomic_load(&slot->left);
    c->tries = atomic_load(&slot->tries);
    if (c->tries > s->plan->retries + 1)
        c->tries = s->plan->retries + 1;
    c->sane =
        count <= s->plan->run_count && first <= s->plan->run_count - count && stored <= count &&
        c->left <= BOARD_LEFT_REFUSED && (isolate != 0) == (known->given_isolate != 0) &&
        (c->inherited_count == 0 || (c->inherited_first >= known->given_first && c->inherited_first <= given_end &&
                                     given_end - c->inherited_first == c->inherited_count));
    c->first = first + stored;
    c->end = first + count;
}

/* What the run had printed when its worker died. */
static int append_log(sweep *s, const engine_slot *known, uint64_t row)
{
    const char *waiting = board_print(s->engine->board, s->engine->board_slots, (uint32_t)(known - s->engine->slots));
    wire log = {0}, room = {0};
    int status = PIPETTE_OK;
    capture_read(known->output, &log);
    wire_put(&log, waiting, strnlen(waiting, BOARD_PRINT_BYTES));
    if (log.size > 0 && s->plan->log_column != PLAN_NO_COLUMN) {
        pipette_value text = pipette_value_string(capture_text(&log, &room, &s->wrong_bytes));
        status = s->store->append(s->store->user, s->plan->log_column, row, &text, s->error);
    }
    wire_free(&log);
    wire_free(&room);
    return status;
}

/* Records in the supervisor what became of a run whose worker is gone: its coordinates, the reason, the log, the state.
 */
static void record_failure(sweep *s, const engine_slot *known, uint64_t position, int state, const char *reason)
{
    const engine_plan *plan = s->plan;
    char text[1024] = "";
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
        status = s->store->write(s->store->user, plan->coordinates[i].column, row, 1, value,
                                 plan->coordinates[i].row_bytes, s->error);
    }
    if (status == PIPETTE_OK)
        status = append_log(s, known, row);
    if (status == PIPETTE_OK && plan->message_column != PLAN_NO_COLUMN)
        status = s->store->append(s->store->user, plan->message_column, row, &message, s->error);
    if (status == PIPETTE_OK)
        status = sweep_note_checksum(s, row, state);
    if (status != PIPETTE_OK) {
        sweep_stop_with(s, status);
        return;
    }
    sweep_keep_first_failure(s, run, text);
    sweep_take_states(s, row, 1, &code);
}

void sweep_fail(sweep *s, const engine_slot *known, const claim *c, uint64_t position, int state, const char *reason)
{
    uint32_t tried = c->tries > 0 ? c->tries : 1;
    if (tried <= s->plan->retries && !s->stopping)
        sweep_leave(s, &s->left, position, 1, known->given_isolate, tried);
    else
        record_failure(s, known, position, state, reason);
}

unsigned sweep_count_death(sweep *s, uint64_t position)
{
    suspect *known = &s->suspects[position % SUSPECTS];
    if (known->deaths == 0 || known->position != position)
        *known = (suspect){position, 0};
    return ++known->deaths;
}

void sweep_leave_others(sweep *s, uint64_t position, uint64_t first, uint64_t end, int isolate)
{
    if (position > first)
        leave_over(s, first, position - first, isolate);
    if (end > position + 1)
        leave_over(s, position + 1, end - position - 1, isolate);
}

/* A worker that left because its runs had changed its process. Nothing of its last chunk was stored; one by one shows
 * which run it is, and that one gets a process of its own. */
static void bury_dirty(sweep *s, board_slot *slot, uint64_t first, uint64_t end)
{
    (void)snprintf(s->report->changed, sizeof s->report->changed, "%.*s", (int)(sizeof slot->changed - 1),
                   slot->changed);
    if (end == first + 1 && ++s->dirty_runs >= DIRTY_RUNS)
        s->isolate_all = 1; /* it is the model's way */
    leave_over(s, first, end > first ? end - first : 0, s->isolate_all || end == first + 1);
}

/* A worker that died between runs: in the model's create(), or over results that are not stored yet. */
static void bury_idle(sweep *s, const engine_slot *known, const claim *c, int wait_status)
{
    int isolate = known->given_isolate;
    char reason[160];
    children_describe(c->ran == 0 ? "create()" : "the run", wait_status, s->plan->memory_limit, reason, sizeof reason);
    if (c->ran == 0 && known->killed_for_timeout)
        sweep_stop_with(
            s, pipette_error_set(s->error, PIPETTE_E_TIMEOUT, "%s: create() takes too long", s->engine->model_path));
    else if (c->ran == 0 && ++s->idle_deaths > 2 * s->engine->slot_count)
        sweep_stop_with(s, pipette_error_set(s->error, PIPETTE_E_CRASHED, "%s: workers die before their first run: %s",
                                             s->engine->model_path, reason));
    if (c->ran == 0 || c->end <= c->first) {
        leave_over(s, c->first, c->end > c->first ? c->end - c->first : 0, isolate);
    } else if (sweep_count_death(s, c->first) >= DEATHS) {
        sweep_leave_others(s, c->first, c->first, c->end, isolate);
        sweep_fail(s, known, c, c->first, PIPETTE_STATE_FAILED, reason);
    } else { /* what an earlier run has done to the heap shows late: alone it harms nobody */
        leave_over(s, c->first, c->end - c->first, isolate || c->end == c->first + 1);
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

/* A worker that was killed because a run showed no sign of life for too long. */
static void bury_late(sweep *s, const engine_slot *known, const claim *c)
{
    int isolate = known->given_isolate;
    char reason[160];
    /* Which of a batch hangs shows when they run one by one; a run that ended just before the blow was not too slow. */
    if (c->lanes > 1 || c->ran != known->killed_ran) {
        leave_over(s, c->first, c->end - c->first, isolate);
        return;
    }
    sweep_leave_others(s, c->current, c->first, c->end, isolate);
    if (c->ran > 1 &&
        !isolate) { /* an earlier run may have left a lock behind: it gets another chance, first in a fresh process */
        sweep_leave(s, &s->left, c->current, 1, 0, c->tries > 0 ? c->tries - 1 : 0);
        return;
    }
    (void)snprintf(reason, sizeof reason, "the run took longer than its time limit of %g s",
                   s->engine->options.timeout);
    sweep_fail(s, known, c, c->current, PIPETTE_STATE_TIMED_OUT, reason);
}

void sweep_bury(sweep *s, uint32_t number, int wait_status)
{
    engine_slot *known = &s->engine->slots[number];
    board_slot *slot = &s->engine->board->slots[number];
    int isolate = known->given_isolate;
    unsigned deaths;
    char reason[320];
    claim c;
    if (!known->alive)
        return;
    known->alive = 0;
    s->alive--;
    sweep_drain(s, known);
    known->received.size = 0; /* a record that its writer did not finish, */
    known->held.size = 0;     /* and messages whose runs have no state yet */
    sweep_claim(s, number, &c);
    if (!c.sane || s->doubtful) {
        s->doubtful = 1;
        return;
    }
    leave_over(s, c.inherited_first, c.inherited_count, isolate);
    if (c.ran > 0)
        s->idle_deaths = 0;
    if (c.left == BOARD_LEFT_IN_ORDER ||
        c.left == BOARD_LEFT_LEAVING) /* a destroy() that crashes costs nothing any more */
        return;
    if (sweep_interrupted(s) >= 2 || s->status != PIPETTE_OK)
        return;
    if (c.left == BOARD_LEFT_DIRTY) {
        bury_dirty(s, slot, c.first, c.end);
    } else if (c.left == BOARD_LEFT_REFUSED) {
        leave_over(s, c.first, c.end - c.first, isolate);
        sweep_refused(s, EAGAIN);
    } else if (c.current != BOARD_IDLE && c.end > c.first &&
               !board_knows(slot)) { /* a run has written over what tells which one it was */
        leave_over(s, c.first, c.end - c.first, isolate);
    } else if (c.current == BOARD_IDLE || c.end <= c.first) {
        bury_idle(s, known, &c, wait_status);
    } else if (known->killed_for_timeout) {
        bury_late(s, known, &c);
    } else {
        /* In the first run of a fresh process nothing else can be at fault, if the process was not killed by somebody;
         * elsewhere an earlier run may have done the damage, so what is not stored runs again, one by one. */
        deaths = sweep_count_death(s, c.current);
        if ((c.ran == 1 && (!children_killed_from_outside(wait_status) || deaths >= KILLS)) || deaths >= DEATHS) {
            describe_run(s, slot, wait_status, reason, sizeof reason);
            sweep_leave_others(s, c.current, c.first, c.end, isolate);
            sweep_fail(s, known, &c, c.current, PIPETTE_STATE_FAILED, reason);
        } else {
            leave_over(s, c.first, c.end - c.first, isolate);
        }
    }
}
