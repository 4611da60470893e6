/* The storage plugin `hdf5`: what stands in the way of one reader or another: units, texts, names, extents of 0. */
#include "hdf5_host.h"

/* Whether a program is there that not every machine has. */
static bool has(const char *program)
{
    return shell("command -v '%s' > /dev/null 2>&1", program);
}

static bool has_ncdf4(void)
{
    return has("Rscript") && shell("Rscript -e 'library(%s)' > /dev/null 2>&1", "ncdf4");
}

/* Every variable of the file is read by R's ncdf4, every group named here by Octave. */
static bool read_by_others(const char *groups)
{
    bool ok = shell("ncdump '%s' > /dev/null", file) && shell("h5dump '%s' > /dev/null", file);
    char command[1000];
    if (has_ncdf4()) {
        (void)snprintf(command, sizeof command,
                       "Rscript -e 'library(ncdf4)' -e 'n <- nc_open(\"%s\"); for (v in names(n$var)) if "
                       "(prod(n$var[[v]]$varsize) > 0) ncvar_get(n, v)' "
                       "> /dev/null",
                       file);
        ok = SHELL(command) == 0 && ok;
    }
    if (has("octave")) {
        (void)snprintf(command, sizeof command,
                       "HDF5_USE_FILE_LOCKING=FALSE octave -q --no-gui --eval 'for g = {%s}, x = load(\"-hdf5\", "
                       "\"%s\", g{1}); assert(isfield(x, g{1})); end'",
                       groups, file);
        ok = SHELL(command) == 0 && ok;
    }
    return ok;
}

