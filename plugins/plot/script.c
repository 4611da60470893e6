/* script.c: writes the gnuplot script of a picture. */
#include "script.h"

#include <math.h>
#include <stdlib.h>

#include "text.h"

enum { KEYED_MAXIMUM = 7, MARKED_MAXIMUM = 40, TICS_MAXIMUM = 30, FEW = 8, CORNERS = 4 };

/* Okabe and Ito's colours, which colour-blind readers tell apart. */
static const char *const colours[] = {"#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"};
static const int marks[] = {7, 5, 9, 11, 13, 6, 4};

/* ---- Texts ---- */

/* Within single quotes only these mean anything, and two of them stand for one. */
void script_quote(FILE *out, const char *text)
{
    (void)fputc('\'', out);
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            (void)fputc('\'', out);
        (void)fputc((unsigned char)*text < 0x20 ? ' ' : *text, out);
    }
    (void)fputc('\'', out);
}

void script_remark(FILE *out, const char *text)
{
    for (; *text != '\0'; text++)
        (void)fputc((unsigned char)*text < 0x20 ? ' ' : *text, out);
}

/* `template` with each {NAME} replaced: by the BY parameter's value, the run, or a value of the point "I=0.13,
 * tau_ref=5.0". */
static void fill_in(const char *template, const char *name, const char *value, const panel_data *d, char *out,
                    size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    while (*template != '\0' && used + 1 < size) {
        const char *end = *template == '{' ? strchr(template, '}') : NULL;
        const size_t length = end == NULL ? 0 : (size_t)(end - template - 1);
        const char *at = d->point;
        int done = 0;
        if (end != NULL && name != NULL && strlen(name) == length && strncmp(template + 1, name, length) == 0) {
            used += (size_t)snprintf(out + used, size - used, "%s", value);
            done = 1;
        } else if (length == 3 && strncmp(template + 1, "run", 3) == 0) {
            used += (size_t)snprintf(out + used, size - used, "%llu", (unsigned long long)d->run);
            done = 1;
        }
        while (end != NULL && !done && *at != '\0') {
            const size_t all = strcspn(at, ","), equals = strcspn(at, "=");
            if (equals == length && strncmp(at, template + 1, length) == 0) {
                used += (size_t)snprintf(out + used, size - used, "%.*s", (int)(all - equals - 1), at + equals + 1);
                done = 1;
            }
            at += all;
            at += strspn(at, ", ");
        }
        if (!done) {
            out[used++] = *template ++;
            out[used] = '\0';
        } else {
            template = end + 1;
        }
        used = used < size ? used : size - 1;
    }
}

static void title_of(const panel *p, const panel_data *d, char *out, size_t size)
{
    char x[NAME_SIZE / 2], y[NAME_SIZE / 2];
    if (p->title != NULL) {
        fill_in(p->title, NULL, NULL, d, out, size);
        return;
    }
    text_subject(quantity_is_text(&p->x) ? "" : p->x.doc, p->x.name, x, sizeof x); /* a list of names is no subject */
    text_subject(p->kind == KIND_MAP ? p->by.doc : p->y.doc, p->kind == KIND_MAP ? p->by.name : p->y.name, y, sizeof y);
    text_small(x);
    switch (p->kind) {
    case KIND_LINES:
        if (p->x.source == SOURCE_RUN)
            (void)snprintf(out, size, "%s of each run", y);
        else if (strcmp(x, p->x.name) == 0)
            (void)snprintf(out, size, "%s as a function of `%s`", y, x);
        else
            (void)snprintf(out, size, "%s as a function of %s `%.120s`", y, x, p->x.name);
        break;
    case KIND_MAP:
        (void)snprintf(out, size, "%s over %.120s and %.120s", y, p->x.name, p->y.name);
        break;
    case KIND_POINTS:
        (void)snprintf(out, size, "%s and %s of %llu run%s", y, x, (unsigned long long)d->runs,
                       d->runs == 1 ? "" : "s");
        break;
    case KIND_HISTOGRAM:
        (void)snprintf(out, size, "%s in %llu run%s", y, (unsigned long long)d->runs, d->runs == 1 ? "" : "s");
        break;
    case KIND_TRACE:
        (void)snprintf(out, size, "Example of development of %.120s%s%.300s in run %llu", p->array.name,
                       d->point[0] != '\0' ? " for " : "", d->point, (unsigned long long)d->run);
        break;
    default:
        if (d->runs < d->asked)
            (void)snprintf(out, size, "%s of %llu of %llu runs", p->array.name, (unsigned long long)d->runs,
                           (unsigned long long)d->asked);
        else
            (void)snprintf(out, size, "%s of %llu run%s", p->array.name, (unsigned long long)d->runs,
                           d->runs == 1 ? "" : "s");
        break;
    }
}

