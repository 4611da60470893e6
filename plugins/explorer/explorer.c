/* explorer: explores parameters as the config says: a product of axes, a zip of axes, or a list of points. */
#include <math.h>
#include <stdlib.h>

#include <pipette/preprocess.h>

/* What one axis may say, wherever it stands. */
#define AXIS_OPTIONS(where)                                                                                            \
    PIPETTE_OPTION(where "parameter", PIPETTE_TYPE_STRING, NULL, "Name of the parameter, as \"neuron.I\"."),           \
        PIPETTE_OPTION(where "values", PIPETTE_OPTION_ARRAY, NULL, "Its values, one by one: [5.0, 7.5, 10.0]."),       \
        PIPETTE_OPTION(where "from", PIPETTE_OPTION_ANY, NULL, "Or the first value,"),                                 \
        PIPETTE_OPTION(where "to", PIPETTE_OPTION_ANY, NULL, "the last value,"),                                       \
        PIPETTE_OPTION(where "step", PIPETTE_OPTION_ANY, NULL, "and the distance: value i is from + i * step;"),       \
        PIPETTE_OPTION(where "count", PIPETTE_TYPE_U64, NULL, "or, in place of step, the number of values"),           \
        PIPETTE_OPTION(where "scale", PIPETTE_TYPE_STRING, "linear", "and their spacing: linear or log.")

static const pipette_option_spec options[] = {
    PIPETTE_OPTION("product", PIPETTE_OPTION_LIST, NULL,
                   "Every combination of these axes; the last one changes fastest."),
    AXIS_OPTIONS("product[]."),
    PIPETTE_OPTION("product[].zip", PIPETTE_OPTION_LIST, NULL,
                   "Instead of one axis: axes of equal length that advance together."),
    AXIS_OPTIONS("product[].zip[]."),
    PIPETTE_OPTION(
        "order", PIPETTE_OPTION_ARRAY, NULL,
        "Names of the product's parameters, slowest first, where the order of the axes is not the wanted one."),
    PIPETTE_OPTION("zip", PIPETTE_OPTION_LIST, NULL, "Instead of product: axes of equal length that advance together."),
    AXIS_OPTIONS("zip[]."),
    PIPETTE_OPTION("points", PIPETTE_OPTION_GROUP, NULL, "Instead of product: the points, one by one."),
    PIPETTE_OPTION("points.parameters", PIPETTE_OPTION_ARRAY, NULL,
                   "Names of the parameters: [\"neuron.I\", \"neuron.tau_ref\"]."),
    PIPETTE_OPTION("points.values", PIPETTE_OPTION_ANY, NULL,
                   "One list per point, with a value for each parameter: ( (0.1, 5.0), (0.2, 7.5) )."),
};

/* The axes as found. Names and value lists are the host's, but for `columns`, which hold the values of points. */
typedef struct axis_list {
    pipette_axis *axes;
    uint32_t count, capacity;
    void **columns;
    uint32_t column_count;
} axis_list;

static void free_axes(axis_list *list)
{
    uint32_t i;
    for (i = 0; i < list->column_count; i++)
        free(list->columns[i]);
    free(list->columns);
    free(list->axes);
}

static pipette_axis *add_axis(pipette_stage *stage, axis_list *list, uint32_t zip)
{
    pipette_axis *axis;
    if (list->count == list->capacity) {
        const uint32_t capacity = list->capacity == 0 ? 8 : 2 * list->capacity;
        pipette_axis *axes = (pipette_axis *)realloc(list->axes, capacity * sizeof *axes);
        if (axes == NULL) {
            (void)pipette_stage_fail(stage, PIPETTE_E_MEMORY, "no memory for %u axes", capacity);
            return NULL;
        }
        list->axes = axes;
        list->capacity = capacity;
    }
    axis = &list->axes[list->count++];
    memset(axis, 0, sizeof *axis);
    axis->size = (uint32_t)sizeof *axis;
    axis->zip = zip;
    axis->values = axis->from = axis->to = axis->step = pipette_value_none();
    return axis;
}

/* A parameter's name as an option; it must find a parameter, so that a slip is told with its line. */
static int check_parameter(pipette_stage *stage, pipette_trajectory *trajectory, const pipette_option *option,
                           const char *name)
{
    pipette_node node;
    int status;
    memset(&node, 0, sizeof node);
    node.size = (uint32_t)sizeof node;
    status = pipette_find(trajectory, name, &node);
    if (status < 0)
        return pipette_option_fail(stage, option, status, "%s", pipette_trajectory_message(trajectory));
    if (node.branch != PIPETTE_BRANCH_PARAMETERS || (node.flags & PIPETTE_NODE_LEAF) == 0)
        return pipette_option_fail(stage, option, PIPETTE_E_INVALID, "'%s' finds '%s', which is not a parameter", name,
                                   node.path);
    return PIPETTE_OK;
}

