/* parts.h: the elements of a large value, a part at a time: it may be larger than memory. */
#ifndef CORE_CLI_PARTS_H
#define CORE_CLI_PARTS_H

#include <pipette/embed.h>

enum { PARTS_LARGE = 1 << 20, PARTS_COUNT = 1 << 16 }; /* bytes from which on a value is read so; elements of a part */

typedef struct parts {
    pipette_file *file; /* NULL: all elements are at hand */
    const char *path;
    uint64_t row, first, count;
    const char *elements; /* `count` of them from `first` on */
    int type;
    pipette_error error; /* code 0: none */
} parts;

/* The elements of a value that is at hand, or that stands in the file. Nothing is read yet. */
parts parts_of_value(const pipette_value *value);
parts parts_of_file(pipette_file *file, const pipette_entry *entry, uint64_t row);
/* Element `index`, best asked for in order; borrowed until the next one. NULL after an error, which is in `parts`. */
const void *parts_at(parts *from, uint64_t index);

#endif
