/* functions.c: the functions that plugins and programs call on a trajectory or a view of it. */
#include "trajectory/explore.h"
#include "trajectory/handle.h"
#include "trajectory/parameter.h"

#include <stdlib.h>

static int no_memory(pipette_error *error)
{
    return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
}

static int host_fail(pipette_trajectory *trajectory, int code, const char *format, ...) PIPETTE_PRINTF(3, 4);
static int host_fail(pipette_trajectory *trajectory, int code, const char *format, ...)
{
    pipette_error fresh; /* the old message may be an argument of the new one */
    va_list arguments;
    va_start(arguments, format);
    (void)pipette_error_vset(&fresh, code, format, arguments);
    va_end(arguments);
    handle_of(trajectory)->error = fresh;
    return code;
}

static const char *host_message(const pipette_trajectory *trajectory)
{
    return handle_of(trajectory)->error.message;
}

/* ---- Adding ---- */

int trajectory_check_open(trajectory_handle *h, const char *what)
{
    char name[PIPETTE_RUN_NAME_SIZE];
    if (h->run != PIPETTE_DEFAULT_RUN)
        return pipette_error_set(&h->error, PIPETTE_E_LOCKED, "%s: not in the view of a run (%s)", what,
                                 pipette_run_name(h->run, name));
    if (h->core->started)
        return pipette_error_set(&h->error, PIPETTE_E_LOCKED, "%s: the runs have started, parameters are locked", what);
    return PIPETTE_OK;
}

/* The path below its branch: "parameters.neuron.I" and "par.neuron.I" are "neuron.I" to the branch parameters. */
static const char *below_branch(int branch, const char *path)
{
    size_t length = strcspn(path, ".");
    return path[length] == '.' && name_branch_of(path, length) == branch ? path + length + 1 : path;
}

/* Another run's name in a path that is added in a view, or 0 if there is none; *own: the view's run is named. */
static int names_other_run(const char *path, uint64_t run, int *own)
{
    for (*own = 0;;) {
        size_t length = strcspn(path, ".");
        uint64_t named = name_run(path, length), set = name_run_set(path, length);
        if (named == run)
            *own = 1;
        if ((named != NAME_NO_RUN && named != run) || (set != NAME_NO_RUN && set != run / 1000))
            return 1;
        if (path[length] == '\0')
            return 0;
        path += length + 1;
    }
}

/* The full name that a path gets when it is added to a branch. */
static int full_name(trajectory_handle *h, int branch, const char *path, char *out)
{
    char below[NAME_PATH_SIZE], run[PIPETTE_RUN_NAME_SIZE];
    int runs = branch == PIPETTE_BRANCH_RESULTS || branch == PIPETTE_BRANCH_DERIVED_PARAMETERS, own = 0, status, length;
    status = name_check(path, runs, &h->error);
    if (status != PIPETTE_OK)
        return status;
    path = below_branch(branch, path);
    status = name_check(path, runs, &h->error);
    if (status == PIPETTE_OK)
        status = name_expand(path, h->run, 0, 0, below, NULL, &h->error);
    if (status != PIPETTE_OK)
        return status;
    if (h->run != PIPETTE_DEFAULT_RUN && names_other_run(below, h->run, &own))
        return pipette_error_set(&h->error, PIPETTE_E_INVALID, "'%.200s' belongs to another run than this view (%s)",
                                 path, pipette_run_name(h->run, run));
    if (h->run != PIPETTE_DEFAULT_RUN && runs && !own && !name_has_wildcard(path))
        length =
            snprintf(out, NAME_PATH_SIZE, "%s.runs.%s.%s", name_branch(branch), pipette_run_name(h->run, run), below);
    else
        length = snprintf(out, NAME_PATH_SIZE, "%s.%s", name_branch(branch), below);
    if (length < 0 || length >= NAME_PATH_SIZE)
        return pipette_error_set(&h->error, PIPETTE_E_INVALID, "name '%.60s...' is too long", path);
    return PIPETTE_OK;
}

