/* The storage plugin `hdf5` when things go wrong: crashes, full disks, growing files, files that are not its own. */
#include "hdf5_host.h"

static void test_torn_record(void)
{
    pipette_stage stage = new_stage();
    pipette_value value;
    int64_t used;
    int8_t state;
    int fd, cut;
    plan p;
    /* The last record loses its end, or has bytes that nobody wrote. */
    for (cut = 0; cut < 2; cut++) {
        ragged_plan(&p, 6);
        OK(lay_out(&stage, fresh("torn.hdf5"), &p));
        append_run(&stage, 1, PIPETTE_STATE_DONE);
        append_run(&stage, 4, PIPETTE_STATE_DONE);
        storage->destroy(&stage);
        used = used_of(file);
        fd = open(file, O_RDWR);
        if (cut) {
            CU_ASSERT_EQUAL(ftruncate(fd, used - 3), 0);
        } else {
            CU_ASSERT_EQUAL(pwrite(fd, "????????", 8, used - 12), 8);
            CU_ASSERT_TRUE(shell("h5dump '%s' > /dev/null", file));
        }
        (void)close(fd);
        stage = opened(file, PIPETTE_STORAGE_UPDATE);
        check_ragged(&stage, 1);
        /* It has lost its word: it runs again. */
        OK(storage->read(&stage, "runs.state", 4, 1, PIPETTE_TYPE_BOOL, &state));
        CU_ASSERT_EQUAL(state, PIPETTE_STATE_PENDING);
        REFUSED(storage->read_one(&stage, "results.$.spikes", 4, &value), PIPETTE_E_NOT_FOUND, "row 4");
        append_run(&stage, 4, PIPETTE_STATE_DONE);
        check_ragged(&stage, 4);
        close_down(&stage);
        stage = opened(file, PIPETTE_STORAGE_READ);
        check_ragged(&stage, 1);
        check_ragged(&stage, 4);
        close_down(&stage);
        stage = new_stage();
    }
    storage->destroy(&stage);
}

/* Workers write into the places themselves, state last; one is killed. */
static void test_crash(void)
{
    static const char script[] =
        "s = np.array(ds('runs').state.values); d = ds('results/neuron')\n"
        "done = np.flatnonzero(s == 1)\n"
        "assert len(done) >= 20, len(done)\n"
        "expected = done[:, None] + np.arange(50) / 1000.0\n"
        "assert (d.V.values[done] == expected).all() and (d.nspikes.values[done] == done * 10).all()\n";
    const pipette_storage_direct *direct = descriptor->extension(PIPETTE_STORAGE_DIRECT_EXTENSION);
    int attempt;
    for (attempt = 0; attempt < 3; attempt++) {
        pipette_stage stage = new_stage();
        pipette_place V_place = {.size = sizeof V_place}, state_place = V_place, nspikes_place = V_place;
        int8_t found[303];
        int channel[2], done = 0, i;
        pid_t child;
        plan p;
        tutorial(&p, 303);
        OK(lay_out(&stage, fresh("crash.hdf5"), &p));
        OK(direct->place(&stage, V, &V_place));
        CU_ASSERT_STRING_EQUAL(V_place.path, file);
        CU_ASSERT_EQUAL(V_place.row_stride, STEPS * 8);
        OK(direct->place(&stage, STATE, &state_place));
        OK(direct->place(&stage, NSPIKES, &nspikes_place));
        CU_ASSERT_EQUAL(pipe(channel), 0);
        (void)fflush(NULL);
        child = fork();
        if (child == 0) {
            int fd = open(V_place.path, O_WRONLY);
            for (i = 0; i < 303; i++) {
                double V_of[STEPS];
                int64_t nspikes = i * 10;
                int k;
                for (k = 0; k < STEPS; k++)
                    V_of[k] = potential((uint64_t)i, (uint64_t)k);
                if (pwrite(fd, V_of, sizeof V_of, (off_t)(V_place.offset + (uint64_t)i * V_place.row_stride)) < 0 ||
                    pwrite(fd, &nspikes, 8, (off_t)(nspikes_place.offset + (uint64_t)i * 8)) < 0 ||
                    pwrite(fd, "\1", 1, (off_t)(state_place.offset + (uint64_t)i)) < 0 || write(channel[1], "x", 1) < 0)
                    _exit(1);
                if (i > 25)
                    (void)usleep(200);
            }
            for (;;)
                (void)pause();
        }
        (void)close(channel[1]);
        for (i = 0; i < 20 + attempt * 30; i++) {
            char byte;
            CU_ASSERT_EQUAL(read(channel[0], &byte, 1), 1);
        }
        (void)kill(child, SIGKILL);
        (void)waitpid(child, NULL, 0);
        (void)close(channel[0]);
        /* The command dies with it: nothing is finished. */
        storage->destroy(&stage);
        CU_ASSERT_TRUE(shell("h5dump '%s' > /dev/null", file));
        CU_ASSERT_TRUE(python(file, script));
        stage = opened(file, PIPETTE_STORAGE_UPDATE);
        OK(storage->read(&stage, "runs.state", 0, 303, PIPETTE_TYPE_BOOL, found));
        for (i = 0; i < 303; i++)
            done += found[i] == PIPETTE_STATE_DONE;
        CU_ASSERT_TRUE(done >= 20 + attempt * 30 && done < 303);
        for (i = 0; i < 303; i++)
            if (found[i] != PIPETTE_STATE_DONE)
                OK(store_run(&stage, (uint64_t)i, PIPETTE_STATE_DONE));
        close_down(&stage);
        CU_ASSERT_TRUE(python(file, "assert len(np.flatnonzero(ds('runs').state.values == 1)) == 303\n"));
        CU_ASSERT_TRUE(python(file, script));
    }
}

