/* trajectory.h: the tree that holds everything, and the exploration that the runs visit.
 *
 * Four branches stand below the root: `config`, `parameters`, `derived_parameters`, `results`. Leaves have a value, a
 * unit and a comment. Names: letters, digits, `_`, `-`, not starting with `_`, under 128 characters; dots separate
 * levels; `overview` is reserved at the root. `$` (or `crun`) stands for the current run's name (`run_%08d`, in the
 * default view `run_ALL`), `$set` (or `crunset`) for the name of its set of 1000 (`run_set_%05d`, `run_set_ALL`).
 *
 * Natural naming: a full name wins ("parameters.neuron.I"). Otherwise every leaf or group whose path holds the given
 * components in order, the last one last, fits ("neuron.I", "I"); the shallowest fit wins, and a tie at equal depth is
 * PIPETTE_E_AMBIGUOUS with the candidates in the message. `config` is searched only if nothing else fits. `par`,
 * `dpar`, `res` and `conf` stand for the branches; `r_13` and `run_13` for `run_00000013`. In the view of one run, the
 * nodes of other runs do not exist. A name that finds nothing is PIPETTE_E_NOT_FOUND with the nearest that there is.
 *
 * Handles: `pipette_trajectory *` is given to plugins by the host and to programs by pipette_trajectory_create()
 * (embed.h). All functions: one thread at a time per trajectory; none blocks. Each returns a status; after a negative
 * one pipette_trajectory_message() tells why.
 */
#ifndef PIPETTE_TRAJECTORY_H
#define PIPETTE_TRAJECTORY_H

#include <math.h>

#include "plugin.h"

typedef struct pipette_trajectory pipette_trajectory;

typedef enum pipette_branch {
    PIPETTE_BRANCH_CONFIG = 1,
    PIPETTE_BRANCH_PARAMETERS = 2,
    PIPETTE_BRANCH_DERIVED_PARAMETERS = 3,
    PIPETTE_BRANCH_RESULTS = 4
} pipette_branch;

/* ---- Explorations ---- */

typedef enum pipette_axis_kind {
    PIPETTE_AXIS_VALUES = 1, /* `values`, rank 1 */
    PIPETTE_AXIS_STEP = 2,   /* from, to, step: value i is exactly from + i * step; `to` is included if a step hits it
                                within 1e-9 of a step */
    PIPETTE_AXIS_COUNT =
        3,               /* from, to, count: value i is from + i * (to - from) / (count - 1), the last exactly `to` */
    PIPETTE_AXIS_LOG = 4 /* from, to, count: from * (to / from)^(i / (count - 1)), first and last exact */
} pipette_axis_kind;

/* The values of one explored parameter. from, to and step have the parameter's type or one that widens to it. */
typedef struct pipette_axis {
    uint32_t size;
    int32_t kind;          /* pipette_axis_kind */
    const char *parameter; /* any name that finds it */
    pipette_value values;
    pipette_value from, to, step;
    uint64_t count;
    uint32_t zip; /* axes with the same number that is not 0 advance together and must be equally long */
    uint32_t reserved;
} pipette_axis;

/* Points as the product of axes. The last one changes fastest, where `order` does not say otherwise. A zip is one group
 * of axes with the same `zip`; a list of points is a zip of value lists. */
typedef struct pipette_exploration {
    uint32_t size;
    uint32_t axis_count;
    const pipette_axis *axes;
    uint32_t axis_stride;     /* 0: sizeof(pipette_axis) */
    uint32_t order_count;     /* 0: the order of `axes` */
    const char *const *order; /* parameter names, slowest first; must name each axis (of a zip at least one) once */
} pipette_exploration;

/* ---- Nodes ---- */

enum { PIPETTE_NODE_LEAF = 1, PIPETTE_NODE_LOCKED = 2, PIPETTE_NODE_EXPLORED = 4 };

/* What is known of a node. The host owns the strings; they live until the trajectory is changed or destroyed. */
typedef struct pipette_node {
    uint32_t size;
    uint32_t flags;   /* PIPETTE_NODE_... */
    int32_t branch;   /* pipette_branch; 0 for the root */
    int32_t type;     /* of a leaf */
    const char *path; /* full name: "parameters.neuron.I" */
    const char *name; /* "I" */
    const char *unit;
    const char *comment;
    pipette_value value;                /* of a leaf: the default, in a run's view the run's */
    const pipette_parameter_spec *spec; /* of a parameter: bounds and default as declared; else NULL */
} pipette_node;

