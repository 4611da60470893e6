/* The storage plugin `hdf5`: values that stand in the log survive other programs, and runs that have lost theirs run
 * again. */
#include <fcntl.h>
#include <sys/stat.h>

#include "hdf5_host.h"

enum { RUNS = 12 };

/* A file in which the first `done` of 12 runs are done, as a command that was killed leaves it. */
static void make_unfinished(const char *name, uint64_t done)
{
    pipette_stage stage = new_stage();
    uint64_t row;
    plan p;
    ragged_plan(&p, RUNS);
    OK(lay_out(&stage, fresh(name), &p));
    for (row = 0; row < done; row++)
        append_run(&stage, row, PIPETTE_STATE_DONE);
    storage->destroy(&stage);
}

static void states_are(pipette_stage *stage, const char *expected)
{
    int8_t found[RUNS];
    char text[RUNS + 1] = "";
    int i;
    OK(storage->read(stage, "runs.state", 0, RUNS, PIPETTE_TYPE_BOOL, found));
    for (i = 0; i < RUNS; i++)
        text[i] = (char)('0' + found[i]);
    CU_ASSERT_STRING_EQUAL(text, expected);
}

/* Opens, runs what is pending, ends, and looks at everything; `outside`: with other tools as well. */
static void go_on(int outside)
{
    static const char script[] =
        "for e in engines:\n"
        "    d = ds('results', e)\n"
        "    assert list(d.spikes_count.values) == list(range(12))\n"
        "    assert list(ds('results/spikes').spikes.values) == [i + k / 8 for i in range(12) for k in range(i)]\n"
        "    assert list(d.word.values) == ['wörd %d' % i for i in range(12)]\n";
    pipette_stage stage = opened(file, PIPETTE_STORAGE_UPDATE);
    int8_t found[RUNS];
    uint64_t row;
    OK(storage->read(&stage, "runs.state", 0, RUNS, PIPETTE_TYPE_BOOL, found));
    for (row = 0; row < RUNS; row++)
        if (found[row] == PIPETTE_STATE_DONE)
            check_ragged(&stage, row);
        else
            append_run(&stage, row, PIPETTE_STATE_DONE);
    close_down(&stage);
    stage = opened(file, PIPETTE_STORAGE_READ);
    for (row = 0; row < RUNS; row++)
        check_ragged(&stage, row);
    close_down(&stage);
    if (outside) {
        CU_ASSERT_TRUE(python(file, script));
        CU_ASSERT_TRUE(shell("h5dump '%s' > /dev/null", file));
    }
}

/* Each opens the file for writing, and some write. */
static void test_other_programs(void)
{
    static const char *const programs[] = {
        "h5py.File(file, 'r+').close()",
        "f = h5py.File(file, 'r+'); f.attrs['note'] = 'x'; f['mine%d' % len(f)] = np.arange(10000.0); f.close()",
        "import netCDF4\ntry: netCDF4.Dataset(file, 'a').close()\nexcept OSError: pass",
        "import os, signal\nf = h5py.File(file, 'r+'); f['k'] = 1; f.flush(); os.kill(os.getpid(), signal.SIGKILL)"};
    size_t i;
    for (i = 0; i < sizeof programs / sizeof programs[0]; i++) {
        pipette_stage stage;
        make_unfinished("other.hdf5", 5);
        (void)python_code(file, programs[i]);
        stage = opened(file, PIPETTE_STORAGE_UPDATE);
        states_are(&stage, "111110000000");
        append_run(&stage, 5, PIPETTE_STATE_DONE);
        storage->destroy(&stage);
        if (i == 0)
            (void)python_code(file, programs[1]);
        /* A copy of the file alone goes on as well. */
        CU_ASSERT_TRUE(shell("cp '%1$s' '%1$s.copy' && mv '%1$s.copy' '%1$s'", file));
        stage = opened(file, PIPETTE_STORAGE_READ);
        states_are(&stage, "111111000000");
        check_ragged(&stage, 5);
        close_down(&stage);
        go_on(i == 1);
    }
}

