/* model.h: a model: what is computed for one point of the exploration.
 *
 * A whole model:
 *
 *     #include <pipette/model.h>
 *
 *     static const pipette_parameter_spec parameters[] = {
 *         PIPETTE_F64("x", 1.0, "1", "First factor."),
 *         PIPETTE_F64("y", 1.0, "1", "Second factor."),
 *     };
 *     static const pipette_result_spec results[] = {
 *         PIPETTE_RESULT_F64("$.z", "1", "Their product."),
 *     };
 *     static int multiply(pipette_run *run)
 *     {
 *         return pipette_put_f64(run, "$.z", pipette_f64(run, "x") * pipette_f64(run, "y"));
 *     }
 *     PIPETTE_MODEL("multiply", "1.0", "Multiplies two numbers.", parameters, results, multiply);
 *
 * Built with: cc -shared -fPIC $(pkg-config --cflags pipette) multiply.c -o multiply.so
 *
 * Where it lives: a model is loaded in a process of its own (the model host), which forks the workers. Each worker
 * makes its own instance and calls `run` for one point after the other. A crash, an exit(), a hang or a memory blow-up
 * costs the run at fault, which the ledger records with its reason, and no other. Nothing of a run may depend on which
 * worker executes it or what that worker did before.
 *
 * What a run finds: its own parameters, whatever earlier runs wrote through their const pointers; working directory,
 * descriptors and their flags, limits, signals, timers, environment, locale, floating-point state and priority as the
 * instance left them. A worker whose runs change any of that stores nothing of the chunk; its runs are done again one
 * by one, those that do it in processes of their own. Files that the first runs of a process open and keep are no such
 * change; one more for each run is. Memory that runs leave behind costs them nothing either: the worker is renewed. The
 * rest, such as static variables or damage to the heap, stays, unless the run stage says isolation = "run": a process
 * for every run.
 *
 * Threads: a pool that the first run of an instance leaves (OpenMP, BLAS) is kept; a run that leaves one more gets
 * processes of its own, which is slow. Libraries find OMP_NUM_THREADS, OPENBLAS_NUM_THREADS, MKL_NUM_THREADS and
 * BLIS_NUM_THREADS at cores divided by workers, unless the user has set them (where OMP_NUM_THREADS is set, the others
 * follow it); the file records them. Where the threads of all workers need every core, OMP_WAIT_POLICY is passive,
 * unless the user has said how threads wait. create() and run() may start threads; a constructor may not, for workers
 * are forked behind it.
 *
 * Random numbers: pipette_random() and pipette_uniform() below. A model that calls rand(), random() or drand48() and
 * their kin, itself or in a library of its own, finds them seeded from (seed, run) in every run, and for create(); its
 * batch form is not used, nor tried by `check`.
 *
 * Working directory: the command's; with run = { workdir = "run"; } an empty one for every run, with "worker" one for
 * each worker, both in FILE.work beside the result file. It is removed when the run ends, but kept where the run
 * failed, whose message names it.
 */
#ifndef PIPETTE_MODEL_H
#define PIPETTE_MODEL_H

#include "plugin.h"

/* ---- One run ---- */

typedef struct pipette_run pipette_run;

/* Functions of the host for a run; use the inline ones below. All: the thread that called `run`, only while it lasts.
 * None blocks, but put() of large results of unknown size, which may wait for the supervisor. */
