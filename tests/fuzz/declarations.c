/* declarations.c: the bytes in which a model host says what the model declares: they are read or refused with a
 * message, and what was read packs into the same bytes. */
#include "fuzz.h"

#include "plugin/schema.h"
#include "plugin/spec_check.h"

enum { HEADER_SIZE = 24 };

/* Size and checksum are made right: nothing gets past wrong ones. */
static void seal(unsigned char *bytes, size_t size)
{
    uint64_t header[2] = {size, UINT64_C(0xcbf29ce484222325)};
    size_t i;
    for (i = HEADER_SIZE; i < size; i++)
        header[1] = (header[1] ^ bytes[i]) * UINT64_C(0x100000001b3);
    memcpy(bytes + sizeof(uint64_t), header, sizeof header);
}

/* The rules for declarations, as they are held against a plugin's. */
static void check(const plugin_schema *schema)
{
    pipette_error error = {0};
    pipette_model model;
    pipette_descriptor descriptor;
    memset(&model, 0, sizeof model);
    model.size = (uint32_t)sizeof model;
    model.parameters = schema->parameters;
    model.parameter_count = schema->parameter_count;
    model.parameter_stride = (uint32_t)sizeof *schema->parameters;
    model.results = schema->results;
    model.result_count = schema->result_count;
    model.result_stride = (uint32_t)sizeof *schema->results;
    memset(&descriptor, 0, sizeof descriptor);
    descriptor.size = (uint32_t)sizeof descriptor;
    descriptor.options = schema->options;
    descriptor.option_count = schema->option_count;
    descriptor.option_stride = (uint32_t)sizeof *schema->options;
    (void)spec_check_options(schema->path, &descriptor, &error);
    (void)spec_check_parameters(schema->path, &model, &error);
    (void)spec_check_results(schema->path, &model, &error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned char *bytes = malloc(size + 1);
    plugin_schema *schema = NULL;
    void *packed = NULL;
    size_t packed_size = 0;
    pipette_error error = {0};
    int status;
    MUST(bytes != NULL);
    memcpy(bytes, data, size);
    if (size >= HEADER_SIZE)
        seal(bytes, size);
    status = schema_unpack(bytes, size, &schema, &error);
    MUST((status == PIPETTE_OK) == (schema != NULL));
    MUST(status == PIPETTE_OK || (status == PIPETTE_E_PLUGIN && error.message[0] != '\0'));
    if (schema != NULL) {
        MUST(schema_pack(schema, &packed, &packed_size, &error) == PIPETTE_OK);
        MUST(packed_size == size && memcmp(packed, bytes, size) == 0);
        check(schema);
    }
    free(packed);
    schema_destroy(schema);
    free(bytes);
    return 0;
}
