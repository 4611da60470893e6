/* check_points.h: the points at which `check` runs a model: around its defaults, or those of a pipeline. */
#ifndef CORE_PROGRAM_CHECK_POINTS_H
#define CORE_PROGRAM_CHECK_POINTS_H

#include "engine/trial.h"
#include "pipeline/pipeline.h"
#include "base/arena.h"

/* Points around the defaults of what the model declares: the first has the defaults; in each other one every parameter
 * has another value, below its default in some and above in others, and within its bounds. What decides shapes keeps
 * its default in three quarters of the points, the first ones. `out` borrows from schema and memory. */
int check_points_around(const plugin_schema *schema, uint64_t count, arena *memory, trial_points *out,
                        pipette_error *error);

/* `count` points of the pipeline's exploration, evenly spread, first and last included; fewer where it has fewer. `out`
 * borrows from the trajectory and from memory. */
int check_points_of(pipette_pipeline *pipeline, uint64_t count, arena *memory, trial_points *out, pipette_error *error);

/* "I = 0.5, tau_ref = 7.5": what the point has of its own, shortened to `size`. Returns out. */
char *check_points_text(const trial_points *points, uint64_t point, char *out, size_t size);

#endif
