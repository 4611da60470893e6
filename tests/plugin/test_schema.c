/* test_schema: what a plugin declares, copied, sent as bytes and read again. */
#include "plugin/schema.h"

#include <stdlib.h>

#include "base/element.h"
#include "plugin/loader.h"
#include "suite.h"

#define FIXTURE(name) TEST_FIXTURES "/" name ".so"

static pipette_error error;

static int run_nothing(pipette_run *run)
{
    (void)run;
    return PIPETTE_OK;
}

static int shape_nothing(pipette_shape *shape)
{
    (void)shape;
    return PIPETTE_OK;
}

static pipette_batch_model batch = {(uint32_t)sizeof batch, 0, NULL};

static const void *extension(const char *id)
{
    return strcmp(id, PIPETTE_BATCH_EXTENSION) == 0 ? &batch : NULL;
}

/* A descriptor with everything in it, whose texts and arrays the test may overwrite. */
static char text[] = "neuron.weights";
static double weights[] = {0.25, 0.5, 0.75, 1.0, 1.25, 1.5};
static uint64_t extents[] = {2, 3};
static const char *words[] = {"one", "", "three"};
static uint64_t three = 3;
static const char *states[] = {"S", "I", "R"};

static plugin_schema *copied(void)
{
    static pipette_value matrix, list;
    const pipette_parameter_spec parameters[] = {
        PIPETTE_PARAMETER_(PIPETTE_TYPE_F64, text, 0, 0, 0, NULL, "nS", "Weights.", 0, 0, 0),
        PIPETTE_PARAMETER_(PIPETTE_TYPE_STRING, "labels", 0, 0, 0, NULL, "", "Labels.", 0, 0, 0),
        PIPETTE_U64("seed", UINT64_C(18446744073709551615), "1", "Seed."),
        PIPETTE_F64_IN("dt", 0.1, 0.001, 1.0, "ms", "Step."),
        PIPETTE_STRING("name", "Zelle \xc3\xa4", "Name."),
    };
    const pipette_dimension dimensions[] = {
        PIPETTE_DIMENSION("time", "ms", 0, 0.0, 0.1, "Time."),
        PIPETTE_DIMENSION("spike", "1", PIPETTE_RAGGED, 0.0, 0.0, "Spike."),
        PIPETTE_LABELLED_DIMENSION("state", states, NULL),
    };
    const pipette_result_spec results[] = {
        PIPETTE_RETURNED_I64("neuron.$.nspikes", "1", "Spikes."),
        PIPETTE_RESULT_ARRAY("neuron.$.V", PIPETTE_TYPE_F32, "mV", "Potential.", dimensions),
    };
    const pipette_option_spec options[] = {
        PIPETTE_OPTION("quick", PIPETTE_TYPE_BOOL, "false", "Be quick."),
        PIPETTE_OPTION("points[].*", PIPETTE_OPTION_ANY, NULL, "Points."),
    };
    const char *const shape_parameters[] = {"dt", "seed"};
    pipette_parameter_spec filled[5];
    pipette_model model;
    pipette_descriptor descriptor;
    plugin_schema *schema = NULL;
    memcpy(filled, parameters, sizeof filled);
    matrix = pipette_value_array(PIPETTE_TYPE_F64, 2, extents, weights);
    list = pipette_value_array(PIPETTE_TYPE_STRING, 1, &three, words);
    filled[0].default_array = &matrix;
    filled[1].default_array = &list;
    memset(&model, 0, sizeof model);
    model.size = (uint32_t)sizeof model;
    model.parameters = filled;
    model.parameter_count = 5;
    model.results = results;
    model.result_count = 2;
    model.shape_parameters = shape_parameters;
    model.shape_parameter_count = 2;
    model.shape = shape_nothing;
    model.run = run_nothing;
    memset(&descriptor, 0, sizeof descriptor);
    descriptor.magic = PIPETTE_MAGIC;
    descriptor.abi_major = 1;
    descriptor.size = sizeof descriptor;
    descriptor.kind = PIPETTE_KIND_MODEL;
    descriptor.flags = PIPETTE_ONE_PER_PROCESS;
    descriptor.name = "everything";
    descriptor.version = "2.5";
    descriptor.doc = "Has everything.\nIn two lines.";
    descriptor.table = &model;
    descriptor.options = options;
    descriptor.option_count = 2;
    descriptor.extension = extension;
    if (schema_copy("/nowhere/everything.so", &descriptor, &schema, &error) != PIPETTE_OK)
        return NULL;
    memset(&descriptor, 0xee, sizeof descriptor);
    memset(&model, 0xee, sizeof model);
    memset(filled, 0xee, sizeof filled);
    return schema;
}

