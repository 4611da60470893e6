/* Tests of `pipette plot` and of the stage that draws: what script and data say, that a picture is there, what goes
 * wrong. */
#include <pipette/embed.h>

#include "command.h"
#include "suite.h"

#define TUTORIAL TEST_SOURCE_FOLDER "/../pipelines/firing_rate.cfg"
#define MULTIPLY(more)                                                                                                 \
    "name = \"M\";\nrun = { plugin = \"multiply\"; };\nstorage = { plugin = \"hdf5\"; file = \"m.hdf5\"; };\n"         \
    "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"y\"; values = [6.0, 7.5]; },\n"               \
    "               { parameter = \"x\"; from = 1; to = 3; step = 1; } ); } );\n" more

static char *file_text(const char *name)
{
    static char text[1 << 16];
    FILE *file = fopen(in_folder(name), "r");
    text[0] = '\0';
    if (file != NULL) {
        text[fread(text, 1, sizeof text - 1, file)] = '\0';
        (void)fclose(file);
    }
    return text;
}

static int file_has(const char *name, const char *part)
{
    return strstr(file_text(name), part) != NULL;
}

static int is_png(const char *name)
{
    return memcmp(file_text(name), "\x89PNG\r\n", 6) == 0;
}

static void make(const char *config)
{
    folder_begin();
    file_write("m.cfg", config);
    EXPECT(PIPETTE("run", "-q", "m.cfg") == 0);
}

static void test_lines(void)
{
    make(MULTIPLY(""));
    EXPECT(PIPETTE("plot", "m.hdf5", "x:z:y", "-o", "a.png") == 0);
    CU_ASSERT_STRING_EQUAL(command_out, "a.png\n");
    CU_ASSERT_STRING_EQUAL(command_err, "");
    CU_ASSERT(is_png("a.png"));
    CU_ASSERT_STRING_EQUAL(file_text("a.dat"),
                           "# a.dat: what a.gp draws, one block for each curve\n# block 0: z for y=6.0\n"
                           "# x mean least largest runs\n1 6 6 6 1\n2 12 12 12 1\n3 18 18 18 1\n\n\n"
                           "# block 1: z for y=7.5\n# x mean least largest runs\n1 7.5 7.5 7.5 1\n2 15 15 15 1\n"
                           "3 22.5 22.5 22.5 1\n");
    CU_ASSERT(file_has("a.gp", "if (!exists('data')) data = 'a.dat'\n"));
    CU_ASSERT(file_has("a.gp", "data index 1 using 1:2 with linespoints"));
    CU_ASSERT(file_has("a.gp", "linecolor rgb '#D55E00' title 'y = 7.5'\n"));
    CU_ASSERT(file_has("a.gp", "set key top left"));
    CU_ASSERT_EQUAL(folder_count(), 5);
    EXPECT(SHELL("rm a.png && gnuplot a.gp") == 0); /* as a person does who has changed it */
    CU_ASSERT(is_png("a.png"));
    /* Of several runs at one x: mean and range. */
    EXPECT(PIPETTE("plot", "m.hdf5", "lines:x:z", "--overwrite", "-o", "a.png") == 0);
    CU_ASSERT(file_has("a.dat", "block 0: z\n# x mean least largest runs\n1 6.75 6 7.5 2\n2 13.5 12 15 2\n"));
    EXPECT(err_has("plot: z: lines are means over the runs that share an x, bands their range"));
    EXPECT(PIPETTE("plot", "m.hdf5", "x:z", "--where", "y > 7", "-o", "b.png", "--title", "it's `x`", "--log", "xy") ==
           0);
    CU_ASSERT(file_has("b.dat", "block 0: z for y=7.5\n"));
    CU_ASSERT(!file_has("b.dat", "block 1"));
    CU_ASSERT(file_has("b.gp", "set title 'it''s `x`' noenhanced\n"));
    CU_ASSERT(file_has("b.gp", "set logscale x\nset logscale y\n"));
    CU_ASSERT(is_png("b.png"));
    folder_end();
}

