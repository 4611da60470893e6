/* worker.c: one worker: claims runs, lets the model compute them, stores the results. */
#include "engine/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/apart.h"
#include "engine/children.h"
#include "engine/chunk.h"
#include "engine/columns.h"
#include "engine/compress.h"
#include "engine/guard.h"
#include "engine/instance.h"
#include "engine/limits.h"
#include "engine/parameters.h"
#include "engine/threads.h"
#include "engine/workdir.h"
#include "engine/undeclared.h"

#define PAGE_RUNS 4096u
#define CHUNK_SECONDS 0.02

/* ---- Start and end ---- */

static int open_place(worker *w, const plan_column *column, pipette_error *error)
{
    uint32_t i;
    int file;
    if (column->file == NULL || column->column == PLAN_NO_COLUMN)
        return PIPETTE_OK;
    for (i = 0; i < w->file_count; i++)
        if (strcmp(w->file_names[i], column->file) == 0)
            return PIPETTE_OK;
    file = open(column->file, O_WRONLY | O_CLOEXEC);
    if (file < 0 && errno == ENOENT)
        return pipette_error_set(
            error, PIPETTE_E_STORAGE,
            "%s has vanished: the file or its folder was renamed or removed while runs were being stored; give it "
            "the name back, or let it be made anew, and run again",
            column->file);
    if (file < 0)
        return pipette_error_set(error, PIPETTE_E_STORAGE, "%s: a worker cannot open it: %s", column->file,
                                 strerror(errno));
    w->files[w->file_count] = file;
    w->file_names[w->file_count++] = column->file;
    return PIPETTE_OK;
}

static int open_places(worker *w, pipette_error *error)
{
    const engine_plan *plan = w->plan;
    uint32_t i, count = plan->result_count + plan->coordinate_count + 4;
    int status;
    w->files = apart_make(count, sizeof *w->files);
    w->file_names = apart_make(count, sizeof *w->file_names);
    if (w->files == NULL || w->file_names == NULL)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    status = open_place(w, &plan->state, error);
    if (status == PIPETTE_OK)
        status = open_place(w, &plan->start, error);
    if (status == PIPETTE_OK)
        status = open_place(w, &plan->duration, error);
    if (status == PIPETTE_OK)
        status = open_place(w, &plan->checksum, error);
    for (i = 0; status == PIPETTE_OK && i < plan->result_count; i++)
        status = open_place(w, &plan->results[i], error);
    for (i = 0; status == PIPETTE_OK && i < plan->coordinate_count; i++)
        status = open_place(w, &plan->coordinates[i], error);
    return status;
}

/* Batches are for models with nothing but scalar numbers in and known shapes out; one that wants a process for each run
 * gets that. */
static int batch_fits(const worker *w)
{
    uint32_t i;
    if (w->batch == NULL || w->isolated || w->plan->result_count == 0)
        return 0;
    if (w->schema->random != 0 ||
        w->plan->workdir == WORKDIR_RUN) /* lanes have neither seeds nor folders of their own */
        return 0;
    for (i = 0; i < w->schema->parameter_count; i++)
        if (w->schema->parameters[i].type == PIPETTE_TYPE_STRING || w->schema->parameters[i].default_array != NULL)
            return 0;
    for (i = 0; i < w->plan->result_count; i++) {
        const pipette_result_spec *spec = &w->schema->results[i];
        uint32_t j, ragged = spec->type == PIPETTE_TYPE_STRING;
        for (j = 0; j < spec->rank; j++)
            ragged |= spec->dimensions[j].extent == PIPETTE_RAGGED;
        if (w->plan->results[i].elements == PLAN_VARIES && !ragged)
            return 0;
    }
    return 1;
}

static int bind_batch(worker *w, pipette_error *error)
{
    uint32_t i;
    w->batch_status = columns_array(w, sizeof *w->batch_status);
    if (w->batch_status == NULL)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    for (i = 0; i < w->plan->result_count; i++) {
        w->batch_results[i] = w->results[i].column;
        w->batch_strides[i] = w->results[i].elements;
        w->batch_ragged |= w->results[i].column == NULL;
    }
    w->batch_given = apart_make(w->lane_limit, w->schema->result_count + 1u);
    if (w->batch_given == NULL)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    w->batch_handle = (pipette_batch){.size = sizeof(pipette_batch),
                                      .host = &worker_batch_host,
                                      .instance = w->stage->instance,
                                      .seed = w->plan->seed,
                                      .parameters = w->batch_parameters,
                                      .results = w->batch_results,
                                      .result_strides = w->batch_strides,
                                      .status = w->batch_status};
    return PIPETTE_OK;
}

