/* The storage plugin `hdf5`: what goes in comes out, also for xarray, h5py, netCDF and pandas. */
#include "hdf5_host.h"

static void test_descriptor(void)
{
    pipette_stage stage = new_stage();
    storage->destroy(&stage);
    CU_ASSERT_EQUAL(descriptor->kind, PIPETTE_KIND_STORAGE);
    CU_ASSERT_STRING_EQUAL(descriptor->name, "hdf5");
    CU_ASSERT_EQUAL(storage->version, PIPETTE_STORAGE_VERSION);
    CU_ASSERT_EQUAL(descriptor->option_count, 1);
    CU_ASSERT_STRING_EQUAL(descriptor->options[0].path, "file");
    CU_ASSERT_PTR_NULL(descriptor->extension("pipette.storage.direct/2"));
    CU_ASSERT_PTR_NOT_NULL(descriptor->extension(PIPETTE_STORAGE_DIRECT_EXTENSION));
}

static void test_tutorial(void)
{
    static const char script[] =
        "for e in engines:\n"
        "    d = ds('results/neuron', e)\n"
        "    assert d.V.dims == ('run', 'time') and d.V.shape == (303, 50), d\n"
        "    assert d.V.attrs['units'] == 'mV' and d.V.attrs['long_name'] == 'Potential'\n"
        "    assert set(d.coords) == {'I', 'tau_ref', 'time'}, d.coords\n"
        "    assert d.I.dims == ('run',) and d.I.attrs['units'] == 'nA' and d.tau_ref.attrs['units'] == 'ms'\n"
        "    assert d.time.attrs['units'] == 'ms' and d.time.values[7] == 7 * 0.1\n"
        "    assert d.nspikes.dtype == np.float64 and d.nspikes.values[13] == 130 and "
        "np.isnan(d.nspikes.values[7:9]).all()\n" /* it has holes */
        "    assert d.rate.values[302] == 151.0 and d.V.values[13, 5] == 13.005\n"
        "    assert np.isnan(d.rate.values[7]) and np.isnan(d.V.values[7]).all() and np.isnan(d.V.values[8]).all()\n"
        "    assert d.I.values[7] == 0.07\n"
        "    r = ds('runs', e)\n"
        "    assert list(r.state.values[6:10]) == [1, 2, 4, 1] and r.state.dtype == np.int8\n"
        "    assert list(r.state.attrs['flag_values']) == [0, 1, 2, 3, 4]\n"
        "    assert r.state.attrs['flag_meanings'] == 'pending done failed timed_out infeasible'\n"
        "    assert r.duration.values[7] == 0.5 and r.start.dims == ('run',)\n"
        "    p = ds('parameters/neuron', e)\n"
        "    assert p.tau_V.values == 10.0 and p.tau_V.attrs['units'] == 'ms' and p.I.shape == (303,)\n"
        "    assert list(p.weights.values) == [1.5, 2.5, 3.5]\n"
        "    assert ds('parameters/simulation', e).steps.values == 50\n"
        "    t = ds('results/summary/firing_rates', e)\n"
        "    assert t.rate.dims == ('I', 'tau_ref') and t.rate.attrs['units'] == 'Hz' and t.I.attrs['units'] == 'nA'\n"
        "    assert t.rate.sel(I=0.35, tau_ref=5.0, method='nearest') == 3500.0\n"
        "    assert t.rate.sel(I=0.13, tau_ref=10.0) == 1302.0\n"
        "    assert t.attrs['comment'] == 'Rates by current.'\n"
        "    m = ds('runs/message', e)\n"
        "    assert list(m.row.values) == [7] and m.text.values[0] == 'it overflowed'\n"
        "    g = xr.open_dataset(file, engine=e)\n"
        "    assert g.attrs['Conventions'] == 'CF-1.9' and g.attrs['title'] == 'FiringRate'\n"
        "    assert g.attrs['comment'] == 'Firing rate of a neuron'\n"
        "    for name in ('config', 'config/pipeline', 'pipette', 'results', 'parameters'): ds(name, e)\n"
        "h = h5py.File(file, 'r')\n"
        "assert h['config/pipeline/text'][()].decode() == 'name = \"FiringRate\";\\n\\tπ\\n'\n"
        "assert h['config/seed'][()] == 18446744073709551615\n"
        "assert h['pipette/exploration'][()] == b'product tau_ref, I'\n"
        "assert h['results/neuron/V'].dims[1][0].name.endswith('/time')\n"
        "import pandas\n"
        "frame = ds('results/neuron')[['rate', 'nspikes']].to_dataframe()\n"
        "assert list(frame.columns) == ['rate', 'nspikes', 'I', 'tau_ref'] and len(frame) == 303\n";
    pipette_stage stage = new_stage();
    pipette_value text = pipette_value_string("it overflowed");
    pipette_storage_info info;
    pipette_value part;
    double read[3];
    uint64_t row, total;
    plan p;
    tutorial(&p, 303);
    OK(lay_out(&stage, fresh("made/here/tutorial.hdf5"), &p));
    for (row = 0; row < 303; row++)
        OK(store_run(&stage, row,
                     row == 7   ? PIPETTE_STATE_FAILED
                     : row == 8 ? PIPETTE_STATE_INFEASIBLE
                                : PIPETTE_STATE_DONE));
    OK(storage->append(&stage, 7, MESSAGE, &text));
    OK(storage->flush(&stage));
    OK(storage->read(&stage, "results.neuron.$.nspikes", 6, 3, PIPETTE_TYPE_F64, read));
    CU_ASSERT_EQUAL(read[0], 60.0);
    CU_ASSERT_TRUE(isnan(read[1]) && isnan(read[2]));
    put_rates(&stage, &p);
    memset(&info, 0, sizeof info);
    OK(storage->info(&stage, &info));
    CU_ASSERT_STRING_EQUAL(info.name, "FiringRate");
    CU_ASSERT_EQUAL(info.row_count, 303);
    CU_ASSERT_TRUE(info.byte_count > 303 * STEPS * 8);
    OK(storage->finish(&stage, 1));
    storage->destroy(&stage);
    CU_ASSERT_TRUE(python(file, script));
    CU_ASSERT_TRUE(shell("ncdump -h '%s' > /dev/null", file));
    CU_ASSERT_TRUE(shell("h5dump '%s' > /dev/null", file));
    /* Nothing else is left beside it. */
    CU_ASSERT_TRUE(shell("test \"$(ls -A $(dirname '%s'))\" = tutorial.hdf5", file));
    /* And what the plugin itself reads. */
    stage = opened(file, PIPETTE_STORAGE_READ);
    OK(storage->info(&stage, &info));
    CU_ASSERT_EQUAL(info.finished, 1);
    CU_ASSERT_STRING_EQUAL(info.comment, "Firing rate of a neuron");
    CU_ASSERT_STRING_EQUAL(info.exploration, "product tau_ref, I");
    CU_ASSERT_EQUAL(info.span_count, 1);
    CU_ASSERT_EQUAL(info.spans[0].count, 303);
    OK(storage->read(&stage, "results.neuron.$.rate", 301, 2, PIPETTE_TYPE_F64, read));
    CU_ASSERT_EQUAL(read[0], 150.5);
    CU_ASSERT_EQUAL(read[1], 151.0);
    CU_ASSERT_STRING_EQUAL(one(&stage, "runs.message", 7).as.string, "it overflowed");
    CU_ASSERT_STRING_EQUAL(one(&stage, "config.pipeline.text", 0).as.string, "name = \"FiringRate\";\n\tπ\n");
    CU_ASSERT_EQUAL(one(&stage, "config.seed", 0).as.u64, UINT64_C(18446744073709551615));
    CU_ASSERT_EQUAL(one(&stage, "parameters.simulation.steps", 0).as.i64, STEPS);
    CU_ASSERT_EQUAL(one(&stage, "runs.state", 8).as.boolean, PIPETTE_STATE_INFEASIBLE);
    CU_ASSERT_EQUAL(((const double *)one(&stage, "results.neuron.$.V", 13).data)[5], 13.005);
    CU_ASSERT_EQUAL(one(&stage, "results.neuron.$.V", 13).shape[0], STEPS);
    /* Parts of a row, up to its end and behind it; of a scalar and of a table, too; nothing of a run that is not done.
     */
    OK(storage->read_part(&stage, "results.neuron.$.V", 13, 5, 2, &part, &total));
    CU_ASSERT_EQUAL(total, STEPS);
    CU_ASSERT_EQUAL(part.rank, 1);
    CU_ASSERT_EQUAL(part.shape[0], 2);
    CU_ASSERT_EQUAL(((const double *)part.data)[0], 13.005);
    OK(storage->read_part(&stage, "results.neuron.$.V", 13, STEPS - 1, 10, &part, &total));
    CU_ASSERT_EQUAL(part.shape[0], 1);
    OK(storage->read_part(&stage, "results.neuron.$.V", 13, STEPS + 5, 10, &part, &total));
    CU_ASSERT_EQUAL(part.shape[0], 0);
    OK(storage->read_part(&stage, "results.neuron.$.V", 8, 0, 2, &part, &total));
    CU_ASSERT_TRUE(isnan(((const double *)part.data)[0]));
    OK(storage->read_part(&stage, "results.neuron.$.rate", 301, 0, 8, &part, &total));
    CU_ASSERT_EQUAL(part.rank, 0);
    CU_ASSERT_EQUAL(part.as.f64, 150.5);
    OK(storage->read_part(&stage, "results.summary.firing_rates.rate", 0, 35 * 3, 2, &part, &total));
    CU_ASSERT_EQUAL(total, 303);
    CU_ASSERT_EQUAL(((const double *)part.data)[0], 3500.0);
    REFUSED(storage->read_part(&stage, "results.neuron.$.V", 303, 0, 1, &part, &total), PIPETTE_E_BOUNDS, "303 rows");
    CU_ASSERT_EQUAL(((const double *)one(&stage, "results.summary.firing_rates.rate", 0).data)[35 * 3], 3500.0);
    CU_ASSERT_EQUAL(((const double *)one(&stage, "results.summary.firing_rates.tau_ref", 0).data)[1], 7.5);
    REFUSED(storage->read_one(&stage, "runs.message", 8, &text), PIPETTE_E_NOT_FOUND, "row 8 has no 'runs.message'");
    REFUSED(storage->read_one(&stage, "results.nothing", 0, &text), PIPETTE_E_NOT_FOUND, "has no 'results.nothing'");
    REFUSED(storage->read(&stage, "results.neuron.$.rate", 300, 4, PIPETTE_TYPE_F64, read), PIPETTE_E_BOUNDS,
            "303 rows");
    REFUSED(storage->read(&stage, "results.neuron.$.rate", 0, 1, PIPETTE_TYPE_I64, read), PIPETTE_E_TYPE,
            "is f64 and cannot be read as i64");
    REFUSED(storage->flush(&stage), PIPETTE_E_INVALID, "opened for reading");
    list_text[0] = '\0';
    OK(storage->list(&stage, note_entry, NULL));
    CU_ASSERT_PTR_NOT_NULL(strstr(list_text, "2 results.neuron.$.V f64 [mV] time:50\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(list_text, "2 results.neuron.$.rate f64 [Hz] returned\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(list_text, "1 parameters.neuron.tau_V f64 [ms]\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(list_text, "3 results.summary.firing_rates.rate f64 [Hz] I:101 tau_ref:3\n"));
    close_down(&stage);
}

enum {
    T_F64,
    T_F32,
    T_I64,
    T_I32,
    T_U64,
    T_BOOL,
    T_COMPLEX,
    T_GRID,
    T_OTHER,
    T_AX,
    T_BX,
    T_MODE,
    T_STATE,
    TYPE_COLUMNS
};

static void test_types(void)
{
    static const pipette_dimension grid[] = {PIPETTE_DIMENSION("x", "m", 2, 1.0, 0.5, "X."),
                                             PIPETTE_DIMENSION("y", "m", 3, 0.0, 0.0, "Y.")};
    static const pipette_dimension other[] = {PIPETTE_DIMENSION("x", "m", 4, 1.0, 0.5, "Another X.")};
    static const pipette_column_spec type_columns[] = {
        COLUMN("results.t.$.f64", PIPETTE_TYPE_F64, PIPETTE_ROLE_RESULT, 0, "1", "d", NULL, 0, NULL, 0),
        COLUMN("results.t.$.f32", PIPETTE_TYPE_F32, PIPETTE_ROLE_RESULT, 0, "1", "d", NULL, 0, NULL, 0),
        COLUMN("results.t.$.i64", PIPETTE_TYPE_I64, PIPETTE_ROLE_RESULT, 0, "1", "d", NULL, 0, NULL, 0),
        COLUMN("results.t.$.i32", PIPETTE_TYPE_I32, PIPETTE_ROLE_RESULT, 0, "1", "d", NULL, 0, NULL, 0),
        COLUMN("results.t.$.u64", PIPETTE_TYPE_U64, PIPETTE_ROLE_RESULT, 0, "1", "d", NULL, 0, NULL, 0),
        COLUMN("results.t.$.flag", PIPETTE_TYPE_BOOL, PIPETTE_ROLE_RESULT, 0, "", "d", NULL, 0, NULL, 0),
        COLUMN("results.t.$.complex", PIPETTE_TYPE_COMPLEX, PIPETTE_ROLE_RESULT, 0, "V", "d", NULL, 0, NULL, 0),
        COLUMN("results.t.$.grid", PIPETTE_TYPE_I32, PIPETTE_ROLE_RESULT, 0, "1", "d", grid, 2, NULL, 0),
        COLUMN("results.t.$.other", PIPETTE_TYPE_F32, PIPETTE_ROLE_RESULT, 0, "1", "d", other, 1, NULL, 0),
        COLUMN("parameters.a.x", PIPETTE_TYPE_F64, PIPETTE_ROLE_PARAMETER, 0, "m", "d", NULL, 0, NULL, 0),
        COLUMN("parameters.b.x", PIPETTE_TYPE_I64, PIPETTE_ROLE_PARAMETER, 0, "s", "d", NULL, 0, NULL, 0),
        COLUMN("parameters.mode", PIPETTE_TYPE_STRING, PIPETTE_ROLE_PARAMETER, 0, "", "d", NULL, 0, NULL, 0),
        COLUMN("runs.state", PIPETTE_TYPE_BOOL, PIPETTE_ROLE_LEDGER, 0, "", "d", NULL, 0, states, 5)};
    static const char script[] =
        "for e in engines:\n"
        "    d = ds('results/t', e)\n"
        "    for k in ('i64', 'i32', 'u64', 'flag', 'grid'): assert np.isnan(d[k].values[1]).all() and d[k].dtype.kind "
        "== 'f', k\n"
        "    d = xr.open_dataset(file, group='results/t', engine=e, mask_and_scale=False)\n" /* exact, with what stands
                                                                                                for the missing */
        "    kinds = dict(f64='f8', f32='f4', i64='i8', i32='i4', u64='u8', flag='i1', complex='f8', grid='i4')\n"
        "    for k in kinds: assert d[k].dtype == np.dtype(kinds[k]), (k, d[k].dtype)\n"
        "    assert d.f64.values[0] == 0.1 and d.f32.values[0] == np.float32(0.1)\n"
        "    assert d.i64.values[0] == -9007199254740993 and d.i32.values[0] == -2147483648\n"
        "    assert d.u64.values[0] == 18446744073709551615 and d.flag.values[0] == 1\n"
        "    assert d.flag.attrs['flag_meanings'] == 'false true'\n"
        "    assert d.complex.dims == ('run', 'complex_2') and list(d.complex.values[0]) == [1.5, -2.5]\n"
        "    assert d.grid.dims == ('run', 'x', 'y') and d.grid.values[0].tolist() == [[1, 2, 3], [4, 5, 6]]\n"
        "    assert list(d.x.values) == [1.0, 1.5] and d.other.dims == ('run', 'x_2') and d.x_2.values[3] == 2.5\n"
        "    assert set(d.f64.coords) == {'a_x', 'b_x', 'mode'}, d.f64.coords\n"
        "    assert d.a_x.values[1] == 2.5 and d.b_x.values[1] == -3 and d.a_x.attrs['units'] == 'm'\n"
        "    assert list(d['mode'].values) == ['slow', 'schnell ü'], d['mode'].values\n"
        "    assert np.isnan(d.f64.values[1]) and np.isnan(d.f32.values[1]) and np.isnan(d.complex.values[1]).all()\n"
        "    assert d.i64.values[1] == -9223372036854775806 and d.i32.values[1] == -2147483647\n"
        "    assert d.u64.values[1] == 18446744073709551614 and d.flag.values[1] == -127\n"
        "    assert (d.grid.values[1] == -2147483647).all()\n"
        "    p = ds('parameters', e)\n"
        "    assert list(p.names.values) == ['a', '', 'c'] and p.nothing.shape == (0,)\n"
        "    assert list(p.z.values) == [3.0, 4.0] and p.yes.values == 1 and p.matrix.shape == (2, 2)\n";
    static const uint64_t three[] = {3}, two_by_two[] = {2, 2}, none[] = {0};
    static const char *const names[] = {"a", "", "c"};
    static const int32_t matrix[] = {1, 2, 3, 4};
    static const pipette_complex z = {3.0, 4.0}, c[] = {{1.5, -2.5}, {9.0, 9.0}};
    static const double f64[] = {0.1, 9.0}, ax[] = {1.5, 2.5};
    static const float f32[] = {0.1f, 9.0f}, others[] = {1, 2, 3, 4, 9, 9, 9, 9};
    static const int64_t i64[] = {INT64_C(-9007199254740993), 9}, bx[] = {7, -3};
    static const int32_t i32[] = {INT32_MIN, 9}, cells[] = {1, 2, 3, 4, 5, 6, 9, 9, 9, 9, 9, 9};
    static const uint64_t u64[] = {UINT64_MAX, 9};
    static const uint8_t flag[] = {1, 1};
    static const int8_t state[] = {PIPETTE_STATE_DONE, PIPETTE_STATE_PENDING};
    static const char *const modes[] = {"slow", "schnell ü"};
    const void *const data[] = {f64, f32, i64, i32, u64, flag, c, cells, others, ax, bx, modes, state};
    static const uint64_t strides[] = {8, 4, 8, 4, 8, 1, 16, 24, 16, 8, 8, 8, 1};
    pipette_stage stage = new_stage();
    pipette_place place = {.size = sizeof place};
    double back[2];
    int64_t back_i64[2];
    uint32_t i;
    plan p;
    tutorial(&p, 2);
    p.layout.columns = type_columns;
    p.layout.column_count = TYPE_COLUMNS;
    p.layout.table_count = 0;
    p.leaves[0] = leaf("parameters.names", "", "d", pipette_value_array(PIPETTE_TYPE_STRING, 1, three, names));
    p.leaves[1] = leaf("parameters.z", "V", "d", pipette_value_complex(z));
    p.leaves[2] = leaf("parameters.yes", "", "d", pipette_value_bool(1));
    p.leaves[3] = leaf("parameters.matrix", "1", "d", pipette_value_array(PIPETTE_TYPE_I32, 2, two_by_two, matrix));
    p.leaves[4] = leaf("parameters.nothing", "1", "d", pipette_value_array(PIPETTE_TYPE_F64, 1, none, NULL));
    p.leaves[5] = leaf("parameters.single", "1", "d", pipette_value_f32(0.25f));
    p.leaves[6] = leaf("parameters.short", "1", "d", pipette_value_i32(-5));
    p.layout.leaf_count = 7;
    OK(lay_out(&stage, fresh("types.hdf5"), &p));
    for (i = 0; i < TYPE_COLUMNS; i++)
        OK(write_cells(&stage, 0, 2, i, data[i], strides[i]));
    REFUSED(((const pipette_storage_direct *)descriptor->extension(PIPETTE_STORAGE_DIRECT_EXTENSION))
                ->place(&stage, T_MODE, &place),
            PIPETTE_E_UNSUPPORTED, "parameters.mode");
    close_down(&stage);
    CU_ASSERT_TRUE(python(file, script));
    stage = opened(file, PIPETTE_STORAGE_READ);
    CU_ASSERT_EQUAL(one(&stage, "results.t.$.i64", 0).as.i64, INT64_C(-9007199254740993));
    CU_ASSERT_EQUAL(one(&stage, "results.t.$.f32", 0).as.f32, 0.1f);
    CU_ASSERT_EQUAL(one(&stage, "results.t.$.complex", 0).as.complex.imaginary, -2.5);
    CU_ASSERT_EQUAL(one(&stage, "results.t.$.flag", 0).as.boolean, 1);
    CU_ASSERT_EQUAL(one(&stage, "results.t.$.grid", 0).rank, 2);
    CU_ASSERT_EQUAL(((const int32_t *)one(&stage, "results.t.$.grid", 0).data)[5], 6);
    CU_ASSERT_STRING_EQUAL(one(&stage, "parameters.mode", 1).as.string, "schnell ü");
    CU_ASSERT_STRING_EQUAL(((const char *const *)one(&stage, "parameters.names", 0).data)[2], "c");
    CU_ASSERT_EQUAL(one(&stage, "parameters.z", 0).as.complex.real, 3.0);
    CU_ASSERT_EQUAL(one(&stage, "parameters.single", 0).as.f32, 0.25f);
    CU_ASSERT_EQUAL(one(&stage, "parameters.short", 0).as.i32, -5);
    CU_ASSERT_EQUAL(((const int32_t *)one(&stage, "parameters.matrix", 0).data)[3], 4);
    CU_ASSERT_EQUAL(one(&stage, "parameters.nothing", 0).shape[0], 0);
    OK(storage->read(&stage, "results.t.$.i32", 0, 2, PIPETTE_TYPE_F64, back));
    CU_ASSERT_EQUAL(back[0], -2147483648.0);
    CU_ASSERT_TRUE(isnan(back[1]));
    OK(storage->read(&stage, "results.t.$.i32", 0, 2, PIPETTE_TYPE_I64, back_i64));
    CU_ASSERT_EQUAL(back_i64[0], -2147483648);
    CU_ASSERT_EQUAL(back_i64[1], PIPETTE_FILL_I64);
    REFUSED(storage->read(&stage, "results.t.$.u64", 0, 1, PIPETTE_TYPE_I64, back_i64), PIPETTE_E_TYPE,
            "does not fit i64");
    REFUSED(storage->read(&stage, "parameters.mode", 0, 1, PIPETTE_TYPE_F64, back), PIPETTE_E_TYPE, "parameters.mode");
    close_down(&stage);
}

static void test_ragged(void)
{
    static const char script[] =
        "for e in engines:\n"
        "    d = ds('results', e)\n"
        "    s = ds('results/spikes', e)\n"
        "    assert s.spikes.dims == ('sample',) and s.spikes.attrs['units'] == 'ms'\n"
        "    assert s.run.dtype == np.int32 and s.run.dims == ('sample',) and s.run.attrs['instance_dimension'] == "
        "'run'\n"
        "    assert list(s.run.values) == [1, 2, 2, 4, 4, 4, 4] and list(s.coords) == ['run']\n"
        "    assert list(d.spikes_count.values) == [0, 1, 2, 0, 4, 0], d.spikes_count.values\n"
        "    assert d.spikes_count.attrs['sample_dimension'] == 'spikes/sample'\n"
        "    assert list(s.spikes.values) == [1.0, 2.0, 2.125, 4.0, 4.125, 4.25, 4.375]\n"
        "    assert d.pairs_shape.values.tolist() == [[1, 2], [2, 2], [3, 2], [0, 0], [5, 2], [0, 0]]\n"
        "    q = ds('results/pairs', e)\n"
        "    assert q.pairs.shape == (22,) and q.pairs.values[2] == 100 and q.pairs.values[-1] == 409\n"
        "    assert list(q.run.values) == [0] * 2 + [1] * 4 + [2] * 6 + [4] * 10\n"
        "    assert len(d.drop_dims('pairs_axis').to_dataframe()) == 6\n"
        "    assert list(d.word.values) == ['wörd 0', 'wörd 1', 'wörd 2', '', 'wörd 4', '']\n"
        "    x = d.extra.values\n"
        "    assert x[1] == 11.0 and np.isnan(x[[0, 2, 3, 4, 5]]).all() and d.extra.attrs['units'] == 'm'\n";
    pipette_stage stage = new_stage(), reader;
    pipette_value value = pipette_value_f64(11.0);
    uint64_t row;
    plan p;
    ragged_plan(&p, 6);
    OK(lay_out(&stage, fresh("ragged.hdf5"), &p));
    append_run(&stage, 2, PIPETTE_STATE_DONE);
    append_run(&stage, 1, PIPETTE_STATE_DONE);
    append_run(&stage, 5, PIPETTE_STATE_FAILED);
    append_run(&stage, 0, PIPETTE_STATE_DONE);
    append_run(&stage, 4, PIPETTE_STATE_DONE);
    OK(storage->add_column(&stage, &undeclared));
    OK(storage->append(&stage, 1, RAGGED_COLUMNS, &value));
    value = pipette_value_string("no number");
    REFUSED(storage->append(&stage, 1, RAGGED_COLUMNS, &value), PIPETTE_E_TYPE, "results.$.extra");
    OK(storage->flush(&stage));
    /* Somebody looks while it runs: the plugin sees everything, plain tools all but the log. */
    reader = opened(file, PIPETTE_STORAGE_READ);
    for (row = 0; row < 3; row++)
        check_ragged(&reader, row);
    CU_ASSERT_EQUAL(one(&reader, "results.$.extra", 1).as.f64, 11.0);
    REFUSED(storage->read_one(&reader, "results.$.spikes", 5, &value), PIPETTE_E_NOT_FOUND, "row 5");
    REFUSED(storage->read_one(&reader, "results.$.spikes", 3, &value), PIPETTE_E_NOT_FOUND, "row 3");
    CU_ASSERT_TRUE(shell("h5dump '%s' > /dev/null", file));
    CU_ASSERT_TRUE(shell("ncdump '%s' > /dev/null", file));
    CU_ASSERT_TRUE(python(file, "for e in engines: assert list(ds('runs', e).state.values) == [1, 1, 1, 0, 1, 2]\n"));
    close_down(&stage);
    close_down(&reader);
    CU_ASSERT_TRUE(python(file, script));
    CU_ASSERT_TRUE(shell("ncdump '%s' > /dev/null", file));
    /* Going on with what is missing: new values beside those that have their place. */
    stage = opened(file, PIPETTE_STORAGE_UPDATE);
    check_ragged(&stage, 4);
    append_run(&stage, 3, PIPETTE_STATE_DONE);
    append_run(&stage, 5, PIPETTE_STATE_DONE);
    check_ragged(&stage, 3);
    check_ragged(&stage, 2);
    close_down(&stage);
    stage = opened(file, PIPETTE_STORAGE_READ);
    for (row = 0; row < 6; row++)
        check_ragged(&stage, row);
    CU_ASSERT_EQUAL(one(&stage, "results.$.extra", 1).as.f64, 11.0);
    CU_ASSERT_TRUE(isnan(one(&stage, "results.$.extra", 3).as.f64));
    close_down(&stage);
}

/* Rows of a selection: the run index is a coordinate. */
static void test_selection(void)
{
    static const char script[] = "for e in engines:\n"
                                 "    d = ds('results/neuron', e)\n"
                                 "    assert list(d.run.values) == [5, 6, 7, 1000], d\n"
                                 "    assert d.rate.sel(run=1000) == 1.5 and d.V.dims == ('run', 'time')\n"
                                 "    assert list(ds('runs', e).run.values) == [5, 6, 7, 1000]\n";
    static const pipette_run_span spans[] = {{5, 3}, {1000, 1}};
    pipette_storage_info info;
    pipette_stage stage = new_stage();
    uint64_t row;
    plan p;
    tutorial(&p, 4);
    p.layout.spans = spans;
    p.layout.span_count = 2;
    OK(lay_out(&stage, fresh("selection.hdf5"), &p));
    for (row = 0; row < 4; row++)
        OK(store_run(&stage, row, PIPETTE_STATE_DONE));
    close_down(&stage);
    CU_ASSERT_TRUE(python(file, script));
    stage = opened(file, PIPETTE_STORAGE_READ);
    memset(&info, 0, sizeof info);
    OK(storage->info(&stage, &info));
    CU_ASSERT_EQUAL(info.span_count, 2);
    CU_ASSERT_EQUAL(info.spans[1].first, 1000);
    close_down(&stage);
}

/* Nothing came: no run of a ragged result, no run at all. */
static void test_nothing(void)
{
    static const char script[] =
        "for e in engines:\n"
        "    d = ds('results', e)\n"
        "    assert ds('results/spikes', e).spikes.shape == (0,) and list(d.spikes_count.values) == [0, 0, 0]\n"
        "    assert list(d.word.values) == ['', '', '']\n";
    pipette_stage stage = new_stage();
    pipette_storage_info info;
    plan p;
    ragged_plan(&p, 3);
    OK(lay_out(&stage, fresh("nothing.hdf5"), &p));
    close_down(&stage);
    CU_ASSERT_TRUE(python(file, script));
    stage = new_stage();
    tutorial(&p, 0);
    OK(lay_out(&stage, fresh("none.hdf5"), &p));
    close_down(&stage);
    CU_ASSERT_TRUE(python(file, "for e in engines: assert ds('results/neuron', e).V.shape == (0, 50)\n"));
    stage = opened(file, PIPETTE_STORAGE_READ);
    memset(&info, 0, sizeof info);
    OK(storage->info(&stage, &info));
    CU_ASSERT_EQUAL(info.row_count, 0);
    CU_ASSERT_EQUAL(info.finished, 1);
    close_down(&stage);
}

static void test_tables(void)
{
    static const char script[] =
        "for e in engines:\n"
        "    t = ds('results/summary/firing_rates', e)\n"
        "    assert t.rate.shape == (2, 3) and list(t.I.values) == [0.25, 0.5] and t.rate.values[1, 2] == 6\n"
        "    t = ds('results/late', e)\n"
        "    assert t['mean'].dims == ('kind', 'step') and list(t.kind.values) == ['slow', 'fast'] and "
        "t['mean'].values[1, "
        "0] == 3\n"
        "    assert t.z.dims == ('kind', 'step', 'complex')\n";
    static const double rates[] = {1, 2, 3, 4, 5, 6}, currents[] = {0.25, 0.5}, means[] = {1, 2, 3, 4};
    static const pipette_complex z[] = {{1, 2}, {3, 4}, {5, 6}, {7, 8}};
    static const uint64_t two[] = {2};
    static const char *const kinds[] = {"slow", "fast"};
    pipette_table_dimension late_dimensions[2];
    pipette_table_array late_arrays[2];
    pipette_table late;
    pipette_stage stage = new_stage();
    uint64_t row;
    plan p;
    tutorial(&p, 4);
    OK(lay_out(&stage, fresh("tables.hdf5"), &p));
    for (row = 0; row < 4; row++)
        OK(store_run(&stage, row, PIPETTE_STATE_DONE));
    CU_ASSERT_TRUE(python(file, "assert np.isnan(ds('results/summary/firing_rates').rate.values).all()\n"));
    put_rates(&stage, &p);
    CU_ASSERT_EQUAL(((const double *)one(&stage, "results.summary.firing_rates.rate", 0).data)[105], 3500.0);
    /* Another shape than was declared: it replaces the declared one. */
    p.shapes[0] = 2;
    p.dimensions[0].values = pipette_value_array(PIPETTE_TYPE_F64, 1, two, currents);
    p.array.data = rates;
    OK(storage->put_table(&stage, &p.table));
    CU_ASSERT_EQUAL(one(&stage, "results.summary.firing_rates.rate", 0).shape[0], 2);
    /* One that nobody declared. */
    memset(late_dimensions, 0, sizeof late_dimensions);
    late_dimensions[0].name = "kind";
    late_dimensions[0].values = pipette_value_array(PIPETTE_TYPE_STRING, 1, two, kinds);
    late_dimensions[1].name = "step";
    late_dimensions[1].extent = 2;
    memset(late_arrays, 0, sizeof late_arrays);
    late_arrays[0].type = PIPETTE_TYPE_F64;
    late_arrays[0].name = "mean";
    late_arrays[0].data = means;
    late_arrays[1].type = PIPETTE_TYPE_COMPLEX;
    late_arrays[1].name = "z";
    late_arrays[1].data = z;
    late = p.table;
    late.path = "results.late";
    late.dimensions = late_dimensions;
    late.arrays = late_arrays;
    late.array_count = 2;
    OK(storage->put_table(&stage, &late));
    late.path = "results.neuron.$.V";
    REFUSED(storage->put_table(&stage, &late), PIPETTE_E_EXISTS, "results.neuron.$.V");
    close_down(&stage);
    CU_ASSERT_TRUE(python(file, script));
    /* Once more, in place. */
    stage = opened(file, PIPETTE_STORAGE_UPDATE);
    late.path = "results.late";
    OK(storage->put_table(&stage, &late));
    OK(storage->put_table(&stage, &p.table));
    CU_ASSERT_STRING_EQUAL(((const char *const *)one(&stage, "results.late.kind", 0).data)[1], "fast");
    CU_ASSERT_EQUAL(((const pipette_complex *)one(&stage, "results.late.z", 0).data)[3].imaginary, 8.0);
    close_down(&stage);
    CU_ASSERT_TRUE(python(file, script));
}

static void test_names(void)
{
    pipette_stage stage = new_stage();
    plan p;
    tutorial(&p, 4);
    p.columns[V].path = "results.neuron.$.rate.V";
    REFUSED(lay_out(&stage, fresh("names.hdf5"), &p), PIPETTE_E_EXISTS, "results.neuron.$.rate");
    CU_ASSERT_NOT_EQUAL(access(file, F_OK), 0);
    p.columns[V].path = "results.$.neuron.rate";
    REFUSED(storage->lay_out(&stage, &p.layout), PIPETTE_E_EXISTS, "/results/neuron/rate");
    p.columns[V].path = "results.neuron.$.V";
    p.table.path = "results.neuron.V";
    REFUSED(storage->lay_out(&stage, &p.layout), PIPETTE_E_EXISTS, "results.neuron.$.V");
    p.table.path = "results.summary.firing_rates";
    p.columns[V].path = "results.neuron..V";
    REFUSED(storage->lay_out(&stage, &p.layout), PIPETTE_E_INVALID, "results.neuron..V");
    p.columns[V].path = "results.neuron.$.run";
    REFUSED(storage->lay_out(&stage, &p.layout), PIPETTE_E_EXISTS, "rename it");
    /* A result called like an explored parameter: the coordinate gets the longer name. */
    p.columns[V].path = "results.neuron.$.I";
    OK(storage->lay_out(&stage, &p.layout));
    close_down(&stage);
    CU_ASSERT_TRUE(
        python(file, "d = ds('results/neuron')\nassert 'neuron_I' in d.coords and d.I.dims == ('run', 'time')\n"));
}

/* Ten million rows are laid out at once: arrays cost next to nothing until they are written, single numbers read as
 * missing from the beginning. */
static void test_sparse(void)
{
    pipette_stage stage = new_stage();
    struct stat facts;
    plan p;
    tutorial(&p, 10000000);
    OK(lay_out(&stage, fresh("sparse.hdf5"), &p));
    OK(store_run(&stage, 9999999, PIPETTE_STATE_DONE));
    CU_ASSERT_EQUAL(stat(file, &facts), 0);
    CU_ASSERT_TRUE(facts.st_size > (off_t)10000000 * STEPS * 8);
    CU_ASSERT_TRUE(facts.st_blocks * 512 < 500 * 1000000);
    storage->destroy(&stage);
    CU_ASSERT_TRUE(python(file, "assert h5py.File(file, 'r')['results/neuron/V'][9999999, 1] == 9999999.001\n"));
    (void)unlink(file);
}

static void test_end(void)
{
    /* No temporary file is left beside any of the files. */
    CU_ASSERT_TRUE(shell("test -z \"$(find '%s' -name '*.part')\"", folder));
    folder_end();
}

SUITE("hdf5", {"descriptor", test_descriptor}, {"the tutorial", test_tutorial}, {"types", test_types},
      {"ragged, strings, undeclared", test_ragged}, {"nothing came", test_nothing},
      {"a selection of runs", test_selection}, {"tables", test_tables}, {"names", test_names},
      {"ten million rows", test_sparse}, {"nothing is left", test_end}, )
