/* spec_names.h: the rules for names and paths that a plugin declares. For descriptor.c and spec_check.c. */
#ifndef CORE_PLUGIN_SPEC_NAMES_H
#define CORE_PLUGIN_SPEC_NAMES_H

#include <pipette/base.h>

/* Letters, digits, `_` and `-`, not empty, under 128 characters. True or false. */
int spec_is_plugin_name(const char *name);

/* Valid UTF-8. True or false. */
int spec_is_text(const char *text);

/* "product", "product[].parameter", "points[].*". True or false. */
int spec_is_option_path(const char *name);

/* What is wrong with one part of a path, or with a dotted path, to stand behind "has"; NULL if nothing. `runs`: one
 * part, but not the last, may be `$`. */
const char *spec_wrong_part(const char *part, size_t length);
const char *spec_wrong_path(const char *name, int runs);

/* Refuses paths that are declared twice, would share a place in a file, or would be a leaf and a group at once.
 * `path_offset` is where an element has its path; the paths have been checked. `what` is "parameter" or "result". */
int spec_check_collisions(const char *path, const char *what, const void *array, uint32_t count, uint32_t stride,
                          size_t path_offset, int runs, pipette_error *error);

#endif
