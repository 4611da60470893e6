/* The log: values that have no place in the structure, one self-describing record each.
 *
 * It stands in extents inside what HDF5 takes for the file, so plain tools neither see nor hurt it (extents.c). A
 * record that was torn by a crash does not match its checksums; it and whatever does not look like a record is skipped.
 * The last record of a row and column counts.
 */
#include "store.h"

#include <errno.h>
#include <libdeflate.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RECORD_BUFFER = 1 << 18, RECORD_WINDOW = 1 << 16, RESET_SPANS = 1 << 12 };
#define RECORD_MAGIC UINT64_C(0x0a31434552504950) /* "PIPREC1\n" */

enum { LOOK_AGAIN = 20000000 }; /* nanoseconds */

static uint32_t header_checksum(record_header header)
{
    header.header_check = 0;
    return libdeflate_crc32(0, &header, sizeof header);
}

void records_begin(store_file *store)
{
    store_records *records = &store->records;
    records->base = records->scanned = records->end = records->extent = records->extent_end = 0;
    records->used = 0;
    blocks_free(&records->extents);
}

bool records_any(const store_file *store)
{
    const store_records *records = &store->records;
    return records->base != 0 && (records->extents.count > 1 || records->end > records->base);
}

void records_free(store_file *store)
{
    free(store->records.buffer);
    blocks_free(&store->records.extents);
    memset(&store->records, 0, sizeof store->records);
}

int records_drain(store_file *store)
{
    store_records *records = &store->records;
    int status;
    if (records->used == 0)
        return PIPETTE_OK;
    status = file_write(store, store->fd, records->buffer, records->used, records->end - records->used);
    if (status == PIPETTE_OK)
        records->used = 0;
    return status;
}

/* Room for one record, whole, so that a torn one can only be the last. */
static char *reserve(store_file *store, uint64_t size)
{
    store_records *records = &store->records;
    if (records->extent_end - records->end < size + RECORD_LINK_BYTES && extents_more(store, size) != PIPETTE_OK)
        return NULL;
    if (records->used + size > RECORD_BUFFER && records_drain(store) != PIPETTE_OK)
        return NULL;
    if (records->used + size > records->capacity) {
        size_t capacity = (size_t)size + records->used;
        char *buffer;
        if (capacity < RECORD_BUFFER)
            capacity = RECORD_BUFFER;
        buffer = realloc(records->buffer, capacity);
        if (buffer == NULL) {
            (void)store_memory(store);
            return NULL;
        }
        records->buffer = buffer;
        records->capacity = capacity;
    }
    return records->buffer + records->used;
}

/* The record that was put into the room is the log's. */
static void keep(store_file *store, uint64_t size)
{
    store->records.used += size;
    store->records.end += size;
    store->records.scanned = store->records.end;
}

static int index_record(store_file *store, store_column *column, uint64_t row, uint64_t place)
{
    if (column->records == NULL) {
        column->records = calloc((size_t)store->catalog->row_count + 1, sizeof *column->records);
        if (column->records == NULL)
            return store_memory(store);
    }
    column->records[row] = place;
    return PIPETTE_OK;
}

void records_seal(char *at, record_header *header)
{
    header->magic = RECORD_MAGIC;
    header->length = (sizeof *header + header->payload_size + 7) / 8 * 8;
    memset(at + sizeof *header + header->payload_size, 0,
           (size_t)(header->length - sizeof *header - header->payload_size));
    header->payload_check = libdeflate_crc32(0, at + sizeof *header, (size_t)header->payload_size);
    header->header_check = header_checksum(*header);
    memcpy(at, header, sizeof *header);
}

bool records_header_is_sound(const record_header *header)
{
    return header->magic == RECORD_MAGIC && header->header_check == header_checksum(*header) &&
           header->payload_size < UINT64_MAX / 2 &&
           header->length == (sizeof *header + header->payload_size + 7) / 8 * 8 && header->rank <= STORE_RANK_MAX;
}

