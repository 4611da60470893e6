/* columns.c: memory for the values of a chunk: a column for each result and explored parameter, a row for each run. */
#include "engine/columns.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/apart.h"
#include "engine/guard.h"

/* Large results are computed in chunks of this many bytes before they are written: they stay in the cache. Small ones
 * come in chunks of many runs instead: two workers that write to one file take turns at its lock, and each write call
 * costs them that. */
#define CHUNK_BYTES (256u << 10)
#define CHUNK_RUNS 65536u
#define SMALL_ROW 256u
/* Rows of this size and more are filled where they lie: copying them would cost more than writing them piece by piece.
 */
#define LARGE_ROW 4096u
/* Of each result: who writes on after a run does it at its beginning, or often. */
#define LOOK_BYTES ((size_t)1 << 20)
/* Between two columns: address space, not memory. */
#define GAP ((size_t)64 << 10)

static size_t rounded(size_t bytes, size_t to)
{
    return (bytes + to - 1) / to * to;
}

void *columns_array(const worker *w, uint64_t bytes)
{
    return apart_make((size_t)w->lane_limit, (size_t)bytes);
}

/* With a guard on each side. */
static size_t column_bytes(const worker *w, const worker_result *r)
{
    return rounded((size_t)(w->lane_limit * r->stride), 64u) + 2u * GUARD_BYTES;
}

static size_t staging_bytes(const worker_result *r)
{
    return rounded((size_t)r->row_bytes + GUARD_BYTES, 64u);
}

/* Makes `bytes` of the pages at `*at` usable and moves `*at` behind the gap; the memory ends where its pages end. */
static unsigned char *usable(unsigned char **at, size_t bytes, size_t page)
{
    size_t pages = rounded(bytes, page);
    unsigned char *begin = *at;
    if (mprotect(begin, pages, PROT_READ | PROT_WRITE) != 0)
        return NULL;
    *at += pages + GAP;
    return begin + (pages - bytes);
}

static int result_columns(worker *w)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t staging = GUARD_BYTES, total = GAP;
    unsigned char *at, *memory;
    uint32_t i;
    for (i = 0; i < w->plan->result_count; i++) {
        worker_result *r = &w->results[i];
        if (w->plan->results[i].elements == PLAN_VARIES)
            continue;
        r->elements = w->plan->results[i].elements;
        r->row_bytes = w->plan->results[i].row_bytes;
        /* Batches know their rows as one after the other. */
        r->stride = r->row_bytes < LARGE_ROW || w->batch != NULL ? r->row_bytes
                                                                 : rounded((size_t)r->row_bytes + GUARD_BYTES, 64u);
        if (r->row_bytes < LARGE_ROW)
            staging += staging_bytes(r);
        if (w->plan->results[i].level > 0 && r->row_bytes > w->compressor_bytes)
            w->compressor_bytes = (size_t)r->row_bytes;
        total += rounded(column_bytes(w, r), page) + GAP;
    }
    total += rounded(staging, page) + GAP;
    at = mmap(NULL, total, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED)
        return 0;
    w->column_memory = at;
    w->column_memory_bytes = total;
    at += GAP;
    memory = usable(&at, staging, page);
    if (memory == NULL)
        return 0;
    staging = GUARD_BYTES;
    for (i = 0; i < w->plan->result_count; i++) {
        worker_result *r = &w->results[i];
        if (w->plan->results[i].elements == PLAN_VARIES)
            continue;
        if (r->row_bytes < LARGE_ROW) {
            r->staging = memory + staging;
            staging += staging_bytes(r);
        }
        r->column = usable(&at, column_bytes(w, r), page);
        if (r->column == NULL)
            return 0;
        r->column += GUARD_BYTES;
    }
    return 1;
}

/* What a result needs whose shape varies. */
static int varying_result(worker *w, worker_result *result, const pipette_result_spec *spec)
{
    uint32_t i;
    w->varies = 1;
    if (spec->rank == 0)
        return 1;
    result->extents = apart_make(spec->rank, sizeof *result->extents);
    if (result->extents == NULL)
        return 0;
    for (i = 0; i < spec->rank; i++) {
        result->extents[i] = spec->dimensions[i].extent;
        if (result->extents[i] != PIPETTE_RAGGED && w->extents == NULL)
            w->extents = apart_make(shape_extent_count(w->schema), sizeof *w->extents);
        if (result->extents[i] != PIPETTE_RAGGED && w->extents == NULL)
            return 0;
    }
    return 1;
}

