/* run_functions.c: the functions that a model calls for its run: parameters, results, failures, random numbers. */
#include <Random123/philox.h>
#include <stdlib.h>

#include "engine/guard.h"
#include "engine/undeclared.h"
#include "engine/worker.h"
#include "trajectory/name.h"
#include "base/value.h"

static worker *worker_of(pipette_run *run)
{
    return (worker *)(void *)run;
}

static int run_fail(pipette_run *run, int code, const char *format, ...) PIPETTE_PRINTF(3, 4);
static int run_fail(pipette_run *run, int code, const char *format, ...)
{
    worker *w = worker_of(run);
    if (w->run_status == PIPETTE_OK) { /* the first reason is the one to keep */
        va_list arguments;
        w->run_status = code == PIPETTE_OK ? PIPETTE_E_MODEL : code;
        va_start(arguments, format);
        if (format != NULL)
            (void)vsnprintf(w->message, sizeof w->message, format, arguments);
        va_end(arguments);
    }
    return w->run_status;
}

static void run_log(pipette_run *run, int level, const char *format, ...) PIPETTE_PRINTF(3, 4);
static void run_log(pipette_run *run, int level, const char *format, ...)
{
    static const char *const names[] = {"", "error: ", "warning: ", "", "debug: "};
    worker *w = worker_of(run);
    char line[1024 + 16];
    size_t used;
    va_list arguments;
    (void)snprintf(line, sizeof line, "%s", level >= 1 && level <= 4 ? names[level] : "");
    used = strlen(line);
    va_start(arguments, format);
    if (format != NULL)
        (void)vsnprintf(line + used, 1024, format, arguments);
    va_end(arguments);
    strcat(line, "\n");
    if (!capture_line(line)) /* among what the model prints, in the order in which it came */
        wire_put(&w->log, line, strlen(line));
}

/* ---- Names ---- */

static const char *parameter_path(const void *user, uint32_t i)
{
    return ((const worker *)user)->plan->parameters[i].path;
}

static worker_name *name_slot(worker_name *names, const char *name)
{
    uintptr_t key = (uintptr_t)name;
    return &names[(key ^ (key >> 6)) % WORKER_NAMES];
}

static int32_t name_remember(worker_name *slot, const char *name, int32_t index)
{
    if (strlen(name) < sizeof slot->text) {
        slot->pointer = name;
        slot->index = index;
        strcpy(slot->text, name);
    }
    return index;
}

/* A name that was found before. Texts in the model's read-only memory cannot have changed. Slots that were never used
 * hold the text "" at no pointer of a model, so that NULL is not known either. */
static inline int name_known(const worker *w, const worker_name *slot, const char *name)
{
    return slot->pointer == name &&
           ((uintptr_t)name - w->constant_base < w->constant_size || strcmp(slot->text, name) == 0);
}

static int32_t parameter_find(worker *w, worker_name *slot, const char *name)
{
    char candidates[400];
    const char *nearest;
    int32_t found = -1;
    uint32_t i;
    if (name == NULL) {
        (void)run_fail(&w->run, PIPETTE_E_INVALID, "the model names a parameter NULL");
        return -1;
    }
    for (i = 0; i < w->schema->parameter_count && found < 0; i++)
        if (strcmp(w->schema->parameters[i].path, name) == 0)
            found = w->declared[i];
    if (found < 0)
        found = (int32_t)name_find(name, w->plan->parameter_count, parameter_path, w, candidates, sizeof candidates);
    if (found >= 0)
        return name_remember(slot, name, found);
    nearest = found == NAME_FIND_NONE ? name_nearest(name, w->plan->parameter_count, parameter_path, w) : NULL;
    if (found == NAME_FIND_SEVERAL)
        (void)run_fail(&w->run, PIPETTE_E_AMBIGUOUS, "'%s' fits several parameters: %s", name, candidates);
    else if (nearest != NULL)
        (void)run_fail(&w->run, PIPETTE_E_NOT_FOUND, "there is no parameter '%s'; did you mean '%s'?", name, nearest);
    else
        (void)run_fail(&w->run, PIPETTE_E_NOT_FOUND, "there is no parameter '%s'", name);
    return -1;
}

