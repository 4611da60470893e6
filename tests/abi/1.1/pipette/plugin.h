/* plugin.h: how a shared object becomes a plugin: the entry, the descriptor, options, and the stage handle.
 *
 * A plugin is a shared object that exports one function, pipette_plugin_entry(), which returns a pointer to a constant
 * descriptor. The macros PIPETTE_MODEL (model.h), PIPETTE_PREPROCESS (preprocess.h), PIPETTE_POSTPROCESS
 * (postprocess.h), PIPETTE_STORAGE (storage.h) and PIPETTE_LAUNCHER (launcher.h) write all of that from one line.
 *
 * Life of a plugin: the host loads the file (dlopen with RTLD_NOW | RTLD_LOCAL, never unloaded), checks the frozen
 * prefix of the descriptor, then the rest. For each stage of the pipeline that names the plugin it calls `create`,
 * then the stage's own functions, then `destroy`; all from one thread of one process. Models live in processes of their
 * own (model.h), every other kind lives in the process that runs the command.
 */
#ifndef PIPETTE_PLUGIN_H
#define PIPETTE_PLUGIN_H

#include "base.h"

/* The kinds of plugin. Numbers are final. */
#define PIPETTE_KIND_MAP(X)                                                                                            \
    X(MODEL, 1, "model")                                                                                               \
    X(PREPROCESS, 2, "preprocess")                                                                                     \
    X(POSTPROCESS, 3, "postprocess")                                                                                   \
    X(STORAGE, 4, "storage")                                                                                           \
    X(LAUNCHER, 5, "launcher")

typedef enum pipette_kind {
#define PIPETTE_KIND_ENUM(name, number, text) PIPETTE_KIND_##name = (number),
    PIPETTE_KIND_MAP(PIPETTE_KIND_ENUM)
#undef PIPETTE_KIND_ENUM
} pipette_kind;

PIPETTE_INLINE const char *pipette_kind_text(int kind)
{
    switch (kind) {
#define PIPETTE_KIND_CASE(name, number, text)                                                                          \
    case number:                                                                                                       \
        return text;
        PIPETTE_KIND_MAP(PIPETTE_KIND_CASE)
#undef PIPETTE_KIND_CASE
    default:
        return "unknown";
    }
}

/* ---- What a plugin declares ---- */

enum { PIPETTE_HAS_MINIMUM = 1, PIPETTE_HAS_MAXIMUM = 2, PIPETTE_ABOVE_MINIMUM = 4 };

/* A parameter that enters the trajectory under `parameters`. `type` says which default counts: F64, F32 and COMPLEX
 * default_f64 (COMPLEX: real part, the imaginary one is 0), I64, I32 and BOOL default_i64, U64 default_u64, STRING
 * default_string. An array parameter has default_array instead (then the scalars are not looked at). Bounds are
 * inclusive unless PIPETTE_ABOVE_MINIMUM is set; a bounded parameter is never NaN. Every value that the parameter gets,
 * by preset or by exploration, is held against type and bounds before the first run. */
typedef struct pipette_parameter_spec {
    uint32_t size;
    int32_t type;
    const char *path; /* "neuron.tau_V"; the branch `parameters` is added by the host */
    double default_f64;
    int64_t default_i64;
    uint64_t default_u64;
    const char *default_string;
    const pipette_value *default_array;
    const char *unit; /* UDUNITS text, "1" where there is none, "" or NULL for text and flags */
    const char *doc;
    uint32_t flags; /* PIPETTE_HAS_MINIMUM, ... */
    uint32_t reserved;
    double minimum, maximum;
} pipette_parameter_spec;

#define PIPETTE_PARAMETER_(type, path, f64, i64, u64, string, unit, doc, flags, minimum, maximum)                      \
    {                                                                                                                  \
        (uint32_t)sizeof(pipette_parameter_spec), type, path, f64, i64, u64, string, NULL, unit, doc, flags, 0,        \
            minimum, maximum                                                                                           \
    }
#define PIPETTE_F64(path, value, unit, doc)                                                                            \
    PIPETTE_PARAMETER_(PIPETTE_TYPE_F64, path, value, 0, 0, NULL, unit, doc, 0, 0, 0)
