/* pairs.h: runs of two result files that are at the same point, whatever their numbers. */
#ifndef CORE_PROGRAM_PAIRS_H
#define CORE_PROGRAM_PAIRS_H

#include <pipette/analysis.h>

typedef struct pairs pairs;

#define PAIRS_NONE UINT64_MAX

/* For two trajectories; rows are those of a loaded one's file, the runs of another one. Points are compared over every
 * parameter that one of them explores; where the other does not, its value counts. PIPETTE_E_INVALID where that
 * parameter is not in both, or of another type. Needs 16 bytes for each run of `b`. */
/* With `different`, single values that both have and that differ are part of the points as well. */
int pairs_create(pipette_trajectory *a, pipette_trajectory *b, int different, pairs **out, pipette_error *error);
void pairs_destroy(pairs *p);

/* For the rows of `a` from `first` on: the row of `b` at the same point, or PAIRS_NONE. */
int pairs_find(pairs *p, uint64_t first, uint64_t count, uint64_t *rows, pipette_error *error);

/* The parameters that points are compared over: full names. */
uint32_t pairs_parameter_count(const pairs *p);
const char *pairs_parameter(const pairs *p, uint32_t index);

#endif
