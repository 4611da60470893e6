/* plot: pictures of results, drawn by gnuplot: lines over parameters, points, maps, histograms, traces, rasters. */
#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <unistd.h>

#include "collect.h"
#include "draw.h"
#include "script.h"

enum { PANELS_MAXIMUM = 8 };

#define PANEL_OPTIONS(before)                                                                                          \
    PIPETTE_OPTION(before "title", PIPETTE_TYPE_STRING, "by what is shown",                                            \
                   "Above it; {run}, {NAME} of a parameter stand for values of a trace."),                             \
        PIPETTE_OPTION(before "xlabel", PIPETTE_TYPE_STRING, "name and unit", "Below it."),                            \
        PIPETTE_OPTION(before "ylabel", PIPETTE_TYPE_STRING, "comment and unit", "Beside it."),                        \
        PIPETTE_OPTION(before "legend", PIPETTE_TYPE_STRING, "NAME = VALUE UNIT",                                      \
                       "Of each line; {NAME} stands for its value."),                                                  \
        PIPETTE_OPTION(before "log", PIPETTE_TYPE_STRING, "none",                                                      \
                       "Axes with a logarithmic scale: \"x\", \"y\" or \"xy\"."),                                      \
        PIPETTE_OPTION(before "run", PIPETTE_TYPE_U64, "13, or the last before it", "Of a trace: which run."),         \
        PIPETTE_OPTION(before "part", PIPETTE_TYPE_F64, "0.125 of more than 5000 elements, else 1",                    \
                       "Of a trace: how much of it, from its start.")

static const pipette_option_spec options[] = {
    PIPETTE_OPTION("what", PIPETTE_OPTION_ANY, "the returned result, and a trace",
                   "\"NAME\", \"X:Y\", \"X:Y:BY\", \"lines:X:Y\", \"points:X:Y\", \"map:X:Y:COLOUR\", "
                   "\"histogram:NAME\", \"trace:NAME\" or "
                   "\"raster:NAME\"; several: [\"...\", \"...\"], one below the other."),
    PIPETTE_OPTION(
        "panels", PIPETTE_OPTION_LIST, NULL,
        "Instead of `what`: ( { what = \"I:rate\"; title = \"...\"; }, ... ) with the options below for each."),
    PIPETTE_OPTION("panels[].what", PIPETTE_TYPE_STRING, NULL, "As above."),
    PANEL_OPTIONS("panels[]."),
    PANEL_OPTIONS(""),
    PIPETTE_OPTION("output", PIPETTE_TYPE_STRING, "plot.png",
                   "The picture: .png, .svg or .pdf; script (.gp) and data (.dat) stand beside it."),
    PIPETTE_OPTION("overwrite", PIPETTE_TYPE_BOOL, "true", "Replace these three where they exist."),
    PIPETTE_OPTION("draw", PIPETTE_TYPE_BOOL, "true",
                   "false: this stage draws nothing; `pipette plot FILE` takes its options."),
    PIPETTE_OPTION("width", PIPETTE_TYPE_F64, "160", "In millimetres."),
    PIPETTE_OPTION("height", PIPETTE_TYPE_F64, "100, or 80 for each of several panels", "In millimetres."),
    PIPETTE_OPTION("gnuplot", PIPETTE_TYPE_STRING, "gnuplot", "The program, along PATH or as a file."),
    PIPETTE_OPTION("timeout", PIPETTE_TYPE_F64, "60", "Seconds that it may take."),
};

/* Everything about one call. */
typedef struct plot {
    panel panels[PANELS_MAXIMUM];
    panel_data numbers[PANELS_MAXIMUM];
    uint32_t count;
    const char *output;
    int format;
    uint8_t overwrite, draw;
    double width, height, timeout;
    char *program, *folder;
    char *names[3]; /* picture, script, data: without the folder */
    char *paths[3]; /* with it */
    char *parts[3]; /* where they are made, without the folder */
} plot;

/* ---- Options ---- */

static int panel_text(pipette_stage *stage, const pipette_option *group, const char *name, const char **out)
{
    const pipette_option *option = pipette_option_get(stage, group, name);
    pipette_value value;
    int status;
    if (option == NULL)
        return PIPETTE_OK;
    status = pipette_option_value(stage, option, PIPETTE_TYPE_STRING, &value);
    if (status == PIPETTE_OK && value.rank != 0)
        return pipette_option_fail(stage, option, PIPETTE_E_TYPE, "option '%s' takes one text", name);
    if (status == PIPETTE_OK)
        *out = value.as.string;
    return status;
}

