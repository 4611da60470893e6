/* small X Y: a program that does one run, as people start them from a shell: prints "x y z". */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    double x, y;
    if (argc != 3)
        return 2;
    x = strtod(argv[1], NULL);
    y = strtod(argv[2], NULL);
    return printf("%.17g %.17g %.17g\n", x, y, x * y) < 0;
}