static void test_kinds(void)
{
    make(MULTIPLY(""));
    EXPECT(PIPETTE("plot", "m.hdf5", "map:x:y:z", "-o", "map.svg") == 0);
    CU_ASSERT(file_has("map.svg", "<svg"));
    CU_ASSERT(file_has("map.dat", "# block 0: z\n"));
    CU_ASSERT(file_has("map.dat",
                       "# x y colour left right lower upper\n1 6 6 0.5 1.5 5.25 6.75\n2 6 12 1.5 2.5 5.25 6.75\n"));
    CU_ASSERT(file_has("map.gp", "set ytics noenhanced (6.0, 7.5)\n"));
    CU_ASSERT(file_has("map.gp", "plot data index 0 using 1:2:3 with image pixels\n"));
    EXPECT(PIPETTE("plot", "m.hdf5", "histogram:z", "-o", "h.pdf") == 0);
    CU_ASSERT(memcmp(file_text("h.pdf"), "%PDF", 4) == 0);
    CU_ASSERT(file_has("h.dat", "# from to runs\n6 9.3 2\n9.3 12.6 1\n12.6 15.9 1\n15.9 19.2 1\n19.2 22.5 1\n"));
    EXPECT(PIPETTE("plot", "m.hdf5", "points:x:z", "-o", "p.png") == 0);
    CU_ASSERT(file_has("p.dat", "# block 0: z\n# x z\n1 6\n2 12\n3 18\n1 7.5\n2 15\n3 22.5\n"));
    EXPECT(PIPETTE("plot", "m.hdf5", "run:z", "x:z:y", "-o", "two.png") == 0);
    CU_ASSERT(file_has("two.gp", "set multiplot layout 2,1\n"));
    CU_ASSERT(file_has("two.dat", "\n\n\n# block 1: z for y=6.0\n"));
    EXPECT(PIPETTE("plot", "m.hdf5") == 0); /* without WHAT: the result over what is explored */
    CU_ASSERT(is_png("m.png"));
    CU_ASSERT(file_has("m.dat", "# block 1: z for y=7.5\n"));
    folder_end();
}

static void test_tutorial(void)
{
    folder_begin();
    EXPECT(PIPETTE("run", "-q", TUTORIAL) == 0);
    CU_ASSERT(!file_exists("plot.png")); /* not before it is asked for */
    EXPECT(PIPETTE("plot", "hdf5/FiringRate.hdf5") == 0);
    CU_ASSERT_STRING_EQUAL(command_out, "FiringRate.png\n");
    CU_ASSERT_STRING_EQUAL(command_err, "pipette: plot: V: the first 1250 of 10000 elements\n");
    CU_ASSERT(is_png("FiringRate.png"));
    CU_ASSERT(file_has("FiringRate.gp", "set title 'Firing as a function of input current `I`' noenhanced\nset xlabel "
                                        "'I' noenhanced\nset ylabel 'f[Hz]' noenhanced\n"));
    CU_ASSERT(file_has("FiringRate.gp", "title 'Avg. Rate for tau_ref=5.0', \\\n"));
    CU_ASSERT(file_has("FiringRate.gp", "title 'Avg. Rate for tau_ref=7.5', \\\n"));
    CU_ASSERT(file_has("FiringRate.gp", "title 'Avg. Rate for tau_ref=10.0'\n"));
    CU_ASSERT(file_has("FiringRate.gp",
                       "set title 'Example of development of V for I=0.13, tau_ref=5.0 in run 13' noenhanced\n"
                       "set xlabel 't[ms]' noenhanced\nset ylabel 'V' noenhanced\n"));
    CU_ASSERT(file_has("FiringRate.dat", "\n0.1 0 0 0 1\n0.11 34 34 34 1\n"));
    CU_ASSERT(file_has("FiringRate.dat", "\n# block 3: V of run 13\n# time V\n0 0\n0.1 0.013000000000000001\n"));
    /* The command line wins over what the config says of a panel. */
    EXPECT(PIPETTE("plot", "hdf5/FiringRate.hdf5", "--run", "20", "-o", "w.png") == 0);
    CU_ASSERT(
        file_has("w.gp", "set title 'Example of development of V for I=0.2, tau_ref=5.0 in run 20' noenhanced\n"));
    CU_ASSERT(file_has("w.gp", "title 'Avg. Rate for tau_ref=7.5', \\\n"));
    EXPECT(PIPETTE("plot", "hdf5/FiringRate.hdf5", "points:I:rate:run", "-o", "p.png") == 0);
    CU_ASSERT(file_has("p.dat", "# I rate colour\n0 0 0\n0.01 0 1\n"));
    CU_ASSERT(file_has("p.gp", "set cbrange [0:302]\n"));
    CU_ASSERT(file_has("p.gp", "set cblabel offset 1.5,0 'Run' noenhanced\n"));
    EXPECT(PIPETTE("plot", "hdf5/FiringRate.hdf5", "raster:spike_times", "--runs", "11-13", "-o", "r.png") == 0);
    CU_ASSERT(file_has("r.dat", "# spike_times run\n"));
    CU_ASSERT(file_has("r.gp", "set title 'spike_times of 3 runs' noenhanced\n"));
    CU_ASSERT(file_has("r.gp", "set yrange [10:14]\n"));
    CU_ASSERT(is_png("r.png"));
    EXPECT(PIPETTE("plot", "hdf5/FiringRate.hdf5", "raster:spike_times", "--overwrite", "-o", "r.png") == 0);
    CU_ASSERT(file_has("r.gp", "set title 'spike_times of 152 of 303 runs' noenhanced\n"));
    EXPECT(err_has("plot: spike_times: one run in 2 of 303"));
    EXPECT(PIPETTE("plot", "hdf5/FiringRate.hdf5", "I:rates_frame", "-o", "t.png") == 2 && one_error_line() &&
           err_has("'results.summary.firing_rates.rates_frame' is made of all runs together"));
    EXPECT(PIPETTE("plot", "hdf5/FiringRate.hdf5", "V", "--run", "20", "--part", "0.001", "-o", "v.png") == 0);
    CU_ASSERT(
        file_has("v.gp", "set title 'Example of development of V for I=0.2, tau_ref=5.0 in run 20' noenhanced\n"));
    CU_ASSERT(file_has("v.gp", "set xlabel 'time (ms)' noenhanced\n"));
    folder_end();
}

