/* experiment.c: an experiment that is a program, in many ways: experiment HOW [FILE]. Prints what became of it. */
#include <pipette/experiment.h>

#include <hdf5.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static const char *how;
static pipette_environment *own;
static int factor = 1; /* runs see what it is when they are started */

static int is(const char *name)
{
    return strcmp(how, name) == 0;
}

static int multiply(pipette_run *run, void *user)
{
    const double x = pipette_f64(run, "x"), y = pipette_f64(run, "y");
    const int *scale = user;
    if (is("exit") && run->index == 7) {
        printf("leaving");
        exit(3);
    }
    if (is("crash") && run->index == 5)
        abort();
    if (is("nested") && (pipette_environment_run(own, multiply, NULL) != PIPETTE_E_INVALID ||
                         pipette_environment_close(own, NULL) != PIPETTE_E_INVALID))
        return pipette_fail(run, PIPETTE_E_MODEL, "a run within a run");
    if (is("slow"))
        (void)usleep(150000);
    factor++; /* stays in the worker */
    pipette_put_f64_array(run, "$.undeclared", &x, 1);
    pipette_put_f64(run, "$.z", x * y * (scale != NULL ? *scale : 1));
    return pipette_return_f64(run, x + y);
}

/* Sums up what the runs handed back. */
static int add_up(pipette_trajectory *trajectory, pipette_results *results, void *user)
{
    const uint64_t rows = pipette_row_count(results);
    double *returned = calloc((size_t)rows + 1, sizeof *returned), sum = 0;
    int status = pipette_results_read(results, "returned", 0, rows, PIPETTE_TYPE_F64, returned);
    pipette_value value;
    uint64_t i;
    for (i = 0; i < rows; i++)
        sum += returned[i];
    free(returned);
    printf("%s: %g of %d runs\n", user == NULL ? "sum" : (const char *)user, sum, (int)rows);
    if (is("refused"))
        return pipette_trajectory_fail(trajectory, PIPETTE_E_INVALID, "%d runs are not enough", (int)rows);
    value = pipette_value_f64(sum);
    return status == PIPETTE_OK
               ? pipette_add(trajectory, PIPETTE_BRANCH_RESULTS, "summary.sum", &value, "1", "Of all runs")
               : status;
}

static void say_bye(void)
{
    printf("bye from the program\n");
}

static void add_all(pipette_trajectory *trajectory)
{
    static const int64_t y[] = {6, 7, 8};
    pipette_add_f64(trajectory, "x", 1.0, "1", "First factor.");
    pipette_add_i64(trajectory, "y", 1, "1", "Second factor.");
    pipette_explore_range(trajectory, "x", 1.0, 4.0, 1.0);
    pipette_explore_i64_list(trajectory, "y", y, 3);
}

static void declare(pipette_environment *env)
{
    static const pipette_result_spec specs[] = {PIPETTE_RESULT_F64("$.z", "1", "Their product"),
                                                PIPETTE_RETURNED_F64("returned", "1", "Their sum")};
    pipette_environment_declare(env, specs, PIPETTE_COUNT_OF(specs));
}

static int one_more_point(pipette_trajectory *trajectory, double x, int64_t y)
{
    static const char *const names[] = {"x", "y"};
    const pipette_value values[] = {pipette_value_f64(x), pipette_value_i64(y)};
    return pipette_expand_point(trajectory, names, values, 2);
}

static void say_report(const pipette_environment *env)
{
    const pipette_report *r = pipette_environment_report(env);
    if (r != NULL)
        printf("%s: %d done, %d failed, %d pending of %d%s%s\n", r->name, (int)r->done, (int)r->failed,
               (int)r->pending_count, (int)r->row_count, r->first_failure == NULL ? "" : "; ",
               r->first_failure == NULL ? "" : r->first_failure);
}

static int scale = 10;

static int prepare(pipette_trajectory *trajectory, pipette_phases *phases, void *user)
{
    add_all(trajectory);
    declare(user);
    phases->run = multiply;
    phases->run_user = &scale;
    phases->run_name = "multiply";
    phases->postprocess = add_up;
    phases->postprocess_user = (void *)"total";
    return PIPETTE_OK;
}

