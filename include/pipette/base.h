/* base.h: what every part of the ABI stands on: version, status codes, values, errors.
 *
 * Rules that hold for every header in this folder:
 *  - Every struct that crosses the ABI begins with its size (set it to sizeof the struct; the macros do).
 *    A zero in any other field means "the default". Arrays of structs carry their count and their stride.
 *  - Functions return 0 (PIPETTE_OK), a positive value that is a result of its own (PIPETTE_INFEASIBLE), or a
 *    negative code from the list below.
 *  - Neither side frees what the other allocated. Strings and arrays that are handed over are borrowed for the call;
 *    whoever wants to keep them copies them. Where a function differs, its comment says so.
 *  - Text is UTF-8.
 *  - Every function that a header of minor version N offers is in the table of every host that accepts a plugin of
 *    minor version N: the handshake refuses a plugin that is newer than the host, so no inline function can meet a
 *    hole. A host looks at the size of a plugin's table before it reads a member (PIPETTE_HAS).
 *  - Texts that only describe (units, docs, comments) may be NULL, which is the empty text.
 *  - These headers compile alone as C11 and as C++17, also after <complex.h>, and need nothing to be linked: the host
 *    hands plugins a table of functions, and the inline functions here call it.
 */
#ifndef PIPETTE_BASE_H
#define PIPETTE_BASE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* A plugin is accepted when its major number equals the host's and its minor number is not larger. */
#define PIPETTE_ABI_MAJOR 1u
#define PIPETTE_ABI_MINOR 1u

#ifdef __cplusplus
#define PIPETTE_EXPORT extern "C" __attribute__((visibility("default")))
#else
#define PIPETTE_EXPORT __attribute__((visibility("default")))
#endif
#define PIPETTE_INLINE static inline __attribute__((unused))
#define PIPETTE_PRINTF(format_index, first_argument) __attribute__((format(printf, format_index, first_argument)))
#define PIPETTE_COUNT_OF(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))

/* True if the table that `table` points to is long enough to hold `member` (older hosts have shorter tables). */
#define PIPETTE_HAS(table, member) ((table) != NULL && (table)->size >= PIPETTE_MEMBER_END(table, member))
#define PIPETTE_MEMBER_END(table, member)                                                                              \
    ((size_t)((const char *)&(table)->member - (const char *)(table)) + sizeof((table)->member))

/* Status codes: name, number, text. Numbers are final. */
#define PIPETTE_STATUS_MAP(X)                                                                                          \
    X(OK, 0, "ok")                                                                                                     \
    X(INFEASIBLE, 1, "the point is infeasible; a result, not an error")                                                \
    X(E_INVALID, -1, "invalid argument")                                                                               \
    X(E_TYPE, -2, "wrong type")                                                                                        \
    X(E_NOT_FOUND, -3, "no such name")                                                                                 \
    X(E_AMBIGUOUS, -4, "name fits several places")                                                                     \
    X(E_EXISTS, -5, "exists already")                                                                                  \
    X(E_LOCKED, -6, "locked")                                                                                          \
    X(E_BOUNDS, -7, "value out of bounds")                                                                             \
    X(E_MEMORY, -8, "out of memory")                                                                                   \
    X(E_CONFIG, -9, "error in the pipeline's config")                                                                  \
    X(E_PLUGIN, -10, "plugin cannot be used")                                                                          \
    X(E_ABI, -11, "plugin and host do not understand each other")                                                      \
    X(E_STORAGE, -12, "storage failed")                                                                                \
    X(E_MODEL, -13, "the model reported a failure")                                                                    \
    X(E_CRASHED, -14, "crashed")                                                                                       \
    X(E_TIMEOUT, -15, "took longer than allowed")                                                                      \
    X(E_INTERRUPTED, -16, "interrupted")                                                                               \
    X(E_UNSUPPORTED, -17, "not supported by this host or plugin")                                                      \
    X(E_SYSTEM, -18, "the operating system refused")                                                                   \
    X(E_INTERNAL, -19, "internal error")

typedef enum pipette_status {
#define PIPETTE_STATUS_ENUM(name, number, text) PIPETTE_##name = (number),
    PIPETTE_STATUS_MAP(PIPETTE_STATUS_ENUM)
#undef PIPETTE_STATUS_ENUM
} pipette_status;

