/* store.h: what the parts of the storage plugin `hdf5` share: the catalog, the store, and who does what.
 *
 * A file is an HDF5 file whose structure is complete and at rest before the first run, and behind its end a log of
 * records for what has no place in the structure (README.md). HDF5 is called only to write a structure and to read
 * small things; all data of runs goes by pwrite. Functions return 0 or a negative status after pipette_stage_fail(),
 * where nothing else is said.
 */
#ifndef STORE_H
#define STORE_H

#include "blocks.h"

#include <pipette/storage.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum { STORE_RANK_MAX = 30, STORE_BLOCK = 65536, STORE_NONE = 1 };

/* The format of every structure that is written. Format 1 had its log behind HDF5's end of the file, format 2 ragged
 * results in their parent's group. */
enum { STORE_FORMAT = 3 };

/* In place of a record: the row was reset, and what the structure has for it does not count. */
enum { STORE_GONE = 1 };

/* How the values of a column stand in the file. */
typedef enum store_form {
    STORE_FIXED = 1,  /* one dataset (run, ...), in one piece or in chunks (chunks.c) */
    STORE_RAGGED = 2, /* flat data and counts; records until the file is built */
    STORE_TEXT = 3,   /* variable-length strings (run, ...); of results: records until the file is built */
    STORE_SPARSE = 4, /* strings of the ledger: a group of `row` and `text`; records until the file is built */
    STORE_PACKED = 5  /* compressed rows of fixed shape, one chunk each; records until the file is built */
} store_form;

/* A value with the memory that it needs, in one block. */
typedef struct store_value {
    pipette_value value;
    void *block;
} store_value;

/* Where the bytes of a column stand: spans in the order of its bytes, without gaps between them. */
typedef struct store_places {
    pipette_place_span *spans;
    uint32_t count;
    uint64_t bytes;                    /* of all of them */
    struct store_rewritten *rewritten; /* not NULL: there are no spans, HDF5 reads a dataset */
} store_places;

/* How the bytes of a column are cut into chunks of the file. */
typedef struct store_cut {
    uint64_t bytes; /* of a chunk; 0: the column stands in one piece */
    uint64_t rows;  /* of a chunk; 1 where rows are cut */
    uint64_t piece; /* where rows are cut: elements of dimension `split` in a chunk */
    uint32_t split; /* 0: rows are whole */
} store_cut;

typedef struct store_text {
    char *data; /* zero-terminated once something was added */
    size_t length, capacity;
    bool failed; /* out of memory */
} store_text;

typedef struct store_column {
    char *path, *unit, *doc;
    char *dataset; /* path in the file: "/results/neuron/V" */
    int32_t type, role;
    uint32_t flags, rank;
    pipette_dimension *dimensions; /* owned, with their strings */
    char **codes;
    uint32_t code_count;
    store_form form;
    bool optional; /* not every done run has a value: it was not declared */
    bool placed;   /* its datasets are in the file */
    bool holes;    /* integers, some of which are missing: readers are told what stands for that */
    uint64_t
        kept_rows; /* RAGGED, while a structure is written: the samples of so many rows stay where `source` has them */
    uint64_t elements;   /* of a row of fixed shape */
    uint64_t row_bytes;  /* FIXED, PACKED */
    uint64_t every;      /* rows that share one value; 1 but for times in ledgers of very many runs */
    uint32_t level;      /* PACKED: of deflate. 0: not packed */
    uint64_t *chunks;    /* PACKED, in a structure that is being written: address and bytes of each row; NULL: none */
    store_places places; /* FIXED: of the rows; RAGGED: of the flat data */
    store_places shapes; /* RAGGED: of NAME_count or NAME_shape */
    store_places runs;   /* RAGGED: of the run of each sample; none in files of formats 1 and 2 */
    store_cut cut, shapes_cut, runs_cut;
    uint64_t total;              /* RAGGED: elements of the flat data; SPARSE: number of texts */
    uint64_t *starts;            /* RAGGED: first element of each row and the end, when asked for; SPARSE: the rows */
    uint64_t *records;           /* by row: place of the last record, 0: none, or STORE_GONE. NULL: none at all */
    int64_t id;                  /* HDF5 dataset that is being read (strings, PACKED), or -1 */
    struct store_column *source; /* while a file is built: the same column of the old file */
} store_column;

