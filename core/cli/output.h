/* output.h: values as CSV and as JSON into a buffer, and the buffer onto standard output in blocks. */
#ifndef CORE_CLI_OUTPUT_H
#define CORE_CLI_OUTPUT_H

#include <pipette/embed.h>

#include "cli/parts.h"

/* Zero-initialised: memory only, freed by output_free(). After the first failure nothing is added any more. */
typedef struct output {
    char *data;
    size_t used, capacity;
    int file;   /* a descriptor that blocks are written to; 0: none */
    int failed; /* errno */
} output;

void output_bytes(output *out, const char *bytes, size_t count);
void output_text(output *out, const char *text);
void output_u64(output *out, uint64_t number);

/* A field of a CSV line, quoted where RFC 4180 wants it. */
void output_csv(output *out, const char *text);
/* Element `index` of contiguous elements as a field: numbers so that they read back as they were, "1.5-2j", "true". */
void output_csv_element(output *out, int type, const void *elements, uint64_t index);

/* A string with its quotes; bytes that are not UTF-8 become U+FFFD. */
void output_json(output *out, const char *text);
/* An element; NaN and infinities are null, a complex number is [re, im]. */
void output_json_element(output *out, int type, const void *elements, uint64_t index);
/* A whole value: nested arrays of its shape. `table`: the entry of a table, of which elements can be missing; else
 * NULL. Ends early where the elements cannot be read. */
void output_json_value(output *out, const pipette_value *value, parts *elements, const pipette_entry *table);

/* Writes what is left. The command's exit code: a reader that went away ends it quietly, anything else is reported. */
int output_end(output *out);
void output_free(output *out);

#endif
