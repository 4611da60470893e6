/* stored_results.h: the runs of a result file as postprocessing sees them. */
#ifndef CORE_PROGRAM_STORED_RESULTS_H
#define CORE_PROGRAM_STORED_RESULTS_H

#include <pipette/embed.h>

typedef struct stored_results stored_results;

/* The runs that `selection` leaves, in order of runs; reads of scattered rows cost about as much as of all. The caller
 * destroys it, before the file. */
int stored_results_create(pipette_file *file, const pipette_selection_options *selection, stored_results **out,
                          pipette_error *error);
void stored_results_destroy(stored_results *results);

/* What a plugin sees. In declare (`declaring` not 0) values cannot be read, and tables are declared without effect. */
pipette_results *stored_results_handle(stored_results *results);
void stored_results_declaring(stored_results *results, int declaring);

#endif