typedef struct pipette_run_host {
    uint32_t size;
    uint32_t reserved;
    double (*f64)(pipette_run *run, const char *name);
    int64_t (*i64)(pipette_run *run, const char *name);
    uint64_t (*u64)(pipette_run *run, const char *name);
    const char *(*string)(pipette_run *run, const char *name);
    int (*value)(pipette_run *run, const char *name, pipette_value *value);
    int32_t (*parameter)(pipette_run *run, const char *name);
    const void *(*parameter_at)(pipette_run *run, int32_t parameter);
    int32_t (*result)(pipette_run *run, const char *path);
    int (*put)(pipette_run *run, const char *path, const pipette_value *value);
    int (*put_at)(pipette_run *run, int32_t result, const pipette_value *value);
    int (*put_f64)(pipette_run *run, const char *path, double value);
    int (*put_f64_at)(pipette_run *run, int32_t result, double value);
    int (*put_i64)(pipette_run *run, const char *path, int64_t value);
    void *(*buffer)(pipette_run *run, const char *path, int type, uint64_t *count);
    void *(*buffer_at)(pipette_run *run, int32_t result, int type, uint64_t *count);
    int (*fail)(pipette_run *run, int code, const char *format, ...) PIPETTE_PRINTF(3, 4);
    void (*log)(pipette_run *run, int level, const char *format, ...) PIPETTE_PRINTF(3, 4);
    void (*random)(pipette_run *run, uint32_t stream, uint64_t first, uint64_t count, uint64_t *out);
} pipette_run_host;

/* A run, as the model sees it. */
struct pipette_run {
    uint32_t size;
    uint32_t reserved;
    const pipette_run_host *host;
    void *instance; /* what create() left in stage->instance */
    uint64_t index; /* of the run, from 0 */
    uint64_t seed;  /* of the experiment */
};

/* The value of a parameter in this run. Names are the declared paths, or any name that finds one (trajectory.h). A name
 * that finds nothing or another type makes the run fail with a message and gives 0 here. Integers and bools widen for
 * f64; bools and i32 for i64 and u64. */
PIPETTE_INLINE double pipette_f64(pipette_run *run, const char *name)
{
    return run->host->f64(run, name);
}
PIPETTE_INLINE int64_t pipette_i64(pipette_run *run, const char *name)
{
    return run->host->i64(run, name);
}
PIPETTE_INLINE uint64_t pipette_u64(pipette_run *run, const char *name)
{
    return run->host->u64(run, name);
}
/* Borrowed until the run ends. "" where the name finds nothing. */
PIPETTE_INLINE const char *pipette_string(pipette_run *run, const char *name)
{
    return run->host->string(run, name);
}
/* A parameter of any type and shape; borrowed until the run ends. */
PIPETTE_INLINE int pipette_parameter_value(pipette_run *run, const char *name, pipette_value *value)
{
    return run->host->value(run, name, value);
}

/* Looks for a scalar of exactly that type: 1, or 0 after the run has failed with a message. */
PIPETTE_INLINE int pipette_parameter_scalar(pipette_run *run, const char *name, int type, pipette_value *value)
{
    if (run->host->value(run, name, value) != PIPETTE_OK)
        return 0;
    if (value->rank == 0 && value->type == type)
        return 1;
    (void)run->host->fail(run, PIPETTE_E_TYPE, "parameter '%s' is %s%s, the model asks for %s", name,
                          pipette_type_text(value->type), value->rank > 0 ? " array" : "", pipette_type_text(type));
    return 0;
}
/* Parameters that are declared with that type; nothing widens here. */
PIPETTE_INLINE int pipette_bool(pipette_run *run, const char *name)
{
    pipette_value value;
    return pipette_parameter_scalar(run, name, PIPETTE_TYPE_BOOL, &value) ? value.as.boolean : 0;
}
PIPETTE_INLINE int32_t pipette_i32(pipette_run *run, const char *name)
{
    pipette_value value;
    return pipette_parameter_scalar(run, name, PIPETTE_TYPE_I32, &value) ? value.as.i32 : 0;
}
PIPETTE_INLINE float pipette_f32(pipette_run *run, const char *name)
{
    pipette_value value;
    return pipette_parameter_scalar(run, name, PIPETTE_TYPE_F32, &value) ? value.as.f32 : 0.0f;
}
PIPETTE_INLINE pipette_complex pipette_complex_number(pipette_run *run, const char *name)
{
    const pipette_complex zero = {0.0, 0.0};
    pipette_value value;
    return pipette_parameter_scalar(run, name, PIPETTE_TYPE_COMPLEX, &value) ? value.as.complex_value : zero;
}
/* The elements of an array parameter that is declared with that type, in row-major order; `*count` (may be NULL)
 * becomes their number. Borrowed until the run ends. NULL, with the run failed, for another name, type or a scalar. */