static preset **find_preset(trajectory_core *core, const char *path)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    const char *letter;
    preset **at;
    for (letter = path; *letter != '\0'; letter++)
        hash = (hash ^ (unsigned char)*letter) * UINT64_C(0x100000001b3);
    at = &core->presets[hash % PRESET_LISTS];
    while (*at != NULL && strcmp((*at)->path, path) != 0)
        at = &(*at)->next;
    return at;
}

static void drop_preset(preset **at)
{
    preset *gone = *at;
    *at = gone->next;
    value_destroy(&gone->value);
    free(gone->path);
    free(gone);
}

/* `value` as this leaf can hold it: its type, its rank, its bounds. */
static int fit_value(const pipette_parameter_spec *spec, int type, uint32_t rank, const char *what,
                     const pipette_value *value, pipette_value *out, pipette_error *error)
{
    int status = value_check(value, what, error);
    if (status != PIPETTE_OK)
        return status;
    if (value->rank != rank)
        return pipette_error_set(error, PIPETTE_E_TYPE,
                                 "%s: an array of rank %lu where one of rank %lu belongs (a scalar has rank 0)", what,
                                 (unsigned long)value->rank, (unsigned long)rank);
    status = value_convert(value, type, what, out, error);
    if (status != PIPETTE_OK)
        return status;
    status = parameter_check_value(spec, what, out, error);
    if (status != PIPETTE_OK)
        value_destroy(out);
    return status;
}

static char *copy_text(const char *text)
{
    return strdup(text == NULL ? "" : text);
}

/* A leaf with everything it owns; `value` and `spec` are taken over, also where it fails. */
static int add_leaf(trajectory_handle *h, const char *path, pipette_value *value, const char *unit, const char *comment,
                    pipette_parameter_spec *spec)
{
    char *own_unit = copy_text(unit), *own_comment = copy_text(comment);
    tree_node *node = NULL;
    int status = own_unit == NULL || own_comment == NULL ? no_memory(&h->error)
                                                         : tree_add(&h->core->nodes, path, &node, &h->error);
    if (status != PIPETTE_OK) {
        value_destroy(value);
        parameter_destroy(spec);
        free(own_unit);
        free(own_comment);
        return status;
    }
    node->value = *value;
    node->spec = spec;
    node->unit = own_unit;
    node->comment = own_comment;
    *value = pipette_value_none();
    return PIPETTE_OK;
}

/* The value that a new parameter starts with: its preset, else its default. */
static int first_value(trajectory_handle *h, const char *path, const pipette_parameter_spec *spec, pipette_value *value)
{
    preset *waiting = *find_preset(h->core, path);
    char what[300];
    pipette_value given;
    int status;
    (void)snprintf(what, sizeof what, "default of '%.200s'", path);
    status = parameter_check_value(spec, what, value, &h->error);
    if (status != PIPETTE_OK || waiting == NULL)
        return status;
    (void)snprintf(what, sizeof what, "value given for '%.200s'", path);
    status = fit_value(spec, value->type, value->rank, what, &waiting->value, &given, &h->error);
    if (status != PIPETTE_OK)
        return status;
    value_destroy(value);
    *value = given;
    return PIPETTE_OK;
}

/* Declared twice alike is declared once. */
static int same_parameter(const tree_node *node, const pipette_value *value)
{
    pipette_value declared;
    int same;
    if (!node->leaf)
        return 0;
    if (node->spec == NULL)
        return value_equal(&node->value, value);
    if (parameter_default(node->spec, &declared, NULL) != PIPETTE_OK)
        return 0;
    same = value_equal(&declared, value);
    value_destroy(&declared);
    return same;
}

static int add_parameter(trajectory_handle *h, const char *path, pipette_value *value, const char *unit,
                         const char *comment, pipette_parameter_spec *spec)
{
    const tree_node *there = tree_exact(&h->core->nodes, path);
    int status;
    if (there != NULL) {
        int same = same_parameter(there, value);
        value_destroy(value);
        parameter_destroy(spec);
        return same ? PIPETTE_OK
                    : pipette_error_set(&h->error, PIPETTE_E_EXISTS, "parameter '%.400s' exists already%s", path,
                                        there->leaf ? " with another type or default" : " as a group");
    }
    status = first_value(h, path, spec, value);
    if (status != PIPETTE_OK) {
        value_destroy(value);
        parameter_destroy(spec);
        return status;
    }
    status = add_leaf(h, path, value, unit, comment, spec);
    if (status == PIPETTE_OK && *find_preset(h->core, path) != NULL)
        drop_preset(find_preset(h->core, path));
    return status;
}

