/* store.c: from a chunk's columns to their places: data first, then what travels through the supervisor, then the
 * states. */
#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>

#include "engine/checksum.h"
#include "engine/chunk.h"
#include "engine/compress.h"

static int file_of(const worker *w, const plan_column *column)
{
    uint32_t i;
    for (i = 0; i < w->file_count; i++)
        if (w->file_names[i] == column->file || strcmp(w->file_names[i], column->file) == 0)
            return w->files[i];
    return -1;
}

static int write_at(int file, const void *bytes, size_t size, uint64_t offset)
{
    const char *at = bytes;
    while (size > 0) {
        ssize_t written = pwrite(file, at, size, (off_t)offset);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return written < 0 ? errno : EIO;
        at += written;
        offset += (uint64_t)written;
        size -= (size_t)written;
    }
    return 0;
}

/* `count` rows of `size` bytes, `stride` apart in memory, one behind the other in the file. */
static int write_rows(int file, const unsigned char *bytes, size_t size, size_t stride, uint64_t count, uint64_t offset)
{
    struct iovec rows[64];
    size_t written_of_row = 0;
    uint64_t i = 0;
    if (stride == size)
        return write_at(file, bytes, (size_t)count * size, offset);
    while (i < count) {
        uint64_t n = count - i < PIPETTE_COUNT_OF(rows) ? count - i : PIPETTE_COUNT_OF(rows), j;
        ssize_t written;
        for (j = 0; j < n; j++)
            rows[j] = (struct iovec){(void *)(uintptr_t)(bytes + (i + j) * stride), size};
        rows[0].iov_base = (char *)rows[0].iov_base + written_of_row;
        rows[0].iov_len -= written_of_row;
        written = pwritev(file, rows, (int)n, (off_t)offset);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return written < 0 ? errno : EIO;
        offset += (uint64_t)written;
        written_of_row += (size_t)written;
        i += written_of_row / size;
        written_of_row %= size;
    }
    return 0;
}

