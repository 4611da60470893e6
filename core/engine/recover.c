/* recover.c: what the supervisor does when the model host has ended, or when the board makes no sense: nothing that is
 * stored is lost, what is not stored runs again, and the run at fault is found. */
#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "engine/children.h"
#include "engine/connection.h"
#include "engine/sweep.h"

#define BLAMES 2u      /* so often a run may end the model host while it is alone at work */
#define HOST_DEATHS 5u /* in a row that no run explains */
#define LOOKS 1000u    /* a run that ruins the board costs three */
#define BLOCK 65536u

/* ---- The model host ---- */

int sweep_ready_host(sweep *s)
{
    engine *e = s->engine;
    void *bytes = NULL;
    size_t size = 0;
    int status = PIPETTE_OK;
    if (e->host_state == HOST_ENDED && !e->keeper_gone) {
        e->host_state = HOST_STARTING;
        (void)notice_send(e->control, NOTICE_START, 0, -1);
    }
    if (e->host_state != HOST_READY)
        status = connection_load(e, s->error);
    if (status == PIPETTE_OK)
        status = plan_pack(s->plan, &bytes, &size, s->error);
    if (status == PIPETTE_OK && message_post(&e->host, MESSAGE_PLAN, bytes, size) == PIPETTE_E_MEMORY)
        status = pipette_error_set(s->error, PIPETTE_E_MEMORY, "out of memory for the plan of the runs");
    free(bytes);
    return status;
}

/* Runs that were at work when the host ended may have ended it: they run again with nobody else at work. */
static void suspect_run(sweep *s, engine_slot *known, const claim *c, int single, const char *reason)
{
    if (c->lanes > 1) {
        sweep_leave(s, &s->alone, c->first, c->end - c->first, known->given_isolate, 0);
        return;
    }
    sweep_leave_others(s, c->current, c->first, c->end, known->given_isolate);
    if (single && sweep_count_death(s, c->current) >= BLAMES)
        sweep_fail(s, known, c, c->current, PIPETTE_STATE_FAILED, reason);
    else
        sweep_leave(s, &s->alone, c->current, 1, known->given_isolate, c->tries > 0 ? c->tries - 1 : 0);
}

void sweep_host_ended(sweep *s)
{
    engine *e = s->engine;
    uint64_t settled;
    uint32_t i, at_work = 0, suspects = 0;
    char reason[200];
    claim c;
    message_close(&e->host);
    for (i = 0; i < e->slot_count; i++)
        if (e->slots[i].alive) {
            sweep_drain(s, &e->slots[i]);
            e->slots[i].received.size = e->slots[i].held.size = 0;
            at_work++;
        }
    children_describe("the model host", e->host_status, 0, reason, sizeof reason);
    for (i = 0; i < e->slot_count; i++) {
        engine_slot *known = &e->slots[i];
        if (!known->alive)
            continue;
        known->alive = 0;
        s->alive--;
        sweep_claim(s, i, &c);
        if (!c.sane) {
            s->doubtful = 1;
            continue;
        }
        sweep_leave(s, known->alone ? &s->alone : &s->left, c.inherited_first, c.inherited_count, known->given_isolate,
                    0);
        if (c.left == BOARD_LEFT_IN_ORDER || c.left == BOARD_LEFT_LEAVING)
            continue;
        if (c.current == BOARD_IDLE || c.end <= c.first) {
            sweep_leave(s, &s->left, c.first, c.end > c.first ? c.end - c.first : 0, known->given_isolate, 0);
        } else {
            suspect_run(s, known, &c, at_work == 1, reason);
            suspects++;
        }
    }
    settled = sweep_settled(s);
    s->host_deaths = settled != s->settled ? 0 : s->host_deaths + (suspects == 0);
    s->settled = settled;
    if (s->host_deaths >= HOST_DEATHS)
        sweep_stop_with(s, pipette_error_set(s->error, PIPETTE_E_CRASHED,
                                             "%s: again and again %s; what is stored is safe, run again to go on",
                                             e->model_path, reason));
}

/* ---- What is stored ---- */

static void forget_counts(sweep *s)
{
    uint32_t i;
    s->done = s->failed = s->timed_out = s->infeasible = 0;
    for (i = 0; i < s->engine->slot_count; i++) {
        board_slot *slot = &s->engine->board->slots[i];
        atomic_store(&slot->done, 0);
        atomic_store(&slot->failed, 0);
        atomic_store(&slot->infeasible, 0);
    }
}

static uint64_t count_states(sweep *s, uint64_t position, const int8_t *states, uint64_t n)
{
    uint64_t i, first = 0, missing = 0;
    for (i = 0; i <= n; i++) {
        if (i < n && states[i] == PIPETTE_STATE_PENDING)
            continue;
        sweep_leave(s, &s->left, position + first, i - first, 0, 0);
        missing += i - first;
        first = i + 1;
        if (i == n)
            break;
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
    }
    return missing;
}

/* Since the last look one worker alone was at work, which stores run by run: it is the first missing one of its runs
 * that ruins the board. */
static void blame(sweep *s)
{
    const engine_slot *known = &s->engine->slots[0];
    claim last = {.tries = UINT32_MAX};
    uint32_t i;
    for (i = 0; i < s->left.count; i++) {
        left_over found = s->left.items[i];
        uint64_t position = found.first > known->given_first ? found.first : known->given_first;
        if (position >= found.first + found.count)
            continue;
        if (position >= known->given_first + known->given_count || sweep_count_death(s, position) < BLAMES)
            return;
        s->left.items[i].count = position - found.first;
        sweep_leave(s, &s->left, position + 1, found.first + found.count - position - 1, 0, 0);
        s->missing--;
        sweep_fail(s, known, &last, position, PIPETTE_STATE_FAILED,
                   "the run wrote into memory that it shares with other processes");
        return;
    }
}

int sweep_look(sweep *s)
{
    int8_t *states = s->store->read_states == NULL ? NULL : malloc(BLOCK);
    uint64_t i, position = 0, missing = 0;
    int ruined = s->doubtful && s->looks > 0, status = PIPETTE_OK;
    if (states == NULL)
        return 0;
    forget_counts(s);
    s->left.count = s->alone.count = 0;
    for (i = 0; i < s->plan->span_count && status == PIPETTE_OK; i++) {
        const plan_span *span = &s->plan->spans[i];
        uint64_t at, n;
        for (at = 0; at < span->count && status == PIPETTE_OK; at += n) {
            n = span->count - at < BLOCK ? span->count - at : BLOCK;
            status = s->store->read_states(s->store->user, span->row + at, n, states, s->error);
            if (status == PIPETTE_OK)
                missing += count_states(s, position + at, states, n);
        }
        position += span->count;
    }
    free(states);
    s->looks++;
    s->missing = missing;
    s->worker_limit = 1;
    if (status == PIPETTE_OK && ruined)
        blame(s);
    if (status == PIPETTE_OK && s->missing > 0 && s->looks > LOOKS)
        status = pipette_error_set(
            s->error, PIPETTE_E_CRASHED,
            "%s: %llu runs never get stored: the model writes into memory that is not its own; what is stored is safe",
            s->engine->model_path, (unsigned long long)s->missing);
    if (status != PIPETTE_OK)
        sweep_stop_with(s, status);
    s->doubtful = 0;
    s->only_left = 1;
    s->seen_next = s->plan->run_count;
    atomic_store(&s->engine->board->next, s->plan->run_count);
    atomic_store(&s->engine->board->stop, s->stopping ? 1u : 0u); /* the next worker is to begin */
    return s->status == PIPETTE_OK && s->missing > 0;
}
