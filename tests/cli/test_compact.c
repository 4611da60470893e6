/* Tests of `compact`, and of what a file that is replaced keeps: owner, permissions, extended attributes. */
#include "python.h"
#include "suite.h"

#define CONFIG(values)                                                                                                 \
    "name = \"E\";\nrun = { plugin = \"" FIXTURE(                                                                      \
        "gaps") "\"; };\nstorage = { plugin = \"hdf5\"; file = \"e.hdf5\"; };\n"                                       \
                "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"x\"; values = [" values           \
                "]; } ); } );\n"

/* Six runs in three growths, and objects of somebody else that take a megabyte. */
static void begin(void)
{
    folder_begin();
    file_write("e.cfg", CONFIG("0.0, 1.0"));
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "e.cfg"), 0);
    file_write("e.cfg", CONFIG("0.0, 1.0, 2.0, 7.0"));
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "e.cfg"), 0);
    CU_ASSERT_EQUAL(
        PYTHON_RUN("import h5py, numpy\nf = h5py.File('e.hdf5', 'r+')\nf['gone'] = "
                   "numpy.arange(131072.0)\nf['theirs/a'] = numpy.arange(131072.0)\n"
                   "f['results'].attrs['note'] = 'ours and theirs'\nf['theirs'].attrs['of'] = f['results/count'].ref\n"
                   "f['theirs/same'] = f['results/count']\nf.flush()\ndel f['gone']\n",
                   ""),
        0);
    file_write("e.cfg", CONFIG("0.0, 1.0, 2.0, 7.0, -1.0, 200.0"));
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "e.cfg"), 1);
}

static char *shown(void)
{
    (void)SHELL("for p in count flag ratio wave note pair square events odd message runs.state config.pipeline.text; "
                "do " TEST_COMMAND " get e.hdf5 $p; done; " TEST_COMMAND " show e.hdf5 | sed '1,/^runs/d; / bytes/d'");
    return strdup(command_out);
}

static void test_compact(void)
{
    char *before;
    begin();
    before = shown();
    EXPECT(strstr(before, "\n3,7,") != NULL);
    CU_ASSERT_EQUAL(SHELL("cp e.hdf5 before.hdf5"), 0);
    CU_ASSERT_EQUAL(PIPETTE("compact", "e.hdf5"), 0);
    EXPECT(out_has("e.hdf5: ") && out_has(" bytes, ") && out_has(" before\n") && command_err[0] == '\0');
    CU_ASSERT_EQUAL(
        PYTHON_RUN(
            "import h5py, os\nf, b = h5py.File('e.hdf5'), h5py.File('before.hdf5')\n"
            "assert os.path.getsize('e.hdf5') < os.path.getsize('before.hdf5') - 1000000\n"
            "names, more = [], []\nb.visit(names.append)\nf.visit(more.append)\nassert sorted(names) == sorted(more)\n"
            "assert (f['theirs/a'][:] == b['theirs/a'][:]).all() and f['results'].attrs['note'] == 'ours and theirs'\n"
            "assert f[f['theirs'].attrs['of']] == f['results/count'] and f['theirs/same'] == f['results/count']\n",
            ""),
        0);
    CU_ASSERT_EQUAL(SHELL("h5diff -q --exclude-path /pipette before.hdf5 e.hdf5"), 0);
    {
        char *after = shown();
        CU_ASSERT_STRING_EQUAL(after, before);
        free(after);
    }
    free(before);
    /* It is what it was: nothing to do, and growing goes on. */
    CU_ASSERT_EQUAL(PIPETTE("run", "e.cfg"), 1);
    EXPECT(out_has("nothing to do, 6 runs are stored"));
    file_write("e.cfg", CONFIG("0.0, 1.0, 2.0, 3.0, 7.0, -1.0, 200.0"));
    CU_ASSERT_EQUAL(PIPETTE("run", "e.cfg"), 1);
    EXPECT(out_has("E: 1 of 1 run in "));
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "events", "--run", "6"), 0);
    CU_ASSERT_STRING_EQUAL(command_out, "event,events\n0,10\n1,20\n2,30\n");
    folder_end();
}

/* A file whose sweep was cut off stays unfinished, and goes on. */
static void test_unfinished(void)
{
    folder_begin();
    file_write("e.cfg", CONFIG("0.0, 1.0, 2.0, 3.0, 4.0"));
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "e.cfg", "--runs", "1-2,4"), 0);
    CU_ASSERT_EQUAL(PIPETTE("reset", "e.hdf5", "--runs", "2"), 0);
    CU_ASSERT_EQUAL(PIPETTE("compact", "e.hdf5"), 0);
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "runs"), 0);
    CU_ASSERT_STRING_EQUAL(command_out, "run,state,x,message\n1,done,1,\n2,pending,2,\n4,done,4,\n");
    CU_ASSERT_EQUAL(PIPETTE("run", "e.cfg"), 0);
    EXPECT(out_has("E: 3 of 3 runs in "));
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "count"), 0);
    CU_ASSERT_STRING_EQUAL(command_out, "run,x,count\n0,0,0\n1,1,1\n2,2,2\n3,3,3\n4,4,4\n");
    folder_end();
}

static void test_kept(void)
{
    begin();
    CU_ASSERT_EQUAL(PYTHON_RUN("import os\nos.chmod('e.hdf5', 0o640)\n"
                               "try:\n    os.setxattr('e.hdf5', 'user.note', b'kept')\nexcept OSError:\n    pass\n"
                               "if os.getuid() == 0:\n    os.chown('e.hdf5', 1234, 4321)\n",
                               ""),
                    0);
#define KEPT                                                                                                           \
    "import os\ns = os.stat('e.hdf5')\nassert s.st_mode & 0o7777 == 0o640, oct(s.st_mode)\n"                           \
    "try:\n    assert os.getxattr('e.hdf5', 'user.note') == b'kept'\nexcept OSError as e:\n    assert e.errno == 95, " \
    "e\n"                                                                                                              \
    "assert os.getuid() != 0 or (s.st_uid, s.st_gid) == (1234, 4321), s\n"
    CU_ASSERT_EQUAL(PIPETTE("compact", "e.hdf5"), 0);
    CU_ASSERT_EQUAL(PYTHON_RUN(KEPT, ""), 0);
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "--overwrite", "e.cfg"), 1);
    EXPECT(!err_has("the right people"));
    CU_ASSERT_EQUAL(PYTHON_RUN(KEPT, ""), 0);
    folder_end();
}

static void test_refused(void)
{
    folder_begin();
    CU_ASSERT_EQUAL(PIPETTE("compact"), 2);
    EXPECT(one_error_line() && err_has("which FILE?"));
    CU_ASSERT_EQUAL(PIPETTE("compact", "absent.hdf5"), 4);
    EXPECT(one_error_line() && err_has("absent.hdf5' does not exist"));
    file_write("text.hdf5", "not a result file\n");
    CU_ASSERT_EQUAL(PIPETTE("compact", "text.hdf5"), 4);
    EXPECT(one_error_line() && err_has("text.hdf5"));
    CU_ASSERT_EQUAL(PIPETTE("compact", "a", "b"), 2);
    EXPECT(one_error_line() && err_has("'b' is too much"));
    CU_ASSERT_EQUAL(folder_count(), 1);
    folder_end();
}

SUITE("compact", {"a file that has grown", test_compact}, {"an unfinished file", test_unfinished},
      {"whose file it is", test_kept}, {"refused", test_refused}, )