typedef struct store_leaf {
    char *path, *unit, *comment, *dataset;
    int32_t type;
    uint32_t rank;
    uint64_t shape[STORE_RANK_MAX];
    store_value value; /* type NONE: stands in the file */
} store_leaf;

typedef struct store_axis {
    char *name, *unit, *doc, *dataset;
    int32_t type; /* NONE: no coordinates */
    uint64_t extent;
    store_value values; /* type NONE: stand in the file */
} store_axis;

typedef struct store_array {
    char *name, *unit, *doc, *dataset;
    int32_t type;
    uint64_t offset;
    void *data; /* what waits for a place in a file */
} store_array;

typedef struct store_table {
    char *path, *comment, *group;
    store_axis *axes;
    uint32_t axis_count;
    store_array *arrays;
    uint32_t array_count;
    struct store_table *source; /* while a file is built */
} store_table;

/* Everything that is known of a file beside the data. */
typedef struct store_catalog {
    char *name, *comment, *exploration;
    int format; /* of the structure that it stands for: STORE_FORMAT, or an earlier one in a file that is read */
    uint64_t row_count;
    pipette_run_span *spans;
    uint32_t span_count;
    store_column *columns;
    uint32_t column_count;
    store_leaf *leaves;
    uint32_t leaf_count;
    store_table *tables;
    uint32_t table_count;
    store_table
        grid; /* the axes whose product the rows are, in its order (grid.c); no arrays. No axes: they are none */
    uint64_t finished; /* offset of the byte that says so */
    uint64_t log;      /* offset of the number that says where the log begins; 0 in a file of format 1 */
    uint64_t blocks;   /* offset of the number that says where the list of blocks is; 0: it has none */
    uint64_t placed;   /* offset of what is to be there for each row (repair.c); 0: it has none */
    bool power_safe;
    uint32_t compression; /* level of deflate for columns to come, 0: none */
} store_catalog;

/* The log: records in extents inside what HDF5 takes for the file (extents.c). In a file of format 1 it is one stretch
 * behind that. */
typedef struct store_records {
    uint64_t base;               /* of the first record; 0: no extent yet */
    uint64_t extent, extent_end; /* the last extent; the end is UINT64_MAX in a file of format 1 */
    uint64_t scanned;            /* up to here the index is complete */
    uint64_t end;                /* where the next record goes, buffered ones included */
    block_list extents;          /* all of them */
    char *buffer;                /* records that stand at end - used */
    size_t used, capacity;
    struct timespec written; /* records_refresh(): when the file was last changed, and its length */
    int64_t length;
    bool settled;           /* that was well before the log was read */
    struct timespec looked; /* when that was found, on the monotonic clock */
} store_records;

/* The head of a record, little-endian like everything in the file. The payload follows: the extents of the value (8
 * bytes each), the elements (strings each with a zero byte), zeros up to a multiple of 8. Of a packed row: its bytes
 * alone. */
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

/* EXTENT opens an extent and says where it ends; NEXT closes it and says where the next one begins. Both have one
 * number as payload. */
enum {
    RECORD_VALUE = 1,
    RECORD_COLUMN = 2,
    RECORD_PACKED = 3,
    RECORD_EXTENT = 4,
    RECORD_NEXT = 5,
    RECORD_DROP = 6,
    RECORD_RESET = 7
};
enum { RECORD_LINK_BYTES = sizeof(record_header) + 8 };

/* What the driver tells of a read instead of doing it (driver.c). */
typedef struct store_probe {
    bool armed;
    uint64_t address, bytes;
} store_probe;

/* What the file is made of (structure.c). */
typedef struct store_live {
    bool known; /* there is a list */
    block_list list;
    block_list before;   /* of the structure that this one has replaced just now */
    uint64_t end;        /* of the file when the list was written */
    uint32_t meta_check; /* of the structure's own bytes then */
    bool looked;
    block_room room; /* dead blocks for the log, once looked for */
} store_live;

typedef struct h5_overlay h5_overlay;
typedef struct store_building store_building;
typedef struct store_packer store_packer; /* packed.c */

