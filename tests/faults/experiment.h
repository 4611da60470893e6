/* experiment.h: an experiment of the fault tests: its uninterrupted file, and the comparison with what a fault has
 * left. Include it after faults.h. */
#ifndef TESTS_FAULTS_EXPERIMENT_H
#define TESTS_FAULTS_EXPERIMENT_H

typedef struct experiment {
    const char *name; /* of the config and of the file */
    const char *config;
    const char *first; /* a config that made the file before; NULL: there is none */
    const char
        *columns[4]; /* that are compared through `pipette get` too, because plain tools see them at the end only */
    int code;        /* of the uninterrupted command */
    int grows;       /* postprocessing adds runs */
    unsigned points; /* calls that an ordinary test run takes of each kind */
} experiment;

/* ---- One command ---- */

static char config_name[64], file_name[64], file_path[512], reference_path[512], base_path[512];
static char *reference_columns[4]; /* what `get` prints of the uninterrupted file */
static long base_done;             /* runs that are done before the command starts */
static char context[400];          /* of the case at hand */
static int complaints;

#define RUN_ARGUMENTS                                                                                                  \
    (const char *const[])                                                                                              \
    {                                                                                                                  \
        TEST_COMMAND, "run", config_name, "--workers", "2", "--progress=json", "--plugin-path", FAULT_PLUGINS,         \
            "--plugin-path", TEST_FIXTURES, NULL                                                                       \
    }

static int right(int good, const char *what, const char *detail)
{
    if (!good && complaints++ < 5)
        fprintf(stderr, "\n[%s: %s: %s]\n-- stdout:\n%.800s\n-- stderr:\n%.1200s\n", context, what,
                detail == NULL ? "" : detail, command_out == NULL ? "" : command_out,
                command_err == NULL ? "" : command_err);
    return good;
}

#define RIGHT(condition, what, detail)                                                                                 \
    do {                                                                                                               \
        int good_ = right((condition) != 0, what, detail);                                                             \
        CU_ASSERT(good_);                                                                                              \
        if (!good_)                                                                                                    \
            return;                                                                                                    \
    } while (0)

COMMAND_UNUSED static char *get_column(const char *column)
{
    const int code = PIPETTE("get", file_name, column);
    return code == 0 ? strdup(command_out) : NULL;
}

/* The uninterrupted file, and the base that an extension starts from. 0: cannot be tested. */
COMMAND_UNUSED static int make_reference(const experiment *e)
{
    unsigned i;
    int code;
    complaints = 0;
    base_done = 0;
    (void)snprintf(context, sizeof context, "%s, uninterrupted", e->name);
    (void)snprintf(config_name, sizeof config_name, "%s.cfg", e->name);
    (void)snprintf(file_name, sizeof file_name, "%s.hdf5", e->name);
    (void)snprintf(file_path, sizeof file_path, "%s", in_folder(file_name));
    (void)snprintf(reference_path, sizeof reference_path, "%s", in_folder("reference"));
    (void)snprintf(base_path, sizeof base_path, "%s", in_folder("base"));
    if (e->first != NULL) {
        file_write(config_name, e->first);
        code = command_run(RUN_ARGUMENTS);
        if (!right(code == e->code, "the first experiment", NULL))
            return 0;
        base_done = reported_done(command_err);
        bytes_copy(file_path, base_path, 0644);
    }
    file_write(config_name, e->config);
    code = command_run(RUN_ARGUMENTS);
    if (!right(code == e->code, "the whole experiment", NULL))
        return 0;
    for (i = 0; i < 4; i++) {
        free(reference_columns[i]);
        reference_columns[i] = NULL;
        if (e->columns[i] != NULL &&
            !right((reference_columns[i] = get_column(e->columns[i])) != NULL, "get", e->columns[i]))
            return 0;
    }
    bytes_copy(file_path, reference_path, 0644);
    return right(tools_good(tools_ask("ref", reference_path)), "h5py reads the reference", NULL);
}

COMMAND_UNUSED static void begin_anew(const experiment *e)
{
    (void)unlink(file_path);
    if (e->first != NULL)
        bytes_copy(base_path, file_path, 0644);
}

/* What follows the first `commas` commas of a line, and how long it is. */
static const char *behind(const char *line, size_t commas, size_t *length)
{
    const char *end = line + strcspn(line, "\n");
    for (; commas > 0 && line < end; line++)
        commas -= *line == ',';
    *length = (size_t)(end - line);
    return line;
}

static size_t commas_of(const char *line)
{
    size_t count = 0;
    for (; *line != '\0' && *line != '\n'; line++)
        count += *line == ',';
    return count;
}