static inline int32_t run_parameter(pipette_run *run, const char *name)
{
    worker *w = worker_of(run);
    worker_name *slot = name_slot(w->parameter_names, name);
    return name_known(w, slot, name) ? slot->index : parameter_find(w, slot, name);
}

/* "$.z" for what was declared as "$.z"; the branch may stand before it. */
static int32_t result_find(worker *w, worker_name *slot, const char *path)
{
    const char *bare;
    uint32_t i;
    if (path == NULL) {
        (void)run_fail(&w->run, PIPETTE_E_INVALID, "the model names a result NULL");
        return -1;
    }
    bare = strncmp(path, "results.", 8) == 0 ? path + 8 : path;
    for (i = 0; i < w->schema->result_count; i++)
        if (strcmp(w->schema->results[i].path, bare) == 0)
            return name_remember(slot, path, (int32_t)i);
    return -1;
}

static inline int32_t result_index(worker *w, const char *path)
{
    worker_name *slot = name_slot(w->result_names, path);
    return name_known(w, slot, path) ? slot->index : result_find(w, slot, path);
}

static int32_t run_result(pipette_run *run, const char *path)
{
    return result_index(worker_of(run), path);
}

int run_refuse(worker *w, int code, const char *message)
{
    return run_fail(&w->run, code, "%s", message);
}

/* ---- Parameters ---- */

static const void *run_parameter_at(pipette_run *run, int32_t parameter)
{
    worker *w = worker_of(run);
    const worker_parameter *p;
    if (parameter < 0 || (uint32_t)parameter >= w->plan->parameter_count)
        return NULL;
    p = &w->parameters[parameter];
    return p->base + w->lane * p->stride;
}

static int wrong_type(pipette_run *run, const char *name, const worker_parameter *p, const char *asked)
{
    return run_fail(run, PIPETTE_E_TYPE, "parameter '%s' is %s%s, the model asks for %s", name,
                    pipette_type_text(p->type), p->rank > 0 ? " array" : "", asked);
}

static double run_f64(pipette_run *run, const char *name)
{
    worker *w = worker_of(run);
    int32_t index = run_parameter(run, name);
    const worker_parameter *p;
    const void *at;
    if (index < 0)
        return 0;
    p = &w->parameters[index];
    at = p->base + w->lane * p->stride;
    if (p->rank == 0 && p->type == PIPETTE_TYPE_F64)
        return *(const double *)at;
    if (p->rank == 0)
        switch (p->type) {
        case PIPETTE_TYPE_F32:
            return (double)*(const float *)at;
        case PIPETTE_TYPE_I64:
            return (double)*(const int64_t *)at;
        case PIPETTE_TYPE_I32:
            return *(const int32_t *)at;
        case PIPETTE_TYPE_U64:
            return (double)*(const uint64_t *)at;
        case PIPETTE_TYPE_BOOL:
            return *(const uint8_t *)at;
        default:
            break;
        }
    (void)wrong_type(run, name, p, "f64");
    return 0;
}

static int64_t run_i64(pipette_run *run, const char *name)
{
    worker *w = worker_of(run);
    int32_t index = run_parameter(run, name);
    const worker_parameter *p;
    const void *at;
    if (index < 0)
        return 0;
    p = &w->parameters[index];
    at = p->base + w->lane * p->stride;
    if (p->rank == 0)
        switch (p->type) {
        case PIPETTE_TYPE_I64:
            return *(const int64_t *)at;
        case PIPETTE_TYPE_I32:
            return *(const int32_t *)at;
        case PIPETTE_TYPE_BOOL:
            return *(const uint8_t *)at;
        default:
            break;
        }
    (void)wrong_type(run, name, p, "i64");
    return 0;
}