/* Rows that are to be reset, in ascending order. */
typedef struct store_resets {
    pipette_run_span *spans;
    uint32_t count, capacity;
} store_resets;

enum { ROWS_RESET_MOST = 1 << 16 };

typedef struct store_file {
    pipette_stage *stage;
    char *path;        /* absolute */
    char *folder;      /* of it */
    char *part;        /* the temporary sibling */
    int mode;          /* 0: closed */
    int failure;       /* status of the last message, for callers of what returns a pointer */
    int fd;            /* the file; locked when it is written. -1: none yet */
    int replaced;      /* the file that goes when this one gets its name, locked; -1: none */
    int64_t h5;        /* reading handle of `fd`, or -1 */
    bool changed;      /* since the byte `finished` was cleared */
    int write_failure; /* errno of a write of HDF5's (driver.c) */
    bool fresh; /* laid out or extended, but HDF5 still has the structure open and may write strings. build_name() ends
                   that */
    store_catalog *catalog;
    uint32_t *positions; /* of the layout -> index in catalog->columns */
    uint32_t position_count;
    store_table *pending; /* put, not in the file */
    uint32_t pending_count;
    store_leaf *pending_leaves; /* likewise */
    uint32_t pending_leaf_count;
    store_records records;
    store_live live;
    store_building *building; /* NULL: none */
    store_resets resets;
    store_value result;  /* of the last read_one */
    uint64_t part_count; /* elements that the last read_part left of it */
    store_probe probe;
    store_packer *packer;
} store_file;

/* ---- store.c: messages, text, values, numbers ---- */

PIPETTE_PRINTF(3, 4) int store_fail(store_file *store, int code, const char *format, ...);
/* PIPETTE_E_STORAGE, with the text of errno. */
PIPETTE_PRINTF(2, 3) int store_system(store_file *store, const char *format, ...);
int store_memory(store_file *store);
/* A copy; NULL counts as "". NULL: out of memory. */
char *store_copy(const char *text);
PIPETTE_PRINTF(1, 2) char *store_format(const char *format, ...);
void store_add(store_text *text, const char *bytes, size_t count);
PIPETTE_PRINTF(2, 3) void store_addf(store_text *text, const char *format, ...);

/* Room for a value of that shape and `text_bytes` of text behind it; elements are zero. */
int store_value_make(store_file *store, store_value *out, int type, uint32_t rank, const uint64_t *shape,
                     size_t text_bytes);
void *store_value_elements(store_value *value);
char *store_value_texts(store_value *value);
int store_value_copy(store_file *store, store_value *out, const pipette_value *value);
bool store_value_equal(const pipette_value *a, const pipette_value *b);
void store_value_free(store_value *value);
/* Fills `count` elements with the fill value of the type (a bool: 0x81, -127). */
void store_fill(int type, void *elements, uint64_t count);
/* Converts where only precision can be lost. `fills`: fill values stay fill values. */
int store_convert(store_file *store, const char *path, int from, const void *in, int to, void *out, uint64_t count,
                  bool fills);

/* ---- catalog.c and catalog_text.c: layout -> catalog -> text -> catalog ---- */

/* What follows from a description: paths in the file, form, sizes. */
int catalog_complete_column(store_file *store, store_column *column);
int catalog_complete_leaf(store_file *store, store_leaf *leaf);
/* A leaf with its value. catalog_leaf_free() also after a failure. */
int catalog_leaf(store_file *store, store_leaf *leaf, const pipette_leaf_spec *spec);
void catalog_leaf_free(store_leaf *leaf);
int catalog_complete_table(store_file *store, store_table *table);
/* The axes stand in /grid. */
int catalog_complete_grid(store_file *store, store_table *grid);
store_catalog *catalog_from_layout(store_file *store, const pipette_layout *layout);
int catalog_column(store_file *store, store_column *column, const pipette_column_spec *spec);
int catalog_table(store_file *store, store_table *out, const pipette_table *table, bool with_data);
/* Room for a label for each of the dimension's elements, and a NULL behind them; the dimension's. NULL: out of memory.
 */
