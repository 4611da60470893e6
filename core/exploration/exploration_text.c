/* exploration_text.c: an exploration as lines of text, exact and readable:
 *
 *     exploration 1
 *     parameter parameters.neuron.tau_ref f64
 *     parameter parameters.neuron.I f64
 *     axis a0 parameters.neuron.tau_ref values 5 7.5 10
 *     axis a1 parameters.neuron.I from 0 step 0.01 count 101
 *     segment 303 points: a0 x a1
 *
 * Other rules: `from 0 to 1 count 11`, `log from 1 to 1000 count 4`. (a0, a1) advance together; a1[1:2:50] are 50
 * values of a1, from number 1, every second; a0 + a1 are the values of both, one list after the other. */
#include "exploration/points.h"

#include "base/reader.h"

#include <inttypes.h>
#include <locale.h>
#include <stdarg.h>
#include <stdlib.h>

/* ---- Writing ---- */

typedef struct writer {
    char *data;
    size_t length, capacity;
    int failed;
} writer;

static void put(writer *w, const char *text, size_t length)
{
    if (w->failed)
        return;
    if (w->capacity - w->length <= length) {
        size_t capacity = (w->capacity + length + 64) * 2;
        char *data = realloc(w->data, capacity);
        if (data == NULL) {
            w->failed = 1;
            return;
        }
        w->data = data;
        w->capacity = capacity;
    }
    memcpy(w->data + w->length, text, length);
    w->length += length;
    w->data[w->length] = '\0';
}

static void put_text(writer *w, const char *text)
{
    put(w, text, strlen(text));
}

static void putf(writer *w, const char *format, ...) PIPETTE_PRINTF(2, 3);
static void putf(writer *w, const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    put_text(w, text);
}

static void put_f64(writer *w, double x)
{
    char text[40];
    double back;
    (void)snprintf(text, sizeof text, "%.15g", x);
    back = strtod(text, NULL);
    if (x == x && memcmp(&back, &x, sizeof x) != 0)
        (void)snprintf(text, sizeof text, "%a", x);
    put_text(w, text);
}

static void put_f32(writer *w, float x)
{
    char text[40];
    float back;
    (void)snprintf(text, sizeof text, "%.6g", (double)x);
    back = strtof(text, NULL);
    if (x == x && memcmp(&back, &x, sizeof x) != 0)
        (void)snprintf(text, sizeof text, "%a", (double)x);
    put_text(w, text);
}

static void put_string(writer *w, const char *text)
{
    put_text(w, "\"");
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            putf(w, "\\%c", (int)c);
        else if (c == '\n')
            put_text(w, "\\n");
        else if (c < 32 || c == 127)
            putf(w, "\\x%02x", (unsigned)c);
        else
            put(w, text, 1);
    }
    put_text(w, "\"");
}

static void put_element(writer *w, int type, const value_element *element)
{
    switch (type) {
    case PIPETTE_TYPE_F64:
        put_f64(w, element->f64);
        break;
    case PIPETTE_TYPE_F32:
        put_f32(w, element->f32);
        break;
    case PIPETTE_TYPE_I64:
        putf(w, "%" PRId64, element->i64);
        break;
    case PIPETTE_TYPE_I32:
        putf(w, "%" PRId32, element->i32);
        break;
    case PIPETTE_TYPE_U64:
        putf(w, "%" PRIu64, element->u64);
        break;
    case PIPETTE_TYPE_BOOL:
        put_text(w, element->boolean ? "true" : "false");
        break;
    case PIPETTE_TYPE_COMPLEX:
        put_text(w, "(");
        put_f64(w, element->complex.real);
        put_text(w, ",");
        put_f64(w, element->complex.imaginary);
        put_text(w, ")");
        break;
    default:
        put_string(w, element->string);
    }
}