static uint64_t run_u64(pipette_run *run, const char *name)
{
    worker *w = worker_of(run);
    int32_t index = run_parameter(run, name);
    const worker_parameter *p;
    const void *at;
    if (index < 0)
        return 0;
    p = &w->parameters[index];
    at = p->base + w->lane * p->stride;
    if (p->rank == 0) {
        if (p->type == PIPETTE_TYPE_U64)
            return *(const uint64_t *)at;
        if (p->type == PIPETTE_TYPE_BOOL)
            return *(const uint8_t *)at;
        if (p->type == PIPETTE_TYPE_I64 && *(const int64_t *)at >= 0)
            return (uint64_t) * (const int64_t *)at;
        if (p->type == PIPETTE_TYPE_I32 && *(const int32_t *)at >= 0)
            return (uint64_t) * (const int32_t *)at;
    }
    (void)wrong_type(run, name, p, "u64");
    return 0;
}

static const char *run_string(pipette_run *run, const char *name)
{
    worker *w = worker_of(run);
    int32_t index = run_parameter(run, name);
    const worker_parameter *p;
    if (index < 0)
        return "";
    p = &w->parameters[index];
    if (p->rank == 0 && p->type == PIPETTE_TYPE_STRING) {
        const char *text = *(const char *const *)(const void *)(p->base + w->lane * p->stride);
        return text == NULL ? "" : text;
    }
    (void)wrong_type(run, name, p, "string");
    return "";
}

static int run_value(pipette_run *run, const char *name, pipette_value *value)
{
    worker *w = worker_of(run);
    int32_t index = run_parameter(run, name);
    const worker_parameter *p;
    if (index < 0)
        return w->run_status;
    p = &w->parameters[index];
    if (p->rank > 0) {
        *value = w->values[index];
        return PIPETTE_OK;
    }
    *value = pipette_value_none();
    value->type = p->type;
    memcpy(&value->as, p->base + w->lane * p->stride, pipette_type_size(p->type));
    return PIPETTE_OK;
}

/* ---- Results ---- */

/* Copies `count` elements, widening integers; returns 0 where the types do not go together. */
static int convert(void *to, int to_type, const void *from, int from_type, uint64_t count)
{
    uint64_t i;
    if (to_type == from_type) {
        memcpy(to, from, (size_t)count * pipette_type_size(to_type));
        return 1;
    }
#define CONVERT(TO, FROM, to_ctype, from_ctype)                                                                        \
    if (to_type == PIPETTE_TYPE_##TO && from_type == PIPETTE_TYPE_##FROM) {                                            \
        for (i = 0; i < count; i++)                                                                                    \
            ((to_ctype *)to)[i] = (to_ctype)((const from_ctype *)from)[i];                                             \
        return 1;                                                                                                      \
    }
    CONVERT(F64, I32, double, int32_t)
    CONVERT(F64, F32, double, float)
    CONVERT(F64, BOOL, double, uint8_t)
    CONVERT(F64, I64, double, int64_t)
    CONVERT(F64, U64, double, uint64_t)
    CONVERT(I64, I32, int64_t, int32_t)
    CONVERT(I64, BOOL, int64_t, uint8_t)
    CONVERT(I32, BOOL, int32_t, uint8_t)
    CONVERT(U64, BOOL, uint64_t, uint8_t)
#undef CONVERT
    return 0;
}

/* Claims the result for this run; a second time is a mistake of the model. */
static int take(worker *w, int32_t result)
{
    worker_result *r = &w->results[result];
    if (r->given == w->serial)
        return run_fail(&w->run, PIPETTE_E_EXISTS, "result '%s' was stored twice", w->schema->results[result].path);
    r->given = w->serial;
    return PIPETTE_OK;
}

void run_append(worker *w, uint32_t kind, uint32_t column, uint64_t row, const char *path, const pipette_value *value)
{
    worker_record record = {kind, column, row, 0, 0};
    size_t head = w->outbox.size;
    wire_put(&w->outbox, &record, sizeof record);
    if (path != NULL)
        wire_text(&w->outbox, path);
    record.count = wire_value(&w->outbox, value);
    if (w->outbox.failed) {
        w->outbox.size = head; /* no part of a record stays */
        return;
    }
    record.bytes = w->outbox.size - head - sizeof record;
    memcpy(w->outbox.data + head, &record, sizeof record);
}

