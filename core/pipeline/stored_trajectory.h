/* stored_trajectory.h: the trajectory of a result file, for stages that look at finished experiments. */
#ifndef CORE_PIPELINE_STORED_TRAJECTORY_H
#define CORE_PIPELINE_STORED_TRAJECTORY_H

#include <pipette/embed.h>

/* Parameters with their values (explored ones: that of the first row), config, derived parameters and single results,
 * and the exploration. Everything is locked, and adding or expanding is refused. trajectory_destroy() frees it. */
int stored_trajectory(pipette_file *file, pipette_trajectory **trajectory, pipette_error *error);

#endif