int records_append(store_file *store, uint64_t row, uint32_t column, const pipette_value *value)
{
    store_records *records = &store->records;
    record_header header;
    uint64_t count = pipette_value_count(value), size, i;
    char *at, *payload;
    int status;
    memset(&header, 0, sizeof header);
    header.kind = RECORD_VALUE;
    header.column = column;
    header.row = row;
    header.type = value->type;
    header.rank = value->rank;
    header.payload_size = 8 * value->rank;
    if (value->type == PIPETTE_TYPE_STRING) {
        const char *const *texts = pipette_value_data(value);
        for (i = 0; i < count; i++)
            header.payload_size += strlen(texts[i] != NULL ? texts[i] : "") + 1;
    } else {
        header.payload_size += count * pipette_type_size(value->type);
    }
    size = (sizeof header + header.payload_size + 7) / 8 * 8;
    at = reserve(store, size);
    if (at == NULL)
        return store->failure;
    payload = at + sizeof header;
    if (value->rank > 0)
        memcpy(payload, value->shape, 8 * value->rank);
    payload += 8 * value->rank;
    if (value->type == PIPETTE_TYPE_STRING) {
        const char *const *texts = pipette_value_data(value);
        for (i = 0; i < count; i++) {
            size_t length = strlen(texts[i] != NULL ? texts[i] : "") + 1;
            memcpy(payload, texts[i] != NULL ? texts[i] : "", length);
            payload += length;
        }
    } else if (count > 0) {
        memcpy(payload, pipette_value_data(value), (size_t)count * pipette_type_size(value->type));
    }
    records_seal(at, &header);
    status = index_record(store, &store->catalog->columns[column], row, records->end);
    if (status != PIPETTE_OK)
        return status;
    keep(store, size);
    return records->used >= RECORD_BUFFER ? records_drain(store) : PIPETTE_OK;
}

int records_append_packed(store_file *store, uint64_t row, uint32_t column, const void *bytes, uint64_t size)
{
    store_records *records = &store->records;
    record_header header;
    uint64_t whole = (sizeof header + size + 7) / 8 * 8;
    char *at = reserve(store, whole);
    int status;
    if (at == NULL)
        return store->failure;
    memset(&header, 0, sizeof header);
    header.kind = RECORD_PACKED;
    header.column = column;
    header.row = row;
    header.payload_size = size;
    memcpy(at + sizeof header, bytes, (size_t)size);
    records_seal(at, &header);
    status = index_record(store, &store->catalog->columns[column], row, records->end);
    if (status != PIPETTE_OK)
        return status;
    keep(store, whole);
    return records->used >= RECORD_BUFFER ? records_drain(store) : PIPETTE_OK;
}

/* A record of that kind with a few bytes of payload. */
static int append_small(store_file *store, uint32_t kind, uint32_t column, uint64_t row, const void *payload,
                        size_t bytes)
{
    record_header header;
    uint64_t size = (sizeof header + bytes + 7) / 8 * 8;
    char *at = reserve(store, size);
    if (at == NULL)
        return store->failure;
    memset(&header, 0, sizeof header);
    header.kind = kind;
    header.column = column;
    header.row = row;
    header.payload_size = bytes;
    if (bytes > 0)
        memcpy(at + sizeof header, payload, bytes);
    records_seal(at, &header);
    keep(store, size);
    return PIPETTE_OK;
}

/* Nobody finds it any more. Its number stays, so that those of others do. */
static int drop(store_file *store, store_column *column)
{
    char *none = store_copy("");
    if (none == NULL)
        return store_memory(store);
    free(column->path);
    free(column->records);
    column->path = none;
    column->records = NULL;
    return PIPETTE_OK;
}

int records_drop_column(store_file *store, uint32_t column)
{
    int status = append_small(store, RECORD_DROP, column, 0, NULL, 0);
    return status == PIPETTE_OK ? drop(store, &store->catalog->columns[column]) : status;
}

/* Columns whose values come by records, or need not come. */
static bool can_go(const store_column *column)
{
    return column->role != PIPETTE_ROLE_PARAMETER && column->path[0] != '\0' && column->every == 1 &&
           (column->records != NULL || column->placed) &&
           (column->form == STORE_SPARSE || column->form == STORE_RAGGED || column->form == STORE_TEXT ||
            (column->optional && !(column->form == STORE_FIXED && column->placed)));
}

static int reset(store_file *store, uint64_t first, uint64_t count)
{
    uint32_t i;
    uint64_t row;
    int status = PIPETTE_OK;
    for (i = 0; i < store->catalog->column_count; i++)
        for (row = first; status == PIPETTE_OK && row < first + count && can_go(&store->catalog->columns[i]); row++)
            status = index_record(store, &store->catalog->columns[i], row, STORE_GONE);
    return status;
}