void run_append_text(worker *w, uint32_t column, uint64_t row, const char *text, uint64_t wrong)
{
    pipette_value value = pipette_value_string(text);
    size_t head = w->outbox.size;
    run_append(w, WORKER_APPEND, column, row, NULL, &value);
    if (!w->outbox.failed && wrong > 0)
        memcpy(w->outbox.data + head + offsetof(worker_record, count), &wrong, sizeof wrong);
}

static int put_declared(worker *w, int32_t result, const pipette_value *value)
{
    const pipette_result_spec *spec = &w->schema->results[result];
    worker_result *r = &w->results[result];
    pipette_value converted = *value;
    void *room = NULL;
    uint64_t count;
    uint32_t i;
    int status;
    if (value->rank != spec->rank)
        return run_fail(&w->run, PIPETTE_E_TYPE, "result '%s' has %u dimensions, the model stored %u", spec->path,
                        spec->rank, value->rank);
    count = pipette_value_count(value);
    if (r->column != NULL && r->elements != count)
        return run_fail(&w->run, PIPETTE_E_TYPE, "result '%s' has %llu elements, the model stored %llu", spec->path,
                        (unsigned long long)r->elements, (unsigned long long)count);
    status = take(w, result);
    if (status != PIPETTE_OK)
        return status;
    if (r->column != NULL) {
        if (!convert(worker_row(r, w->lane), r->type, pipette_value_data(value), value->type, count))
            goto wrong_type;
        return PIPETTE_OK;
    }
    for (i = 0; r->extents != NULL && i < spec->rank; i++)
        if (r->extents[i] != PIPETTE_RAGGED && r->extents[i] != value->shape[i])
            return run_fail(&w->run, PIPETTE_E_TYPE,
                            "dimension %u of result '%s' has %llu elements here, the model stored %llu", i, spec->path,
                            (unsigned long long)r->extents[i], (unsigned long long)value->shape[i]);
    if (value->type != r->type) {
        if (value->type == PIPETTE_TYPE_STRING || r->type == PIPETTE_TYPE_STRING)
            goto wrong_type;
        room = malloc((size_t)count * pipette_type_size(r->type) + 1);
        if (room == NULL)
            return run_fail(&w->run, PIPETTE_E_MEMORY, "out of memory for result '%s'", spec->path);
        if (!convert(room, r->type, pipette_value_data(value), value->type, count)) {
            free(room);
            goto wrong_type;
        }
        converted.type = r->type;
        converted.data = room;
        if (converted.rank == 0)
            memcpy(&converted.as, room, pipette_type_size(r->type));
    }
    if (w->plan->results[result].column != PLAN_NO_COLUMN) /* else it is left out of the file */
        run_append(w, WORKER_APPEND, w->plan->results[result].column, w->lane, NULL, &converted);
    free(room);
    return PIPETTE_OK;
wrong_type:
    return run_fail(&w->run, PIPETTE_E_TYPE, "result '%s' is declared as %s, the model stored %s", spec->path,
                    pipette_type_text(spec->type), pipette_type_text(value->type));
}

int run_check_value(const char *path, const pipette_value *value, pipette_error *error)
{
    char what[600];
    (void)snprintf(what, sizeof what, "result '%.500s'", path);
    return value_check(value, what, error);
}

static int bad_value(worker *w, const char *path, const pipette_value *value)
{
    pipette_error error;
    if (run_check_value(path, value, &error) != PIPETTE_OK)
        return run_fail(&w->run, error.code, "%s", error.message);
    return PIPETTE_OK;
}

static int run_put(pipette_run *run, const char *path, const pipette_value *value)
{
    worker *w = worker_of(run);
    int32_t result = result_index(w, path);
    int status = path == NULL ? w->run_status : bad_value(w, path, value);
    if (status != PIPETTE_OK)
        return status;
    if (result >= 0)
        return put_declared(w, result, value);
    return undeclared_put(w, path, value);
}

static int bad_handle(worker *w, int32_t result)
{
    if (result < 0 || (uint32_t)result >= w->schema->result_count)
        return run_fail(&w->run, PIPETTE_E_INVALID, "%d is no handle of a result", (int)result);
    return PIPETTE_OK;
}

