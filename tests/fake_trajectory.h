/* fake_trajectory.h: a trajectory and collected results without a core. Parameters are a table of the test; the
 * exploration that a plugin asks for is recorded, not carried out; ranges and axis values are what the test says. */
#ifndef TESTS_FAKE_TRAJECTORY_H
#define TESTS_FAKE_TRAJECTORY_H

#include <pipette/postprocess.h>

#include "fake_stage.h"

typedef struct fake_node {
    const char *path; /* full */
    int type;
    const char *unit, *comment;
    const void *range; /* of an explored one: element per run */
    const void *axis;  /* its distinct values, sorted */
    uint64_t axis_count;
} fake_node;

typedef struct fake_trajectory {
    pipette_trajectory trajectory;
    const fake_node *nodes;
    uint32_t node_count;
    uint64_t run_count;
    char message[512];
    /* What explore() was given, as a line of text per axis; and what it is to return. */
    char explored[4096];
    int calls, explore_status;
} fake_trajectory;

/* True if the path ends with the components of `name`. */
FAKE int fake_ends_with(const char *path, const char *name)
{
    const size_t a = strlen(path), b = strlen(name);
    return a >= b && strcmp(path + a - b, name) == 0 && (a == b || path[a - b - 1] == '.');
}

FAKE const fake_node *fake_find_node(fake_trajectory *f, const char *name)
{
    uint32_t i;
    for (i = 0; i < f->node_count; i++)
        if (fake_ends_with(f->nodes[i].path, name))
            return &f->nodes[i];
    (void)snprintf(f->message, sizeof f->message, "no parameter '%s'", name);
    return NULL;
}

FAKE const char *fake_trajectory_message(const pipette_trajectory *trajectory)
{
    return ((const fake_trajectory *)trajectory)->message;
}

FAKE int fake_trajectory_find(pipette_trajectory *trajectory, const char *name, pipette_node *node)
{
    const fake_node *found = fake_find_node((fake_trajectory *)trajectory, name);
    if (found == NULL)
        return PIPETTE_E_NOT_FOUND;
    node->flags = found->type == PIPETTE_TYPE_NONE ? 0 : PIPETTE_NODE_LEAF;
    node->branch = strncmp(found->path, "parameters", 10) == 0 ? PIPETTE_BRANCH_PARAMETERS : PIPETTE_BRANCH_CONFIG;
    node->type = found->type;
    node->path = found->path;
    node->name = strrchr(found->path, '.') + 1;
    node->unit = found->unit;
    node->comment = found->comment;
    return PIPETTE_OK;
}

/* ---- Recording an exploration ---- */

FAKE void fake_write_element(char *out, size_t size, int type, const void *data, uint64_t i)
{
    if (type == PIPETTE_TYPE_F64)
        (void)snprintf(out, size, "%.17g", ((const double *)data)[i]);
    else if (type == PIPETTE_TYPE_F32)
        (void)snprintf(out, size, "%.9g", (double)((const float *)data)[i]);
    else if (type == PIPETTE_TYPE_I32)
        (void)snprintf(out, size, "%d", (int)((const int32_t *)data)[i]);
    else if (type == PIPETTE_TYPE_I64)
        (void)snprintf(out, size, "%lld", (long long)((const int64_t *)data)[i]);
    else if (type == PIPETTE_TYPE_U64)
        (void)snprintf(out, size, "%lluu", (unsigned long long)((const uint64_t *)data)[i]);
    else if (type == PIPETTE_TYPE_BOOL)
        (void)snprintf(out, size, "%s", ((const uint8_t *)data)[i] ? "true" : "false");
    else
        (void)snprintf(out, size, "%s", ((const char *const *)data)[i]);
}

FAKE void fake_record(fake_trajectory *f, const char *before, const pipette_value *value, const char *after)
{
    uint64_t i;
    size_t used = strlen(f->explored);
    used += (size_t)snprintf(f->explored + used, sizeof f->explored - used, "%s", before);
    if (value != NULL)
        used += (size_t)snprintf(f->explored + used, sizeof f->explored - used, "%s:", pipette_type_text(value->type));
    for (i = 0; value != NULL && i < pipette_value_count(value); i++) {
        char text[64];
        fake_write_element(text, sizeof text, value->type, pipette_value_data(value), i);
        used += (size_t)snprintf(f->explored + used, sizeof f->explored - used, "%s%s", i == 0 ? "" : ",", text);
    }
    (void)snprintf(f->explored + used, sizeof f->explored - used, "%s", after);
}