/* The text of a status code; "unknown status" for a number that is not in the list. Any thread. */
PIPETTE_INLINE const char *pipette_status_text(int status)
{
    switch (status) {
#define PIPETTE_STATUS_CASE(name, number, text)                                                                        \
    case number:                                                                                                       \
        return text;
        PIPETTE_STATUS_MAP(PIPETTE_STATUS_CASE)
#undef PIPETTE_STATUS_CASE
    default:
        return "unknown status";
    }
}

/* An error as a value: what went wrong, where, and what to do, in one line. Functions of libpipette take a pointer to
 * one as their last argument and fill it exactly when they return a negative code; it may be NULL. */
typedef struct pipette_error {
    uint32_t size;
    int32_t code; /* 0, or a negative pipette_status */
    char message[1016];
} pipette_error;
/* Initialises one: pipette_error error = PIPETTE_NO_ERROR; */
#define PIPETTE_NO_ERROR                                                                                               \
    {                                                                                                                  \
        (uint32_t)sizeof(pipette_error), 0, ""                                                                         \
    }

/* Fills `error` (may be NULL) and returns `code`, so that a function can end with `return pipette_error_set(...)`. */
PIPETTE_PRINTF(3, 0)
PIPETTE_INLINE int pipette_error_vset(pipette_error *error, int code, const char *format, va_list arguments)
{
    if (error != NULL) {
        error->size = (uint32_t)sizeof *error;
        error->code = code;
        (void)vsnprintf(error->message, sizeof error->message, format, arguments);
    }
    return code;
}
PIPETTE_PRINTF(3, 4)
PIPETTE_INLINE int pipette_error_set(pipette_error *error, int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)pipette_error_vset(error, code, format, arguments);
    va_end(arguments);
    return code;
}

typedef struct pipette_complex {
    double real, imaginary;
} pipette_complex;

/* Value types: name, number, C type of an element, text. Numbers are final. An element of BOOL is 0 or 1. */
#define PIPETTE_TYPE_MAP(X)                                                                                            \
    X(F64, 1, double, "f64")                                                                                           \
    X(F32, 2, float, "f32")                                                                                            \
    X(I64, 3, int64_t, "i64")                                                                                          \
    X(I32, 4, int32_t, "i32")                                                                                          \
    X(U64, 5, uint64_t, "u64")                                                                                         \
    X(BOOL, 6, uint8_t, "bool")                                                                                        \
    X(COMPLEX, 7, pipette_complex, "complex")                                                                          \
    X(STRING, 8, const char *, "string")

typedef enum pipette_type {
    PIPETTE_TYPE_NONE = 0,
#define PIPETTE_TYPE_ENUM(name, number, ctype, text) PIPETTE_TYPE_##name = (number),
    PIPETTE_TYPE_MAP(PIPETTE_TYPE_ENUM)
#undef PIPETTE_TYPE_ENUM
} pipette_type;

/* "f64" and so on; "none" for anything else. Any thread. */
PIPETTE_INLINE const char *pipette_type_text(int type)
{
    switch (type) {
#define PIPETTE_TYPE_CASE(name, number, ctype, text)                                                                   \
    case number:                                                                                                       \
        return text;
        PIPETTE_TYPE_MAP(PIPETTE_TYPE_CASE)
#undef PIPETTE_TYPE_CASE
    default:
        return "none";
    }
}

/* Bytes of one element; 0 for a type that is not in the list. A string element is a pointer. Any thread. */
PIPETTE_INLINE size_t pipette_type_size(int type)
{
    switch (type) {
#define PIPETTE_SIZE_CASE(name, number, ctype, text)                                                                   \
    case number:                                                                                                       \
        return sizeof(ctype);
        PIPETTE_TYPE_MAP(PIPETTE_SIZE_CASE)
#undef PIPETTE_SIZE_CASE
    default:
        return 0;
    }
}

/* A value of any type and rank. Rank 0: the element is in `as`, and shape and data are not looked at. Otherwise `shape`
 * holds `rank` extents and `data` their product of elements in row-major order (strings: pointers to them). Whoever
 * fills it owns what it points to; the receiver borrows it for the call unless a comment says otherwise. */
typedef struct pipette_value {
    uint32_t size;
    int32_t type;
    uint32_t rank;
    uint32_t reserved;
    const uint64_t *shape;
    const void *data;
    union {
        double f64;
        float f32;
        int64_t i64;
        int32_t i32;
        uint64_t u64;
        uint8_t boolean;
        pipette_complex complex_value;
#ifndef complex                  /* which is a macro after <complex.h> */
        pipette_complex complex; /* the same; for programs that do without that header */
#endif
        const char *string;
    } as;
} pipette_value;

