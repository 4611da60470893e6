/* text.h: numbers and labels as a reader expects them. */
#ifndef PLOT_TEXT_H
#define PLOT_TEXT_H

#include "panel.h"

/* The shortest decimals that read back as the same number. `out` holds 40 characters. Returns out. */
char *text_number(double number, char *out);
/* Element `index` of a value as a person writes it: "5.0" for a float, "5" for an integer. Returns out. */
char *text_element(const pipette_value *value, uint64_t index, char *out, size_t size);
/* "rate (Hz)": the name, with the unit where there is one. */
void text_axis(const char *name, const char *unit, char *out, size_t size);
/* What a comment begins with, where that is short enough for a title: "Input current", else `name`. */
void text_subject(const char *comment, const char *name, char *out, size_t size);
/* "time" for "s", with its first letter small where it begins a word. */
void text_small(char *text);

#endif
