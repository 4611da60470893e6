/* tables.c: copies of tables that outlive the call in which a plugin described them. */
#include "pipeline/tables.h"

#include <stdlib.h>

static const void *element(const void *array, uint32_t index, uint32_t stride, size_t size)
{
    return (const char *)array + (size_t)index * (stride == 0 ? size : stride);
}

static char *copy_text(const char *text, int *failed)
{
    char *copy = strdup(text == NULL ? "" : text);
    if (copy == NULL)
        *failed = 1;
    return copy;
}

static void drop(const void *owned)
{
    free((void *)(uintptr_t)owned);
}

static void copy_values(pipette_value *to, const pipette_value *from, int *failed)
{
    uint64_t count = pipette_value_count(from), i, *shape;
    *to = pipette_value_none();
    if (from->type == PIPETTE_TYPE_NONE)
        return;
    shape = malloc(sizeof *shape);
    if (shape == NULL) {
        *failed = 1;
        return;
    }
    shape[0] = count;
    to->type = from->type;
    to->rank = 1;
    to->shape = shape;
    if (from->type == PIPETTE_TYPE_STRING) {
        char **texts = calloc((size_t)count + 1, sizeof *texts);
        for (i = 0; texts != NULL && i < count; i++)
            texts[i] = copy_text(((const char *const *)pipette_value_data(from))[i], failed);
        to->data = texts;
    } else {
        void *data = malloc((size_t)count * pipette_type_size(from->type) + 1);
        if (data != NULL)
            memcpy(data, pipette_value_data(from), (size_t)count * pipette_type_size(from->type));
        to->data = data;
    }
    if (to->data == NULL)
        *failed = 1;
}

static void table_free(pipette_table *table)
{
    uint32_t i;
    for (i = 0; table->dimensions != NULL && i < table->dimension_count; i++) {
        const pipette_table_dimension *dimension = &table->dimensions[i];
        drop(dimension->name);
        drop(dimension->unit);
        drop(dimension->doc);
        if (dimension->values.type == PIPETTE_TYPE_STRING && dimension->values.data != NULL) {
            uint64_t j;
            for (j = 0; j < dimension->values.shape[0]; j++)
                drop(((const char *const *)dimension->values.data)[j]);
        }
        drop(dimension->values.shape);
        drop(dimension->values.data);
    }
    for (i = 0; table->arrays != NULL && i < table->array_count; i++) {
        drop(table->arrays[i].name);
        drop(table->arrays[i].unit);
        drop(table->arrays[i].doc);
    }
    drop(table->dimensions);
    drop(table->arrays);
    drop(table->path);
    drop(table->comment);
}

int table_list_add(table_list *list, const pipette_table *table, pipette_error *error)
{
    pipette_table_dimension *dimensions = calloc(table->dimension_count + 1u, sizeof *dimensions);
    pipette_table_array *arrays = calloc(table->array_count + 1u, sizeof *arrays);
    pipette_table copy = {.size = sizeof copy};
    char path[600];
    int failed = dimensions == NULL || arrays == NULL;
    uint32_t i;
    if (list->count == list->capacity) {
        uint32_t capacity = list->capacity == 0 ? 4 : 2 * list->capacity;
        pipette_table *more = realloc(list->tables, capacity * sizeof *more);
        if (more == NULL) {
            failed = 1;
        } else {
            list->tables = more;
            list->capacity = capacity;
        }
    }
    (void)snprintf(path, sizeof path, "results.%s", table->path);
    copy.path = copy_text(path, &failed);
    copy.comment = copy_text(table->comment, &failed);
    for (i = 0; !failed && i < table->dimension_count; i++) {
        const pipette_table_dimension *from = element(table->dimensions, i, table->dimension_stride, sizeof *from);
        dimensions[i].size = sizeof dimensions[i];
        dimensions[i].name = copy_text(from->name, &failed);
        dimensions[i].unit = copy_text(from->unit, &failed);
        dimensions[i].doc = copy_text(from->doc, &failed);
        dimensions[i].extent =
            from->values.type == PIPETTE_TYPE_NONE ? from->extent : pipette_value_count(&from->values);
        copy_values(&dimensions[i].values, &from->values, &failed);
    }
    for (i = 0; !failed && i < table->array_count; i++) {
        const pipette_table_array *from = element(table->arrays, i, table->array_stride, sizeof *from);
        arrays[i].size = sizeof arrays[i];
        arrays[i].type = from->type;
        arrays[i].name = copy_text(from->name, &failed);
        arrays[i].unit = copy_text(from->unit, &failed);
        arrays[i].doc = copy_text(from->doc, &failed);
    }
    copy.dimensions = dimensions;
    copy.dimension_count = dimensions == NULL ? 0 : table->dimension_count;
    copy.arrays = arrays;
    copy.array_count = arrays == NULL ? 0 : table->array_count;
    if (failed) {
        table_free(&copy);
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory for table '%s'", table->path);
    }
    list->tables[list->count++] = copy;
    return PIPETTE_OK;
}

void table_list_free(table_list *list)
{
    uint32_t i;
    for (i = 0; i < list->count; i++)
        table_free(&list->tables[i]);
    free(list->tables);
    memset(list, 0, sizeof *list);
}