PIPETTE_INLINE const void *pipette_parameter_array(pipette_run *run, const char *name, int type, uint64_t *count)
{
    pipette_value value;
    if (count != NULL)
        *count = 0;
    if (run->host->value(run, name, &value) != PIPETTE_OK)
        return NULL;
    if (value.rank == 0 || value.type != type) {
        (void)run->host->fail(run, PIPETTE_E_TYPE, "parameter '%s' is %s%s, the model asks for %s array", name,
                              pipette_type_text(value.type), value.rank > 0 ? " array" : "", pipette_type_text(type));
        return NULL;
    }
    if (count != NULL)
        *count = pipette_value_count(&value);
    return value.data;
}
PIPETTE_INLINE const double *pipette_f64_array(pipette_run *run, const char *name, uint64_t *count)
{
    return (const double *)pipette_parameter_array(run, name, PIPETTE_TYPE_F64, count);
}
PIPETTE_INLINE const int64_t *pipette_i64_array(pipette_run *run, const char *name, uint64_t *count)
{
    return (const int64_t *)pipette_parameter_array(run, name, PIPETTE_TYPE_I64, count);
}
PIPETTE_INLINE const char *const *pipette_string_array(pipette_run *run, const char *name, uint64_t *count)
{
    return (const char *const *)pipette_parameter_array(run, name, PIPETTE_TYPE_STRING, count);
}

/* Handles, for models that count nanoseconds: ask once (in the first run of an instance) and keep. A handle is the same
 * in all runs of an instance. Negative: the name finds nothing. */
PIPETTE_INLINE int32_t pipette_parameter(pipette_run *run, const char *name)
{
    return run->host->parameter(run, name);
}
/* The elements of the parameter, of its declared type: *(const double *)pipette_parameter_at(run, handle). NULL for a
 * bad handle. */
PIPETTE_INLINE const void *pipette_parameter_at(pipette_run *run, int32_t parameter)
{
    return run->host->parameter_at(run, parameter);
}
PIPETTE_INLINE int32_t pipette_result(pipette_run *run, const char *path)
{
    return run->host->result(run, path);
}

/* Stores a result of this run. `path` is the declared one ("neuron.$.V"); a path that is not declared adds a result of
 * that name ("$" is the run; without it, "runs.$.PATH"). Type and shape must be the declared ones (integers widen); a
 * wrong one, or the same path twice, makes the run fail. So does a name or a text that is NULL. Bytes of texts that are
 * no UTF-8 are stored as U+FFFD, and counted. The value is copied. A result that is not declared must have the same
 * type and number of dimensions in all runs, of any length: what a finished file holds, else the run with the lowest
 * index that stores it, says which. Other runs fail, whatever the order in which they are executed, and so does one
 * that stores a value where another result has a group ("a.b" beside "a"). */
