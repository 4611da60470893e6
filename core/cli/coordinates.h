/* coordinates.h: what the places along a dimension are called. */
#ifndef CORE_CLI_COORDINATES_H
#define CORE_CLI_COORDINATES_H

#include "cli/output.h"

/* The values that a table has for it, or labels, or start + i * step, or i. */
typedef struct coordinates {
    const char *name; /* never empty */
    double start, step;
    const char *const *labels; /* the file's */
    int type;                  /* of the values; NONE: there are none */
    uint64_t count;
    void *values;
} coordinates;

/* Of one dimension of an entry. 0: out of memory. Invalidates values that were read from the file. */
int coordinates_load(pipette_file *file, const pipette_entry *entry, uint32_t dimension, coordinates *out);
void coordinates_free(coordinates *axis);
void coordinates_csv(output *out, const coordinates *axis, uint64_t index);

#endif
