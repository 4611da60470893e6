/* The storage plugin `hdf5` grows in place: what is there stays where it is, what is dead is used again, what others
 * have put in stays. */
#include "hdf5_host.h"

/* ---- Room ---- */

static void grow_to(pipette_stage *stage, plan *p, uint64_t rows)
{
    p->span.count = p->layout.row_count = rows;
    OK(storage->open(stage, file, PIPETTE_STORAGE_UPDATE));
    OK(storage->extend(stage, &p->layout));
    OK(store_run(stage, rows - 1, PIPETTE_STATE_DONE));
}

/* A thousand times one more run. */
static void test_thousand(void)
{
    pipette_stage stage = new_stage();
    uint64_t rows;
    struct stat first, facts;
    plan p;
    tutorial(&p, 1);
    OK(lay_out(&stage, fresh("thousand.hdf5"), &p));
    OK(store_run(&stage, 0, PIPETTE_STATE_DONE));
    OK(storage->finish(&stage, 0));
    CU_ASSERT_EQUAL(stat(file, &first), 0);
    for (rows = 2; rows <= 1001; rows++) {
        grow_to(&stage, &p, rows);
        OK(storage->finish(&stage, 0));
    }
    storage->destroy(&stage);
    CU_ASSERT_EQUAL(stat(file, &facts), 0);
    CU_ASSERT_EQUAL(facts.st_ino, first.st_ino);
    /* 400 bytes of V for each run, and less than 100 of the rest. */
    CU_ASSERT_TRUE(facts.st_size < 500 * 1001 + 1000000);
    CU_ASSERT_TRUE(python(
        file,
        "h = h5py.File(file, 'r')\n"
        "assert (h['results/neuron/V'][:] == np.arange(1001)[:, None] + np.arange(50) / 1000).all()\n"
        "assert (h['results/neuron/nspikes'][:] == np.arange(1001) * 10).all() and (h['runs/state'][:] == 1).all()\n"));
    CU_ASSERT_TRUE(shell("h5dump '%1$s' > /dev/null && ncdump '%1$s' > /dev/null", file));
}

/* A column of 4 GB keeps its place when a run is added. */
static void test_large(void)
{
    enum { LONG = 100000, RUNS = 5000 };
    static const pipette_dimension long_dimension[] = {PIPETTE_DIMENSION("time", "ms", LONG, 0.0, 0.1, "Time.")};
    static double values[LONG];
    static int8_t all_done[RUNS + 1];
    pipette_stage stage = new_stage();
    pipette_place before = {.size = sizeof before}, after = {.size = sizeof after};
    const pipette_storage_direct *direct = descriptor->extension(PIPETTE_STORAGE_DIRECT_EXTENSION);
    struct stat first, facts;
    plan p;
    tutorial(&p, RUNS);
    p.columns[V].dimensions = long_dimension;
    OK(lay_out(&stage, fresh("large.hdf5"), &p));
    memset(all_done, PIPETTE_STATE_DONE, sizeof all_done);
    OK(write_cells(&stage, 0, RUNS, STATE, all_done, 1));
    values[LONG - 1] = 4.5;
    OK(write_cells(&stage, 1234, 1, V, values, sizeof values));
    OK(direct->place(&stage, V, &before));
    OK(storage->finish(&stage, 0));
    CU_ASSERT_EQUAL(stat(file, &first), 0);
    CU_ASSERT_TRUE(first.st_size > INT64_C(4000000000) && first.st_blocks * 512 < 20000000);
    p.span.count = p.layout.row_count = RUNS + 1;
    OK(storage->open(&stage, file, PIPETTE_STORAGE_UPDATE));
    OK(storage->extend(&stage, &p.layout));
    OK(direct->place(&stage, V, &after));
    CU_ASSERT_EQUAL(before.offset, after.offset);
    values[LONG - 1] = 5.5;
    OK(write_cells(&stage, RUNS, 1, V, values, sizeof values));
    OK(write_cells(&stage, RUNS, 1, STATE, all_done, 1));
    OK(storage->finish(&stage, 0));
    storage->destroy(&stage);
    CU_ASSERT_EQUAL(stat(file, &facts), 0);
    CU_ASSERT_EQUAL(facts.st_ino, first.st_ino);
    /* A chunk more, and no more than the run on the disk. */
    CU_ASSERT_TRUE(facts.st_size - first.st_size < 10000000 && (facts.st_blocks - first.st_blocks) * 512 < 2000000);
    CU_ASSERT_TRUE(python(
        file, "V = h5py.File(file, 'r')['results/neuron/V']\n"
              "assert V.shape == (5001, 100000) and V[1234, -1] == 4.5 and V[5000, -1] == 5.5 and V[4999, 7] == 0\n"));
    (void)unlink(file);
}

