/* probe.h: loads a plugin in a child process under a time limit, and brings back what it declares. A plugin that
 * crashes, hangs or exits while it is being loaded costs the child only. */
#ifndef CORE_PLUGIN_PROBE_H
#define CORE_PLUGIN_PROBE_H

#include "plugin/schema.h"

#define PLUGIN_LOAD_SECONDS 5.0

/* PIPETTE_E_PLUGIN, PIPETTE_E_ABI, PIPETTE_E_CRASHED ("crashed while being loaded (SIGSEGV)") or PIPETTE_E_TIMEOUT,
 * each with the file in the message; one that ends the process is PIPETTE_E_PLUGIN. What the plugin prints is thrown
 * away; what it started in its process group is killed. The caller's exit handlers do not run in the child, and no file
 * of the caller is open there. Blocks for `seconds` at most; SIGCHLD may be blocked or ignored. The caller destroys the
 * schema. */
int plugin_probe(const char *path, double seconds, plugin_schema **schema, pipette_error *error);

#endif
