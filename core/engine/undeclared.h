/* undeclared.h: results that a run adds by a name that its model does not declare. */
#ifndef CORE_ENGINE_UNDECLARED_H
#define CORE_ENGINE_UNDECLARED_H

#include "engine/worker.h"

/* Adds a well-formed value to what the run at hand sends; a bad name, or one that the run has used already, makes it
 * fail. Whether the value goes with those of other runs is for the supervisor to say. */
int undeclared_put(worker *worker, const char *path, const pipette_value *value);

void undeclared_destroy(struct undeclared *undeclared);

#endif
