/* layout.c: what the file will hold: asks the model for shapes, then describes columns, leaves and tables to the
 * storage. */
#include <stdlib.h>

#include "pipeline/pipeline.h"

#define SHAPE_COMBINATIONS 4096u /* distinct shapes that are asked for before the first run */
#define SHAPE_BLOCK 4096u
/* Above so many runs, which must be short ones, a start and a duration for each would be most of the file. */
#define TIMES_FOR_EACH_RUN 1000000u
#define TIMES_BLOCK 1024u
#define AXIS_VALUES_MOST (1u << 20)
/* Above so many runs a checksum of four bytes for each would be much of the file, where they have no more than a few
 * numbers as results. */
#define CHECKSUM_OF_FOUR 1000000u
#define CHECKSUM_OF_ONE_NUMBERS 16u

/* ---- Shapes ---- */

typedef struct shapes {
    pipette_pipeline *pipeline;
    shape_extent *extents; /* of the combination at hand */
    shape_extent *first;   /* of the first one; an extent that differs elsewhere becomes PIPETTE_RAGGED */
    uint32_t extent_count;
    pipette_value *values; /* one for each shape parameter */
    int32_t *explored;     /* index among the explored parameters, or -1 */
    unsigned char **blocks;
    unsigned char *seen; /* combinations asked for, `key_bytes` each */
    size_t key_bytes;
    uint32_t seen_count;
    pipette_error *error;
} shapes;

static int ask(shapes *s)
{
    uint32_t i;
    pipette_error why = {0};
    int status = engine_shape(s->pipeline->engine, s->values, s->extents, &why);
    if (status != PIPETTE_OK)
        return pipette_error_set(s->error, status, "%s: %s", s->pipeline->options.config, why.message);
    for (i = 0; i < s->extent_count; i++) {
        if (s->seen_count == 0) {
            s->first[i] = s->extents[i];
            continue;
        }
        if (s->first[i].extent != s->extents[i].extent)
            s->first[i].extent = PIPETTE_RAGGED;
        if (s->first[i].start != s->extents[i].start || s->first[i].step != s->extents[i].step)
            s->first[i].start = s->first[i].step = 0; /* no coordinates that would hold for all runs */
    }
    return PIPETTE_OK;
}

/* One combination, at `lane` of the blocks; asked for unless it was before. */
static int combination(shapes *s, uint64_t lane)
{
    unsigned char key[512];
    size_t at = 0;
    uint32_t i;
    int status;
    for (i = 0; i < s->pipeline->schema->shape_parameter_count; i++) {
        size_t bytes;
        if (s->explored[i] < 0)
            continue;
        bytes = pipette_type_size(s->values[i].type);
        memcpy(key + at, s->blocks[i] + lane * bytes, bytes);
        memcpy(&s->values[i].as, s->blocks[i] + lane * bytes, bytes);
        at += bytes;
    }
    for (i = s->seen_count; i > 0; i--)
        if (memcmp(s->seen + (size_t)(i - 1) * s->key_bytes, key, s->key_bytes) == 0)
            return PIPETTE_OK;
    if (s->seen_count == SHAPE_COMBINATIONS)
        return pipette_error_set(
            s->error, PIPETTE_E_UNSUPPORTED,
            "the exploration gives the results more than %u different shapes; declare them ragged instead",
            SHAPE_COMBINATIONS);
    status = ask(s);
    memcpy(s->seen + (size_t)s->seen_count * s->key_bytes, key, s->key_bytes);
    s->seen_count++;
    return status;
}

