/* collect.c: reads the runs of a panel by blocks, and makes of them what a picture can show. */
#include "collect.h"

#include <math.h>
#include <stdlib.h>

#include "arrays.h"
#include "text.h"

enum {
    BLOCK_ROWS = 16384,
    LINE_CELLS = 2000, /* more x than this are binned */
    LINE_BINS = 1000,
    MAP_CELLS = 200, /* in one direction */
    DENSITY_CELLS = 100,
    POINTS_MAXIMUM = 20000,
    BY_MAXIMUM = 200,
    BY_TEXTS_MAXIMUM = 14
};

/* ---- Reading ---- */

typedef struct rows {
    uint64_t runs[BLOCK_ROWS];
    int8_t states[BLOCK_ROWS];
    double x[BLOCK_ROWS], y[BLOCK_ROWS], by[BLOCK_ROWS];
    union {
        double f64[BLOCK_ROWS];
        float f32[BLOCK_ROWS];
        int64_t i64[BLOCK_ROWS];
        int32_t i32[BLOCK_ROWS];
        uint64_t u64[BLOCK_ROWS];
        uint8_t boolean[BLOCK_ROWS];
        const char *string[BLOCK_ROWS];
    } raw;
} rows;

/* The place of a text among a parameter's values. */
static double text_place(const quantity *q, const char *text)
{
    const char *const *texts = (const char *const *)q->values.data;
    uint64_t i;
    for (i = 0; i < q->count; i++)
        if (strcmp(texts[i], text) == 0)
            return (double)i;
    return NAN;
}

static int load(const panel_context *c, const quantity *q, rows *r, uint64_t first, uint64_t count, double *out)
{
    const size_t size = pipette_type_size(q->type);
    uint64_t start, end, i, shape = count;
    pipette_value raw;
    int status;
    if (q->source == SOURCE_RUN || q->source == SOURCE_NONE) {
        for (i = 0; i < count; i++)
            out[i] = q->source == SOURCE_RUN ? (double)r->runs[i] : 0.0;
        return PIPETTE_OK;
    }
    if (q->source == SOURCE_RESULT && q->type != PIPETTE_TYPE_BOOL) {
        status = pipette_results_read(c->results, q->path, first, count, PIPETTE_TYPE_F64, out);
        return status == PIPETTE_OK ? status
                                    : pipette_stage_fail(c->stage, status, "%s", pipette_results_message(c->results));
    }
    if (q->source == SOURCE_RESULT) {
        status = pipette_results_read(c->results, q->path, first, count, q->type, &r->raw);
        if (status != PIPETTE_OK)
            return pipette_stage_fail(c->stage, status, "%s", pipette_results_message(c->results));
    }
    for (start = 0; q->source == SOURCE_PARAMETER && start < count; start = end) {
        for (end = start + 1; end < count && r->runs[end] == r->runs[end - 1] + 1; end++)
            ;
        status =
            pipette_range(c->trajectory, q->path, r->runs[start], end - start, (char *)&r->raw + (size_t)start * size);
        if (status < 0)
            return pipette_stage_fail(c->stage, status, "%s", pipette_trajectory_message(c->trajectory));
    }
    raw = pipette_value_array(q->type, 1, &shape, &r->raw);
    for (i = 0; i < count; i++)
        out[i] = quantity_is_text(q) ? text_place(q, r->raw.string[i]) : number_at(&raw, i);
    return PIPETTE_OK;
}

typedef int (*take_row)(const panel_context *c, void *user, double x, double y, double by);

/* Each run that is done and whose numbers are numbers. Returns how many in *done. */
static int each(const panel_context *c, const panel *p, rows *r, uint64_t *done, take_row take, void *user)
{
    const uint64_t all = pipette_row_count(c->results);
    uint64_t first, count, i;
    int status = PIPETTE_OK;
    *done = 0;
    for (first = 0; status == PIPETTE_OK && first < all; first += count) {
        count = all - first < BLOCK_ROWS ? all - first : BLOCK_ROWS;
        status = pipette_row_runs(c->results, first, count, r->runs);
        if (status == PIPETTE_OK)
            status = pipette_row_states(c->results, first, count, r->states);
        if (status != PIPETTE_OK)
            return pipette_stage_fail(c->stage, status, "%s", pipette_results_message(c->results));
        status = load(c, &p->x, r, first, count, r->x);
        if (status == PIPETTE_OK)
            status = load(c, &p->y, r, first, count, r->y);
        if (status == PIPETTE_OK)
            status = load(c, &p->by, r, first, count, r->by);
        for (i = 0; status == PIPETTE_OK && i < count; i++) {
            if (r->states[i] != PIPETTE_STATE_DONE || !isfinite(r->x[i]) || !isfinite(r->y[i]) || !isfinite(r->by[i]))
                continue;
            ++*done;
            status = take(c, user, r->x[i], r->y[i], r->by[i]);
        }
    }
    return status;
}

