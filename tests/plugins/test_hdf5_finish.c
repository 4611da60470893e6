/* The storage plugin `hdf5` at the end of a command: the file gets its final structure in place, step by step. */
#include "hdf5_host.h"

#include <sys/syscall.h>

/* ---- Every step of the plugin passes here: its writes are looked up in this program first ---- */

#define SEEN __attribute__((visibility("default")))

static char steps[4096]; /* W write, H write to the beginning, T truncate, S sync, R rename */
static int step_count;
static int die_at; /* before that step, counted from 1. 0: never */
static bool torn;  /* in the middle of it, if it is a write of more than a sector */

static bool step(char kind)
{
    if (step_count < (int)sizeof steps - 1)
        steps[step_count] = kind;
    step_count++;
    return step_count == die_at;
}

static void die(void)
{
    (void)kill(getpid(), SIGKILL);
    for (;;)
        (void)pause();
}

static void begin_steps(int death, bool half)
{
    memset(steps, 0, sizeof steps);
    step_count = 0;
    die_at = death;
    torn = half;
}

SEEN ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
    if (step(offset == 0 ? 'H' : 'W')) {
        if (torn && size > 512)
            (void)syscall(SYS_pwrite64, fd, data, size / 2, offset);
        die();
    }
    return syscall(SYS_pwrite64, fd, data, size, offset);
}

SEEN int ftruncate(int fd, off_t size)
{
    if (step('T'))
        die();
    return (int)syscall(SYS_ftruncate, fd, size);
}

SEEN int fsync(int fd)
{
    if (step('S'))
        die();
    return (int)syscall(SYS_fsync, fd);
}

SEEN int fdatasync(int fd)
{
    if (step('S'))
        die();
    return (int)syscall(SYS_fdatasync, fd);
}

SEEN int rename(const char *from, const char *to)
{
    if (step('R'))
        die();
    return (int)syscall(SYS_rename, from, to);
}

/* ---- Files with everything in them ---- */

enum { F_V = RAGGED_COLUMNS, F_I, F_MOOD, F_MESSAGE, F_TRACE, FULL_COLUMNS, ROWS = 8, SAMPLES = 600 };

static const pipette_dimension sample_dimension[] = {PIPETTE_DIMENSION("sample", "ms", SAMPLES, 0.0, 0.5, "")};
static const pipette_column_spec trace_column = /* its rows are compressed */
    COLUMN("results.neuron.$.trace", PIPETTE_TYPE_F64, PIPETTE_ROLE_RESULT, 0, "mV", "T.", sample_dimension, 1, NULL,
           0);

static void full_plan(plan *p)
{
    ragged_plan(p, ROWS);
    p->columns[F_V] = columns[V];
    p->columns[F_I] = columns[I];
    p->columns[F_MOOD] = columns[I];
    p->columns[F_MOOD].path = "parameters.mood";
    p->columns[F_MOOD].type = PIPETTE_TYPE_STRING;
    p->columns[F_MESSAGE] = columns[MESSAGE];
    p->columns[F_TRACE] = trace_column;
    p->layout.compression = 1;
    p->layout.column_count = FULL_COLUMNS;
    p->layout.tables = &p->table;
    p->layout.table_count = 1;
}

static void full_run(pipette_stage *stage, uint64_t row, int8_t state)
{
    double V_of[STEPS], current = (double)row + 0.5, trace[SAMPLES];
    uint64_t k;
    for (k = 0; k < SAMPLES; k++)
        trace[k] = (double)(row * SAMPLES + k);
    OK(write_cells(stage, row, 1, F_TRACE, trace, sizeof trace));
    for (k = 0; k < STEPS; k++)
        V_of[k] = potential(row, k);
    OK(write_cells(stage, row, 1, F_V, V_of, sizeof V_of));
    OK(write_cells(stage, row, 1, F_I, &current, 8));
    append_run(stage, row, state);
}

static void put_late(pipette_stage *stage, plan *p)
{
    static double rates[303];
    int i;
    for (i = 0; i < 303; i++)
        rates[i] = i;
    p->array.data = rates;
    p->table.path = "results.late";
    OK(storage->put_table(stage, &p->table));
    p->table.path = "results.summary.firing_rates";
}