/* The supervisor itself is killed while it appends: every prefix of its writes is a good file. */
static void test_crash_of_log(void)
{
    pipette_stage stage = new_stage();
    int8_t found[12];
    int channel[2], i, done = 0, exit_status = 0;
    pid_t child;
    plan p;
    ragged_plan(&p, 12);
    (void)fresh("crashlog.hdf5");
    CU_ASSERT_EQUAL(pipe(channel), 0);
    (void)fflush(NULL);
    child = fork();
    if (child == 0) {
        if (lay_out(&stage, file, &p) != PIPETTE_OK)
            _exit(1);
        for (i = 0; i < 12; i++) {
            append_run(&stage, (uint64_t)i, PIPETTE_STATE_DONE);
            if (write(channel[1], "x", 1) < 0)
                _exit(1);
            (void)usleep(i > 4 ? 500 : 0);
        }
        for (;;)
            (void)pause();
    }
    (void)close(channel[1]);
    for (i = 0; i < 6; i++) {
        char byte;
        CU_ASSERT_EQUAL(read(channel[0], &byte, 1), 1);
    }
    (void)kill(child, SIGKILL);
    (void)waitpid(child, &exit_status, 0);
    CU_ASSERT_TRUE(WIFSIGNALED(exit_status));
    (void)close(channel[0]);
    storage->destroy(&stage);
    CU_ASSERT_TRUE(shell("h5dump '%s' > /dev/null", file));
    stage = opened(file, PIPETTE_STORAGE_UPDATE);
    OK(storage->read(&stage, "runs.state", 0, 12, PIPETTE_TYPE_BOOL, found));
    for (i = 0; i < 12; i++)
        if (found[i] == PIPETTE_STATE_DONE) {
            check_ragged(&stage, (uint64_t)i);
            done++;
        }
    CU_ASSERT_TRUE(done >= 6);
    OK(storage->finish(&stage, 0));
    storage->destroy(&stage);
    stage = opened(file, PIPETTE_STORAGE_READ);
    for (i = 0; i < done; i++)
        check_ragged(&stage, (uint64_t)i);
    close_down(&stage);
}