/* How a panel looks: from its own group, or from the stage's options (NULL). */
static int panel_look(pipette_stage *stage, const pipette_option *group, panel *p)
{
    const pipette_option *run = pipette_option_get(stage, group, "run"),
                         *part = pipette_option_get(stage, group, "part");
    pipette_value value;
    int status = panel_text(stage, group, "title", &p->title);
    if (status == PIPETTE_OK)
        status = panel_text(stage, group, "xlabel", &p->xlabel);
    if (status == PIPETTE_OK)
        status = panel_text(stage, group, "ylabel", &p->ylabel);
    if (status == PIPETTE_OK)
        status = panel_text(stage, group, "legend", &p->legend);
    if (status == PIPETTE_OK)
        status = panel_text(stage, group, "log", &p->log);
    if (status == PIPETTE_OK && p->log != NULL && (p->log[0] == '\0' || p->log[strspn(p->log, "xy")] != '\0'))
        return pipette_option_fail(stage, pipette_option_get(stage, group, "log"), PIPETTE_E_INVALID,
                                   "log is \"x\", \"y\" or \"xy\", not \"%s\"", p->log);
    if (status == PIPETTE_OK && run != NULL &&
        (status = pipette_option_value(stage, run, PIPETTE_TYPE_U64, &value)) == PIPETTE_OK)
        p->run = value.as.u64;
    if (status == PIPETTE_OK && part != NULL &&
        (status = pipette_option_value(stage, part, PIPETTE_TYPE_F64, &value)) == PIPETTE_OK) {
        p->part = value.as.f64;
        if (!(p->part > 0 && p->part <= 1))
            return pipette_option_fail(stage, part, PIPETTE_E_BOUNDS,
                                       "part lies between 0 and 1, 1 being all of the trace; %g does not", p->part);
    }
    return status;
}

static int add_panel(const panel_context *c, plot *o, const pipette_option *option, const pipette_option *group,
                     const char *what)
{
    panel *p = &o->panels[o->count];
    int status;
    if (o->count == PANELS_MAXIMUM)
        return pipette_option_fail(c->stage, option, PIPETTE_E_BOUNDS,
                                   "%d panels are what a picture can hold; draw the others into another one",
                                   PANELS_MAXIMUM);
    p->run = PIPETTE_DEFAULT_RUN;
    status = group == NULL ? PIPETTE_OK : panel_look(c->stage, group, p);
    if (status == PIPETTE_OK)
        status = panel_look(c->stage, NULL, p); /* last: a command line's options win */
    if (status == PIPETTE_OK)
        status = panel_choose(c, what, p);
    o->count++;
    return status;
}

static int take_panels(const panel_context *c, plot *o)
{
    const pipette_option *panels = pipette_option_get(c->stage, NULL, "panels"),
                         *what = pipette_option_get(c->stage, NULL, "what");
    pipette_value value;
    uint64_t i;
    int status = PIPETTE_OK;
    if (panels != NULL && what != NULL)
        return pipette_option_fail(c->stage, what, PIPETTE_E_CONFIG,
                                   "there are 'panels' as well: leave one of them out");
    for (i = 0; panels != NULL && status == PIPETTE_OK && i < pipette_option_count(c->stage, panels); i++) {
        const pipette_option *group = pipette_option_at(c->stage, panels, i);
        const char *text = NULL;
        status = panel_text(c->stage, group, "what", &text);
        if (status == PIPETTE_OK && text == NULL)
            status =
                pipette_option_fail(c->stage, group, PIPETTE_E_CONFIG, "what does this panel show? what = \"X:Y\"");
        if (status == PIPETTE_OK)
            status = add_panel(c, o, group, group, text);
    }
    if (what != NULL) {
        status = pipette_option_value(c->stage, what, PIPETTE_TYPE_STRING, &value);
        for (i = 0; status == PIPETTE_OK && i < (value.rank == 0 ? 1 : pipette_value_count(&value)); i++)
            status = add_panel(c, o, what, NULL, ((const char *const *)pipette_value_data(&value))[i]);
    }
    if (status == PIPETTE_OK && o->count == 0) {
        status = panel_default(c, o->panels, &o->count);
        for (i = 0; status == PIPETTE_OK && i < o->count; i++) {
            o->panels[i].run = PIPETTE_DEFAULT_RUN;
            status = panel_look(c->stage, NULL, &o->panels[i]);
        }
    }
    return status;
}

