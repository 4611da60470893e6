/* number.h: floating-point numbers as the shortest text that reads back as the same number. */
#ifndef CORE_BASE_NUMBER_H
#define CORE_BASE_NUMBER_H

enum { NUMBER_TEXT_SIZE = 28 };

/* As printf's %g with as many digits as it takes (15 to 17; 6 to 9 for a float), with a decimal point in any locale:
 * "0.1", "1e+20", "nan", "-inf". `out` holds NUMBER_TEXT_SIZE characters. Returns the end of the text, where its zero
 * stands. Any thread. */
char *number_f64(double number, char *out);
char *number_f32(float number, char *out);

#endif
