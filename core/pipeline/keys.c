/* keys.c: the keys that every run stage takes, and every storage. */
#include "pipeline/keys.h"

#include <stdlib.h>

#include "config/config.h"

/* clang-format off */
static const pipette_option_spec run_keys[] = {
    PIPETTE_OPTION("timeout", PIPETTE_TYPE_F64, "none", "Seconds that a run may take."),
    PIPETTE_OPTION("memory_limit", PIPETTE_OPTION_ANY, "none", "Memory that a run may take: bytes, or \"100M\" (K, M, G)."),
    PIPETTE_OPTION("stack", PIPETTE_OPTION_ANY, "the command's", "Stack for the model: bytes, or \"64M\" (K, M, G)."),
    PIPETTE_OPTION("omit", PIPETTE_OPTION_ANY, "none", "Results that are not stored: omit = [\"V\"]."),
    PIPETTE_OPTION("isolation", PIPETTE_TYPE_STRING, "batch", "\"run\": a process of its own for every run."),
    PIPETTE_OPTION("workdir", PIPETTE_TYPE_STRING, "shared", "\"run\": a folder of its own for every run, kept where it fails; \"worker\"."),
    PIPETTE_OPTION("max_failures", PIPETTE_TYPE_U64, "none", "So many failed runs end the sweep early."),
    PIPETTE_OPTION("retries", PIPETTE_TYPE_U64, "0", "How often a run that fails is tried again."),
    PIPETTE_OPTION("grace", PIPETTE_TYPE_F64, "25", "Seconds within which SIGTERM, SIGUSR1 and SIGXCPU end the command."),
};

static const pipette_option_spec storage_keys[] = {
    PIPETTE_OPTION("file", PIPETTE_TYPE_STRING, NULL, "Where the results go; relative to the working directory."),
    PIPETTE_OPTION("durability", PIPETTE_TYPE_STRING, "process", "\"power\": what is done also survives a loss of power."),
    PIPETTE_OPTION("compression", PIPETTE_TYPE_I64, "0", "Deflate level for large results, 0: none."),
};
/* clang-format on */

static const char *const every_stage[] = {"plugin", NULL};

const pipette_option_spec *keys_of(int kind, uint32_t *count)
{
    switch (kind) {
    case PIPETTE_KIND_MODEL:
        *count = PIPETTE_COUNT_OF(run_keys);
        return run_keys;
    case PIPETTE_KIND_STORAGE:
        *count = PIPETTE_COUNT_OF(storage_keys);
        return storage_keys;
    default:
        *count = 0;
        return NULL;
    }
}

int keys_check(const pipette_option *group, const char *plugin, int kind, const pipette_option_spec *own,
               uint32_t own_count, uint32_t own_stride, pipette_error *error)
{
    uint32_t count, stride = own_stride == 0 ? (uint32_t)sizeof *own : own_stride, i;
    const pipette_option_spec *keys = keys_of(kind, &count);
    pipette_option_spec *all = calloc(own_count + count + 1u, sizeof *all);
    char what[160];
    int status;
    if (all == NULL)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    for (i = 0; i < own_count; i++)
        memcpy(&all[i], (const char *)own + (size_t)i * stride, stride < sizeof *all ? stride : sizeof *all);
    for (i = 0; i < count; i++)
        all[own_count + i] = keys[i];
    (void)snprintf(what, sizeof what, "plugin '%s'", plugin);
    status = config_check(group, what, all, own_count + count, 0, every_stage, error);
    free(all);
    return status;
}
