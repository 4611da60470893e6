/* loader.h: one plugin into this process: dlopen, entry, handshake. Plugins are never unloaded. */
#ifndef CORE_PLUGIN_LOADER_H
#define CORE_PLUGIN_LOADER_H

#include <pipette/plugin.h>

/* Loads the file into this process and checks the descriptor: magic, ABI, sizes, name, kind, table and its mandatory
 * functions, declared parameters and results (names, types, duplicates). PIPETTE_E_PLUGIN or PIPETTE_E_ABI with a
 * message that names the file and the reason (text file, empty, cut off, other machine, no entry, too new, ...). A
 * constructor that crashes or hangs takes this process with it: see probe.h. `*descriptor` lives as long as the
 * process; loading a file again gives the same one. Any thread. Mandatory: run of a model, preprocess, postprocess, and
 * every function in the tables of storage and launcher. */
int plugin_load(const char *path, const pipette_descriptor **descriptor, pipette_error *error);

/* The rules of the handshake alone, for a descriptor in memory. `path` is for the message. */
int plugin_check_descriptor(const char *path, const pipette_descriptor *descriptor, pipette_error *error);

/* `given`, once it is held against these rules; NULL: what plugin_load() gives. */
int plugin_take(const char *path, const pipette_descriptor *given, const pipette_descriptor **descriptor,
                pipette_error *error);

#endif