static void legend_of(const panel *p, const panel_data *d, uint32_t i, char *out, size_t size)
{
    const char *unit = p->by.unit[0] == '\0' || strcmp(p->by.unit, "1") == 0 ? "" : p->by.unit;
    if (p->legend != NULL)
        fill_in(p->legend, p->by.name, d->blocks[i].label, d, out, size);
    else
        (void)snprintf(out, size, "%.80s = %.80s%s%.40s", p->by.name, d->blocks[i].label, unit[0] != '\0' ? " " : "",
                       unit);
}

static void quantity_label(const quantity *q, char *out, size_t size)
{
    char subject[NAME_SIZE];
    text_subject(q->doc, q->name, subject, sizeof subject);
    text_axis(q->source == SOURCE_RESULT ? subject : q->source == SOURCE_RUN ? "Run" : q->name, q->unit, out, size);
}

static void labels_of(const panel *p, const panel_data *d, char *x, char *y, size_t size)
{
    quantity_label(&p->x, x, size);
    quantity_label(&p->y, y, size);
    if (p->kind == KIND_HISTOGRAM) {
        quantity_label(&p->y, x, size);
        (void)snprintf(y, size, "Runs");
    } else if (p->kind == KIND_TRACE) {
        text_axis(p->array.dimension, p->array.dimension_unit, x, size);
        text_axis(p->array.name, p->array.unit, y, size);
    } else if (p->kind == KIND_RASTER) {
        text_axis(p->array.name, p->array.unit, x, size);
        (void)snprintf(y, size, "Run");
    }
    if (p->xlabel != NULL)
        fill_in(p->xlabel, NULL, NULL, d, x, size);
    if (p->ylabel != NULL)
        fill_in(p->ylabel, NULL, NULL, d, y, size);
}

/* ---- Ranges, and where the legend disturbs nothing ---- */

typedef struct frame {
    double x[2], y[2]; /* in logarithms where the axis has such a scale */
    int log_x, log_y;
    int keyed, corner; /* of the legend */
} frame;

static double scaled(double value, int logarithmic)
{
    return logarithmic ? log10(value) : value;
}

static void least_positive(const panel_data *d, uint32_t column, double *out)
{
    uint32_t b;
    uint64_t i;
    *out = INFINITY;
    for (b = 0; b < d->count; b++)
        for (i = 0; i < d->blocks[b].rows; i++) {
            const double value = d->blocks[b].numbers[i * d->blocks[b].columns + column];
            *out = value > 0 && value < *out ? value : *out;
        }
}

static void widen_range(double range[2], double below, double above)
{
    double size = range[1] - range[0];
    if (!(size > 0))
        size = fabs(range[0]) > 0 ? fabs(range[0]) : 1;
    range[0] -= below * size;
    range[1] += above * size;
}

/* How many of a curve's places stand in a box of the frame (0 to 1). */
static uint64_t disturbed(const panel_data *d, const frame *f, double left, double right, double bottom, double top)
{
    uint64_t count = 0, i;
    uint32_t b, column, step;
    for (b = 0; b < d->count; b++) {
        const block *k = &d->blocks[b];
        for (column = k->columns == 5 ? 2 : 1; column < (k->columns == 5 ? 4u : 2u); column++)
            for (i = 0; i + 1 < k->rows || i < 1; i++)
                for (step = 0; step < (k->columns == 5 ? 16u : 1u); step++) { /* on the way to the next point */
                    const double *one = k->numbers + i * k->columns, *two = i + 1 < k->rows ? one + k->columns : one;
                    const double part = step / 16.0;
                    const double x =
                        (scaled(one[0], f->log_x) * (1 - part) + scaled(two[0], f->log_x) * part - f->x[0]) /
                        (f->x[1] - f->x[0]);
                    const double y =
                        (scaled(one[column], f->log_y) * (1 - part) + scaled(two[column], f->log_y) * part - f->y[0]) /
                        (f->y[1] - f->y[0]);
                    count += x >= left && x <= right && y >= bottom && y <= top;
                }
    }
    return count;
}

