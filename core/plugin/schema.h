/* schema.h: what a descriptor declares, as a copy of one's own that can cross to another process as bytes. */
#ifndef CORE_PLUGIN_SCHEMA_H
#define CORE_PLUGIN_SCHEMA_H

#include <pipette/model.h>

#include "base/arena.h"

/* Everything is owned by the schema. parameters, results and shape_parameters are a model's, else empty. */
typedef struct plugin_schema {
    char *path; /* of the file */
    char *name, *version, *doc;
    char *build_id;  /* what tells the file from others: object_file_identity() */
    char *libraries; /* the same of what it brought with it: brought_find() */
    uint32_t random; /* generators of the C library that it calls: BROUGHT_... */
    int32_t kind;
    uint32_t flags;
    uint32_t abi_major, abi_minor;
    pipette_option_spec *options;
    uint32_t option_count;
    pipette_parameter_spec *parameters;
    uint32_t parameter_count;
    pipette_result_spec *results; /* their dimensions are owned, too; dimension_stride is set */
    uint32_t result_count;
    char **shape_parameters;
    uint32_t shape_parameter_count;
    uint32_t has_shape; /* the model has a shape() */
    uint32_t has_batch; /* it offers "pipette.batch/1" */
    void *memory;       /* internal */
} plugin_schema;

/* A copy of what `descriptor` (of the file `path`) declares. It must be one that plugin_check_descriptor() accepted.
 * The caller destroys the copy. */
int schema_copy(const char *path, const pipette_descriptor *descriptor, plugin_schema **schema, pipette_error *error);
void schema_destroy(plugin_schema *schema);

/* To bytes (the caller frees *bytes) and back. Bytes that were cut off or altered give PIPETTE_E_PLUGIN, never a crash.
 */
int schema_pack(const plugin_schema *schema, void **bytes, size_t *size, pipette_error *error);
int schema_unpack(const void *bytes, size_t size, plugin_schema **schema, pipette_error *error);

/* A copy of `count` results, and of all that they point to, in `memory`. *failed becomes 1 without memory. */
pipette_result_spec *schema_copy_results(arena *memory, const pipette_result_spec *results, uint32_t count,
                                         uint32_t stride, int *failed);

#endif