static int read_string(pipette_stage *stage, const pipette_option *option, const char *what, const char **out)
{
    pipette_value value = pipette_value_none();
    const int status = pipette_option_value(stage, option, PIPETTE_TYPE_STRING, &value);
    if (status < 0)
        return status;
    if (value.rank != 0)
        return pipette_option_fail(stage, option, PIPETTE_E_TYPE, "'%s' takes one text", what);
    *out = value.as.string;
    return PIPETTE_OK;
}

/* A finite number as it stands, and as a double for checks. */
static int read_number(pipette_stage *stage, const pipette_option *option, const char *what, pipette_value *value,
                       double *number)
{
    const int status = pipette_option_value(stage, option, PIPETTE_TYPE_NONE, value);
    if (status < 0)
        return status;
    *number = NAN;
    if (value->rank == 0) {
        if (value->type == PIPETTE_TYPE_F64)
            *number = value->as.f64;
        else if (value->type == PIPETTE_TYPE_I64)
            *number = (double)value->as.i64;
        else if (value->type == PIPETTE_TYPE_U64)
            *number = (double)value->as.u64;
    }
    if (!isfinite(*number))
        return pipette_option_fail(stage, option, PIPETTE_E_TYPE, "'%s' takes one finite number", what);
    return PIPETTE_OK;
}

/* from, to, and one of step and count. */
static int read_interval(pipette_stage *stage, const pipette_option *option, pipette_axis *axis)
{
    const pipette_option *from = pipette_option_get(stage, option, "from");
    const pipette_option *to = pipette_option_get(stage, option, "to");
    const pipette_option *step = pipette_option_get(stage, option, "step");
    const pipette_option *count = pipette_option_get(stage, option, "count");
    const pipette_option *scale = pipette_option_get(stage, option, "scale");
    const char *scale_text = "linear";
    double first, last, distance;
    pipette_value value = pipette_value_none();
    int status;
    if (from == NULL || to == NULL)
        return pipette_option_fail(stage, option, PIPETTE_E_CONFIG, "the axis of '%s' lacks '%s'", axis->parameter,
                                   from == NULL ? "from" : "to");
    if (step != NULL && count != NULL)
        return pipette_option_fail(stage, count, PIPETTE_E_CONFIG,
                                   "the axis of '%s' has both 'step' and 'count': take one of them", axis->parameter);
    if (step == NULL && count == NULL)
        return pipette_option_fail(stage, option, PIPETTE_E_CONFIG,
                                   "the axis of '%s' has neither 'step' nor 'count': take one of them",
                                   axis->parameter);
    status = read_number(stage, from, "from", &axis->from, &first);
    if (status == PIPETTE_OK)
        status = read_number(stage, to, "to", &axis->to, &last);
    if (status == PIPETTE_OK && scale != NULL)
        status = read_string(stage, scale, "scale", &scale_text);
    if (status != PIPETTE_OK)
        return status;
    if (strcmp(scale_text, "linear") != 0 && strcmp(scale_text, "log") != 0)
        return pipette_option_fail(stage, scale, PIPETTE_E_CONFIG, "scale = \"%s\" is not known; take linear or log",
                                   scale_text);
    axis->kind = step != NULL                     ? PIPETTE_AXIS_STEP
                 : strcmp(scale_text, "log") == 0 ? PIPETTE_AXIS_LOG
                                                  : PIPETTE_AXIS_COUNT;

    if (step != NULL) {
        status = read_number(stage, step, "step", &axis->step, &distance);
        if (status != PIPETTE_OK)
            return status;
        if (strcmp(scale_text, "log") == 0)
            return pipette_option_fail(stage, scale, PIPETTE_E_CONFIG,
                                       "scale = \"log\" goes with 'count', not with 'step'");
        if (distance == 0.0 || (last > first && distance < 0.0) || (last < first && distance > 0.0))
            return pipette_option_fail(stage, step, PIPETTE_E_BOUNDS, "step = %.15g does not lead from %.15g to %.15g",
                                       distance, first, last);
        return PIPETTE_OK;
    }
    status = pipette_option_value(stage, count, PIPETTE_TYPE_U64, &value);
    if (status != PIPETTE_OK)
        return status;
    if (value.rank != 0 || value.as.u64 == 0)
        return pipette_option_fail(stage, count, PIPETTE_E_BOUNDS, "'count' takes one number of at least 1");
    if (value.as.u64 == 1 && (first < last || first > last))
        return pipette_option_fail(stage, count, PIPETTE_E_BOUNDS, "count = 1 cannot hold both ends, %.17g and %.17g",
                                   first, last);
    if (axis->kind == PIPETTE_AXIS_LOG && !(first > 0.0 && last > 0.0))
        return pipette_option_fail(stage, first > 0.0 ? to : from, PIPETTE_E_BOUNDS,
                                   "scale = \"log\" needs ends above 0, not %.17g and %.17g", first, last);
    axis->count = value.as.u64;
    return PIPETTE_OK;
}