/* Goes through the runs that are asked for, or, where one explored parameter decides, through its values. */
static int each_combination(shapes *s, uint32_t only)
{
    pipette_pipeline *p = s->pipeline;
    const exploration *points = trajectory_exploration(p->trajectory);
    uint64_t first, lane;
    uint32_t i, span;
    int status = PIPETTE_OK;
    if (only != UINT32_MAX) { /* one explored parameter decides: its values are all there is to ask */
        pipette_value values;
        char path[600];
        (void)snprintf(path, sizeof path, "parameters.%s", p->schema->shape_parameters[only]);
        status = pipette_axis_values(p->trajectory, path, &values);
        if (status != PIPETTE_OK)
            return pipette_error_set(s->error, status, "%s", pipette_trajectory_message(p->trajectory));
        for (first = 0; status == PIPETTE_OK && first < pipette_value_count(&values); first++) {
            size_t bytes = pipette_type_size(values.type);
            memcpy(s->blocks[only], (const char *)pipette_value_data(&values) + first * bytes, bytes);
            status = combination(s, 0);
        }
        return status;
    }
    for (span = 0; span < p->span_count; span++) {
        uint64_t end = p->spans[span].first + p->spans[span].count, n;
        for (first = p->spans[span].first; status == PIPETTE_OK && first < end; first += n) {
            n = end - first < SHAPE_BLOCK ? end - first : SHAPE_BLOCK;
            for (i = 0; i < p->schema->shape_parameter_count; i++)
                if (s->explored[i] >= 0)
                    exploration_fill(points, (uint32_t)s->explored[i], first, n, s->blocks[i]);
            for (lane = 0; status == PIPETTE_OK && lane < n; lane++)
                status = combination(s, lane);
        }
    }
    return status;
}

static int ask_shapes(pipette_pipeline *p, shape_extent *extents, pipette_error *error)
{
    uint32_t n = p->schema->shape_parameter_count, i, explored = 0, only = UINT32_MAX;
    shapes s = {.pipeline = p, .first = extents, .extent_count = shape_extent_count(p->schema), .error = error};
    int status = PIPETTE_OK;
    s.extents = calloc(s.extent_count + 1u, sizeof *s.extents);
    s.values = calloc(n + 1u, sizeof *s.values);
    s.explored = calloc(n + 1u, sizeof *s.explored);
    s.blocks = calloc(n + 1u, sizeof *s.blocks);
    if (s.extents == NULL || s.values == NULL || s.explored == NULL || s.blocks == NULL)
        status = pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    for (i = 0; status == PIPETTE_OK && i < n; i++) {
        pipette_node node = {.size = sizeof node};
        char path[600];
        uint32_t j;
        (void)snprintf(path, sizeof path, "parameters.%s", p->schema->shape_parameters[i]);
        status = pipette_find(p->trajectory, path, &node);
        if (status != PIPETTE_OK) {
            status = pipette_error_set(error, status, "%s", pipette_trajectory_message(p->trajectory));
            break;
        }
        s.values[i] = node.value;
        s.explored[i] = -1;
        for (j = 0; j < pipette_explored_count(p->trajectory); j++)
            if (strcmp(pipette_explored(p->trajectory, j), path) == 0)
                s.explored[i] = (int32_t)j;
        if (s.explored[i] >= 0) {
            s.key_bytes += pipette_type_size(node.type);
            s.blocks[i] = malloc(SHAPE_BLOCK * pipette_type_size(node.type));
            only = explored++ == 0 ? i : UINT32_MAX;
            if (s.blocks[i] == NULL || s.key_bytes > 512)
                status = pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory for the shapes of the results");
        }
    }
    if (status == PIPETTE_OK && explored == 0) {
        status = ask(&s);
    } else if (status == PIPETTE_OK) {
        s.seen = malloc((size_t)SHAPE_COMBINATIONS * s.key_bytes);
        status =
            s.seen == NULL ? pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory") : each_combination(&s, only);
    }
    for (i = 0; s.blocks != NULL && i < n; i++)
        free(s.blocks[i]);
    free(s.blocks);
    free(s.extents);
    free(s.values);
    free(s.explored);
    free(s.seen);
    return status;
}

/* ---- Columns ---- */