static void place_key(const picture *p, uint32_t number, frame *f)
{
    const panel *one = &p->panels[number];
    const panel_data *d = &p->numbers[number];
    char text[NAME_SIZE];
    double width = 0, height = (5.0 * d->count + 4) / (p->height / p->count - 26);
    uint32_t i;
    for (i = 0; i < d->count; i++) {
        legend_of(one, d, i, text, sizeof text);
        width = (double)strlen(text) > width ? (double)strlen(text) : width;
    }
    width = (width * 1.9 + 16) / (p->width - 25);
    for (f->corner = 0; f->corner < CORNERS; f->corner++) {
        const double left = f->corner % 2 == 0 ? 0 : 1 - width, bottom = f->corner < 2 ? 1 - height : 0;
        if (disturbed(d, f, left, left + width, bottom, bottom + height) == 0)
            return;
    }
    f->corner = 0; /* none is free: make room above */
    if (height < 0.8)
        f->y[1] += (f->y[1] - f->y[0]) * height / (1 - height);
}

static int is_marked(const block *b)
{
    return b->rows <= MARKED_MAXIMUM;
}

static frame frame_of(const picture *p, uint32_t number)
{
    const panel *one = &p->panels[number];
    const panel_data *d = &p->numbers[number];
    frame f = {{d->x[0], d->x[1]}, {d->y[0], d->y[1]}, 0, 0, 0, 0};
    f.log_x = one->log != NULL && strchr(one->log, 'x') != NULL && d->x[1] > 0;
    f.log_y = one->log != NULL && strchr(one->log, 'y') != NULL && d->y[1] > 0;
    if (f.log_x)
        least_positive(d, 0, &f.x[0]);
    if (f.log_y)
        least_positive(d, one->kind == KIND_HISTOGRAM ? 2 : 1, &f.y[0]);
    f.x[0] = scaled(f.x[0], f.log_x);
    f.x[1] = scaled(f.x[1], f.log_x);
    f.y[0] = scaled(f.y[0], f.log_y);
    f.y[1] = scaled(f.y[1], f.log_y);
    if (one->kind == KIND_HISTOGRAM && !f.log_y)
        f.y[0] = 0;
    if (one->kind == KIND_RASTER) {
        if (!f.log_x && f.x[0] > 0 && f.x[0] < 0.1 * f.x[1])
            f.x[0] = 0;               /* times begin there, even where no event is that early */
        widen_range(f.x, 0.01, 0.01); /* none hides in the frame */
        f.y[0] -= 1;
        f.y[1] += 1;
    }
    if (d->form != FORM_CELLS && one->kind != KIND_RASTER)
        widen_range(f.y, one->kind == KIND_HISTOGRAM ? 0 : 0.05, 0.06);
    if (one->kind == KIND_POINTS || d->form == FORM_SPOTS ||
        (one->kind == KIND_LINES && (quantity_is_text(&one->x) || is_marked(&d->blocks[0]))))
        widen_range(f.x, 0.03, 0.03);
    else if (!(f.x[1] > f.x[0]))
        widen_range(f.x, 0.5, 0.5);
    f.keyed = one->by.source != SOURCE_NONE && d->form == FORM_CURVES &&
              (d->count <= KEYED_MAXIMUM || quantity_is_text(&one->by));
    if (f.keyed)
        place_key(p, number, &f);
    return f;
}

/* ---- The script ---- */

static void set_range(FILE *out, const char *axis, const double range[2], int logarithmic)
{
    (void)fprintf(out, "set %srange [%.6g:%.6g]\n", axis, logarithmic ? pow(10, range[0]) : range[0],
                  logarithmic ? pow(10, range[1]) : range[1]);
}