/* While a command writes, readers are let in and writers are not. */
static void test_locks(void)
{
    pipette_stage stage, reader;
    make_unfinished("lock.hdf5", 2);
    stage = opened(file, PIPETTE_STORAGE_UPDATE);
#define H5PY(mode)                                                                                                     \
    "HDF5_USE_FILE_LOCKING=TRUE /usr/bin/python3 -c \"import h5py; h5py.File('%s', '" mode "')\" 2> /dev/null"
    CU_ASSERT_TRUE(shell(H5PY("r"), file));
    CU_ASSERT_FALSE(shell(H5PY("r+"), file));
    reader = opened(file, PIPETTE_STORAGE_READ);
    append_run(&stage, 2, PIPETTE_STATE_DONE);
    OK(storage->flush(&stage));
    check_ragged(&reader, 2);
    close_down(&reader);
    storage->destroy(&stage);
    go_on(0);
}

/* Nobody has written for long, so the reader does not look at the file for every value; it sees what is done all the
 * same. */
static void test_quiet_file(void)
{
    const struct timespec long_ago[2] = {{1000000000, 0}, {1000000000, 0}};
    pipette_stage stage, reader;
    make_unfinished("quiet.hdf5", 2);
    stage = opened(file, PIPETTE_STORAGE_UPDATE);
    CU_ASSERT_EQUAL(utimensat(AT_FDCWD, file, long_ago, 0), 0);
    reader = opened(file, PIPETTE_STORAGE_READ);
    check_ragged(&reader, 1);
    check_ragged(&reader, 0);
    append_run(&stage, 2, PIPETTE_STATE_DONE);
    OK(storage->flush(&stage));
    check_ragged(&reader, 2);
    close_down(&reader);
    storage->destroy(&stage);
}

/* More than one extent's worth, with something of a stranger's between them. */
static void test_extents(void)
{
    static double many[50000];
    uint64_t shape[1] = {50000}, row, round;
    pipette_stage stage = new_stage(), reader;
    pipette_value value = pipette_value_array(PIPETTE_TYPE_F64, 1, shape, many);
    int8_t done = PIPETTE_STATE_DONE;
    plan p;
    ragged_plan(&p, RUNS);
    OK(lay_out(&stage, fresh("extents.hdf5"), &p));
    append_run(&stage, 0, PIPETTE_STATE_DONE);
    OK(storage->flush(&stage));
    reader = opened(file, PIPETTE_STORAGE_READ);
    check_ragged(&reader, 0);
    for (round = 0; round < 3; round++) {
        for (row = 1 + 3 * round; row < 4 + 3 * round; row++) {
            append_run(&stage, row, PIPETTE_STATE_DONE);
            many[7] = (double)row;
            OK(storage->append(&stage, row, R_SPIKES, &value));
            OK(write_cells(&stage, row, 1, R_STATE, &done, 1));
        }
        CU_ASSERT_EQUAL(one(&reader, "results.$.spikes", row - 1).shape[0], 50000);
        storage->destroy(&stage);
        CU_ASSERT_TRUE(python(file, "f = h5py.File(file, 'r+'); f['other%d' % len(f)] = np.arange(1000); f.close()"));
        stage = opened(file, PIPETTE_STORAGE_UPDATE);
    }
    close_down(&reader);
    states_are(&stage, "111111111100");
    for (row = 1; row < 10; row++) {
        CU_ASSERT_EQUAL(((const double *)one(&stage, "results.$.spikes", row).data)[7], (double)row);
        append_run(&stage, row, PIPETTE_STATE_DONE);
    }
    storage->destroy(&stage);
    go_on(1);
}

static void flip(int64_t place)
{
    int fd = open(file, O_RDWR);
    char byte = 0;
    CU_ASSERT_EQUAL(pread(fd, &byte, 1, place), 1);
    byte ^= 0x10;
    CU_ASSERT_EQUAL(pwrite(fd, &byte, 1, place), 1);
    (void)close(fd);
}

/* Where `text` stands in the file for the first time. */
static int64_t find(const char *text)
{
    static char bytes[1 << 21];
    int fd = open(file, O_RDONLY);
    ssize_t got = pread(fd, bytes, sizeof bytes, 0);
    const char *at = got > 0 ? memmem(bytes, (size_t)got, text, strlen(text)) : NULL;
    (void)close(fd);
    CU_ASSERT_PTR_NOT_NULL_FATAL(at);
    return at - bytes;
}