/* ---- A first look ---- */

typedef struct survey {
    double x[2], y[2], by[2];
    double distinct[BY_MAXIMUM + 1];
    uint32_t count; /* of these; BY_MAXIMUM + 1: more than can be told apart */
    int whole;      /* all y are integers */
} survey;

static int look(const panel_context *c, void *user, double x, double y, double by)
{
    survey *s = (survey *)user;
    uint32_t low = 0, high = s->count;
    (void)c;
    blocks_widen(s->x, x);
    blocks_widen(s->y, y);
    blocks_widen(s->by, by);
    s->whole = s->whole && !(floor(y) < y);
    while (low < high) {
        const uint32_t middle = (low + high) / 2;
        if (s->distinct[middle] < by)
            low = middle + 1;
        else
            high = middle;
    }
    if ((low < s->count && !(s->distinct[low] > by)) || s->count > BY_MAXIMUM)
        return PIPETTE_OK;
    memmove(&s->distinct[low + 1], &s->distinct[low], (s->count - low) * sizeof s->distinct[0]);
    s->distinct[low] = by;
    s->count++;
    return PIPETTE_OK;
}

/* ---- Axes: the values of a parameter one by one, or bins ---- */

typedef struct axis {
    const quantity *exact; /* its values are the places, `group` of them one place; NULL: bins */
    double from, width;
    uint64_t count, group;
} axis;

static axis make_axis(const quantity *q, const double range[2], uint64_t most, uint64_t bins)
{
    axis a = {NULL, range[0], 0, bins, 1};
    if (q->source == SOURCE_PARAMETER) { /* neighbours share a place, so that it fits whatever their distances are */
        a.exact = q;
        a.group = q->count <= most ? 1 : (q->count + bins - 1) / bins;
        a.count = (q->count + a.group - 1) / a.group;
        return a;
    }
    if (q->type != PIPETTE_TYPE_F64 && q->type != PIPETTE_TYPE_F32 && range[1] - range[0] < (double)most) {
        a.from -= 0.5; /* integers have a bin each */
        a.width = 1;
        a.count = (uint64_t)(range[1] - range[0]) + 1;
        return a;
    }
    a.width = (range[1] - range[0]) / (double)bins;
    if (!(a.width > 0)) {
        a.from -= 0.5;
        a.width = 1;
        a.count = 1;
    }
    return a;
}

static uint64_t place(const axis *a, double value)
{
    uint64_t low = 0, high = a->exact == NULL ? 0 : a->exact->count;
    if (a->exact == NULL) {
        const double at = floor((value - a->from) / a->width);
        return at < 0 ? 0 : at >= (double)a->count ? a->count - 1 : (uint64_t)at;
    }
    while (low + 1 < high) {
        const uint64_t middle = low + (high - low) / 2;
        if (number_at(&a->exact->values, middle) <= value)
            low = middle;
        else
            high = middle;
    }
    return low / a->group;
}

static double centre(const axis *a, uint64_t i)
{
    uint64_t last;
    if (a->exact != NULL && a->group > 1) {
        last = (i + 1) * a->group < a->exact->count ? (i + 1) * a->group - 1 : a->exact->count - 1;
        return (number_at(&a->exact->values, i * a->group) + number_at(&a->exact->values, last)) / 2;
    }
    return a->exact != NULL ? number_at(&a->exact->values, i) : a->from + ((double)i + 0.5) * a->width;
}

/* ---- Lines, points, maps, histograms ---- */

typedef struct cell {
    double x, sum, least, largest;
    uint64_t count;
} cell;

typedef struct filling {
    panel_data *data;
    survey survey;
    axis x, y;
    cell *cells; /* lines: [by][x]; map: [y][x] */
    int density; /* a map of how many runs stand where */
} filling;

static uint32_t by_place(const survey *s, double by)
{
    uint32_t i = 0;
    while (i + 1 < s->count && s->distinct[i] < by)
        i++;
    return i;
}