/* Texts along an axis; and numbers, where each is a row or column of a map and they are few. */
static void set_tics(FILE *out, char axis, const quantity *q, int map)
{
    const uint64_t every = (q->count + TICS_MAXIMUM - 1) / TICS_MAXIMUM;
    uint64_t i;
    if (q->source != SOURCE_PARAMETER || q->count == 0 || (!quantity_is_text(q) && (!map || q->count > FEW)))
        return;
    (void)fprintf(out, "set %ctics noenhanced (", axis);
    for (i = 0; i < q->count; i += every) {
        char text[NAME_SIZE];
        (void)fputs(i == 0 ? "" : ", ", out);
        if (quantity_is_text(q)) {
            script_quote(out, text_element(&q->values, i, text, sizeof text));
            (void)fprintf(out, " %llu", (unsigned long long)i);
        } else {
            (void)fputs(text_element(&q->values, i, text, sizeof text), out);
        }
    }
    (void)fputs(")\n", out);
}

static void set_label(FILE *out, const char *what, const char *text)
{
    (void)fprintf(out, "set %s ", what);
    script_quote(out, text);
    (void)fputs(" noenhanced\n", out); /* underscores and braces are names, not commands */
}

static void curves(FILE *out, const panel *p, const panel_data *d, const frame *f, uint32_t index)
{
    const int palette = p->by.source != SOURCE_NONE && !f->keyed;
    uint32_t i;
    const char *next = "plot ";
    for (i = 0; p->kind == KIND_LINES && d->spread && d->count <= KEYED_MAXIMUM && i < d->count; i++) {
        (void)fprintf(out, "%sdata index %u using 1:3:4 with filledcurves fillstyle transparent solid 0.2 noborder ",
                      next, index + i);
        if (palette)
            (void)fprintf(out, "linecolor palette cb %.9g notitle", d->blocks[i].by);
        else
            (void)fprintf(out, "linecolor rgb '%s' notitle", colours[i % PIPETTE_COUNT_OF(colours)]);
        next = ", \\\n     ";
    }
    for (i = 0; i < d->count; i++) {
        char text[NAME_SIZE] = "";
        const char *with = p->kind == KIND_POINTS ? "points" : is_marked(&d->blocks[i]) ? "linespoints" : "lines";
        (void)fprintf(out, "%sdata index %u using 1:2 with %s ", next, index + i, with);
        if (p->kind != KIND_POINTS)
            (void)fprintf(out, "linewidth 1.5 %s", !palette && i >= PIPETTE_COUNT_OF(colours) ? "dashtype 2 " : "");
        if (with[0] == 'p' || with[4] == 's')
            if (strcmp(with, "lines") != 0)
                (void)fprintf(out, "pointtype %d pointsize %s ", marks[i % PIPETTE_COUNT_OF(marks)],
                              d->blocks[i].rows > 1000 ? "0.25" : "0.6");
        if (palette)
            (void)fprintf(out, "linecolor palette cb %.9g ", d->blocks[i].by);
        else
            (void)fprintf(out, "linecolor rgb '%s' ", colours[i % PIPETTE_COUNT_OF(colours)]);
        if (f->keyed) {
            legend_of(p, d, i, text, sizeof text);
            (void)fputs("title ", out);
            script_quote(out, text);
        } else {
            (void)fputs("notitle", out);
        }
        next = ", \\\n     ";
    }
    (void)fputc('\n', out);
}

/* How many letters the longest number on a scale is likely to have. */
static int longest_number(const double range[2])
{
    const double size = range[1] > range[0] ? range[1] - range[0] : 1, step = pow(10, floor(log10(size / 4))),
                 first = ceil(range[0] / step);
    char text[40];
    int i, longest = 3;
    for (i = 0; i <= 40 && (first + i) * step <= range[1]; i++) {
        const int length = snprintf(text, sizeof text, "%.6g", (first + i) * step);
        longest = length > longest ? length : longest;
    }
    return longest;
}

