/* worker.h: one worker: claims runs, lets the model compute them, stores the results. The same code runs in a worker
 * process and, with --in-process, in the supervisor. */
#ifndef CORE_ENGINE_WORKER_H
#define CORE_ENGINE_WORKER_H

#include <pipette/model.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "engine/board.h"
#include "engine/plan.h"
#include "base/wire.h"
#include "plugin/schema.h"

/* What a worker sends to the supervisor. A record is this head and `bytes` of payload. */
typedef enum worker_record_kind {
    WORKER_WRITE = 1,  /* `count` rows of a fixed-shape column from `row` on */
    WORKER_APPEND = 2, /* a value (wire_value) for `row` of a column */
    WORKER_ADD = 3,    /* an undeclared result: its path (wire_text), then the value */
    WORKER_STATES = 4, /* int8_t states of `count` rows from `row` on: everything of these runs has been sent before */
    WORKER_COMPRESSED = 6, /* one row of a column, shuffled and deflated */
    WORKER_ERROR = 5       /* the worker cannot go on: code (wire_u32), message (wire_text) */
} worker_record_kind;

typedef struct worker_record {
    uint32_t kind;
    uint32_t column;
    uint64_t row;
    uint64_t count; /* of rows; APPEND, ADD: how many bytes of its texts were no UTF-8 and have become U+FFFD */
    uint64_t bytes;
} worker_record;

/* Takes a record; 0 or a status. `user` is the worker's sink_user. */
typedef int (*worker_sink)(void *user, const worker_record *record, const void *payload);

/* A name that the model asked for, so that the next look-up costs a comparison. Keyed by the pointer, checked by the
 * text. */
typedef struct worker_name {
    const char *pointer;
    int32_t index;
    char text[52];
} worker_name;

#define WORKER_NAMES 64u
#define WORKER_LETTER_BYTES                                                                                            \
    ((size_t)1 << 30)    /* reserved, not taken: what one isolated run may hand over beside fixed-shape results */
#define WORKER_DIRTY 2   /* a status: runs have changed the process in a way that others would notice */
#define WORKER_REFUSED 3 /* a status: the system gives no process for a run */

/* One dimension of one result. */
typedef struct shape_extent {
    uint64_t extent;
    double start, step;
} shape_extent;

/* Where a parameter's value of the current run is: base + lane * stride. */
typedef struct worker_parameter {
    const unsigned char *base;
    size_t stride;
    int32_t type;
    uint32_t rank;
} worker_parameter;

/* Where a declared result of the current run goes. */
typedef struct worker_result {
    unsigned char *column; /* `lanes` rows; NULL where each run has a shape of its own */
    uint64_t elements, row_bytes;
    uint64_t stride;        /* bytes from row to row of the column: large rows have guards between them */
    unsigned char *staging; /* small rows: what buffer() hands out, between guards; NULL: the row itself */
    uint64_t given;         /* serial of the run that stored it last */
    uint64_t *extents;      /* PLAN_VARIES with shape(): of this run, rank of them */
    unsigned char *buffer;  /* PLAN_VARIES: what buffer() handed out in this run, between guards */
    uint64_t buffer_bytes, buffer_count;
    unsigned char *lent; /* what buffer() handed out last, of lent_bytes; guards stand before and behind it */
    uint64_t lent_bytes;
    int32_t type;
} worker_result;