/* Runs that have no value are left out, and that is said. */
static void test_unfinished(void)
{
    make(MULTIPLY(""));
    EXPECT(PIPETTE("reset", "m.hdf5", "--runs", "1") == 0);
    EXPECT(PIPETTE("plot", "m.hdf5", "x:z:y", "-o", "a.png") == 0);
    CU_ASSERT_STRING_EQUAL(command_err, "pipette: plot: z: 5 of 6 runs; the other has no value, or is not done\n");
    CU_ASSERT(file_has("a.gp", "\n# Shown: 5 of 6 runs; the other has no value, or is not done.\n"));
    CU_ASSERT(file_has("a.dat", "# x mean least largest runs\n1 6 6 6 1\n3 18 18 18 1\n"));
    EXPECT(PIPETTE("reset", "m.hdf5", "--runs", "0-5") == 0);
    EXPECT(PIPETTE("plot", "m.hdf5", "x:z", "-o", "b.png") == 2 && one_error_line() &&
           err_has("none of 6 runs is done and has a value to draw; `pipette show FILE` tells"));
    CU_ASSERT(!file_exists("b.png"));
    folder_end();
}

/* What is written where a picture would otherwise be hard to read. */
static void test_looks(void)
{
    folder_begin();
    file_write("m.cfg", "name = \"M\";\nrun = { plugin = \"multiply\"; };\n"
                        "storage = { plugin = \"hdf5\"; file = \"m.hdf5\"; };\n"
                        "preprocess = ( { plugin = \"explorer\"; product = (\n"
                        "  { parameter = \"y\"; from = 1; to = 9; step = 1; },\n"
                        "  { parameter = \"x\"; from = 0.0; to = 0.02; step = 0.001; } ); } );\n");
    EXPECT(PIPETTE("run", "-q", "m.cfg") == 0);
    /* Numbers as a person writes them, though 13 * 0.001 is 0.013000000000000001. */
    EXPECT(PIPETTE("plot", "m.hdf5", "y:z:x", "--where", "x > 0.0125 and x < 0.0135", "-o", "x.png") == 0);
    CU_ASSERT(file_has("x.gp", "title 'x = 0.013'\n"));
    /* Very many lines: a scale of colours, and none is dashed. */
    EXPECT(PIPETTE("plot", "m.hdf5", "x:z:y", "-o", "c.png") == 0);
    CU_ASSERT(file_has("c.gp",
                       "data index 8 using 1:2 with linespoints linewidth 1.5 pointtype 5 pointsize 0.6 linecolor "
                       "palette cb 9 notitle\n"));
    CU_ASSERT(!file_has("c.gp", "dashtype"));
    CU_ASSERT(file_has("c.gp", "set cblabel offset 1.5,0 'y' noenhanced\n"));
    /* Less than two powers of ten: 2 and 5 as well. */
    EXPECT(PIPETTE("plot", "m.hdf5", "y:z", "--where", "x > 0.0195", "--log", "xy", "-o", "l.png") == 0);
    CU_ASSERT(file_has("l.gp", "set xtics add (2e0, 5e0)\nset ytics add (2e-2, 5e-2, 2e-1)\n"));
    /* A quote in a name is part of it. */
    EXPECT(PIPETTE("plot", "m.hdf5", "histogram:z", "-o", "it's.png") == 0);
    CU_ASSERT(is_png("it's.png"));
    folder_end();
}

