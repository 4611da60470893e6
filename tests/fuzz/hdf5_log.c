/* hdf5_log.c: the log behind a file of results, whatever stands in it: values are what their columns declare or are
 * refused with a message, a second look finds what the first found, and what is added then is found, too.
 *
 * The input: a byte of flags, then items of an op, a column, a row, a type, a rank, flags, a length (2 bytes), and so
 * many bytes. seed_log.py makes such files. An extent with 8 bytes says that it ends there. */
#include "fuzz.h"
#include "fuzz_store.h"

#include <libdeflate.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ROWS = 6, COLUMNS_MOST = 12, PAGE = 4096, LOG_AT = 96, ITEM_BYTES = 8, IMAGE_MOST = 1 << 18 };
enum { VERIFY = 1, CUT = 2, TIGHT = 4, NO_LOG = 8 };
/* Ops below are kinds of records, with the item's bytes as payload. */
enum { OP_RAW = 8, OP_EXTENT = 9, OP_NEXT = 10, OP_LIE = 11, OPS };
enum { ITEM_DAMAGED = 1, ITEM_TORN = 2 };

static const char layout[] = "trajectory\tFuzz\t\t6\t0\t4\n"
                             "span\t0\t6\n"
                             "column\tresults.spikes\tf64\t2\t0\t0\t\t\t1\t0\t1\t0\n"
                             "dimension\tspike\t\t\t18446744073709551615\t0x0p+0\t0x0p+0\n"
                             "column\tresults.words\tstring\t2\t0\t0\t\t\t2\t0\t1\t0\n"
                             "dimension\tword\t\t\t18446744073709551615\t0x0p+0\t0x0p+0\n"
                             "dimension\tside\t\t\t2\t0x0p+0\t0x0p+0\n"
                             "column\tresults.note\tstring\t2\t0\t0\t\t\t0\t0\t1\t0\n"
                             "column\truns.message\tstring\t3\t0\t0\t\t\t0\t0\t1\t0\n"
                             "column\tresults.V\tf32\t2\t0\t0\t\t\t1\t0\t1\t4\n"
                             "dimension\ttime\t\t\t8\t0x0p+0\t0x1p+0\n"
                             "column\tresults.extra\tcomplex\t2\t0\t1\t\t\t0\t0\t1\t0\n"
                             "column\tresults.pair\ti32\t2\t0\t1\t\t\t1\t0\t1\t0\n"
                             "dimension\tside\t\t\t2\t0x0p+0\t0x0p+0\n";

static int file = -1;
static unsigned char image[IMAGE_MOST];
static size_t image_used;

/* ---- The file ---- */

/* Checks that fit, where records_seal() would also make the sizes right. */
static void seal_header(unsigned char *at)
{
    record_header header;
    memcpy(&header, at, sizeof header);
    header.header_check = 0;
    header.header_check = libdeflate_crc32(0, &header, sizeof header);
    memcpy(at, &header, sizeof header);
}

static size_t put_record(size_t at, const uint8_t *item, uint32_t kind, const void *payload, size_t size)
{
    record_header header;
    memset(&header, 0, sizeof header);
    header.kind = kind;
    header.column = item[1] % COLUMNS_MOST;
    header.row = item[2] % (ROWS + 2);
    header.type = item[3] & 15;
    header.rank = item[4] & 31;
    header.payload_size = size;
    memcpy(image + at + sizeof header, payload, size);
    records_seal((char *)image + at, &header);
    return at + header.length;
}

/* A record whose sizes are not those of its bytes. */
static size_t put_lie(size_t at, const uint8_t *item, const uint8_t *payload, size_t size)
{
    record_header header;
    size_t end;
    if (size < 8)
        return at;
    end = put_record(at, item, 1 + item[5] / 16 % 7, payload, size);
    memcpy(&header, image + at, sizeof header);
    memcpy(&header.payload_size, payload, sizeof header.payload_size);
    header.length = (sizeof header + header.payload_size + 7) / 8 * 8;
    memcpy(image + at, &header, sizeof header);
    seal_header(image + at);
    return end;
}

/* The last extent, and where it says that it ends, if not where it does. */
typedef struct last_extent {
    size_t at;
    uint64_t lie;
} last_extent;

static void end_extent(const last_extent *extent, uint64_t end)
{
    static const uint8_t none[ITEM_BYTES] = {0};
    if (extent->at != 0)
        (void)put_record(extent->at, none, RECORD_EXTENT, extent->lie != 0 ? &extent->lie : &end, sizeof end);
}