static void put_series(writer *w, const series *s)
{
    uint64_t i;
    value_element first;
    if (s->kind == PIPETTE_AXIS_VALUES) {
        put_text(w, " values");
        for (i = 0; i < s->count; i++) {
            value_element element;
            value_load(s->type, s->values, i, &element);
            put_text(w, " ");
            put_element(w, s->type, &element);
        }
        return;
    }
    put_text(w, s->kind == PIPETTE_AXIS_LOG ? " log from " : " from ");
    if (s->type != PIPETTE_TYPE_F64 && s->type != PIPETTE_TYPE_F32) {
        series_get(s, 0, &first);
        put_element(w, s->type, &first);
        putf(w, " step %s%" PRIu64, s->descending ? "-" : "", s->magnitude);
    } else {
        put_f64(w, s->from);
        put_text(w, s->kind == PIPETTE_AXIS_STEP ? " step " : " to ");
        put_f64(w, s->kind == PIPETTE_AXIS_STEP ? s->step : s->to);
    }
    putf(w, " count %" PRIu64, s->count);
}

/* Each series once, numbered by its mark. */
static void put_axes(writer *w, const exploration *points)
{
    uint32_t pass, i, j, k, l;
    uint64_t number = 0;
    for (pass = 0; pass < 2; pass++)
        for (i = 0; i < points->segment_count; i++)
            for (j = 0; j < points->segments[i].factor_count; j++)
                for (k = 0; k < points->segments[i].factors[j].axis_count; k++) {
                    const axis *a = &points->segments[i].factors[j].axes[k];
                    for (l = 0; l < a->piece_count; l++) {
                        series *s = a->pieces[l].series;
                        if (pass == 0) {
                            s->mark = 0;
                        } else if (s->mark == 0) {
                            s->mark = ++number;
                            putf(w, "axis a%" PRIu64 " ", number - 1);
                            put_text(w, points->parameters[a->parameter].name);
                            put_series(w, s);
                            put_text(w, "\n");
                        }
                    }
                }
}

static void put_axis(writer *w, const axis *a)
{
    uint32_t i;
    for (i = 0; i < a->piece_count; i++) {
        const axis_piece *piece = &a->pieces[i];
        putf(w, "%sa%" PRIu64, i == 0 ? "" : " + ", piece->series->mark - 1);
        if (piece->start != 0 || piece->stride != 1 || piece->count != piece->series->count)
            putf(w, "[%" PRIu64 ":%" PRIu64 ":%" PRIu64 "]", piece->start, piece->stride, piece->count);
    }
}

static void put_segment(writer *w, const segment *s)
{
    uint32_t i, j;
    putf(w, "segment %" PRIu64 " points:", s->count);
    for (i = 0; i < s->factor_count; i++) {
        const factor *f = &s->factors[i];
        put_text(w, i == 0 ? " " : " x ");
        put_text(w, f->axis_count > 1 ? "(" : "");
        for (j = 0; j < f->axis_count; j++) {
            put_text(w, j == 0 ? "" : ", ");
            put_axis(w, &f->axes[j]);
        }
        put_text(w, f->axis_count > 1 ? ")" : "");
    }
    put_text(w, "\n");
}

/* Numbers are written and read in the "C" locale, whatever the program has set. */
static locale_t plain_numbers(locale_t *before)
{
    locale_t plain = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
    *before = plain == (locale_t)0 ? (locale_t)0 : uselocale(plain);
    return plain;
}

static void restore_numbers(locale_t plain, locale_t before)
{
    if (plain != (locale_t)0) {
        (void)uselocale(before);
        freelocale(plain);
    }
}

