/* conform.c: what `pipette check PLUGIN` asks of a model: some points as a sweep computes them, then each alone, bit by bit the same. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

enum { POINTS = 67 }; /* full groups of lanes and a few that are left over */

/* A number that the points can be spread over: the first parameter that is one. NULL: the model has none. */
static const pipette_parameter_spec *number_of(const pipette_manual *manual)
{
    uint32_t i;
    for (i = 0; i < manual->parameter_count; i++) {
        const pipette_parameter_spec *spec = &manual->parameters[i];
        if ((spec->type == PIPETTE_TYPE_F64 || spec->type == PIPETTE_TYPE_I64 || spec->type == PIPETTE_TYPE_I32) && spec->default_array == NULL)
            return spec;
    }
    return NULL;
}

static int within(const pipette_parameter_spec *spec, double value)
{
    if ((spec->flags & PIPETTE_HAS_MINIMUM) != 0 && (value < spec->minimum || (value <= spec->minimum && (spec->flags & PIPETTE_ABOVE_MINIMUM) != 0)))
        return 0;
    return (spec->flags & PIPETTE_HAS_MAXIMUM) == 0 || value <= spec->maximum;
}

static int write_config(const char *path, const char *results, const pipette_manual *manual)
{
    const pipette_parameter_spec *spec = number_of(manual);
    FILE *out = fopen(path, "w");
    int i, failed;
    if (out == NULL)
        return 0;
    fprintf(out, "name = \"check\";\nrun = { plugin = ");
    cli_json_text(out, manual->path);
    fprintf(out, "; };\nstorage = { plugin = \"hdf5\"; file = ");
    cli_json_text(out, results);
    fprintf(out, "; };\n");
    if (spec != NULL) {
        int first = 1;
        fprintf(out, "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = ");
        cli_json_text(out, spec->path);
        fprintf(out, "; values = ( ");
        for (i = 0; i < POINTS; i++) {
            double value = spec->type == PIPETTE_TYPE_F64 ? spec->default_f64 + i * (fabs(spec->default_f64) * 0.0625 + 0.015625)
                                                          : (double)spec->default_i64 + i;
            if (!within(spec, value))
                continue;
            fprintf(out, spec->type == PIPETTE_TYPE_F64 ? "%s%.17e" : "%s%.0f", first ? "" : ", ", value);
            first = 0;
        }
        fprintf(out, " ); } ); } );\n");
    }
    failed = ferror(out);
    return fclose(out) == 0 && !failed;
}

typedef struct comparison {
    uint64_t run;
    int differs;
} comparison;

static int visit(const char *path, int equal, const char *detail, void *user)
{
    comparison *c = user;
    if (!equal && !c->differs)
        cli_error("run %llu is not the same alone as among others: %s: %s", (unsigned long long)c->run, path, detail);
    c->differs |= !equal;
    return 0;
}

static int sweep_and_replay(const char *config, const char *results, const pipette_manual *manual, const cli_list *folders)
{
    pipette_pipeline_options o = {.size = sizeof o};
    pipette_replay_options replay = {.size = sizeof replay};
    pipette_report report = {.size = sizeof report};
    pipette_pipeline *pipeline = NULL;
    pipette_error error = {0};
    comparison c = {0, 0};
    int status, differs = 0;
    o.workers = 1;
    o.config = config;
    o.folders = folders->items;
    o.folder_count = folders->count;
    o.timeout = 60;
    status = pipette_pipeline_create(&o, &pipeline, &error);
    if (status == PIPETTE_OK)
        status = pipette_pipeline_run(pipeline, &report, &error);
    if (status == PIPETTE_OK && report.failed + report.timed_out > 0) { /* what crashes would take this process with it */
        cli_error("%llu of %llu points fail, near the defaults of '%s'; the first: %s", (unsigned long long)(report.failed + report.timed_out),
                  (unsigned long long)report.row_count, manual->name, report.first_failure == NULL ? "" : report.first_failure);
        pipette_pipeline_destroy(pipeline);
        return CLI_RUNS_FAILED;
    }
    replay.file = results;
    replay.folders = folders->items;
    replay.folder_count = folders->count;
    for (c.run = 0; status == PIPETTE_OK && c.run < report.row_count; c.run++) {
        replay.run = c.run;
        status = pipette_replay(&replay, visit, &c, &differs, &error);
    }
    if (status == PIPETTE_OK && !c.differs)
        printf("%llu points: the same bits alone and %s%s\n", (unsigned long long)report.row_count, manual->has_batch ? "in a batch" : "in a sweep",
               report.done == 0 ? "; but none of them has a result" : "");
    pipette_pipeline_destroy(pipeline);
    return status != PIPETTE_OK ? cli_fail(&error) : c.differs ? CLI_RUNS_FAILED : CLI_OK;
}

int cli_conform(const pipette_manual *manual, const cli_list *folders)
{
    const char *base = getenv("TMPDIR");
    char folder[4096], config[4200], results[4200];
    int code;
    (void)snprintf(folder, sizeof folder, "%s/pipette-check-XXXXXX", base == NULL || base[0] != '/' ? "/tmp" : base);
    if (mkdtemp(folder) == NULL) {
        cli_error("no temporary folder for the check: %s", strerror(errno));
        return CLI_STORAGE;
    }
    (void)snprintf(config, sizeof config, "%s/check.cfg", folder);
    (void)snprintf(results, sizeof results, "%s/check.hdf5", folder);
    if (write_config(config, results, manual)) {
        code = sweep_and_replay(config, results, manual, folders);
    } else {
        cli_error("%s: cannot write: %s", config, strerror(errno));
        code = CLI_STORAGE;
    }
    (void)unlink(config);
    (void)unlink(results);
    (void)rmdir(folder);
    return code;
}