#define PIPETTE_F32(path, value, unit, doc)                                                                            \
    PIPETTE_PARAMETER_(PIPETTE_TYPE_F32, path, value, 0, 0, NULL, unit, doc, 0, 0, 0)
#define PIPETTE_I64(path, value, unit, doc)                                                                            \
    PIPETTE_PARAMETER_(PIPETTE_TYPE_I64, path, 0, value, 0, NULL, unit, doc, 0, 0, 0)
#define PIPETTE_I32(path, value, unit, doc)                                                                            \
    PIPETTE_PARAMETER_(PIPETTE_TYPE_I32, path, 0, value, 0, NULL, unit, doc, 0, 0, 0)
#define PIPETTE_U64(path, value, unit, doc)                                                                            \
    PIPETTE_PARAMETER_(PIPETTE_TYPE_U64, path, 0, 0, value, NULL, unit, doc, 0, 0, 0)
#define PIPETTE_BOOL(path, value, doc) PIPETTE_PARAMETER_(PIPETTE_TYPE_BOOL, path, 0, value, 0, NULL, "", doc, 0, 0, 0)
#define PIPETTE_COMPLEX(path, value, unit, doc)                                                                        \
    PIPETTE_PARAMETER_(PIPETTE_TYPE_COMPLEX, path, value, 0, 0, NULL, unit, doc, 0, 0, 0)
#define PIPETTE_STRING(path, value, doc) PIPETTE_PARAMETER_(PIPETTE_TYPE_STRING, path, 0, 0, 0, value, "", doc, 0, 0, 0)
/* An array of one dimension: its default as a static value of that name, then the parameter that has it. The number of
 * elements is that of the default; a preset may have another.
 *     PIPETTE_F64_VALUES(weights, 0.5, 0.25, 0.25);
 *     static const pipette_parameter_spec parameters[] = {
 *         PIPETTE_F64_ARRAY("weights", weights, "1", "Of the inputs."),
 *     };
 * More dimensions: a pipette_value of one's own (base.h). */