/* A limit on the size of files stands for a full disk. */
static void test_full_disk(void)
{
    pipette_stage stage = new_stage();
    struct rlimit old, limit;
    struct stat facts;
    int status = PIPETTE_OK, i;
    pipette_value value;
    uint64_t shape[1] = {100000};
    double *much = calloc(100000, sizeof *much);
    plan p;
    ragged_plan(&p, 6);
    (void)signal(SIGXFSZ, SIG_IGN);
    OK(lay_out(&stage, fresh("full.hdf5"), &p));
    append_run(&stage, 2, PIPETTE_STATE_DONE);
    CU_ASSERT_EQUAL(stat(file, &facts), 0);
    (void)getrlimit(RLIMIT_FSIZE, &old);
    limit = old;
    limit.rlim_cur = (rlim_t)facts.st_size + 100000;
    (void)setrlimit(RLIMIT_FSIZE, &limit);
    value = pipette_value_array(PIPETTE_TYPE_F64, 1, shape, much);
    for (i = 0; status == PIPETTE_OK && i < 3; i++)
        status = storage->append(&stage, 3, R_SPIKES, &value);
    if (status == PIPETTE_OK)
        status = storage->flush(&stage);
    CU_ASSERT_EQUAL(status, PIPETTE_E_STORAGE);
    CU_ASSERT_PTR_NOT_NULL(strstr(message, file));
    CU_ASSERT_PTR_NOT_NULL(strstr(message, strerror(EFBIG)));
    storage->destroy(&stage);
    (void)setrlimit(RLIMIT_FSIZE, &old);
    CU_ASSERT_TRUE(shell("h5dump '%s' > /dev/null", file));
    stage = opened(file, PIPETTE_STORAGE_UPDATE);
    check_ragged(&stage, 2);
    append_run(&stage, 3, PIPETTE_STATE_DONE);
    close_down(&stage);
    stage = opened(file, PIPETTE_STORAGE_READ);
    check_ragged(&stage, 2);
    check_ragged(&stage, 3);
    close_down(&stage);
    /* Not even the structure fits: the error names the file, and nothing is left. */
    stage = new_stage();
    limit.rlim_cur = 4000;
    (void)setrlimit(RLIMIT_FSIZE, &limit);
    tutorial(&p, 303);
    status = lay_out(&stage, fresh("full2.hdf5"), &p);
    (void)setrlimit(RLIMIT_FSIZE, &old);
    CU_ASSERT_EQUAL(status, PIPETTE_E_STORAGE);
    CU_ASSERT_PTR_NOT_NULL(strstr(message, file));
    CU_ASSERT_NOT_EQUAL(access(file, F_OK), 0);
    storage->destroy(&stage);
    free(much);
}