/* Rows 0 .. 3 done, row 4 failed; with records for all that has no place. */
static void make_full(const char *name)
{
    static const char *const moods[ROWS] = {"a", "b", "cc", "ddd", "", "f", "gü", "h"};
    pipette_stage stage = new_stage();
    pipette_value value = pipette_value_f64(11.0);
    uint64_t row;
    plan p;
    full_plan(&p);
    OK(lay_out(&stage, fresh(name), &p));
    OK(write_cells(&stage, 0, ROWS, F_MOOD, moods, sizeof moods[0]));
    for (row = 0; row < 5; row++)
        full_run(&stage, row, row == 4 ? PIPETTE_STATE_FAILED : PIPETTE_STATE_DONE);
    OK(storage->add_column(&stage, &undeclared));
    OK(storage->append(&stage, 1, FULL_COLUMNS, &value));
    value = pipette_value_string("it failed");
    OK(storage->append(&stage, 4, F_MESSAGE, &value));
    put_rates(&stage, &p);
    storage->destroy(&stage);
}

static void check_full(const char *path, uint64_t done)
{
    pipette_stage stage = opened(path, PIPETTE_STORAGE_READ);
    pipette_value value;
    uint64_t row;
    for (row = 0; row < done; row++) {
        value = one(&stage, "results.neuron.$.V", row);
        CU_ASSERT_TRUE(value.shape[0] == STEPS && ((const double *)value.data)[7] == potential(row, 7));
        value = one(&stage, "results.neuron.$.trace", row);
        CU_ASSERT_TRUE(value.shape[0] == SAMPLES && ((const double *)value.data)[7] == (double)(row * SAMPLES + 7));
        check_ragged(&stage, row);
    }
    CU_ASSERT_EQUAL(one(&stage, "results.$.extra", 1).as.f64, 11.0);
    CU_ASSERT_STRING_EQUAL(one(&stage, "runs.message", 4).as.string, "it failed");
    CU_ASSERT_STRING_EQUAL(one(&stage, "parameters.mood", 6).as.string, "gü");
    close_down(&stage);
}

static const char full_script[] =
    "for e in engines:\n"
    "    d = ds('results', e); n = ds('results/neuron', e)\n"
    "    N = int(d.spikes_count.values[7] > 0) * 4 + 4\n"
    "    done = [0, 1, 2, 3] + ([5, 6, 7] if N == 8 else [])\n"
    "    assert (n.V.values[done] == np.array(done)[:, None] + np.arange(50) / 1000.0).all()\n"
    "    assert np.isnan(n.V.values[4]).all() and n.V.dims == ('run', 'time') and set(n.coords) == {'I', 'mood', "
    "'time', 'sample'}\n"
    "    assert (n.trace.values[done] == np.array(done)[:, None] * 600 + np.arange(600)).all()\n"
    "    assert np.isnan(n.trace.values[4]).all()\n"
    "    assert list(d.spikes_count.values) == [i if i in done else 0 for i in range(8)]\n"
    "    assert list(ds('results/spikes').spikes.values) == [i + k / 8 for i in done for k in range(i)]\n"
    "    assert list(d.word.values) == ['wörd %d' % i if i in done else '' for i in range(8)]\n"
    "    assert d.extra.values[1] == 11.0 and np.isnan(d.extra.values[[0, 2, 3, 4, 5, 6, 7]]).all()\n"
    "    assert list(d['mood'].values) == ['a', 'b', 'cc', 'ddd', '', 'f', 'gü', 'h']\n"
    "    assert ds('runs/message', e).text.values[0] == 'it failed'\n"
    "    assert ds('results/summary/firing_rates', e).rate.values[35, 0] == 3500.0\n"
    "    assert ds('parameters/neuron', e).tau_V.values == 10.0\n";

static uint64_t inode_of(const char *path)
{
    struct stat facts;
    CU_ASSERT_EQUAL(stat(path, &facts), 0);
    return facts.st_ino;
}

static int64_t size_of(const char *path)
{
    struct stat facts;
    CU_ASSERT_EQUAL(stat(path, &facts), 0);
    return facts.st_size;
}