static int host_add_parameter(pipette_trajectory *trajectory, const pipette_parameter_spec *given)
{
    trajectory_handle *h = handle_of(trajectory);
    pipette_parameter_spec known, *spec;
    pipette_value value;
    char path[NAME_PATH_SIZE];
    int status = parameter_normalise(given, &known, &h->error);
    if (status == PIPETTE_OK)
        status = trajectory_check_open(h, "adding a parameter");
    if (status == PIPETTE_OK)
        status = full_name(h, PIPETTE_BRANCH_PARAMETERS, known.path, path);
    if (status == PIPETTE_OK)
        status = parameter_default(&known, &value, &h->error);
    if (status != PIPETTE_OK)
        return status;
    status = parameter_copy(&known, &spec, &h->error);
    if (status != PIPETTE_OK) {
        value_destroy(&value);
        return status;
    }
    return add_parameter(h, path, &value, known.unit, known.doc, spec);
}

static int host_add(pipette_trajectory *trajectory, int branch, const char *given, const pipette_value *value,
                    const char *unit, const char *comment)
{
    trajectory_handle *h = handle_of(trajectory);
    pipette_value own;
    char path[NAME_PATH_SIZE];
    int status = PIPETTE_OK;
    if (name_branch(branch)[0] == '\0')
        return pipette_error_set(&h->error, PIPETTE_E_INVALID, "there is no branch number %d", branch);
    if (branch == PIPETTE_BRANCH_PARAMETERS)
        status = trajectory_check_open(h, "adding a parameter");
    else if (branch == PIPETTE_BRANCH_CONFIG && h->run != PIPETTE_DEFAULT_RUN)
        status = pipette_error_set(&h->error, PIPETTE_E_LOCKED, "adding to config: not in the view of a run");
    if (status == PIPETTE_OK)
        status = full_name(h, branch, given, path);
    if (status == PIPETTE_OK)
        status = value_convert(value, PIPETTE_TYPE_NONE, path, &own, &h->error);
    if (status != PIPETTE_OK)
        return status;
    if (branch == PIPETTE_BRANCH_PARAMETERS)
        return add_parameter(h, path, &own, unit, comment, NULL);
    return add_leaf(h, path, &own, unit, comment, NULL);
}

/* ---- Changing ---- */

static int set_node(trajectory_handle *h, tree_node *node, const pipette_value *value)
{
    char what[300];
    pipette_value own;
    int status;
    if (!node->leaf || (node->branch != PIPETTE_BRANCH_PARAMETERS && node->branch != PIPETTE_BRANCH_DERIVED_PARAMETERS))
        return pipette_error_set(&h->error, PIPETTE_E_INVALID,
                                 "'%.400s' is no parameter; only parameters can be changed", node->path);
    if (node->branch == PIPETTE_BRANCH_PARAMETERS && h->run != PIPETTE_DEFAULT_RUN)
        return trajectory_check_open(h, "changing a parameter");
    if (node->locked)
        return pipette_error_set(&h->error, PIPETTE_E_LOCKED, "'%.400s' is locked: %s", node->path,
                                 node->explored != 0 ? "it is explored" : "it was read, or the runs have started");
    (void)snprintf(what, sizeof what, "'%.200s'", node->path);
    status = fit_value(node->spec, node->value.type, node->value.rank, what, value, &own, &h->error);
    if (status != PIPETTE_OK)
        return status;
    value_destroy(&node->value);
    node->value = own;
    return PIPETTE_OK;
}