static int run_put_at(pipette_run *run, int32_t result, const pipette_value *value)
{
    worker *w = worker_of(run);
    int status = bad_handle(w, result);
    if (status == PIPETTE_OK)
        status = bad_value(w, w->schema->results[result].path, value);
    return status != PIPETTE_OK ? status : put_declared(w, result, value);
}

static int run_put_f64_at(pipette_run *run, int32_t result, double number)
{
    worker *w = worker_of(run);
    worker_result *r;
    pipette_value value;
    if (bad_handle(w, result) != PIPETTE_OK)
        return w->run_status;
    r = &w->results[result];
    if (r->type == PIPETTE_TYPE_F64 && r->column != NULL && r->elements == 1 && r->given != w->serial &&
        w->schema->results[result].rank == 0) {
        r->given = w->serial;
        ((double *)(void *)r->column)[w->lane] = number;
        return PIPETTE_OK;
    }
    value = pipette_value_f64(number);
    return put_declared(w, result, &value);
}

static int run_put_f64(pipette_run *run, const char *path, double number)
{
    int32_t result = result_index(worker_of(run), path);
    pipette_value value;
    if (result >= 0)
        return run_put_f64_at(run, result, number);
    value = pipette_value_f64(number);
    return run_put(run, path, &value);
}

static int run_put_i64(pipette_run *run, const char *path, int64_t number)
{
    pipette_value value = pipette_value_i64(number);
    return run_put(run, path, &value);
}

/* Memory for a row of a result between guards, which run_return_buffers() looks at. */
static void *lend(worker *w, int32_t result, unsigned char *memory, uint64_t bytes)
{
    worker_result *r = &w->results[result];
    if (w->paged)
        return memory;
    r->lent = memory;
    r->lent_bytes = bytes;
    guard_fill(memory - GUARD_BYTES, GUARD_BYTES);
    guard_fill(memory + bytes, GUARD_BYTES);
    w->lent[w->lent_count++] = (uint32_t)result;
    return memory;
}

static void wrote_beyond(worker *w, const char *side, uint32_t result)
{
    const char *path = w->schema->results[result].path;
    if (w->capture)
        (void)snprintf(w->dirty, sizeof w->dirty, "the memory %s the buffer of '%.50s'", side, path);
    else
        (void)run_fail(&w->run, PIPETTE_E_MODEL, "the run wrote %s the buffer of result '%s'", side, path);
}

void run_return_buffers(worker *w, int keep)
{
    uint32_t i;
    for (i = 0; i < w->lent_count; i++) {
        const worker_result *r = &w->results[w->lent[i]];
        int before = guard_intact(r->lent - GUARD_BYTES, GUARD_BYTES, NULL, NULL);
        int behind = guard_intact(r->lent + r->lent_bytes, GUARD_BYTES, NULL, NULL);
        if (!before || !behind)
            wrote_beyond(w, behind ? "before" : "behind", w->lent[i]);
        else if (keep && r->lent == r->staging)
            memcpy(worker_row(r, w->lane), r->staging, (size_t)r->row_bytes);
    }
    w->lent_count = 0;
}