static void add_to(cell *k, double x, double value)
{
    if (k->count == 0)
        k->least = k->largest = value;
    k->least = value < k->least ? value : k->least;
    k->largest = value > k->largest ? value : k->largest;
    k->sum += value;
    k->x += x;
    k->count++;
}

static int take_line(const panel_context *c, void *user, double x, double y, double by)
{
    filling *f = (filling *)user;
    (void)c;
    add_to(&f->cells[by_place(&f->survey, by) * f->x.count + place(&f->x, x)], x, y);
    return PIPETTE_OK;
}

static int take_cell(const panel_context *c, void *user, double x, double y, double by)
{
    filling *f = (filling *)user;
    (void)c;
    add_to(&f->cells[place(&f->y, y) * f->x.count + place(&f->x, x)], x, f->density ? 0 : by);
    return PIPETTE_OK;
}

static int take_point(const panel_context *c, void *user, double x, double y, double by)
{
    filling *f = (filling *)user;
    const double numbers[2] = {x, y};
    return blocks_add(c, &f->data->blocks[by_place(&f->survey, by)], numbers);
}

/* A run as a point that has a colour. */
static int take_spot(const panel_context *c, void *user, double x, double y, double by)
{
    filling *f = (filling *)user;
    const double numbers[3] = {x, y, by};
    return blocks_add(c, &f->data->blocks[0], numbers);
}

static int begin_spots(const panel_context *c, filling *f)
{
    f->data->form = FORM_SPOTS;
    memcpy(f->data->colour, f->survey.by, sizeof f->data->colour);
    return blocks_begin(c, f->data, 1, 3);
}

/* Whether so many cells are empty that a map would be specks. */
static int is_sparse(const filling *f)
{
    const uint64_t all = f->x.count * f->y.count;
    uint64_t i, filled = 0;
    for (i = 0; i < all; i++)
        filled += f->cells[i].count > 0;
    return filled < all / 4;
}

static void name_blocks(const panel *p, const survey *s, panel_data *d)
{
    uint32_t i;
    for (i = 0; i < d->count; i++) {
        const pipette_value number = pipette_value_f64(s->distinct[i]);
        const quantity *q = &p->by;
        d->blocks[i].by = s->distinct[i];
        if (q->source == SOURCE_PARAMETER) { /* as it is written in its own type */
            const axis a = {q, 0, 0, q->count, 1};
            (void)text_element(&q->values, place(&a, s->distinct[i]), d->blocks[i].label, NAME_SIZE);
        } else if (q->source != SOURCE_NONE) {
            (void)text_number(number.as.f64, d->blocks[i].label);
        }
    }
}

static int make_lines(const panel_context *c, const panel *p, filling *f)
{
    panel_data *d = f->data;
    uint32_t b;
    uint64_t i;
    int status = blocks_begin(c, d, f->survey.count, 5);
    if (status != PIPETTE_OK)
        return status;
    name_blocks(p, &f->survey, d);
    memcpy(d->x, f->survey.x, sizeof d->x);
    for (b = 0; b < d->count; b++)
        for (i = 0; status == PIPETTE_OK && i < f->x.count; i++) {
            const cell *k = &f->cells[b * f->x.count + i];
            const double mean = k->sum / (double)k->count,
                         x = f->x.exact != NULL && f->x.group == 1 ? centre(&f->x, i) : k->x / (double)k->count;
            const double numbers[5] = {x, k->largest > k->least ? mean : k->least, k->least, k->largest,
                                       (double)k->count};
            if (k->count == 0)
                continue;
            d->spread = d->spread || k->largest > k->least;
            blocks_widen(d->y, k->least);
            blocks_widen(d->y, k->largest);
            status = blocks_add(c, &d->blocks[b], numbers);
        }
    return status;
}

/* The edges of cell i: halfway to its neighbours. */
static void edges(const axis *a, uint64_t i, double out[2])
{
    const double here = centre(a, i);
    const double before = i > 0 ? (here - centre(a, i - 1)) / 2 : 0,
                 after = i + 1 < a->count ? (centre(a, i + 1) - here) / 2 : 0;
    const double least = a->count == 1 ? 0.5 : 0;
    out[0] = here - (i > 0 ? before : after > 0 ? after : least);
    out[1] = here + (i + 1 < a->count ? after : before > 0 ? before : least);
}

static int is_even(const axis *a)
{
    const double step = a->count > 1 ? (centre(a, a->count - 1) - centre(a, 0)) / (double)(a->count - 1) : 1;
    uint64_t i;
    for (i = 0; i + 1 < a->count; i++)
        if (fabs(centre(a, i + 1) - centre(a, i) - step) > 1e-6 * fabs(step))
            return 0;
    return a->count > 1;
}

