/* keys.h: the keys that a stage of the config takes beside its plugin's options. One table for each kind of stage: the
 * check of a config, its messages and `pipette inspect` are made from it, so a new key is one line there. */
#ifndef CORE_PIPELINE_KEYS_H
#define CORE_PIPELINE_KEYS_H

#include <pipette/plugin.h>

/* The keys of every stage of a kind (PIPETTE_KIND_...), without `plugin`, which all take; NULL and 0 where there are
 * none. */
const pipette_option_spec *keys_of(int kind, uint32_t *count);

/* Holds a stage's group against its plugin's own options and the keys of its kind: see config_check(). `own_stride` 0:
 * as compiled here. */
int keys_check(const pipette_option *group, const char *plugin, int kind, const pipette_option_spec *own,
               uint32_t own_count, uint32_t own_stride, pipette_error *error);

#endif
