/* get_array.h: one value, one array, or the arrays of one table, as text, CSV or JSON. */
#ifndef CORE_CLI_GET_ARRAY_H
#define CORE_CLI_GET_ARRAY_H

#include "cli/get_runs.h"

/* `count` entries of the same dimensions: the arrays of a table; or one entry of any kind, of a column its value in
 * options->run. An exit code, after a message. */
int get_arrays(pipette_file *file, const pipette_entry *const *entries, uint32_t count, const get_options *options,
               output *out);

#endif