/* Called for each node, parents first, siblings in order of addition. Return 0 to go on; anything else ends the walk
 * and becomes its result. Must not change the trajectory. */
typedef int (*pipette_visit)(const pipette_node *node, void *user);

enum { PIPETTE_RUN_NAME_SIZE = 32 };
#define PIPETTE_DEFAULT_RUN UINT64_MAX /* "no run": the default view */

/* ---- Functions of the host; use the inline ones below ---- */

typedef struct pipette_trajectory_host {
    uint32_t size;
    uint32_t reserved;
    int (*fail)(pipette_trajectory *trajectory, int code, const char *format, ...) PIPETTE_PRINTF(3, 4);
    const char *(*message)(const pipette_trajectory *trajectory);
    int (*add_parameter)(pipette_trajectory *trajectory, const pipette_parameter_spec *spec);
    int (*add)(pipette_trajectory *trajectory, int branch, const char *path, const pipette_value *value,
               const char *unit, const char *comment);
    int (*preset)(pipette_trajectory *trajectory, const char *path, const pipette_value *value);
    int (*set)(pipette_trajectory *trajectory, const char *name, const pipette_value *value);
    int (*get)(pipette_trajectory *trajectory, const char *name, pipette_value *value);
    int (*find)(pipette_trajectory *trajectory, const char *name, pipette_node *node);
    int (*walk)(pipette_trajectory *trajectory, const char *name, pipette_visit visit, void *user);
    int (*lock)(pipette_trajectory *trajectory, const char *name);
    int (*explore)(pipette_trajectory *trajectory, const pipette_exploration *exploration);
    int (*expand)(pipette_trajectory *trajectory, const pipette_exploration *exploration);
    uint64_t (*run_count)(const pipette_trajectory *trajectory);
    uint32_t (*explored_count)(const pipette_trajectory *trajectory);
    const char *(*explored)(const pipette_trajectory *trajectory, uint32_t index);
    int (*range)(pipette_trajectory *trajectory, const char *name, uint64_t first, uint64_t count, void *out);
    int (*axis_values)(pipette_trajectory *trajectory, const char *name, pipette_value *values);
    int (*view)(pipette_trajectory *trajectory, uint64_t run, pipette_trajectory **view);
    void (*view_destroy)(pipette_trajectory *view);
    uint64_t (*current_run)(const pipette_trajectory *trajectory);
    /* ABI 1.1 */
    int (*explore_axis)(pipette_trajectory *trajectory, const pipette_axis *axis);
} pipette_trajectory_host;

struct pipette_trajectory {
    uint32_t size;
    uint32_t reserved;
    const pipette_trajectory_host *host;
};

/* Records a message and returns `code`: pipette_trajectory_fail(trajectory, PIPETTE_E_INVALID, "...", ...). */
#define pipette_trajectory_fail(trajectory, ...) ((trajectory)->host->fail((trajectory), __VA_ARGS__))

/* Why the last call that returned a negative status did so. Lives until the next failing call. */
PIPETTE_INLINE const char *pipette_trajectory_message(const pipette_trajectory *trajectory)
{
    return trajectory->host->message(trajectory);
}

/* Adds a parameter with its default, or with the preset that waits for it. PIPETTE_E_EXISTS if the path is taken
 * (unless type and default are the same), PIPETTE_E_LOCKED once runs have started, PIPETTE_E_BOUNDS, PIPETTE_E_TYPE for
 * a preset that does not fit. */
PIPETTE_INLINE int pipette_add_parameter(pipette_trajectory *trajectory, const pipette_parameter_spec *spec)
{
    return trajectory->host->add_parameter(trajectory, spec);
}

/* Adds a leaf with a value (copied) to a branch; derived parameters and results may be added at any time, parameters
 * not after the trajectory is locked. A result added in a run's view without `$` goes to results.runs.RUN.PATH. `unit`
 * and `comment` may be NULL. */
PIPETTE_INLINE int pipette_add(pipette_trajectory *trajectory, int branch, const char *path, const pipette_value *value,
                               const char *unit, const char *comment)
{
    return trajectory->host->add(trajectory, branch, path, value, unit, comment);
}

/* A value for a parameter that is not there yet; replaces its default when it is added. One that never meets its
 * parameter is an error when the runs start. */
PIPETTE_INLINE int pipette_preset(pipette_trajectory *trajectory, const char *path, const pipette_value *value)
{
    return trajectory->host->preset(trajectory, path, value);
}