int exploration_text(const exploration *points, char **text, pipette_error *error)
{
    writer w;
    locale_t before, plain = plain_numbers(&before);
    uint32_t i;
    memset(&w, 0, sizeof w);
    put_text(&w, "exploration 1\n");
    for (i = 0; i < points->parameter_count; i++) {
        put_text(&w, "parameter ");
        put_text(&w, points->parameters[i].name);
        putf(&w, " %s\n", pipette_type_text(points->parameters[i].type));
    }
    put_axes(&w, points);
    for (i = 0; i < points->segment_count; i++)
        put_segment(&w, &points->segments[i]);
    restore_numbers(plain, before);
    *text = NULL;
    if (w.failed) {
        free(w.data);
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    }
    *text = w.data;
    return PIPETTE_OK;
}

/* ---- Reading ---- */

typedef struct named_series {
    series *series;
    uint32_t parameter;
} named_series;

typedef struct parser {
    reader in;
    exploration *points;
    named_series *axes;
    uint64_t axis_count;
} parser;

static int read_parameter(parser *p)
{
    char name[1100], type[16];
    int number;
    if (!reader_word(&p->in, name, sizeof name) || !reader_word(&p->in, type, sizeof type))
        return reader_fail(&p->in, "a parameter needs a name and a type");
    for (number = PIPETTE_TYPE_F64; number <= PIPETTE_TYPE_STRING; number++)
        if (strcmp(pipette_type_text(number), type) == 0)
            break;
    if (number > PIPETTE_TYPE_STRING)
        return reader_fail(&p->in, "unknown type '%s'", type);
    if (exploration_index(p->points, name) != UINT32_MAX)
        return reader_fail(&p->in, "parameter '%.200s' stands twice", name);
    return exploration_add_parameter(p->points, name, number, NULL, p->in.error);
}

static int read_values(parser *p, int type, series **out)
{
    size_t size = pipette_type_size(type);
    char *values = NULL;
    uint64_t count = 0, capacity = 0, i;
    int status = PIPETTE_OK;
    while (status == PIPETTE_OK && !reader_at_end(&p->in)) {
        value_element element;
        if (count == capacity) {
            char *longer = realloc(values, (size_t)(capacity = capacity * 2 + 16) * size);
            if (longer == NULL) {
                status = pipette_error_set(p->in.error, PIPETTE_E_MEMORY, "out of memory");
                break;
            }
            values = longer;
        }
        status = reader_element(&p->in, type, &element);
        if (status == PIPETTE_OK)
            memcpy(values + (size_t)count++ * size, &element, size);
    }
    if (status == PIPETTE_OK && count == 0)
        status = reader_fail(&p->in, "a list without values");
    if (status == PIPETTE_OK)
        status = series_list(type, values, count, "exploration", out, p->in.error);
    for (i = 0; type == PIPETTE_TYPE_STRING && i < count; i++)
        free(((char **)(void *)values)[i]);
    free(values);
    return status;
}

static int read_rule(parser *p, int type, int kind, series **out)
{
    value_element from = {0.0};
    double x, end;
    uint64_t magnitude, count;
    int descending;
    if (type == PIPETTE_TYPE_F64 || type == PIPETTE_TYPE_F32) {
        if (!reader_f64(&p->in, &x))
            return reader_fail(&p->in, "a number belongs here");
        if (kind == PIPETTE_AXIS_STEP && reader_skip(&p->in, "to"))
            kind = PIPETTE_AXIS_COUNT;
        else if (!reader_skip(&p->in, kind == PIPETTE_AXIS_LOG ? "to" : "step"))
            return reader_fail(&p->in, "'step' or 'to' belongs here");
        if (!reader_f64(&p->in, &end) || !reader_skip(&p->in, "count") || !reader_u64(&p->in, &count))
            return reader_fail(&p->in, "a number and a count belong here");
        return series_float(type, kind, x, end, count, "exploration", out, p->in.error);
    }
    if (type != PIPETTE_TYPE_I64 && type != PIPETTE_TYPE_I32 && type != PIPETTE_TYPE_U64)
        return reader_fail(&p->in, "a range of %s makes no sense", pipette_type_text(type));
    if (reader_element(&p->in, type, &from) != PIPETTE_OK || !reader_skip(&p->in, "step"))
        return reader_fail(&p->in, "a number and 'step' belong here");
    descending = reader_mark(&p->in, '-');
    if (!reader_u64(&p->in, &magnitude) || !reader_skip(&p->in, "count") || !reader_u64(&p->in, &count))
        return reader_fail(&p->in, "a step and a count belong here");
    return series_integer(type, type == PIPETTE_TYPE_I32 ? (uint64_t)(int64_t)from.i32 : from.u64, magnitude,
                          descending, count, "exploration", out, p->in.error);
}

