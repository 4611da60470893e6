/* trial_batch.c: points as the lanes of a batch. */
#include <string.h>

#include "engine/trial_state.h"

/* Columns of `count` points from order[at] on; lanes behind them repeat the last, as in a sweep. */
static void fill_columns(trial_state *t, uint64_t at, uint64_t count, uint64_t width)
{
    worker *w = &t->worker;
    uint32_t i, n = w->schema->parameter_count;
    uint64_t lane;
    for (i = 0; i < n; i++) {
        size_t size = pipette_type_size(w->schema->parameters[i].type);
        unsigned char *column =
            guarded_place(&t->columns[i], size * width, TRIAL_BATCH_ALIGNMENT, t->request->side, t->request->pattern);
        for (lane = 0; lane < width; lane++)
            memcpy(column + lane * size,
                   pipette_value_data(trial_value(t, t->request->order[at + (lane < count ? lane : count - 1)],
                                                  (uint32_t)w->declared[i])),
                   size);
        w->batch_parameters[i] = column;
    }
    w->batch_call.status = guarded_place(&t->columns[n], sizeof(int32_t) * width, TRIAL_BATCH_ALIGNMENT,
                                         t->request->side, t->request->pattern);
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
    for (at = 0; trial_outbox_next(&t->worker, &at, lane, &record, &payload);)
        if (record.column == t->plan.message_column && record.kind == WORKER_APPEND) {
            wire_reader in = {payload, (size_t)record.bytes, 0, 0};
            if (wire_get_value(&in, &value) == PIPETTE_OK && value.rank == 0 && value.type == PIPETTE_TYPE_STRING)
                return value.as.string;
        }
    (void)snprintf(room, size, "the model returned %d (%s)", status, pipette_status_text(status));
    return room;
}

/* A number above 0 that has no meaning, of the call or of a lane. */
static trial_damage find_wrong_status(const trial_state *t, int status, uint64_t count)
{
    const int32_t *lanes = t->worker.batch_call.status;
    uint64_t lane;
    if (status > 0)
        return (trial_damage){TRIAL_RETURNED, 0, status, -1};
    for (lane = 0; lane < count; lane++)
        if (lanes[lane] > 0 && lanes[lane] != PIPETTE_INFEASIBLE)
            return (trial_damage){TRIAL_RETURNED, 0, lanes[lane], (int64_t)lane};
    return (trial_damage){0};
}

void trial_batch(trial_state *t, uint64_t at, uint64_t count)
{
    worker *w = &t->worker;
    uint64_t width = (count + 15u) & ~(uint64_t)15u, lane;
    trial_damage damage, none = {0};
    double begin, seconds;
    char room[200];
    int status;
    fill_columns(t, at, count, width);
    trial_place_buffers(t, t->request->order[at], width);
    trial_dirty_stack(t->request->garbage);
    trial_lock(t, 1);
    begin = trial_seconds_now();
    status = call_batch(t, at, count);
    seconds = (trial_seconds_now() - begin) / (double)count;
    trial_lock(t, 0);
    damage = trial_find_damage(t);
    if (damage.kind == 0)
        damage = find_wrong_status(t, status, count);
    for (lane = 0; lane < count; lane++) {
        int one = status < 0 ? status : w->batch_call.status[lane], missing = 0;
        uint32_t i;
        for (i = 0; one == PIPETTE_OK && i < w->schema->result_count && !missing; i++)
            if (w->results[i].column == NULL && !w->batch_given[(size_t)lane * (w->schema->result_count + 1u) + i])
                missing = 1 + (int)i;
        if (missing)
            (void)snprintf(room, sizeof room, "the model did not store result '%s'",
                           w->schema->results[missing - 1].path);
        trial_tell_outcome(t, lane, t->request->order[at + lane],
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

void trial_time_batches(trial_state *t)
{
    const trial_request *request = t->request;
    trial_damage none = {0};
    double begin, spent = 0, end = trial_seconds_now() + request->seconds;
    uint64_t count = 0;
    fill_columns(t, 0, request->order_count, (request->order_count + 15u) & ~(uint64_t)15u);
    trial_place_buffers(t, request->order[0], (request->order_count + 15u) & ~(uint64_t)15u);
    do {
        begin = trial_seconds_now();
        (void)call_batch(t, 0, request->order_count);
        spent += trial_seconds_now() - begin;
        count += request->order_count;
    } while (trial_seconds_now() < end);
    trial_tell_outcome(t, 0, request->order[0], PIPETTE_STATE_PENDING, spent / (double)count, none, "");
}
