/* handwritten lif OUT | handwritten tiny OUT NX NY: the peer to beat, one sweep as a C user writes it by hand: all runs
 * in memory, OpenMP over them, HDF5 at the end; a crash loses everything. Stores the columns that Pipette's models
 * store. */
#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIF_RUNS = 303, LIF_INPUTS = 101, LIF_STEPS = 10000 };

static long long simulate(double *V, double *spike_times, double I, double tau_V, double tau_ref, double dt)
{
    const double leak = -1.0 / tau_V;
    double v = 0, last = 0;
    long long nspikes = 0;
    int step;
    V[0] = v;
    for (step = 1; step < LIF_STEPS; step++) {
        if (v >= 1) {
            v = 0;
            last = (step - 1) * dt;
            spike_times[nspikes++] = last;
        } else if (nspikes > 0 && step * dt - last <= tau_ref) {
            v = 0;
        } else {
            const double dV = leak * v + I;
            v = v + dV * dt;
        }
        V[step] = v;
    }
    return nspikes;
}

static int put(hid_t file, const char *name, hid_t type, int rank, const hsize_t *extents, const void *data)
{
    const hid_t space = H5Screate_simple(rank, extents, NULL);
    const hid_t dataset = H5Dcreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    int failed = H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0;
    failed |= H5Dclose(dataset) < 0;
    failed |= H5Sclose(space) < 0;
    return failed;
}

static int sweep_lif(hid_t file)
{
    static const double refractory[] = {5.0, 7.5, 10.0};
    static double I[LIF_RUNS], tau_ref[LIF_RUNS], rate[LIF_RUNS];
    static long long nspikes[LIF_RUNS];
    const hsize_t extents[2] = {LIF_RUNS, LIF_STEPS};
    hsize_t spikes = 0;
    double *V = malloc(sizeof *V * LIF_RUNS * LIF_STEPS);
    double *times = malloc(sizeof *times * LIF_RUNS * (LIF_STEPS / 2)); /* a spike takes two steps at least */
    int run, failed;
    if (V == NULL || times == NULL)
        return 1;
#pragma omp parallel for schedule(dynamic, 4)
    for (run = 0; run < LIF_RUNS; run++) {
        I[run] = (run % LIF_INPUTS) * 0.01;
        tau_ref[run] = refractory[run / LIF_INPUTS];
        nspikes[run] =
            simulate(V + (size_t)run * LIF_STEPS, times + (size_t)run * (LIF_STEPS / 2), I[run], 10, tau_ref[run], 0.1);
        rate[run] = (double)nspikes[run] / 1000.0 * 1000;
    }
    for (run = 0; run < LIF_RUNS; run++) { /* one after the other, as the CF conventions have it */
        memmove(times + spikes, times + (size_t)run * (LIF_STEPS / 2), (size_t)nspikes[run] * sizeof *times);
        spikes += (hsize_t)nspikes[run];
    }
    failed = put(file, "V", H5T_NATIVE_DOUBLE, 2, extents, V) |
             put(file, "nspikes", H5T_NATIVE_LLONG, 1, extents, nspikes) |
             put(file, "spike_times", H5T_NATIVE_DOUBLE, 1, &spikes, times) |
             put(file, "spike_times_count", H5T_NATIVE_LLONG, 1, extents, nspikes) |
             put(file, "rate", H5T_NATIVE_DOUBLE, 1, extents, rate) | put(file, "I", H5T_NATIVE_DOUBLE, 1, extents, I) |
             put(file, "tau_ref", H5T_NATIVE_DOUBLE, 1, extents, tau_ref);
    free(V);
    free(times);
    return failed;
}

static int sweep_tiny(hid_t file, long long nx, long long ny)
{
    const size_t runs = (size_t)nx * (size_t)ny;
    const hsize_t extent = runs;
    double *x = malloc(runs * sizeof *x), *y = malloc(runs * sizeof *y), *z = malloc(runs * sizeof *z);
    long long i;
    int failed = 1;
    if (x != NULL && y != NULL && z != NULL) {
#pragma omp parallel for
        for (i = 0; i < nx; i++) {
            const size_t row = (size_t)i * (size_t)ny;
            long long j;
            for (j = 0; j < ny; j++) {
                x[row + (size_t)j] = (double)i;
                y[row + (size_t)j] = (double)j;
                z[row + (size_t)j] = x[row + (size_t)j] * y[row + (size_t)j];
            }
        }
        failed = put(file, "x", H5T_NATIVE_DOUBLE, 1, &extent, x) | put(file, "y", H5T_NATIVE_DOUBLE, 1, &extent, y) |
                 put(file, "z", H5T_NATIVE_DOUBLE, 1, &extent, z);
    }
    free(x);
    free(y);
    free(z);
    return failed;
}

int main(int argc, char **argv)
{
    const long long nx = argc == 5 ? atoll(argv[3]) : 0, ny = argc == 5 ? atoll(argv[4]) : 0;
    const int lif = argc == 3 && strcmp(argv[1], "lif") == 0, tiny = nx > 0 && ny > 0 && strcmp(argv[1], "tiny") == 0;
    hid_t file;
    int failed;
    if (!lif && !tiny) {
        fputs("usage: handwritten lif OUT | handwritten tiny OUT NX NY\n", stderr);
        return 2;
    }
    file = H5Fcreate(argv[2], H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    if (file < 0)
        return 1;
    failed = lif ? sweep_lif(file) : sweep_tiny(file, nx, ny);
    return H5Fclose(file) < 0 || failed;
}
