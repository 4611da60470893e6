/* draw.h: runs gnuplot. */
#ifndef PLOT_DRAW_H
#define PLOT_DRAW_H

#include <pipette/postprocess.h>

/* The program's file, for the caller to free: `named` (NULL: "gnuplot"), found along PATH where it has no '/'. NULL
 * after a message that says what to install. */
char *draw_find(pipette_stage *stage, const char *named);

/* Runs PROGRAM -d -e SETTINGS SCRIPT in `folder`, without a shell, for `seconds` at most. 0, or a status with the
 * stage's message. */
int draw_run(pipette_stage *stage, const char *program, const char *folder, const char *settings, const char *script,
             double seconds);

#endif
