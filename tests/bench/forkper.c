/* forkper OUT NX NY PROCESSES: a fork for every run; each writes x, y, z to its place in the file. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int reap(void)
{
    int status = 1;
    return wait(&status) < 0 || status != 0;
}

int main(int argc, char **argv)
{
    const long nx = argc == 5 ? atol(argv[2]) : 0, ny = argc == 5 ? atol(argv[3]) : 0;
    const long processes = argc == 5 ? atol(argv[4]) : 0;
    long run, running = 0;
    int file, failed = 0;
    if (nx < 1 || ny < 1 || processes < 1) {
        fputs("usage: forkper OUT NX NY PROCESSES\n", stderr);
        return 2;
    }
    file = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file < 0)
        return 1;
    for (run = 0; run < nx * ny && !failed; run++) {
        pid_t pid;
        if (running == processes) {
            failed |= reap();
            running--;
        }
        pid = fork();
        if (pid == 0) {
            const double x = (double)(run / ny), y = (double)(run % ny), row[3] = {x, y, x * y};
            _exit(pwrite(file, row, sizeof row, (off_t)run * (off_t)sizeof row) != (ssize_t)sizeof row);
        }
        failed |= pid < 0;
        running += pid > 0;
    }
    for (; running > 0; running--)
        failed |= reap();
    return failed;
}
