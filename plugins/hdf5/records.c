/* The log behind the end of the structure: values that have no place in it, one self-describing record each.
 *
 * HDF5 reads a file that is longer than its superblock says, so plain tools do not see the log. A record that was torn
 * by a crash does not match its checksums and ends the log. The last record of a row and column counts.
 */
#include "store.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RECORD_VALUE = 1, RECORD_COLUMN = 2, RECORD_PACKED = 3, RECORD_BUFFER = 1 << 18 };
#define RECORD_MAGIC UINT64_C(0x0a31434552504950) /* "PIPREC1\n" */

/* Little-endian, like everything in the file. The payload follows: the extents (8 bytes each), the elements (strings
 * each with a zero byte), zeros up to a multiple of 8. Of a packed row: its bytes alone. */
typedef struct record_header {
    uint64_t magic;
    uint64_t length; /* of the whole record */
    uint32_t kind;
    uint32_t column; /* position in the catalog; columns that the log adds follow those of the layout */
    uint64_t row;
    int32_t type;
    uint32_t rank;
    uint64_t payload_size;
    uint32_t payload_check, header_check;
    uint64_t reserved;
} record_header;

static uint32_t checksum(uint32_t seed, const void *data, size_t size)
{
    static uint32_t table[4][256];
    const uint8_t *bytes = data;
    uint32_t check = ~seed;
    if (table[0][1] == 0) {
        uint32_t i, k;
        for (i = 0; i < 256; i++) {
            uint32_t value = i;
            for (k = 0; k < 8; k++)
                value = (value >> 1) ^ ((value & 1) ? UINT32_C(0xedb88320) : 0);
            table[0][i] = value;
        }
        for (i = 0; i < 256; i++)
            for (k = 1; k < 4; k++)
                table[k][i] = (table[k - 1][i] >> 8) ^ table[0][table[k - 1][i] & 255];
    }
    for (; size >= 4; size -= 4, bytes += 4) {
        uint32_t word;
        memcpy(&word, bytes, 4);
        check ^= word;
        check = table[3][check & 255] ^ table[2][(check >> 8) & 255] ^ table[1][(check >> 16) & 255] ^
                table[0][check >> 24];
    }
    for (; size > 0; size--, bytes++)
        check = (check >> 8) ^ table[0][(check ^ *bytes) & 255];
    return ~check;
}

static uint32_t header_checksum(record_header header)
{
    header.header_check = 0;
    return checksum(0, &header, sizeof header);
}

int records_begin(store_file *store)
{
    store_records *records = &store->records;
    struct stat facts;
    if (fstat(store->fd, &facts) != 0)
        return store_system(store, "cannot look at '%s'", store->path);
    records->base = ((uint64_t)facts.st_size + 7) / 8 * 8;
    records->scanned = records->end = records->base;
    records->used = 0;
    return PIPETTE_OK;
}

bool records_any(const store_file *store)
{
    return store->records.end > store->records.base;
}

void records_free(store_file *store)
{
    free(store->records.buffer);
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

static void seal(char *at, record_header *header, uint64_t size)
{
    memset(at + sizeof *header + header->payload_size, 0, (size_t)(size - sizeof *header - header->payload_size));
    header->magic = RECORD_MAGIC;
    header->length = size;
    header->payload_check = checksum(0, at + sizeof *header, (size_t)header->payload_size);
    header->header_check = header_checksum(*header);
    memcpy(at, header, sizeof *header);
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
    seal(at, &header, size);
    status = index_record(store, &store->catalog->columns[column], row, records->end);
    if (status != PIPETTE_OK)
        return status;
    records->used += size;
    records->end += size;
    records->scanned = records->end;
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
    seal(at, &header, whole);
    status = index_record(store, &store->catalog->columns[column], row, records->end);
    if (status != PIPETTE_OK)
        return status;
    records->used += whole;
    records->end += whole;
    records->scanned = records->end;
    return records->used >= RECORD_BUFFER ? records_drain(store) : PIPETTE_OK;
}

int records_append_column(store_file *store, uint32_t column)
{
    store_records *records = &store->records;
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
        seal(at, &header, size);
        records->used += size;
        records->end += size;
        records->scanned = records->end;
    }
    free(text.data);
    return at != NULL ? PIPETTE_OK : store->failure;
}

/* ---- Reading ---- */

