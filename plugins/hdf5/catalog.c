/* The catalog: made from a layout. */
#include "store.h"

#include <inttypes.h>
#include <stdlib.h>

enum { PACK_ROW_MIN = 4096 }; /* smaller rows gain little and cost a chunk's entry each */

void *catalog_grow(store_file *store, void **array, uint32_t *count, size_t size)
{
    char *grown = *array;
    /* Doubles at powers of two, so that no capacity has to be kept. */
    if ((*count & (*count - 1)) == 0) {
        grown = realloc(*array, (size_t)(*count == 0 ? 1 : *count * 2) * size);
        if (grown == NULL) {
            (void)store_memory(store);
            return NULL;
        }
        *array = grown;
    }
    memset(grown + (size_t)*count * size, 0, size);
    return grown + (size_t)(*count)++ * size;
}

char **catalog_labels_make(pipette_dimension *dimension)
{
    char **labels = calloc((size_t)dimension->extent + 1, sizeof *labels);
    dimension->labels = (const char *const *)labels;
    return labels;
}

static void catalog_labels_free(pipette_dimension *dimension)
{
    uint64_t i;
    for (i = 0; dimension->labels != NULL && i < dimension->extent; i++)
        free((char *)(uintptr_t)dimension->labels[i]);
    free((void *)(uintptr_t)dimension->labels);
}

void catalog_column_free(store_column *column)
{
    uint32_t i;
    for (i = 0; column->dimensions != NULL && i < column->rank; i++) {
        free((char *)(uintptr_t)column->dimensions[i].name);
        free((char *)(uintptr_t)column->dimensions[i].unit);
        free((char *)(uintptr_t)column->dimensions[i].doc);
        catalog_labels_free(&column->dimensions[i]);
    }
    for (i = 0; column->codes != NULL && i < column->code_count; i++)
        free(column->codes[i]);
    free(column->dimensions);
    free(column->codes);
    free(column->path);
    free(column->unit);
    free(column->doc);
    free(column->dataset);
    places_free(&column->places);
    places_free(&column->shapes);
    places_free(&column->runs);
    free(column->chunks);
    free(column->starts);
    free(column->records);
}

void catalog_table_free(store_table *table)
{
    uint32_t i;
    for (i = 0; i < table->axis_count; i++) {
        store_axis *axis = &table->axes[i];
        free(axis->name);
        free(axis->unit);
        free(axis->doc);
        free(axis->dataset);
        store_value_free(&axis->values);
    }
    for (i = 0; i < table->array_count; i++) {
        store_array *array = &table->arrays[i];
        free(array->name);
        free(array->unit);
        free(array->doc);
        free(array->dataset);
        free(array->data);
    }
    free(table->axes);
    free(table->arrays);
    free(table->path);
    free(table->comment);
    free(table->group);
}

void catalog_free(store_catalog *catalog)
{
    uint32_t i;
    if (catalog == NULL)
        return;
    for (i = 0; i < catalog->column_count; i++)
        catalog_column_free(&catalog->columns[i]);
    for (i = 0; i < catalog->leaf_count; i++)
        catalog_leaf_free(&catalog->leaves[i]);
    for (i = 0; i < catalog->table_count; i++)
        catalog_table_free(&catalog->tables[i]);
    catalog_table_free(&catalog->grid);
    free(catalog->columns);
    free(catalog->leaves);
    free(catalog->tables);
    free(catalog->spans);
    free(catalog->name);
    free(catalog->comment);
    free(catalog->exploration);
    free(catalog);
}

store_column *catalog_find(const store_catalog *catalog, const char *path)
{
    uint32_t i;
    for (i = 0; i < catalog->column_count; i++)
        if (strcmp(catalog->columns[i].path, path) == 0)
            return &catalog->columns[i];
    return NULL;
}

bool catalog_plain_runs(const store_catalog *catalog)
{
    uint64_t next = 0;
    uint32_t i;
    for (i = 0; i < catalog->span_count; i++) {
        if (catalog->spans[i].first != next)
            return false;
        next += catalog->spans[i].count;
    }
    return true;
}

