/* spin.h: arithmetic that takes time and nothing else: about 2 ms for SPIN_STEPS on a core of 2020. */
#ifndef TESTS_BENCH_SPIN_H
#define TESTS_BENCH_SPIN_H

#define SPIN_STEPS 1000000L

/* The logistic map, whose every step waits for the one before. */
static double spin(double x, long steps)
{
    long i;
    for (i = 0; i < steps; i++)
        x = 3.9999 * x * (1.0 - x);
    return x;
}

#endif