/* A record of many spans: behind its row, pairs of rows to pass over and rows to reset. One span alone is its length.
 */
static int append_spans(store_file *store, const pipette_run_span *spans, uint32_t count)
{
    uint32_t pairs[2 * RESET_SPANS], i;
    uint64_t at = spans[0].first;
    for (i = 0; i < count; i++) {
        pairs[2 * i] = (uint32_t)(spans[i].first - at);
        pairs[2 * i + 1] = (uint32_t)spans[i].count;
        at = spans[i].first + spans[i].count;
    }
    return append_small(store, RECORD_RESET, 0, spans[0].first, pairs, 8 * (size_t)count);
}

int records_reset(store_file *store, const pipette_run_span *spans, uint32_t count)
{
    uint32_t i, end;
    int status = PIPETTE_OK;
    for (i = 0; status == PIPETTE_OK && i < count; i = end) {
        for (end = i; end < count && end - i < RESET_SPANS && spans[end].count <= UINT32_MAX &&
                      spans[end].first - spans[i].first <= UINT32_MAX;
             end++)
            continue;
        if (end - i >= 2) {
            status = append_spans(store, spans + i, end - i);
        } else {
            end = i + 1;
            status = append_small(store, RECORD_RESET, 0, spans[i].first, &spans[i].count, sizeof spans[i].count);
        }
    }
    for (i = 0; status == PIPETTE_OK && i < count; i++)
        status = reset(store, spans[i].first, spans[i].count);
    return status;
}

int records_append_column(store_file *store, uint32_t column)
{
    store_text text = {NULL, 0, 0, false};
    record_header header;
    uint64_t size;
    char *at;
    catalog_write_column(&store->catalog->columns[column], &text);
    if (text.failed) {
        free(text.data);
        return store_memory(store);
    }
    memset(&header, 0, sizeof header);
    header.kind = RECORD_COLUMN;
    header.column = column;
    header.payload_size = text.length + 1;
    size = (sizeof header + header.payload_size + 7) / 8 * 8;
    at = reserve(store, size);
    if (at != NULL) {
        memcpy(at + sizeof header, text.data, text.length + 1);
        records_seal(at, &header);
        keep(store, size);
    }
    free(text.data);
    return at != NULL ? PIPETTE_OK : store->failure;
}

/* ---- Reading ---- */

static bool read_header(store_file *store, uint64_t place, record_header *header)
{
    return pread(store->fd, header, sizeof *header, (off_t)place) == (ssize_t)sizeof *header &&
           records_header_is_sound(header);
}

/* The checked payload with a zero behind it, or NULL; a message only where memory is short. */
static char *read_payload(store_file *store, uint64_t place, const record_header *header)
{
    char *payload = malloc((size_t)header->payload_size + 1);
    uint64_t done = 0;
    if (payload == NULL) {
        (void)store_memory(store);
        return NULL;
    }
    while (done < header->payload_size) {
        ssize_t part = pread(store->fd, payload + done, (size_t)(header->payload_size - done),
                             (off_t)(place + sizeof *header + done));
        if (part <= 0)
            break;
        done += (uint64_t)part;
    }
    payload[done] = '\0';
    if (done == header->payload_size && libdeflate_crc32(0, payload, (size_t)done) == header->payload_check)
        return payload;
    free(payload);
    return NULL;
}

static int add_column(store_file *store, const record_header *header, const char *payload)
{
    store_column *column;
    int status;
    if (header->column != store->catalog->column_count)
        return PIPETTE_OK; /* known already */
    column = catalog_grow(store, (void **)&store->catalog->columns, &store->catalog->column_count, sizeof *column);
    status = column != NULL ? catalog_parse_column(store, column, payload) : PIPETTE_E_MEMORY;
    if (column != NULL)
        column->placed = false; /* whatever it says: the structure does not know it */
    return status;
}

/* A window on the file, for going through headers. */
typedef struct log_window {
    uint64_t first;
    size_t size;
    char bytes[RECORD_WINDOW];
} log_window;

/* The bytes of the file from `place` on, at least `size` of them (at most a window), or NULL where it ends. */
static const char *look_at(store_file *store, log_window *window, uint64_t place, size_t size)
{
    if (place < window->first || place + size > window->first + window->size) {
        ssize_t got = pread(store->fd, window->bytes, sizeof window->bytes, (off_t)place);
        window->first = place;
        window->size = got < 0 ? 0 : (size_t)got;
    }
    return size <= window->size - (size_t)(place - window->first) ? window->bytes + (place - window->first) : NULL;
}