int catalog_run_type(const store_catalog *catalog)
{
    uint32_t i;
    for (i = 0; i < catalog->span_count; i++)
        if (catalog->spans[i].count > 0 && catalog->spans[i].first + catalog->spans[i].count - 1 > INT32_MAX)
            return PIPETTE_TYPE_I64;
    return PIPETTE_TYPE_I32;
}

char *catalog_data_path(store_file *store, const store_catalog *catalog, const store_column *column)
{
    bool own_group = column->form == STORE_RAGGED && catalog->format >= 3;
    char *path = store_format("%s%s", column->dataset,
                              column->form == STORE_SPARSE ? "/text"
                              : own_group                  ? strrchr(column->dataset, '/')
                                                           : "");
    if (path == NULL)
        (void)store_memory(store);
    return path;
}

/* ---- From a layout ---- */

/* What follows from a column's description: its place in the file, form and sizes. */
int catalog_complete_column(store_file *store, store_column *column)
{
    bool ragged = false;
    uint32_t i;
    column->id = -1;
    column->elements = 1;
    column->every = column->every == 0 ? 1 : column->every;
    if (pipette_type_size(column->type) == 0)
        return store_fail(store, PIPETTE_E_TYPE, "column '%s' has no valid type", column->path);
    if (column->rank > STORE_RANK_MAX)
        return store_fail(store, PIPETTE_E_INVALID, "column '%s' has %u dimensions; %d is the most", column->path,
                          column->rank, STORE_RANK_MAX);
    for (i = 0; i < column->rank; i++) {
        if (column->dimensions[i].extent == PIPETTE_RAGGED)
            ragged = true;
        else if (__builtin_mul_overflow(column->elements, column->dimensions[i].extent, &column->elements))
            return store_fail(store, PIPETTE_E_INVALID, "column '%s' is too large", column->path);
    }
    if (column->type == PIPETTE_TYPE_STRING && !ragged && (column->rank == 0 || column->role == PIPETTE_ROLE_PARAMETER))
        column->form = column->role == PIPETTE_ROLE_LEDGER ? STORE_SPARSE : STORE_TEXT;
    else if (column->type == PIPETTE_TYPE_STRING || ragged)
        column->form = STORE_RAGGED;
    else
        column->form = column->level > 0 ? STORE_PACKED : STORE_FIXED;
    if (column->every > 1 && (column->form != STORE_FIXED || column->role != PIPETTE_ROLE_LEDGER))
        return store_fail(store, PIPETTE_E_UNSUPPORTED, "column '%s' needs a value for each row", column->path);
    if (__builtin_mul_overflow(column->elements, pipette_type_size(column->type), &column->row_bytes))
        return store_fail(store, PIPETTE_E_INVALID, "column '%s' is too large", column->path);
    column->dataset = names_dataset(store, column->path);
    return column->dataset != NULL ? PIPETTE_OK : store->failure;
}

void catalog_pack(store_column *column, uint32_t level)
{
    if (column->role != PIPETTE_ROLE_RESULT || (column->form != STORE_FIXED && column->form != STORE_PACKED) ||
        column->row_bytes < PACK_ROW_MIN || column->row_bytes > UINT32_MAX)
        return;
    column->level = level > 9 ? 9 : level;
    column->form = level > 0 ? STORE_PACKED : STORE_FIXED;
}

uint64_t catalog_rows(const store_catalog *catalog, const store_column *column)
{
    return catalog->row_count / column->every + (catalog->row_count % column->every != 0);
}

static bool dimension_copy(pipette_dimension *out, const pipette_dimension *dimension)
{
    const char *const *labels = PIPETTE_HAS(dimension, labels) ? dimension->labels : NULL;
    char **copies;
    uint64_t i;
    bool ok = true;
    memset(out, 0, sizeof *out);
    memcpy(out, dimension, dimension->size < sizeof *out ? dimension->size : sizeof *out);
    out->size = (uint32_t)sizeof *out;
    out->labels = NULL;
    copies = labels != NULL ? catalog_labels_make(out) : NULL;
    for (i = 0; copies != NULL && ok && i < out->extent; i++)
        ok = (copies[i] = store_copy(labels[i])) != NULL;
    ok = ok && (labels == NULL || copies != NULL);
    out->name = store_copy(dimension->name);
    out->unit = store_copy(dimension->unit);
    out->doc = store_copy(dimension->doc);
    return ok && out->name != NULL && out->unit != NULL && out->doc != NULL;
}