/* An extent begins at the next page; where it ends is known when the next one begins. */
static size_t put_extent(size_t at, last_extent *extent, uint64_t lie)
{
    static const uint8_t none[ITEM_BYTES] = {0};
    uint64_t begin = (at + RECORD_LINK_BYTES + PAGE - 1) / PAGE * PAGE;
    if (extent->at != 0)
        (void)put_record(at, none, RECORD_NEXT, &begin, sizeof begin);
    end_extent(extent, begin);
    extent->at = (size_t)begin;
    extent->lie = lie;
    return (size_t)begin + RECORD_LINK_BYTES;
}

static size_t put_item(size_t at, last_extent *extent, const uint8_t *item, const uint8_t *bytes, size_t size)
{
    const size_t begin = at;
    uint64_t address = (uint64_t)item[2] * PAGE, lie = 0;
    memcpy(&lie, bytes, size >= sizeof lie ? sizeof lie : 0);
    switch (item[0] % OPS) {
    case OP_RAW:
        memcpy(image + at, bytes, size);
        at += (size + 7) / 8 * 8;
        break;
    case OP_EXTENT:
        return put_extent(at, extent, lie);
    case OP_NEXT:
        return put_record(at, item, RECORD_NEXT, &address, sizeof address);
    case OP_LIE:
        at = put_lie(at, item, bytes, size);
        break;
    default:
        at = put_record(at, item, item[0] % OPS, bytes, size);
    }
    if ((item[5] & ITEM_DAMAGED) != 0 && at > begin)
        image[begin + (item[4] * 8u + item[1]) % (at - begin)] ^= 0x40;
    if ((item[5] & ITEM_TORN) != 0)
        memset(image + begin + (at - begin) / 2, 0, at - (begin + (at - begin) / 2));
    return at;
}

/* Writes the file that the input describes. */
static void make_file(const uint8_t *data, size_t size)
{
    const uint8_t flags = size > 0 ? data[0] : 0;
    last_extent extent = {0, 0};
    size_t at, length, left;
    uint64_t end, begin;
    memset(image, 0, image_used);
    at = put_extent(PAGE - RECORD_LINK_BYTES, &extent, 0);
    begin = (flags & NO_LOG) != 0 ? 0 : extent.at;
    memcpy(image + LOG_AT, &begin, sizeof begin);
    for (left = size > 0 ? size - 1 : 0, data += size > 0; left >= ITEM_BYTES; data += length, left -= length) {
        const uint8_t *item = data;
        data += ITEM_BYTES;
        left -= ITEM_BYTES;
        length = item[6] | (size_t)item[7] << 8;
        length = length < left ? length : left;
        if (at + length + 3 * PAGE > IMAGE_MOST)
            break;
        at = put_item(at, &extent, item, data, length);
    }
    end = (at + PAGE - 1) / PAGE * PAGE + ((flags & TIGHT) != 0 ? 0 : 3 * PAGE);
    end_extent(&extent, end);
    memcpy(image + 40, &end, sizeof end); /* what the superblock says */
    MUST(ftruncate(file, 0) == 0 && ftruncate(file, (off_t)end) == 0);
    MUST(pwrite(file, image, at, 0) == (ssize_t)at);
    image_used = at;
    if ((flags & CUT) != 0)
        MUST(ftruncate(file, PAGE + (flags >> 4) * 64) == 0);
}

/* ---- The store ---- */

static int open_store(store_file *store, bool verify)
{
    fuzz_store_begin(store);
    store->fd = file;
    store->mode = verify ? PIPETTE_STORAGE_UPDATE : PIPETTE_STORAGE_READ;
    store->catalog = catalog_parse(store, layout);
    MUST(store->catalog != NULL && store->catalog->row_count == ROWS);
    store->catalog->log = LOG_AT;
    records_begin(store);
    MUST(!verify || extents_lengthen(store) == PIPETTE_OK); /* as reopen_catalog() does */
    return verify ? records_scan(store, true) : records_refresh(store, true);
}

static void close_store(store_file *store)
{
    catalog_free(store->catalog);
    fuzz_store_end(store);
}

/* Every byte of a value is there, and it is what callers take it for. */
static void check_value(const store_column *column, const store_value *found)
{
    const pipette_value *value = &found->value;
    const unsigned char *bytes = pipette_value_data(value);
    uint64_t count = pipette_value_count(value), i, sum = 0;
    MUST(value->type == column->type && value->rank == column->rank);
    for (i = 0; i < value->rank; i++)
        MUST(column->dimensions[i].extent == PIPETTE_RAGGED || column->dimensions[i].extent == value->shape[i]);
    if (value->type == PIPETTE_TYPE_STRING)
        for (i = 0; i < count; i++)
            sum += strlen(((const char *const *)pipette_value_data(value))[i]);
    else
        for (i = 0; i < count * pipette_type_size(value->type); i++)
            sum += bytes[i];
    MUST(sum < UINT64_MAX);
}