PIPETTE_INLINE int pipette_put(pipette_run *run, const char *path, const pipette_value *value)
{
    return run->host->put(run, path, value);
}
PIPETTE_INLINE int pipette_put_at(pipette_run *run, int32_t result, const pipette_value *value)
{
    return run->host->put_at(run, result, value);
}
PIPETTE_INLINE int pipette_put_f64(pipette_run *run, const char *path, double value)
{
    return run->host->put_f64(run, path, value);
}
PIPETTE_INLINE int pipette_put_f64_at(pipette_run *run, int32_t result, double value)
{
    return run->host->put_f64_at(run, result, value);
}
PIPETTE_INLINE int pipette_put_i64(pipette_run *run, const char *path, int64_t value)
{
    return run->host->put_i64(run, path, value);
}
PIPETTE_INLINE int pipette_put_u64(pipette_run *run, const char *path, uint64_t number)
{
    pipette_value value = pipette_value_u64(number);
    return run->host->put(run, path, &value);
}
PIPETTE_INLINE int pipette_put_i32(pipette_run *run, const char *path, int32_t number)
{
    pipette_value value = pipette_value_i32(number);
    return run->host->put(run, path, &value);
}
PIPETTE_INLINE int pipette_put_f32(pipette_run *run, const char *path, float number)
{
    pipette_value value = pipette_value_f32(number);
    return run->host->put(run, path, &value);
}
/* What is not 0 is true. */
PIPETTE_INLINE int pipette_put_bool(pipette_run *run, const char *path, int truth)
{
    pipette_value value = pipette_value_bool(truth != 0);
    return run->host->put(run, path, &value);
}
/* From C's own complex numbers: pipette_put_complex(run, "$.z", creal(z), cimag(z)). */
PIPETTE_INLINE int pipette_put_complex(pipette_run *run, const char *path, double real_part, double imaginary_part)
{
    pipette_complex number;
    pipette_value value;
    number.real = real_part;
    number.imaginary = imaginary_part;
    value = pipette_value_complex(number);
    return run->host->put(run, path, &value);
}
PIPETTE_INLINE int pipette_put_string(pipette_run *run, const char *path, const char *text)
{
    pipette_value value = pipette_value_string(text);
    return run->host->put(run, path, &value);
}
/* A one-dimensional array of `count` doubles, such as spike times. */
PIPETTE_INLINE int pipette_put_f64_array(pipette_run *run, const char *path, const double *data, uint64_t count)
{
    pipette_value value = pipette_value_array(PIPETTE_TYPE_F64, 1, &count, data);
    return run->host->put(run, path, &value);
}
PIPETTE_INLINE int pipette_put_i64_array(pipette_run *run, const char *path, const int64_t *data, uint64_t count)
{
    pipette_value value = pipette_value_array(PIPETTE_TYPE_I64, 1, &count, data);
    return run->host->put(run, path, &value);
}

/* Where the host wants the result: memory for `*count` elements of `type`, row-major, to be filled during the run. Only
 * for results that are declared with a shape known before the run. Aligned for its type, not zeroed, valid until the
 * run ends. Not to be freed. A run that writes directly before or behind it fails. Asking for it counts as storing it.
 * NULL after an error (the run has failed then). `count` may be NULL. */
PIPETTE_INLINE void *pipette_buffer(pipette_run *run, const char *path, int type, uint64_t *count)
{
    return run->host->buffer(run, path, type, count);
}
PIPETTE_INLINE void *pipette_buffer_at(pipette_run *run, int32_t result, int type, uint64_t *count)
{
    return run->host->buffer_at(run, result, type, count);
}
PIPETTE_INLINE double *pipette_buffer_f64(pipette_run *run, const char *path, uint64_t *count)
{
    return (double *)run->host->buffer(run, path, PIPETTE_TYPE_F64, count);
}

/* Reports a failure of this run and returns `code`: return pipette_fail(run, PIPETTE_E_MODEL, "diverged at t=%g", t).
 * The sweep goes on. */
#define pipette_fail(run, ...) ((run)->host->fail((run), __VA_ARGS__))
/* Says that there is nothing to compute at this point; recorded with the message, not counted as a failure. */
#define pipette_infeasible(run, ...) ((run)->host->fail((run), PIPETTE_INFEASIBLE, __VA_ARGS__))
/* A line for the run's log. */
#define pipette_log(run, ...) ((run)->host->log((run), __VA_ARGS__))

/* `count` random 64-bit numbers, those from `first` on of the stream `stream`, which depend only on (seed of the
 * experiment, run, stream, position): the same whatever the order or number of workers. Philox4x64-10 (Salmon et al.,
 * SC'11). */
PIPETTE_INLINE void pipette_random(pipette_run *run, uint32_t stream, uint64_t first, uint64_t count, uint64_t *out)
{
    run->host->random(run, stream, first, count, out);
}
/* One of them as a double in [0, 1), with 53 random bits. */
PIPETTE_INLINE double pipette_uniform(pipette_run *run, uint32_t stream, uint64_t position)
{
    uint64_t bits = 0;
    run->host->random(run, stream, position, 1, &bits);
    return (double)(bits >> 11) * 0x1.0p-53;
}

