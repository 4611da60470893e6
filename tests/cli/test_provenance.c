/* Tests of what a file tells about where it came from: commit and changes of the working directory. */
#include "python.h"
#include "suite.h"

#define CONFIG                                                                                                         \
    "name = \"P\";\nrun = { plugin = \"multiply\"; };\nstorage = { plugin = \"hdf5\"; file = \"p.hdf5\"; };\n"         \
    "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"x\"; values = [1.0, 2.0]; } ); } );\n"

static double seconds_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* The text of a leaf, as h5py reads it. */
static const char *leaf(const char *name)
{
    char script[200];
    (void)snprintf(
        script, sizeof script,
        "import h5py, sys\nv = h5py.File('p.hdf5')['config/provenance/%s'][()]\nsys.stdout.write(v.decode())", name);
    CU_ASSERT(told(PYTHON_RUN(script, NULL) == 0, name));
    return command_out;
}

static void begin(void)
{
    folder_begin();
    file_write("p.cfg", CONFIG);
    file_write("notes.txt", "one\n");
    CU_ASSERT(told(SHELL("git init -q . && git config user.name n && git config user.email e && git add notes.txt && "
                         "git commit -qm first") == 0,
                   "git"));
}

static void test_diff(void)
{
    begin();
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "p.cfg"), 0);
    CU_ASSERT_EQUAL(strlen(leaf("commit")), 40);
    CU_ASSERT_NOT_EQUAL(PIPETTE("get", "p.hdf5", "config.provenance.diff"), 0);
    CU_ASSERT_EQUAL(SHELL("printf 'caf\\351\\n' >notes.txt"), 0);
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "p.cfg", "--overwrite"), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(leaf("commit"), "-dirty"));
    CU_ASSERT_PTR_NOT_NULL(strstr(leaf("diff"), "\n-one\n+caf\xef\xbf\xbd\n"));
    /* The file goes on in another working directory. */
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "p.cfg", "--set", "preprocess[0].product[0].values=[1.0,2.0,3.0]"), 0);
    CU_ASSERT_EQUAL(SHELL("seq 400000 >notes.txt"), 0);
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "p.cfg", "--overwrite"), 0);
    (void)leaf("diff");
    CU_ASSERT(strlen(command_out) > 1000000 && strlen(command_out) <= 1048576 + 60);
    CU_ASSERT_PTR_NOT_NULL(strstr(command_out, "\n[cut: the diff has more than a megabyte]\n"));
    folder_end();
}

/* A program called git that is none, or waits for something that never comes. */
static void test_slow_git(void)
{
    static const char *const programs[] = {"#!/bin/sh\nsleep 300 & exec >&-; sleep 300\n",
                                           "#!/bin/sh\necho 1234-dirty; case \"$*\" in *diff*) sleep 300;; esac\n",
                                           "#!/bin/sh\nyes\n"};
    static const char *const commits[] = {"unknown", "1234-dirty", "y"};
    char path[4096];
    char before[4096];
    size_t i;
    begin();
    CU_ASSERT_EQUAL(SHELL("mkdir bin"), 0);
    (void)snprintf(before, sizeof before, "%s", getenv("PATH"));
    (void)snprintf(path, sizeof path, "%s:%.2000s", in_folder("bin"), before);
    for (i = 0; i < sizeof programs / sizeof programs[0]; i++) {
        double begun = seconds_now();
        file_write("bin/git", programs[i]);
        CU_ASSERT_EQUAL(chmod(in_folder("bin/git"), 0755), 0);
        (void)setenv("PATH", path, 1);
        CU_ASSERT_EQUAL(PIPETTE("run", "-q", "p.cfg", "--overwrite"), 0);
        (void)setenv("PATH", before, 1);
        CU_ASSERT(seconds_now() - begun < 20);
        CU_ASSERT_STRING_EQUAL(leaf("commit"), commits[i]);
        if (strcmp(commits[i], "1234-dirty") == 0)
            CU_ASSERT_STRING_EQUAL(leaf("diff"), "[git took too long to say what was changed]\n");
    }
    folder_end();
}

/* A changed model, or a changed library of it, is not the one that made the file. */
static void test_identity(void)
{
    static const char build[] =
        "printf '#include <pipette/model.h>\\ndouble dep(void);\\nstatic const pipette_parameter_spec parameters[] = "
        "{PIPETTE_F64(\"x\", 1.0, "
        "\"1\", \"x\")};\\nstatic const pipette_result_spec results[] = {PIPETTE_RESULT_F64(\"$.y\", \"1\", "
        "\"y\")};\\nstatic int "
        "run(pipette_run *run) { return pipette_put_f64(run, \"$.y\", F * dep()); }\\nPIPETTE_MODEL(\"own\", \"1.0\", "
        "\"d\", parameters, "
        "results, run);\\n' >own.c\n"
        "echo 'double dep(void) { return D; }' >dep.c\n"
        "cc -shared -fPIC -DD=$D -Wl,--build-id=none dep.c -o libdep.so && cc -shared -fPIC -DF=$F -Wl,--build-id=none "
        "-I" TEST_SOURCE_FOLDER "/../include own.c -o own.so -L. -ldep -Wl,-rpath,$PWD";
    static const char *const sizes[] = {"preprocess[0].product[0].values=[1.0,2.0]",
                                        "preprocess[0].product[0].values=[1.0,2.0,3.0]",
                                        "preprocess[0].product[0].values=[1.0,2.0,3.0,4.0]"};
    static const char *const model[] = {"1.0", "1.0", "2.0"}, *const library[] = {"1.0", "2.0", "1.0"};
    static const int codes[] = {0, 3, 3};
    int i;
    begin();
    for (i = 0; i < 3; i++) {
        (void)setenv("F", model[i], 1);
        (void)setenv("D", library[i], 1);
        CU_ASSERT(told(SHELL(build) == 0, "cc"));
        CU_ASSERT(told(PIPETTE("run", "-q", "p.cfg", "--set", "run.plugin=\"./own.so\"", "--set", sizes[i]) == codes[i],
                       sizes[i]));
        if (i > 0)
            EXPECT(one_error_line() &&
                   err_has(i == 1 ? "libraries of the model: libdep.so sha256:" : "build of the model: sha256:"));
    }
    (void)unsetenv("F");
    (void)unsetenv("D");
    CU_ASSERT_EQUAL(
        PIPETTE("run", "-q", "p.cfg", "--set", "run.plugin=\"./own.so\"", "--set", sizes[1], "--accept-changes"), 0);
    folder_end();
}

SUITE("provenance", {"a changed model, a changed library", test_identity},
      {"what was changed on top of the commit is kept", test_diff}, {"git is waited for two seconds", test_slow_git}, )