int catalog_column(store_file *store, store_column *column, const pipette_column_spec *spec)
{
    uint32_t stride = spec->dimension_stride ? spec->dimension_stride : (uint32_t)sizeof(pipette_dimension), i;
    bool ok;
    memset(column, 0, sizeof *column);
    column->id = -1;
    column->type = spec->type;
    column->role = spec->role;
    column->flags = spec->flags;
    column->every = PIPETTE_HAS(spec, every) ? spec->every : 0;
    column->path = store_copy(spec->path);
    column->unit = store_copy(spec->unit);
    column->doc = store_copy(spec->doc);
    column->dimensions = calloc(spec->rank + 1, sizeof *column->dimensions);
    ok = column->path != NULL && column->unit != NULL && column->doc != NULL && column->dimensions != NULL;
    for (i = 0; ok && i < spec->rank; i++, column->rank++)
        ok =
            dimension_copy(&column->dimensions[i], (const void *)((const char *)spec->dimensions + (size_t)i * stride));
    if (ok && spec->codes != NULL && spec->code_count > 0) {
        column->codes = calloc(spec->code_count, sizeof *column->codes);
        column->code_count = column->codes != NULL ? spec->code_count : 0;
        ok = column->codes != NULL;
        for (i = 0; ok && i < spec->code_count; i++)
            ok = (column->codes[i] = store_copy(spec->codes[i])) != NULL;
    }
    return ok ? catalog_complete_column(store, column) : store_memory(store);
}

int catalog_complete_leaf(store_file *store, store_leaf *leaf)
{
    leaf->dataset = names_dataset(store, leaf->path);
    return leaf->dataset != NULL ? PIPETTE_OK : store->failure;
}

void catalog_leaf_free(store_leaf *leaf)
{
    free(leaf->path);
    free(leaf->unit);
    free(leaf->comment);
    free(leaf->dataset);
    store_value_free(&leaf->value);
}

int catalog_leaf(store_file *store, store_leaf *leaf, const pipette_leaf_spec *spec)
{
    memset(leaf, 0, sizeof *leaf);
    leaf->path = store_copy(spec->path);
    leaf->unit = store_copy(spec->unit);
    leaf->comment = store_copy(spec->comment);
    if (leaf->path == NULL || leaf->unit == NULL || leaf->comment == NULL)
        return store_memory(store);
    leaf->type = spec->value.type;
    leaf->rank = spec->value.rank;
    if (pipette_type_size(leaf->type) == 0 || leaf->rank > STORE_RANK_MAX)
        return store_fail(store, PIPETTE_E_TYPE, "'%s' has no value that can be stored", leaf->path);
    if (leaf->rank > 0)
        memcpy(leaf->shape, spec->value.shape, leaf->rank * sizeof leaf->shape[0]);
    if (store_value_copy(store, &leaf->value, &spec->value) != PIPETTE_OK)
        return PIPETTE_E_MEMORY;
    return catalog_complete_leaf(store, leaf);
}

int catalog_complete_table(store_file *store, store_table *table)
{
    uint32_t i;
    table->group = names_dataset(store, table->path);
    if (table->group == NULL)
        return store->failure;
    for (i = 0; i < table->axis_count; i++)
        if ((table->axes[i].dataset = store_format("%s/%s", table->group, table->axes[i].name)) == NULL)
            return store_memory(store);
    for (i = 0; i < table->array_count; i++)
        if ((table->arrays[i].dataset = store_format("%s/%s", table->group, table->arrays[i].name)) == NULL)
            return store_memory(store);
    return PIPETTE_OK;
}

int catalog_complete_grid(store_file *store, store_table *grid)
{
    uint32_t i;
    free(grid->group);
    grid->group = store_copy("/grid");
    for (i = 0; i < grid->axis_count; i++) {
        free(grid->axes[i].dataset);
        if ((grid->axes[i].dataset = store_format("/grid/%s", grid->axes[i].name)) == NULL)
            return store_memory(store);
    }
    return grid->group != NULL ? PIPETTE_OK : store_memory(store);
}

