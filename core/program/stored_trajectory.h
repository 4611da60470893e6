/* stored_trajectory.h: the trajectory of a result file: for analyses, and for stages that look at finished experiments.
 */
#ifndef CORE_PROGRAM_STORED_TRAJECTORY_H
#define CORE_PROGRAM_STORED_TRAJECTORY_H

#include <pipette/analysis.h>

/* The levels of pipette_load_options; parameters, with their values (of explored ones that of the first row), and the
 * exploration are there in any case. `owned`: the file is destroyed with the trajectory. Everything is locked, and
 * adding or expanding is refused. trajectory_destroy() frees it. */
int stored_trajectory(pipette_file *file, int owned, const pipette_load_options *levels,
                      pipette_trajectory **trajectory, pipette_error *error);

/* The file of such a trajectory, or of a view of it; NULL for others. */
pipette_file *stored_trajectory_file(const pipette_trajectory *trajectory);

#endif