FAKE int fake_trajectory_explore(pipette_trajectory *trajectory, const pipette_exploration *exploration)
{
    static const char *const kinds[] = {"?", "values", "step", "count", "log"};
    fake_trajectory *f = (fake_trajectory *)trajectory;
    uint32_t i;
    f->calls++;
    for (i = 0; i < exploration->axis_count; i++) {
        const pipette_axis *axis = &exploration->axes[i];
        char head[128];
        (void)snprintf(head, sizeof head, "%s zip=%u %s ", axis->parameter, axis->zip, kinds[axis->kind]);
        if (axis->kind == PIPETTE_AXIS_VALUES) {
            fake_record(f, head, &axis->values, "\n");
            continue;
        }
        fake_record(f, head, &axis->from, " ");
        if (axis->kind == PIPETTE_AXIS_STEP) {
            fake_record(f, "", &axis->to, " ");
            fake_record(f, "", &axis->step, "\n");
        } else {
            (void)snprintf(head, sizeof head, " %llu\n", (unsigned long long)axis->count);
            fake_record(f, "", &axis->to, head);
        }
    }
    for (i = 0; i < exploration->order_count; i++)
        fake_record(f, i == 0 ? "order " : ",", NULL, exploration->order[i]);
    return f->explore_status;
}

/* ---- An exploration that has happened ---- */

FAKE const fake_node *fake_explored_node(const fake_trajectory *f, uint32_t index)
{
    uint32_t i;
    for (i = 0; i < f->node_count; i++)
        if (f->nodes[i].range != NULL && index-- == 0)
            return &f->nodes[i];
    return NULL;
}

FAKE uint32_t fake_explored_count(const pipette_trajectory *trajectory)
{
    uint32_t count = 0;
    while (fake_explored_node((const fake_trajectory *)trajectory, count) != NULL)
        count++;
    return count;
}

FAKE const char *fake_explored(const pipette_trajectory *trajectory, uint32_t index)
{
    const fake_node *node = fake_explored_node((const fake_trajectory *)trajectory, index);
    return node != NULL ? node->path : NULL;
}

FAKE int fake_range(pipette_trajectory *trajectory, const char *name, uint64_t first, uint64_t count, void *out)
{
    fake_trajectory *f = (fake_trajectory *)trajectory;
    const fake_node *node = fake_find_node(f, name);
    const size_t size = node != NULL ? pipette_type_size(node->type) : 0;
    if (node == NULL || node->range == NULL || first + count > f->run_count)
        return PIPETTE_E_BOUNDS;
    memcpy(out, (const char *)node->range + (size_t)first * size, (size_t)count * size);
    return PIPETTE_OK;
}

FAKE int fake_axis_values(pipette_trajectory *trajectory, const char *name, pipette_value *values)
{
    const fake_node *node = fake_find_node((fake_trajectory *)trajectory, name);
    if (node == NULL || node->axis == NULL)
        return PIPETTE_E_INVALID;
    *values = pipette_value_array(node->type, 1, &node->axis_count, node->axis);
    return PIPETTE_OK;
}

FAKE uint64_t fake_run_count(const pipette_trajectory *trajectory)
{
    return ((const fake_trajectory *)trajectory)->run_count;
}

FAKE void fake_trajectory_begin(fake_trajectory *f, const fake_node *nodes, uint32_t node_count, uint64_t run_count)
{
    static const pipette_trajectory_host host = {.size = (uint32_t)sizeof host,
                                                 .message = fake_trajectory_message,
                                                 .find = fake_trajectory_find,
                                                 .explore = fake_trajectory_explore,
                                                 .run_count = fake_run_count,
                                                 .explored_count = fake_explored_count,
                                                 .explored = fake_explored,
                                                 .range = fake_range,
                                                 .axis_values = fake_axis_values};
    memset(f, 0, sizeof *f);
    f->trajectory.size = (uint32_t)sizeof f->trajectory;
    f->trajectory.host = &host;
    f->nodes = nodes;
    f->node_count = node_count;
    f->run_count = run_count;
}

/* ---- Results ---- */

typedef struct fake_column {
    const char *path; /* "results.neuron.$.rate" */
    int type;
    uint32_t rank, flags;
    const char *unit, *doc;
    const void *data; /* element per row */
} fake_column;

typedef struct fake_results {
    pipette_results results;
    const fake_column *columns;
    uint32_t column_count;
    uint64_t row_count;
    const uint64_t *runs; /* NULL: row number */
    const int8_t *states; /* NULL: done */
    char message[512];
    /* The last table, declared or put: dimensions as text "I[1/ms]=f64:0,0.1; ", data copied. */
    int declared, put;
    char path[128], name[128], unit[32], comment[256], dimensions[4096];
    int type;
    uint64_t cells;
    void *data;
} fake_results;

FAKE const char *fake_results_message(const pipette_results *results)
{
    return ((const fake_results *)results)->message;
}

FAKE uint64_t fake_row_count(const pipette_results *results)
{
    return ((const fake_results *)results)->row_count;
}

FAKE int fake_runs(pipette_results *results, uint64_t first, uint64_t count, uint64_t *out)
{
    const fake_results *f = (const fake_results *)results;
    uint64_t i;
    for (i = 0; i < count; i++)
        out[i] = f->runs != NULL ? f->runs[first + i] : first + i;
    return PIPETTE_OK;
}

FAKE int fake_states(pipette_results *results, uint64_t first, uint64_t count, int8_t *out)
{
    const fake_results *f = (const fake_results *)results;
    uint64_t i;
    for (i = 0; i < count; i++)
        out[i] = f->states != NULL ? f->states[first + i] : PIPETTE_STATE_DONE;
    return PIPETTE_OK;
}