/* Changes a parameter or derived parameter; integers widen. PIPETTE_E_LOCKED after it was read, explored or stored. */
PIPETTE_INLINE int pipette_set(pipette_trajectory *trajectory, const char *name, const pipette_value *value)
{
    return trajectory->host->set(trajectory, name, value);
}

/* The value that a name finds; in a run's view the run's. Locks a parameter. `value` borrows from the trajectory. */
PIPETTE_INLINE int pipette_get(pipette_trajectory *trajectory, const char *name, pipette_value *value)
{
    return trajectory->host->get(trajectory, name, value);
}

/* The same as one number or text; an integer or truth value widens. NaN, 0 or "" where the name finds nothing, or
 * something else: then pipette_trajectory_message() tells. A text is borrowed from the trajectory. */
PIPETTE_INLINE double pipette_trajectory_f64(pipette_trajectory *trajectory, const char *name)
{
    pipette_value value;
    if (pipette_get(trajectory, name, &value) != PIPETTE_OK)
        return (double)NAN;
    switch (value.rank == 0 ? value.type : PIPETTE_TYPE_NONE) {
    case PIPETTE_TYPE_F64:
        return value.as.f64;
    case PIPETTE_TYPE_F32:
        return (double)value.as.f32;
    case PIPETTE_TYPE_I64:
        return (double)value.as.i64;
    case PIPETTE_TYPE_I32:
        return (double)value.as.i32;
    case PIPETTE_TYPE_U64:
        return (double)value.as.u64;
    case PIPETTE_TYPE_BOOL:
        return (double)(value.as.boolean != 0);
    default:
        break;
    }
    (void)pipette_trajectory_fail(trajectory, PIPETTE_E_TYPE, "'%s' is %s%s, not a number", name,
                                  pipette_type_text(value.type), value.rank > 0 ? " array" : "");
    return (double)NAN;
}
PIPETTE_INLINE int64_t pipette_trajectory_i64(pipette_trajectory *trajectory, const char *name)
{
    pipette_value value;
    if (pipette_get(trajectory, name, &value) != PIPETTE_OK)
        return 0;
    switch (value.rank == 0 ? value.type : PIPETTE_TYPE_NONE) {
    case PIPETTE_TYPE_I64:
        return value.as.i64;
    case PIPETTE_TYPE_I32:
        return value.as.i32;
    case PIPETTE_TYPE_U64:
        if (value.as.u64 <= (uint64_t)INT64_MAX)
            return (int64_t)value.as.u64;
        break;
    case PIPETTE_TYPE_BOOL:
        return value.as.boolean != 0;
    default:
        break;
    }
    (void)pipette_trajectory_fail(trajectory, PIPETTE_E_TYPE, "'%s' is %s%s, not an integer that fits", name,
                                  pipette_type_text(value.type), value.rank > 0 ? " array" : "");
    return 0;
}
PIPETTE_INLINE const char *pipette_trajectory_string(pipette_trajectory *trajectory, const char *name)
{
    pipette_value value;
    if (pipette_get(trajectory, name, &value) != PIPETTE_OK)
        return "";
    if (value.rank == 0 && value.type == PIPETTE_TYPE_STRING && value.as.string != NULL)
        return value.as.string;
    (void)pipette_trajectory_fail(trajectory, PIPETTE_E_TYPE, "'%s' is %s%s, not a text", name,
                                  pipette_type_text(value.type), value.rank > 0 ? " array" : "");
    return "";
}

/* What is known of the node that a name finds. Locks nothing. */
PIPETTE_INLINE int pipette_find(pipette_trajectory *trajectory, const char *name, pipette_node *node)
{
    return trajectory->host->find(trajectory, name, node);
}

/* Visits the node `name` ("" for the root) and everything below it. */
PIPETTE_INLINE int pipette_walk(pipette_trajectory *trajectory, const char *name, pipette_visit visit, void *user)
{
    return trajectory->host->walk(trajectory, name, visit, user);
}

/* Locks a parameter against change. */
PIPETTE_INLINE int pipette_lock(pipette_trajectory *trajectory, const char *name)
{
    return trajectory->host->lock(trajectory, name);
}

/* Explores: the trajectory's runs become the points. All or nothing: unknown or duplicate names, wrong types, values
 * out of bounds, empty axes, unequal zips, an order that does not name each axis, more than 2^63 points are refused and
 * nothing changes. Kept symbolic: costs the memory of its value lists. Once per trajectory; later ones are for expand.
 */
