/* resume.h: opens the result file: makes it, or finds out what it holds already and which rows are still to be run. */
#ifndef CORE_PIPELINE_RESUME_H
#define CORE_PIPELINE_RESUME_H

#include "pipeline/pipeline.h"

typedef struct resume_rows {
    pipette_run_span *spans; /* of rows, ascending */
    uint64_t count, capacity;
    uint64_t row_count;  /* sum of the spans */
    int nothing_to_do;   /* the file is finished */
} resume_rows;

/* After it, the storage is open and ready for results. */
int resume_open(pipette_pipeline *pipeline, resume_rows *rows, pipette_error *error);
void resume_free(resume_rows *rows);

#endif
