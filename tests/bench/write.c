/* write OUT BYTES: that many bytes into a new file with write(2): the time that the file system takes for them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK = 256 << 10 }; /* stays in the cache */

int main(int argc, char **argv)
{
    static char block[BLOCK];
    long long left = argc == 3 ? atoll(argv[2]) : 0;
    int file;
    if (left <= 0) {
        fputs("usage: write OUT BYTES\n", stderr);
        return 2;
    }
    memset(block, 0x3f, sizeof block);
    file = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    while (file >= 0 && left > 0) {
        const ssize_t written = write(file, block, left < BLOCK ? (size_t)left : BLOCK);
        if (written < 0 && errno != EINTR)
            break;
        left -= written > 0 ? written : 0;
    }
    return left > 0 || close(file) != 0;
}