/* Whether a record stands there. Behind each but the last of an extent there is room for the way to the next one. */
static bool header_at(store_file *store, log_window *window, uint64_t place, uint64_t limit, record_header *header)
{
    const char *bytes =
        limit - place < sizeof *header || place > limit ? NULL : look_at(store, window, place, sizeof *header);
    if (bytes == NULL)
        return false;
    memcpy(header, bytes, sizeof *header);
    return records_header_is_sound(header) && header->length <= limit - place &&
           (header->kind == RECORD_NEXT || place + header->length + RECORD_LINK_BYTES <= store->records.extent_end);
}

/* Where the next record stands behind something that is none; 0: nowhere. */
static uint64_t find_header(store_file *store, log_window *window, uint64_t place, uint64_t limit,
                            record_header *header)
{
    static const uint64_t magic = RECORD_MAGIC;
    while (place < limit) {
        const char *bytes = look_at(store, window, place, 8);
        size_t left, at;
        if (bytes == NULL)
            return 0;
        left = window->size - (size_t)(place - window->first);
        for (at = 0; at + 8 <= left && (bytes[at] == 0 || memcmp(bytes + at, &magic, 8) != 0); at += 8)
            continue;
        if (at + 8 <= left && header_at(store, window, place + at, limit, header))
            return place + at;
        if (at + 8 <= left) {
            place += at + 8;
        } else { /* what was reserved and not used is a hole */
            off_t data = lseek(store->fd, (off_t)(place + at), SEEK_DATA);
            if (data < 0 && errno == ENXIO)
                return 0;
            place = data > (off_t)(place + at) ? (uint64_t)data / 8 * 8 : place + at;
        }
    }
    return 0;
}

static bool payload_is_sound(store_file *store, log_window *window, uint64_t place, const record_header *header)
{
    uint64_t left = header->payload_size, at = place + sizeof *header;
    uint32_t check = 0;
    while (left > 0) {
        size_t part = left < RECORD_WINDOW ? (size_t)left : RECORD_WINDOW;
        const char *bytes = look_at(store, window, at, part);
        if (bytes == NULL)
            return false;
        check = libdeflate_crc32(check, bytes, part);
        at += part;
        left -= part;
    }
    return check == header->payload_check;
}

static int take_reset(store_file *store, uint64_t place, const record_header *header)
{
    const uint64_t rows = store->catalog->row_count, pairs = header->payload_size / 8;
    char *payload = read_payload(store, place, header);
    uint64_t row = header->row, i, alone;
    uint32_t pair[2];
    int status = PIPETTE_OK;
    for (i = 0; payload != NULL && status == PIPETTE_OK && i < pairs; i++) {
        memcpy(pair, payload + 8 * i, sizeof pair);
        memcpy(&alone, payload, sizeof alone);
        row += pairs == 1 ? 0 : pair[0];
        if (pairs > 1)
            alone = pair[1];
        if (row > rows || alone > rows - row)
            break;
        status = reset(store, row, alone);
        row += alone;
    }
    free(payload);
    return status;
}

static int take_record(store_file *store, uint64_t place, const record_header *header, bool sound)
{
    store_catalog *catalog = store->catalog;
    int status = PIPETTE_OK;
    if (header->kind == RECORD_COLUMN) {
        char *payload = sound ? read_payload(store, place, header) : NULL;
        if (payload != NULL)
            status = add_column(store, header, payload);
        free(payload);
    } else if (header->kind == RECORD_DROP && header->column < catalog->column_count) {
        status = sound ? drop(store, &catalog->columns[header->column]) : PIPETTE_OK;
    } else if (header->kind == RECORD_RESET && header->row <= catalog->row_count) {
        status = sound ? take_reset(store, place, header) : PIPETTE_OK;
    } else if ((header->kind == RECORD_VALUE || header->kind == RECORD_PACKED) &&
               header->column < catalog->column_count &&
               header->row < catalog->row_count) { /* one that is damaged hides what was there before it */
        status = index_record(store, &catalog->columns[header->column], header->row, sound ? place : 0);
    }
    return status;
}

