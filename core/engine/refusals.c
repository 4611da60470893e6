/* refusals.c: runs that computed well and fail all the same, because the storage cannot hold what they stored. */
#include "engine/refusals.h"

#include <stdlib.h>

static void store_message(sweep *s, uint64_t row, const char *text)
{
    pipette_value message = pipette_value_string(text);
    int status = s->plan->message_column == PLAN_NO_COLUMN
                     ? PIPETTE_OK
                     : s->store->append(s->store->user, s->plan->message_column, row, &message, s->error);
    if (status != PIPETTE_OK)
        sweep_stop_with(s, status);
}

/* A run that was done: another one, which comes before it, has shown that it cannot be. */
static void take_back(sweep *s, uint64_t row, const char *message)
{
    int8_t failed = PIPETTE_STATE_FAILED;
    uint64_t i;
    int status;
    store_message(s, row, message);
    status = s->status == PIPETTE_OK ? sweep_note_checksum(s, row, -1) : s->status; /* it does not fit in between */
    if (status == PIPETTE_OK)
        status = s->store->states(s->store->user, row, 1, &failed, s->error);
    if (status == PIPETTE_OK)
        status = sweep_note_checksum(s, row, failed);
    if (status != PIPETTE_OK)
        sweep_stop_with(s, status);
    for (i = 0; i < s->plan->span_count; i++)
        if (row >= s->plan->spans[i].row && row - s->plan->spans[i].row < s->plan->spans[i].count)
            s->done--; /* else it is of an earlier command */
    s->failed++;
}

void refusals_add(void *user, uint64_t row, int ended, const char *message)
{
    sweep *s = user;
    size_t i;
    for (i = 0; i < s->refused_count; i++)
        if (s->refused[i].row == row)
            return; /* the first reason is the one to keep */
    sweep_keep_first_failure(s, sweep_run_of_row(s, row), message);
    if (ended) {
        take_back(s, row, message);
        return;
    }
    if (s->refused_count == s->refused_capacity) {
        size_t capacity = 2 * s->refused_capacity + 16;
        early_message *more = realloc(s->refused, capacity * sizeof *more);
        if (more == NULL) {
            sweep_stop_with(s, pipette_error_set(s->error, PIPETTE_E_MEMORY, "out of memory"));
            return;
        }
        s->refused = more;
        s->refused_capacity = capacity;
    }
    s->refused[s->refused_count].row = row;
    s->refused[s->refused_count].text = strdup(message);
    if (s->refused[s->refused_count].text == NULL)
        sweep_stop_with(s, pipette_error_set(s->error, PIPETTE_E_MEMORY, "out of memory"));
    else
        s->refused_count++;
}

const int8_t *refusals_apply(sweep *s, uint64_t row, uint64_t count, const int8_t *states, int8_t **room)
{
    size_t i, kept = 0;
    *room = NULL;
    for (i = 0; i < s->refused_count; i++) {
        early_message *r = &s->refused[i];
        if (r->row < row || r->row - row >= count) {
            s->refused[kept++] = *r;
            continue;
        }
        if (*room == NULL) {
            *room = malloc((size_t)count);
            if (*room == NULL) {
                sweep_stop_with(s, pipette_error_set(s->error, PIPETTE_E_MEMORY, "out of memory"));
                return NULL;
            }
            memcpy(*room, states, (size_t)count);
        }
        if (states[r->row - row] == PIPETTE_STATE_DONE) {
            (*room)[r->row - row] = PIPETTE_STATE_FAILED;
            store_message(s, r->row, r->text);
            if (s->status == PIPETTE_OK && sweep_note_checksum(s, r->row, PIPETTE_STATE_FAILED) != PIPETTE_OK)
                sweep_stop_with(s, PIPETTE_E_STORAGE);
        }
        free(r->text);
    }
    s->refused_count = kept;
    return *room == NULL ? states : *room;
}

void refusals_free(sweep *s)
{
    while (s->refused_count > 0)
        free(s->refused[--s->refused_count].text);
    free(s->refused);
    s->refused = NULL;
}