/* A wrong bit costs the run whose record it is in, wherever it is: in a value, in a head. */
static void test_damage(void)
{
    static const int64_t from_text[] = {2, -4, -20, -60};
    size_t i;
    for (i = 0; i < sizeof from_text / sizeof from_text[0]; i++) {
        pipette_stage stage;
        make_unfinished("damage.hdf5", 8);
        flip(find("wörd 3") + from_text[i]);
        stage = opened(file, PIPETTE_STORAGE_UPDATE);
        states_are(&stage, "111011110000");
        check_ragged(&stage, 2);
        check_ragged(&stage, 7);
        storage->destroy(&stage);
        go_on(i == 0);
    }
}

/* Each of the first `done` runs but the second stores a result that was not declared; the third one another one as
 * well. */
static void make_with_undeclared(const char *name, uint64_t done)
{
    pipette_column_spec second = undeclared;
    pipette_stage stage = new_stage();
    uint64_t row;
    plan p;
    ragged_plan(&p, RUNS);
    OK(lay_out(&stage, fresh(name), &p));
    second.path = "results.$.other";
    OK(storage->add_column(&stage, &undeclared));
    OK(storage->add_column(&stage, &second));
    for (row = 0; row < done; row++) {
        pipette_value value = pipette_value_f64(1234.0 + (double)row);
        if (row != 1)
            OK(storage->append(&stage, row, RAGGED_COLUMNS, &value));
        value = pipette_value_f64(4321.0);
        if (row == 2)
            OK(storage->append(&stage, row, RAGGED_COLUMNS + 1, &value));
        append_run(&stage, row, PIPETTE_STATE_DONE);
    }
    storage->destroy(&stage);
}

static int64_t find_number(double number)
{
    static char bytes[1 << 21];
    int fd = open(file, O_RDONLY);
    ssize_t got = pread(fd, bytes, sizeof bytes, 0);
    const char *at = got > 0 ? memmem(bytes, (size_t)got, &number, sizeof number) : NULL;
    (void)close(fd);
    CU_ASSERT_PTR_NOT_NULL_FATAL(at);
    return at - bytes;
}

/* A run whose undeclared result is damaged runs again, one that never had any does not. */
static void test_undeclared(void)
{
    static const struct {
        double number;
        int64_t from;
        const char *states;
    } damages[] = {{1236.0, 0, "110110000000"}, /* one of two values */
                   {4321.0, 0, "110110000000"},
                   {1238.0, -30, "111100000000"}}; /* the head of the record */
    pipette_stage stage;
    size_t i;
    for (i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        make_with_undeclared("undeclared.hdf5", 5);
        flip(find_number(damages[i].number) + damages[i].from);
        stage = opened(file, PIPETTE_STORAGE_UPDATE);
        states_are(&stage, damages[i].states);
        storage->destroy(&stage);
        /* The next time there is nothing to be found: whoever ran again has what it has stored now. */
        stage = opened(file, PIPETTE_STORAGE_UPDATE);
        append_run(&stage, i < 2 ? 2 : 4, PIPETTE_STATE_DONE);
        storage->destroy(&stage);
        stage = opened(file, PIPETTE_STORAGE_UPDATE);
        states_are(&stage, "111110000000");
        CU_ASSERT_EQUAL(one(&stage, "results.$.extra", 3).as.f64, 1237.0);
        storage->destroy(&stage);
        go_on(0);
    }
    /* The name of the result is lost: with it all that have one. */
    make_with_undeclared("undeclared.hdf5", 5);
    flip(find("results.$.extra"));
    stage = opened(file, PIPETTE_STORAGE_UPDATE);
    states_are(&stage, "010000000000");
    storage->destroy(&stage);
    go_on(0);
}

/* What a reset has taken away is not missed. */
static void test_undeclared_reset(void)
{
    const int8_t done = PIPETTE_STATE_DONE;
    pipette_stage stage;
    make_with_undeclared("undeclared.hdf5", 5);
    stage = opened(file, PIPETTE_STORAGE_UPDATE);
    OK(storage->reset_rows(&stage, 2, 2));
    append_run(&stage, 2, PIPETTE_STATE_DONE);
    storage->destroy(&stage);
    stage = opened(file, PIPETTE_STORAGE_UPDATE);
    states_are(&stage, "111010000000");
    /* Called done, but its values went with the reset. */
    OK(write_cells(&stage, 3, 1, R_STATE, &done, 1));
    storage->destroy(&stage);
    stage = opened(file, PIPETTE_STORAGE_UPDATE);
    states_are(&stage, "111010000000");
    storage->destroy(&stage);
    go_on(0);
}

