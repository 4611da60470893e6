/* collect.h: the numbers of a panel, read from the runs by blocks: averaged, binned or thinned to what a picture can
 * show. */
#ifndef PLOT_COLLECT_H
#define PLOT_COLLECT_H

#include "blocks.h"

/* 0, or a status with the stage's message: no run is done, ... panel_data_free() in any case. */
int collect(const panel_context *context, const panel *panel, panel_data *out);

#endif