/* The descriptors that a model must not touch. */
static void mark_clean(const worker *w)
{
    int files[64];
    uint32_t i, count = 0;
    for (i = 0; i < w->file_count && count < 60; i++)
        files[count++] = w->files[i];
    files[count++] = STDOUT_FILENO;
    files[count++] = STDERR_FILENO;
    if (w->pipe >= 0)
        files[count++] = w->pipe;
    clean_mark(files, count);
    threads_mark();
}

void worker_lock(worker *w)
{
    parameters_lock(w);
    if (w->board_guarded)
        board_lock(w->board, w->slot_number);
}

void worker_unlock(worker *w)
{
    if (w->board_guarded)
        board_unlock(w->board, w->slot_number);
    parameters_unlock(w);
}

int worker_start(worker *w, pipette_error *error)
{
    const engine_plan *plan = w->plan;
    uint32_t i;
    int status;
    constants_find(w);
    w->runs_to_limit = UINT64_MAX;
    w->log.apart = w->printed.apart = w->text.apart = w->outbox.apart = 1; /* they hold what earlier runs said */
    for (i = 0; i < WORKER_NAMES; i++)                                     /* no name of a model stands there */
        w->parameter_names[i].pointer = w->result_names[i].pointer = (const char *)w;
    w->parameters = apart_make(plan->parameter_count + 1u, sizeof *w->parameters);
    w->results = apart_make(plan->result_count + 1u, sizeof *w->results);
    w->declared = apart_make(w->schema->parameter_count + 1u, sizeof *w->declared);
    w->coordinates = apart_make(plan->coordinate_count + 1u, sizeof *w->coordinates);
    if (w->parameters == NULL || w->results == NULL || w->declared == NULL || w->coordinates == NULL)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    if (!batch_fits(w))
        w->batch = NULL;
    if (w->isolated) {
        w->letter_bytes = WORKER_LETTER_BYTES;
        for (i = 0; i < plan->result_count; i++)
            w->letter_bytes += plan->results[i].elements == PLAN_VARIES ? 0 : (size_t)plan->results[i].row_bytes;
        w->letter =
            mmap(NULL, w->letter_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (w->letter == MAP_FAILED) {
            w->letter = NULL;
            return pipette_error_set(error, PIPETTE_E_MEMORY, "no memory to share with the processes of runs: %s",
                                     strerror(errno));
        }
    }
    status = open_places(w, error);
    if (status == PIPETTE_OK)
        status = columns_make(w, error);
    if (status == PIPETTE_OK)
        status = parameters_make(w, error);
    if (status != PIPETTE_OK)
        return status;
    status = workdir_start(w, error);
    if (status == PIPETTE_OK)
        status = instance_make(w, error);
    if (status != PIPETTE_OK)
        return status;
    if (w->capture)
        mark_clean(w);
    if (w->isolated) {
        limits_keep();
        w->spared_count = children_list(w->spared, sizeof w->spared / sizeof w->spared[0]);
    }
    return w->batch == NULL ? PIPETTE_OK : bind_batch(w, error);
}

void worker_end(worker *w)
{
    uint32_t i;
    if (w->instance_made && w->model->destroy != NULL) {
        worker_lock(w);
        w->model->destroy(w->stage);
        worker_unlock(w);
    }
    workdir_end(w);
    for (i = 0; i < w->file_count; i++)
        (void)close(w->files[i]);
    for (i = 0; w->results != NULL && i < w->plan->result_count; i++) {
        apart_free(w->results[i].extents);
        free(w->results[i].buffer == NULL ? NULL : w->results[i].buffer - GUARD_BYTES);
    }
    apart_free(w->states);
    apart_free(w->starts);
    apart_free(w->durations);
    apart_free(w->checksums);
    apart_free(w->batch_status);
    if (w->letter != NULL)
        (void)munmap(w->letter, w->letter_bytes);
    parameters_free(w);
    columns_free(w);
    apart_free(w->batch_given);
    apart_free(w->extents);
    apart_free(w->parameters);
    apart_free(w->results);
    apart_free(w->declared);
    apart_free(w->coordinates);
    apart_free(w->files);
    apart_free(w->file_names);
    compressor_destroy(w->compressor);
    undeclared_destroy(w->undeclared);
    wire_free(&w->log);
    wire_free(&w->printed);
    wire_free(&w->text);
    wire_free(&w->outbox);
}

/* ---- Claiming ---- */

/* The positions first .. first + count - 1, cut where the plan's spans end. */
static int run_positions(worker *w, uint64_t first, uint64_t count, pipette_error *error)
{
    const engine_plan *plan = w->plan;
    uint64_t base = 0, i, end = first + count;
    for (i = 0; i < plan->span_count && first < end; i++) {
        const plan_span *span = &plan->spans[i];
        while (first < end && first < base + span->count) {
            uint64_t into = first - base, left = span->count - into, n = end - first < left ? end - first : left;
            int status;
            n = n > w->lane_limit ? w->lane_limit : n;
            status = chunk_run(w, first, span->row + into, span->run + into, &n, error);
            if (status != PIPETTE_OK)
                return status;
            first += n;
            atomic_fetch_add_explicit(&w->slot->stored, n, memory_order_release);
            if (w->tick != NULL)
                w->tick(w->sink_user);
            if (first < end && atomic_load_explicit(&w->board->stop, memory_order_relaxed))
                return PIPETTE_OK;
        }
        base += span->count;
    }
    return PIPETTE_OK;
}

static uint64_t claim_size(const worker *w, uint64_t next, uint64_t left)
{
    uint64_t share = left / (2u * (uint64_t)(w->board_slots > 0 ? w->board_slots : 1)) + 1, size = 4;
    if (w->run_seconds > 0) {
        double runs = CHUNK_SECONDS / w->run_seconds;
        size = runs < 1 ? 1 : runs > (double)w->lane_limit ? w->lane_limit : (uint64_t)runs;
    }
    if (size > w->lane_limit)
        size = w->lane_limit;
    if (size > share)
        size = share;
    if (size > w->runs_to_limit)
        size = w->runs_to_limit;
    /* Many tiny runs: chunks that begin where pages of the file do. */
    return size > 2 * PAGE_RUNS ? size - (next + size) % PAGE_RUNS : size;
}

static int work_on(worker *w, uint64_t first, uint64_t count, pipette_error *error)
{
    atomic_store(&w->slot->claim_count, 0);
    atomic_store(&w->slot->stored, 0);
    atomic_store(&w->slot->claim_first, first);
    atomic_store(&w->slot->claim_count, count);
    return run_positions(w, first, count, error);
}

int worker_work(worker *w, pipette_error *error)
{
    uint64_t first = atomic_load(&w->slot->inherited_first), count = atomic_load(&w->slot->inherited_count), i;
    int status;
    if (w->plan->isolate == 0 &&
        w->isolated) { /* only what was left is to be run so; the rest is for an ordinary worker */
        for (i = 0; i < count && !atomic_load_explicit(&w->board->stop, memory_order_relaxed); i++) {
            atomic_store(&w->slot->inherited_first, first + i + 1);
            atomic_store(&w->slot->inherited_count, count - i - 1);
            status = work_on(w, first + i, 1, error);
            if (status != PIPETTE_OK)
                return status;
        }
        atomic_store(&w->slot->claim_count, 0);
        return PIPETTE_OK;
    }
    /* What a worker before us left behind: one by one, so that a run that kills us is known. */
    for (i = 0; i < count && !w->worn && !atomic_load_explicit(&w->board->stop, memory_order_relaxed); i++) {
        atomic_store(&w->slot->inherited_first, first + i + 1);
        atomic_store(&w->slot->inherited_count, count - i - 1);
        status = work_on(w, first + i, 1, error);
        if (status != PIPETTE_OK)
            return status;
    }
    while (!w->only_inherited && !w->worn && !atomic_load_explicit(&w->board->stop, memory_order_relaxed)) {
        uint64_t next = atomic_load_explicit(&w->board->next, memory_order_relaxed);
        if (next >= w->plan->run_count)
            break;
        count = claim_size(w, next, w->plan->run_count - next);
        first = atomic_fetch_add(&w->board->next, count);
        if (first >= w->plan->run_count)
            break;
        if (count > w->plan->run_count - first)
            count = w->plan->run_count - first;
        status = work_on(w, first, count, error);
        if (status != PIPETTE_OK)
            return status;
    }
    atomic_store(&w->slot->claim_count, 0);
    return PIPETTE_OK;
}
