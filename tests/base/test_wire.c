/* Tests of what crosses between processes: wire, plan and message, whole and cut off. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/board.h"
#include "engine/message.h"
#include "engine/plan.h"
#include "base/wire.h"
#include "suite.h"

static void test_numbers(void)
{
    wire out = {0};
    wire_reader in;
    wire_u32(&out, 4294967295u);
    wire_u64(&out, UINT64_MAX - 1);
    wire_f64(&out, -0.0);
    wire_text(&out, "Zo\xc3\xab");
    wire_text(&out, NULL);
    wire_text(&out, "");
    CU_ASSERT(!out.failed);
    in = (wire_reader){out.data, out.size, 0, 0};
    CU_ASSERT_EQUAL(wire_get_u32(&in), 4294967295u);
    CU_ASSERT_EQUAL(wire_get_u64(&in), UINT64_MAX - 1);
    CU_ASSERT(signbit(wire_get_f64(&in)));
    CU_ASSERT_STRING_EQUAL(wire_get_text(&in), "Zo\xc3\xab");
    CU_ASSERT_PTR_NULL(wire_get_text(&in));
    CU_ASSERT_STRING_EQUAL(wire_get_text(&in), "");
    CU_ASSERT(!in.failed && in.at == out.size);
    CU_ASSERT_EQUAL(wire_get_u32(&in), 0);
    CU_ASSERT(in.failed);
    wire_free(&out);
    CU_ASSERT_PTR_NULL(out.data);
}

static int same_value(const pipette_value *a, const pipette_value *b)
{
    uint64_t i, count = pipette_value_count(a);
    if (a->type != b->type || a->rank != b->rank || count != pipette_value_count(b) ||
        (a->rank > 0 && memcmp(a->shape, b->shape, a->rank * sizeof *a->shape) != 0))
        return 0;
    if (a->type != PIPETTE_TYPE_STRING)
        return memcmp(pipette_value_data(a), pipette_value_data(b), (size_t)count * pipette_type_size(a->type)) == 0;
    for (i = 0; i < count; i++)
        if (strcmp(((const char *const *)pipette_value_data(a))[i], ((const char *const *)pipette_value_data(b))[i]) !=
            0)
            return 0;
    return 1;
}

/* There and back; and cut off anywhere, it is refused without a leak. */
static void try_value(const pipette_value *value)
{
    wire out = {0};
    wire_reader in;
    pipette_value back;
    size_t size;
    void *message;
    wire_value(&out, value);
    message = malloc(out.size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(message);
    memcpy(message, out.data, out.size);
    in = (wire_reader){message, out.size, 0, 0};
    CU_ASSERT_EQUAL_FATAL(wire_get_value(&in, &back), PIPETTE_OK);
    CU_ASSERT_EQUAL(in.at, out.size);
    if (value->rank > 0) /* an array does not need the message any more, also one of texts */
        memset(message, 'X', out.size);
    CU_ASSERT(same_value(value, &back));
    free(message);
    wire_value_free(&back);
    for (size = 0; size < out.size; size++) {
        void *part = malloc(size + 1); /* of its own, so that a sanitizer sees what is read behind it */
        CU_ASSERT_PTR_NOT_NULL_FATAL(part);
        memcpy(part, out.data, size);
        in = (wire_reader){part, size, 0, 0};
        CU_ASSERT(wire_get_value(&in, &back) != PIPETTE_OK && in.failed);
        wire_value_free(&back);
        free(part);
    }
    wire_free(&out);
}

static void test_values(void)
{
    static const uint64_t matrix_shape[] = {2, 3}, none[] = {0}, two[] = {2};
    static const double numbers[] = {0.1, -1, 2, 3, NAN, INFINITY};
    static const char *const texts[] = {"one", ""};
    pipette_value value = pipette_value_f64(0.1);
    try_value(&value);
    value = pipette_value_u64(UINT64_MAX);
    try_value(&value);
    value = pipette_value_bool(1);
    try_value(&value);
    value = pipette_value_complex((pipette_complex){1, -2});
    try_value(&value);
    value = pipette_value_string("text");
    try_value(&value);
    value = pipette_value_array(PIPETTE_TYPE_F64, 2, matrix_shape, numbers);
    try_value(&value);
    value = pipette_value_array(PIPETTE_TYPE_F64, 1, none, numbers);
    try_value(&value);
    value = pipette_value_array(PIPETTE_TYPE_STRING, 1, two, texts);
    try_value(&value);
}

/* Bytes that lie about what follows. */
static void test_lies(void)
{
    static const uint64_t shapes[][2] = {{UINT64_MAX, 1}, {UINT64_C(1) << 33, UINT64_C(1) << 33}, {1000000, 1000000}};
    pipette_value value;
    wire_reader in;
    size_t i;
    for (i = 0; i < 3; i++) {
        wire out = {0};
        wire_u32(&out, PIPETTE_TYPE_F64);
        wire_u32(&out, 2);
        wire_put(&out, shapes[i], sizeof shapes[i]);
        wire_f64(&out, 1);
        in = (wire_reader){out.data, out.size, 0, 0};
        CU_ASSERT(wire_get_value(&in, &value) != PIPETTE_OK);
        wire_value_free(&value);
        wire_free(&out);
    }
    {
        wire out = {0};
        wire_u32(&out, 99); /* no type */
        wire_u32(&out, 0);
        wire_u64(&out, 0);
        in = (wire_reader){out.data, out.size, 0, 0};
        CU_ASSERT(wire_get_value(&in, &value) != PIPETTE_OK);
        out.size = 0;
        wire_u32(&out, PIPETTE_TYPE_F64);
        wire_u32(&out, 33); /* too many dimensions */
        in = (wire_reader){out.data, out.size, 0, 0};
        CU_ASSERT(wire_get_value(&in, &value) != PIPETTE_OK);
        out.size = 0;
        wire_u64(&out, 3); /* a text without its end */
        wire_put(&out, "text", 4);
        in = (wire_reader){out.data, out.size, 0, 0};
        CU_ASSERT_PTR_NULL(wire_get_text(&in));
        CU_ASSERT(in.failed);
        wire_free(&out);
    }
}

/* ---- Plans ---- */

static void test_plan(void)
{
    static char path[] = "parameters.neuron.I", file[] = "/tmp/x.hdf5";
    static plan_span spans[] = {{0, 0, 10}, {10, 20, 5}};
    static plan_place places[] = {{0, 64, 4096}, {64, 64, 8192}};
    plan_parameter parameter = {path, pipette_value_f64(0.25), -1};
    plan_column result = {.column = 3,
                          .type = PIPETTE_TYPE_F64,
                          .elements = 4,
                          .row_bytes = 32,
                          .file = file,
                          .places = places,
                          .place_count = 2};
    engine_plan plan = {0}, back;
    pipette_error error = {0};
    void *bytes;
    size_t size, cut;
    plan.parameters = &parameter;
    plan.parameter_count = 1;
    plan.results = &result;
    plan.result_count = 1;
    plan.state.column = 5;
    plan.message_column = 7;
    plan.log_column = PLAN_NO_COLUMN;
    plan.spans = spans;
    plan.span_count = 2;
    plan.run_count = 15;
    plan.seed = UINT64_MAX;
    plan.memory_limit = 1000;
    plan.isolate = 1;
    plan.power_safe = 1;
    CU_ASSERT_EQUAL_FATAL(plan_pack(&plan, &bytes, &size, &error), PIPETTE_OK);
    CU_ASSERT_EQUAL_FATAL(plan_unpack(bytes, size, &back, &error), PIPETTE_OK);
    CU_ASSERT_PTR_NULL(back.points);
    CU_ASSERT_EQUAL(back.parameter_count, 1);
    CU_ASSERT_STRING_EQUAL(back.parameters[0].path, path);
    CU_ASSERT_EQUAL(back.parameters[0].explored, -1);
    CU_ASSERT_EQUAL(back.parameters[0].value.as.f64, 0.25);
    CU_ASSERT_STRING_EQUAL(back.results[0].file, file);
    CU_ASSERT(back.results[0].column == 3 && back.results[0].elements == 4 && back.results[0].row_bytes == 32);
    CU_ASSERT(back.results[0].place_count == 2 && memcmp(back.results[0].places, places, sizeof places) == 0);
    CU_ASSERT(back.coordinate_count == 0 && back.state.column == 5 && back.message_column == 7 &&
              back.log_column == PLAN_NO_COLUMN);
    CU_ASSERT(back.span_count == 2 && memcmp(back.spans, spans, sizeof spans) == 0);
    CU_ASSERT(back.run_count == 15 && back.seed == UINT64_MAX && back.memory_limit == 1000 && back.isolate == 1 &&
              back.power_safe == 1);
    plan_free(&back);
    for (cut = 0; cut < size; cut++) {
        void *part = malloc(cut + 1);
        CU_ASSERT_PTR_NOT_NULL_FATAL(part);
        memcpy(part, bytes, cut);
        error.message[0] = '\0';
        CU_ASSERT(plan_unpack(part, cut, &back, &error) != PIPETTE_OK);
        CU_ASSERT(error.message[0] != '\0');
        plan_free(&back); /* a second time does no harm */
        free(part);
    }
    free(bytes);
}

/* ---- Messages ---- */

static void test_messages(void)
{
    int ends[2];
    uint32_t kind = 0;
    void *bytes = NULL;
    size_t size = 0, large = 3u << 20, i, wrong = 0;
    pid_t child;
    CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    CU_ASSERT_EQUAL(message_send(ends[0], MESSAGE_SPAWN, "1234", 4), 0);
    CU_ASSERT_EQUAL(message_send(ends[0], MESSAGE_KILL, "", 0), 0);
    CU_ASSERT_EQUAL(message_receive(ends[1], 1, &kind, &bytes, &size), PIPETTE_OK);
    CU_ASSERT(kind == MESSAGE_SPAWN && size == 4 && memcmp(bytes, "1234", 4) == 0);
    free(bytes);
    CU_ASSERT_EQUAL(message_receive(ends[1], 1, &kind, &bytes, &size), PIPETTE_OK);
    CU_ASSERT(kind == MESSAGE_KILL && size == 0);
    free(bytes);
    CU_ASSERT_EQUAL(message_receive(ends[1], 0.01, &kind, &bytes, &size), PIPETTE_E_TIMEOUT);
    CU_ASSERT_PTR_NULL(bytes);
    /* Larger than the socket takes at once. */
    child = fork();
    if (child == 0) {
        char *data = malloc(large);
        if (data == NULL)
            _exit(1);
        memset(data, 'x', large);
        _exit(message_send(ends[0], MESSAGE_PLAN, data, large) == 0 ? 0 : 1);
    }
    CU_ASSERT_EQUAL(message_receive(ends[1], 20, &kind, &bytes, &size), PIPETTE_OK);
    CU_ASSERT_EQUAL(size, large);
    for (i = 0; i < size; i++)
        wrong += ((char *)bytes)[i] != 'x';
    CU_ASSERT_EQUAL(wrong, 0);
    free(bytes);
    (void)waitpid(child, NULL, 0);
    /* A sender that dies in the middle. */
    CU_ASSERT_EQUAL(write(ends[0], "\x04\0\0\0\0\0\0\0\xff", 9), 9);
    (void)close(ends[0]);
    CU_ASSERT_EQUAL(message_receive(ends[1], 1, &kind, &bytes, &size), PIPETTE_E_CRASHED);
    CU_ASSERT_PTR_NULL(bytes);
    CU_ASSERT(message_send(ends[1], MESSAGE_KILL, "1234", 4) != 0); /* an errno, and no SIGPIPE */
    (void)close(ends[1]);
}

SUITE("wire", {"numbers and texts", test_numbers}, {"values of every kind, whole and cut off", test_values},
      {"bytes that lie", test_lies}, {"plans, whole and cut off", test_plan}, {"messages", test_messages}, )