/* h5py's: where a dataset's data stands. */
static void check_offset(const char *path, const char *dataset, uint64_t offset)
{
    char script[200];
    (void)snprintf(script, sizeof script, "assert h5py.File(file, 'r')['%s'].id.get_offset() == %llu\n", dataset,
                   (unsigned long long)offset);
    CU_ASSERT_TRUE(python(path, script));
}

static void test_in_place(void)
{
    const pipette_storage_direct *direct = descriptor->extension(PIPETTE_STORAGE_DIRECT_EXTENSION);
    pipette_stage stage;
    pipette_place V_place = {.size = sizeof V_place}, again = V_place;
    uint64_t inode, row;
    int64_t size;
    plan p;
    make_full("place.hdf5");
    full_plan(&p);
    inode = inode_of(file);
    stage = opened(file, PIPETTE_STORAGE_UPDATE);
    OK(direct->place(&stage, F_V, &V_place));
    put_late(&stage, &p);
    begin_steps(0, false);
    OK(storage->finish(&stage, 0));
    storage->destroy(&stage);
    CU_ASSERT_EQUAL(inode_of(file), inode);
    check_offset(file, "results/neuron/V", V_place.offset);
    /* One write of the beginning, nothing renamed; synced before and after it, since runs of an earlier command are in
     * the file. */
    CU_ASSERT_TRUE(strchr(steps, 'H') != NULL && strchr(steps, 'H') == strrchr(steps, 'H'));
    CU_ASSERT_PTR_NULL(strchr(steps, 'R'));
    CU_ASSERT_PTR_NOT_NULL(strstr(steps, "SHS"));
    CU_ASSERT_TRUE(python(file, full_script));
    CU_ASSERT_TRUE(python(file, "assert ds('results/late').rate.values[100, 2] == 302\n"));
    CU_ASSERT_TRUE(shell("h5dump '%1$s' > /dev/null && ncdump '%1$s' > /dev/null && h5stat '%1$s' > /dev/null", file));
    check_full(file, 4);
    /* Nothing new: nothing moves. */
    size = size_of(file);
    stage = opened(file, PIPETTE_STORAGE_UPDATE);
    close_down(&stage);
    CU_ASSERT_EQUAL(size_of(file), size);
    /* The rest comes; the columns stay where they are. */
    stage = opened(file, PIPETTE_STORAGE_UPDATE);
    OK(direct->place(&stage, F_V, &again));
    CU_ASSERT_EQUAL(again.offset, V_place.offset);
    for (row = 5; row < ROWS; row++)
        full_run(&stage, row, PIPETTE_STATE_DONE);
    close_down(&stage);
    check_offset(file, "results/neuron/V", V_place.offset);
    CU_ASSERT_TRUE(python(file, full_script));
    CU_ASSERT_TRUE(shell("h5dump '%1$s' > /dev/null && ncdump '%1$s' > /dev/null", file));
    check_full(file, 4);
    /* And it can grow after that. */
    stage = opened(file, PIPETTE_STORAGE_UPDATE);
    p.span.count = p.layout.row_count = ROWS + 2;
    OK(storage->extend(&stage, &p.layout));
    full_run(&stage, ROWS + 1, PIPETTE_STATE_DONE);
    close_down(&stage);
    check_full(file, 4);
    stage = opened(file, PIPETTE_STORAGE_READ);
    check_ragged(&stage, ROWS + 1);
    close_down(&stage);
    CU_ASSERT_TRUE(python(file, "d = ds('results/neuron')\nassert d.V.values[9, 7] == 9.007\n"));
}