/* ---- Shapes that depend on parameters ---- */

typedef struct pipette_shape pipette_shape;

typedef struct pipette_shape_host {
    uint32_t size;
    uint32_t reserved;
    double (*f64)(pipette_shape *shape, const char *name);
    int64_t (*i64)(pipette_shape *shape, const char *name);
    int (*value)(pipette_shape *shape, const char *name, pipette_value *value);
    int (*extent)(pipette_shape *shape, const char *path, uint32_t dimension, uint64_t extent, double start,
                  double step);
    int (*fail)(pipette_shape *shape, int code, const char *format, ...) PIPETTE_PRINTF(3, 4);
} pipette_shape_host;

struct pipette_shape {
    uint32_t size;
    uint32_t reserved;
    const pipette_shape_host *host;
};

/* A parameter that is named in `shape_parameters`, at the combination that is being asked for. */
PIPETTE_INLINE double pipette_shape_f64(pipette_shape *shape, const char *name)
{
    return shape->host->f64(shape, name);
}
PIPETTE_INLINE int64_t pipette_shape_i64(pipette_shape *shape, const char *name)
{
    return shape->host->i64(shape, name);
}
PIPETTE_INLINE int pipette_shape_value(pipette_shape *shape, const char *name, pipette_value *value)
{
    return shape->host->value(shape, name, value);
}
/* Dimension `dimension` of the result `path` has `extent` elements (0 is a length like any other), with coordinates
 * start + i * step (step 0: none). */
PIPETTE_INLINE int pipette_shape_extent(pipette_shape *shape, const char *path, uint32_t dimension, uint64_t extent,
                                        double start, double step)
{
    return shape->host->extent(shape, path, dimension, extent, start, step);
}
/* Says that these parameters make no sense together; the command ends before the first run with this message. */
#define pipette_shape_fail(shape, ...) ((shape)->host->fail((shape), __VA_ARGS__))

/* ---- The table of a model ---- */

typedef struct pipette_model {
    uint32_t size;
    uint32_t flags; /* none yet */
    const pipette_parameter_spec *parameters;
    uint32_t parameter_count, parameter_stride; /* stride 0: sizeof(pipette_parameter_spec) */
    const pipette_result_spec *results;
    uint32_t result_count, result_stride;
    /* Paths of the parameters that shape() reads, and that decide the shapes. */
    const char *const *shape_parameters;
    uint32_t shape_parameter_count, reserved;
    /* Gives the extents that the declaration leaves open (0). Called in the model host, once per distinct combination
     * of shape_parameters, before the first run. Optional if no extent is 0. Also the place to refuse combinations. */
    int (*shape)(pipette_shape *shape);
    /* Optional. Makes an instance in stage->instance. Worker process, before its first run. */
    int (*create)(pipette_stage *stage);
    /* Computes one point. 0, PIPETTE_INFEASIBLE, or a negative status (after pipette_fail, for a message). A declared
     * result that was not stored when 0 is returned makes the run fail. Worker process. */
    int (*run)(pipette_run *run);
    /* Optional. Frees the instance. Worker process, when it ends in order. */
    void (*destroy)(pipette_stage *stage);
} pipette_model;

/* A model in one line; arrays as above. */
#define PIPETTE_MODEL(name, version, doc, parameters, results, run)                                                    \
    PIPETTE_MODEL_WITH(name, version, doc, parameters, results, run, NULL, 0, NULL, NULL, NULL, NULL)
/* With the rest: names of the parameters that decide shapes and their number, shape(), create(), destroy(), and the
 * function that looks up extensions; each may be NULL or 0. */