static void ledger_columns(pipette_column_spec *columns, uint32_t *count, uint64_t rows)
{
    static const char *const states[] = {
#define STATE_TEXT(name, number, text) text,
        PIPETTE_STATE_MAP(STATE_TEXT)
#undef STATE_TEXT
    };
    static const pipette_column_spec ledger[] = {
        {sizeof(pipette_column_spec), PIPETTE_TYPE_BOOL, PIPETTE_ROLE_LEDGER, 0, LEDGER_STATE, "",
         "What became of the run", NULL, 0, 0, states, PIPETTE_COUNT_OF(states), 0},
        {sizeof(pipette_column_spec), PIPETTE_TYPE_F64, PIPETTE_ROLE_LEDGER, 0, LEDGER_START,
         "seconds since 1970-01-01 00:00:00",
         "When the run, or the batch that it (or the first run of the block) was computed in, began", NULL, 0, 0, NULL,
         0, 0},
        {sizeof(pipette_column_spec), PIPETTE_TYPE_F64, PIPETTE_ROLE_LEDGER, 0, LEDGER_DURATION, "s",
         "How long the run took; where runs are shorter than 10 us, its share of the batch", NULL, 0, 0, NULL, 0, 0},
        {sizeof(pipette_column_spec), PIPETTE_TYPE_STRING, PIPETTE_ROLE_LEDGER, 0, LEDGER_MESSAGE, "",
         "Why the run has no result", NULL, 0, 0, NULL, 0, 0},
        {sizeof(pipette_column_spec), PIPETTE_TYPE_STRING, PIPETTE_ROLE_LEDGER, 0, LEDGER_LOG, "",
         "What the run printed and logged", NULL, 0, 0, NULL, 0, 0},
        {sizeof(pipette_column_spec), PIPETTE_TYPE_I32, PIPETTE_ROLE_LEDGER, 0, LEDGER_CHECKSUM, "",
         "What the state and the results of the run add up to, for `pipette check`; 0: there is none", NULL, 0, 0, NULL,
         0, 0},
    };
    uint32_t i;
    memcpy(columns + *count, ledger, sizeof ledger);
    for (i = 0; i < PIPETTE_COUNT_OF(ledger); i++)
        if (columns[*count + i].type == PIPETTE_TYPE_F64 && rows > TIMES_FOR_EACH_RUN)
            columns[*count + i].every = TIMES_BLOCK;
    *count += PIPETTE_COUNT_OF(ledger);
}

/* "results.neuron.$.V" for "neuron.$.V", "results.runs.$.z" for "z". The caller frees it. */
static char *result_path(const char *declared)
{
    char path[600];
    (void)snprintf(path, sizeof path, strchr(declared, '$') != NULL ? "results.%s" : "results.runs.$.%s", declared);
    return strdup(path);
}

static int is_omitted(const pipette_pipeline *p, uint32_t result)
{
    return p->omitted != NULL && p->omitted[result];
}

/* Those that are stored, and behind them those that are left out. */
static int result_columns(pipette_pipeline *p, const shape_extent *extents, uint32_t *count, pipette_error *error)
{
    uint32_t i, j, at = 0, left_out;
    p->first_result = *count;
    p->stored_results = 0;
    free(p->result_columns);
    p->result_columns = calloc(p->schema->result_count + 1u, sizeof *p->result_columns);
    if (p->result_columns == NULL)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    for (i = 0; i < p->schema->result_count; i++)
        p->stored_results += !is_omitted(p, i);
    left_out = *count + p->stored_results;
    p->all_columns = *count + p->schema->result_count;
    for (i = 0; i < p->schema->result_count; i++) {
        const pipette_result_spec *spec = &p->schema->results[i];
        pipette_column_spec *column;
        p->result_columns[i] = is_omitted(p, i) ? left_out++ : (*count)++;
        column = &p->columns[p->result_columns[i]];
        column->size = sizeof *column;
        column->type = spec->type;
        column->role = PIPETTE_ROLE_RESULT;
        column->flags = spec->flags;
        column->path = result_path(spec->path);
        column->unit = spec->unit;
        column->doc = spec->doc;
        column->rank = spec->rank;
        column->dimensions = &p->dimensions[at];
        if (column->path == NULL)
            return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
        for (j = 0; j < spec->rank; j++, at++) {
            p->dimensions[at] = spec->dimensions[j];
            p->dimensions[at].size = sizeof p->dimensions[at];
            p->dimensions[at].extent = extents[at].extent;
            p->dimensions[at].start = extents[at].start;
            p->dimensions[at].step = extents[at].step;
        }
    }
    return PIPETTE_OK;
}

/* One byte for each run, where runs are many and all their results single numbers: there it still tells every bit. A
 * file keeps what it has. */
static void checksum_type(pipette_pipeline *p)
{
    uint32_t i, numbers = 0;
    int32_t type = p->checksum_type;
    for (i = p->first_result; i < p->first_result + p->stored_results; i++)
        numbers += p->columns[i].rank == 0 && p->columns[i].type != PIPETTE_TYPE_STRING &&
                   p->columns[i].type != PIPETTE_TYPE_COMPLEX;
    if (type == PIPETTE_TYPE_NONE)
        type = p->row_count > CHECKSUM_OF_FOUR && numbers == p->stored_results && numbers <= CHECKSUM_OF_ONE_NUMBERS
                   ? PIPETTE_TYPE_BOOL
                   : PIPETTE_TYPE_I32;
    for (i = 0; i < p->first_result; i++)
        if (strcmp(p->columns[i].path, LEDGER_CHECKSUM) == 0)
            p->columns[i].type = type;
}