static void *run_buffer_at(pipette_run *run, int32_t result, int type, uint64_t *count)
{
    worker *w = worker_of(run);
    worker_result *r;
    const pipette_result_spec *spec;
    uint64_t elements = 1, bytes = 0;
    uint32_t i;
    int overflows = 0;
    if (count != NULL)
        *count = 0;
    if (bad_handle(w, result) != PIPETTE_OK)
        return NULL;
    spec = &w->schema->results[result];
    r = &w->results[result];
    if (type != r->type) {
        (void)run_fail(run, PIPETTE_E_TYPE, "result '%s' is declared as %s, the model asks for a buffer of %s",
                       spec->path, pipette_type_text(r->type), pipette_type_text(type));
        return NULL;
    }
    if (r->column != NULL) {
        if (take(w, result) != PIPETTE_OK)
            return NULL;
        if (count != NULL)
            *count = r->elements;
        return lend(w, result, r->staging != NULL ? r->staging : worker_row(r, w->lane), r->row_bytes);
    }
    if (r->extents == NULL || type == PIPETTE_TYPE_STRING) {
        (void)run_fail(run, PIPETTE_E_INVALID, "result '%s' has no shape before the run; store it with pipette_put",
                       spec->path);
        return NULL;
    }
    for (i = 0; i < spec->rank; i++) {
        if (r->extents[i] == PIPETTE_RAGGED) {
            (void)run_fail(run, PIPETTE_E_INVALID, "result '%s' has no shape before the run; store it with pipette_put",
                           spec->path);
            return NULL;
        }
        overflows |= __builtin_mul_overflow(elements, r->extents[i], &elements);
    }
    overflows |= __builtin_mul_overflow(elements, (uint64_t)pipette_type_size(type), &bytes) || bytes > SIZE_MAX / 2;
    if (take(w, result) != PIPETTE_OK)
        return NULL;
    if (overflows || r->buffer == NULL || bytes > r->buffer_bytes) { /* also for no elements: NULL is for errors */
        size_t room = ((size_t)bytes + 2u * GUARD_BYTES + 63u) & ~(size_t)63u;
        unsigned char *memory;
        free(r->buffer == NULL ? NULL : r->buffer - GUARD_BYTES);
        memory = overflows ? NULL : aligned_alloc(64, room);
        r->buffer = memory == NULL ? NULL : memory + GUARD_BYTES;
        r->buffer_bytes = memory == NULL ? 0 : bytes;
        if (memory == NULL) {
            (void)run_fail(run, PIPETTE_E_MEMORY, "out of memory for result '%s'", spec->path);
            return NULL;
        }
    }
    r->buffer_count = elements;
    if (count != NULL)
        *count = elements;
    return lend(w, result, r->buffer, bytes);
}

static void *run_buffer(pipette_run *run, const char *path, int type, uint64_t *count)
{
    int32_t result = result_index(worker_of(run), path);
    if (result < 0) {
        if (count != NULL)
            *count = 0;
        (void)run_fail(run, PIPETTE_E_NOT_FOUND, "'%.500s' is not a declared result, so it has no buffer",
                       path == NULL ? "NULL" : path);
        return NULL;
    }
    return run_buffer_at(run, result, type, count);
}

/* ---- Random numbers ---- */

/* Philox4x64-10 (Salmon, Moraes, Dror, Shaw, SC'11): key (seed, stream), counter (block, run, 0, 0), four numbers a
 * block. */
static void run_random(pipette_run *run, uint32_t stream, uint64_t first, uint64_t count, uint64_t *out)
{
    philox4x64_key_t key = {{run->seed, stream}};
    uint64_t i = 0;
    while (i < count) {
        uint64_t position = first + i;
        philox4x64_ctr_t counter = {{position / 4, run->index, 0, 0}};
        philox4x64_ctr_t block = philox4x64(counter, key);
        uint64_t j;
        for (j = position % 4; j < 4 && i < count; j++)
            out[i++] = block.v[j];
    }
}

/* ---- Begin and end ---- */

void run_begin(worker *w, uint64_t run, uint64_t lane)
{
    /* The handle is the model's to write to; the next run gets it as it should be. */
    w->run.size = sizeof w->run;
    w->run.host = &worker_run_host;
    w->run.instance = w->instance;
    w->run.seed = w->plan->seed;
    w->run.index = run;
    w->lane = lane;
    w->lent_count = 0;
    w->serial++;
    w->run_status = PIPETTE_OK;
    w->message[0] = '\0';
}

/* A declared parameter's value in the run at hand. */
static const pipette_value *shape_parameter(void *user, uint32_t parameter, pipette_value *room)
{
    worker *w = user;
    const plan_parameter *p = &w->plan->parameters[w->declared[parameter]];
    if (p->explored < 0)
        return &w->values[w->declared[parameter]];
    *room = pipette_value_none();
    room->type = p->value.type;
    memcpy(&room->as, run_parameter_at(&w->run, w->declared[parameter]), pipette_type_size(room->type));
    return room;
}

