/* nearest.h: the name that somebody probably meant. */
#ifndef CORE_PLUGIN_NEAREST_H
#define CORE_PLUGIN_NEAREST_H

#include <stdint.h>

/* The name in `names` nearest to `name`: fewest insertions, deletions, replacements and swaps of neighbours
 * (Damerau-Levenshtein), at most a third of the length of `name`; the first of equals. NULL where none is that near, or
 * for names of 128 characters and more. NULL entries of `names` are passed over. Any thread. */
const char *nearest_name(const char *name, const char *const *names, uint32_t count);

#endif