/* The index of the place that holds a byte of the column. */
static uint64_t place_of(const plan_column *column, uint64_t byte)
{
    uint64_t low = 0, high = column->place_count;
    while (high - low > 1) {
        uint64_t middle = low + (high - low) / 2;
        if (column->places[middle].first <= byte)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* `count` rows to the places of a column, as many at once as stand one behind the other. */
static int write_placed(int file, const plan_column *column, const unsigned char *bytes, size_t stride, uint64_t row,
                        uint64_t count)
{
    uint64_t size = column->row_bytes, at = row * size, end = at + count * size, i = place_of(column, at);
    int failure = 0;
    while (failure == 0 && at < end && i < column->place_count) {
        const plan_place *place = &column->places[i];
        uint64_t offset = place->offset + (at - place->first), n = place->first + place->bytes - at, part = at % size;
        const unsigned char *from = bytes + (at / size - row) * stride + part;
        n = n < end - at ? n : end - at;
        if (stride == size) {
            failure = write_at(file, from, (size_t)n, offset);
        } else if (part == 0 && n >= size) {
            n = n / size * size;
            failure = write_rows(file, from, (size_t)size, stride, n / size, offset);
        } else { /* a row that is larger than its places */
            n = n < size - part ? n : size - part;
            failure = write_at(file, from, (size_t)n, offset);
        }
        at += n;
        i += at == place->first + place->bytes;
    }
    return failure;
}

static int store_rows(worker *w, const plan_column *column, const void *bytes, uint64_t stride, uint64_t row,
                      uint64_t count, int *sent, pipette_error *error);

/* Rows that go compressed: one by one, through the supervisor. */
static int send_compressed(worker *w, const plan_column *column, const void *bytes, uint64_t stride, uint64_t row,
                           uint64_t count, pipette_error *error)
{
    size_t element = pipette_type_size(column->type);
    uint64_t i;
    if (column->type == PIPETTE_TYPE_COMPLEX) /* two doubles each */
        element = sizeof(double);
    if (w->compressor == NULL)
        w->compressor = compressor_create(column->level, w->compressor_bytes);
    for (i = 0; i < count; i++) {
        const void *packed = NULL;
        size_t size = w->compressor == NULL ? 0
                                            : compressor_row(w->compressor, (const char *)bytes + i * stride,
                                                             column->row_bytes / element, element, &packed);
        worker_record record = {WORKER_COMPRESSED, column->column, row + i, 1, size};
        int status;
        if (size == 0)
            return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory for compressing results");
        if (w->states[i] != PIPETTE_STATE_DONE) /* it has no value */
            continue;
        status = w->sink(w->sink_user, &record, packed);
        if (status != PIPETTE_OK)
            return status;
    }
    return PIPETTE_OK;
}

/* The blocks of rows whose first row lies in this chunk: each has one writer. `values` has an element for each row. */
static int store_blocks(worker *w, const plan_column *column, const double *values, uint64_t row, uint64_t count,
                        int *sent, pipette_error *error)
{
    uint64_t every = column->every, first = (row + every - 1) / every, last = (row + count + every - 1) / every, i, n;
    plan_column plain = *column;
    double block[64];
    plain.every = 0;
    for (; first < last; first += n) {
        int status;
        n = last - first < PIPETTE_COUNT_OF(block) ? last - first : PIPETTE_COUNT_OF(block);
        for (i = 0; i < n; i++)
            block[i] = values[(first + i) * every - row];
        status = store_rows(w, &plain, block, sizeof *block, first, n, sent, error);
        if (status != PIPETTE_OK)
            return status;
    }
    return PIPETTE_OK;
}

/* Stores `count` rows of a column, `stride` bytes apart; `*sent` is set where they went to the supervisor. */
static int store_rows(worker *w, const plan_column *column, const void *bytes, uint64_t stride, uint64_t row,
                      uint64_t count, int *sent, pipette_error *error)
{
    int failure;
    if (column->column == PLAN_NO_COLUMN)
        return PIPETTE_OK;
    if (column->every > 1)
        return store_blocks(w, column, bytes, row, count, sent, error);
    if (column->level > 0) {
        *sent = 1;
        return send_compressed(w, column, bytes, stride, row, count, error);
    }
    if (column->file == NULL) {
        uint64_t at_once = stride == column->row_bytes ? count : 1, i;
        int status = PIPETTE_OK;
        *sent = 1;
        for (i = 0; status == PIPETTE_OK && i < count; i += at_once) {
            worker_record record = {WORKER_WRITE, column->column, row + i, at_once, at_once * column->row_bytes};
            status = w->sink(w->sink_user, &record, (const char *)bytes + i * stride);
        }
        return status;
    }
    failure = write_placed(file_of(w, column), column, bytes, (size_t)stride, row, count);
    if (failure != 0)
        return pipette_error_set(error, PIPETTE_E_STORAGE,
                                 "%s: cannot write results: %s; what was stored before is safe", column->file,
                                 strerror(failure));
    return PIPETTE_OK;
}

/* What travels by itself: values of unknown size, messages, logs. Records know their lane; the file wants rows. */
static int send_outbox(worker *w, uint64_t row, pipette_error *error)
{
    size_t at = 0;
    while (at < w->outbox.size) {
        worker_record record;
        int status;
        memcpy(&record, w->outbox.data + at, sizeof record);
        at += sizeof record;
        record.row += row;
        status = w->sink(w->sink_user, &record, w->outbox.data + at);
        if (status != PIPETTE_OK)
            return pipette_error_set(error, status, "the supervisor does not take results any more");
        at += (size_t)record.bytes;
    }
    w->outbox.size = 0;
    return PIPETTE_OK;
}

static int store_states(worker *w, uint64_t row, uint64_t count, int sent, pipette_error *error)
{
    uint64_t done = 0, infeasible = 0, i;
    int status;
    if (sent || w->plan->state.file == NULL) {
        worker_record record = {WORKER_STATES, w->plan->state.column, row, count, count};
        return w->sink(w->sink_user, &record, w->states);
    }
    if (w->plan->power_safe)
        for (i = 0; i < w->file_count; i++)
            if (fdatasync(w->files[i]) != 0)
                return pipette_error_set(error, PIPETTE_E_STORAGE, "%s: cannot flush results to the disk: %s",
                                         w->file_names[i], strerror(errno));
    status = store_rows(w, &w->plan->state, w->states, sizeof *w->states, row, count, &sent, error);
    if (status != PIPETTE_OK)
        return status;
    if (w->plan->power_safe)
        (void)fdatasync(file_of(w, &w->plan->state));
    for (i = 0; i < count; i++) {
        done += w->states[i] == PIPETTE_STATE_DONE;
        infeasible += w->states[i] == PIPETTE_STATE_INFEASIBLE;
    }
    atomic_fetch_add_explicit(&w->slot->done, done, memory_order_relaxed);
    atomic_fetch_add_explicit(&w->slot->infeasible, infeasible, memory_order_relaxed);
    atomic_fetch_add_explicit(&w->slot->failed, count - done - infeasible, memory_order_relaxed);
    return PIPETTE_OK;
}

/* ---- Checksums ---- */

/* Whether a record that travels holds a result, and with which seed it counts; `in` then stands at the value. */
static uint32_t seed_of_record(const engine_plan *plan, const worker_record *record, wire_reader *in)
{
    const char *path;
    uint32_t i;
    if (record->kind == WORKER_ADD) {
        path = wire_get_text(in);
        return path == NULL ? 0 : checksum_seed(path);
    }
    for (i = 0; record->kind == WORKER_APPEND && i < plan->result_count; i++)
        if (plan->results[i].column == record->column)
            return plan->results[i].seed;
    return 0;
}

static int sum_up_outbox(worker *w, uint32_t width, pipette_error *error)
{
    size_t at = 0;
    while (at < w->outbox.size) {
        worker_record record;
        wire_reader in;
        pipette_value value;
        uint32_t seed;
        memcpy(&record, w->outbox.data + at, sizeof record);
        at += sizeof record;
        in = (wire_reader){w->outbox.data + at, (size_t)record.bytes, 0, 0};
        at += (size_t)record.bytes;
        seed = seed_of_record(w->plan, &record, &in);
        if (seed == 0 || w->states[record.row] != PIPETTE_STATE_DONE)
            continue;
        if (wire_get_value(&in, &value) != PIPETTE_OK)
            return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory for the checksum of a run");
        checksum_add(w->checksums, record.row, width, checksum_value(seed, &value));
        wire_value_free(&value);
    }
    return PIPETTE_OK;
}

/* While the rows are in the cache, some of them at a time. */
static int sum_up(worker *w, uint64_t count, pipette_error *error)
{
    const engine_plan *plan = w->plan;
    const uint32_t width = (uint32_t)plan->checksum.row_bytes;
    uint32_t sums[256], i;
    uint64_t first, n;
    for (first = 0; first < count; first += n) {
        n = count - first < PIPETTE_COUNT_OF(sums) ? count - first : PIPETTE_COUNT_OF(sums);
        memset(sums, 0, (size_t)n * sizeof *sums);
        for (i = 0; i < plan->result_count; i++)
            if (plan->results[i].seed != 0 && w->results[i].column != NULL)
                checksum_rows(plan->results[i].seed, w->results[i].type, w->results[i].elements,
                              worker_row(&w->results[i], first), w->results[i].stride, n, sums);
        checksum_close(sums, w->states + first, n, width, (char *)w->checksums + first * width);
    }
    return sum_up_outbox(w, width, error);
}

int store_chunk(worker *w, uint64_t row, uint64_t count, pipette_error *error)
{
    const engine_plan *plan = w->plan;
    int sent = 0, status = PIPETTE_OK;
    uint32_t i;
    for (i = 0; status == PIPETTE_OK && i < plan->coordinate_count; i++)
        status = store_rows(w, &plan->coordinates[i], w->coordinates[i], plan->coordinates[i].row_bytes, row, count,
                            &sent, error);
    for (i = 0; status == PIPETTE_OK && i < plan->result_count; i++)
        if (w->results[i].column != NULL)
            status =
                store_rows(w, &plan->results[i], w->results[i].column, w->results[i].stride, row, count, &sent, error);
    if (status == PIPETTE_OK)
        status = store_rows(w, &plan->start, w->starts, sizeof *w->starts, row, count, &sent, error);
    if (status == PIPETTE_OK)
        status = store_rows(w, &plan->duration, w->durations, sizeof *w->durations, row, count, &sent, error);
    if (status == PIPETTE_OK && plan->checksum.column != PLAN_NO_COLUMN)
        status = sum_up(w, count, error);
    if (status == PIPETTE_OK)
        status = store_rows(w, &plan->checksum, w->checksums, plan->checksum.row_bytes, row, count, &sent, error);
    if (status == PIPETTE_OK && w->outbox.size > 0) {
        sent = 1;
        status = send_outbox(w, row, error);
    }
    return status != PIPETTE_OK ? status : store_states(w, row, count, sent, error);
}