static bool read_header(store_file *store, uint64_t place, record_header *header)
{
    ssize_t done = pread(store->fd, header, sizeof *header, (off_t)place);
    return done == (ssize_t)sizeof *header && header->magic == RECORD_MAGIC &&
           header->header_check == header_checksum(*header) &&
           header->length == (sizeof *header + header->payload_size + 7) / 8 * 8 && header->rank <= STORE_RANK_MAX;
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
    if (done == header->payload_size && checksum(0, payload, (size_t)done) == header->payload_check)
        return payload;
    free(payload);
    return NULL;
}

static int add_column(store_file *store, const record_header *header, const char *payload)
{
    store_column *column;
    if (header->column != store->catalog->column_count)
        return PIPETTE_OK; /* known already */
    column = catalog_grow(store, (void **)&store->catalog->columns, &store->catalog->column_count, sizeof *column);
    return column != NULL ? catalog_parse_column(store, column, payload) : PIPETTE_E_MEMORY;
}

int records_scan(store_file *store, bool repair)
{
    store_records *records = &store->records;
    struct stat facts;
    int status = records_drain(store);
    if (status != PIPETTE_OK)
        return status;
    if (fstat(store->fd, &facts) != 0)
        return store_system(store, "cannot look at '%s'", store->path);
    while (status == PIPETTE_OK && records->scanned + sizeof(record_header) <= (uint64_t)facts.st_size) {
        uint64_t place = records->scanned;
        record_header header;
        char *payload = NULL;
        bool last;
        if (!read_header(store, place, &header) || place + header.length > (uint64_t)facts.st_size)
            break;
        /* Only the last one can be torn by the death of a process; others are checked when they are read. */
        last = place + header.length + sizeof header > (uint64_t)facts.st_size;
        if (last || header.kind == RECORD_COLUMN) {
            payload = read_payload(store, place, &header);
            if (payload == NULL)
                break;
        }
        if (header.kind == RECORD_COLUMN)
            status = add_column(store, &header, payload);
        else if ((header.kind == RECORD_VALUE || header.kind == RECORD_PACKED) && header.column < store->catalog->column_count &&
                 header.row < store->catalog->row_count)
            status = index_record(store, &store->catalog->columns[header.column], header.row, place);
        free(payload);
        records->scanned = place + header.length;
    }
    if (records->end < records->scanned)
        records->end = records->scanned;
    /* What is torn must not be found again behind shorter records. */
    if (status == PIPETTE_OK && repair && (uint64_t)facts.st_size > records->end &&
        ftruncate(store->fd, (off_t)records->end) != 0)
        status = store_system(store, "cannot write '%s'", store->path);
    return status;
}

static int damaged(store_file *store, const char *path)
{
    return store_fail(store, PIPETTE_E_STORAGE, "'%s' is damaged: a value of '%s' does not match its checksum",
                      store->path, path);
}

int records_shape(store_file *store, uint64_t place, const char *path, uint32_t *rank, uint64_t *shape)
{
    record_header header;
    int status = records_drain(store);
    if (status != PIPETTE_OK)
        return status;
    if (!read_header(store, place, &header))
        return damaged(store, path);
    *rank = header.rank;
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

int records_read(store_file *store, uint64_t place, const char *path, store_value *out)
{
    record_header header;
    uint64_t shape[STORE_RANK_MAX], count = 1, size, i;
    char *payload, *elements;
    int status = records_drain(store);
    if (status != PIPETTE_OK)
        return status;
    if (!read_header(store, place, &header) || header.kind != RECORD_VALUE)
        return damaged(store, path);
    payload = read_payload(store, place, &header);
    if (payload == NULL)
        return damaged(store, path);
    memcpy(shape, payload, 8 * header.rank);
    elements = payload + 8 * header.rank;
    size = header.payload_size - 8 * header.rank;
    status = store_value_make(store, out, header.type, header.rank, shape,
                              header.type == PIPETTE_TYPE_STRING ? (size_t)size : 0);
    if (status == PIPETTE_OK) {
        count = pipette_value_count(&out->value);
        if (header.type == PIPETTE_TYPE_STRING) {
            const char **texts = store_value_elements(out);
            char *text = store_value_texts(out);
            memcpy(text, elements, (size_t)size);
            for (i = 0; i < count; i++, text += strlen(text) + 1)
                texts[i] = text;
        } else if (count > 0) {
            memcpy(store_value_elements(out), elements, (size_t)size);
        }
    }
    free(payload);
    return status;
}
