/* blocks.h: the numbers of a panel as rows that grow. */
#ifndef PLOT_BLOCKS_H
#define PLOT_BLOCKS_H

#include "panel.h"

/* What the blocks of a panel are: curves and clouds as its kind says; or, all in one block, cells (x, y, colour, left,
 * right, lower and upper edge) or spots (x, y, colour). */
typedef enum panel_form { FORM_CURVES, FORM_CELLS, FORM_SPOTS } panel_form;

/* `rows` times `columns` numbers. Columns of curves: lines: x, mean, least, largest, runs. points: x, y. histogram:
 * from, to, runs. trace: x, y. raster: time, run. */
typedef struct block {
    char label[NAME_SIZE]; /* value of the BY parameter: "5.0" */
    double by;
    double *numbers;
    uint64_t rows, capacity;
    uint32_t columns;
} block;

typedef struct panel_data {
    block *blocks;
    uint32_t count;
    int form;
    double x[2], y[2], colour[2]; /* least and largest */
    uint64_t runs;                /* that are done, of `asked`; what the blocks stand for */
    uint64_t asked;
    int spread;             /* lines: some point stands for several runs that differ */
    int even;               /* map: all cells have one size */
    uint64_t run;           /* trace: of the example */
    char point[TITLE_SIZE]; /* trace: its point: "I=0.13, tau_ref=5.0" */
    char note[TITLE_SIZE];  /* what was binned or thinned; "": nothing */
} panel_data;

void panel_data_free(panel_data *data);

/* `count` empty blocks. 0, or a status with the stage's message; so blocks_add(). */
int blocks_begin(const panel_context *context, panel_data *data, uint32_t count, uint32_t columns);
int blocks_add(const panel_context *context, block *block, const double *numbers);
int blocks_no_memory(const panel_context *context);
/* Makes a range hold a value, if that is a number. */
void blocks_widen(double range[2], double value);
/* Adds to what was binned or thinned. */
void blocks_note(panel_data *data, const char *format, ...) PIPETTE_PRINTF(2, 3);
/* Notes how many runs are left out because they have no value: not done yet, failed, or not a number. */
void blocks_note_left(panel_data *data);
/* The failure where none of the runs that were asked for has one. */
int blocks_none(const panel_context *context, const panel_data *data);
/* Element i as a number; texts stand one beside the other. */
double number_at(const pipette_value *value, uint64_t i);

#endif