FAKE uint32_t fake_column_count(const pipette_results *results)
{
    return ((const fake_results *)results)->column_count;
}

FAKE int fake_column_info(pipette_results *results, uint32_t index, pipette_column_info *info)
{
    const fake_results *f = (const fake_results *)results;
    if (index >= f->column_count)
        return PIPETTE_E_NOT_FOUND;
    info->type = f->columns[index].type;
    info->path = f->columns[index].path;
    info->unit = f->columns[index].unit;
    info->doc = f->columns[index].doc;
    info->rank = f->columns[index].rank;
    info->flags = f->columns[index].flags;
    return PIPETTE_OK;
}

FAKE int fake_results_find(pipette_results *results, const char *name, pipette_column_info *info)
{
    fake_results *f = (fake_results *)results;
    uint32_t i;
    for (i = 0; i < f->column_count; i++)
        if (fake_ends_with(f->columns[i].path, name))
            return fake_column_info(results, i, info);
    (void)snprintf(f->message, sizeof f->message, "there is no result '%s'", name);
    return PIPETTE_E_NOT_FOUND;
}

FAKE int fake_read(pipette_results *results, const char *name, uint64_t first, uint64_t count, int type, void *out)
{
    fake_results *f = (fake_results *)results;
    uint32_t c;
    uint64_t i;
    for (c = 0; c < f->column_count && !fake_ends_with(f->columns[c].path, name);)
        c++;
    if (c == f->column_count || first + count > f->row_count) {
        (void)snprintf(f->message, sizeof f->message, "cannot read '%s'", name);
        return PIPETTE_E_STORAGE;
    }
    if (f->columns[c].type == type)
        memcpy(out, (const char *)f->columns[c].data + (size_t)first * pipette_type_size(type),
               (size_t)count * pipette_type_size(type));
    else if (f->columns[c].type == PIPETTE_TYPE_I64 && type == PIPETTE_TYPE_F64)
        for (i = 0; i < count; i++)
            ((double *)out)[i] = (double)((const int64_t *)f->columns[c].data)[first + i];
    else
        return PIPETTE_E_TYPE;
    return PIPETTE_OK;
}

FAKE int fake_keep_table(fake_results *f, const pipette_table *table)
{
    uint32_t d;
    size_t used = 0;
    f->cells = 1;
    (void)snprintf(f->path, sizeof f->path, "%s", table->path);
    (void)snprintf(f->comment, sizeof f->comment, "%s", table->comment);
    (void)snprintf(f->name, sizeof f->name, "%s", table->arrays[0].name);
    (void)snprintf(f->unit, sizeof f->unit, "%s", table->arrays[0].unit);
    f->type = table->arrays[0].type;
    for (d = 0; d < table->dimension_count; d++) {
        const pipette_table_dimension *dimension = &table->dimensions[d];
        uint64_t i;
        f->cells *= dimension->extent;
        used += (size_t)snprintf(f->dimensions + used, sizeof f->dimensions - used, "%s[%s]=%s:", dimension->name,
                                 dimension->unit, pipette_type_text(dimension->values.type));
        for (i = 0; i < dimension->extent && i < 20; i++) {
            char text[64];
            fake_write_element(text, sizeof text, dimension->values.type, dimension->values.data, i);
            used +=
                (size_t)snprintf(f->dimensions + used, sizeof f->dimensions - used, "%s%s", i == 0 ? "" : ",", text);
        }
        used += (size_t)snprintf(f->dimensions + used, sizeof f->dimensions - used, "; ");
    }
    free(f->data);
    f->data = NULL;
    if (table->arrays[0].data != NULL) {
        const size_t size = (size_t)f->cells * pipette_type_size(f->type);
        f->data = fake_allocate(size);
        memcpy(f->data, table->arrays[0].data, size);
    }
    return table->array_count == 1 ? PIPETTE_OK : PIPETTE_E_INVALID;
}

FAKE int fake_declare_table(pipette_results *results, const pipette_table *table)
{
    fake_results *f = (fake_results *)results;
    f->declared++;
    return fake_keep_table(f, table);
}

FAKE int fake_put_table(pipette_results *results, const pipette_table *table)
{
    fake_results *f = (fake_results *)results;
    f->put++;
    return fake_keep_table(f, table);
}

FAKE void fake_results_begin(fake_results *f, const fake_column *columns, uint32_t column_count, uint64_t row_count)
{
    static const pipette_results_host host = {.size = (uint32_t)sizeof host,
                                              .message = fake_results_message,
                                              .row_count = fake_row_count,
                                              .runs = fake_runs,
                                              .states = fake_states,
                                              .column_count = fake_column_count,
                                              .column = fake_column_info,
                                              .find = fake_results_find,
                                              .read = fake_read,
                                              .declare_table = fake_declare_table,
                                              .put_table = fake_put_table};
    memset(f, 0, sizeof *f);
    f->results.size = (uint32_t)sizeof f->results;
    f->results.host = &host;
    f->columns = columns;
    f->column_count = column_count;
    f->row_count = row_count;
}

FAKE void fake_results_end(fake_results *f)
{
    free(f->data);
}

#endif