/* Points that lie anywhere, and a file of one run. */
static void test_scattered(void)
{
    make("name = \"M\";\nrun = { plugin = \"multiply\"; };\nstorage = { plugin = \"hdf5\"; file = \"m.hdf5\"; };\n"
         "preprocess = ( { plugin = \"explorer\"; points = { parameters = [\"x\", \"y\"]; values = (\n"
         "  (4.0, 1.5), (1.0, 7.5), (9.0, 3.0), (2.0, 5.0), (7.5, 9.0), (3.0, 2.0), (6.0, 4.0), (8.0, 6.5), (5.0, 8.0) "
         "); }; } );\n");
    EXPECT(PIPETTE("plot", "m.hdf5", "-o", "a.png") == 0);
    CU_ASSERT(file_has("a.dat", "# block 0: z\n# y x colour\n1.5 4 6\n7.5 1 7.5\n3 9 27\n"));
    CU_ASSERT(
        file_has("a.gp", "plot data index 0 using 1:2:3 with points pointtype 7 pointsize 0.8 linecolor palette\n"));
    EXPECT(PIPETTE("plot", "m.hdf5", "x:z", "-o", "b.png") == 0);
    CU_ASSERT(file_has("b.dat", "# x z\n4 6\n1 7.5\n"));
    EXPECT(PIPETTE("plot", "m.hdf5", "histogram:z", "--runs", "0", "-o", "c.png") == 0);
    CU_ASSERT(file_has("c.gp", "set title 'Their product in 1 run' noenhanced\n"));
    CU_ASSERT(file_has("c.gp", "set ytics 1\n"));
    file_write("one.cfg", "name = \"One\";\nrun = { plugin = \"lif\"; };\n"
                          "storage = { plugin = \"hdf5\"; file = \"one.hdf5\"; };\n");
    EXPECT(PIPETTE("run", "-q", "one.cfg") == 0);
    EXPECT(PIPETTE("plot", "one.hdf5") == 0);
    CU_ASSERT(file_has("one.dat", "# block 0: V of run 0\n"));
    folder_end();
}

static void test_messages(void)
{
    char *path = strdup(getenv("PATH"));
    make(MULTIPLY(""));
    EXPECT(PIPETTE("plot", "m.hdf5", "x:zz") == 2 && one_error_line());
    EXPECT(err_has("there is no 'zz' to draw; did you mean 'z'? There are: run, x, y, z"));
    EXPECT(PIPETTE("plot", "m.hdf5", "x:") == 2 && one_error_line() && err_has("'x:' is no WHAT"));
    EXPECT(PIPETTE("plot", "m.hdf5", "raster:z") == 2 && err_has("'z' is one number per run; raster takes an array"));
    EXPECT(PIPETTE("plot", "m.hdf5", "x:z", "-o", "a.gif") == 2 &&
           err_has("'a.gif': a picture is a .png, .svg or .pdf"));
    EXPECT(PIPETTE("plot", "m.hdf5", "x:z", "-o", "none/a.png") == 5 &&
           err_has("none/a.png: cannot be written: No such file"));
    EXPECT(PIPETTE("plot", "m.hdf5", "x:z", "--where", "x > 9") == 2 &&
           err_has("no run is left to draw; ask for others"));
    EXPECT(PIPETTE("plot", "m.hdf5", "x:z:x") == 2 && one_error_line() &&
           err_has("'x:z:x' names the same thing twice"));
    EXPECT(PIPETTE("plot", "m.hdf5", "x:z", "--log", "z") == 2 && err_has("log is \"x\", \"y\" or \"xy\", not \"z\""));
    file_write("m.gp", "mine");
    EXPECT(PIPETTE("plot", "m.hdf5", "x:z") == 2 &&
           err_has("m.gp exists; name another picture (-o), or replace it (--overwrite)"));
    CU_ASSERT_STRING_EQUAL(file_text("m.gp"), "mine");
    CU_ASSERT_EQUAL(folder_count(), 3);
    (void)setenv("PATH", folder, 1);
    EXPECT(PIPETTE("plot", "m.hdf5", "x:z", "--overwrite") == 5 && one_error_line() &&
           err_has("apt-get install gnuplot-nox"));
    file_write("gnuplot", "#!/bin/sh\necho 'line 1: it is broken'\nexit 3\n");
    CU_ASSERT_EQUAL(chmod(in_folder("gnuplot"), 0755), 0);
    EXPECT(PIPETTE("plot", "m.hdf5", "x:z", "--overwrite") == 5 &&
           err_has("/gnuplot failed with status 3: line 1: it is broken\n"));
    CU_ASSERT_STRING_EQUAL(file_text("m.gp"), "mine"); /* nothing is replaced by nothing */
    CU_ASSERT_EQUAL(folder_count(), 4);
    file_write("gnuplot", "#!/bin/sh\nwhile :; do :; done\n");
    file_write("s.cfg", MULTIPLY("postprocess = ( { plugin = \"plot\"; timeout = 0.2; } );"));
    EXPECT(PIPETTE("run", "-q", "--overwrite", "s.cfg") == 3 &&
           err_has("/gnuplot took longer than 0.2 s (option timeout)"));
    (void)setenv("PATH", path, 1);
    free(path);
    EXPECT(PIPETTE("get", "m.hdf5", "z", "--run", "5") == 0 && out_has("22.5")); /* the runs are stored all the same */
    folder_end();
}