PIPETTE_INLINE int pipette_explore(pipette_trajectory *trajectory, const pipette_exploration *exploration)
{
    return trajectory->host->explore(trajectory, exploration);
}

/* Explores one more parameter: the runs become the product of all axes that were given so, the last one changing
 * fastest. In place of pipette_explore(), axis by axis; all or nothing for each. */
PIPETTE_INLINE int pipette_explore_axis(pipette_trajectory *trajectory, const pipette_axis *axis)
{
    if (!PIPETTE_HAS(trajectory->host, explore_axis))
        return pipette_trajectory_fail(trajectory, PIPETTE_E_UNSUPPORTED,
                                       "this host is too old for pipette_explore_axis()");
    return trajectory->host->explore_axis(trajectory, axis);
}
/* Over `count` elements of `type` (pipette_type), which must be the parameter's or widen to it. */
PIPETTE_INLINE int pipette_explore_elements(pipette_trajectory *trajectory, const char *name, int type,
                                            const void *elements, uint64_t count)
{
    pipette_axis axis;
    memset(&axis, 0, sizeof axis);
    axis.size = (uint32_t)sizeof axis;
    axis.kind = PIPETTE_AXIS_VALUES;
    axis.parameter = name;
    axis.values = pipette_value_array(type, 1, &count, elements);
    return pipette_explore_axis(trajectory, &axis);
}
PIPETTE_INLINE int pipette_explore_list(pipette_trajectory *trajectory, const char *name, const double *values,
                                        uint64_t count)
{
    return pipette_explore_elements(trajectory, name, PIPETTE_TYPE_F64, values, count);
}
PIPETTE_INLINE int pipette_explore_i64_list(pipette_trajectory *trajectory, const char *name, const int64_t *values,
                                            uint64_t count)
{
    return pipette_explore_elements(trajectory, name, PIPETTE_TYPE_I64, values, count);
}
PIPETTE_INLINE int pipette_explore_string_list(pipette_trajectory *trajectory, const char *name,
                                               const char *const *values, uint64_t count)
{
    return pipette_explore_elements(trajectory, name, PIPETTE_TYPE_STRING, values, count);
}
/* Over from, from + step, ...; `to` is included if a step hits it within 1e-9 of a step. */
PIPETTE_INLINE int pipette_explore_range(pipette_trajectory *trajectory, const char *name, double from, double to,
                                         double step)
{
    pipette_axis axis;
    memset(&axis, 0, sizeof axis);
    axis.size = (uint32_t)sizeof axis;
    axis.kind = PIPETTE_AXIS_STEP;
    axis.parameter = name;
    axis.from = pipette_value_f64(from);
    axis.to = pipette_value_f64(to);
    axis.step = pipette_value_f64(step);
    return pipette_explore_axis(trajectory, &axis);
}
PIPETTE_INLINE int pipette_explore_i64_range(pipette_trajectory *trajectory, const char *name, int64_t from, int64_t to,
                                             int64_t step)
{
    pipette_axis axis;
    memset(&axis, 0, sizeof axis);
    axis.size = (uint32_t)sizeof axis;
    axis.kind = PIPETTE_AXIS_STEP;
    axis.parameter = name;
    axis.from = pipette_value_i64(from);
    axis.to = pipette_value_i64(to);
    axis.step = pipette_value_i64(step);
    return pipette_explore_axis(trajectory, &axis);
}

/* Appends the points that the trajectory does not have yet; old runs keep their indices. Every explored parameter must
 * be named; a parameter that is newly explored had its default in the old runs. All or nothing. Where nothing is new,
 * nothing changes and the status is PIPETTE_OK. */