uint64_t catalog_table_elements(const store_table *table)
{
    uint64_t count = 1;
    uint32_t i;
    for (i = 0; i < table->axis_count; i++)
        if (__builtin_mul_overflow(count, table->axes[i].extent, &count))
            return UINT64_MAX / 32;
    return count;
}

int catalog_table(store_file *store, store_table *out, const pipette_table *table, bool with_data)
{
    size_t dimension_stride = table->dimension_stride ? table->dimension_stride : sizeof(pipette_table_dimension);
    size_t array_stride = table->array_stride ? table->array_stride : sizeof(pipette_table_array);
    uint64_t elements;
    uint32_t i;
    memset(out, 0, sizeof *out);
    out->path =
        strncmp(table->path, "results.", 8) == 0 ? store_copy(table->path) : store_format("results.%s", table->path);
    out->comment = store_copy(table->comment);
    out->axes = calloc(table->dimension_count + 1, sizeof *out->axes);
    out->arrays = calloc(table->array_count + 1, sizeof *out->arrays);
    if (out->path == NULL || out->comment == NULL || out->axes == NULL || out->arrays == NULL)
        return store_memory(store);
    if (table->dimension_count > STORE_RANK_MAX)
        return store_fail(store, PIPETTE_E_INVALID, "table '%s' has too many dimensions", out->path);
    for (i = 0; i < table->dimension_count; i++, out->axis_count++) {
        const pipette_table_dimension *dimension =
            (const void *)((const char *)table->dimensions + i * dimension_stride);
        store_axis *axis = &out->axes[i];
        axis->name = store_copy(dimension->name);
        axis->unit = store_copy(dimension->unit);
        axis->doc = store_copy(dimension->doc);
        axis->type = dimension->values.type;
        axis->extent = axis->type == PIPETTE_TYPE_NONE ? dimension->extent : pipette_value_count(&dimension->values);
        if (axis->name == NULL || axis->unit == NULL || axis->doc == NULL ||
            (axis->type != PIPETTE_TYPE_NONE &&
             store_value_copy(store, &axis->values, &dimension->values) != PIPETTE_OK)) {
            out->axis_count++;
            return store_memory(store);
        }
        if (axis->type != PIPETTE_TYPE_NONE && (dimension->values.rank != 1 || axis->type == PIPETTE_TYPE_COMPLEX)) {
            out->axis_count++;
            return store_fail(store, PIPETTE_E_TYPE,
                              "coordinates '%s' of table '%s' are not a row of numbers or strings", axis->name,
                              out->path);
        }
    }
    elements = catalog_table_elements(out);
    for (i = 0; i < table->array_count; i++) {
        const pipette_table_array *from = (const void *)((const char *)table->arrays + i * array_stride);
        store_array *array = &out->arrays[i];
        size_t size = pipette_type_size(from->type);
        out->array_count++;
        array->name = store_copy(from->name);
        array->unit = store_copy(from->unit);
        array->doc = store_copy(from->doc);
        array->type = from->type;
        if (array->name == NULL || array->unit == NULL || array->doc == NULL)
            return store_memory(store);
        if (size == 0 || array->type == PIPETTE_TYPE_STRING)
            return store_fail(store, PIPETTE_E_TYPE, "array '%s' of table '%s' is not of numbers", array->name,
                              out->path);
        if (!with_data)
            continue;
        if (from->data == NULL)
            return store_fail(store, PIPETTE_E_INVALID, "array '%s' of table '%s' has no data", array->name, out->path);
        array->data = malloc((size_t)elements * size + 1);
        if (array->data == NULL)
            return store_memory(store);
        memcpy(array->data, from->data, (size_t)elements * size);
    }
    return catalog_complete_table(store, out);
}