static int parameter_columns(pipette_pipeline *p, uint32_t *count, pipette_error *error)
{
    uint32_t i;
    for (i = 0; i < pipette_explored_count(p->trajectory); i++) {
        pipette_node node = {.size = sizeof node};
        pipette_column_spec *column = &p->columns[(*count)++];
        int status = pipette_find(p->trajectory, pipette_explored(p->trajectory, i), &node);
        if (status != PIPETTE_OK)
            return pipette_error_set(error, status, "%s", pipette_trajectory_message(p->trajectory));
        column->size = sizeof *column;
        column->type = node.type;
        column->role = PIPETTE_ROLE_PARAMETER;
        column->path = node.path;
        column->unit = node.unit;
        column->doc = node.comment;
    }
    return PIPETTE_OK;
}

static int add_leaf(const pipette_node *node, void *user)
{
    pipette_pipeline *p = user;
    pipette_leaf_spec *leaf;
    if (!(node->flags & PIPETTE_NODE_LEAF) || (node->flags & PIPETTE_NODE_EXPLORED))
        return 0;
    if (p->layout.leaf_count == p->leaf_capacity) {
        uint32_t capacity = p->leaf_capacity == 0 ? 64 : 2 * p->leaf_capacity;
        pipette_leaf_spec *more = realloc(p->leaves, capacity * sizeof *more);
        if (more == NULL)
            return PIPETTE_E_MEMORY;
        p->leaves = more;
        p->leaf_capacity = capacity;
    }
    leaf = &p->leaves[p->layout.leaf_count++];
    memset(leaf, 0, sizeof *leaf);
    leaf->size = sizeof *leaf;
    leaf->path = node->path;
    leaf->unit = texts_utf8(&p->texts, node->unit);
    leaf->comment = texts_utf8(&p->texts, node->comment);
    leaf->value = texts_value(&p->texts, &node->value);
    return p->texts.failed ? PIPETTE_E_MEMORY : 0;
}

int layout_leaves(pipette_pipeline *p, pipette_error *error)
{
    p->layout.leaf_count = 0;
    if (pipette_walk(p->trajectory, "", add_leaf, p) != PIPETTE_OK)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    p->layout.leaves = p->leaves;
    return PIPETTE_OK;
}

static void free_columns(pipette_pipeline *p)
{
    uint32_t i;
    for (i = 0; p->columns != NULL && i < p->all_columns; i++)
        if (p->columns[i].role == PIPETTE_ROLE_RESULT)
            free((void *)(uintptr_t)p->columns[i].path);
    free(p->columns);
    free(p->dimensions);
    free(p->exploration_text);
    for (i = 0; i < p->layout.axis_count; i++) {
        free((void *)(uintptr_t)pipette_value_data(&p->axes[i].values));
        free((void *)(uintptr_t)p->axes[i].values.shape);
    }
    free(p->axes);
    p->axes = NULL;
    p->layout.axes = NULL;
    p->layout.axis_count = 0;
    p->columns = NULL;
    p->dimensions = NULL;
    p->exploration_text = NULL;
    p->layout.column_count = 0;
    p->layout.leaf_count = 0;
    p->all_columns = 0;
}

void layout_free(pipette_pipeline *p)
{
    free_columns(p);
    free(p->leaves);
    p->leaves = NULL;
    table_list_free(&p->tables);
}

