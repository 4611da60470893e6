/* texts.h: what stages hand over for the file, with texts that are UTF-8: each byte that is none becomes U+FFFD, and is
 * counted. */
#ifndef CORE_PIPELINE_TEXTS_H
#define CORE_PIPELINE_TEXTS_H

#include <pipette/postprocess.h>

#include "base/arena.h"

/* Begins as zeroes. */
typedef struct text_repairs {
    arena *memory;  /* of texts that had to be changed, and of what points to them */
    uint64_t wrong; /* bytes */
    int failed;     /* out of memory: what was returned since is not whole */
} text_repairs;

void texts_free(text_repairs *t);

/* The text itself, or a changed copy that lives as long as `t`. NULL stays NULL. */
const char *texts_utf8(text_repairs *t, const char *text);

/* Likewise all texts of a value; what is no text is the caller's. */
pipette_value texts_value(text_repairs *t, const pipette_value *value);

/* Likewise all texts of a table: names, units, notes and coordinates. */
pipette_table texts_table(text_repairs *t, const pipette_table *table);

#endif