bool catalog_table_same(const store_table *a, const store_table *b)
{
    uint32_t i;
    if (strcmp(a->path, b->path) != 0 || a->axis_count != b->axis_count || a->array_count != b->array_count ||
        strcmp(a->comment, b->comment) != 0)
        return false;
    for (i = 0; i < a->axis_count; i++) {
        const store_axis *left = &a->axes[i], *right = &b->axes[i];
        if (strcmp(left->name, right->name) != 0 || strcmp(left->unit, right->unit) != 0 ||
            strcmp(left->doc, right->doc) != 0 || left->type != right->type || left->extent != right->extent ||
            (left->type != PIPETTE_TYPE_NONE && !store_value_equal(&left->values.value, &right->values.value)))
            return false;
    }
    for (i = 0; i < a->array_count; i++) {
        const store_array *left = &a->arrays[i], *right = &b->arrays[i];
        if (strcmp(left->name, right->name) != 0 || strcmp(left->unit, right->unit) != 0 ||
            strcmp(left->doc, right->doc) != 0 || left->type != right->type)
            return false;
    }
    return true;
}

store_catalog *catalog_from_layout(store_file *store, const pipette_layout *layout)
{
    store_catalog *catalog = calloc(1, sizeof *catalog);
    size_t span_stride = layout->span_stride ? layout->span_stride : sizeof(pipette_run_span);
    size_t column_stride = layout->column_stride ? layout->column_stride : sizeof(pipette_column_spec);
    size_t leaf_stride = layout->leaf_stride ? layout->leaf_stride : sizeof(pipette_leaf_spec);
    size_t table_stride = layout->table_stride ? layout->table_stride : sizeof(pipette_table);
    uint64_t rows = 0;
    uint32_t i;
    if (catalog == NULL) {
        (void)store_memory(store);
        return NULL;
    }
    catalog->format = STORE_FORMAT;
    catalog->name = store_copy(layout->name);
    catalog->comment = store_copy(layout->comment);
    catalog->exploration = store_copy(layout->exploration);
    catalog->row_count = layout->row_count;
    catalog->power_safe = layout->power_safe != 0;
    catalog->compression = layout->compression;
    if (catalog->name == NULL || catalog->comment == NULL || catalog->exploration == NULL) {
        (void)store_memory(store);
        goto failed;
    }
    for (i = 0; i < layout->span_count; i++) {
        pipette_run_span *span = catalog_grow(store, (void **)&catalog->spans, &catalog->span_count, sizeof *span);
        if (span == NULL)
            goto failed;
        *span = *(const pipette_run_span *)(const void *)((const char *)layout->spans + i * span_stride);
        rows += span->count;
    }
    if (rows != layout->row_count) {
        (void)store_fail(store, PIPETTE_E_INVALID, "the layout has %" PRIu64 " rows, its spans have %" PRIu64,
                         layout->row_count, rows);
        goto failed;
    }
    for (i = 0; i < layout->column_count; i++) {
        store_column *column =
            catalog_grow(store, (void **)&catalog->columns, &catalog->column_count, sizeof(store_column));
        if (column == NULL ||
            catalog_column(store, column, (const void *)((const char *)layout->columns + i * column_stride)) !=
                PIPETTE_OK)
            goto failed;
        catalog_pack(column, catalog->compression);
    }
    for (i = 0; i < layout->leaf_count; i++) {
        store_leaf *leaf = catalog_grow(store, (void **)&catalog->leaves, &catalog->leaf_count, sizeof(store_leaf));
        if (leaf == NULL ||
            catalog_leaf(store, leaf, (const void *)((const char *)layout->leaves + i * leaf_stride)) != PIPETTE_OK)
            goto failed;
    }
    for (i = 0; i < layout->table_count; i++) {
        store_table *table = catalog_grow(store, (void **)&catalog->tables, &catalog->table_count, sizeof(store_table));
        if (table == NULL ||
            catalog_table(store, table, (const void *)((const char *)layout->tables + i * table_stride), false) !=
                PIPETTE_OK)
            goto failed;
    }
    if (PIPETTE_HAS(layout, axis_stride) && layout->axis_count > 0 && grid_axes(store, catalog, layout) != PIPETTE_OK)
        goto failed;
    return catalog;
failed:
    catalog_free(catalog);
    return NULL;
}