static void set_colours(FILE *out, const panel *p, const panel_data *d, const frame *f)
{
    char label[TITLE_SIZE];
    const int density = p->kind == KIND_POINTS && d->form == FORM_CELLS, map = d->form != FORM_CURVES;
    double range[2] = {d->colour[0], d->colour[1]};
    if (!map && (f->keyed || p->by.source == SOURCE_NONE)) {
        (void)fputs("unset colorbox\n", out);
        return;
    }
    if (!map) {
        range[0] = d->blocks[0].by;
        range[1] = d->blocks[d->count - 1].by;
    }
    quantity_label(&p->by, label, sizeof label);
    (void)fputs("set palette defined (0 '#440154', 1 '#3B528B', 2 '#21918C', 3 '#5EC962', 4 '#FDE725')    # "
                "viridis\nset colorbox\n",
                out);
    set_label(out, "cblabel offset 1.5,0", density ? "Runs" : label);
    (void)fprintf(out, "set rmargin %d    # room for the scale's numbers and label\n", 1 + longest_number(range));
    if (density && range[1] > 100)
        (void)fputs("set logscale cb\n", out);
    if (range[1] > range[0])
        set_range(out, "cb", range, 0);
}

/* Cells of a map, each a little larger than it is, so that no seams show. */
static void boxes(FILE *out, const frame *f, uint32_t index)
{
    const double part = 0.0015, x = part * (f->x[1] - f->x[0]), y = part * (f->y[1] - f->y[0]);
    (void)fprintf(out,
                  "set style fill solid 1.0 noborder\n"
                  "plot data index %u using 1:2:4:($5%c%.6g):6:($7%c%.6g):3 with boxxyerror linecolor palette\n",
                  index, f->log_x ? '*' : '+', f->log_x ? pow(10, x) : x, f->log_y ? '*' : '+',
                  f->log_y ? pow(10, y) : y);
}

/* A logarithmic axis says powers of ten where it spans many. */
static void set_scale(FILE *out, char axis, const double range[2])
{
    (void)fprintf(out, "set logscale %c\n", axis);
    if (range[1] - range[0] > 3)
        (void)fprintf(out, "set format %c '10^{%%T}'\n", axis);
}

/* Where it spans little, powers of ten are too few to read it by. */
static void add_log_tics(FILE *out, char axis, const double range[2])
{
    const int fine = range[1] - range[0] < 0.7, last = (int)floor(range[1]);
    const char *next = "";
    int power, digit;
    if (range[1] - range[0] > 2.3)
        return;
    (void)fprintf(out, "set %ctics add (", axis);
    for (power = (int)floor(range[0]); power <= last; power++)
        for (digit = 2; digit < 10; digit++)
            if ((fine || digit == 2 || digit == 5) && power + log10(digit) >= range[0] &&
                power + log10(digit) <= range[1]) {
                (void)fprintf(out, "%s%de%d", next, digit, power);
                next = ", ";
            }
    (void)fputs(")\n", out);
}