char **catalog_labels_make(pipette_dimension *dimension);
/* A new last element of an array of `size`-byte elements, zeroed; NULL after a message. */
void *catalog_grow(store_file *store, void **array, uint32_t *count, size_t size);
void catalog_write(const store_catalog *catalog, store_text *text);
void catalog_write_column(const store_column *column, store_text *text);
store_catalog *catalog_parse(store_file *store, const char *text);
int catalog_parse_column(store_file *store, store_column *column, const char *text);
/* How many values a column has: the number of rows, or of blocks of them. */
uint64_t catalog_rows(const store_catalog *catalog, const store_column *column);
/* Packs the column with that level (0: not), if it is of a kind that can be. */
void catalog_pack(store_column *column, uint32_t level);
store_column *catalog_find(const store_catalog *catalog, const char *path);
uint64_t catalog_table_elements(const store_table *table);
/* Path, axes and types; values of axes must be there. */
bool catalog_table_same(const store_table *a, const store_table *b);
void catalog_column_free(store_column *column);
void catalog_table_free(store_table *table);
void catalog_free(store_catalog *catalog);
/* The run index of each row is the row number. */
bool catalog_plain_runs(const store_catalog *catalog);
/* The type that holds the index of every run. */
int catalog_run_type(const store_catalog *catalog);
/* The dataset of a column's values: not its `dataset`, where that is a group. To be freed; NULL after a message. */
char *catalog_data_path(store_file *store, const store_catalog *catalog, const store_column *column);

/* grid.c: the axes of a layout, if it has any. */
int grid_axes(store_file *store, store_catalog *catalog, const pipette_layout *layout);

/* ---- names.c: paths in the file ---- */

typedef struct store_names {
    struct store_name *slots;
    size_t count, capacity;
} store_names;

/* "results.neuron.$.V" -> "/results/neuron/V". NULL after a message. */
char *names_dataset(store_file *store, const char *path);
/* Takes a path for a dataset of `owner` (borrowed); its folders become groups. Refuses what is taken. */
int names_claim(store_file *store, store_names *names, const char *dataset, const char *owner);
bool names_taken(const store_names *names, const char *path);
int names_claim_column(store_file *store, store_names *names, const store_column *column);
/* Claims all that a catalog puts into a file. */
int names_claim_catalog(store_file *store, store_names *names, const store_catalog *catalog);
void names_free(store_names *names);

/* ---- file.c: files, locks, bytes ---- */

int file_open(store_file *store, const char *path, int mode);
/* Makes (if need be the folder and) the temporary sibling, empty and locked. */
int file_part_begin(store_file *store, int *fd);
/* Gives the sibling its final name. `replace`: over the file that has it. `safe`: it survives a loss of power. */
int file_part_commit(store_file *store, int fd, bool replace, bool safe);
void file_part_abort(store_file *store, int fd);
/* Whether the open file still has its name; a message says so where it has not. */
int file_still_there(store_file *store);
int file_write(store_file *store, int fd, const void *data, uint64_t size, uint64_t offset);
int file_write_rows(store_file *store, int fd, const void *data, uint64_t stride, uint64_t row_bytes, uint64_t rows,
                    uint64_t offset);
int file_read(store_file *store, int fd, void *data, uint64_t size, uint64_t offset);
/* These bytes read as zero from now on, and take no room where the file system can. 0, or -1 with errno. */
int file_clear(int fd, uint64_t offset, uint64_t size);
int file_copy(store_file *store, int from, uint64_t from_offset, int to, uint64_t to_offset, uint64_t size);
void file_close(store_file *store);

/* ---- places.c: bytes of columns, in the spans of the file where they stand ---- */

/* The next `bytes` of the column stand at `offset`. False: out of memory. */
bool places_add(store_places *places, uint64_t offset, uint64_t bytes);
void places_free(store_places *places);
/* Where byte `at` stands, and how many follow it there, itself included; 0 behind the end. */
uint64_t places_at(const store_places *places, uint64_t at, uint64_t *bytes);
/* Where the first byte stands; 0 if there is none. */
uint64_t places_first(const store_places *places);
int places_write(store_file *store, const store_places *places, int fd, const void *data, uint64_t size, uint64_t at);
int places_write_rows(store_file *store, const store_places *places, int fd, const void *data, uint64_t stride,
                      uint64_t row_bytes, uint64_t rows, uint64_t at);
