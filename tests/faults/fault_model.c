/* fault_model: results of every shape, and runs that fail or make no sense, all decided by x; takes as long as it is
 * told. */
#include <pipette/model.h>

#include <stdio.h>
#include <time.h>

static const pipette_parameter_spec parameters[] = {
    PIPETTE_F64("x", 1.0, "1", "A number."),
    PIPETTE_STRING("word", "plain", "A text."),
    PIPETTE_F64("seconds", 0.0, "s", "How long a run takes."),
    PIPETTE_I64_IN("n", 5, 0, 4000, "1", "How long the ragged results are at most."),
    PIPETTE_F64("bad", -1.0, "1", "Runs of this x fail."),
    PIPETTE_F64("senseless", -1.0, "1", "Runs of this x make no sense."),
};

static const pipette_dimension steps[] = {PIPETTE_DIMENSION("step", "1", 40, 0.0, 0.0, "A step.")};
static const pipette_dimension events[] = {PIPETTE_DIMENSION("event", "1", PIPETTE_RAGGED, 0.0, 0.0, "An event.")};
static const pipette_result_spec results[] = {
    PIPETTE_RETURNED_F64("out.$.square", "1", "x times x."),
    PIPETTE_RESULT_ARRAY("out.$.trace", PIPETTE_TYPE_F64, "1", "Multiples of x.", steps),
    PIPETTE_RESULT_ARRAY("out.$.events", PIPETTE_TYPE_F64, "ms", "Times.", events),
    PIPETTE_RESULT_STRING("out.$.text", "Says what x is."),
};

static int run_model(pipette_run *run)
{
    const double x = pipette_f64(run, "x"), seconds = pipette_f64(run, "seconds");
    const int64_t n = pipette_i64(run, "n"), count = n == 0 ? 0 : (int64_t)(x * 7) % (n + 1);
    struct timespec rest;
    double times[4000], *trace;
    char text[100];
    int64_t i;
    rest.tv_sec = (time_t)seconds;
    rest.tv_nsec = (long)((seconds - (double)rest.tv_sec) * 1e9);
    while (nanosleep(&rest, &rest) != 0)
        ;
    if (x == pipette_f64(run, "bad"))
        return pipette_fail(run, PIPETTE_E_MODEL, "x = %g is bad", x);
    if (x == pipette_f64(run, "senseless"))
        return pipette_infeasible(run, "x = %g makes no sense", x);
    trace = pipette_buffer_f64(run, "out.$.trace", NULL);
    if (trace == NULL)
        return PIPETTE_E_MODEL;
    for (i = 0; i < 40; i++)
        trace[i] = x * (double)i;
    for (i = 0; i < count; i++)
        times[i] = x + 0.5 * (double)i;
    (void)snprintf(text, sizeof text, "%s %g", pipette_string(run, "word"), x);
    if (pipette_put_f64_array(run, "out.$.events", times, (uint64_t)(count < 0 ? 0 : count)) != PIPETTE_OK ||
        pipette_put_string(run, "out.$.text", text) != PIPETTE_OK ||
        pipette_put_f64(run, "out.$.square", x * x) != PIPETTE_OK)
        return PIPETTE_E_MODEL;
    if ((int64_t)x % 3 == 1)
        return pipette_put_f64(run, "more.$.third", x / 3); /* undeclared */
    if ((int64_t)x % 3 == 2)
        return pipette_put_string(run, "more.$.note", text);
    return PIPETTE_OK;
}
PIPETTE_MODEL("fault_model", "1.0", "Results of every shape.", parameters, results, run_model);
