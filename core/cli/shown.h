/* shown.h: what `pipette show` knows of entries: shapes and kinds as words, values of runs that may be missing,
 * previews. */
#ifndef CORE_CLI_SHOWN_H
#define CORE_CLI_SHOWN_H

#include <pipette/embed.h>

/* "value", "table", "explored", "per run". */
const char *shown_kind(const pipette_entry *entry);
/* "(run, time: 10000)", or of one run "(time: 10000)". Returns out. */
char *shown_shape(const pipette_entry *entry, int one_run, char *out, size_t size);

/* The state of the run in a row; PIPETTE_STATE_PENDING where it cannot be read. */
int shown_state(pipette_file *file, uint64_t row);

/* Reads the value of an entry (of a column: in `row`), at most `limit` elements of it; *total is how many there are. 0
 * where it is missing or cannot be read. Borrowed until the next is read. States become their names. */
int shown_value(pipette_file *file, const pipette_entry *entry, uint64_t row, uint64_t limit, pipette_value *value,
                uint64_t *total);

/* The value in short: its first line, its first elements. `total`: of shown_value(). Returns out. */
char *shown_brief(const pipette_value *value, uint64_t total, char *out, size_t size);

/* `limit` for a preview, of one dimension; for everything, in its own shape. */
enum { SHOWN_PREVIEW = 8 };
#define SHOWN_ALL UINT64_MAX

#endif