static void *wait_for_ever(void *user)
{
    for (;;)
        (void)pause();
    return user;
}

static void interrupt_once(const pipette_progress *progress, void *user)
{
    static int times;
    (void)user;
    if (progress->done > 0 && times++ == 0)
        (void)raise(SIGINT);
}

static void mistakes(pipette_environment *env, pipette_trajectory *trajectory)
{
    pipette_value value;
    if (pipette_get(trajectory, "nothing", &value) != PIPETTE_E_NOT_FOUND ||
        pipette_environment_error(env)->code != PIPETTE_OK)
        printf("looking up sticks\n");
    printf("%g", pipette_trajectory_f64(trajectory, "x"));
    printf(" %d", (int)pipette_trajectory_i64(trajectory, "x"));
    printf(" '%s'", pipette_trajectory_string(trajectory, "y"));
    printf(": %s\n", pipette_trajectory_message(trajectory));
    pipette_add_f64(trajectory, "_bad", 1.0, "1", "");
    pipette_add_f64(trajectory, "later", 1.0, "1", "");
    printf("first: %s\n", pipette_environment_error(env)->message);
    if (pipette_find(trajectory, "later", &(pipette_node){.size = sizeof(pipette_node)}) != PIPETTE_E_NOT_FOUND)
        printf("what comes later was done\n");
}

int main(int argc, char **argv)
{
    pipette_environment_options options = {.trajectory = "T", .file = argc > 2 ? argv[2] : "t.hdf5", .workers = 2};
    pipette_error error = PIPETTE_NO_ERROR;
    pipette_environment *env;
    pipette_trajectory *trajectory, *view = NULL;
    hid_t own_file = -1;
    int i;
    how = argc > 1 ? argv[1] : "plain";
    options.overwrite = is("overwrite");
    options.retry_failed = is("retry");
    options.in_process = is("in_process");
    options.add_time = is("time");
    options.log_stdout = is("log");
    options.log_folder = is("log") ? "logs/deep" : NULL;
    options.version = is("version") ? "2.0" : NULL;
    options.storage_options = is("storage") ? "compresion = 1;" : NULL;
    options.signals = is("slow");
    if (is("slow"))
        options.progress = interrupt_once;
    if (is("nameless"))
        options.trajectory = NULL;
    (void)atexit(say_bye);
    if (is("hdf5"))
        own_file = H5Fcreate("own.hdf5", H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    for (i = 0; is("threads") && i < 4; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, wait_for_ever, NULL) != 0)
            return 9;
    }
    printf("not yet written: ");
    env = pipette_environment_open(&options);
    own = env;
    trajectory = pipette_environment_trajectory(env);
    if (is("pipeline")) {
        pipette_environment_pipeline(env, prepare, env);
    } else {
        add_all(trajectory);
        declare(env);
        if (is("mistakes"))
            mistakes(env, trajectory);
        pipette_environment_add_postprocess(env, add_up, NULL);
        if (is("stages"))
            pipette_environment_add_stage(env, PIPETTE_KIND_POSTPROCESS, "rate_summary", "table = \"summary.sums\";");
        factor = 5;
        pipette_environment_run(env, multiply, NULL);
    }
    say_report(env);
    if (is("loop") || is("exit"))
        for (i = 0; i < 3; i++) {
            if (pipette_view(trajectory, 7, &view) == PIPETTE_OK)
                printf("run 7: x = %g\n", pipette_trajectory_f64(view, "x"));
            one_more_point(trajectory, 10.0 + i, 1);
            pipette_environment_run(env, multiply, NULL);
            say_report(env);
            pipette_view_destroy(view);
        }
    printf("factor %d, %s\n", factor, is("time") ? "" : pipette_environment_file(env));
    if (is("hdf5") &&
        H5Fclose(H5Gcreate2(own_file, "mine", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT) < 0 ? -1 : own_file) < 0)
        printf("my own file is damaged\n");
    if (is("forget"))
        return 0;
    i = pipette_exit_code(pipette_environment_error(env)->code, pipette_environment_report(env));
    if (pipette_environment_close(env, &error) != PIPETTE_OK)
        fprintf(stderr, "experiment: %s\n", error.message);
    return i;
}