/* Many spans at once: noted, done before anything else is, and found again in the log. */
static void test_scattered_reset(void)
{
    static const uint64_t rows[] = {1, 3, 4, 7, 9};
    pipette_stage stage;
    size_t i;
    make_with_undeclared("undeclared.hdf5", 12);
    stage = opened(file, PIPETTE_STORAGE_UPDATE);
    for (i = 0; i < PIPETTE_COUNT_OF(rows); i++)
        OK(storage->reset_rows(&stage, rows[i], 1));
    states_are(&stage, "101001101011");
    append_run(&stage, 3, PIPETTE_STATE_DONE);
    OK(storage->reset_rows(&stage, 11, 1)); /* behind one that came later: */
    OK(storage->reset_rows(&stage, 0, 1));
    OK(storage->flush(&stage));
    storage->destroy(&stage);
    stage = opened(file, PIPETTE_STORAGE_READ);
    states_are(&stage, "001101101010");
    storage->destroy(&stage);
    go_on(0);
}

/* Without its list of columns a file cannot be read, which is said. */
static void test_damaged_layout(void)
{
    pipette_stage stage = new_stage();
    make_unfinished("layout.hdf5", 2);
    flip(find("\tf64\t") + 1); /* a type that there is not */
    CU_ASSERT_EQUAL(storage->open(&stage, file, PIPETTE_STORAGE_READ), PIPETTE_E_STORAGE);
    CU_ASSERT_EQUAL(storage->open(&stage, file, PIPETTE_STORAGE_UPDATE), PIPETTE_E_STORAGE);
    storage->destroy(&stage);
}

/* What was finished once is in the structure, what came later in the log: that alone is lost with it. */
static void test_lost_log(void)
{
    pipette_stage stage;
    pipette_place place = {.size = sizeof place};
    const pipette_storage_direct *direct = descriptor->extension(PIPETTE_STORAGE_DIRECT_EXTENSION);
    static char before[1 << 20], after[1 << 20];
    ssize_t size, i;
    int fd;
    make_unfinished("lost.hdf5", 4);
    stage = opened(file, PIPETTE_STORAGE_UPDATE);
    OK(storage->finish(&stage, 0));
    OK(storage->open(&stage, file, PIPETTE_STORAGE_UPDATE));
    OK(direct->place(&stage, R_STATE, &place));
    fd = open(file, O_RDWR);
    size = read(fd, before, sizeof before);
    append_run(&stage, 4, PIPETTE_STATE_DONE);
    append_run(&stage, 0, PIPETTE_STATE_DONE);
    append_run(&stage, 6, PIPETTE_STATE_DONE);
    storage->destroy(&stage);
    /* Whatever the runs have written, but for the states. */
    CU_ASSERT_TRUE_FATAL(size > 0 && size < (ssize_t)sizeof before && pread(fd, after, sizeof after, 0) >= size);
    for (i = 0; i < size; i++)
        if (before[i] != after[i] && ((uint64_t)i < place.offset || (uint64_t)i >= place.offset + RUNS))
            CU_ASSERT_EQUAL(pwrite(fd, "", 1, i), 1);
    CU_ASSERT_EQUAL(ftruncate(fd, size), 0);
    (void)close(fd);
    /* Who only reads sees what there is. */
    stage = opened(file, PIPETTE_STORAGE_READ);
    check_ragged(&stage, 3);
    close_down(&stage);
    stage = opened(file, PIPETTE_STORAGE_UPDATE);
    states_are(&stage, "111100000000");
    storage->destroy(&stage);
    go_on(1);
}