int run_shapes(worker *w)
{
    pipette_error error;
    unsigned char key[sizeof w->shape_key];
    size_t key_size = 0;
    uint32_t i, j, at = 0;
    int status;
    if (w->extents == NULL)
        return PIPETTE_OK;
    error.message[0] = '\0';
    /* Asked once for each combination, as long as neighbours in the exploration share theirs. */
    for (i = 0; i < w->schema->shape_parameter_count; i++)
        for (j = 0; j < w->schema->parameter_count; j++)
            if (strcmp(w->schema->shape_parameters[i], w->schema->parameters[j].path) == 0 &&
                w->plan->parameters[w->declared[j]].explored >= 0) {
                size_t bytes = pipette_type_size(w->plan->parameters[w->declared[j]].value.type);
                if (key_size + bytes > sizeof key)
                    return run_fail(&w->run, PIPETTE_E_INVALID, "more explored shape parameters than fit");
                memcpy(key + key_size, run_parameter_at(&w->run, w->declared[j]), bytes);
                key_size += bytes;
            }
    if (w->shape_key_size == key_size + 1 && memcmp(key, w->shape_key, key_size) == 0)
        return PIPETTE_OK;
    w->shape_key_size = 0;
    status = shape_ask(w->schema, w->model, shape_parameter, w, w->extents, &error);
    if (status != PIPETTE_OK)
        return run_fail(&w->run, status, "%s", error.message);
    for (i = 0; i < w->schema->result_count; i++)
        for (j = 0; j < w->schema->results[i].rank; j++, at++)
            if (w->results[i].extents != NULL)
                w->results[i].extents[j] = w->extents[at].extent;
    memcpy(w->shape_key, key, key_size);
    w->shape_key_size = key_size + 1; /* 0: nothing was asked yet */
    return PIPETTE_OK;
}

/* Hands over the buffers of results whose shape varies. */
static void send_buffers(worker *w)
{
    uint32_t i;
    for (i = 0; i < w->schema->result_count; i++) {
        worker_result *r = &w->results[i];
        if (r->column == NULL && r->buffer != NULL && r->given == w->serial && r->buffer_count != PLAN_VARIES &&
            w->plan->results[i].column != PLAN_NO_COLUMN) {
            pipette_value value = pipette_value_array(r->type, w->schema->results[i].rank, r->extents, r->buffer);
            run_append(w, WORKER_APPEND, w->plan->results[i].column, w->lane, NULL, &value);
        }
        r->buffer_count = PLAN_VARIES;
    }
}

int run_end(worker *w, int status)
{
    uint32_t i;
    if (status == PIPETTE_INFEASIBLE && w->run_status == PIPETTE_OK)
        (void)run_fail(&w->run, status, "the model calls this point infeasible");
    if (status != PIPETTE_OK && w->run_status == PIPETTE_OK)
        (void)run_fail(&w->run, status, "the model returned %d (%s)", status, pipette_status_text(status));
    for (i = 0; w->run_status == PIPETTE_OK && i < w->schema->result_count; i++)
        if (w->results[i].given != w->serial)
            (void)run_fail(&w->run, PIPETTE_E_MODEL, "the model did not store result '%s'", w->schema->results[i].path);
    run_return_buffers(w, w->run_status == PIPETTE_OK);
    if (w->run_status == PIPETTE_OK && w->varies)
        send_buffers(w);
    if (w->outbox.failed) {
        (void)run_fail(&w->run, PIPETTE_E_MEMORY, "out of memory for the results of this run");
        w->outbox.failed = 0;
    }
    if (w->run_status == PIPETTE_OK)
        return PIPETTE_STATE_DONE;
    return w->run_status == PIPETTE_INFEASIBLE ? PIPETTE_STATE_INFEASIBLE : PIPETTE_STATE_FAILED;
}

const pipette_run_host worker_run_host = {
    .size = sizeof(pipette_run_host),
    .f64 = run_f64,
    .i64 = run_i64,
    .u64 = run_u64,
    .string = run_string,
    .value = run_value,
    .parameter = run_parameter,
    .parameter_at = run_parameter_at,
    .result = run_result,
    .put = run_put,
    .put_at = run_put_at,
    .put_f64 = run_put_f64,
    .put_f64_at = run_put_f64_at,
    .put_i64 = run_put_i64,
    .buffer = run_buffer,
    .buffer_at = run_buffer_at,
    .fail = run_fail,
    .log = run_log,
    .random = run_random,
};