/* Rows that are chosen keep their list of runs in place; a ragged result without news keeps its data. */
static void test_selection(void)
{
    static const pipette_run_span spans[] = {{3, 2}, {70, 4}};
    static const char script[] = "for e in engines:\n"
                                 "    d = ds('results', e)\n"
                                 "    assert list(d.run.values) == [3, 4, 70, 71, 72, 73]\n"
                                 "    assert list(d.spikes_count.values) == [0, 1, 2, 0, 0, 0]\n"
                                 "    assert list(ds('results/spikes').spikes.values) == [1.0, 2.0, 2.125]\n"
                                 "h = h5py.File(file, 'r')\n"
                                 "print(h['run'].id.get_offset(), h['results/spikes/spikes'].id.get_offset(),\n"
                                 "      h['results/spikes_count'].id.get_offset(), file=open(file + '.places', 'a'))\n";
    pipette_stage stage = new_stage();
    pipette_value value = pipette_value_f64(2.0);
    plan p;
    ragged_plan(&p, 6);
    p.layout.spans = spans;
    p.layout.span_count = 2;
    OK(lay_out(&stage, fresh("chosen.hdf5"), &p));
    append_run(&stage, 0, PIPETTE_STATE_DONE);
    append_run(&stage, 1, PIPETTE_STATE_DONE);
    append_run(&stage, 2, PIPETTE_STATE_DONE);
    OK(storage->finish(&stage, 0));
    CU_ASSERT_TRUE(python(file, script));
    OK(storage->open(&stage, file, PIPETTE_STORAGE_UPDATE));
    OK(storage->add_column(&stage, &undeclared));
    OK(storage->append(&stage, 1, RAGGED_COLUMNS, &value));
    close_down(&stage);
    CU_ASSERT_TRUE(python(file, script));
    CU_ASSERT_TRUE(shell("test $(sort -u '%1$s.places' | wc -l) = 1 && test $(wc -l < '%1$s.places') = 2", file));
}

/* Whoever has the file open goes on seeing what was there. */
static void test_reader(void)
{
    static const char script[] =
        "import subprocess, time, os\n"
        "h = h5py.File(file, 'r')\n"
        "assert 'word' not in h['results'] and 'extra' not in h['results']\n"
        "open(file + '.go', 'w').close()\n"
        "while not os.path.exists(file + '.done'): time.sleep(0.01)\n"
        "assert 'word' not in h['results'] and list(h['runs/state'][:]) == [1, 1, 1, 1, 2, 0, 0, 0]\n"
        "assert h['results/neuron/V'][3, 7] == 3.007 and h['parameters/mood'][6].decode() == 'gü'\n"
        "assert len(h['pipette/layout'][()]) > 100 and len(h['results/neuron'].keys()) == 4\n"
        "n = subprocess.run([sys.executable, '-c', 'import h5py, sys\\nh = h5py.File(sys.argv[1], \"r\")\\n'\n"
        "    'assert h[\"results/word\"][3].decode() == \"wörd 3\"', file])\n"
        "assert n.returncode == 0\n";
    pipette_stage stage, reader;
    char path[200];
    int wait_status = 1, i;
    pid_t child;
    make_full("reader.hdf5");
    reader = opened(file, PIPETTE_STORAGE_READ);
    (void)fflush(NULL);
    child = fork();
    if (child == 0)
        _exit(python(file, script) ? 0 : 1);
    (void)snprintf(path, sizeof path, "%s.go", file);
    for (i = 0; i < 3000 && access(path, F_OK) != 0; i++)
        (void)usleep(10000);
    stage = opened(file, PIPETTE_STORAGE_UPDATE);
    OK(storage->finish(&stage, 0));
    storage->destroy(&stage);
    (void)snprintf(path, sizeof path, "%s.done", file);
    (void)close(open(path, O_CREAT | O_WRONLY, 0644));
    (void)waitpid(child, &wait_status, 0);
    CU_ASSERT_EQUAL(wait_status, 0);
    check_ragged(&reader, 3);
    CU_ASSERT_EQUAL(one(&reader, "results.$.extra", 1).as.f64, 11.0);
    close_down(&reader);
}

/* ---- What is synced ---- */

