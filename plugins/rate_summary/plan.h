/* plan.h: what rate_summary is to do, found from its options, the trajectory and the model's columns. */
#ifndef RATE_SUMMARY_PLAN_H
#define RATE_SUMMARY_PLAN_H

#include <pipette/postprocess.h>

enum {
    DIMENSIONS_MAXIMUM = 32, /* what HDF5 can store */
    TEXT_SIZE = 512
};

/* A text among the coordinates, with its place there. */
typedef struct text_position {
    const char *text;
    uint64_t position;
} text_position;

/* One explored parameter as a dimension. */
typedef struct summary_dimension {
    pipette_node node;
    pipette_value values; /* the trajectory's: distinct, numbers sorted */
    uint64_t extent;
    uint64_t last; /* where the last search ended: often the next one's answer */
    char *name;
    text_position *texts; /* of strings: sorted by text */
} summary_dimension;

/* What is to be done, from options, trajectory and columns. */
typedef struct summary_plan {
    pipette_column_info column;
    int type;         /* of the array: F64, or COMPLEX */
    const char *name; /* of the array */
    const char *table;
    char default_name[TEXT_SIZE];
    char comment[TEXT_SIZE];
    uint32_t dimension_count;
    summary_dimension dimensions[DIMENSIONS_MAXIMUM];
    pipette_table_dimension table_dimensions[DIMENSIONS_MAXIMUM];
    uint64_t cells;
} summary_plan;

/* The whole plan, checked; the caller frees it. Called before the runs, so that a mistake costs none, and again after
 * them. Borrows from trajectory and results. After a negative status the stage has the message. */
int plan_make(pipette_stage *stage, pipette_trajectory *trajectory, pipette_results *results, summary_plan **out);
void plan_free(summary_plan *plan);

/* For bsearch in summary_dimension.texts. */
int plan_compare_texts(const void *a, const void *b);

#endif
