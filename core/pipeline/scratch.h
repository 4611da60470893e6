/* scratch.h: the folder that holds the working directories of runs or workers. */
#ifndef CORE_PIPELINE_SCRATCH_H
#define CORE_PIPELINE_SCRATCH_H

#include "pipeline/pipeline.h"

/* Where the config asks for such directories: names the folder in the plan, and makes it. It is FILE.work beside the
 * result file, so that what a failed run leaves is found again; for a replay a new one in $TMPDIR (else /tmp).
 * PIPETTE_E_SYSTEM. */
int scratch_make(pipette_pipeline *pipeline, engine_plan *plan, pipette_error *error);

/* After the runs: removes the folder, if nothing was kept in it. */
void scratch_end(const engine_plan *plan);

#endif