typedef struct worker {
    pipette_run run; /* first: the handle that the model sees */
    const engine_plan *plan;
    const plugin_schema *schema;
    const pipette_model *model;
    const pipette_batch_model *batch;
    pipette_stage *stage;
    const char *(*stage_message)(pipette_stage *stage);
    board *board;
    board_slot *slot;
    uint32_t slot_number;
    size_t board_bytes;
    uint32_t board_slots; /* the board was made for */
    int board_guarded;    /* the board is locked while the model is at work */
    worker_sink sink;
    void *sink_user;
    void (*tick)(void *user); /* after each chunk, with sink_user; NULL: nobody listens */
    int capture;              /* stdout and stderr of this process belong to the model */
    int isolated;             /* a process for every run */
    int pipe;                 /* to the supervisor; -1: none */
    pid_t process;            /* this one: a model's fork() must not go on as a second worker; 0: not looked at */
    int only_inherited;       /* claims nothing beyond what a dead worker left */
    uint32_t first_tries;     /* how often the first of that has been tried */
    uint64_t careful_first, careful_count; /* positions that may hold the run which ended the worker before us */

    worker_parameter *parameters;    /* as in the plan */
    pipette_value *values;           /* the same, of those that are not explored */
    unsigned char *parameter_memory; /* of coordinates, values, what batches see: parameters.c */
    size_t parameter_bytes;
    int parameters_locked;  /* the model can only read them */
    worker_result *results; /* as in the schema */
    int paged;              /* results lie between pages that nobody can touch: what is lent needs no guards */
    uint32_t *lent;         /* the results whose buffers this run has asked for; lent_count of them */
    uint32_t lent_count;
    unsigned char *column_memory; /* of all results: columns.c */
    size_t column_memory_bytes;
    char dirty[96];              /* "": no run of the chunk was seen to change what is not its own */
    int32_t *declared;           /* index in plan->parameters of each declared parameter of the model */
    unsigned char **coordinates; /* a column for each explored parameter */
    int8_t *states;
    double *starts, *durations;
    void *checksums; /* as they are stored */
    int *files;      /* opened places, in parallel to file_names */
    const char **file_names;
    uint32_t file_count;
    uint64_t lane_limit, lane;
    uint64_t serial;    /* of the run, in this process */
    double run_seconds; /* estimate; 0: not known */
    int instance_made;
    void *instance; /* what create() made */
    int varies;     /* some results have no fixed column */

    struct compressor *compressor; /* made when it is first needed */
    size_t compressor_bytes;       /* of the largest row that is compressed */
    void *letter;                  /* isolated: what a run's process leaves for us; shared memory of letter_bytes */
    size_t letter_bytes;
    pid_t spared[16]; /* isolated: children that create() started */
    uint32_t spared_count;
    int look_closely;            /* runs write around stdio's buffer: look after each of them */
    uint64_t memory_before;      /* with a memory limit: address space at the beginning of the chunk */
    struct rlimit address_limit; /* and the limit before it was lowered, to memory_allowed */
    uint64_t memory_allowed;
    uint64_t resident_first, resident_settled,
        resident_last;                      /* memory before the first chunk, after it, after the last one */
    uint64_t runs_to_limit;                 /* how many runs like the last ones it takes until the process is worn */
    int worn;                               /* runs have left so much in memory that a fresh process is to go on */
    pipette_batch batch_call, batch_handle; /* what the model sees, and what it is made from for each call */
    int32_t *batch_status;
    uint8_t *batch_given; /* lane after lane: which results pipette_batch_put() stored, and whether the lane said why it
                             failed */
    int batch_ragged;     /* some results are */
    const void **batch_parameters; /* a column for each declared parameter */
    void **batch_results;
    uint64_t *batch_strides;
    int run_status; /* of the run in work */
    char message[1024];
    wire log, printed, text, outbox;
    worker_name parameter_names[WORKER_NAMES], result_names[WORKER_NAMES];
    struct undeclared *undeclared; /* results that runs of this process have added; made when the first one comes */
    uintptr_t constant_base; /* read-only memory of the model's object: texts there are what they were (constants.c) */
    size_t constant_size;
    shape_extent *extents;        /* room for shape_ask(); NULL where no shape follows from parameters */
    unsigned char shape_key[256]; /* the explored shape parameters that `extents` was asked for */
    size_t shape_key_size;
    int home;         /* workdir.c: descriptor of the folder that this process was in, + 1; 0: none */
    int folder_kept;  /* a run of this worker has failed */
    char *folder;     /* workdir = "worker": its own */
    int create_apart; /* isolated: each run's process makes an instance of its own (instance.c) */
    int settled;      /* the first run of the instance is over (threads.c) */
} worker;