static void same_as_declared(const plugin_schema *schema)
{
    const pipette_parameter_spec *p = schema->parameters;
    const pipette_result_spec *r = schema->results;
    CU_ASSERT_STRING_EQUAL(schema->path, "/nowhere/everything.so");
    CU_ASSERT_STRING_EQUAL(schema->name, "everything");
    CU_ASSERT_STRING_EQUAL(schema->version, "2.5");
    CU_ASSERT_STRING_EQUAL(schema->doc, "Has everything.\nIn two lines.");
    CU_ASSERT_STRING_EQUAL(schema->build_id, "");
    CU_ASSERT_EQUAL(schema->kind, PIPETTE_KIND_MODEL);
    CU_ASSERT_EQUAL(schema->flags, PIPETTE_ONE_PER_PROCESS);
    CU_ASSERT_EQUAL(schema->abi_major, 1);
    CU_ASSERT_EQUAL(schema->abi_minor, 0);
    CU_ASSERT_EQUAL(schema->has_shape, 1);
    CU_ASSERT_EQUAL(schema->has_batch, 1);
    CU_ASSERT_EQUAL_FATAL(schema->option_count, 2);
    CU_ASSERT_STRING_EQUAL(schema->options[0].path, "quick");
    CU_ASSERT_EQUAL(schema->options[0].type, PIPETTE_TYPE_BOOL);
    CU_ASSERT_STRING_EQUAL(schema->options[0].default_text, "false");
    CU_ASSERT_STRING_EQUAL(schema->options[1].path, "points[].*");
    CU_ASSERT_PTR_NULL(schema->options[1].default_text);
    CU_ASSERT_STRING_EQUAL(schema->options[1].doc, "Points.");
    CU_ASSERT_EQUAL_FATAL(schema->parameter_count, 5);
    CU_ASSERT_STRING_EQUAL(p[0].path, "neuron.weights");
    CU_ASSERT_STRING_EQUAL(p[0].unit, "nS");
    CU_ASSERT_PTR_NOT_NULL_FATAL(p[0].default_array);
    CU_ASSERT_EQUAL(p[0].default_array->type, PIPETTE_TYPE_F64);
    CU_ASSERT_EQUAL_FATAL(p[0].default_array->rank, 2);
    CU_ASSERT_EQUAL(p[0].default_array->shape[0], 2);
    CU_ASSERT_EQUAL(p[0].default_array->shape[1], 3);
    CU_ASSERT_EQUAL(((const double *)p[0].default_array->data)[0], 0.25);
    CU_ASSERT_EQUAL(((const double *)p[0].default_array->data)[5], 1.5);
    CU_ASSERT_PTR_NOT_NULL_FATAL(p[1].default_array);
    CU_ASSERT_STRING_EQUAL(((const char *const *)p[1].default_array->data)[0], "one");
    CU_ASSERT_STRING_EQUAL(((const char *const *)p[1].default_array->data)[1], "");
    CU_ASSERT_STRING_EQUAL(((const char *const *)p[1].default_array->data)[2], "three");
    CU_ASSERT_EQUAL(p[2].default_u64, UINT64_C(18446744073709551615));
    CU_ASSERT_PTR_NULL(p[2].default_array);
    CU_ASSERT_EQUAL(p[3].default_f64, 0.1);
    CU_ASSERT_EQUAL(p[3].flags, PIPETTE_HAS_MINIMUM | PIPETTE_HAS_MAXIMUM);
    CU_ASSERT_EQUAL(p[3].minimum, 0.001);
    CU_ASSERT_EQUAL(p[3].maximum, 1.0);
    CU_ASSERT_STRING_EQUAL(p[4].default_string, "Zelle \xc3\xa4");
    CU_ASSERT_EQUAL_FATAL(schema->result_count, 2);
    CU_ASSERT_STRING_EQUAL(r[0].path, "neuron.$.nspikes");
    CU_ASSERT_EQUAL(r[0].flags, PIPETTE_RETURNED);
    CU_ASSERT_EQUAL(r[0].rank, 0);
    CU_ASSERT_EQUAL(r[1].type, PIPETTE_TYPE_F32);
    CU_ASSERT_EQUAL_FATAL(r[1].rank, 3);
    CU_ASSERT_PTR_NULL(r[1].dimensions[1].labels);
    CU_ASSERT_STRING_EQUAL(r[1].dimensions[2].doc, "");
    CU_ASSERT_STRING_EQUAL(r[1].dimensions[2].labels[0], "S");
    CU_ASSERT_STRING_EQUAL(r[1].dimensions[2].labels[2], "R");
    CU_ASSERT_EQUAL(r[1].dimension_stride, sizeof(pipette_dimension));
    CU_ASSERT_STRING_EQUAL(r[1].dimensions[0].name, "time");
    CU_ASSERT_EQUAL(r[1].dimensions[0].extent, 0);
    CU_ASSERT_EQUAL(r[1].dimensions[0].step, 0.1);
    CU_ASSERT_STRING_EQUAL(r[1].dimensions[1].unit, "1");
    CU_ASSERT_EQUAL(r[1].dimensions[1].extent, PIPETTE_RAGGED);
    CU_ASSERT_EQUAL_FATAL(schema->shape_parameter_count, 2);
    CU_ASSERT_STRING_EQUAL(schema->shape_parameters[0], "dt");
    CU_ASSERT_STRING_EQUAL(schema->shape_parameters[1], "seed");
}