/* { parameter = ...; values = ...; } or { parameter = ...; from = ...; to = ...; step | count = ...; } */
static int read_axis(pipette_stage *stage, pipette_trajectory *trajectory, const pipette_option *option, uint32_t zip,
                     axis_list *list)
{
    static const char *const interval[] = {"from", "to", "step", "count", "scale"};
    const pipette_option *parameter = pipette_option_get(stage, option, "parameter");
    const pipette_option *values = pipette_option_get(stage, option, "values");
    const pipette_option *given = NULL;
    const char *given_name = NULL;
    pipette_axis *axis;
    int status;
    uint32_t i;
    if (pipette_option_get(stage, option, "zip") != NULL)
        return pipette_option_fail(stage, option, PIPETTE_E_CONFIG, "a zip holds axes, not another zip");
    if (parameter == NULL)
        return pipette_option_fail(stage, option, PIPETTE_E_CONFIG,
                                   "this axis lacks 'parameter', the name of what it explores");
    axis = add_axis(stage, list, zip);
    if (axis == NULL)
        return PIPETTE_E_MEMORY;
    status = read_string(stage, parameter, "parameter", &axis->parameter);
    if (status == PIPETTE_OK)
        status = check_parameter(stage, trajectory, parameter, axis->parameter);
    if (status != PIPETTE_OK)
        return status;

    for (i = 0; given == NULL && i < PIPETTE_COUNT_OF(interval); i++) {
        given_name = interval[i];
        given = pipette_option_get(stage, option, given_name);
    }
    if (values == NULL && given == NULL)
        return pipette_option_fail(
            stage, option, PIPETTE_E_CONFIG,
            "the axis of '%s' has no values: give 'values', or 'from', 'to' and one of 'step' and 'count'",
            axis->parameter);
    if (values == NULL)
        return read_interval(stage, option, axis);
    if (given != NULL)
        return pipette_option_fail(stage, given, PIPETTE_E_CONFIG,
                                   "the axis of '%s' has both 'values' and '%s': take one of them", axis->parameter,
                                   given_name);
    axis->kind = PIPETTE_AXIS_VALUES;
    if (pipette_option_count(stage, values) == 0) {
        /* A scalar has no elements either. */
        if (pipette_option_value(stage, values, PIPETTE_TYPE_NONE, &axis->values) == PIPETTE_OK &&
            axis->values.rank == 0 && axis->values.type != PIPETTE_TYPE_NONE)
            return pipette_option_fail(stage, values, PIPETTE_E_TYPE, "'values' takes a list: [ ... ] or ( ... )");
        return pipette_option_fail(stage, values, PIPETTE_E_CONFIG, "the axis of '%s' has an empty list of values",
                                   axis->parameter);
    }
    return pipette_option_value(stage, values, PIPETTE_TYPE_NONE, &axis->values);
}

/* The axes of a zip. */
static int read_zip(pipette_stage *stage, pipette_trajectory *trajectory, const pipette_option *option, uint32_t zip,
                    axis_list *list)
{
    const uint64_t count = pipette_option_count(stage, option);
    uint64_t i;
    if (count == 0)
        return pipette_option_fail(stage, option, PIPETTE_E_CONFIG, "'zip' is empty");
    for (i = 0; i < count; i++) {
        const int status = read_axis(stage, trajectory, pipette_option_at(stage, option, i), zip, list);
        if (status != PIPETTE_OK)
            return status;
    }
    return PIPETTE_OK;
}