PIPETTE_INLINE int pipette_expand(pipette_trajectory *trajectory, const pipette_exploration *exploration)
{
    return trajectory->host->expand(trajectory, exploration);
}
/* The same for the only explored parameter: more values of it. */
PIPETTE_INLINE int pipette_expand_list(pipette_trajectory *trajectory, const char *name, const double *values,
                                       uint64_t count)
{
    pipette_axis axis;
    pipette_exploration points;
    memset(&axis, 0, sizeof axis);
    memset(&points, 0, sizeof points);
    axis.size = (uint32_t)sizeof axis;
    axis.kind = PIPETTE_AXIS_VALUES;
    axis.parameter = name;
    axis.values = pipette_value_array(PIPETTE_TYPE_F64, 1, &count, values);
    points.size = (uint32_t)sizeof points;
    points.axes = &axis;
    points.axis_count = 1;
    return pipette_expand(trajectory, &points);
}
/* The same by one point: a single value for each explored parameter, at most 32 of them. */
PIPETTE_INLINE int pipette_expand_point(pipette_trajectory *trajectory, const char *const *names,
                                        const pipette_value *values, uint32_t count)
{
    static const uint64_t one = 1;
    pipette_axis axes[32];
    pipette_exploration points;
    uint32_t i;
    if (count > 32)
        return pipette_trajectory_fail(trajectory, PIPETTE_E_UNSUPPORTED, "a point of more than 32 parameters");
    memset(axes, 0, sizeof axes);
    memset(&points, 0, sizeof points);
    for (i = 0; i < count; i++) {
        axes[i].size = (uint32_t)sizeof axes[i];
        axes[i].kind = PIPETTE_AXIS_VALUES;
        axes[i].parameter = names[i];
        axes[i].values = pipette_value_array(values[i].type, 1, &one, pipette_value_data(&values[i]));
    }
    points.size = (uint32_t)sizeof points;
    points.axes = axes;
    points.axis_count = count;
    return pipette_expand(trajectory, &points);
}

/* Number of runs: 1 where nothing is explored. */
PIPETTE_INLINE uint64_t pipette_run_count(const pipette_trajectory *trajectory)
{
    return trajectory->host->run_count(trajectory);
}

/* Number of explored parameters, and the full name of one ("parameters.neuron.I"), slowest first. NULL behind the end.
 */
PIPETTE_INLINE uint32_t pipette_explored_count(const pipette_trajectory *trajectory)
{
    return trajectory->host->explored_count(trajectory);
}
PIPETTE_INLINE const char *pipette_explored(const pipette_trajectory *trajectory, uint32_t index)
{
    return trajectory->host->explored(trajectory, index);
}

/* The values of an explored parameter for runs first .. first + count - 1, as elements of its type, into `out` (strings
 * are borrowed from the trajectory). PIPETTE_E_INVALID for an unexplored one, PIPETTE_E_BOUNDS behind the last run. */
PIPETTE_INLINE int pipette_range(pipette_trajectory *trajectory, const char *name, uint64_t first, uint64_t count,
                                 void *out)
{
    return trajectory->host->range(trajectory, name, first, count, out);
}

/* The distinct values of an explored parameter over all runs, sorted (strings: in order of appearance), rank 1.
 * Borrowed until the exploration changes. Found from the axes, not from the runs. */
PIPETTE_INLINE int pipette_axis_values(pipette_trajectory *trajectory, const char *name, pipette_value *values)
{
    return trajectory->host->axis_values(trajectory, name, values);
}

/* The trajectory as run `run` sees it: explored parameters have the run's value, `$` is the run's name. The view is a
 * handle of its own that changes nothing for others; destroy it. PIPETTE_E_BOUNDS behind the last run. */
PIPETTE_INLINE int pipette_view(pipette_trajectory *trajectory, uint64_t run, pipette_trajectory **view)
{
    return trajectory->host->view(trajectory, run, view);
}
PIPETTE_INLINE void pipette_view_destroy(pipette_trajectory *view)
{
    view->host->view_destroy(view);
}

/* The run that this handle is a view of, or PIPETTE_DEFAULT_RUN. */
PIPETTE_INLINE uint64_t pipette_current_run(const pipette_trajectory *trajectory)
{
    return trajectory->host->current_run(trajectory);
}

/* "run_00000013", or "run_ALL" for PIPETTE_DEFAULT_RUN; "run_set_00000" and "run_set_ALL". `out` holds
 * PIPETTE_RUN_NAME_SIZE characters. Return `out`. Any thread. */
PIPETTE_INLINE char *pipette_run_name(uint64_t run, char *out)
{
    if (run == PIPETTE_DEFAULT_RUN)
        (void)snprintf(out, PIPETTE_RUN_NAME_SIZE, "run_ALL");
    else
        (void)snprintf(out, PIPETTE_RUN_NAME_SIZE, "run_%08llu", (unsigned long long)run);
    return out;
}
PIPETTE_INLINE char *pipette_run_set_name(uint64_t run, char *out)
{
    if (run == PIPETTE_DEFAULT_RUN)
        (void)snprintf(out, PIPETTE_RUN_NAME_SIZE, "run_set_ALL");
    else
        (void)snprintf(out, PIPETTE_RUN_NAME_SIZE, "run_set_%05llu", (unsigned long long)(run / 1000));
    return out;
}

#endif