static int read_axis(parser *p)
{
    char name[1100];
    named_series *axes;
    uint64_t number;
    uint32_t parameter;
    series *s = NULL;
    int type, status;
    if (!reader_mark(&p->in, 'a') || !reader_u64(&p->in, &number) || number != p->axis_count ||
        !reader_word(&p->in, name, sizeof name))
        return reader_fail(&p->in, "'a%" PRIu64 "' and a parameter belong here", p->axis_count);
    parameter = exploration_index(p->points, name);
    if (parameter == UINT32_MAX)
        return reader_fail(&p->in, "no parameter '%.200s'", name);
    type = p->points->parameters[parameter].type;
    axes = realloc(p->axes, (size_t)(p->axis_count + 1) * sizeof *axes);
    if (axes == NULL)
        return pipette_error_set(p->in.error, PIPETTE_E_MEMORY, "out of memory");
    p->axes = axes;
    if (reader_skip(&p->in, "values"))
        status = read_values(p, type, &s);
    else if (reader_skip(&p->in, "log"))
        status = reader_skip(&p->in, "from") ? read_rule(p, type, PIPETTE_AXIS_LOG, &s)
                                             : reader_fail(&p->in, "'from' is missing");
    else if (reader_skip(&p->in, "from"))
        status = read_rule(p, type, PIPETTE_AXIS_STEP, &s);
    else
        status = reader_fail(&p->in, "'values', 'from' or 'log' belongs here");
    if (status != PIPETTE_OK)
        return status;
    axes[p->axis_count].series = s;
    axes[p->axis_count].parameter = parameter;
    p->axis_count++;
    return PIPETTE_OK;
}

static int piece_fits(const series *s, uint64_t start, uint64_t stride, uint64_t count)
{
    uint64_t last;
    if (s->kind == PIPETTE_AXIS_VALUES)
        return start == 0 && stride == 1 && count == s->count;
    return count > 0 && stride > 0 && !__builtin_mul_overflow(count - 1, stride, &last) &&
           !__builtin_add_overflow(last, start, &last) && last < s->count;
}

/* a0[1:2:50] + a1 */
static int read_pieces(parser *p, axis *a)
{
    do {
        uint64_t number, start = 0, stride = 1, count;
        series *s;
        int status;
        if (!reader_mark(&p->in, 'a') || !reader_u64(&p->in, &number) || number >= p->axis_count)
            return reader_fail(&p->in, "an axis that stands above belongs here");
        s = p->axes[number].series;
        count = s->count;
        if (reader_mark(&p->in, '[') &&
            (!reader_u64(&p->in, &start) || !reader_mark(&p->in, ':') || !reader_u64(&p->in, &stride) ||
             !reader_mark(&p->in, ':') || !reader_u64(&p->in, &count) || !reader_mark(&p->in, ']')))
            return reader_fail(&p->in, "[start:stride:count] belongs here");
        if (!piece_fits(s, start, stride, count) || a->count > UINT64_MAX - count)
            return reader_fail(&p->in, "part of axis a%" PRIu64 " that it does not have", number);
        if (a->piece_count > 0 && a->parameter != p->axes[number].parameter)
            return reader_fail(&p->in, "axes of different parameters are joined");
        a->parameter = p->axes[number].parameter;
        status = axis_append(a, s, start, stride, count, p->in.error);
        if (status != PIPETTE_OK)
            return status;
    } while (reader_mark(&p->in, '+'));
    return PIPETTE_OK;
}

