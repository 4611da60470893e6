/* exploration.c: the text of an exploration: it is read or refused with a message, and what was read writes a text that
 * gives the same points and the same text again. */
#include "fuzz.h"

#include "exploration/points.h"

enum { POINTS_MOST = 64, VALUES_MOST = 256 };

static exploration *parse(const char *text)
{
    pipette_error error = {0};
    exploration *points = NULL;
    int status = exploration_parse(text, &points, &error);
    MUST((status == PIPETTE_OK) == (points != NULL));
    MUST(status == PIPETTE_OK || (status < 0 && error.message[0] != '\0'));
    return points;
}

/* Values of points first .. first + count - 1 are the same, a NaN of any kind for a NaN. */
static void same_values(const exploration *a, const exploration *b, uint64_t first, uint64_t count)
{
    uint32_t p;
    uint64_t i;
    for (p = 0; p < exploration_parameter_count(a); p++) {
        int type = exploration_parameter_type(a, p);
        value_element x[POINTS_MOST], y[POINTS_MOST], one;
        exploration_fill(a, p, first, count, x);
        exploration_fill(b, p, first, count, y);
        for (i = 0; i < count; i++) {
            value_element left, right;
            value_load(type, x, i, &left);
            value_load(type, y, i, &right);
            MUST(value_element_compare(type, &left, &right) == 0);
            exploration_fill(a, p, first + i, 1, &one); /* one by one as in a block */
            value_load(type, &one, 0, &right);
            MUST(value_element_compare(type, &left, &right) == 0);
        }
    }
}

static uint64_t values_of(const exploration *points)
{
    uint64_t values = 0;
    uint32_t i, j;
    for (i = 0; i < points->segment_count; i++)
        for (j = 0; j < points->segments[i].factor_count; j++) {
            const factor *f = &points->segments[i].factors[j];
            if (f->count > VALUES_MOST || f->axis_count > VALUES_MOST)
                return UINT64_MAX;
            values += f->count * f->axis_count;
        }
    return values;
}

/* What is done with explorations of files. */
static void use(const exploration *points)
{
    uint64_t counts[VALUES_MOST], count = exploration_count(points), i;
    uint8_t mask[POINTS_MOST];
    exploration *more = NULL;
    pipette_error error = {0};
    uint32_t p;
    if (exploration_parameter_count(points) <= VALUES_MOST && exploration_product(points, VALUES_MOST, counts)) {
        uint64_t product = 1;
        for (p = 0; p < exploration_parameter_count(points); p++) {
            value_element values[VALUES_MOST];
            exploration_axis(points, p, values);
            product *= counts[p];
        }
        MUST(product == count);
    }
    if (values_of(points) > VALUES_MOST)
        return;
    for (p = 0; p < exploration_parameter_count(points); p++) {
        series *values = NULL;
        MUST(exploration_values(points, p, &values, &error) == PIPETTE_OK);
        series_release(values);
    }
    count = count < POINTS_MOST ? count : POINTS_MOST;
    MUST(exploration_match(points, points, 0, count, mask, &error) == PIPETTE_OK);
    for (i = 0; i < count; i++)
        MUST(mask[i] == 1);
    /* There may be too many parts for that; else nothing is new. */
    if (exploration_expand(points, points, &more, &error) == PIPETTE_OK)
        MUST(more == NULL);
    exploration_destroy(more);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size), *written = NULL, *again = NULL;
    exploration *points = parse(text), *same;
    pipette_error error = {0};
    if (points != NULL) {
        uint64_t count = exploration_count(points), part = count < POINTS_MOST ? count : POINTS_MOST;
        MUST(count > 0);
        MUST(exploration_text(points, &written, &error) == PIPETTE_OK);
        same = parse(written);
        MUST(same != NULL && exploration_count(same) == count);
        MUST(exploration_text(same, &again, &error) == PIPETTE_OK);
        MUST(strcmp(written, again) == 0);
        same_values(points, same, 0, part);
        same_values(points, same, count - part, part);
        use(points);
        exploration_destroy(same);
    }
    exploration_destroy(points);
    free(again);
    free(written);
    free(text);
    return 0;
}