static int host_preset(pipette_trajectory *trajectory, const char *given, const pipette_value *value)
{
    trajectory_handle *h = handle_of(trajectory);
    char path[NAME_PATH_SIZE];
    tree_node *node;
    preset *waiting, **at;
    int status = trajectory_check_open(h, "presetting a parameter");
    if (status == PIPETTE_OK)
        status = full_name(h, PIPETTE_BRANCH_PARAMETERS, given, path);
    if (status != PIPETTE_OK)
        return status;
    node = tree_exact(&h->core->nodes, path);
    if (node != NULL)
        return set_node(h, node, value);
    waiting = calloc(1, sizeof *waiting);
    if (waiting == NULL || (waiting->path = strdup(path)) == NULL) {
        free(waiting);
        return no_memory(&h->error);
    }
    status = value_convert(value, PIPETTE_TYPE_NONE, path, &waiting->value, &h->error);
    if (status != PIPETTE_OK) {
        free(waiting->path);
        free(waiting);
        return status;
    }
    at = find_preset(h->core, path);
    if (*at != NULL)
        drop_preset(at);
    at = find_preset(h->core, path); /* the end of its list */
    waiting->number = ++h->core->preset_number;
    *at = waiting;
    return PIPETTE_OK;
}

static int find_node(trajectory_handle *h, const char *name, tree_node **node)
{
    return tree_find(&h->core->nodes, name, h->run, 0, node, &h->error);
}

static int host_set(pipette_trajectory *trajectory, const char *name, const pipette_value *value)
{
    trajectory_handle *h = handle_of(trajectory);
    tree_node *node;
    int status = find_node(h, name, &node);
    return status == PIPETTE_OK ? set_node(h, node, value) : status;
}

static int host_lock(pipette_trajectory *trajectory, const char *name)
{
    trajectory_handle *h = handle_of(trajectory);
    tree_node *node;
    int status = find_node(h, name, &node);
    if (status != PIPETTE_OK)
        return status;
    if (!node->leaf)
        return pipette_error_set(&h->error, PIPETTE_E_INVALID, "'%.400s' is a group; only parameters can be locked",
                                 node->path);
    node->locked = 1;
    return PIPETTE_OK;
}

/* ---- Looking ---- */

void trajectory_value_seen(const trajectory_handle *h, const tree_node *node, pipette_value *value)
{
    *value = node->value;
    if (node->explored != 0 && h->run != PIPETTE_DEFAULT_RUN) {
        *value = pipette_value_none();
        value->type = node->value.type;
        exploration_fill(h->core->points, node->explored - 1, h->run, 1, &value->as);
    }
}

static int host_get(pipette_trajectory *trajectory, const char *name, pipette_value *value)
{
    trajectory_handle *h = handle_of(trajectory);
    tree_node *node;
    int status = find_node(h, name, &node);
    if (status != PIPETTE_OK)
        return status;
    if (!node->leaf)
        return pipette_error_set(&h->error, PIPETTE_E_INVALID, "'%.400s' is a group and has no value", node->path);
    if (node->branch == PIPETTE_BRANCH_PARAMETERS || node->branch == PIPETTE_BRANCH_DERIVED_PARAMETERS)
        node->locked = 1;
    trajectory_value_seen(h, node, value);
    return PIPETTE_OK;
}

void trajectory_describe(const trajectory_handle *h, const tree_node *node, pipette_node *out)
{
    memset(out, 0, sizeof *out);
    out->size = (uint32_t)sizeof *out;
    out->flags = (node->leaf ? (uint32_t)PIPETTE_NODE_LEAF : 0u) | (node->locked ? (uint32_t)PIPETTE_NODE_LOCKED : 0u) |
                 (node->explored != 0 ? (uint32_t)PIPETTE_NODE_EXPLORED : 0u);
    out->branch = node->branch;
    out->type = node->value.type;
    out->path = node->path;
    out->name = node->depth == 0 ? h->core->name : node->name;
    out->unit = node->unit == NULL ? "" : node->unit;
    out->comment = node->depth == 0 ? h->core->comment : node->comment == NULL ? "" : node->comment;
    out->spec = node->spec;
    trajectory_value_seen(h, node, &out->value);
}

static int host_find(pipette_trajectory *trajectory, const char *name, pipette_node *out)
{
    trajectory_handle *h = handle_of(trajectory);
    tree_node *node;
    int status = find_node(h, name, &node);
    if (status == PIPETTE_OK)
        trajectory_describe(h, node, out);
    return status;
}

