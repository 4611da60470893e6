/* trial_tell.c: what came of a run, told to the caller of the trial. */
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "engine/trial_state.h"

double trial_seconds_now(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

int trial_write(int out, uint32_t kind, const void *bytes, size_t size)
{
    trial_record head = {TRIAL_MAGIC, kind, size};
    const char *parts[2] = {(const char *)&head, bytes};
    size_t sizes[2] = {sizeof head, size};
    int i;
    for (i = 0; i < 2; i++)
        while (sizes[i] > 0) {
            ssize_t written = write(out, parts[i], sizes[i]);
            if (written < 0 && errno == EINTR)
                continue;
            if (written <= 0)
                return 0;
            parts[i] += written;
            sizes[i] -= (size_t)written;
        }
    return 1;
}

/* The caller has gone, or the model has closed what is not its own. */
void trial_tell(const trial_state *t, uint32_t kind, const void *bytes, size_t size)
{
    if (!trial_write(t->out, kind, bytes, size))
        _exit(0);
}

_Noreturn void trial_give_up(const trial_state *t, int code, const char *text)
{
    wire out = {0};
    wire_u32(&out, (uint32_t)code);
    wire_text(&out, text);
    trial_tell(t, TRIAL_FAILED, out.data, out.size);
    _exit(0);
}

void *trial_need(const trial_state *t, void *memory)
{
    if (memory == NULL)
        trial_give_up(t, PIPETTE_E_MEMORY, "out of memory");
    return memory;
}

/* A value that the outbox holds for a lane: the declared result `column`, or (NULL path) whatever is added. 0 behind
 * the last. */
int trial_outbox_next(const worker *w, size_t *at, uint64_t lane, worker_record *record, const unsigned char **payload)
{
    while (*at < w->outbox.size) {
        memcpy(record, w->outbox.data + *at, sizeof *record);
        *payload = w->outbox.data + *at + sizeof *record;
        *at += sizeof *record + (size_t)record->bytes;
        if (record->row == lane)
            return 1;
    }
    return 0;
}

static void put_values(trial_state *t, uint64_t lane, uint64_t point)
{
    worker *w = &t->worker;
    const unsigned char *payload;
    worker_record record;
    uint32_t i;
    size_t at;
    for (i = 0; i < w->schema->result_count; i++) {
        const worker_result *r = &w->results[i];
        if (r->column != NULL) {
            pipette_value value = pipette_value_array(r->type, w->schema->results[i].rank, trial_extents(t, point, i),
                                                      worker_row(r, lane));
            if (value.rank == 0)
                memcpy(&value.as, value.data, pipette_type_size(r->type));
            wire_text(&t->record, w->schema->results[i].path);
            wire_value(&t->record, &value);
            continue;
        }
        for (at = 0; trial_outbox_next(w, &at, lane, &record, &payload);)
            if (record.kind == WORKER_APPEND && record.column == i) {
                wire_text(&t->record, w->schema->results[i].path);
                wire_put(&t->record, payload, (size_t)record.bytes);
            }
    }
    for (at = 0; trial_outbox_next(w, &at, lane, &record, &payload);)
        if (record.kind == WORKER_ADD)
            wire_put(&t->record, payload, (size_t)record.bytes);
}

void trial_tell_outcome(trial_state *t, uint64_t lane, uint64_t point, int state, double seconds, trial_damage damage,
                        const char *message)
{
    t->record.size = 0;
    wire_u32(&t->record, (uint32_t)state);
    wire_f64(&t->record, seconds);
    wire_put(&t->record, &damage, sizeof damage);
    wire_text(&t->record, message);
    if (state == PIPETTE_STATE_DONE)
        put_values(t, lane, point);
    if (t->record.failed)
        trial_give_up(t, PIPETTE_E_MEMORY, "out of memory for what a run has stored");
    trial_tell(t, TRIAL_OUTCOME, t->record.data, t->record.size);
}