int places_read(store_file *store, const store_places *places, void *data, uint64_t size, uint64_t at);
/* The same bytes of the column from places in the store's file to places in `fd`. */
int places_copy(store_file *store, const store_places *from, const store_places *to, int fd, uint64_t at,
                uint64_t size);
/* Collects small consecutive writes. */
typedef struct places_sink {
    store_file *store;
    const store_places *places;
    int fd;
    uint64_t at; /* the byte of the column that is next */
    size_t used;
    char buffer[STORE_BLOCK];
} places_sink;
int places_sink_write(places_sink *sink, const void *data, uint64_t size);
int places_sink_flush(places_sink *sink);

/* ---- rewritten.c: what another tool has stored in a way of its own ---- */

typedef struct store_rewritten {
    char *dataset;
    int64_t id; /* 0: it is not open */
} store_rewritten;

/* NULL: out of memory. */
store_rewritten *rewritten_create(const char *dataset);
void rewritten_free(store_rewritten *rewritten);
int rewritten_read(store_file *store, store_rewritten *rewritten, void *data, uint64_t size, uint64_t at);
/* It is opened again when it is read. */
void rewritten_close(store_rewritten *rewritten);

/* ---- records.c: the log ---- */

/* Begins an empty log. */
void records_begin(store_file *store);
/* Fills in what follows from the payload, which stands behind the header at `at`, and copies the header there. */
void records_seal(char *at, record_header *header);
bool records_header_is_sound(const record_header *header);
/* Reads on from where it stopped: indexes values, adds columns. `verify` (UPDATE): every payload is held against its
 * checksum, and what is torn at the end is removed. */
int records_scan(store_file *store, bool verify);
/* For readers, before each value: somebody may be writing, so the log can have grown, and with it the list of columns.
 * Where nobody is, the file is looked at 50 times a second; `now`: in any case. */
int records_refresh(store_file *store, bool now);
bool records_any(const store_file *store);
int records_append(store_file *store, uint64_t row, uint32_t column, const pipette_value *value);
int records_append_packed(store_file *store, uint64_t row, uint32_t column, const void *bytes, uint64_t size);
int records_append_column(store_file *store, uint32_t column);
/* Takes a column that the log has added away, with its values. */
int records_drop_column(store_file *store, uint32_t column);
/* What has no place of its own is gone for these rows. */
int records_reset(store_file *store, const pipette_run_span *spans, uint32_t count);
/* Writes what is buffered. */
int records_drain(store_file *store);
/* The value of that column at `place`; a message where what stands there is none. */
int records_read(store_file *store, uint64_t place, const store_column *column, store_value *out);
/* The bytes of a packed row, checked, to be freed by the caller; and only where they stand. */
int records_packed(store_file *store, uint64_t place, const char *path, char **bytes, uint64_t *size);
int records_place(store_file *store, uint64_t place, const char *path, uint64_t *address, uint64_t *size);
/* The shape of the value at `place`. */
int records_shape(store_file *store, uint64_t place, const store_column *column, uint64_t *shape);
void records_free(store_file *store);

/* ---- extents.c: room for the log ---- */

/* Finds the first extent of the open file, if it has any; or looks again where the last known one ends. */
int extents_open(store_file *store);
/* Makes room for `size` more bytes of records at records.end, in the last extent or in a new one. */
int extents_more(store_file *store, uint64_t size);
/* Goes on to the extent at `address`, as a scan does; false if there is none. */
bool extents_enter(store_file *store, uint64_t address);
/* A file whose log was cut gets its length again, so that others can open it. */
int extents_lengthen(store_file *store);
/* From where on the file holds nothing: the end of the records where they are the last thing in it. 0 after a message.
 */
uint64_t extents_free_from(store_file *store);
/* The end of the file that a superblock of 96 bytes names; 0 where it is none of ours. */
uint64_t extents_stored_end(const unsigned char *head);

/* ---- structure.c: a new structure becomes the file's ---- */

/* Reads what the open file is made of. */
int structure_read(store_file *store);
void structure_forget(store_file *store);
/* Begins a structure in `fd`, an empty file, or in the store's own file (`in_place`), which stays as it is until
 * structure_end(). After a failure, too, structure_abandon(). */