static void test_copy_is_deep(void)
{
    plugin_schema *schema = copied();
    CU_ASSERT_PTR_NOT_NULL_FATAL(schema);
    text[0] = 'X';
    weights[0] = -1.0;
    extents[0] = 77;
    words[0] = states[0] = "changed";
    same_as_declared(schema);
    text[0] = 'n';
    weights[0] = 0.25;
    extents[0] = 2;
    words[0] = "one";
    states[0] = "S";
    schema_destroy(schema);
    schema_destroy(NULL);
}

static void test_bytes(void)
{
    plugin_schema *schema = copied(), *back = NULL;
    void *bytes = NULL, *again = NULL;
    size_t size = 0, size_again = 0;
    CU_ASSERT_PTR_NOT_NULL_FATAL(schema);
    CU_ASSERT_EQUAL_FATAL(schema_pack(schema, &bytes, &size, &error), PIPETTE_OK);
    schema_destroy(schema);
    CU_ASSERT_EQUAL_FATAL(schema_unpack(bytes, size, &back, &error), PIPETTE_OK);
    same_as_declared(back);
    CU_ASSERT_EQUAL_FATAL(schema_pack(back, &again, &size_again, &error), PIPETTE_OK);
    CU_ASSERT_EQUAL_FATAL(size_again, size);
    CU_ASSERT_EQUAL(memcmp(bytes, again, size), 0);
    schema_destroy(back);
    free(bytes);
    free(again);
}

static void test_damage(void)
{
    plugin_schema *schema = copied(), *back = NULL;
    unsigned char *bytes = NULL, *part;
    size_t size = 0, i;
    CU_ASSERT_PTR_NOT_NULL_FATAL(schema);
    CU_ASSERT_EQUAL_FATAL(schema_pack(schema, (void **)&bytes, &size, &error), PIPETTE_OK);
    schema_destroy(schema);
    for (i = 0; i < size; i++) {
        bytes[i] ^= 0x40;
        CU_ASSERT_EQUAL(schema_unpack(bytes, size, &back, &error), PIPETTE_E_PLUGIN);
        CU_ASSERT_PTR_NULL(back);
        bytes[i] ^= 0x40;
    }
    for (i = 0; i < size; i++) {
        /* In memory of its own size, so that a sanitizer sees a step too far. */
        part = malloc(i > 0 ? i : 1);
        CU_ASSERT_PTR_NOT_NULL_FATAL(part);
        memcpy(part, bytes, i);
        CU_ASSERT_EQUAL(schema_unpack(part, i, &back, NULL), PIPETTE_E_PLUGIN);
        free(part);
    }
    free(bytes);
}

/* The checksum of the header, over what follows it: FNV-1a, 64 bits. */
static void seal(unsigned char *bytes, size_t size)
{
    uint64_t hash = UINT64_C(14695981039346656037), length = size;
    size_t i;
    for (i = 24; i < size; i++)
        hash = (hash ^ bytes[i]) * UINT64_C(1099511628211);
    memcpy(bytes + 8, &length, sizeof length);
    memcpy(bytes + 16, &hash, sizeof hash);
}

/* Damage that the checksum does not show: whatever comes out, it can be destroyed, and nothing is read beyond the end.
 */
