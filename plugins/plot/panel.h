/* panel.h: what one panel of a picture shows, found from its WHAT, the trajectory and the results. */
#ifndef PLOT_PANEL_H
#define PLOT_PANEL_H

#include <pipette/postprocess.h>

enum { NAME_SIZE = 256, TITLE_SIZE = 512 };

typedef enum panel_kind { KIND_LINES = 1, KIND_POINTS, KIND_MAP, KIND_HISTOGRAM, KIND_TRACE, KIND_RASTER } panel_kind;

typedef enum quantity_source { SOURCE_NONE, SOURCE_RUN, SOURCE_PARAMETER, SOURCE_RESULT } quantity_source;

/* A number (or, of parameters, a text) that every run has. */
typedef struct quantity {
    int source;
    int type;
    char path[TITLE_SIZE], name[NAME_SIZE], unit[NAME_SIZE], doc[TITLE_SIZE];
    pipette_value values; /* of a parameter: the distinct ones, numbers sorted; the trajectory's */
    uint64_t count;       /* of these */
} quantity;

/* A number of the example run, or of each run in a raster. */
typedef struct series {
    char path[TITLE_SIZE], name[NAME_SIZE], unit[NAME_SIZE], doc[TITLE_SIZE];
    char dimension[NAME_SIZE], dimension_unit[NAME_SIZE];
    double start, step;
} series;

typedef struct panel {
    int kind;
    const pipette_option *option;                       /* where it stands in the config; NULL: nowhere */
    const char *title, *xlabel, *ylabel, *legend, *log; /* as asked for; NULL: by default */
    quantity x, y, by;                                  /* of a map, `by` is the colour; of a histogram, only y */
    series array;                                       /* of a trace and a raster */
    uint64_t run;                                       /* the example; PIPETTE_DEFAULT_RUN: a suitable one */
    double part;                                        /* of a trace; 0: by its length */
} panel;

typedef struct panel_context {
    pipette_stage *stage;
    pipette_trajectory *trajectory;
    pipette_results *results;
} panel_context;

/* Finds what `what` means: "rate", "I:rate", "I:rate:tau_ref", "map:I:tau_ref:rate", "histogram:rate", "trace:V",
 * "raster:spike_times". 0, or a status with the stage's message. */
int panel_choose(const panel_context *context, const char *what, panel *out);

/* What a file shows without being asked: its first choice at most two. *count becomes 1 or 2. */
int panel_default(const panel_context *context, panel *out, uint32_t *count);

/* The name of what it shows: of its Y, its colour or its array. */
const char *panel_name(const panel *panel);

/* Whether values are texts. */
int quantity_is_text(const quantity *q);

#endif
