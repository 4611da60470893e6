/* deeds.h: one sweep over the hostile model in which some runs misbehave, each in its own way, and what must hold after
 * it. */
#ifndef TESTS_ENGINE_DEEDS_H
#define TESTS_ENGINE_DEEDS_H

#include "hostile.h"

/* Of 40 runs these misbehave; one that does alone is FIRST. */
#define FIRST 3
#define EVERY 4
#define DEEDS_LIMIT 9u

typedef struct deed {
    const char *name;
    const char *state;   /* of its run */
    const char *message; /* "": the run is done */
} deed;

/* Whether `get FILE runs` has printed this line. */
COMMAND_UNUSED static int ledger_has(long run, const char *state, const char *message)
{
    char line[400];
    (void)snprintf(line, sizeof line, "\n%ld,%s,%ld,%s\n", run, state, run, message);
    return out_has(line);
}

/* `timeout`: in seconds, for --timeout. */
COMMAND_UNUSED static void try_deeds(const deed *deeds, size_t count, const char *isolation, const char *workers,
                                     const char *timeout)
{
    char set_deed[400] = "parameters.deed=", set_isolation[64], set_at[32], set_every[32], what[500];
    const char *told_first = "";
    long right = 40;
    size_t i;
    int code;
    for (i = 0; i < count; i++) {
        (void)strcat(strcat(set_deed, i == 0 ? "" : "+"), deeds[i].name);
        if (deeds[i].message[0] == '\0')
            continue;
        told_first = right == 40 ? deeds[i].message : told_first;
        right--;
    }
    (void)snprintf(set_isolation, sizeof set_isolation, "run.isolation=%s", isolation);
    (void)snprintf(set_at, sizeof set_at, "parameters.at=%d", FIRST);
    (void)snprintf(set_every, sizeof set_every, "parameters.every=%d", count > 1 ? EVERY : 0);
    (void)snprintf(what, sizeof what, "%s, isolation %s, %s workers", set_deed, isolation, workers);
    code = PIPETTE("run", "h.cfg", "--overwrite", "--workers", workers, "--timeout", timeout, "--set", set_deed,
                   "--set", set_isolation, "--set", set_at, "--set", set_every);
    CU_ASSERT(told(code == (right < 40 ? 1 : 0), what));
    CU_ASSERT(told(err_has(told_first), what));
    CU_ASSERT(told(survivors() == 0, what));
    CU_ASSERT(told(PIPETTE("get", "h.hdf5", "runs") == 0, what));
    for (i = 0; i < count; i++)
        CU_ASSERT(told(ledger_has(FIRST + EVERY * (long)i, deeds[i].state, deeds[i].message), what));
    CU_ASSERT(told(count_right() == right, what));
}

/* All of them in one sweep with a process for each run, and in sweeps of `together` without: after the third run that
 * has changed its process all runs get one of their own, so that deeds of this kind come in twos. */
COMMAND_UNUSED static void try_everywhere(const deed *deeds, size_t count, size_t together, const char *timeout)
{
    static const char *const workers[] = {"1", "2", "4"};
    size_t i, n;
    hostile_begin(HOSTILE(39));
    for (i = 0; i < count; i += n) {
        n = count - i < DEEDS_LIMIT ? count - i : DEEDS_LIMIT;
        try_deeds(&deeds[i], n, "run", workers[(i + 1) % 3], timeout);
    }
    for (i = 0; i < count; i += n) {
        n = count - i < together ? count - i : together;
        try_deeds(&deeds[i], n, "batch", workers[i / together % 3], timeout);
    }
    hostile_end();
}
#define TRY(together, timeout, ...)                                                                                    \
    do {                                                                                                               \
        static const deed deeds_[] = {__VA_ARGS__};                                                                    \
        try_everywhere(deeds_, sizeof deeds_ / sizeof deeds_[0], together, timeout);                                   \
    } while (0)

#endif