int structure_begin(store_file *store, int fd, bool in_place);
/* All objects of ours are there, and nobody else's yet. */
int structure_note_objects(store_file *store);
/* Closes it, and it is the file's. `safe`: nothing that it refers to reaches the disk after it. */
int structure_end(store_file *store, bool safe);
/* Makes a file of what HDF5 has written into `fd`, a new file up to `end`, through an overlay that is no structure of
 * ours. */
int structure_seal(store_file *store, int fd, h5_overlay *overlay, uint64_t end);
/* Forgets it; the file is as it was. */
void structure_abandon(store_file *store);
/* Dead room inside the file, cleared: at least `least` bytes, at most `wanted`. 0: there is none. */
uint64_t structure_dead_room(store_file *store, uint64_t least, uint64_t wanted, uint64_t *bytes);

/* ---- export.c: the grid as a file of its own ---- */

/* Fixed-shape results over the explored parameters into a new file; `replace`: also over one that exists. */
int export_grid(store_file *store, const char *path, bool replace);

/* ---- repair.c: runs that are called done but whose values are not there ---- */

/* Makes them pending again, with a word in the log. UPDATE, after the log was read. */
int repair_rows(store_file *store);
/* Before these states are written: notes outside of the log what it has for the rows. */
int repair_note(store_file *store, uint64_t first, uint64_t count, const int8_t *states, uint64_t stride);
/* Nothing is known of these rows any more. */
int repair_forget(store_file *store, uint64_t first, uint64_t count);

/* ---- layout.c: writes the structure ---- */

/* Writes the whole structure of `catalog` into the one that structure_begin() has begun, values of leaves, coordinates
 * and strings included, and fills in places. Columns and tables with a `source` take from the open file what is not at
 * hand. */
int layout_write(store_file *store, store_catalog *catalog);

/* ---- ragged.c: results whose shape differs from run to run ---- */

/* Values, runs and counts of a RAGGED column from its source into their places in `fd`; of strings, all but the values.
 */
int ragged_copy(store_file *store, int fd, const store_catalog *catalog, store_column *column);

/* ---- strings.c: strings of the open file go into a structure that is being written ---- */

/* Into the dataset of a TEXT column; the flat data of a RAGGED one; `row` and `text` of a SPARSE one. */
int strings_text(store_file *store, store_column *column, int64_t dataset);
int strings_ragged(store_file *store, store_column *column, int64_t dataset);
int strings_sparse(store_file *store, store_column *column, int64_t rows, int64_t texts);

/* ---- packed.c: compressed rows ---- */

/* One row of a PACKED column, shuffled and deflated; valid until the next call. */
int packed_make(store_file *store, const store_column *column, const void *elements, const void **bytes, size_t *size);
/* And back. */
int packed_open(store_file *store, const store_column *column, const void *bytes, size_t size, void *elements);
/* Whether these can be the bytes of a row at all. */
bool packed_plausible(const void *bytes, uint64_t size);
void packed_free(store_file *store);

/* ---- reopen.c: an existing file ---- */

int reopen_catalog(store_file *store);
/* Whether the open file `fd` is one of ours: 0, or a status after a message that says why not. */
int reopen_check(store_file *store, int fd);
/* Whether the structure is still in the file that we write; a message where somebody has cut it off. */
int reopen_whole(store_file *store);

/* ---- match.c: what comes from the open file ---- */

/* Each column and table of `catalog` finds its source in the open file, which may be none. `here`: the new structure is
 * the same file's. */
int match_catalog(store_file *store, store_catalog *catalog, bool here);
/* Whether the structure says of a column that it has holes and it has none, or the other way round: then `*differ`
 * becomes true. */
int match_holes_differ(store_file *store, bool *differ);

/* ---- build.c: a new structure, and the data that has to move with it ---- */

/* Says in the file whether its last change was an orderly end with every row. */
int build_mark(store_file *store, bool finished);
int build_lay_out(store_file *store, const pipette_layout *layout);
/* What was laid out is a file of its own name, and what was extended has its new structure. Both wait for coordinates
 * that are known before the runs: a crash in between must not leave a file without them, because nobody would write
 * them again. */