/* These bytes are no record, whatever becomes of the room around them. */
static int clear(store_file *store, uint64_t at, uint64_t end)
{
    static const char nothing[4096];
    int status = PIPETTE_OK;
    while (status == PIPETTE_OK && at < end) {
        size_t part = end - at < sizeof nothing ? (size_t)(end - at) : sizeof nothing;
        off_t data = lseek(store->fd, (off_t)at, SEEK_DATA);
        if (data < 0 && errno == ENXIO)
            break;
        if (data > (off_t)at) {
            at = (uint64_t)data;
            continue;
        }
        status = file_write(store, store->fd, nothing, part, at);
        at += part;
    }
    return status;
}

/* What is torn must not be found again behind shorter records. */
static int remove_tail(store_file *store, uint64_t limit)
{
    uint64_t at = store->records.end;
    struct stat facts;
    if (fstat(store->fd, &facts) != 0)
        return store_system(store, "cannot look at '%s'", store->path);
    if (store->records.extent_end == UINT64_MAX)
        return (uint64_t)facts.st_size > at && ftruncate(store->fd, (off_t)at) != 0
                   ? store_system(store, "cannot write '%s'", store->path)
                   : PIPETTE_OK;
    return clear(store, at, limit);
}

int records_scan(store_file *store, bool verify)
{
    store_records *records = &store->records;
    log_window *window = malloc(sizeof *window);
    struct stat facts;
    uint64_t limit = 0;
    int status = window != NULL ? records_drain(store) : store_memory(store);
    if (status == PIPETTE_OK)
        status = extents_open(store);
    if (status == PIPETTE_OK && fstat(store->fd, &facts) != 0)
        status = store_system(store, "cannot look at '%s'", store->path);
    if (window != NULL)
        window->first = window->size = 0;
    while (status == PIPETTE_OK && records->base != 0) {
        record_header header, next;
        uint64_t place = records->scanned;
        bool sound;
        limit = records->extent_end < (uint64_t)facts.st_size ? records->extent_end : (uint64_t)facts.st_size;
        if (!header_at(store, window, place, limit, &header)) {
            uint64_t gap = place;
            place = find_header(store, window, place + 8, limit, &header);
            if (place == 0)
                break;
            /* What is too long to be a record here could be one when the extent grows, and hide what follows. */
            if (verify && (status = clear(store, gap, place)) != PIPETTE_OK)
                break;
        }
        /* Only the last one can be torn by the death of a process; the others are checked when they are read. */
        sound = (!verify && header_at(store, window, place + header.length, limit, &next)) ||
                payload_is_sound(store, window, place, &header);
        if (!sound && !verify) /* perhaps it is being written */
            break;
        if (header.kind == RECORD_NEXT) {
            uint64_t address = 0;
            status = file_read(store, store->fd, &address, sizeof address, place + sizeof header);
            /* Where it leads nowhere, nothing stands behind it, and what is added needs its room to be found. */
            if (status != PIPETTE_OK || !sound || !extents_enter(store, address))
                break;
            window->size = 0;
            continue;
        }
        status = take_record(store, place, &header, sound);
        records->scanned = place + header.length;
    }
    if (records->end < records->scanned)
        records->end = records->scanned;
    if (status == PIPETTE_OK && verify && records->base != 0)
        status = remove_tail(store, limit);
    free(window);
    return status;
}

int records_refresh(store_file *store, bool now)
{
    store_records *records = &store->records;
    struct timespec today, moment;
    struct stat facts;
    int status;
    if (store->mode != PIPETTE_STORAGE_READ)
        return PIPETTE_OK;
    (void)clock_gettime(CLOCK_MONOTONIC_COARSE, &moment); /* a few nanoseconds; a look at the file is a thousand */
    if (!now && records->settled && moment.tv_sec == records->looked.tv_sec &&
        moment.tv_nsec - records->looked.tv_nsec < LOOK_AGAIN)
        return PIPETTE_OK;
    if (fstat(store->fd, &facts) != 0 || clock_gettime(CLOCK_REALTIME, &today) != 0)
        return store_system(store, "cannot look at '%s'", store->path);
    records->looked = moment;
    if (records->settled && facts.st_size == records->length && facts.st_mtim.tv_sec == records->written.tv_sec &&
        facts.st_mtim.tv_nsec == records->written.tv_nsec)
        return PIPETTE_OK;
    status = records_scan(store, false);
    records->written = facts.st_mtim;
    records->length = facts.st_size;
    /* Times of files are coarse: what was written just now may be followed by more with the same time. */
    records->settled = status == PIPETTE_OK && today.tv_sec > facts.st_mtim.tv_sec + 1;
    return status;
}

