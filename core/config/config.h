/* config.h: a pipeline's config file as a tree of options, with file and line of every key. */
#ifndef CORE_CONFIG_CONFIG_H
#define CORE_CONFIG_CONFIG_H

#include <pipette/plugin.h>

typedef struct config config;

/* Reads a libconfig file. `@include "x"`, on a line of its own, is resolved against the including file. Integers keep
 * their value up to 64 bits, also unsigned; larger ones are refused (libconfig would change them silently). [ ] takes
 * mixtures of floats and integers; nan, inf and -inf are numbers. `sets`: `set_count` texts "PATH=VALUE" which replace
 * or add a value; PATH is dotted, elements of lists are [i]: "parameters.neuron.tau_V=20",
 * "preprocess[0].product[1].step=0.1"; VALUE is a libconfig value, or else taken as text. The caller frees the config.
 * PIPETTE_E_CONFIG with "file:line: what", or "--set PATH=VALUE: what". */
int config_load(const char *path, const char *const *sets, uint32_t set_count, config **out, pipette_error *error);
/* The same of a text; `label` stands for the file in messages. */
int config_parse(const char *label, const char *text, const char *const *sets, uint32_t set_count, config **out,
                 pipette_error *error);
void config_free(config *config); /* may be NULL; not config_destroy: libconfig exports that name */

/* The whole text as read (includes expanded), for provenance; owned by the config. */
const char *config_text(const config *config);
/* The folder that the file lies in, absolute; for provenance: relative paths are taken from the working directory. */
const char *config_folder(const config *config);

/* The tree; nodes live as long as the config. `parent` NULL is not allowed: start at the root. */
const pipette_option *config_root(const config *config);
const pipette_option *config_get(const pipette_option *parent, const char *name);
uint64_t config_count(const pipette_option *node);
const pipette_option *config_at(const pipette_option *node, uint64_t index);
const char *config_name(const pipette_option *node);
/* PIPETTE_OPTION_GROUP, _LIST, _ARRAY (arrays and lists of scalars), or the pipette_type of a scalar as it stands (F64,
 * I64, U64, BOOL, STRING). */
int config_kind(const pipette_option *node);
/* See pipette_stage_host.option_value. */
int config_value(const pipette_option *node, int type, pipette_value *value, pipette_error *error);
/* Fills `error` with "file:line: message" and returns `code`. */
int config_fail(const pipette_option *node, pipette_error *error, int code, const char *format, ...)
    PIPETTE_PRINTF(4, 5);
int config_vfail(const pipette_option *node, pipette_error *error, int code, const char *format, va_list arguments)
    PIPETTE_PRINTF(4, 0);
/* What was set on the command line has "--set PATH=VALUE" as file and 0 as line. */
const char *config_file(const pipette_option *node);
int config_line(const pipette_option *node);

/* Holds every key below `node` against the specs (paths as in pipette_option_spec) and their types. The first key that
 * no spec names is an error with file, line and the nearest known key. `what` names the thing: "plugin 'explorer'".
 * Keys in `always` (NULL terminated, may be NULL) are allowed at the top of `node`. */
int config_check(const pipette_option *node, const char *what, const pipette_option_spec *specs, uint32_t count,
                 uint32_t stride, const char *const *always, pipette_error *error);

#endif
