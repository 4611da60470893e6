/* get_runs.h: a value of many runs as lines of CSV or records of JSON. */
#ifndef CORE_CLI_GET_RUNS_H
#define CORE_CLI_GET_RUNS_H

#include "cli/output.h"

typedef struct get_options {
    uint64_t run; /* of --run, or PIPETTE_DEFAULT_RUN */
    const char *where;
    uint32_t states; /* bits of pipette_state; 0: any */
    int state;       /* it is a column */
    int json, wide, narrow;
    int table; /* a table was named, not one of its arrays */
} get_options;

/* The runs with what was explored and the value of `entry` (NULL: their states and messages). An exit code, after a
 * message. */
int get_runs(pipette_file *file, const pipette_entry *entry, const get_options *options, output *out);

#endif