static int damaged(store_file *store, const char *path)
{
    return store_fail(store, PIPETTE_E_STORAGE,
                      "'%s' is damaged: a value of '%s' does not match its checksum; `pipette run` with its config "
                      "does again what is lost",
                      store->path, path);
}

/* Whether a value of that column stands there, whose shape is in the record. */
static bool is_value_of(const record_header *header, const store_column *column)
{
    return header->kind == RECORD_VALUE && header->type == column->type && header->rank == column->rank &&
           header->payload_size / 8 >= header->rank;
}

int records_shape(store_file *store, uint64_t place, const store_column *column, uint64_t *shape)
{
    record_header header;
    int status = records_drain(store);
    if (status != PIPETTE_OK)
        return status;
    if (!read_header(store, place, &header) || !is_value_of(&header, column))
        return damaged(store, column->path);
    return file_read(store, store->fd, shape, 8 * header.rank, place + sizeof header);
}

int records_place(store_file *store, uint64_t place, const char *path, uint64_t *address, uint64_t *size)
{
    record_header header;
    int status = records_drain(store);
    if (status != PIPETTE_OK)
        return status;
    if (!read_header(store, place, &header) || header.kind != RECORD_PACKED)
        return damaged(store, path);
    *address = place + sizeof header;
    *size = header.payload_size;
    return PIPETTE_OK;
}

int records_packed(store_file *store, uint64_t place, const char *path, char **bytes, uint64_t *size)
{
    record_header header;
    int status = records_drain(store);
    if (status != PIPETTE_OK)
        return status;
    if (!read_header(store, place, &header) || header.kind != RECORD_PACKED)
        return damaged(store, path);
    *size = header.payload_size;
    *bytes = read_payload(store, place, &header);
    return *bytes != NULL ? PIPETTE_OK : damaged(store, path);
}

/* Whether the elements of that shape are as many as `size` bytes hold: all of them, of texts each with its zero byte.
 */
static bool elements_fit(const store_column *column, const uint64_t *shape, const char *elements, uint64_t size,
                         uint64_t *count)
{
    uint64_t bytes, i;
    *count = 1;
    for (i = 0; i < column->rank; i++)
        if (__builtin_mul_overflow(*count, shape[i], count) ||
            (column->dimensions[i].extent != PIPETTE_RAGGED && column->dimensions[i].extent != shape[i]))
            return false;
    if (column->type != PIPETTE_TYPE_STRING)
        return !__builtin_mul_overflow(*count, pipette_type_size(column->type), &bytes) && bytes == size;
    for (i = 0; i < *count && size > 0; i++) {
        const char *end = memchr(elements, '\0', (size_t)size);
        if (end == NULL)
            return false;
        size -= (uint64_t)(end - elements) + 1;
        elements = end + 1;
    }
    return i == *count && size == 0;
}

int records_read(store_file *store, uint64_t place, const store_column *column, store_value *out)
{
    record_header header;
    uint64_t shape[STORE_RANK_MAX], count, size, i;
    char *payload, *elements;
    int status = records_drain(store);
    memset(out, 0, sizeof *out);
    if (status != PIPETTE_OK)
        return status;
    if (!read_header(store, place, &header) || !is_value_of(&header, column))
        return damaged(store, column->path);
    payload = read_payload(store, place, &header);
    if (payload == NULL)
        return damaged(store, column->path);
    memcpy(shape, payload, 8 * header.rank);
    elements = payload + 8 * header.rank;
    size = header.payload_size - 8 * header.rank;
    if (elements_fit(column, shape, elements, size, &count))
        status = store_value_make(store, out, header.type, header.rank, shape,
                                  header.type == PIPETTE_TYPE_STRING ? (size_t)size : 0);
    else
        status = damaged(store, column->path);
    if (status == PIPETTE_OK && header.type == PIPETTE_TYPE_STRING) {
        const char **texts = store_value_elements(out);
        char *text = store_value_texts(out);
        memcpy(text, elements, (size_t)size);
        for (i = 0; i < count; i++, text += strlen(text) + 1)
            texts[i] = text;
    } else if (status == PIPETTE_OK && count > 0) {
        memcpy(store_value_elements(out), elements, (size_t)size);
    }
    free(payload);
    return status;
}
