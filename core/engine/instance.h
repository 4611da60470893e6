/* instance.h: the model's instance in a worker, and its shape() in the model host: what may start threads is called
 * where a fork comes before it or never after. */
#ifndef CORE_ENGINE_INSTANCE_H
#define CORE_ENGINE_INSTANCE_H

#include "engine/worker.h"

/* Calls create(). Where each run gets a process of its own and create() starts threads, which a fork would not take
 * along, this only finds that out: then create_apart is set. */
int instance_make(worker *worker, pipette_error *error);

/* In the process of one run: its own instance. What goes wrong stands in the worker's message and is a line of the
 * run's log. */
int instance_make_apart(worker *worker);

/* As shape_ask(), in a child, so that this process keeps a single thread. A shape() that crashes or ends its process is
 * PIPETTE_E_CRASHED with the name of the model's file. */
int instance_shape(const plugin_schema *schema, const pipette_model *model, shape_lookup lookup, void *user,
                   shape_extent *extents, pipette_error *error);

#endif
