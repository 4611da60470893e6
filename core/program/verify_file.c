/* verify_file.c: everything that a result file holds, read and held against its checksums. */
#include <stdlib.h>

#include "pipeline/pipeline.h"
#include "pipeline/verify.h"

typedef struct verifying {
    pipette_file *file;
    pipette_verify_visit visit;
    void *user;
    uint64_t others;
} verifying;

static int hand_on(uint64_t row, const char *path, const char *text, void *user)
{
    verifying *c = user;
    uint64_t run = PIPETTE_DEFAULT_RUN;
    c->others += row == VERIFY_NO_ROW;
    if (row != VERIFY_NO_ROW && pipette_file_run(c->file, row, &run, NULL) != PIPETTE_OK)
        run = row;
    return c->visit == NULL ? 0 : c->visit(run, path, text, c->user);
}

int pipette_verify(const pipette_verify_options *options, pipette_verify_visit visit, void *user,
                   pipette_verify_report *out, pipette_error *error)
{
    pipette_verify_report report = {.size = sizeof report};
    pipette_storage_info info = {.size = sizeof info};
    verify_counts counts = {0, 0, 0};
    verifying c = {NULL, visit, user, 0};
    verify *v = NULL;
    int status =
        pipette_file_open(options->file, options->storage, options->folders, options->folder_count, &c.file, error);
    if (status == PIPETTE_OK)
        status = pipette_file_info(c.file, &info, error);
    if (status == PIPETTE_OK)
        status = verify_create(file_storage(c.file), &v, error);
    if (status == PIPETTE_OK) {
        verify_tell_progress(v, options->progress, user);
        status = verify_rows(v, 0, info.row_count, hand_on, NULL, &c, &counts, error);
    }
    if (status == PIPETTE_OK)
        status = verify_values(v, hand_on, &c, error);
    verify_destroy(v);
    pipette_file_destroy(c.file);
    report.run_count = counts.ended;
    report.without_count = counts.without;
    report.damaged_count = counts.damaged;
    report.other_count = c.others;
    report.sound = counts.damaged == 0 && c.others == 0;
    report.size = out->size == 0 || out->size > sizeof report ? (uint32_t)sizeof report : out->size;
    memcpy(out, &report, report.size);
    return status;
}
