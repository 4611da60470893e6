/* explored.h: the explored parameters of the runs, written ahead. */
#ifndef CORE_PIPELINE_EXPLORED_H
#define CORE_PIPELINE_EXPLORED_H

#include "pipeline/pipeline.h"

enum { COORDINATE_BYTES = 1 << 19 }; /* that are written at once */

/* Writes every explored parameter for the rows from `first` on. Writing them again changes nothing. */
int coordinates_write(pipette_pipeline *pipeline, uint64_t first, pipette_error *error);

#endif