static void test_sealed_damage(void)
{
    static const unsigned char changes[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    plugin_schema *schema = copied(), *back = NULL;
    unsigned char *bytes = NULL, *part;
    size_t size = 0, i, j, refused = 0;
    CU_ASSERT_PTR_NOT_NULL_FATAL(schema);
    CU_ASSERT_EQUAL_FATAL(schema_pack(schema, (void **)&bytes, &size, &error), PIPETTE_OK);
    schema_destroy(schema);
    part = malloc(size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(part);
    memcpy(part, bytes, size);
    seal(part, size);
    CU_ASSERT_EQUAL(memcmp(part, bytes, size), 0); /* seal() is right */
    for (i = 24; i < size; i++)
        for (j = 0; j < sizeof changes; j++) {
            int status;
            memcpy(part, bytes, size);
            part[i] = changes[j];
            seal(part, size);
            status = schema_unpack(part, size, &back, &error);
            CU_ASSERT(status == PIPETTE_OK || status == PIPETTE_E_PLUGIN);
            refused += status == PIPETTE_E_PLUGIN;
            schema_destroy(back);
        }
    CU_ASSERT(refused > size / 2);
    free(part);
    for (i = 24; i < size; i++) {
        part = malloc(i);
        CU_ASSERT_PTR_NOT_NULL_FATAL(part);
        memcpy(part, bytes, i);
        seal(part, i);
        CU_ASSERT_EQUAL(schema_unpack(part, i, &back, NULL), PIPETTE_E_PLUGIN);
        free(part);
    }
    free(bytes);
}

/* Elements that are larger than ours are read by their stride, as far as both sides know them. */
static void test_larger_structs(void)
{
    const pipette_descriptor *descriptor = NULL;
    plugin_schema *schema = NULL;
    CU_ASSERT_EQUAL_FATAL(plugin_load(FIXTURE("larger_structs"), &descriptor, &error), PIPETTE_OK);
    CU_ASSERT_EQUAL_FATAL(schema_copy(FIXTURE("larger_structs"), descriptor, &schema, &error), PIPETTE_OK);
    CU_ASSERT_EQUAL_FATAL(schema->parameter_count, 3);
    CU_ASSERT_STRING_EQUAL(schema->parameters[0].path, "a");
    CU_ASSERT_STRING_EQUAL(schema->parameters[2].path, "c");
    CU_ASSERT_EQUAL(schema->parameters[2].default_f64, 3.0);
    CU_ASSERT_EQUAL(schema->parameters[2].size, sizeof(pipette_parameter_spec));
    CU_ASSERT_EQUAL_FATAL(schema->result_count, 2);
    CU_ASSERT_STRING_EQUAL(schema->results[1].path, "$.trace");
    CU_ASSERT_EQUAL_FATAL(schema->results[1].rank, 2);
    CU_ASSERT_STRING_EQUAL(schema->results[1].dimensions[1].name, "cell");
    CU_ASSERT_EQUAL(schema->results[1].dimensions[1].extent, 4);
    CU_ASSERT_EQUAL_FATAL(schema->option_count, 2);
    CU_ASSERT_STRING_EQUAL(schema->options[1].path, "accuracy");
    CU_ASSERT_EQUAL(schema->has_shape, 0);
    CU_ASSERT_EQUAL(schema->has_batch, 0);
    CU_ASSERT(strlen(schema->build_id) >= 16);
    schema_destroy(schema);
}

/* An array of a plugin that was built when the struct was shorter, and which leaves the stride at 0. */
static void test_shorter_structs(void)
{
    typedef struct shorter {
        uint32_t size, value;
    } shorter;
    typedef struct longer {
        uint32_t size, value;
        uint64_t added;
    } longer;
    static const shorter array[] = {{8, 10}, {8, 11}, {8, 12}};
    longer read = {0, 0, 99};
    element_read(&read, sizeof read, element_at(array, 0, 2));
    CU_ASSERT_EQUAL(read.value, 12);
    CU_ASSERT_EQUAL(read.added, 0);
    CU_ASSERT_EQUAL(read.size, 16);
}

SUITE("schema", {"a copy is deep", test_copy_is_deep}, {"to bytes and back", test_bytes},
      {"damaged bytes", test_damage}, {"damaged bytes with a good checksum", test_sealed_damage},
      {"larger structs", test_larger_structs}, {"shorter structs", test_shorter_structs}, )