/* The axes, where the rows are all points of one product, and their values are few enough to be kept a second time. */
static int layout_axes(pipette_pipeline *p, pipette_error *error)
{
    const exploration *points = trajectory_exploration(p->trajectory);
    uint32_t count = points != NULL ? exploration_parameter_count(points) : 0, i;
    uint64_t *counts = calloc(count + 1u, sizeof *counts), rows = 1;
    int product;
    if (counts == NULL)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    product = count > 0 && p->span_count == 1 && p->spans[0].first == 0 &&
              p->spans[0].count == exploration_count(points) && exploration_product(points, AXIS_VALUES_MOST, counts);
    for (i = 0; product && i < count; i++)
        product = !__builtin_mul_overflow(rows, counts[i], &rows);
    if (!product || rows != p->row_count) {
        free(counts);
        return PIPETTE_OK;
    }
    p->axes = calloc(count, sizeof *p->axes);
    for (i = 0; p->axes != NULL && i < count; i++) {
        const pipette_column_spec *column = &p->columns[i]; /* the explored parameters come first */
        void *data = malloc((size_t)counts[i] * pipette_type_size(column->type) + 1);
        uint64_t *shape = malloc(sizeof *shape);
        p->layout.axis_count = i + 1;
        p->axes[i] = (pipette_table_dimension){
            .size = sizeof p->axes[i], .name = column->path, .unit = column->unit, .doc = column->doc};
        if (shape != NULL)
            *shape = counts[i];
        p->axes[i].values = pipette_value_array(column->type, 1, shape, data);
        if (data == NULL || shape == NULL)
            break;
        exploration_axis(points, i, data);
    }
    free(counts);
    if (p->axes == NULL || i < count)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    p->layout.axes = p->axes;
    p->layout.axis_stride = sizeof *p->axes;
    return PIPETTE_OK;
}

int layout_build(pipette_pipeline *p, pipette_error *error)
{
    const exploration *points = trajectory_exploration(p->trajectory);
    uint32_t extent_count = shape_extent_count(p->schema), count = 0;
    shape_extent *extents = calloc(extent_count + 1u, sizeof *extents);
    int status = PIPETTE_OK;
    free_columns(p);
    p->columns = calloc(pipette_explored_count(p->trajectory) + p->schema->result_count + 8u, sizeof *p->columns);
    p->dimensions = calloc(extent_count + 1u, sizeof *p->dimensions);
    if (extents == NULL || p->columns == NULL || p->dimensions == NULL)
        status = pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    if (status == PIPETTE_OK)
        status = ask_shapes(p, extents, error);
    if (status == PIPETTE_OK)
        status = parameter_columns(p, &count, error);
    if (status == PIPETTE_OK) {
        ledger_columns(p->columns, &count, p->row_count);
        status = result_columns(p, extents, &count, error);
        if (status == PIPETTE_OK)
            checksum_type(p);
    }
    free(extents);
    p->layout.column_count = p->columns == NULL ? 0 : count;
    if (status == PIPETTE_OK)
        status = layout_leaves(p, error);
    if (status == PIPETTE_OK && points != NULL)
        status = exploration_text(points, &p->exploration_text, error);
    if (status == PIPETTE_OK)
        status = layout_axes(p, error);
    if (status != PIPETTE_OK)
        return status;
    p->layout.size = sizeof p->layout;
    p->layout.name = trajectory_name(p->trajectory);
    p->layout.comment = trajectory_comment(p->trajectory);
    p->layout.row_count = p->row_count;
    p->layout.spans = p->spans;
    p->layout.span_count = p->span_count;
    p->layout.columns = p->columns;
    p->layout.leaves = p->leaves;
    p->layout.tables = p->tables.tables;
    p->layout.table_count = p->tables.count;
    p->layout.exploration = p->exploration_text == NULL ? "" : p->exploration_text;
    p->layout.power_safe = p->power_safe;
    p->layout.compression = p->compression;
    return PIPETTE_OK;
}

uint64_t layout_bytes(const pipette_pipeline *p)
{
    uint64_t bytes = 0;
    uint32_t i, j;
    for (i = 0; i < p->layout.column_count; i++) {
        uint64_t row = p->columns[i].type == PIPETTE_TYPE_STRING ? 0 : pipette_type_size(p->columns[i].type);
        for (j = 0; j < p->columns[i].rank; j++)
            row = p->columns[i].dimensions[j].extent == PIPETTE_RAGGED ||
                          __builtin_mul_overflow(row, p->columns[i].dimensions[j].extent, &row)
                      ? 0
                      : row;
        if (__builtin_mul_overflow(row, p->columns[i].every > 1 ? p->row_count / p->columns[i].every + 1 : p->row_count,
                                   &row) ||
            __builtin_add_overflow(bytes, row, &bytes))
            return UINT64_MAX;
    }
    return bytes;
}
