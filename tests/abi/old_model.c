/* old_model: a model in the words of ABI 1.0: parameters and results of several kinds, a shape, an instance, a batch
 * form. Built against every frozen copy of the headers; it must load and run. */
#include <pipette/model.h>

#include <stdlib.h>

static const pipette_parameter_spec parameters[] = {
    PIPETTE_F64_IN("x", 1.0, -100.0, 100.0, "m", "A number."),
    PIPETTE_I64_IN("n", 2, 1, 10, "1", "How many rows."),
    PIPETTE_STRING("word", "old", "A text."),
    PIPETTE_BOOL("on", 1, "A switch."),
};
static const pipette_dimension table[] = {
    PIPETTE_DIMENSION("row", "1", 0, 0.0, 0.0, "A row."),
    PIPETTE_DIMENSION("column", "m", 3, 1.0, 0.5, "A column."),
};
static const pipette_dimension list[] = {PIPETTE_DIMENSION("entry", "1", PIPETTE_RAGGED, 0.0, 0.0, "An entry.")};
static const pipette_result_spec results[] = {
    PIPETTE_RETURNED_F64("old.$.square", "m2", "The square."),
    PIPETTE_RESULT_ARRAY("old.$.table", PIPETTE_TYPE_F64, "m", "A table.", table),
    PIPETTE_RESULT_ARRAY("old.$.list", PIPETTE_TYPE_F64, "m", "As many as the table has rows.", list),
    PIPETTE_RESULT_STRING("old.$.word", "The text again."),
};
static const char *const deciding[] = {"n"};

static int shape(pipette_shape *s)
{
    int64_t n = pipette_shape_i64(s, "n");
    if (n > 8)
        return pipette_shape_fail(s, PIPETTE_E_BOUNDS, "%lld rows are too many", (long long)n);
    return pipette_shape_extent(s, "old.$.table", 0, (uint64_t)n, 10.0, 2.0);
}

static int create(pipette_stage *stage)
{
    double *gain = (double *)malloc(sizeof *gain);
    if (gain == NULL)
        return pipette_stage_fail(stage, PIPETTE_E_MEMORY, "out of memory");
    *gain = 1.0;
    stage->instance = gain;
    return pipette_option_f64(stage, "gain", gain);
}

static void destroy(pipette_stage *stage)
{
    free(stage->instance);
}

static int run(pipette_run *r)
{
    const double x = pipette_f64(r, "x") * *(const double *)r->instance;
    uint64_t count, i;
    double *cells = pipette_buffer_f64(r, "old.$.table", &count);
    if (cells == NULL)
        return PIPETTE_E_MODEL;
    for (i = 0; i < count; i++)
        cells[i] = x + (double)i;
    if (x < -50.0)
        return pipette_infeasible(r, "x is too small");
    (void)pipette_put_f64_array(r, "old.$.list", cells, count / 3);
    (void)pipette_put_string(r, "old.$.word", pipette_i64(r, "on") ? pipette_string(r, "word") : "");
    return pipette_put_f64(r, "old.$.square", x * x);
}

static const pipette_option_spec options[] = {PIPETTE_OPTION("gain", PIPETTE_TYPE_F64, "1.0", "Multiplies x.")};
static const pipette_model model = {(uint32_t)sizeof(pipette_model),
                                    0,
                                    parameters,
                                    PIPETTE_COUNT_OF(parameters),
                                    0,
                                    results,
                                    PIPETTE_COUNT_OF(results),
                                    0,
                                    deciding,
                                    1,
                                    0,
                                    shape,
                                    create,
                                    run,
                                    destroy};
PIPETTE_PLUGIN_(PIPETTE_KIND_MODEL, 0, "old_model", "1.0", "A model of ABI 1.0.", &model, options,
                PIPETTE_COUNT_OF(options), NULL);