static void test_stage(void)
{
    folder_begin();
    file_write("m.cfg", MULTIPLY("postprocess = ( { plugin = \"plot\"; what = \"x:zz\"; } );"));
    EXPECT(PIPETTE("run", "-q", "m.cfg") == 2 && err_has("there is no 'zz' to draw; did you mean 'z'?"));
    CU_ASSERT(!file_exists("m.hdf5")); /* before the first run */
    file_write("m.cfg",
               MULTIPLY("postprocess = ( { plugin = \"plot\"; what = \"x:z\"; output = \"of stage.png\"; } );"));
    EXPECT(PIPETTE("run", "-q", "m.cfg") == 0);
    CU_ASSERT(is_png("of stage.png"));
    CU_ASSERT(file_has("of stage.dat", "1 7.5 7.5 7.5 1\n"));
    EXPECT(PIPETTE("plot", "m.hdf5", "-o", "b.png") == 0); /* what its own config says, elsewhere */
    CU_ASSERT(is_png("b.png"));
    folder_end();
}

/* As a program does it; and what a stage cannot do to a file that is only looked at. */
static void test_program(void)
{
    static const char *const sets[] = {"what=[\"x:z\"]", "output=\"c.png\""};
    pipette_stored_options options = {
        .size = sizeof options, .plugin = "plot", .sets = sets, .set_count = 2, .runs = "0-2"};
    const char *const folders[] = {TEST_PLUGINS};
    pipette_error error = {0};
    pipette_file *file = NULL;
    char *here = getcwd(NULL, 0);
    make(MULTIPLY(""));
    CU_ASSERT_EQUAL(chdir(folder), 0);
    CU_ASSERT_EQUAL(pipette_file_open("m.hdf5", NULL, folders, 1, &file, &error), PIPETTE_OK);
    options.folders = folders;
    options.folder_count = 1;
    CU_ASSERT_EQUAL(pipette_postprocess_stored(file, &options, &error), PIPETTE_OK);
    CU_ASSERT_STRING_EQUAL(error.message, "");
    CU_ASSERT(is_png("c.png"));
    CU_ASSERT(file_has("c.dat", "3 18 18 18 1\n"));
    CU_ASSERT(!file_has("c.dat", "22.5"));
    options.plugin = "rate_summary";
    options.sets = (const char *const[]){"value=\"z\""};
    options.set_count = 1;
    CU_ASSERT_EQUAL(pipette_postprocess_stored(file, &options, &error), PIPETTE_E_UNSUPPORTED);
    CU_ASSERT_STRING_EQUAL(error.message,
                           "plugin 'rate_summary': the file is only looked at: table 'summary.firing_rates' cannot be "
                           "stored here; put the stage into the pipeline's config");
    options.sets = (const char *const[]){"valu=\"z\""};
    CU_ASSERT_EQUAL(pipette_postprocess_stored(file, &options, &error), PIPETTE_E_CONFIG);
    CU_ASSERT(strstr(error.message, "valu") != NULL);
    pipette_file_destroy(file);
    CU_ASSERT_EQUAL(chdir(here), 0);
    free(here);
    folder_end();
}

SUITE("plot", {"lines", test_lines}, {"maps, histograms, points", test_kinds}, {"the tutorial's figure", test_tutorial},
      {"unfinished files", test_unfinished}, {"looks", test_looks}, {"scattered points, one run", test_scattered},
      {"messages", test_messages}, {"as a stage", test_stage}, {"from a program", test_program}, )