/* Durations stay numbers in xarray; the plugin keeps what the author wrote. */
static void test_units(void)
{
    static const char script[] =
        "for e in engines:\n"
        "    d = ds('results', e)\n"
        "    want = dict(days='d', hours='h', minutes='min', seconds='s', milliseconds='ms', microseconds='us', "
        "nanoseconds='ns', second='second')\n"
        "    for name, unit in want.items():\n"
        "        assert d[name].dtype == np.float64 and d[name].attrs['units'] == unit, (name, d[name])\n"
        "        assert d[name].values[0] == 1.5\n"
        "    assert d.days.attrs['long_name'] == 'How long' and d.hours.attrs['long_name'] == 'And so on...'\n"
        "    assert d.minutes.attrs['long_name'] == 'a.b. c' and 'long_name' not in d.seconds.attrs\n"
        "    assert d.when.attrs['units'] == 's' and d.when.dtype == np.float64 and ds('parameters', e).wait.values == "
        "3.0\n"
        "    assert ds('parameters', e).wait.attrs['units'] == 'd'\n";
    static const char *const names[] = {"days",         "hours",        "minutes",     "seconds",
                                        "milliseconds", "microseconds", "nanoseconds", "second"};
    static const char *const docs[] = {"How long.", "And so on...", "a.b. c", ".", "d", "d", "d", "d"};
    static const pipette_dimension when[] = {PIPETTE_DIMENSION("when", "seconds", 2, 0.0, 0.5, "When.")};
    static const double value = 1.5, values[] = {1.0, 2.0};
    static const int8_t done = PIPETTE_STATE_DONE;
    char paths[8][40];
    pipette_stage stage = new_stage();
    uint32_t i;
    plan p;
    tutorial(&p, 1);
    for (i = 0; i < 8; i++) {
        (void)snprintf(paths[i], sizeof paths[i], "results.$.%s", names[i]);
        p.columns[i] = (pipette_column_spec)COLUMN(paths[i], PIPETTE_TYPE_F64, PIPETTE_ROLE_RESULT, 0, names[i],
                                                   docs[i], NULL, 0, NULL, 0);
    }
    p.columns[8] = (pipette_column_spec)COLUMN("results.$.series", PIPETTE_TYPE_F64, PIPETTE_ROLE_RESULT, 0, "1", "",
                                               when, 1, NULL, 0);
    p.columns[9] = (pipette_column_spec)COLUMN("runs.state", PIPETTE_TYPE_BOOL, PIPETTE_ROLE_LEDGER, 0, "", "d", NULL,
                                               0, states, 5);
    p.layout.column_count = 10;
    p.layout.table_count = 0;
    p.leaves[0] = leaf("parameters.wait", "days", "d", pipette_value_f64(3.0));
    p.layout.leaf_count = 1;
    OK(lay_out(&stage, fresh("units.hdf5"), &p));
    for (i = 0; i < 8; i++)
        OK(write_cells(&stage, 0, 1, i, &value, 8));
    OK(write_cells(&stage, 0, 1, 8, values, 16));
    OK(write_cells(&stage, 0, 1, 9, &done, 1));
    close_down(&stage);
    CU_ASSERT_TRUE(python(file, script));
    stage = opened(file, PIPETTE_STORAGE_READ);
    list_text[0] = '\0';
    OK(storage->list(&stage, note_entry, NULL));
    CU_ASSERT_PTR_NOT_NULL(strstr(list_text, "2 results.$.milliseconds f64 [milliseconds]\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(list_text, "1 parameters.wait f64 [days]\n"));
    close_down(&stage);
}

/* Single texts in the form that everybody reads, whatever is in them; a comment of any length. */
static void test_texts(void)
{
    static const char script[] =
        "for e in engines:\n"
        "    p = ds('parameters', e)\n"
        "    def text(v): return v if isinstance(v, str) else v.decode()\n"
        "    assert [text(p[n].values[()]) for n in ('empty', 'one', 'wide')] == ['', 'x', 'hällo'], p\n"
        "    assert list(p.words.values) == ['a', 'ü'] and p.small.values == 0.25\n"
        "h = h5py.File(file, 'r')\n"
        "def no_compact(name, o):\n"
        "    if isinstance(o, h5py.Dataset): assert o.id.get_create_plist().get_layout() != h5py.h5d.COMPACT, name\n"
        "h.visititems(no_compact)\n"
        "for n in ('parameters/empty', 'parameters/one', 'parameters/wide', 'pipette/layout', 'pipette/exploration'):\n"
        "    t = h[n].id.get_type()\n"
        "    assert not t.is_variable_str() and t.get_cset() == h5py.h5t.CSET_ASCII and t.get_size() >= 2, n\n"
        "assert h.attrs['comment'] == 'ä' * 70000 and h['parameters/one'].attrs['long_name'] == 'L' * 65000\n"
        "import netCDF4\n"
        "assert netCDF4.Dataset(file).comment == 'ä' * 70000\n";
    static const char *const words[] = {"a", "ü"};
    static const uint64_t two[] = {2};
    char *comment = malloc(140001), *doc = malloc(65002);
    pipette_stage stage = new_stage();
    pipette_storage_info info;
    uint32_t i;
    plan p;
    for (i = 0; i < 70000; i++)
        memcpy(comment + (size_t)2 * i, "ä", 3);
    memset(doc, 'L', 65000);
    memcpy(doc + 65000, ".", 2);
    tutorial(&p, 2);
    p.layout.comment = comment;
    p.layout.exploration = "";
    p.leaves[0] = leaf("parameters.empty", "", "d", pipette_value_string(""));
    p.leaves[1] = leaf("parameters.one", "", doc, pipette_value_string("x"));
    p.leaves[2] = leaf("parameters.wide", "", "d", pipette_value_string("hällo"));
    p.leaves[3] = leaf("parameters.words", "", "d", pipette_value_array(PIPETTE_TYPE_STRING, 1, two, words));
    p.leaves[4] = leaf("parameters.small", "1", "d", pipette_value_f64(0.25));
    p.layout.leaf_count = 5;
    OK(lay_out(&stage, fresh("texts.hdf5"), &p));
    OK(store_run(&stage, 0, PIPETTE_STATE_DONE));
    OK(store_run(&stage, 1, PIPETTE_STATE_DONE));
    close_down(&stage);
    CU_ASSERT_TRUE(python(file, script));
    CU_ASSERT_TRUE(read_by_others("\"results\""));
    stage = opened(file, PIPETTE_STORAGE_READ);
    CU_ASSERT_STRING_EQUAL(one(&stage, "parameters.empty", 0).as.string, "");
    CU_ASSERT_STRING_EQUAL(one(&stage, "parameters.one", 0).as.string, "x");
    CU_ASSERT_STRING_EQUAL(one(&stage, "parameters.wide", 0).as.string, "hällo");
    memset(&info, 0, sizeof info);
    OK(storage->info(&stage, &info));
    CU_ASSERT_STRING_EQUAL(info.comment, comment);
    CU_ASSERT_STRING_EQUAL(info.exploration, "");
    close_down(&stage);
    free(comment);
    free(doc);
}

/* A list of `count` elements as the result of a run. */
static void append_list(pipette_stage *stage, uint64_t row, uint32_t column, int type, uint64_t count,
                        const void *elements)
{
    pipette_value value = pipette_value_array(type, 1, &count, elements);
    OK(storage->append(stage, row, column, &value));
}

static const pipette_run_span far_spans[] = {{7, 2}, {UINT64_C(1) << 40, 1}};

/* Three runs, the second one pending, with lists of every kind. */
static void store_lists(const char *name, bool far)
{
    static const pipette_column_spec list_columns[] = {
        COLUMN("results.$.sample", PIPETTE_TYPE_I32, PIPETTE_ROLE_RESULT, 0, "1", "d", spike_dimension, 1, NULL, 0),
        COLUMN("results.$.words", PIPETTE_TYPE_STRING, PIPETTE_ROLE_RESULT, 0, "", "d", spike_dimension, 1, NULL, 0),
        COLUMN("results.$.z", PIPETTE_TYPE_COMPLEX, PIPETTE_ROLE_RESULT, 0, "V", "d", spike_dimension, 1, NULL, 0),
        COLUMN("runs.state", PIPETTE_TYPE_BOOL, PIPETTE_ROLE_LEDGER, 0, "", "d", NULL, 0, states, 5)};
    static const int32_t samples[] = {1, 2, 3};
    static const char *const words[] = {"a", "bü"};
    static const pipette_complex z[] = {{1, 2}, {3, 4}};
    static const int8_t done[] = {PIPETTE_STATE_DONE, PIPETTE_STATE_PENDING, PIPETTE_STATE_DONE};
    pipette_stage stage = new_stage();
    plan p;
    tutorial(&p, 3);
    memcpy(p.columns, list_columns, sizeof list_columns);
    p.layout.column_count = 4;
    p.layout.table_count = 0;
    if (far) {
        p.layout.spans = far_spans;
        p.layout.span_count = 2;
    }
    OK(lay_out(&stage, fresh(name), &p));
    append_list(&stage, 0, 0, PIPETTE_TYPE_I32, 3, samples);
    append_list(&stage, 2, 0, PIPETTE_TYPE_I32, 2, samples);
    append_list(&stage, 0, 1, PIPETTE_TYPE_STRING, 2, words);
    append_list(&stage, 2, 1, PIPETTE_TYPE_STRING, 1, words);
    append_list(&stage, 0, 2, PIPETTE_TYPE_COMPLEX, 0, z);
    append_list(&stage, 2, 2, PIPETTE_TYPE_COMPLEX, 2, z);
    OK(write_cells(&stage, 0, 3, 3, done, 1));
    OK(storage->finish(&stage, 0));
    storage->destroy(&stage);
}

/* Each ragged result has its group, where the run of each sample stands: its index, in 64 bits where it needs them. */
static void test_ragged(void)
{
    static const char script[] =
        "for e in engines:\n"
        "    s = ds('results/sample', e)\n"
        "    assert s['sample'].dims == ('sample_2',) and list(s['sample'].values) == [1, 2, 3, 1, 2] and "
        "list(s.run.values) == [0, 0, 0, 2, 2]\n"
        "    w = ds('results/words', e)\n"
        "    assert list(w.words.values) == ['a', 'bü', 'a'] and list(w.run.values) == [0, 0, 2], w\n"
        "    z = ds('results/z', e)\n"
        "    assert z.z.dims == ('sample', 'complex') and z.z.values.tolist() == [[1, 2], [3, 4]] and "
        "list(z.run.values) == [2, 2]\n"
        "    d = ds('results', e)\n"
        "    assert list(d.sample_count.values) == [3, 0, 2] and list(d.words_count.values) == [2, 0, 1] and "
        "list(d.z_count.values) == [0, 0, 2]\n"
        "    assert len(d.to_dataframe()) == 3\n"
        "    assert s.run.attrs['instance_dimension'] == 'run' and s.run.dtype == np.int32\n";
    static const char far[] = "for e in engines:\n"
                              "    z = ds('results/z', e)\n"
                              "    assert z.run.dtype == np.int64 and list(z.run.values) == [2**40] * 2 and "
                              "'instance_dimension' not in z.run.attrs\n"
                              "    assert list(ds('results/sample', e).run.values) == [7, 7, 7, 2**40, 2**40]\n"
                              "    assert list(ds('results', e).run.values) == [7, 8, 2**40]\n";
    pipette_stage stage;
    int i;
    store_lists("lists.hdf5", false);
    CU_ASSERT_TRUE(python(file, script));
    CU_ASSERT_TRUE(read_by_others("\"parameters\"")); /* Octave takes no lists of words */
    /* A structure that gets nothing new has them where they stood. */
    for (i = 0; i < 2; i++) {
        pipette_value late = pipette_value_i64(i);
        pipette_leaf_spec added = leaf("parameters.late", "1", "", late);
        stage = opened(file, PIPETTE_STORAGE_UPDATE);
        OK(storage->put_leaf(&stage, &added));
        OK(storage->finish(&stage, 0));
        storage->destroy(&stage);
        CU_ASSERT_TRUE(python(file, script));
    }
    stage = opened(file, PIPETTE_STORAGE_READ);
    CU_ASSERT_STRING_EQUAL(((const char *const *)one(&stage, "results.$.words", 0).data)[1], "bü");
    CU_ASSERT_EQUAL(((const pipette_complex *)one(&stage, "results.$.z", 2).data)[1].real, 3.0);
    close_down(&stage);
    store_lists("far.hdf5", true);
    CU_ASSERT_TRUE(python(file, far));
}

static void test_end(void)
{
    folder_end();
}

SUITE("plugins/hdf5 readers", {"units of time", test_units}, {"texts", test_texts}, {"ragged results", test_ragged},
      {"end", test_end}, )
