/* search.h: where plugins are looked for. Order: folders given by the caller (--plugin-path), PIPETTE_PLUGIN_PATH, the
 * folder that belongs to the running library (build tree: next to it, installation: PREFIX/lib/pipette/plugins). Never
 * the current directory; never a folder or file that everyone may write; a group-writable one is used with a warning. A
 * file that belongs to neither the user nor root (nor to whoever owns the library) is used with a warning, by root not
 * at all; a folder of such an owner, or one that others may rename because everyone may write above it, is used with a
 * warning. A command that has more rights than its caller (setuid, setgid) knows its own folder only.
 */
#ifndef CORE_PLUGIN_SEARCH_H
#define CORE_PLUGIN_SEARCH_H

#include <pipette/plugin.h>

#include "plugin/schema.h"

typedef struct plugin_search plugin_search;

/* `folders`: `count` names, each may hold several separated by ':'. Copies them. The caller destroys the search. */
int plugin_search_create(const char *const *folders, uint32_t count, plugin_search **search, pipette_error *error);
void plugin_search_destroy(plugin_search *search);

/* Warnings that finding has given so far (group-writable folders, ...), and the next; NULL behind the end. */
const char *plugin_search_warning(const plugin_search *search, uint32_t index);

/* The file of plugin `name`: NAME.so in the first folder that has it and that is fit to be used; else any file whose
 * descriptor has that name (asked in probes, see probe.h). A name with a '/' is the file itself, taken relative to
 * `base` (may be NULL: the current directory, which the user then has named). On failure the message names every path
 * tried and why each was refused, and the nearest name that exists; the code is PIPETTE_E_PLUGIN. `*path` is resolved,
 * and the search's. */
int plugin_search_find(plugin_search *search, const char *name, const char *base, const char **path,
                       pipette_error *error);

/* True if the file lies in the folder that belongs to the running library: such plugins are loaded without a probe
 * before. */
int plugin_search_trusted(const plugin_search *search, const char *path);

/* One candidate for `plugins`: every *.so of every folder, in order, probed; `schema` is NULL where it was refused and
 * `reason` says why. Folders that do not exist or are refused are visited with schema NULL, too. Everything is the
 * search's, until it is destroyed. A result other than 0 of `visit` ends it and is returned. A file is probed once per
 * search. */
typedef int (*plugin_visit)(const char *path, const plugin_schema *schema, const char *reason, void *user);
int plugin_search_each(plugin_search *search, plugin_visit visit, void *user, pipette_error *error);

#endif