static void test_extend(void)
{
    static const char *const words[] = {"calm", "calm", "calm", "wild", "wild"};
    static const char script[] =
        "for e in engines:\n"
        "    d = ds('results', e)\n"
        "    assert list(d.spikes_count.values) == [0, 1, 2, 3, 0] and list(d.I.values) == [5.5, 6.5, 7.5, 8.5, 9.5]\n"
        "    assert list(d['mood'].values) == ['calm', 'calm', 'calm', 'wild', 'wild'], d['mood'].values\n"
        "    assert d.extra.values[1] == 11.0 and np.isnan(d.extra.values[[0, 2, 3, 4]]).all()\n"
        "    assert set(d.word.coords) == {'I', 'mood'}\n"
        "    assert 'tau_V' in ds('parameters/neuron', e) and 'I' in ds('parameters/neuron', e)\n"
        "h = h5py.File(file, 'r')\n"
        "assert h['config/note'][()] == b'new' and h['pipette/exploration'][()] == b'wider'\n";
    static const double currents[] = {5.5, 6.5, 7.5, 8.5, 9.5};
    pipette_stage stage = new_stage(), reader;
    pipette_value value = pipette_value_f64(11.0);
    pipette_storage_info info;
    char part[200];
    uint64_t row;
    int held;
    plan p;
    ragged_plan(&p, 3);
    p.leaves[5] = leaf("parameters.neuron.I", "nA", "d", pipette_value_f64(1.0));
    p.layout.leaf_count = 6;
    OK(lay_out(&stage, fresh("extend.hdf5"), &p));
    for (row = 0; row < 3; row++)
        append_run(&stage, row, PIPETTE_STATE_DONE);
    OK(storage->add_column(&stage, &undeclared));
    OK(storage->append(&stage, 1, RAGGED_COLUMNS, &value));
    close_down(&stage);
    /* A notebook holds the file, with HDF5's lock. */
    reader = opened(file, PIPETTE_STORAGE_READ);
    held = open(file, O_RDONLY);
    CU_ASSERT_EQUAL(flock(held, LOCK_SH), 0);
    /* A command that died while it built a file left this. */
    (void)snprintf(part, sizeof part, "%s/.extend.hdf5.part", folder);
    (void)close(open(part, O_CREAT | O_WRONLY, 0644));
    stage = opened(file, PIPETTE_STORAGE_UPDATE);
    ragged_plan(&p, 5);
    p.columns[RAGGED_COLUMNS] = columns[I];
    p.columns[RAGGED_COLUMNS + 1] = columns[I];
    p.columns[RAGGED_COLUMNS + 1].path = "parameters.mood";
    p.columns[RAGGED_COLUMNS + 1].type = PIPETTE_TYPE_STRING;
    p.columns[RAGGED_COLUMNS + 1].unit = "";
    p.layout.column_count = RAGGED_COLUMNS + 2;
    p.leaves[0] = leaf("config.note", "", "d", pipette_value_string("new"));
    p.layout.leaf_count = 1;
    p.layout.exploration = "wider";
    OK(storage->extend(&stage, &p.layout));
    OK(write_cells(&stage, 0, 5, RAGGED_COLUMNS, currents, 8));
    OK(write_cells(&stage, 0, 5, RAGGED_COLUMNS + 1, words, sizeof words[0]));
    append_run(&stage, 3, PIPETTE_STATE_DONE);
    /* The undeclared column of before is found again under its next position. */
    OK(storage->add_column(&stage, &undeclared));
    for (row = 0; row < 4; row++)
        check_ragged(&stage, row);
    check_ragged(&reader, 2);
    CU_ASSERT_STRING_EQUAL(one(&stage, "parameters.mood", 3).as.string, "wild");
    close_down(&stage);
    close_down(&reader);
    CU_ASSERT_TRUE(python(file, script));
    CU_ASSERT_NOT_EQUAL(access(part, F_OK), 0);
    (void)close(held);
    stage = opened(file, PIPETTE_STORAGE_READ);
    memset(&info, 0, sizeof info);
    info.size = (uint32_t)sizeof info;
    OK(storage->info(&stage, &info));
    CU_ASSERT_EQUAL(info.row_count, 5);
    CU_ASSERT_EQUAL(info.finished, 1);
    for (row = 0; row < 4; row++)
        check_ragged(&stage, row);
    CU_ASSERT_EQUAL(one(&stage, "parameters.neuron.tau_V", 0).as.f64, 10.0);
    close_down(&stage);
    /* Other runs in the old rows, or another type: refused, and the file is as it was. */
    stage = opened(file, PIPETTE_STORAGE_UPDATE);
    p.span.first = 1;
    REFUSED(storage->extend(&stage, &p.layout), PIPETTE_E_INVALID, "not the first ones");
    p.span.first = 0;
    p.columns[R_SPIKES].type = PIPETTE_TYPE_I64;
    REFUSED(storage->extend(&stage, &p.layout), PIPETTE_E_TYPE, "results.$.spikes");
    check_ragged(&stage, 3);
    /* What is opened for changes is not finished until it is. */
    OK(storage->info(&stage, &info));
    CU_ASSERT_EQUAL(info.finished, 0);
    OK(storage->finish(&stage, 0));
    OK(storage->open(&stage, file, PIPETTE_STORAGE_READ));
    OK(storage->info(&stage, &info));
    CU_ASSERT_EQUAL(info.finished, 0);
    close_down(&stage);
}

