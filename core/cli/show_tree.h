/* show_tree.h: the tree of a result file. */
#ifndef CORE_CLI_SHOW_TREE_H
#define CORE_CLI_SHOW_TREE_H

#include <pipette/embed.h>

/* Prints what stands below the group `below` (NULL: everything), results first, config last and only if `config` or
 * asked for by name. The values are those of the run in `row`; PIPETTE_DEFAULT_RUN: of none. Returns how many entries
 * of config were left out. */
uint32_t show_tree(pipette_file *file, const char *below, int config, uint64_t run, uint64_t row);

#endif
