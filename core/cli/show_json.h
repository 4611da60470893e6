/* show_json.h: what `pipette show` shows, as JSON. */
#ifndef CORE_CLI_SHOW_JSON_H
#define CORE_CLI_SHOW_JSON_H

#include <pipette/embed.h>

/* The file with the number of its runs in each state (PIPETTE_STATE_...), and the entries below the group `below`
 * (NULL: all, config too) with the values of the run in `row` (PIPETTE_DEFAULT_RUN: none). */
void show_json_file(pipette_file *file, const pipette_storage_info *info, const uint64_t *states, const char *below,
                    uint64_t row);
/* One entry. Of a column: in the run `run` at `row`, or, where `run` is PIPETTE_DEFAULT_RUN, in the first `rows` rows.
 */
void show_json_entry(pipette_file *file, const pipette_entry *entry, uint64_t run, uint64_t row, uint64_t rows);

#endif
