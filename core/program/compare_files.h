/* compare_files.h: comparing two result files, for the verb and for merging. */
#ifndef CORE_PROGRAM_COMPARE_FILES_H
#define CORE_PROGRAM_COMPARE_FILES_H

#include <pipette/analysis.h>

/* pipette_diff(); `different`: see pairs_create(). */
int diff_files(const pipette_diff_options *options, int different, pipette_diff_visit visit, void *user,
               pipette_diff_report *report, pipette_error *error);

#endif