static void test_syncs(void)
{
    pipette_stage stage = new_stage();
    const char *head;
    int safe;
    plan p;
    for (safe = 0; safe < 2; safe++) {
        full_plan(&p);
        p.layout.power_safe = (uint32_t)safe;
        begin_steps(0, false);
        OK(lay_out(&stage, fresh("syncs.hdf5"), &p));
        full_run(&stage, 1, PIPETTE_STATE_DONE);
        CU_ASSERT_EQUAL(strchr(steps, 'S') != NULL, safe == 1);
        begin_steps(0, false);
        full_run(&stage, 0, PIPETTE_STATE_DONE);
        CU_ASSERT_EQUAL(strchr(steps, 'S') != NULL, safe == 1);
        /* The data is down before the state is written. */
        if (safe)
            CU_ASSERT_STRING_EQUAL(steps + strlen(steps) - 2, "SW");
        begin_steps(0, false);
        OK(storage->finish(&stage, 0));
        head = strchr(steps, 'H');
        CU_ASSERT_PTR_NOT_NULL_FATAL(head);
        if (safe)
            CU_ASSERT_TRUE(head > steps && head[-1] == 'S' && head[1] == 'S' && steps[step_count - 1] == 'S');
        if (!safe)
            CU_ASSERT_PTR_NULL(strchr(steps, 'S'));
        /* Runs of an earlier command are at stake: synced, then the new structure, and synced again. */
        p.span.count = p.layout.row_count = ROWS + 1;
        OK(storage->open(&stage, file, PIPETTE_STORAGE_UPDATE));
        begin_steps(0, false);
        OK(storage->extend(&stage, &p.layout));
        OK(storage->flush(&stage)); /* until then the file waits for coordinates */
        CU_ASSERT_PTR_NOT_NULL(strstr(steps, "SHS"));
        CU_ASSERT_PTR_NULL(strchr(steps, 'R'));
        OK(storage->finish(&stage, 0));
    }
    /* Runs of this command alone are no safer than the machine. */
    full_plan(&p);
    OK(lay_out(&stage, fresh("syncs.hdf5"), &p));
    full_run(&stage, 0, PIPETTE_STATE_DONE);
    p.span.count = p.layout.row_count = ROWS + 1;
    begin_steps(0, false);
    OK(storage->extend(&stage, &p.layout));
    OK(storage->flush(&stage));
    CU_ASSERT_PTR_NOT_NULL(strchr(steps, 'H'));
    CU_ASSERT_PTR_NULL(strchr(steps, 'R'));
    CU_ASSERT_PTR_NULL(strchr(steps, 'S'));
    OK(storage->finish(&stage, 0));
    storage->destroy(&stage);
}

/* ---- Killed between all steps ---- */

static void copy_to(const char *from, const char *to)
{
    char command[480];
    (void)snprintf(command, sizeof command, "cp --sparse=always '%s' '%s'", from, to);
    CU_ASSERT_EQUAL(SHELL(command), 0);
}

/* Finishes copies of the file, each killed at the next step; true once one was not. */
static void kill_everywhere(const char *name, uint64_t done, const char *pattern)
{
    char base[160], path[200];
    int death, half, wait_status = 1, killed = 0;
    (void)snprintf(base, sizeof base, "%s/%s", folder, name);
    for (half = 0; half < 2; half++)
        for (death = 1; death < 1000; death++) {
            pid_t child;
            (void)snprintf(path, sizeof path, "%s/%s-%d-%d.hdf5", folder, pattern, half, death);
            copy_to(base, path);
            (void)fflush(NULL);
            child = fork();
            if (child == 0) {
                pipette_stage stage = new_stage();
                plan p;
                full_plan(&p);
                if (storage->open(&stage, path, PIPETTE_STORAGE_UPDATE) != PIPETTE_OK)
                    _exit(1);
                put_late(&stage, &p);
                begin_steps(death, half != 0);
                _exit(storage->finish(&stage, 0) == PIPETTE_OK ? 0 : 2);
            }
            CU_ASSERT_EQUAL(waitpid(child, &wait_status, 0), child);
            check_full(path, done);
            if (WIFEXITED(wait_status))
                break;
            killed++;
            /* Plain tools read them below; every third is finished first, by the next command. */
            if (death % 3 == 0) {
                pipette_stage stage = opened(path, PIPETTE_STORAGE_UPDATE);
                OK(storage->finish(&stage, 0));
                storage->destroy(&stage);
                check_full(path, done);
            }
        }
    CU_ASSERT_TRUE(WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0);
    CU_ASSERT_TRUE(killed > 20);
}