static int host_walk(pipette_trajectory *trajectory, const char *name, pipette_visit visit, void *user)
{
    trajectory_handle *h = handle_of(trajectory);
    tree_node *top, *node;
    int status = find_node(h, name == NULL ? "" : name, &top);
    for (node = top; node != NULL && status == PIPETTE_OK; node = tree_next(top, node)) {
        pipette_node seen;
        if (!tree_visible(node, h->run))
            continue;
        trajectory_describe(h, node, &seen);
        status = visit(&seen, user);
    }
    return status;
}

int trajectory_put(pipette_trajectory *trajectory, int branch, const char *given, const pipette_value *value,
                   const char *unit, const char *comment, int (*may_replace)(const char *path, void *user), void *user,
                   pipette_node *out)
{
    trajectory_handle *h = handle_of(trajectory);
    char path[NAME_PATH_SIZE], *own_unit, *own_comment;
    pipette_value own;
    tree_node *node;
    int status;
    if (name_branch(branch)[0] == '\0' || branch == PIPETTE_BRANCH_PARAMETERS)
        return host_add(trajectory, branch, given, value, unit, comment);
    status = full_name(h, branch, given, path);
    if (status != PIPETTE_OK)
        return status;
    node = tree_exact(&h->core->nodes, path);
    if (node == NULL || !node->leaf || !may_replace(path, user)) {
        status = host_add(trajectory, branch, given, value, unit, comment);
        node = status == PIPETTE_OK ? tree_exact(&h->core->nodes, path) : NULL;
    } else {
        status = value_convert(value, PIPETTE_TYPE_NONE, path, &own, &h->error);
        if (status != PIPETTE_OK)
            return status;
        own_unit = copy_text(unit);
        own_comment = copy_text(comment);
        if (own_unit == NULL || own_comment == NULL) {
            free(own_unit);
            free(own_comment);
            value_destroy(&own);
            return no_memory(&h->error);
        }
        value_destroy(&node->value);
        free(node->unit);
        free(node->comment);
        node->value = own;
        node->unit = own_unit;
        node->comment = own_comment;
    }
    if (status == PIPETTE_OK && node != NULL)
        trajectory_describe(h, node, out);
    return status;
}

/* ---- Exploring ---- */

static int host_explore(pipette_trajectory *trajectory, const pipette_exploration *wanted)
{
    trajectory_handle *h = handle_of(trajectory);
    exploration *points;
    int status = trajectory_check_open(h, "exploring");
    if (status != PIPETTE_OK)
        return status;
    if (h->core->points != NULL)
        return pipette_error_set(&h->error, PIPETTE_E_EXISTS, "the trajectory is explored already; expand adds points");
    status = explore_build(&h->core->nodes, wanted, 1, &points, &h->error);
    return status == PIPETTE_OK ? trajectory_adopt(h->core, points, &h->error) : status;
}

static int host_expand(pipette_trajectory *trajectory, const pipette_exploration *wanted)
{
    trajectory_handle *h = handle_of(trajectory);
    exploration *points, *merged;
    int status;
    if (h->run != PIPETTE_DEFAULT_RUN)
        return trajectory_check_open(h, "expanding");
    status = explore_build(&h->core->nodes, wanted, 0, &points, &h->error);
    if (status != PIPETTE_OK)
        return status;
    status = exploration_expand(h->core->points, points, &merged, &h->error);
    exploration_destroy(points);
    return status == PIPETTE_OK && merged != NULL ? trajectory_adopt(h->core, merged, &h->error) : status;
}

static uint64_t host_run_count(const pipette_trajectory *trajectory)
{
    const trajectory_core *core = handle_of(trajectory)->core;
    return core->points == NULL ? 1 : core->points->count;
}

static uint32_t host_explored_count(const pipette_trajectory *trajectory)
{
    const trajectory_core *core = handle_of(trajectory)->core;
    return core->points == NULL ? 0 : core->points->parameter_count;
}

static const char *host_explored(const pipette_trajectory *trajectory, uint32_t index)
{
    const trajectory_core *core = handle_of(trajectory)->core;
    return core->points == NULL ? NULL : exploration_parameter(core->points, index);
}