static int read_product(pipette_stage *stage, pipette_trajectory *trajectory, const pipette_option *option,
                        axis_list *list)
{
    const uint64_t count = pipette_option_count(stage, option);
    uint32_t zips = 0;
    uint64_t i;
    if (count == 0)
        return pipette_option_fail(stage, option, PIPETTE_E_CONFIG, "'product' is empty");
    for (i = 0; i < count; i++) {
        const pipette_option *element = pipette_option_at(stage, option, i);
        const pipette_option *zip = pipette_option_get(stage, element, "zip");
        int status;
        if (zip == NULL)
            status = read_axis(stage, trajectory, element, 0, list);
        else if (pipette_option_count(stage, element) != 1)
            status = pipette_option_fail(stage, element, PIPETTE_E_CONFIG,
                                         "beside 'zip' nothing else can stand in an element of 'product'");
        else
            status = read_zip(stage, trajectory, zip, ++zips, list);
        if (status != PIPETTE_OK)
            return status;
    }
    return PIPETTE_OK;
}

/* The type that holds values of both types, or NONE. */
static int common_type(int a, int b)
{
    const int a_is_number = a == PIPETTE_TYPE_F64 || a == PIPETTE_TYPE_I64 || a == PIPETTE_TYPE_U64;
    const int b_is_number = b == PIPETTE_TYPE_F64 || b == PIPETTE_TYPE_I64 || b == PIPETTE_TYPE_U64;
    if (a == b || a == PIPETTE_TYPE_NONE)
        return b;
    if (!a_is_number || !b_is_number)
        return PIPETTE_TYPE_NONE;
    return a == PIPETTE_TYPE_F64 || b == PIPETTE_TYPE_F64 ? PIPETTE_TYPE_F64 : PIPETTE_TYPE_U64;
}

/* The values of one parameter of all points, as an array of the type that holds them all. */
static int read_column(pipette_stage *stage, const pipette_option *rows, uint64_t column, const uint64_t *row_count,
                       axis_list *list, pipette_axis *axis)
{
    int type = PIPETTE_TYPE_NONE;
    size_t element_size;
    char *data;
    uint64_t row;
    for (row = 0; row < *row_count; row++) {
        const pipette_option *option = pipette_option_at(stage, pipette_option_at(stage, rows, row), column);
        pipette_value value = pipette_value_none();
        const int status = pipette_option_value(stage, option, PIPETTE_TYPE_NONE, &value);
        const int previous = type;
        if (status != PIPETTE_OK)
            return status;
        type = value.rank == 0 ? common_type(type, value.type) : PIPETTE_TYPE_NONE;
        if (value.rank != 0)
            return pipette_option_fail(stage, option, PIPETTE_E_TYPE, "a point has one value for '%s', not a list",
                                       axis->parameter);
        if (type == PIPETTE_TYPE_NONE)
            return pipette_option_fail(stage, option, PIPETTE_E_TYPE,
                                       "the value of '%s' is %s here, but %s in the points before", axis->parameter,
                                       pipette_type_text(value.type), pipette_type_text(previous));
    }
    element_size = pipette_type_size(type);
    data = (char *)malloc((size_t)*row_count * element_size);
    if (data == NULL)
        return pipette_stage_fail(stage, PIPETTE_E_MEMORY, "no memory for %llu points", (unsigned long long)*row_count);
    list->columns[list->column_count++] = data;
    for (row = 0; row < *row_count; row++) {
        const pipette_option *option = pipette_option_at(stage, pipette_option_at(stage, rows, row), column);
        pipette_value value = pipette_value_none();
        const int status = pipette_option_value(stage, option, type, &value);
        if (status != PIPETTE_OK)
            return status;
        memcpy(data + (size_t)row * element_size, &value.as, element_size);
    }
    axis->kind = PIPETTE_AXIS_VALUES;
    axis->values = pipette_value_array(type, 1, row_count, data);
    return PIPETTE_OK;
}

/* points = { parameters = [...]; values = ( (...), ... ); }: a zip of value lists. `row_count` lives as long as the
 * axes. */