/* Where the lines of that run begin, which may be none: a ragged result has one for each element. */
static const char *lines_of(const char *text, unsigned run)
{
    char start[16];
    (void)snprintf(start, sizeof start, "\n%u,", run);
    text = strstr(text, start);
    return text == NULL ? "" : text + 1;
}

/* Whether each row that is done ('1') has the reference's values; rows and runs have the same numbers here. Before a
 * file grows, fewer parameters stand before the value. */
static int same_rows(const char *text, const char *wanted, const char *done)
{
    size_t skip = commas_of(text), other_skip = commas_of(wanted);
    unsigned run;
    if (strncmp(text, "run,", 4) != 0) /* not explored yet: one value */
        return 1;
    if (skip == other_skip)
        skip = other_skip = 0;
    for (run = 0; done[run] == '0' || done[run] == '1'; run++) {
        const char *line = lines_of(text, run), *other = lines_of(wanted, run);
        while (done[run] == '1' && (*line != '\0' || *other != '\0')) {
            const unsigned long number = strtoul(line, NULL, 10), other_number = strtoul(other, NULL, 10);
            const int here = *line != '\0' && number == run, there = *other != '\0' && other_number == run;
            size_t length, other_length;
            const char *value = behind(line, skip, &length), *other_value = behind(other, other_skip, &other_length);
            if (!here && !there)
                break;
            if (here != there || length != other_length || memcmp(value, other_value, length) != 0)
                return 0;
            line = value + length + (value[length] == '\n');
            other = other_value + other_length + (other_value[other_length] == '\n');
        }
    }
    return 1;
}

/* After a death: what is there opens, and has every run that anyone was told of. */
COMMAND_UNUSED static void look_at_crashed(const experiment *e, long reported, long *ended, long *rows)
{
    char answer[8192], *text, *end = NULL;
    const char *done_rows;
    long done, shown;
    unsigned i;
    *ended = *rows = -1;
    if (!file_exists(file_name)) {
        RIGHT(reported == 0 && e->first == NULL, "runs were reported, but there is no file", NULL);
        return;
    }
    (void)snprintf(answer, sizeof answer, "%s", tools_ask("crashed", file_path));
    RIGHT(tools_good(answer), "after the death", answer);
    *ended = strtol(answer + 3, &end, 10);
    done = strtol(end, &end, 10);
    *rows = strtol(end, &end, 10);
    done_rows = end + strspn(end, " ");
    RIGHT(done >= reported, "fewer runs are done than were reported", answer);
    RIGHT(done >= base_done, "fewer runs are done than before", answer);
    RIGHT(PIPETTE("show", file_name, "--json") == 0, "show", answer);
    text = strstr(command_out, "\"states\"");
    shown = text == NULL ? -1 : number_of(text, "done");
    RIGHT(shown == done, "show counts other runs", answer);
    for (i = 0; i < 4 && e->columns[i] != NULL; i++) {
        int same;
        text = get_column(e->columns[i]);
        /* An undeclared result that no run has added yet is not there. */
        same = text == NULL ? err_has("no ") || err_has("not") : same_rows(text, reference_columns[i], done_rows);
        free(text);
        RIGHT(same, "values of runs that are done", e->columns[i]);
    }
}

/* The same command line again, and the comparison. */
COMMAND_UNUSED static void finish_and_compare(const experiment *e, long ended, long rows)
{
    const char *answer;
    unsigned long ran = 0, wanted = 0;
    const char *runs;
    int code = command_run(RUN_ARGUMENTS);
    RIGHT(code == e->code, "the same command again", NULL);
    runs = strstr(command_out, ": ");
    if (runs != NULL && ended >= 0 && rows >= 0 && !e->grows && e->first == NULL &&
        sscanf(runs, ": %lu of %lu runs", &ran, &wanted) == 2)
        RIGHT((long)wanted == rows - ended, "it runs what was done already", NULL);
    answer = tools_ask("final", file_path);
    RIGHT(tools_good(answer), "the finished file", answer);
    RIGHT(folder_count() == 3 + (e->first != NULL), "files are left behind", NULL);
}

COMMAND_UNUSED static int everything(void)
{
    const char *wish = getenv("PIPETTE_FAULTS");
    return wish != NULL && strcmp(wish, "all") == 0;
}

/* The first and last calls (structure) and some between (data). */
COMMAND_UNUSED static int chosen(uint32_t call, uint32_t total, uint32_t points)
{
    uint32_t edge = points / 4, middle = points - 2 * edge, step;
    if (everything() || total <= points || call <= edge || call + edge > total)
        return 1;
    step = (total - 2 * edge + middle - 1) / middle;
    return (call - edge) % step == 0;
}

#endif