#define PIPETTE_MODEL_WITH(name, version, doc, parameters, results, run, shape_parameters, shape_parameter_count,      \
                           shape, create, destroy, extension)                                                          \
    static const pipette_model pipette_model_table = {(uint32_t)sizeof(pipette_model),                                 \
                                                      0,                                                               \
                                                      parameters,                                                      \
                                                      PIPETTE_COUNT_OF(parameters),                                    \
                                                      0,                                                               \
                                                      results,                                                         \
                                                      PIPETTE_COUNT_OF(results),                                       \
                                                      0,                                                               \
                                                      shape_parameters,                                                \
                                                      shape_parameter_count,                                           \
                                                      0,                                                               \
                                                      shape,                                                           \
                                                      create,                                                          \
                                                      run,                                                             \
                                                      destroy};                                                        \
    PIPETTE_PLUGIN_(PIPETTE_KIND_MODEL, 0, name, version, doc, &pipette_model_table, NULL, 0, extension)

/* ---- Extension "pipette.batch/1": many points at once ---- */

#define PIPETTE_BATCH_EXTENSION "pipette.batch/1"

typedef struct pipette_batch pipette_batch;

typedef struct pipette_batch_host {
    uint32_t size;
    uint32_t reserved;
    int (*put)(pipette_batch *batch, uint64_t lane, uint32_t result, const pipette_value *value);
    int (*fail)(pipette_batch *batch, uint64_t lane, int code, const char *format, ...) PIPETTE_PRINTF(4, 5);
} pipette_batch_host;

/* A batch of points as columns. Lane i is run index first + i. Every column is aligned to 64 bytes and has room for
 * `width` rows, a multiple of 16 that is not less than `count`; parameter lanes behind `count` repeat the last point,
 * result lanes behind it may be written and are thrown away. */
struct pipette_batch {
    uint32_t size;
    uint32_t reserved;
    const pipette_batch_host *host;
    void *instance;
    uint64_t first, count, width;
    uint64_t seed;
    /* One pointer per declared parameter, in the order of the declaration: a column of elements of its type. */
    const void *const *parameters;
    /* One pointer per declared result: a column of scalars, or for arrays lane after lane, of result_strides[j]
     * elements each. NULL for a ragged one or a text: pipette_batch_put() takes those. */
    void *const *results;
    const uint64_t *result_strides;
    /* Per lane: 0 (preset), PIPETTE_INFEASIBLE or a negative status. */
    int32_t *status;
};

/* Stores a ragged result or a text of one lane (below `count`); `result` counts the declaration. The value is copied.
 */
PIPETTE_INLINE int pipette_batch_put(pipette_batch *batch, uint64_t lane, uint32_t result, const pipette_value *value)
{
    return batch->host->put(batch, lane, result, value);
}
/* Says why a lane has no result, or is infeasible, with a message; sets its status: pipette_batch_fail(batch, lane,
 * code, "...", ...). */
#define pipette_batch_fail(batch, ...) ((batch)->host->fail((batch), __VA_ARGS__))

/* What extension("pipette.batch/1") returns. Offered only where run_batch gives the same bytes as run, for every point;
 * `pipette check PLUGIN` holds them against each other. Models with array or string parameters are run one by one
 * whatever they offer, and so are explorations in which a result changes its shape with a parameter. */
typedef struct pipette_batch_model {
    uint32_t size;
    uint32_t reserved;
    /* Computes `count` points. Worker process. Returns 0, or a negative status, which fails the whole batch. */
    int (*run_batch)(pipette_batch *batch);
} pipette_batch_model;

/* Defines the function `lookup` for the descriptor, which offers `run_batch`. */
#define PIPETTE_OFFER_BATCH(lookup, run_batch)                                                                         \
    static const void *lookup(const char *id)                                                                          \
    {                                                                                                                  \
        static const pipette_batch_model offered = {(uint32_t)sizeof(pipette_batch_model), 0, run_batch};              \
        return strcmp(id, PIPETTE_BATCH_EXTENSION) == 0 ? (const void *)&offered : NULL;                               \
    }                                                                                                                  \
    static const void *lookup(const char *id)

#endif