static void read_all(store_file *store)
{
    uint32_t c;
    uint64_t row, shape[STORE_RANK_MAX];
    for (c = 0; c < store->catalog->column_count; c++)
        for (row = 0; row < ROWS; row++) {
            store_column *column = &store->catalog->columns[c];
            store_value value;
            int status = column->path[0] == '\0' ? STORE_NONE : read_row(store, column, row, &value);
            MUST(status == PIPETTE_OK || status == STORE_NONE || (status < 0 && fuzz_stage.message[0] != '\0'));
            MUST(!column->placed); /* the structure has none of them */
            if (status == PIPETTE_OK)
                check_value(column, &value);
            if (column->path[0] != '\0')
                store_value_free(&value);
            if (column->path[0] != '\0' && column->form == STORE_RAGGED)
                (void)read_row_shape(store, column, row, shape);
        }
}

static void same_index(const store_file *a, const store_file *b)
{
    uint32_t c;
    uint64_t row;
    MUST(a->catalog->column_count == b->catalog->column_count && a->records.end == b->records.end);
    for (c = 0; c < a->catalog->column_count; c++) {
        const store_column *x = &a->catalog->columns[c], *y = &b->catalog->columns[c];
        MUST(strcmp(x->path, y->path) == 0);
        for (row = 0; row < ROWS; row++)
            MUST((x->records != NULL ? x->records[row] : 0) == (y->records != NULL ? y->records[row] : 0));
    }
}

enum { SPIKES_MOST = 1024 };

static void add(store_file *store, double number)
{
    static const char *const words[] = {"a", "", "three", "d"};
    static const float trace[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    static double spikes[SPIKES_MOST];
    const uint64_t most = SPIKES_MOST, shape[2] = {2, 2};
    const pipette_run_span spans[] = {{0, 1}, {2, 1}};
    pipette_value value = pipette_value_array(PIPETTE_TYPE_F64, 1, &most, spikes);
    const void *bytes;
    size_t size;
    spikes[SPIKES_MOST - 1] = number;
    MUST(records_append(store, 3, 0, &value) == PIPETTE_OK);
    value = pipette_value_array(PIPETTE_TYPE_STRING, 2, shape, words);
    MUST(records_append(store, 4, 1, &value) == PIPETTE_OK);
    MUST(packed_make(store, &store->catalog->columns[4], trace, &bytes, &size) == PIPETTE_OK);
    MUST(records_append_packed(store, 5, 4, bytes, size) == PIPETTE_OK);
    MUST(records_reset(store, spans, 2) == PIPETTE_OK);
    MUST(records_drain(store) == PIPETTE_OK);
}

/* What was added is there for whoever opens the file next. */
static void find_added(store_file *store, double number)
{
    const store_column *columns = store->catalog->columns;
    store_value value;
    MUST(records_read(store, columns[0].records[3], &columns[0], &value) == PIPETTE_OK);
    MUST(((const double *)store_value_elements(&value))[SPIKES_MOST - 1] == number);
    store_value_free(&value);
    MUST(records_read(store, columns[1].records[4], &columns[1], &value) == PIPETTE_OK);
    MUST(strcmp(((const char *const *)store_value_elements(&value))[2], "three") == 0);
    store_value_free(&value);
    MUST(columns[4].records[5] != 0 && columns[4].path != NULL);
}

/* Somebody opens the file to go on while somebody else reads it. */
static void go_on(store_file *store)
{
    store_file reader, second;
    bool follows;
    MUST(open_store(&second, true) == PIPETTE_OK);
    same_index(store, &second);
    close_store(&second);
    MUST(open_store(&reader, false) == PIPETTE_OK);
    follows = reader.records.end == store->records.end; /* else it waits at what may be on its way */
    add(store, 0.25);
    MUST(open_store(&second, true) == PIPETTE_OK);
    same_index(store, &second);
    find_added(&second, 0.25);
    MUST(records_refresh(&reader, true) == PIPETTE_OK);
    if (follows)
        find_added(&reader, 0.25);
    read_all(&reader);
    close_store(&second);
    close_store(&reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const bool verify = size > 0 && (data[0] & VERIFY) != 0;
    store_file store;
    int status;
    if (file < 0)
        file = memfd_create("log", MFD_CLOEXEC);
    MUST(file >= 0);
    make_file(data, size);
    status = open_store(&store, verify);
    MUST(status == PIPETTE_OK || (status < 0 && fuzz_stage.message[0] != '\0'));
    read_all(&store);
    if (status == PIPETTE_OK && verify)
        go_on(&store);
    close_store(&store);
    return 0;
}