static void test_extend_fixed(void)
{
    static const char script[] =
        "for e in engines:\n"
        "    d = ds('results/neuron', e)\n"
        "    assert d.V.shape == (606, 50) and (d.V.values[:303, 7] == np.arange(303) + 0.007).all()\n"
        "    assert d.V.values[605, 0] == 605 and np.isnan(d.V.values[303:605]).all() and "
        "np.isnan(d.rate.values[400])\n"
        "    assert (d.nspikes.values[:303] == np.arange(303) * 10).all()\n"
        "    assert ds('results/summary/firing_rates', e).rate.values[35, 0] == 3500.0\n";
    pipette_stage stage = new_stage();
    uint64_t row;
    plan p;
    tutorial(&p, 303);
    OK(lay_out(&stage, fresh("fixed.hdf5"), &p));
    for (row = 0; row < 303; row++)
        OK(store_run(&stage, row, PIPETTE_STATE_DONE));
    put_rates(&stage, &p);
    /* Expanded by postprocessing: in the same session. */
    p.array.data = NULL;
    p.span.count = 606;
    p.layout.row_count = 606;
    OK(storage->extend(&stage, &p.layout));
    OK(store_run(&stage, 605, PIPETTE_STATE_DONE));
    OK(storage->finish(&stage, 0));
    storage->destroy(&stage);
    CU_ASSERT_TRUE(python(file, script));
}