static int read_factor(parser *p, factor *f)
{
    int tuple = reader_mark(&p->in, '('), status;
    do {
        axis a = {0, 0, NULL, 0};
        status = read_pieces(p, &a);
        if (status != PIPETTE_OK) {
            axis_destroy(&a);
            return status;
        }
        status = factor_add(f, &a, p->in.error);
    } while (status == PIPETTE_OK && tuple && reader_mark(&p->in, ','));
    if (status == PIPETTE_OK && tuple && !reader_mark(&p->in, ')'))
        return reader_fail(&p->in, "')' is missing");
    return status;
}

static int read_segment(parser *p)
{
    segment s;
    uint64_t count, product = 1;
    int status = PIPETTE_OK;
    memset(&s, 0, sizeof s);
    if (!reader_u64(&p->in, &count) || !reader_skip(&p->in, "points") || !reader_mark(&p->in, ':'))
        return reader_fail(&p->in, "a number of points and ':' belong here");
    do {
        factor f = {NULL, 0, 0};
        status = read_factor(p, &f);
        if (status == PIPETTE_OK && __builtin_mul_overflow(product, f.count, &product))
            product = 0;
        if (status == PIPETTE_OK)
            status = segment_add(&s, &f, p->in.error);
        else
            factor_destroy(&f);
    } while (status == PIPETTE_OK && reader_skip(&p->in, "x"));
    if (status == PIPETTE_OK && product != count)
        status = reader_fail(&p->in, "the segment has not %" PRIu64 " points", count);
    if (status == PIPETTE_OK)
        return exploration_add_segment(p->points, &s, p->in.error);
    segment_destroy(&s);
    return status;
}

static int read_lines(parser *p)
{
    if (!reader_skip(&p->in, "exploration") || !reader_skip(&p->in, "1") || !reader_at_end(&p->in))
        return reader_fail(&p->in, "this is no exploration (its first line is 'exploration 1')");
    while (reader_line(&p->in)) {
        int status;
        if (reader_at_end(&p->in))
            continue;
        if (reader_skip(&p->in, "parameter"))
            status = p->axis_count == 0 ? read_parameter(p) : reader_fail(&p->in, "parameters stand above the axes");
        else if (reader_skip(&p->in, "axis"))
            status = read_axis(p);
        else if (reader_skip(&p->in, "segment"))
            status = read_segment(p);
        else
            status = reader_fail(&p->in, "'parameter', 'axis' or 'segment' belongs here");
        if (status == PIPETTE_OK && !reader_at_end(&p->in))
            status = reader_fail(&p->in, "the line goes on after its end");
        if (status != PIPETTE_OK)
            return status;
    }
    if (p->points->segment_count == 0 || p->points->parameter_count == 0)
        return reader_fail(&p->in, "the exploration is cut off: it has no points");
    if (p->in.cut)
        return reader_fail(&p->in, "the exploration is cut off in its last line");
    return exploration_finish(p->points, p->in.error);
}

int exploration_parse(const char *text, exploration **out, pipette_error *error)
{
    parser p;
    locale_t before, plain;
    uint64_t i;
    int status;
    *out = NULL;
    memset(&p, 0, sizeof p);
    if (text == NULL)
        return pipette_error_set(error, PIPETTE_E_INVALID, "no exploration is given");
    status = exploration_new(&p.points, error);
    if (status != PIPETTE_OK)
        return status;
    plain = plain_numbers(&before);
    reader_start(&p.in, text, error);
    status = read_lines(&p);
    restore_numbers(plain, before);
    for (i = 0; i < p.axis_count; i++)
        series_release(p.axes[i].series);
    free(p.axes);
    if (status != PIPETTE_OK)
        exploration_destroy(p.points);
    else
        *out = p.points;
    return status;
}
