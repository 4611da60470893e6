/* Tests of the tutorial's experiment, end to end: 303 runs, every bit of them, and the tools that open the file. */
#include "python.h"
#include "base/sha256.h"
#include "suite.h"

#define CONFIG TEST_SOURCE_FOLDER "/../pipelines/firing_rate.cfg"
#define RESULTS "hdf5/FiringRate.hdf5"
#define DATA TEST_SOURCE_FOLDER "/data"
#define V_DIGEST "167612c0a7648f4997f9f8939c1306e0787300065d7ecc0a52636fde357bfd9d"

/* Writes V's bytes, in run order, to a file. */
static const char dump_script[] = "import h5py, sys\n"
                                  "V = h5py.File(sys.argv[1])['results/neuron/V']\n"
                                  "assert V.shape == (303, 10000) and V.dtype == '<f8', (V.shape, V.dtype)\n"
                                  "V[:].tofile('V.bin')\n";

/* Spike counts, rates and the table against the references, bit by bit. */
static const char reference_script[] =
    "import csv, h5py, sys\n"
    "f = h5py.File(sys.argv[1])\n"
    "n, rate = f['results/neuron/nspikes'][:], f['results/neuron/rate'][:]\n"
    "I, tau = f['results/neuron/I'][:], f['results/neuron/tau_ref'][:]\n"
    "rows = list(csv.DictReader(open(sys.argv[2] + '/runs_reference.csv')))\n"
    "assert len(rows) == len(n) == 303\n"
    "for i, row in enumerate(rows):\n"
    "    assert int(row['run_idx']) == i\n"
    "    assert (float(row['I']), float(row['tau_ref'])) == (I[i], tau[i]), i\n"
    "    assert int(row['nspikes']) == n[i], i\n"
    "    assert float(row['rate']) == rate[i], i\n"
    "assert n.sum() == 27707\n"
    "assert (f['runs/state'][:] == 1).all()\n"
    "table = f['results/summary/firing_rates/rates_frame']\n"
    "assert table.shape == (101, 3), table.shape\n"
    "rows = list(csv.reader(open(sys.argv[2] + '/rates.csv')))\n"
    "assert [float(x) for x in rows[0][1:]] == list(f['results/summary/firing_rates/tau_ref'][:])\n"
    "assert [float(r[0]) for r in rows[1:]] == list(f['results/summary/firing_rates/I'][:])\n"
    "assert [[float(x) for x in r[1:]] for r in rows[1:]] == table[:].tolist()\n"
    "print('equal')\n";

static const char xarray_script[] =
    "import h5py, sys, xarray\n"
    "groups = []\n"
    "with h5py.File(sys.argv[1]) as f:\n"
    "    f.visititems(lambda name, o: groups.append(name) if isinstance(o, h5py.Group) else None)\n"
    "for engine in ('h5netcdf', 'netcdf4'):\n"
    "    for group in ['/'] + groups:\n"
    "        with xarray.open_dataset(sys.argv[1], group=group, engine=engine) as d:\n"
    "            d.load()\n"
    "    d = xarray.open_dataset(sys.argv[1], group='results/neuron', engine=engine)\n"
    "    assert d.V.dims == ('run', 'time'), d.V.dims\n"
    "    assert d.nspikes.dims == d['rate'].dims == ('run',)\n"
    "    assert {'I', 'tau_ref', 'time'} <= set(d.coords), d.coords\n"
    "    assert d.I.dims == d.tau_ref.dims == ('run',)\n"
    "    assert d.I.attrs['units'] == '1/ms' and d.tau_ref.attrs['units'] == 'ms' and d.time.attrs['units'] == 'ms'\n"
    "    assert d['rate'].attrs['units'] == 'Hz' and d['rate'].attrs['long_name'] == 'Firing rate'\n"
    "    assert d.time[3].item() == 3 * 0.1\n"
    "    t = xarray.open_dataset(sys.argv[1], group='results/summary/firing_rates', engine=engine)\n"
    "    assert t['rates_frame'].dims == ('I', 'tau_ref') and t['rates_frame'].shape == (101, 3)\n"
    "    assert t.sel(I=0.35, tau_ref=5.0, method='nearest')['rates_frame'].item() == 119.0\n"
    "    assert t.I.attrs['units'] == '1/ms' and t.tau_ref.attrs['units'] == 'ms'\n"
    "print(len(groups))\n";