#define PIPETTE_ARRAY_VALUES(name, ctype, type, ...)                                                                   \
    static ctype const name##_elements[] = {__VA_ARGS__};                                                              \
    static const uint64_t name##_extents[] = {sizeof(name##_elements) / sizeof(name##_elements[0])};                   \
    static const pipette_value name = {                                                                                \
        (uint32_t)sizeof(pipette_value), type, 1, 0, name##_extents, name##_elements, {0}}
#define PIPETTE_F64_VALUES(name, ...) PIPETTE_ARRAY_VALUES(name, double, PIPETTE_TYPE_F64, __VA_ARGS__)
#define PIPETTE_F32_VALUES(name, ...) PIPETTE_ARRAY_VALUES(name, float, PIPETTE_TYPE_F32, __VA_ARGS__)
#define PIPETTE_I64_VALUES(name, ...) PIPETTE_ARRAY_VALUES(name, int64_t, PIPETTE_TYPE_I64, __VA_ARGS__)
#define PIPETTE_I32_VALUES(name, ...) PIPETTE_ARRAY_VALUES(name, int32_t, PIPETTE_TYPE_I32, __VA_ARGS__)
#define PIPETTE_U64_VALUES(name, ...) PIPETTE_ARRAY_VALUES(name, uint64_t, PIPETTE_TYPE_U64, __VA_ARGS__)
#define PIPETTE_BOOL_VALUES(name, ...) PIPETTE_ARRAY_VALUES(name, uint8_t, PIPETTE_TYPE_BOOL, __VA_ARGS__)
/* Each as {real, imaginary}. */
#define PIPETTE_COMPLEX_VALUES(name, ...) PIPETTE_ARRAY_VALUES(name, pipette_complex, PIPETTE_TYPE_COMPLEX, __VA_ARGS__)
#define PIPETTE_STRING_VALUES(name, ...) PIPETTE_ARRAY_VALUES(name, const char *, PIPETTE_TYPE_STRING, __VA_ARGS__)
#define PIPETTE_PARAMETER_ARRAY(path, type, values, unit, doc)                                                         \
    {                                                                                                                  \
        (uint32_t)sizeof(pipette_parameter_spec), type, path, 0, 0, 0, NULL, &(values), unit, doc, 0, 0, 0, 0          \
    }
#define PIPETTE_F64_ARRAY(path, values, unit, doc) PIPETTE_PARAMETER_ARRAY(path, PIPETTE_TYPE_F64, values, unit, doc)
#define PIPETTE_F32_ARRAY(path, values, unit, doc) PIPETTE_PARAMETER_ARRAY(path, PIPETTE_TYPE_F32, values, unit, doc)
#define PIPETTE_I64_ARRAY(path, values, unit, doc) PIPETTE_PARAMETER_ARRAY(path, PIPETTE_TYPE_I64, values, unit, doc)
#define PIPETTE_I32_ARRAY(path, values, unit, doc) PIPETTE_PARAMETER_ARRAY(path, PIPETTE_TYPE_I32, values, unit, doc)
#define PIPETTE_U64_ARRAY(path, values, unit, doc) PIPETTE_PARAMETER_ARRAY(path, PIPETTE_TYPE_U64, values, unit, doc)
#define PIPETTE_BOOL_ARRAY(path, values, doc) PIPETTE_PARAMETER_ARRAY(path, PIPETTE_TYPE_BOOL, values, "", doc)
#define PIPETTE_COMPLEX_ARRAY(path, values, unit, doc)                                                                 \
    PIPETTE_PARAMETER_ARRAY(path, PIPETTE_TYPE_COMPLEX, values, unit, doc)
#define PIPETTE_STRING_ARRAY(path, values, doc) PIPETTE_PARAMETER_ARRAY(path, PIPETTE_TYPE_STRING, values, "", doc)
/* Bounded: minimum <= value <= maximum. */
#define PIPETTE_F64_IN(path, value, minimum, maximum, unit, doc)                                                       \
    PIPETTE_PARAMETER_(PIPETTE_TYPE_F64, path, value, 0, 0, NULL, unit, doc,                                           \
                       PIPETTE_HAS_MINIMUM | PIPETTE_HAS_MAXIMUM, minimum, maximum)
#define PIPETTE_I64_IN(path, value, minimum, maximum, unit, doc)                                                       \
    PIPETTE_PARAMETER_(PIPETTE_TYPE_I64, path, 0, value, 0, NULL, unit, doc,                                           \
                       PIPETTE_HAS_MINIMUM | PIPETTE_HAS_MAXIMUM, minimum, maximum)
/* value > 0, and never NaN. */
#define PIPETTE_F64_POSITIVE(path, value, unit, doc)                                                                   \
    PIPETTE_PARAMETER_(PIPETTE_TYPE_F64, path, value, 0, 0, NULL, unit, doc,                                           \
                       PIPETTE_HAS_MINIMUM | PIPETTE_ABOVE_MINIMUM, 0, 0)

/* A dimension of a result or table. Its coordinate values are the labels where it has some, else start + i * step when
 * step is not 0; otherwise it has a name and a length only. A dimension may not be called `run` or `complex`: files
 * have dimensions of these names. */
typedef struct pipette_dimension {
    uint32_t size;
    uint32_t reserved;
    const char *name; /* "time" */
    const char *unit;
    const char *doc;
    uint64_t extent; /* 0: given by the model's shape(); PIPETTE_RAGGED: differs from run to run */
    double start, step;
    /* ABI 1.1: a text for each of the `extent` elements (which is then a number of its own, neither 0 nor
     * PIPETTE_RAGGED); NULL: none */
    const char *const *labels;
} pipette_dimension;

#define PIPETTE_RAGGED UINT64_MAX
#define PIPETTE_DIMENSION(name, unit, extent, start, step, doc)                                                        \
    {                                                                                                                  \
        (uint32_t)sizeof(pipette_dimension), 0, name, unit, doc, extent, start, step, NULL                             \
    }
/* A dimension whose elements have names. `labels` is the name of a static array of texts, one for each element:
 *     static const char *const states[] = {"S", "I", "R"};
 *     static const pipette_dimension dimensions[] = {PIPETTE_LABELLED_DIMENSION("state", states, "State of health.")};
 */
#define PIPETTE_LABELLED_DIMENSION(name, labels, doc)                                                                  \
    {                                                                                                                  \
        (uint32_t)sizeof(pipette_dimension), 0, name, "", doc, PIPETTE_COUNT_OF(labels), 0, 0, labels                  \
    }

enum { PIPETTE_RETURNED = 1 }; /* the run's value: what postprocessing gets by default */

/* A result of a run. `$` in the path stands for the run's name: "neuron.$.V" is results.neuron.run_00000013.V of run 13
 * and the column results.neuron.V in a file. A path without `$` is meant as "runs.$.PATH". */
typedef struct pipette_result_spec {
    uint32_t size;
    int32_t type;
    const char *path;
    const char *unit;
    const char *doc;
    const pipette_dimension *dimensions; /* rank of them; NULL for a scalar */
    uint32_t rank;
    uint32_t dimension_stride; /* 0: sizeof(pipette_dimension) */
    uint32_t flags;            /* PIPETTE_RETURNED */
    uint32_t reserved;
} pipette_result_spec;

#define PIPETTE_RESULT_(type, path, unit, doc, dimensions, rank, flags)                                                \
    {                                                                                                                  \
        (uint32_t)sizeof(pipette_result_spec), type, path, unit, doc, dimensions, rank, 0, flags, 0                    \
    }
#define PIPETTE_RESULT_F64(path, unit, doc) PIPETTE_RESULT_(PIPETTE_TYPE_F64, path, unit, doc, NULL, 0, 0)
#define PIPETTE_RESULT_F32(path, unit, doc) PIPETTE_RESULT_(PIPETTE_TYPE_F32, path, unit, doc, NULL, 0, 0)
#define PIPETTE_RESULT_I64(path, unit, doc) PIPETTE_RESULT_(PIPETTE_TYPE_I64, path, unit, doc, NULL, 0, 0)
#define PIPETTE_RESULT_I32(path, unit, doc) PIPETTE_RESULT_(PIPETTE_TYPE_I32, path, unit, doc, NULL, 0, 0)
#define PIPETTE_RESULT_U64(path, unit, doc) PIPETTE_RESULT_(PIPETTE_TYPE_U64, path, unit, doc, NULL, 0, 0)
#define PIPETTE_RESULT_BOOL(path, doc) PIPETTE_RESULT_(PIPETTE_TYPE_BOOL, path, "", doc, NULL, 0, 0)
#define PIPETTE_RESULT_COMPLEX(path, unit, doc) PIPETTE_RESULT_(PIPETTE_TYPE_COMPLEX, path, unit, doc, NULL, 0, 0)
#define PIPETTE_RESULT_STRING(path, doc) PIPETTE_RESULT_(PIPETTE_TYPE_STRING, path, "", doc, NULL, 0, 0)
#define PIPETTE_RETURNED_F64(path, unit, doc)                                                                          \
    PIPETTE_RESULT_(PIPETTE_TYPE_F64, path, unit, doc, NULL, 0, PIPETTE_RETURNED)
#define PIPETTE_RETURNED_I64(path, unit, doc)                                                                          \
    PIPETTE_RESULT_(PIPETTE_TYPE_I64, path, unit, doc, NULL, 0, PIPETTE_RETURNED)
/* `dimensions` is an array of pipette_dimension: PIPETTE_RESULT_ARRAY("neuron.$.V", PIPETTE_TYPE_F64, "mV", doc, dims)
 */
#define PIPETTE_RESULT_ARRAY(path, type, unit, doc, dimensions)                                                        \
    PIPETTE_RESULT_(type, path, unit, doc, dimensions, PIPETTE_COUNT_OF(dimensions), 0)

/* Shapes that an option may have in the config, beside the value types of base.h (a scalar of that type; integers widen
 * to floats). Numbers are final. */
enum {
    PIPETTE_OPTION_ANY = 0,
    PIPETTE_OPTION_ARRAY = 101, /* [1.0, 2.0] or (1, 2.0): scalars of one type */
    PIPETTE_OPTION_LIST = 102,  /* ( {...}, {...} ) */
    PIPETTE_OPTION_GROUP = 103  /* {...} */
};

/* An option that the plugin understands. Nested ones are named with `.`, elements of lists with `[]`, any name with
 * `*`: "product", "product[].parameter", "points[].*". A key of the config that no option names is an error. */
typedef struct pipette_option_spec {
    uint32_t size;
    int32_t type; /* pipette_type or PIPETTE_OPTION_... */
    const char *path;
    const char *default_text; /* for the manual; NULL: none */
    const char *doc;
} pipette_option_spec;

#define PIPETTE_OPTION(path, type, default_text, doc)                                                                  \
    {                                                                                                                  \
        (uint32_t)sizeof(pipette_option_spec), type, path, default_text, doc                                           \
    }

enum {
    PIPETTE_REENTRANT = 1,      /* instances may be used from several threads at once */
    PIPETTE_ONE_PER_PROCESS = 2 /* has globals: never two instances in one process */
};

/* "PIPETTE" and a zero byte, as a little-endian number. */
#define PIPETTE_MAGIC UINT64_C(0x0045545445504950)

/* What the entry returns. The first four fields are frozen for ever; nothing behind them is read before they fit. */
typedef struct pipette_descriptor {
    uint64_t magic;
    uint32_t abi_major, abi_minor;
    uint64_t size; /* sizeof(pipette_descriptor) */
    /* Below: ABI 1. */
    int32_t kind;        /* pipette_kind */
    uint32_t flags;      /* PIPETTE_REENTRANT, ... */
    const char *name;    /* what configs call it: letters, digits, _ and - */
    const char *version; /* of the plugin, for provenance: "1.0" */
    const char *doc;     /* one line, then more if wanted */
    const void *table;   /* the kind's table: pipette_model, pipette_preprocess, ... */
    const pipette_option_spec *options;
    uint32_t option_count, option_stride; /* stride 0: sizeof(pipette_option_spec) */
    /* Optional: the extension table for an id such as "pipette.batch/1", or NULL where it is not known. Called in the
     * process that loaded the plugin, before `create`. */
    const void *(*extension)(const char *id);
} pipette_descriptor;

/* The one function that a plugin exports. Called once per process, right after loading. Does no work; blocks on
 * nothing; what it returns lives as long as the plugin is loaded. */
PIPETTE_EXPORT const pipette_descriptor *pipette_plugin_entry(void);
#define PIPETTE_ENTRY_NAME "pipette_plugin_entry"

#define PIPETTE_PLUGIN_(kind, flags, name, version, doc, table, options, option_count, extension)                      \
    PIPETTE_EXPORT const pipette_descriptor *pipette_plugin_entry(void)                                                \
    {                                                                                                                  \
        static const pipette_descriptor descriptor = {PIPETTE_MAGIC,                                                   \
                                                      PIPETTE_ABI_MAJOR,                                               \
                                                      PIPETTE_ABI_MINOR,                                               \
                                                      sizeof(pipette_descriptor),                                      \
                                                      kind,                                                            \
                                                      flags,                                                           \
                                                      name,                                                            \
                                                      version,                                                         \
                                                      doc,                                                             \
                                                      table,                                                           \
                                                      options,                                                         \
                                                      option_count,                                                    \
                                                      0,                                                               \
                                                      extension};                                                      \
        return &descriptor;                                                                                            \
    }                                                                                                                  \
    PIPETTE_EXPORT const pipette_descriptor *pipette_plugin_entry(void)

/* ---- What a plugin sees of its stage ---- */

typedef struct pipette_stage pipette_stage;
typedef struct pipette_option pipette_option; /* one node of the stage's options, owned by the host */

/* Functions that the host offers to every stage. All: the thread that the host called the plugin on, only while that
 * call lasts; none blocks. Use the inline functions below. */
typedef struct pipette_stage_host {
    uint32_t size;
    uint32_t reserved;
    /* Records the message and returns `code` (a negative status), so that a plugin can write `return fail(...)`. */
    int (*fail)(pipette_stage *stage, int code, const char *format, ...) PIPETTE_PRINTF(3, 4);
    /* A line for the log. */
    void (*log)(pipette_stage *stage, int level, const char *format, ...) PIPETTE_PRINTF(3, 4);
    /* The option of that name below `parent` (NULL: the stage's own), or NULL if the config has none. */
    const pipette_option *(*option)(pipette_stage *stage, const pipette_option *parent, const char *name);
    /* How many elements or members an option has; 0 for a scalar. NULL: the stage's own options. */
    uint64_t (*option_count)(pipette_stage *stage, const pipette_option *option);
    /* Element or member `index` in the order of the config, or NULL behind the end. */
    const pipette_option *(*option_at)(pipette_stage *stage, const pipette_option *option, uint64_t index);
    /* Its key; "" for an element of a list or array. Lives as long as the stage. */
    const char *(*option_name)(pipette_stage *stage, const pipette_option *option);
    /* The value, converted to `type` where nothing is lost (integers widen; i64 fits u64 if not negative;
     * PIPETTE_TYPE_NONE: as it stands). Arrays and lists of scalars give rank 1. Fails with file and line. The host
     * owns what `value` points to; it lives as long as the stage. */
    int (*option_value)(pipette_stage *stage, const pipette_option *option, int type, pipette_value *value);
    /* Like fail(), with the option's file and line before the message. */
    int (*option_fail)(pipette_stage *stage, const pipette_option *option, int code, const char *format, ...)
        PIPETTE_PRINTF(4, 5);
} pipette_stage_host;

/* A stage of a pipeline, as its plugin sees it. `instance` is what the plugin's create() left there. */
struct pipette_stage {
    uint32_t size;
    uint32_t reserved;
    const pipette_stage_host *host;
    void *instance;
};

/* Reports a failure: pipette_stage_fail(stage, PIPETTE_E_INVALID, "step %g leads away from the end", step). */
#define pipette_stage_fail(stage, ...) ((stage)->host->fail((stage), __VA_ARGS__))
#define pipette_stage_log(stage, ...) ((stage)->host->log((stage), __VA_ARGS__))
#define pipette_option_fail(stage, ...) ((stage)->host->option_fail((stage), __VA_ARGS__))

PIPETTE_INLINE const pipette_option *pipette_option_get(pipette_stage *stage, const pipette_option *parent,
                                                        const char *name)
{
    return stage->host->option(stage, parent, name);
}
PIPETTE_INLINE uint64_t pipette_option_count(pipette_stage *stage, const pipette_option *option)
{
    return stage->host->option_count(stage, option);
}
PIPETTE_INLINE const pipette_option *pipette_option_at(pipette_stage *stage, const pipette_option *option,
                                                       uint64_t index)
{
    return stage->host->option_at(stage, option, index);
}
PIPETTE_INLINE const char *pipette_option_name(pipette_stage *stage, const pipette_option *option)
{
    return stage->host->option_name(stage, option);
}
PIPETTE_INLINE int pipette_option_value(pipette_stage *stage, const pipette_option *option, int type,
                                        pipette_value *value)
{
    return stage->host->option_value(stage, option, type, value);
}

/* The stage's own option `name` as one scalar; `*out` keeps its value where the config has no such option. Returns 0 or
 * a status whose message names the config's file and line. */
#define PIPETTE_OPTION_GETTER(suffix, ctype, TYPE, member)                                                             \
    PIPETTE_INLINE int pipette_option_##suffix(pipette_stage *stage, const char *name, ctype *out)                     \
    {                                                                                                                  \
        pipette_value value = pipette_value_none();                                                                    \
        const pipette_option *option = pipette_option_get(stage, NULL, name);                                          \
        int status;                                                                                                    \
        if (option == NULL)                                                                                            \
            return PIPETTE_OK;                                                                                         \
        status = pipette_option_value(stage, option, PIPETTE_TYPE_##TYPE, &value);                                     \
        if (status != PIPETTE_OK)                                                                                      \
            return status;                                                                                             \
        if (value.rank != 0)                                                                                           \
            return pipette_option_fail(stage, option, PIPETTE_E_TYPE, "option '%s' takes one value", name);            \
        *out = value.as.member;                                                                                        \
        return PIPETTE_OK;                                                                                             \
    }
PIPETTE_OPTION_GETTER(f64, double, F64, f64)
PIPETTE_OPTION_GETTER(i64, int64_t, I64, i64)
PIPETTE_OPTION_GETTER(u64, uint64_t, U64, u64)
PIPETTE_OPTION_GETTER(bool, uint8_t, BOOL, boolean)
PIPETTE_OPTION_GETTER(string, const char *, STRING, string)
#undef PIPETTE_OPTION_GETTER

#endif
