/* spin_bare RUNS PROCESSES: the same arithmetic with nothing around it: what the machine gains from more cores. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spin.h"

int main(int argc, char **argv)
{
    const long runs = argc == 3 ? atol(argv[1]) : 0, processes = argc == 3 ? atol(argv[2]) : 0;
    long process, run;
    int failed = 0, status;
    if (runs < 1 || processes < 1) {
        fputs("usage: spin_bare RUNS PROCESSES\n", stderr);
        return 2;
    }
    for (process = 0; process < processes; process++) {
        const pid_t pid = fork();
        if (pid < 0)
            return 1;
        if (pid == 0) {
            volatile double kept = 0;
            for (run = process; run < runs; run += processes)
                kept = kept + spin((double)(run + 1) / (double)(runs + 1), SPIN_STEPS);
            _exit(0);
        }
    }
    while (wait(&status) > 0)
        failed |= status != 0;
    return failed;
}
