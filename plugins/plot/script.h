/* script.h: a picture as a gnuplot script and the data that it draws, both to be read and changed by a person. */
#ifndef PLOT_SCRIPT_H
#define PLOT_SCRIPT_H

#include "blocks.h"

typedef enum picture_format { FORMAT_NONE, FORMAT_PNG, FORMAT_SVG, FORMAT_PDF } picture_format;

/* What the script is made of. Names are those of files beside it. */
typedef struct picture {
    const char *script, *data, *output;
    int format;
    double width, height; /* in millimetres */
    const panel *panels;
    const panel_data *numbers;
    uint32_t count;
} picture;

/* Writes what gnuplot is to read; whether that went well is ferror()'s to say. */
void script_write(FILE *out, const picture *picture);
void script_write_data(FILE *out, const picture *picture);

/* A text in gnuplot's single quotes. */
void script_quote(FILE *out, const char *text);
/* A text as (part of) a comment. */
void script_remark(FILE *out, const char *text);

#endif