int build_name(store_file *store);
/* Or it never was. */
void build_abandon(store_file *store);
int build_extend(store_file *store, const pipette_layout *layout);
/* Gives records and tables that wait their place, fills, and brings the file to rest. Does not close it. */
int build_finish(store_file *store, bool complete);
/* The whole file anew under its name, without bytes that belong to nothing. */
int build_compact(store_file *store);

/* ---- columns.c: values of runs ---- */

store_column *columns_at(store_file *store, uint32_t position);
int columns_write(store_file *store, uint64_t first, uint64_t count, const pipette_column_data *data,
                  uint32_t data_count);
int columns_append(store_file *store, uint64_t row, uint32_t position, const pipette_value *value);
int columns_append_packed(store_file *store, uint64_t row, uint32_t position, const void *bytes, uint64_t size);
int columns_add(store_file *store, const pipette_column_spec *spec);
int columns_value_rows(store_file *store, const char *path, int (*visit)(uint64_t row, void *user), void *user);
int columns_drop(store_file *store, const char *path);
int columns_place(store_file *store, uint32_t position, pipette_place *place);
/* States of rows; PIPETTE_STATE_DONE where the file has no column for them. */
int columns_states(store_file *store, uint64_t first, uint64_t count, int8_t *out);
/* A window on the states for whoever goes through the rows in order. Zero it first. */
typedef struct store_states {
    uint64_t first, count;
    int8_t states[4096];
} store_states;
/* Whether a value of that row counts: every one does but results of rows that are not done. Negative: a status. */
int columns_counts(store_file *store, store_states *states, const store_column *column, uint64_t row);

/* ---- rows.c: rows that are reset or filled ---- */

/* Notes that rows are to be run again: what has no place of its own is gone for them, then their state is pending. */
int rows_reset(store_file *store, uint64_t first, uint64_t count);
/* Does what was noted; before anything else is done. */
int rows_reset_now(store_file *store);
/* Writes fill values for rows that are not done. Only at the end: a file that is opened again to go on is filled by the
 * finish that follows. */
int rows_fill(store_file *store);
/* Whether some row is not done. */
int rows_holes(store_file *store, bool *any);
/* Results that have no number which every reader takes for a missing one. */
bool rows_can_have_holes(const store_column *column);

/* ---- read.c ---- */

int read_column(store_file *store, const char *path, uint64_t first, uint64_t count, int type, void *out);
int read_one(store_file *store, const char *path, uint64_t row, pipette_value *value);
int read_part(store_file *store, const char *path, uint64_t row, uint64_t first, uint64_t count, pipette_value *value,
              uint64_t *total);
int read_list(store_file *store, pipette_entry_visit visit, void *user);
int read_info(store_file *store, pipette_storage_info *info);
/* Opens the dataset of a column of strings or compressed rows as `id`. */
int read_open(store_file *store, store_column *column);
/* The value of a row, whatever its state. STORE_NONE: it has none. */
int read_row(store_file *store, store_column *column, uint64_t row, store_value *out);
/* Shape of the value of a row of a RAGGED column. STORE_NONE: it has none. */
int read_row_shape(store_file *store, store_column *column, uint64_t row, uint64_t *shape);
int read_leaf(store_file *store, const store_leaf *leaf, store_value *out);
int read_axis(store_file *store, const store_axis *axis, store_value *out);
/* Where each row of a placed RAGGED column begins in the flat data: column->starts. */
int read_starts(store_file *store, store_column *column);
/* Forgets what is kept of the file for reading; closes HDF5's handles. */
void read_rest(store_file *store);

/* ---- tables.c ---- */

int tables_put(store_file *store, const pipette_table *table);
/* Reads the values of the axes from the file, if they are not there yet. */
int tables_load(store_file *store, store_table *table);
/* The bytes of one element of a table's array in the file. */
uint64_t tables_bytes(const store_table *table, const store_array *array);
store_table *tables_find(store_table *tables, uint32_t count, const char *path);
/* Keeps a single value until the file gets another structure. */
int tables_put_leaf(store_file *store, const pipette_leaf_spec *leaf);
store_leaf *tables_find_leaf(store_leaf *leaves, uint32_t count, const char *path);

#endif