/* ---- Files ---- */

static int take_output(pipette_stage *stage, plot *o, int declaring)
{
    static const char *const suffixes[] = {".png", ".svg", ".pdf"}, *const others[] = {"", ".gp", ".dat"};
    const char *dot = strrchr(o->output, '.'), *slash = strrchr(o->output, '/'),
               *name = slash == NULL ? o->output : slash + 1;
    int i;
    for (i = 0; dot != NULL && dot > name && i < 3; i++)
        if (strcmp(dot, suffixes[i]) == 0)
            o->format = FORMAT_PNG + i;
    if (o->format == FORMAT_NONE)
        return pipette_stage_fail(stage, PIPETTE_E_INVALID, "'%s': a picture is a .png, .svg or .pdf", o->output);
    o->folder = slash == NULL        ? strdup(".")
                : slash == o->output ? strdup("/")
                                     : strndup(o->output, (size_t)(slash - o->output));
    for (i = 0; i < 3; i++) {
        if (asprintf(&o->names[i], "%.*s%s", i == 0 ? (int)strlen(name) : (int)(dot - name), name, others[i]) < 0)
            o->names[i] = NULL;
        if (o->folder == NULL || o->names[i] == NULL ||
            asprintf(&o->paths[i], "%s%s%s", slash == NULL ? "" : o->folder,
                     slash == NULL || slash == o->output ? "" : "/", o->names[i]) < 0)
            o->paths[i] = NULL;
        if (o->names[i] == NULL || asprintf(&o->parts[i], "%s.%ld.part", o->names[i], (long)getpid()) < 0)
            o->parts[i] = NULL;
        if (o->paths[i] == NULL || o->parts[i] == NULL)
            return pipette_stage_fail(stage, PIPETTE_E_MEMORY, "no memory");
    }
    for (i = 0; i < 3 && !o->overwrite; i++)
        if (access(o->paths[i], F_OK) == 0)
            return pipette_stage_fail(stage, PIPETTE_E_EXISTS,
                                      "%s exists; name another picture (-o), or replace it (--overwrite)", o->paths[i]);
    if (access(o->folder, W_OK | X_OK) != 0 && !(declaring && errno == ENOENT)) /* the storage may make it */
        return pipette_stage_fail(stage, PIPETTE_E_SYSTEM, "%s: cannot be written: %s", o->paths[0], strerror(errno));
    return PIPETTE_OK;
}

static int take_options(const panel_context *c, plot *o, int declaring)
{
    const char *program = NULL;
    int status = take_panels(c, o);
    o->output = "plot.png";
    o->width = 160;
    o->height = o->count > 1 ? 80.0 * o->count : 100;
    o->timeout = 60;
    o->overwrite = 1;
    if (status == PIPETTE_OK)
        status = pipette_option_string(c->stage, "output", &o->output);
    if (status == PIPETTE_OK)
        status = pipette_option_string(c->stage, "gnuplot", &program);
    if (status == PIPETTE_OK)
        status = pipette_option_bool(c->stage, "overwrite", &o->overwrite);
    if (status == PIPETTE_OK)
        status = pipette_option_f64(c->stage, "width", &o->width);
    if (status == PIPETTE_OK)
        status = pipette_option_f64(c->stage, "height", &o->height);
    if (status == PIPETTE_OK)
        status = pipette_option_f64(c->stage, "timeout", &o->timeout);
    if (status == PIPETTE_OK && !(o->width >= 40 && o->width <= 1000 && o->height >= 40 && o->height <= 2000))
        status = pipette_stage_fail(c->stage, PIPETTE_E_BOUNDS,
                                    "width and height are millimetres, from 40 to 1000 and 2000; %g x %g are not",
                                    o->width, o->height);
    if (status == PIPETTE_OK && !(o->timeout > 0))
        status = pipette_stage_fail(c->stage, PIPETTE_E_BOUNDS, "timeout is in seconds, more than 0");
    if (status == PIPETTE_OK && (!declaring || o->draw))
        status = take_output(c->stage, o, declaring);
    if (status == PIPETTE_OK && o->draw && (o->program = draw_find(c->stage, program)) == NULL)
        status = PIPETTE_E_SYSTEM;
    return status;
}

static void plot_free(plot *o)
{
    int i;
    for (i = 0; i < PANELS_MAXIMUM; i++)
        panel_data_free(&o->numbers[i]);
    for (i = 0; i < 3; i++) {
        free(o->names[i]);
        free(o->paths[i]);
        free(o->parts[i]);
    }
    free(o->program);
    free(o->folder);
    free(o);
}

