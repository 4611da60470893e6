/* coordinates.c: what the places along a dimension are called. */
#include "cli/coordinates.h"

#include <stdlib.h>

int coordinates_load(pipette_file *file, const pipette_entry *entry, uint32_t dimension, coordinates *out)
{
    const char *dot = strrchr(entry->path, '.');
    const pipette_dimension *d = &entry->dimensions[dimension];
    pipette_value value;
    char path[600];
    uint64_t i;
    memset(out, 0, sizeof *out);
    out->name = d->name == NULL || d->name[0] == '\0' ? "index" : d->name;
    out->start = d->start;
    out->step = d->step;
    out->labels = d->labels;
    if (entry->kind != PIPETTE_ENTRY_TABLE || dot == NULL || d->name == NULL || strcmp(dot + 1, d->name) == 0)
        return 1;
    (void)snprintf(path, sizeof path, "%.*s.%s", (int)(dot - entry->path), entry->path, d->name);
    if (pipette_file_read_one(file, path, 0, &value, NULL) != PIPETTE_OK || value.rank != 1)
        return 1;
    out->type = value.type;
    out->count = value.shape[0];
    out->values = calloc((size_t)out->count + 1, pipette_type_size(value.type));
    if (out->values == NULL)
        return 0;
    memcpy(out->values, value.data, (size_t)out->count * pipette_type_size(value.type));
    for (i = 0; value.type == PIPETTE_TYPE_STRING && i < out->count; i++)
        if ((((char **)out->values)[i] = strdup(((const char *const *)value.data)[i])) == NULL) {
            out->count = i;
            return 0;
        }
    return 1;
}

void coordinates_free(coordinates *c)
{
    uint64_t i;
    for (i = 0; c->values != NULL && c->type == PIPETTE_TYPE_STRING && i < c->count; i++)
        free(((char **)c->values)[i]);
    free(c->values);
    memset(c, 0, sizeof *c);
}

void coordinates_csv(output *out, const coordinates *c, uint64_t index)
{
    double number = c->start + (double)index * c->step;
    if (c->values != NULL && index < c->count)
        output_csv_element(out, c->type, c->values, index);
    else if (c->labels != NULL)
        output_csv(out, c->labels[index]);
    else if (c->step != 0)
        output_csv_element(out, PIPETTE_TYPE_F64, &number, 0);
    else
        output_u64(out, index);
}