static int make_map(const panel_context *c, filling *f)
{
    panel_data *d = f->data;
    uint64_t i, j;
    int status = blocks_begin(c, d, 1, 7);
    d->form = FORM_CELLS;
    d->even = is_even(&f->x) && is_even(&f->y);
    for (j = 0; j < f->y.count; j++)
        for (i = 0; status == PIPETTE_OK && i < f->x.count; i++) {
            const cell *k = &f->cells[j * f->x.count + i];
            double x[2], y[2], numbers[7] = {centre(&f->x, i), centre(&f->y, j), NAN, 0, 0, 0, 0};
            edges(&f->x, i, x);
            edges(&f->y, j, y);
            numbers[3] = x[0];
            numbers[4] = x[1];
            numbers[5] = y[0];
            numbers[6] = y[1];
            if (k->count > 0)
                numbers[2] = f->density              ? (double)k->count
                             : k->largest > k->least ? k->sum / (double)k->count
                                                     : k->least;
            d->spread = d->spread || (!f->density && k->count > 0 && k->largest > k->least);
            blocks_widen(d->x, x[0]);
            blocks_widen(d->x, x[1]);
            blocks_widen(d->y, y[0]);
            blocks_widen(d->y, y[1]);
            blocks_widen(d->colour, numbers[2]);
            if (d->even || k->count > 0) /* an image needs all of its pixels */
                status = blocks_add(c, &d->blocks[0], numbers);
        }
    return status;
}

/* Without the noise of its last digits. */
static double histogram_edge(const axis *a, uint64_t i)
{
    char text[40];
    (void)snprintf(text, sizeof text, "%.12g", a->from + (double)i * a->width);
    return strtod(text, NULL);
}

static int make_histogram(const panel_context *c, filling *f)
{
    uint64_t i;
    int status = blocks_begin(c, f->data, 1, 3);
    for (i = 0; status == PIPETTE_OK && i < f->y.count; i++) {
        const double numbers[3] = {histogram_edge(&f->y, i), histogram_edge(&f->y, i + 1), (double)f->cells[i].count};
        blocks_widen(f->data->x, numbers[0]);
        blocks_widen(f->data->x, numbers[1]);
        blocks_widen(f->data->y, numbers[2]);
        status = blocks_add(c, &f->data->blocks[0], numbers);
    }
    return status;
}

static axis histogram_axis(const survey *s, uint64_t runs)
{
    double bins = ceil(2 * cbrt((double)runs)), width; /* Rice's rule */
    axis a = {NULL, s->y[0], 0, 0, 1};
    bins = bins < 5 ? 5 : bins > 100 ? 100 : bins;
    width = (s->y[1] - s->y[0]) / bins;
    if (s->whole) {
        width = width < 1 ? 1 : ceil(width);
        a.from -= 0.5;
    }
    a.width = width > 0 ? width : 1;
    a.count = (uint64_t)floor((s->y[1] - a.from) / a.width * (1 - 1e-12)) + 1;
    return a;
}

static int check_by(const panel_context *c, const panel *p, const survey *s)
{
    const uint32_t most = quantity_is_text(&p->by) ? BY_TEXTS_MAXIMUM : BY_MAXIMUM;
    if (s->count <= most || (p->kind == KIND_POINTS && !quantity_is_text(&p->by)))
        return PIPETTE_OK;
    return pipette_stage_fail(c->stage, PIPETTE_E_BOUNDS,
                              "'%s' has more than %u values, too many to tell apart; map:%s:%s:%s shows it as an axis",
                              p->by.name, most, p->x.name, p->by.name, p->y.name);
}