static char *part_path(const plot *o, int i)
{
    char *path = NULL;
    return asprintf(&path, "%s/%s", o->folder, o->parts[i]) < 0 ? NULL : path;
}

static int write_file(pipette_stage *stage, const plot *o, const picture *p, int i)
{
    char *path = part_path(o, i);
    FILE *file = path == NULL ? NULL : fopen(path, "we");
    int failed = file == NULL;
    if (file != NULL) {
        (i == 1 ? script_write : script_write_data)(file, p);
        failed = ferror(file);
        failed |= fclose(file) != 0;
    }
    free(path);
    return failed
               ? pipette_stage_fail(stage, PIPETTE_E_SYSTEM, "%s: cannot be written: %s", o->paths[i], strerror(errno))
               : PIPETTE_OK;
}

/* What the script is told: the files' names while they are made. Quotes in them are doubled, as gnuplot wants it. */
static char *settings_of(const plot *o)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL)
        return NULL;
    (void)fputs("data=", out);
    script_quote(out, o->parts[2]);
    (void)fputs("; picture=", out);
    script_quote(out, o->parts[0]);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

/* All three are made beside their places and take them at the end, so that what stood there is replaced by a picture or
 * by nothing. */
static int make_files(pipette_stage *stage, const plot *o)
{
    const picture p = {o->names[1], o->names[2], o->names[0], o->format, o->width,
                       o->height,   o->panels,   o->numbers,  o->count};
    const locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0),
                   before = plain == (locale_t)0 ? (locale_t)0 : uselocale(plain);
    char *settings = NULL, *from;
    int i, status = write_file(stage, o, &p, 2);
    if (status == PIPETTE_OK)
        status = write_file(stage, o, &p, 1);
    if (plain != (locale_t)0) {
        (void)uselocale(before);
        freelocale(plain);
    }
    if (status == PIPETTE_OK && (settings = settings_of(o)) == NULL)
        status = pipette_stage_fail(stage, PIPETTE_E_MEMORY, "no memory");
    if (status == PIPETTE_OK)
        status = draw_run(stage, o->program, o->folder, settings, o->parts[1], o->timeout);
    free(settings);
    for (i = 2; i >= 0; i--) {
        from = part_path(o, i);
        if (from != NULL && status == PIPETTE_OK && rename(from, o->paths[i]) != 0)
            status = pipette_stage_fail(stage, PIPETTE_E_SYSTEM, "%s: %s", o->paths[i],
                                        i == 0 && errno == ENOENT ? "gnuplot has made no picture" : strerror(errno));
        if (from != NULL && status != PIPETTE_OK)
            (void)unlink(from);
        free(from);
    }
    return status;
}

/* ---- The stage ---- */

static int work(pipette_stage *stage, pipette_trajectory *trajectory, pipette_results *results, int declaring)
{
    const panel_context c = {stage, trajectory, results};
    plot *o = (plot *)calloc(1, sizeof *o);
    uint32_t i;
    int status;
    if (o == NULL)
        return pipette_stage_fail(stage, PIPETTE_E_MEMORY, "no memory");
    o->draw = 1;
    status = pipette_option_bool(stage, "draw", &o->draw);
    if (status == PIPETTE_OK && o->draw)
        status = take_options(&c, o, declaring);
    for (i = 0; status == PIPETTE_OK && o->draw && !declaring && i < o->count; i++) {
        status = collect(&c, &o->panels[i], &o->numbers[i]);
        if (status == PIPETTE_OK && o->numbers[i].note[0] != '\0')
            pipette_stage_log(stage, PIPETTE_LOG_INFO, "%s: %s", panel_name(&o->panels[i]), o->numbers[i].note);
    }
    if (status == PIPETTE_OK && o->draw && !declaring)
        status = make_files(stage, o);
    plot_free(o);
    return status;
}

static int declare(pipette_stage *stage, pipette_trajectory *trajectory, pipette_results *results)
{
    return work(stage, trajectory, results, 1);
}

static int draw(pipette_stage *stage, pipette_trajectory *trajectory, pipette_results *results)
{
    return work(stage, trajectory, results, 0);
}

PIPETTE_POSTPROCESS("plot", "1.0", "Draws results: lines over parameters, points, maps, histograms, traces, rasters.",
                    options, declare, draw);