/* A row of more bytes than a chunk can have. */
static void test_huge_rows(void)
{
    static const pipette_dimension huge_dimension[] = {PIPETTE_DIMENSION("time", "ms", 550000000, 0.0, 0.0, "Time.")};
    pipette_stage stage = new_stage();
    const pipette_storage_direct *direct = descriptor->extension(PIPETTE_STORAGE_DIRECT_EXTENSION);
    double last = 0;
    uint64_t i, bytes, end;
    int round, fd;
    plan p;
    tutorial(&p, 2);
    p.columns[V].dimensions = huge_dimension;
    OK(lay_out(&stage, fresh("huge.hdf5"), &p));
    for (round = 0; round < 2; round++) {
        pipette_place place = {.size = sizeof place};
        OK(direct->place(&stage, V, &place));
        fd = open(file, O_WRONLY);
        if (fd < 0) /* until the first run it may have another name */
            OK(storage->flush(&stage));
        fd = fd < 0 ? open(file, O_WRONLY) : fd;
        /* The last element of each row. */
        for (i = bytes = 0, end = UINT64_C(4400000000); i < place.span_count; bytes += place.spans[i++].bytes)
            for (; end <= bytes + place.spans[i].bytes; end += UINT64_C(4400000000)) {
                last = (double)(end / UINT64_C(4400000000)) + 0.5;
                CU_ASSERT_EQUAL(
                    pwrite(fd, &last, sizeof last, (off_t)(place.spans[i].offset + (end - bytes) - sizeof last)),
                    (ssize_t)sizeof last);
            }
        (void)close(fd);
        CU_ASSERT_EQUAL(last, round + 2.5);
        OK(write_cells(&stage, 0, p.layout.row_count, STATE, "\1\1\1", 1));
        OK(storage->finish(&stage, 0));
        CU_ASSERT_TRUE(python(file, "V = h5py.File(file, 'r')['results/neuron/V']\n"
                                    "assert V.shape[1] == 550000000 and list(V[:, -1]) == [i + 1.5 for i in "
                                    "range(len(V))] and V[0, 12345] == 0\n"));
        if (round == 0) {
            p.span.count = p.layout.row_count = 3;
            OK(storage->open(&stage, file, PIPETTE_STORAGE_UPDATE));
            OK(storage->extend(&stage, &p.layout));
        }
    }
    storage->destroy(&stage);
    (void)unlink(file);
}

/* ---- What others have put into the file ---- */

static const char put_script[] =
    "f = h5py.File(file, 'r+', libver=LIBVER)\n"
    "f.attrs['owner'] = 'somebody'; f['results'].attrs['notes'] = ['a', 'b']\n"
    "V = f['results/neuron/V']\n"
    "V.attrs['checked'] = np.arange(5); V.attrs['peer'] = f['results/neuron/rate'].ref; V.attrs['empty'] = "
    "h5py.Empty('f')\n"
    "g = f.create_group('mine/deep')\n"
    "g.attrs['x'] = 1.5\n"
    "g['small'] = np.arange(10); g['small'].attrs['of'] = V.ref\n"
    "g.create_dataset('large', data=np.random.RandomState(1).rand(100, 1000), chunks=(10, 1000), compression='gzip')\n"
    "g['large'].attrs['unit'] = 'mV'\n"
    "g['alias'] = V; g['large too'] = g['large']; g['up'] = f['mine']\n"
    "g['soft'] = h5py.SoftLink('/results/neuron/V'); g['external'] = h5py.ExternalLink('other.h5', '/x')\n"
    "g['type'] = np.dtype([('a', 'f4'), ('b', 'i8')]); g.create_dataset('typed', (3,), dtype=g['type'])\n"
    "g['references'] = np.array([V.ref, g['small'].ref, g['large'].ref], dtype=h5py.ref_dtype)\n"
    "g['texts'] = ['x', 'yy', 'zzz']\n"
    "m = f.create_dataset('results/neuron/mean_V', data=V[:].mean(1))\n"
    "m.dims[0].attach_scale(f['run'])\n"
    "f['results/extra'] = [1, 2, 3]\n" /* a name that a result comes to need */
    "f.close()\n";

