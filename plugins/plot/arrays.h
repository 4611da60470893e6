/* arrays.h: what one run has (a trace), and the events of many (a raster). */
#ifndef PLOT_ARRAYS_H
#define PLOT_ARRAYS_H

#include "blocks.h"

/* As collect(), for their kinds. */
int collect_trace(const panel_context *context, const panel *panel, panel_data *out);
int collect_raster(const panel_context *context, const panel *panel, panel_data *out);

#endif
