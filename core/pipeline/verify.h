/* verify.h: what a result file holds, held against the checksums that were stored with it. */
#ifndef CORE_PIPELINE_VERIFY_H
#define CORE_PIPELINE_VERIFY_H

#include "pipeline/stage.h"

typedef struct verify verify;

#define VERIFY_NO_ROW UINT64_MAX

/* What does not fit: of a row, or VERIFY_NO_ROW; of the entry `path`, or NULL. Another result than 0 ends the
 * verification with it. */
typedef int (*verify_visit)(uint64_t row, const char *path, const char *text, void *user);

/* A row of which something was said. They come in ascending order, behind what was said. */
typedef int (*verify_damaged)(uint64_t row, void *user);

typedef void (*verify_progress)(void *user);

typedef struct verify_counts {
    uint64_t ended;   /* rows whose run has ended */
    uint64_t without; /* of these: there is no checksum */
    uint64_t damaged; /* rows of which something was said */
} verify_counts;

/* Of an opened storage, which keeps its columns meanwhile. verify_destroy() also after a failure. */
int verify_create(stage *storage, verify **out, pipette_error *error);

/* Calls `progress` whenever some more has been read. */
void verify_tell_progress(verify *v, verify_progress progress, void *user);

void verify_destroy(verify *v);

/* Reads these rows. Only what stops that is an error: what is damaged goes to `visit`, and to `damaged` unless it is
 * NULL. `counts` are added to. */
int verify_rows(verify *v, uint64_t first, uint64_t count, verify_visit visit, verify_damaged damaged, void *user,
                verify_counts *counts, pipette_error *error);

/* Everything that is no row: single values and tables can be read. */
int verify_values(verify *v, verify_visit visit, void *user, pipette_error *error);

#endif