int columns_make(worker *w, pipette_error *error)
{
    const engine_plan *plan = w->plan;
    uint64_t bytes = sizeof(int8_t) + 2 * sizeof(double), lanes;
    uint32_t i;
    for (i = 0; i < plan->result_count; i++)
        bytes += plan->results[i].elements == PLAN_VARIES ? 0 : plan->results[i].row_bytes;
    for (i = 0; i < plan->coordinate_count; i++)
        bytes += plan->coordinates[i].row_bytes;
    lanes = bytes <= SMALL_ROW ? CHUNK_RUNS : CHUNK_BYTES / bytes;
    w->lane_limit = lanes < 1 ? 1 : lanes > CHUNK_RUNS ? CHUNK_RUNS : lanes;
    if (w->batch != NULL)
        w->lane_limit = (w->lane_limit + 15u) & ~(uint64_t)15u;
    w->states = columns_array(w, sizeof *w->states);
    w->starts = columns_array(w, sizeof *w->starts);
    w->durations = columns_array(w, sizeof *w->durations);
    w->checksums = columns_array(w, sizeof(uint32_t));
    w->lent = apart_make(plan->result_count + 1u, sizeof *w->lent);
    if (w->states == NULL || w->starts == NULL || w->durations == NULL || w->checksums == NULL || w->lent == NULL ||
        !result_columns(w))
        goto memory;
    for (i = 0; i < plan->result_count; i++) {
        worker_result *result = &w->results[i];
        const pipette_result_spec *spec = &w->schema->results[i];
        result->type = spec->type;
        result->buffer_count = PLAN_VARIES;
        if (plan->results[i].elements == PLAN_VARIES && !varying_result(w, result, spec))
            goto memory;
    }
    return PIPETTE_OK;
memory:
    return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory for the results of %llu runs",
                             (unsigned long long)w->lane_limit);
}

/* What runs were lent of a result for the first `lanes` lanes, or as much of it as is worth a look. */
static unsigned char *lent_of(const worker *w, const worker_result *r, uint64_t lanes, size_t *bytes)
{
    const int whole = r->staging == NULL || w->batch != NULL;
    const uint64_t size = whole ? lanes * r->stride : r->row_bytes;
    *bytes = r->column == NULL ? 0 : size < LOOK_BYTES ? (size_t)size : LOOK_BYTES;
    return whole ? r->column : r->staging;
}

int columns_disturbed(worker *w, uint64_t lanes)
{
    static const struct timespec moment = {0, 2000000};
    size_t total = 1, at, bytes, k;
    unsigned char *before, *lent;
    int changed = 0;
    uint32_t i;
    for (i = 0; i < w->plan->result_count; i++, total += bytes)
        (void)lent_of(w, &w->results[i], lanes, &bytes);
    before = apart_make(1, total);
    if (before == NULL)
        return 0;
    for (i = 0, at = 0; i < w->plan->result_count; i++, at += bytes) {
        lent = lent_of(w, &w->results[i], lanes, &bytes);
        if (bytes == 0)
            continue;
        memcpy(before + at, lent, bytes);
        memset(lent, 0xa5, bytes);
    }
    (void)nanosleep(&moment, NULL);
    for (i = 0, at = 0; i < w->plan->result_count; i++, at += bytes) {
        lent = lent_of(w, &w->results[i], lanes, &bytes);
        if (bytes == 0)
            continue;
        for (k = 0; k < bytes; k++)
            changed |= ((volatile unsigned char *)lent)[k] != 0xa5;
        memcpy(lent, before + at, bytes);
    }
    apart_free(before);
    return changed;
}

void columns_free(worker *w)
{
    if (w->column_memory != NULL)
        (void)munmap(w->column_memory, w->column_memory_bytes);
    apart_free(w->lent);
    w->column_memory = NULL;
    w->lent = NULL;
}