PIPETTE_INLINE pipette_value pipette_value_none(void)
{
    pipette_value value;
    memset(&value, 0, sizeof value);
    value.size = (uint32_t)sizeof value;
    return value;
}

/* pipette_value_f64(x) and its siblings make a scalar of that type; they copy nothing a string points to. */
#define PIPETTE_VALUE_MAKER(name, ctype, TYPE, member)                                                                 \
    PIPETTE_INLINE pipette_value pipette_value_##name(ctype x)                                                         \
    {                                                                                                                  \
        pipette_value value = pipette_value_none();                                                                    \
        value.type = PIPETTE_TYPE_##TYPE;                                                                              \
        value.as.member = x;                                                                                           \
        return value;                                                                                                  \
    }
PIPETTE_VALUE_MAKER(f64, double, F64, f64)
PIPETTE_VALUE_MAKER(f32, float, F32, f32)
PIPETTE_VALUE_MAKER(i64, int64_t, I64, i64)
PIPETTE_VALUE_MAKER(i32, int32_t, I32, i32)
PIPETTE_VALUE_MAKER(u64, uint64_t, U64, u64)
PIPETTE_VALUE_MAKER(bool, uint8_t, BOOL, boolean)
PIPETTE_VALUE_MAKER(complex, pipette_complex, COMPLEX, complex_value)
PIPETTE_VALUE_MAKER(string, const char *, STRING, string)
#undef PIPETTE_VALUE_MAKER

/* An array value over memory of the caller: `rank` extents in `shape`, row-major elements in `data`. Copies nothing. */
PIPETTE_INLINE pipette_value pipette_value_array(int type, uint32_t rank, const uint64_t *shape, const void *data)
{
    pipette_value value = pipette_value_none();
    value.type = type;
    value.rank = rank;
    value.shape = shape;
    value.data = data;
    return value;
}

/* Number of elements: 1 for a scalar, the product of the extents otherwise; UINT64_MAX where that is beyond all
 * numbers. */
PIPETTE_INLINE uint64_t pipette_value_count(const pipette_value *value)
{
    uint64_t count = 1;
    uint32_t i, over = 0;
    for (i = 0; i < value->rank; i++) {
        if (value->shape[i] == 0)
            return 0;
        if (count > UINT64_MAX / value->shape[i])
            over = 1;
        count *= value->shape[i];
    }
    return over ? UINT64_MAX : count;
}

/* The elements, also of a scalar. The pointer lives as long as the value (scalar) or its data (array). */
PIPETTE_INLINE const void *pipette_value_data(const pipette_value *value)
{
    return value->rank == 0 ? (const void *)&value->as : value->data;
}

/* What stands in a file where a run has no value: NaN for floats, netCDF's default fill values for the rest. */
#define PIPETTE_FILL_I64 INT64_C(-9223372036854775806)
#define PIPETTE_FILL_I32 INT32_C(-2147483647)
#define PIPETTE_FILL_U64 UINT64_C(18446744073709551614)
#define PIPETTE_FILL_BOOL INT8_C(-127)

/* How grave a line of the log is. */
typedef enum pipette_log_level {
    PIPETTE_LOG_ERROR = 1,
    PIPETTE_LOG_WARNING = 2,
    PIPETTE_LOG_INFO = 3,
    PIPETTE_LOG_DEBUG = 4
} pipette_log_level;

/* What the ledger says of a run. Numbers are final: they stand in files. */
#define PIPETTE_STATE_MAP(X)                                                                                           \
    X(PENDING, 0, "pending")       /* not run yet */                                                                   \
    X(DONE, 1, "done")             /* its data is stored */                                                            \
    X(FAILED, 2, "failed")         /* an error, or a crash */                                                          \
    X(TIMED_OUT, 3, "timed_out")   /* longer than `timeout` */                                                         \
    X(INFEASIBLE, 4, "infeasible") /* the model said: no such point */

typedef enum pipette_state {
#define PIPETTE_STATE_ENUM(name, number, text) PIPETTE_STATE_##name = (number),
    PIPETTE_STATE_MAP(PIPETTE_STATE_ENUM)
#undef PIPETTE_STATE_ENUM
} pipette_state;

PIPETTE_INLINE const char *pipette_state_text(int state)
{
    switch (state) {
#define PIPETTE_STATE_CASE(name, number, text)                                                                         \
    case number:                                                                                                       \
        return text;
        PIPETTE_STATE_MAP(PIPETTE_STATE_CASE)
#undef PIPETTE_STATE_CASE
    default:
        return "unknown";
    }
}

#endif