/* The row of `lane`. */
static inline unsigned char *worker_row(const worker_result *result, uint64_t lane)
{
    return result->column + lane * result->stride;
}

/* Prepares a worker: memory, files, the model's instance. `worker` is zeroed but for plan .. capture, which the caller
 * has set. */
int worker_start(worker *worker, pipette_error *error);
/* From lock to unlock the model is at work: parameters and the board can only be read, but for the worker's own pulse.
 */
void worker_lock(worker *worker);
void worker_unlock(worker *worker);
/* Claims and runs until nothing is left or the board says stop. WORKER_DIRTY: this process must end, its claim be run
 * by others. */
int worker_work(worker *worker, pipette_error *error);
/* Destroys the instance and frees what worker_start made. */
void worker_end(worker *worker);

/* ---- run.c: the functions behind the handle ---- */

extern const pipette_run_host worker_run_host;
extern const pipette_batch_host worker_batch_host;

/* Makes the handle ready for the next run, in lane `lane`. */
void run_begin(worker *worker, uint64_t run, uint64_t lane);
/* Adds a value for `lane` to what will be sent with the chunk; `path` for an undeclared result (WORKER_ADD), else NULL.
 */
void run_append(worker *worker, uint32_t kind, uint32_t column, uint64_t lane, const char *path,
                const pipette_value *value);
/* A text for `lane`, of which `wrong` bytes have been replaced already. */
void run_append_text(worker *worker, uint32_t column, uint64_t lane, const char *text, uint64_t wrong);
/* Whether a value can be a result of that name: well formed, of known type, no text NULL. Otherwise says why, into
 * `error`. */
int run_check_value(const char *path, const pipette_value *value, pipette_error *error);
/* Makes the run fail, unless it has failed; returns the status of the first failure. */
int run_refuse(worker *worker, int code, const char *message);
/* Closes the run: what is missing makes it fail. Returns its state. */
int run_end(worker *worker, int status);
/* Asks the model for the shapes of this run's results; does nothing where every shape is fixed. */
int run_shapes(worker *worker);

/* Looks at the guards of the buffers that the run was lent, and takes over what is in them if `keep`. A run that wrote
 * beyond them fails where it is alone in its process; else the chunk is dirty. */
void run_return_buffers(worker *worker, int keep);

/* ---- constants.c ---- */

/* Finds constant_base and constant_size. */
void constants_find(worker *worker);

/* ---- shape.c ---- */

/* Finds the value of a declared parameter (index in the schema). */
typedef const pipette_value *(*shape_lookup)(void *user, uint32_t parameter, pipette_value *room);

/* Calls the model's shape() and completes `extents`: for each result in order, for each of its dimensions. Extents that
 * the declaration gives are filled in from it. */
int shape_ask(const plugin_schema *schema, const pipette_model *model, shape_lookup lookup, void *user,
              shape_extent *extents, pipette_error *error);
uint32_t shape_extent_count(const plugin_schema *schema);

/* ---- capture.c: what the model prints ---- */

/* A file in memory for what a worker prints, with a limited room; or -1 and errno. Its position tells how much is in
 * it. */
int capture_file(void);
/* Sends stdout and stderr of this process there; `memory` of `size` bytes (board_print()) is stdout's buffer. 0 or a
 * status. */
int capture_start(int file, char *memory, size_t size, pipette_error *error);
/* Whether stdout has no buffer: then the order of what is printed and written is kept, also in a crash. */
void capture_unbuffered(int wanted);
/* Prints a line; 0 where nothing is captured. */
int capture_line(const char *line);
void capture_flush(void);
/* Appends what was printed since the last call to `log`; 1 if that was anything. `look_closely`: also what was written
 * around stdio. */
int capture_take(wire *log, int look_closely);
/* The same from any such file, also of a process that has died. */
void capture_read(int file, wire *log);
/* The log as UTF-8 text; what is none has become U+FFFD and is added to `*wrong`. Lives in `room`. */
const char *capture_text(wire *log, wire *room, uint64_t *wrong);

#endif
