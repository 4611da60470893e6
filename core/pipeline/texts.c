/* texts.c: what stages hand over for the file, with texts that are UTF-8. */
#include "pipeline/texts.h"

#include "base/utf8.h"

void texts_free(text_repairs *t)
{
    arena_destroy(t->memory);
    memset(t, 0, sizeof *t);
}

static void *get(text_repairs *t, size_t count, size_t size)
{
    void *memory;
    if (t->memory == NULL)
        t->memory = arena_create();
    memory = t->memory == NULL ? NULL : arena_get(t->memory, count, size);
    if (memory == NULL)
        t->failed = 1;
    return memory;
}

const char *texts_utf8(text_repairs *t, const char *text)
{
    const size_t length = text == NULL ? 0 : strlen(text);
    const uint64_t wrong = text == NULL ? 0 : utf8_wrong(text, length);
    char *changed = wrong == 0 ? NULL : get(t, length + 2 * (size_t)wrong + 1, 1);
    if (changed == NULL)
        return text;
    utf8_repair(text, length, changed);
    t->wrong += wrong;
    return changed;
}

pipette_value texts_value(text_repairs *t, const pipette_value *value)
{
    pipette_value out = *value;
    const uint64_t count = value->type == PIPETTE_TYPE_STRING ? pipette_value_count(value) : 0;
    const char *const *from = count == 0 ? NULL : pipette_value_data(value);
    const char **to;
    uint64_t i;
    if (from != NULL && value->rank == 0)
        out.as.string = texts_utf8(t, value->as.string);
    for (i = 0; from != NULL && value->rank > 0 && i < count; i++)
        if (from[i] != NULL && utf8_wrong(from[i], strlen(from[i])) > 0)
            break;
    if (from == NULL || value->rank == 0 || i == count || (to = get(t, (size_t)count, sizeof *to)) == NULL)
        return out;
    for (i = 0; i < count; i++)
        to[i] = texts_utf8(t, from[i]);
    out.data = to;
    return out;
}

pipette_table texts_table(text_repairs *t, const pipette_table *table)
{
    const uint32_t d_step =
        table->dimension_stride == 0 ? (uint32_t)sizeof(pipette_table_dimension) : table->dimension_stride;
    const uint32_t a_step = table->array_stride == 0 ? (uint32_t)sizeof(pipette_table_array) : table->array_stride;
    pipette_table out = *table;
    pipette_table_dimension *dimensions = get(t, table->dimension_count, sizeof *dimensions);
    pipette_table_array *arrays = get(t, table->array_count, sizeof *arrays);
    uint32_t i;
    if (dimensions == NULL || arrays == NULL)
        return out;
    for (i = 0; i < table->dimension_count; i++) {
        memcpy(&dimensions[i], (const char *)table->dimensions + (size_t)i * d_step,
               d_step < sizeof *dimensions ? d_step : sizeof *dimensions);
        dimensions[i].name = texts_utf8(t, dimensions[i].name);
        dimensions[i].unit = texts_utf8(t, dimensions[i].unit);
        dimensions[i].doc = texts_utf8(t, dimensions[i].doc);
        dimensions[i].values = texts_value(t, &dimensions[i].values);
    }
    for (i = 0; i < table->array_count; i++) {
        memcpy(&arrays[i], (const char *)table->arrays + (size_t)i * a_step,
               a_step < sizeof *arrays ? a_step : sizeof *arrays);
        arrays[i].name = texts_utf8(t, arrays[i].name);
        arrays[i].unit = texts_utf8(t, arrays[i].unit);
        arrays[i].doc = texts_utf8(t, arrays[i].doc);
    }
    out.comment = texts_utf8(t, table->comment);
    out.dimensions = dimensions;
    out.arrays = arrays;
    out.dimension_stride = out.array_stride = 0;
    return out;
}