/* A state that nobody writes. */
static void test_unknown_state(void)
{
    pipette_stage stage = new_stage();
    pipette_place place = {.size = sizeof place};
    const pipette_storage_direct *direct = descriptor->extension(PIPETTE_STORAGE_DIRECT_EXTENSION);
    plan p;
    int fd;
    ragged_plan(&p, RUNS);
    OK(lay_out(&stage, fresh("state.hdf5"), &p));
    append_run(&stage, 0, PIPETTE_STATE_DONE);
    append_run(&stage, 1, PIPETTE_STATE_DONE);
    OK(direct->place(&stage, R_STATE, &place));
    fd = open(file, O_RDWR);
    CU_ASSERT_EQUAL(pwrite(fd, "\x55", 1, (off_t)place.offset), 1);
    (void)close(fd);
    storage->destroy(&stage);
    stage = opened(file, PIPETTE_STORAGE_UPDATE);
    states_are(&stage, "010000000000");
    storage->destroy(&stage);
    go_on(0);
}

/* The positions of an existing file's columns. */
typedef struct position {
    const char *path;
    uint32_t next, found;
} position;

static int find_position(const pipette_entry *entry, void *user)
{
    position *wanted = user;
    if (entry->kind == PIPETTE_ENTRY_COLUMN && strcmp(entry->path, wanted->path) == 0)
        wanted->found = wanted->next;
    wanted->next += entry->kind == PIPETTE_ENTRY_COLUMN;
    return 0;
}

static uint32_t position_of(pipette_stage *stage, const char *path)
{
    position wanted = {path, 0, UINT32_MAX};
    OK(storage->list(stage, find_position, &wanted));
    return wanted.found;
}

/* An unfinished file as an earlier version left it: its log stands behind HDF5's end. Four of its six runs are done:
 * run i has n = i + 1, a list 0 .. n - 1 and the word "word n". */
static void test_format_1(void)
{
    static const char script[] =
        "d = ds('results')\n"
        "assert list(d.list_count.values) == [1, 2, 3, 4, 5, 6] and list(d.double_n.values) == [2, 4, 6, 8, 10, 12]\n"
        "assert list(ds('results/list').list.values) == [k for n in range(1, 7) for k in range(n)]\n"
        "assert list(d.word.values) == ['word %d' % n for n in range(1, 7)]\n"
        "assert h5py.File(file, 'r').attrs['pipette_format'] == b'3'\n";
    double list[6] = {0, 1, 2, 3, 4, 5};
    pipette_stage stage;
    uint64_t row, n;
    CU_ASSERT_TRUE(shell("cp '" TEST_SOURCE_FOLDER "/data/format1_unfinished.hdf5' '%s' && chmod u+w '%1$s'",
                         fresh("before.hdf5")));
    stage = opened(file, PIPETTE_STORAGE_READ);
    CU_ASSERT_STRING_EQUAL(one(&stage, "results.$.word", 3).as.string, "word 4");
    close_down(&stage);
    stage = opened(file, PIPETTE_STORAGE_UPDATE);
    for (row = 4; row < 6; row++) {
        double double_n = 2.0 * (double)(row + 1);
        int8_t done = PIPETTE_STATE_DONE;
        pipette_value value;
        char word[16];
        n = row + 1;
        value = pipette_value_array(PIPETTE_TYPE_F64, 1, &n, list);
        OK(storage->append(&stage, row, position_of(&stage, "results.$.list"), &value));
        (void)snprintf(word, sizeof word, "word %d", (int)n);
        value = pipette_value_string(word);
        OK(storage->append(&stage, row, position_of(&stage, "results.$.word"), &value));
        OK(write_cells(&stage, row, 1, position_of(&stage, "results.$.double_n"), &double_n, 8));
        OK(write_cells(&stage, row, 1, position_of(&stage, "runs.state"), &done, 1));
    }
    close_down(&stage);
    CU_ASSERT_TRUE(python(file, script));
}

static void test_end(void)
{
    folder_end();
}

SUITE("plugins/hdf5 log", {"other programs write", test_other_programs}, {"locks", test_locks},
      {"a quiet file", test_quiet_file}, {"several extents", test_extents}, {"damage", test_damage},
      {"damaged undeclared results", test_undeclared}, {"undeclared results and a reset", test_undeclared_reset},
      {"a reset here and there", test_scattered_reset}, {"a damaged layout", test_damaged_layout},
      {"a lost log", test_lost_log}, {"an unknown state", test_unknown_state}, {"a file of format 1", test_format_1},
      {"nothing is left", test_end}, )