/* Where runs go to, by what was seen of them: *take, and the cells that it fills, if any. */
static int begin(const panel_context *c, const panel *p, filling *f, take_row *take)
{
    panel_data *d = f->data;
    const uint64_t most = p->kind == KIND_POINTS ? DENSITY_CELLS : MAP_CELLS;
    int status;
    *take = take_cell;
    if (p->kind == KIND_HISTOGRAM) {
        f->x = (axis){NULL, -0.5, 1, 1, 1};
        f->y = histogram_axis(&f->survey, d->runs);
    } else if (p->kind == KIND_LINES) {
        *take = take_line;
        f->x = make_axis(&p->x, f->survey.x, LINE_CELLS, LINE_BINS);
        f->y = (axis){NULL, 0, 1, f->survey.count, 1};
        if (f->x.exact == NULL ? f->x.count == LINE_BINS : f->x.group > 1)
            blocks_note(d, "%llu runs in %llu bins of %s", (unsigned long long)d->runs, (unsigned long long)f->x.count,
                        p->x.name);
    } else if (p->kind == KIND_POINTS && d->runs <= POINTS_MAXIMUM && f->survey.count > BY_MAXIMUM) {
        *take = take_spot;
        return begin_spots(c, f);
    } else if (p->kind == KIND_POINTS && d->runs <= POINTS_MAXIMUM) {
        *take = take_point;
        status = blocks_begin(c, d, f->survey.count, 2);
        if (status == PIPETTE_OK)
            name_blocks(p, &f->survey, d);
        return status;
    } else {
        f->density = p->kind == KIND_POINTS;
        f->x = make_axis(&p->x, f->survey.x, most, most);
        f->y = make_axis(&p->y, f->survey.y, most, most);
        if (f->density)
            blocks_note(d, "%llu runs are too many for points: colours count them", (unsigned long long)d->runs);
    }
    f->cells = (cell *)calloc((size_t)(f->x.count * f->y.count), sizeof *f->cells);
    return f->cells == NULL ? blocks_no_memory(c) : PIPETTE_OK;
}

/* Blocks of what was filled. */
static int finish(const panel_context *c, const panel *p, filling *f, rows *r, take_row take)
{
    panel_data *d = f->data;
    int status = PIPETTE_OK;
    if (p->kind == KIND_HISTOGRAM)
        return make_histogram(c, f);
    if (take == take_line)
        return make_lines(c, p, f);
    if (take == take_cell && (f->density || d->runs > POINTS_MAXIMUM || !is_sparse(f))) {
        if (!f->density && (f->x.exact == NULL || f->y.exact == NULL || f->x.group > 1 || f->y.group > 1))
            blocks_note(d, "%llu runs in %llu x %llu cells", (unsigned long long)d->runs,
                        (unsigned long long)f->x.count, (unsigned long long)f->y.count);
        return make_map(c, f);
    }
    if (take == take_cell) {
        status = begin_spots(c, f);
        if (status == PIPETTE_OK)
            status = each(c, p, r, &d->runs, take_spot, f);
    }
    memcpy(d->x, f->survey.x, sizeof d->x);
    memcpy(d->y, f->survey.y, sizeof d->y);
    return status;
}

static int collect_scalars(const panel_context *c, const panel *p, panel_data *d)
{
    rows *r = (rows *)malloc(sizeof *r);
    filling f;
    take_row take = NULL;
    int status = PIPETTE_OK;
    memset(&f, 0, sizeof f);
    f.data = d;
    f.survey.whole = 1;
    f.survey.x[0] = f.survey.y[0] = f.survey.by[0] = INFINITY;
    f.survey.x[1] = f.survey.y[1] = f.survey.by[1] = -INFINITY;
    if (r == NULL)
        return blocks_no_memory(c);
    status = each(c, p, r, &d->runs, look, &f.survey);
    if (status == PIPETTE_OK && d->runs == 0)
        status = blocks_none(c, d);
    if (status == PIPETTE_OK && (p->kind == KIND_LINES || p->kind == KIND_POINTS))
        status = check_by(c, p, &f.survey);
    if (status == PIPETTE_OK) {
        blocks_note_left(d);
        status = begin(c, p, &f, &take);
    }
    if (status == PIPETTE_OK)
        status = each(c, p, r, &d->runs, take, &f);
    if (status == PIPETTE_OK)
        status = finish(c, p, &f, r, take);
    if (d->spread)
        blocks_note(d, p->kind == KIND_MAP ? "colours are means over the runs of a cell"
                                           : "lines are means over the runs that share an x, bands their range");
    free(f.cells);
    free(r);
    return status;
}

int collect(const panel_context *c, const panel *p, panel_data *d)
{
    memset(d, 0, sizeof *d);
    d->asked = pipette_row_count(c->results);
    d->x[0] = d->y[0] = d->colour[0] = INFINITY;
    d->x[1] = d->y[1] = d->colour[1] = -INFINITY;
    if (p->kind == KIND_TRACE)
        return collect_trace(c, p, d);
    if (p->kind == KIND_RASTER)
        return collect_raster(c, p, d);
    return collect_scalars(c, p, d);
}