static void check_values(void)
{
    unsigned char block[65536];
    char digest[65] = "";
    size_t n;
    sha256 hash;
    FILE *file;
    CU_ASSERT_EQUAL(PYTHON_RUN(dump_script, RESULTS), 0);
    EXPECT(command_err[0] == '\0');
    file = fopen(in_folder("V.bin"), "rb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    sha256_begin(&hash);
    while ((n = fread(block, 1, sizeof block, file)) > 0)
        sha256_add(&hash, block, n);
    sha256_end(&hash, digest);
    (void)fclose(file);
    CU_ASSERT_STRING_EQUAL(digest, V_DIGEST);
    CU_ASSERT_EQUAL(PYTHON_RUN(reference_script, RESULTS, DATA), 0);
    EXPECT(strcmp(command_out, "equal\n") == 0);
}

static void run_and_check(const char *how, const char *number)
{
    folder_begin();
    CU_ASSERT_EQUAL(number == NULL ? PIPETTE("run", CONFIG, how) : PIPETTE("run", CONFIG, how, number), 0);
    EXPECT(out_has("303 runs need 24.3 MB; ") && out_has("FiringRate: 303 of 303 runs in "));
    EXPECT(out_has("results: " RESULTS "\n"));
    EXPECT(command_err[0] == '\0');
    check_values();
    folder_end();
}

static void test_one_worker(void)
{
    run_and_check("--workers", "1");
}

static void test_two_workers(void)
{
    run_and_check("--workers", "2");
}

static void test_seven_workers(void)
{
    run_and_check("--workers", "7");
}

static void test_in_process(void)
{
    run_and_check("--in-process", NULL);
}

static void test_tools(void)
{
    folder_begin();
    CU_ASSERT_EQUAL(PIPETTE("run", CONFIG), 0);
    CU_ASSERT_EQUAL(PYTHON_RUN(xarray_script, RESULTS), 0);
    EXPECT(command_err[0] == '\0' && atoi(command_out) >= 8);
    CU_ASSERT_EQUAL(SHELL("ncdump -h " RESULTS), 0);
    EXPECT(out_has("run = 303 ;") && out_has("time = 10000 ;") && out_has("I = 101 ;") && out_has("tau_ref = 3 ;"));
    EXPECT(out_has("double V(run, time) ;") && out_has("double rates_frame(I, tau_ref) ;") &&
           out_has("V:units = \"1\" ;"));
    EXPECT(out_has(":source = \"lif 1.0, Pipette 0.1.0\" ;") && out_has(":history = \"20"));
    EXPECT(command_err[0] == '\0');
    CU_ASSERT_EQUAL(SHELL("h5dump -H " RESULTS), 0);
    EXPECT(out_has("DATASET \"V\"") && out_has("DIMENSION_LIST") &&
           out_has("SIMPLE { ( 303, 10000 ) / ( 303, 10000 ) }"));
    EXPECT(command_err[0] == '\0');
    /* The same command has nothing to do, and changes nothing. */
    CU_ASSERT_EQUAL(SHELL("sha256sum " RESULTS " > before && sha256sum -c --quiet before"), 0);
    CU_ASSERT_EQUAL(PIPETTE("run", CONFIG), 0);
    EXPECT(strcmp(command_out, "FiringRate: nothing to do, 303 runs are stored\nresults: " RESULTS "\n") == 0);
    CU_ASSERT_EQUAL(SHELL("sha256sum -c --quiet before"), 0);
    folder_end();
}

SUITE("tutorial", {"303 runs with 1 worker", test_one_worker}, {"303 runs with 2 workers", test_two_workers},
      {"303 runs with 7 workers", test_seven_workers}, {"303 runs in one process", test_in_process},
      {"xarray, ncdump and h5dump open the file; a second run changes nothing", test_tools}, )