static int find_explored(trajectory_handle *h, const char *name, uint32_t *parameter)
{
    tree_node *node;
    int status = find_node(h, name, &node);
    if (status != PIPETTE_OK)
        return status;
    if (node->explored == 0)
        return pipette_error_set(&h->error, PIPETTE_E_INVALID, "'%.400s' is not explored", node->path);
    *parameter = node->explored - 1;
    return PIPETTE_OK;
}

static int host_range(pipette_trajectory *trajectory, const char *name, uint64_t first, uint64_t count, void *out)
{
    trajectory_handle *h = handle_of(trajectory);
    uint64_t runs = host_run_count(trajectory);
    uint32_t parameter = 0;
    int status = find_explored(h, name, &parameter);
    if (status != PIPETTE_OK)
        return status;
    if (first > runs || count > runs - first)
        return pipette_error_set(&h->error, PIPETTE_E_BOUNDS, "there are %llu runs; %llu from %llu on are asked for",
                                 (unsigned long long)runs, (unsigned long long)count, (unsigned long long)first);
    if (count > 0)
        exploration_fill(h->core->points, parameter, first, count, out);
    return PIPETTE_OK;
}

static int host_axis_values(pipette_trajectory *trajectory, const char *name, pipette_value *values)
{
    trajectory_handle *h = handle_of(trajectory);
    trajectory_core *core = h->core;
    uint32_t parameter = 0;
    int status = find_explored(h, name, &parameter);
    if (status != PIPETTE_OK)
        return status;
    if (core->values == NULL && (core->values = calloc(core->points->parameter_count, sizeof *core->values)) == NULL)
        return no_memory(&h->error);
    if (core->values[parameter] == NULL)
        status = exploration_values(core->points, parameter, &core->values[parameter], &h->error);
    if (status == PIPETTE_OK)
        *values = pipette_value_array(core->values[parameter]->type, 1, &core->values[parameter]->count,
                                      core->values[parameter]->values);
    return status;
}

/* ---- Views ---- */

static int host_view(pipette_trajectory *trajectory, uint64_t run, pipette_trajectory **view)
{
    trajectory_handle *h = handle_of(trajectory), *made;
    *view = NULL;
    if (run != PIPETTE_DEFAULT_RUN && run >= host_run_count(trajectory))
        return pipette_error_set(&h->error, PIPETTE_E_BOUNDS, "there is no run %llu; there are %llu, from 0 on",
                                 (unsigned long long)run, (unsigned long long)host_run_count(trajectory));
    made = calloc(1, sizeof *made);
    if (made == NULL)
        return no_memory(&h->error);
    made->public = h->public;
    made->core = h->core;
    made->run = run;
    made->view = 1;
    h->core->views++;
    *view = &made->public;
    return PIPETTE_OK;
}

void trajectory_drop_kept(trajectory_handle *h)
{
    if (h->fetched.type != PIPETTE_TYPE_NONE)
        value_destroy(&h->fetched);
    h->fetched = pipette_value_none();
    free(h->path);
    h->path = NULL;
}

static void host_view_destroy(pipette_trajectory *view)
{
    trajectory_handle *h = handle_of(view);
    if (h == NULL || !h->view)
        return;
    h->core->views--;
    trajectory_drop_kept(h);
    free(h);
}

static uint64_t host_current_run(const pipette_trajectory *trajectory)
{
    return handle_of(trajectory)->run;
}

const pipette_trajectory_host trajectory_host = {
    .size = (uint32_t)sizeof(pipette_trajectory_host),
    .fail = host_fail,
    .message = host_message,
    .add_parameter = host_add_parameter,
    .add = host_add,
    .preset = host_preset,
    .set = host_set,
    .get = host_get,
    .find = host_find,
    .walk = host_walk,
    .lock = host_lock,
    .explore = host_explore,
    .expand = host_expand,
    .run_count = host_run_count,
    .explored_count = host_explored_count,
    .explored = host_explored,
    .range = host_range,
    .axis_values = host_axis_values,
    .view = host_view,
    .view_destroy = host_view_destroy,
    .current_run = host_current_run,
    .explore_axis = axes_explore,
};