static const char there_script[] =
    "f = h5py.File(file, 'r')\n"
    "assert f.attrs['owner'] == 'somebody' and list(f['results'].attrs['notes']) == ['a', 'b']\n"
    "V = f['results/neuron/V']\n"
    "assert list(V.attrs['checked']) == [0, 1, 2, 3, 4] and isinstance(V.attrs['empty'], h5py.Empty)\n"
    "assert f[V.attrs['peer']] == f['results/neuron/rate']\n"
    "g = f['mine/deep']\n"
    "assert g.attrs['x'] == 1.5 and list(g['small'][:]) == list(range(10)) and f[g['small'].attrs['of']] == V\n"
    "assert (g['large'][:] == np.random.RandomState(1).rand(100, 1000)).all() and g['large'].compression == 'gzip'\n"
    "assert g['large'].attrs['unit'] == 'mV' and g['large too'] == g['large'] and h5py.h5o.get_info(g['large'].id).rc "
    "== 2\n"
    "assert g['alias'] == V and g['up'] == f['mine']\n"
    "assert g.get('soft', getlink=True).path == '/results/neuron/V' and g.get('external', getlink=True).filename == "
    "'other.h5'\n"
    "assert g['typed'].shape == (3,) and g['type'].dtype.names == ('a', 'b')\n"
    "r = g['references'][:]\n"
    "assert f[r[0]] == V and f[r[1]] == g['small'] and f[r[2]] == g['large']\n"
    "assert [t.decode() for t in g['texts'][:]] == ['x', 'yy', 'zzz']\n"
    "m = f['results/neuron/mean_V']\n"
    "assert m.dims[0][0] == f['run'] and len(m) == len(V)\n"
    "assert np.allclose(m[:4], np.arange(4) + 0.0245) and np.isnan(m[4:]).all()\n"
    "mine = f['results/extra_2'] if 'extra_2' in f['results'] else f['results/extra']\n"
    "assert list(mine[:]) == [1, 2, 3]\n"
    "first = 'at %d' % g['large'].id.get_chunk_info(0).byte_offset\n"
    "import os\n"
    "if len(V) == 5: open(file + '.place', 'w').write(first)\n"
    "assert open(file + '.place').read() == first\n";

static void check_others(const char *libver)
{
    static char script[4096];
    pipette_stage stage = new_stage();
    uint64_t row, round;
    pipette_value value = pipette_value_f64(2.5);
    plan p;
    tutorial(&p, 4);
    OK(lay_out(&stage, fresh("others.hdf5"), &p));
    for (row = 0; row < 4; row++)
        OK(store_run(&stage, row, PIPETTE_STATE_DONE));
    OK(storage->finish(&stage, 0));
    (void)snprintf(script, sizeof script, "LIBVER = '%s'\n%s", libver, put_script);
    CU_ASSERT_TRUE(python(file, script));
    for (round = 0; round < 4; round++) {
        grow_to(&stage, &p, 5 + round);
        if (round == 2) { /* an undeclared result that is called like something of theirs */
            OK(storage->add_column(&stage, &undeclared));
            OK(storage->append(&stage, 6, COLUMNS, &value));
        }
        OK(storage->finish(&stage, 0));
        CU_ASSERT_TRUE(python(file, there_script));
        CU_ASSERT_TRUE(shell("h5dump '%1$s' > /dev/null", file));
    }
    storage->destroy(&stage);
    CU_ASSERT_TRUE(python(file, "h = h5py.File(file, 'r')\n"
                                "assert h['results/extra'][6] == 2.5 and np.isnan(h['results/extra'][5]) and "
                                "len(h['results/neuron/V']) == 8\n"));
    stage = opened(file, PIPETTE_STORAGE_READ);
    CU_ASSERT_EQUAL(one(&stage, "results.neuron.$.nspikes", 7).as.i64, 70);
    close_down(&stage);
}

static void test_others(void)
{
    check_others("earliest");
    check_others("latest");
}

/* What they put in takes room once, however often the file grows. */
static void test_others_room(void)
{
    pipette_stage stage = new_stage();
    uint64_t rows;
    struct stat facts;
    plan p;
    tutorial(&p, 1);
    OK(lay_out(&stage, fresh("room.hdf5"), &p));
    OK(store_run(&stage, 0, PIPETTE_STATE_DONE));
    OK(storage->finish(&stage, 0));
    CU_ASSERT_TRUE(python(
        file,
        "f = h5py.File(file, 'r+')\nf['theirs/large'] = np.arange(500000.0)\nf['theirs/small'] = np.arange(1000.0)\n"));
    for (rows = 2; rows <= 100; rows++) {
        grow_to(&stage, &p, rows);
        OK(storage->finish(&stage, 0));
    }
    storage->destroy(&stage);
    CU_ASSERT_EQUAL(stat(file, &facts), 0);
    CU_ASSERT_TRUE(facts.st_size > 4000000 && facts.st_size < 5000000);
    CU_ASSERT_TRUE(python(file, "f = h5py.File(file, 'r')\n"
                                "assert (f['theirs/large'][:] == np.arange(500000.0)).all() and (f['theirs/small'][:] "
                                "== np.arange(1000.0)).all()\n"));
}

static void test_end(void)
{
    folder_end();
}

SUITE("hdf5 growth", {"a thousand times", test_thousand}, {"a large file", test_large}, {"huge rows", test_huge_rows},
      {"what others have put in", test_others}, {"room for what others have put in", test_others_room},
      {"nothing is left", test_end}, )