static void test_kills(void)
{
    static const char script[] =
        "import glob, subprocess, os\n"
        "old = new = 0\n"
        "for f in sorted(glob.glob(os.path.dirname(file) + '/kill*.hdf5')):\n"
        "    h = h5py.File(f, 'r')\n"
        "    done = np.flatnonzero(h['runs/state'][:] == 1)\n"
        "    assert list(done[:4]) == [0, 1, 2, 3], f\n"
        "    assert (h['results/neuron/V'][:][done] == done[:, None] + np.arange(50) / 1000.0).all(), f\n"
        "    assert h['parameters/mood'][6].decode() == 'gü', f\n"
        "    h.visititems(lambda name, item: item[()] if hasattr(item, 'shape') else None)\n"
        "    if 'late' in h['results']:\n"
        "        new += 1\n"
        "        assert list(h['results/spikes_count'][:4]) == [0, 1, 2, 3], f\n"
        "        assert h['results/word'][3].decode() == 'wörd 3', f\n"
        "        assert (h['results/neuron/trace'][:4] == np.arange(2400).reshape(4, 600)).all(), f\n"
        "    else: old += 1\n"
        "    h.close()\n"
        "assert old > 20 and new > 3, (old, new)\n"
        "for f in sorted(glob.glob(os.path.dirname(file) + '/kill*-3?.hdf5')):\n"
        "    subprocess.run(['h5dump', f], check=True, stdout=subprocess.DEVNULL)\n"
        "    subprocess.run(['ncdump', f], check=True, stdout=subprocess.DEVNULL)\n";
    pipette_stage stage;
    uint64_t row;
    make_full("first.hdf5");
    kill_everywhere("first.hdf5", 4, "kill-first");
    /* A file that was finished before and goes on. */
    make_full("second.hdf5");
    stage = opened(file, PIPETTE_STORAGE_UPDATE);
    OK(storage->finish(&stage, 0));
    OK(storage->open(&stage, file, PIPETTE_STORAGE_UPDATE));
    for (row = 5; row < ROWS; row++)
        full_run(&stage, row, PIPETTE_STATE_DONE);
    storage->destroy(&stage);
    kill_everywhere("second.hdf5", 4, "kill-second");
    CU_ASSERT_TRUE(python(file, script));
}

/* The disk fills up while the new structure is written: the old one stays, and the next command ends it. */
static void test_full_disk(void)
{
    struct rlimit old, limit;
    int status = PIPETTE_OK, extra;
    (void)signal(SIGXFSZ, SIG_IGN);
    (void)getrlimit(RLIMIT_FSIZE, &old);
    make_full("full.hdf5");
    for (extra = 100; extra < 60000; extra += 9000) {
        pipette_stage stage = opened(file, PIPETTE_STORAGE_UPDATE);
        int64_t size = size_of(file);
        limit = old;
        limit.rlim_cur = (rlim_t)(used_of(file) + extra);
        (void)setrlimit(RLIMIT_FSIZE, &limit);
        status = storage->finish(&stage, 0);
        (void)setrlimit(RLIMIT_FSIZE, &old);
        if (status == PIPETTE_OK) {
            storage->destroy(&stage);
            break;
        }
        CU_ASSERT_EQUAL(status, PIPETTE_E_STORAGE);
        CU_ASSERT_PTR_NOT_NULL(strstr(message, strerror(EFBIG)));
        CU_ASSERT_EQUAL(size_of(file), size);
        storage->destroy(&stage);
        CU_ASSERT_TRUE(shell("h5dump '%s' > /dev/null", file));
        check_full(file, 4);
    }
    CU_ASSERT_TRUE(extra > 100);
    CU_ASSERT_EQUAL(status, PIPETTE_OK);
    check_full(file, 4);
    CU_ASSERT_TRUE(python(file, full_script));
}

static void test_end(void)
{
    CU_ASSERT_TRUE(shell("test -z \"$(find '%s' -name '*.part')\"", folder));
    folder_end();
}

static void test_begin(void)
{
    pipette_stage stage = new_stage();
    storage->destroy(&stage);
    CU_ASSERT_PTR_NOT_NULL(descriptor);
}

SUITE("hdf5 finish", {"loads", test_begin}, {"in place", test_in_place}, {"a selection of runs", test_selection},
      {"a reader holds it", test_reader}, {"what is synced", test_syncs}, {"a full disk", test_full_disk},
      {"killed between all steps", test_kills}, {"nothing is left", test_end}, )