static void make_file(const char *name, const void *bytes, size_t size)
{
    int fd = open(fresh(name), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    CU_ASSERT_TRUE(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
    (void)close(fd);
}

static void test_refusals(void)
{
    pipette_stage stage = new_stage(), other = new_stage();
    char path[200];
    int mode;
    plan p;
    for (mode = PIPETTE_STORAGE_READ; mode <= PIPETTE_STORAGE_UPDATE; mode++)
        REFUSED(storage->open(&stage, folder, mode), PIPETTE_E_STORAGE, "is a directory");
    REFUSED(storage->open(&stage, fresh("missing.hdf5"), PIPETTE_STORAGE_READ), PIPETTE_E_NOT_FOUND, "does not exist");
    REFUSED(storage->open(&stage, file, PIPETTE_STORAGE_UPDATE), PIPETTE_E_NOT_FOUND, "does not exist");
    make_file("text.hdf5", "this is a text, not HDF5", 24);
    REFUSED(storage->open(&stage, file, PIPETTE_STORAGE_READ), PIPETTE_E_STORAGE, "is not an HDF5 file");
    REFUSED(storage->open(&stage, file, PIPETTE_STORAGE_REPLACE), PIPETTE_E_STORAGE, "is not an HDF5 file");
    REFUSED(storage->open(&stage, file, PIPETTE_STORAGE_CREATE), PIPETTE_E_EXISTS, "--overwrite");
    make_file("empty.hdf5", "", 0);
    REFUSED(storage->open(&stage, file, PIPETTE_STORAGE_UPDATE), PIPETTE_E_STORAGE, "is empty");
    CU_ASSERT_TRUE(python(fresh("foreign.hdf5"), "h5py.File(file, 'w')['x'] = 1\n"));
    REFUSED(storage->open(&stage, file, PIPETTE_STORAGE_READ), PIPETTE_E_STORAGE, "pipette did not write it");
    REFUSED(storage->open(&stage, file, PIPETTE_STORAGE_REPLACE), PIPETTE_E_STORAGE, "pipette did not write it");
    /* A good one: locked, cut off, read-only, replaced. */
    tutorial(&p, 303);
    OK(lay_out(&stage, fresh("good.hdf5"), &p));
    OK(storage->flush(&stage)); /* it has its name */
    REFUSED(storage->open(&other, file, PIPETTE_STORAGE_UPDATE), PIPETTE_E_STORAGE, "being written by another process");
    REFUSED(storage->open(&other, file, PIPETTE_STORAGE_REPLACE), PIPETTE_E_STORAGE,
            "being written by another process");
    OK(storage->open(&other, file, PIPETTE_STORAGE_READ));
    OK(storage->finish(&other, 0));
    OK(store_run(&stage, 3, PIPETTE_STATE_DONE));
    REFUSED(store_run(&stage, 303, PIPETTE_STATE_DONE), PIPETTE_E_BOUNDS, "303 rows");
    OK(storage->finish(&stage, 0));
    OK(storage->open(&stage, file, PIPETTE_STORAGE_REPLACE));
    tutorial(&p, 7);
    OK(storage->open(&other, file, PIPETTE_STORAGE_READ));
    CU_ASSERT_EQUAL(one(&other, "results.neuron.$.nspikes", 3).as.i64, 30);
    OK(storage->finish(&other, 0));
    OK(storage->lay_out(&stage, &p.layout));
    OK(storage->finish(&stage, 0));
    OK(storage->open(&other, file, PIPETTE_STORAGE_READ));
    REFUSED(store_run(&other, 0, PIPETTE_STATE_DONE), PIPETTE_E_INVALID, "opened for reading");
    OK(storage->finish(&other, 0));
    CU_ASSERT_EQUAL(chmod(file, 0444), 0);
    REFUSED(storage->open(&stage, file, PIPETTE_STORAGE_UPDATE), PIPETTE_E_STORAGE, "is read-only");
    REFUSED(storage->open(&stage, file, PIPETTE_STORAGE_REPLACE), PIPETTE_E_STORAGE, "is read-only");
    CU_ASSERT_EQUAL(chmod(file, 0200), 0);
    REFUSED(storage->open(&stage, file, PIPETTE_STORAGE_READ), PIPETTE_E_STORAGE, "may not be read");
    CU_ASSERT_EQUAL(chmod(file, 0644), 0);
    CU_ASSERT_EQUAL(truncate(file, 5000), 0);
    REFUSED(storage->open(&stage, file, PIPETTE_STORAGE_READ), PIPETTE_E_STORAGE, "is cut off: 5000 of");
    (void)snprintf(path, sizeof path, "%s/shut", folder);
    CU_ASSERT_EQUAL(mkdir(path, 0555), 0);
    (void)snprintf(path, sizeof path, "%s/shut/below/new.hdf5", folder);
    REFUSED(storage->open(&stage, path, PIPETTE_STORAGE_CREATE), PIPETTE_E_STORAGE, "read-only");
    (void)snprintf(path, sizeof path, "%s/text.hdf5/new.hdf5", folder);
    REFUSED(storage->open(&stage, path, PIPETTE_STORAGE_CREATE), PIPETTE_E_STORAGE, "text.hdf5");
    REFUSED(storage->open(&stage, "", PIPETTE_STORAGE_CREATE), PIPETTE_E_INVALID, "name of a file");
    REFUSED(storage->flush(&stage), PIPETTE_E_INVALID, "no file is open");
    storage->destroy(&stage);
    storage->destroy(&other);
}

/* Cut off while runs are stored, though all that HDF5 needs is there: rows are lost, and the end says so. */
static void test_cut_rows(void)
{
    pipette_stage stage = new_stage();
    struct stat facts;
    plan p;
    tutorial(&p, 303);
    OK(lay_out(&stage, fresh("short.hdf5"), &p));
    OK(store_run(&stage, 302, PIPETTE_STATE_DONE));
    CU_ASSERT_EQUAL(stat(file, &facts), 0);
    CU_ASSERT_EQUAL(truncate(file, facts.st_size - 400), 0); /* a row of V */
    REFUSED(storage->finish(&stage, 1), PIPETTE_E_STORAGE,
            "was cut off by another program while runs were being stored");
    storage->destroy(&stage);
}

static void test_end(void)
{
    /* No temporary file is left beside any of the files. */
    CU_ASSERT_TRUE(shell("test -z \"$(find '%s' -name '*.part')\"", folder));
    folder_end();
}

SUITE("hdf5 safety", {"a torn record", test_torn_record}, {"workers are killed", test_crash},
      {"the writer of the log is killed", test_crash_of_log}, {"a full disk", test_full_disk}, {"extend", test_extend},
      {"extend in a session", test_extend_fixed}, {"refusals", test_refusals}, {"rows cut off", test_cut_rows},
      {"nothing is left", test_end}, )
