/* resume.h: what the result file holds already, and which rows are still to be run. One mechanism serves resume, extend
 * and dedupe: stored points come first and keep their run indices, the config's points that are missing follow, and
 * whatever row has no result yet is run. */
#ifndef CORE_PIPELINE_RESUME_H
#define CORE_PIPELINE_RESUME_H

#include "pipeline/pipeline.h"

typedef struct resume_rows {
    pipette_run_span *spans; /* of rows, ascending */
    uint64_t count, capacity;
    uint64_t row_count; /* sum of the spans */
} resume_rows;

typedef struct resume {
    int exists;   /* the file was there: its rows come first */
    int grows;    /* rows, columns or leaves are added to it */
    int finished; /* its last change was an orderly end */
    uint64_t old_rows;
    uint32_t old_explored;
    char *changes;       /* accepted by --accept-changes, for the record; NULL: none */
    resume_rows rows;    /* to be run */
    resume_rows retried; /* of these: that have failed before */
    resume_rows damaged; /* of these: what was stored of them does not fit their checksums */
    uint64_t findings;
} resume;

/* Opens the storage. Where the file exists, puts its points before those of the config (pipeline->trajectory) and its
 * selection before that of the pipeline. Before the layout is made. */
int resume_look(pipette_pipeline *pipeline, resume *resume, pipette_error *error);

/* Makes the file, or lets it grow to the layout, and finds the rows that are to be run. `*nothing_to_do` becomes 1
 * where the file is finished and asks for nothing. */
int resume_begin(pipette_pipeline *pipeline, resume *resume, int *nothing_to_do, pipette_error *error);

void resume_free(resume *resume);

#endif