static int read_points(pipette_stage *stage, pipette_trajectory *trajectory, const pipette_option *option,
                       uint64_t *row_count, axis_list *list)
{
    const pipette_option *parameters = pipette_option_get(stage, option, "parameters");
    const pipette_option *rows = pipette_option_get(stage, option, "values");
    uint64_t column_count, row, column;
    if (parameters == NULL || rows == NULL)
        return pipette_option_fail(stage, option, PIPETTE_E_CONFIG, "'points' lacks '%s'",
                                   parameters == NULL ? "parameters" : "values");
    column_count = pipette_option_count(stage, parameters);
    *row_count = pipette_option_count(stage, rows);
    if (column_count == 0)
        return pipette_option_fail(stage, parameters, PIPETTE_E_CONFIG,
                                   "'parameters' takes a list of names, and at least one");
    if (*row_count == 0)
        return pipette_option_fail(stage, rows, PIPETTE_E_CONFIG, "'values' takes a list of points, and at least one");
    for (row = 0; row < *row_count; row++) {
        const pipette_option *point = pipette_option_at(stage, rows, row);
        const uint64_t count = pipette_option_count(stage, point);
        if (count != column_count)
            return pipette_option_fail(stage, point, PIPETTE_E_CONFIG, "point %llu has %llu values for %llu parameters",
                                       (unsigned long long)row, (unsigned long long)count,
                                       (unsigned long long)column_count);
    }
    list->columns = (void **)calloc((size_t)column_count, sizeof *list->columns);
    if (list->columns == NULL)
        return pipette_stage_fail(stage, PIPETTE_E_MEMORY, "no memory for %llu parameters",
                                  (unsigned long long)column_count);
    for (column = 0; column < column_count; column++) {
        const pipette_option *name = pipette_option_at(stage, parameters, column);
        pipette_axis *axis = add_axis(stage, list, 1);
        int status;
        if (axis == NULL)
            return PIPETTE_E_MEMORY;
        status = read_string(stage, name, "parameters", &axis->parameter);
        if (status == PIPETTE_OK)
            status = check_parameter(stage, trajectory, name, axis->parameter);
        if (status == PIPETTE_OK)
            status = read_column(stage, rows, column, row_count, list, axis);
        if (status != PIPETTE_OK)
            return status;
    }
    return PIPETTE_OK;
}

/* Exactly one of product, zip and points. */
static int find_form(pipette_stage *stage, const char **name, const pipette_option **option)
{
    static const char *const forms[] = {"product", "zip", "points"};
    uint32_t i;
    *option = NULL;
    for (i = 0; i < PIPETTE_COUNT_OF(forms); i++) {
        const pipette_option *form = pipette_option_get(stage, NULL, forms[i]);
        if (form == NULL)
            continue;
        if (*option != NULL)
            return pipette_option_fail(stage, form, PIPETTE_E_CONFIG,
                                       "explorer has both '%s' and '%s': take one of them", *name, forms[i]);
        *option = form;
        *name = forms[i];
    }
    if (*option == NULL) {
        const pipette_option *plugin = pipette_option_get(stage, NULL, "plugin");
        const char *const message = "explorer has nothing to explore: give one of 'product', 'zip' and 'points'";
        return plugin != NULL ? pipette_option_fail(stage, plugin, PIPETTE_E_CONFIG, "%s", message)
                              : pipette_stage_fail(stage, PIPETTE_E_CONFIG, "%s", message);
    }
    return PIPETTE_OK;
}

static int explore(pipette_stage *stage, pipette_trajectory *trajectory)
{
    const pipette_option *order = pipette_option_get(stage, NULL, "order");
    const pipette_option *form = NULL;
    const char *form_name = NULL;
    pipette_value order_names = pipette_value_none();
    pipette_exploration exploration;
    axis_list list = {NULL, 0, 0, NULL, 0};
    uint64_t point_count = 0;
    int status = find_form(stage, &form_name, &form);
    if (status != PIPETTE_OK)
        return status;
    memset(&exploration, 0, sizeof exploration);
    exploration.size = (uint32_t)sizeof exploration;

    if (strcmp(form_name, "product") == 0)
        status = read_product(stage, trajectory, form, &list);
    else if (strcmp(form_name, "zip") == 0)
        status = read_zip(stage, trajectory, form, 1, &list);
    else
        status = read_points(stage, trajectory, form, &point_count, &list);

    if (status == PIPETTE_OK && order != NULL) {
        if (strcmp(form_name, "product") != 0)
            status = pipette_option_fail(stage, order, PIPETTE_E_CONFIG, "'order' goes with 'product', not with '%s'",
                                         form_name);
        else if (pipette_option_count(stage, order) == 0)
            status =
                pipette_option_fail(stage, order, PIPETTE_E_CONFIG, "'order' takes a list of names, slowest first");
        else
            status = pipette_option_value(stage, order, PIPETTE_TYPE_STRING, &order_names);
        if (status == PIPETTE_OK) {
            exploration.order = (const char *const *)order_names.data;
            exploration.order_count = (uint32_t)pipette_value_count(&order_names);
        }
    }
    if (status == PIPETTE_OK) {
        exploration.axes = list.axes;
        exploration.axis_count = list.count;
        status = pipette_explore(trajectory, &exploration);
        if (status < 0)
            status = pipette_option_fail(stage, form, status, "%s", pipette_trajectory_message(trajectory));
    }
    free_axes(&list);
    return status;
}

PIPETTE_PREPROCESS("explorer", "1.0", "Explores a product of axes, a zip of axes, or a list of points.", options,
                   explore);