static void panel_write(FILE *out, const picture *pic, uint32_t number, uint32_t index)
{
    const panel *p = &pic->panels[number];
    const panel_data *d = &pic->numbers[number];
    const frame f = frame_of(pic, number);
    char title[TITLE_SIZE], x[TITLE_SIZE], y[TITLE_SIZE];
    title_of(p, d, title, sizeof title);
    labels_of(p, d, x, y, sizeof x);
    (void)fputs("\n# ", out);
    script_remark(out, title);
    if (d->note[0] != '\0')
        (void)fprintf(out, "\n# Shown: %s.", d->note);
    (void)fputs("\nreset\n", out);
    set_label(out, "title", title);
    set_label(out, "xlabel", x);
    set_label(out, "ylabel", y);
    (void)fputs("set border 3 linewidth 0.8\nset tics nomirror out scale 0.6\nset format '%h'\n", out);
    if (f.log_x)
        set_scale(out, 'x', f.x);
    if (f.log_y)
        set_scale(out, 'y', f.y);
    if (f.log_x)
        add_log_tics(out, 'x', f.x);
    if (f.log_y)
        add_log_tics(out, 'y', f.y);
    set_range(out, "x", f.x, f.log_x);
    set_range(out, "y", f.y, f.log_y);
    if (p->kind != KIND_HISTOGRAM)
        set_tics(out, 'x', &p->x, p->kind == KIND_MAP);
    else if (d->y[1] <= 5)
        (void)fputs("set ytics 1\n", out); /* runs are counted */
    if (p->kind == KIND_MAP)
        set_tics(out, 'y', &p->y, 1);
    set_colours(out, p, d, &f);
    if (f.keyed)
        (void)fprintf(out, "set key %s %s Left reverse noenhanced samplen 2 spacing 1.1\n",
                      f.corner < 2 ? "top" : "bottom", f.corner % 2 == 0 ? "left" : "right");
    else
        (void)fputs("unset key\n", out);
    if (d->form == FORM_CELLS && d->even && !f.log_x && !f.log_y)
        (void)fprintf(out, "plot data index %u using 1:2:3 with image%s\n", index,
                      pic->format == FORMAT_PNG ? "" : " pixels");
    else if (d->form == FORM_CELLS)
        boxes(out, &f, index);
    else if (d->form == FORM_SPOTS)
        (void)fprintf(out, "plot data index %u using 1:2:3 with points pointtype 7 pointsize %s linecolor palette\n",
                      index, d->runs > 1000 ? "0.4" : "0.8");
    else if (p->kind == KIND_HISTOGRAM)
        (void)fprintf(out,
                      "set style fill solid 0.7 border linecolor rgb 'white'\nplot data index %u using "
                      "(($1+$2)/2):3:($2-$1) with boxes "
                      "linecolor rgb '%s'\n",
                      index, colours[0]);
    else if (p->kind == KIND_TRACE)
        (void)fprintf(out, "plot data index %u using 1:2 with lines linewidth 1 linecolor rgb '%s'\n", index,
                      colours[0]);
    else if (p->kind == KIND_RASTER)
        (void)fprintf(out,
                      "height = 0.8 * %.9g    # of a tick, in runs\nplot data index %u using "
                      "1:($2-height/2):(0):(height) with vectors nohead "
                      "linewidth 0.8 linecolor rgb 'black'\n",
                      d->runs > 1 ? (d->y[1] - d->y[0]) / (double)(d->runs - 1) : 1.0, index);
    else
        curves(out, p, d, &f, index);
}

static void terminal(FILE *out, const picture *p)
{
    switch (p->format) {
    case FORMAT_SVG:
        (void)fprintf(out, "set terminal svg size %.0f,%.0f font 'Sans,11' background 'white'\n", p->width / 25.4 * 96,
                      p->height / 25.4 * 96);
        break;
    case FORMAT_PDF:
        (void)fprintf(out, "set terminal pdfcairo size %.1fcm,%.1fcm font 'Sans,9' linewidth 1\n", p->width / 10,
                      p->height / 10);
        break;
    default: /* 200 dots per inch */
        (void)fprintf(out,
                      "set terminal pngcairo size %.0f,%.0f font 'Sans,9' fontscale 2.1 linewidth 2 pointscale 2\n",
                      p->width / 25.4 * 200, p->height / 25.4 * 200);
        break;
    }
}

void script_write(FILE *out, const picture *p)
{
    uint32_t i, index = 0;
    (void)fputs("# ", out);
    script_remark(out, p->script);
    (void)fputs(": draws ", out);
    script_remark(out, p->output);
    (void)fputs("; made by Pipette, to be changed by hand. In this folder: gnuplot ", out);
    script_remark(out, p->script);
    (void)fputs("\nif (!exists('data')) data = ", out);
    script_quote(out, p->data);
    (void)fputs("\nif (!exists('picture')) picture = ", out);
    script_quote(out, p->output);
    (void)fputs("\n", out);
    terminal(out, p);
    (void)fputs("set output picture\n", out);
    if (p->count > 1)
        (void)fprintf(out, "set multiplot layout %u,1\n", p->count);
    for (i = 0; i < p->count; i++) {
        panel_write(out, p, i, index);
        index += p->numbers[i].count;
    }
    (void)fprintf(out, "\n%sset output\n", p->count > 1 ? "unset multiplot\n" : "");
}
